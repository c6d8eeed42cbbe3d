//! One attempt: what a reconcile does, and what whoever started it sees.

use std::future::pending;
use std::panic;
use std::time::Duration;

use gotk_metrics::{Completion, ObjectId, Outcome, RecordReconcile};
use tokio::task::JoinSet;

use crate::plan::{Ending, Plan};
use crate::time::Time;

/// How long an attempt may take longer than planned before it is cancelled.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a reconcile returns: when it wants to be called again.
#[derive(Clone, Copy, Debug)]
enum Next {
    Change,
    Soon,
    Later,
}

impl Completion for Next {
    fn outcome(&self) -> Outcome {
        match self {
            Self::Change => Outcome::Success,
            Self::Soon => Outcome::Requeue,
            Self::Later => Outcome::RequeueAfter,
        }
    }
}

#[derive(Debug)]
struct Failure;

async fn reconcile(takes: Duration, ending: Ending) -> Result<Next, Failure> {
    tokio::time::sleep(takes).await;
    match ending {
        Ending::Success => Ok(Next::Change),
        Ending::Requeue => Ok(Next::Soon),
        Ending::RequeueAfter => Ok(Next::Later),
        Ending::Failed => Err(Failure),
        // A panic that prints nothing.
        Ending::Panicked => panic::resume_unwind(Box::new("simulated")),
        Ending::Cancelled => pending().await,
    }
}

/// Reconciles in a task of its own, so that a panic ends the attempt and nothing else.
///
/// Tells how it ended from what the task says, not from the plan: on a busy machine, or when time
/// is frozen, an attempt may be cancelled that was to succeed. Dropped, it cancels the attempt.
pub(crate) async fn run(
    recorder: &impl RecordReconcile,
    id: &ObjectId<'_>,
    time: &Time,
    plan: Plan,
) -> Ending {
    let reconcile = reconcile(time.real(plan.takes), plan.ending);
    // The attempt starts here and not in the task, which could be cancelled before it runs.
    let mut task = JoinSet::new();
    task.spawn(recorder.record(id, reconcile));
    let ended = tokio::select! {
        biased;
        ended = task.join_next() => ended,
        _ = time.sleep(plan.takes + PATIENCE) => {
            task.abort_all();
            task.join_next().await
        }
    };
    match ended {
        Some(Ok(Ok(Next::Change))) => Ending::Success,
        Some(Ok(Ok(Next::Soon))) => Ending::Requeue,
        Some(Ok(Ok(Next::Later))) => Ending::RequeueAfter,
        Some(Ok(Err(Failure))) => Ending::Failed,
        Some(Err(error)) if error.is_panic() => Ending::Panicked,
        Some(Err(_)) | None => Ending::Cancelled,
    }
}
