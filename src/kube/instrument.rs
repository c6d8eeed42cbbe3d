//! A reconcile function whose every call is an attempt.
//!
//! What it returns is what the function returned, unless the user has asked for panics to be turned
//! into errors or for a timeout.

use std::fmt;
use std::future::Future;
use std::hash::Hash;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep};

use super::deps::kube_core::Resource;
use super::deps::kube_runtime::controller::Action;
use super::deps::kube_runtime::reflector::{Lookup, Store};
use super::id_of;
use super::options::{ControllerOptions, Failures, Settings};
use super::track::TrackGuard;
use crate::attempt::{Attempt, Starter, enter};
use crate::controller::{Claim, Controller};
use crate::inner::Inner;
use crate::object::capped_kind;
use crate::reconcile::AttemptFuture;
use crate::sync::Arc;
use crate::tracking::TrackedSource;
use crate::unwind::catch;
use crate::{Completion as _, Outcome};

impl<K: Lookup, E: 'static> ControllerOptions<K, E> {
    /// Makes each call of `reconcile` an attempt of this controller; see
    /// [`RecorderExt::instrument`](super::RecorderExt::instrument).
    ///
    /// The name of the controller is taken until the returned function is dropped.
    pub fn instrument<Ctx, Fut, F>(
        self,
        reconcile: F,
    ) -> impl FnMut(Arc<K>, Arc<Ctx>) -> ReconcileFuture<Fut, E> + use<K, E, Ctx, Fut, F>
    where
        F: FnMut(Arc<K>, Arc<Ctx>) -> Fut,
        Fut: Future<Output = Result<Action, E>>,
    {
        self.attempts().instrument(reconcile)
    }

    /// Tracks the controller's own store and starts attempts on its objects.
    pub(super) fn track_own(self, store: Store<K>) -> (TrackGuard, Attempts<K, E>)
    where
        K: Resource<DynamicType = <K as Lookup>::DynamicType> + Clone + Send + Sync + 'static,
        <K as Lookup>::DynamicType: Eq + Hash + Clone,
    {
        let inner = Arc::clone(&self.source.recorder.inner);
        let dyntype = self.source.dyntype.clone();
        // The stream was not polled yet, so there is no first list to expect.
        let tracked = self.source.track_started(store, false);
        let linked = Some(Arc::clone(tracked.source()));
        let attempts = Attempts::new(inner, dyntype, self.settings, linked);
        (tracked, attempts)
    }

    /// Starts attempts in the name of the controller.
    fn attempts(self) -> Attempts<K, E> {
        let inner = self.source.recorder.inner;
        Attempts::new(inner, self.source.dyntype, self.settings, self.linked)
    }
}

/// What the attempts of one controller have in common.
pub(super) struct Attempts<K: Lookup, E> {
    inner: Arc<Inner>,
    dyntype: K::DynamicType,
    /// None beyond the last controller.
    claim: Option<Claim>,
    /// The tracked store of the controller, if the two are linked.
    source: Option<Arc<TrackedSource>>,
    failures: Arc<Failures<E>>,
}

impl<K: Lookup, E: 'static> Attempts<K, E> {
    fn new(
        inner: Arc<Inner>,
        dyntype: K::DynamicType,
        settings: Settings<E>,
        source: Option<Arc<TrackedSource>>,
    ) -> Self {
        let kind = K::kind(&dyntype);
        let name = settings.name.as_deref();
        let claim = inner.controllers.claim(capped_kind(&kind), name);
        if let Some(claim) = &claim {
            if let Some(max) = settings.max_concurrent {
                claim.controller().set_max_concurrent(max);
            }
            for category in settings.failures.categories.iter().copied() {
                claim.controller().begin_category(category);
            }
        }
        drop(kind);
        Self {
            inner,
            dyntype,
            claim,
            source,
            failures: Arc::new(settings.failures),
        }
    }

    pub(super) fn controller(&self) -> Option<Arc<Controller>> {
        self.claim
            .as_ref()
            .map(|claim| Arc::clone(claim.controller()))
    }

    pub(super) fn instrument<Ctx, Fut, F>(
        self,
        mut reconcile: F,
    ) -> impl FnMut(Arc<K>, Arc<Ctx>) -> ReconcileFuture<Fut, E> + use<K, E, Ctx, Fut, F>
    where
        F: FnMut(Arc<K>, Arc<Ctx>) -> Fut,
        Fut: Future<Output = Result<Action, E>>,
    {
        move |object, ctx| {
            // First, so that it sees a panic of the call itself too.
            let mut attempt = self.start(&object);
            let controller = self.controller();
            let timed = TimedFuture {
                timer: self.timer(controller.as_ref()),
                future: Some(enter(&mut attempt, || reconcile(object, ctx))),
            };
            ReconcileFuture {
                attempt: AttemptFuture::new(attempt, timed, outcome),
                failures: Arc::clone(&self.failures),
                controller,
            }
        }
    }

    fn timer(&self, controller: Option<&Arc<Controller>>) -> Option<Pin<Box<Timer<E>>>> {
        let timeout = self.failures.timeout.as_ref()?;
        Some(Box::pin(Timer {
            sleep: sleep(timeout.limit),
            failures: Arc::clone(&self.failures),
            controller: controller.cloned(),
        }))
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

fn outcome<E>(output: &Result<Action, E>) -> Outcome {
    output.as_ref().map_or(Outcome::Error, Action::outcome)
}

type ReconcileOutcome<E> = fn(&Result<Action, E>) -> Outcome;

pin_project! {
    /// The user's future, with a timeout inside the attempt.
    struct TimedFuture<F, E> {
        // None once the timeout has dropped it.
        #[pin]
        future: Option<F>,
        // Boxed, so that an attempt without a timeout does not grow.
        timer: Option<Pin<Box<Timer<E>>>>,
    }
}

pin_project! {
    /// What only an attempt with a timeout needs.
    struct Timer<E> {
        #[pin]
        sleep: Sleep,
        failures: Arc<Failures<E>>,
        controller: Option<Arc<Controller>>,
    }
}

impl<F, E> Future for TimedFuture<F, E>
where
    F: Future<Output = Result<Action, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        if let Some(future) = this.future.as_mut().as_pin_mut()
            && let Poll::Ready(output) = future.poll(cx)
        {
            return Poll::Ready(output);
        }
        if let Some(timer) = this.timer
            && let timer = timer.as_mut().project()
            && let Some(timeout) = &timer.failures.timeout
            && timer.sleep.poll(cx).is_ready()
        {
            // Within the attempt, so that calls of its destructors belong to it.
            this.future.set(None);
            if let Some(controller) = timer.controller {
                controller.timeouts.inc();
            }
            return Poll::Ready(Err((timeout.error)()));
        }
        Poll::Pending
    }
}

pin_project! {
    /// The future of an instrumented reconcile function.
    ///
    /// Holds the user's future in place, without a box, and is `Send` if that future is.
    ///
    /// # Panics
    ///
    /// Panics if the user's future panics, after counting it, unless
    /// [`recover_panics`](ControllerOptions::recover_panics) was called.
    ///
    /// # Cancel safety
    ///
    /// If it is dropped before it is ready, the attempt counts as cancelled.
    #[must_use = "futures do nothing unless polled; the attempt has started and counts as cancelled if this is dropped"]
    pub struct ReconcileFuture<F, E>
    where
        F: Future<Output = Result<Action, E>>,
    {
        #[pin]
        attempt: AttemptFuture<TimedFuture<F, E>, ReconcileOutcome<E>>,
        failures: Arc<Failures<E>>,
        controller: Option<Arc<Controller>>,
    }
}

impl<F, E> Future for ReconcileFuture<F, E>
where
    F: Future<Output = Result<Action, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let polled = match &this.failures.recover {
            // The future is not polled again after its panic.
            Some(recover) => catch_unwind(AssertUnwindSafe(|| this.attempt.poll(cx)))
                .unwrap_or_else(|panic| Poll::Ready(Err(recover(panic)))),
            None => this.attempt.poll(cx),
        };
        if let Poll::Ready(Err(error)) = &polled
            && let Some(controller) = this.controller
            && let Some(category) = this.failures.category
        {
            // The user's code, which must not change what reconcile returns.
            if let Some(category) = catch(|| category(error)) {
                controller.failed_as(category);
            }
        }
        polled
    }
}

impl<F, E> fmt::Debug for ReconcileFuture<F, E>
where
    F: Future<Output = Result<Action, E>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReconcileFuture").finish_non_exhaustive()
    }
}
