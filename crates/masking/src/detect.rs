//! Finds what is sensitive by what it looks like: [`search`] for rewriters, [`scan`] for whoever has no plan.
//!
//! One pass marks 64 bytes at a time (`marks`) and wakes a detector only where its anchor stands: an `@`, a colon between
//! hexadecimal digits, seven characters of a number in a row. Prefixes of secrets are found by one automaton. Every detector remembers
//! how far it has read, so that hostile text costs a bounded number of looks at each byte.
//!
//! Text in disguise (percent signs, entities, escapes, other scripts' digits, hexadecimal, base64) is decoded once and looked at
//! again (`hidden`). What two disguises hide is not found.

mod bank;
mod hidden;
pub(crate) mod mail;
mod marks;
mod net;
mod numbers;
mod phone;
mod secrets;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;

use crate::found::Found;
use crate::plan::{ClassId, Scope, Unmaskable};
use marks::Marks;

/// The longest text that is looked at. Brokers take batches of 1 MiB unless told otherwise; with this no position leaves 32 bits,
/// and what is decoded beside the text stays within a few times its size.
pub const TEXT_MAX: usize = 64 << 20;

/// Blocks of marks that are made before they are looked at: 1 KiB of text.
const BATCH: usize = 16;

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Detector {
    /// Numbers of payment cards: 13 to 19 digits of a known issuer with a right check digit.
    Card,
    /// International bank account numbers (ISO 13616) with right check digits.
    Iban,
    /// Social security numbers of the United States: with separators, or after a word that says so.
    Ssn,
    /// E-mail addresses.
    Email,
    /// Addresses of machines, IPv4 and IPv6.
    Ip,
    /// Telephone numbers with a country's code (E.164).
    Phone,
    /// JSON web tokens, signed or encrypted.
    Jwt,
    /// Keys of cloud providers and of other services.
    CloudKey,
    /// Private keys in PEM and in formats that look like it.
    PrivateKey,
}

impl Detector {
    /// All there are.
    pub const ALL: [Detector; 9] = [
        Detector::Card,
        Detector::Iban,
        Detector::Ssn,
        Detector::Email,
        Detector::Ip,
        Detector::Phone,
        Detector::Jwt,
        Detector::CloudKey,
        Detector::PrivateKey,
    ];

    /// Its name in a policy.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Detector::Card => "card",
            Detector::Iban => "iban",
            Detector::Ssn => "ssn",
            Detector::Email => "email",
            Detector::Ip => "ip",
            Detector::Phone => "phone",
            Detector::Jwt => "jwt",
            Detector::CloudKey => "cloud_key",
            Detector::PrivateKey => "private_key",
        }
    }

    /// The detector of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Detector> {
        Detector::ALL.into_iter().find(|detector| detector.name() == name)
    }
}

/// Something that was found: bytes of the text, which begin and end between characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Its first byte.
    pub start: usize,
    /// The byte after its last.
    pub end: usize,
    /// Its class.
    pub class: ClassId,
    /// Whether it holds what another masked class covers, or could not be read: then nothing of it may stay.
    pub whole: bool,
}

/// Looks for what is wanted and leaves in `hits` what was found, in order and without overlaps. Where hits overlap, all that any of
/// them covers is one hit; its class is that of the longest, or else of the one that is wanted first.
///
/// Of a text over [`TEXT_MAX`] nothing is looked at, and data that is compressed beneath base64 is passed over: rewriters use
/// [`search`], which refuses both.
pub fn scan(text: &str, wanted: &[(Detector, ClassId)], hits: &mut Vec<Hit>) {
    hits.clear();
    if text.len() <= TEXT_MAX {
        let _packed = find(text, wanted, hits, true);
        merge(hits, wanted, |_| false);
    }
}

/// As [`scan`], for the content that a plan wants. Where hits overlap, a class that is masked goes before one that is not, so that
/// no masked value shows because it stands in a longer clear one.
///
/// # Errors
/// The text is too long, or holds compressed data in base64 or hexadecimal while a masked class is looked for.
pub fn search(scope: &Scope<'_>, text: &str, hits: &mut Vec<Hit>) -> Result<(), Unmaskable> {
    hits.clear();
    let wanted = &*scope.mask.content;
    if wanted.is_empty() {
        return Ok(());
    }
    let masked = |class| scope.transform(class).is_some();
    let any_masked = wanted.iter().any(|(_, class)| masked(*class));
    if text.len() > TEXT_MAX {
        return if any_masked { Err(Unmaskable { why: "the text is too long", at: TEXT_MAX }) } else { Ok(()) };
    }
    let packed = find(text, wanted, hits, true);
    if let Some(at) = packed.filter(|_| any_masked) {
        hits.clear();
        return Err(Unmaskable { why: "compressed data in the text", at });
    }
    merge(hits, wanted, masked);
    Ok(())
}

/// As [`search`], for a text that is one of a record's many: what would be refused is one hit as a whole, of a masked class.
pub(crate) fn search_in_field(scope: &Scope<'_>, text: &str, hits: &mut Vec<Hit>) {
    if search(scope, text, hits).is_ok() {
        return;
    }
    let masked = scope.mask.content.iter().find(|(_, class)| scope.transform(*class).is_some());
    hits.extend(masked.map(|(_, class)| Hit { start: 0, end: text.len(), class: *class, whole: true }));
}

/// Digits of the whole numbers that are looked at: those of payment cards.
pub(crate) const DIGITS: std::ops::RangeInclusive<usize> = 13..=19;

/// The masked class of what is found in a whole number, if there is one; all that is found is counted, but for what is of a class that
/// was counted as `clear`.
pub(crate) fn number(
    scope: &Scope<'_>,
    clear: &[ClassId],
    digits: &str,
    hits: &mut Vec<Hit>,
    found: &mut Found,
) -> Option<ClassId> {
    if scope.mask.content.is_empty() || !DIGITS.contains(&digits.len()) {
        return None;
    }
    search_in_field(scope, digits, hits);
    let mut masked = None;
    for hit in hits {
        let is_masked = scope.transform(hit.class).is_some();
        if is_masked || !clear.contains(&hit.class) {
            found.count(hit.class, is_masked);
        }
        masked = masked.or(is_masked.then_some(hit.class));
    }
    masked
}

/// The digits of a whole number that is kept as one with a fraction, if they are as many as are looked at.
pub(crate) fn digits(value: f64) -> Option<String> {
    let whole = value.abs();
    (whole.fract() == 0.0 && (1e12..1e19).contains(&whole)).then(|| format!("{whole:.0}"))
}

/// Adds what is in the text to `hits`, in no order. Returns where compressed data stands in it, encoded.
fn find(text: &str, wanted: &[(Detector, ClassId)], hits: &mut Vec<Hit>, disguised: bool) -> Option<usize> {
    let wants = |detector| wanted.iter().any(|(wanted, _)| *wanted == detector);
    let watch = Watch {
        card: wants(Detector::Card),
        iban: wants(Detector::Iban),
        ssn: wants(Detector::Ssn),
        email: wants(Detector::Email),
        ip: wants(Detector::Ip),
        phone: wants(Detector::Phone),
    };
    let mut finder = Finder {
        text,
        bytes: text.as_bytes(),
        wanted,
        watch,
        hits,
        disguised,
        folded: false,
        packed: None,
        past: Past::default(),
    };
    finder.run();
    finder.packed
}

fn merge(hits: &mut Vec<Hit>, wanted: &[(Detector, ClassId)], first: impl Fn(ClassId) -> bool) {
    if hits.len() < 2 {
        return;
    }
    hits.sort_unstable_by_key(|hit| (hit.start, Reverse(hit.end)));
    let rank = |hit: &Hit| {
        let place = wanted.iter().position(|(_, class)| *class == hit.class);
        (first(hit.class), hit.end - hit.start, Reverse(place))
    };
    let mut best = hits.first().map(rank);
    hits.dedup_by(|next, kept| {
        let ranked = Some(rank(next));
        if next.start >= kept.end {
            best = ranked;
            return false;
        }
        let wins = ranked > best;
        let beaten = if wins { kept.class } else { next.class };
        if wins {
            kept.class = next.class;
            best = ranked;
        }
        kept.whole |= next.whole || (beaten != kept.class && first(beaten));
        kept.end = kept.end.max(next.end);
        true
    });
}

/// Called wherever more than a few bytes are looked at. A test counts them, to see that hostile text costs no more than other text;
/// otherwise it is nothing.
fn looked(bytes: usize) {
    #[cfg(test)]
    tests::work::LOOKS.set(tests::work::LOOKS.get() + bytes);
    #[cfg(not(test))]
    let _ = bytes;
}

/// How far each detector has read: what stands before need not be read again.
#[derive(Debug, Default)]
struct Past {
    numbers: usize,
    colons: usize,
    phones: usize,
    words: usize,
}

/// One text that is being looked at.
struct Finder<'a> {
    text: &'a str,
    bytes: &'a [u8],
    wanted: &'a [(Detector, ClassId)],
    watch: Watch,
    hits: &'a mut Vec<Hit>,
    /// Whether text in disguise is looked for; not in what was one.
    disguised: bool,
    /// Whether there is something to decode.
    folded: bool,
    packed: Option<usize>,
    past: Past,
}

/// What is wanted of what the marks are looked at for.
#[derive(Clone, Copy)]
struct Watch {
    card: bool,
    iban: bool,
    ssn: bool,
    email: bool,
    ip: bool,
    phone: bool,
}

impl Finder<'_> {
    fn run(&mut self) {
        let (blocks, tail) = self.bytes.as_chunks::<{ marks::BLOCK }>();
        let mut last = [0; marks::BLOCK];
        last.iter_mut().zip(tail).for_each(|(to, from)| *to = *from);
        looked(self.bytes.len());
        let mut blocks = blocks.iter().chain([&last]);
        // What stands before, the block that is next, and those after it: written once, and read when all are.
        let mut batch = [Marks::default(); BATCH + 2];
        if let ([_, first, ..], Some(block)) = (&mut batch, blocks.next()) {
            *first = Marks::of(block);
        }
        let mut base = 0;
        loop {
            let [_, _, places @ ..] = &mut batch;
            // Without another place no other block is taken.
            let count = places.iter_mut().zip(blocks.by_ref()).map(|(place, block)| *place = Marks::of(block)).count();
            let ended = count < BATCH;
            if let Some(beyond) = places.get_mut(count) {
                *beyond = Marks::default();
            }
            for marks in batch.windows(3).take(count + usize::from(ended)) {
                if let [before, now, next] = marks {
                    self.block(base, [before, now, next]);
                }
                base += marks::BLOCK;
            }
            if ended {
                break;
            }
            let [before, first, .., last, beyond] = &mut batch;
            (*before, *first) = (*last, *beyond);
        }
        if [Detector::Jwt, Detector::CloudKey, Detector::PrivateKey].into_iter().any(|detector| self.wants(detector)) {
            self.secrets();
        }
        if self.folded {
            self.folded();
        }
    }

    fn block(&mut self, base: usize, marks: [&Marks; 3]) {
        let ([_, now, _], watch) = (marks, self.watch);
        if watch.card || watch.ssn || watch.ip {
            let mut starts = marks::numbers(marks);
            while let Some(at) = marks::take(&mut starts, base, self.past.numbers) {
                self.numbers(at);
            }
        }
        if watch.iban {
            let mut starts = marks::accounts(marks);
            while let Some(at) = marks::take(&mut starts, base, 0) {
                self.iban(at);
            }
        }
        if watch.ip {
            let mut colons = marks::colons(marks);
            while let Some(at) = marks::take(&mut colons, base, self.past.colons) {
                self.ipv6(at);
            }
        }
        let mut rare = now.rare;
        while let Some(at) = marks::take(&mut rare, base, 0) {
            match self.at(at) {
                b'@' if watch.email => self.email(at),
                b'+' if watch.phone => self.phone(at),
                b'@' | b'+' => {}
                _ => self.folded = self.folded || (self.disguised && self.is_disguise(at)),
            }
        }
        if self.disguised {
            let mut words = marks::words(marks);
            while let Some(at) = marks::take(&mut words, base, self.past.words) {
                self.word(at);
            }
        }
    }

    fn wants(&self, detector: Detector) -> bool {
        self.wanted.iter().any(|(wanted, _)| *wanted == detector)
    }

    fn push(&mut self, detector: Detector, start: usize, end: usize) {
        if let Some((_, class)) = self.wanted.iter().find(|(wanted, _)| *wanted == detector) {
            self.hits.push(Hit { start, end, class: *class, whole: false });
        }
    }

    /// The byte there; 0 outside of the text, which stands in no pattern.
    fn at(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(0)
    }

    fn before(&self, at: usize) -> u8 {
        at.checked_sub(1).map_or(0, |at| self.at(at))
    }

    /// Where bytes of this kind end that begin at `from`, `most` of them at most.
    fn run_end(&self, from: usize, most: usize, is: impl Fn(u8) -> bool) -> usize {
        let rest = self.bytes.get(from..).unwrap_or_default();
        let count = rest.iter().take(most).take_while(|byte| is(**byte)).count();
        looked(count + 1);
        from + count
    }

    /// Where bytes of this kind begin that end at `to`, `most` of them at most.
    fn run_start(&self, to: usize, most: usize, is: impl Fn(u8) -> bool) -> usize {
        let rest = self.bytes.get(..to).unwrap_or_default();
        let count = rest.iter().rev().take(most).take_while(|byte| is(**byte)).count();
        looked(count + 1);
        to - count
    }
}
