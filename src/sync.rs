//! The one door to atomics and locks.
//!
//! Nothing else imports them, so that a model checker can replace them all at once.

pub(crate) use parking_lot::{Condvar, Mutex, RwLock};
pub(crate) use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
pub(crate) use std::sync::{Arc, Weak};
