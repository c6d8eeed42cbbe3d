//! What the compiler tells a user who has forgotten something.
//!
//! Only our own words are compared: the rest differs from one compiler to the next.

use std::env::current_exe;
use std::process::Command;

/// Compiles `mistakes.rs` and returns what the compiler says.
fn compile(arguments: &[&str]) -> String {
    // The test itself is `target/debug/deps/…`.
    let test = current_exe().unwrap();
    let target = test.ancestors().nth(3).unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["rustc", "--quiet", "--offline", "--color", "never"]);
    cargo.args([
        "--manifest-path",
        concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
    ]);
    cargo
        .args(["--example", "mistakes"])
        .arg("--target-dir")
        .arg(target);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    let output = cargo.arg("--").args(arguments).output().unwrap();
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn who_forgets_observe_is_told_what_to_write() {
    assert_eq!(compile(&[]), "");

    let told = compile(&["--cfg", "mistake"]);
    let errors: Vec<&str> = told
        .lines()
        .filter(|line| line.starts_with("error["))
        .collect();
    let error = "error[E0277]: `Shop` does not implement `Observe`";
    assert!(!errors.is_empty(), "{told}");
    assert!(errors.iter().all(|found| *found == error), "{told}");
    for line in [
        "controller.run_recorded(recorder,",
        "recorder.controller().name(",
        "recorder.track(",
        "note: for a type of your own, an empty `impl Observe for ... {}` is enough: \
         Ready then follows the reconciles",
        "note: for a type of another crate, use \
         `run_recorded_with(recorder.controller_of(|_| Observed::new()), ...)`",
    ] {
        assert!(told.contains(line), "nothing of {line:?} in\n{told}");
    }
}
