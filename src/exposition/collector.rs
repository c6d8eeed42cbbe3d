//! The recorder as a collector of a prometheus-client registry.
//!
//! Slower than our own writer and with other digits in `le`; prints nothing where our own writer is
//! at work on the same exposition.

use std::cell::Cell;
use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use super::column::shown;
use super::totals::{Value, totals};
use crate::ConditionStatus;
use crate::catalog::{Family, FamilyType};
use crate::inner::Inner;
use crate::object::Key;
use crate::series::{ObjectSeries, Shown};
use crate::status::State;
use crate::store::Snapshot;
use crate::sync::{Arc, Weak};

pub(crate) fn register_collector(inner: &Arc<Inner>, registry: &mut Registry) {
    registry.register_collector(Box::new(RecorderCollector {
        inner: Arc::downgrade(inner),
    }));
}

/// Which recorder's exposition this thread is encoding an appended registry for.
#[derive(Clone, Copy)]
struct Within {
    recorder: *const Inner,
    /// Whether another recorder's collector was met.
    met_other: bool,
}

thread_local! {
    static WITHIN: Cell<Option<Within>> = const { Cell::new(None) };
}

/// Runs `encode` with every recorder's collector silent on this thread.
///
/// Returns whether it met the collector of another recorder than `recorder`.
pub(super) fn silenced(recorder: &Inner, encode: impl FnOnce()) -> bool {
    /// Puts the old value back, also when `encode` unwinds.
    struct Restore(Option<Within>);
    impl Drop for Restore {
        fn drop(&mut self) {
            WITHIN.set(self.0);
        }
    }

    let within = Within {
        recorder,
        met_other: false,
    };
    let _restore = Restore(WITHIN.replace(Some(within)));
    encode();
    WITHIN.get().is_some_and(|within| within.met_other)
}

/// Whether this thread is encoding an appended registry.
pub(super) fn is_silenced() -> bool {
    WITHIN.get().is_some()
}

#[derive(Debug)]
struct RecorderCollector {
    /// Weak: the recorder may hold the registry, appended. Without the recorder nobody can record
    /// any more.
    inner: Weak<Inner>,
}

impl Collector for RecorderCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        if let Some(mut within) = WITHIN.get() {
            within.met_other |= !std::ptr::eq(within.recorder, self.inner.as_ptr());
            WITHIN.set(Some(within));
            return Ok(());
        }
        let Some(inner) = self.inner.upgrade() else {
            return Ok(());
        };
        let snapshot = inner.snapshot();
        for family in Family::all().filter(|family| inner.exposes(*family)) {
            match family {
                Family::ReconcileCondition => conditions(&inner, &snapshot, &mut encoder)?,
                Family::ReconcileDuration => durations(&inner, &snapshot, &mut encoder)?,
                Family::SuspendStatus => suspensions(&snapshot, &mut encoder)?,
                Family::ResourceInfo => infos(&inner, &snapshot, &mut encoder)?,
                Family::DeletionTimestamp => deletions(&snapshot, &mut encoder)?,
                // Nothing is appended to that exposition, and it is not our server that sends it.
                Family::AppendErrors
                | Family::ScrapeBytes
                | Family::ScrapeDuration
                | Family::ScrapesAborted
                | Family::ScrapesInFlight
                | Family::ScrapesTotal => {}
                family => process_wide(&inner, family, &mut encoder)?,
            }
        }
        Ok(())
    }
}

fn conditions(
    inner: &Inner,
    snapshot: &Snapshot,
    encoder: &mut DescriptorEncoder<'_>,
) -> fmt::Result {
    let types = inner.types.sorted();
    let objects = snapshot.series().map(|series| (series, series.word()));
    let objects = objects.filter(|(_, word)| word.has_conditions());
    per_series(
        Family::ReconcileCondition,
        objects,
        encoder,
        |metrics, (series, word)| {
            for state in State::ALL {
                for label in &*types {
                    let Some(current) = word.condition(label.slot) else {
                        continue;
                    };
                    let [kind, name, namespace] = labels(series.key());
                    let status = ("status", state.as_str());
                    let labels = [kind, name, namespace, status, ("type", label.raw())];
                    metrics
                        .encode_family(&labels)?
                        .encode_gauge(&i64::from(current == state))?;
                }
            }
            Ok(())
        },
    )
}

fn durations(
    inner: &Inner,
    snapshot: &Snapshot,
    encoder: &mut DescriptorEncoder<'_>,
) -> fmt::Result {
    let bounds = inner.bounds.iter().copied().chain([f64::INFINITY]);
    let bounds: Vec<f64> = bounds.collect();
    let copy = |series: &ObjectSeries| {
        let mut counts = Vec::new();
        let sum = series.copy_durations(&mut counts);
        (counts.iter().sum::<u64>(), counts, sum)
    };
    let objects = snapshot.series().map(|series| (series, copy(series)));
    let objects = objects.filter(|(_, (count, ..))| *count > 0);
    per_series(
        Family::ReconcileDuration,
        objects,
        encoder,
        |metrics, (series, copied)| {
            let (count, counts, sum) = copied;
            let buckets: Vec<_> = bounds.iter().copied().zip(counts).collect();
            metrics
                .encode_family(&labels(series.key()))?
                .encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
        },
    )
}

/// Writes the series of a family; not even its head if there are none.
fn per_series<T>(
    family: Family,
    objects: impl Iterator<Item = T>,
    encoder: &mut DescriptorEncoder<'_>,
    write: impl Fn(&mut MetricEncoder<'_>, T) -> fmt::Result,
) -> fmt::Result {
    let mut objects = objects.peekable();
    if objects.peek().is_none() {
        return Ok(());
    }
    let mut metrics = describe(family, encoder)?;
    objects.try_for_each(|object| write(&mut metrics, object))
}

fn describe<'a>(
    family: Family,
    encoder: &'a mut DescriptorEncoder<'_>,
) -> Result<MetricEncoder<'a>, fmt::Error> {
    let metric_type = match family.family_type() {
        FamilyType::Counter => MetricType::Counter,
        FamilyType::Gauge => MetricType::Gauge,
        FamilyType::Histogram => MetricType::Histogram,
    };
    encoder.encode_descriptor(family.base_name(), family.help(), None, metric_type)
}

fn process_wide(inner: &Inner, family: Family, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let is_counter = family.family_type() == FamilyType::Counter;
    per_series(
        family,
        totals(inner, family).into_iter(),
        encoder,
        |metrics, total| {
            let labels = total.labels(family);
            let mut metric = metrics.encode_family(&labels)?;
            match &total.value {
                Value::Count(count) if is_counter => {
                    metric.encode_counter::<NoLabelSet, _, f64>(count, None)
                }
                Value::Count(count) => metric.encode_gauge(count),
                Value::Float(value) if is_counter => {
                    metric.encode_counter::<NoLabelSet, _, f64>(value, None)
                }
                Value::Float(value) => metric.encode_gauge(value),
                Value::Histogram(histogram) => {
                    let buckets: Vec<_> = histogram.iter().collect();
                    metric.encode_histogram::<NoLabelSet>(
                        histogram.sum,
                        histogram.count(),
                        &buckets,
                        None,
                    )
                }
            }
        },
    )
}

/// Of objects in tracked stores, and then their guests.
fn infos(inner: &Inner, snapshot: &Snapshot, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let owned = snapshot.series().filter_map(|series| {
        let Shown { word, info } = series.shown();
        let (ready, info) = shown(word, info.as_deref())?;
        Some(info.labels(series.key(), ready, word.suspended()))
    });
    let guests = inner.tracking.guests().into_iter().map(|guest| {
        let ready = guest.ready.map(ConditionStatus::as_str);
        guest.info.labels(guest.id.key(), ready, guest.suspended)
    });
    per_series(
        Family::ResourceInfo,
        owned.chain(guests),
        encoder,
        |metrics, labels| metrics.encode_family(&labels)?.encode_gauge(&1_i64),
    )
}

fn deletions(snapshot: &Snapshot, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let objects = snapshot.series().filter_map(|series| {
        let Shown { word, info } = series.shown();
        let (_, info) = shown(word, info.as_deref())?;
        Some((series, info.deletion_timestamp?))
    });
    per_series(
        Family::DeletionTimestamp,
        objects,
        encoder,
        |metrics, (series, time)| {
            let labels = labels(series.key());
            metrics.encode_family(&labels)?.encode_gauge(&time)
        },
    )
}

fn suspensions(snapshot: &Snapshot, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let objects = snapshot.series();
    let objects = objects.filter_map(|series| Some((series, series.word().suspended()?)));
    per_series(
        Family::SuspendStatus,
        objects,
        encoder,
        |metrics, (series, suspended)| {
            metrics
                .encode_family(&labels(series.key()))?
                .encode_gauge(&i64::from(suspended))
        },
    )
}

/// Raw values: prometheus-client escapes them.
fn labels(key: Key<'_>) -> [(&str, &str); 3] {
    [
        ("kind", key.kind),
        ("name", key.name),
        ("namespace", key.namespace),
    ]
}
