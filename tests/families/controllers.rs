//! Feature `kube`: what the options of a controller add, and several controllers in one process.
//!
//! Its kind is known at run time only, so that no type is needed.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use gotk_metrics::kube::{ControllerOptions, RecorderExt as _, TrackGuard};
use gotk_metrics::{ConditionStatus, Format, Observe as _, Observed, Recorder};
use kube_core::{ApiResource, DynamicObject, GroupVersionKind};
use kube_runtime::controller::Action;
use kube_runtime::reflector::store::Writer;
use kube_runtime::watcher::Event;

use crate::attempts::assert_beginning;
use crate::common::parse::samples;
use crate::{SECOND, assert_counted, recorder};

type Answer = Result<Action, io::Error>;

fn resource() -> ApiResource {
    ApiResource::from_gvk(&GroupVersionKind::gvk("example.com", "v1", "App"))
}

fn options(recorder: &Recorder) -> ControllerOptions<DynamicObject, io::Error> {
    recorder.controller_with(resource(), DynamicObject::observe)
}

fn object(name: &str) -> DynamicObject {
    DynamicObject::new(name, &resource()).within("ns")
}

/// A reconcile function that answers by `answer`, once for each call of what this returns.
fn reconcile(
    options: ControllerOptions<DynamicObject, io::Error>,
    answer: impl Fn() -> Answer + Clone,
) -> impl FnMut() {
    let mut reconcile = options.instrument(move |_, _: Arc<()>| {
        let answer = answer.clone();
        async move { answer() }
    });
    move || {
        let attempt = pin!(reconcile(Arc::new(object("a")), Arc::new(())));
        let polled = attempt.poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_ready());
    }
}

#[expect(clippy::unnecessary_wraps, reason = "as a reconcile function answers")]
fn done() -> Answer {
    Ok(Action::await_change())
}

/// What only a controller of kube-rs can have, the object for as long as the returned value lives.
pub(crate) fn everything(recorder: &Recorder) -> TrackGuard {
    reconcile(options(recorder).max_concurrent(4), done)();
    track(recorder)
}

/// An object that is ready, and nobody's but the store's.
fn track(recorder: &Recorder) -> TrackGuard {
    let mut writer = Writer::new(resource());
    writer.apply_watcher_event(&Event::Apply(object("web")));
    recorder
        .source_with(resource(), |_: &DynamicObject| {
            Observed::new()
                .condition("Ready", ConditionStatus::True)
                .suspended(false)
        })
        .track(writer.as_reader())
}

#[test]
fn a_controller_begins_with_its_options() {
    let (recorder, _) = recorder();
    let _reconcile = reconcile(options(&recorder), done);
    assert_beginning(&recorder, "app");
}

#[test]
fn what_a_reconcile_answers_is_the_result() {
    let requeue = |delay| move || Ok(Action::requeue(delay));
    let after = [
        "controller_runtime_reconcile_total app requeue_after 1",
        "workqueue_retries_total app app 1",
    ];
    assert_answer(done, &["controller_runtime_reconcile_total app success 1"]);
    assert_answer(
        requeue(Duration::ZERO),
        &["controller_runtime_reconcile_total app requeue 1"],
    );
    assert_answer(requeue(SECOND), &after);
    assert_answer(requeue(Duration::from_nanos(1)), &after);
    assert_answer(
        || Err(io::Error::other("quota")),
        &[
            "controller_runtime_reconcile_errors_total app 1",
            "controller_runtime_reconcile_total app error 1",
        ],
    );
}

/// Two controllers of a kind, of which the second one takes its time.
#[test]
fn two_controllers_of_a_kind_are_told_apart() {
    let (recorder, clock) = recorder();
    let mut first = reconcile(options(&recorder).max_concurrent(1), done);
    let slow = clock.clone();
    let answer = move || {
        slow.advance(SECOND);
        Err(io::Error::other("quota"))
    };
    let mut second = reconcile(options(&recorder).max_concurrent(2), answer);
    assert_eq!(controllers(&recorder), ["app", "app-2"]);
    first();
    second();
    second();
    assert_counted(
        &recorder,
        &[
            "controller_runtime_max_concurrent_reconciles app 1",
            "controller_runtime_max_concurrent_reconciles app-2 2",
            "controller_runtime_reconcile_errors_total app-2 2",
            "controller_runtime_reconcile_time_seconds_count app 1",
            "controller_runtime_reconcile_time_seconds_sum app-2 2",
            "controller_runtime_reconcile_time_seconds_count app-2 2",
            "controller_runtime_reconcile_total app success 1",
            "controller_runtime_reconcile_total app-2 error 2",
            "workqueue_work_duration_seconds_count app app 1",
            "workqueue_work_duration_seconds_sum app-2 app-2 2",
            "workqueue_work_duration_seconds_count app-2 app-2 2",
        ],
    );
}

#[test]
fn one_name_given_twice_is_one_controller() {
    let (recorder, _) = recorder();
    let named = || reconcile(options(&recorder).name("shop"), done);
    let (mut first, mut second) = (named(), named());
    assert_eq!(controllers(&recorder), ["shop"]);
    assert_beginning(&recorder, "shop");
    first();
    second();
    assert_counted(
        &recorder,
        &[
            "controller_runtime_reconcile_time_seconds_count shop 2",
            "controller_runtime_reconcile_total shop success 2",
            "workqueue_work_duration_seconds_count shop shop 2",
        ],
    );
}

#[test]
fn a_tracked_object_is_told_in_one_series() {
    let (recorder, _) = recorder();
    let _tracked = track(&recorder);
    for (format, value) in [(Format::Text, "1"), (Format::OpenMetrics, "1.0")] {
        let text = recorder.encode(format);
        let line = format!(
            "\ngotk_resource_info{{customresource_group=\"example.com\",customresource_kind=\"App\",customresource_version=\"v1\",exported_namespace=\"ns\",name=\"web\",ready=\"True\",suspended=\"false\"}} {value}\n"
        );
        assert_eq!(text.matches(&line).count(), 1, "in\n{text}");
        assert_eq!(
            text.matches("\ngotk_resource_info").count(),
            1,
            "in\n{text}"
        );
    }
}

#[track_caller]
fn assert_answer(answer: impl Fn() -> Answer + Clone, counts: &[&str]) {
    let (recorder, _) = recorder();
    reconcile(options(&recorder), answer)();
    let mut expected = vec![
        "controller_runtime_reconcile_time_seconds_count app 1",
        "workqueue_work_duration_seconds_count app app 1",
    ];
    expected.extend(counts);
    assert_counted(&recorder, &expected);
}

/// The names that are told.
fn controllers(recorder: &Recorder) -> Vec<String> {
    let mut names: Vec<_> = samples(&recorder.encode(Format::Text))
        .into_iter()
        .map(|sample| sample.label("controller").to_owned())
        .filter(|name| !name.is_empty())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}
