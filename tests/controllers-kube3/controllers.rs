//! The tests of the package `controllers`, with kube 3, which has no retry layer of its own to test.

#[path = "../controllers/all.rs"]
mod all;

pub(crate) use self::all::*;
pub(crate) use gotk_metrics::kube3 as gotk_kube;
