//! Everything of the modules `kube`, `kube4` and `kube3`, each of which compiles this folder once
//! more, with its own versions of the dependencies in `deps`.
//!
//! Only this folder names a Kubernetes type.

#[cfg(feature = "auth")]
mod auth;
mod conditions;
mod controller_ext;
mod dynamic;
mod errors;
mod instrument;
mod options;
mod recorder_ext;
mod source;
mod store;
mod track;

use std::borrow::Cow;
use std::time::Duration;

use super::deps;

#[cfg(feature = "auth")]
pub use self::auth::kubernetes_auth;
pub use self::controller_ext::{ControllerExt, ControllerStream};
pub use self::instrument::ReconcileFuture;
pub use self::options::ControllerOptions;
pub use self::recorder_ext::RecorderExt;
pub use self::source::SourceOptions;
pub use self::track::TrackGuard;
pub use crate::resource_info::InfoLabelError;

use self::deps::kube_runtime::controller::Action;
use self::deps::kube_runtime::reflector::Lookup;
use crate::{Completion, ObjectId, Outcome};

/// Returns the id of an object whose kind is known at compile time.
///
/// The kind is that of the type, so it cannot be misspelled. For a `DynamicObject` build an
/// [`ObjectId`].
///
/// # Examples
///
/// ```
/// use gotk_metrics::{ObjectId, kube};
/// use k8s_openapi::api::core::v1::ConfigMap;
///
/// let mut map = ConfigMap::default();
/// map.metadata.name = Some("settings".into());
/// map.metadata.namespace = Some("shop".into());
/// let id = ObjectId::new("ConfigMap", "settings").within("shop");
/// assert_eq!(kube::object_id(&map), id);
/// ```
pub fn object_id<K: Lookup<DynamicType = ()>>(object: &K) -> ObjectId<'_> {
    id_of(object, &())
}

/// The kind is that of `dyntype`; an object from the API server has a name.
fn id_of<'a, K: Lookup>(object: &'a K, dyntype: &'a K::DynamicType) -> ObjectId<'a> {
    ObjectId::new(K::kind(dyntype), object.name().unwrap_or(Cow::Borrowed("")))
        .within(object.namespace().unwrap_or(Cow::Borrowed("")))
}

/// `Action::await_change()` is a success, `Action::requeue` a requeue: at once if the delay is
/// zero.
impl Completion for Action {
    fn outcome(&self) -> Outcome {
        // `Action` has no getters, but it can be compared.
        if *self == Self::await_change() {
            Outcome::Success
        } else if *self == Self::requeue(Duration::ZERO) {
            Outcome::Requeue
        } else {
            Outcome::RequeueAfter
        }
    }
}
