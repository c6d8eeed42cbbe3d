//! What is exposed of real kube-rs controllers over a Kubernetes API in memory.
//!
//! Time is tokio's and paused: it moves only when every task waits, so no test waits for anything.
//! The packages `controllers-kube4` and `controllers-kube3` compile the same tests.

#[path = "all.rs"]
mod all;
mod clients;
mod helpful;
mod readme;

pub(crate) use self::all::*;
pub(crate) use gotk_metrics::kube as gotk_kube;
