//! One owner: claim, assign, release, and handing off so that nothing falls between two people.

use super::{Case, collect, invalid};
use crate::{
    Capability, Cause, Event, HandoffContext, HandoffEnd, HandoffOffer, Invalid, MemberId, MessageId, OwnerChange,
    Refusal, Status,
};

impl Case<'_> {
    /// First come, first served by log order. Claiming what one owns is no refusal; claiming what is over opens it again.
    pub(super) fn claim(&self) -> Result<Vec<Event>, Refusal> {
        let me = self.me()?;
        if self.offered_to(me) {
            return self.accept_handoff();
        }
        match self.state.owner {
            // What lay in my folder when the mailbox was connected is mine, and over: claiming it opens it.
            Some(owner) if owner == me && !self.imported() => Ok(Vec::new()),
            Some(owner) if !self.state.status.is_over() => Err(self.not_owner(owner)),
            _ => Ok(self.own(me, OwnerChange::Claimed, None)),
        }
    }

    /// Makes somebody the owner. After a reply, passing it on says what was promised.
    pub(super) fn assign(&self, to: MemberId, context: Option<&HandoffContext>) -> Result<Vec<Event>, Refusal> {
        self.can_own(to)?;
        if self.state.owner == Some(to) {
            return Ok(Vec::new());
        }
        if self.state.owner.is_some() && self.state.replies > 0 && context.is_none() {
            return Err(Refusal::NeedsHandoffContext);
        }
        Ok(self.own(to, OwnerChange::Assigned, context))
    }

    /// Gives it back to the queue.
    pub(super) fn release(&self) -> Result<Vec<Event>, Refusal> {
        self.only_owner_or_manager()?;
        if self.state.owner.is_none() {
            return Ok(Vec::new());
        }
        let mut events = self.withdraw_offer();
        events.push(Event::OwnerChanged {
            owner: None,
            how: OwnerChange::Released,
            context: None,
        });
        if !self.state.status.is_over() {
            events.extend(self.status(Status::New, Cause::Ownership));
        }
        Ok(events)
    }

    /// Offers it to a colleague. The giver stays owner, and on the clock, until it is taken.
    pub(super) fn hand_off(&self, to: MemberId, context: Option<&HandoffContext>) -> Result<Vec<Event>, Refusal> {
        self.only_owner_or_manager()?;
        let from = self.state.owner.ok_or_else(|| invalid("body", Invalid::NotNow))?;
        if from == to {
            return Err(invalid("to", Invalid::NotNow));
        }
        self.can_own(to)?;
        let context = context.ok_or(Refusal::NeedsHandoffContext)?.clone();
        // Whoever has hours of their own has all that time in them: an offer at their closing stands until the next morning.
        let receiver = self.context.members.get(&to);
        let (now, limit_ms) = (self.context.now, self.context.inbox.policy.handoff_ms);
        let until = receiver.map_or(now.plus_ms(limit_ms), |one| one.after_at_work(now, limit_ms));
        let mut events = self.withdraw_offer();
        events.push(Event::HandoffOffered {
            offer: HandoffOffer {
                from,
                to,
                context,
                until,
            },
        });
        Ok(events)
    }

    /// Takes what was offered.
    pub(super) fn accept_handoff(&self) -> Result<Vec<Event>, Refusal> {
        let me = self.me()?;
        if self.state.owner == Some(me) {
            return Ok(Vec::new());
        }
        self.take_offer(me).ok_or(Refusal::Gone)
    }

    /// The events by which `member` takes the offer made to them; `None` when there is none. Replying, noting or setting a
    /// step is taking, so that nobody has to say it twice.
    pub(super) fn take_offer(&self, member: MemberId) -> Option<Vec<Event>> {
        let offer = self.state.handoff.as_ref().filter(|offer| offer.to == member)?;
        Some(vec![
            Event::HandoffEnded {
                how: HandoffEnd::Accepted,
                reason: None,
            },
            Event::OwnerChanged {
                owner: Some(member),
                how: OwnerChange::HandedOff,
                context: Some(offer.context.clone()),
            },
        ])
    }

    /// Says no to what was offered; it stays with the giver.
    pub(super) fn decline_handoff(&self, reason: Option<&str>) -> Result<Vec<Event>, Refusal> {
        if !self.offered_to(self.me()?) {
            return Err(Refusal::Gone);
        }
        Ok(vec![Event::HandoffEnded {
            how: HandoffEnd::Declined,
            reason: reason.map(str::to_owned),
        }])
    }

    /// "It was me": the author of a reply that did not go through Baton owns the conversation.
    pub(super) fn claim_outside_reply(&self, message: MessageId) -> Result<Vec<Event>, Refusal> {
        let me = self.me()?;
        let last = self.state.last_message.as_ref().filter(|last| last.id == message);
        let last = last.ok_or_else(|| invalid("message", Invalid::Unknown))?;
        match self.state.owner {
            Some(owner) if owner == me => Ok(Vec::new()),
            Some(owner) => Err(self.not_owner(owner)),
            None => Ok(collect([
                Some(Event::OwnerChanged {
                    owner: Some(me),
                    how: OwnerChange::Claimed,
                    context: None,
                }),
                self.status(Status::Waiting, Cause::OutsideReply),
                self.workflow()
                    .kind
                    .chases_by_itself()
                    .then(|| self.follow_up(Some(self.chase(last.at, 1)), Cause::OutsideReply))
                    .flatten(),
            ])),
        }
    }

    /// What an answer was that is not here. Whoever wrote it owns the conversation, if nobody does. No clock is met by it: nobody knows
    /// when it left, and the customer's message that showed it waits for an answer in any case.
    pub(super) fn settle_unseen(&self, message: MessageId, by: Option<MemberId>) -> Result<Vec<Event>, Refusal> {
        let Some(unseen) = &self.state.unseen else {
            return Ok(Vec::new());
        };
        if unseen.message != message {
            return Err(invalid("message", Invalid::Unknown));
        }
        let mut events = vec![Event::UnseenSettled { message, by }];
        let Some(by) = by else { return Ok(events) };
        if !self.context.members.contains_key(&by) {
            return Err(invalid("by", Invalid::Unknown));
        }
        // One who left, or may not work here, wrote it all the same.
        let free = self.state.owner.is_none() && !self.state.status.is_over();
        if free && self.could_own(by) {
            let mine = self.command.actor.member() == Some(by);
            let how = if mine {
                OwnerChange::Claimed
            } else {
                OwnerChange::Assigned
            };
            events.extend(self.own(by, how, None));
        }
        Ok(events)
    }

    fn own(&self, member: MemberId, how: OwnerChange, context: Option<&HandoffContext>) -> Vec<Event> {
        let mut events = self.withdraw_offer();
        let over = self.state.status.is_over();
        if over {
            events.push(Event::Reopened {
                cause: Cause::Ownership,
            });
        }
        events.push(Event::OwnerChanged {
            owner: Some(member),
            how,
            context: context.cloned(),
        });
        if over || self.state.status == Status::New {
            events.extend(self.status(Status::Assigned, Cause::Ownership));
        }
        events
    }

    /// Giving away what was only offered is nobody's but the giver's.
    fn only_owner_or_manager(&self) -> Result<(), Refusal> {
        match (self.command.actor.member(), self.state.owner) {
            (Some(me), Some(owner)) if me != owner && !self.may(Capability::Manage) => Err(self.not_owner(owner)),
            _ => Ok(()),
        }
    }

    fn can_own(&self, member: MemberId) -> Result<(), Refusal> {
        let receiver = self.context.members.get(&member).filter(|receiver| receiver.active);
        let receiver = receiver.ok_or_else(|| invalid("to", Invalid::Unknown))?;
        if !self.context.inbox.capabilities_of(receiver).contains(&Capability::Work) {
            return Err(invalid("to", Invalid::NotNow));
        }
        if receiver.available(self.context.now) {
            Ok(())
        } else {
            Err(Refusal::Absent {
                member,
                until: receiver.absent_until,
                backup: receiver.backup,
            })
        }
    }

    pub(super) fn withdraw_offer(&self) -> Vec<Event> {
        let ended = Event::HandoffEnded {
            how: HandoffEnd::Withdrawn,
            reason: None,
        };
        self.state.handoff.iter().map(|_| ended.clone()).collect()
    }
}
