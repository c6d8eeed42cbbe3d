//! `?name[]=family`: an exposition of some families.

use std::collections::BTreeSet;
use std::sync::Arc;

use gotk_metrics::{Format, Recorder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use crate::running::{Running, recorder};

/// With three families of a registry of the user's.
fn with_appended() -> Recorder {
    let recorder = recorder(2);
    let mut registry = Registry::default();
    registry.register("app_renders", "Rendered", Counter::<u64>::default());
    registry.register("app_queue", "Waiting", Gauge::<i64>::default());
    registry.register("app_build", "Built", Info::new(vec![("version", "1")]));
    recorder.append(Arc::new(registry)).unwrap();
    recorder
}

/// The names in the TYPE lines.
fn families(text: &str) -> BTreeSet<&str> {
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    types.filter_map(|line| line.split(' ').next()).collect()
}

#[tokio::test]
async fn families_are_selected_by_name() {
    let recorder = with_appended();
    let server = Running::start(&recorder).await;
    let condition = "gotk_reconcile_condition";
    let duration = "gotk_reconcile_duration_seconds";
    for (query, expected) in [
        ("name[]=gotk_reconcile_condition", &[condition][..]),
        ("name%5B%5D=gotk_reconcile_condition", &[condition]),
        ("name%5b]=gotk%5Freconcile_condition", &[condition]),
        (
            "name[]=gotk_reconcile_condition&x=y&name[]=gotk_reconcile_duration_seconds",
            &[condition, duration],
        ),
        // By a sample, in either format.
        ("name[]=gotk_reconcile_duration_seconds_bucket", &[duration]),
        ("name[]=app_renders_total", &["app_renders_total"]),
        ("name[]=app_renders", &["app_renders_total"]),
        ("name[]=app_build_info", &["app_build_info"]),
        ("name[]=app_queue&name[]=app_queue", &["app_queue"]),
        // Whatever that may be.
        ("name[]=gotk_reconcile_condition_total", &[]),
        ("name[]=gotk_", &[]),
        ("name[]=", &[]),
        ("name[]", &[]),
        ("name[]=%ff", &[]),
    ] {
        let response = server
            .request("GET", &format!("/metrics?{query}"), "")
            .await;
        assert_eq!(response.status, 200, "{query}");
        let expected: BTreeSet<&str> = expected.iter().copied().collect();
        assert_eq!(families(&response.body), expected, "{query}");
    }
    server.stop().await;
}

#[tokio::test]
async fn what_is_selected_is_a_part_of_the_whole() {
    let recorder = with_appended();
    let server = Running::start_with_openmetrics(&recorder).await;
    let openmetrics = "Accept: application/openmetrics-text\r\n";
    for (format, accept) in [(Format::Text, ""), (Format::OpenMetrics, openmetrics)] {
        let whole = recorder.encode(format);
        let mut parts = String::new();
        for family in families(&whole) {
            let target = format!("/metrics?name[]={family}");
            let part = server.request("GET", &target, accept).await.body;
            assert!(whole.contains(part.trim_end_matches("# EOF\n")), "{part}");
            assert_eq!(part.ends_with("# EOF\n"), format == Format::OpenMetrics);
            parts += &part;
        }
        let lines = |text: &str| text.lines().filter(|l| *l != "# EOF").count();
        assert_eq!(lines(&parts), lines(&whole));
        let nothing = server.request("GET", "/metrics?name[]=x", accept).await;
        assert_eq!(
            nothing.body,
            whole.get(whole.len()..).unwrap().to_owned()
                + if accept.is_empty() { "" } else { "# EOF\n" }
        );
    }
    server.stop().await;
}

/// What is not asked for is no part that had to be left out.
#[tokio::test]
async fn a_selection_is_no_error() {
    let recorder = with_appended();
    let server = Running::start(&recorder).await;
    for target in [
        "/metrics?name[]=app_queue",
        "/metrics?name[]=gotk_suspend_status",
    ] {
        server.request("GET", target, "").await;
    }
    assert!(
        server
            .scrape()
            .await
            .body
            .contains("\ngotkmetrics_append_errors_total 0\n")
    );
    server.stop().await;
}
