//! Any bytes as a SAML response.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tidegate_saml::fuzz::fuzz_document(data));
