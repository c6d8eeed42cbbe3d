//! Recording changes nothing about what reconcile returns, borrows or is.

use std::cell::RefCell;
use std::future::{Future, ready};
use std::rc::Rc;

use gotk_metrics::{Completion, ObjectId, Outcome, ToObjectId};

use crate::common::{assert_counters, assert_objects};
use crate::{ONE_SUCCESS, app, recorder};

#[tokio::test]
async fn values_and_errors_come_back_as_they_were() {
    struct Value(Vec<u8>);
    impl Completion for Value {
        fn outcome(&self) -> Outcome {
            Outcome::Success
        }
    }
    let (recorder, _) = recorder();
    let bytes = vec![1, 2, 3];
    let address = bytes.as_ptr();
    let value = recorder.record(&app(), async { Ok::<_, ()>(Value(bytes)) });
    assert_eq!(value.await.unwrap().0.as_ptr(), address);

    let error: Box<dyn std::error::Error> = "no source".into();
    let address = (&raw const *error).cast::<()>();
    let error = recorder.record(&app(), async { Err::<(), _>(error) }).await;
    assert_eq!((&raw const *error.unwrap_err()).cast::<()>(), address);
}

#[tokio::test]
async fn an_outcome_says_what_it_is() {
    let (recorder, _) = recorder();
    for outcome in [
        Outcome::Success,
        Outcome::Requeue,
        Outcome::RequeueAfter,
        Outcome::Error,
    ] {
        let reconcile = async { Ok::<_, ()>(outcome) };
        assert_eq!(recorder.record(&app(), reconcile).await, Ok(outcome));
    }
    assert_counters(
        &recorder,
        &[
            "reconcile_errors app 1",
            "reconcile app error 1",
            "reconcile app requeue 1",
            "reconcile app requeue_after 1",
            "reconcile app success 1",
        ],
    );
}

#[tokio::test]
async fn outputs_need_not_be_send() {
    let (recorder, _) = recorder();
    let shared = Rc::new(RefCell::new(0));
    let output = recorder.record_with(
        &app(),
        async {
            *shared.borrow_mut() += 1;
            tokio::task::yield_now().await;
            Rc::clone(&shared)
        },
        |_| Outcome::Success,
    );
    assert!(Rc::ptr_eq(&output.await, &shared));
    assert_eq!(*shared.borrow(), 1);
    assert_counters(&recorder, &ONE_SUCCESS);
}

#[tokio::test]
async fn futures_and_outputs_may_borrow() {
    let (recorder, _) = recorder();
    let mut steps = vec![String::from("render")];
    let last: &mut String = recorder
        .record_with(
            &app(),
            async {
                steps.push(String::from("apply"));
                steps.last_mut().unwrap()
            },
            |_| Outcome::Success,
        )
        .await;
    last.push('!');
    assert_eq!(steps, ["render", "apply!"]);
}

#[tokio::test]
async fn neither_id_nor_recorder_is_borrowed_by_the_future() {
    let (recorder, _) = recorder();
    let future = {
        let name = String::from("a");
        let id = ObjectId::new("App", &name).within("ns");
        recorder.clone().record(&id, ready(Ok::<_, ()>(())))
    };
    future.await.unwrap();
    assert_objects(&recorder, &["App ns/a Ready=True durations=1 sum=0"]);
}

#[tokio::test]
async fn the_closure_may_borrow_and_move() {
    let (recorder, _) = recorder();
    let limit = 5;
    let moved = String::from("moved");
    let outcome = |output: &usize| {
        if *output > limit + moved.len() {
            Outcome::Error
        } else {
            Outcome::Success
        }
    };
    assert_eq!(recorder.record_with(&app(), ready(7), outcome).await, 7);
    assert_counters(&recorder, &ONE_SUCCESS);
}

#[tokio::test]
async fn ids_of_the_users_own_types_are_taken() {
    struct Job {
        queue: String,
        number: u64,
    }
    impl ToObjectId for Job {
        fn to_object_id(&self) -> ObjectId<'_> {
            ObjectId::new("Job", self.number.to_string()).within(&self.queue)
        }
    }
    let (recorder, _) = recorder();
    let job = Job {
        queue: "mail".into(),
        number: 7,
    };
    recorder.record(&job, ready(Ok::<_, ()>(()))).await.unwrap();
    recorder.suspensions().set(&job, true);
    assert_objects(
        &recorder,
        &["Job mail/7 Ready=True durations=1 sum=0 suspended=1"],
    );
}

#[tokio::test]
async fn boxed_and_nested_futures_are_taken() {
    let (recorder, _) = recorder();
    let boxed: std::pin::Pin<Box<dyn Future<Output = Result<(), ()>> + Send>> =
        Box::pin(ready(Ok(())));
    let nested = recorder.record(&app(), recorder.record(&app(), boxed));
    nested.await.unwrap();
    assert_counters(&recorder, &["reconcile app success 2"]);
}
