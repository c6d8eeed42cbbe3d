//! A whole exposition of two controllers, byte for byte.
//!
//! What one kind adds stands inside the families of the other, in the order of Go.

use std::time::Duration;

use gotk_metrics::{Family, Format, Recorder};
use tokio::time::sleep;

use crate::common_whole::assert_exposition;
use crate::kinds::{Step, app, task};
use crate::requests::create;
use crate::world::{World, on_tokio_time};

const TEXT: &str = include_str!("two-kinds.txt");

#[tokio::test(start_paused = true)]
async fn two_kinds_share_each_family_and_its_head() {
    let mut world = World::new();
    // One bucket, so that all fits on a page or two.
    let builder = Recorder::builder().bounds([1.0]);
    let builder = builder.without(Family::ReconcileTime);
    world.recorder = on_tokio_time(builder.without(Family::WorkDuration));
    let _running = (world.run_apps(), world.run_tasks());
    create(&world.apps, app("a", Step::Take(2))).await;
    create(&world.tasks, task("a", Step::GiveUp)).await;
    sleep(Duration::from_secs(10)).await;
    assert_exposition(&world.recorder, Format::Text, TEXT);
}
