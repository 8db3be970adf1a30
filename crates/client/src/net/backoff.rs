//! How long to wait before the next attempt to connect: soon at first, then less and less often, never in step with others.

use std::time::Duration;

const FIRST_MS: u64 = 250;
const MOST_MS: u64 = 8_000;
/// A connection that stood as long as this was no accident.
const STEADY: Duration = Duration::from_secs(5);
/// How many failures one that went sooner makes up for: a server that only ever comes up to fall again is not besieged.
const MADE_UP: u32 = 3;

/// Waits that grow.
#[derive(Debug, Clone, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// There was a connection, for this long; `level` when all that was missing had come over it. The next wait is short again.
    pub(crate) fn worked(&mut self, lasted: Duration, level: bool) {
        if lasted >= STEADY {
            self.failures = 0;
        } else if level {
            self.failures = self.failures.saturating_sub(MADE_UP);
        }
    }

    /// The next wait. `dice` makes it differ between desktops, by up to a quarter either way.
    pub(crate) fn next(&mut self, dice: u8) -> Duration {
        let doubled = FIRST_MS.saturating_mul(1_u64.checked_shl(self.failures.min(16)).unwrap_or(u64::MAX));
        self.failures = self.failures.saturating_add(1);
        let base = doubled.min(MOST_MS);
        let span = base / 2;
        Duration::from_millis(base - span / 2 + span.saturating_mul(u64::from(dice)) / 255)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_limit_and_begin_anew_once_it_worked() {
        let mut backoff = Backoff::default();
        let waits: Vec<u128> = (0..8).map(|_| backoff.next(127).as_millis()).collect();
        assert!(waits.windows(2).all(|pair| pair[0] <= pair[1]), "{waits:?}");
        assert!(waits.iter().all(|wait| *wait <= 8_000), "{waits:?}");
        backoff.worked(STEADY, false);
        assert!(backoff.next(127).as_millis() <= 300);
    }

    #[test]
    fn a_server_that_is_killed_again_and_again_is_not_waited_for_longer_and_longer() {
        let mut backoff = Backoff::default();
        let lived = Duration::from_millis(700);
        let waits = (0..20).map(|_| {
            // It is still starting; then it stands for a moment.
            let starting = backoff.next(127);
            backoff.worked(lived, true);
            starting.max(backoff.next(127))
        });
        assert!(waits.max().unwrap_or_default() < Duration::from_secs(1));
        // One that never gets as far as to say what is missing is given time.
        let broken: Vec<Duration> = (0..8)
            .map(|_| {
                backoff.worked(lived, false);
                backoff.next(127)
            })
            .collect();
        assert!(broken.last().is_some_and(|wait| wait.as_secs() >= 6), "{broken:?}");
    }

    #[test]
    fn two_desktops_do_not_come_back_in_step() {
        let (mut anna, mut ben) = (Backoff::default(), Backoff::default());
        assert_ne!(anna.next(10), ben.next(240));
    }
}
