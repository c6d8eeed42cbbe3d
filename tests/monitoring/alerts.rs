//! Every alert has texts, an entry in the runbook, and cases for promtool.
//!
//! What a case says is for `scripts/rules`; here it is enough that there is one.

use std::collections::BTreeSet;
use std::fs;

use crate::files::{Alert, alerts, all_alerts, files, path, runbook};
use crate::promql;

const SEVERITIES: [&str; 3] = ["critical", "info", "warning"];

/// Flux's own alert, which is as Flux has it.
const SEED: &str = "ReconciliationFailure";

#[test]
fn the_texts_of_an_alert_use_the_labels_that_it_has() {
    for alert in all_alerts() {
        let labels = promql::names(&alert.expression).labels;
        let texts = alert
            .annotations
            .values()
            .flat_map(|text| text.split("$labels.").skip(1));
        let used: BTreeSet<_> = texts
            .map(|rest| {
                rest.split(|c: char| !(c.is_alphanumeric() || c == '_'))
                    .next()
                    .unwrap()
            })
            .collect();
        assert!(
            used.iter().all(|label| labels.contains(*label)),
            "{used:?} in {alert:?}"
        );
    }
}

#[test]
fn every_alert_has_texts_a_severity_and_its_runbook() {
    for alert in all_alerts() {
        assert!(alert.annotations.contains_key("summary"), "{alert:?}");
        if alert.name == SEED {
            continue;
        }
        assert!(alert.name.starts_with("Gotk"), "{alert:?}");
        assert!(alert.annotations.contains_key("description"), "{alert:?}");
        assert!(SEVERITIES.contains(&&*alert.severity), "{alert:?}");
        let anchor = format!("docs/runbook.md#{}", alert.name.to_lowercase());
        assert_eq!(alert.annotations["runbook"], anchor);
    }
}

#[test]
fn the_runbook_has_every_alert_and_no_other() {
    let runbook = runbook();
    let entries: Vec<_> = runbook.split("\n### ").skip(1).collect();
    let name = |entry: &str| entry.lines().next().unwrap().to_owned();
    let explained: BTreeSet<_> = entries.iter().map(|entry| name(entry)).collect();
    assert_eq!(explained.len(), entries.len(), "an entry twice");
    let alerts: BTreeSet<_> = all_alerts().into_iter().map(|alert| alert.name).collect();
    assert_eq!(explained, alerts);
    for entry in entries {
        for part in ["**Means.**", "**Look at.**", "**Do.**"] {
            assert!(entry.contains(part), "no {part} for {}", name(entry));
        }
    }
}

#[test]
fn every_alert_has_a_case_that_fires_one_that_does_not_and_one_that_resolves() {
    let files = files(&path("tests/monitoring"), ".yml");
    let lines = files.iter().flat_map(|(_, text)| text.lines());
    let names: Vec<_> = lines
        .filter_map(|line| line.strip_prefix("- name: "))
        .collect();
    for Alert { name, .. } in all_alerts() {
        for what in ["fires", "stays silent", "resolves"] {
            let start = format!("{name} {what} ");
            let is_there = names.iter().any(|case| case[1..].starts_with(&start));
            assert!(is_there, "no case of `{start}`");
        }
    }
}

#[test]
fn the_seed_alert_is_the_one_of_the_cases() {
    let cases = fs::read_to_string(path("tests/fixtures/promtool/rules.yml")).unwrap();
    let expression = |alerts: Vec<Alert>, name: &str| {
        let mut alerts = alerts.into_iter();
        alerts.find(|alert| alert.name == name).unwrap().expression
    };
    assert_eq!(
        expression(all_alerts(), SEED),
        expression(alerts(&cases), "Seed")
    );
}

#[test]
fn a_patch_finds_what_has_a_parameter() {
    for (file, alert) in [
        ("gotk-metrics", "GotkControllerDown"),
        ("controller-expected", "GotkControllerAbsent"),
    ] {
        let text = fs::read_to_string(path(&format!("deploy/rules/{file}.yml"))).unwrap();
        let first = alerts(&text).into_iter().next().unwrap();
        assert_eq!(first.name, alert, "/spec/groups/0/rules/0 of {file}");
        assert!(first.expression.contains("job=~"), "{first:?}");
    }
}
