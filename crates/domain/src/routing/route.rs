//! Evaluating a rule set.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::acts::NAMED;
use super::assign::Given;
use super::{
    Asked, DistributeBy, Lead, RouteStep, RouteStepKind, RouteTrace, Routing, RuleAct, RuleAction, RuleSet, Staff,
};
use crate::{
    Capability, Category, Cause, Conversation, Details, Event, FollowUp, FollowUpKind, InboxId, MemberId, NextStep,
    RuleId, Standing,
};

/// What the rules decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routed {
    /// Who gets it, and why.
    pub routing: Routing,
    /// What else is to be set, in the order of the rules.
    pub changes: Vec<RuleAction>,
    /// What else they ask for.
    pub asked: Vec<Asked>,
}

/// What rules would do with a lead while everybody is there and has room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// Where they send it.
    pub destination: Destination,
    /// The rule that says so first: that it goes to another inbox, or to whom.
    pub rule: Option<RuleId>,
    /// Whether one has it escalated.
    pub escalates: bool,
    /// Whether one tells people of it.
    pub tells: bool,
}

/// Where rules send a lead, as far as it does not depend on who is there: what rehearsals compare.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[schema(no_recursion)]
pub enum Destination {
    /// No rule says anything about its owner.
    NoRule,
    /// A rule leaves it in the queue.
    Queue,
    /// A rule gives it to a member.
    Member {
        /// Whom.
        member: MemberId,
    },
    /// A rule gives it to one of its pool.
    Pool {
        /// How they take turns.
        by: DistributeBy,
        /// Who they are.
        members: Vec<MemberId>,
    },
    /// A rule moves it to another inbox.
    Inbox {
        /// Which.
        inbox: InboxId,
        /// Where the rules send it there.
        then: Box<Self>,
    },
}

impl RuleSet {
    /// Judges a lead: every rule in force in order, until one stops. The first that finds an owner, says that there shall be none, or
    /// moves it to another inbox decides about that; what is set adds up. A move ends the evaluation, and one that can't be done is none:
    /// its rule stops nothing then.
    #[must_use]
    pub fn route(&self, version: u32, mut lead: Lead<'_>, staff: &Staff<'_>) -> Routed {
        let mut trace = RouteTrace::default();
        let mut changes = Vec::new();
        // The newest rule that spoke of an owner, and whom it found.
        let mut spoke: Option<(RuleId, Option<Given>)> = None;
        let mut settled = false;
        let mut asked = Vec::new();
        let mut moved: Option<(RuleId, InboxId)> = None;
        for rule in self.rules.iter().filter(|rule| rule.enabled) {
            let matched = rule.when.holds(&lead);
            trace.looked_at(rule, &lead, matched);
            if !matched {
                continue;
            }
            let mut stays = false;
            for action in &rule.then {
                match action {
                    RuleAction::Assign { .. }
                    | RuleAction::Distribute { .. }
                    | RuleAction::LeaveUnassigned
                    | RuleAction::Move { .. }
                        if settled => {}
                    RuleAction::Move { to } => {
                        let (rule, to) = (rule.id, *to);
                        match lead.past.stays(lead.inbox, to) {
                            Some(why) => {
                                stays = true;
                                trace.act(RuleAct::Stayed { rule, to, why });
                            }
                            None => {
                                moved = Some((rule, to));
                                trace.act(RuleAct::Moved { rule, to });
                            }
                        }
                    }
                    RuleAction::Escalate { words } => {
                        let anew = lead.past.escalates(rule.id);
                        trace.act(RuleAct::Escalated { rule: rule.id, anew });
                        asked.extend(anew.then(|| Asked::Escalate {
                            rule: rule.id,
                            name: rule.name.clone(),
                            words: words.clone(),
                        }));
                    }
                    RuleAction::Notify { members } => {
                        let anew = lead.past.tells(rule.id);
                        let members: BTreeSet<MemberId> = members.iter().copied().collect();
                        trace.act(RuleAct::Told {
                            rule: rule.id,
                            members: members.iter().copied().take(NAMED).collect(),
                            anew,
                        });
                        asked.extend(anew.then(|| Asked::Tell {
                            rule: rule.id,
                            name: rule.name.clone(),
                            members,
                        }));
                    }
                    RuleAction::Assign { to } => {
                        let given = staff.named(*to, &mut trace);
                        spoke = Some((rule.id, given));
                        settled = given.is_some();
                    }
                    RuleAction::Distribute { by, pool } => {
                        let given = staff.distributed(rule.id, *by, pool, &mut trace);
                        spoke = Some((rule.id, given));
                        settled = given.is_some();
                    }
                    RuleAction::LeaveUnassigned => {
                        spoke = Some((rule.id, None));
                        settled = true;
                    }
                    RuleAction::SetCategory { .. }
                    | RuleAction::SetPriority { .. }
                    | RuleAction::SetValue { .. }
                    | RuleAction::AddTag { .. }
                    | RuleAction::SetDetail { .. }
                    | RuleAction::SetCustom { .. }
                    | RuleAction::AddFollower { .. }
                    | RuleAction::SetNextStep { .. } => {
                        lead.set(action);
                        changes.push(action.clone());
                    }
                }
            }
            if moved.is_some() || rule.stops() && !stays {
                break;
            }
        }
        if let Some((rule, to)) = moved {
            let routing = Routing {
                version,
                rule: Some(rule),
                owner: None,
                turn: false,
                moved_to: Some(to),
                trace,
            };
            return Routed {
                routing,
                changes,
                asked,
            };
        }
        // What a customer we have wants besides is theirs who look after that customer, where no rule says otherwise.
        let by_default = spoke.is_none() && lead.category == Category::Expansion;
        let given = match spoke {
            Some((_, given)) => given,
            None if by_default => staff.looked_after(&mut trace),
            None => None,
        };
        if given.is_none() {
            trace.step(RouteStep {
                kind: RouteStepKind::Queue,
                member: None,
                stands_in_for: None,
                passed_over: None,
            });
        }
        let routing = Routing {
            version,
            rule: spoke.map(|(rule, _)| rule),
            owner: given.map(|given| given.to),
            turn: given.is_some_and(|given| given.turn),
            moved_to: None,
            trace,
        };
        Routed {
            routing,
            changes,
            asked,
        }
    }

    /// Where the rules send a lead while everybody is there and has room, which of them says so, and what else they do with it. Whoever
    /// looks after the customer's company comes before a pool. `there` says of an inbox whether it is at work, and nothing of one that
    /// there is not.
    #[must_use]
    pub fn destination(&self, mut lead: Lead<'_>, mut there: impl FnMut(InboxId) -> Option<bool>) -> Judged {
        let mut moved: Option<(RuleId, InboxId)> = None;
        let mut sent: Option<(RuleId, Destination)> = None;
        let (mut escalates, mut tells) = (false, false);
        'inbox: loop {
            for rule in self.rules.iter().filter(|rule| rule.enabled) {
                if !rule.when.holds(&lead) {
                    continue;
                }
                let (mut goes, mut stays) = (None, false);
                for action in &rule.then {
                    match action {
                        RuleAction::Move { to } if sent.is_none() => {
                            let may = moved.is_none() && lead.inbox != *to;
                            goes = Some(*to).filter(|_| may).and_then(|to| Some((to, there(to)?)));
                            stays = goes.is_none();
                        }
                        RuleAction::Escalate { .. } => escalates = true,
                        RuleAction::Notify { .. } => tells = true,
                        _ => {}
                    }
                    if let Some(destination) = sends(action).filter(|_| sent.is_none()) {
                        let owner = looked_after(&lead).filter(|_| matches!(destination, Destination::Pool { .. }));
                        sent = Some((rule.id, owner.unwrap_or(destination)));
                    }
                    lead.set(action);
                }
                if let Some((to, in_hours)) = goes {
                    (lead.inbox, lead.in_hours) = (to, in_hours);
                    moved = Some((rule.id, to));
                    continue 'inbox;
                }
                if rule.stops() && !stays {
                    break;
                }
            }
            break;
        }
        let (rule, destination) = match sent {
            Some((rule, destination)) => (Some(rule), destination),
            None => {
                let owner = looked_after(&lead).filter(|_| lead.category == Category::Expansion);
                (None, owner.unwrap_or(Destination::NoRule))
            }
        };
        let (rule, destination) = match moved {
            Some((rule, inbox)) => {
                let then = Box::new(destination);
                (Some(rule), Destination::Inbox { inbox, then })
            }
            None => (rule, destination),
        };
        Judged {
            destination,
            rule,
            escalates,
            tells,
        }
    }
}

/// To whoever looks after the customer's company, while they are there.
fn looked_after(lead: &Lead<'_>) -> Option<Destination> {
    let owner = lead.account_owner.filter(|_| !lead.owner_away);
    owner.map(|member| Destination::Member { member })
}

fn sends(action: &RuleAction) -> Option<Destination> {
    match action {
        RuleAction::Assign { to } => Some(Destination::Member { member: *to }),
        RuleAction::Distribute { by, pool } => Some(Destination::Pool {
            by: *by,
            members: pool.iter().map(|one| one.member).collect(),
        }),
        RuleAction::LeaveUnassigned => Some(Destination::Queue),
        _ => None,
    }
}

/// What the changes of rules are in the log. What is so already is not said again.
impl Routed {
    /// The events that set what the rules set, on a lead as it is now. Nobody follows what they may not read, and what a person said of
    /// the next step stays.
    #[must_use]
    pub fn changes_to(&self, conversation: &Conversation, standing: Standing<'_>) -> Vec<Event> {
        let (mut category, mut priority, mut value) = (None, None, None);
        let mut details = Details::default();
        let mut tags: Vec<&String> = Vec::new();
        let mut followers: Vec<MemberId> = Vec::new();
        let mut step: Option<(&str, Option<u8>)> = None;
        for change in &self.changes {
            match change {
                RuleAction::SetCategory { category: to } => category = Some(*to),
                RuleAction::SetPriority { priority: to } => priority = Some(*to),
                RuleAction::SetValue { value: to } => value = Some(to.clone()),
                RuleAction::AddTag { tag } if !conversation.tags.contains(tag) && !tags.contains(&tag) => {
                    tags.push(tag)
                }
                RuleAction::SetDetail { detail, text } => details.apply(&Details::one(*detail, text)),
                RuleAction::SetCustom { name, text } => details.apply(&Details::one_custom(name, text)),
                RuleAction::AddFollower { member }
                    if !conversation.followers.contains(member)
                        && !followers.contains(member)
                        && standing.may(*member, Capability::Read) =>
                {
                    followers.push(*member);
                }
                RuleAction::SetNextStep { text, in_days } => step = Some((text.as_str(), *in_days)),
                _ => {}
            }
        }
        category = category.filter(|to| *to != conversation.category);
        priority = priority.filter(|to| *to != conversation.priority);
        value = value.filter(|to| conversation.value.as_ref() != Some(to));
        // The set was judged: all that can be wrong is that there is no room for more fields of the team's own.
        let changed = conversation.details.changed_by(&details).or_else(|_| {
            details.custom.clear();
            conversation.details.changed_by(&details)
        });
        let details = Box::new(changed.unwrap_or_default());
        let any = category.is_some() || priority.is_some() || value.is_some() || !details.is_empty();
        let fields = any.then_some(Event::FieldsChanged {
            category,
            priority,
            value,
            company: None,
            subject: None,
            details,
        });
        fields
            .into_iter()
            .chain(tags.into_iter().map(|tag| Event::Tagged { tag: tag.clone() }))
            .chain(followers.into_iter().map(|member| Event::Followed { member }))
            .chain(
                step.into_iter()
                    .flat_map(|(text, in_days)| next(conversation, text, in_days, standing)),
            )
            .collect()
    }
}

/// A next step that a rule sets, with its date.
fn next(conversation: &Conversation, text: &str, in_days: Option<u8>, standing: Standing<'_>) -> Vec<Event> {
    let (now, calendar) = (standing.now, &standing.inbox.policy.calendar);
    let step = conversation.next_step.is_none().then(|| Event::NextStepSet {
        step: Some(NextStep {
            text: text.to_owned(),
            by: None,
            at: now,
        }),
        cause: Cause::Rule,
    });
    let days = in_days.filter(|_| conversation.follow_up.is_none());
    let follow_up = days.map(|days| Event::FollowUpSet {
        follow_up: Some(FollowUp {
            due: calendar.add_business_days(now, days),
            kind: FollowUpKind::Chosen,
            text: None,
            by: None,
            zone: None,
            fired: false,
            closes_at: None,
        }),
        cause: Cause::Rule,
    });
    step.into_iter().chain(follow_up).collect()
}
