//! Two conversations that are one, and two again.
//!
//! The command is the one's that goes away: it ends as a duplicate. What that means for the other, [`decide_other`] says. Neither is merged
//! while somebody replies in it or a reply of it is on its way. Where they lie in different inboxes, the one goes to the other's with it, and
//! back when they are taken apart: whoever may read the one they see may read all that is shown in it.

use super::moving::leaves_nothing;
use super::{Case, clocks, collect, escalating, invalid, lock, stamp};
use crate::evolve::apply;
use crate::{
    Before, Capability, Cause, Clock, Closing, Command, CommandBody, Context, Conversation, ConversationId, Escalation,
    EscalationEnd, EscalationReason, Event, FollowUpKind, Inbox, InboxId, Invalid, MemberId, Outcome, OwnerChange,
    Part, Refusal, Stamp, Standing, Status, Timestamp, merging,
};

/// What a command that was accepted on `state` (as it was before) means for other conversations, each with what happens in it.
#[must_use]
pub fn decide_other(
    state: &Conversation,
    command: &Command,
    context: &Context<'_>,
) -> Vec<(ConversationId, Vec<Event>)> {
    let case = Case {
        state,
        command,
        context,
    };
    match &command.body {
        CommandBody::Merge { into } => {
            let mut all = case.beside(*into, |case, other| case.absorbed_by(other));
            let there = context.other(*into).map(|other| other.inbox);
            all.extend(there.into_iter().flat_map(|there| case.parts_go_to(there)));
            all
        }
        CommandBody::Unmerge { from } => match &state.merged {
            Some(merged) if from.is_none_or(|from| from == merged.into) => {
                let mut all = case.beside(merged.into, |case, other| case.let_go_by(other));
                let home = context.inboxes.get(&merged.inbox);
                all.extend(home.into_iter().flat_map(|home| case.parts_go_to(home.id)));
                all
            }
            _ => Vec::new(),
        },
        CommandBody::KeepApart { from } => case.beside(*from, |_, other| {
            let known = other.apart.contains(&state.id);
            collect([(!known).then_some(Event::KeptApart { from: state.id })])
        }),
        CommandBody::MoveToInbox { inbox, .. } => case.parts_go_to(*inbox),
        CommandBody::Split { messages } => case.split_off(messages),
        _ => Vec::new(),
    }
}

impl Context<'_> {
    /// Another conversation that the command is about.
    #[must_use]
    pub fn other(&self, id: ConversationId) -> Option<&Conversation> {
        self.others.get(&id)
    }

    /// Everything that was merged into `state`, and into that; refused where not all of it is known here.
    pub(super) fn parts_of(&self, state: &Conversation) -> Result<Vec<&Conversation>, Refusal> {
        let mut parts: Vec<&Conversation> = Vec::new();
        let mut next: Vec<ConversationId> = state.absorbs().collect();
        while let Some(id) = next.pop() {
            let part = self.other(id).ok_or(Refusal::Gone)?;
            next.extend(part.absorbs());
            parts.push(part);
        }
        Ok(parts)
    }
}

impl Case<'_> {
    /// It is the same as another, and goes on there.
    pub(super) fn merge(&self, into: ConversationId) -> Result<Vec<Event>, Refusal> {
        let (other, there) = self.other(into)?;
        if other.inbox != self.state.inbox {
            // Going along to another inbox needs what moving there needs, and so does the way back.
            self.may_move_into(there)?;
            self.may_move_into(self.context.inbox)?;
            self.context.parts_of(self.state)?;
        }
        self.owner_or_manager()?;
        self.nothing_unseen()?;
        self.nobody_replies()?;
        self.nothing_leaves()?;
        self.nobody_replies_in(other)?;
        leaves_nothing(other)?;
        let over = self.state.status.is_over();
        if other.status.is_over() && !over {
            // What is still to be done would be out of sight.
            return Err(invalid("into", Invalid::NotNow));
        }
        let mut events = self.withdraw_offer();
        events.extend(self.own_lock_given_back());
        events.push(Event::Merged {
            into,
            number: other.number,
        });
        if other.inbox != self.state.inbox {
            events.push(Event::MovedOut { to: other.inbox });
            events.push(Event::MovedIn {
                from: self.state.inbox,
                account: None,
            });
        }
        if !over {
            events.push(Event::Closed {
                closing: Closing {
                    outcome: Outcome::Duplicate,
                    reason: None,
                    at: self.context.now,
                    by: self.command.actor.member(),
                },
            });
        }
        Ok(events)
    }

    /// It is one of its own again, where it was received, and as it stood.
    pub(super) fn unmerge(&self, from: Option<ConversationId>) -> Result<Vec<Event>, Refusal> {
        let merged = self.state.merged.as_ref();
        let Some(merged) = merged.filter(|merged| from.is_none_or(|from| from == merged.into)) else {
            return Ok(Vec::new());
        };
        let other = self.context.other(merged.into).ok_or(Refusal::Gone)?;
        goes_on_elsewhere(other)?;
        self.may_take_apart(merged.by, other)?;
        self.nobody_replies_in(other)?;
        leaves_nothing(other)?;
        let home = self.context.inboxes.get(&merged.inbox);
        let home = home.filter(|home| home.id != self.state.inbox);
        if let Some(home) = home {
            self.may_move_into(home)?;
            self.context.parts_of(self.state)?;
        }
        let answered = answered_in(other, self.state.id, self.context.now);
        let mut events = vec![Event::Unmerged { answered }];
        if let Some(home) = home {
            events.push(Event::MovedOut { to: home.id });
            events.push(Event::MovedIn {
                from: self.state.inbox,
                account: merged.account,
            });
        }
        if !merged.before.status.is_over() {
            let home = home.unwrap_or(self.context.inbox);
            events.extend(self.stands_again(&merged.before, other, home, answered.is_some()));
        }
        Ok(events)
    }

    /// What was merged into it goes along to another inbox.
    fn parts_go_to(&self, to: InboxId) -> Vec<(ConversationId, Vec<Event>)> {
        let parts = self.context.parts_of(self.state).unwrap_or_default();
        let go = |part: &Conversation| {
            let (id, from) = (part.id, part.inbox);
            (id, vec![Event::MovedOut { to }, Event::MovedIn { from, account: None }])
        };
        parts.into_iter().filter(|part| part.inbox != to).map(go).collect()
    }

    /// The two are not one.
    pub(super) fn keep_apart(&self, from: ConversationId) -> Result<Vec<Event>, Refusal> {
        self.other(from)?;
        let known = self.state.apart.contains(&from);
        Ok(collect([(!known).then_some(Event::KeptApart { from })]))
    }

    /// The other conversation, as far as whoever asks may know of it, and the inbox it lies in.
    fn other(&self, id: ConversationId) -> Result<(&Conversation, &Inbox), Refusal> {
        let unknown = || invalid("into", Invalid::Unknown);
        if id == self.state.id {
            return Err(invalid("into", Invalid::NotNow));
        }
        let other = self.context.other(id).ok_or_else(unknown)?;
        let there = self.context.inboxes.get(&other.inbox).ok_or_else(unknown)?;
        let me = self.command.actor.member();
        if me.is_some_and(|me| !self.there(there).may(me, Capability::Read)) {
            return Err(unknown());
        }
        goes_on_elsewhere(other)?;
        match me.filter(|me| !self.there(there).may(*me, Capability::Work)) {
            None => Ok((other, there)),
            Some(_) => Err(Refusal::NotPermitted {
                needs: Capability::Work,
                inbox: Some(there.id),
            }),
        }
    }

    fn nobody_replies_in(&self, other: &Conversation) -> Result<(), Refusal> {
        let me = self.command.actor.member();
        match other
            .lock
            .as_ref()
            .filter(|held| me.is_some_and(|me| me != held.member))
        {
            None => Ok(()),
            Some(held) => Err(lock::locked_by(held)),
        }
    }

    /// Whoever merged them, owns either, or leads the inbox; anybody who may work where neither has an owner.
    fn may_take_apart(&self, by: Option<MemberId>, other: &Conversation) -> Result<(), Refusal> {
        let Some(me) = self.command.actor.member() else {
            return Ok(());
        };
        let owners = [self.state.owner, other.owner];
        let mine = by == Some(me) || owners.contains(&Some(me)) || self.may(Capability::Manage);
        match owners.into_iter().flatten().next() {
            Some(owner) if !mine => Err(self.not_owner(owner)),
            _ => Ok(()),
        }
    }

    /// Open again as it stood, for whoever owned it, where they may still work there. What was answered meanwhile waits for the customer.
    fn stands_again(&self, before: &Before, other: &Conversation, home: &Inbox, answered: bool) -> Vec<Event> {
        let merged = self.state.merged.as_ref();
        let taken = other.absorbed(self.state.id).map(|absorbed| &absorbed.without.after);
        // What the other took over and has dealt with since is not owed again.
        let follow_up = before.follow_up.clone().filter(|own| {
            let there = taken.is_none_or(|taken| taken.follow_up.as_ref() != Some(own));
            let cadence = matches!(own.kind, FollowUpKind::Chase { .. } | FollowUpKind::Closing);
            (there || other.follow_up.as_ref() == Some(own)) && !(answered && cadence)
        });
        let next_step = before.next_step.clone().filter(|own| {
            let there = taken.is_none_or(|taken| taken.next_step.as_ref() != Some(own));
            there || other.next_step.as_ref() == Some(own)
        });
        let still = |own: &crate::Blocked| other.blocked.as_ref().is_some_and(|blocked| blocked.since == own.since);
        let blocked = merged.and_then(|merged| merged.blocked.clone());
        let blocked = blocked.filter(|own| still(own) || other.blocked.is_some());
        let owner = self.state.owner;
        let owner = owner.filter(|owner| self.there(home).may(*owner, Capability::Work));
        let status = match (owner, answered) {
            (None, _) => Status::New,
            (Some(_), true) => Status::Waiting,
            (Some(_), false) if before.status == Status::New => Status::Assigned,
            (Some(_), false) if before.status == Status::NeedsInput && blocked.is_none() => Status::Assigned,
            (Some(_), false) if before.status == Status::FollowUpDue && follow_up.is_none() => Status::Assigned,
            (Some(_), false) => home.policy.workflow.kind.fitting(before.status),
        };
        let mut events = vec![Event::Reopened { cause: Cause::Person }];
        if owner != self.state.owner {
            events.push(Event::OwnerChanged {
                owner,
                how: OwnerChange::Left,
                context: None,
            });
        }
        let snoozed = merged.and_then(|merged| merged.snoozed.clone());
        events.extend(collect([
            self.status(status, Cause::Person),
            self.next_step(next_step, Cause::Person),
            self.follow_up(follow_up, Cause::Person),
            blocked
                .filter(|_| status == Status::NeedsInput)
                .map(|blocked| Event::Blocked { blocked }),
            snoozed
                .filter(|_| owner.is_some())
                .map(|snooze| Event::Snoozed { snooze, reason: None }),
        ]));
        let asked = merged.and_then(|merged| merged.escalation.as_ref());
        let unsettled = |asked: &&Escalation| other.escalation.as_ref().is_some_and(|one| one.reason == asked.reason);
        events.extend(asked.filter(unsettled).into_iter().flat_map(asked_on));
        events
    }

    /// What happens in another conversation, with its clocks.
    fn beside(
        &self,
        id: ConversationId,
        happens: impl FnOnce(&Self, &Conversation) -> Vec<Event>,
    ) -> Vec<(ConversationId, Vec<Event>)> {
        let Some(other) = self.context.other(id) else {
            return Vec::new();
        };
        let Some(inbox) = self.context.inboxes.get(&other.inbox) else {
            return Vec::new();
        };
        let events = happens(self, other);
        let stamp = self.stamp_in(other);
        let events = clocks::beside(Some(other), None, events, stamp, inbox);
        let standing = Standing {
            inbox,
            ..self.context.standing()
        };
        vec![(id, escalating::beside(Some(other), events, stamp, standing))]
    }

    const fn stamp_in(&self, other: &Conversation) -> Stamp {
        Stamp {
            conversation: other.id,
            ..stamp(self.command, self.context)
        }
    }

    fn once(&self, other: &Conversation, events: &[Event]) -> Conversation {
        let mut after = other.clone();
        for event in events {
            apply(&mut after, self.stamp_in(other), event);
        }
        after
    }

    /// In the one it was merged into: who waits there is to be answered, what was agreed on holds, and it has an owner if either had one.
    fn absorbed_by(&self, other: &Conversation) -> Vec<Event> {
        let part = Part::of(self.state, other, self.context.now);
        let waits = part.unanswered_since.is_some();
        let clocks: Vec<Event> = merging::sooner(other, &part).map(started).collect();
        let mut events = vec![Event::Absorbed { part: Box::new(part) }];
        if other.status.is_over() {
            return events;
        }
        if other.category.has_duties() || self.state.category.has_duties() {
            events.extend(clocks);
        }
        let gained = other.owner.is_none().then_some(self.state.owner).flatten();
        let gained = gained.filter(|owner| {
            let there = self.context.inboxes.get(&other.inbox);
            there.is_some_and(|there| self.there(there).may(*owner, Capability::Work))
        });
        if gained.is_some() {
            events.push(Event::OwnerChanged {
                owner: gained,
                how: OwnerChange::Merged,
                context: None,
            });
        }
        let cause = Cause::Merge;
        if waits && other.snoozed.is_some() {
            events.push(Event::Woken { cause });
        }
        let agreed = self.state.follow_up.as_ref().filter(|_| self.state.cadence().is_none());
        let theirs = if waits { agreed } else { self.state.follow_up.as_ref() };
        let follow_up = other.follow_up.as_ref();
        let follow_up = follow_up.filter(|_| !waits || other.cadence().is_none()).or(theirs);
        if follow_up != other.follow_up.as_ref() {
            events.push(Event::FollowUpSet {
                follow_up: follow_up.cloned(),
                cause,
            });
        }
        if other.next_step.is_none() && self.state.next_step.is_some() {
            events.push(Event::NextStepSet {
                step: self.state.next_step.clone(),
                cause,
            });
        }
        let owned = other.owner.or(gained).is_some();
        let asked = self.state.blocked.as_ref().filter(|_| other.blocked.is_none() && owned);
        if let Some(asked) = asked {
            let mut blocked = asked.clone();
            blocked.before = other.status;
            events.push(Event::Blocked { blocked });
        }
        // What is late is asked about by its clock, here as there.
        let asked_for = self.state.escalation.as_ref().filter(|_| other.escalation.is_none());
        let due_here = |asked: &&Escalation| match asked.reason {
            EscalationReason::Late { .. } => false,
            EscalationReason::ByHand { .. } | EscalationReason::ByRule { .. } => true,
            EscalationReason::BeforeClosing => follow_up == self.state.follow_up.as_ref(),
        };
        events.extend(asked_for.filter(due_here).into_iter().flat_map(asked_on));
        let due = follow_up.is_some_and(|follow_up| follow_up.fired);
        let status = match other.status {
            _ if !owned => Status::New,
            _ if asked.is_some() => Status::NeedsInput,
            Status::NeedsInput => Status::NeedsInput,
            _ if waits => Status::Assigned,
            Status::Waiting | Status::QuoteSent if due => Status::FollowUpDue,
            Status::New => Status::Assigned,
            as_it_was => as_it_was,
        };
        if status != other.status {
            events.push(Event::StatusChanged { status, cause });
        }
        events
    }

    /// In the one it is taken out of: what had come with it goes with it, where nobody has changed it since.
    fn let_go_by(&self, other: &Conversation) -> Vec<Event> {
        let Some(absorbed) = other.absorbed(self.state.id) else {
            return Vec::new();
        };
        let mut events = vec![Event::LetGo {
            conversation: self.state.id,
            number: self.state.number,
        }];
        if other.status.is_over() {
            return events;
        }
        let after = self.once(other, &events);
        let theirs = self.state.merged.as_ref().and_then(|merged| merged.escalation.as_ref());
        let by_hand = |running: &&Escalation| {
            let same = theirs.is_some_and(|theirs| theirs.reason == running.reason);
            let asked_for = matches!(
                running.reason,
                EscalationReason::ByHand { .. } | EscalationReason::ByRule { .. }
            );
            same && asked_for
        };
        if other.escalation.as_ref().filter(by_hand).is_some() {
            let how = EscalationEnd::NotNeeded;
            events.push(Event::EscalationEnded { how, reply: None });
        }
        for (kind, own) in merging::own_again(&after, absorbed) {
            events.push(own.map_or(Event::ClockDropped { clock: kind }, started));
        }
        let (before, set) = (&absorbed.without.before, &absorbed.without.after);
        // Somebody wrote since then, and waits.
        let waits = after.unanswered_since.is_some() && after.unanswered_since != absorbed.without.unanswered_since;
        let cause = Cause::Person;
        // Whoever has done something in it since keeps it.
        let last = [&absorbed.part.last_message, &absorbed.without.last_message];
        let untouched = other.owned_since == Some(absorbed.at) && last.contains(&&other.last_message);
        let loses = absorbed.without.owner.is_none() && untouched && other.owner.is_some();
        if loses {
            events.push(Event::OwnerChanged {
                owner: None,
                how: OwnerChange::Merged,
                context: None,
            });
        }
        let stands = |now: bool, changed: bool| now && changed;
        if stands(after.follow_up == set.follow_up, set.follow_up != before.follow_up) && !waits {
            events.push(Event::FollowUpSet {
                follow_up: before.follow_up.clone(),
                cause,
            });
        }
        if stands(after.next_step == set.next_step, set.next_step != before.next_step) {
            events.push(Event::NextStepSet {
                step: before.next_step.clone(),
                cause,
            });
        }
        let theirs = self.state.merged.as_ref().and_then(|merged| merged.blocked.as_ref());
        let asked = |blocked: &&crate::Blocked| {
            theirs.is_some_and(|theirs| (theirs.since, theirs.on) == (blocked.since, blocked.on))
        };
        let unblocked = after.blocked.as_ref().filter(asked).is_some();
        if unblocked {
            events.push(Event::Unblocked);
        }
        let back = stands(after.status == set.status, set.status != before.status) && (!waits || unblocked);
        let status = match (loses, back, unblocked) {
            (true, ..) => Some(Status::New),
            (_, true, _) if before.status != Status::New || other.owner.is_none() => Some(before.status),
            (.., true) if after.status == Status::NeedsInput => Some(after.resting_status()),
            _ => None,
        };
        if let Some(status) = status.filter(|status| *status != after.status) {
            events.push(Event::StatusChanged { status, cause });
        }
        let hidden = absorbed.without.snoozed.as_ref();
        let hidden = hidden.filter(|_| after.snoozed.is_none() && !waits && !loses);
        let lasts = |snooze: &&crate::Snooze| snooze.until.is_none_or(|until| until > self.context.now);
        if let Some(snooze) = hidden.filter(lasts) {
            events.push(Event::Snoozed {
                snooze: snooze.clone(),
                reason: None,
            });
        }
        events
    }
}

/// Who was asked to see to it is asked on, or has it.
fn asked_on(running: &Escalation) -> Vec<Event> {
    let escalated = Event::Escalated {
        reason: running.reason.clone(),
        step: running.step,
        asked: running.asked.clone(),
        until: running.until,
    };
    let has_it = running
        .acknowledged
        .map(|one| Event::EscalationAcknowledged { by: one.by });
    collect([Some(escalated), has_it])
}

fn started(clock: &Clock) -> Event {
    Event::ClockStarted {
        clock: Box::new(clock.clone()),
    }
}

/// What is done with a conversation that was merged into another is done there.
pub(super) fn goes_on_elsewhere(state: &Conversation) -> Result<(), Refusal> {
    match &state.merged {
        None => Ok(()),
        Some(merged) => Err(Refusal::Merged {
            into: merged.into,
            number: merged.number,
        }),
    }
}

/// Since when what a part of `other` waited for waits no more.
fn answered_in(other: &Conversation, part: ConversationId, now: Timestamp) -> Option<Timestamp> {
    let waited = other.absorbed(part)?.part.unanswered_since?;
    let waits = other.unanswered_since.or(other.unanswered_at_close);
    waits.is_none_or(|since| since > waited).then_some(now)
}
