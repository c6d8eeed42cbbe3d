//! libFuzzer's door to `fuzzed::operations`; nothing else.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzed::operations(data));
