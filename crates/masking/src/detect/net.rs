//! IPv6 addresses (RFC 4291), read by the standard library.

use std::net::Ipv6Addr;

use super::{Detector, Finder};

/// The longest that is read: eight groups, or six and an IPv4 address, and what may be trimmed.
const LONGEST: usize = 48;
/// An address without any digit has to have so many colons: `a::b` stands in programs.
const COLONS_WITHOUT_DIGITS: usize = 4;

impl Finder<'_> {
    /// Looks at all that a colon stands in. Times and addresses of network cards have colons too, but do not parse.
    pub(super) fn ipv6(&mut self, colon: usize) {
        let is = |byte: u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
        let mut start = self.run_start(colon, LONGEST, is);
        let mut end = self.run_end(colon, usize::MAX, is);
        self.past.colons = end;
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if letter(self.at(end)) || end - start > LONGEST {
            return;
        }
        end = self.run_start(end, LONGEST, |byte| byte == b'.').max(start);
        if end > start + 1 && self.before(end) == b':' && self.before(end - 1) != b':' {
            end -= 1;
        }
        start = self.run_end(start, end - start, |byte| byte == b'.');
        if self.at(start) == b':' && self.at(start + 1) != b':' {
            start += 1;
        } else if letter(self.before(start)) {
            return;
        }
        let Some(text) = self.text.get(start..end) else { return };
        let colons = text.bytes().filter(|byte| *byte == b':').count();
        let digits = text.bytes().any(|byte| byte.is_ascii_digit());
        if (digits || colons >= COLONS_WITHOUT_DIGITS) && colons > 1 && text.parse::<Ipv6Addr>().is_ok() {
            self.push(Detector::Ip, start, end);
        }
    }
}
