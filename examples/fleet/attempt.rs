//! One attempt: what a reconcile does, and what whoever started it sees.

use std::future::pending;
use std::panic;
use std::sync::Arc;
use std::time::Duration;

use gotk_metrics::{Completion, ObjectId, Outcome};
use tokio::task::JoinSet;

use crate::plan::{Ending, Plan};
use crate::world::World;

/// How long the API server takes for a request at most.
const REQUEST: Duration = Duration::from_millis(400);

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
struct Failure(&'static str);

async fn reconcile(world: &World, plan: &Plan) -> Result<Next, Failure> {
    // What takes long is large.
    let request = world.time.real(REQUEST.min(plan.takes / 100));
    world.client.send("GET", 200, request).await;
    tokio::time::sleep(world.time.real(plan.takes).saturating_sub(2 * request)).await;
    let ended = match plan.ending {
        Ending::Success => Ok(Next::Change),
        Ending::Requeue => Ok(Next::Soon),
        Ending::RequeueAfter => Ok(Next::Later),
        Ending::Failed => Err(Failure(plan.category)),
        // A panic that prints nothing.
        Ending::Panicked => panic::resume_unwind(Box::new("simulated")),
        Ending::Cancelled => pending().await,
    };
    // The status.
    world.client.send("PATCH", plan.written, request).await;
    ended
}

/// Reconciles in a task of its own, so that a panic ends the attempt and nothing else.
///
/// Tells how it ended from what the task says, not from the plan: on a busy machine, or when time
/// is frozen, an attempt may be cancelled that was to succeed. Dropped, it cancels the attempt.
pub(crate) async fn run(world: &Arc<World>, id: &ObjectId<'_>, plan: Plan) -> Ending {
    // The attempt starts here and not in the task, which could be cancelled before it runs.
    let attempt = world.recorder.start(id);
    let theirs = Arc::clone(world);
    let mut task = JoinSet::new();
    task.spawn(async move {
        let result = reconcile(&theirs, &plan).await;
        match &result {
            Ok(next) => attempt.finish(next.outcome()),
            Err(Failure(category)) => attempt.fail_as(category),
        }
        result
    });
    let ended = tokio::select! {
        biased;
        ended = task.join_next() => ended,
        _ = world.time.sleep(plan.takes + plan.patience) => {
            task.abort_all();
            task.join_next().await
        }
    };
    match ended {
        Some(Ok(Ok(Next::Change))) => Ending::Success,
        Some(Ok(Ok(Next::Soon))) => Ending::Requeue,
        Some(Ok(Ok(Next::Later))) => Ending::RequeueAfter,
        Some(Ok(Err(Failure(_)))) => Ending::Failed,
        Some(Err(error)) if error.is_panic() => Ending::Panicked,
        Some(Err(_)) | None => Ending::Cancelled,
    }
}
