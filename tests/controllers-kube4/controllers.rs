//! The tests of the package `controllers`, with kube 4.

#[path = "../controllers/all.rs"]
mod all;
#[path = "../controllers/clients.rs"]
mod clients;

pub(crate) use self::all::*;
pub(crate) use gotk_metrics::kube4 as gotk_kube;
