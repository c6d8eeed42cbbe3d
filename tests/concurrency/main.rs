//! Scrapes and records at the same time: nothing is torn, nothing is lost, nothing waits for ever.

#[cfg(test)]
mod churn;
#[cfg(test)]
#[path = "../common/manual.rs"]
mod manual;
#[cfg(test)]
mod torn;

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;

use gotk_metrics::{Format, ObjectId, Recorder};

const GRACE: Duration = Duration::from_secs(300);
/// Far more than any test here takes; who exceeds it waits for ever.
const PATIENCE: Duration = Duration::from_secs(120);

fn app(number: usize) -> ObjectId<'static> {
    ObjectId::new("App", format!("a{number:05}")).within("ns")
}

/// Runs `test` on a thread of its own and fails if it does not end.
fn bounded(test: impl FnOnce() + Send + 'static) {
    let (done, waiting) = mpsc::channel::<()>();
    let test = thread::spawn(move || {
        let _done = done;
        test();
    });
    // An end of any kind drops the sender.
    let ended = waiting.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Disconnected);
    assert!(ended, "a deadlock, or far too slow");
    test.join().unwrap_or_else(|panic| resume_unwind(panic));
}

/// Runs all of `write` at the same time, again and again until there were enough scrapes, and
/// `scrape` until they are done and once more.
fn while_scraping(enough: usize, write: &[&(dyn Fn() + Sync)], mut scrape: impl FnMut()) {
    /// Sets a number to its limit when it is dropped. A panic on one side is to end the test on the
    /// other side, not to hang it.
    struct Done<'a>(&'a AtomicUsize);
    impl Drop for Done<'_> {
        fn drop(&mut self) {
            self.0.store(usize::MAX, Ordering::Relaxed);
        }
    }

    let (scrapes, written) = (&AtomicUsize::new(0), &AtomicUsize::new(0));
    thread::scope(|scope| {
        let _done = Done(scrapes);
        let writers = scope.spawn(move || {
            let _done = Done(written);
            thread::scope(|scope| {
                let writers = write.iter().map(|write| {
                    scope.spawn(move || {
                        write();
                        while scrapes.load(Ordering::Relaxed) < enough {
                            write();
                        }
                    })
                });
                writers.collect::<Vec<_>>().into_iter().for_each(join);
            });
        });
        while written.load(Ordering::Relaxed) == 0 {
            scrape();
            scrapes.fetch_add(1, Ordering::Relaxed);
        }
        join(writers);
        scrape();
    });
}

/// A scope would wait by itself. But `ThreadSanitizer` sees no such wait: to it, what the thread did last races with
/// what comes after.
fn join(thread: ScopedJoinHandle<'_, ()>) {
    thread.join().unwrap_or_else(|panic| resume_unwind(panic));
}

/// Encodes into a buffer that is used again.
fn encode(recorder: &Recorder, out: &mut String) {
    out.clear();
    let mut chunks = recorder.encode_chunks(Format::Text);
    while chunks.fill(out) {}
}
