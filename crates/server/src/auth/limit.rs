//! How often somebody may try to sign in.
//!
//! Each try takes a token from two buckets, the address's and the peer's, before the password is looked at; a right password
//! gives them back. So guessing is slow from one place and slow at one account, and a team behind one address is not
//! locked out by its own mornings.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// A bucket: so many tries at once, then one more every so often.
#[derive(Debug, Clone, Copy)]
struct Allowance {
    burst: f64,
    refill_ms: f64,
}

/// For one address: eight tries, then one a minute.
const BY_ADDRESS: Allowance = Allowance {
    burst: 8.0,
    refill_ms: 60_000.0,
};

/// For one peer: forty tries, then one every three seconds.
const BY_PEER: Allowance = Allowance {
    burst: 40.0,
    refill_ms: 3_000.0,
};

/// Buckets kept at most. Full ones are forgotten first; beyond that a flood of made-up addresses can't fill the memory.
const KEPT: usize = 20_000;

#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: f64,
    at_ms: i64,
}

#[derive(Debug)]
struct Buckets<K> {
    allowance: Allowance,
    buckets: HashMap<K, Bucket>,
}

impl<K: Hash + Eq + Clone> Buckets<K> {
    fn new(allowance: Allowance) -> Self {
        Self {
            allowance,
            buckets: HashMap::new(),
        }
    }

    fn now(&self, bucket: Bucket, now_ms: i64) -> f64 {
        #[allow(clippy::cast_precision_loss)] // Milliseconds of hours fit.
        let passed = now_ms.saturating_sub(bucket.at_ms).max(0) as f64;
        (bucket.left + passed / self.allowance.refill_ms).min(self.allowance.burst)
    }

    fn take(&mut self, key: &K, now_ms: i64) -> bool {
        if self.buckets.len() >= KEPT && !self.buckets.contains_key(key) {
            let allowance = self.allowance;
            self.buckets.retain(|_, bucket| {
                #[allow(clippy::cast_precision_loss)] // As above.
                let passed = now_ms.saturating_sub(bucket.at_ms).max(0) as f64;
                bucket.left + passed / allowance.refill_ms < allowance.burst
            });
            if self.buckets.len() >= KEPT {
                return false;
            }
        }
        let full = Bucket {
            left: self.allowance.burst,
            at_ms: now_ms,
        };
        let left = self.now(*self.buckets.get(key).unwrap_or(&full), now_ms);
        if left < 1.0 {
            return false;
        }
        self.buckets.insert(
            key.clone(),
            Bucket {
                left: left - 1.0,
                at_ms: now_ms,
            },
        );
        true
    }

    fn give_back(&mut self, key: &K) {
        let burst = self.allowance.burst;
        if let Some(bucket) = self.buckets.get_mut(key) {
            bucket.left = (bucket.left + 1.0).min(burst);
        }
    }
}

/// Counts tries.
#[derive(Debug)]
pub struct Attempts {
    inner: Mutex<(Buckets<String>, Buckets<IpAddr>)>,
}

impl Default for Attempts {
    fn default() -> Self {
        Self {
            inner: Mutex::new((Buckets::new(BY_ADDRESS), Buckets::new(BY_PEER))),
        }
    }
}

impl Attempts {
    /// Whether one more try is allowed at `now_ms`; it counts.
    pub fn begin(&self, address: &str, peer: IpAddr, now_ms: i64) -> bool {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let (addresses, peers) = &mut *inner;
        peers.take(&peer, now_ms) && addresses.take(&key(address), now_ms)
    }

    /// Whether one more try is allowed that names no address, such as one with a code.
    pub fn begin_from(&self, peer: IpAddr, now_ms: i64) -> bool {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.1.take(&peer, now_ms)
    }

    /// The try was right: it does not count.
    pub fn right(&self, address: &str, peer: IpAddr) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let (addresses, peers) = &mut *inner;
        peers.give_back(&peer);
        addresses.give_back(&key(address));
    }
}

fn key(address: &str) -> String {
    // Only the beginning: an address longer than any real one is no way to have many buckets.
    address.trim().to_lowercase().chars().take(320).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn the_ninth_wrong_try_waits_and_a_minute_later_one_is_free() {
        let attempts = Attempts::default();
        for _ in 0..8 {
            assert!(attempts.begin("anna@murmel.example", PEER, 0));
        }
        assert!(!attempts.begin("Anna@murmel.example ", PEER, 1));
        assert!(attempts.begin("anna@murmel.example", PEER, 60_001));
        assert!(!attempts.begin("anna@murmel.example", PEER, 60_002));
    }

    #[test]
    fn a_right_password_does_not_count() {
        let attempts = Attempts::default();
        for _ in 0..100 {
            assert!(attempts.begin("anna@murmel.example", PEER, 0));
            attempts.right("anna@murmel.example", PEER);
        }
    }

    #[test]
    fn one_peer_trying_many_addresses_is_slowed_too() {
        let attempts = Attempts::default();
        let allowed = (0..100)
            .filter(|n| attempts.begin(&format!("{n}@murmel.example"), PEER, 0))
            .count();
        assert_eq!(allowed, 40);
    }
}
