//! What the gauges read from an object.
//!
//! Runs at a scrape, on objects as the cache has them. Nothing of an object but these bounded
//! values is ever exposed.

use std::borrow::Cow;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use k8s_openapi::serde_json::Value;
use kube_core::DynamicObject;

use crate::{ConditionStatus, ConditionType};

/// What the gauges read from an object of a tracked store.
///
/// Every method has a default; an empty `impl` is useful too: Ready then follows the reconciles.
/// Implement it for your own type. For a type of another crate, such as `Deployment`, say the same
/// in a closure: [`ControllerOptions::observe`](crate::ControllerOptions::observe).
///
/// The methods are called at a scrape, for objects that have changed since the last one: they are
/// to be quick and to read nothing but the object.
///
/// # Panics
///
/// A method that panics is caught, and counted in `gotkmetrics_observe_panics_total`; the object
/// keeps the state that it had.
///
/// # Examples
///
/// ```
/// use gotk_metrics::{ConditionStatus, Observe, find_condition};
/// use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
///
/// # struct App { spec: AppSpec, status: Option<AppStatus> }
/// struct AppSpec { suspend: bool }
/// struct AppStatus { conditions: Vec<Condition> }
///
/// impl Observe for App {
///     fn condition(&self, type_: &str) -> Option<ConditionStatus> {
///         find_condition(&self.status.as_ref()?.conditions, type_)
///     }
///
///     fn suspended(&self) -> Option<bool> {
///         Some(self.spec.suspend)
///     }
/// }
/// # let app = App { spec: AppSpec { suspend: true }, status: None };
/// # assert_eq!(app.condition("Ready"), None);
/// # assert_eq!(app.suspended(), Some(true));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say what state it is in",
    label = "`Observe` is not implemented for it",
    note = "for a type of your own an empty `impl Observe for ... {{}}` is enough: Ready then follows the reconciles",
    note = "for a type of another crate use `run_recorded_with(recorder.controller::<K>().observe(|_| Observed::new()), ...)`"
)]
pub trait Observe {
    /// The status of the condition `type_`, such as `Ready`; `None` if the object does not have it.
    ///
    /// Asked for Ready and for what
    /// [`ControllerOptions::conditions`](crate::ControllerOptions::conditions) names. Without a
    /// condition Ready, the result of the last reconcile is shown as Ready. Defaults to none.
    fn condition(&self, type_: &str) -> Option<ConditionStatus> {
        let _ = type_;
        None
    }

    /// Whether the object is suspended; `None`, which makes no series, if its kind cannot be.
    ///
    /// An object that is suspended and has no condition Ready is Ready by its last reconcile, even
    /// if that did nothing but see that it is suspended. A kind whose reconcile writes no
    /// status then is better off saying Unknown in [`condition`](Self::condition).
    ///
    /// Defaults to none.
    fn suspended(&self) -> Option<bool> {
        None
    }

    /// The generation of the spec that the status is about.
    ///
    /// In most kinds `status.observedGeneration`. One that is below `metadata.generation` counts in
    /// `gotkmetrics_objects_behind`: the controller has not got to the newest spec. Not of an
    /// object that is suspended or being deleted, which raises the generation too. Defaults to
    /// none.
    fn observed_generation(&self) -> Option<i64> {
        None
    }

    /// The value of a label that was added to `gotk_resource_info`; `None` leaves it out.
    ///
    /// By [`ControllerOptions::info_labels`](crate::ControllerOptions::info_labels). An empty value
    /// leaves it out too. Bounded values only: a revision, a name, a URL; never a message, an
    /// annotation or a time. Cut at 1024 bytes. Defaults to none.
    fn info(&self, label: &str) -> Option<Cow<'_, str>> {
        let _ = label;
        None
    }
}

/// The status of the condition `type_` among `conditions`.
///
/// # Examples
///
/// ```
/// use gotk_metrics::{ConditionStatus, find_condition};
/// use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
/// # let condition = |type_: &str, status: &str| -> Condition {
/// #     let time = k8s_openapi::jiff::Timestamp::UNIX_EPOCH;
/// #     Condition {
/// #         type_: type_.into(), status: status.into(), reason: "R".into(), message: "".into(), observed_generation: None,
/// #         last_transition_time: k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(time),
/// #     }
/// # };
///
/// let conditions = [condition("Ready", "False"), condition("Stalled", "nonsense")];
/// assert_eq!(find_condition(&conditions, "Ready"), Some(ConditionStatus::False));
/// assert_eq!(find_condition(&conditions, "Stalled"), Some(ConditionStatus::Unknown));
/// assert_eq!(find_condition(&conditions, "Healthy"), None);
/// ```
#[must_use]
pub fn find_condition(conditions: &[Condition], type_: &str) -> Option<ConditionStatus> {
    let found = conditions.iter().find(|found| found.type_ == type_)?;
    Some(ConditionStatus::parse(&found.status))
}

/// `status.conditions`, `status.observedGeneration` and `spec.suspend`, where Flux's kinds and many
/// others have them; of the labels that can be added to `gotk_resource_info`, `reason` is that of
/// Ready.
impl Observe for DynamicObject {
    fn condition(&self, type_: &str) -> Option<ConditionStatus> {
        // A condition with a status that is no string is there all the same.
        let status = condition_of(self, type_)?.get("status");
        let status = status.and_then(Value::as_str);
        Some(ConditionStatus::parse(status.unwrap_or_default()))
    }

    fn suspended(&self) -> Option<bool> {
        self.data.get("spec")?.get("suspend")?.as_bool()
    }

    fn observed_generation(&self) -> Option<i64> {
        self.data.get("status")?.get("observedGeneration")?.as_i64()
    }

    fn info(&self, label: &str) -> Option<Cow<'_, str>> {
        let ready = condition_of(self, "Ready").filter(|_| label == "reason")?;
        ready.get("reason")?.as_str().map(Cow::Borrowed)
    }
}

fn condition_of<'a>(object: &'a DynamicObject, type_: &str) -> Option<&'a Value> {
    let conditions = object.data.get("status")?.get("conditions")?.as_array()?;
    let mut conditions = conditions.iter();
    conditions.find(|found| found.get("type").and_then(Value::as_str) == Some(type_))
}

/// What a closure says of an object whose type is another crate's.
///
/// # Examples
///
/// ```
/// use gotk_metrics::{ConditionStatus, Observe as _, Observed};
///
/// let observed = Observed::new()
///     .condition("Ready", ConditionStatus::True)
///     .condition("Stalled", None)
///     .suspended(false);
/// # use gotk_metrics::Observe;
/// assert_eq!(Observe::condition(&observed, "Ready"), Some(ConditionStatus::True));
/// assert_eq!(Observe::condition(&observed, "Stalled"), None);
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Observed {
    /// The first `len` are there. As many as a recorder knows: no allocation per object.
    conditions: [(&'static str, ConditionStatus); ConditionType::MAX],
    len: usize,
    suspended: Option<bool>,
    generation: Option<i64>,
    info: Vec<(&'static str, String)>,
}

impl Observed {
    /// An object with no conditions, of a kind that knows no suspension.
    pub fn new() -> Self {
        Self::default()
    }

    /// The object has the condition `type_`, unless `status` is `None`.
    ///
    /// What is shown besides Ready, Reconciling and Stalled has to be named in
    /// [`ControllerOptions::conditions`](crate::ControllerOptions::conditions) too.
    ///
    /// A 17th one is left out: a recorder knows 16 types.
    pub fn condition(
        mut self,
        type_: &'static str,
        status: impl Into<Option<ConditionStatus>>,
    ) -> Self {
        if let Some(status) = status.into()
            && let Some(slot) = self.conditions.get_mut(self.len)
        {
            *slot = (type_, status);
            self.len += 1;
        }
        self
    }

    /// Whether the object is suspended. Defaults to `None`: its kind knows no such thing.
    pub fn suspended(mut self, suspended: impl Into<Option<bool>>) -> Self {
        self.suspended = suspended.into();
        self
    }

    /// The generation of the spec that the status is about. Defaults to `None`: it does not tell.
    pub fn observed_generation(mut self, generation: impl Into<Option<i64>>) -> Self {
        self.generation = generation.into();
        self
    }

    /// The value of a label that was added to `gotk_resource_info`; see [`Observe::info`].
    ///
    /// One that [`ControllerOptions::info_labels`](crate::ControllerOptions::info_labels) does not
    /// name is not shown; an empty value is none.
    pub fn info(mut self, label: &'static str, value: impl Into<String>) -> Self {
        self.info.push((label, value.into()));
        self
    }
}

impl Observe for Observed {
    fn condition(&self, type_: &str) -> Option<ConditionStatus> {
        let mut conditions = self.conditions.iter().take(self.len);
        let found = conditions.find(|(found, _)| *found == type_);
        found.map(|(_, status)| *status)
    }

    fn suspended(&self) -> Option<bool> {
        self.suspended
    }

    fn observed_generation(&self) -> Option<i64> {
        self.generation
    }

    fn info(&self, label: &str) -> Option<Cow<'_, str>> {
        let found = self.info.iter().find(|(found, _)| *found == label);
        found.map(|(_, value)| Cow::Borrowed(value.as_str()))
    }
}
