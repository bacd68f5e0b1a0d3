//! Rewrites plain text and bytes of no known format: what the detectors find is changed, the rest stays as it is.
//!
//! Text is UTF-8 without NUL. In other bytes nothing can be changed without breaking what they are, so a hit of a masked class in
//! them takes the place of the whole value.

use crate::detect::{self, Hit};
use crate::found::Found;
use crate::packed;
use crate::plan::{ClassId, Rewritten, Scope, Unmaskable};
use crate::transform::{Fate, REDACTED};

/// One NUL in so many bytes makes it worth to read them as UTF-16: text of our letters has one in two.
const NULS: usize = 16;

/// Appends the text with all that is masked changed, unless there is nothing to change. `found` counts what was met.
///
/// # Errors
/// The bytes are compressed, or too long, while a masked class is looked for.
pub fn rewrite(scope: &Scope<'_>, input: &[u8], out: &mut Vec<u8>, found: &mut Found) -> Result<Rewritten, Unmaskable> {
    rewrite_part(scope, &[], input, out, found)
}

/// As [`rewrite`], for bytes that are a part of a record: of classes that were counted as `clear` no value is counted again.
pub(crate) fn rewrite_part(
    scope: &Scope<'_>,
    clear: &[ClassId],
    input: &[u8],
    out: &mut Vec<u8>,
    found: &mut Found,
) -> Result<Rewritten, Unmaskable> {
    let wanted = &*scope.mask.content;
    if wanted.is_empty() {
        return Ok(Rewritten::Same);
    }
    let masked = wanted.iter().any(|(_, class)| scope.transform(*class).is_some());
    if masked && packed::is_packed(input) {
        return Err(Unmaskable { why: "compressed data", at: 0 });
    }
    match std::str::from_utf8(input) {
        Ok(text) if memchr::memchr(0, input).is_none() => rewrite_text(scope, clear, text, out, found),
        _ => rewrite_bytes(scope, clear, masked, input, out, found),
    }
}

fn rewrite_text(
    scope: &Scope<'_>,
    clear: &[ClassId],
    text: &str,
    out: &mut Vec<u8>,
    found: &mut Found,
) -> Result<Rewritten, Unmaskable> {
    let mut hits = Vec::new();
    detect::search(scope, text, &mut hits)?;
    Ok(match without(scope, text, &hits, clear, found) {
        Without::Same => Rewritten::Same,
        Without::DropRecord => Rewritten::DropRecord,
        Without::Changed { text, .. } => {
            out.extend_from_slice(text.as_bytes());
            Rewritten::Changed
        }
    })
}

/// A text without the hits of masked classes.
pub(crate) enum Without {
    /// There are none.
    Same,
    /// What it is without them; and whether only tokens took their places, so that texts that differ still do.
    Changed { text: String, tokens: bool },
    /// Its record is to be left out.
    DropRecord,
}

/// Takes the hits of masked classes out of a text, and counts all. `hits` are in order and without overlaps; of classes that were counted
/// as `clear` no hit is counted again.
pub(crate) fn without(scope: &Scope<'_>, text: &str, hits: &[Hit], clear: &[ClassId], found: &mut Found) -> Without {
    let (mut new, mut past, mut tokens, mut drop) = (None::<String>, 0, true, false);
    for hit in hits {
        let Some(transform) = scope.transform(hit.class) else {
            if !clear.contains(&hit.class) {
                found.count(hit.class, false);
            }
            continue;
        };
        found.count(hit.class, true);
        // A place that is not one of this text would be the detectors' error; then nothing of it is shown.
        let (Some(before), Some(value)) = (text.get(past..hit.start), text.get(hit.start..hit.end)) else {
            return Without::Changed { text: REDACTED.to_owned(), tokens: false };
        };
        let new = new.get_or_insert_default();
        new.push_str(before);
        match transform.text(value, scope.subject) {
            Fate::Value(_) if hit.whole => new.push_str(REDACTED),
            Fate::Value(value) => new.push_str(&value),
            // A part of a text cannot be null or be left out.
            Fate::Null | Fate::DropField => new.push_str(REDACTED),
            Fate::DropRecord => drop = true,
        }
        tokens &= transform.is_token() && !hit.whole;
        past = hit.end;
    }
    match new {
        _ if drop => Without::DropRecord,
        None => Without::Same,
        Some(mut new) => {
            new.push_str(text.get(past..).unwrap_or_default());
            Without::Changed { text: new, tokens }
        }
    }
}

fn rewrite_bytes(
    scope: &Scope<'_>,
    clear: &[ClassId],
    masked: bool,
    input: &[u8],
    out: &mut Vec<u8>,
    found: &mut Found,
) -> Result<Rewritten, Unmaskable> {
    if masked && let Some(at) = packed::find(input) {
        return Err(Unmaskable { why: "compressed data", at });
    }
    if masked && input.len() > detect::TEXT_MAX {
        return Err(Unmaskable { why: "too long", at: detect::TEXT_MAX });
    }
    let mut met: Vec<(ClassId, u64)> = Vec::new();
    let mut hits = Vec::new();
    readings(input, |reading| {
        // Positions in a reading are none of the input's.
        detect::search(scope, reading, &mut hits).map_err(|refused| Unmaskable { at: 0, ..refused })?;
        most(&mut met, &hits);
        Ok(())
    })?;
    let mut rewritten = Rewritten::Same;
    for (class, count) in met {
        let transform = scope.transform(class);
        if transform.is_some() || !clear.contains(&class) {
            (0..count).for_each(|_| found.count(class, transform.is_some()));
        }
        match transform.map(crate::Transform::whole) {
            None => {}
            Some(Fate::DropRecord) => rewritten = Rewritten::DropRecord,
            Some(_) if rewritten == Rewritten::Same => rewritten = Rewritten::Changed,
            Some(_) => {}
        }
    }
    if rewritten == Rewritten::Changed {
        out.extend_from_slice(REDACTED.as_bytes());
    }
    Ok(rewritten)
}

/// Counts the hits of one reading: the same value is in several, so the most that one of them has counts.
fn most(met: &mut Vec<(ClassId, u64)>, hits: &[Hit]) {
    let mut counts: Vec<(ClassId, u64)> = Vec::new();
    for hit in hits {
        match counts.iter_mut().find(|(class, _)| *class == hit.class) {
            Some((_, count)) => *count += 1,
            None => counts.push((hit.class, 1)),
        }
    }
    for (class, count) in counts {
        match met.iter_mut().find(|(known, _)| *known == class) {
            Some((_, most)) => *most = count.max(*most),
            None => met.push((class, count)),
        }
    }
}

/// The texts that bytes may hold: runs of UTF-8 with something between them; the same with nothing between them, which also reads
/// UTF-16 and UTF-32 of our letters wherever they begin; and UTF-16 in both orders of bytes, where it may be that.
fn readings(input: &[u8], mut read: impl FnMut(&str) -> Result<(), Unmaskable>) -> Result<(), Unmaskable> {
    let parted = || -> String {
        input.utf8_chunks().fold(String::with_capacity(input.len()), |mut text, chunk| {
            text.push_str(chunk.valid());
            if !chunk.invalid().is_empty() {
                text.push(char::REPLACEMENT_CHARACTER);
            }
            text
        })
    };
    let joined =
        || -> String { input.utf8_chunks().flat_map(|chunk| chunk.valid().chars()).filter(|c| *c != '\0').collect() };
    let wide = input.starts_with(&[0xff, 0xfe])
        || input.starts_with(&[0xfe, 0xff])
        || memchr::memchr_iter(0, input).count() * NULS >= input.len();
    let readings: [&dyn Fn() -> Option<String>; 4] =
        [&|| Some(parted()), &|| Some(joined()), &|| wide.then(|| utf16(input, u16::from_le_bytes)), &|| {
            wide.then(|| utf16(input, u16::from_be_bytes))
        }];
    // One at a time: each may be as long as the input.
    for reading in readings {
        if let Some(text) = reading() {
            read(&text)?;
        }
    }
    Ok(())
}

fn utf16(input: &[u8], order: fn([u8; 2]) -> u16) -> String {
    let (units, _) = input.as_chunks::<2>();
    let units = units.iter().map(|unit| order(*unit));
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::Detector;
    use crate::plan::{Class, Mask};
    use crate::transform::Transform;

    /// E-mail addresses are masked by `mask`, cards by their last four digits, machine addresses are clear.
    fn rewritten(mask: Transform, input: &[u8]) -> (Result<Rewritten, Unmaskable>, Vec<u8>, Found) {
        let class = |name: &str, mask| Class { name: name.into(), mask };
        let classes = [class("email", Some(mask)), class("card", Some(Transform::KeepLast(4))), class("ip", None)];
        let detectors = [Detector::Email, Detector::Card, Detector::Ip];
        let content = detectors.into_iter().zip((0..).map(ClassId)).collect();
        let mask = Mask { content, ..Mask::default() };
        let scope = Scope { classes: &classes, mask: &mask, subject: b"key" };
        let (mut out, mut found) = (b"before ".to_vec(), Found::default());
        let result = rewrite(&scope, input, &mut out, &mut found);
        let out = out.strip_prefix(b"before ").unwrap().to_vec();
        (result, out, found)
    }

    fn redacted(input: &[u8]) -> (Result<Rewritten, Unmaskable>, String) {
        let (result, out, _) = rewritten(Transform::Redact, input);
        (result, String::from_utf8(out).unwrap())
    }

    #[test]
    fn what_is_masked_is_changed_and_all_else_stays() {
        let (result, out, found) = rewritten(
            Transform::Email { keep_domain: true },
            "\u{fc} ann@example.org,4111111111111111\t192.0.2.1 \r\n".as_bytes(),
        );
        assert_eq!(result, Ok(Rewritten::Changed));
        assert_eq!(String::from_utf8(out).unwrap(), "\u{fc} ***@example.org,************1111\t192.0.2.1 \r\n");
        let counts: Vec<_> = found.classes().collect();
        assert_eq!(counts, [(ClassId(0), 1, 0), (ClassId(1), 1, 0), (ClassId(2), 0, 1)]);
        for clear in ["", "nothing", "192.0.2.1", "\u{0}\u{1}\u{ff}"] {
            assert_eq!(redacted(clear.as_bytes()), (Ok(Rewritten::Same), String::new()), "{clear:?}");
        }
    }

    #[test]
    fn what_a_text_cannot_be_is_redacted_and_a_record_may_go() {
        for transform in [Transform::Null, Transform::DropField, Transform::Redact] {
            let (result, out, _) = rewritten(transform, b"a ann@example.org b");
            assert_eq!((result, &*out), (Ok(Rewritten::Changed), &b"a *** b"[..]));
        }
        for input in [&b"4111111111111111 ann@example.org"[..], b"\xff ann@example.org"] {
            let (result, out, _) = rewritten(Transform::DropRecord, input);
            assert_eq!((result, &*out), (Ok(Rewritten::DropRecord), &b""[..]));
        }
    }

    /// What one class leaves of a text may be what the other covers.
    #[test]
    fn a_masked_value_in_one_of_another_masked_class_is_redacted() {
        for input in ["ann@4111111111111111.com", "4111111111111111@example.org"] {
            let (result, out, _) = rewritten(Transform::Email { keep_domain: true }, input.as_bytes());
            assert_eq!((result, &*out), (Ok(Rewritten::Changed), &b"***"[..]), "{input}");
        }
    }

    #[test]
    fn a_masked_value_in_a_longer_clear_one_is_masked() {
        let classes =
            [Class { name: "mail".into(), mask: None }, Class { name: "card".into(), mask: Some(Transform::Redact) }];
        let content = vec![(Detector::Email, ClassId(0)), (Detector::Card, ClassId(1))];
        let mask = Mask { content, ..Mask::default() };
        let scope = Scope { classes: &classes, mask: &mask, subject: b"" };
        let mut out = Vec::new();
        let result = rewrite(&scope, b"4111111111111111@example.org", &mut out, &mut Found::default());
        assert_eq!((result, &*out), (Ok(Rewritten::Changed), &b"***"[..]));
    }

    #[test]
    fn bytes_around_text_are_replaced_as_a_whole() {
        let whole = (Ok(Rewritten::Changed), REDACTED.to_owned());
        assert_eq!(redacted(b"\xff\xfe\x80ann@example.org\xff"), whole);
        assert_eq!(redacted(b"\x00\x00\x00\x01\x1eann@example.org\x02"), whole);
        assert_eq!(redacted(b"M\xfcller ann@example.org"), whole);
        assert_eq!(redacted(b"\xff\x00 192.0.2.1"), (Ok(Rewritten::Same), String::new()), "seen clear");
        assert_eq!(redacted(b"\xff\x80\x01\x02"), (Ok(Rewritten::Same), String::new()));
        let (_, _, found) = rewritten(Transform::Redact, b"\xff ann@example.org 192.0.2.1 bob@example.org");
        assert_eq!(found.classes().collect::<Vec<_>>(), [(ClassId(0), 2, 0), (ClassId(2), 0, 1)]);
    }

    /// Row: invalid UTF-8 in the middle of a value, so that readers that skip it see the value.
    #[test]
    fn card_with_bytes_between_that_are_no_text() {
        let whole = (Ok(Rewritten::Changed), REDACTED.to_owned());
        assert_eq!(redacted(b"41111111\xff11111111"), whole);
        assert_eq!(redacted(b"4111\x001111\x0011111111"), whole);
    }

    #[test]
    fn text_in_utf_16_is_read() {
        let whole = (Ok(Rewritten::Changed), REDACTED.to_owned());
        let text = "card \u{ff14}111111111111111, caf\u{e9}";
        let units = || text.encode_utf16();
        for bytes in [
            units().flat_map(u16::to_le_bytes).collect::<Vec<u8>>(),
            units().flat_map(u16::to_be_bytes).collect(),
            [0xff, 0xfe].into_iter().chain(units().flat_map(u16::to_le_bytes)).collect(),
            [0xfe, 0xff].into_iter().chain(units().flat_map(u16::to_be_bytes)).collect(),
            // At an odd place, after a byte of something else
            [0x07].into_iter().chain("ann@example.org".encode_utf16().flat_map(u16::to_le_bytes)).collect(),
        ] {
            assert_eq!(redacted(&bytes), whole, "{bytes:x?}");
        }
        let harmless: Vec<u8> = "nothing here".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(redacted(&harmless), (Ok(Rewritten::Same), String::new()));
    }

    /// Row: gzip or zlib inside the value's bytes.
    #[test]
    fn compressed_bytes_are_refused_at_the_beginning_inside_and_under_base64() {
        let packed: [&[u8]; 7] = [
            b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xcb\x48",
            b"\x78\x9c\xcb\x48\xcd\xc9\xc9\x57\x28\xcf\x2f\xca\x49\x01",
            b"\x28\xb5\x2f\xfd\x04\x00",
            b"\x04\x22\x4d\x18\x64\x40",
            b"PK\x03\x04\x14\0",
            b"BZh91AY&SY\x11",
            b"\x82SNAPPY\0\0\0\0\x01",
        ];
        for bytes in packed {
            let refused = |input: &[u8]| rewritten(Transform::Redact, input).0.unwrap_err();
            assert_eq!(refused(bytes).at, 0, "{bytes:x?}");
            if !bytes.starts_with(b"x") {
                assert_eq!(refused(&[b"\0\0\0\0\x07", bytes].concat()).at, 5, "{bytes:x?}");
            }
        }
        let under = redacted(b"{\"data\":\"H4sIAAAAAAAAA8tIzcnJVyjPL8pJAQCFEUoNCwAAAA==\"}").0.unwrap_err();
        assert_eq!(under, Unmaskable { why: "compressed data in the text", at: 9 });
        for text in ["x^2 + y^2", "PK is a primary key", "BZh91AY", "x\u{1}"] {
            assert_eq!(redacted(text.as_bytes()).0, Ok(Rewritten::Same), "{text}");
        }
    }

    #[test]
    fn where_nothing_is_masked_nothing_is_refused() {
        let classes = [Class { name: "email".into(), mask: None }];
        let mask = Mask { content: vec![(Detector::Email, ClassId(0))], ..Mask::default() };
        let scope = Scope { classes: &classes, mask: &mask, subject: b"" };
        let mut found = Found::default();
        let gzip = b"\x1f\x8b\x08\0 ann@example.org";
        assert_eq!(rewrite(&scope, gzip, &mut Vec::new(), &mut found), Ok(Rewritten::Same));
        assert_eq!(found.classes().collect::<Vec<_>>(), [(ClassId(0), 0, 1)]);
        let empty = Mask::default();
        let scope = Scope { mask: &empty, ..scope };
        assert_eq!(rewrite(&scope, gzip, &mut Vec::new(), &mut found), Ok(Rewritten::Same));
    }
}
