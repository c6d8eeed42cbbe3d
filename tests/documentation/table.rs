//! The table of all families in `docs/metrics.md`.
//!
//! `WRITE_DOCS=1` makes the test write the table instead of comparing it.

use std::{env, fs};

use gotk_metrics::{Family, FamilyType};

use super::{METRICS, everything};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/metrics.md");
const START: &str = "<!-- `just docs` writes this table from the catalogue. -->\n\n";
const END: &str = "\n<!-- The end of the table. -->\n";
/// The groups of the table, in their order.
const PREFIXES: [&str; 8] = [
    "gotk_",
    "controller_runtime_",
    "workqueue_",
    "rest_client_",
    "certwatcher_",
    "leader_election_",
    "process_",
    "gotkmetrics_",
];

#[test]
fn the_table_is_generated_from_the_catalogue() {
    let table = table(&everything().unwrap());
    let (before, rest) = METRICS.split_once(START).unwrap();
    let (current, after) = rest.split_once(END).unwrap();
    if env::var_os("WRITE_DOCS").is_some() {
        fs::write(FILE, [before, START, &table, END, after].concat()).unwrap();
        return;
    }
    let differs = std::iter::zip(current.lines(), table.lines()).find(|(a, b)| a != b);
    assert!(
        current == table,
        "run `just docs`; the first row that differs: {differs:#?}"
    );
}

fn table(exposition: &str) -> String {
    let mut table =
        String::from("| name | type | labels | help | series |\n|---|---|---|---|---|\n");
    let mut rows = 0;
    for prefix in PREFIXES {
        for family in Family::all().filter(|family| family.name().starts_with(prefix)) {
            table.push_str(&row(family, exposition));
            rows += 1;
        }
    }
    assert_eq!(rows, Family::all().len(), "a family without a group");
    table
}

fn row(family: Family, exposition: &str) -> String {
    let le = (family.family_type() == FamilyType::Histogram).then_some("le");
    let labels = family.labels().iter().copied().chain(le);
    let labels: Vec<String> = labels.map(|label| format!("`{label}`")).collect();
    let cells = [
        format!("`{}`", family.name()),
        family.family_type().as_str().to_owned(),
        labels.join(", "),
        family.help().to_owned(),
        series_of(family, exposition),
    ];
    format!("| {} |\n", cells.join(" | ")).replace("|  |", "| |")
}

/// How many series one object or one controller has in `family`, counted in an exposition.
fn series_of(family: Family, text: &str) -> String {
    // One family's name may begin with another's.
    let is_sample = |line: &&str| {
        let rest = line.strip_prefix(family.name());
        rest.is_some_and(|rest| rest.starts_with(['{', ' ', '_']))
    };
    let count = match family {
        // Only a controller of kube-rs has these: `tests/controllers` counts them. A certificate has
        // the first two: `tests/tls` counts them.
        Family::CertificateReadErrors
        | Family::CertificateReads
        | Family::MaxConcurrentReconciles
        | Family::ObjectsBehind
        | Family::ObjectsNotFound
        | Family::ObservePanics
        | Family::ResourceInfo
        | Family::DeletionTimestamp
        | Family::WatchErrors => 1,
        Family::Sources => 2,
        _ => text.lines().filter(is_sample).count(),
    };
    let per = match (family.labels(), family) {
        (_, Family::ResourceInfo) => " per object",
        (_, Family::ReconcileCondition) => " per object and condition type",
        (["category" | "controller", ..], _) => " per controller",
        (["host", "verb"], _) => " per host and verb",
        (["code", "host", "method"], _) => " per code, host and method",
        (["kind"] | ["kind", "state"], _) => " per kind",
        (["kind", ..], _) => " per object",
        _ => "",
    };
    format!("{count}{per}")
}
