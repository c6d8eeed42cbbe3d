//! The recorder: one store, one clock, one set of families.
//!
//! Nothing is global unless the user asks for [`Recorder::global`].

mod builder;

use once_cell::sync::OnceCell;
use prometheus_client::registry::Registry;

pub use self::builder::RecorderBuilder;

use crate::error::{AlreadyRegistered, AlreadySet, AppendError};
use crate::exposition::{Chunks, Format, Selection, append, register_collector};
use crate::families::{ConditionGauge, DurationHistogram, SuspendGauge};
use crate::inner::Inner;
use crate::object::{MAX_NAME, cap};
use crate::sync::{Arc, Ordering};

/// Records what a controller does and writes it as Prometheus metrics.
///
/// A recorder holds one record per object. Recording looks the object up and changes one integer or
/// one histogram; it never waits for bytes to be written, never fails and, on a known object, never
/// allocates.
/// [`record`](Self::record) and its siblings record; [`encode`](Self::encode) writes the exposition.
///
/// Nothing runs in the background. Deleted objects are removed by the first scrape after their grace
/// period.
///
/// Cheap to clone; clones are one recorder. kube-runtime has a `Recorder` of events: in code that
/// uses both, write `use gotk_metrics::Recorder as Metrics`.
///
/// # Examples
///
/// ```
/// use gotk_metrics::{Format, ObjectId, Recorder};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let recorder = Recorder::new();
/// let apps = ObjectId::new("Kustomization", "apps").within("flux-system");
///
/// let reconcile = async { Ok::<(), std::io::Error>(()) };
/// recorder.record(&apps, reconcile).await.unwrap();
///
/// assert!(recorder.encode(Format::Text).contains(r#"status="True",type="Ready"} 1"#));
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Recorder {
    pub(crate) inner: Arc<Inner>,
}

static GLOBAL: OnceCell<Recorder> = OnceCell::new();

impl Recorder {
    /// A recorder with the defaults of its [`builder`](Self::builder).
    ///
    /// Flux's bounds, a grace of five minutes, at most 100 000 objects, the system's monotonic
    /// clock.
    #[must_use]
    pub fn new() -> Self {
        RecorderBuilder::new().build_valid()
    }

    /// A recorder to be configured.
    pub fn builder() -> RecorderBuilder {
        RecorderBuilder::new()
    }

    /// The process-wide recorder, for code that cannot be handed one.
    ///
    /// The one given to [`set_global`](Self::set_global), or a [`new`](Self::new) one made by the
    /// first call. Nothing in this crate uses it by itself.
    ///
    /// # Examples
    ///
    /// ```
    /// use gotk_metrics::{ObjectId, Recorder};
    ///
    /// let apps = ObjectId::new("Kustomization", "apps").within("flux-system");
    /// Recorder::global().record_suspend(&apps, true);
    /// ```
    pub fn global() -> &'static Self {
        GLOBAL.get_or_init(Self::new)
    }

    /// Makes `recorder` the process-wide one.
    ///
    /// # Errors
    ///
    /// [`AlreadySet`] if there is one: this was called before, or [`global`](Self::global) was.
    ///
    /// # Examples
    ///
    /// ```
    /// use gotk_metrics::Recorder;
    ///
    /// Recorder::set_global(Recorder::builder().max_objects(1_000).build()?)?;
    /// assert!(Recorder::set_global(Recorder::new()).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_global(recorder: Self) -> Result<(), AlreadySet> {
        GLOBAL.set(recorder).map_err(|_| AlreadySet)
    }

    /// The handle of `gotk_reconcile_condition`.
    pub fn conditions(&self) -> ConditionGauge {
        ConditionGauge::new(Arc::clone(&self.inner))
    }

    /// The handle of `gotk_suspend_status`.
    pub fn suspensions(&self) -> SuspendGauge {
        SuspendGauge::new(Arc::clone(&self.inner))
    }

    /// The handle of `gotk_reconcile_duration_seconds`.
    pub fn durations(&self) -> DurationHistogram {
        DurationHistogram::new(Arc::clone(&self.inner))
    }

    /// Whether this process holds the lease `name`: `leader_election_master_status`.
    ///
    /// Call this with `false` when the process starts waiting for the lease, so that the series
    /// exists, and again whenever the lease is acquired or lost. When the lease is lost, drop the
    /// controllers' streams and `TrackGuard`s too, so that this process stops exposing objects that
    /// the next leader exposes. Objects that were recorded by calls go with
    /// [`clear`](crate::RecordReconcile::clear). At most 16 leases are exposed. Further ones are
    /// refused and counted in `gotkmetrics_refused_total{limit="leases"}`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gotk_metrics::{Format, Recorder};
    ///
    /// let recorder = Recorder::new();
    /// recorder.record_leader("app-controller", true);
    /// let line = "leader_election_master_status{name=\"app-controller\"} 1\n";
    /// assert!(recorder.encode(Format::Text).contains(line));
    /// ```
    pub fn record_leader(&self, name: &str, leads: bool) {
        let lease = cap(name, MAX_NAME);
        self.inner
            .leases
            .with(lease, |lease| lease.set(leads.into()));
    }

    /// The whole exposition as one string.
    ///
    /// Removes the series of objects whose grace has ended. For many objects
    /// [`encode_chunks`](Self::encode_chunks) needs far less memory.
    #[must_use]
    pub fn encode(&self, format: Format) -> String {
        self.encode_chunks(format).into_string()
    }

    /// The exposition as an iterator of byte chunks of about 64 KiB.
    ///
    /// Removes the series of objects whose grace has ended, then fixes which objects are written;
    /// their values are read as the chunks are made. No lock is held between chunks or while bytes
    /// are written, so a slow reader delays nobody.
    ///
    /// The call itself sorts the objects if any came or went since the last one: some tens of
    /// milliseconds at 100 000 objects, worth a blocking thread in an async server.
    ///
    /// # Examples
    ///
    /// What a handler of one's own does:
    ///
    /// ```
    /// use gotk_metrics::{Format, Recorder};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let recorder = Recorder::new();
    /// // As `MetricsServer` and Go's promhttp do, whatever the scraper accepts.
    /// let format = Format::Text;
    /// let chunks = tokio::task::spawn_blocking(move || recorder.encode_chunks(format)).await?;
    /// let content_type = format.content_type();
    /// for chunk in chunks {
    ///     // Send it before the next one is made.
    /// #   drop((content_type, chunk));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn encode_chunks(&self, format: Format) -> Chunks {
        self.encode_selected(format, Selection::default())
    }

    pub(crate) fn encode_selected(&self, format: Format, selection: Selection) -> Chunks {
        Chunks::new(Arc::clone(&self.inner), format, selection)
    }

    /// Makes this recorder a collector of `registry`, for those who encode with prometheus-client.
    ///
    /// prometheus-client writes OpenMetrics only, puts `le` first, and writes four of Flux's ten
    /// bounds with other digits than Go does (`0.038363583488692547` for `0.038363583488692544`).
    /// Prometheus 2 compares `le` as text, so sums over Go and Rust controllers break there. Prefer
    /// [`encode`](Self::encode) and [`append`](Self::append).
    ///
    /// All families of this recorder are collected but those of `MetricsServer`, and appended
    /// registries. The registry does not keep the recorder alive: once its last clone, handle
    /// and attempt are gone, nothing is collected.
    ///
    /// # Errors
    ///
    /// [`AlreadyRegistered`] if this recorder, or a clone, was registered before, in whatever
    /// registry: its families would be exposed twice.
    ///
    /// # Examples
    ///
    /// ```
    /// use gotk_metrics::{ObjectId, Recorder};
    /// use prometheus_client::{encoding::text, registry::Registry};
    ///
    /// let recorder = Recorder::new();
    /// let mut registry = Registry::default();
    /// recorder.register(&mut registry)?;
    /// assert!(recorder.register(&mut registry).is_err());
    ///
    /// recorder.record_suspend(&ObjectId::new("Bucket", "charts").within("infra"), true);
    /// let mut out = String::new();
    /// text::encode(&mut out, &registry)?;
    /// assert!(out.contains("gotk_suspend_status"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn register(&self, registry: &mut Registry) -> Result<(), AlreadyRegistered> {
        // Relaxed: the swap alone decides who is first.
        if self.inner.registered.swap(true, Ordering::Relaxed) {
            return Err(AlreadyRegistered);
        }
        register_collector(&self.inner, registry);
        Ok(())
    }

    /// Appends the metrics of `registry` to every exposition from now on, after our families.
    ///
    /// A registry of prometheus-client 0.26: that of another version is another type.
    ///
    /// For text 0.0.4 they are converted: counters gain `_total` in TYPE and HELP, units and
    /// exemplars are dropped, an info becomes a gauge. Numbers stay as prometheus-client writes
    /// them. If the registry holds this recorder as a collector, that part is left out.
    ///
    /// The registry is encoded in one piece when an exposition starts, so its part is not bounded
    /// in memory. If that fails or panics, or a family of ours turns up in it later, that part
    /// is left out and counted in `gotkmetrics_append_errors_total`.
    ///
    /// # Errors
    ///
    /// [`AppendError`] if the registry cannot be encoded, was appended before, or has a family that
    /// this recorder or a registry appended before has.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    /// use gotk_metrics::{Format, Recorder};
    /// use prometheus_client::{metrics::counter::Counter, registry::Registry};
    ///
    /// let mut registry = Registry::default();
    /// registry.register("app_renders", "Templates rendered", Counter::<u64>::default());
    ///
    /// let recorder = Recorder::new();
    /// recorder.append(Arc::new(registry))?;
    /// assert!(recorder.encode(Format::Text).contains("\napp_renders_total 0\n"));
    /// # Ok::<(), gotk_metrics::AppendError>(())
    /// ```
    pub fn append(&self, registry: Arc<Registry>) -> Result<(), AppendError> {
        append(&self.inner, registry)
    }
}

impl Default for Recorder {
    fn default() -> Self {
        Self::new()
    }
}
