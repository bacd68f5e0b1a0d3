//! SPIFFE IDs (SPIFFE-ID, 2): `spiffe://trust-domain/path`, read strictly, so that one workload has one name.

/// What every id begins with.
pub(crate) const SPIFFE: &str = "spiffe://";
/// Longest id that the standard allows.
const ID_BYTES_MAX: usize = 2_048;
const TRUST_DOMAIN_BYTES_MAX: usize = 255;

/// A SPIFFE ID of a workload; it has a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SpiffeId<'a> {
    pub(crate) trust_domain: &'a str,
}

impl<'a> SpiffeId<'a> {
    /// Reads an id; the error says what is wrong.
    pub(crate) fn parse(text: &'a str) -> Result<SpiffeId<'a>, &'static str> {
        if text.len() > ID_BYTES_MAX {
            return Err("is longer than 2048 bytes");
        }
        let rest = text.strip_prefix(SPIFFE).ok_or("does not begin with spiffe://, in lower case")?;
        let (trust_domain, path) = rest.split_once('/').ok_or("has no path: it names a trust domain, no workload")?;
        if !is_trust_domain(trust_domain) {
            return Err("has no trust domain of lower-case letters, digits, dots, dashes and underscores");
        }
        // no escapes, no query, no empty or relative steps: there is one way to write each id
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        let step = |step: &str| !matches!(step, "" | "." | "..") && step.bytes().all(plain);
        if !path.split('/').all(step) {
            return Err(
                "has a path with empty or relative steps, or other characters than letters, digits, ., - and _",
            );
        }
        Ok(SpiffeId { trust_domain })
    }
}

/// Whether it may be a trust domain's name.
pub(crate) fn is_trust_domain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_".contains(&byte);
    (1..=TRUST_DOMAIN_BYTES_MAX).contains(&name.len()) && name.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_way_to_be_written() {
        for good in ["spiffe://example.org/a", "spiffe://td_1/ns/x/sa/Y.z-0_", "spiffe://1.2.3.4/...", "spiffe://a/.a"]
        {
            assert!(SpiffeId::parse(good).is_ok(), "{good}");
        }
        assert_eq!(SpiffeId::parse("spiffe://example.org/a").unwrap().trust_domain, "example.org");
        let long_domain = format!("spiffe://{}/a", "d".repeat(256));
        let long = format!("spiffe://d/{}", "p".repeat(2_048));
        for bad in [
            "",
            "spiffe://",
            "spiffe://example.org",
            "spiffe://example.org/",
            "spiffe:///a",
            "SPIFFE://example.org/a",
            "Spiffe://example.org/a",
            "https://example.org/a",
            "spiffe://Example.org/a",
            "spiffe://example.org:8443/a",
            "spiffe://user@example.org/a",
            "spiffe://example.org/a/",
            "spiffe://example.org//a",
            "spiffe://example.org/a/../b",
            "spiffe://example.org/./a",
            "spiffe://example.org/%61",
            "spiffe://example.org/a?b",
            "spiffe://example.org/a#b",
            "spiffe://example.org/a b",
            "spiffe://example.org/a\0",
            "spiffe://example.org/ä",
            " spiffe://example.org/a",
            &long_domain,
            &long,
        ] {
            assert!(SpiffeId::parse(bad).is_err(), "{bad}");
        }
    }
}
