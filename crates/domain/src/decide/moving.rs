//! To another inbox: the conversation goes there with its number and everything in it.
//!
//! It is not left half behind: nobody is replying, and no reply waits to leave. Whoever owns it keeps it where they may work there as
//! well; otherwise it stands in the new inbox like anything new. From then on the new inbox's promises and hours hold for it, counted
//! from when the waiting began.

use std::collections::BTreeMap;

use super::{Case, collect, invalid, routing, workflow};
use crate::evolve::apply;
use crate::permission::grants;
use crate::{
    Account, AccountId, AccountMode, Actor, Capabilities, Capability, Cause, Context, Conversation, Event, Inbox,
    InboxId, Invalid, MemberId, Outbound, OutboundState, OwnerChange, Refusal, Standing, Status, Stayed,
};

impl Case<'_> {
    /// Moves it. `owner`, where given, is to have it there.
    pub(super) fn move_to(&self, to: InboxId, owner: Option<MemberId>) -> Result<Vec<Event>, Refusal> {
        let there = self.context.inboxes.get(&to);
        let there = there.ok_or_else(|| invalid("inbox", Invalid::Unknown))?;
        self.may_move_into(there)?;
        if to == self.state.inbox {
            return Ok(Vec::new());
        }
        self.owner_or_manager()?;
        // What was merged into it goes along, or it stays.
        self.context.parts_of(self.state)?;
        self.nothing_unseen()?;
        self.nobody_replies()?;
        self.nothing_leaves()?;
        let next = match owner {
            Some(owner) => Some(self.can_own_there(owner, there)?),
            None => self
                .state
                .owner
                .filter(|owner| self.there(there).may(*owner, Capability::Work)),
        };
        let mut events = self.withdraw_offer();
        events.extend(self.own_lock_given_back());
        events.push(Event::MovedOut { to });
        events.push(Event::MovedIn {
            from: self.state.inbox,
            account: self.account_in(to),
        });
        events.extend(self.settles_in(there, next));
        Ok(self.routed_there(events, there))
    }

    /// Sees the inbox, and may say there whose something is.
    pub(super) fn may_move_into(&self, there: &Inbox) -> Result<(), Refusal> {
        let held = match self.command.actor {
            Actor::Member { id } => self.context.members.get(&id).map(|me| there.capabilities_of(me)),
            _ => return Ok(()),
        };
        let held = held.unwrap_or_default();
        let lacks = |needs: &Capability| !grants(&held, *needs);
        match [Capability::Read, Capability::Assign].into_iter().find(lacks) {
            None => Ok(()),
            Some(needs) => Err(Refusal::NotPermitted {
                needs,
                inbox: Some(there.id),
            }),
        }
    }

    /// Refuses while a reply waits to leave, is leaving, or may have left.
    pub(super) fn nothing_leaves(&self) -> Result<(), Refusal> {
        leaves_nothing(self.state)
    }

    /// Whoever gets it while moving it may work there; after a reply, somebody who knows what was promised.
    fn can_own_there(&self, owner: MemberId, there: &Inbox) -> Result<MemberId, Refusal> {
        // Whoever has it keeps it although they are away just now.
        let has_it = self.state.owner == Some(owner);
        let there = self.there(there);
        let can = if has_it {
            there.may(owner, Capability::Work)
        } else {
            there.can_take(owner)
        };
        if !can {
            return Err(invalid("owner", Invalid::NotNow));
        }
        let knows = [self.state.owner, self.state.last_owner, self.command.actor.member()].contains(&Some(owner));
        if self.state.replies > 0 && !knows {
            return Err(Refusal::NeedsHandoffContext);
        }
        Ok(owner)
    }

    pub(super) fn there<'b>(&'b self, there: &'b Inbox) -> Standing<'b> {
        Standing {
            inbox: there,
            ..self.context.standing()
        }
    }

    /// What its owner, and whoever owes an answer, can't keep where they may not go along.
    fn settles_in(&self, there: &Inbox, next: Option<MemberId>) -> Vec<Event> {
        if self.state.status.is_over() {
            // It may be opened again, and then somebody has to be able to work on it.
            let lost = next.is_none() && self.state.owner.is_some();
            return collect([lost.then_some(Event::OwnerChanged {
                owner: None,
                how: OwnerChange::Left,
                context: None,
            })]);
        }
        let unowned = next.is_none();
        let gone = |member: MemberId| !self.there(there).may(member, Capability::Read);
        let blocked = self.state.blocked.as_ref();
        let blocked = blocked.filter(|blocked| unowned || blocked.on.is_some_and(gone));
        let mut events = collect([
            (next != self.state.owner).then_some(Event::OwnerChanged {
                owner: next,
                how: if unowned {
                    OwnerChange::Left
                } else {
                    OwnerChange::Assigned
                },
                context: None,
            }),
            // A date somebody else chose hides nothing from those who have never seen it.
            (unowned && self.state.snoozed.is_some()).then_some(Event::Woken {
                cause: Cause::Ownership,
            }),
        ]);
        if blocked.is_some() {
            events.extend(
                self.unblock_events()
                    .into_iter()
                    .filter(|event| !unowned || matches!(event, Event::Unblocked)),
            );
        }
        if unowned {
            events.extend(self.status(Status::New, Cause::Ownership));
        } else if self.state.status == Status::New {
            events.extend(self.status(Status::Assigned, Cause::Ownership));
        }
        events.extend(self.fits_in(there, &events));
        events
    }

    fn account_in(&self, to: InboxId) -> Option<AccountId> {
        account_in(self.state, to, self.context.accounts)
    }

    /// Without an owner it is routed there as anything new.
    fn routed_there(&self, mut events: Vec<Event>, there: &Inbox) -> Vec<Event> {
        let nobody = Capabilities::new();
        let context = Context {
            inbox: there,
            capabilities: &nobody,
            ..self.context.clone()
        };
        let mut after = self.state.clone();
        for event in &events {
            apply(&mut after, super::stamp(self.command, self.context), event);
        }
        if !routing::waits_for_its_first(&after) {
            let stamp = super::stamp(self.command, self.context);
            events.extend(routing::routed(&after, None, stamp, &context, Some(Stayed::Placed)));
        }
        events
    }
}

/// Replies leave from an address of the inbox it lies in: the one the customer wrote to before, else the first. An account that is only
/// watched sends nothing; where there is no other, it keeps its own.
pub(super) fn account_in(
    state: &Conversation,
    to: InboxId,
    accounts: &BTreeMap<AccountId, Account>,
) -> Option<AccountId> {
    let mut there: Vec<_> = accounts
        .values()
        .filter(|account| account.inbox == to && account.mode != AccountMode::Watch)
        .collect();
    there.sort_by_key(|account| account.id);
    let known = |address: &str| {
        let mut sources = state.sources.iter();
        sources.any(|source| source.address.trim().eq_ignore_ascii_case(address.trim()))
    };
    let written_to = there.iter().find(|account| {
        std::iter::once(&account.address)
            .chain(&account.aliases)
            .any(|own| known(own))
    });
    written_to.or_else(|| there.first()).map(|account| account.id)
}

/// What is open and has no owner stands there like anything new.
pub(super) fn unowned_in(state: &Conversation, there: &Inbox) -> Vec<Event> {
    let mut events = collect([
        state.snoozed.is_some().then_some(Event::Woken {
            cause: Cause::Ownership,
        }),
        state.blocked.is_some().then_some(Event::Unblocked),
        (state.status != Status::New).then_some(Event::StatusChanged {
            status: Status::New,
            cause: Cause::Ownership,
        }),
    ]);
    events.extend(workflow::fits_in(state, there, &events));
    events
}

/// Refuses while a reply waits to leave, is leaving, or may have left.
pub(super) fn leaves_nothing(state: &Conversation) -> Result<(), Refusal> {
    let unsettled = |outbound: &Outbound| match outbound.state {
        OutboundState::Queued | OutboundState::Sending => Some(Refusal::ReplyWaits {
            by: outbound.by,
            leaves_at: outbound.not_before,
        }),
        OutboundState::Unknown { .. } => Some(Refusal::ReplyInDoubt {
            outbound: outbound.id,
            by: outbound.by,
        }),
        _ => None,
    };
    match state.outbound.iter().find_map(unsettled) {
        None => Ok(()),
        Some(refusal) => Err(refusal),
    }
}
