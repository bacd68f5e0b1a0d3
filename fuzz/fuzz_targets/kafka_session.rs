//! Any bytes as frames of a client and a broker: what is passed on is whole.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tidegate_kafka::fuzz::fuzz_session(data));
