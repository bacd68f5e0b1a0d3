//! Any bytes as record batches with right checksums: refused, or the same bytes, or batches that read again.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tidegate_kafka::fuzz::fuzz_records(data));
