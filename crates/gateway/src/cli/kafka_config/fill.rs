//! The texts of client settings, and what goes into them.
//!
//! Names that an identity provider chose go into comments alone, and only their harmless characters; everything else is a word or
//! an address that was checked, or is quoted.

use serde_json::Value;

use super::{Client, until};
use crate::cli::gate::logins::ClientSecret;

/// What differs from one login to another.
#[derive(Debug)]
pub(super) struct Values<'a> {
    pub(super) name: &'a str,
    pub(super) gate: &'a str,
    pub(super) bootstrap: &'a str,
    pub(super) tls: bool,
    pub(super) ca_file: Option<&'a str>,
    pub(super) secret: Option<&'a ClientSecret>,
}

/// The whole text for a client.
pub(super) fn fill(client: Client, values: &Values<'_>) -> String {
    match client {
        Client::Java => java(values),
        Client::Librdkafka => librdkafka(include_str!("librdkafka.properties"), values),
        Client::Kcat => librdkafka(include_str!("kcat.properties"), values),
        Client::ConfluentPython => program(include_str!("confluent.py"), values, &Words::PYTHON),
        Client::KafkaPython => program(include_str!("kafka_python.py"), values, &Words::PYTHON),
        Client::Kafkajs => program(include_str!("kafkajs.js"), values, &Words::JAVASCRIPT),
        Client::FranzGo => program(include_str!("franz_go.go"), values, &Words::GO),
        Client::Sarama => program(include_str!("sarama.go"), values, &Words::GO),
    }
}

fn java(values: &Values<'_>) -> String {
    let trust = values.ca_file.map(|file| format!(" ssl.truststore.type=\"PEM\" ssl.truststore.location=\"{file}\""));
    let mut text = replace(include_str!("java.properties"), |name| match name {
        // The login's own connection to the gate reads no other settings than these.
        "TRUST" => trust.clone(),
        other => property(other, values),
    });
    if let (true, Some(file)) = (values.tls, values.ca_file) {
        text.push_str(&format!("ssl.truststore.type=PEM\nssl.truststore.location={file}\n"));
    }
    latin(&text)
}

fn librdkafka(template: &str, values: &Values<'_>) -> String {
    let mut text = replace(template, |name| property(name, values));
    if let Some(file) = values.ca_file {
        if values.tls {
            text.push_str(&format!("ssl.ca.location={file}\n"));
        }
        if values.secret.is_some_and(|secret| secret.token_endpoint.starts_with("https:")) {
            text.push_str(&format!("https.ca.location={file}\n"));
        }
    }
    text
}

fn property(name: &str, values: &Values<'_>) -> Option<String> {
    match (name, values.secret) {
        ("BOOTSTRAP", _) => Some(values.bootstrap.to_owned()),
        ("PROTOCOL", _) => Some(if values.tls { "SASL_SSL" } else { "SASL_PLAINTEXT" }.to_owned()),
        ("ENDPOINT", Some(secret)) => Some(secret.token_endpoint.clone()),
        ("ID", Some(secret)) => Some(secret.id.clone()),
        ("SECRET", Some(secret)) => Some(secret.secret.reveal().to_owned()),
        ("UNTIL", Some(secret)) => Some(until(secret.ends_at)),
        (other, _) => comment(other, values),
    }
}

/// Words of a language.
struct Words {
    yes: &'static str,
    no: &'static str,
    nothing: &'static str,
}

impl Words {
    const PYTHON: Words = Words { yes: "True", no: "False", nothing: "None" };
    const JAVASCRIPT: Words = Words { yes: "true", no: "false", nothing: "null" };
    const GO: Words = Words { yes: "true", no: "false", nothing: "\"\"" };
}

fn program(template: &str, values: &Values<'_>, words: &Words) -> String {
    // A JSON text is one in these languages too.
    let quoted = |text: &str| Value::from(text).to_string();
    replace(template, |name| match name {
        "BOOTSTRAP" => Some(quoted(values.bootstrap)),
        "GATE" => Some(quoted(values.gate)),
        "TLS" => Some(if values.tls { words.yes } else { words.no }.to_owned()),
        "CA_FILE" => Some(values.ca_file.map_or_else(|| words.nothing.to_owned(), quoted)),
        other => comment(other, values),
    })
}

/// What stands in comments.
fn comment(name: &str, values: &Values<'_>) -> Option<String> {
    let harmless = |text: &str| -> String {
        let kept = |c: char| if c.is_alphanumeric() || "@:._-+/ ".contains(c) { c } else { '?' };
        text.chars().map(kept).take(120).collect()
    };
    match name {
        "WHO" => Some(harmless(values.name)),
        "PLACE" => Some(harmless(values.gate)),
        _ => None,
    }
}

/// Puts values in the place of `@NAME@`. What was put in is not looked at again.
fn replace(template: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut parts = template.split('@');
    let mut text = parts.next().unwrap_or_default().to_owned();
    let mut name_follows = true;
    for part in parts {
        let name =
            name_follows && !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
        match name {
            true => text.push_str(&value(part).unwrap_or_default()),
            false if name_follows => text.extend(["@", part]),
            false => text.push_str(part),
        }
        name_follows = !name;
    }
    text
}

/// Properties files are Latin-1 to Java; what is beyond ASCII has an escape.
fn latin(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;
    use crate::cli::gate::logins::Secret;

    fn values(secret: Option<&ClientSecret>) -> Values<'_> {
        Values {
            name: "corp:ann\"\"\"\n*/ $(x) ü",
            gate: "https://gate.example:8443",
            bootstrap: "gate.example:9093",
            tls: true,
            ca_file: Some("/etc/gate ü/ca.pem"),
            secret,
        }
    }

    fn secret() -> ClientSecret {
        ClientSecret {
            id: "the-id".into(),
            secret: Secret::new("the-secret"),
            token_endpoint: "https://gate.example:8443/token".into(),
            ends_at: 1_700_000_000,
        }
    }

    #[test]
    fn every_text_is_whole_marked_and_without_the_names_of_others() {
        let secret = secret();
        for client in Client::value_variants() {
            let text = fill(*client, &values(Some(&secret)));
            let beginning: String = text.chars().take(1000).collect();
            assert!(beginning.contains(super::super::MARK), "{client:?}: {text}");
            assert!(!text.contains("@") && text.contains("gate.example:9093"), "{client:?}: {text}");
            assert!(!text.contains("ann\"") && text.contains("corp:ann?????/ "), "{client:?}: {text}");
            assert_eq!(text.contains("the-secret"), client.has_secret(), "{client:?}");
            assert_eq!(text.contains("until 2023-11-14T22:13:20.000Z"), client.has_secret(), "{client:?}");
        }
    }

    #[test]
    fn certificates_stand_where_each_client_looks_for_them() {
        let secret = secret();
        let java = fill(Client::Java, &values(Some(&secret)));
        assert!(java.is_ascii() && java.matches("/etc/gate \\u00fc/ca.pem").count() == 2, "{java}");
        let plain = Values { tls: false, ca_file: None, ..values(Some(&secret)) };
        let java = fill(Client::Java, &plain);
        assert!(java.contains("security.protocol=SASL_PLAINTEXT") && !java.contains("truststore"), "{java}");
        assert!(java.contains("clientSecret=\"the-secret\";"), "{java}");
        let librdkafka = fill(Client::Librdkafka, &values(Some(&secret)));
        assert!(librdkafka.contains("\nssl.ca.location=/etc/gate ü/ca.pem\nhttps.ca.location="), "{librdkafka}");
        assert!(fill(Client::Sarama, &plain).contains("caFile    = \"\"\n"));
        assert!(fill(Client::KafkaPython, &plain).contains("TLS = False\nCA_FILE = None\n"));
    }

    #[test]
    fn what_was_put_in_is_not_looked_at_again() {
        let value = |name: &str| (name == "A").then(|| "@B@".to_owned());
        assert_eq!(replace("x@A@y a@b @A@@A@", value), "x@B@y a@b @B@@B@");
    }
}
