//! Any bytes as the body of any message: the walker ends, in bounds.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tidegate_kafka::fuzz::fuzz_walk(data));
