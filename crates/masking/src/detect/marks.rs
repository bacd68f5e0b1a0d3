//! Marks what kind of byte stands where, for 64 bytes at a time: one bit each, the first byte the lowest.

use wide::u8x16;

pub(super) const BLOCK: usize = 64;

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Marks {
    digit: u64,
    letter: u64,
    hex_letter: u64,
    colon: u64,
    /// Digits, a space, and what stands between `+` and `/`.
    number: u64,
    /// Letters, digits, `+ / - _`: what base64 is made of.
    word: u64,
    /// What is rare in text and an anchor: `@ + % & \` and all that is not ASCII.
    pub(super) rare: u64,
}

impl Marks {
    pub(super) fn of(block: &[u8; BLOCK]) -> Marks {
        let mut marks = Marks::default();
        let (parts, _) = block.as_chunks::<16>();
        for (part, shift) in parts.iter().zip([0, 16, 32, 48]) {
            let bytes = u8x16::new(*part);
            let is = |byte: u8| bytes.simd_eq(u8x16::splat(byte));
            let digit = within(bytes - u8x16::splat(b'0'), 9);
            let letters = (bytes | u8x16::splat(0x20)) - u8x16::splat(b'a');
            let letter = within(letters, 25);
            let plus = is(b'+');
            let word = letter | digit | plus | is(b'/') | is(b'-') | is(b'_');
            let number = within(bytes - u8x16::splat(b'+'), b'9' - b'+') | is(b' ');
            // The highest bit of a byte that is not ASCII is set, and that is the bit that goes into the mask.
            let rare = bytes | plus | is(b'@') | is(b'%') | is(b'&') | is(b'\\');
            let mask = |lanes: u8x16| u64::from(lanes.to_bitmask()) << shift;
            marks.digit |= mask(digit);
            marks.letter |= mask(letter);
            marks.hex_letter |= mask(within(letters, 5));
            marks.colon |= mask(is(b':'));
            marks.number |= mask(number);
            marks.word |= mask(word);
            marks.rare |= mask(rare);
        }
        marks
    }

    fn alphanumeric(&self) -> u64 {
        self.letter | self.digit
    }

    fn address(&self) -> u64 {
        self.digit | self.hex_letter | self.colon
    }
}

/// Lanes of at most `most`.
fn within(lanes: u8x16, most: u8) -> u8x16 {
    lanes.min(u8x16::splat(most)).simd_eq(lanes)
}

/// Takes the place of the lowest mark that does not stand before `past`.
pub(super) fn take(marks: &mut u64, base: usize, past: usize) -> Option<usize> {
    if past > base {
        let shift = u32::try_from(past - base).unwrap_or(u32::MAX);
        *marks &= u64::MAX.checked_shl(shift).unwrap_or(0);
    }
    if *marks == 0 {
        return None;
    }
    let at = marks.trailing_zeros();
    *marks &= *marks - 1;
    Some(base + at as usize)
}

/// What stands one place before.
fn earlier(before: u64, now: u64) -> u64 {
    now << 1 | before >> (BLOCK - 1)
}

/// What stands `by` places on.
fn later(now: u64, next: u64, by: u32) -> u64 {
    now >> by | next << (64 - by)
}

/// Places that this and the next six, of a number's characters, begin at: shorter than `1.1.1.1` nothing is.
pub(super) fn numbers([_, now, next]: [&Marks; 3]) -> u64 {
    let run = |now: u64, next: u64| {
        let (a, b) = (now & later(now, next, 1), next & next >> 1);
        let (a, b) = (a & later(a, b, 2), b & b >> 2);
        a & later(a, b, 3)
    };
    run(now.number, next.number)
}

/// Places that sixteen characters of a word begin at: shorter than that nothing is looked for in hexadecimal or base64.
pub(super) fn words([_, now, next]: [&Marks; 3]) -> u64 {
    let (a, b) = (now.word & later(now.word, next.word, 1), next.word & next.word >> 1);
    let (a, b) = (a & later(a, b, 2), b & b >> 2);
    let (a, b) = (a & later(a, b, 4), b & b >> 4);
    a & later(a, b, 8)
}

/// Places of two letters and two digits at the beginning of a word.
pub(super) fn accounts([before, now, next]: [&Marks; 3]) -> u64 {
    now.letter
        & !earlier(before.alphanumeric(), now.alphanumeric())
        & later(now.letter, next.letter, 1)
        & later(now.digit, next.digit, 2)
        & later(now.digit, next.digit, 3)
}

/// Places of colons that stand between hexadecimal digits or colons.
pub(super) fn colons([before, now, next]: [&Marks; 3]) -> u64 {
    let [before, beside, next] = [before.address(), now.address(), next.address()];
    now.colon & earlier(before, beside) & later(beside, next, 1)
}
