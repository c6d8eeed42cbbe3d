//! Two threads write one number without a lock.

use std::cell::UnsafeCell;
use std::thread;

struct Number(UnsafeCell<u64>);

// SAFETY: there is none; this is the race that ThreadSanitizer must find.
unsafe impl Sync for Number {}

static NUMBER: Number = Number(UnsafeCell::new(0));

fn main() {
    let add = || {
        for _ in 0..1000 {
            // SAFETY: none, see above.
            unsafe { *NUMBER.0.get() += 1 };
        }
    };
    let other = thread::spawn(add);
    add();
    other.join().expect("it does not panic");
}
