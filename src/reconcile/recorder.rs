//! What a recorder records of one object, as inherent methods.
//!
//! [`RecordReconcile`](crate::RecordReconcile) has the same methods for code that is generic over
//! its recorder.

use std::future::Future;
use std::time::Duration;

use crate::attempt::Attempt;
use crate::reconcile::outcome;
use crate::recorder::Recorder;
use crate::{AttemptFuture, Completion, ConditionStatus, ConditionType, Outcome, ToObjectId};

impl Recorder {
    /// Sets a condition of the object; see [`ConditionGauge::set`](crate::ConditionGauge::set).
    pub fn record_condition<I: ToObjectId + ?Sized>(
        &self,
        id: &I,
        condition: &ConditionType,
        status: ConditionStatus,
    ) {
        self.inner.set_condition(id, condition, status);
    }

    /// Sets whether the object is suspended; see [`SuspendGauge::set`](crate::SuspendGauge::set).
    ///
    /// Unlike a condition it does not bring a deleted object back.
    pub fn record_suspend<I: ToObjectId + ?Sized>(&self, id: &I, suspended: bool) {
        self.inner.set_suspended(id, suspended);
    }

    /// Adds a reconcile's duration to the object's histogram; see
    /// [`DurationHistogram::observe`](crate::DurationHistogram::observe).
    ///
    /// [`record`](Self::record) and [`start`](Self::start) do this by themselves.
    pub fn record_duration<I: ToObjectId + ?Sized>(&self, id: &I, duration: Duration) {
        self.inner.observe(id, duration);
    }

    /// Records that the object was deleted in the cluster.
    ///
    /// All its conditions show `Deleted`, and after the grace period every series of it disappears.
    /// A condition recorded or an attempt started before that brings it back, unless a tracked store
    /// has brought the object: then only a store that has it again does. If finalizers of others may
    /// remain, return before [`record`](Self::record) once your own is gone. An attempt in flight,
    /// and calls inside it, bring nothing back. Does nothing for an unknown object. A second call
    /// does not restart the grace period. An object that its tracked store still has is back at the
    /// next scrape.
    ///
    /// With a grace period of zero the record is removed at once. A
    /// [`record_duration`](Self::record_duration) after that, outside of an attempt, creates it again
    /// with a histogram and nothing else, as in Go. Record the duration first.
    pub fn record_deleted<I: ToObjectId + ?Sized>(&self, id: &I) {
        self.inner.store.delete(id.to_object_id().key());
    }

    /// Removes every series of the object at once.
    ///
    /// An attempt in flight does not bring them back.
    pub fn forget<I: ToObjectId + ?Sized>(&self, id: &I) {
        self.inner.store.forget(id.to_object_id().key());
    }

    /// Removes every series of every object at once.
    ///
    /// It is for objects that were recorded by calls. Tracking continues: objects in a tracked store
    /// are exposed again by the next scrape. A process that loses its leadership drops its streams
    /// and guards instead. Attempts in flight bring nothing back, and the counters of controllers
    /// continue.
    pub fn clear(&self) {
        self.inner.store.clear();
    }

    /// Starts an attempt, for code that is not one future; see [`record`](Self::record) otherwise.
    ///
    /// Do not use this or [`record`](Self::record) inside a reconcile function of `run_recorded` or
    /// `instrument`, which records the attempt already.
    ///
    /// The object's Ready exists from here on, as Unknown if nothing was known.
    pub fn start<I: ToObjectId + ?Sized>(&self, id: &I) -> Attempt {
        Attempt::start(&self.inner, id.to_object_id().key())
    }

    /// Records `future` as one attempt on the object: how long it took and how it ended.
    ///
    /// The attempt starts with this call, not with the first poll, and ends when the future is
    /// ready. The output is passed on as it is.
    ///
    /// # Panics
    ///
    /// If `future` or the [`Completion`] of its output panics, that is counted as an error and a
    /// panic, and goes on unwinding.
    ///
    /// # Cancel safety
    ///
    /// If the returned future is dropped before it is ready, the attempt counts in
    /// `gotkmetrics_attempts_cancelled_total`, has no result and no duration, and leaves Ready as
    /// it was. That is what a timeout around it looks like; put timeouts inside, so that they
    /// are errors.
    ///
    /// # Examples
    ///
    /// ```
    /// use gotk_metrics::{ObjectId, Recorder};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// let recorder = Recorder::new();
    /// let id = ObjectId::new("App", "web").within("shop");
    /// let reconcile = async {
    ///     // With `?` inside, the end of the block names the type of the error.
    ///     std::fs::metadata("/")?;
    ///     Ok::<_, std::io::Error>(())
    /// };
    /// recorder.record(&id, reconcile).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn record<I, F, T, E>(&self, id: &I, future: F) -> AttemptFuture<F>
    where
        I: ToObjectId + ?Sized,
        F: Future<Output = Result<T, E>>,
        T: Completion,
    {
        AttemptFuture::new(self.start(id), future, outcome)
    }

    /// [`record`](Self::record) for a future of any output, whose outcome `outcome` tells.
    ///
    /// # Panics
    ///
    /// If `future` or `outcome` panics, that is counted as an error and a panic, and goes on
    /// unwinding.
    ///
    /// # Cancel safety
    ///
    /// As [`record`](Self::record).
    ///
    /// # Examples
    ///
    /// ```
    /// use gotk_metrics::{Format, ObjectId, Outcome, Recorder};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let recorder = Recorder::new();
    /// let id = ObjectId::new("Job", "7").within("mail");
    /// let exit_code = recorder
    ///     .record_with(&id, async { 3 }, |code| match code {
    ///         0 => Outcome::Success,
    ///         _ => Outcome::Error,
    ///     })
    ///     .await;
    /// assert_eq!(exit_code, 3);
    /// assert!(recorder.encode(Format::Text).contains(r#"status="False",type="Ready"} 1"#));
    /// # }
    /// ```
    pub fn record_with<I, F, C>(&self, id: &I, future: F, outcome: C) -> AttemptFuture<F, C>
    where
        I: ToObjectId + ?Sized,
        F: Future,
        C: FnOnce(&F::Output) -> Outcome,
    {
        AttemptFuture::new(self.start(id), future, outcome)
    }
}
