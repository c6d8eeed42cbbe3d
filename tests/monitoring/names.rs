//! Every name in the rules, the dashboards and the runbook is in the catalogue.
//!
//! A name that is in none, because it is not ours, is in a list here.

use std::collections::BTreeSet;

use gotk_metrics::{Family, FamilyType};
use serde_json::Value;

use crate::files::{all_alerts, files, path, runbook};
use crate::promql;

/// Metrics that Prometheus makes itself, of targets and of alerts.
const PROMETHEUS: [&str; 7] = [
    "ALERTS",
    "ALERTS_FOR_STATE",
    "scrape_duration_seconds",
    "scrape_samples_post_metric_relabeling",
    "scrape_samples_scraped",
    "scrape_series_added",
    "up",
];

/// Labels that are not of a family: of the target, of the server or the ruler, and of alerts.
const TARGET: [&str; 11] = [
    "alertname",
    "alertstate",
    "cluster",
    "container",
    "endpoint",
    "exported_namespace",
    "instance",
    "job",
    "namespace",
    "pod",
    "severity",
];

/// The family of a metric, which for a histogram is named without what its samples end in.
fn family(metric: &str) -> Option<Family> {
    Family::all().find(|family| {
        let rest = metric.strip_prefix(family.name());
        match family.family_type() {
            FamilyType::Histogram => {
                rest.is_some_and(|rest| ["_bucket", "_count", "_sum"].contains(&rest))
            }
            _ => rest == Some(""),
        }
    })
}

fn labels(metric: &str) -> BTreeSet<&'static str> {
    let mut labels = BTreeSet::from(TARGET);
    if let Some(family) = family(metric) {
        labels.extend(family.labels());
        if metric.ends_with("_bucket") {
            labels.insert("le");
        }
    }
    labels
}

/// What an expression names that nobody exposes.
fn unknown(expression: &str) -> Vec<String> {
    let names = promql::names(expression);
    let mut unknown = Vec::new();
    let mut known = BTreeSet::from(TARGET);
    known.extend(names.written.iter().map(String::as_str));
    for (metric, matched) in &names.selectors {
        let is_known = PROMETHEUS.contains(&&**metric) || family(metric).is_some();
        if !is_known {
            unknown.push(format!("metric {metric}"));
        }
        let labels = labels(metric);
        let matched = matched.iter().filter(|label| !labels.contains(&***label));
        unknown.extend(matched.map(|label| format!("label {label} of {metric}")));
        known.extend(labels);
    }
    let grouped = names
        .labels
        .iter()
        .filter(|label| !known.contains(&***label));
    unknown.extend(grouped.map(|label| format!("label {label}")));
    unknown
}

#[track_caller]
fn assert_known(place: &str, expression: &str) {
    let unknown = unknown(expression);
    assert!(unknown.is_empty(), "{place}: {unknown:?} in\n{expression}");
}

#[test]
fn every_name_in_a_rule_is_in_the_catalogue() {
    for alert in all_alerts() {
        assert_known(&alert.name, &alert.expression);
    }
}

#[test]
fn every_name_in_a_dashboard_is_in_the_catalogue() {
    for (path, text) in files(&path("deploy"), ".json") {
        let mut expressions = Vec::new();
        expressions_of(&serde_json::from_str(&text).unwrap(), &mut expressions);
        assert!(!expressions.is_empty(), "{} asks nothing", path.display());
        for expression in expressions {
            assert_known(&path.display().to_string(), &expression);
        }
    }
}

/// Of panels, annotations and variables, wherever they are.
fn expressions_of(value: &Value, expressions: &mut Vec<String>) {
    match value {
        Value::Array(values) => values
            .iter()
            .for_each(|one| expressions_of(one, expressions)),
        Value::Object(fields) => {
            let is_query = fields.get("type").is_some_and(|kind| kind == "query");
            for (key, field) in fields {
                match field {
                    Value::String(text) if key == "expr" => expressions.push(text.clone()),
                    Value::String(text) if ["definition", "query"].contains(&&**key) => {
                        // A variable's; other things of that key are not asked of Prometheus.
                        if is_query || text.starts_with("label_values(") {
                            expressions.push(text.clone());
                        }
                    }
                    _ => expressions_of(field, expressions),
                }
            }
        }
        _ => {}
    }
}

#[test]
fn every_name_in_the_runbook_is_in_the_catalogue() {
    let runbook = runbook();
    let queries: Vec<_> = runbook.split("```promql\n").skip(1).collect();
    assert!(queries.len() > 10, "{queries:?}");
    for query in queries {
        // An empty line is between two of them.
        for query in query.split("```").next().unwrap().split("\n\n") {
            assert_known("docs/runbook.md", query);
        }
    }
}

#[test]
fn what_nobody_exposes_is_found() {
    for (expression, expected) in [
        (
            "sum by (kind) (gotk_reconcile_conditions)",
            "metric gotk_reconcile_conditions",
        ),
        (
            "gotk_suspend_status{kin=\"App\"} == 1",
            "label kin of gotk_suspend_status",
        ),
        ("sum by (kinds) (gotk_suspend_status)", "label kinds"),
        ("up and on (pods) gotk_suspend_status", "label pods"),
        (
            "label_replace(up, \"x\", \"$1\", \"y\", \"(.+)\")",
            "label y",
        ),
        (
            "gotk_reconcile_duration_seconds > 1",
            "metric gotk_reconcile_duration_seconds",
        ),
        (
            "label_values(gotk_suspend_status{kind=\"$kind\"}, nam)",
            "label nam",
        ),
        (
            "rate(process_cpu_seconds_total{le=\"1\"}[$__rate_interval])",
            "label le of process_cpu_seconds_total",
        ),
    ] {
        let found = unknown(expression);
        assert!(
            found.iter().any(|one| one == expected),
            "{found:?} in {expression}"
        );
    }
}
