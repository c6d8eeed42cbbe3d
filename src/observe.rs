//! What a tracked store exposes of an object.
//!
//! Runs at a scrape, on objects as the cache has them. Nothing of an object but these bounded
//! values is ever exposed. Names no Kubernetes type, so that every version of kube shares it.

mod condition;
mod json;

use std::borrow::Cow;
use std::fmt;

pub use self::condition::{Condition, Conditions};
use crate::ConditionStatus;

/// Reads what is exposed of an object of a tracked store.
///
/// Implement it for your own type. An empty `impl` is useful too: Ready then follows the
/// reconciles. For a type of another crate, such as `Deployment`, pass a closure of the same shape
/// to `controller_of`.
///
/// # Panics
///
/// A panic in [`observe`](Self::observe) is caught and counted in
/// `gotkmetrics_observe_panics_total`. The object keeps the state that it had.
///
/// # Examples
///
/// ```
/// use gotk_metrics::{ConditionStatus, Observe, Observed};
/// use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
///
/// # struct App { spec: AppSpec, status: Option<AppStatus> }
/// struct AppSpec { suspend: bool }
/// struct AppStatus { conditions: Vec<Condition> }
///
/// impl Observe for App {
///     fn observe(&self) -> Observed<'_> {
///         let status = self.status.as_ref();
///         Observed::new()
///             .conditions(status.map(|status| &status.conditions))
///             .suspended(self.spec.suspend)
///     }
/// }
/// # let app = App { spec: AppSpec { suspend: true }, status: None };
/// # assert!(app.observe().condition_of("Ready").is_none());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not implement `Observe`",
    label = "`Observe` is not implemented for this type",
    note = "for a type of your own, an empty `impl Observe for ... {{}}` is enough: Ready then follows the reconciles",
    note = "for a type of another crate, use `run_recorded_with(recorder.controller_of(|_| Observed::new()), ...)`"
)]
pub trait Observe {
    /// Returns the conditions, the suspension and the generation of the object.
    ///
    /// Called at a scrape for each object that has changed since the last one. It should be quick
    /// and read nothing but the object. By default it returns [`Observed::new`].
    fn observe(&self) -> Observed<'_> {
        Observed::new()
    }
}

/// What is exposed of one object.
///
/// It borrows from the object and does not allocate, unless you add conditions or labels one by
/// one.
///
/// # Examples
///
/// ```
/// use gotk_metrics::{ConditionStatus, Observed};
///
/// let conditions = vec![("Ready", "True"), ("Stalled", "nonsense")];
/// let observed = Observed::new().conditions(&conditions).suspended(false);
/// let stalled = observed.condition_of("Stalled").unwrap();
/// assert_eq!(stalled.status(), ConditionStatus::Unknown);
/// ```
#[derive(Clone, Default)]
#[must_use]
pub struct Observed<'a> {
    /// The object's own list.
    list: Option<&'a dyn Conditions>,
    /// Computed ones, which take precedence.
    computed: Vec<Condition<'a>>,
    pub(crate) suspended: Option<bool>,
    pub(crate) generation: Option<i64>,
    info: Vec<(&'static str, Cow<'a, str>)>,
}

impl<'a> Observed<'a> {
    /// An object without conditions, of a kind that cannot be suspended.
    pub const fn new() -> Self {
        Self {
            list: None,
            computed: Vec::new(),
            suspended: None,
            generation: None,
            info: Vec::new(),
        }
    }

    /// Sets the object's list of conditions, such as `&status.conditions`.
    ///
    /// A reference to a `Vec` of metav1's `Condition`, of the conditions of Deployments, Jobs, Pods
    /// or Nodes, of `(type, status)`, or of any `T` with `Condition<'a>: From<&'a T>`; or to an
    /// `Option` of such a list. Of several conditions with the same type, the first one counts.
    /// Defaults to no conditions.
    ///
    /// A store exposes Ready, and the types that its options name, which are Reconciling and
    /// Stalled by default. Without a condition Ready, the result of the last reconcile is exposed
    /// as Ready.
    pub fn conditions<C>(mut self, conditions: impl Into<Option<&'a C>>) -> Self
    where
        C: Conditions + 'a,
    {
        self.list = conditions
            .into()
            .map(|conditions| conditions as &dyn Conditions);
        self
    }

    /// Adds a condition that the object's list does not have, or replaces one that it has.
    ///
    /// For a status that is computed, such as Ready from a Deployment's Available. `None` adds
    /// nothing.
    pub fn condition(mut self, type_: &'a str, status: impl Into<Option<ConditionStatus>>) -> Self {
        if let Some(status) = status.into() {
            self.computed.push(Condition::new(type_, status));
        }
        self
    }

    /// Sets whether the object is suspended. Defaults to `None`, which exposes no suspension: the
    /// kind cannot be suspended.
    ///
    /// An object that is suspended and has no condition Ready is Ready by its last reconcile, even
    /// if that reconcile did nothing. If the reconcile of your kind writes no status, add Ready as
    /// Unknown for suspended objects.
    pub fn suspended(mut self, suspended: impl Into<Option<bool>>) -> Self {
        self.suspended = suspended.into();
        self
    }

    /// Sets the generation of the spec that the status is about, in most kinds
    /// `status.observedGeneration`. Defaults to `None`.
    ///
    /// An object whose generation is another one counts in `gotkmetrics_objects_behind`, unless it
    /// is suspended or being deleted.
    pub fn observed_generation(mut self, generation: impl Into<Option<i64>>) -> Self {
        self.generation = generation.into();
        self
    }

    /// Sets the value of a label that was added to `gotk_resource_info`.
    ///
    /// A label that the options do not name with `info_labels` is not exposed. An empty value
    /// leaves the label out. Use bounded values only: a revision, a name, a URL; never a message,
    /// an annotation or a time. A value is cut at 512 bytes.
    pub fn info(mut self, label: &'static str, value: impl Into<Cow<'a, str>>) -> Self {
        self.info.push((label, value.into()));
        self
    }

    /// Returns the condition of this type, if the object has it.
    #[must_use]
    pub fn condition_of(&self, type_: &str) -> Option<Condition<'a>> {
        let mut computed = self.computed.iter();
        let computed = computed.find(|condition| condition.type_() == type_);
        computed.copied().or_else(|| self.list?.find(type_))
    }

    pub(crate) fn info_of(&self, label: &str) -> Option<&str> {
        let mut info = self.info.iter();
        let (_, value) = info.find(|(name, _)| *name == label)?;
        Some(value)
    }
}

impl fmt::Debug for Observed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observed")
            .field("ready", &self.condition_of("Ready"))
            .field("suspended", &self.suspended)
            .field("observed_generation", &self.generation)
            .field("info", &self.info)
            .finish_non_exhaustive()
    }
}
