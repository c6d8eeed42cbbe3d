//! `Gzip::Direct`: whatever the exposition is, it comes out byte for byte.
//!
//! Read by flate2, which refuses what breaks a rule of the format.

use std::sync::Arc;
use std::time::Duration;

use gotk_metrics::ConditionStatus::{False, True};
use gotk_metrics::Recorder;
use gotk_metrics::{ConditionType, Format, Gzip, MetricsService, ObjectId};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::bodies::{get, read, read_while};
use crate::encodings::decompressed;
use crate::running::recorder;

const FORMATS: [Format; 2] = [Format::Text, Format::OpenMetrics];

fn service(recorder: &Recorder) -> MetricsService {
    MetricsService::new(recorder.clone())
        .openmetrics(true)
        .gzip(Gzip::Direct)
}

/// The answer, decompressed; asked for with `query`.
async fn scraped(recorder: &Recorder, format: Format, query: &str) -> String {
    let accept = ("accept", format.content_type());
    let request = get(
        &format!("/metrics{query}"),
        &[accept, ("accept-encoding", "gzip")],
    );
    let answer = service(recorder).respond(&request).await;
    let compressed = answer.headers().contains_key("content-encoding");
    let body = read(answer).0.concat();
    if compressed {
        decompressed(&body)
    } else {
        String::from_utf8(body).unwrap()
    }
}

#[track_caller]
fn assert_same(scraped: &str, expected: &str) {
    // Not printed: it is megabytes.
    let differs = std::iter::zip(scraped.lines(), expected.lines()).find(|(a, b)| a != b);
    assert!(scraped == expected, "first line that differs: {differs:?}");
}

async fn assert_exposed(recorder: &Recorder) {
    for format in FORMATS {
        assert_same(
            &scraped(recorder, format, "").await,
            &recorder.encode(format),
        );
    }
}

#[tokio::test]
async fn any_number_of_objects_comes_out() {
    for objects in [0, 1, 2, 10, 1023, 1024, 1025, 3000] {
        assert_exposed(&recorder(objects)).await;
    }
}

#[tokio::test]
async fn objects_of_all_kinds_come_out() {
    let recorder = recorder(0);
    let types = ["Ready", "Stalled", "Healthy", "Reconciling"].map(ConditionType::new);
    let mut random = fastrand::Rng::with_seed(3);
    for number in 0..3000 {
        // Names whose lengths differ, and values that have to be escaped.
        let name = format!(
            "{}{}",
            ["app-", "a\"", "\\", "é\n", ""][number % 5],
            number * 7
        );
        let namespace = "n".repeat(number % 11);
        let id = ObjectId::new(["App", "Bucket", "C\""][number % 3], name).within(namespace);
        for condition in types.iter().take(random.usize(..5)) {
            recorder.record_condition(&id, condition, random.bool().into());
        }
        if random.bool() {
            recorder.record_suspend(&id, random.bool());
        }
        for _ in 0..random.u32(..20) {
            let millis = 1 << random.u64(..22);
            recorder.record_duration(&id, Duration::from_micros(millis * 100 + 1));
        }
    }
    assert_exposed(&recorder).await;
}

#[tokio::test]
async fn objects_larger_than_what_a_reader_remembers_come_out() {
    let recorder = recorder(0);
    for number in 0..40 {
        let long = format!("{}{number}", "x".repeat(240));
        let id = ObjectId::new("App", &long).within(&long);
        for condition in 0..16 {
            let condition = ConditionType::new(format!("{}{condition}", "y".repeat(300)));
            recorder.record_condition(&id, &condition, True);
        }
    }
    assert_exposed(&recorder).await;
}

#[tokio::test]
async fn appended_registries_come_out() {
    for gauges in [1, 100, 20_000] {
        let family = Family::<Vec<(String, String)>, Gauge>::default();
        let mut registry = Registry::default();
        registry.register("app_queue", "Length of each queue", family.clone());
        for number in 0..gauges {
            let queue = vec![("queue".to_owned(), number.to_string())];
            family.get_or_create(&queue).set(number);
        }
        let recorder = recorder(1500);
        recorder.append(Arc::new(registry)).unwrap();
        assert_exposed(&recorder).await;
    }
}

#[tokio::test]
async fn selections_come_out() {
    let recorder = recorder(2000);
    let whole = recorder.encode(Format::Text);
    for names in [
        &["gotk_reconcile_condition"][..],
        &["gotk_reconcile_duration_seconds"],
        &["workqueue_work_duration_seconds", "gotk_suspend_status"],
        &[
            "gotk_reconcile_condition",
            "controller_runtime_reconcile_total",
        ],
        &["none"],
    ] {
        let is_selected = |line: &&str| names.iter().any(|name| line.contains(name));
        let expected: String = whole.split_inclusive('\n').filter(is_selected).collect();
        let query = format!("?name[]={}", names.join("&name[]="));
        assert_same(&scraped(&recorder, Format::Text, &query).await, &expected);
    }
}

#[tokio::test]
async fn changes_between_frames_tear_nothing() {
    let recorder = recorder(5000);
    let request = get("/metrics", &[("accept-encoding", "gzip")]);
    let answer = service(&recorder).respond(&request).await;
    let mut round = 0_usize;
    let (frames, _) = read_while(answer, || {
        round += 1;
        for number in (0..5000_usize).step_by(3) {
            let id = ObjectId::new("App", format!("app-{number:05}")).within("team");
            let status = if round.is_multiple_of(2) { True } else { False };
            recorder.record_condition(&id, &ConditionType::READY, status);
            recorder.record_duration(&id, Duration::from_secs(1));
            if number.is_multiple_of(17) {
                recorder.forget(&id);
            }
        }
    });
    assert!(round > 50);
    let text = decompressed(&frames.concat());
    let mut last_bucket = "";
    let (mut lines, mut current) = (0, 0);
    for line in text.lines() {
        let (series, value) = line.rsplit_once(' ').unwrap();
        if series.starts_with("gotk_reconcile_condition{") {
            lines += 1;
            current += usize::from(value == "1");
        } else if series.starts_with("gotk_reconcile_duration_seconds_bucket") {
            last_bucket = value;
        } else if series.starts_with("gotk_reconcile_duration_seconds_count") {
            assert_eq!(value, last_bucket, "{line}");
        }
    }
    assert_eq!((lines, current), (20_000, 5000));
}

#[tokio::test]
async fn it_is_smaller_than_what_flate2_makes() {
    let recorder = recorder(5000);
    let request = get("/metrics", &[("accept-encoding", "gzip")]);
    let mut sizes = Vec::new();
    for gzip in [Gzip::Direct, Gzip::Flate2] {
        let answer = service(&recorder).gzip(gzip).respond(&request).await;
        sizes.push(read(answer).0.concat().len());
    }
    assert!(sizes.is_sorted() && sizes[0] > 0, "{sizes:?}");
}
