//! The guard of a tracked store.
//!
//! A store is tracked for as long as its guard lives, since it has no sign of its own end.

use std::future::Future as _;
use std::hash::Hash;
use std::pin::pin;
use std::task::{Context, Poll};

use super::deps::kube_core::Resource;
use super::deps::kube_runtime::reflector::Store;
use crate::inner::Inner;
use crate::sync::Arc;
use crate::tracking::{Source, TrackedSource};

/// Keeps a store tracked until it is dropped.
///
/// When it is dropped, the series of the store's objects go without `Deleted`: this process no
/// longer watches them and does not know what becomes of them. They go at once if no other store
/// of the kind is tracked, otherwise at the next scrape, except for objects that another store has.
/// To track a store for as long as the process runs, keep the guard in `main`.
///
/// The reconciles of a controller whose store is tracked by hand should be linked to the guard with
/// [`ControllerOptions::of`](super::ControllerOptions::of). Without the link, an attempt that
/// starts after the guard was dropped creates series that nothing removes.
#[derive(Debug)]
#[must_use = "the tracking ends when this is dropped, and the series of the objects go; bind it to a name (`let _ =` drops it at once)"]
pub struct TrackGuard {
    inner: Arc<Inner>,
    source: Arc<TrackedSource>,
}

/// Polls for the first list of a store; returns true once there is nothing more to poll.
pub(super) type FirstList = Box<dyn FnMut(&mut Context<'_>) -> bool + Send>;

impl TrackGuard {
    pub(super) fn new(inner: Arc<Inner>, source: Box<dyn Source>, is_started: bool) -> Self {
        let source = inner.tracking.add(source, is_started);
        Self { inner, source }
    }

    /// Declares that the first list of the store is complete, even if it is empty.
    ///
    /// An object that was recorded but is not in the store counts as deleted only after its store
    /// is known to have its first list. A store shows that by itself once it has contained an
    /// object. A store that stays empty does not, so deletions of objects that lived between two
    /// scrapes would never be exposed, and `gotkmetrics_sources` would show the store as waiting.
    /// Call this after `Store::wait_until_ready` has returned. [`run_recorded`] and a controller
    /// linked with [`of`] do it by themselves.
    ///
    /// [`run_recorded`]: super::ControllerExt::run_recorded
    /// [`of`]: super::ControllerOptions::of
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # use gotk_metrics::{Observed, Recorder, kube::RecorderExt as _};
    /// # use k8s_openapi::api::core::v1::Node;
    /// # use kube_runtime::reflector::Store;
    /// # async fn track(recorder: Recorder, store: Store<Node>) -> Result<(), Box<dyn std::error::Error>> {
    /// let tracked = recorder.source_of(|_: &Node| Observed::new()).track(store.clone());
    /// store.wait_until_ready().await?;
    /// tracked.mark_synced();
    /// # Ok(())
    /// # }
    /// ```
    pub fn mark_synced(&self) {
        self.source.mark_synced();
    }

    /// The source, for a controller of `kind` that records to `recorder`.
    pub(super) fn source_of(
        &self,
        recorder: &Arc<Inner>,
        kind: &str,
    ) -> Option<Arc<TrackedSource>> {
        let fits = Arc::ptr_eq(&self.inner, recorder) && self.source.kind() == kind;
        fits.then(|| Arc::clone(&self.source))
    }

    pub(super) fn source(&self) -> &Arc<TrackedSource> {
        &self.source
    }

    /// Returns what polls for the first list of `store`, the store of this.
    pub(super) fn first_list<K>(&self, store: Store<K>) -> FirstList
    where
        K: Resource + Clone + Send + Sync + 'static,
        K::DynamicType: Eq + Hash + Clone,
    {
        let source = Arc::clone(&self.source);
        Box::new(move |cx| {
            source.mark_started();
            if source.is_synced() {
                return true;
            }
            let polled = pin!(store.wait_until_ready()).poll(cx);
            if matches!(polled, Poll::Ready(Ok(()))) {
                source.mark_synced();
            }
            polled.is_ready()
        })
    }
}

impl Drop for TrackGuard {
    fn drop(&mut self) {
        self.inner.tracking.end(&self.source, &self.inner.store);
    }
}
