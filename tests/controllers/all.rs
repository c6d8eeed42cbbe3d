//! The modules that are compiled with each kube.

pub(crate) mod api;
pub(crate) mod attempts;
#[path = "../common/mod.rs"]
pub(crate) mod common;
#[path = "../common/whole.rs"]
pub(crate) mod common_whole;
pub(crate) mod current;
pub(crate) mod deletion;
pub(crate) mod foreign;
pub(crate) mod kinds;
pub(crate) mod leases;
pub(crate) mod lives;
pub(crate) mod namespaces;
pub(crate) mod options;
pub(crate) mod overlap;
pub(crate) mod reconcile;
pub(crate) mod requests;
pub(crate) mod server;
pub(crate) mod state;
pub(crate) mod stores;
pub(crate) mod streams;
pub(crate) mod types;
pub(crate) mod watches;
pub(crate) mod whole;
pub(crate) mod world;
