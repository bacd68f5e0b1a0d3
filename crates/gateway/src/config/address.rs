//! Addresses that the gate listens at.

use std::net::SocketAddr;
use std::ops::Deref;

use serde::Deserialize;

/// An address and a port; an error says what one looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Address(SocketAddr);

impl TryFrom<String> for Address {
    type Error = String;

    fn try_from(text: String) -> Result<Address, String> {
        let wrong = |_syntax| {
            format!(
                "{text:?} is no address with a port; write \"127.0.0.1:9092\" or \"[::1]:9092\", in numbers, not a host's name"
            )
        };
        text.parse().map(Address).map_err(wrong)
    }
}

impl Deref for Address {
    type Target = SocketAddr;

    fn deref(&self) -> &SocketAddr {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::super::AdminSection;

    #[test]
    fn what_is_no_address_is_told_with_what_one_looks_like() {
        let read = |text: &str| toml::from_str::<AdminSection>(&format!("listen = {text:?}"));
        for text in ["127.0.0.1:0", "[::1]:9092"] {
            assert_eq!(read(text).unwrap().listen.to_string(), text);
        }
        for text in ["127.0.0.1", "localhost:9092", "9092", "::1:9092", ""] {
            let told = read(text).unwrap_err().to_string();
            assert!(told.contains(&format!("{text:?} is no address")) && told.contains("[::1]:9092"), "{told}");
        }
    }
}
