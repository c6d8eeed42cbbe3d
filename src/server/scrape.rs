//! One scrape as it is counted, from its request to its end.
//!
//! Counted exactly once, when it is dropped, so that no way to end it is missed.

use std::time::Duration;

#[cfg(feature = "auth")]
use super::auth::Refusal;
use crate::recorder::Recorder;
use crate::scrapes::ScrapeEnd;

#[derive(Debug)]
pub(super) struct Scrape {
    recorder: Recorder,
    start: Duration,
    end: ScrapeEnd,
}

impl Scrape {
    /// Until told otherwise, one that fails.
    pub(super) fn begin(recorder: &Recorder) -> Self {
        recorder.inner.scrapes.begin();
        Self {
            recorder: recorder.clone(),
            start: recorder.inner.store.now(),
            end: ScrapeEnd::Failed,
        }
    }

    /// There is an exposition; whether it is sent to its end is yet to be seen.
    pub(super) fn answer(&mut self) {
        self.end = ScrapeEnd::Aborted;
    }

    pub(super) fn sent(&self, bytes: usize) {
        self.recorder.inner.scrapes.sent(bytes);
    }

    pub(super) fn complete(&mut self) {
        self.end = ScrapeEnd::Complete;
    }

    /// Given up before that, while the cluster was asked, it stays one that failed.
    #[cfg(feature = "auth")]
    pub(super) fn deny(&mut self, refusal: &Refusal) {
        self.end = match refusal {
            Refusal::Unauthorized => ScrapeEnd::Unauthorized,
            Refusal::Forbidden(_) => ScrapeEnd::Forbidden,
            Refusal::Failed => ScrapeEnd::Failed,
        };
    }

    pub(super) fn refuse(&mut self) {
        self.end = ScrapeEnd::MethodNotAllowed;
    }
}

impl Drop for Scrape {
    fn drop(&mut self) {
        let inner = &self.recorder.inner;
        let took = inner.store.now().saturating_sub(self.start);
        inner.scrapes.end(self.end, took);
    }
}
