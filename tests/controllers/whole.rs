//! A whole exposition of two controllers, byte for byte.
//!
//! What one kind adds stands inside the families of the other, in the order of Go.

use std::time::Duration;

use gotk_metrics::{Format, Recorder};
use tokio::time::sleep;

use crate::common_whole::assert_exposition;
use crate::kinds::{Step, app, task};
use crate::requests::create;
use crate::world::{World, on_tokio_time};

const TEXT: &str = r#"# HELP controller_runtime_reconcile_errors_total Total number of reconciliation errors per controller
# TYPE controller_runtime_reconcile_errors_total counter
controller_runtime_reconcile_errors_total{controller="app"} 0
controller_runtime_reconcile_errors_total{controller="task"} 1
# HELP controller_runtime_reconcile_panics_total Total number of reconciliation panics per controller
# TYPE controller_runtime_reconcile_panics_total counter
controller_runtime_reconcile_panics_total{controller="app"} 0
controller_runtime_reconcile_panics_total{controller="task"} 0
# HELP controller_runtime_reconcile_total Total number of reconciliations per controller
# TYPE controller_runtime_reconcile_total counter
controller_runtime_reconcile_total{controller="app",result="error"} 0
controller_runtime_reconcile_total{controller="app",result="requeue"} 0
controller_runtime_reconcile_total{controller="app",result="requeue_after"} 0
controller_runtime_reconcile_total{controller="app",result="success"} 2
controller_runtime_reconcile_total{controller="task",result="error"} 1
controller_runtime_reconcile_total{controller="task",result="requeue"} 0
controller_runtime_reconcile_total{controller="task",result="requeue_after"} 0
controller_runtime_reconcile_total{controller="task",result="success"} 0
# HELP controller_runtime_terminal_reconcile_errors_total Total number of terminal reconciliation errors per controller
# TYPE controller_runtime_terminal_reconcile_errors_total counter
controller_runtime_terminal_reconcile_errors_total{controller="app"} 0
controller_runtime_terminal_reconcile_errors_total{controller="task"} 1
# HELP gotk_reconcile_condition The current condition status of a GitOps Toolkit resource reconciliation.
# TYPE gotk_reconcile_condition gauge
gotk_reconcile_condition{kind="App",name="a",namespace="ns",status="Deleted",type="Ready"} 0
gotk_reconcile_condition{kind="App",name="a",namespace="ns",status="False",type="Ready"} 0
gotk_reconcile_condition{kind="App",name="a",namespace="ns",status="True",type="Ready"} 1
gotk_reconcile_condition{kind="App",name="a",namespace="ns",status="Unknown",type="Ready"} 0
gotk_reconcile_condition{kind="Task",name="a",namespace="ns",status="Deleted",type="Ready"} 0
gotk_reconcile_condition{kind="Task",name="a",namespace="ns",status="False",type="Ready"} 1
gotk_reconcile_condition{kind="Task",name="a",namespace="ns",status="True",type="Ready"} 0
gotk_reconcile_condition{kind="Task",name="a",namespace="ns",status="Unknown",type="Ready"} 0
# HELP gotk_reconcile_duration_seconds The duration in seconds of a GitOps Toolkit resource reconciliation.
# TYPE gotk_reconcile_duration_seconds histogram
gotk_reconcile_duration_seconds_bucket{kind="App",name="a",namespace="ns",le="1"} 0
gotk_reconcile_duration_seconds_bucket{kind="App",name="a",namespace="ns",le="+Inf"} 2
gotk_reconcile_duration_seconds_sum{kind="App",name="a",namespace="ns"} 4
gotk_reconcile_duration_seconds_count{kind="App",name="a",namespace="ns"} 2
gotk_reconcile_duration_seconds_bucket{kind="Task",name="a",namespace="ns",le="1"} 1
gotk_reconcile_duration_seconds_bucket{kind="Task",name="a",namespace="ns",le="+Inf"} 1
gotk_reconcile_duration_seconds_sum{kind="Task",name="a",namespace="ns"} 0
gotk_reconcile_duration_seconds_count{kind="Task",name="a",namespace="ns"} 1
# HELP gotk_suspend_status The current suspend status of a GitOps Toolkit resource.
# TYPE gotk_suspend_status gauge
gotk_suspend_status{kind="App",name="a",namespace="ns"} 0
# HELP gotkmetrics_attempts_cancelled_total Total number of reconcile attempts dropped before their end per controller.
# TYPE gotkmetrics_attempts_cancelled_total counter
gotkmetrics_attempts_cancelled_total{controller="app"} 0
gotkmetrics_attempts_cancelled_total{controller="task"} 0
# HELP gotkmetrics_objects_behind Number of objects whose status is of an older generation than their spec per kind.
# TYPE gotkmetrics_objects_behind gauge
gotkmetrics_objects_behind{kind="App"} 0
# HELP gotkmetrics_objects_not_found_total Total number of reconciles asked for of objects that were gone per controller.
# TYPE gotkmetrics_objects_not_found_total counter
gotkmetrics_objects_not_found_total{controller="app"} 0
gotkmetrics_objects_not_found_total{controller="task"} 0
# HELP gotkmetrics_observe_panics_total Total number of panics while the state of an object in a tracked store was read.
# TYPE gotkmetrics_observe_panics_total counter
gotkmetrics_observe_panics_total 0
# HELP gotkmetrics_refused_total Total number of recordings refused because a limit was reached.
# TYPE gotkmetrics_refused_total counter
gotkmetrics_refused_total{limit="condition_types"} 0
gotkmetrics_refused_total{limit="controllers"} 0
gotkmetrics_refused_total{limit="objects"} 0
# HELP gotkmetrics_watch_errors_total Total number of errors of the watches per controller.
# TYPE gotkmetrics_watch_errors_total counter
gotkmetrics_watch_errors_total{controller="app"} 0
gotkmetrics_watch_errors_total{controller="task"} 0
"#;

#[tokio::test(start_paused = true)]
async fn two_kinds_share_each_family_and_its_head() {
    let mut world = World::new();
    // One bucket, so that all fits on a page.
    world.recorder = on_tokio_time(Recorder::builder().bounds([1.0]));
    let _running = (world.run_apps(), world.run_tasks());
    create(&world.apps, app("a", Step::Take(2))).await;
    create(&world.tasks, task("a", Step::GiveUp)).await;
    sleep(Duration::from_secs(10)).await;
    assert_exposition(&world.recorder, Format::Text, TEXT);
}
