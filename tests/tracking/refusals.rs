//! Each refusal of a limit is counted when it happens, so that `increase()` sees it.

use std::io;
use std::sync::Arc;

use gotk_metrics::kube::RecorderExt as _;
use gotk_metrics::{ObjectId, Recorder};
use kube_runtime::controller::Action;

use crate::common::{assert_counters, on_manual_clock};
use crate::{App, Cache};

#[test]
fn a_refused_condition_type_counts_once_per_object_read() {
    let (recorder, _) = on_manual_clock(Recorder::builder());
    // Three of sixteen are built in.
    let types = (0..14).map(|number| format!("Type{number}"));
    let mut cache = Cache::of([]);
    let options = recorder.source::<App>().conditions(types);
    let _tracked = options.track(cache.store());
    assert_counters(&recorder, &[]);
    cache.apply(App::new("a"));
    assert_counters(&recorder, &["refused condition_types 1"]);
    // Nothing has changed, so nothing is read.
    assert_counters(&recorder, &["refused condition_types 1"]);
    cache.apply(App::new("a").suspended(true));
    cache.apply(App::new("b"));
    assert_counters(&recorder, &["refused condition_types 3"]);
}

#[test]
fn a_refused_controller_counts_once_per_attempt() {
    let (recorder, _) = on_manual_clock(Recorder::builder());
    let controller = |number: usize| {
        let options = recorder
            .controller::<App, _>()
            .name(format!("tenant-{number}"));
        options
            .instrument(async |_: Arc<App>, _: Arc<()>| Ok::<_, io::Error>(Action::await_change()))
    };
    let _kept: Vec<_> = (0..64).map(controller).collect();
    let mut refused = controller(64);
    assert_counters(&recorder, &[]);
    for _ in 0..3 {
        drop(refused(Arc::new(App::new("a")), Arc::new(())));
    }
    assert_counters(&recorder, &["refused controllers 3"]);
    recorder.start(&ObjectId::new("Other", "o")).succeed();
    assert_counters(&recorder, &["refused controllers 4"]);
}

#[test]
fn a_refused_object_counts_once_and_not_per_scrape() {
    let (recorder, _) = on_manual_clock(Recorder::builder().max_objects(10));
    let names: Vec<String> = (0..20).map(|number| format!("a{number:02}")).collect();
    let mut cache = Cache::of(names.iter().map(|name| App::new(name)));
    let _tracked = recorder.track(cache.store());
    for _ in 0..3 {
        assert_counters(&recorder, &["refused objects 10"]);
    }
    for name in &names {
        cache.apply(App::new(name).suspended(true));
    }
    // Those that are refused are other versions of the objects.
    assert_counters(&recorder, &["refused objects 20"]);
    assert_counters(&recorder, &["refused objects 20"]);
}
