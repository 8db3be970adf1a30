//! What is known of an enquiry beyond its category, priority, value, company and tags: what rules, targets and reports sort by.
//!
//! All are texts of the team's own choosing, bounded, and none is ever required. How urgent something is has a field of its own: the
//! priority. A set of details is both what a conversation has and a change of it; in a change an empty text takes one away, and what is
//! left out stays.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{Invalid, Refusal};

/// The longest text of a detail, in characters.
pub(crate) const DETAIL_CHARS: usize = 200;
/// The longest name of a field of the team's own, in characters.
pub(crate) const NAME_CHARS: usize = 60;
/// How many fields of the team's own a conversation has at most.
const MOST_CUSTOM: usize = 30;

/// Which detail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Detail {
    /// What it is about, e.g. pricing.
    Topic,
    /// How far the customer is with us, e.g. lead, customer.
    LifecycleStage,
    /// How far the deal is.
    DealStage,
    /// Where the customer is.
    Region,
    /// What the customer writes, as a code (ISO 639-1, e.g. de) where Baton found it out.
    Language,
    /// What they want to buy, or have.
    Product,
    /// What they are up to, e.g. buying, comparing.
    Intent,
    /// How much weight the customer's company has with us, e.g. gold.
    AccountTier,
    /// What the customer's company is to us, e.g. customer, partner.
    AccountType,
}

impl Detail {
    /// Every one, in the order people read them.
    pub const ALL: [Self; 9] = [
        Self::Topic,
        Self::Product,
        Self::Intent,
        Self::LifecycleStage,
        Self::DealStage,
        Self::Region,
        Self::Language,
        Self::AccountTier,
        Self::AccountType,
    ];

    /// Whether it is the customer's, whatever they write about: what is split off a conversation keeps it.
    const fn of_the_customer(self) -> bool {
        match self {
            Self::Topic | Self::Product | Self::Intent | Self::DealStage => false,
            Self::LifecycleStage | Self::Region | Self::Language | Self::AccountTier | Self::AccountType => true,
        }
    }

    /// What a refusal calls it.
    const fn field(self) -> &'static str {
        match self {
            Self::Topic => "topic",
            Self::LifecycleStage => "lifecycleStage",
            Self::DealStage => "dealStage",
            Self::Region => "region",
            Self::Language => "language",
            Self::Product => "product",
            Self::Intent => "intent",
            Self::AccountTier => "accountTier",
            Self::AccountType => "accountType",
        }
    }
}

/// Details, or a change of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Details {
    /// What it is about, e.g. pricing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub topic: Option<String>,
    /// How far the customer is with us, e.g. lead, customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub lifecycle_stage: Option<String>,
    /// How far the deal is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub deal_stage: Option<String>,
    /// Where the customer is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub region: Option<String>,
    /// What the customer writes, as a code (ISO 639-1, e.g. de) where Baton found it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub language: Option<String>,
    /// What they want to buy, or have.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub product: Option<String>,
    /// What they are up to, e.g. buying, comparing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub intent: Option<String>,
    /// How much weight the customer's company has with us, e.g. gold.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub account_tier: Option<String>,
    /// What the customer's company is to us, e.g. customer, partner.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub account_type: Option<String>,
    /// Fields of the team's own, by name. Names are the same whatever their case.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[ts(optional, as = "Option<BTreeMap<String, String>>")]
    pub custom: BTreeMap<String, String>,
}

impl Details {
    /// One detail alone.
    #[must_use]
    pub fn one(detail: Detail, text: &str) -> Self {
        let mut details = Self::default();
        *details.slot(detail) = Some(text.to_owned());
        details
    }

    /// One field of the team's own alone.
    #[must_use]
    pub fn one_custom(name: &str, text: &str) -> Self {
        Self {
            custom: [(name.to_owned(), text.to_owned())].into(),
            ..Self::default()
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What one says.
    #[must_use]
    pub fn get(&self, detail: Detail) -> Option<&str> {
        match detail {
            Detail::Topic => &self.topic,
            Detail::LifecycleStage => &self.lifecycle_stage,
            Detail::DealStage => &self.deal_stage,
            Detail::Region => &self.region,
            Detail::Language => &self.language,
            Detail::Product => &self.product,
            Detail::Intent => &self.intent,
            Detail::AccountTier => &self.account_tier,
            Detail::AccountType => &self.account_type,
        }
        .as_deref()
    }

    /// What a field of the team's own says, however its name is written.
    #[must_use]
    pub fn custom(&self, name: &str) -> Option<&str> {
        let spelt = self.spelt(name)?;
        self.custom.get(&spelt).map(String::as_str)
    }

    const fn slot(&mut self, detail: Detail) -> &mut Option<String> {
        match detail {
            Detail::Topic => &mut self.topic,
            Detail::LifecycleStage => &mut self.lifecycle_stage,
            Detail::DealStage => &mut self.deal_stage,
            Detail::Region => &mut self.region,
            Detail::Language => &mut self.language,
            Detail::Product => &mut self.product,
            Detail::Intent => &mut self.intent,
            Detail::AccountTier => &mut self.account_tier,
            Detail::AccountType => &mut self.account_type,
        }
    }

    /// How a field of the team's own is written here.
    fn spelt(&self, name: &str) -> Option<String> {
        if self.custom.contains_key(name) {
            return Some(name.to_owned());
        }
        let wanted = folded(name);
        self.custom.keys().find(|known| folded(known) == wanted).cloned()
    }

    fn put_custom(&mut self, name: &str, text: &str) {
        let name = self.spelt(name).unwrap_or_else(|| name.to_owned());
        if text.is_empty() {
            self.custom.remove(&name);
        } else if self.custom.len() < MOST_CUSTOM || self.custom.contains_key(&name) {
            self.custom.insert(name, text.to_owned());
        }
    }

    /// Folds a change in.
    pub(crate) fn apply(&mut self, change: &Self) {
        for detail in Detail::ALL {
            if let Some(text) = change.get(detail) {
                *self.slot(detail) = (!text.is_empty()).then(|| text.to_owned());
            }
        }
        for (name, text) in &change.custom {
            self.put_custom(name, text);
        }
    }

    /// What of `wanted` is a change here: tidied, and without what is so already.
    ///
    /// # Errors
    /// A name or text that is too long, a name that is empty, or more fields than there may be.
    pub(crate) fn changed_by(&self, wanted: &Self) -> Result<Self, Refusal> {
        let refused = |field: &str, why| {
            Err(Refusal::Invalid {
                field: field.to_owned(),
                why,
            })
        };
        let mut change = Self::default();
        for detail in Detail::ALL {
            let Some(text) = wanted.get(detail).map(str::trim) else {
                continue;
            };
            if text.chars().count() > DETAIL_CHARS {
                return refused(detail.field(), Invalid::TooLong);
            }
            if text != self.get(detail).unwrap_or_default() {
                *change.slot(detail) = Some(text.to_owned());
            }
        }
        let mut after = self.clone();
        for (name, text) in &wanted.custom {
            let (name, text) = (name.trim(), text.trim());
            if name.is_empty() {
                return refused("custom", Invalid::Empty);
            }
            if name.chars().count() > NAME_CHARS || text.chars().count() > DETAIL_CHARS {
                return refused("custom", Invalid::TooLong);
            }
            if text != self.custom(name).unwrap_or_default() {
                after.put_custom(name, text);
                if after.custom(name).unwrap_or_default() != text {
                    return refused("custom", Invalid::TooMany);
                }
                change.custom.insert(name.to_owned(), text.to_owned());
            }
        }
        Ok(change)
    }

    /// The change that puts back what is here in place of what `change` sets.
    #[must_use]
    pub fn back_from(&self, change: &Self) -> Self {
        let mut back = Self::default();
        for detail in Detail::ALL {
            if change.get(detail).is_some() {
                *back.slot(detail) = Some(self.get(detail).unwrap_or_default().to_owned());
            }
        }
        for name in change.custom.keys() {
            let text = self.custom(name).unwrap_or_default().to_owned();
            back.custom
                .insert(self.spelt(name).unwrap_or_else(|| name.clone()), text);
        }
        back
    }

    /// Those that are the customer's, whatever they write about.
    #[must_use]
    pub(crate) fn of_the_customer(&self) -> Self {
        let mut theirs = Self::default();
        for detail in Detail::ALL.into_iter().filter(|detail| detail.of_the_customer()) {
            *theirs.slot(detail) = self.get(detail).map(str::to_owned);
        }
        theirs
    }

    /// Those that `known` does not say.
    #[must_use]
    pub(crate) fn beside(mut self, known: &Self) -> Self {
        for detail in Detail::ALL {
            if known.get(detail).is_some() {
                *self.slot(detail) = None;
            }
        }
        self
    }

    /// Takes over what another conversation says, where nothing is said here.
    pub(crate) fn take_in(&mut self, part: &Self) {
        for detail in Detail::ALL {
            if self.get(detail).is_none() {
                *self.slot(detail) = part.get(detail).map(str::to_owned);
            }
        }
        for (name, text) in &part.custom {
            if self.custom(name).is_none() {
                self.put_custom(name, text);
            }
        }
    }

    /// Takes away what `part` brought, where it still stands and there was nothing without it.
    pub(crate) fn put_out(&mut self, part: &Self, without: &Self) {
        for detail in Detail::ALL {
            let brought = without.get(detail).is_none() && part.get(detail).is_some();
            if brought && self.get(detail) == part.get(detail) {
                *self.slot(detail) = None;
            }
        }
        for (name, text) in &part.custom {
            if without.custom(name).is_none() && self.custom(name) == Some(text) {
                self.put_custom(name, "");
            }
        }
    }

    /// As rules compare them: without regard to case.
    #[must_use]
    pub(crate) fn folded(&self) -> Self {
        let mut all = Self::default();
        for detail in Detail::ALL {
            *all.slot(detail) = self.get(detail).map(folded);
        }
        all.custom = self
            .custom
            .iter()
            .map(|(name, text)| (folded(name), folded(text)))
            .collect();
        all
    }
}

/// A text as it is compared.
pub(crate) fn folded(text: &str) -> String {
    text.trim().to_lowercase()
}
