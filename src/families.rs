//! The typed families: one handle each for conditions, suspension and durations.
//!
//! What [`RecordReconcile`](crate::RecordReconcile) records goes through these.

mod recording;

use std::time::Duration;

use crate::catalog::Family;
use crate::inner::Inner;
use crate::status::State;
use crate::sync::Arc;
use crate::{ConditionStatus, ConditionType, ToObjectId};

/// `gotk_reconcile_condition`: the state of each condition of each object.
///
/// A handle of a [`Recorder`](crate::Recorder), which makes it. Whenever an object has a condition,
/// all four of its states are there, one of them 1, the others 0: Flux's alert joins on `Deleted`
/// and never fires where that series is missing.
///
/// Cheap to clone; clones write to one recorder.
///
/// # Examples
///
/// ```
/// use gotk_metrics::{ConditionStatus, ConditionType, Format, ObjectId, Recorder};
///
/// let recorder = Recorder::new();
/// let apps = ObjectId::new("Kustomization", "apps").within("flux-system");
/// recorder.conditions().set(&apps, &ConditionType::READY, ConditionStatus::False);
///
/// let text = recorder.encode(Format::Text);
/// let labels = r#"kind="Kustomization",name="apps",namespace="flux-system""#;
/// let failing = format!(r#"gotk_reconcile_condition{{{labels},status="False",type="Ready"}} 1"#);
/// assert!(text.contains(&failing));
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct ConditionGauge {
    inner: Arc<Inner>,
}

impl ConditionGauge {
    pub(crate) fn new(inner: Arc<Inner>) -> Self {
        Self { inner }
    }

    /// Which family this is: its name, help, type and labels.
    #[must_use]
    pub const fn family(&self) -> Family {
        Family::ReconcileCondition
    }

    /// The values of the label `status`, in the order of the exposition.
    #[must_use]
    pub fn states(&self) -> [&'static str; 4] {
        State::ALL.map(State::as_str)
    }

    /// Sets the condition `condition` of the object to `status`.
    ///
    /// Brings a deleted object back, with its other conditions as Unknown, unless a tracked store has
    /// brought the object and no store has it now. Once Ready was set, the ends of attempts no longer
    /// change it, until the object is forgotten or its life ends. The value of a tracked store takes
    /// precedence. An empty condition type is refused and counted.
    ///
    /// Inside an attempt on the object, this writes to that attempt's life of the object or nowhere;
    /// see [`Attempt::set_condition`](crate::Attempt::set_condition).
    pub fn set<I>(&self, id: &I, condition: &ConditionType, status: ConditionStatus)
    where
        I: ToObjectId + ?Sized,
    {
        self.inner.set_condition(id, condition, status);
    }
}

/// `gotk_suspend_status`: whether each object is suspended.
///
/// A handle of a [`Recorder`](crate::Recorder), which makes it. Cheap to clone; clones write to one
/// recorder.
///
/// # Examples
///
/// ```
/// use gotk_metrics::{Format, ObjectId, Recorder};
///
/// let recorder = Recorder::new();
/// recorder.suspensions().set(&ObjectId::new("Bucket", "charts").within("infra"), true);
///
/// let labels = r#"kind="Bucket",name="charts",namespace="infra""#;
/// let line = format!("gotk_suspend_status{{{labels}}} 1\n");
/// assert!(recorder.encode(Format::Text).ends_with(&line));
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct SuspendGauge {
    inner: Arc<Inner>,
}

impl SuspendGauge {
    pub(crate) fn new(inner: Arc<Inner>) -> Self {
        Self { inner }
    }

    /// Which family this is: its name, help, type and labels.
    #[must_use]
    pub const fn family(&self) -> Family {
        Family::SuspendStatus
    }

    /// Sets the object's series to 1 if `suspended`, otherwise to 0.
    ///
    /// Does not bring a deleted object back. What a tracked store says of it goes before.
    pub fn set<I: ToObjectId + ?Sized>(&self, id: &I, suspended: bool) {
        self.inner.set_suspended(id, suspended);
    }
}

/// `gotk_reconcile_duration_seconds`: how long reconciles of each object took.
///
/// Successes and failures alike, in seconds, from the start of an attempt to its end.
///
/// A handle of a [`Recorder`](crate::Recorder), which makes it. Cheap to clone; clones write to one
/// recorder.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use gotk_metrics::{Format, ObjectId, Recorder};
///
/// let recorder = Recorder::new();
/// let durations = recorder.durations();
/// assert_eq!(durations.bounds().first(), Some(&0.01));
///
/// durations.observe(&ObjectId::new("Bucket", "charts").within("infra"), Duration::from_millis(10));
/// // Bounds are inclusive.
/// assert!(recorder.encode(Format::Text).contains(r#",le="0.01"} 1"#));
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct DurationHistogram {
    inner: Arc<Inner>,
}

impl DurationHistogram {
    pub(crate) fn new(inner: Arc<Inner>) -> Self {
        Self { inner }
    }

    /// Which family this is: its name, help, type and labels.
    #[must_use]
    pub const fn family(&self) -> Family {
        Family::ReconcileDuration
    }

    /// The inclusive upper bounds in seconds; `+Inf` is implied.
    #[must_use]
    pub fn bounds(&self) -> &[f64] {
        &self.inner.bounds
    }

    /// Adds one duration to the object's histogram.
    ///
    /// Creates no condition and does not bring a deleted object back.
    pub fn observe<I: ToObjectId + ?Sized>(&self, id: &I, duration: Duration) {
        self.inner.observe(id, duration);
    }
}
