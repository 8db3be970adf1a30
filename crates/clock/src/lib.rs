//! The one clock of every Baton process.
//!
//! Rules never read a clock; processes do, here and nowhere else. Two readings exist: the wall clock, which follow-ups and
//! leases are written in, and a clock that goes on counting while the machine is suspended, which decides whether a lease
//! that was good a moment ago still is.
//!
//! With the feature `test-clock`, and only in builds with debug assertions, the wall clock is shifted by the number of
//! milliseconds found in the file that `BATON_TEST_CLOCK` names. One file serves a server and any number of desktops, so a
//! test moves a whole team to Monday by writing one line. A release build with the feature does not compile.

#[cfg(all(feature = "test-clock", not(debug_assertions)))]
compile_error!("the feature `test-clock` must never be part of a release build");

use std::time::{SystemTime, UNIX_EPOCH};

/// The wall clock in milliseconds since 1970-01-01 UTC, shifted by the test clock where there is one.
#[must_use]
pub fn now_ms() -> i64 {
    real_now_ms().saturating_add(shift_ms())
}

/// Milliseconds since an arbitrary start, counting the time the machine was suspended.
///
/// Linux: `CLOCK_BOOTTIME`. Elsewhere the platform's monotonic clock; macOS and Windows count suspend in theirs
/// differently, so a caller that must not overrun a lease also compares wall clocks.
#[must_use]
pub fn boot_ms() -> i64 {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        time.tv_sec
            .saturating_mul(1000)
            .saturating_add(time.tv_nsec / 1_000_000)
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        use std::sync::OnceLock;
        use std::time::Instant;
        static START: OnceLock<Instant> = OnceLock::new();
        i64::try_from(START.get_or_init(Instant::now).elapsed().as_millis()).unwrap_or(i64::MAX)
    }
}

/// How long a waiting process may sleep before it looks at the clock again, given that it has `wait_ms` to wait.
///
/// With the test clock a jump must be noticed soon, so the answer is small; otherwise it is the wait itself.
#[must_use]
pub fn nap_ms(wait_ms: i64) -> u64 {
    let wait = u64::try_from(wait_ms.max(0)).unwrap_or(0);
    if shiftable() { wait.min(50) } else { wait }
}

/// Whether this build and this process obey a test clock.
#[must_use]
pub fn shiftable() -> bool {
    #[cfg(feature = "test-clock")]
    {
        test_clock::path().is_some()
    }
    #[cfg(not(feature = "test-clock"))]
    {
        false
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
fn real_now_ms() -> i64 {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
    }
}

fn shift_ms() -> i64 {
    #[cfg(feature = "test-clock")]
    {
        test_clock::shift_ms()
    }
    #[cfg(not(feature = "test-clock"))]
    {
        0
    }
}

#[cfg(feature = "test-clock")]
mod test_clock {
    use std::path::PathBuf;
    use std::sync::OnceLock;

    /// The variable that names the file with the shift.
    const VARIABLE: &str = "BATON_TEST_CLOCK";

    pub(super) fn path() -> Option<&'static PathBuf> {
        static PATH: OnceLock<Option<PathBuf>> = OnceLock::new();
        PATH.get_or_init(|| std::env::var_os(VARIABLE).map(PathBuf::from))
            .as_ref()
    }

    pub(super) fn shift_ms() -> i64 {
        path()
            .and_then(|path| std::fs::read_to_string(path).ok())
            .and_then(|text| text.trim().parse().ok())
            .unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wall_clock_is_after_this_line_was_written() {
        assert!(now_ms() > 1_790_000_000_000);
    }

    #[test]
    fn the_boot_clock_never_runs_backwards() {
        let first = boot_ms();
        assert!(boot_ms() >= first);
    }
}
