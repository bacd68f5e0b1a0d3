//! International bank account numbers (ISO 13616): the country's length and the check digits (ISO 7064, mod 97-10).

use super::{Detector, Finder};

/// The longest that the standard allows.
const LONGEST: usize = 34;

/// Countries by how long their numbers are: the registry of SWIFT, and the countries that use them without being in it.
const LENGTHS: &[(usize, &str)] = &[
    (15, "NO"),
    (16, "BE BI"),
    (18, "DK FI FO GL NL FK SD"),
    (19, "MK SI"),
    (20, "AT BA EE KZ LT LU XK MN"),
    (21, "CH HR LI LV"),
    (22, "BG BH CR DE GB GE IE ME RS VA"),
    (23, "AE GI IL IQ OM TL SO"),
    (24, "AD CZ ES MD PK RO SA SE SK TN VG DZ"),
    (25, "AO CV GW LY PT ST MZ"),
    (26, "IS TR IR"),
    (27, "FR GR IT MC MR SM CF CG CM DJ GA GQ KM MG TD"),
    (28, "AL AZ BY CY DO GT HU LB PL SV HN NI BF BJ CI MA ML NE SN TG"),
    (29, "BR EG PS QA UA"),
    (30, "JO KW MU YE"),
    (31, "MT SC"),
    (32, "LC"),
    (33, "RU"),
];

fn length(country: [u8; 2]) -> Option<usize> {
    let country = country.map(|letter| letter.to_ascii_uppercase());
    let is = |names: &str| names.as_bytes().chunks(3).any(|name| name.starts_with(&country));
    LENGTHS.iter().find(|(_, names)| is(names)).map(|(length, _)| *length)
}

impl Finder<'_> {
    /// Looks at two letters and two digits that begin a word. One space or hyphen may stand between any two characters after them.
    pub(super) fn iban(&mut self, start: usize) {
        let Some(length) = length([self.at(start), self.at(start + 1)]) else { return };
        let mut number = [0; LONGEST];
        let mut end = start;
        for place in number.iter_mut().take(length) {
            if matches!(self.at(end), b' ' | b'-') {
                end += 1;
            }
            *place = self.at(end).to_ascii_uppercase();
            if !place.is_ascii_alphanumeric() {
                return;
            }
            end += 1;
        }
        let number = number.get(..length).unwrap_or_default();
        if !self.at(end).is_ascii_alphanumeric() && remainder(number) == 1 && !self.in_uuid(start, end) {
            self.push(Detector::Iban, start, end);
        }
    }
}

/// The number, its first four characters moved behind the rest and letters counted from 10, modulo 97.
fn remainder(number: &[u8]) -> u32 {
    let (head, rest) = number.split_at_checked(4).unwrap_or_default();
    rest.iter().chain(head).fold(0, |sum, byte| match byte {
        b'0'..=b'9' => (sum * 10 + u32::from(byte - b'0')) % 97,
        _ => (sum * 100 + u32::from(byte.saturating_sub(b'A')) + 10) % 97,
    })
}
