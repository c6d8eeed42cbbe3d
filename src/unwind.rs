//! Calls to the user's code, which may panic.
//!
//! A file of its own because every layer calls such code, and a payload must be handled the same
//! way everywhere.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Calls `code` and returns `None` if it panics.
///
/// The payload of the panic is leaked. Its drop is the user's code too, and could panic again.
pub(crate) fn catch<T>(code: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(code))
        .map_err(mem::forget)
        .ok()
}
