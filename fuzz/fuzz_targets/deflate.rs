//! libFuzzer's door to `fuzzed::deflate`; nothing else.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzed::deflate(data));
