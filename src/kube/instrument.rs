//! A reconcile function whose every call is an attempt.
//!
//! What it returns is what the function returned, unless the user has asked for panics to be turned
//! into errors.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use kube_runtime::controller::Action;
use kube_runtime::reflector::Lookup;
use pin_project_lite::pin_project;

use super::failures::{AsIs, Failures};
use super::id_of;
use super::options::ControllerOptions;
use crate::attempt::{Attempt, Starter, enter};
use crate::controller::{Claim, Controller};
use crate::inner::Inner;
use crate::reconcile::Recorded;
use crate::recorder::Recorder;
use crate::sync::Arc;
use crate::tracking::TrackedSource;
use crate::{Completion as _, Outcome};

impl Recorder {
    /// Makes each call of `reconcile` an attempt, for `Controller::run` or the applier.
    ///
    /// The attempt starts when the function is called and ends when its future is ready; see
    /// [`record`](crate::RecordReconcile::record). The controller is called like the kind, in lower
    /// case; [`ControllerOptions::instrument`] has other options.
    ///
    /// This does not detect deletions. [`track`](Self::track) the controller's store and link it with
    /// [`ControllerOptions::of`], or call
    /// [`record_deleted`](crate::RecordReconcile::record_deleted) in the finalizer. Otherwise the
    /// series of deleted objects remain.
    ///
    /// Do not pass the returned function to [`run_recorded`](crate::ControllerExt::run_recorded), and
    /// do not call [`record`](crate::RecordReconcile::record) inside `reconcile`: each reconcile
    /// would then count twice, which `gotkmetrics_attempts_overlapping_total` shows.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # use std::{io, sync::Arc};
    /// # use futures_util::StreamExt as _;
    /// # use k8s_openapi::api::core::v1::ConfigMap;
    /// use gotk_metrics::Recorder;
    /// use kube_runtime::{Controller, controller::Action}; // kube::runtime in a controller
    ///
    /// # fn error_policy(_: Arc<ConfigMap>, _: &io::Error, _: Arc<()>) -> Action { Action::await_change() }
    /// async fn reconcile(map: Arc<ConfigMap>, _: Arc<()>) -> Result<Action, io::Error> {
    ///     Ok(Action::await_change())
    /// }
    ///
    /// # async fn run(recorder: Recorder, controller: Controller<ConfigMap>) {
    /// controller
    ///     .run(recorder.instrument(reconcile), error_policy, Arc::new(()))
    ///     .for_each(|_| async {})
    ///     .await;
    /// # }
    /// ```
    pub fn instrument<K, Ctx, Fut, F, E>(
        &self,
        reconcile: F,
    ) -> impl FnMut(Arc<K>, Arc<Ctx>) -> Reconcile<Fut> + use<K, Ctx, Fut, F, E>
    where
        K: Lookup,
        K::DynamicType: Default,
        F: FnMut(Arc<K>, Arc<Ctx>) -> Fut,
        Fut: Future<Output = Result<Action, E>>,
    {
        self.controller::<K>().instrument(reconcile)
    }
}

impl<K: Lookup, O, R> ControllerOptions<K, O, R> {
    /// Makes each call of `reconcile` an attempt of this controller; see [`Recorder::instrument`].
    ///
    /// The name of the controller is taken until the returned function is dropped.
    pub fn instrument<Ctx, Fut, F, E>(
        self,
        reconcile: F,
    ) -> impl FnMut(Arc<K>, Arc<Ctx>) -> Reconcile<Fut, R> + use<K, O, R, Ctx, Fut, F, E>
    where
        F: FnMut(Arc<K>, Arc<Ctx>) -> Fut,
        Fut: Future<Output = Result<Action, E>>,
        R: Failures<E>,
    {
        let (attempts, failures) = self.attempts();
        attempts.instrument(failures, reconcile)
    }
}

/// What the attempts of one controller have in common.
pub(super) struct Attempts<K: Lookup> {
    inner: Arc<Inner>,
    dyntype: K::DynamicType,
    /// None beyond the last controller.
    claim: Option<Claim>,
    /// The tracked store of the controller, if the two are linked.
    source: Option<Arc<TrackedSource>>,
}

impl<K: Lookup> Attempts<K> {
    pub(super) fn new(
        inner: Arc<Inner>,
        dyntype: K::DynamicType,
        claim: Option<Claim>,
        source: Option<Arc<TrackedSource>>,
    ) -> Self {
        Self {
            inner,
            dyntype,
            claim,
            source,
        }
    }

    pub(super) fn controller(&self) -> Option<Arc<Controller>> {
        self.claim
            .as_ref()
            .map(|claim| Arc::clone(claim.controller()))
    }

    pub(super) fn instrument<Ctx, Fut, F, E, R>(
        self,
        failures: R,
        mut reconcile: F,
    ) -> impl FnMut(Arc<K>, Arc<Ctx>) -> Reconcile<Fut, R> + use<K, Ctx, Fut, F, E, R>
    where
        F: FnMut(Arc<K>, Arc<Ctx>) -> Fut,
        Fut: Future<Output = Result<Action, E>>,
        R: Failures<E>,
    {
        move |object, ctx| {
            // First, so that it sees a panic of the call itself too.
            let mut attempt = self.start(&object);
            let future = enter(&mut attempt, || reconcile(object, ctx));
            let outcome = |output: &Result<Action, E>| {
                output.as_ref().map_or(Outcome::Error, Action::outcome)
            };
            Reconcile {
                attempt: Recorded::new(attempt, future, outcome),
                failures: failures.clone(),
                counters: self.controller(),
            }
        }
    }

    fn start(&self, object: &K) -> Attempt {
        let id = id_of(object, &self.dyntype);
        let starter = match &self.source {
            Some(source) => {
                // kube-rs holds the first attempt back until the store has its first list.
                source.mark_synced();
                let uid = object.uid();
                let uid = self.inner.store.uid(uid.as_deref());
                Starter::Source(source.state(), uid)
            }
            None => Starter::Wrapper,
        };
        let controller = self.controller();
        if controller.is_none() {
            self.inner.controllers.count_refused();
        }
        Attempt::start_in(&self.inner, controller, id.key(), &starter)
    }
}

pin_project! {
    /// The future of an instrumented reconcile function.
    ///
    /// Holds the user's future in place, without a box, and is `Send` if that is.
    ///
    /// # Panics
    ///
    /// As [`Recorded`], unless [`recover_panics`](ControllerOptions::recover_panics) was asked for.
    ///
    /// # Cancel safety
    ///
    /// As [`Recorded`]: dropped before it is ready, the attempt counts as cancelled.
    #[must_use = "futures do nothing unless polled; the attempt has started and counts as cancelled if this is dropped"]
    pub struct Reconcile<F, R = AsIs>
    where
        F: Future,
    {
        #[pin]
        attempt: Recorded<F>,
        failures: R,
        counters: Option<Arc<Controller>>,
    }
}

impl<F, R, E> Future for Reconcile<F, R>
where
    F: Future<Output = Result<Action, E>>,
    R: Failures<E>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let polled = this.failures.poll(|| this.attempt.poll(cx));
        if let Poll::Ready(Err(error)) = &polled
            && let Some(counters) = this.counters
            && let Some(category) = this.failures.category(error)
        {
            counters.failed_as(category);
        }
        polled
    }
}

impl<F: Future, R> fmt::Debug for Reconcile<F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reconcile").finish_non_exhaustive()
    }
}
