//! libFuzzer's door to `fuzzed::accept`; nothing else.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzed::accept(data));
