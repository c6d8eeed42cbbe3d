//! A controller of a user who has forgotten something, if asked for with `--cfg mistake`.
//!
//! Without, it compiles: what is wrong is the mistake and nothing else.

use std::io;
use std::sync::Arc;

#[cfg(not(mistake))]
use gotk_metrics::Observe;
use gotk_metrics::Recorder;
use gotk_metrics::kube::{ControllerExt as _, RecorderExt as _};
use kube::CustomResource;
use kube::runtime::Controller;
use kube::runtime::controller::Action;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, CustomResource, Deserialize, Serialize)]
#[kube(
    group = "example.com",
    version = "v1",
    kind = "Shop",
    namespaced,
    schema = "disabled"
)]
struct ShopSpec {}

#[cfg(not(mistake))]
impl Observe for Shop {}

async fn reconcile(_: Arc<Shop>, _: Arc<()>) -> io::Result<Action> {
    Ok(Action::await_change())
}

fn policy(_: Arc<Shop>, _: &io::Error, _: Arc<()>) -> Action {
    Action::await_change()
}

fn one_line(recorder: &Recorder, controller: Controller<Shop>) {
    drop(controller.run_recorded(recorder, reconcile, policy, Arc::new(())));
}

fn with_options(recorder: &Recorder, controller: Controller<Shop>) {
    let options = recorder.controller().name("shops");
    drop(controller.run_recorded_with(options, reconcile, policy, Arc::new(())));
}

fn by_hand(recorder: &Recorder, controller: Controller<Shop>) {
    drop(recorder.track(controller.store()));
    drop(controller.run(recorder.instrument(reconcile), policy, Arc::new(())));
}

fn main() {
    let _ = [one_line, with_options, by_hand];
}
