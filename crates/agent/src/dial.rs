//! Which addresses the agent may dial. The gateway's wishes are checked here and nowhere else.

use std::net::IpAddr;

/// One address to dial: a lower-case name or an IP address in its canonical form, and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// The addresses that one cluster's configuration allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DialRules {
    /// Always allowed; what "any bootstrap address" means.
    pub(crate) bootstrap: Vec<Target>,
    /// Allowed besides.
    pub(crate) patterns: Vec<Pattern>,
}

/// A host, or all names below a suffix, with one port or a range of ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    host: String,
    below: bool,
    low: u16,
    high: u16,
}

impl DialRules {
    /// The address to dial for what the gateway names, or `None` when the configuration does not allow it.
    pub(crate) fn allow(&self, host: &str, port: u16) -> Option<Target> {
        let target = Target { host: canonical(host)?, port };
        let allowed = self.bootstrap.contains(&target) || self.patterns.iter().any(|pattern| pattern.matches(&target));
        allowed.then_some(target)
    }
}

impl Pattern {
    fn matches(&self, target: &Target) -> bool {
        let host = if self.below {
            // the suffix begins with its dot, and something must stand before it
            target.host.strip_suffix(&self.host).is_some_and(|label| !label.is_empty())
        } else {
            target.host == self.host
        };
        host && (self.low..=self.high).contains(&target.port)
    }

    /// Reads `host:port`, `host:low-high`, `*.suffix:port` or `[v6]:port`.
    pub(crate) fn parse(text: &str) -> Result<Pattern, String> {
        let wrong =
            |why: &str| format!("the dial pattern {text:?} {why}; write host:port, host:low-high or *.suffix:port");
        let (host, ports) = divide(text).ok_or_else(|| wrong("has no port"))?;
        let (low, high) = ports.split_once('-').unwrap_or((ports, ports));
        let (low, high) = match (low.parse(), high.parse()) {
            (Ok(low), Ok(high)) if 0 < low && low <= high => (low, high),
            _ => return Err(wrong("has no valid port or range of ports")),
        };
        if let Some(suffix) = host.strip_prefix("*.") {
            let suffix = canonical(suffix).filter(|name| !name.contains(':') && name.parse::<IpAddr>().is_err());
            let suffix = suffix.ok_or_else(|| wrong("has no valid name after *."))?;
            return Ok(Pattern { host: format!(".{suffix}"), below: true, low, high });
        }
        let host = canonical(host).ok_or_else(|| wrong("has no valid host"))?;
        Ok(Pattern { host, below: false, low, high })
    }
}

impl Target {
    /// Reads `host:port` or `[v6]:port`.
    pub(crate) fn parse(text: &str) -> Result<Target, String> {
        let read = || {
            let (host, port) = divide(text)?;
            Some(Target { host: canonical(host)?, port: port.parse().ok().filter(|port| *port > 0)? })
        };
        read().ok_or_else(|| format!("the address {text:?} is not host:port; write for example broker1.example:9092"))
    }
}

fn divide(text: &str) -> Option<(&str, &str)> {
    let (host, port) = text.rsplit_once(':')?;
    match host.strip_prefix('[') {
        Some(inner) => Some((inner.strip_suffix(']')?, port)),
        None if host.contains(':') => None,
        None => Some((host, port)),
    }
}

/// Lower case, without a final dot; addresses as Rust prints them. `None` for anything that is neither.
fn canonical(host: &str) -> Option<String> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Some(address.to_string());
    }
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    (host.len() <= 253 && host.split('.').all(label)).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> DialRules {
        let patterns = ["127.0.0.1:9092-9099", "*.Brokers.Example:9093", "[::1]:9092", "b.example.:1"];
        DialRules {
            bootstrap: vec![Target::parse("Boot.example:9094").unwrap()],
            patterns: patterns.map(|text| Pattern::parse(text).unwrap()).to_vec(),
        }
    }

    #[test]
    fn only_what_is_configured_is_allowed() {
        let rules = rules();
        for (host, port, allowed) in [
            ("boot.example", 9094, true),
            ("BOOT.example.", 9094, true),
            ("boot.example", 9095, false),
            ("127.0.0.1", 9092, true),
            ("127.0.0.1", 9099, true),
            ("127.0.0.1", 9100, false),
            ("127.0.0.1", 9091, false),
            ("127.0.0.2", 9092, false),
            ("127.1", 9092, false),
            ("2130706433", 9092, false),
            ("localhost", 9092, false),
            ("::ffff:127.0.0.1", 9092, false),
            ("b1.brokers.example", 9093, true),
            ("a.b.brokers.example", 9093, true),
            ("brokers.example", 9093, false),
            (".brokers.example", 9093, false),
            ("evilbrokers.example", 9093, false),
            ("b1.brokers.example.evil.net", 9093, false),
            ("b1.brokers.example", 9092, false),
            ("evil.net/.brokers.example", 9093, false),
            ("evil.net\0.brokers.example", 9093, false),
            ("*.brokers.example", 9093, false),
            ("0:0:0:0:0:0:0:1", 9092, true),
            ("b.example", 1, true),
            ("", 9092, false),
            ("169.254.169.254", 80, false),
        ] {
            assert_eq!(rules.allow(host, port).is_some(), allowed, "{host}:{port}");
        }
        assert_eq!(rules.allow("0:0:0:0:0:0:0:1", 9092).unwrap().to_string(), "[::1]:9092");
    }

    #[test]
    fn wrong_patterns_are_refused() {
        for text in [
            "",
            "host",
            "host:",
            "host:0",
            "host:9-8",
            "host:70000",
            "*:9092",
            "*.:9092",
            "*.1.2.3.4:1",
            "a*.b:1",
            "::1:9",
            "[::1:9",
            "h ost:1",
        ] {
            assert!(Pattern::parse(text).is_err(), "{text:?}");
        }
        for text in ["h:0", "h:1-2", "*.x:1", "h"] {
            assert!(Target::parse(text).is_err(), "{text:?}");
        }
    }
}
