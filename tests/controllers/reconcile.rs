//! The reconciles of these tests, which do what their objects say.
//!
//! Written as a user would write them: they know nothing of metrics.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kube::runtime::controller::Action;
use kube::{Api, Client};
use serde_json::json;
use tokio::time::sleep;

use crate::kinds::{App, Step, Task};
use crate::requests::{list, set_status};

/// When a reconcile that failed, or that asked for it, is run again.
pub(crate) const RETRY: Duration = Duration::from_secs(60);

/// What the reconciles share.
pub(crate) struct Context {
    pub(crate) client: Client,
    /// How often each object was reconciled.
    runs: Mutex<BTreeMap<String, u32>>,
    /// Cloned by each reconcile that is under way.
    in_flight: Arc<()>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Failed {
    #[error("not yet")]
    ForNow,
    #[error("never")]
    ForGood,
    #[error("timed out")]
    TimedOut,
    #[error("panicked: {0}")]
    Panicked(String),
    #[error(transparent)]
    Api(#[from] kube::Error),
}

impl Context {
    pub(crate) fn new(client: Client) -> Self {
        Self {
            client,
            runs: Mutex::default(),
            in_flight: Arc::default(),
        }
    }

    pub(crate) fn runs(&self, name: &str) -> u32 {
        self.runs.lock().unwrap().get(name).copied().unwrap_or(0)
    }

    pub(crate) fn in_flight(&self) -> usize {
        Arc::strong_count(&self.in_flight) - 1
    }

    async fn perform(&self, name: &str, step: Step) -> Result<Action, Failed> {
        let _in_flight = Arc::clone(&self.in_flight);
        let run = self.count(name);
        match step {
            Step::Again if run == 1 => return Ok(Action::requeue(Duration::ZERO)),
            Step::Succeed | Step::Again => {}
            Step::Later => return Ok(Action::requeue(RETRY)),
            Step::Fail => return Err(Failed::ForNow),
            Step::GiveUp => return Err(Failed::ForGood),
            Step::Panic => panic!("as the spec of {name} says"),
            Step::Hang => pending().await,
            Step::Take(seconds) => sleep(Duration::from_secs(seconds)).await,
        }
        Ok(Action::await_change())
    }

    fn count(&self, name: &str) -> u32 {
        let mut runs = self.runs.lock().unwrap();
        let run = runs.entry(name.to_owned()).or_default();
        *run += 1;
        *run
    }
}

pub(crate) async fn reconcile_task(task: Arc<Task>, ctx: Arc<Context>) -> Result<Action, Failed> {
    let name = task.metadata.name.as_deref().unwrap();
    ctx.perform(name, task.spec.step).await
}

/// Tells in the status how it went, and leaves a suspended object alone.
pub(crate) async fn reconcile_app(app: Arc<App>, ctx: Arc<Context>) -> Result<Action, Failed> {
    let name = app.metadata.name.as_deref().unwrap();
    let namespace = app.metadata.namespace.as_deref().unwrap();
    if app.spec.suspend {
        return ctx.perform(name, Step::Succeed).await;
    }
    let result = ctx.perform(name, app.spec.step).await;
    let ready = if result.is_ok() { "True" } else { "False" };
    let apps: Api<App> = Api::namespaced(ctx.client.clone(), namespace);
    let status = json!({
        "conditions": list(&[("Ready", ready)]),
        "observedGeneration": app.metadata.generation,
    });
    set_status(&apps, name, status).await?;
    result
}

/// Tries again what may work the next time.
pub(crate) fn policy<K>(_: Arc<K>, error: &Failed, _: Arc<Context>) -> Action {
    match error {
        Failed::ForGood => Action::await_change(),
        _ => Action::requeue(RETRY),
    }
}
