//! What Linux says of this process.
//!
//! From other files and programs than the crate asks.

use std::fs;
use std::process::Command;
use std::time::SystemTime;

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[expect(clippy::cast_precision_loss, reason = "few")]
fn entries(folder: &str) -> f64 {
    fs::read_dir(folder).unwrap().count() as f64
}

/// Without the folder itself, which is open while it is read.
pub(crate) fn open_fds() -> f64 {
    entries("/proc/self/fd") - 1.0
}

pub(crate) fn threads() -> f64 {
    entries("/proc/self/task")
}

/// What a shell has for a limit that it inherits from us, that of memory in bytes; without one, Go's number for that.
pub(crate) fn limit(option: &str) -> f64 {
    let ulimit = format!("ulimit -{option}");
    let out = Command::new("sh").args(["-c", &ulimit]).output().unwrap();
    match String::from_utf8(out.stdout).unwrap().trim() {
        "unlimited" => 1.844_674_407_370_955_2e19,
        number if option == "v" => number.parse::<f64>().unwrap() * 1024.0,
        number => number.parse().unwrap(),
    }
}

/// In bytes, the sum of what each mapping has under `name`.
pub(crate) fn mapped(name: &str) -> f64 {
    let smaps = read("/proc/self/smaps");
    let sizes = smaps.lines().filter_map(|line| line.strip_prefix(name));
    let kib = sizes.map(|size| size.trim().strip_suffix(" kB").unwrap().parse::<f64>());
    kib.map(|kib| kib.unwrap() * 1024.0).sum()
}

/// How long the threads that are there were running, as the scheduler has it.
pub(crate) fn on_processors() -> f64 {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let nanoseconds = tasks.map(|task| {
        let schedstat = fs::read_to_string(task.unwrap().path().join("schedstat")).unwrap();
        let (running, _) = schedstat.split_once(' ').unwrap();
        running.parse::<f64>().unwrap()
    });
    nanoseconds.sum::<f64>() / 1e9
}

/// In Unix time, by how long the system is up and how long it was when this process started.
pub(crate) fn start_time() -> f64 {
    let stat = read("/proc/self/stat");
    // Behind the name of the program.
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    let ticks: f64 = fields.split(' ').nth(19).unwrap().parse().unwrap();
    let uptime = read("/proc/uptime");
    let (up, _) = uptime.split_once(' ').unwrap();
    unix_time() - (up.parse::<f64>().unwrap() - ticks / 100.0)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the system's time is what is to be compared with"
)]
pub(crate) fn unix_time() -> f64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap().as_secs_f64()
}
