//! One measured figure a line, in the form of all measurements.

use std::time::Duration;

use serde_json::json;

/// What a figure has to reach.
#[derive(Clone, Copy, Debug)]
pub enum Goal {
    /// There is none: it is told for what stands beside it.
    None,
    /// At most so much.
    AtMost(f64),
    /// At least so much.
    AtLeast(f64),
    /// At most so many times what the peer needs.
    Times(f64),
}

/// Prints a figure.
pub fn figure(name: &str, ours: f64, unit: &str, peer: Option<(&str, f64)>, goal: Goal) {
    let rounded = |value: f64| (value * 1000.0).round() / 1000.0;
    let ratio = peer.map(|(_, theirs)| ours / theirs);
    let (bound, ok) = match goal {
        Goal::None => (None, true),
        Goal::AtMost(most) => (Some(most), ours <= most),
        Goal::AtLeast(least) => (Some(least), ours >= least),
        Goal::Times(most) => (Some(most), ratio.is_some_and(|ratio| ratio <= most)),
    };
    let line = json!({
        "name": name,
        "ours": rounded(ours),
        "unit": unit,
        "peer": peer.map(|(name, _)| name),
        "theirs": peer.map(|(_, theirs)| rounded(theirs)),
        "ratio": ratio.map(rounded),
        "goal": bound,
        "ok": ok,
    });
    println!("{line}");
}

/// Times of the same thing, in milliseconds.
#[derive(Debug, Default)]
pub struct Times(Vec<f64>);

impl Times {
    /// One more.
    pub fn add(&mut self, time: Duration) {
        self.0.push(time.as_secs_f64() * 1000.0);
    }

    /// All of others, too.
    pub fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The time that so many percent did not exceed.
    pub fn percentile(&self, percent: usize) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
        sorted.get(at).copied().unwrap_or(f64::NAN)
    }
}
