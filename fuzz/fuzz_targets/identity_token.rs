//! Any bytes as a token, or as the header and claims of one.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tidegate_identity::fuzz::fuzz_token(data));
