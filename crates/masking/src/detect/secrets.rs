//! Tokens, keys of services, and private keys: found by how they begin, with one automaton for all.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;

use super::{Detector, Finder, hidden, looked};

/// The longest header of a token that is decoded. Gateways and servers take headers of HTTP of 8 KiB.
const HEADER_MAX: usize = 8 << 10;
/// Places in one run of base64 at which a token's header is looked for, so that hostile text costs no more than so many readings.
const HEADERS_A_RUN: usize = 4;
/// Parts of an encrypted token (RFC 7516); signed ones have three.
const PARTS_MAX: usize = 5;
/// The longest key that is covered; none of those known has more.
const KEY_MAX: usize = 512;
/// How far behind a word such as `secret` a key may begin.
const CONTEXT: usize = 40;
/// Characters of an AWS secret access key.
const AWS_SECRET: usize = 40;
/// The longest label of PEM that is read.
const LABEL_MAX: usize = 64;

#[derive(Clone, Copy)]
enum Kind {
    Token,
    /// A key that goes on for so many characters at least.
    Key(usize, fn(u8) -> bool),
    /// A word behind which a secret may stand.
    Word,
    Private,
}

fn upper(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit()
}

fn base62(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

fn base64(byte: u8) -> bool {
    base62(byte) || matches!(byte, b'+' | b'/' | b'=')
}

fn base64_url(byte: u8) -> bool {
    base62(byte) || matches!(byte, b'-' | b'_')
}

/// How secrets begin. Lengths are those that the services document, or shorter where they say that they may change.
const ANCHORS: &[(&str, Kind)] = &[
    // {" or { with white space, in base64
    ("eyJ", Kind::Token),
    ("eyA", Kind::Token),
    ("ewo", Kind::Token),
    ("ew0", Kind::Token),
    // AWS
    ("AKIA", Kind::Key(16, upper)),
    ("ASIA", Kind::Key(16, upper)),
    // Google
    ("AIza", Kind::Key(35, base64_url)),
    ("GOCSPX-", Kind::Key(28, base64_url)),
    // GitHub, GitLab
    ("ghp_", Kind::Key(36, base62)),
    ("gho_", Kind::Key(36, base62)),
    ("ghu_", Kind::Key(36, base62)),
    ("ghs_", Kind::Key(36, base62)),
    ("ghr_", Kind::Key(36, base62)),
    ("github_pat_", Kind::Key(22, base64_url)),
    ("glpat-", Kind::Key(20, base64_url)),
    // Slack
    ("xoxb-", Kind::Key(10, base64_url)),
    ("xoxp-", Kind::Key(10, base64_url)),
    ("xoxa-", Kind::Key(10, base64_url)),
    ("xoxr-", Kind::Key(10, base64_url)),
    ("xoxs-", Kind::Key(10, base64_url)),
    ("xoxe", Kind::Key(20, base64_url)),
    ("xapp-", Kind::Key(10, base64_url)),
    // Stripe
    ("sk_live_", Kind::Key(16, base62)),
    ("rk_live_", Kind::Key(16, base62)),
    // Azure storage: 64 bytes
    ("AccountKey=", Kind::Key(80, base64)),
    // Anthropic, OpenAI, npm
    ("sk-ant-", Kind::Key(20, base64_url)),
    ("sk-proj-", Kind::Key(20, base64_url)),
    ("npm_", Kind::Key(36, base62)),
    ("secret", Kind::Word),
    ("Secret", Kind::Word),
    ("SECRET", Kind::Word),
    ("-----BEGIN ", Kind::Private),
    ("---- BEGIN ", Kind::Private),
    ("PuTTY-User-Key-File-", Kind::Private),
];

/// `None` only if the automaton could not be built, which its few short patterns rule out; a test says so.
static AUTOMATON: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let patterns = ANCHORS.iter().map(|(prefix, _)| prefix);
    AhoCorasick::builder().match_kind(MatchKind::Standard).build(patterns).ok()
});

/// A run of base64 in which tokens were looked for.
#[derive(Clone, Copy, Debug, Default)]
struct Run {
    end: usize,
    looked: usize,
}

impl Finder<'_> {
    pub(super) fn secrets(&mut self) {
        let Some(automaton) = &*AUTOMATON else { return };
        let [token, key, private] =
            [Detector::Jwt, Detector::CloudKey, Detector::PrivateKey].map(|detector| self.wants(detector));
        let mut run = Run::default();
        let mut past = 0;
        for found in automaton.find_overlapping_iter(self.bytes) {
            let (start, end) = (found.start(), found.end());
            if start < past {
                continue;
            }
            let hit = match ANCHORS.get(found.pattern().as_usize()).map(|(_, kind)| *kind) {
                Some(Kind::Token) if token => self.token(start, &mut run).map(|end| (Detector::Jwt, start, end)),
                Some(Kind::Key(least, is)) if key => {
                    let last = self.run_end(end, KEY_MAX, is);
                    (last - end >= least).then_some((Detector::CloudKey, start, last))
                }
                Some(Kind::Word) if key => self.secret(end).map(|(start, end)| (Detector::CloudKey, start, end)),
                Some(Kind::Private) if private => {
                    self.private(start, end).map(|end| (Detector::PrivateKey, start, end))
                }
                _ => None,
            };
            if let Some((detector, start, end)) = hit {
                self.push(detector, start, end);
                past = end;
            }
        }
    }

    /// Where a token ends that begins here: its header is a JSON object with `alg`, and two to four more parts follow, of which not
    /// all are empty (RFC 7515 and 7516, section 3).
    fn token(&self, start: usize, run: &mut Run) -> Option<usize> {
        if start >= run.end {
            *run = Run { end: self.run_end(start, usize::MAX, base64_url), looked: 0 };
        }
        run.looked += 1;
        if self.at(run.end) != b'.' || run.looked > HEADERS_A_RUN || run.end - start > HEADER_MAX {
            return None;
        }
        looked(run.end - start);
        let header = hidden::LENIENT_URL.decode(self.bytes.get(start..run.end)?).ok()?;
        let header: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&header).ok()?;
        if !header.contains_key("alg") {
            return None;
        }
        let (mut end, mut parts, mut filled) = (run.end, 1, false);
        while parts < PARTS_MAX && self.at(end) == b'.' {
            let next = self.run_end(end + 1, usize::MAX, base64_url);
            filled |= next > end + 1;
            (end, parts) = (next, parts + 1);
        }
        (parts > 2 && filled).then_some(end)
    }

    /// A secret key behind a word that announces it: 40 characters of base64 that are neither all digits of a hash nor all of one kind.
    fn secret(&self, word: usize) -> Option<(usize, usize)> {
        let between = |byte: u8| base62(byte) || b"_-.:=>\"'\\ \t".contains(&byte);
        let most = self.run_end(word, CONTEXT, between);
        let places = word..=most;
        for start in places.filter(|at| base64(self.at(*at)) && !base64(self.before(*at)) || self.before(*at) == b'=') {
            let end = self.run_end(start, AWS_SECRET + 1, |byte| base62(byte) || matches!(byte, b'+' | b'/'));
            let key = self.bytes.get(start..end)?;
            let has = |is: fn(&u8) -> bool| key.iter().any(is);
            let is_key = has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit);
            if key.len() == AWS_SECRET && is_key {
                return Some((start, end));
            }
        }
        None
    }

    /// Where a private key ends whose first line begins here. Without a last line it goes to the end of the text.
    fn private(&self, start: usize, label: usize) -> Option<usize> {
        if self.at(start) == b'P' {
            return Some(self.bytes.len());
        }
        let is_label = |byte: u8| byte.is_ascii_alphanumeric() || byte == b' ';
        let end = self.run_end(label, LABEL_MAX, is_label);
        let name = self.bytes.get(label..end)?;
        if !name.windows(11).any(|part| part.eq_ignore_ascii_case(b"PRIVATE KEY")) || self.at(end) != b'-' {
            return None;
        }
        let rest = self.bytes.get(end..)?;
        // As the first line is written; to look for anything else would read the rest again for each key.
        let last: &[u8] = if self.at(start + 4) == b'-' { b"-----END " } else { b"---- END " };
        let found = memchr::memmem::find(rest, last);
        looked(found.unwrap_or(rest.len()));
        let Some(at) = found else { return Some(self.bytes.len()) };
        let last = self.run_end(end + at + last.len(), LABEL_MAX, is_label);
        Some(self.run_end(last, 5, |byte| byte == b'-'))
    }
}
