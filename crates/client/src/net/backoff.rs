//! How long to wait before the next attempt to connect: soon at first, then less and less often, never in step with others.

use std::time::Duration;

const FIRST_MS: u64 = 250;
const MOST_MS: u64 = 8_000;

/// Waits that grow.
#[derive(Debug, Clone, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// It worked: the next wait is short again.
    pub(crate) fn worked(&mut self) {
        self.failures = 0;
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
        backoff.worked();
        assert!(backoff.next(127).as_millis() <= 300);
    }

    #[test]
    fn two_desktops_do_not_come_back_in_step() {
        let (mut anna, mut ben) = (Backoff::default(), Backoff::default());
        assert_ne!(anna.next(10), ben.next(240));
    }
}
