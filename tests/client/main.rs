//! What the layer of a client counts, over a service in memory.
//!
//! Time is the test's own: a service moves the clock when it is called.
#![cfg(feature = "client")]

#[cfg(test)]
#[path = "../common/mod.rs"]
mod common;
#[cfg(test)]
mod counting;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod service;
