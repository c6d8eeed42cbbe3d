//! The one door to atomics and locks.
//!
//! Nothing else imports them, so that a model checker can replace them all at once.

#[cfg(all(test, gotk_loom))]
mod checked;

#[cfg(all(test, gotk_loom))]
pub(crate) use self::checked::{
    AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Condvar, Mutex, RwLock,
};
#[cfg(not(all(test, gotk_loom)))]
pub(crate) use parking_lot::{Condvar, Mutex, RwLock};
pub(crate) use std::sync::atomic::Ordering;
#[cfg(not(all(test, gotk_loom)))]
pub(crate) use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize};
// Not replaced: loom's has neither `Weak` nor `Arc<dyn …>`, and counting references is std's affair.
pub(crate) use std::sync::{Arc, Weak};
