//! Replays the kept corpus of the fuzz target, which was made from samples: `TIDEGATE_WRITE_CORPUS=1` makes it anew.

use std::path::Path;

use super::*;
use crate::fuzz::fuzz_document;

#[test]
fn the_documents_corpus_passes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/saml_document");
    if std::env::var_os("TIDEGATE_WRITE_CORPUS").is_some() {
        std::fs::create_dir_all(&folder).unwrap();
        for (name, text) in samples() {
            std::fs::write(folder.join(name), text).unwrap();
        }
    }
    let mut inputs = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let input = std::fs::read(entry.unwrap().path()).unwrap();
        fuzz_document(&input);
        // What a fuzzer would try first: cuts and flipped bits.
        for at in (0..input.len()).step_by(7) {
            fuzz_document(&input[..at]);
            let mut flipped = input.clone();
            flipped[at] ^= 1 << (at % 8);
            fuzz_document(&flipped);
        }
        inputs += 1;
    }
    assert!(inputs >= 4, "only {inputs} inputs in {}", folder.display());
}

fn samples() -> Vec<(&'static str, String)> {
    let provider = provider();
    let pending = provider.begin(now()).unwrap().pending;
    let plain = response(&pending);
    vec![
        ("signed", sign(&plain)),
        ("comment", plain.replace("alice<", "ali<!--x-->ce<")),
        ("entities", plain.replace("alice<", "a&#108;&amp;ice<")),
        ("metadata", provider.metadata_xml().to_owned()),
        ("idp", idp_metadata()),
        ("plain", plain),
    ]
}

/// The identity provider's metadata, as it would publish them.
fn idp_metadata() -> String {
    let certificate: String = idp().certificate.lines().filter(|line| !line.starts_with("-----")).collect();
    format!(
        r#"<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="{IDP}"><md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor><md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example/sso"/></md:IDPSSODescriptor></md:EntityDescriptor>"#
    )
}
