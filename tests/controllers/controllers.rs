//! What is exposed of real kube-rs controllers over a Kubernetes API in memory.
//!
//! Time is tokio's and paused: it moves only when every task waits, so no test waits for anything.

mod api;
mod attempts;
mod clients;
#[path = "../common/mod.rs"]
mod common;
#[path = "../common/whole.rs"]
mod common_whole;
mod current;
mod deletion;
mod foreign;
mod helpful;
mod kinds;
mod leases;
mod lives;
mod namespaces;
mod options;
mod overlap;
mod readme;
mod reconcile;
mod requests;
mod server;
mod state;
mod stores;
mod streams;
mod types;
mod watches;
mod whole;
mod world;
