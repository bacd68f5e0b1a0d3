//! Hostile bytes for the evidence reader: see `tidegate_evidence::fuzz_frame`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tidegate_evidence::fuzz_frame(data));
