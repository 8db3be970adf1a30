//! The words of a whole rule set, looked for in one pass over a lead.

use std::collections::BTreeSet;

use aho_corasick::AhoCorasick;

use super::{Condition, Judged, Lead, RuleSet};
use crate::InboxId;

/// A rule set that is about to judge many leads. Hundreds of rules list thousands of words: they are looked for together, not one after
/// the other.
#[derive(Debug)]
pub struct Prepared<'r> {
    rules: &'r RuleSet,
    words: Vec<&'r str>,
    /// `None` where the words are too many for one search: then each is looked for by itself.
    search: Option<AhoCorasick>,
}

/// Which of a set's words are in a lead.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Found<'r> {
    pub(super) subject: BTreeSet<&'r str>,
    pub(super) text: BTreeSet<&'r str>,
}

impl RuleSet {
    /// The set made ready for many leads.
    #[must_use]
    pub fn prepared(&self) -> Prepared<'_> {
        let mut words = BTreeSet::new();
        for rule in self.rules.iter().filter(|rule| rule.enabled) {
            gather(&rule.when, &mut words);
        }
        let words: Vec<&str> = words.into_iter().collect();
        Prepared {
            rules: self,
            search: AhoCorasick::new(&words).ok(),
            words,
        }
    }
}

impl Prepared<'_> {
    /// The same as [`RuleSet::destination`].
    #[must_use]
    pub fn destination(&self, lead: Lead<'_>, there: impl FnMut(InboxId) -> Option<bool>) -> Judged {
        let found = self.found_in(&lead);
        self.rules.destination(lead.with_found(found), there)
    }

    fn found_in(&self, lead: &Lead<'_>) -> Option<Found<'_>> {
        let search = self.search.as_ref()?;
        let all_in = |text: &str| {
            let found = search.find_overlapping_iter(text);
            found
                .filter_map(|one| self.words.get(one.pattern().as_usize()).copied())
                .collect()
        };
        Some(Found {
            subject: all_in(&lead.subject_folded),
            text: all_in(&lead.text_folded),
        })
    }
}

fn gather<'r>(condition: &'r Condition, words: &mut BTreeSet<&'r str>) {
    if let Condition::Words { one_of, .. } = condition {
        words.extend(one_of.iter().map(String::as_str));
    }
    for part in condition.parts() {
        gather(part, words);
    }
}
