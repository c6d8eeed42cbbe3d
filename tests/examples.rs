//! The short examples run and print what they promise.

#[cfg(test)]
#[path = "common/example.rs"]
mod example;

use std::process::Command;

use crate::example::{Ended, build, run};

/// Runs an example and checks that its output has each of these lines, in this order.
#[track_caller]
fn assert_prints(name: &str, expected: &[&str], complaints: &str) {
    let Ended { code, out, err } = run(Command::new(build(name)), b"");
    assert_eq!((code, err.as_str()), (Some(0), complaints), "of {name}");
    let mut lines = out.lines();
    for line in expected {
        assert!(
            lines.any(|l| l == *line),
            "no {line}, or not there, in\n{out}"
        );
    }
}

#[test]
fn minimal_prints_each_fate() {
    let lines = [
        r#"controller_runtime_reconcile_errors_total{controller="app"} 1"#,
        r#"controller_runtime_reconcile_total{controller="app",result="success"} 2"#,
        r#"gotk_reconcile_condition{kind="App",name="cart",namespace="shop",status="Deleted",type="Ready"} 0"#,
        r#"gotk_reconcile_condition{kind="App",name="cart",namespace="shop",status="True",type="Ready"} 1"#,
        r#"gotk_reconcile_condition{kind="App",name="checkout",namespace="shop",status="False",type="Ready"} 1"#,
        r#"gotk_reconcile_condition{kind="App",name="search",namespace="shop",status="Deleted",type="Ready"} 1"#,
        r#"gotk_reconcile_duration_seconds_count{kind="App",name="cart",namespace="shop"} 1"#,
        r#"gotk_suspend_status{kind="App",name="cart",namespace="shop"} 0"#,
        r#"gotk_suspend_status{kind="App",name="mailer",namespace="shop"} 1"#,
    ];
    let complaints = "checkout has no source\ntext/plain; version=0.0.4; charset=utf-8\n";
    assert_prints("minimal", &lines, complaints);
}

#[test]
fn custom_registry_prints_both_directions() {
    let lines = [
        "--- the user's registry appended to ours: Prometheus text",
        r#"gotk_reconcile_duration_seconds_bucket{kind="App",name="cart",namespace="shop",le="0.038363583488692544"} 1"#,
        r#"gotk_suspend_status{kind="App",name="cart",namespace="shop"} 0"#,
        "# HELP app_renders_total Templates rendered.",
        "# TYPE app_renders_total counter",
        r#"app_renders_total{engine="jinja"} 3"#,
        "app_downloads_bytes_total 4096",
        "--- our recorder as a collector in the user's registry: OpenMetrics",
        r#"gotk_reconcile_duration_seconds_bucket{le="0.038363583488692547",kind="App",name="cart",namespace="shop"} 1"#,
        r#"gotk_suspend_status{kind="App",name="cart",namespace="shop"} 0"#,
        "# EOF",
    ];
    assert_prints("custom_registry", &lines, "");
}

#[cfg(feature = "server")]
#[test]
fn fleet_says_what_a_flag_wants() {
    for wrong in ["", "h", "9m", "1d", "1\u{e9}"] {
        let mut fleet = Command::new(build("fleet"));
        fleet.args(["--backfill", wrong]);
        let Ended { code, out, err } = run(fleet, b"");
        let said = format!(
            "fleet: --backfill is `{wrong}` and not a time from 10m to 24h such as 1h or 90m; try --help\n"
        );
        assert_eq!((code, out, err), (Some(2), String::new(), said));
    }
}
