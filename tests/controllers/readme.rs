//! The examples of the README, to the letter, with what they take for granted around them.
//!
//! What stands between two marks is the README's; a test compares them.

use std::io;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::runtime::controller::Action;
use kube::{Api, Client, CustomResource};
use serde::{Deserialize, Serialize};

// The README's crate is `futures`, which has this one in it.
use futures_util as futures;

#[derive(Clone, CustomResource, Debug, Deserialize, Serialize)]
#[kube(group = "example.com", version = "v1", kind = "App", namespaced)]
#[kube(status = "AppStatus", schema = "disabled")]
struct AppSpec {
    suspend: bool,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct AppStatus {
    conditions: Vec<Condition>,
}

struct Context;

async fn reconcile(_: Arc<App>, _: Arc<Context>) -> Result<Action, io::Error> {
    std::future::ready(Ok(Action::await_change())).await
}

fn error_policy(_: Arc<App>, _: &io::Error, _: Arc<Context>) -> Action {
    Action::await_change()
}

// From here on as in the README.
use futures::StreamExt as _;
use gotk_metrics::kube::ControllerExt as _;
use gotk_metrics::{BindError, MetricsServer, Observe, Observed, Recorder};
use std::sync::Arc;

impl Observe for App {
    fn observe(&self) -> Observed<'_> {
        Observed::new()
            .conditions(self.status.as_ref().map(|status| &status.conditions))
            .suspended(self.spec.suspend)
    }
}

async fn run(apps: kube::runtime::Controller<App>, ctx: Arc<Context>) -> Result<(), BindError> {
    let recorder = Recorder::new();
    let server = MetricsServer::bind(recorder.clone(), 8080).await?; // port in use: an error here
    tokio::spawn(server.serve());

    apps.run_recorded(&recorder, reconcile, error_policy, ctx) // instead of `.run(reconcile, error_policy, ctx)`
        .for_each(|_| async {})
        .await;
    Ok(())
}
// To here.

mod options {
    use super::*;
    use gotk_metrics::ErrorCategory;
    use gotk_metrics::kube::RecorderExt as _;
    use kube::runtime::Controller;

    #[derive(Debug, thiserror::Error)]
    pub(super) enum Error {
        #[error("panicked")]
        Panicked,
    }

    impl ErrorCategory for Error {
        fn category(&self) -> &'static str {
            "panic"
        }
    }

    async fn reconcile(_: Arc<App>, _: Arc<Context>) -> Result<Action, Error> {
        std::future::ready(Ok(Action::await_change())).await
    }

    fn error_policy(_: Arc<App>, _: &Error, _: Arc<Context>) -> Action {
        Action::await_change()
    }

    pub(super) async fn run(recorder: Recorder, apps: Controller<App>, ctx: Arc<Context>) {
        // And the options.
        let options = recorder
            .controller() // for a kind of another crate: `controller_of(|object| Observed::new())`
            .max_concurrent(2) // as in `Config::concurrency`, which cannot be read back
            .error_categories() // for an error that implements `ErrorCategory`
            .recover_panics(|_| Error::Panicked); // without it, a panic ends the controller
        let apps = apps.run_recorded_with(options, reconcile, error_policy, ctx);
        // To here.
        apps.for_each(|_| async {}).await;
    }
}

#[test]
fn the_examples_of_the_readme_are_compiled() {
    // White space apart, and the comma that rustfmt puts where it breaks a line.
    let bare = |text: &str| {
        let text = text.replace(",\n}", "\n}");
        text.split_whitespace().collect::<String>()
    };
    let readme = include_str!("../../README.md");
    let examples = readme
        .split("```")
        .filter_map(|text| text.strip_prefix("Rust\n"));
    let examples: Vec<&str> = examples.collect();
    let [first, options] = examples[..] else {
        panic!("{examples:?}");
    };
    assert!(first.lines().count() <= 20);
    let here = include_str!("readme.rs");
    for (example, start) in [
        (first, "// From here on as in the README.\n"),
        (options, "// And the options.\n"),
    ] {
        let (_, here) = here.split_once(start).unwrap();
        let (here, _) = here.split_once("// To here.\n").unwrap();
        assert_eq!(bare(here), bare(example));
    }
}

/// A future of each can be spawned.
#[test]
fn the_examples_of_the_readme_can_be_spawned() {
    fn send<F: Future + Send + 'static>(_: impl FnOnce(Client) -> F) {}
    send(|client| {
        let config = kube::runtime::watcher::Config::default();
        let apps = kube::runtime::Controller::new(Api::all(client), config);
        run(apps, Arc::new(Context))
    });
    send(|client| {
        let config = kube::runtime::watcher::Config::default();
        let apps = kube::runtime::Controller::new(Api::all(client), config);
        options::run(Recorder::new(), apps, Arc::new(Context))
    });
}
