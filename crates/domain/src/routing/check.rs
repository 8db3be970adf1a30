//! What a rule set may say: bounded, and of people and inboxes that exist.

use std::collections::{BTreeMap, BTreeSet};

use super::{Condition, Rule, RuleAction, RuleSet};
use crate::details::{DETAIL_CHARS, NAME_CHARS as FIELD_CHARS, folded};
use crate::{AccountId, Document, DocumentBody, DocumentId, InboxId, Invalid, Member, MemberId, Refusal, RuleId};

/// How many rules a set has at most.
const RULES: usize = 500;
/// The longest name of a rule, in characters.
const NAME_CHARS: usize = 200;
/// How many conditions a rule consists of at most.
const CONDITIONS: usize = 100;
/// How deep they go at most.
const DEPTH: usize = 5;
/// How many values a condition lists at most.
const VALUES: usize = 200;
/// How many values all conditions of a set list at most: every lead is compared with them while others wait.
const VALUES_IN_ALL: usize = 5000;
/// The longest text a condition compares with, in characters.
const VALUE_CHARS: usize = 200;
/// How many things a rule does at most.
const ACTIONS: usize = 20;
/// How many members a pool has at most.
const POOL: usize = 200;
/// The longest label, in characters.
const TAG_CHARS: usize = 60;
/// The longest reason of an escalation, in characters.
const REASON_CHARS: usize = 2000;
/// How many people a rule tells at most.
const TOLD: usize = 50;
/// The longest next step, in characters.
const STEP_CHARS: usize = 500;
/// In how many business days a next step may be due: about a quarter of a year.
const STEP_DAYS: std::ops::RangeInclusive<u8> = 1..=60;

/// What a rule set is judged by.
#[derive(Debug, Clone, Copy)]
struct House<'a> {
    members: &'a BTreeMap<MemberId, Member>,
    documents: &'a BTreeMap<DocumentId, Document>,
}

impl RuleSet {
    /// The set as it is kept: texts that are compared without regard to case in lower case, without blanks around them, each once.
    #[must_use]
    pub fn tidied(mut self) -> Self {
        for rule in &mut self.rules {
            rule.name = rule.name.trim().to_owned();
            tidy(&mut rule.when);
            for action in &mut rule.then {
                match action {
                    RuleAction::AddTag { tag: text }
                    | RuleAction::SetDetail { text, .. }
                    | RuleAction::SetNextStep { text, .. }
                    | RuleAction::Escalate { words: text } => *text = text.trim().to_owned(),
                    RuleAction::SetCustom { name, text } => {
                        *name = name.trim().to_owned();
                        *text = text.trim().to_owned();
                    }
                    _ => {}
                }
            }
        }
        self
    }

    /// Judges a set that is to follow `before`. Rules that stay as they were are not judged again: that somebody named in one has left
    /// must not keep another from being changed.
    ///
    /// # Errors
    /// What can't be used, by the number of its rule, from 1: `rules.2.name`.
    fn check(&self, before: Option<&Self>, house: House<'_>) -> Result<(), Refusal> {
        if self.rules.len() > RULES {
            return refused("rules", Invalid::TooMany);
        }
        let mut ids: BTreeSet<RuleId> = BTreeSet::new();
        for (rule, number) in self.rules.iter().zip(1_usize..) {
            let at = |part: &str| format!("rules.{number}.{part}");
            if !ids.insert(rule.id) {
                return refused(&at("id"), Invalid::NotNow);
            }
            if before.is_some_and(|before| before.rules.contains(rule)) {
                continue;
            }
            if rule.name.trim().is_empty() {
                return refused(&at("name"), Invalid::Empty);
            }
            if rule.name.chars().count() > NAME_CHARS {
                return refused(&at("name"), Invalid::TooLong);
            }
            // The depth is looked at first: what is within it is walked without fear.
            if rule.when.depth() > DEPTH || rule.when.size() > CONDITIONS {
                return refused(&at("when"), Invalid::TooMany);
            }
            condition(&rule.when, house).or_else(|why| refused(&at("when"), why))?;
            actions(rule, house).or_else(|why| refused(&at("then"), why))?;
        }
        // Only now: what was not judged above was judged before, and is as deep as it may be.
        let values = self.rules.iter().map(|rule| rule.when.values());
        if values.fold(0, usize::saturating_add) > VALUES_IN_ALL {
            return refused("rules", Invalid::TooMany);
        }
        Ok(())
    }
}

/// Judges a draft by the documents as they stand, as putting it in force would.
///
/// # Errors
/// What can't be used.
pub fn check_rules(
    draft: &RuleSet,
    documents: &BTreeMap<DocumentId, Document>,
    members: &BTreeMap<MemberId, Member>,
) -> Result<(), Refusal> {
    let known = documents.get(&RuleSet::document()).map(|known| &known.body);
    let before = match known {
        Some(DocumentBody::Rules(before)) => Some(before),
        _ => None,
    };
    draft.check(before, House { members, documents })
}

fn refused(field: &str, why: Invalid) -> Result<(), Refusal> {
    Err(Refusal::Invalid {
        field: field.to_owned(),
        why,
    })
}

fn tidy(condition: &mut Condition) {
    if let Some(texts) = condition.texts_mut() {
        let mut known = BTreeSet::new();
        let tidied = texts.iter().map(|text| folded(text));
        *texts = tidied.filter(|text| known.insert(text.clone())).collect();
    }
    match condition {
        Condition::All { of } | Condition::Any { of } => of.iter_mut().for_each(tidy),
        Condition::Not { of } => tidy(of),
        Condition::Custom { name, .. } => *name = name.trim().to_owned(),
        Condition::ValueFrom { least } => least.currency = least.currency.trim().to_uppercase(),
        _ => {}
    }
}

fn condition(condition: &Condition, house: House<'_>) -> Result<(), Invalid> {
    let inbox = |id: &InboxId| matches!(body(house, id.0), Some(DocumentBody::Inbox(_)));
    let account = |id: &AccountId| matches!(body(house, id.0), Some(DocumentBody::Account(_)));
    match condition {
        Condition::All { .. } | Condition::Not { .. } | Condition::Returning | Condition::BusinessHours => {}
        Condition::PriorityFrom { .. } | Condition::AccountOwnerAway => {}
        Condition::Any { of } => listed(of)?,
        Condition::AccountOwner { one_of } if one_of.is_empty() => {}
        Condition::AccountOwner { one_of } => known(one_of, |id| house.members.contains_key(id))?,
        Condition::Inbox { one_of } => known(one_of, inbox)?,
        Condition::Account { one_of } => known(one_of, account)?,
        Condition::Category { one_of } => listed(one_of)?,
        Condition::ValueFrom { least } => money(least)?,
        Condition::Address { one_of }
        | Condition::Sender { one_of }
        | Condition::Words { one_of, .. }
        | Condition::Company { one_of }
        | Condition::Tag { one_of } => texts(one_of)?,
        Condition::Detail { one_of, .. } => texts_if_any(one_of)?,
        Condition::Custom { name, one_of } => {
            text(name, FIELD_CHARS)?;
            texts_if_any(one_of)?;
        }
    }
    condition
        .parts()
        .iter()
        .try_for_each(|part| self::condition(part, house))
}

fn body<'a>(house: House<'a>, id: uuid::Uuid) -> Option<&'a DocumentBody> {
    house.documents.get(&DocumentId(id)).map(|document| &document.body)
}

fn listed<T>(list: &[T]) -> Result<(), Invalid> {
    if list.is_empty() {
        Err(Invalid::Empty)
    } else if list.len() > VALUES {
        Err(Invalid::TooMany)
    } else {
        Ok(())
    }
}

fn known<T>(list: &[T], exists: impl Fn(&T) -> bool) -> Result<(), Invalid> {
    listed(list)?;
    if list.iter().all(exists) {
        Ok(())
    } else {
        Err(Invalid::Unknown)
    }
}

fn texts(list: &[String]) -> Result<(), Invalid> {
    listed(list)?;
    if list.iter().any(|text| text.trim().is_empty()) {
        Err(Invalid::Empty)
    } else if list.iter().any(|text| text.chars().count() > VALUE_CHARS) {
        Err(Invalid::TooLong)
    } else {
        Ok(())
    }
}

/// A list that may be empty: then anything will do.
fn texts_if_any(list: &[String]) -> Result<(), Invalid> {
    if list.is_empty() { Ok(()) } else { texts(list) }
}

fn text(text: &str, most: usize) -> Result<(), Invalid> {
    match text.trim().chars().count() {
        0 => Err(Invalid::Empty),
        chars if chars > most => Err(Invalid::TooLong),
        _ => Ok(()),
    }
}

fn money(value: &crate::Money) -> Result<(), Invalid> {
    let currency = value.currency.len() == 3 && value.currency.bytes().all(|byte| byte.is_ascii_uppercase());
    if currency && value.cents >= 0 {
        Ok(())
    } else {
        Err(Invalid::Unknown)
    }
}

fn actions(rule: &Rule, house: House<'_>) -> Result<(), Invalid> {
    if rule.then.is_empty() {
        return Err(Invalid::Empty);
    }
    let assignments = rule.then.iter().filter(|action| action.assigns()).count();
    if rule.then.len() > ACTIONS || assignments > 1 {
        return Err(Invalid::TooMany);
    }
    let escalations = rule
        .then
        .iter()
        .filter(|action| matches!(action, RuleAction::Escalate { .. }));
    let news = rule
        .then
        .iter()
        .filter(|action| matches!(action, RuleAction::Notify { .. }));
    if escalations.count() > 1 || news.count() > 1 {
        return Err(Invalid::TooMany);
    }
    let member = |id: MemberId| house.members.get(&id).is_some_and(|member| member.active);
    rule.then.iter().try_for_each(|action| match action {
        RuleAction::Assign { to } if !member(*to) => Err(Invalid::Unknown),
        RuleAction::Distribute { pool: listed, .. } => {
            let pool: BTreeSet<MemberId> = listed.iter().map(|one| one.member).collect();
            if pool.is_empty() {
                Err(Invalid::Empty)
            } else if pool.len() > POOL || pool.len() < listed.len() {
                Err(Invalid::TooMany)
            } else if !pool.into_iter().all(member) {
                Err(Invalid::Unknown)
            } else if listed.iter().any(|one| one.capacity == Some(0)) {
                Err(Invalid::NotNow)
            } else {
                Ok(())
            }
        }
        RuleAction::Move { to } if !matches!(body(house, to.0), Some(DocumentBody::Inbox(_))) => Err(Invalid::Unknown),
        // What lies in no other inbox would never move.
        RuleAction::Move { to } if lies_only_in(&rule.when, *to) => Err(Invalid::SameInbox),
        RuleAction::Escalate { words } => text(words, REASON_CHARS),
        RuleAction::Notify { members: listed } => {
            let told: BTreeSet<MemberId> = listed.iter().copied().collect();
            if told.is_empty() {
                Err(Invalid::Empty)
            } else if told.len() > TOLD || told.len() < listed.len() {
                Err(Invalid::TooMany)
            } else if !told.into_iter().all(member) {
                Err(Invalid::Unknown)
            } else {
                Ok(())
            }
        }
        RuleAction::SetValue { value } => money(value),
        RuleAction::AddTag { tag } => text(tag, TAG_CHARS),
        RuleAction::SetDetail { text: said, .. } => text(said, DETAIL_CHARS),
        RuleAction::SetCustom { name, text: said } => {
            text(name, FIELD_CHARS)?;
            text(said, DETAIL_CHARS)
        }
        RuleAction::AddFollower { member: who } if !member(*who) => Err(Invalid::Unknown),
        RuleAction::SetNextStep {
            in_days: Some(days), ..
        } if !STEP_DAYS.contains(days) => Err(Invalid::Unknown),
        RuleAction::SetNextStep { text: said, .. } => text(said, STEP_CHARS),
        _ => Ok(()),
    })
}

/// Whether a condition holds only for what lies in that inbox.
fn lies_only_in(condition: &Condition, inbox: InboxId) -> bool {
    match condition {
        Condition::Inbox { one_of } => one_of.iter().all(|one| *one == inbox),
        Condition::All { of } => of.iter().any(|part| lies_only_in(part, inbox)),
        Condition::Any { of } => of.iter().all(|part| lies_only_in(part, inbox)),
        _ => false,
    }
}
