//! Reminders: what a native notification is shown for, when, and that it is shown once.
//!
//! A key is (kind, member, conversation, deadline or number of the event). It is recorded before anything is shown, so that a
//! crash can cost a notification and never repeat one; Today is the net below. What is handled on one of my devices is
//! withdrawn on the others. Deadlines are read off the replicated state, so they come offline too.

use std::collections::{BTreeMap, BTreeSet};

use baton_domain::{
    Capability, Clock, CommandBody, Conversation, ConversationId, EscalationReason, Event, HOUR_MS, LogEntry,
    MINUTE_MS, MemberId, MessageKind, OwnerChange, SECOND_MS, Standing, Timestamp,
};
use baton_protocol::UiEvent;
use baton_store::replica::ShownRow;

use super::io::Effect;
use super::state::Engine;
use super::words;
use crate::Notification;
use crate::views;

/// Within this time what is new about a conversation updates its notification in place.
const UPDATE_MS: i64 = 10 * MINUTE_MS;
/// After a start, a sleep or a lost connection everything that comes together is told together.
const GATHER_MS: i64 = 3 * SECOND_MS;
/// Once all is up to date the rest of that time need not be waited for.
const GATHERED_MS: i64 = 300;
/// How long a device nobody sits at leaves the notification to the one somebody does.
const YIELD_MS: i64 = SECOND_MS;
/// From so many conversations on they are told in one notification, where they came while the person was at work.
const BUNDLE: usize = 4;
/// The same for what was held back: at a start, after a sleep, at the end of the quiet hours.
const BUNDLE_HELD_BACK: usize = 2;

/// Why a person is reminded, the most pressing first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// A reply of mine failed, or it is in doubt.
    Trouble,
    /// A colleague asks for the reply lock I hold.
    Asked,
    /// I am asked to see to it.
    Escalated,
    /// Offered to me.
    Offered,
    /// The customer of mine waits longer than was promised.
    Breached,
    /// Whoever leads asks me to look at one of mine.
    Nudged,
    /// The customer answered in a conversation of mine.
    Answered,
    /// The customer of somebody I stand in for wrote, and they are not there for it.
    Covering,
    /// Most of the time for my answer has passed.
    Warned,
    /// A follow-up of mine is due.
    FollowUp,
    /// Assigned to me.
    Assigned,
    /// A rule tells me of it.
    Told,
    /// A new lead nobody has taken.
    NewLead,
}

impl Kind {
    /// It is held back for nothing.
    const fn presses(self) -> bool {
        matches!(self, Self::Breached | Self::Escalated)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Trouble => "trouble",
            Self::Asked => "asked",
            Self::Escalated => "escalated",
            Self::Offered => "offered",
            Self::Breached => "breached",
            Self::Nudged => "nudged",
            Self::Answered => "answered",
            Self::Covering => "covering",
            Self::Warned => "warned",
            Self::FollowUp => "followUp",
            Self::Assigned => "assigned",
            Self::Told => "told",
            Self::NewLead => "newLead",
        }
    }
}

/// What is asked of me in this conversation: a number for each asking of its own, until when, and by whom it was asked.
fn escalated(state: &Conversation, me: MemberId) -> Option<(i64, Option<Timestamp>, Option<MemberId>)> {
    let running = state.escalation.as_ref().filter(|running| running.asks(me))?;
    let by = match running.reason {
        EscalationReason::ByHand { by, .. } => Some(by),
        EscalationReason::Late { .. } | EscalationReason::ByRule { .. } | EscalationReason::BeforeClosing => None,
    };
    let asking = running.since.0.saturating_add(i64::from(running.step));
    (!state.status.is_over()).then_some((asking, running.until, by))
}

/// Something to be reminded of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reminder {
    key: String,
    pub(super) kind: Kind,
    conversation: ConversationId,
    /// The deadline, for those that have one.
    pub(super) deadline: Option<Timestamp>,
    /// Who caused it.
    pub(super) by: Option<MemberId>,
    show_at: Timestamp,
    /// It came at a time when nothing is told at once.
    held_back: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Showing {
    key: String,
    at: Timestamp,
    reminders: Vec<Reminder>,
    last_seen: Option<baton_domain::MessageId>,
}

/// What was shown, what shows, and what waits to be shown.
#[derive(Debug, Clone, Default)]
pub(super) struct Reminders {
    shown: BTreeMap<String, bool>,
    waiting: BTreeMap<String, Reminder>,
    showing: BTreeMap<ConversationId, Showing>,
    bundles: BTreeMap<String, Vec<ConversationId>>,
    gather_until: Timestamp,
}

impl Reminders {
    pub(super) fn load(rows: Vec<ShownRow>) -> Self {
        Self {
            shown: rows.into_iter().map(|row| (row.key, row.handled)).collect(),
            ..Self::default()
        }
    }

    /// From now on for a while, everything is told together.
    pub(super) fn gather(&mut self, now: Timestamp) {
        self.gather_until = self.gather_until.max(now.plus_ms(GATHER_MS));
    }

    /// All is here: what was gathered may be told.
    pub(super) fn gathered(&mut self, now: Timestamp) {
        self.gather_until = self.gather_until.min(now.plus_ms(GATHERED_MS));
    }
}

impl Engine {
    fn remind(
        &mut self,
        kind: Kind,
        id: ConversationId,
        stamp: i64,
        deadline: Option<Timestamp>,
        by: Option<MemberId>,
    ) {
        let key = format!("{}/{}/{id}/{stamp}", kind.name(), self.id.me);
        if self.reminders.shown.contains_key(&key) || self.reminders.waiting.contains_key(&key) {
            return;
        }
        // Where nobody sits, a device lets the one somebody sits at go first.
        let wait = if self.active() || !self.online() { 0 } else { YIELD_MS };
        let reminder = Reminder {
            key: key.clone(),
            kind,
            conversation: id,
            deadline,
            by,
            show_at: self.now.plus_ms(wait),
            held_back: self.now < self.reminders.gather_until,
        };
        self.reminders.waiting.insert(key, reminder);
    }

    /// What the state of a conversation alone says: deadlines that have come, offers that stand. And what is said no more.
    pub(super) fn scan_reminders(&mut self, id: ConversationId) {
        let Some(state) = self.state(id) else {
            self.withdraw(id, false);
            return;
        };
        let me = self.id.me;
        let follow_up = state
            .follow_up
            .as_ref()
            .filter(|follow_up| follow_up.due <= self.now && self.follow_up_is_mine(state))
            .map(|follow_up| follow_up.due);
        let offer = state
            .handoff
            .as_ref()
            .filter(|offer| offer.to == me)
            .map(|offer| (offer.until, offer.from));
        let escalated = escalated(state, me);
        let clock = self.pressing(state);
        if let Some((stamp, until, by)) = escalated {
            self.remind(Kind::Escalated, id, stamp, until, by);
        }
        if let Some((kind, at)) = clock {
            self.remind(kind, id, at.0, Some(at), None);
        }
        if let Some(due) = follow_up {
            self.remind(Kind::FollowUp, id, due.0, Some(due), None);
        }
        if let Some((until, from)) = offer {
            self.remind(Kind::Offered, id, until.0, Some(until), Some(from));
        }
        let over = match (self.reminders.showing.get(&id), self.state(id)) {
            (Some(showing), Some(state)) => !showing.reminders.iter().any(|reminder| self.stands(reminder, state)),
            _ => false,
        };
        if over {
            self.withdraw(id, true);
        }
    }

    /// The answer of mine that is late, or nearly. Snoozing does not stop the customer waiting.
    fn pressing(&self, state: &Conversation) -> Option<(Kind, Timestamp)> {
        let mine = state.owner == Some(self.id.me) && !state.status.is_over();
        let waits = |clock: &&Clock| clock.kind.is_response() && clock.runs();
        let clock = state.clocks.iter().find(waits).filter(|_| mine)?;
        if clock.due <= self.now {
            Some((Kind::Breached, clock.due))
        } else {
            (clock.warn_at <= self.now).then_some((Kind::Warned, clock.warn_at))
        }
    }

    fn follow_up_is_mine(&self, state: &Conversation) -> bool {
        state.owner == Some(self.id.me) && !state.status.is_over() && !views::snoozed(state, self.now)
    }

    /// What an event says. My own acts remind me of nothing.
    pub(super) fn heed(&mut self, id: ConversationId, entry: &LogEntry, event: &Event) {
        self.give_back_cancelled(id, event);
        let Some(state) = self.confirmed.get(&id) else { return };
        let me = self.id.me;
        if entry.actor.member() == Some(me) {
            return;
        }
        let by = entry.actor.member();
        let mine =
            |outbound: baton_domain::MessageId| state.outbound(outbound).is_some_and(|outbound| outbound.by == me);
        let kind = match event {
            Event::MessageReceived { message, live: true } if message.kind == MessageKind::Human => {
                if state.owner == Some(me) {
                    Kind::Answered
                } else if state.owner.is_none() {
                    Kind::NewLead
                } else if self.covers(state) {
                    Kind::Covering
                } else {
                    return;
                }
            }
            // Somebody waits here now who waited elsewhere.
            Event::Absorbed { part }
                if part.unanswered_since.is_some() && state.owner == Some(me) && !state.status.is_over() =>
            {
                Kind::Answered
            }
            Event::MovedIn { .. } if state.owner.is_none() && !state.status.is_over() => Kind::NewLead,
            // Who reads both inboxes sees it come while its old owner still has it.
            Event::OwnerChanged {
                owner: None,
                how: OwnerChange::Left | OwnerChange::Merged,
                ..
            } if by.is_some() && !state.status.is_over() => Kind::NewLead,
            Event::OwnerChanged {
                owner: Some(owner),
                how:
                    OwnerChange::Assigned
                    | OwnerChange::Routed
                    | OwnerChange::HandedOff
                    | OwnerChange::Reopened
                    | OwnerChange::Split
                    | OwnerChange::Merged,
                ..
            } if *owner == me => Kind::Assigned,
            // What lay in my folder when the mailbox was connected is over, and no news.
            Event::OwnerChanged {
                owner: Some(owner),
                how: OwnerChange::Filed,
                ..
            } if *owner == me && !state.status.is_over() => Kind::Assigned,
            Event::Told { members, .. } if members.contains(&me) => Kind::Told,
            Event::Nudged { nudge } if nudge.to == me => Kind::Nudged,
            Event::LockRequested { .. } if self.my_token(id).is_some() => Kind::Asked,
            Event::OutboundFailed { outbound, .. } | Event::OutboundUnknown { outbound, .. } if mine(*outbound) => {
                Kind::Trouble
            }
            _ => return,
        };
        let stamp = i64::try_from(entry.number).unwrap_or(i64::MAX);
        self.remind(kind, id, stamp, None, by);
    }

    /// A reply of mine was taken back or stopped: its text is a draft again.
    fn give_back_cancelled(&mut self, id: ConversationId, event: &Event) {
        if let Event::OutboundCancelled { outbound, .. } = event {
            let text = self
                .confirmed
                .get(&id)
                .and_then(|state| state.outbound(*outbound))
                .filter(|outbound| outbound.by == self.id.me)
                .map(|outbound| outbound.draft.clone());
            if let Some(text) = text {
                self.restore_draft(id, text);
            }
        }
    }

    /// Whether a reminder still says something true.
    fn stands(&self, reminder: &Reminder, state: &Conversation) -> bool {
        let me = self.id.me;
        let mine = state.owner == Some(me) && !state.status.is_over();
        match reminder.kind {
            Kind::FollowUp => {
                self.follow_up_is_mine(state)
                    && state.follow_up.as_ref().map(|follow_up| follow_up.due) == reminder.deadline
            }
            Kind::Escalated => escalated(state, me).is_some(),
            Kind::Offered => {
                let offer = state.handoff.as_ref().filter(|offer| offer.to == me);
                offer.map(|offer| offer.until) == reminder.deadline
            }
            Kind::Breached | Kind::Warned => self.pressing(state) == reminder.deadline.map(|at| (reminder.kind, at)),
            Kind::Answered => mine && state.unanswered_since.is_some(),
            Kind::Covering => self.covers(state),
            Kind::Assigned | Kind::Nudged => mine,
            Kind::Told => !state.status.is_over(),
            Kind::NewLead => state.owner.is_none() && !state.status.is_over() && self.on_duty(state),
            Kind::Asked => state
                .lock
                .as_ref()
                .is_some_and(|lock| lock.member == me && lock.asked.is_some()),
            Kind::Trouble => views::trouble(state),
        }
    }

    /// Whether its customer waits, and I am to look after them in the owner's place.
    fn covers(&self, state: &Conversation) -> bool {
        let inbox = self.documents.inboxes.get(&state.inbox);
        let standing = inbox.map(|inbox| Standing {
            now: self.now,
            inbox,
            members: &self.documents.members,
            accounts: &self.documents.accounts,
        });
        standing.is_some_and(|standing| standing.covering(state) == Some(self.id.me))
    }

    /// New leads of which I am told when I am at work again, should nobody have taken them by then.
    fn told_when_back(&self) -> BTreeSet<String> {
        let waiting = self.reminders.waiting.values();
        let leads = waiting.filter(|reminder| reminder.kind == Kind::NewLead);
        let later = leads.filter(|reminder| {
            let free = |state: &&Conversation| state.owner.is_none() && !state.status.is_over();
            let state = self.state(reminder.conversation).filter(free);
            state.is_some_and(|state| !self.on_duty(state))
        });
        later.map(|reminder| reminder.key.clone()).collect()
    }

    /// Whether I am at work, where I may take a new lead.
    fn on_duty(&self, state: &Conversation) -> bool {
        let open = self
            .documents
            .inboxes
            .get(&state.inbox)
            .is_some_and(|inbox| inbox.policy.calendar.is_open(self.now));
        let here = self
            .documents
            .members
            .get(&self.id.me)
            .is_some_and(|member| member.available(self.now) && member.at_work(self.now));
        let may = self
            .documents
            .capabilities(self.id.me, state.inbox)
            .contains(&Capability::Work);
        open && here && may
    }

    /// Shows what is ready to be shown.
    pub(super) fn flush_reminders(&mut self) {
        if self.reminders.waiting.is_empty() {
            return;
        }
        if !self.settings.notifications {
            self.reminders.waiting.clear();
            return;
        }
        if self.now < self.reminders.gather_until {
            return;
        }
        // A customer who waits longer than was promised, and being asked to see to it, are not held back for anything.
        let quiet = self.quiet();
        let off = self.told_when_back();
        let waits = |reminder: &Reminder| quiet && !reminder.kind.presses() || off.contains(&reminder.key);
        for reminder in self.reminders.waiting.values_mut().filter(|one| waits(one)) {
            reminder.held_back = true;
        }
        let ready: Vec<Reminder> = self
            .reminders
            .waiting
            .values()
            .filter(|reminder| reminder.show_at <= self.now && !waits(reminder))
            .cloned()
            .collect();
        let mut by_conversation: BTreeMap<ConversationId, Vec<Reminder>> = BTreeMap::new();
        for reminder in ready {
            self.reminders.waiting.remove(&reminder.key);
            let id = reminder.conversation;
            if !self.state(id).is_some_and(|state| self.stands(&reminder, state)) {
                continue;
            }
            // Recorded before it is shown; what is on screen counts as shown and handled.
            let on_screen = self.looking == Some(id) && self.active();
            self.record(&reminder.key, on_screen);
            self.tell_notified(&reminder.key, on_screen);
            if !on_screen {
                by_conversation.entry(id).or_default().push(reminder);
            }
        }
        // And it is not lost among what can wait.
        let (breached, rest): (BTreeMap<_, _>, BTreeMap<_, _>) = by_conversation
            .into_iter()
            .partition(|(_, reminders): &(_, Vec<Reminder>)| reminders.iter().any(|one| one.kind.presses()));
        self.tell(breached, BUNDLE);
        let held_back = |reminders: &Vec<Reminder>| reminders.iter().any(|reminder| reminder.held_back);
        let together = if rest.values().any(held_back) {
            BUNDLE_HELD_BACK
        } else {
            BUNDLE
        };
        self.tell(rest, together);
    }

    /// One by one, or from so many on in one notification.
    fn tell(&mut self, by_conversation: BTreeMap<ConversationId, Vec<Reminder>>, together: usize) {
        if by_conversation.len() >= together {
            self.show_bundle(by_conversation);
        } else {
            for (id, reminders) in by_conversation {
                self.show(id, reminders);
            }
        }
    }

    fn record(&mut self, key: &str, handled: bool) {
        self.reminders.shown.insert(key.to_owned(), handled);
        self.batch.shown.insert(key.to_owned(), (self.now, handled));
    }

    fn show(&mut self, id: ConversationId, mut reminders: Vec<Reminder>) {
        reminders.sort_by_key(|reminder| reminder.kind);
        let before = self.reminders.showing.remove(&id);
        let update = before.filter(|before| self.now.since_ms(before.at) < UPDATE_MS);
        let (Some(state), Some(first)) = (self.state(id), reminders.first()) else {
            return;
        };
        let (key, at) = match &update {
            Some(before) => (before.key.clone(), before.at),
            None => (first.key.clone(), self.now),
        };
        let notification = words::notification(key.clone(), first, state, &self.documents, self.now, self.language());
        let last_seen = state.last_message.as_ref().map(|last| last.id);
        if let Some(before) = update {
            reminders.extend(before.reminders);
        }
        self.reminders.showing.insert(
            id,
            Showing {
                key,
                at,
                reminders,
                last_seen,
            },
        );
        self.out.push(Effect::Notify(notification));
    }

    fn show_bundle(&mut self, by_conversation: BTreeMap<ConversationId, Vec<Reminder>>) {
        let mut rows: Vec<(Reminder, &Conversation)> = by_conversation
            .iter()
            .filter_map(|(id, reminders)| {
                let first = reminders.iter().min_by_key(|reminder| reminder.kind)?;
                Some((first.clone(), self.state(*id)?))
            })
            .collect();
        rows.sort_by_key(|(reminder, _)| (reminder.kind, reminder.deadline));
        let first = rows.first().map_or("", |(reminder, _)| reminder.kind.name());
        let key = format!("bundle/{}/{}/{first}", self.id.me, self.now.0);
        let notification: Notification = words::bundle(key.clone(), &rows, self.language());
        let conversations = rows.iter().map(|(_, state)| state.id).collect();
        self.reminders.bundles.insert(key, conversations);
        self.out.push(Effect::Notify(notification));
    }

    /// A conversation is on screen: what was shown about it is handled, here and on my other devices.
    pub(super) fn seen_on_screen(&mut self, id: ConversationId) {
        self.withdraw(id, true);
    }

    fn withdraw(&mut self, id: ConversationId, tell: bool) {
        let Some(showing) = self.reminders.showing.remove(&id) else {
            return;
        };
        for reminder in &showing.reminders {
            self.record(&reminder.key, true);
            if tell {
                self.tell_notified(&reminder.key, true);
            }
        }
        self.out.push(Effect::Withdraw(showing.key));
    }

    pub(super) fn notified_elsewhere(&mut self, key: &str, handled: bool) {
        self.record(key, handled);
        self.reminders.waiting.remove(key);
        let showing = self
            .reminders
            .showing
            .iter()
            .find(|(_, showing)| showing.reminders.iter().any(|reminder| reminder.key == key))
            .map(|(id, _)| *id);
        if let Some(id) = showing.filter(|_| handled) {
            self.withdraw(id, false);
        }
    }

    /// A button of a notification was pressed. It may belong to one that an earlier run of this program showed: then the key
    /// itself names the conversation.
    pub(super) fn pressed(&mut self, key: &str, action: &str) {
        self.active_at = self.now;
        if let Some(conversations) = self.reminders.bundles.remove(key) {
            if let Some(first) = conversations.first() {
                self.out.push(Effect::Emit(UiEvent::Focus(*first)));
            }
            self.out.push(Effect::Withdraw(key.to_owned()));
            return;
        }
        let showing = self.reminders.showing.iter().find(|(_, showing)| showing.key == key);
        let (id, last_seen) = match showing {
            Some((id, showing)) => (*id, showing.last_seen),
            None => {
                let named = key.split('/').nth(2).and_then(|id| id.parse().ok());
                let Some(id) = named else { return };
                (id, self.newest_message(id))
            }
        };
        let in_an_hour = self.now.plus_ms(HOUR_MS);
        let zone = self.zone().iana_name().map(str::to_owned);
        let body = match action {
            "in1h" => Some(CommandBody::ScheduleFollowUp {
                due: in_an_hour,
                zone,
                text: None,
            }),
            "done" => Some(CommandBody::CompleteFollowUp),
            "claim" => Some(CommandBody::Claim),
            "accept" => Some(CommandBody::AcceptHandoff),
            "have" => Some(CommandBody::AcknowledgeEscalation),
            "snooze" => Some(CommandBody::Snooze {
                until: Some(in_an_hour),
                zone,
                reason: None,
            }),
            _ => None,
        };
        if self.reminders.showing.contains_key(&id) {
            self.withdraw(id, true);
        } else {
            self.out.push(Effect::Withdraw(key.to_owned()));
        }
        match body {
            // Nobody waits at a notification for an answer: a refusal is held, in sight.
            Some(body) => self.act(None, id, body, last_seen),
            None => self.out.push(Effect::Emit(UiEvent::Focus(id))),
        }
    }

    /// Whether the person wants quiet now.
    fn quiet(&self) -> bool {
        let (Some(from), Some(to)) = (self.settings.quiet_from_minute, self.settings.quiet_to_minute) else {
            return false;
        };
        let Ok(now) = jiff::Timestamp::from_millisecond(self.now.0) else {
            return false;
        };
        let local = now.to_zoned(self.zone());
        let minute = i32::from(local.hour()) * 60 + i32::from(local.minute());
        let (from, to) = (i32::from(from), i32::from(to));
        if from <= to {
            (from..to).contains(&minute)
        } else {
            minute >= from || minute < to
        }
    }

    pub(super) fn next_reminder(&self) -> Option<Timestamp> {
        let first = self.reminders.waiting.values().map(|reminder| reminder.show_at).min()?;
        let at = first.max(self.reminders.gather_until);
        // The end of the quiet hours is found by looking again.
        Some(if at <= self.now {
            self.now.plus_ms(MINUTE_MS)
        } else {
            at
        })
    }
}
