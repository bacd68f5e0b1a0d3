//! Any bytes as a client certificate.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tidegate_identity::fuzz::fuzz_certificate(data));
