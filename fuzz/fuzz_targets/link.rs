//! The messages between gateway and agent, from both sides.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Err(broken) = tidegate_link::fuzz(data) {
        panic!("{broken}");
    }
});
