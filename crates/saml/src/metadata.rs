//! The identity provider: its name, where it takes requests, and the keys that it signs with.

use aws_lc_rs::rsa::PublicEncryptingKey;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quick_xml::escape::escape;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::{NsReader, XmlVersion};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use x509_cert::Certificate;
use x509_cert::der::{Decode, Encode};

const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
const REDIRECT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const CERTIFICATES_MAX: usize = 8;
const RSA_BITS_MIN: usize = 2_048;

/// An identity provider. Its certificates are pins: neither their dates nor who signed them matter.
#[derive(Clone, Debug)]
pub(crate) struct IdentityProvider {
    entity_id: String,
    sso_url: String,
    /// DER.
    certificates: Vec<Vec<u8>>,
}

impl IdentityProvider {
    /// Takes certificates in PEM.
    pub(crate) fn from_pem(entity_id: &str, sso_url: &str, pems: &str) -> Result<IdentityProvider, String> {
        let certificates: Result<Vec<CertificateDer<'_>>, _> =
            CertificateDer::pem_slice_iter(pems.as_bytes()).collect();
        let Ok(certificates) = certificates else { return Err("not all are certificates in PEM".to_owned()) };
        let certificates = certificates.into_iter().map(|certificate| certificate.to_vec()).collect();
        IdentityProvider { entity_id: entity_id.to_owned(), sso_url: sso_url.to_owned(), certificates }.checked()
    }

    /// Reads metadata (SAML metadata 2.0) that describe one entity with one identity provider. They come from a file of the
    /// operator's, so a signature on them is not looked at.
    pub(crate) fn from_metadata(xml: &str) -> Result<IdentityProvider, String> {
        let mut found = Found::default();
        let mut reader = NsReader::from_str(xml);
        let mut path: Vec<String> = Vec::new();
        loop {
            let Ok((space, event)) = reader.read_resolved_event() else { return Err("is not well-formed XML".into()) };
            let ours = matches!(&space, ResolveResult::Bound(uri) if uri.into_inner() == METADATA);
            match event {
                Event::Start(element) => {
                    path.push(element.local_name().into_inner().to_owned());
                    found.open(&path, ours, &element)?;
                }
                Event::Empty(element) => {
                    path.push(element.local_name().into_inner().to_owned());
                    found.open(&path, ours, &element)?;
                    path.pop();
                }
                Event::End(_) => drop(path.pop()),
                Event::Text(text) => found.text(&path, &text.xml10_content()),
                Event::DocType(_) => return Err("has a document type".into()),
                Event::Eof => break,
                _ => {}
            }
        }
        found.finish()?.checked()
    }

    pub(crate) fn entity_id(&self) -> &str {
        &self.entity_id
    }

    pub(crate) fn sso_url(&self) -> &str {
        &self.sso_url
    }

    /// The metadata that the library gets: no more than what was checked here. It signs requests only for a provider that wants
    /// them signed; whether they are is said by the configuration here, since Keycloak writes that it wants them whatever is set.
    pub(crate) fn to_metadata(&self, wants_signed_requests: bool) -> String {
        let keys: String = self
            .certificates
            .iter()
            .map(|certificate| {
                format!(
                    "<md:KeyDescriptor use=\"signing\"><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">\
                     <ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>\
                     </md:KeyDescriptor>",
                    STANDARD.encode(certificate)
                )
            })
            .collect();
        format!(
            "<md:EntityDescriptor xmlns:md=\"{METADATA}\" entityID=\"{}\">\
             <md:IDPSSODescriptor WantAuthnRequestsSigned=\"{wants_signed_requests}\" \
             protocolSupportEnumeration=\"{PROTOCOL}\">{keys}\
             <md:SingleSignOnService Binding=\"{REDIRECT}\" Location=\"{}\"/>\
             </md:IDPSSODescriptor></md:EntityDescriptor>",
            escape(&self.entity_id),
            escape(&self.sso_url)
        )
    }

    fn checked(self) -> Result<IdentityProvider, String> {
        if self.entity_id.trim().is_empty() {
            return Err("the identity provider has no entity ID".into());
        }
        if self.certificates.is_empty() || self.certificates.len() > CERTIFICATES_MAX {
            return Err(format!("name 1 to {CERTIFICATES_MAX} certificates that the identity provider signs with"));
        }
        if !self.certificates.iter().all(|certificate| has_rsa_key(certificate)) {
            return Err(
                "a certificate cannot be read, or has no RSA key of at least 2,048 bits; nothing else is accepted"
                    .into(),
            );
        }
        Ok(self)
    }
}

/// Whether the certificate has an RSA key that is long enough. It may be of version 1, as Keycloak's are.
fn has_rsa_key(certificate: &[u8]) -> bool {
    let key =
        Certificate::from_der(certificate).and_then(|found| found.tbs_certificate.subject_public_key_info.to_der());
    key.is_ok_and(|key| PublicEncryptingKey::from_der(&key).is_ok_and(|key| key.key_size_bits() >= RSA_BITS_MIN))
}

#[derive(Default)]
struct Found {
    entities: usize,
    providers: usize,
    entity_id: String,
    sso_url: Option<String>,
    /// Whether the key descriptor that is open is for signing.
    signing: bool,
    certificates: Vec<String>,
}

impl Found {
    fn open(&mut self, path: &[String], ours: bool, element: &BytesStart<'_>) -> Result<(), String> {
        let value = |name: &str| {
            let attribute = element.try_get_attribute(name).ok().flatten()?;
            attribute.normalized_value(XmlVersion::Implicit1_0).ok().map(std::borrow::Cow::into_owned)
        };
        match names(path).as_slice() {
            [.., "EntityDescriptor"] if ours => {
                self.entities += 1;
                self.entity_id = value("entityID").unwrap_or_default();
            }
            ["EntityDescriptor", "IDPSSODescriptor"] if ours => self.providers += 1,
            ["EntityDescriptor", "IDPSSODescriptor", "KeyDescriptor"] if ours => {
                self.signing = value("use").is_none_or(|purpose| purpose == "signing");
            }
            ["EntityDescriptor", "IDPSSODescriptor", "SingleSignOnService"]
                if ours && value("Binding").as_deref() == Some(REDIRECT) =>
            {
                self.sso_url = value("Location");
            }
            ["EntityDescriptor", "IDPSSODescriptor", "KeyDescriptor", "KeyInfo", "X509Data", "X509Certificate"]
                if self.signing =>
            {
                self.certificates.push(String::new());
            }
            _ => {}
        }
        if self.entities > 1 || self.providers > 1 {
            return Err("describes several entities; cut out the one that people log in at".into());
        }
        Ok(())
    }

    fn text(&mut self, path: &[String], text: &str) {
        let in_certificate = matches!(
            names(path).as_slice(),
            ["EntityDescriptor", "IDPSSODescriptor", "KeyDescriptor", "KeyInfo", "X509Data", "X509Certificate"]
        );
        if let Some(certificate) = self.certificates.last_mut().filter(|_| in_certificate && self.signing) {
            certificate.extend(text.chars().filter(|c| !c.is_ascii_whitespace()));
        }
    }

    fn finish(self) -> Result<IdentityProvider, String> {
        if self.providers == 0 {
            return Err("describes no identity provider (IDPSSODescriptor)".into());
        }
        let Some(sso_url) = self.sso_url else {
            return Err("has no SingleSignOnService with the binding HTTP-Redirect".into());
        };
        let mut certificates = Vec::new();
        for text in self.certificates {
            let Ok(certificate) = STANDARD.decode(text) else { return Err("a certificate is not base64".into()) };
            if !certificates.contains(&certificate) {
                certificates.push(certificate);
            }
        }
        Ok(IdentityProvider { entity_id: self.entity_id, sso_url, certificates })
    }
}

fn names(path: &[String]) -> Vec<&str> {
    path.iter().map(String::as_str).collect()
}
