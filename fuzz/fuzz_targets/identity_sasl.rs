//! Any bytes as the messages of a login.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tidegate_identity::fuzz::fuzz_sasl(data));
