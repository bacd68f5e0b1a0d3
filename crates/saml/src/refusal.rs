//! The library's errors as our checks. Its texts are not passed on: some quote the response.

use saml_rs::SamlError;
use saml_rs::error::{SignatureVerificationReason, SubjectConfirmationReason, TimeWindowField};

use crate::check::{Check, SamlRefused, shown};

/// Why the library refuses a response.
pub(crate) fn of(error: &SamlError) -> SamlRefused {
    let (check, detail) = match error {
        SamlError::SignatureMissing => (
            Check::Unsigned,
            "neither the response nor the assertion is signed; switch signing on at the identity provider",
        ),
        SamlError::SignatureVerification { reason: SignatureVerificationReason::ReferenceDigest } => {
            (Check::Signature, "the content is not what was signed")
        }
        SamlError::SignatureVerification { .. } | SamlError::Crypto(_) => (
            Check::Signature,
            "no signature is right under a configured certificate; if the identity provider has a new key, take its metadata anew",
        ),
        SamlError::SignedReferenceMismatch
        | SamlError::AssertionSignatureRequired
        | SamlError::ReferenceResolution { .. }
        | SamlError::PotentialWrappingAttack => (Check::Signature, "the signature does not cover what would be read"),
        SamlError::AlgorithmUnsupported => (
            Check::Algorithm,
            "use RSA with SHA-256, SHA-384 or SHA-512 and exclusive canonicalization at the identity provider",
        ),
        SamlError::CertificateMismatch | SamlError::NoTrustedCertificate => (
            Check::Certificate,
            "the response carries a certificate that is not configured; if the identity provider has a new key, take its metadata anew",
        ),
        SamlError::IssuerMismatch { actual, .. } => {
            return with(Check::Issuer, "comes from", actual.as_deref(), "not from the configured identity provider");
        }
        SamlError::DestinationMismatch { actual, .. } => {
            return with(Check::Destination, "is addressed to", actual.as_deref(), "not to acs_url");
        }
        SamlError::InResponseToMismatch { .. } => (Check::Request, "answers another login request; begin again"),
        SamlError::SubjectConfirmationInvalid { reason } => match reason {
            SubjectConfirmationReason::RecipientMismatch => (Check::Recipient, "Recipient is not acs_url"),
            SubjectConfirmationReason::InResponseToMismatch => {
                (Check::Request, "the assertion answers another login request; begin again")
            }
            SubjectConfirmationReason::MissingNotOnOrAfter | SubjectConfirmationReason::TimeWindowInvalid => {
                (Check::Time, "the assertion may no longer be used, or does not say until when; compare the clocks")
            }
            _ => (Check::Recipient, "no confirmation of the kind bearer"),
        },
        SamlError::AudienceMismatch { .. } => (Check::Audience, "Audience is not the gate's entity_id"),
        SamlError::UnrecognizedCondition { .. } => (Check::Condition, "has a condition that is not understood"),
        SamlError::TimeWindowInvalid { field: TimeWindowField::Conditions } => {
            (Check::Time, "is not valid yet or no longer valid; compare the clocks")
        }
        SamlError::TimeWindowInvalid { .. } => (Check::Time, "the session has ended, or its end is no time"),
        SamlError::StatusNotSuccess { .. } => (Check::Status, "the identity provider says that the login failed"),
        SamlError::ProtocolProfile(_) => (Check::Shape, "has attributes that SAML does not allow, or lacks some"),
        SamlError::Xml(_) | SamlError::Base64(_) => (Check::Form, "cannot be read"),
        _ => (Check::Other, "is not acceptable"),
    };
    SamlRefused { check, detail: detail.to_owned() }
}

fn with(check: Check, before: &str, actual: Option<&str>, after: &str) -> SamlRefused {
    SamlRefused { check, detail: format!("{before} {}, {after}", shown(actual.unwrap_or("nobody"))) }
}

/// What is wrong with a setting. These errors are about the operator's own files; keys are never in them.
pub(crate) fn text(error: &SamlError) -> String {
    match error {
        SamlError::MissingKey(_) | SamlError::Crypto(_) => {
            "the key cannot be used; give an RSA key of at least 2048 bits in PEM (PKCS#8) and its certificate"
                .to_owned()
        }
        other => other.to_string(),
    }
}
