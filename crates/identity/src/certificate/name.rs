//! A certificate's subject (RFC 5280, 4.1.2.6): its attributes by name, and the whole as text.

use x509_parser::x509::X509Name;

use super::CertificateRefused;

/// Attributes by the short name that people write, with their object identifiers.
const ATTRIBUTES: [(&str, &str); 10] = [
    ("CN", "2.5.4.3"),
    ("OU", "2.5.4.11"),
    ("O", "2.5.4.10"),
    ("L", "2.5.4.7"),
    ("ST", "2.5.4.8"),
    ("C", "2.5.4.6"),
    ("DC", "0.9.2342.19200300.100.1.25"),
    ("UID", "0.9.2342.19200300.100.1.1"),
    ("serialNumber", "2.5.4.5"),
    ("emailAddress", "1.2.840.113549.1.9.1"),
];

/// Whether rules may name this attribute.
pub(super) fn is_attribute(name: &str) -> bool {
    ATTRIBUTES.iter().any(|(known, _)| *known == name)
}

/// The attributes of a subject in the certificate's order, outermost first.
pub(super) struct SubjectName<'a>(Vec<(&'static str, &'a str)>);

impl<'a> SubjectName<'a> {
    /// Reads a subject all of whose parts are known: what is left out could be what makes it another's.
    pub(super) fn read(name: &'a X509Name<'_>) -> Result<SubjectName<'a>, CertificateRefused> {
        let mut found = Vec::new();
        for part in name.iter_rdn() {
            let mut attributes = part.iter();
            let (Some(attribute), None) = (attributes.next(), attributes.next()) else {
                return Err(CertificateRefused::Form("a part of its subject has not exactly one attribute"));
            };
            let id = attribute.attr_type().to_id_string();
            let Some((known, _)) = ATTRIBUTES.iter().find(|(_, known)| *known == id) else {
                return Err(CertificateRefused::Form("its subject has an attribute that is not known here"));
            };
            let value = attribute.as_str().ok().filter(|value| !value.is_empty() && !value.contains(char::is_control));
            let Some(value) = value else {
                return Err(CertificateRefused::Form("its subject has a value that is empty or no plain text"));
            };
            found.push((*known, value));
        }
        Ok(SubjectName(found))
    }

    /// The value of an attribute that stands there exactly once.
    pub(super) fn only(&self, name: &str) -> Option<&'a str> {
        let mut values = self.0.iter().filter(|(known, _)| *known == name).map(|(_, value)| *value);
        values.next().filter(|_| values.next().is_none())
    }

    /// The whole as RFC 4514 writes it: innermost first, `CN=app,OU=orders,O=Example`.
    pub(super) fn text(&self) -> String {
        let parts: Vec<String> =
            self.0.iter().rev().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        parts.join(",")
    }
}

/// A value with what separates escaped (RFC 4514, 2.4).
fn escaped(value: &str) -> String {
    let last = value.chars().count().saturating_sub(1);
    value.chars().enumerate().fold(String::with_capacity(value.len()), |mut text, (at, sign)| {
        let edge = (sign == ' ' && (at == 0 || at == last)) || (sign == '#' && at == 0);
        if edge || "\"+,;<>\\=".contains(sign) {
            text.push('\\');
        }
        text.push(sign);
        text
    })
}
