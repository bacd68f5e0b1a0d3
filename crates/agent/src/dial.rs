//! Which addresses the agent may dial. The gateway's wishes are checked here and nowhere else.

use std::net::IpAddr;

/// One address to dial, `host:port`: a lower-case name or an IP address in its canonical form, and a port.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Target {
    pub(crate) host: String,
    pub(crate) port: u16,
}

/// A host, or all names below a suffix, with one port or a range of ports: `host:low-high`, `*.suffix:port`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Pattern {
    host: String,
    below: bool,
    ports: std::ops::RangeInclusive<u16>,
}

/// The address to dial for what the gateway names, or `None` when the configuration does not allow it.
pub(crate) fn allow(bootstrap: &[Target], patterns: &[Pattern], host: &str, port: u16) -> Option<Target> {
    let target = Target { host: canonical(host)?, port };
    let allowed = bootstrap.contains(&target) || patterns.iter().any(|pattern| pattern.matches(&target));
    allowed.then_some(target)
}

impl Pattern {
    fn matches(&self, target: &Target) -> bool {
        let host = if self.below {
            // the suffix begins with its dot, and something must stand before it
            target.host.strip_suffix(&self.host).is_some_and(|label| !label.is_empty())
        } else {
            target.host == self.host
        };
        host && self.ports.contains(&target.port)
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (open, close) = if self.host.contains(':') { ("[", "]") } else { ("", "") };
        write!(f, "{open}{}{close}:{}", self.host, self.port)
    }
}

impl TryFrom<String> for Target {
    type Error = String;

    fn try_from(text: String) -> Result<Target, String> {
        let read = || {
            let (host, port) = divide(&text)?;
            Some(Target { host: canonical(host)?, port: port.parse().ok().filter(|port| *port > 0)? })
        };
        read().ok_or_else(|| format!("the address {text:?} is not host:port; write for example broker1.example:9092"))
    }
}

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> Result<Pattern, String> {
        let read = || {
            let (host, ports) = divide(&text)?;
            let (low, high) = ports.split_once('-').unwrap_or((ports, ports));
            let (low, high): (u16, u16) = (low.parse().ok()?, high.parse().ok()?);
            let ports = (0 < low && low <= high).then_some(low..=high)?;
            let Some(suffix) = host.strip_prefix("*.") else {
                return Some(Pattern { host: canonical(host)?, below: false, ports });
            };
            let suffix = canonical(suffix).filter(|name| name.parse::<IpAddr>().is_err())?;
            Some(Pattern { host: format!(".{suffix}"), below: true, ports })
        };
        read().ok_or_else(|| format!("the dial pattern {text:?} is not host:port, host:low-high or *.suffix:port"))
    }
}

fn divide(text: &str) -> Option<(&str, &str)> {
    let (host, port) = text.rsplit_once(':')?;
    match host.strip_prefix('[') {
        Some(inner) => Some((inner.strip_suffix(']')?, port)),
        None => (!host.contains(':')).then_some((host, port)),
    }
}

/// Lower case, without a final dot; addresses as Rust prints them. `None` for anything that is neither.
fn canonical(host: &str) -> Option<String> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Some(address.to_string());
    }
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let label = |label: &str| !label.is_empty() && label.bytes().all(good);
    (host.len() <= 253 && host.split('.').all(label)).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(text: &str) -> Result<Target, String> {
        text.to_owned().try_into()
    }

    fn pattern(text: &str) -> Result<Pattern, String> {
        text.to_owned().try_into()
    }

    fn allowed(host: &str, port: u16) -> Option<Target> {
        let patterns = ["127.0.0.1:9092-9099", "*.Brokers.Example:9093", "[::1]:9092", "b.example.:1"];
        allow(&[target("Boot.example:9094").unwrap()], &patterns.map(|text| pattern(text).unwrap()), host, port)
    }

    #[test]
    fn only_what_is_configured_is_allowed() {
        for (host, port, expected) in [
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
            assert_eq!(allowed(host, port).is_some(), expected, "{host}:{port}");
        }
        assert_eq!(allowed("0:0:0:0:0:0:0:1", 9092).unwrap().to_string(), "[::1]:9092");
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
            assert!(pattern(text).is_err(), "{text:?}");
        }
        for text in ["h:0", "h:1-2", "*.x:1", "h"] {
            assert!(target(text).is_err(), "{text:?}");
        }
    }
}
