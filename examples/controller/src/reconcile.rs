//! What happens to an object, in which order: finalizer, suspension, work, status.
//!
//! Nothing here knows of metrics: `run_recorded` sees when this starts and how it ends.

use std::sync::Arc;
use std::time::Duration;

use kube::runtime::controller::Action;
use kube::runtime::finalizer::{self, Event, finalizer};
use kube::{Api, Client, Resource as _, ResourceExt as _};

use crate::app::App;
use crate::status;
use crate::work::{self, WorkError};

const FINALIZER: &str = "example.com/app-cleanup";
/// How long until the work is checked again, if nothing changes.
const INTERVAL: Duration = Duration::from_secs(300);
const RETRY: Duration = Duration::from_secs(5);

/// What every reconcile needs.
pub(crate) struct Context {
    pub(crate) client: Client,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("work on the app")]
    Work(#[from] WorkError),
    #[error("write the status")]
    Status(#[from] kube::Error),
    #[error("keep the finalizer")]
    Finalizer(#[source] Box<finalizer::Error<Error>>),
}

pub(crate) async fn reconcile(app: Arc<App>, ctx: Arc<Context>) -> Result<Action, Error> {
    let namespace = app.namespace().unwrap_or_default();
    let apps: Api<App> = Api::namespaced(ctx.client.clone(), &namespace);
    // Whoever no longer wants the cleanup still has the finalizer of before.
    if app.spec.cleanup || app.finalizers().iter().any(|name| name == FINALIZER) {
        let ended = finalizer(&apps, FINALIZER, app, |event| async {
            match event {
                Event::Apply(app) => apply(&apps, &app).await,
                Event::Cleanup(app) => clean_up(&apps, &app).await,
            }
        });
        return ended
            .await
            .map_err(|error| Error::Finalizer(Box::new(error)));
    }
    // A finalizer that is not ours may hold it for a while.
    if app.meta().deletion_timestamp.is_some() {
        return Ok(Action::await_change());
    }
    apply(&apps, &app).await
}

async fn apply(apps: &Api<App>, app: &App) -> Result<Action, Error> {
    if app.spec.suspend {
        return Ok(Action::await_change());
    }
    let worked = work::deploy(app).await;
    status::write(apps, app, &worked).await?;
    worked?;
    Ok(Action::requeue(INTERVAL))
}

async fn clean_up(apps: &Api<App>, app: &App) -> Result<Action, Error> {
    let worked = work::remove(app).await;
    if worked.is_err() {
        // Until it works the object stays, and shows why.
        status::write(apps, app, &worked).await?;
    }
    worked?;
    Ok(Action::await_change())
}

pub(crate) fn error_policy(_: Arc<App>, _: &Error, _: Arc<Context>) -> Action {
    Action::requeue(RETRY)
}
