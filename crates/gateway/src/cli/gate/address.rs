//! Where a gate is: a socket of this machine, or an address in the web.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use reqwest::Url;
use tidegate_evidence::merkle::sha256;

use crate::control::hex;

/// The control socket of a gate that was set up as the packages do.
pub(crate) const SOCKET: &str = "/run/tidegate/control.sock";
/// Longer addresses are not printed whole anywhere.
const ADDRESS_BYTES_MAX: usize = 512;

/// Where a gate is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Its control socket.
    Socket(PathBuf),
    /// Its web listener.
    Web(GateUrl),
}

impl Place {
    /// Reads what a person typed: an address has `://` in it.
    ///
    /// # Errors
    /// It is no address that a token may be sent to.
    pub(crate) fn parse(text: &str) -> Result<Place> {
        if text.contains("://") { GateUrl::parse(text).map(Place::Web) } else { Ok(Place::Socket(text.into())) }
    }
}

/// The address of a gate's web listener: `https`, or `http` to this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GateUrl(Url);

impl GateUrl {
    /// # Errors
    /// It is no address, or one that tokens would cross the network to in clear.
    pub(crate) fn parse(text: &str) -> Result<GateUrl> {
        let example = "give the gate's address, such as https://gate.example:8443";
        if text.len() > ADDRESS_BYTES_MAX {
            bail!("the address has more than {ADDRESS_BYTES_MAX} bytes; {example}");
        }
        let url = Url::parse(text).with_context(|| format!("{text:?} is no address; {example}"))?;
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
            bail!("a gate's address has no name, password, `?` or `#` in it; {example}");
        }
        let host = url.host_str().with_context(|| format!("{text:?} names no host; {example}"))?;
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(host) => {}
            "http" => bail!("over http tokens cross the network in clear; {example}"),
            other => bail!("{other}:// is no way to a gate; {example}"),
        }
        Ok(GateUrl(url))
    }

    /// The address of a path of the gate, which begins with `/`.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{self}{path}")
    }

    /// Whether this text names the same gate.
    pub(crate) fn is(&self, said: &str) -> bool {
        GateUrl::parse(said).is_ok_and(|said| said.to_string() == self.to_string())
    }

    /// Whether this text is an address of the gate, below its own.
    pub(crate) fn has(&self, said: &str) -> bool {
        let below = Url::parse(said).ok().is_some_and(|url| url.as_str().starts_with(&self.at("/")));
        below && said.len() <= ADDRESS_BYTES_MAX.saturating_mul(4)
    }

    /// Whether the gate is on this machine.
    pub(crate) fn is_here(&self) -> bool {
        self.0.host_str().is_some_and(is_loopback)
    }

    /// A name for files about this gate: readable, and of letters, digits, `.`, `-` and `_`.
    pub(crate) fn file_name(&self) -> String {
        let kept = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') { c } else { '_' };
        let readable: String =
            self.to_string().split("://").last().unwrap_or_default().chars().map(kept).take(80).collect();
        let digest = hex(&sha256(self.to_string().as_bytes()));
        format!("{readable}-{}", digest.get(..8).unwrap_or_default())
    }
}

impl fmt::Display for GateUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

/// This machine, by a number or by the one name that always means it.
fn is_loopback(host: &str) -> bool {
    let number = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || number.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_https_or_on_this_machine() {
        for good in [
            "https://gate.example:8443",
            "https://gate/",
            "http://127.0.0.1:80",
            "http://[::1]:9",
            "http://localhost:1",
        ] {
            assert!(matches!(Place::parse(good), Ok(Place::Web(_))), "{good}");
        }
        for (wrong, says) in [
            ("http://gate.example:8443", "in clear"),
            ("http://127.0.0.1.evil.example", "in clear"),
            ("http://localhost.evil.example", "in clear"),
            ("ftp://gate.example", "no way to a gate"),
            ("https://ann:secret@gate.example", "no name, password"),
            ("https://gate.example/?a=b", "no name, password"),
            ("https://", "is no address"),
        ] {
            let error = format!("{:#}", Place::parse(wrong).unwrap_err());
            assert!(error.contains(says) && !error.contains("secret"), "{wrong}: {error}");
        }
        assert_eq!(Place::parse("/run/x.sock").unwrap(), Place::Socket("/run/x.sock".into()));
    }

    #[test]
    fn the_same_gate_and_addresses_below_it() {
        let gate = GateUrl::parse("https://Gate.example:443/").unwrap();
        assert_eq!(gate.to_string(), "https://gate.example");
        assert!(gate.is("https://gate.example") && gate.is("https://gate.example:443/"));
        assert!(!gate.is("https://gate.example:8443") && !gate.is("https://other.example") && !gate.is("gate"));
        assert!(gate.has("https://gate.example/login/x"));
        for other in [
            "https://gate.example.evil/login/x",
            "https://gate.example@evil/login/x",
            "https://evil/https://gate.example/",
            "http://gate.example/login/x",
            "javascript:alert(1)",
            "file:///etc/passwd",
        ] {
            assert!(!gate.has(other), "{other}");
        }
        let name = GateUrl::parse("https://gate.example:8443/a/../b%2F").unwrap().file_name();
        assert!(name.starts_with("gate.example_8443_b_2F-") && !name.contains('/'), "{name}");
    }
}
