//! The trait: usable through references, `Arc`, `Option` and trait objects, and implemented by others.

use std::future::ready;
use std::sync::Arc;

use gotk_metrics::{
    Attempt, ConditionStatus, ConditionType, ObjectId, Outcome, RecordReconcile, Recorder,
};

use crate::common::{assert_counters, assert_objects};
use crate::{ONE_SUCCESS, SECOND, app, recorder};

const LEFT: &str = "App ns/a Ready=True Stalled=Unknown durations=3 sum=1 suspended=1";

/// Calls every method; what is left of it is `LEFT`, or nothing if all go nowhere.
async fn call_all(recorder: impl RecordReconcile) {
    let id = app();
    let stalled = ConditionType::STALLED;
    recorder.record_suspend(&id, false);
    recorder.clear();
    recorder.record_condition(&id, &ConditionType::RECONCILING, ConditionStatus::True);
    recorder.forget(&id);
    recorder.record_condition(&id, &stalled, ConditionStatus::False);
    recorder.record_suspend(&id, true);
    recorder.record_duration(&id, SECOND);
    recorder.record_deleted(&id);
    recorder.start(&id).fail();
    let done = recorder.record(&id, ready(Ok::<_, ()>(()))).await;
    assert_eq!(done, Ok(()));
    // Cancelled: no result, and Ready stays.
    drop(recorder.record_with(&id, ready(7), |_| Outcome::Error));
}

#[track_caller]
fn assert_all_called(recorder: &Recorder) {
    assert_objects(recorder, &[LEFT]);
    assert_counters(
        recorder,
        &[
            "reconcile_errors app 1",
            "reconcile app error 1",
            "reconcile app success 1",
            "attempts_cancelled app 1",
        ],
    );
}

#[tokio::test]
async fn a_recorder_a_reference_an_arc_and_some_record_alike() {
    let (one, _) = recorder();
    call_all(one.clone()).await;
    assert_all_called(&one);
    let (one, _) = recorder();
    call_all(&one).await;
    assert_all_called(&one);
    let (one, _) = recorder();
    call_all(Arc::new(one.clone())).await;
    assert_all_called(&one);
    let (one, _) = recorder();
    call_all(Some(one.clone())).await;
    assert_all_called(&one);
    let (one, _) = recorder();
    call_all(&Some(Arc::new(&&one))).await;
    assert_all_called(&one);
}

#[tokio::test]
async fn trait_objects_record_alike() {
    let (one, _) = recorder();
    call_all(&one as &dyn RecordReconcile).await;
    assert_all_called(&one);
    let (one, _) = recorder();
    let shared: Arc<dyn RecordReconcile> = Arc::new(one.clone());
    call_all(shared).await;
    assert_all_called(&one);
    let (one, _) = recorder();
    let optional: Option<Arc<dyn RecordReconcile>> = Some(Arc::new(one.clone()));
    call_all(optional).await;
    assert_all_called(&one);
    let (one, _) = recorder();
    let boxed: Box<dyn RecordReconcile> = Box::new(one.clone());
    call_all(boxed).await;
    assert_all_called(&one);
}

#[tokio::test]
async fn none_records_nothing_and_changes_no_output() {
    call_all(None::<Recorder>).await;
    call_all(None::<Arc<dyn RecordReconcile>>).await;
    let output = None::<Recorder>.record(&app(), ready(Err::<(), _>("error")));
    assert_eq!(output.await, Err("error"));
    let mut asked = false;
    let outcome = |_: &i32| {
        asked = true;
        Outcome::Success
    };
    assert_eq!(
        None::<Recorder>
            .record_with(&app(), ready(7), outcome)
            .await,
        7
    );
    assert!(asked);
}

#[tokio::test]
async fn the_context_of_a_controller_can_hold_any_recorder() {
    /// Shared by tasks on all threads.
    struct Context {
        recorder: Arc<dyn RecordReconcile + Send + Sync>,
    }
    async fn reconcile(name: String, ctx: Arc<Context>) -> Result<(), ()> {
        let id = ObjectId::new("App", name).within("ns");
        ctx.recorder.record(&id, ready(Ok(()))).await
    }
    let (recorder, _) = recorder();
    let ctx = Arc::new(Context {
        recorder: Arc::new(recorder.clone()),
    });
    let task = tokio::spawn(reconcile("a".into(), Arc::clone(&ctx)));
    assert_eq!(task.await.unwrap(), Ok(()));
    assert_counters(&recorder, &ONE_SUCCESS);
}

/// A context of a user's controller.
struct Shop {
    recorder: Option<Recorder>,
}

impl RecordReconcile for Shop {
    fn as_recorder(&self) -> Option<&Recorder> {
        self.recorder.as_ref()
    }
}

#[tokio::test]
async fn a_context_is_a_recorder_by_one_method() {
    let (one, _) = recorder();
    let shop = Shop {
        recorder: Some(one.clone()),
    };
    call_all(&shop).await;
    assert_all_called(&one);
    let shared: Arc<dyn RecordReconcile> = Arc::new(shop);
    shared.clear();
    assert_objects(&one, &[]);
    call_all(Shop { recorder: None }).await;
}

#[test]
fn an_attempt_of_none_ends_in_any_way() {
    Attempt::none().succeed();
    Attempt::none().fail();
    Attempt::none().finish(Outcome::Requeue);
    drop(Attempt::none());
    crate::unwinding::panic_holding(Attempt::none());
}
