//! A controller of a store that is filled by hand, linked with `of`.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use gotk_metrics::Recorder;
use gotk_metrics::kube::{RecorderExt as _, TrackGuard};
use kube_runtime::controller::Action;

use crate::App;

/// Returns a function that runs one attempt on an object, which succeeds or fails.
pub(crate) fn controller_of(
    recorder: &Recorder,
    tracked: &TrackGuard,
) -> impl FnMut(App, bool) + use<> {
    let reconcile = async |_: Arc<App>, succeeds: Arc<bool>| {
        if *succeeds {
            Ok(Action::await_change())
        } else {
            Err(io::Error::other("as the test says"))
        }
    };
    let options = recorder.controller::<App, _>().of(tracked);
    let mut reconcile = options.instrument(reconcile);
    move |app, succeeds| {
        let attempt = pin!(reconcile(Arc::new(app), Arc::new(succeeds)));
        let polled = attempt.poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_ready());
    }
}
