//! Who is asked to see to it, who is next, and when nobody needs to be any more.
//!
//! Deadlines begin a path in the decision that says they have passed; nothing polls. Absent people are skipped, and so is whoever asked for
//! it and whoever may not read the inbox. Only an acknowledgement stops the asking: one by command, or by doing something about it
//! (taking it, giving it to somebody, answering). What it was about ends it: the answer, the owner, the decision, the end.

use std::collections::BTreeSet;

use super::{Case, invalid, text};
use crate::escalation::counted_between;
use crate::evolve::apply;
use crate::{
    Capability, Clock, ClockEnd, ClockKind, Conversation, EscalationAsk, EscalationEnd, EscalationReason, Event,
    FollowUp, FollowUpKind, Invalid, Member, MemberId, MessageId, Refusal, Role, Stamp, Standing, Timestamp, evolve,
    on_call,
};

/// The longest reason, in characters.
const REASON_CHARS: usize = 2000;

impl Case<'_> {
    /// Somebody wants a colleague's eyes on it. While a path is at work its people are told the new words; none is asked anew.
    pub(super) fn escalate(&self, words: &str) -> Result<Vec<Event>, Refusal> {
        let by = self.me()?;
        let words = text("reason", words, REASON_CHARS)?;
        if self.state.status.is_over() {
            return Err(invalid("body", Invalid::NotNow));
        }
        let reason = EscalationReason::ByHand { by, words };
        let Some(running) = &self.state.escalation else {
            return Ok(vec![Asking::from(0, &reason, self.context.standing()).begun(reason)]);
        };
        let EscalationReason::ByHand { words, .. } = &reason else {
            return Ok(Vec::new());
        };
        if running.reason == reason {
            return Ok(Vec::new());
        }
        let told = match running.acknowledged {
            Some(acknowledged) => vec![acknowledged.by],
            None => running.asked.iter().copied().collect(),
        };
        Ok(vec![Event::NoteAdded {
            note: MessageId(self.command.id.0),
            text: words.clone(),
            mentions: told.into_iter().filter(|member| *member != by).collect(),
            suggestion: false,
            unsent_by: None,
        }])
    }

    /// "I have it": from whoever is asked, was asked, or leads. First come, first served, while whoever was first is there.
    pub(super) fn acknowledge_escalation(&self) -> Result<Vec<Event>, Refusal> {
        let me = self.me()?;
        let Some(running) = &self.state.escalation else {
            return Ok(Vec::new());
        };
        if let Some(first) = running.acknowledged {
            if first.by == me {
                return Ok(Vec::new());
            }
            if self.context.standing().can_be_asked(first.by) {
                return Err(Refusal::AlreadyAcknowledged {
                    by: first.by,
                    at: first.at,
                });
            }
        }
        if !running.has_asked(me) && !self.may(Capability::Manage) {
            return Err(Refusal::NotPermitted {
                needs: Capability::Manage,
                inbox: Some(self.context.inbox.id),
            });
        }
        Ok(acknowledged(self.state, me))
    }

    /// They did not answer in time: whoever comes next is asked, from now on for as long as their step says.
    pub(super) fn escalation_lapsed(&self, at: Timestamp) -> Vec<Event> {
        let Some(running) = &self.state.escalation else {
            return Vec::new();
        };
        let next = running.step.saturating_add(1);
        let Asking { step, asked, until } = Asking::from(next, &running.reason, self.context.standing());
        vec![Event::EscalationPassedOn { at, step, asked, until }]
    }

    /// Its cadence ran out, and somebody has to say what becomes of it: whoever has it or is asked already, or whoever is asked now.
    pub(super) fn asked_before_closing(&self) -> Option<Event> {
        let reason = EscalationReason::BeforeClosing;
        let nobody = self.state.escalation.is_none();
        nobody.then(|| Asking::from(0, &reason, self.context.standing()).begun(reason))
    }
}

impl Standing<'_> {
    /// Whether `member` is here and may read this.
    fn can_be_asked(&self, member: MemberId) -> bool {
        let here = self.members.get(&member);
        here.is_some_and(|known| known.available(self.now)) && self.may(member, Capability::Read)
    }

    /// Whoever is on call here, or stands in for them.
    fn on_call(&self, but: Option<MemberId>) -> Option<MemberId> {
        let rota = self.inbox.policy.on_call.as_ref()?;
        let first = on_call(rota, self.now)?;
        let backup = self.members.get(&first).and_then(|member| member.backup);
        let can = |member: &MemberId| Some(*member) != but && self.can_be_asked(*member);
        let here = [Some(first), backup].into_iter().flatten();
        here.chain(rota.after(first)).find(can)
    }

    /// Whoever leads this inbox and is here: admins where nobody else is.
    fn leaders(&self, but: Option<MemberId>) -> BTreeSet<MemberId> {
        let leads = |known: &&Member| {
            Some(known.id) != but && self.can_be_asked(known.id) && self.may(known.id, Capability::Manage)
        };
        let (admins, others): (Vec<&Member>, Vec<&Member>) = self
            .members
            .values()
            .filter(leads)
            .partition(|known| known.role == Role::Admin);
        let chosen = if others.is_empty() { admins } else { others };
        chosen.into_iter().map(|known| known.id).collect()
    }
}

/// Who is asked, and until when.
struct Asking {
    step: u32,
    asked: BTreeSet<MemberId>,
    until: Option<Timestamp>,
}

impl Asking {
    /// From that step of the path on: the first with somebody to ask. At its end, whoever leads, without an end.
    fn from(first: u32, reason: &EscalationReason, standing: Standing<'_>) -> Self {
        let but = match reason {
            EscalationReason::ByHand { by, .. } => Some(*by),
            EscalationReason::Late { .. } | EscalationReason::ByRule { .. } | EscalationReason::BeforeClosing => None,
        };
        let policy = &standing.inbox.policy;
        for (step, asks) in (0_u32..)
            .zip(&policy.escalation.steps)
            .filter(|(step, _)| *step >= first)
        {
            let asked: BTreeSet<MemberId> = match &asks.ask {
                EscalationAsk::Managers => standing.leaders(but),
                EscalationAsk::OnCall => standing.on_call(but).into_iter().collect(),
                EscalationAsk::Members { members } => members
                    .iter()
                    .copied()
                    .filter(|member| Some(*member) != but && standing.can_be_asked(*member))
                    .collect(),
            };
            if !asked.is_empty() {
                let table = policy.calendar.timetable();
                let until = asks.within.after(standing.now, asks.within.length_ms, &table);
                return Self { step, asked, until };
            }
        }
        Self {
            step: u32::try_from(policy.escalation.steps.len()).unwrap_or(u32::MAX),
            asked: standing.leaders(but),
            until: None,
        }
    }

    fn begun(self, reason: EscalationReason) -> Event {
        Event::Escalated {
            reason,
            step: self.step,
            asked: self.asked,
            until: self.until,
        }
    }
}

/// A path begins, for that reason.
pub(super) fn begun(reason: EscalationReason, standing: Standing<'_>) -> Event {
    Asking::from(0, &reason, standing).begun(reason)
}

/// They have it, and follow what becomes of it.
fn acknowledged(state: &Conversation, by: MemberId) -> Vec<Event> {
    let follows = state.owner == Some(by) || state.followers.contains(&by);
    let mut events = vec![Event::EscalationAcknowledged { by }];
    events.extend((!follows).then_some(Event::Followed { member: by }));
    events
}

/// `events`, just decided on `before`, with what they mean for the escalation.
pub(super) fn beside(
    before: Option<&Conversation>,
    events: Vec<Event>,
    stamp: Stamp,
    standing: Standing<'_>,
) -> Vec<Event> {
    let taken_back = |before: &Conversation| before.provisional.as_ref().is_some_and(|one| one.escalation.is_some());
    let runs = before.is_some_and(|before| before.escalation.is_some() || taken_back(before));
    let late = events.iter().any(|event| match event {
        Event::ClockBreached { .. } => true,
        Event::ClockStarted { clock } => clock.breached,
        _ => false,
    });
    if events.is_empty() || !(runs || late) {
        return events;
    }
    let mut after = before.cloned();
    for event in &events {
        match &mut after {
            Some(state) => apply(state, stamp, event),
            None => after = evolve(None, stamp, event),
        }
    }
    let Some(after) = after else { return events };
    let asks = |event: &Event| matches!(event, Event::Escalated { .. });
    let goes_on = before.is_some_and(|before| before.escalation.is_none())
        && after.escalation.is_some()
        && !events.iter().any(asks);
    let mut course = Course {
        before,
        after,
        events: &events,
        stamp,
        standing,
        goes_on,
        decided: Vec::new(),
    };
    course.end();
    course.acknowledge_by_doing();
    course.go_on_elsewhere();
    course.begin();
    let decided = course.decided;
    let mut all = events;
    all.extend(decided);
    all
}

struct Course<'a> {
    before: Option<&'a Conversation>,
    /// What was decided here included.
    after: Conversation,
    events: &'a [Event],
    stamp: Stamp,
    standing: Standing<'a>,
    /// It had ended by a reply that did not leave, and is what it was.
    goes_on: bool,
    decided: Vec<Event>,
}

impl Course<'_> {
    fn decide(&mut self, events: impl IntoIterator<Item = Event>) {
        for event in events {
            apply(&mut self.after, self.stamp, &event);
            self.decided.push(event);
        }
    }

    /// Whether what that clock waits for is late and still to come.
    fn is_late(&self, kind: ClockKind) -> bool {
        let mut clocks = self.after.clocks.iter();
        clocks.any(|clock| clock.kind.shares_place(kind) && is_late(clock))
    }

    /// Whether a rule has it escalated in this very decision: what else was decided has not seen to it, and its people are the right ones.
    fn begins_by_rule(&self) -> bool {
        let by_rule = |event: &Event| {
            matches!(
                event,
                Event::Escalated {
                    reason: EscalationReason::ByRule { .. },
                    ..
                }
            )
        };
        self.events.iter().any(by_rule)
    }

    fn end(&mut self) {
        if self.begins_by_rule() {
            return;
        }
        let how = self
            .after
            .escalation
            .as_ref()
            .and_then(|running| match &running.reason {
                EscalationReason::Late { clock } => self.not_late_any_more(*clock),
                _ if self.after.status.is_over() => Some(EscalationEnd::Closed),
                EscalationReason::ByHand { .. } | EscalationReason::ByRule { .. } => self.seen_to(),
                EscalationReason::BeforeClosing => {
                    let waits = self.after.follow_up.as_ref().is_some_and(waits_for_a_person);
                    (!waits).then_some(EscalationEnd::Decided)
                }
            });
        if let Some(how) = how {
            let reply = counted_between(self.before, &self.after);
            self.decide([Event::EscalationEnded { how, reply }]);
        }
    }

    fn not_late_any_more(&self, kind: ClockKind) -> Option<EscalationEnd> {
        if self.is_late(kind) {
            return None;
        }
        let clock = self.after.clocks.iter().find(|clock| clock.kind.shares_place(kind));
        let met = clock.is_some_and(|clock| clock.breached && matches!(clock.end, Some(ClockEnd::Met { .. })));
        Some(match kind {
            ClockKind::Owner if met => EscalationEnd::Taken,
            ClockKind::FirstResponse | ClockKind::NextResponse if met => EscalationEnd::Answered,
            _ if self.after.status.is_over() => EscalationEnd::Closed,
            _ => EscalationEnd::NotNeeded,
        })
    }

    /// What was asked by hand is seen to by a new owner, or by the first answer after somebody said that they have it.
    fn seen_to(&self) -> Option<EscalationEnd> {
        let before = self.before?;
        let has_it = before.escalation.as_ref().is_some_and(|running| !running.waits());
        if self.after.owner.is_some() && self.after.owner != before.owner {
            Some(EscalationEnd::Taken)
        } else if has_it && self.after.replies > before.replies {
            Some(EscalationEnd::Answered)
        } else {
            None
        }
    }

    /// Who was asked and does something about it has it.
    fn acknowledge_by_doing(&mut self) {
        let Some(actor) = self.stamp.actor.member() else { return };
        let waits = self.after.escalation.as_ref().filter(|running| running.waits());
        let does = |event: &Event| match event {
            Event::OwnerChanged { .. } | Event::HandoffOffered { .. } => true,
            Event::ReplyQueued { outbound } => !outbound.is_aside(),
            _ => false,
        };
        if waits.is_some_and(|running| running.has_asked(actor)) && self.events.iter().any(does) {
            let said = acknowledged(&self.after, actor);
            self.decide(said);
        }
    }

    /// In another inbox other people see to it, unless who has it sees that one too.
    fn go_on_elsewhere(&mut self) {
        let moves = self.events.iter().any(|event| matches!(event, Event::MovedIn { .. }));
        if !moves || self.begins_by_rule() {
            return;
        }
        let Some(running) = &self.after.escalation else { return };
        let stays = |one: crate::Acknowledged| self.standing.can_be_asked(one.by);
        if !running.acknowledged.is_some_and(stays) {
            let reason = running.reason.clone();
            self.decide([Asking::from(0, &reason, self.standing).begun(reason)]);
        }
    }

    /// Something is late, and nobody is being asked. Having said "I have it" holds for what was late then, not for what is since; and
    /// what was late beside something that is over now is still late.
    fn begin(&mut self) {
        if self.after.escalation.as_ref().is_some_and(crate::Escalation::waits) {
            return;
        }
        let ended = self.after.escalation.is_none();
        let known = |kind: ClockKind| {
            let before = self.before.filter(|before| !before.status.is_over());
            before.is_some_and(|before| before.clocks.iter().any(|clock| clock.kind == kind && is_late(clock)))
        };
        let mut late = self.after.clocks.iter().filter(|clock| is_late(clock));
        let late = late
            .find(|clock| ended || !(self.goes_on || known(clock.kind)))
            .map(|clock| clock.kind);
        if let Some(clock) = late {
            let reason = EscalationReason::Late { clock };
            self.decide([Asking::from(0, &reason, self.standing).begun(reason)]);
        }
    }
}

/// What it waits for is still to come, past its deadline.
const fn is_late(clock: &Clock) -> bool {
    clock.is_open() && clock.breached
}

/// Its cadence is over, and it does not close by itself.
pub(super) fn waits_for_a_person(follow_up: &FollowUp) -> bool {
    follow_up.kind == FollowUpKind::Closing && follow_up.fired && follow_up.closes_at.is_none()
}
