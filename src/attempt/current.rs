//! The attempt that this thread is polling.
//!
//! It is moved here while its future runs and moved back afterwards, so that a poll costs no
//! atomic. A call on its object finds it here and writes to its life of the object or nowhere: a
//! reconcile that outlives its object, or its controller, brings nothing back.

use std::cell::RefCell;

use super::Attempt;
use crate::inner::Inner;
use crate::membership::Life;
use crate::object::Key;

thread_local! {
    static CURRENT: RefCell<Option<Attempt>> = const { RefCell::new(None) };
}

/// Holds the place of an attempt that has moved to the thread.
struct Entered<'a> {
    attempt: &'a mut Attempt,
    /// The attempt that this one runs in.
    outer: Option<Attempt>,
    has_moved: bool,
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        if !self.has_moved {
            return;
        }
        let outer = self.outer.take();
        if let Ok(Some(attempt)) = CURRENT.try_with(|current| current.replace(outer)) {
            *self.attempt = attempt;
        }
    }
}

/// Runs `run`, the reconcile function or a poll of its future, as part of `attempt`.
pub(crate) fn enter<R>(attempt: &mut Attempt, run: impl FnOnce() -> R) -> R {
    let mut entered = Entered {
        attempt,
        outer: None,
        has_moved: false,
    };
    // An error at the thread's end, which runs outside of any attempt.
    let _ = CURRENT.try_with(|current| {
        // Borrowed if the closure of `Attempt::current` runs a future of its own, whose calls are
        // then those of the outer attempt.
        if let Ok(mut current) = current.try_borrow_mut() {
            entered.outer = current.replace(entered.attempt.take());
            entered.has_moved = true;
        }
    });
    run()
}

impl Attempt {
    /// Calls `read` with the attempt whose future this thread is polling; `None` outside of one.
    ///
    /// The future is one of [`record`](crate::RecordReconcile::record), `run_recorded` or
    /// `instrument`. A task that it spawns, or another thread, is outside. The attempt still ends
    /// when the future ends.
    ///
    /// # Examples
    ///
    /// ```
    /// use gotk_metrics::{Attempt, ConditionStatus, ConditionType, Format};
    /// use gotk_metrics::{ObjectId, Recorder};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let recorder = Recorder::new();
    /// let reconcile = async {
    ///     // No look-up, and no id at hand.
    ///     Attempt::current(|attempt| {
    ///         attempt.set_condition(&ConditionType::STALLED, ConditionStatus::True);
    ///     });
    ///     Err::<(), _>("no such bucket")
    /// };
    /// let id = ObjectId::new("Bucket", "charts").within("infra");
    /// recorder.record(&id, reconcile).await.unwrap_err();
    /// assert!(recorder.encode(Format::Text).contains(r#"status="True",type="Stalled"} 1"#));
    /// assert!(Attempt::current(|_| ()).is_none());
    /// # }
    /// ```
    pub fn current<R>(read: impl FnOnce(&Self) -> R) -> Option<R> {
        let called = CURRENT.try_with(|current| {
            let current = current.try_borrow().ok()?;
            current.as_ref().map(read)
        });
        called.ok().flatten()
    }

    /// Whether a call on `key` is inside an attempt of this recorder; if so, it goes to `write`,
    /// unless the attempt itself records nothing of the object.
    pub(crate) fn inside(recorder: &Inner, key: Key<'_>, write: impl FnOnce(&Life)) -> bool {
        let found = Self::current(|attempt| {
            let is_inside = attempt.is_on(recorder, key);
            if is_inside && let Some(life) = attempt.life() {
                write(life);
            }
            is_inside
        });
        found.unwrap_or_default()
    }
}
