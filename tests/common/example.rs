//! Runs the examples as programs.
//!
//! They are built here, at the features of the test: of cargo's ways to run a test only a plain
//! `cargo test` builds them before, and an old one must not stand in for a new one.

use std::env::{consts::EXE_SUFFIX, current_exe};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;

/// What a program left behind.
#[derive(Debug, PartialEq)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Builds the example called `name` and returns where it is.
pub(crate) fn build(name: &str) -> PathBuf {
    // The test itself is `target/debug/deps/…`.
    let test = current_exe().unwrap();
    let profile = test.ancestors().nth(2).unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--offline", "--no-default-features"]);
    cargo.args([
        "--manifest-path",
        concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
    ]);
    cargo.args(["--example", name]);
    cargo.arg("--target-dir").arg(profile.parent().unwrap());
    let features = [
        ("kube", cfg!(feature = "kube")),
        ("process", cfg!(feature = "process")),
        ("server", cfg!(feature = "server")),
    ];
    for (feature, _) in features.iter().filter(|(_, enabled)| *enabled) {
        cargo.args(["--features", feature]);
    }
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    assert!(cargo.status().unwrap().success(), "{cargo:?} failed");
    profile.join("examples").join(format!("{name}{EXE_SUFFIX}"))
}

/// Runs `program` with `input` on its standard input until it ends.
pub(crate) fn run(mut program: Command, input: &[u8]) -> Ended {
    let piped = program.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = piped.stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let ended = thread::scope(|scope| {
        // Beside reading the output, or the two could wait for each other. A program that ends at
        // a bad line leaves the rest unread, which is its right.
        scope.spawn(move || drop(stdin.write_all(input)));
        child.wait_with_output().unwrap()
    });
    Ended {
        code: ended.status.code(),
        out: String::from_utf8(ended.stdout).unwrap(),
        err: String::from_utf8(ended.stderr).unwrap(),
    }
}
