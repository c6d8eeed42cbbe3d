//! libFuzzer's door to `fuzzed::requests`; nothing else.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzed::requests(data));
