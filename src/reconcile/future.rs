//! The future that is one attempt.
//!
//! Polls what it wraps and looks at the output; never changes it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::attempt::{Attempt, enter};
use crate::controller::Outcome;

pin_project! {
    /// A future recorded as one attempt; made by [`record`](crate::RecordReconcile::record) and
    /// [`record_with`](crate::RecordReconcile::record_with).
    ///
    /// Holds the wrapped future in place, without a box, and is `Send` if that is.
    ///
    /// # Panics
    ///
    /// When the wrapped future panics, after counting it; and as that one does when polled again
    /// after it was ready.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is ready, the attempt counts as cancelled.
    #[must_use = "futures do nothing unless polled; the attempt has started and counts as cancelled if this is dropped"]
    pub struct AttemptFuture<F, C = fn(&<F as Future>::Output) -> Outcome>
    where
        F: Future,
    {
        #[pin]
        future: F,
        attempt: Attempt,
        outcome: Option<C>,
    }
}

impl<F: Future, C> AttemptFuture<F, C> {
    pub(crate) fn new(mut attempt: Attempt, future: F, outcome: C) -> Self {
        // A panic of the future is seen by `poll`. This one may be dropped by a thread that unwinds
        // for a reason of its own, or long after the panic was caught.
        attempt.cancel_on_drop();
        Self {
            future,
            attempt,
            outcome: Some(outcome),
        }
    }
}

impl<F, C> Future for AttemptFuture<F, C>
where
    F: Future,
    C: FnOnce(&F::Output) -> Outcome,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let mut guard = PanicGuard(Some(this.attempt));
        let polled = guard.enter(|| this.future.poll(cx));
        if let Poll::Ready(output) = &polled
            && let Some(outcome) = this.outcome.take()
        {
            let outcome = outcome(output);
            guard.finish(outcome);
        } else {
            guard.disarm();
        }
        polled
    }
}

impl<F: Future + fmt::Debug, C> fmt::Debug for AttemptFuture<F, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AttemptFuture")
            .field("future", &self.future)
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}

/// Ends the attempt as panicked unless it is used up first.
struct PanicGuard<'a>(Option<&'a mut Attempt>);

impl PanicGuard<'_> {
    fn enter<R>(&mut self, run: impl FnOnce() -> R) -> R {
        match &mut self.0 {
            Some(attempt) => enter(attempt, run),
            None => run(),
        }
    }

    fn finish(mut self, outcome: Outcome) {
        if let Some(attempt) = self.0.take() {
            attempt.take().finish(outcome);
        }
    }

    fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for PanicGuard<'_> {
    fn drop(&mut self) {
        if let Some(attempt) = &mut self.0 {
            attempt.panicked();
        }
    }
}
