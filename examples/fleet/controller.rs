//! What a controller does about one object: what it records of it, and what it writes to its cache.

use std::sync::Arc;

use gotk_metrics::{ConditionStatus, ConditionType};

use crate::attempt;
use crate::cache::Cache;
use crate::object::Object;
use crate::plan::{Ending, Plan};
use crate::world::World;

pub(crate) struct Controller {
    pub(crate) object: Arc<Object>,
    pub(crate) world: Arc<World>,
}

impl Controller {
    pub(crate) async fn reconcile(&self, plan: Plan) -> Ending {
        self.object.state().start(self.world.time.now(), &plan);
        self.condition(&ConditionType::RECONCILING, true);
        // Before the attempt: a deleted object is revived only by one that the cache holds.
        self.world.cache.put(&self.object);
        let ending = attempt::run(&self.world, &self.object.id, plan).await;
        self.object.state().end(ending);
        if !matches!(ending, Ending::Panicked | Ending::Cancelled) {
            self.condition(&ConditionType::RECONCILING, false);
            self.condition(&ConditionType::STALLED, plan.stalled);
        }
        self.world.cache.put(&self.object);
        ending
    }

    pub(crate) fn suspend(&self, suspended: bool) {
        self.object.state().suspended = suspended;
        self.world
            .recorder
            .record_suspend(&self.object.id, suspended);
        // One that is deleted comes back with its next attempt.
        if self.object.state().deleted_at.is_none() {
            if Cache::IS_TRACKED {
                self.object.state().ready.get_or_insert_default();
            }
            self.world.cache.put(&self.object);
        }
    }

    /// A finalizer holds it until [`delete`](Self::delete).
    pub(crate) fn ask_to_go(&self) {
        self.object.state().asked_to_go = Some(self.world.time.unix());
        self.world.cache.put(&self.object);
    }

    pub(crate) fn delete(&self) {
        self.object.state().delete(self.world.time.now());
        self.world.cache.put(&self.object);
        self.world.recorder.record_deleted(&self.object.id);
    }

    fn condition(&self, condition: &ConditionType, holds: bool) {
        if self.object.kind.conditions {
            let name = condition.as_str().to_owned();
            self.object.state().conditions.insert(name, holds);
            let status = ConditionStatus::from(holds);
            self.world
                .recorder
                .record_condition(&self.object.id, condition, status);
        }
    }
}
