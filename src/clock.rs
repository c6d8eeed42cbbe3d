//! Where time comes from.
//!
//! The only file that may ask the operating system. The record path reads the clock but holds no
//! lock while it does, since a clock can be the user's code.

use std::fmt;
use std::time::{Duration, Instant};

use crate::sync::{Arc, AtomicU64, Ordering};
use crate::unwind::catch;

/// The recorder's monotonic clock: time since some fixed moment.
pub(crate) enum Clock {
    System(Instant),
    Custom(Box<dyn Fn() -> Duration + Send + Sync>),
}

impl Clock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that everything else is to use"
    )]
    pub(crate) fn system() -> Self {
        Self::System(Instant::now())
    }

    pub(crate) fn custom(now: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self::Custom(Box::new(now))
    }

    /// Never panics: an attempt may be ended by a panic, and a second one would abort the process.
    pub(crate) fn now(&self) -> Duration {
        match self {
            Self::System(start) => start.elapsed(),
            Self::Custom(now) => catch(now).unwrap_or_default(),
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System(_) => "System",
            Self::Custom(_) => "Custom",
        })
    }
}

/// A clock that stands still until it is told to move, for tests.
///
/// Starts at zero. Clones share one time and are cheap.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use gotk_metrics::{ConditionStatus, ConditionType, Format, ManualClock};
/// use gotk_metrics::{ObjectId, Recorder};
///
/// let clock = ManualClock::new();
/// let time = clock.clone();
/// let recorder = Recorder::builder().clock(move || time.now()).build()?;
///
/// let apps = ObjectId::new("Kustomization", "apps").within("flux-system");
/// recorder.record_condition(&apps, &ConditionType::READY, ConditionStatus::True);
/// recorder.record_deleted(&apps);
/// assert!(recorder.encode(Format::Text).contains(r#"status="Deleted",type="Ready"} 1"#));
///
/// clock.advance(Duration::from_secs(300));
/// assert_eq!(recorder.encode(Format::Text), "");
/// # Ok::<(), gotk_metrics::BuildError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct ManualClock {
    nanos: Arc<AtomicU64>,
}

impl ManualClock {
    /// A clock that stands at zero.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The time since this clock was created, as told by [`advance`](Self::advance).
    #[must_use]
    pub fn now(&self) -> Duration {
        // SeqCst: a test may read it on another thread and expect what it just set.
        Duration::from_nanos(self.nanos.load(Ordering::SeqCst))
    }

    /// Moves the clock forward by `step`; it stops at its end after some 584 years.
    pub fn advance(&self, step: Duration) {
        let step = u64::try_from(step.as_nanos()).unwrap_or(u64::MAX);
        let add = |nanos: u64| Some(nanos.saturating_add(step));
        // The closure never answers None, so this cannot fail.
        let _ = self
            .nanos
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, add);
    }
}
