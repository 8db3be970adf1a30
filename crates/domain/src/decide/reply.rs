//! A reply is a transaction: it carries the lock's token and the last message seen. Accepted, it never leaves twice.
//!
//! What a reply changes (status, follow-up, next step, the offer, closing) it changes when it is accepted, and puts back when it does
//! not leave. One that its author lets leave later only takes the conversation: all the rest happens when it leaves. It comes back to
//! its author as a draft when the customer writes first, a colleague answers first, or the conversation becomes somebody else's.

use super::outbound::cancelled;
use super::{Case, collect, invalid, text};
use crate::{
    AccountMode, Address, AfterReply, CancelReason, Capability, Cause, Closing, CommandBody, Direction, DraftId,
    DraftText, Event, FollowUp, FollowUpKind, Invalid, LockEnd, MemberId, MessageId, NextStep, Outbound, OutboundState,
    OwnerChange, Quote, Refusal, Status,
};

/// How many References a reply carries: the first, which threads hang on, and the newest.
const REFERENCES_KEPT: usize = 20;

impl Case<'_> {
    pub(super) fn reply(&self) -> Result<Vec<Event>, Refusal> {
        let CommandBody::Reply {
            draft,
            digest,
            token,
            after,
            quote,
            close,
            send_at,
        } = &self.command.body
        else {
            return Err(invalid("body", Invalid::NotNow));
        };
        let me = self.me()?;
        let (account, account_id) = self.sending_account()?;
        // Who may answer is the first thing a colleague without the lock wants to know; then who is answering.
        let asked_to_cover = self
            .state
            .lock
            .as_ref()
            .is_some_and(|lock| lock.member == me && lock.cover);
        let cover = self.may_reply(me, asked_to_cover)?;
        self.holds_lock(*token)?;
        let (saved, from) = self.sendable(me, *draft, digest, account)?;
        if saved.forwards.is_some() {
            return Err(invalid("draft", Invalid::NotNow));
        }
        if let Some(outcome) = close {
            self.taken_here(*outcome)?;
        }
        if quote.is_some() && !self.workflow().kind.standings().contains(&Status::QuoteSent) {
            return Err(invalid("quote", Invalid::NotHere));
        }
        self.nothing_unseen()?;

        let now = self.context.now;
        let undo_over = now.plus_ms(self.context.inbox.policy.undo_ms);
        // A time that comes within the undo window schedules nothing.
        let send_at = send_at.filter(|at| *at > undo_over);
        let leaves = send_at.unwrap_or(undo_over);
        let outbound = Outbound {
            id: MessageId(self.command.id.0),
            state: OutboundState::Queued,
            account: account_id,
            by: me,
            cover,
            from: Address {
                name: self.sender_name(me, &account.name),
                email: from,
            },
            sender: self.on_behalf(me),
            draft: saved.clone(),
            header_id: self.context.header_id.to_owned(),
            in_reply_to: self.state.reply_to_header.clone(),
            references: self.references(),
            quote: quote.clone(),
            after: after.clone(),
            close: *close,
            queued_at: now,
            not_before: leaves,
            send_at,
            given_back: None,
            attempt: 0,
            filed: false,
            automatic: None,
        };

        let mut events = self.take_offer(me).unwrap_or_default();
        if self.state.owner.is_none() && self.context.inbox.policy.reply_claims {
            events.push(Event::OwnerChanged {
                owner: Some(me),
                how: OwnerChange::Replied,
                context: None,
            });
            if outbound.scheduled() && self.state.status == Status::New {
                events.extend(self.status(Status::Assigned, Cause::Ownership));
            }
        }
        let queued = Event::ReplyQueued {
            outbound: Box::new(outbound.clone()),
        };
        if outbound.scheduled() {
            events.push(queued);
        } else {
            events.extend(self.answers(&outbound, queued));
        }
        events.push(Event::LockReleased { why: LockEnd::Sent });
        Ok(events)
    }

    /// A message passed on to somebody outside. Whose turn it is does not change: the customer waits as before, and whoever may send for
    /// the inbox may forward, the owner or not. It begins a thread of its own there; what comes back names it, and is found by that.
    pub(super) fn forward(&self, draft: DraftId, digest: &str) -> Result<Vec<Event>, Refusal> {
        let me = self.me()?;
        let (account, account_id) = self.sending_account()?;
        let (saved, from) = self.sendable(me, draft, digest, account)?;
        if saved.forwards.is_none() {
            return Err(invalid("forwards", Invalid::Empty));
        }
        let now = self.context.now;
        let outbound = Outbound {
            id: MessageId(self.command.id.0),
            state: OutboundState::Queued,
            account: account_id,
            by: me,
            cover: false,
            from: Address {
                name: self.sender_name(me, &account.name),
                email: from,
            },
            sender: self.on_behalf(me),
            draft: saved.clone(),
            header_id: self.context.header_id.to_owned(),
            in_reply_to: None,
            references: Vec::new(),
            quote: None,
            after: AfterReply::NothingMore,
            close: None,
            queued_at: now,
            not_before: now.plus_ms(self.context.inbox.policy.undo_ms),
            send_at: None,
            given_back: None,
            attempt: 0,
            filed: false,
            automatic: None,
        };
        Ok(vec![Event::ReplyQueued {
            outbound: Box::new(outbound),
        }])
    }

    /// The draft as its author saw it, and the address it leaves under, where it can be sent as it is.
    fn sendable(
        &self,
        me: MemberId,
        draft: DraftId,
        digest: &str,
        account: &crate::Account,
    ) -> Result<(&DraftText, String), Refusal> {
        let saved = self
            .context
            .draft
            .filter(|saved| saved.id == draft && saved.member == me);
        let saved = saved.ok_or_else(|| invalid("draft", Invalid::Unknown))?;
        if saved.text.digest() != digest {
            return Err(invalid("digest", Invalid::DigestMismatch));
        }
        if !saved.files_present {
            return Err(invalid("files", Invalid::Unknown));
        }
        let saved = &saved.text;
        text("text", &saved.text, usize::MAX)?;
        if saved.to.is_empty() {
            return Err(invalid("to", Invalid::Empty));
        }
        if saved.to.iter().chain(&saved.cc).any(|address| !plausible(address)) {
            return Err(invalid("to", Invalid::NotAnAddress));
        }
        let from = match &saved.from {
            None => account.address.as_str(),
            Some(wanted) => account
                .own_address(wanted)
                .ok_or_else(|| invalid("from", Invalid::Unknown))?,
        };
        Ok((saved, from.to_owned()))
    }

    /// What a reply changes, around the event by which it counts: its acceptance, or for one that leaves later the fence.
    pub(super) fn answers(&self, outbound: &Outbound, counts: Event) -> Vec<Event> {
        let now = self.context.now;
        let mut events: Vec<Event> = self
            .state
            .outbound
            .iter()
            .filter(|other| other.scheduled() && other.by != outbound.by)
            .flat_map(|other| cancelled(self.state, other.id, CancelReason::ColleagueAnswered))
            .collect();
        events.extend(self.wake(Cause::Reply));
        events.extend(self.unblock_by_reply());
        events.push(counts);
        let closed_since = |closing: &Closing| outbound.send_at.is_some() && closing.at >= outbound.queued_at;
        if self.state.closing.as_ref().is_some_and(closed_since) {
            // Somebody closed it while the reply waited for its time, and let it wait: what they decided stands.
            return events;
        }
        if self.state.status.is_over() {
            // After the reply, so that taking the reply back closes it again.
            events.push(Event::Reopened { cause: Cause::Reply });
        }
        if let Some(amount) = &outbound.quote {
            events.push(Event::QuoteMade {
                quote: Quote {
                    message: outbound.id,
                    at: now,
                    amount: amount.clone(),
                },
            });
        }
        events.extend(self.after(outbound));
        if let Some(outcome) = outbound.close {
            let closing = Closing {
                outcome,
                reason: None,
                at: now,
                by: Some(outbound.by),
            };
            events.push(Event::Closed { closing });
        }
        events
    }

    /// Status, follow-up and next step after a reply that counts now. Somebody who covers changes none of the owner's plans.
    fn after(&self, outbound: &Outbound) -> Vec<Event> {
        let now = self.context.now;
        let (by, cover) = (Some(outbound.by), outbound.cover);
        let waiting = if outbound.quote.is_some() {
            Status::QuoteSent
        } else {
            Status::Waiting
        };
        if cover && self.state.follow_up.is_some() {
            return collect([self.status(waiting, Cause::Reply)]);
        }
        let (status, follow_up, step) = match &outbound.after {
            AfterReply::FollowUpIfNoAnswer { due } => {
                let mut chase = self.chase(now, self.next_chase_step());
                if let Some(due) = due {
                    chase.due = *due;
                    chase.by = by;
                    chase.closes_at = chase
                        .closes_at
                        .map(|_| self.context.inbox.policy.calendar.add_business_days(*due, 1));
                }
                (waiting, Some(chase), None)
            }
            AfterReply::IOwe { what, due } => {
                let follow_up = FollowUp {
                    due: *due,
                    kind: FollowUpKind::Owed,
                    text: Some(what.trim().to_owned()),
                    by,
                    zone: None,
                    fired: false,
                    closes_at: None,
                };
                (
                    Status::FollowUpDue,
                    Some(follow_up),
                    Some(NextStep {
                        text: what.trim().to_owned(),
                        by,
                        at: now,
                    }),
                )
            }
            AfterReply::NothingMore => (waiting, None, None),
        };
        collect([
            self.status(status, Cause::Reply),
            self.follow_up(follow_up, Cause::Reply),
            if cover {
                None
            } else {
                self.next_step(step, Cause::Reply)
            },
        ])
    }

    /// A reply after a chase fell due is the next step of the cadence; any other begins it anew.
    fn next_chase_step(&self) -> u8 {
        let newest_is_ours = self
            .state
            .last_message
            .as_ref()
            .is_some_and(|last| last.direction != Direction::Inbound);
        match self.state.follow_up.as_ref() {
            Some(FollowUp {
                kind: FollowUpKind::Chase { step },
                fired,
                ..
            }) if newest_is_ours => {
                if *fired {
                    step.saturating_add(1)
                } else {
                    *step
                }
            }
            Some(FollowUp {
                kind: FollowUpKind::Closing,
                ..
            }) if newest_is_ours => u8::try_from(self.context.inbox.policy.cadence_days.len()).unwrap_or(u8::MAX),
            _ => 1,
        }
    }

    fn unblock_by_reply(&self) -> Vec<Event> {
        self.state.blocked.iter().map(|_| Event::Unblocked).collect()
    }

    pub(super) fn sending_account(&self) -> Result<(&crate::Account, crate::AccountId), Refusal> {
        let id = self.state.account.ok_or_else(|| invalid("account", Invalid::Unknown))?;
        let account = self
            .context
            .accounts
            .get(&id)
            .ok_or_else(|| invalid("account", Invalid::Unknown))?;
        if account.mode == AccountMode::Watch {
            return Err(invalid("account", Invalid::Watched));
        }
        Ok((account, id))
    }

    /// Who writes, where they may send only on the address's behalf: whoever may send as it is not named beside it.
    fn on_behalf(&self, me: crate::MemberId) -> Option<Address> {
        if self.context.capabilities.contains(&Capability::SendAs) {
            return None;
        }
        let member = self.context.members.get(&me)?;
        Some(Address {
            name: member.name.clone(),
            email: member.email.clone(),
        })
    }

    fn sender_name(&self, me: crate::MemberId, account: &str) -> String {
        let member = self.context.members.get(&me).map_or("", |member| member.name.as_str());
        match (member.is_empty(), account.is_empty()) {
            (true, _) => account.to_owned(),
            (false, true) => member.to_owned(),
            (false, false) => format!("{member}, {account}"),
        }
    }

    /// The parent's References and its Message-ID (RFC 5322, 3.6.4), shortened by keeping the first and the newest.
    pub(super) fn references(&self) -> Vec<String> {
        let mut references = self.state.references.clone();
        if let Some(parent) = &self.state.reply_to_header {
            references.retain(|id| id != parent);
            references.push(parent.clone());
        }
        let surplus = references.len().saturating_sub(REFERENCES_KEPT);
        if surplus > 0 {
            references.drain(1..=surplus);
        }
        references
    }
}

pub(super) fn plausible(address: &Address) -> bool {
    let clean = !address.email.chars().any(|c| c.is_whitespace() || c.is_control());
    let named = !address.name.chars().any(char::is_control);
    clean
        && named
        && address
            .email
            .split_once('@')
            .is_some_and(|(local, host)| !local.is_empty() && !host.is_empty())
}
