//! One condition of an object's status, and lists of them.
//!
//! A list stays where it is and is searched by type, so reading it copies nothing.

use std::time::SystemTime;

use crate::ConditionStatus;

/// A condition of an object's status, borrowed from the object.
///
/// Convert your own condition type with `impl<'a> From<&'a MyCondition> for Condition<'a>`. The kube
/// modules have it for metav1's `Condition` and for the conditions of Deployments, Jobs, Pods and
/// Nodes.
///
/// # Examples
///
/// ```
/// use gotk_metrics::{Condition, ConditionStatus};
///
/// struct Check { name: String, passed: bool }
///
/// impl<'a> From<&'a Check> for Condition<'a> {
///     fn from(check: &'a Check) -> Self {
///         Condition::new(&check.name, ConditionStatus::from(check.passed))
///     }
/// }
///
/// let check = Check { name: "Ready".into(), passed: true };
/// assert_eq!(Condition::from(&check).status(), ConditionStatus::True);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct Condition<'a> {
    type_: &'a str,
    status: ConditionStatus,
    reason: Option<&'a str>,
    last_transition_time: Option<SystemTime>,
    observed_generation: Option<i64>,
}

impl<'a> Condition<'a> {
    /// A condition of this type and status.
    pub const fn new(type_: &'a str, status: ConditionStatus) -> Self {
        Self {
            type_,
            status,
            reason: None,
            last_transition_time: None,
            observed_generation: None,
        }
    }

    /// Sets the reason, a CamelCase word. Defaults to none.
    pub fn with_reason(mut self, reason: impl Into<Option<&'a str>>) -> Self {
        self.reason = reason.into();
        self
    }

    /// Sets when the status changed last. Defaults to none.
    pub fn with_last_transition_time(mut self, time: impl Into<Option<SystemTime>>) -> Self {
        self.last_transition_time = time.into();
        self
    }

    /// Sets the generation of the spec that the condition is about. Defaults to none.
    pub fn with_observed_generation(mut self, generation: impl Into<Option<i64>>) -> Self {
        self.observed_generation = generation.into();
        self
    }

    /// Returns the type, such as `Ready`.
    #[must_use]
    pub const fn type_(&self) -> &'a str {
        self.type_
    }

    /// Returns the status.
    #[must_use]
    pub const fn status(&self) -> ConditionStatus {
        self.status
    }

    /// Returns the reason.
    #[must_use]
    pub const fn reason(&self) -> Option<&'a str> {
        self.reason
    }

    /// Returns when the status changed last.
    #[must_use]
    pub const fn last_transition_time(&self) -> Option<SystemTime> {
        self.last_transition_time
    }

    /// Returns the generation of the spec that the condition is about.
    #[must_use]
    pub const fn observed_generation(&self) -> Option<i64> {
        self.observed_generation
    }
}

/// A type and its status. Any text but `True` and `False` is Unknown.
impl<'a, T: AsRef<str>, S: AsRef<str>> From<&'a (T, S)> for Condition<'a> {
    fn from((type_, status): &'a (T, S)) -> Self {
        Self::new(type_.as_ref(), ConditionStatus::from(status.as_ref()))
    }
}

/// A list of conditions that stays in its object.
///
/// Implemented for a `Vec` of every type that converts to a [`Condition`], and for an `Option` of a
/// list.
pub trait Conditions {
    /// Returns the first condition of this type.
    fn find(&self, type_: &str) -> Option<Condition<'_>>;
}

impl<C> Conditions for Vec<C>
where
    for<'a> Condition<'a>: From<&'a C>,
{
    fn find(&self, type_: &str) -> Option<Condition<'_>> {
        self.iter()
            .map(Condition::from)
            .find(|condition| condition.type_ == type_)
    }
}

impl<C: Conditions> Conditions for Option<C> {
    fn find(&self, type_: &str) -> Option<Condition<'_>> {
        self.as_ref()?.find(type_)
    }
}
