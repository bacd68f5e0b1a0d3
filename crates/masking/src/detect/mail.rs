//! E-mail addresses (RFC 5321, with the letters of RFC 6531).

use super::{Detector, Finder, looked};

/// The longest quoted local part, with its quotes.
const QUOTED_MAX: usize = 66;
/// The longest address in brackets, as in `ann@[192.0.2.1]`.
const LITERAL_MAX: usize = 64;

/// What an address's first part is made of here. The standard allows `= & ? / { | }` too, but in text they stand between things.
fn in_local(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '%' | '\'' | '!' | '#' | '$' | '*' | '^' | '~' | '`')
}

fn in_domain(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '-')
}

impl Finder<'_> {
    /// Looks at both sides of an `@`. Neither side goes past another one, so that all of them together read each byte twice.
    pub(super) fn email(&mut self, at: usize) {
        let Some((before, after)) = self.text.split_at_checked(at) else { return };
        let Some(end) = domain_end(after.strip_prefix('@').unwrap_or_default()) else { return };
        let local = before.trim_end_matches(in_local);
        looked(before.len() - local.len());
        let start = local.len() + before.bytes().skip(local.len()).take_while(|byte| *byte == b'.').count();
        let start = match before.bytes().next_back() {
            Some(b'"') => match self.quoted(at) {
                Some(start) => start,
                None => return,
            },
            _ => start,
        };
        if start < at {
            self.push(Detector::Email, start, at + 1 + end);
        }
    }

    /// Where a quoted local part begins, as in `"ann b"@example.org`.
    fn quoted(&self, at: usize) -> Option<usize> {
        let inner = at.checked_sub(1)?;
        let start = self.run_start(inner, QUOTED_MAX, |byte| byte != b'"' && byte.is_ascii() && byte != b'@');
        (start < inner && self.before(start) == b'"').then(|| start - 1)
    }
}

/// Whether the text is a domain, and nothing else; not an address of a machine.
pub(crate) fn is_domain(text: &str) -> bool {
    !text.starts_with('[') && domain_end(text) == Some(text.len())
}

/// How long the domain is that a text begins with: labels with dots, of which the last has letters, or an address in brackets.
fn domain_end(after: &str) -> Option<usize> {
    if let Some(literal) = after.strip_prefix('[') {
        let end = literal.bytes().take(LITERAL_MAX).position(|byte| byte == b']')?;
        let is = |byte: u8| byte.is_ascii_hexdigit() || b".:IPv".contains(&byte);
        return (end > 0 && literal.bytes().take(end).all(is)).then_some(end + 2);
    }
    let domain = after.len() - after.trim_start_matches(in_domain).len();
    let domain = after.get(..domain)?;
    looked(domain.len());
    // Behind two dots, or a dot and a space, something else begins.
    let domain = domain.split_once("..").map_or(domain, |(domain, _)| domain).trim_end_matches(['.', '-']);
    let (first, last) = domain.rsplit_once('.')?;
    let last_is_name = last.chars().nth(1).is_some() && last.chars().any(char::is_alphabetic);
    (last_is_name && !first.is_empty() && !first.starts_with(['.', '-'])).then_some(domain.len())
}
