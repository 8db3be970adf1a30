//! A lead as rules see it.

use std::collections::BTreeSet;

use super::acts::Past;
use super::words::Found;
use super::{Condition, RuleAction, Stayed, WordsIn};
use crate::details::folded;
use crate::{
    AccountId, Category, Company, Conversation, Detail, Details, Direction, InboxId, MemberId, Message, Money, Priority,
};

/// How many characters of what was seen a trace repeats.
const SEEN_CHARS: usize = 120;

/// What rules compare: the facts of a conversation, with what earlier rules have set.
#[derive(Debug, Clone, PartialEq)]
pub struct Lead<'a> {
    /// Where it lies.
    pub inbox: InboxId,
    /// Through which account it came.
    pub account: Option<AccountId>,
    /// The addresses of ours that it came to, in lower case.
    pub addresses: Vec<String>,
    /// Its author's address, in lower case.
    sender: String,
    /// Where its author's domain begins.
    domain_at: usize,
    /// The subject, as written.
    pub subject: &'a str,
    /// The beginning of the text, as written.
    pub text: &'a str,
    /// The subject in lower case.
    pub(super) subject_folded: String,
    /// The text in lower case.
    pub(super) text_folded: String,
    /// Which of the words of the rules that judge it are in it, where that was looked for at once.
    found: Option<Found<'a>>,
    /// What it is.
    pub category: Category,
    /// How urgent.
    pub priority: Priority,
    /// What it may be worth.
    pub value: Option<Money>,
    /// The customer's company, in lower case.
    pub company: Option<String>,
    /// Its labels, in lower case.
    pub tags: BTreeSet<String>,
    /// Its details, in lower case.
    pub details: Details,
    /// Who looks after the customer's company.
    pub account_owner: Option<MemberId>,
    /// Whether they are away, or have left.
    pub owner_away: bool,
    /// Whether its author has written to us before, in another conversation.
    pub returning: bool,
    /// Whether the inbox is at work.
    pub in_hours: bool,
    /// What rules must not do with it again.
    pub(super) past: Past,
}

impl<'a> Lead<'a> {
    /// What rules see of a conversation. `message` is what leads to the routing; without one it is judged by its subject and the newest
    /// message, where that is the customer's.
    #[must_use]
    pub fn of(conversation: &'a Conversation, message: Option<&'a Message>, returning: bool, in_hours: bool) -> Self {
        let newest = || {
            let last = conversation.last_message.as_ref();
            last.filter(|last| last.direction == Direction::Inbound)
                .map_or("", |last| last.preview.as_str())
        };
        let text = message.map_or_else(newest, |message| message.preview.as_str());
        let subject = message
            .map(|message| message.subject.as_str())
            .filter(|subject| !subject.trim().is_empty())
            .unwrap_or(&conversation.subject);
        let sender = folded(&conversation.contact.email);
        let sources = conversation.sources.iter().map(|source| &source.address);
        let aliases = message.into_iter().flat_map(|message| &message.facts.aliases);
        Self {
            inbox: conversation.inbox,
            account: conversation.account,
            addresses: sources.chain(aliases).map(|own| folded(own)).collect(),
            domain_at: sender.rfind('@').map_or(sender.len(), |at| at.saturating_add(1)),
            sender,
            subject,
            text,
            subject_folded: subject.to_lowercase(),
            text_folded: text.to_lowercase(),
            found: None,
            category: conversation.category,
            priority: conversation.priority,
            value: conversation.value.clone(),
            company: conversation.company.as_deref().map(folded),
            tags: conversation.tags.iter().map(|tag| folded(tag)).collect(),
            details: conversation.details.folded(),
            account_owner: None,
            owner_away: false,
            returning,
            in_hours,
            past: Past::of(conversation),
        }
    }

    /// With the inboxes there are, and why no rule may move it just now, if so.
    #[must_use]
    pub fn among(mut self, inboxes: impl IntoIterator<Item = InboxId>, stays: Option<Stayed>) -> Self {
        self.past.inboxes = inboxes.into_iter().collect();
        self.past.stays = stays;
        self
    }

    /// With what is known of the company its author writes for, where nobody has said otherwise; `away` says whether somebody can't look
    /// after it now.
    #[must_use]
    pub fn of_company(mut self, company: Option<&Company>, away: impl FnOnce(MemberId) -> bool) -> Self {
        if let Some(company) = company {
            self.account_owner = company.owner;
            self.owner_away = company.owner.is_some_and(away);
            self.company.get_or_insert_with(|| folded(&company.name));
            self.details.take_in(&company.details().folded());
        }
        self
    }

    /// What rules would have seen when its first message came: nobody had sorted it yet, and of its details only the language can be told.
    #[must_use]
    pub fn as_it_began(conversation: &'a Conversation, first: &'a Message, returning: bool, in_hours: bool) -> Self {
        let language = first.facts.language.as_deref();
        Self {
            category: Category::default(),
            priority: Priority::default(),
            value: None,
            company: None,
            tags: BTreeSet::new(),
            details: language
                .map(|code| Details::one(Detail::Language, code))
                .unwrap_or_default(),
            past: Past::default(),
            ..Self::of(conversation, Some(first), returning, in_hours)
        }
    }

    /// Later rules see what an earlier one has set.
    pub(super) fn set(&mut self, action: &RuleAction) {
        match action {
            RuleAction::SetCategory { category } => self.category = *category,
            RuleAction::SetPriority { priority } => self.priority = *priority,
            RuleAction::SetValue { value } => self.value = Some(value.clone()),
            RuleAction::AddTag { tag } => {
                self.tags.insert(folded(tag));
            }
            RuleAction::SetDetail { detail, text } => self.details.apply(&Details::one(*detail, text).folded()),
            RuleAction::SetCustom { name, text } => self.details.apply(&Details::one_custom(name, text).folded()),
            RuleAction::Assign { .. }
            | RuleAction::Distribute { .. }
            | RuleAction::LeaveUnassigned
            | RuleAction::AddFollower { .. }
            | RuleAction::SetNextStep { .. }
            | RuleAction::Move { .. }
            | RuleAction::Escalate { .. }
            | RuleAction::Notify { .. } => {}
        }
    }

    /// With what was found in it of the words of those rules that are to judge it.
    pub(super) fn with_found<'f>(self, found: Option<Found<'f>>) -> Lead<'f>
    where
        'a: 'f,
    {
        Lead { found, ..self }
    }

    pub(super) fn came_to(&self, address: &str) -> bool {
        self.addresses.iter().any(|own| own == address)
    }

    /// `whom` is an address, or a domain with or without the @ before it.
    pub(super) fn is_from(&self, whom: &str) -> bool {
        let domain = whom.strip_prefix('@').unwrap_or(whom);
        // What has an @ within it is no domain, and equals none.
        let own = self.sender.get(self.domain_at..).unwrap_or_default();
        let below = || own.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
        !domain.is_empty() && (own == domain || below()) || self.sender == whom && domain.contains('@')
    }

    pub(super) fn says(&self, place: WordsIn, word: &str) -> bool {
        let in_subject = || match &self.found {
            Some(found) => found.subject.contains(word),
            None => self.subject_folded.contains(word),
        };
        let in_text = || match &self.found {
            Some(found) => found.text.contains(word),
            None => self.text_folded.contains(word),
        };
        match place {
            WordsIn::Subject => in_subject(),
            WordsIn::Text => in_text(),
            WordsIn::Both => in_subject() || in_text(),
        }
    }

    /// What a condition was compared with, in short; nothing where it has parts, or its own words say it. Ids and words of
    /// enumerations are as the API writes them.
    pub(super) fn seen_by(&self, condition: &Condition) -> String {
        let long = match condition {
            Condition::All { .. } | Condition::Any { .. } | Condition::Not { .. } => String::new(),
            Condition::Inbox { .. } => self.inbox.to_string(),
            Condition::Account { .. } => self.account.map(|id| id.to_string()).unwrap_or_default(),
            Condition::Address { .. } => self.addresses.join(", "),
            Condition::Sender { .. } => self.sender.clone(),
            Condition::Words { place, .. } => match place {
                WordsIn::Subject => self.subject.to_owned(),
                WordsIn::Text => self.text.to_owned(),
                WordsIn::Both => [self.subject, self.text].join(" · "),
            },
            Condition::Category { .. } => word(&self.category),
            Condition::PriorityFrom { .. } => word(&self.priority),
            Condition::ValueFrom { .. } => self.value.as_ref().map(amount).unwrap_or_default(),
            Condition::Company { .. } => self.company.clone().unwrap_or_default(),
            Condition::Tag { .. } => self.tags.iter().map(String::as_str).collect::<Vec<_>>().join(", "),
            Condition::AccountOwner { .. } => self.account_owner.map(|id| id.to_string()).unwrap_or_default(),
            Condition::Detail { detail, .. } => self.details.get(*detail).unwrap_or_default().to_owned(),
            Condition::Custom { name, .. } => self.details.custom(name).unwrap_or_default().to_owned(),
            Condition::AccountOwnerAway => self.account_owner.map(|id| id.to_string()).unwrap_or_default(),
            Condition::Returning | Condition::BusinessHours => String::new(),
        };
        long.chars().take(SEEN_CHARS).collect()
    }
}

/// An amount with its currency: a figure for people, whatever their language.
fn amount(value: &Money) -> String {
    let (whole, rest) = (value.cents / 100, (value.cents % 100).abs());
    if rest == 0 {
        format!("{whole} {}", value.currency)
    } else {
        format!("{whole}.{rest:02} {}", value.currency)
    }
}

fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}
