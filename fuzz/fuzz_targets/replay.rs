//! libFuzzer's door to `fuzzed::replay`; nothing else.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzed::replay(data));
