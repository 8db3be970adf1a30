//! What happened in a life, or in many, in numbers.

use std::collections::BTreeMap;
use std::fmt;

/// Totals.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Lives.
    pub seeds: u64,
    /// Commands of people that were accepted, by kind.
    pub accepted: BTreeMap<String, u64>,
    /// Commands of people that were refused, by kind.
    pub refused: BTreeMap<String, u64>,
    /// Refusals, by kind.
    pub refusals: BTreeMap<String, u64>,
    /// What was held, by reason.
    pub held: BTreeMap<String, u64>,
    /// What broke, by kind.
    pub faults: BTreeMap<String, u64>,
    /// What became of replies, by kind.
    pub mail: BTreeMap<String, u64>,
    /// Things that happened.
    pub steps: u64,
    /// Entries of the log.
    pub entries: u64,
    /// Mail that arrived.
    pub arrived: u64,
    /// Virtual time, in milliseconds.
    pub virtual_ms: i64,
}

impl Tally {
    /// Counts one.
    pub fn count(map: &mut BTreeMap<String, u64>, what: &str) {
        Self::add(map, what, 1);
    }

    fn add(map: &mut BTreeMap<String, u64>, what: &str, number: u64) {
        match map.get_mut(what) {
            Some(count) => *count = count.saturating_add(number),
            None => {
                map.insert(what.to_owned(), number);
            }
        }
    }

    /// Adds another's numbers.
    pub fn absorb(&mut self, other: &Self) {
        self.seeds = self.seeds.saturating_add(other.seeds);
        self.steps = self.steps.saturating_add(other.steps);
        self.entries = self.entries.saturating_add(other.entries);
        self.arrived = self.arrived.saturating_add(other.arrived);
        self.virtual_ms = self.virtual_ms.saturating_add(other.virtual_ms);
        for (mine, theirs) in [
            (&mut self.accepted, &other.accepted),
            (&mut self.refused, &other.refused),
            (&mut self.refusals, &other.refusals),
            (&mut self.held, &other.held),
            (&mut self.faults, &other.faults),
            (&mut self.mail, &other.mail),
        ] {
            for (what, number) in theirs {
                Self::add(mine, what, *number);
            }
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day_ms = baton_domain::DAY_MS;
        writeln!(
            f,
            "seeds {}  steps {}  log entries {}  mail in {}  virtual days {}",
            self.seeds,
            self.steps,
            self.entries,
            self.arrived,
            self.virtual_ms.checked_div(day_ms).unwrap_or(0)
        )?;
        for (name, map) in [
            ("accepted", &self.accepted),
            ("refused", &self.refused),
            ("refusals", &self.refusals),
            ("held", &self.held),
            ("faults", &self.faults),
            ("replies", &self.mail),
        ] {
            let total: u64 = map.values().sum();
            let parts: Vec<String> = map.iter().map(|(what, number)| format!("{what} {number}")).collect();
            writeln!(f, "{name} {total}: {}", parts.join(", "))?;
        }
        Ok(())
    }
}

/// The name of a variant, as its serial form says it.
#[must_use]
pub fn kind<T: serde::Serialize>(value: &T) -> String {
    let tag = serde_json::to_value(value).ok().and_then(|value| match value {
        serde_json::Value::String(name) => Some(name),
        serde_json::Value::Object(map) => map.get("type").and_then(|tag| tag.as_str().map(str::to_owned)),
        _ => None,
    });
    tag.unwrap_or_default()
}
