//! What is exposed of real kube-rs controllers over a Kubernetes API in memory.
//!
//! Time is tokio's and paused: it moves only when every task waits, so no test waits for anything.

mod api;
mod kinds;
mod requests;
mod server;
