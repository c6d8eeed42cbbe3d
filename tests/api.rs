//! What the types promise: which threads may have them, who can read them, what they cost to hand on.

// Not only in the manifest: `cargo test` alone is to hold what `expect` says here.
#![deny(unfulfilled_lint_expectations)]

use std::error::Error;
use std::fmt::Debug;
use std::future::{Future, Pending, Ready};
use std::hash::Hash;
use std::marker::PhantomData;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use gotk_metrics::{
    AlreadyRegistered, AlreadySet, AppendError, Attempt, AttemptFuture, BuildError, Chunks,
    Completion, ConditionGauge, ConditionStatus, ConditionType, DurationHistogram, Family,
    FamilyType, Format, ManualClock, ObjectId, Outcome, RecordReconcile, Recorder, RecorderBuilder,
    SuspendGauge, ToObjectId,
};

fn shared<T: Send + Sync + Unpin + Debug + 'static>() {}
fn handle<T: Clone + Send + Sync + Unpin + Debug + 'static>() {}
fn value<T: Clone + Send + Sync + Unpin + Debug + Eq + Hash + 'static>() {}
fn copies<T: Copy>() {}
fn ordered<T: Ord>() {}
fn error<T: Error + Clone + PartialEq + Send + Sync + 'static>() {}

#[test]
fn handles_are_cheap_clones_that_any_thread_may_have() {
    handle::<Recorder>();
    handle::<ConditionGauge>();
    handle::<SuspendGauge>();
    handle::<DurationHistogram>();
    handle::<ManualClock>();
}

#[test]
fn guards_builders_and_iterators_may_go_to_another_thread() {
    shared::<Attempt>();
    shared::<RecorderBuilder>();
    shared::<Chunks>();
    shared::<AttemptFuture<Pending<Result<(), ()>>>>();
}

#[cfg(feature = "server")]
#[test]
fn a_server_and_its_parts_may_go_to_another_thread() {
    handle::<gotk_metrics::MetricsService>();
    shared::<gotk_metrics::MetricsServer>();
    shared::<gotk_metrics::MetricsBody>();
    error::<gotk_metrics::PathError>();
}

#[cfg(feature = "tls")]
#[test]
fn files_of_a_certificate_may_go_to_another_thread() {
    fn error<T: Error + Send + Sync + 'static>() {}
    handle::<gotk_metrics::TlsFiles>();
    error::<gotk_metrics::TlsError>();
}

#[cfg(feature = "auth")]
#[test]
fn access_control_and_its_errors_may_go_to_another_thread() {
    fn error<T: Error + Send + Sync + 'static>() {}
    handle::<gotk_metrics::KubernetesAuth>();
    value::<gotk_metrics::Review>();
    error::<gotk_metrics::ReviewError>();
}

#[test]
fn any_recorder_may_be_shared_as_a_trait_object() {
    fn shared<T: Send + Sync + ?Sized>() {}
    shared::<dyn RecordReconcile>();
    shared::<std::sync::Arc<dyn RecordReconcile>>();
}

#[test]
fn values_compare_and_hash() {
    value::<ObjectId<'static>>();
    value::<ConditionType>();
    value::<ConditionStatus>();
    value::<Outcome>();
    value::<Format>();
    value::<Family>();
    value::<FamilyType>();
    copies::<ConditionStatus>();
    copies::<Outcome>();
    copies::<Format>();
    copies::<Family>();
    copies::<FamilyType>();
    ordered::<ObjectId<'static>>();
    ordered::<Family>();
}

#[test]
fn errors_are_errors_that_can_be_boxed() {
    error::<BuildError>();
    error::<AlreadyRegistered>();
    error::<AlreadySet>();
    error::<AppendError>();
}

#[test]
fn defaults_are_what_new_makes() {
    assert_eq!(Recorder::default().encode(Format::default()), "");
    assert_eq!(Format::default(), Format::Text);
    assert_eq!(ConditionStatus::default(), ConditionStatus::Unknown);
    assert_eq!(ManualClock::default().now(), ManualClock::new().now());
}

/// Whether a type is Send, as a value: the inherent constant is there only if it is, and comes first.
struct Probe<T: ?Sized>(PhantomData<T>);

impl<T: ?Sized + Send> Probe<T> {
    const SEND: bool = true;
}

trait NotSend {
    const SEND: bool = false;
}

impl<T: ?Sized> NotSend for T {}

macro_rules! is_send {
    ($type:ty) => {
        Probe::<$type>::SEND
    };
}

#[test]
fn a_recorded_future_is_send_if_that_future_is() {
    type Output<T> = Result<(), T>;
    let send = is_send!(AttemptFuture<Ready<Output<u8>>>);
    let not_send = is_send!(AttemptFuture<Ready<Output<Rc<u8>>>>);
    assert_eq!([send, not_send], [true, false]);
    // What tells the outcome decides as well.
    let send = is_send!(AttemptFuture<Ready<()>, u8>);
    let not_send = is_send!(AttemptFuture<Ready<()>, Rc<u8>>);
    assert_eq!([send, not_send], [true, false]);
}

#[cfg(feature = "client")]
#[test]
fn a_client_layer_is_as_free_as_what_it_is_put_on() {
    use gotk_metrics::client::{ClientFuture, ClientLayer, ClientService};

    handle::<ClientLayer>();
    handle::<ClientService<u8>>();
    shared::<ClientFuture<Pending<()>>>();
    let send = is_send!(ClientFuture<Ready<u8>>);
    let not_send = is_send!(ClientFuture<Ready<Rc<u8>>>);
    assert_eq!([send, not_send], [true, false]);
    // Held in place, beside a few words.
    let bytes = size_of::<ClientFuture<[u64; 100]>>();
    assert!(bytes <= 800 + 64, "{bytes} bytes");
}

#[test]
fn a_recorded_future_is_unpin_if_that_future_is() {
    fn unpin<T: Unpin>(_: &T) {}
    let recorder = Recorder::new();
    let id = ObjectId::new("App", "a");
    unpin(&recorder.record(&id, std::future::ready(Ok::<_, ()>(()))));
}

#[test]
fn recorded_futures_can_be_spawned() {
    fn spawn<F: Future<Output = Result<(), String>> + Send + 'static>(_: F) {}
    let recorder = Recorder::new();
    let id = ObjectId::new("App", "a");
    spawn(recorder.record(&id, async {
        std::future::ready(()).await;
        Ok(())
    }));
}

#[test]
fn values_may_cross_a_caught_panic() {
    fn unwind_safe<T: UnwindSafe + RefUnwindSafe>() {}
    unwind_safe::<Recorder>();
    unwind_safe::<ConditionGauge>();
    unwind_safe::<SuspendGauge>();
    unwind_safe::<DurationHistogram>();
    unwind_safe::<Attempt>();
    unwind_safe::<AttemptFuture<Ready<Result<(), ()>>>>();
    unwind_safe::<ManualClock>();
    unwind_safe::<ObjectId<'static>>();
    unwind_safe::<ConditionType>();
}

#[test]
fn the_traits_can_be_objects() {
    fn recorder(_: &dyn RecordReconcile) {}
    fn id(_: &dyn ToObjectId) {}
    fn completion(_: &dyn Completion) {}
    let recorder_object = Recorder::new();
    recorder(&recorder_object);
    recorder(&&recorder_object);
    recorder(&Arc::new(recorder_object.clone()));
    recorder(&Some(recorder_object));
    id(&ObjectId::new("App", "a"));
    completion(&());
}

#[test]
fn everything_can_be_printed_for_debugging() {
    let recorder = Recorder::new();
    for number in 0..1_000 {
        recorder.record_suspend(&ObjectId::new("App", number.to_string()), true);
    }
    let id = ObjectId::new("App", "a").within("ns");
    let attempt = recorder.start(&id);
    let future = recorder.record(&id, std::future::pending::<Result<(), ()>>());
    for printed in [
        format!("{recorder:?}"),
        format!("{:?}", Recorder::builder().clock(|| Duration::ZERO)),
        format!("{:?}", recorder.conditions()),
        format!("{attempt:?}"),
        format!("{future:?}"),
        format!("{:?}", recorder.encode_chunks(Format::Text)),
        format!("{id:?}"),
    ] {
        // What it is, and not all that is recorded.
        assert!((1..1_000).contains(&printed.len()), "{printed}");
    }
}

/// Each expectation is broken, and denied at the top of this file, where an attribute is missing.
#[test]
fn what_is_lost_if_it_is_not_used_must_be_used() {
    let (recorder, id) = (Recorder::new(), ObjectId::new("App", "a"));
    #[expect(unused_must_use, reason = "the attribute of `Attempt`")]
    {
        recorder.start(&id);
    }
    #[expect(unused_must_use, reason = "the attribute of `Recorded`")]
    {
        recorder.record(&id, std::future::ready(Ok::<_, ()>(())));
    }
    #[expect(unused_must_use, reason = "the attribute of `RecorderBuilder`")]
    {
        Recorder::builder();
    }
    #[expect(unused_must_use, reason = "the attribute of `Chunks`")]
    {
        recorder.encode_chunks(Format::Text);
    }
    #[expect(unused_must_use, reason = "the attribute of `encode`")]
    {
        recorder.encode(Format::Text);
    }
    #[expect(unused_must_use, reason = "the attribute of `within`")]
    {
        id.within("ns");
    }
    #[expect(unused_must_use, reason = "results of set-up")]
    {
        recorder.append(Arc::default());
    }
}

const HEALTHY: ConditionType = ConditionType::from_static("Healthy");

#[test]
fn ids_and_types_take_borrowed_and_owned_strings() {
    let owned = ObjectId::new(String::from("App"), "a".to_owned()).within(String::from("ns"));
    let borrowed = ObjectId::new("App", "a").within("ns");
    assert_eq!(owned, borrowed);
    assert_eq!(borrowed.clone().into_owned(), owned);
    assert_eq!(
        (owned.kind(), owned.name(), owned.namespace()),
        ("App", "a", "ns")
    );
    assert!(ObjectId::new("App", "a") < borrowed);
    assert_eq!(ConditionType::new("Healthy".to_owned()), HEALTHY);
    assert_eq!(HEALTHY.as_str(), "Healthy");
}

#[test]
fn the_catalogue_describes_what_the_handles_write() {
    let recorder = Recorder::new();
    assert_eq!(recorder.conditions().family(), Family::ReconcileCondition);
    assert_eq!(
        recorder.conditions().states(),
        ["Deleted", "False", "True", "Unknown"]
    );
    assert_eq!(recorder.suspensions().family(), Family::SuspendStatus);
    assert_eq!(recorder.durations().family(), Family::ReconcileDuration);
    assert_eq!(recorder.durations().bounds().len(), 10);
    let names: Vec<&str> = Family::all().map(Family::name).collect();
    assert!(names.is_sorted());
    for family in Family::all() {
        let counter = family.family_type() == FamilyType::Counter;
        assert_eq!(family.name().ends_with("_total"), counter, "{family:?}");
        assert!(family.labels().is_sorted(), "{family:?}");
        assert!(!family.help().contains(['\n', '\\', '"']), "{family:?}");
    }
}

#[test]
fn a_manual_clock_moves_for_all_its_clones_and_never_overflows() {
    let clock = ManualClock::new();
    let clone = clock.clone();
    clock.advance(Duration::from_secs(1));
    clone.advance(Duration::from_nanos(1));
    assert_eq!(clock.now(), Duration::new(1, 1));
    clock.advance(Duration::MAX);
    clock.advance(Duration::MAX);
    assert_eq!(clone.now(), Duration::from_nanos(u64::MAX));
}
