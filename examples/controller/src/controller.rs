//! Runs the controller, while this replica leads.
//!
//! What it records needs no leader election and asks for none: it lasts as long as the controller.

use std::error::Error;
use std::sync::Arc;

use futures::{FutureExt as _, StreamExt as _};
use gotk_metrics::Recorder;
use gotk_metrics::kube::ControllerExt as _;
use kube::runtime::{Controller, watcher};
use kube::{Api, Client};
use tokio::select;

use crate::app::App;
use crate::election::Election;
use crate::reconcile::{Context, error_policy, reconcile};
use crate::with_causes;

/// Waits for the lease, then runs until `stop` is ready or the lease is lost, which is an error.
pub(crate) async fn run(
    client: Client,
    recorder: &Recorder,
    mut election: Election,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Box<dyn Error>> {
    let stop = stop.shared();
    select! {
        () = election.won() => eprintln!("leading"),
        () = stop.clone() => return Ok(()),
    }
    let apps: Api<App> = Api::all(client.clone());
    let context = Arc::new(Context { client });
    let controller = Controller::new(apps, watcher::Config::default())
        .graceful_shutdown_on(stop)
        // Instead of `.run(reconcile, error_policy, context)`.
        .run_recorded(recorder, reconcile, error_policy, context)
        .for_each(|ended| async move {
            if let Err(error) = ended {
                eprintln!("{}", with_causes(&error));
            }
        });
    select! {
        () = controller => {}
        // Drops the controller, and with it the series of all objects: the next leader has them now.
        () = election.lost() => return Err("the lease was lost".into()),
    }
    Ok(election.release().await?)
}
