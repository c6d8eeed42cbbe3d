//! Objects that are created again under the same name while a controller runs.

use tokio::time::sleep;

use crate::common::assert_objects;
use crate::kinds::{Step, task};
use crate::requests::{create, delete, tell};
use crate::world::{SECOND, World};

#[tokio::test(start_paused = true)]
async fn an_object_does_not_inherit_the_outcome_of_the_one_before_it() {
    for scrapes in [false, true] {
        let world = World::new();
        let _running = world.run_tasks();
        create(&world.tasks, task("a", Step::Fail)).await;
        assert_objects(
            &world.recorder,
            &["Task ns/a Ready=False durations=1 sum=0"],
        );
        delete(&world.tasks, "a").await;
        if scrapes {
            let deleted = "Task ns/a Ready=Deleted durations=1 sum=0";
            assert_objects(&world.recorder, &[deleted]);
        }
        create(&world.tasks, task("a", Step::Hang)).await;
        let next = "Task ns/a Ready=Unknown durations=1 sum=0";
        assert_objects(&world.recorder, &[next]);
    }
}

#[tokio::test(start_paused = true)]
async fn an_attempt_on_the_object_before_has_no_outcome_on_the_next_one() {
    let world = World::new();
    let _running = world.run_tasks();
    create(&world.tasks, task("a", Step::Take(10))).await;
    assert_objects(&world.recorder, &["Task ns/a Ready=Unknown"]);
    delete(&world.tasks, "a").await;
    create(&world.tasks, task("a", Step::Hang)).await;
    assert_objects(&world.recorder, &["Task ns/a Ready=Unknown"]);
    // The first attempt ends, and the next one on the new object hangs.
    sleep(11 * SECOND).await;
    assert_eq!(world.context.runs("a"), 2);
    assert_objects(
        &world.recorder,
        &["Task ns/a Ready=Unknown durations=1 sum=10"],
    );
}

#[tokio::test(start_paused = true)]
async fn the_first_attempt_on_the_next_object_counts() {
    let world = World::new();
    let _running = world.run_tasks();
    create(&world.tasks, task("a", Step::Succeed)).await;
    assert_objects(&world.recorder, &["Task ns/a Ready=True durations=1 sum=0"]);
    delete(&world.tasks, "a").await;
    create(&world.tasks, task("a", Step::GiveUp)).await;
    assert_objects(
        &world.recorder,
        &["Task ns/a Ready=False durations=2 sum=0"],
    );
    tell(&world.tasks, "a", Step::Succeed).await;
    assert_objects(&world.recorder, &["Task ns/a Ready=True durations=3 sum=0"]);
}
