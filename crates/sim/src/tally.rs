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
    /// What else must occur, by kind.
    pub occurred: BTreeMap<String, u64>,
    /// Things that happened.
    pub steps: u64,
    /// Entries of the log.
    pub entries: u64,
    /// Mail that arrived.
    pub arrived: u64,
    /// Virtual time, in milliseconds.
    pub virtual_ms: i64,
}

/// Every refusal that people of the simulator can meet. The others, and why not, are in docs/development.md.
pub const REFUSALS: [&str; 18] = [
    "absent",
    "alreadyAcknowledged",
    "alreadyAnswered",
    "alreadyLeaving",
    "gone",
    "invalid",
    "lockLost",
    "lockedBy",
    "merged",
    "missingFields",
    "needsHandoffContext",
    "needsOutcome",
    "newerMessage",
    "notOwner",
    "notPermitted",
    "replyInDoubt",
    "replyWaits",
    "versionConflict",
];

/// What else must occur: what people pass on, what rules do besides giving a lead to somebody, and who gets one for a reason of their own.
pub const OCCURRENCES: [&str; 9] = [
    "answeredByItself",
    "escalatedByRule",
    "forwarded",
    "forwardedBesideALock",
    "lookedAfter",
    "movedByRule",
    "offHours",
    "onCall",
    "toldByRule",
];

impl Tally {
    /// The tally of a life, in which nothing has happened yet: what never does is shown as a zero.
    #[must_use]
    pub fn of_one(faults: &[&str]) -> Self {
        let nothing = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), 0)).collect();
        Self {
            seeds: 1,
            faults: nothing(faults),
            refusals: nothing(&REFUSALS),
            occurred: nothing(&OCCURRENCES),
            ..Self::default()
        }
    }

    /// The faults, refusals and occurrences that never came.
    #[must_use]
    pub fn never(&self) -> Vec<&str> {
        let all = self.faults.iter().chain(&self.refusals).chain(&self.occurred);
        all.filter(|(_, count)| **count == 0)
            .map(|(name, _)| name.as_str())
            .collect()
    }

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
            (&mut self.occurred, &other.occurred),
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
            ("besides", &self.occurred),
        ] {
            let total: u64 = map.values().sum();
            let parts: Vec<String> = map.iter().map(|(what, number)| format!("{what} {number}")).collect();
            writeln!(f, "{name} {total}: {}", parts.join(", "))?;
        }
        Ok(())
    }
}

/// The name of a variant, as its serial form says it: that begins with it, and is not written further.
#[must_use]
pub fn kind<T: serde::Serialize>(value: &T) -> String {
    let mut beginning = Beginning(Vec::new());
    // That there is no more room is the end that was wanted.
    let _ = serde_json::to_writer(&mut beginning, value);
    let text = String::from_utf8_lossy(&beginning.0);
    let tag = text.strip_prefix("{\"type\":").unwrap_or(&text);
    let name = tag.strip_prefix('"').and_then(|tag| tag.split('"').next());
    name.unwrap_or_default().to_owned()
}

/// The first bytes of something.
struct Beginning(Vec<u8>);

impl std::io::Write for Beginning {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0.len() > 64 {
            return Err(std::io::ErrorKind::WriteZero.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use baton_domain::{CommandBody, Outcome, Refusal};

    use super::*;

    #[test]
    fn a_kind_is_the_name_of_the_variant() {
        let note = CommandBody::AddNote {
            text: "x".repeat(10_000),
            mentions: Vec::new(),
        };
        assert_eq!(kind(&note), "addNote");
        assert_eq!(kind(&Refusal::NeedsOutcome), "needsOutcome");
        assert_eq!(kind(&Outcome::Won), "won");
    }

    #[test]
    fn what_never_came_is_named() {
        let mut tally = Tally::of_one(&["partition"]);
        Tally::count(&mut tally.refusals, "gone");
        let never = tally.never();
        assert!(never.contains(&"partition") && never.contains(&"lockedBy") && !never.contains(&"gone"));
    }
}
