# The checks by name, as plain cargo commands. `check` is what continuous integration runs.

# What is there.
default:
    @just --list

# Formats everything.
fmt:
    cargo fmt --all

# Lints all targets, without features and with all.
clippy:
    cargo clippy -p gotk-metrics --no-default-features --all-targets -- -D warnings
    cargo clippy -p metrics-endpoint --all-targets -- -D warnings
    cargo clippy --workspace --all-targets --all-features -- -D warnings

# Tests without features and with all, doctests and README among them.
test:
    cargo test -p gotk-metrics --no-default-features
    cargo test --workspace --all-features

# Each feature alone. Needs cargo-hack; `.ci/run features` does without.
features:
    cargo hack clippy -p gotk-metrics --each-feature --lib --tests --examples -- -D warnings

# The oldest Rust. Needs `rustup toolchain install 1.89`; `.ci/run msrv` asks clippy instead.
msrv:
    cargo +1.89 check -p gotk-metrics --all-features

# The oldest direct dependencies. Needs a nightly cargo.
minimal:
    scripts/minimal

# Writes the table of docs/metrics.md, then the documentation as docs.rs builds it. The `docsrs` that docs.rs sets needs
# a nightly rustdoc.
docs:
    WRITE_DOCS=1 cargo test --quiet --all-features --test documentation
    RUSTDOCFLAGS='-D warnings' cargo doc -p gotk-metrics -p metrics-endpoint --no-deps --all-features

# Changes of the API since the last release, and foreign types in it. Needs cargo-check-external-types with its nightly.
api:
    scripts/semver
    cargo +nightly check-external-types --all-features

# Licences, duplicates and sources of the dependencies. Needs cargo-deny.
deny:
    cargo deny check --hide-inclusion-graph licenses bans sources
    -cargo deny check advisories

# The alert rules, by promtool; `scripts/rules --write` writes the operator's objects after a change.
rules:
    scripts/rules

# The goals of docs/reliability.md, each with its figure; takes an hour and more. `scripts/reliability --short` takes a minute.
reliability *goals:
    scripts/reliability {{goals}}

# All fuzz targets with as many inputs as docs/reliability.md asks for; takes hours. Needs a nightly compiler.
fuzz:
    scripts/fuzz

# The models of a record, and whether each finds the mistake it is there for.
loom:
    scripts/loom
    scripts/loom --planted

# The tests of concurrency under ThreadSanitizer. Needs a nightly compiler.
tsan:
    scripts/tsan

# Every bench once; the numbers mean nothing.
bench-once:
    cargo bench -p micro -- --test
    cargo bench -p track -- --test
    cargo bench -p peers -- --quick

# Draws the dashboards into docs/images, after asking all that they and the rules ask.
dashboards:
    scripts/e2e-panels --write

# Shows the monitoring kit at work until Ctrl-C: simulated controllers, Prometheus and Alertmanager. `--quick` is faster.
monitor *options:
    scripts/monitor {{ options }}

# Everything that continuous integration runs; `.ci/run STAGE...` runs some of it.
check:
    .ci/run
