//! Folding events into the state they add up to.

use std::collections::BTreeSet;

use crate::{
    Actor, Address, Before, Blocked, ByRules, Category, Cause, Closing, Conversation, ConversationId, Deadline,
    Direction, Event, FollowUp, LastMessage, Lock, LockAnswer, LockAsk, Message, MessageId, MessageKind, NextStep,
    Outbound, OutboundState, Outcome, Priority, Provisional, Settlement, Status, Timestamp, Unseen, merging, splitting,
};

/// How many characters of a reply the list shows.
const PREVIEW_CHARS: usize = 200;

/// How many settled replies a state remembers; older ones are in the log.
const SETTLED_KEPT: usize = 5;

/// Where and when an event stands in the log, and who caused it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Its number in the log.
    pub number: u64,
    /// When it was decided.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// In which conversation.
    pub conversation: ConversationId,
}

/// Folds `event` into `state`; it never fails. Without a state only [`Event::Created`] gives one.
#[must_use]
pub fn evolve(state: Option<Conversation>, stamp: Stamp, event: &Event) -> Option<Conversation> {
    let mut state = match (state, event) {
        (Some(state), _) => state,
        (
            None,
            Event::Created {
                number,
                inbox,
                account,
                contact,
                subject,
                source,
                history,
            },
        ) => {
            let mut state = empty(stamp);
            state.number = *number;
            state.inbox = *inbox;
            state.account = *account;
            state.contact = contact.clone();
            state.subject = subject.clone();
            state.sources = vec![source.clone()];
            state.history = *history;
            state
        }
        (None, _) => return None,
    };
    apply(&mut state, stamp, event);
    Some(state)
}

/// Folds `event` into a state that exists.
pub(crate) fn apply(state: &mut Conversation, stamp: Stamp, event: &Event) {
    // First: it compares with what was before.
    crate::oddity::fold(state, stamp, event);
    crate::routing::fold_acts(state, event);
    let before = state.status;
    fold(state, stamp, event);
    crate::workflow::fold(state, before, event);
    crate::sla::fold(state, stamp, event);
    crate::escalation::fold(state, stamp, event);
    state.version = state.version.saturating_add(1);
    state.updated_at = stamp.at;
}

fn empty(stamp: Stamp) -> Conversation {
    Conversation {
        id: stamp.conversation,
        number: 0,
        inbox: crate::InboxId(uuid::Uuid::nil()),
        account: None,
        contact: Address::default(),
        company: None,
        subject: String::new(),
        sources: Vec::new(),
        status: Status::New,
        named_status: None,
        owner: None,
        owned_since: None,
        last_owner: None,
        followers: BTreeSet::new(),
        priority: Priority::Normal,
        category: Category::Unsorted,
        value: None,
        tags: BTreeSet::new(),
        details: Box::default(),
        next_step: None,
        follow_up: None,
        blocked: None,
        snoozed: None,
        handoff: None,
        closing: None,
        before_message: None,
        provisional: None,
        clocks: Vec::new(),
        escalation: None,
        quotes: Vec::new(),
        lock: None,
        outbound: Vec::new(),
        last_message: None,
        reply_to_header: None,
        references: Vec::new(),
        reply_to: Vec::new(),
        unanswered_since: None,
        unanswered_at_close: None,
        bounced: None,
        merged: None,
        absorbed: Vec::new(),
        filed: Vec::new(),
        unseen: None,
        apart: BTreeSet::new(),
        split: None,
        replies: 0,
        next_step_version: 0,
        follow_up_version: 0,
        nudged: None,
        fine: None,
        noted_at: None,
        sent_by: None,
        by_rules: ByRules::default(),
        corrections: Vec::new(),
        comeback: None,
        looked_at: None,
        messages: 0,
        notes: 0,
        has_attachment: false,
        history: false,
        created_at: stamp.at,
        updated_at: stamp.at,
        version: 0,
    }
}

fn fold(state: &mut Conversation, stamp: Stamp, event: &Event) {
    match event {
        Event::Created { .. } => {}
        Event::MessageReceived { message, live } => received(state, stamp, message, *live),
        Event::OutsideReply { message, live } => outside(state, stamp, message, *live),
        Event::AlsoReceived { source, .. } => {
            if !state.sources.contains(source) {
                state.sources.push(source.clone());
            }
        }
        Event::Filed { filing } => {
            state.filed.push(filing.clone());
            let over = state.filed.len().saturating_sub(crate::MOST_FILINGS);
            if over > 0 {
                state.filed.sort_by_key(|filing| filing.at);
                state.filed.drain(..over);
            }
        }
        Event::UnseenSettled { message, .. } => {
            state.unseen.take_if(|unseen| unseen.message == *message);
        }
        Event::OwnerChanged { owner, .. } => {
            if state.owner.is_some() {
                state.last_owner = state.owner;
            }
            state.owner = *owner;
            state.owned_since = owner.map(|_| stamp.at);
        }
        Event::MovedOut { to } => state.inbox = *to,
        Event::MovedIn { account, .. } => state.account = account.or(state.account),
        Event::HandoffOffered { offer } => state.handoff = Some(offer.clone()),
        Event::HandoffEnded { .. } => state.handoff = None,
        Event::Followed { member } => {
            state.followers.insert(*member);
        }
        Event::Unfollowed { member } => {
            state.followers.remove(member);
        }
        Event::Merged { into, number } => merging::merged_away(state, stamp, *into, *number),
        Event::Unmerged { answered } => merging::taken_out(state, *answered),
        Event::Absorbed { part } => merging::absorb(state, stamp, part),
        Event::LetGo { conversation, .. } => merging::let_go(state, *conversation),
        Event::SplitOff {
            messages, into, rest, ..
        } => splitting::split_off(state, messages, *into, rest),
        Event::SplitFrom {
            conversation,
            number,
            messages,
        } => splitting::split_from(state, stamp, (*conversation, *number), messages),
        Event::KeptApart { from } => {
            state.apart.insert(*from);
        }
        Event::StatusChanged { status, cause } => {
            state.status = *status;
            if let Some(after) = set_by(state, *cause) {
                after.status = *status;
            }
        }
        Event::FieldsChanged {
            category,
            priority,
            value,
            company,
            subject,
            details,
        } => {
            state.details.apply(details);
            replace(&mut state.category, category.as_ref());
            replace(&mut state.priority, priority.as_ref());
            replace(&mut state.subject, subject.as_ref());
            if value.is_some() {
                state.value.clone_from(value);
            }
            if company.is_some() {
                state.company.clone_from(company);
            }
        }
        Event::Tagged { tag } => {
            state.tags.insert(tag.clone());
        }
        Event::Untagged { tag } => {
            state.tags.remove(tag);
        }
        Event::NextStepSet { step, cause } => {
            state.next_step.clone_from(step);
            state.next_step_version = state.version.saturating_add(1);
            if let Some(after) = set_by(state, *cause) {
                after.next_step.clone_from(step);
            }
        }
        Event::FollowUpSet { follow_up, cause } => {
            state.follow_up.clone_from(follow_up);
            state.follow_up_version = state.version.saturating_add(1);
            if let Some(after) = set_by(state, *cause) {
                after.follow_up.clone_from(follow_up);
            }
        }
        Event::CameDue { what, at } => {
            if *what == Deadline::FollowUp {
                if let Some(follow_up) = &mut state.follow_up {
                    follow_up.fired = true;
                }
                if let Some(before) = &mut state.before_message {
                    came_due_before(before, *at);
                }
            }
        }
        Event::Blocked { blocked } => state.blocked = Some(blocked.clone()),
        Event::Unblocked => state.blocked = None,
        Event::Snoozed { snooze, .. } => state.snoozed = Some(snooze.clone()),
        Event::Woken { .. } => state.snoozed = None,
        Event::NoteAdded { .. } => {
            state.notes = state.notes.saturating_add(1);
            state.noted_at = Some(stamp.at);
        }
        Event::Nudged { nudge } => state.nudged = Some(nudge.clone()),
        Event::FoundFine { fine } => state.fine = Some(fine.clone()),
        Event::FineTakenBack => state.fine = None,
        Event::Closed { closing } => closed(state, closing),
        Event::Reopened { cause } => {
            state.closing = None;
            waits_again(state, *cause);
            if let Some(after) = set_by(state, *cause) {
                after.closing = None;
            }
        }
        Event::NoReplyNeeded { .. } => no_reply_needed(state),
        Event::LockGranted { member, device, cover } => {
            state.lock = Some(Lock {
                token: stamp.number,
                member: *member,
                device: *device,
                since: stamp.at,
                cover: *cover,
                asked: None,
            });
        }
        Event::LockReleased { why } => {
            state.lock = None;
            // Giving the lock back is the last thing a reply does.
            if let (crate::LockEnd::Sent, Some(provisional)) = (why, &mut state.provisional) {
                provisional.complete = true;
            }
        }
        Event::LockRequested { by } => {
            if let Some(lock) = &mut state.lock {
                lock.asked = Some(LockAsk { by: *by, at: stamp.at });
            }
        }
        Event::LockRequestAnswered { answer } => {
            if let (LockAnswer::Keep, Some(lock)) = (answer, &mut state.lock) {
                lock.asked = None;
            }
        }
        Event::ReplyQueued { outbound } => queued(state, stamp, outbound),
        Event::OutboundSending { outbound, attempt } => {
            count_scheduled(state, stamp, *outbound);
            with_outbound(state, *outbound, |outbound| {
                outbound.state = OutboundState::Sending;
                outbound.attempt = *attempt;
            });
        }
        Event::OutboundRescheduled { outbound, send_at } => {
            with_outbound(state, *outbound, |outbound| outbound.reschedule(*send_at));
        }
        Event::OutboundReturned {
            outbound,
            reason,
            not_before,
        } => with_outbound(state, *outbound, |outbound| {
            outbound.state = OutboundState::Queued;
            outbound.give_back(reason, *not_before);
        }),
        Event::OutboundSent { outbound, reply } => sent(state, stamp, *outbound, reply),
        Event::OutboundFailed { outbound, reason } => {
            with_outbound(state, *outbound, |outbound| {
                outbound.state = OutboundState::Failed { reason: reason.clone() }
            });
            did_not_leave(state, *outbound);
        }
        Event::OutboundUnknown { outbound, reason } => {
            with_outbound(state, *outbound, |outbound| {
                outbound.state = OutboundState::Unknown { reason: reason.clone() }
            });
        }
        Event::OutboundSettled { outbound, how } => match how {
            Settlement::Delivered => {
                count_scheduled(state, stamp, *outbound);
                sent(state, stamp, *outbound, "");
            }
            Settlement::SendAgain => with_outbound(state, *outbound, |outbound| outbound.state = OutboundState::Queued),
            Settlement::Drop => {
                with_outbound(state, *outbound, |outbound| {
                    outbound.state = OutboundState::Failed { reason: String::new() }
                });
                did_not_leave(state, *outbound);
            }
        },
        Event::OutboundCancelled { outbound, why } => {
            with_outbound(state, *outbound, |outbound| {
                outbound.state = OutboundState::Cancelled { why: *why }
            });
            did_not_leave(state, *outbound);
        }
        Event::OutboundFiled { outbound } => with_outbound(state, *outbound, |outbound| outbound.filed = true),
        Event::QuoteMade { quote } => state.quotes.push(quote.clone()),
        // What was decided follows it; clocks, escalations, exceptions and names have a fold of their own.
        Event::Routed { .. }
        | Event::Told { .. }
        | Event::StatusNamed { .. }
        | Event::ExceptionSettled { .. }
        | Event::Escalated { .. }
        | Event::EscalationPassedOn { .. }
        | Event::EscalationAcknowledged { .. }
        | Event::EscalationEnded { .. }
        | Event::ClockStarted { .. }
        | Event::ClockRetargeted { .. }
        | Event::ClockPaused { .. }
        | Event::ClockResumed { .. }
        | Event::ClockWarned { .. }
        | Event::ClockBreached { .. }
        | Event::BreachWithdrawn { .. }
        | Event::ClockDropped { .. } => {}
    }
}

fn replace<T: Clone>(slot: &mut T, value: Option<&T>) {
    if let Some(value) = value {
        *slot = value.clone();
    }
}

/// What the reply, or the merge, under way sets belongs to what taking it back restores.
fn set_by(state: &mut Conversation, cause: Cause) -> Option<&mut Before> {
    match cause {
        Cause::Reply => state.provisional.as_mut().map(|provisional| &mut provisional.after),
        Cause::Merge => merging::set_by_merge(state),
        _ => None,
    }
}

fn snapshot(state: &Conversation) -> Before {
    Before {
        status: state.status,
        named_status: state.named_status.clone(),
        closing: state.closing.clone(),
        follow_up: state.follow_up.clone(),
        next_step: state.next_step.clone(),
    }
}

fn received(state: &mut Conversation, stamp: Stamp, message: &Message, live: bool) {
    state.messages = state.messages.saturating_add(1);
    state.has_attachment |= message.attachments.iter().any(|file| !file.inline);
    let human = matches!(message.kind, MessageKind::Human | MessageKind::Bulk);
    if message.kind == MessageKind::Bounce && live {
        state.bounced = message.bounced;
    }
    if human && live {
        merging::wrote(state, stamp.at);
    }
    if human && live && state.unanswered_since.is_none() {
        state.before_message = (state.last_message.is_some()).then(|| snapshot(state));
        state.unanswered_since = Some(stamp.at);
    }
    if human
        && live
        && let Some(answer) = &message.facts.unseen
    {
        state.unseen = Some(Unseen {
            message: message.id,
            at: stamp.at,
            answer: (**answer).clone(),
        });
    }
    let newest = newest(state, message, live);
    if state.last_message.is_none() || (human && newest) {
        state.last_message = Some(last_of(message, None));
        answer_to(
            state,
            message,
            if message.reply_to.is_empty() {
                std::slice::from_ref(&message.from)
            } else {
                &message.reply_to
            },
        );
    }
    if !live {
        // History: what nobody answered is found by the order of messages, not by a clock.
        state.unanswered_since = None;
    }
    state.created_at = state.created_at.min(message.at);
}

fn outside(state: &mut Conversation, stamp: Stamp, message: &Message, live: bool) {
    state.messages = state.messages.saturating_add(1);
    state.replies = state.replies.saturating_add(1);
    state.has_attachment |= message.attachments.iter().any(|file| !file.inline);
    // Here it is after all: its copy was only late.
    let is_it = |unseen: &mut Unseen| message.header_id.as_ref() == Some(&unseen.answer.header_id);
    state.unseen.take_if(is_it);
    if newest(state, message, live) && !(live && state.was_written_before_theirs(message)) {
        state.last_message = Some(last_of(message, None));
        answer_to(state, message, &message.to);
        state.unanswered_since = None;
        state.unanswered_at_close = None;
        state.before_message = None;
        state.bounced = None;
    }
    state.created_at = state.created_at.min(message.at).min(stamp.at);
}

/// Live mail is newest because it arrives now, whatever date it carries; history goes by its dates.
fn newest(state: &Conversation, message: &Message, live: bool) -> bool {
    live || state.last_message.as_ref().is_none_or(|last| last.at <= message.at)
}

fn last_of(message: &Message, by: Option<crate::MemberId>) -> LastMessage {
    LastMessage {
        id: message.id,
        at: message.at,
        direction: message.direction,
        kind: message.kind,
        by,
        preview: message.preview.clone(),
    }
}

fn answer_to(state: &mut Conversation, message: &Message, to: &[Address]) {
    state.reply_to_header.clone_from(&message.header_id);
    state.references.clone_from(&message.references);
    state.reply_to = to.to_vec();
}

fn closed(state: &mut Conversation, closing: &Closing) {
    state.status = closing.outcome.status();
    state.closing = Some(closing.clone());
    state.follow_up = None;
    state.next_step = None;
    state.snoozed = None;
    state.blocked = None;
    state.handoff = None;
    if closing.outcome != Outcome::Imported
        && let Some(since) = state.unanswered_since.take()
    {
        state.unanswered_at_close = Some(since);
    }
    // A close that came with the reply is undone with it; a later one is not.
    if let Some(provisional) = state.provisional.as_mut().filter(|provisional| !provisional.complete) {
        provisional.after = Before {
            status: state.status,
            named_status: None,
            closing: Some(closing.clone()),
            follow_up: None,
            next_step: None,
        };
        provisional.complete = true;
    }
}

/// Closed by mistake, it is as unanswered as it was; a message of theirs or a reply of ours begins something new.
fn waits_again(state: &mut Conversation, cause: Cause) {
    let waited = state.unanswered_at_close.take();
    if matches!(cause, Cause::Person | Cause::Ownership) && state.unanswered_since.is_none() {
        state.unanswered_since = waited;
    }
}

/// What "no reply needed" would put back has come due as well: a date comes once.
fn came_due_before(before: &mut Before, at: Timestamp) {
    let stands = |follow_up: &&mut FollowUp| follow_up.due == at && !follow_up.fired;
    if let Some(follow_up) = before.follow_up.as_mut().filter(stands) {
        follow_up.fired = true;
        if matches!(before.status, Status::Waiting | Status::QuoteSent) {
            before.status = Status::FollowUpDue;
            before.named_status = None;
        }
    }
}

fn no_reply_needed(state: &mut Conversation) {
    state.unanswered_since = None;
    let name = state.named_status.take();
    match state.before_message.take() {
        Some(before) => {
            // What somebody said of it since then stands, where it is said of the same.
            let same = state.status == before.status;
            state.named_status = name.filter(|_| same).or(before.named_status);
            state.status = before.status;
            state.closing = before.closing;
            state.follow_up = before.follow_up;
            state.next_step = before.next_step;
        }
        None => state.status = Status::Waiting,
    }
    if let (Status::New, Some(_)) = (state.status, state.owner) {
        state.status = Status::Waiting;
        state.named_status = None;
    }
}

fn queued(state: &mut Conversation, stamp: Stamp, outbound: &Outbound) {
    if !outbound.uncounted() {
        count(state, stamp, outbound);
    }
    state.outbound.push(outbound.clone());
    forget_settled(state);
}

/// A reply that was to leave later leaves: from now on it is our newest message. What closes with it is the last thing it does.
fn count_scheduled(state: &mut Conversation, stamp: Stamp, id: MessageId) {
    let counts = |outbound: &&Outbound| outbound.uncounted() && !outbound.is_aside();
    if let Some(outbound) = state.outbound(id).filter(counts).cloned() {
        count(state, stamp, &outbound);
        let complete = outbound.close.is_none() || state.status.is_over();
        if let Some(provisional) = &mut state.provisional {
            provisional.complete = complete;
        }
    }
}

fn count(state: &mut Conversation, stamp: Stamp, outbound: &Outbound) {
    let before = snapshot(state);
    state.provisional = Some(Provisional {
        outbound: outbound.id,
        after: before.clone(),
        before,
        unanswered_since: state.unanswered_since,
        last_message: state.last_message.clone(),
        response: None,
        escalation: None,
        complete: false,
    });
    crate::sla::answered(state, stamp.at);
    state.messages = state.messages.saturating_add(1);
    state.replies = state.replies.saturating_add(1);
    state.has_attachment |= !outbound.draft.files.is_empty();
    state.unanswered_since = None;
    state.unanswered_at_close = None;
    state.before_message = None;
    state.bounced = None;
    state.last_message = Some(LastMessage {
        id: outbound.id,
        at: stamp.at,
        direction: Direction::Outbound,
        kind: MessageKind::Human,
        by: Some(outbound.by),
        preview: outbound.draft.text.chars().take(PREVIEW_CHARS).collect(),
    });
}

fn forget_settled(state: &mut Conversation) {
    let mut surplus = state
        .outbound
        .iter()
        .filter(|outbound| outbound.settled())
        .count()
        .saturating_sub(SETTLED_KEPT);
    state.outbound.retain(|outbound| {
        let forget = surplus > 0 && outbound.settled();
        if forget {
            surplus = surplus.saturating_sub(1);
        }
        !forget
    });
}

fn with_outbound(state: &mut Conversation, id: MessageId, change: impl FnOnce(&mut Outbound)) {
    if let Some(outbound) = state.outbound.iter_mut().find(|outbound| outbound.id == id) {
        change(outbound);
    }
}

fn sent(state: &mut Conversation, stamp: Stamp, id: MessageId, reply: &str) {
    with_outbound(state, id, |outbound| {
        outbound.state = OutboundState::Sent {
            at: stamp.at,
            reply: reply.to_owned(),
        };
    });
    if let Some(outbound) = state.outbound(id).cloned() {
        // What the customer answers next will mention it; what we write next continues it.
        if state.last_message.as_ref().is_some_and(|last| last.id == id) {
            state.references.clone_from(&outbound.references);
            state.reply_to_header = Some(outbound.header_id);
            state.reply_to = outbound.draft.to;
        }
    }
    if state
        .provisional
        .as_ref()
        .is_some_and(|provisional| provisional.outbound == id)
    {
        state.provisional = None;
    }
}

/// Nothing left: the customer waits as before, and the newest message is the one before it. Status, follow-up and next step
/// are put back by events of their own, where nothing later changed them.
fn did_not_leave(state: &mut Conversation, id: MessageId) {
    if state.outbound(id).is_some_and(Outbound::uncounted) {
        return;
    }
    state.messages = state.messages.saturating_sub(1);
    state.replies = state.replies.saturating_sub(1);
    state.quotes.retain(|quote| quote.message != id);
    let Some(provisional) = state.provisional.take_if(|provisional| provisional.outbound == id) else {
        return;
    };
    if state.last_message.as_ref().is_some_and(|last| last.id == id) {
        state.last_message = provisional.last_message;
        state.unanswered_since = provisional.unanswered_since;
        crate::sla::restore_response(state, provisional.response);
        crate::escalation::restore(state, provisional.escalation);
    } else if let (Some(_), Some(since)) = (state.unanswered_since, provisional.unanswered_since) {
        // They wrote again meanwhile, and were not answered since before this reply.
        state.unanswered_since = Some(since);
        crate::sla::restore_response(state, provisional.response);
        crate::escalation::restore(state, provisional.escalation);
    }
}

/// Shorthands for deciding.
impl Conversation {
    /// The next step, in words, if somebody set one.
    #[must_use]
    pub fn next_step_text(&self) -> Option<&str> {
        self.next_step.as_ref().map(|NextStep { text, .. }| text.as_str())
    }

    /// The status to fall back to when what held the conversation is over.
    #[must_use]
    pub fn resting_status(&self) -> Status {
        match (self.owner, self.unanswered_since, &self.last_message) {
            (None, ..) => Status::New,
            (Some(_), None, Some(last)) if last.direction != Direction::Inbound => Status::Waiting,
            (Some(_), ..) => Status::Assigned,
        }
    }

    /// Whether a reply from outside, seen now, was written before the customer's newest message, which waits: it answers another
    /// one. Told by their dates, as threads are; when either was seen says nothing.
    pub(crate) fn was_written_before_theirs(&self, message: &Message) -> bool {
        let waits = self.unanswered_since.or(self.unanswered_at_close).is_some();
        let theirs = self.last_message.as_ref();
        let theirs = theirs.filter(|last| waits && last.direction == Direction::Inbound);
        theirs.is_some_and(|last| message.at < last.at)
    }

    /// What blocks it on a member, if it does.
    #[must_use]
    pub fn blocked_on(&self, member: crate::MemberId) -> Option<&Blocked> {
        self.blocked.as_ref().filter(|blocked| blocked.on == Some(member))
    }

    /// Its follow-up, if it belongs to the cadence.
    #[must_use]
    pub fn cadence(&self) -> Option<&FollowUp> {
        use crate::FollowUpKind::{Chase, Closing};
        self.follow_up
            .as_ref()
            .filter(|follow_up| matches!(follow_up.kind, Chase { .. } | Closing))
    }
}
