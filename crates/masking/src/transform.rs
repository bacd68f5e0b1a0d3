//! How the values of a class are changed. Each keeps the type of what it changes, so that clients which check schemas still decode.
//!
//! A transform that means nothing for a type, such as the last digits of a truth value, redacts it: nothing is let through because
//! it was not thought of.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use aws_lc_rs::hmac;
use time::Date;

use crate::detect::mail::is_domain;

/// What takes the place of a text that is redacted. Its length says nothing.
pub const REDACTED: &str = "***";
/// What takes the place of characters that are not kept.
const STAR: char = '*';
/// Hexadecimal digits of a token: 80 bits, so that two values of one class in a trillion do not meet.
const TOKEN_DIGITS: usize = 20;
const SECONDS_A_DAY: i64 = 86_400;

/// A key of one class, with its name, so that tokens made with an older one are told apart.
#[derive(Clone, Debug)]
pub struct ClassKey {
    id: Box<str>,
    key: hmac::Key,
}

impl ClassKey {
    /// `secret` are 32 random bytes; `id` goes into the tokens.
    #[must_use]
    pub fn new(id: &str, secret: &[u8; 32]) -> ClassKey {
        ClassKey { id: id.into(), key: hmac::Key::new(hmac::HMAC_SHA256, secret) }
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Differs between keys, also of one name, and says nothing of the secret.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 16] {
        self.tag("fingerprint", b"").as_ref().first_chunk().copied().unwrap_or_default()
    }

    fn tag(&self, what: &str, value: &[u8]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(what.as_bytes());
        context.update(&[0]);
        context.update(value);
        context.sign()
    }

    fn number(&self, what: &str, value: &[u8]) -> u64 {
        let tag = self.tag(what, value);
        let first = tag.as_ref().first_chunk::<8>().copied().unwrap_or_default();
        u64::from_be_bytes(first)
    }
}

/// What a date or a number of seconds counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Days since 1970, as Avro's `date`.
    Days,
    /// Seconds since 1970.
    Seconds,
    /// Milliseconds since 1970.
    Millis,
    /// Microseconds since 1970.
    Micros,
}

impl Unit {
    fn a_day(self) -> i64 {
        match self {
            Unit::Days => 1,
            Unit::Seconds => SECONDS_A_DAY,
            Unit::Millis => SECONDS_A_DAY * 1_000,
            Unit::Micros => SECONDS_A_DAY * 1_000_000,
        }
    }
}

/// Into what values are gathered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bucket {
    /// Numbers, down to a multiple of this width.
    Width(f64),
    /// Dates, down to the first of the month; numbers count in the unit.
    Month(Option<Unit>),
    /// Dates, down to the first of January.
    Year(Option<Unit>),
}

/// How the values of a class are changed.
#[derive(Clone, Debug)]
pub enum Transform {
    /// Text becomes `***`, a number 0, a truth value false, bytes none (or zeros, where their length is fixed).
    Redact,
    /// Null, where the format has it; else redacted.
    Null,
    /// One value for all; a number where it reads as one and a number is wanted.
    Constant(Box<str>),
    /// The first characters stay, never more than half of them; stars for the rest, or for all of it where it is shorter.
    KeepFirst(u8),
    /// The last characters stay, never more than half of them.
    KeepLast(u8),
    /// `***@***`, or with the domain kept.
    Email {
        /// Whether the domain stays.
        keep_domain: bool,
    },
    /// So many stars, whatever the length.
    Fixed(u8),
    /// A token that is the same for the same value, so that joins survive.
    Token {
        /// The class's key.
        key: ClassKey,
        /// Begins the token.
        prefix: Box<str>,
    },
    /// A number that is the same for the same number.
    Integer(ClassKey),
    /// Numbers and dates, gathered.
    Bucket(Bucket),
    /// Dates, moved by so many days to either side at most, by the same for all dates of a record's key.
    DateShift {
        /// The class's key.
        key: ClassKey,
        /// The most days.
        days: u16,
        /// What numbers count in; numbers are redacted where it is not said.
        unit: Option<Unit>,
    },
    /// The network of an address: the first 24 bits, or 48 of IPv6.
    Network,
    /// The field goes, where a field may be absent; else it is redacted.
    DropField,
    /// The whole record goes.
    DropRecord,
}

/// What becomes of a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Fate<T> {
    /// It is replaced by this.
    Value(T),
    /// It is null where the format has null there, else redacted.
    Null,
    /// Its field goes where it may be absent, else it is redacted.
    DropField,
    /// Its record goes.
    DropRecord,
}

impl Transform {
    /// Whether it makes other texts of other texts.
    pub(crate) fn is_token(&self) -> bool {
        matches!(self, Transform::Token { .. } | Transform::Integer(_))
    }

    /// What becomes of a text. `subject` are the bytes that say whose record it is: its key.
    #[must_use]
    pub fn text(&self, value: &str, subject: &[u8]) -> Fate<String> {
        let redacted = || REDACTED.to_owned();
        Fate::Value(match self {
            Transform::Null => return Fate::Null,
            Transform::DropField => return Fate::DropField,
            Transform::DropRecord => return Fate::DropRecord,
            Transform::Redact => redacted(),
            Transform::Constant(constant) => (**constant).to_owned(),
            Transform::KeepFirst(n) => keep(value, usize::from(*n), true),
            Transform::KeepLast(n) => keep(value, usize::from(*n), false),
            Transform::Email { keep_domain } => email(value, *keep_domain),
            Transform::Fixed(length) => STAR.to_string().repeat(usize::from(*length)),
            Transform::Token { key, prefix } => token(key, prefix, value.as_bytes()),
            Transform::Integer(key) => (key.number("int", value.as_bytes()) >> 11).to_string(),
            Transform::Bucket(bucket) => bucket.text(value).unwrap_or_else(redacted),
            Transform::DateShift { key, days, .. } => {
                date_in(value, |date| date.checked_add(time::Duration::days(shift(key, *days, subject))))
                    .unwrap_or_else(redacted)
            }
            Transform::Network => network(value).unwrap_or_else(redacted),
        })
    }

    /// What becomes of an integer. The result is between `range`'s ends, or 0.
    #[must_use]
    pub fn integer(&self, value: i64, range: (i64, i64), subject: &[u8]) -> Fate<i64> {
        self.integer_in(None, value, range, subject)
    }

    /// The same of an integer of which the format says what it counts in; what the transform says goes before it.
    #[must_use]
    pub fn integer_in(&self, unit: Option<Unit>, value: i64, range: (i64, i64), subject: &[u8]) -> Fate<i64> {
        let changed = match self {
            Transform::Null => return Fate::Null,
            Transform::DropField => return Fate::DropField,
            Transform::DropRecord => return Fate::DropRecord,
            Transform::Constant(constant) => constant.parse().ok(),
            Transform::Token { key, .. } | Transform::Integer(key) => {
                let span = range.1.abs_diff(range.0.max(0)).saturating_add(1).min(1 << 53);
                let number = key.number("int", value.to_string().as_bytes()) % span.max(1);
                i64::try_from(number).ok().and_then(|number| range.0.max(0).checked_add(number))
            }
            Transform::Bucket(bucket) => bucket.integer(unit, value),
            Transform::DateShift { key, days, unit: own } => own.or(unit).and_then(|unit| {
                shift(key, *days, subject).checked_mul(unit.a_day()).and_then(|by| value.checked_add(by))
            }),
            _ => None,
        };
        Fate::Value(changed.filter(|changed| (range.0..=range.1).contains(changed)).unwrap_or(0))
    }

    /// What becomes of a number with a fraction.
    #[must_use]
    pub fn float(&self, value: f64) -> Fate<f64> {
        Fate::Value(match self {
            Transform::Null => return Fate::Null,
            Transform::DropField => return Fate::DropField,
            Transform::DropRecord => return Fate::DropRecord,
            Transform::Constant(constant) => constant.parse().ok().filter(|c: &f64| c.is_finite()).unwrap_or(0.0),
            Transform::Token { key, .. } | Transform::Integer(key) => {
                let number = u32::try_from(key.number("int", &value.to_be_bytes()) >> 32).unwrap_or(0);
                f64::from(number)
            }
            Transform::Bucket(Bucket::Width(width)) => (value / width).floor() * width,
            _ => 0.0,
        })
    }

    /// What becomes of a truth value.
    #[must_use]
    pub fn truth(&self) -> Fate<bool> {
        match self {
            Transform::Null => Fate::Null,
            Transform::DropField => Fate::DropField,
            Transform::DropRecord => Fate::DropRecord,
            Transform::Constant(constant) => Fate::Value(&**constant == "true"),
            _ => Fate::Value(false),
        }
    }

    /// What becomes of bytes that are no text, or of a list or group of fields that is of the class as a whole: it is left out, which
    /// is `Value(())` where there has to be one.
    #[must_use]
    pub fn whole(&self) -> Fate<()> {
        match self {
            Transform::Null => Fate::Null,
            Transform::DropField => Fate::DropField,
            Transform::DropRecord => Fate::DropRecord,
            _ => Fate::Value(()),
        }
    }
}

impl Bucket {
    fn text(self, value: &str) -> Option<String> {
        match self {
            Bucket::Width(width) => {
                let number: f64 = value.trim().parse().ok().filter(|number: &f64| number.is_finite())?;
                Some(((number / width).floor() * width).to_string())
            }
            Bucket::Month(_) => date_in(value, |date| date.replace_day(1).ok()),
            Bucket::Year(_) => date_in(value, |date| date.replace_ordinal(1).ok()),
        }
    }

    fn integer(self, unit: Option<Unit>, value: i64) -> Option<i64> {
        match self {
            // A width with a fraction means nothing for whole numbers.
            Bucket::Width(width) => {
                #[expect(clippy::cast_possible_truncation, reason = "whole, and far within")]
                let width = (width.fract() == 0.0 && (1.0..9e15).contains(&width)).then_some(width as i64)?;
                value.checked_sub(value.rem_euclid(width))
            }
            Bucket::Month(own) => down(value, own.or(unit)?, |date| date.replace_day(1).ok()),
            Bucket::Year(own) => down(value, own.or(unit)?, |date| date.replace_ordinal(1).ok()),
        }
    }
}

/// The nearest number of the shorter type, or 0 where it has none.
pub(crate) fn short(value: f64) -> f32 {
    #[expect(clippy::cast_possible_truncation, reason = "the nearest of the shorter type is what is wanted")]
    let short = value as f32;
    if short.is_finite() { short } else { 0.0 }
}

/// The first moment of the day that `change` makes of the day of a number.
fn down(value: i64, unit: Unit, change: impl Fn(Date) -> Option<Date>) -> Option<i64> {
    let epoch = Date::from_ordinal_date(1970, 1).ok()?;
    let date = epoch.checked_add(time::Duration::days(value.div_euclid(unit.a_day())))?;
    (change(date)? - epoch).whole_days().checked_mul(unit.a_day())
}

/// Changes the date that a text begins with (`YYYY-MM-DD`); what stands behind it, such as a time of day, is left out.
fn date_in(value: &str, change: impl Fn(Date) -> Option<Date>) -> Option<String> {
    let (day, rest) = value.split_at_checked(10)?;
    if !(rest.is_empty() || rest.starts_with(['T', 't', ' '])) {
        return None;
    }
    let mut parts = day.split('-');
    let mut part = |digits: usize| {
        let text = parts.next()?;
        (text.len() == digits && text.bytes().all(|b| b.is_ascii_digit())).then_some(text)
    };
    let (year, month, day) = (part(4)?.parse().ok()?, part(2)?.parse::<u8>().ok()?, part(2)?.parse().ok()?);
    let date = change(Date::from_calendar_date(year, time::Month::try_from(month).ok()?, day).ok()?)?;
    if !(0..=9999).contains(&date.year()) {
        return None;
    }
    let day = format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day());
    // A moment stays one, for those who parse it; which of the day it was is not told.
    Some(if rest.is_empty() { day } else { format!("{day}T00:00:00Z") })
}

/// Days to shift by, the same for the same subject; never none.
fn shift(key: &ClassKey, days: u16, subject: &[u8]) -> i64 {
    let days = u64::from(days.max(1));
    let number = key.number("days", subject) % (2 * days);
    let distance = i64::try_from(number % days).unwrap_or(0) + 1;
    if number < days { -distance } else { distance }
}

fn keep(value: &str, n: usize, first: bool) -> String {
    let length = value.chars().count();
    let kept = if length / 2 >= n { n } else { 0 };
    let is_kept = |place: usize| if first { place < kept } else { place >= length - kept };
    value.chars().enumerate().map(|(place, c)| if is_kept(place) { c } else { STAR }).collect()
}

fn email(value: &str, keep_domain: bool) -> String {
    match value.rsplit_once('@') {
        Some((_, domain)) if keep_domain && is_domain(domain) => format!("{REDACTED}@{domain}"),
        _ => format!("{REDACTED}@{REDACTED}"),
    }
}

fn token(key: &ClassKey, prefix: &str, value: &[u8]) -> String {
    let tag = key.tag("token", value);
    let mut token = format!("{prefix}{}_", key.id);
    for byte in tag.as_ref().iter().take(TOKEN_DIGITS / 2) {
        // Writing to a text does not fail.
        let _infallible = write!(token, "{byte:02x}");
    }
    token
}

fn network(value: &str) -> Option<String> {
    Some(match value.trim().parse().ok()? {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            Ipv4Addr::new(a, b, c, 0).to_string()
        }
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(mapped) => network(&mapped.to_string())?,
            // The first 48 bits hold all of an address of IPv4 (RFC 3056).
            None if address.segments().first() == Some(&0x2002) => return None,
            None => {
                let [a, b, c, ..] = address.segments();
                Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0).to_string()
            }
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(secret: u8) -> ClassKey {
        ClassKey::new("k1", &[secret; 32])
    }

    fn text(transform: &Transform, value: &str) -> String {
        match transform.text(value, b"subject") {
            Fate::Value(value) => value,
            other => panic!("{other:?}"),
        }
    }

    fn integer(transform: &Transform, value: i64) -> i64 {
        match transform.integer(value, (i64::MIN, i64::MAX), b"subject") {
            Fate::Value(value) => value,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn characters_are_kept_up_to_half() {
        assert_eq!(text(&Transform::KeepLast(4), "4111111111111111"), "************1111");
        assert_eq!(text(&Transform::KeepFirst(2), "straße"), "st****");
        assert_eq!(text(&Transform::KeepLast(4), "12345678"), "****5678");
        assert_eq!(text(&Transform::KeepLast(4), "1234567"), "*******", "more than half would be seen");
        assert_eq!(text(&Transform::KeepLast(4), ""), "");
        assert_eq!(text(&Transform::Fixed(8), "short"), "********");
    }

    #[test]
    fn addresses_keep_what_they_may() {
        for hidden in ["a@b.de, tel 0170 1234567", "ann@[192.0.2.1]"] {
            assert_eq!(text(&Transform::Email { keep_domain: true }, hidden), "***@***", "{hidden}");
        }
        assert_eq!(text(&Transform::Network, "2002:c000:24d::1"), REDACTED, "192.0.2.77 by 6to4");

        let kept = Transform::Email { keep_domain: true };
        assert_eq!(text(&kept, "ann@b@example.org"), "***@example.org");
        assert_eq!(text(&Transform::Email { keep_domain: false }, "ann@example.org"), "***@***");
        for not_one in ["ann", "ann@", ""] {
            assert_eq!(text(&kept, not_one), "***@***", "{not_one}");
        }
        assert_eq!(text(&Transform::Network, "192.0.2.77"), "192.0.2.0");
        assert_eq!(text(&Transform::Network, "2001:db8:1:2::3"), "2001:db8:1::");
        assert_eq!(text(&Transform::Network, "::ffff:192.0.2.77"), "192.0.2.0");
        assert_eq!(text(&Transform::Network, "host.example"), REDACTED);
    }

    #[test]
    fn tokens_are_the_same_for_the_same_value_and_key() {
        let of = |secret| Transform::Token { key: key(secret), prefix: "nm_".into() };
        let first = text(&of(1), "Ann");
        assert_eq!(first, text(&of(1), "Ann"));
        assert_ne!(first, text(&of(2), "Ann"));
        assert_ne!(first, text(&of(1), "Bob"));
        assert!(first.starts_with("nm_k1_") && first.len() == 6 + TOKEN_DIGITS && !first.contains("Ann"));
        let number = Transform::Integer(key(1));
        assert_eq!(integer(&number, 7), integer(&number, 7));
        assert_ne!(integer(&number, 7), integer(&number, 8));
        let Fate::Value(small) = number.integer(7, (-128, 127), b"") else { panic!() };
        assert!((0..=127).contains(&small));
    }

    #[test]
    fn dates_and_numbers_are_gathered() {
        let year = Transform::Bucket(Bucket::Year(Some(Unit::Days)));
        assert_eq!(text(&year, "1984-07-03"), "1984-01-01");
        assert_eq!(text(&year, "1984-07-03T12:34:56.789+02:00"), "1984-01-01T00:00:00Z");
        assert_eq!(integer(&year, 400), 365, "1971-02-05 and its year's first day");
        assert_eq!(integer(&Transform::Bucket(Bucket::Month(Some(Unit::Millis))), -1), -31 * SECONDS_A_DAY * 1000);
        assert_eq!(text(&year, "3 July 1984"), REDACTED);
        assert_eq!(text(&year, "1984-02-31"), REDACTED);
        let ten = Transform::Bucket(Bucket::Width(10.0));
        assert_eq!((text(&ten, "47.5"), integer(&ten, -3)), ("40".to_owned(), -10));
        assert_eq!(ten.float(47.5), Fate::Value(40.0));
        let broken = Transform::Bucket(Bucket::Width(2.5));
        assert_eq!((broken.float(7.6), integer(&broken, 7)), (Fate::Value(7.5), 0));
        assert_eq!(integer(&Transform::Bucket(Bucket::Year(None)), 400), 0, "what it counts in is not said");
    }

    #[test]
    fn dates_move_together_for_one_subject() {
        let shift = Transform::DateShift { key: key(1), days: 30, unit: Some(Unit::Days) };
        let day = |text: &str, subject: &[u8]| match shift.text(text, subject) {
            Fate::Value(text) => text,
            other => panic!("{other:?}"),
        };
        assert_ne!(day("2020-05-05", b"ann"), "2020-05-05");
        let distances = |subject: &[u8]| match shift.integer(0, (i64::MIN, i64::MAX), subject) {
            Fate::Value(days) => days,
            other => panic!("{other:?}"),
        };
        let all: Vec<i64> = (0_u8..100).map(|n| distances(&[n])).collect();
        assert!(all.iter().all(|days| *days != 0 && days.abs() <= 30) && all.iter().any(|days| *days < 0));
        assert_eq!(distances(b"ann"), distances(b"ann"));
        for subject in 0_u8..20 {
            let last = day("9999-12-31", &[subject]);
            assert!(last == REDACTED || last.starts_with("9999-12-"), "{last}: dates have four digits of a year");
        }
    }

    #[test]
    fn types_stay_and_what_means_nothing_is_redacted() {
        let redact = Transform::Redact;
        assert_eq!((text(&redact, "secret"), integer(&redact, 7)), (REDACTED.to_owned(), 0));
        assert_eq!(
            (redact.float(7.5), redact.truth(), redact.whole()),
            (Fate::Value(0.0), Fate::Value(false), Fate::Value(()))
        );
        assert_eq!(integer(&Transform::KeepLast(4), 4_111_111_111_111_111), 0);
        let constant = Transform::Constant("300".into());
        assert_eq!(constant.integer(7, (-128, 127), b""), Fate::Value(0), "it does not fit");
        assert_eq!(integer(&constant, 7), 300);
        assert_eq!(Transform::Constant("x".into()).float(1.0), Fate::Value(0.0));
        assert_eq!(Transform::Null.truth(), Fate::Null);
        assert_eq!(Transform::DropField.text("x", b""), Fate::DropField);
        assert_eq!(Transform::DropRecord.whole(), Fate::DropRecord);
    }
}
