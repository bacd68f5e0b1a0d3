//! How much detectors look at texts that are made to keep them busy.

use super::{HEADER, hits};

thread_local! {
    /// Bytes that were looked at.
    pub(in crate::detect) static LOOKS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// How often a byte is looked at in the worst of texts, all detectors and disguises taken together.
const LOOKS_A_BYTE: usize = 20;

/// What detectors wake up for, or nearly.
const HOSTILE: &[&str] = &[
    "@",
    "a@",
    "@a.",
    "\"@",
    "1",
    "1 ",
    "1.",
    "12-",
    "4111 1111 1111 1111 ",
    ":",
    "a:",
    "::",
    "1:",
    "eyJ",
    "eyJ.",
    "eyJhbGciOiJIUzI1NiJ9.",
    "eyJhbGciOiJIUzI1NiJ9..",
    "+",
    "+1",
    "+49 30 ",
    "%",
    "%40",
    "%4",
    "&",
    "&#",
    "&#64",
    "&#64;",
    "&commat;",
    "\\",
    "\\u0040",
    "\u{664}",
    "\u{200b}",
    "-",
    "-----BEGIN ",
    "-----BEGIN PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY----------END ",
    "---- BEGIN PRIVATE KEY ----",
    "AKIA",
    "AIza",
    "secret",
    "secret=",
    "DE89",
    "DE89 ",
    "a/",
    "ab-",
    "0a",
    "3431",
    "QUJD",
    "QUJD/",
    "a_",
    "[",
    "a@[",
    "x@x..",
    "\u{fc}@",
    "192.0.2.1.",
    "\"a@",
];

/// A detector that begins anew at every anchor and reads the rest of the text would look at four times as many bytes in a text of
/// twice the length.
#[test]
fn hostile_text_is_read_in_bounded_work() {
    const LENGTH: usize = 8 << 10;
    for begin in ["", HEADER, "-----BEGIN PRIVATE KEY-----", "ann@"] {
        for part in HOSTILE {
            let looks = |length: usize| {
                let text = format!("{begin}{}", part.repeat(length / part.len()));
                LOOKS.set(0);
                hits(&text);
                LOOKS.get()
            };
            let (once, twice) = (looks(LENGTH), looks(2 * LENGTH));
            assert!(twice <= once * 5 / 2, "{begin} and {part:?}: {once} bytes, then {twice}");
            assert!(twice <= 2 * LENGTH * LOOKS_A_BYTE, "{begin} and {part:?}: {twice} bytes");
        }
    }
}
