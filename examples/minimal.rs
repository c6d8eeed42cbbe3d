//! Shows the shortest way in: a reconcile loop of one's own, without a cluster and without a server.
//!
//!     cargo run --no-default-features --example minimal
//!
//! Four objects are reconciled once: one fails, one is suspended, one is deleted afterwards. What
//! Prometheus would then scrape goes to standard output.

use std::io;
use std::time::Duration;

use gotk_metrics::{Format, ObjectId, RecordReconcile, Recorder};

/// The user's own object.
struct App {
    name: &'static str,
    source: Option<&'static str>,
    suspended: bool,
}

impl App {
    fn id(&self) -> ObjectId<'_> {
        ObjectId::new("App", self.name).within("shop")
    }
}

/// The user's own reconcile; nothing in it knows of metrics.
async fn reconcile(app: &App) -> Result<(), String> {
    // A real one awaits its API calls here.
    tokio::time::sleep(Duration::from_millis(20)).await;
    match app.source {
        Some(_) => Ok(()),
        None => Err(format!("{} has no source", app.name)),
    }
}

/// A loop over the objects, as a controller's queue would hand them out.
async fn run(apps: &[App], recorder: &impl RecordReconcile) {
    for app in apps {
        recorder.record_suspend(&app.id(), app.suspended);
        if app.suspended {
            continue;
        }
        // The only line that measures: the duration, the result, and Ready.
        if let Err(error) = recorder.record(&app.id(), reconcile(app)).await {
            eprintln!("{error}");
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let app = |name, source, suspended| App {
        name,
        source,
        suspended,
    };
    let apps = [
        app("cart", Some("git"), false),
        app("checkout", None, false),
        app("mailer", Some("git"), true),
        app("search", Some("git"), false),
    ];
    let recorder = Recorder::new();
    run(&apps, &recorder).await;

    // Shows as Deleted for five minutes, so that alerts on it end; then all its series disappear.
    recorder.record_deleted(&ObjectId::new("App", "search").within("shop"));

    // What an HTTP handler of one's own would answer, with this content type.
    eprintln!("{}", Format::Text.content_type());
    let exposition = recorder.encode(Format::Text);
    io::Write::write_all(&mut io::stdout(), exposition.as_bytes())
}
