//! How long a start took, for the benches.

use std::sync::atomic::{AtomicBool, Ordering};

/// The variable that names the file to write the figure to.
const VARIABLE: &str = "BATON_BENCH_READY_FILE";

/// Writes how long this process has run, in milliseconds, where somebody asked for it; the first time only.
pub fn report_ready() {
    static REPORTED: AtomicBool = AtomicBool::new(false);
    let Some(file) = std::env::var_os(VARIABLE) else { return };
    if REPORTED.swap(true, Ordering::Relaxed) {
        return;
    }
    let Some(elapsed_ms) = running_ms() else {
        tracing::warn!("this system does not say when a process began");
        return;
    };
    if let Err(error) = std::fs::write(&file, format!("{elapsed_ms}\n")) {
        tracing::warn!(%error, "the time of the start could not be written");
    }
}

/// How long this process has run: from the moment the system made it, which is before its first line of code.
#[cfg(target_os = "linux")]
fn running_ms() -> Option<i64> {
    /// The kernel tells times in these to programs, on every architecture (`man 5 proc_pid_stat`).
    const TICKS_PER_SECOND: i64 = 100;
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let started_ticks = started_ticks(&stat)?;
    Some(baton_clock::boot_ms() - started_ticks * 1000 / TICKS_PER_SECOND)
}

#[cfg(not(target_os = "linux"))]
fn running_ms() -> Option<i64> {
    None
}

/// The 22nd field of a process's `stat`. The second field, its name, may hold spaces and brackets.
#[cfg(target_os = "linux")]
fn started_ticks(stat: &str) -> Option<i64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_whitespace().nth(19)?.parse().ok()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_start_is_read_past_a_name_with_brackets() {
        let stat = "12 (ba) (ton) S 1 12 12 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 9 0 4711 1000 200";
        assert_eq!(started_ticks(stat), Some(4711));
    }

    #[test]
    fn this_process_has_begun_and_not_long_ago() {
        let running = running_ms();
        assert!(
            running.is_some_and(|running_ms| (0..600_000).contains(&running_ms)),
            "{running:?}"
        );
    }
}
