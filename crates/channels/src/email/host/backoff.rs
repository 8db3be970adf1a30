//! How long to wait before another attempt: longer each time, and never all hosts at once.

use crate::email::account::{ConnectError, Retry};

const FIRST_MS: i64 = 1000;
const LONGEST_MS: i64 = 5 * 60 * 1000;
/// Where somebody at the provider has to act first.
const LATER_MS: i64 = 15 * 60 * 1000;
/// The scale of a jitter: `0..1000`.
pub(super) const JITTER_SCALE: u16 = 1000;

/// Consecutive failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// Things work again.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }

    /// Milliseconds until the next attempt. `jitter` is random, `0..1000`; it takes off up to half.
    pub(super) fn pause_ms(&mut self, jitter: u16) -> i64 {
        let whole = FIRST_MS.saturating_mul(1i64 << self.failures.min(20)).min(LONGEST_MS);
        self.failures = self.failures.saturating_add(1);
        spread(whole, jitter)
    }

    /// The same for a reason; `None` where only a change of the account helps.
    pub(super) fn pause_for(&mut self, error: &ConnectError, jitter: u16) -> Option<i64> {
        match error.retry() {
            Retry::Soon => Some(self.pause_ms(jitter)),
            Retry::Later => Some(spread(LATER_MS, jitter)),
            Retry::WhenChanged => None,
        }
    }
}

fn spread(whole: i64, jitter: u16) -> i64 {
    let scale = i64::from(JITTER_SCALE);
    whole - whole / 2 * i64::from(jitter.min(JITTER_SCALE)) / scale
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_limit_and_start_over() {
        let mut backoff = Backoff::default();
        let pauses: Vec<i64> = (0..11).map(|_| backoff.pause_ms(0)).collect();
        assert_eq!(
            pauses,
            [
                1000, 2000, 4000, 8000, 16_000, 32_000, 64_000, 128_000, 256_000, 300_000, 300_000
            ]
        );
        backoff.reset();
        assert_eq!(backoff.pause_ms(1000), 500);
    }
}
