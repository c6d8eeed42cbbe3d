//! Records controllers of kube-rs 3, with k8s-openapi 0.27: attempts from the reconcile function, the state of objects from
//! the controller's own cache.
//!
//! Import the two extension traits, then replace `run` by `run_recorded`:
//!
//! ```
//! use gotk_metrics::kube3::{ControllerExt as _, RecorderExt as _};
//! ```
//!
//! | | |
//! |---|---|
//! | [`ControllerExt::run_recorded`] | runs a `Controller` and records everything about it |
//! | [`RecorderExt::controller`] | options of a controller: name, concurrency, timeout, panics, error categories |
//! | [`RecorderExt::track`] | reads the state of the objects of a store that is filled by hand |
//! | [`RecorderExt::instrument`] | makes each call of a reconcile function an attempt |
//! | [`object_id`] | names an object for the calls of the recorder |

#[path = "kube/all.rs"]
mod all;

pub use self::all::*;

/// The versions of the dependencies that this module is compiled with.
mod deps {
    #[cfg(feature = "auth")]
    pub(super) use kube_client_3 as kube_client;
    pub(super) use {
        k8s_openapi_0_27 as k8s_openapi, kube_core_3 as kube_core, kube_runtime_3 as kube_runtime,
    };
}
