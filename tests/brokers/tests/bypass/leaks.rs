//! Looks for secrets in bytes as somebody would who knows the tricks: in each form that they decode to.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use tidegate_brokers::records::Record;

/// Disguises in each other that are taken off.
const DEPTH: usize = 4;
/// Shorter runs of base64 or hexadecimal hold none of the secrets, and longer ones are only there to be long.
const RUN: RangeInclusive<usize> = 12..=4_000;
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);

/// Whether a part of the record shows one of the marks, which are small letters and digits.
pub(crate) fn reveals(record: &Record, marks: &[String]) -> bool {
    let headers = record.headers.iter().flat_map(|(name, value)| [Some(name.as_bytes()), value.as_deref()]);
    let parts = [record.key.as_deref(), record.value.as_deref()].into_iter().chain(headers);
    parts.flatten().any(|part| shows(part, marks))
}

/// Whether the bytes show one of the marks in any form.
pub(crate) fn shows(bytes: &[u8], marks: &[String]) -> bool {
    let (even, odd) = (bytes, bytes.get(1..).unwrap_or_default());
    let wide = [even, odd].map(|bytes| [utf16(bytes, u16::from_le_bytes), utf16(bytes, u16::from_be_bytes)]);
    let mut fresh = vec![String::from_utf8_lossy(bytes).into_owned()];
    fresh.extend(wide.into_iter().flatten());
    fresh.push(numbers(bytes));
    let mut known = HashSet::new();
    for _ in 0..=DEPTH {
        fresh.retain(|text| known.insert(text.clone()));
        if fresh.iter().any(|text| marks.iter().any(|mark| squeezed(text).contains(mark))) {
            return true;
        }
        fresh = fresh.iter().flat_map(|text| decoded(text)).collect();
    }
    false
}

/// Letters and digits alone, of every script's digits and letters of full width those of ASCII.
fn squeezed(text: &str) -> String {
    let one = |c: char| match u32::from(c) {
        code @ 0x660..=0x669 => char::from_digit(code - 0x660, 10),
        code @ 0xff01..=0xff5e => char::from_u32(code - 0xfee0),
        _ => Some(c),
    };
    let kept = text.chars().filter_map(one).filter(char::is_ascii_alphanumeric);
    kept.map(|c| c.to_ascii_lowercase()).collect()
}

/// How the beginning of a long text is looked for.
pub(crate) fn mark(text: &str) -> String {
    squeezed(text).chars().take(24).collect()
}

fn decoded(text: &str) -> Vec<String> {
    let mut all = vec![unescaped(text), percents(text), entities(text)];
    all.push(runs(text, |c| c.is_ascii_hexdigit(), |run| (0..2).filter_map(|skip| run.get(skip..)).map(hex).collect()));
    for alphabet in [&alphabet::STANDARD, &alphabet::URL_SAFE] {
        let engine = GeneralPurpose::new(alphabet, LENIENT);
        let signs = if *alphabet == alphabet::STANDARD { ['+', '/'] } else { ['-', '_'] };
        let decode = |run: &str| -> Vec<Vec<u8>> {
            // It may begin within what is read as a run.
            (0..4)
                .filter_map(|skip| run.get(skip..))
                .filter_map(|run| engine.decode(run.get(..run.len() / 4 * 4)?).ok())
                .collect()
        };
        let closed =
            |run: &str| -> Vec<Vec<u8>> { [decode(run), vec![engine.decode(run).unwrap_or_default()]].concat() };
        all.push(runs(text, |c| c.is_ascii_alphanumeric() || signs.contains(&c), closed));
    }
    all
}

/// What the runs of such characters decode to, one reading a line.
fn runs(text: &str, belongs: impl Fn(char) -> bool, decode: impl Fn(&str) -> Vec<Vec<u8>>) -> String {
    let runs = text.split(|c| !belongs(c)).filter(|run| RUN.contains(&run.len()));
    let lines = runs.flat_map(decode).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    lines.collect::<Vec<_>>().join("\n")
}

fn hex(run: &str) -> Vec<u8> {
    let (pairs, _) = run.as_bytes().as_chunks::<2>();
    pairs.iter().filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

/// Long numbers as Avro and Protobuf write them, wherever one may begin, one reading a line.
fn numbers(bytes: &[u8]) -> String {
    let number = |at: usize| {
        let mut number = 0_u64;
        for (place, byte) in bytes.get(at..)?.iter().take(9).enumerate() {
            number |= u64::from(byte & 0x7f) << (7 * place);
            if *byte < 0x80 {
                return (number > 1_000_000_000_000).then_some(number);
            }
        }
        None
    };
    let lines = (0..bytes.len()).filter_map(number).map(|number| format!("{number}\n{}", number >> 1));
    lines.collect::<Vec<_>>().join("\n")
}

fn utf16(bytes: &[u8], order: fn([u8; 2]) -> u16) -> String {
    let (units, _) = bytes.as_chunks::<2>();
    let units = units.iter().map(|unit| order(*unit));
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// `\u0040`, `\x40`, and what else stands behind a backslash.
fn unescaped(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let digits = match after.as_bytes().first() {
            Some(b'u') => after.get(1..5),
            Some(b'x') => after.get(1..3),
            _ => None,
        };
        let c = digits.and_then(|digits| char::from_u32(u32::from_str_radix(digits, 16).ok()?));
        match (c, digits) {
            (Some(c), Some(digits)) => {
                out.push(c);
                rest = after.get(1 + digits.len()..).unwrap_or_default();
            }
            _ => {
                let next = after.chars().next();
                out.extend(next);
                rest = after.get(next.map_or(0, char::len_utf8)..).unwrap_or_default();
            }
        }
    }
    out + rest
}

fn percents(text: &str) -> String {
    let (mut out, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        let byte =
            after.get(..2).filter(|_| *first == b'%').and_then(|pair| hex(std::str::from_utf8(pair).ok()?).pop());
        out.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn entities(text: &str) -> String {
    let mut parts = text.split('&');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, after) = part.split_once(';').unwrap_or((part, ""));
        let number = name.strip_prefix('#').and_then(|number| match number.strip_prefix('x') {
            Some(digits) => u32::from_str_radix(digits, 16).ok(),
            None => number.parse().ok(),
        });
        match number.and_then(char::from_u32) {
            Some(c) => out.push(c),
            // Those with names stand for signs here, which count for nothing.
            None if ["commat", "period", "nbsp"].contains(&name) => {}
            None => out.push_str(name),
        }
        out.push_str(after);
    }
    out
}

/// A finder that finds nothing would let everything pass.
#[test]
fn secrets_are_found_in_each_form() {
    let marks = ["zq101w".to_owned(), "411100101000".to_owned()];
    for text in [
        "to zq101w@x",
        "ZQ101W",
        "4111 0010-1000 0007",
        r#"["z","q","1","0","1","w"]"#,
        r"\u007aq101\u0077",
        r"\x7aq101w",
        "%7A%711%301w",
        "&#122;&#x71;101w",
        "7a713130317740782e6f7267",
        "enExMDF3QHgub3Jn enExMDF3QHgub3Jn",
        "eyJ2IjoienExMDF3QHgub3JnIn0",
        "WlhsS01rbHFiMmxsYmtWNFRVUkdNMUZJWjNWaU0wcHVTVzR3UFE9PQ",
        "\u{664}\u{661}\u{661}\u{661}\u{660}\u{660}\u{661}\u{660}\u{661}\u{660}\u{660}\u{660}",
        "4.11100101000000e15",
        "4111\u{200b}0010\u{a0}1000",
    ] {
        assert!(shows(text.as_bytes(), &marks), "{text}");
    }
    // 4111001010000007 as Protobuf and as Avro have it.
    for number in [4_111_001_010_000_007_u64, 4_111_001_010_000_007 << 1] {
        let places =
            (0..8).map(|place| (number >> (7 * place)).to_le_bytes()[0] & 0x7f | if place == 7 { 0 } else { 0x80 });
        assert!(shows(&places.collect::<Vec<u8>>(), &marks));
    }
    let wide: Vec<u8> = "zq101w".encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert!(shows(&wide, &marks) && shows(b"z\xffq101w", &marks));
    for text in ["", "***@example.org", "************0007", r#"{"pan":0,"email":"***"}"#, "zq1 01"] {
        assert!(!shows(text.as_bytes(), &marks), "{text}");
    }
}
