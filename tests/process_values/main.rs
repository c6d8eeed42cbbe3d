//! Feature `process`: the values are true, each asked for in another way than the crate does.
//!
//! One test only: any other would open files, take memory and start threads meanwhile.
#![cfg(all(feature = "process", target_os = "linux"))]

#[cfg(test)]
#[path = "../common/parse.rs"]
#[expect(dead_code, reason = "nothing here has labels")]
mod parse;
#[cfg(test)]
mod truth;

use std::fs::File;
use std::hint::black_box;
use std::sync::mpsc;
use std::thread;

use gotk_metrics::Format::{OpenMetrics, Text};
use gotk_metrics::{Format, Recorder};

const MIB: f64 = 1024.0 * 1024.0;

struct Shown(Recorder);

#[cfg(test)]
impl Shown {
    fn in_format(&self, name: &str, format: Format) -> f64 {
        let text = self.0.encode(format);
        let mut samples = parse::samples(&text).into_iter();
        let sample = samples.find(|sample| sample.name == name);
        let sample = sample.unwrap_or_else(|| panic!("no {name} in\n{text}"));
        sample.value.parse().unwrap()
    }

    fn value(&self, name: &str) -> f64 {
        self.in_format(name, Text)
    }

    /// Within `tolerance` of what `truth` said before and says after, in both formats.
    #[track_caller]
    fn assert(&self, name: &str, tolerance: f64, truth: impl Fn() -> f64) {
        for format in [Text, OpenMetrics] {
            let before = truth();
            let shown = self.in_format(name, format);
            let after = truth();
            let expected = before.min(after) - tolerance..=before.max(after) + tolerance;
            assert!(
                expected.contains(&shown),
                "{name} is {shown}, not in {expected:?}"
            );
        }
    }

    /// By how much `act` raises the value, while what it returns is alive.
    fn raise<T>(&self, name: &str, act: impl FnOnce() -> T) -> f64 {
        let before = self.value(name);
        let kept = act();
        let after = self.value(name);
        drop(kept);
        after - before
    }

    #[track_caller]
    fn assert_raise<T>(&self, name: &str, by: f64, tolerance: f64, act: impl FnOnce() -> T) {
        let raise = self.raise(name, act);
        assert!(
            (raise - by).abs() <= tolerance,
            "{name} rose by {raise}, not by {by}"
        );
    }
}

#[test]
fn values_are_those_of_the_process() {
    let shown = Shown(Recorder::builder().process_metrics().build().unwrap());
    start_time(&shown);
    files(&shown);
    threads(&shown);
    memory(&shown);
    processor_time(&shown);
}

#[cfg(test)]
fn start_time(shown: &Shown) {
    // A second and two hundredths: the kernel cuts the time of its boot to seconds, and both times to hundredths.
    shown.assert("process_start_time_seconds", 1.02, truth::start_time);
    let start = shown.value("process_start_time_seconds");
    assert!(start < truth::unix_time(), "{start} is yet to come");
}

#[cfg(test)]
fn files(shown: &Shown) {
    shown.assert("process_open_fds", 0.0, truth::open_fds);
    let open = || [(); 10].map(|()| File::open("/proc/self/stat").unwrap());
    shown.assert_raise("process_open_fds", 10.0, 0.0, open);
    shown.assert("process_open_fds", 0.0, truth::open_fds);
    shown.assert("process_max_fds", 0.0, || truth::limit("n"));
}

#[cfg(test)]
fn threads(shown: &Shown) {
    shown.assert("process_threads", 0.0, truth::threads);
    thread::scope(|scope| {
        // What `start` returns keeps the thread waiting.
        let start = || {
            let (stop, stopped) = mpsc::channel::<()>();
            scope.spawn(move || stopped.recv());
            stop
        };
        shown.assert_raise("process_threads", 1.0, 0.0, start);
    });
}

#[cfg(test)]
fn memory(shown: &Shown) {
    // What the kernel counts apart for each processor it adds up later.
    let tolerance = 4.0 * MIB;
    for (name, mapped) in [
        ("process_resident_memory_bytes", "Rss:"),
        ("process_virtual_memory_bytes", "Size:"),
    ] {
        shown.assert(name, tolerance, || truth::mapped(mapped));
        let take = || black_box(vec![1_u8; 64 << 20]);
        shown.assert_raise(name, 64.0 * MIB, tolerance, take);
    }
    let name = "process_virtual_memory_max_bytes";
    shown.assert(name, 0.0, || truth::limit("v"));
}

#[cfg(test)]
fn processor_time(shown: &Shown) {
    let name = "process_cpu_seconds_total";
    let before = shown.value(name);
    let busy = (0..100_000).any(|_| {
        let work = (0..100_000_u32).fold(0, |sum, number| black_box(sum ^ number));
        black_box(work);
        shown.value(name) > before + 0.2
    });
    assert!(busy, "still {before}");
    shown.assert(name, 0.05, truth::on_processors);
}
