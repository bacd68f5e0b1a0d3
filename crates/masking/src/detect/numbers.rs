//! Numbers of digits and separators: cards, social security numbers, IPv4.

use super::{Detector, Finder};

/// Digits of a card (ISO/IEC 7812).
const CARD: std::ops::RangeInclusive<usize> = 13..=19;
/// Digits of a social security number.
const SSN: usize = 9;
/// Separators between two groups of one number.
const GAP_MAX: usize = 3;
/// How far before nine digits a word may stand that makes them a social security number.
const CONTEXT: usize = 24;
/// Letters that may touch a number: a longer word is no label of it.
const LABEL_MAX: usize = 16;
const UUID: usize = 36;

/// Digits in a row. Absent ones are empty.
#[derive(Clone, Copy, Debug, Default)]
struct Group {
    start: usize,
    end: usize,
    /// What stands between it and the group before: that character, [`MIXED`], or 0 if there is none before.
    joint: u8,
}

const MIXED: u8 = b'*';

impl Group {
    fn len(&self) -> usize {
        self.end - self.start
    }
}

/// Groups with nothing but separators between them.
#[derive(Debug, Default)]
struct Chain {
    /// The newest last.
    recent: [Group; 5],
    groups: usize,
    digits: usize,
    start: usize,
    /// Whether it has different separators.
    mixed: bool,
    /// Whether all groups are as long as the first, but for the last, which may be shorter.
    even: bool,
    first: usize,
}

impl Chain {
    fn add(&mut self, group: Group) {
        let [_, b, c, d, last] = self.recent;
        if self.groups == 0 {
            (self.start, self.first, self.even) = (group.start, group.len(), true);
        } else {
            self.mixed |= group.joint == MIXED || self.groups > 1 && group.joint != last.joint;
            self.even &= last.len() == self.first && group.len() <= self.first;
        }
        self.groups += 1;
        self.digits += group.len();
        self.recent = [b, c, d, last, group];
    }
}

impl Finder<'_> {
    /// Reads all numbers from here to the first character that is in none.
    pub(super) fn numbers(&mut self, from: usize) {
        let mut chain = Chain::default();
        let (mut at, mut joint) = (from, 0);
        loop {
            match self.at(at) {
                b'0'..=b'9' => {
                    let end = self.run_end(at, usize::MAX, |byte| byte.is_ascii_digit());
                    chain.add(Group { start: at, end, joint });
                    let after = self.joint(end);
                    self.groups(&chain, after.map_or(0, |(joint, _)| joint));
                    match after {
                        Some((by, next)) => (joint, at) = (by, next),
                        None => {
                            self.chain(&chain);
                            (chain, joint, at) = (Chain::default(), 0, end);
                        }
                    }
                }
                b' ' | b'+'..=b'/' => at += 1,
                _ => break,
            }
        }
        self.past.numbers = at.max(from + 1);
    }

    /// What joins the digits that end here to those that go on, and where they do.
    fn joint(&self, end: usize) -> Option<(u8, usize)> {
        let next = self.run_end(end, GAP_MAX, |byte| matches!(byte, b' ' | b'-' | b'.' | b'+'));
        let first = self.at(end);
        if next == end || !self.at(next).is_ascii_digit() {
            return None;
        }
        let same = (end..next).all(|at| self.at(at) == first);
        Some((if same { first } else { MIXED }, next))
    }

    /// Looks whether the newest groups are something, whatever stands around them.
    fn groups(&mut self, chain: &Chain, after: u8) {
        let [a, b, c, d, e] = chain.recent;
        // Nothing is two groups, or one of so few digits.
        if chain.groups < 3 && e.len() < SSN {
            return;
        }
        let [first, second, third, fourth, fifth] = [a.len(), b.len(), c.len(), d.len(), e.len()];
        let joint = e.joint;
        if self.watch.card {
            if CARD.contains(&fifth) && joint != b'.' && after != b'.' {
                self.card(e.start, e.end);
            }
            let (three, four) = (joint == d.joint, joint == d.joint && joint == c.joint);
            match (second, third, fourth, fifth) {
                (_, 4, 6, 4 | 5) if three => self.card(c.start, e.end),
                (4, 4, 4, 4) if four => self.card(b.start, e.end),
                (4, 4, 4, 3) if four && first == 4 && b.joint == joint => self.card(a.start, e.end),
                _ => {}
            }
        }
        if self.watch.ssn {
            let parted = third == 3 && fourth == 2 && fifth == 4 && matches!(joint, b'-' | b' ' | b'.');
            let parted = parted && d.joint == joint && c.joint != joint && after != joint;
            if parted && e.start - d.end == 1 && d.start - c.end == 1 {
                self.ssn(c.start, e.end);
            } else if fifth == SSN && joint == 0 && after == 0 && self.says_ssn(e.start) {
                self.ssn(e.start, e.end);
            }
        }
        let dotted = [c, d, e].iter().all(|group| group.joint == b'.') && b.joint != b'.' && after != b'.';
        if dotted && second > 0 && e.end - b.start == second + third + fourth + fifth + 3 && self.watch.ip {
            self.ipv4([b, c, d, e]);
        }
    }

    /// Looks whether all groups together are a card. Of a number with a fraction, and of a date with a time, they are none.
    fn chain(&mut self, chain: &Chain) {
        let [.., last] = chain.recent;
        let fraction = chain.groups == 2 && last.joint == b'.';
        let one = !chain.mixed || chain.even;
        if chain.groups > 1 && CARD.contains(&chain.digits) && one && !fraction && self.watch.card {
            self.card(chain.start, last.end);
        }
    }

    fn card(&mut self, start: usize, end: usize) {
        let text = self.bytes.get(start..end).unwrap_or_default();
        let digits = text.iter().filter(|byte| byte.is_ascii_digit()).map(|byte| byte - b'0');
        if is_card(digits) && self.stands_alone(start, end) && !self.in_uuid(start, end) {
            self.push(Detector::Card, start, end);
        }
    }

    /// Areas 000, 666 and from 900, group 00 and serial 0000 are never given out.
    fn ssn(&mut self, start: usize, end: usize) {
        let text = self.bytes.get(start..end).unwrap_or_default();
        let number =
            text.iter().filter(|byte| byte.is_ascii_digit()).fold(0, |n, byte| n * 10 + u32::from(byte - b'0'));
        let (area, group, serial) = (number / 1_000_000, number / 10_000 % 100, number % 10_000);
        let given = area != 0 && area != 666 && area < 900 && group != 0 && serial != 0;
        if given && self.stands_alone(start, end) {
            self.push(Detector::Ssn, start, end);
        }
    }

    /// Whether a word before says that nine digits are a social security number. Without, they are more often an order's.
    fn says_ssn(&self, start: usize) -> bool {
        let before = self.bytes.get(start.saturating_sub(CONTEXT)..start).unwrap_or_default();
        let says = |word: &[u8]| before.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word));
        says(b"ssn") || says(b"social")
    }

    fn ipv4(&mut self, octets: [Group; 4]) {
        let values = octets.map(|group| {
            let digits = self.bytes.get(group.start..group.end).unwrap_or_default();
            (digits.len() <= 3).then(|| digits.iter().fold(0, |n, byte| n * 10 + u32::from(byte - b'0')))
        });
        let [first, .., last] = octets;
        if values.iter().all(|value| value.is_some_and(|value| value < 256))
            && self.stands_alone(first.start, last.end)
            && !self.is_version(first.start, last.end, values)
        {
            self.push(Detector::Ip, first.start, last.end);
        }
    }

    /// Whether four numbers with dots are a version: a word before says so, or a suffix such as `-rc1`, or it is a browser's
    /// (`Chrome/120.0.0.0`).
    fn is_version(&self, start: usize, end: usize, values: [Option<u32>; 4]) -> bool {
        let browser = self.before(start) == b'/' && self.before(start - 1).is_ascii_alphabetic();
        let [.., third, fourth] = values;
        if browser && third == Some(0) && fourth == Some(0) {
            return true;
        }
        if self.at(end) == b'-' && self.at(end + 1).is_ascii_alphabetic() {
            return true;
        }
        let word_end = self.run_start(start, 4, |byte| matches!(byte, b' ' | b':' | b'=' | b'"' | b'\'' | b'-' | b'_'));
        let word = self.run_start(word_end, LABEL_MAX, |byte| byte.is_ascii_alphabetic());
        let word = self.bytes.get(word..word_end).unwrap_or_default();
        let versions: [&[u8]; 7] = [b"v", b"ver", b"version", b"release", b"rev", b"build", b"firmware"];
        versions.iter().any(|version| word.eq_ignore_ascii_case(version))
    }

    /// Whether no letters touch a number, or only a word that labels it, such as `PAN4111…`. In a hash or in base64 letters touch it too,
    /// but they are hexadecimal digits, or further digits follow.
    fn stands_alone(&self, start: usize, end: usize) -> bool {
        let label = |from: usize, to: usize, beyond: u8| {
            let word = self.bytes.get(from..to).unwrap_or_default();
            !beyond.is_ascii_alphanumeric() && word.iter().any(|byte| !byte.is_ascii_hexdigit())
        };
        let from = self.run_start(start, LABEL_MAX, |byte| byte.is_ascii_alphabetic());
        let to = self.run_end(end, LABEL_MAX, |byte| byte.is_ascii_alphabetic());
        let left = from == start && !self.before(start).is_ascii_digit() || label(from, start, self.before(from));
        let right = to == end && !self.at(end).is_ascii_digit() || label(end, to, self.at(to));
        left && right
    }

    /// Whether it is a part of a UUID, and not only beside one.
    pub(super) fn in_uuid(&self, start: usize, end: usize) -> bool {
        let is = |byte: u8| byte.is_ascii_hexdigit() || byte == b'-';
        let (from, to) = (self.run_start(start, UUID, is), self.run_end(end, UUID, is));
        let all = self.bytes.get(from..to).unwrap_or_default();
        all.windows(UUID).zip(from..).any(|(part, at)| {
            let within = at <= start && end <= at + UUID;
            within && part.iter().enumerate().all(|(place, byte)| (*byte == b'-') == matches!(place, 8 | 13 | 18 | 23))
        })
    }
}

/// Whether these digits are a card's: a known issuer, a length that it gives out, and the check digit (Luhn).
fn is_card(digits: impl DoubleEndedIterator<Item = u8> + Clone) -> bool {
    let (mut sum, mut count) = (0, 0);
    for digit in digits.clone().rev() {
        let weighed = if count % 2 == 1 { digit * 2 } else { digit };
        sum += u32::from(if weighed > 9 { weighed - 9 } else { weighed });
        count += 1;
    }
    let begins = digits.take(6).fold(0, |n, digit| n * 10 + u32::from(digit));
    sum % 10 == 0 && is_issued(begins, count)
}

/// Whether an issuer gives out numbers that begin with these six digits and are so long. UATP (15 digits from 1) is left out: moments
/// in time begin so.
fn is_issued(begins: u32, length: usize) -> bool {
    let two = begins / 10_000;
    match begins {
        // Visa
        400_000..=499_999 => matches!(length, 13 | 16 | 18 | 19),
        // Mastercard
        510_000..=559_999 | 222_100..=272_099 => length == 16,
        // American Express
        340_000..=349_999 | 370_000..=379_999 => length == 15,
        // Diners Club
        300_000..=305_999 | 309_500..=309_599 => (14..=19).contains(&length),
        // Mir
        220_000..=220_599 => (16..=19).contains(&length),
        // JCB
        352_800..=358_999 => (16..=19).contains(&length),
        180_000..=180_099 | 213_100..=213_199 => length == 15,
        // Verve, Elo, RuPay, Maestro
        506_000..=509_999 | 500_000..=505_999 | 560_000..=589_999 => CARD.contains(&length),
        // Troy
        979_200..=979_299 => length == 16,
        _ => match two {
            36 | 38 | 39 => (14..=19).contains(&length),
            // Discover, RuPay, InstaPayment and InterPayment, UnionPay, Maestro
            60 | 62..=65 | 67 => {
                CARD.contains(&length) && (length > 15 || matches!(begins, 630_400..=630_499 | 670_000..=679_999))
            }
            81 | 82 => (16..=19).contains(&length),
            _ => false,
        },
    }
}
