//! `docs/metrics.md` says what the catalogue says.
//!
//! A family is documented by one row of a table, which must agree with it in every cell.

use std::collections::BTreeSet;
use std::error::Error;
use std::sync::Arc;

use gotk_metrics::{Family, FamilyType, Format, ObjectId, Recorder};

const METRICS: &str = include_str!("../docs/metrics.md");

/// The cells of the rows of the first table under a heading.
fn rows(heading: &str) -> impl Iterator<Item = Vec<&'static str>> {
    let lines = METRICS.lines().skip_while(move |line| *line != heading);
    let table = lines.skip_while(|line| !line.starts_with('|'));
    let rows = table.take_while(|line| line.starts_with('|')).skip(2);
    rows.map(|row| {
        let cells = row.trim_matches('|').split('|');
        cells.map(str::trim).collect()
    })
}

/// The words of `text` that are set as code.
fn code(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

#[test]
fn table_has_every_family_and_no_other() {
    let documented: BTreeSet<_> = rows("## Families").flat_map(|row| code(row[0])).collect();
    let families: BTreeSet<_> = Family::all().map(Family::name).collect();
    assert_eq!(documented, families);
    assert_eq!(rows("## Families").count(), families.len(), "a row twice");
}

#[test]
fn each_row_agrees_with_its_family() {
    let text = everything().unwrap();
    for family in Family::all() {
        let name = family.name();
        let row = rows("## Families").find(|row| code(row[0]) == [name]);
        let row = row.unwrap_or_else(|| panic!("no row for {name}"));
        let [_, family_type, labels, help, series] = row[..] else {
            panic!("{name} has another number of cells: {row:?}");
        };
        let mut expected = family.labels().to_vec();
        if family.family_type() == FamilyType::Histogram {
            expected.push("le");
        }
        assert_eq!(code(labels), expected, "labels of {name}");
        assert_eq!(family_type, family.family_type().as_str(), "type of {name}");
        assert_eq!(help, family.help(), "help of {name}");
        let is_exposed = match name {
            _ if name.starts_with("gotkmetrics_scrape") => cfg!(feature = "server"),
            // There has to be a certificate: `tests/tls` counts them.
            _ if name.starts_with("certwatcher_") => false,
            _ if name.starts_with("rest_client_") => cfg!(feature = "client"),
            _ if name.starts_with("process_") => {
                cfg!(all(feature = "process", target_os = "linux"))
            }
            _ => true,
        };
        if is_exposed {
            assert_eq!(series, series_of(family, &text), "series of {name}");
        }
    }
}

#[test]
fn the_readme_names_every_family() {
    let readme = code(include_str!("../README.md"));
    for family in Family::all() {
        let name = family.name();
        // In full, behind the prefix of its group, or with the whole group.
        let group = [
            "controller_runtime_",
            "workqueue_",
            "rest_client_",
            "gotkmetrics_",
        ];
        let in_group = group.iter().find_map(|prefix| name.strip_prefix(prefix));
        let of_process = name.starts_with("process_") && readme.contains(&"process_…");
        let named = readme.contains(&name) || in_group.is_some_and(|rest| readme.contains(&rest));
        assert!(named || of_process, "{name} is not in the README");
    }
}

/// How many series one object or one controller has in `family`, counted in an exposition.
fn series_of(family: Family, text: &str) -> String {
    // One family's name may begin with another's.
    let is_sample = |line: &&str| {
        let rest = line.strip_prefix(family.name());
        rest.is_some_and(|rest| rest.starts_with(['{', ' ', '_']))
    };
    let count = match family {
        // Only a controller of kube-rs has these: `tests/controllers` counts them.
        Family::MaxConcurrentReconciles
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

/// What one object of one controller leaves in every family.
fn everything() -> Result<String, Box<dyn Error>> {
    let builder = Recorder::builder();
    #[cfg(feature = "process")]
    let builder = builder.process_metrics();
    let recorder = builder.build()?;
    recorder.append(Arc::default())?;
    let id = ObjectId::new("App", "a").within("ns");
    recorder.record_suspend(&id, false);
    recorder.start(&id).fail_as("quota");
    recorder.record_leader("app-controller", true);
    #[cfg(feature = "client")]
    request(&recorder);
    #[cfg(feature = "server")]
    scrape(&recorder)?;
    Ok(recorder.encode(Format::Text))
}

/// One that nobody answers.
#[cfg(feature = "client")]
fn request(recorder: &Recorder) {
    use std::future::{Pending, pending};
    use std::io;
    use std::task::{Context, Poll};

    use http::{Request, Response, Uri};
    use tower_layer::Layer as _;
    use tower_service::Service;

    struct Silent;
    impl Service<Request<()>> for Silent {
        type Response = Response<()>;
        type Error = io::Error;
        type Future = Pending<io::Result<Response<()>>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: Request<()>) -> Self::Future {
            pending()
        }
    }
    let layer = recorder.client_layer(&Uri::from_static("https://example.com"));
    drop(layer.layer(Silent).call(Request::new(())));
}

#[cfg(feature = "server")]
fn scrape(recorder: &Recorder) -> Result<(), Box<dyn Error>> {
    let service = gotk_metrics::MetricsService::new(recorder.clone());
    let (request, ()) = http::Request::new(()).into_parts();
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let response = runtime.block_on(service.scrape(&request));
    assert_eq!(response.status(), 200);
    Ok(())
}

#[test]
fn bounds_are_the_recorders() {
    let heading = "## Durations: `gotk_reconcile_duration_seconds`";
    let (_, section) = METRICS.split_once(heading).unwrap();
    let block = section.split("```").nth(1).unwrap();
    let block = block.strip_prefix("text").unwrap();
    let documented: Vec<f64> = block
        .split_whitespace()
        .map(|b| b.parse().unwrap())
        .collect();
    assert_eq!(documented, Recorder::new().durations().bounds());
}

#[test]
fn every_fixed_label_value_is_documented() {
    let text = everything().unwrap();
    let documented: BTreeSet<_> = code(METRICS).into_iter().collect();
    let of_server = cfg!(feature = "server").then_some("code");
    for label in ["status", "result", "limit"].into_iter().chain(of_server) {
        let start = format!("{label}=\"");
        let values = text.split(&*start).skip(1);
        let values: BTreeSet<_> = values.filter_map(|rest| rest.split('"').next()).collect();
        assert!(values.len() > 2, "{label} has {values:?} in\n{text}");
        let missing: Vec<_> = values.difference(&documented).collect();
        assert!(
            missing.is_empty(),
            "values of {label} without a word: {missing:?}"
        );
    }
}
