//! Looks for secrets in files, in the forms in which bytes lie about: as they are, in base64 and hex, in UTF-16, and packed.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use memchr::memmem::Finder;

/// Files are read without their runs of zeros of this length, which evidence is filled with ahead of time.
const BLOCK: usize = 4096;
/// What one place that looks packed may unpack to.
const UNPACKED_MAX: u64 = 64 << 20;

/// The forms of one secret.
struct Forms<'a> {
    secret: &'a str,
    finders: Vec<(&'static str, Finder<'static>)>,
}

impl<'a> Forms<'a> {
    fn of(secret: &'a str) -> Forms<'a> {
        let bytes = secret.as_bytes();
        let mut forms: Vec<(&'static str, Vec<u8>)> = vec![
            ("as it is", bytes.to_vec()),
            ("hex", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into_bytes()),
            ("HEX", bytes.iter().map(|byte| format!("{byte:02X}")).collect::<String>().into_bytes()),
            ("UTF-16LE", secret.encode_utf16().flat_map(u16::to_le_bytes).collect()),
            ("UTF-16BE", secret.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        ];
        for shift in 0..3 {
            // Wherever it stands among other bytes: without the characters at the ends that it shares with them.
            let padded = [&vec![0; shift][..], bytes].concat();
            for alphabet in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
                let text = alphabet.encode(&padded);
                let (first, last) = ((shift * 8).div_ceil(6), padded.len() * 8 / 6);
                forms.push(("base64", text.as_bytes().get(first..last).unwrap_or_default().to_vec()));
            }
        }
        let finders = forms.into_iter().map(|(name, form)| (name, Finder::new(&form).into_owned()));
        Forms { secret, finders: finders.collect() }
    }

    fn found_in(&self, bytes: &[u8]) -> Option<&'static str> {
        self.finders.iter().find(|(_, finder)| finder.find(bytes).is_some()).map(|(name, _)| *name)
    }
}

/// Where one of the secrets stands in a file below `folder`, in whatever form.
///
/// # Errors
/// A file cannot be read.
pub fn secrets_below(folder: &Path, secrets: &[&str]) -> Result<Vec<String>> {
    let forms: Vec<Forms<'_>> = secrets.iter().map(|secret| Forms::of(secret)).collect();
    let mut found = Vec::new();
    for path in files_below(folder)? {
        let bytes = without_zeros(&fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?);
        let mut note = |bytes: &[u8], packed: &str| {
            let met = forms.iter().filter_map(|form| Some((form.secret, form.found_in(bytes)?)));
            found.extend(met.map(|(secret, form)| format!("{secret} {form}{packed} in {}", path.display())));
        };
        note(&bytes, "");
        for (packing, unpacked) in unpacked(&bytes) {
            note(&unpacked, packing);
        }
    }
    Ok(found)
}

/// All files below a folder.
///
/// # Errors
/// A folder cannot be read.
pub fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            files.extend(files_below(&entry.path())?);
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    Ok(files)
}

fn without_zeros(bytes: &[u8]) -> Vec<u8> {
    let zeros = [0; BLOCK];
    bytes.chunks(BLOCK).filter(|block| zeros.get(..block.len()) != Some(*block)).flatten().copied().collect()
}

/// What unpacks wherever the first bytes of a packed stream stand.
fn unpacked(bytes: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut all = Vec::new();
    let mut add = |packing, reader: &mut dyn std::io::Read| {
        let mut unpacked = Vec::new();
        // What fails in the middle has given what stands before.
        drop(reader.take(UNPACKED_MAX).read_to_end(&mut unpacked));
        if !unpacked.is_empty() {
            all.push((packing, unpacked));
        }
    };
    let from = |magic: &'static [u8]| memchr::memmem::find_iter(bytes, magic).filter_map(|at| bytes.get(at..));
    for bytes in from(b"\x1f\x8b\x08") {
        add(" with gzip", &mut flate2::read::GzDecoder::new(bytes));
    }
    for bytes in from(b"\x28\xb5\x2f\xfd") {
        add(" with zstd", &mut zstd_frame(bytes).unwrap_or_default().as_slice());
    }
    for bytes in from(b"\x04\x22\x4d\x18") {
        add(" with lz4", &mut lz4_flex::frame::FrameDecoder::new(bytes));
    }
    all
}

/// The content of a frame of zstd, which more may follow.
fn zstd_frame(bytes: &[u8]) -> Option<Vec<u8>> {
    let frame = bytes.get(..zstd_safe::find_frame_compressed_size(bytes).ok()?)?;
    let length = zstd_safe::get_frame_content_size(frame).ok()?.unwrap_or(UNPACKED_MAX).min(UNPACKED_MAX);
    let mut unpacked = Vec::with_capacity(usize::try_from(length).ok()?);
    zstd_safe::decompress(&mut unpacked, frame).ok()?;
    Some(unpacked)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::scratch::Scratch;

    /// A search that finds nothing proves nothing.
    #[test]
    fn a_secret_is_found_in_every_form() {
        const SECRET: &str = "4111-secret?>text";
        let scratch = Scratch::new("search").unwrap();
        let gzip = |bytes: &[u8]| {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        };
        // Among much text that does not repeat, so that packing leaves none of it as it is.
        let letters = "etaoin shrdlu".as_bytes();
        let noise: String =
            (0..3000_usize).map(|at| char::from(letters[(at * at / 7 + at / 3) % letters.len()])).collect();
        let text = format!("{noise}{SECRET}{noise}");
        let mut packed = Vec::with_capacity(10_000);
        zstd_safe::compress(&mut packed, text.as_bytes(), 1).unwrap();
        let mut forms: Vec<Vec<u8>> = vec![
            SECRET.into(),
            SECRET.bytes().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect(),
            SECRET.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            gzip(text.as_bytes()),
            packed,
        ];
        forms
            .extend(["", "a", "ab"].map(|before| URL_SAFE_NO_PAD.encode(format!("{before}{SECRET}tail")).into_bytes()));
        let file = scratch.path().join("file");
        for form in forms {
            fs::write(&file, [&[0; 3 * BLOCK][..], b"before", &form, b"after"].concat()).unwrap();
            assert_eq!(secrets_below(scratch.path(), &[SECRET, "another"]).unwrap().len(), 1, "{form:?}");
        }
        fs::write(&file, "nothing").unwrap();
        assert!(secrets_below(scratch.path(), &[SECRET]).unwrap().is_empty());
    }
}
