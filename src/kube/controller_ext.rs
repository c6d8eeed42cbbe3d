//! The one line in a kube-rs controller.
//!
//! The stream it returns owns all that was set up for it, and gives it back when it ends or is
//! dropped.

use std::fmt;
use std::future::Future;
use std::hash::Hash;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::Stream;
use pin_project_lite::pin_project;

use super::deps::k8s_openapi::serde::de::DeserializeOwned;
use super::deps::kube_core::Resource;
use super::deps::kube_runtime::controller::{self, Action};
use super::deps::kube_runtime::reflector::ObjectRef;
use super::deps::kube_runtime::{Controller, watcher};
use super::options::ControllerOptions;
use super::recorder_ext::RecorderExt as _;
use super::track::{FirstList, TrackGuard};
use crate::Observe;
use crate::controller::Controller as Counters;
use crate::recorder::Recorder;
use crate::sync::Arc;
use crate::{Completion as _, Outcome};

/// What the stream of a controller yields.
type Reconciled<K, E> = Result<(ObjectRef<K>, Action), controller::Error<E, watcher::Error>>;

/// Runs a kube-rs [`Controller`] with everything recorded. Sealed.
pub trait ControllerExt<K>: sealed::Sealed + Sized
where
    K: Clone + Resource + DeserializeOwned + fmt::Debug + Send + Sync + 'static,
    K::DynamicType: Eq + Hash + Clone + fmt::Debug + Unpin,
{
    /// `Controller::run` with everything recorded.
    ///
    /// Attempts, panics and cancels, errors of the watches, and at each scrape the state of every
    /// object in the controller's own store.
    ///
    /// Arguments and items are those of `Controller::run`. For a kind that is known at run time
    /// only, such as `DynamicObject`, and for one of another crate, use
    /// [`run_recorded_with`](Self::run_recorded_with) with
    /// [`RecorderExt::controller_with`](super::RecorderExt::controller_with) or
    /// [`RecorderExt::controller_of`](super::RecorderExt::controller_of).
    ///
    /// When the stream ends or is dropped, the series of its objects go, and attempts that are aborted
    /// with it count as cancelled. Counters remain. On the loss of a lease, drop the stream: nothing
    /// else is needed.
    ///
    /// Do not pass a function of [`RecorderExt::instrument`](super::RecorderExt::instrument), and do not call
    /// [`record`](crate::RecordReconcile::record) inside `reconcile`: each reconcile would then count
    /// twice, which `gotkmetrics_attempts_overlapping_total` shows.
    ///
    /// # Panics
    ///
    /// As `Controller::run`: a panic of `reconcile` ends the stream by unwinding, after it was
    /// counted. See [`ControllerOptions::recover_panics`].
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # use std::{borrow::Cow, io, sync::Arc};
    /// # use futures_util::StreamExt as _;
    /// # use k8s_openapi::{apimachinery::pkg::apis::meta::v1::ObjectMeta, serde};
    /// use gotk_metrics::{Observe, Observed, Recorder, kube::ControllerExt as _};
    /// use kube_runtime::Controller; // kube::runtime in a controller
    ///
    /// # #[derive(Clone, Debug, serde::Deserialize)]
    /// # #[serde(crate = "serde")]
    /// # struct App { metadata: ObjectMeta, spec: AppSpec }
    /// # #[derive(Clone, Debug, serde::Deserialize)]
    /// # #[serde(crate = "serde")]
    /// # struct AppSpec { suspend: bool }
    /// # impl kube_core::Resource for App {
    /// #     type DynamicType = ();
    /// #     type Scope = k8s_openapi::NamespaceResourceScope;
    /// #     fn kind(_: &()) -> Cow<'_, str> { "App".into() }
    /// #     fn group(_: &()) -> Cow<'_, str> { "example.com".into() }
    /// #     fn version(_: &()) -> Cow<'_, str> { "v1".into() }
    /// #     fn plural(_: &()) -> Cow<'_, str> { "apps".into() }
    /// #     fn meta(&self) -> &ObjectMeta { &self.metadata }
    /// #     fn meta_mut(&mut self) -> &mut ObjectMeta { &mut self.metadata }
    /// # }
    /// impl Observe for App {
    ///     fn observe(&self) -> Observed<'_> {
    ///         Observed::new().suspended(self.spec.suspend)
    ///     }
    /// }
    ///
    /// # use kube_runtime::controller::Action;
    /// # async fn reconcile(_: Arc<App>, _: Arc<()>) -> Result<Action, io::Error> { Ok(Action::await_change()) }
    /// # fn error_policy(_: Arc<App>, _: &io::Error, _: Arc<()>) -> Action { Action::await_change() }
    /// # fn run(recorder: &Recorder, controller: Controller<App>, ctx: Arc<()>) {
    /// let running = controller
    ///     .run_recorded(recorder, reconcile, error_policy, ctx) // instead of `.run(reconcile, error_policy, ctx)`
    ///     .for_each(|_| async {});
    /// tokio::spawn(running);
    /// # }
    /// ```
    fn run_recorded<Ctx, Fut, F, P, E>(
        self,
        recorder: &Recorder,
        reconcile: F,
        error_policy: P,
        context: Arc<Ctx>,
    ) -> ControllerStream<impl Stream<Item = Reconciled<K, E>> + use<Self, K, Ctx, Fut, F, P, E>>
    where
        K: Observe,
        K::DynamicType: Default,
        F: FnMut(Arc<K>, Arc<Ctx>) -> Fut,
        Fut: Future<Output = Result<Action, E>> + Send + 'static,
        P: Fn(Arc<K>, &E, Arc<Ctx>) -> Action,
        E: std::error::Error + Send + 'static,
    {
        self.run_recorded_with(recorder.controller(), reconcile, error_policy, context)
    }

    /// [`run_recorded`](Self::run_recorded) with options, and for kinds of another crate or known
    /// at run time only.
    ///
    /// The recorder is the one that made the options.
    fn run_recorded_with<Ctx, Fut, F, P, E>(
        self,
        options: ControllerOptions<K, E>,
        reconcile: F,
        error_policy: P,
        context: Arc<Ctx>,
    ) -> ControllerStream<impl Stream<Item = Reconciled<K, E>> + use<Self, K, Ctx, Fut, F, P, E>>
    where
        F: FnMut(Arc<K>, Arc<Ctx>) -> Fut,
        Fut: Future<Output = Result<Action, E>> + Send + 'static,
        P: Fn(Arc<K>, &E, Arc<Ctx>) -> Action,
        E: std::error::Error + Send + 'static;
}

mod sealed {
    pub trait Sealed {}
}

impl<K> sealed::Sealed for Controller<K>
where
    K: Clone + Resource + fmt::Debug + 'static,
    K::DynamicType: Eq + Hash,
{
}

impl<K> ControllerExt<K> for Controller<K>
where
    K: Clone + Resource + DeserializeOwned + fmt::Debug + Send + Sync + 'static,
    K::DynamicType: Eq + Hash + Clone + fmt::Debug + Unpin,
{
    fn run_recorded_with<Ctx, Fut, F, P, E>(
        self,
        options: ControllerOptions<K, E>,
        reconcile: F,
        error_policy: P,
        context: Arc<Ctx>,
    ) -> ControllerStream<impl Stream<Item = Reconciled<K, E>> + use<K, Ctx, Fut, F, P, E>>
    where
        F: FnMut(Arc<K>, Arc<Ctx>) -> Fut,
        Fut: Future<Output = Result<Action, E>> + Send + 'static,
        P: Fn(Arc<K>, &E, Arc<Ctx>) -> Action,
        E: std::error::Error + Send + 'static,
    {
        let (tracked, attempts) = options.track_own(self.store());
        let first_list = tracked.first_list(self.store());
        let counters = attempts.controller();
        if let Some(counters) = &counters {
            counters.enable_stream_counters();
        }
        let reconcile = attempts.instrument(reconcile);
        let of_policy = counters.clone();
        let error_policy = move |object: Arc<K>, error: &E, context: Arc<Ctx>| {
            let action = error_policy(object, error, context);
            if let Some(counters) = &of_policy {
                match action.outcome() {
                    Outcome::RequeueAfter => counters.retries.inc(),
                    Outcome::Requeue => {}
                    _ => counters.terminal_errors.inc(),
                }
            }
            action
        };
        ControllerStream {
            stream: self.run(reconcile, error_policy, context),
            first_list: Some(first_list),
            counters,
            tracked: Some(tracked),
        }
    }
}

pin_project! {
    /// The stream of a recorded controller; made by [`run_recorded`](ControllerExt::run_recorded).
    ///
    /// Its items are those of `Controller::run`.
    ///
    /// # Cancel safety
    ///
    /// When it is dropped the controller ends and with it the series of its objects, at once and
    /// without `Deleted`. Reconciles under way are aborted by kube-rs at their next await, and
    /// count as cancelled then.
    #[must_use = "a controller does nothing unless its stream is polled"]
    pub struct ControllerStream<S> {
        // Before what it uses, which is dropped after it.
        #[pin]
        stream: S,
        // None once the first list is complete.
        first_list: Option<FirstList>,
        counters: Option<Arc<Counters>>,
        tracked: Option<TrackGuard>,
    }
}

impl<K, E, S> Stream for ControllerStream<S>
where
    K: Resource,
    E: 'static,
    S: Stream<Item = Reconciled<K, E>>,
{
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        let polled = this.stream.poll_next(cx);
        // After the controller and with the same waker. A store keeps one waker only, and the
        // controller has just left this one there, so no other task loses its own.
        if let Some(is_complete) = this.first_list
            && is_complete(cx)
        {
            *this.first_list = None;
        }
        let item = ready!(polled);
        match (&item, this.counters) {
            (Some(Err(controller::Error::QueueError(_))), Some(counters)) => {
                counters.watch_errors.inc();
            }
            (Some(Err(controller::Error::ObjectNotFound(_))), Some(counters)) => {
                counters.not_found.inc();
            }
            (None, _) => *this.tracked = None,
            _ => {}
        }
        Poll::Ready(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.stream.size_hint()
    }
}

impl<S> fmt::Debug for ControllerStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ControllerStream")
            .field("counters", &self.counters)
            .finish_non_exhaustive()
    }
}
