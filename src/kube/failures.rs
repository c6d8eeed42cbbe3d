//! What becomes of the errors and panics of a reconcile function.
//!
//! Types, so that an error type that says no category, or a recovery into another error, does not
//! compile.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;

use crate::ErrorCategory;
use crate::sync::Arc;

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

/// A panic becomes an error.
pub struct Recovery<F, R> {
    recover: Arc<F>,
    others: R,
}

impl<F, R> Recovery<F, R> {
    pub(super) fn new(recover: F, others: R) -> Self {
        Self {
            recover: Arc::new(recover),
            others,
        }
    }
}

impl<F, R: Clone> Clone for Recovery<F, R> {
    fn clone(&self) -> Self {
        Self {
            recover: Arc::clone(&self.recover),
            others: self.others.clone(),
        }
    }
}

impl<F, R> fmt::Debug for Recovery<F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recovery")
    }
}

impl<E, F, R> Failures<E> for Recovery<F, R>
where
    F: Fn(Box<dyn Any + Send>) -> E,
    R: Failures<E>,
{
    fn poll<T>(&self, poll: impl FnOnce() -> Poll<Result<T, E>>) -> Poll<Result<T, E>> {
        // The future is not polled again after its panic.
        let polled = catch_unwind(AssertUnwindSafe(poll));
        polled.unwrap_or_else(|panic| Poll::Ready(Err((self.recover)(panic))))
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
        catch_unwind(AssertUnwindSafe(|| error.category()))
            .map_err(std::mem::forget)
            .ok()
    }
}
