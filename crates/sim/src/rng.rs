//! Chance, from a seed and from nothing else: the same seed lives the same life on every machine.

use uuid::Uuid;

/// A small generator (SplitMix64: a counter through a mixing function). Good enough to spread choices, and short enough to
/// read.
#[derive(Debug, Clone)]
pub struct Rng {
    state: u64,
}

impl Rng {
    /// The generator of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// A generator of its own for one purpose. What it gives does not depend on how much others have drawn, so that taking
    /// one thing out of a life leaves the rest of it as it was.
    #[must_use]
    pub fn of(seed: u64, purpose: &str, number: u64) -> Self {
        let mut state = mixed(seed);
        for byte in purpose.bytes() {
            state = mixed(state ^ u64::from(byte));
        }
        Self::new(mixed(state ^ number))
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed(self.state)
    }

    /// A number below `limit`; 0 where that is 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        // The bias of the remainder is far below anything a simulation could notice.
        self.bits().checked_rem(limit).unwrap_or(0)
    }

    /// A number of the range, both ends included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = u64::try_from(high.saturating_sub(low)).unwrap_or(0).saturating_add(1);
        low.saturating_add(i64::try_from(self.below(span)).unwrap_or(0))
    }

    /// True in `percent` of a hundred cases.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of them; `None` where there is none.
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        let length = u64::try_from(list.len()).unwrap_or(0);
        usize::try_from(self.below(length)).ok().and_then(|at| list.get(at))
    }

    /// The place of one of several, by their weights.
    pub fn weighted(&mut self, weights: &[u64]) -> usize {
        let mut left = self.below(weights.iter().sum());
        for (at, weight) in weights.iter().enumerate() {
            if left < *weight {
                return at;
            }
            left = left.saturating_sub(*weight);
        }
        0
    }

    /// Sixteen bytes.
    pub fn bytes16(&mut self) -> [u8; 16] {
        let wide = (u128::from(self.bits()) << 64) | u128::from(self.bits());
        wide.to_be_bytes()
    }

    /// Thirty-two bytes.
    pub fn bytes32(&mut self) -> [u8; 32] {
        let mut bytes = [0; 32];
        let (head, tail) = bytes.split_at_mut(16);
        head.copy_from_slice(&self.bytes16());
        tail.copy_from_slice(&self.bytes16());
        bytes
    }

    /// An id.
    pub fn uuid(&mut self) -> Uuid {
        uuid::Builder::from_random_bytes(self.bytes16()).into_uuid()
    }
}

const fn mixed(state: u64) -> u64 {
    let mut z = state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_first_numbers_are_pinned() {
        let mut rng = Rng::new(1);
        assert_eq!([rng.bits(), rng.bits()], [0x910a_2dec_8902_5cc1, 0xbeeb_8da1_658e_ec67]);
    }

    #[test]
    fn purposes_do_not_disturb_one_another() {
        let mut one = Rng::of(7, "network", 1);
        let mut other = Rng::of(7, "network", 2);
        assert_ne!(one.bits(), other.bits());
        assert_eq!(Rng::of(7, "network", 1).bits(), Rng::of(7, "network", 1).bits());
    }

    #[test]
    fn a_weight_of_nothing_is_never_drawn() {
        let mut rng = Rng::new(3);
        assert!((0..1000).all(|_| rng.weighted(&[0, 5, 0, 1]) % 2 == 1));
    }

    #[test]
    fn ranges_hold_both_ends() {
        let mut rng = Rng::new(3);
        let drawn: std::collections::BTreeSet<_> = (0..200).map(|_| rng.between(-1, 1)).collect();
        assert_eq!(drawn.into_iter().collect::<Vec<_>>(), [-1, 0, 1]);
    }
}
