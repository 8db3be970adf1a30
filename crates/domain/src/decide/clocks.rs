//! SLA clocks follow the work: what a command led to starts them, lets them stand and run on, and takes a breach back.
//!
//! First and next response never pause while the newest message needing an answer is the customer's, whatever the status:
//! blocking or snoozing does not stop the customer waiting. Only resolution pauses, while the next move is not ours. What is
//! decided after a deadline that nobody has noticed yet notices it first: a late answer never hides that it was late.
//!
//! After a change of what an inbox promises, or of its hours, the referee asks every open conversation of it, in batches, to
//! compute its clocks anew ([`Deadline::Targets`]); one on which something else happens first does so with that. One that is moved to
//! another inbox does so with the move.

use crate::evolve::apply;
use crate::{
    Clock, ClockEnd, ClockKind, CommandBody, Conversation, Deadline, Direction, Event, Inbox, InboxPolicy, MessageKind,
    Phase, SlaRule, Stamp, Timestamp, Timetable, evolve,
};

/// `events`, just decided on `before`, with what they mean for the clocks, and after what these missed.
pub(super) fn beside(
    before: Option<&Conversation>,
    body: Option<&CommandBody>,
    events: Vec<Event>,
    stamp: Stamp,
    inbox: &Inbox,
) -> Vec<Event> {
    let anew = matches!(
        body,
        Some(CommandBody::Due {
            what: Deadline::Targets,
            ..
        })
    );
    let has_clocks = before.is_some_and(|before| !before.clocks.is_empty());
    if (events.is_empty() && !anew) || (inbox.policy.sla.rules.is_empty() && !has_clocks) {
        return events;
    }
    let mut all = before.map_or_else(Vec::new, |before| missed(before, body, stamp.at));
    all.extend(events);
    let followed = follow(before, &all, stamp, inbox);
    all.extend(followed);
    all
}

/// Warnings and breaches of before `now` that are still to be said, in their order. Not those that an answer from outside, seen
/// only now, disproves.
fn missed(state: &Conversation, body: Option<&CommandBody>, now: Timestamp) -> Vec<Event> {
    let itself = |what: Deadline| what != Deadline::Targets;
    if state.status.is_over() || matches!(body, Some(CommandBody::Due { what, .. }) if itself(*what)) {
        return Vec::new();
    }
    let sent = match body {
        Some(CommandBody::ExternalReply { message, .. }) if !state.was_written_before_theirs(message) => {
            Some(message.at)
        }
        _ => None,
    };
    let disproved = |clock: &Clock, at| clock.kind.is_response() && sent.is_some_and(|sent| sent <= at);
    let clocks = state.clocks.iter().flat_map(|clock| {
        let passed = clock
            .deadlines()
            .filter(move |(at, _)| *at <= now && !disproved(clock, *at));
        passed.map(|(at, what)| (at, said(clock.kind, what, at)))
    });
    let mut missed: Vec<(Timestamp, Event)> = clocks.collect();
    missed.sort_by_key(|(at, _)| *at);
    missed.into_iter().map(|(_, event)| event).collect()
}

/// A clock's warning or breach has come, or several at one instant.
pub(super) fn came(state: &Conversation, what: Deadline, at: Timestamp) -> Vec<Event> {
    let due = state
        .clocks
        .iter()
        .filter(|clock| clock.deadlines().any(|one| one == (at, what)));
    due.map(|clock| said(clock.kind, what, at)).collect()
}

fn said(clock: ClockKind, what: Deadline, at: Timestamp) -> Event {
    match what {
        Deadline::ClockWarning => Event::ClockWarned { clock, at },
        _ => Event::ClockBreached { clock, at },
    }
}

fn follow(before: Option<&Conversation>, events: &[Event], stamp: Stamp, inbox: &Inbox) -> Vec<Event> {
    let mut after = before.cloned();
    for event in events {
        match &mut after {
            Some(state) => apply(state, stamp, event),
            None => after = evolve(None, stamp, event),
        }
    }
    let Some(after) = after else { return Vec::new() };
    let response = if after.replies == 0 {
        ClockKind::FirstResponse
    } else {
        ClockKind::NextResponse
    };
    let mut follow = Following {
        before,
        after,
        events,
        stamp,
        policy: &inbox.policy,
        table: None,
        decided: Vec::new(),
    };
    follow.withdraw();
    follow.withdraw_what_was_not_owed();
    follow.go_on_after_the_end();
    for kind in [ClockKind::Owner, response, ClockKind::Resolution] {
        follow.run(kind);
    }
    follow.stand_or_go_on();
    follow.decided
}

struct Following<'a> {
    before: Option<&'a Conversation>,
    /// What was decided here included.
    after: Conversation,
    events: &'a [Event],
    stamp: Stamp,
    policy: &'a InboxPolicy,
    /// Made when it is asked for: most commands move no clock.
    table: Option<Timetable>,
    decided: Vec<Event>,
}

/// Since when a clock of that kind is to run, if it is.
fn wanted_since(state: &Conversation, kind: ClockKind, now: Timestamp) -> Option<Timestamp> {
    if state.status.is_over() || !state.category.has_duties() {
        return None;
    }
    // The first message stands as the newest until somebody writes, whatever other machines say.
    let only_machines = state.last_message.as_ref().is_some_and(|last| {
        last.direction == Direction::Inbound && matches!(last.kind, MessageKind::AutoReply | MessageKind::Bounce)
    });
    match kind {
        ClockKind::FirstResponse | ClockKind::NextResponse => state.unanswered_since,
        ClockKind::Owner | ClockKind::Resolution if only_machines => None,
        ClockKind::Owner => state.owner.is_none().then_some(now),
        ClockKind::Resolution => Some(now),
    }
}

impl Following<'_> {
    fn decide(&mut self, event: Event) {
        apply(&mut self.after, self.stamp, &event);
        self.decided.push(event);
    }

    fn with_table<T>(&mut self, reckon: impl FnOnce(&Timetable) -> Option<T>) -> Option<T> {
        let calendar = &self.policy.calendar;
        reckon(self.table.get_or_insert_with(|| calendar.timetable()))
    }

    fn start(&mut self, clock: Option<Clock>) {
        if let Some(clock) = clock {
            self.decide(Event::ClockStarted { clock: Box::new(clock) });
        }
    }

    /// An answer from outside that was sent in time, and is seen after the breach was noticed, disproves it.
    fn withdraw(&mut self) {
        if self.after.unanswered_since.is_some() {
            return;
        }
        let breached = self.before.into_iter().flat_map(|before| &before.clocks);
        let mut breached = breached.filter(|clock| clock.kind.is_response() && clock.breached);
        let disproved = breached.find_map(|clock| {
            let sent = self.events.iter().find_map(|event| match event {
                Event::OutsideReply { message, .. } => Some(message.at),
                _ => None,
            })?;
            // One that was answered later by another reply: this one counts if it answers the same.
            let answers = clock.is_open() || sent >= clock.started;
            (sent <= clock.due && answers).then_some((clock.kind, sent.max(clock.started)))
        });
        if let Some((clock, answered)) = disproved {
            self.decide(Event::BreachWithdrawn { clock, answered });
        }
    }

    /// What was opened again by a message that needed no answer had ended before, and in time if it was late only since.
    fn withdraw_what_was_not_owed(&mut self) {
        if !self
            .events
            .iter()
            .any(|event| matches!(event, Event::NoReplyNeeded { .. }))
        {
            return;
        }
        let Some(answered) = self.after.closing.as_ref().map(|closing| closing.at) else {
            return;
        };
        let late_since = |clock: &&Clock| {
            clock.kind == ClockKind::Resolution && clock.breached && answered <= clock.due && clock.started <= answered
        };
        if let Some(clock) = self.after.clocks.iter().find(late_since).map(|clock| clock.kind) {
            self.decide(Event::BreachWithdrawn { clock, answered });
        }
    }

    /// What had ended has not: its clock goes on with what was left.
    fn go_on_after_the_end(&mut self) {
        let reopened = |event: &Event| matches!(event, Event::Reopened { .. });
        if self.after.status.is_over() || !self.events.iter().any(reopened) {
            return;
        }
        let ended =
            |clock: &&Clock| clock.kind == ClockKind::Resolution && matches!(clock.end, Some(ClockEnd::Met { .. }));
        if let Some(clock) = self.after.clocks.iter().find(ended).cloned() {
            let now = self.stamp.at;
            let going_on = self.with_table(|table| clock.going_on(now, table));
            self.start(going_on);
        }
    }

    /// Starts the clock that is wanted from now on, and computes one anew whose cohort changed.
    fn run(&mut self, kind: ClockKind) {
        let now = self.stamp.at;
        let Some(since) = wanted_since(&self.after, kind, now) else {
            return;
        };
        let said_anew = self.events.iter().any(|event| {
            matches!(
                event,
                Event::FieldsChanged { .. } | Event::Absorbed { .. } | Event::LetGo { .. }
            )
        });
        let moved = self.events.iter().any(|event| matches!(event, Event::MovedIn { .. }));
        let merged = |event: &Event| matches!(event, Event::Absorbed { .. } | Event::LetGo { .. });
        let merged = self.events.iter().any(merged);
        let policy = &self.policy.sla;
        let mut running = self.after.clocks.iter().filter(|clock| clock.is_open());
        let running = running.find(|clock| clock.kind.shares_place(kind)).cloned();
        let Some(clock) = running else {
            if let Some(rule) = policy.rule_for(&self.after).cloned() {
                let clock = match self.not_needed_before(kind, since) {
                    Some(clock) => self.needed_after_all(clock, &rule),
                    None => {
                        let wanted_before = self.before.and_then(|before| wanted_since(before, kind, now));
                        // What turns out to be a lead has waited all the same. What was one and had no target was promised
                        // nothing, whatever else was said of it meanwhile: it counts from now. Whoever waits for an answer waits
                        // on while it is passed from one inbox to another, and back.
                        let answers = matches!(kind, ClockKind::FirstResponse | ClockKind::NextResponse);
                        let waited = ((moved || merged) && answers) || (said_anew && wanted_before.is_none());
                        let since = if waited { since } else { now };
                        self.with_table(|table| Clock::start(kind, since, now, &rule, policy, table))
                    }
                };
                self.start(clock);
            }
            return;
        };
        // What was breached stays so.
        let promised_anew = moved || clock.policy != policy.version;
        if (said_anew || promised_anew) && !clock.breached {
            self.compute_anew(&clock, promised_anew);
        }
    }

    /// The clock of this very wait, if it ended because nothing was owed for a while.
    fn not_needed_before(&self, kind: ClockKind, since: Timestamp) -> Option<Clock> {
        let had_owner = self.before.is_some_and(|before| before.owner.is_some());
        let clock = self.after.clocks.iter().find(|clock| clock.kind.shares_place(kind))?;
        let same_wait = match kind {
            ClockKind::Owner => !had_owner,
            ClockKind::FirstResponse | ClockKind::NextResponse => clock.started >= since,
            ClockKind::Resolution => true,
        };
        (same_wait && clock.end == Some(ClockEnd::NotNeeded)).then(|| clock.clone())
    }

    /// It goes on, by the target that holds now: one wait is warned of and late once. What was breached stays so. Nobody waited
    /// for an owner or an end while it was over; the customer did wait for an answer.
    fn needed_after_all(&mut self, mut clock: Clock, rule: &SlaRule) -> Option<Clock> {
        let (now, policy) = (self.stamp.at, &self.policy.sla);
        rule.targets.of(clock.kind)?;
        clock.end = None;
        let closing = self.before.and_then(|before| before.closing.as_ref());
        if let Some(closing) = closing.filter(|_| !clock.kind.is_response()) {
            clock.stood_still(closing.at, now);
        }
        if clock.breached {
            return Some(clock);
        }
        self.with_table(|table| clock.retargeted(rule, policy, now, table))
    }

    /// What the conversation is was said anew, and its cohort may have another target; or what the inbox promises was.
    fn compute_anew(&mut self, clock: &Clock, promised_anew: bool) {
        let (now, policy) = (self.stamp.at, &self.policy.sla);
        let rule = policy.rule_for(&self.after).cloned();
        match rule.and_then(|rule| rule.targets.of(clock.kind).map(|target| (rule, target))) {
            Some((rule, target)) if target == clock.target && rule.name == clock.rule && !promised_anew => {}
            Some((rule, _)) => {
                let anew = self.with_table(|table| clock.retargeted(&rule, policy, now, table));
                if let Some(clock) = anew {
                    let clock = Box::new(clock);
                    self.decide(if promised_anew {
                        Event::ClockRetargeted { clock }
                    } else {
                        Event::ClockStarted { clock }
                    });
                }
            }
            None => self.decide(Event::ClockDropped { clock: clock.kind }),
        }
    }

    /// The end is not waited for while the next move is somebody else's.
    fn stand_or_go_on(&mut self) {
        let resolution = |clock: &&Clock| clock.kind == ClockKind::Resolution && clock.is_open();
        let Some(clock) = self.after.clocks.iter().find(resolution).cloned() else {
            return;
        };
        let rests = matches!(self.after.phase(), Phase::Pending | Phase::Snoozed);
        match (clock.stands_still(), rests) {
            (false, true) => self.decide(Event::ClockPaused { clock: clock.kind }),
            (true, false) => {
                // A date that was noticed late came when it came.
                let came = self.events.iter().find_map(|event| match event {
                    Event::CameDue { at, .. } => Some(*at),
                    _ => None,
                });
                let stopped = clock.pauses.last().map_or(clock.started, |pause| pause.since);
                let since = came.map(|at| at.max(stopped));
                let from = since.unwrap_or(self.stamp.at);
                if let Some(clock) = self.with_table(|table| clock.going_on(from, table)) {
                    self.decide(Event::ClockResumed {
                        clock: clock.kind,
                        since: since.filter(|since| *since != self.stamp.at),
                        half_at: clock.half_at,
                        warn_at: clock.warn_at,
                        due: clock.due,
                    });
                }
            }
            _ => {}
        }
    }
}
