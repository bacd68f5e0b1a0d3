//! Texts to JSON's strings and back.

/// What the inside of a string says; its escapes were found good when it was passed.
pub(super) fn unescaped(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((plain, after)) = rest.split_once('\\') {
        text.push_str(plain);
        let mut chars = after.chars();
        match chars.next() {
            Some('b') => text.push('\u{8}'),
            Some('f') => text.push('\u{c}'),
            Some('n') => text.push('\n'),
            Some('r') => text.push('\r'),
            Some('t') => text.push('\t'),
            Some('u') => {
                let (c, after) = unicode(chars.as_str());
                text.push(c);
                chars = after.chars();
            }
            Some(c) => text.push(c),
            None => {}
        }
        rest = chars.as_str();
    }
    text.push_str(rest);
    text
}

/// The character whose four digits begin here, with the other half where it is one of a pair, and what comes after.
fn unicode(digits: &str) -> (char, &str) {
    let unit = |digits: &str| digits.get(..4).and_then(|four| u32::from_str_radix(four, 16).ok());
    let first = unit(digits).unwrap_or(0xfffd);
    let after = digits.get(4..).unwrap_or_default();
    let second = after.strip_prefix("\\u").and_then(unit).filter(|_| (0xd800..0xdc00).contains(&first));
    let (code, after) = match second {
        Some(second) => (0x1_0000 + ((first & 0x3ff) << 10 | second & 0x3ff), after.get(6..).unwrap_or_default()),
        None => (first, after),
    };
    (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), after)
}

/// Appends a text as a string.
pub(super) fn push_string(out: &mut Vec<u8>, text: &str) {
    const HEX: [u8; 16] = *b"0123456789abcdef";
    let digit = |nibble: u8| HEX.get(usize::from(nibble)).copied().unwrap_or(b'0');
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.extend([b'\\', byte]),
            b'\n' => out.extend(b"\\n"),
            b'\r' => out.extend(b"\\r"),
            b'\t' => out.extend(b"\\t"),
            0..0x20 => {
                out.extend(b"\\u00");
                out.extend([digit(byte >> 4), digit(byte & 15)]);
            }
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}
