//! Which element may stand where in a response, and how often.
//!
//! This is a narrow reading of the schemas (SAML core 2.0 section 3.3.3, XML Signature section 4): one response, one assertion,
//! signatures only as children of these two, nothing that can hold another document. Every known way to wrap a signed
//! assertion into a forged one needs a place that is not in this table.

/// A namespace that the table knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Space {
    Protocol,
    Assertion,
    Signature,
    Canonical,
    Encryption,
    Other,
}

impl Space {
    pub(super) fn of(uri: &str) -> Space {
        match uri {
            "urn:oasis:names:tc:SAML:2.0:protocol" => Space::Protocol,
            "urn:oasis:names:tc:SAML:2.0:assertion" => Space::Assertion,
            "http://www.w3.org/2000/09/xmldsig#" => Space::Signature,
            "http://www.w3.org/2001/10/xml-exc-c14n#" => Space::Canonical,
            "http://www.w3.org/2001/04/xmlenc#" | "http://www.w3.org/2009/xmlenc11#" => Space::Encryption,
            _ => Space::Other,
        }
    }
}

/// One element that may stand in another.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) parent: &'static str,
    pub(super) space: Space,
    pub(super) name: &'static str,
    pub(super) least: usize,
    pub(super) most: usize,
    /// Whether it holds text; between other elements only white space stands.
    pub(super) text: bool,
}

const MANY: usize = usize::MAX;

const fn place(parent: &'static str, space: Space, name: &'static str, least: usize, most: usize) -> Place {
    Place { parent, space, name, least, most, text: false }
}

const fn text(parent: &'static str, space: Space, name: &'static str, least: usize, most: usize) -> Place {
    Place { parent, space, name, least, most, text: true }
}

use Space::{Assertion as A, Canonical as C, Protocol as P, Signature as S};

pub(super) const PLACES: &[Place] = &[
    place("", P, "Response", 1, 1),
    text("Response", A, "Issuer", 0, 1),
    place("Response", S, "Signature", 0, 1),
    place("Response", P, "Status", 1, 1),
    place("Response", A, "Assertion", 1, 1),
    place("Status", P, "StatusCode", 1, 1),
    text("Status", P, "StatusMessage", 0, 1),
    place("StatusCode", P, "StatusCode", 0, 1),
    text("Assertion", A, "Issuer", 1, 1),
    place("Assertion", S, "Signature", 0, 1),
    place("Assertion", A, "Subject", 1, 1),
    place("Assertion", A, "Conditions", 1, 1),
    place("Assertion", A, "AuthnStatement", 1, 1),
    place("Assertion", A, "AttributeStatement", 0, MANY),
    text("Subject", A, "NameID", 1, 1),
    place("Subject", A, "SubjectConfirmation", 1, 1),
    place("SubjectConfirmation", A, "SubjectConfirmationData", 1, 1),
    place("Conditions", A, "AudienceRestriction", 1, MANY),
    place("Conditions", A, "OneTimeUse", 0, 1),
    place("Conditions", A, "ProxyRestriction", 0, 1),
    text("AudienceRestriction", A, "Audience", 1, MANY),
    text("ProxyRestriction", A, "Audience", 0, MANY),
    place("AuthnStatement", A, "SubjectLocality", 0, 1),
    place("AuthnStatement", A, "AuthnContext", 1, 1),
    text("AuthnContext", A, "AuthnContextClassRef", 0, 1),
    text("AuthnContext", A, "AuthnContextDeclRef", 0, 1),
    text("AuthnContext", A, "AuthenticatingAuthority", 0, MANY),
    place("AttributeStatement", A, "Attribute", 1, MANY),
    text("Attribute", A, "AttributeValue", 0, MANY),
    // eduPersonTargetedID has one in its value; it is not read.
    text("AttributeValue", A, "NameID", 0, 1),
    place("Signature", S, "SignedInfo", 1, 1),
    text("Signature", S, "SignatureValue", 1, 1),
    place("Signature", S, "KeyInfo", 0, 1),
    place("SignedInfo", S, "CanonicalizationMethod", 1, 1),
    place("SignedInfo", S, "SignatureMethod", 1, 1),
    place("SignedInfo", S, "Reference", 1, 1),
    place("CanonicalizationMethod", C, "InclusiveNamespaces", 0, 1),
    place("Reference", S, "Transforms", 0, 1),
    place("Reference", S, "DigestMethod", 1, 1),
    text("Reference", S, "DigestValue", 1, 1),
    place("Transforms", S, "Transform", 1, 2),
    place("Transform", C, "InclusiveNamespaces", 0, 1),
    text("KeyInfo", S, "KeyName", 0, 1),
    place("KeyInfo", S, "X509Data", 0, 1),
    place("KeyInfo", S, "KeyValue", 0, 1),
    place("KeyValue", S, "RSAKeyValue", 1, 1),
    text("RSAKeyValue", S, "Modulus", 1, 1),
    text("RSAKeyValue", S, "Exponent", 1, 1),
    text("X509Data", S, "X509Certificate", 0, 4),
    text("X509Data", S, "X509SubjectName", 0, 4),
    text("X509Data", S, "X509SKI", 0, 4),
    place("X509Data", S, "X509IssuerSerial", 0, 4),
    text("X509IssuerSerial", S, "X509IssuerName", 1, 1),
    text("X509IssuerSerial", S, "X509SerialNumber", 1, 1),
];
