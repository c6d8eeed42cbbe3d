//! Every input that the fuzzer has kept, and every one that it has found something with, once more.
//!
//! Kept small by `scripts/fuzz --minimise`; a finding is a file with a name of its own in the same folder.

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

use fuzzed::TARGETS;

#[test]
fn every_input_of_the_corpus_passes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    for &(name, target) in TARGETS {
        let mut inputs = 0;
        for entry in fs::read_dir(folder.join(name)).unwrap() {
            let path = entry.unwrap().path();
            let data = fs::read(&path).unwrap();
            assert!(catch_unwind(|| target(&data)).is_ok(), "{}", path.display());
            inputs += 1;
        }
        assert!(inputs > 0, "no corpus of {name}");
    }
}
