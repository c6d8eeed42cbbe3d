//! libFuzzer's door to `fuzzed::dynamic`; nothing else.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzed::dynamic(data));
