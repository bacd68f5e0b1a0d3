//! Words from outside, which people read among the gate's own.

/// No control character, and none of those that change the direction of text or are not seen.
#[must_use]
pub fn is_harmless(c: char) -> bool {
    let turns_or_hides = matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    !c.is_control() && !turns_or_hides
}
