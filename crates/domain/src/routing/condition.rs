//! Conditions: which leads a rule is about.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Lead;
use crate::{AccountId, Category, Detail, InboxId, MemberId, Money, Priority};

/// How many values of a list a trace repeats.
const LISTED: usize = 5;

/// Where words are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum WordsIn {
    /// In the subject.
    Subject,
    /// In the beginning of the text, as lists show it.
    Text,
    /// In either.
    #[default]
    Both,
}

/// What must be so for a rule to match. Texts are compared without regard to case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[schema(no_recursion)]
pub enum Condition {
    /// All of these; every lead where there are none.
    All {
        /// Which.
        of: Vec<Self>,
    },
    /// At least one of these.
    Any {
        /// Which.
        of: Vec<Self>,
    },
    /// Not this.
    Not {
        /// What.
        of: Box<Self>,
    },
    /// It lies in one of these inboxes.
    Inbox {
        /// Which.
        one_of: Vec<InboxId>,
    },
    /// It came through one of these accounts.
    Account {
        /// Which.
        one_of: Vec<AccountId>,
    },
    /// It was written to one of these addresses of ours.
    Address {
        /// Which.
        one_of: Vec<String>,
    },
    /// Its author has one of these addresses, or one at these domains or below them.
    Sender {
        /// Addresses (carl@acme.example) and domains (acme.example).
        one_of: Vec<String>,
    },
    /// One of these words is in it, also within a longer word.
    Words {
        /// Where.
        place: WordsIn,
        /// Which.
        one_of: Vec<String>,
    },
    /// It is one of these.
    Category {
        /// Which.
        one_of: Vec<Category>,
    },
    /// It is so urgent, or more.
    PriorityFrom {
        /// How.
        least: Priority,
    },
    /// It may be worth so much, or more. An amount in another currency does not count.
    ValueFrom {
        /// How much.
        least: Money,
    },
    /// The customer's company is one of these.
    Company {
        /// Their names.
        one_of: Vec<String>,
    },
    /// It has one of these labels.
    Tag {
        /// Which.
        one_of: Vec<String>,
    },
    /// One of its details says one of these; anything at all where none is listed.
    Detail {
        /// Which.
        detail: Detail,
        /// What.
        one_of: Vec<String>,
    },
    /// A field of the team's own says one of these; anything at all where none is listed.
    Custom {
        /// The field's name.
        name: String,
        /// What.
        one_of: Vec<String>,
    },
    /// One of these looks after the customer's company; anybody at all where none is listed.
    AccountOwner {
        /// Who.
        one_of: Vec<MemberId>,
    },
    /// Whoever looks after the customer's company is away, or has left.
    AccountOwnerAway,
    /// Its author has written to us before, in another conversation.
    Returning,
    /// It is routed while the inbox is at work.
    BusinessHours,
}

/// What is not set says nothing: it is no value of its own.
fn says(said: Option<&str>, one_of: &[String]) -> bool {
    said.is_some_and(|said| one_of.is_empty() || one_of.iter().any(|one| one == said))
}

impl Condition {
    /// Every lead.
    #[must_use]
    pub const fn always() -> Self {
        Self::All { of: Vec::new() }
    }

    /// Whether it holds.
    #[must_use]
    pub fn holds(&self, lead: &Lead<'_>) -> bool {
        match self {
            Self::All { of } => of.iter().all(|one| one.holds(lead)),
            Self::Any { of } => of.iter().any(|one| one.holds(lead)),
            Self::Not { of } => !of.holds(lead),
            Self::Inbox { one_of } => one_of.contains(&lead.inbox),
            Self::Account { one_of } => lead.account.is_some_and(|account| one_of.contains(&account)),
            Self::Address { one_of } => one_of.iter().any(|one| lead.came_to(one)),
            Self::Sender { one_of } => one_of.iter().any(|one| lead.is_from(one)),
            Self::Words { place, one_of } => one_of.iter().any(|one| lead.says(*place, one)),
            Self::Category { one_of } => one_of.contains(&lead.category),
            Self::PriorityFrom { least } => lead.priority >= *least,
            Self::ValueFrom { least } => lead
                .value
                .as_ref()
                .is_some_and(|value| value.currency == least.currency && value.cents >= least.cents),
            Self::Company { one_of } => lead.company.as_ref().is_some_and(|own| one_of.contains(own)),
            Self::Tag { one_of } => lead.tags.iter().any(|tag| one_of.contains(tag)),
            Self::Detail { detail, one_of } => says(lead.details.get(*detail), one_of),
            Self::Custom { name, one_of } => says(lead.details.custom(name), one_of),
            Self::AccountOwner { one_of } => {
                let owner = lead.account_owner;
                owner.is_some_and(|owner| one_of.is_empty() || one_of.contains(&owner))
            }
            Self::AccountOwnerAway => lead.account_owner.is_some() && lead.owner_away,
            Self::Returning => lead.returning,
            Self::BusinessHours => lead.in_hours,
        }
    }

    /// Those it consists of.
    #[must_use]
    pub fn parts(&self) -> &[Self] {
        match self {
            Self::All { of } | Self::Any { of } => of,
            Self::Not { of } => std::slice::from_ref(of),
            _ => &[],
        }
    }

    /// How many conditions it consists of, itself included.
    #[must_use]
    pub fn size(&self) -> usize {
        self.parts().iter().map(Self::size).sum::<usize>().saturating_add(1)
    }

    /// How many values it and its parts list.
    #[must_use]
    pub fn values(&self) -> usize {
        let own = match self {
            Self::Address { one_of }
            | Self::Sender { one_of }
            | Self::Words { one_of, .. }
            | Self::Company { one_of }
            | Self::Tag { one_of }
            | Self::Detail { one_of, .. }
            | Self::Custom { one_of, .. } => one_of.len(),
            _ => 0,
        };
        self.parts().iter().map(Self::values).fold(own, usize::saturating_add)
    }

    /// How deep it goes: 1 for one without parts.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.parts()
            .iter()
            .map(Self::depth)
            .max()
            .unwrap_or(0)
            .saturating_add(1)
    }

    /// The condition without its parts, and with the beginning of its list only: what a trace repeats of it. What made it hold
    /// comes first.
    pub(super) fn brief(&self, lead: &Lead<'_>) -> Self {
        fn some<T: Clone>(all: &[T], holds: impl Fn(&T) -> bool) -> Vec<T> {
            let mut listed: Vec<T> = all.iter().filter(|one| holds(one)).take(1).cloned().collect();
            let others = all.iter().filter(|one| !holds(one));
            listed.extend(others.take(LISTED.saturating_sub(listed.len())).cloned());
            listed
        }
        match self {
            Self::All { .. } => Self::All { of: Vec::new() },
            Self::Any { .. } => Self::Any { of: Vec::new() },
            Self::Not { .. } => Self::Not {
                of: Box::new(Self::always()),
            },
            Self::Inbox { one_of } => Self::Inbox {
                one_of: some(one_of, |one| *one == lead.inbox),
            },
            Self::Account { one_of } => Self::Account {
                one_of: some(one_of, |one| Some(*one) == lead.account),
            },
            Self::Address { one_of } => Self::Address {
                one_of: some(one_of, |one| lead.came_to(one)),
            },
            Self::Sender { one_of } => Self::Sender {
                one_of: some(one_of, |one| lead.is_from(one)),
            },
            Self::Words { place, one_of } => Self::Words {
                place: *place,
                one_of: some(one_of, |one| lead.says(*place, one)),
            },
            Self::Company { one_of } => Self::Company {
                one_of: some(one_of, |one| lead.company.as_ref() == Some(one)),
            },
            Self::Tag { one_of } => Self::Tag {
                one_of: some(one_of, |one| lead.tags.contains(one)),
            },
            Self::Detail { detail, one_of } => Self::Detail {
                detail: *detail,
                one_of: some(one_of, |one| lead.details.get(*detail) == Some(one)),
            },
            Self::Custom { name, one_of } => Self::Custom {
                name: name.clone(),
                one_of: some(one_of, |one| lead.details.custom(name) == Some(one)),
            },
            Self::AccountOwner { one_of } => Self::AccountOwner {
                one_of: some(one_of, |one| Some(*one) == lead.account_owner),
            },
            Self::Category { .. }
            | Self::PriorityFrom { .. }
            | Self::ValueFrom { .. }
            | Self::AccountOwnerAway
            | Self::Returning
            | Self::BusinessHours => self.clone(),
        }
    }

    /// The texts it compares with, for tidying and for judging their length.
    pub(super) fn texts_mut(&mut self) -> Option<&mut Vec<String>> {
        match self {
            Self::Address { one_of }
            | Self::Sender { one_of }
            | Self::Words { one_of, .. }
            | Self::Company { one_of }
            | Self::Tag { one_of }
            | Self::Detail { one_of, .. }
            | Self::Custom { one_of, .. } => Some(one_of),
            _ => None,
        }
    }
}
