//! Feature `kube`: kube-rs objects as ids, its `Action` as the end of an attempt.
//!
//! The only module that names a Kubernetes type.

use std::borrow::Cow;
use std::time::Duration;

use kube_runtime::controller::Action;
use kube_runtime::reflector::Lookup;

use crate::{Completion, ObjectId, Outcome, ToObjectId};

/// Every object whose kind is known at compile time.
impl<K: Lookup<DynamicType = ()>> ToObjectId for K {
    fn to_object_id(&self) -> ObjectId<'_> {
        // An object from the API server has a name.
        ObjectId::new(K::kind(&()), self.name().unwrap_or(Cow::Borrowed("")))
            .within(self.namespace().unwrap_or(Cow::Borrowed("")))
    }
}

/// `Action::await_change()` is a success, `Action::requeue` a requeue: at once if the delay is zero.
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
