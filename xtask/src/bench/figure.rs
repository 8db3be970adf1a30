//! One measured figure, beside its goal and, where there is one, beside a peer measured in the same way.

use anyhow::Result;
use serde::{Deserialize, Serialize};

/// A figure. Smaller is better, except for what is done in a second or a minute.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// What was measured.
    pub name: String,
    /// What Baton needs.
    pub ours: f64,
    /// In what.
    pub unit: String,
    /// What it is compared with.
    pub peer: Option<String>,
    /// What the peer needs, measured on the same machine just before or after.
    pub theirs: Option<f64>,
    /// Ours divided by theirs.
    pub ratio: Option<f64>,
    /// What it must stay below, or for a rate reach, if anything.
    pub goal: Option<f64>,
    /// Whether it does.
    pub ok: bool,
}

impl Figure {
    /// A figure with a goal it must stay below.
    pub fn new(name: &str, ours: f64, unit: &str, goal: Option<f64>) -> Self {
        let ours = rounded(ours);
        let ok = goal.is_none_or(|goal| ours < goal);
        Self {
            name: name.to_owned(),
            ours,
            unit: unit.to_owned(),
            peer: None,
            theirs: None,
            ratio: None,
            goal,
            ok,
        }
    }

    /// The same beside a peer.
    pub fn beside(mut self, peer: &str, theirs: f64) -> Self {
        self.peer = Some(peer.to_owned());
        self.theirs = Some(rounded(theirs));
        self.ratio = (theirs > 0.0).then(|| (self.ours / theirs * 100.0).round() / 100.0);
        self
    }

    /// Whether it is one of which more is better.
    fn is_rate(&self) -> bool {
        self.unit.starts_with('/')
    }

    /// One line for a program.
    pub fn to_json(&self) -> Result<String> {
        Ok(serde_json::to_string(self)?)
    }

    /// One line for a person.
    pub fn to_words(&self) -> String {
        let mut words = format!(
            "{} {:<34} {:>9} {}",
            if self.ok { "✓" } else { "✗" },
            self.name,
            self.ours,
            self.unit
        );
        if let Some(goal) = self.goal {
            let bound = if self.is_rate() { "at least" } else { "under" };
            words.push_str(&format!("   goal: {bound} {goal}"));
        }
        if let (Some(peer), Some(theirs)) = (&self.peer, self.theirs) {
            words.push_str(&format!("   {peer}: {theirs}"));
        }
        if let Some(ratio) = self.ratio {
            words.push_str(&format!("   {ratio} x"));
        }
        words
    }
}

fn rounded(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::Figure;

    #[test]
    fn a_figure_is_one_line_with_all_its_fields() {
        let figure = Figure::new("memory idle", 312.04, "MB", Some(400.0)).beside("a bare window", 208.0);
        assert_eq!(
            figure.to_json().unwrap(),
            r#"{"name":"memory idle","ours":312.0,"unit":"MB","peer":"a bare window","theirs":208.0,"ratio":1.5,"goal":400.0,"ok":true}"#
        );
    }

    #[test]
    fn a_rate_is_to_be_reached_and_a_time_to_be_kept_under() {
        let mut figure = Figure::new("commands", 5400.0, "/s", None);
        figure.goal = Some(5000.0);
        assert!(figure.to_words().ends_with("5400 /s   goal: at least 5000"));
        let figure = Figure::new("start", 900.0, "ms", Some(1500.0)).beside("another", 600.0);
        assert!(figure.to_words().ends_with("goal: under 1500   another: 600   1.5 x"));
    }

    #[test]
    fn a_goal_that_is_just_reached_is_missed() {
        assert!(!Figure::new("start", 1500.0, "ms", Some(1500.0)).ok);
        assert!(Figure::new("start", 1499.0, "ms", Some(1500.0)).ok);
        assert!(Figure::new("start", 9000.0, "ms", None).ok);
    }
}
