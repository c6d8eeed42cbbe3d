//! The vocabulary of conditions: types and statuses.
//!
//! What one object's conditions are at a moment is in `status/word.rs`.

mod reading;
mod types;
mod word;

use std::borrow::Cow;
use std::fmt;

pub(crate) use self::reading::{Fields, Reading};
pub(crate) use self::types::{ConditionTypes, Slot};
pub(crate) use self::word::{State, Word};

use crate::object::cap;

/// Longest condition type in bytes: a prefix of 253, a slash, a name of 63, less one, as in the
/// validation of Kubernetes conditions.
const MAX_TYPE: usize = 316;

/// The status of a condition.
///
/// # Examples
///
/// ```
/// use gotk_metrics::ConditionStatus;
///
/// assert_eq!(ConditionStatus::from("True"), ConditionStatus::True);
/// assert_eq!(ConditionStatus::from("true"), ConditionStatus::Unknown);
/// assert_eq!(ConditionStatus::from(false), ConditionStatus::False);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "complete: Kubernetes defines exactly these three"
)]
pub enum ConditionStatus {
    /// The condition holds.
    True,
    /// The condition does not hold.
    False,
    /// Nobody knows; also what a missing or unreadable status counts as.
    #[default]
    Unknown,
}

/// Reads the `status` of a Kubernetes condition. Anything but `True` and `False` is `Unknown`.
///
/// Flux's recorder exposes such a status as 0 for every state, so that the object matches no query.
impl From<&str> for ConditionStatus {
    fn from(status: &str) -> Self {
        match status {
            "True" => Self::True,
            "False" => Self::False,
            _ => Self::Unknown,
        }
    }
}

impl fmt::Display for ConditionStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl ConditionStatus {
    /// `True`, `False` or `Unknown`: the value of the label `status`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::False => "False",
            Self::Unknown => "Unknown",
        }
    }
}

impl From<bool> for ConditionStatus {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

/// The type of a condition, such as `Ready`.
///
/// A recorder knows at most 16 types, [`READY`](Self::READY), [`RECONCILING`](Self::RECONCILING)
/// and [`STALLED`](Self::STALLED) among them; recording a condition of one more type does nothing
/// and counts in `gotkmetrics_refused_total{limit="condition_types"}`. A type keeps its place for
/// as long as the recorder lives, even if its object was refused. Types are capped at 316 bytes.
///
/// # Examples
///
/// ```
/// use gotk_metrics::ConditionType;
///
/// const HEALTHY: ConditionType = ConditionType::from_static("Healthy");
///
/// assert_eq!(HEALTHY, ConditionType::new(String::from("Healthy")));
/// assert_eq!(ConditionType::new("Ready"), ConditionType::READY);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ConditionType(Cow<'static, str>);

impl ConditionType {
    /// Whether the object is fully reconciled: what alerts and dashboards ask for.
    pub const READY: Self = Self::from_static("Ready");
    /// Whether a reconciliation is going on.
    pub const RECONCILING: Self = Self::from_static("Reconciling");
    /// Whether reconciliation cannot go on without a change to the object.
    pub const STALLED: Self = Self::from_static("Stalled");

    /// A type of any name.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self(name.into())
    }

    /// A type of any name, for a constant.
    #[must_use]
    pub const fn from_static(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn capped(&self) -> &str {
        cap(&self.0, MAX_TYPE)
    }
}

impl From<&'static str> for ConditionType {
    fn from(name: &'static str) -> Self {
        Self::from_static(name)
    }
}

impl From<String> for ConditionType {
    fn from(name: String) -> Self {
        Self::new(name)
    }
}

impl fmt::Display for ConditionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
