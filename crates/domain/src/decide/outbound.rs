//! What becomes of an accepted reply: the fence, the provider's answer, and what a person decides where no machine can tell.

use super::{Case, collect, invalid};
use crate::{
    CancelReason, Capability, Cause, Event, FollowUp, Inbox, Invalid, MemberId, MessageId, NextStep, Outbound,
    OutboundState, Refusal, ReplyPolicy, Settlement, Timestamp,
};

impl Case<'_> {
    /// Takes a reply back, as long as it is not past the fence.
    pub(super) fn cancel_send(&self, id: MessageId) -> Result<Vec<Event>, Refusal> {
        let outbound = self.find(id)?;
        if Some(outbound.by) != self.command.actor.member() && !self.may(Capability::Manage) {
            return Err(self.not_owner(outbound.by));
        }
        match outbound.state {
            OutboundState::Queued => Ok(cancelled(self.state, id, CancelReason::Undone)),
            OutboundState::Cancelled { .. } => Ok(Vec::new()),
            OutboundState::Sending
            | OutboundState::Sent { .. }
            | OutboundState::Failed { .. }
            | OutboundState::Unknown { .. } => Err(Refusal::AlreadyLeaving),
        }
    }

    /// Lets a scheduled reply leave at once. What stands in the way of any other reply was asked when it was accepted.
    pub(super) fn send_now(&self, id: MessageId) -> Result<Vec<Event>, Refusal> {
        let outbound = self.find(id)?;
        if Some(outbound.by) != self.command.actor.member() && !self.may(Capability::Manage) {
            return Err(self.not_owner(outbound.by));
        }
        let now = self.context.now;
        match outbound.state {
            OutboundState::Queued if outbound.send_at.is_some_and(|at| at > now) => {
                Ok(vec![Event::OutboundRescheduled {
                    outbound: id,
                    send_at: now,
                }])
            }
            OutboundState::Cancelled { .. } => Err(Refusal::Gone),
            _ => Ok(Vec::new()),
        }
    }

    /// The fence. Only one attempt ever passes it: whoever comes second is refused.
    pub(super) fn outbound_sending(&self, id: MessageId, attempt: u32) -> Result<Vec<Event>, Refusal> {
        let outbound = self.find(id)?;
        match outbound.state {
            OutboundState::Queued if self.context.now < outbound.not_before => {
                Err(invalid("outbound", Invalid::NotNow))
            }
            OutboundState::Queued if attempt != outbound.attempt.saturating_add(1) => {
                Err(invalid("attempt", Invalid::Unknown))
            }
            OutboundState::Queued => {
                // The right to send is needed when it leaves, not only when it was written.
                self.context.standing().may_leave(outbound)?;
                let sending = Event::OutboundSending { outbound: id, attempt };
                Ok(if outbound.scheduled() {
                    self.answers(outbound, sending)
                } else {
                    vec![sending]
                })
            }
            OutboundState::Cancelled { .. } => Err(Refusal::Gone),
            OutboundState::Sending
            | OutboundState::Sent { .. }
            | OutboundState::Failed { .. }
            | OutboundState::Unknown { .. } => Err(Refusal::AlreadyLeaving),
        }
    }

    /// It was certainly not taken: it may be tried again. Before the fence it never stopped being queued, and only a provider that
    /// asked for patience with it is worth a line in the log. Where it may not leave any more it ends here: the fence would refuse it for
    /// ever, and nobody would be told.
    pub(super) fn outbound_returned(
        &self,
        id: MessageId,
        reason: &str,
        not_before: Option<Timestamp>,
    ) -> Result<Vec<Event>, Refusal> {
        let returned = Event::OutboundReturned {
            outbound: id,
            reason: reason.to_owned(),
            not_before,
        };
        let outbound = self.find(id)?;
        Ok(match outbound.state {
            OutboundState::Sending => match self.context.standing().stops(outbound) {
                None => vec![returned],
                Some(why) => {
                    let mut events = vec![returned];
                    events.extend(self.did_not_leave(outbound, Event::OutboundCancelled { outbound: id, why }));
                    events
                }
            },
            OutboundState::Queued if not_before.is_some() => vec![returned],
            _ => Vec::new(),
        })
    }

    /// The provider took it, or a probe found it.
    pub(super) fn outbound_sent(&self, id: MessageId, reply: &str) -> Result<Vec<Event>, Refusal> {
        let sent = Event::OutboundSent {
            outbound: id,
            reply: reply.to_owned(),
        };
        match self.find(id)?.state {
            OutboundState::Sending | OutboundState::Unknown { .. } => Ok(vec![sent]),
            OutboundState::Sent { .. } => Ok(Vec::new()),
            OutboundState::Queued | OutboundState::Failed { .. } | OutboundState::Cancelled { .. } => {
                Err(invalid("outbound", Invalid::NotNow))
            }
        }
    }

    /// The provider refused it for good: what the reply changed is put back.
    pub(super) fn outbound_failed(&self, id: MessageId, reason: &str) -> Result<Vec<Event>, Refusal> {
        let failed = Event::OutboundFailed {
            outbound: id,
            reason: reason.to_owned(),
        };
        let outbound = self.find(id)?;
        Ok(match outbound.state {
            OutboundState::Queued | OutboundState::Sending => self.did_not_leave(outbound, failed),
            _ => Vec::new(),
        })
    }

    /// It can't be told whether it left.
    pub(super) fn outbound_unknown(&self, id: MessageId, reason: &str) -> Result<Vec<Event>, Refusal> {
        Ok(match self.find(id)?.state {
            OutboundState::Queued | OutboundState::Sending => {
                vec![Event::OutboundUnknown {
                    outbound: id,
                    reason: reason.to_owned(),
                }]
            }
            _ => Vec::new(),
        })
    }

    pub(super) fn outbound_filed(&self, id: MessageId) -> Result<Vec<Event>, Refusal> {
        let outbound = self.find(id)?;
        Ok(if outbound.filed {
            Vec::new()
        } else {
            vec![Event::OutboundFiled { outbound: id }]
        })
    }

    /// A person says what became of a reply in doubt. Sending again keeps its Message-ID.
    pub(super) fn settle_unknown(&self, id: MessageId, how: Settlement) -> Result<Vec<Event>, Refusal> {
        let settled = Event::OutboundSettled { outbound: id, how };
        let outbound = self.find(id)?;
        match (&outbound.state, how) {
            (OutboundState::Unknown { .. }, Settlement::Drop) => Ok(self.did_not_leave(outbound, settled)),
            (OutboundState::Unknown { .. }, Settlement::Delivered) if outbound.uncounted() && !outbound.is_aside() => {
                Ok(self.answers(outbound, settled))
            }
            (OutboundState::Unknown { .. }, Settlement::SendAgain) => {
                // What the fence would refuse must not be queued.
                self.context.standing().may_leave(outbound)?;
                Ok(vec![settled])
            }
            (OutboundState::Unknown { .. }, Settlement::Delivered) => Ok(vec![settled]),
            (OutboundState::Sent { .. }, Settlement::Delivered) => Ok(Vec::new()),
            _ => Err(invalid("outbound", Invalid::NotNow)),
        }
    }

    /// Puts back what it changed. The text is its author's draft again, or a note where they can't read it any more.
    fn did_not_leave(&self, outbound: &Outbound, event: Event) -> Vec<Event> {
        let mut events = with_restored(self.state, outbound.id, event);
        events.extend(
            self.context
                .standing()
                .unsent(outbound.id.0, outbound.by, &outbound.draft),
        );
        events
    }

    /// What waits for its time comes back to whoever wrote it when the conversation becomes somebody else's, except where anybody
    /// may answer, and where it was written in the owner's place anyway.
    pub(super) fn not_theirs_any_more(&self, events: &[Event]) -> Vec<Event> {
        let owner = events.iter().rev().find_map(|event| match event {
            Event::OwnerChanged { owner, .. } => Some(*owner),
            _ => None,
        });
        let Some(owner) = owner.flatten() else {
            return Vec::new();
        };
        let stopped = |id: MessageId| {
            events
                .iter()
                .any(|event| matches!(event, Event::OutboundCancelled { outbound, .. } if *outbound == id))
        };
        self.state
            .outbound
            .iter()
            .filter(|outbound| not_by_owner(outbound, owner, self.context.inbox) && !stopped(outbound.id))
            .flat_map(|outbound| cancelled(self.state, outbound.id, CancelReason::OwnerChanged))
            .collect()
    }

    fn find(&self, id: MessageId) -> Result<&Outbound, Refusal> {
        self.state.outbound(id).ok_or(Refusal::Gone)
    }
}

/// Whether a reply that waits for its time would be somebody else's than the new owner's, where that is not wanted.
pub(super) fn not_by_owner(outbound: &Outbound, owner: MemberId, inbox: &Inbox) -> bool {
    outbound.scheduled() && outbound.by != owner && !outbound.cover && inbox.policy.reply != ReplyPolicy::Anyone
}

/// Takes a queued reply back, and what it changed with it.
pub(super) fn cancelled(state: &crate::Conversation, id: MessageId, why: CancelReason) -> Vec<Event> {
    with_restored(state, id, Event::OutboundCancelled { outbound: id, why })
}

/// `event`, then what the reply changed put back, where nothing later changed it again.
fn with_restored(state: &crate::Conversation, id: MessageId, event: Event) -> Vec<Event> {
    let mut events = vec![event];
    let Some(provisional) = state
        .provisional
        .as_ref()
        .filter(|provisional| provisional.outbound == id)
    else {
        return events;
    };
    let (before, after) = (&provisional.before, &provisional.after);
    let cause = Cause::ReplyUndone;
    if state.closing == after.closing && before.closing != after.closing {
        match &before.closing {
            None => events.push(Event::Reopened { cause }),
            // It was over when the reply began: it is over again, with the outcome it had.
            Some(closing) => {
                events.push(Event::Closed {
                    closing: closing.clone(),
                });
                return events;
            }
        }
    }
    let back = state.closing == after.closing && state.status == after.status && before.status != after.status;
    let name = before.named_status.as_ref().filter(|_| back);
    events.extend(collect([
        back.then_some(Event::StatusChanged {
            status: settled_status(state, before.status),
            cause,
        }),
        name.map(|name| Event::StatusNamed {
            status: Some(name.clone()),
            shown: None,
        }),
        changed::<FollowUp>(&state.follow_up, &before.follow_up, &after.follow_up).then(|| Event::FollowUpSet {
            follow_up: before.follow_up.clone(),
            cause,
        }),
        changed::<NextStep>(&state.next_step, &before.next_step, &after.next_step).then(|| Event::NextStepSet {
            step: before.next_step.clone(),
            cause,
        }),
    ]));
    events
}

/// A reply that claimed the conversation leaves its owner with it: it is theirs now, not new.
fn settled_status(state: &crate::Conversation, before: crate::Status) -> crate::Status {
    if before == crate::Status::New && state.owner.is_some() {
        crate::Status::Assigned
    } else {
        before
    }
}

fn changed<T: PartialEq>(now: &Option<T>, before: &Option<T>, after: &Option<T>) -> bool {
    now == after && before != after
}
