//! What becomes of the errors and panics of a reconcile function.
//!
//! Types, so that an error type that says no category, or a recovery into what does not become the
//! error, does not compile.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;

use crate::ErrorCategory;
use crate::sync::Arc;
use crate::unwind::catch;

/// What becomes of an `E` and of a panic. Not named outside of this crate.
pub trait Failures<E>: Clone {
    /// Polls, and turns a panic into what it is to be.
    fn poll<T>(&self, poll: impl FnOnce() -> Poll<Result<T, E>>) -> Poll<Result<T, E>>;

    /// The category of an error, if it is to be counted by that.
    fn category(&self, error: &E) -> Option<&'static str>;
}

/// A panic goes on, and errors are errors.
#[derive(Clone, Copy, Debug)]
pub struct AsIs;

impl<E> Failures<E> for AsIs {
    fn poll<T>(&self, poll: impl FnOnce() -> Poll<Result<T, E>>) -> Poll<Result<T, E>> {
        poll()
    }

    fn category(&self, _: &E) -> Option<&'static str> {
        None
    }
}

/// A panic becomes an `X`, and by that an error.
///
/// By `From`, so that what the compiler takes for the error is what the reconcile function returns,
/// and a closure that returns another is told so.
pub struct Recovery<X, R> {
    /// Not of a type of its own: as a part of the stream's, the closure's argument would have a
    /// lifetime that the compiler takes for any, and a future that awaits the stream could not be
    /// spawned.
    recover: Arc<dyn Fn(Box<dyn Any + Send>) -> X + Send + Sync>,
    others: R,
}

impl<X, R> Recovery<X, R> {
    pub(super) fn new(
        recover: impl Fn(Box<dyn Any + Send>) -> X + Send + Sync + 'static,
        others: R,
    ) -> Self {
        Self {
            recover: Arc::new(recover),
            others,
        }
    }
}

impl<X, R: Clone> Clone for Recovery<X, R> {
    fn clone(&self) -> Self {
        Self {
            recover: Arc::clone(&self.recover),
            others: self.others.clone(),
        }
    }
}

impl<X, R> fmt::Debug for Recovery<X, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recovery")
    }
}

impl<E: From<X>, X, R: Failures<E>> Failures<E> for Recovery<X, R> {
    fn poll<T>(&self, poll: impl FnOnce() -> Poll<Result<T, E>>) -> Poll<Result<T, E>> {
        // The future is not polled again after its panic.
        let polled = catch_unwind(AssertUnwindSafe(poll));
        polled.unwrap_or_else(|panic| Poll::Ready(Err((self.recover)(panic).into())))
    }

    fn category(&self, error: &E) -> Option<&'static str> {
        self.others.category(error)
    }
}

/// Errors are counted by their category.
#[derive(Clone, Copy, Debug)]
pub struct Categorized<R>(pub(super) R);

impl<E: ErrorCategory, R: Failures<E>> Failures<E> for Categorized<R> {
    fn poll<T>(&self, poll: impl FnOnce() -> Poll<Result<T, E>>) -> Poll<Result<T, E>> {
        self.0.poll(poll)
    }

    fn category(&self, error: &E) -> Option<&'static str> {
        // The user's code, which must not change what reconcile returns.
        catch(|| error.category())
    }
}
