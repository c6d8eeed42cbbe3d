//! Feature `kube`: the state of objects from a controller's own cache, attempts from its reconcile
//! function.
//!
//! The only module that names a Kubernetes type.

mod controller_ext;
mod failures;
mod instrument;
mod observe;
mod options;
mod source;
mod track;

use std::borrow::Cow;
use std::time::Duration;

use kube_runtime::controller::Action;
use kube_runtime::reflector::Lookup;

pub use self::controller_ext::{ControllerExt, RecordedStream};
pub use self::instrument::Reconcile;
pub use self::observe::{Observe, Observed, find_condition};
pub use self::options::ControllerOptions;
pub use self::track::TrackGuard;

use crate::{Completion, ObjectId, Outcome, ToObjectId};

/// Every object whose kind is known at compile time.
impl<K: Lookup<DynamicType = ()>> ToObjectId for K {
    fn to_object_id(&self) -> ObjectId<'_> {
        id_of(self, &())
    }
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
