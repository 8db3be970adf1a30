//! What can't stand any longer once somebody lost a right, left, or an account stopped sending.
//!
//! No text is lost with them: what somebody wrote and did not send becomes a note to whoever goes on, where they may not read it
//! any more themselves.
//!
//! It is judged in the commit that changes the document: there is no moment in which somebody without the right to reply
//! holds a lock, a reply of theirs waits to leave, or a lead belongs to somebody who can't work on it.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::outbound::{cancelled, not_by_owner};
use super::{clocks, collect, escalating};
use crate::evolve::apply;
use crate::permission::grants;
use crate::{
    Account, AccountId, AccountMode, Actor, CancelReason, Capability, Cause, Context, Conversation, DraftId, DraftText,
    Event, HandoffEnd, Inbox, LockEnd, Member, MemberId, MessageId, Outbound, OutboundState, OwnerChange, Refusal,
    SavedDraft, Stamp, Status, Timestamp,
};

/// The documents a conversation stands on.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    /// The sequencer's time.
    pub now: Timestamp,
    /// The inbox.
    pub inbox: &'a Inbox,
    /// Everybody.
    pub members: &'a BTreeMap<MemberId, Member>,
    /// The channel accounts.
    pub accounts: &'a BTreeMap<AccountId, Account>,
}

impl<'a> Context<'a> {
    /// The documents alone.
    #[must_use]
    pub const fn standing(&self) -> Standing<'a> {
        Standing {
            now: self.now,
            inbox: self.inbox,
            members: self.members,
            accounts: self.accounts,
        }
    }
}

impl Standing<'_> {
    /// Whether `member` has a capability here.
    #[must_use]
    pub fn may(&self, member: MemberId, capability: Capability) -> bool {
        self.members
            .get(&member)
            .is_some_and(|member| grants(&self.inbox.capabilities_of(member), capability))
    }

    /// Whether `member` is here and may work: only then a lead that lost its owner can go to them.
    #[must_use]
    pub fn can_take(&self, member: MemberId) -> bool {
        let here = self
            .members
            .get(&member)
            .is_some_and(|member| member.available(self.now));
        here && self.may(member, Capability::Work)
    }

    /// A text of somebody who can't read it any more, as a note to those who can. `source` is the draft's id, or the reply's.
    pub(super) fn unsent(&self, source: Uuid, by: MemberId, text: &DraftText) -> Option<Event> {
        let words = text.text.trim();
        let files = text.files.iter().map(|file| file.name.as_str());
        let lines: Vec<&str> = Some(words)
            .filter(|words| !words.is_empty())
            .into_iter()
            .chain(files)
            .collect();
        // What nobody wrote is nobody's draft.
        let lost = !lines.is_empty() && !by.0.is_nil() && !self.may(by, Capability::Read);
        lost.then(|| Event::NoteAdded {
            note: MessageId::derive(source, "unsent"),
            text: lines.join("\n"),
            mentions: Vec::new(),
            suggestion: false,
            unsent_by: Some(by),
        })
    }

    /// Why a reply that waits must not leave; `None` where it may.
    #[must_use]
    pub fn stops(&self, outbound: &Outbound) -> Option<CancelReason> {
        let sends = self
            .accounts
            .get(&outbound.account)
            .is_some_and(|account| account.mode != AccountMode::Watch);
        if outbound.automatic.is_none() && !self.may(outbound.by, Capability::SendOnBehalf) {
            Some(CancelReason::NotPermitted)
        } else if sends {
            None
        } else {
            Some(CancelReason::NotSending)
        }
    }

    /// The same, as a refusal at the fence.
    pub(super) fn may_leave(&self, outbound: &Outbound) -> Result<(), Refusal> {
        match self.stops(outbound) {
            None => Ok(()),
            Some(CancelReason::NotSending) => Err(super::invalid("account", crate::Invalid::Watched)),
            Some(_) => Err(Refusal::NotPermitted {
                needs: Capability::SendOnBehalf,
                inbox: Some(self.inbox.id),
            }),
        }
    }
}

/// What ends in a conversation because the documents it stands on have changed: replies that have not passed the fence, the
/// reply lock, and the ownership of somebody who can't work here any more. Nothing, where all of it still stands.
#[must_use]
pub fn no_longer_stands(state: &Conversation, standing: Standing<'_>) -> Vec<Event> {
    let mut now = state.clone();
    let mut events = Vec::new();
    let mut happen = |now: &mut Conversation, more: Vec<Event>| {
        for event in more {
            apply(now, stamp(state, standing), &event);
            events.push(event);
        }
    };
    // The newest first: each puts back what was before it.
    for outbound in state.outbound.iter().rev() {
        if outbound.state == OutboundState::Queued
            && let Some(why) = standing.stops(outbound)
        {
            let mut more = cancelled(&now, outbound.id, why);
            more.extend(standing.unsent(outbound.id.0, outbound.by, &outbound.draft));
            happen(&mut now, more);
        }
    }
    let unlocked = now
        .lock
        .as_ref()
        .filter(|lock| !standing.may(lock.member, Capability::SendOnBehalf))
        .map(|_| Event::LockReleased {
            why: LockEnd::NotPermitted,
        });
    happen(&mut now, unlocked.into_iter().collect());
    let more = ownerless(&now, standing);
    happen(&mut now, more);
    let others: Vec<MessageId> = now
        .outbound
        .iter()
        .filter(|outbound| {
            now.owner
                .is_some_and(|owner| Some(owner) != state.owner && not_by_owner(outbound, owner, standing.inbox))
        })
        .map(|outbound| outbound.id)
        .collect();
    for id in others {
        let more = cancelled(&now, id, CancelReason::OwnerChanged);
        happen(&mut now, more);
    }
    // A lead back in the queue is to have an owner again in time.
    let stamp = stamp(state, standing);
    let events = clocks::beside(Some(state), None, events, stamp, standing.inbox);
    escalating::beside(Some(state), events, stamp, standing)
}

/// Drafts in a conversation whose authors can't read it any more: which, and the note that each becomes. An empty one becomes
/// nothing.
#[must_use]
pub fn left_behind<'a>(
    drafts: impl IntoIterator<Item = &'a SavedDraft>,
    standing: Standing<'_>,
) -> Vec<(DraftId, Option<Event>)> {
    drafts
        .into_iter()
        .filter(|draft| !standing.may(draft.member, Capability::Read))
        .map(|draft| (draft.id, standing.unsent(draft.id.0, draft.member, &draft.text)))
        .collect()
}

/// A lead whose owner can't work on it goes to whoever stands in for them, or back to the queue: it never stays with nobody
/// looking.
fn ownerless(state: &Conversation, standing: Standing<'_>) -> Vec<Event> {
    let Some(owner) = state
        .owner
        .filter(|owner| !state.status.is_over() && !standing.may(*owner, Capability::Work))
    else {
        return Vec::new();
    };
    let backup = standing
        .members
        .get(&owner)
        .and_then(|member| member.backup)
        .filter(|backup| standing.can_take(*backup));
    let queued = backup.is_none() && state.status != Status::New;
    collect([
        state.handoff.as_ref().map(|_| Event::HandoffEnded {
            how: HandoffEnd::Withdrawn,
            reason: None,
        }),
        Some(Event::OwnerChanged {
            owner: backup,
            how: OwnerChange::Left,
            context: None,
        }),
        queued.then_some(Event::StatusChanged {
            status: Status::New,
            cause: Cause::Ownership,
        }),
    ])
}

/// For judging what follows from the first of these events; what they are appended with is the log's.
const fn stamp(state: &Conversation, standing: Standing<'_>) -> Stamp {
    Stamp {
        number: 0,
        at: standing.now,
        actor: Actor::Operator,
        conversation: state.id,
    }
}
