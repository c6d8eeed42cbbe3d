//! Recording on a known object allocates nothing.
//!
//! Allocations are counted on the test's own thread, so the harness and other tests do not disturb.

use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use allocation_counter::measure;
#[cfg(feature = "kube")]
use gotk_metrics::kube::RecorderExt as _;
use gotk_metrics::{ConditionStatus, ConditionType, ObjectId, Outcome, Recorder};

const HEALTHY: ConditionType = ConditionType::from_static("Healthy");

#[test]
fn condition_allocates_nothing() {
    assert_free(|recorder| {
        recorder.record_condition(&apps(), &ConditionType::READY, ConditionStatus::False);
    });
}

#[test]
fn condition_of_a_custom_type_allocates_nothing() {
    assert_free(|recorder| {
        recorder.record_condition(&apps(), &HEALTHY, ConditionStatus::True);
    });
}

#[test]
fn suspend_allocates_nothing() {
    assert_free(|recorder| recorder.record_suspend(&apps(), true));
}

#[test]
fn duration_allocates_nothing() {
    for seconds in [0, 1, 1_000_000] {
        let duration = Duration::from_secs(seconds);
        assert_free(|recorder| recorder.record_duration(&apps(), duration));
    }
}

#[cfg(feature = "client")]
#[test]
fn request_allocates_nothing() {
    use std::future::{Ready, ready};
    use std::io;

    use gotk_metrics::client::ClientService;
    use http::{Request, Response, StatusCode, Uri};
    use tower_layer::Layer as _;
    use tower_service::Service;

    struct Server;
    impl Service<Request<StatusCode>> for Server {
        type Response = Response<()>;
        type Error = io::Error;
        type Future = Ready<io::Result<Response<()>>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, request: Request<StatusCode>) -> Self::Future {
            let mut response = Response::new(());
            *response.status_mut() = *request.body();
            ready(Ok(response))
        }
    }
    let recorder = Recorder::new();
    let layer = recorder.client_layer(&Uri::from_static("https://example.com"));
    let mut client: ClientService<_> = layer.layer(Server);
    // Not even the first one of its code.
    let requests = measure(|| {
        for code in 200..300 {
            let code = StatusCode::from_u16(code).unwrap();
            assert!(poll_once(client.call(Request::new(code))).is_ready());
        }
    });
    assert_eq!(requests.count_total, 0);
}

#[test]
fn typed_handles_allocate_nothing() {
    assert_free(|recorder| {
        let ready = ConditionStatus::Unknown;
        recorder
            .conditions()
            .set(&apps(), &ConditionType::READY, ready);
        recorder.suspensions().set(&apps(), false);
        recorder.durations().observe(&apps(), Duration::ZERO);
    });
}

#[test]
fn finished_attempt_allocates_nothing() {
    assert_free(|recorder| recorder.start(&apps()).succeed());
    assert_free(|recorder| recorder.start(&apps()).fail());
    assert_free(|recorder| recorder.start(&apps()).finish(Outcome::RequeueAfter));
}

/// Once as many were under way before, whichever of them ends first and however it ends.
#[test]
fn attempts_side_by_side_allocate_nothing() {
    let web = black_box(ObjectId::new("Kustomization", "web").within("flux-system"));
    assert_free(|recorder| {
        let attempts = [(); 8].map(|()| [recorder.start(&apps()), recorder.start(&web)]);
        for [first, second] in attempts {
            let meanwhile = recorder.start(&web);
            first.finish(Outcome::RequeueAfter);
            second.fail();
            drop(recorder.start(&web));
            meanwhile.succeed();
        }
    });
    assert_free(|recorder| {
        let [first, second, third] = [(); 3].map(|()| recorder.start(&apps()));
        second.succeed();
        drop(third);
        first.fail_as("quota");
    });
}

#[test]
fn dropped_attempt_allocates_nothing() {
    assert_free(|recorder| drop(recorder.start(&apps())));
}

#[test]
fn recorded_future_allocates_nothing() {
    assert_free(|recorder| {
        let reconcile = async { Ok::<(), ()>(()) };
        assert!(poll_once(recorder.record(&apps(), reconcile)).is_ready());
    });
    assert_free(|recorder| {
        let reconcile = async { Err::<(), ()>(()) };
        assert!(poll_once(recorder.record(&apps(), reconcile)).is_ready());
    });
}

#[test]
fn cancelled_future_allocates_nothing() {
    assert_free(|recorder| {
        let reconcile = std::future::pending::<Result<(), ()>>();
        assert!(poll_once(recorder.record(&apps(), reconcile)).is_pending());
    });
}

/// Without this the others could hold because nothing is counted.
#[test]
fn unknown_object_allocates() {
    let recorder = Recorder::new();
    let created = measure(|| recorder.record_suspend(&apps(), true));
    assert_ne!(created.count_total, 0);
    let known = measure(|| recorder.record_suspend(&apps(), true));
    assert_eq!(known.count_total, 0);
}

fn apps() -> ObjectId<'static> {
    black_box(ObjectId::new("Kustomization", "apps").within("flux-system"))
}

/// `act` allocates nothing on an object that it recorded before, whatever the number of bounds.
#[cfg(test)]
#[track_caller]
fn assert_free(act: impl Fn(&Recorder)) {
    let many = (1..=40).map(f64::from).collect();
    let custom = |bounds: Vec<f64>| Recorder::builder().bounds(bounds).build().unwrap();
    for recorder in [Recorder::new(), custom(vec![0.5, 1.0, 2.0]), custom(many)] {
        act(&recorder);
        // More than once, so that something that grows now and then shows.
        let acted = measure(|| (0..100).for_each(|_| act(&recorder)));
        let bounds = recorder.durations().bounds().len();
        assert_eq!(acted.count_total, 0, "allocations with {bounds} bounds");
    }
}

fn poll_once<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// A scrape allocates what it needs however many objects are tracked, and nothing for each.
#[cfg(feature = "kube")]
#[test]
fn a_sync_allocates_nothing_for_an_object_that_has_not_changed() {
    use gotk_metrics::Observed;
    use k8s_openapi::api::core::v1::ConfigMap;
    use kube_runtime::reflector::store::Writer;
    use kube_runtime::watcher::Event;

    let allocations = |objects: usize| {
        let mut writer = Writer::<ConfigMap>::default();
        for number in 0..objects {
            let mut object = ConfigMap::default();
            object.metadata.name = Some(format!("m{number}"));
            writer.apply_watcher_event(&Event::Apply(object));
        }
        let recorder = Recorder::new();
        let _tracked = recorder
            .source_of(|_: &ConfigMap| Observed::new())
            .track(writer.as_reader());
        let chunks = || {
            let _ = black_box(recorder.encode_chunks(gotk_metrics::Format::Text));
        };
        chunks();
        measure(chunks).count_total
    };
    assert_eq!(allocations(1_000), allocations(10));
}
