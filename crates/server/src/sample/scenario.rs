//! The files of the sample inbox, as types. They are compiled in: trying Baton needs no network and no folder.

use std::collections::BTreeMap;

use include_dir::{Dir, include_dir};
use serde::Deserialize;

use super::text::Language;

static FILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/sample");

/// Why the sample's files can't be used: a defect of this build.
#[derive(Debug, thiserror::Error)]
pub enum BadFile {
    /// A file is missing.
    #[error("the sample has no file {0}")]
    Missing(String),
    /// A file does not hold what it should.
    #[error("the sample's {name} can't be read: {source}")]
    Json {
        /// Which.
        name: &'static str,
        /// Why.
        source: serde_json::Error,
    },
}

/// The company whose mail it is.
#[derive(Debug, Clone, Deserialize)]
pub struct Company {
    /// Its name.
    pub name: String,
    /// Its time zone (IANA).
    pub zone: String,
    /// Its inbox.
    pub inbox: InboxName,
    /// Its mailbox.
    pub channel: Channel,
    /// Who works there; one of them is the user.
    pub members: Vec<Person>,
}

/// An inbox.
#[derive(Debug, Clone, Deserialize)]
pub struct InboxName {
    /// Its name.
    pub name: String,
}

/// A mailbox.
#[derive(Debug, Clone, Deserialize)]
pub struct Channel {
    /// The name customers read.
    pub name: String,
    /// Its address.
    pub address: String,
    /// Its other addresses.
    pub aliases: Vec<String>,
}

/// Somebody of the company.
#[derive(Debug, Clone, Deserialize)]
pub struct Person {
    /// How the scenario calls them.
    pub key: String,
    /// Their name.
    pub name: String,
    /// Their address.
    pub address: String,
    /// Their role: `rep` or `manager`.
    pub role: String,
    /// Whether they are the one who tries the sample.
    #[serde(default)]
    pub user: bool,
}

/// One conversation: what happened in it, oldest first.
#[derive(Debug, Clone, Deserialize)]
pub struct Story {
    /// Its name in the scenario.
    pub key: String,
    /// What happened.
    pub steps: Vec<Step>,
}

/// One thing that happened.
#[derive(Debug, Clone, Deserialize)]
pub struct Step {
    /// How long ago; a draft has none.
    pub age: Option<String>,
    /// Who did it; nobody for mail that came.
    pub by: Option<String>,
    /// What.
    #[serde(flatten)]
    pub what: Deed,
}

/// What happened.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Deed {
    /// A message came.
    Receive {
        /// Its file.
        eml: String,
    },
    /// Claimed.
    Claim,
    /// Given to somebody.
    Assign {
        /// Whom.
        to: String,
    },
    /// A note.
    Note {
        /// What it says.
        text: String,
    },
    /// What happens next.
    NextStep {
        /// In words.
        text: String,
    },
    /// A reply that was sent.
    Reply {
        /// What it says.
        text: String,
        /// What happens after it.
        after: After,
        /// The offer it carries.
        quote: Option<Amount>,
        /// Its files.
        #[serde(default)]
        attachments: Vec<String>,
        /// The Message-ID that later messages refer to it by, in angle brackets.
        #[serde(rename = "messageId")]
        message_id: String,
    },
    /// A reply that is being written.
    Draft {
        /// What it says so far.
        text: String,
    },
    /// A follow-up by hand.
    FollowUp {
        /// When.
        due: String,
        /// What for.
        text: String,
    },
    /// Waits for a colleague.
    Block {
        /// Whom.
        on: String,
        /// What for.
        text: String,
    },
    /// Put aside.
    Snooze {
        /// Until when.
        until: String,
    },
    /// Closed.
    Close {
        /// How it ended.
        outcome: String,
        /// Why.
        reason: Option<String>,
    },
    /// Sorted.
    Category {
        /// As what.
        category: String,
    },
    /// Made more or less urgent.
    Priority {
        /// How urgent.
        priority: String,
    },
    /// Estimated.
    Value {
        /// How much.
        #[serde(flatten)]
        amount: Amount,
    },
    /// Labelled.
    Tag {
        /// With what.
        tag: String,
    },
}

/// What happens after a reply.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum After {
    /// Chase.
    FollowUpIfNoAnswer,
    /// We owe something.
    IOwe {
        /// What.
        what: String,
        /// By when.
        due: String,
    },
    /// Nothing.
    NothingMore,
}

/// Money, in the scenario's form: `"20740.00"`.
#[derive(Debug, Clone, Deserialize)]
pub struct Amount {
    amount: String,
    currency: String,
}

impl Amount {
    /// As the domain knows it.
    #[must_use]
    pub fn money(&self) -> Option<baton_domain::Money> {
        let (whole, cents) = self.amount.split_once('.').unwrap_or((&self.amount, "00"));
        let cents = (cents.len() == 2).then(|| cents.parse::<i64>().ok()).flatten()?;
        let cents = whole.parse::<i64>().ok()?.checked_mul(100)?.checked_add(cents)?;
        Some(baton_domain::Money {
            cents,
            currency: self.currency.clone(),
        })
    }
}

/// The company.
///
/// # Errors
/// When this build's file is broken.
pub fn company() -> Result<Company, BadFile> {
    json("company.json")
}

/// What happened.
///
/// # Errors
/// When this build's file is broken.
pub fn stories() -> Result<Vec<Story>, BadFile> {
    json("scenario.json")
}

/// Names of days and months.
///
/// # Errors
/// When this build's file is broken.
pub fn languages() -> Result<BTreeMap<String, Language>, BadFile> {
    json("calendar.json")
}

/// A message or an attachment.
///
/// # Errors
/// When this build has no such file.
pub fn file(path: &str) -> Result<&'static [u8], BadFile> {
    let file = FILES.get_file(path).ok_or_else(|| BadFile::Missing(path.to_owned()))?;
    Ok(file.contents())
}

fn json<T: serde::de::DeserializeOwned>(name: &'static str) -> Result<T, BadFile> {
    serde_json::from_slice(file(name)?).map_err(|source| BadFile::Json { name, source })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_file_the_scenario_names_is_there_and_every_amount_is_money() {
        let people: Vec<_> = company()
            .unwrap()
            .members
            .into_iter()
            .map(|person| person.key)
            .collect();
        let stories = stories().unwrap();
        assert!(stories.len() >= 15, "{}", stories.len());
        for step in stories.iter().flat_map(|story| &story.steps) {
            assert!(step.by.as_ref().is_none_or(|by| people.contains(by)), "{step:?}");
            match &step.what {
                Deed::Receive { eml } => assert!(file(eml).unwrap().len() > 100),
                Deed::Reply { attachments, quote, .. } => {
                    assert!(attachments.iter().all(|path| file(path).is_ok()));
                    assert!(quote.as_ref().is_none_or(|amount| amount.money().is_some()));
                }
                Deed::Value { amount } => assert!(amount.money().is_some()),
                _ => {}
            }
        }
    }
}
