//! The metrics of Flux's Go controllers, the GitOps Toolkit (gotk), for Kubernetes controllers
//! written in Rust.
