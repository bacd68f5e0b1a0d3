//! Telephone numbers (E.164): a plus sign, a country's code that is given out, and 8 to 15 digits in all. Numbers without the code
//! look like any other number, and are selected by field.

use super::{Detector, Finder};

const DIGITS_MIN: usize = 8;
const DIGITS_MAX: usize = 15;
/// Separators between two groups, as in `+49 (0) 30` and `+49 - 30`.
const GAP_MAX: usize = 3;

impl Finder<'_> {
    pub(super) fn phone(&mut self, plus: usize) {
        let before = self.before(plus);
        // In base64 and in sums a plus sign follows letters and digits.
        if plus < self.past.phones || before.is_ascii_alphanumeric() || before == b'+' {
            return;
        }
        let (mut at, mut end, mut count) = (plus + 1, plus, 0);
        let mut code = 0;
        loop {
            let digits = self.run_end(at, GAP_MAX, |byte| matches!(byte, b' ' | b'-' | b'.' | b'/' | b'(' | b')'));
            let after = self.run_end(digits, DIGITS_MAX + 1, |byte| byte.is_ascii_digit());
            // A group that does not fit any more is something else.
            if after == digits || count + (after - digits) > DIGITS_MAX {
                break;
            }
            for place in digits..after {
                if count < 3 {
                    code = code * 10 + u32::from(self.at(place) - b'0');
                }
                count += 1;
            }
            (at, end) = (after, after);
        }
        if count >= DIGITS_MIN && is_country(code) {
            self.past.phones = end;
            self.push(Detector::Phone, plus, end);
        }
    }
}

/// Whether a country's code is given out that these three digits begin with (ITU-T, list of assigned codes).
fn is_country(digits: u32) -> bool {
    match digits / 10 {
        10..=19 | 70..=79 => true,
        20 | 27 | 30..=34 | 36 | 39..=41 | 43..=49 | 51..=58 | 60..=66 | 81 | 82 | 84 | 86 | 90..=95 | 98 => true,
        22..=24 | 26 | 50 | 59 => true,
        _ => matches!(
            digits,
            211..=213 | 216 | 218 | 250..=258 | 290 | 291 | 297..=299 | 350..=359 | 370..=379 | 380..=383 | 385..=387 | 389
                | 420 | 421 | 423 | 670 | 672..=683 | 685..=692 | 800 | 808 | 850 | 852 | 853 | 855 | 856 | 870 | 878
                | 880..=883 | 886 | 888 | 960..=968 | 970..=977 | 979 | 992..=996 | 998
        ),
    }
}
