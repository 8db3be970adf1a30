//! The one clock of a test.
//!
//! Programs built with the feature `test-clock` add the number in a file to the machine's time. Moving a team to Monday is
//! one write, seen by the server and by every desktop at once.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};

use crate::scratch::Scratch;

/// The variable that names the file.
pub const VARIABLE: &str = "BATON_TEST_CLOCK";

/// A clock that a test moves, and that every process given [`TestClock::environment`] obeys.
#[derive(Debug)]
pub struct TestClock {
    scratch: Scratch,
    writes: AtomicU64,
}

impl TestClock {
    /// A clock that shows the machine's own time.
    ///
    /// # Errors
    /// When its file cannot be written.
    pub fn new() -> Result<Self> {
        let clock = Self {
            scratch: Scratch::new("clock")?,
            writes: AtomicU64::new(0),
        };
        clock.set_shift_ms(0)?;
        Ok(clock)
    }

    /// A clock that shows `instant_ms` (UTC, epoch) now, and runs on from there.
    ///
    /// # Errors
    /// When its file cannot be written.
    pub fn starting_at(instant_ms: i64) -> Result<Self> {
        let clock = Self::new()?;
        clock.jump_to(instant_ms)?;
        Ok(clock)
    }

    /// The file with the shift.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.scratch.join("shift")
    }

    /// What a process needs in its environment to obey this clock.
    #[must_use]
    pub fn environment(&self) -> (&'static str, OsString) {
        (VARIABLE, self.path().into_os_string())
    }

    /// What the processes read at this moment.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn now_ms(&self) -> Result<i64> {
        Ok(machine_ms()?.saturating_add(self.shift_ms()?))
    }

    /// How far the clock is ahead of the machine's.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn shift_ms(&self) -> Result<i64> {
        let text = std::fs::read_to_string(self.path()).context("read the test clock")?;
        text.trim().parse().context("the test clock holds no number")
    }

    /// Sets how far the clock is ahead of the machine's.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn set_shift_ms(&self, shift_ms: i64) -> Result<()> {
        // Written aside and renamed: a process that looks in between sees the old number or the new one.
        let number = self.writes.fetch_add(1, Ordering::Relaxed);
        let aside = self.scratch.join(&format!("shift.{number}"));
        std::fs::write(&aside, format!("{shift_ms}\n")).context("write the test clock")?;
        std::fs::rename(&aside, self.path()).context("put the test clock in place")
    }

    /// Moves the clock forward.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn advance_ms(&self, by_ms: i64) -> Result<()> {
        self.set_shift_ms(self.shift_ms()?.saturating_add(by_ms))
    }

    /// Moves the clock to an instant (UTC, epoch).
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn jump_to(&self, instant_ms: i64) -> Result<()> {
        self.set_shift_ms(instant_ms.saturating_sub(machine_ms()?))
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "this is what moves the clock that everybody else reads"
)]
fn machine_ms() -> Result<i64> {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .context("the machine's clock is before 1970")?;
    i64::try_from(since.as_millis()).context("the machine's clock is far in the future")
}
