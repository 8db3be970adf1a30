//! Escalation (O8): what is late, or worth somebody's look, is asked of people one after the other until one of them says *I have it*.
//!
//! An inbox's [`EscalationPath`] says whom, and how long each may take to answer. An [`Escalation`] is a path at work in a conversation. It
//! begins with a breach, by hand, or before a lead of weight would close by itself; it waits for an acknowledgement, not for delivery; and
//! it changes no owner: whoever has it follows the conversation and sees to it. What begins and ends it is decided in
//! `decide::escalating`.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{ClockKind, Conversation, Event, MINUTE_MS, MemberId, MessageId, RuleId, Stamp, Target, Timestamp};

/// How many steps a path may have, and how many people one of them may name.
const MOST_STEPS: usize = 10;
const MOST_NAMED: usize = 50;
/// The longest time a step may wait: a month.
const LONGEST_MS: i64 = 31 * crate::DAY_MS;

/// Whom a step asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum EscalationAsk {
    /// Whoever leads the inbox. Admins only where nobody else does, or nobody else is there.
    Managers,
    /// Whoever is on call just then, or who stands in for them while they are away.
    OnCall,
    /// These people, all at once.
    Members {
        /// Who.
        members: Vec<MemberId>,
    },
}

/// A step of a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EscalationStep {
    /// Whom it asks.
    pub ask: EscalationAsk,
    /// How long they may take before the next is asked.
    pub within: Target,
}

/// Whom an inbox asks, in order. After the last step, and where there is none, it is asked of whoever leads the inbox, and stays there.
///
/// It is part of the inbox's document and counts its versions with it. One that runs keeps whom it asked and until when; a change
/// holds from its next step on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EscalationPath {
    /// In order.
    pub steps: Vec<EscalationStep>,
}

impl EscalationPath {
    /// Whether it can be kept: at most ten steps, each with somebody to ask and between a minute and a month to answer.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let sound = |step: &EscalationStep| {
            let asks = match &step.ask {
                EscalationAsk::Managers | EscalationAsk::OnCall => true,
                EscalationAsk::Members { members } => (1..=MOST_NAMED).contains(&members.len()),
            };
            asks && (MINUTE_MS..=LONGEST_MS).contains(&step.within.length_ms)
        };
        self.steps.len() <= MOST_STEPS && self.steps.iter().all(sound)
    }

    /// Everybody it names.
    pub fn named(&self) -> impl Iterator<Item = MemberId> + '_ {
        let named = |step: &'_ EscalationStep| match &step.ask {
            EscalationAsk::Managers | EscalationAsk::OnCall => Vec::new(),
            EscalationAsk::Members { members } => members.clone(),
        };
        self.steps.iter().flat_map(named)
    }
}

/// Why somebody is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum EscalationReason {
    /// A clock's deadline came before what it waits for.
    Late {
        /// Which.
        clock: ClockKind,
    },
    /// Somebody asked for it.
    ByHand {
        /// Who.
        by: MemberId,
        /// Why, in words.
        words: String,
    },
    /// A routing rule says so.
    ByRule {
        /// Which.
        rule: RuleId,
        /// What it is called.
        name: String,
        /// Why, in words.
        words: String,
    },
    /// Its cadence is over, and it weighs too much to be closed by itself.
    BeforeClosing,
}

/// Somebody said that they have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Acknowledged {
    /// Who.
    pub by: MemberId,
    /// When.
    pub at: Timestamp,
}

/// How an escalation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum EscalationEnd {
    /// The customer got an answer.
    Answered,
    /// Somebody owns it now.
    Taken,
    /// Somebody said what becomes of it instead of closing.
    Decided,
    /// It is over.
    Closed,
    /// It was not late after all, or nothing is owed any more.
    NotNeeded,
}

/// A path at work in a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Escalation {
    /// Why.
    pub reason: EscalationReason,
    /// Since when.
    pub since: Timestamp,
    /// Which step of the path asks now, from 0; as many as the path has steps once it is at its end.
    pub step: u32,
    /// Who is asked. Nobody, where there is nobody to ask: an exception for everybody who looks.
    pub asked: BTreeSet<MemberId>,
    /// Who was asked before and did not say a word. They still can.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    #[ts(as = "Option<BTreeSet<MemberId>>", optional)]
    pub passed: BTreeSet<MemberId>,
    /// Until when they may answer before it is passed on; `None` where it stays with them.
    pub until: Option<Timestamp>,
    /// Who has it.
    pub acknowledged: Option<Acknowledged>,
}

impl Escalation {
    /// Whether it waits for somebody to say that they have it.
    #[must_use]
    pub const fn waits(&self) -> bool {
        self.acknowledged.is_none()
    }

    /// Whether `member` is asked just now.
    #[must_use]
    pub fn asks(&self, member: MemberId) -> bool {
        self.waits() && self.asked.contains(&member)
    }

    /// Whether `member` was asked, now or before.
    #[must_use]
    pub fn has_asked(&self, member: MemberId) -> bool {
        self.asked.contains(&member) || self.passed.contains(&member)
    }

    /// When it is passed on, if nobody answers.
    #[must_use]
    pub fn lapses(&self) -> Option<Timestamp> {
        self.until.filter(|_| self.waits())
    }
}

/// What an event does to the escalation of a state it was folded into already.
pub(crate) fn fold(state: &mut Conversation, stamp: Stamp, event: &Event) {
    match event {
        Event::Escalated {
            reason,
            step,
            asked,
            until,
        } => {
            state.escalation = Some(Escalation {
                reason: reason.clone(),
                since: stamp.at,
                step: *step,
                asked: asked.clone(),
                passed: BTreeSet::new(),
                until: *until,
                acknowledged: None,
            });
        }
        Event::EscalationPassedOn { step, asked, until, .. } => {
            if let Some(escalation) = &mut state.escalation {
                escalation.passed.append(&mut escalation.asked);
                escalation.passed.retain(|member| !asked.contains(member));
                escalation.asked.clone_from(asked);
                (escalation.step, escalation.until) = (*step, *until);
            }
        }
        Event::EscalationAcknowledged { by } => {
            if let Some(escalation) = &mut state.escalation {
                escalation.acknowledged = Some(Acknowledged { by: *by, at: stamp.at });
            }
        }
        Event::EscalationEnded { reply, .. } => {
            let ended = state.escalation.take();
            if let Some(provisional) = state.provisional.as_mut().filter(|one| Some(one.outbound) == *reply) {
                provisional.escalation = ended;
            }
        }
        _ => {}
    }
}

/// A reply did not leave: what it had ended goes on as it was.
pub(crate) fn restore(state: &mut Conversation, ended: Option<Escalation>) {
    if state.escalation.is_none() {
        state.escalation = ended;
    }
}

/// The reply that a decision let count, if it did.
pub(crate) fn counted_between(before: Option<&Conversation>, after: &Conversation) -> Option<MessageId> {
    let reply = |state: &Conversation| state.provisional.as_ref().map(|provisional| provisional.outbound);
    reply(after).filter(|id| before.and_then(reply) != Some(*id))
}
