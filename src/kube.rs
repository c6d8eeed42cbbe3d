//! Records kube-rs controllers: attempts from the reconcile function, the state of objects from
//! the controller's own cache.
//!
//! Import the two extension traits, then replace `run` by `run_recorded`:
//!
//! ```
//! use gotk_metrics::kube::{ControllerExt as _, RecorderExt as _};
//! ```
//!
//! | | |
//! |---|---|
//! | [`ControllerExt::run_recorded`] | runs a `Controller` and records everything about it |
//! | [`RecorderExt::controller`] | options of a controller: name, concurrency, timeout, panics, error categories |
//! | [`RecorderExt::track`] | reads the state of the objects of a store that is filled by hand |
//! | [`RecorderExt::instrument`] | makes each call of a reconcile function an attempt |
//! | [`object_id`] | names an object for the calls of the recorder |

// Only the modules of kube name a Kubernetes type.

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

use self::deps::kube_runtime::controller::Action;
use self::deps::kube_runtime::reflector::Lookup;

pub use self::controller_ext::{ControllerExt, ControllerStream};
pub use self::instrument::ReconcileFuture;
pub use self::options::ControllerOptions;
pub use self::recorder_ext::RecorderExt;
pub use self::source::SourceOptions;
pub use self::track::TrackGuard;
pub use crate::resource_info::InfoLabelError;

use crate::{Completion, ObjectId, Outcome};

/// The versions of the dependencies that this module is compiled with.
mod deps {
    pub(super) use {k8s_openapi, kube_core, kube_runtime};
}

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
