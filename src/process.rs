//! What Linux says of this process, from `/proc`: `process_*`.
//!
//! Read anew for each family; what cannot be read is absent, and nothing here can fail in another
//! way.

use std::fs;
use std::io;

use once_cell::sync::OnceCell;

use crate::catalog::Family;

/// The unit of times in `/proc`. The kernel's own ticks may be others, but what it shows has this
/// unit wherever Rust runs; Go's library does not ask for it either.
const TICKS_PER_SECOND: f64 = 100.0;

/// Kept: the kernel says when it booted, which moves with each step of the system's clock, and a
/// start that moves would look like a restart.
static START_TIME: OnceCell<f64> = OnceCell::new();

/// `None` if `family` is not about the process, too.
pub(crate) fn value(family: Family) -> Option<f64> {
    match family {
        Family::ProcessCpu => cpu_seconds(&read("/proc/self/stat")?),
        Family::ProcessMaxFds => limit(&read("/proc/self/limits")?, "Max open files"),
        Family::ProcessOpenFds => open_fds(),
        Family::ProcessResidentMemory => bytes(&read("/proc/self/status")?, "VmRSS:"),
        Family::ProcessStartTime => {
            let start = || start_time(&read("/proc/stat")?, &read("/proc/self/stat")?);
            let start = START_TIME.get_or_try_init(|| start().ok_or(()));
            start.copied().ok()
        }
        Family::ProcessThreads => number(word(&read("/proc/self/status")?, "Threads:")?),
        Family::ProcessVirtualMemory => bytes(&read("/proc/self/status")?, "VmSize:"),
        Family::ProcessVirtualMemoryMax => limit(&read("/proc/self/limits")?, "Max address space"),
        _ => None,
    }
}

/// Some files have the name of the program in them, which may be any bytes.
fn read(path: &str) -> Option<String> {
    let bytes = fs::read(path).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Of all threads, those that have ended included; in user mode and in the kernel.
fn cpu_seconds(stat: &str) -> Option<f64> {
    Some((field(stat, 14)? + field(stat, 15)?) / TICKS_PER_SECOND)
}

/// In Unix time. Up to a second early, since the kernel cuts the time of its boot to whole seconds.
fn start_time(kernel: &str, stat: &str) -> Option<f64> {
    let boot = number(word(kernel, "btime")?)?;
    Some(boot + field(stat, 22)? / TICKS_PER_SECOND)
}

/// A field of `/proc/self/stat`, numbered from one as in its manual.
fn field(stat: &str, position: usize) -> Option<f64> {
    // The second is the name of the program, which may have blanks and parentheses in it.
    let (_, rest) = stat.rsplit_once(')')?;
    number(rest.split_whitespace().nth(position.checked_sub(3)?)?)
}

/// The soft limit, which is the one that holds. Without one, the largest number there is, as in Go.
#[expect(
    clippy::cast_precision_loss,
    reason = "every value of an exposition is a float"
)]
fn limit(limits: &str, name: &str) -> Option<f64> {
    match word(limits, name)? {
        "unlimited" => Some(u64::MAX as f64),
        soft => number(soft),
    }
}

/// What `/proc/self/status` has in units of 1024 bytes.
fn bytes(status: &str, name: &str) -> Option<f64> {
    Some(number(word(status, name)?)? * 1024.0)
}

/// The word behind `name`, with which a line begins.
fn word<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = text.lines();
    let rest = lines.find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "every value of an exposition is a float"
)]
fn number(word: &str) -> Option<f64> {
    word.parse().ok().map(|number: u64| number as f64)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "every value of an exposition is a float"
)]
fn open_fds() -> Option<f64> {
    const FDS: &str = "/proc/self/fd";
    // Since Linux 6.2 the size of the directory is their number; before, it is zero.
    let count = match fs::metadata(FDS).ok()?.len() {
        0 => counted_fds(FDS).ok()?,
        count => count,
    };
    Some(count as f64)
}

/// Without the one that is open for counting.
fn counted_fds(directory: &str) -> io::Result<u64> {
    let mut count = 0_u64;
    for entry in fs::read_dir(directory)? {
        entry?;
        count += 1;
    }
    Ok(count.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_of_the_program_is_passed_over() {
        let numbers: Vec<_> = (4..53).map(|number| number.to_string()).collect();
        for name in ["fleet", "a b", "a) R 1 (b", ") 1 2 3", ""] {
            let stat = format!("1 ({name}) S {}\n", numbers.join(" "));
            assert_eq!(cpu_seconds(&stat), Some(0.29));
            assert_eq!(start_time("cpu 1\nbtime 100\n", &stat), Some(100.22));
        }
    }

    #[test]
    fn a_limit_is_the_soft_one() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units     \n\
             Max open files            1024                 524288               files     \n\
             Max address space         unlimited            unlimited            bytes     \n";
        assert_eq!(limit(limits, "Max open files"), Some(1024.0));
        let unlimited = limit(limits, "Max address space");
        assert_eq!(unlimited, Some(18_446_744_073_709_551_615.0));
    }

    #[test]
    fn what_is_not_there_is_absent() {
        for text in [
            "",
            "\n",
            "1 (a)",
            "1 (a) S 1 2 3",
            "VmRSS:",
            "btime",
            "Max open files",
        ] {
            assert_eq!(cpu_seconds(text), None);
            assert_eq!(start_time(text, text), None);
            assert_eq!(bytes(text, "VmRSS:"), None);
            assert_eq!(limit(text, "Max open files"), None);
        }
        assert_eq!(bytes("VmRSS:\t-1 kB", "VmRSS:"), None);
        assert_eq!(limit("Max open files many 1 files", "Max open files"), None);
        assert_eq!(read("/proc/self/no-such-file"), None);
        assert!(counted_fds("/proc/self/no-such-directory").is_err());
    }

    /// As on kernels that do not tell the number.
    #[test]
    fn open_files_are_counted_without_the_one_that_counts() {
        let folder = std::env::temp_dir().join(format!("gotk-metrics-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        for name in ["0", "1", "2"] {
            fs::write(folder.join(name), "").unwrap();
        }
        let counted = counted_fds(folder.to_str().unwrap());
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(counted.unwrap(), 2);
    }
}
