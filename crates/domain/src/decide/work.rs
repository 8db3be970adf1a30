//! The ordinary work on a conversation: fields, next step, follow-up, blocking, snoozing, notes.

use super::{Case, LINE_CHARS, TEXT_CHARS, collect, invalid, text};
use crate::{
    Blocked, Category, Cause, Details, Event, FollowUp, FollowUpKind, Invalid, MemberId, MessageId, Money, NextStep,
    Outcome, Priority, Refusal, Snooze, Status, Timestamp,
};

impl Case<'_> {
    pub(super) fn follow(&self) -> Result<Vec<Event>, Refusal> {
        let member = self.me()?;
        Ok(if self.state.followers.contains(&member) {
            Vec::new()
        } else {
            vec![Event::Followed { member }]
        })
    }

    pub(super) fn unfollow(&self) -> Result<Vec<Event>, Refusal> {
        let member = self.me()?;
        Ok(if self.state.followers.contains(&member) {
            vec![Event::Unfollowed { member }]
        } else {
            Vec::new()
        })
    }

    /// A status set by hand. Those that follow from work are reached by doing the work.
    pub(super) fn set_status(&self, status: Status) -> Result<Vec<Event>, Refusal> {
        self.owner_or_manager()?;
        if self.state.status == status {
            return Ok(Vec::new());
        }
        let not_now = || Err(invalid("status", Invalid::NotNow));
        match status {
            Status::Won => self.close(Some(Outcome::Won), None),
            Status::Lost => self.close(Some(Outcome::Lost), None),
            Status::Resolved => self.resolve(),
            Status::Closed if self.state.status == Status::Resolved => {
                self.nothing_unseen()?;
                Ok(collect([self.status(status, Cause::Person)]))
            }
            Status::Closed => Err(Refusal::NeedsOutcome),
            _ if !self.workflow().kind.standings().contains(&status) => Err(invalid("status", Invalid::NotHere)),
            Status::New if self.state.owner.is_some() => not_now(),
            Status::NeedsInput => Err(Refusal::MissingFields {
                fields: vec!["blockedOn".to_owned()],
            }),
            Status::FollowUpDue if self.state.follow_up.is_none() => Err(Refusal::MissingFields {
                fields: vec!["followUp".to_owned()],
            }),
            Status::QuoteSent if self.state.quotes.is_empty() => not_now(),
            Status::Assigned | Status::Waiting | Status::QuoteSent | Status::FollowUpDue
                if self.state.owner.is_none() =>
            {
                not_now()
            }
            Status::New | Status::Assigned | Status::Waiting | Status::QuoteSent | Status::FollowUpDue => {
                if status.phase() == crate::Phase::Pending {
                    self.nothing_unseen()?;
                }
                let reopened = self
                    .state
                    .status
                    .is_over()
                    .then_some(Event::Reopened { cause: Cause::Person });
                Ok(collect([reopened, self.status(status, Cause::Person)]))
            }
        }
    }

    pub(super) fn set_fields(
        &self,
        category: Option<Category>,
        priority: Option<Priority>,
        value: Option<&Money>,
        company: Option<&str>,
        subject: Option<&str>,
        details: &Details,
    ) -> Result<Vec<Event>, Refusal> {
        let subject = subject
            .map(|subject| text("subject", subject, LINE_CHARS))
            .transpose()?;
        let company = company
            .map(|company| text("company", company, LINE_CHARS))
            .transpose()?;
        if value.is_some_and(|value| value.cents < 0 || value.currency.len() != 3) {
            return Err(invalid("value", Invalid::Unknown));
        }
        let state = self.state;
        let category = category.filter(|category| *category != state.category);
        let priority = priority.filter(|priority| *priority != state.priority);
        let value = value.filter(|value| state.value.as_ref() != Some(value)).cloned();
        let company = company.filter(|company| state.company.as_ref() != Some(company));
        let subject = subject.filter(|subject| state.subject != *subject);
        let details = Box::new(state.details.changed_by(details)?);
        let nothing = category.is_none() && priority.is_none() && value.is_none() && company.is_none();
        if nothing && subject.is_none() && details.is_empty() {
            return Ok(Vec::new());
        }
        Ok(vec![Event::FieldsChanged {
            category,
            priority,
            value,
            company,
            subject,
            details,
        }])
    }

    pub(super) fn tag(&self, tag: &str) -> Result<Vec<Event>, Refusal> {
        let tag = text("tag", tag, super::TAG_CHARS)?;
        Ok(if self.state.tags.contains(&tag) {
            Vec::new()
        } else {
            vec![Event::Tagged { tag }]
        })
    }

    pub(super) fn untag(&self, tag: &str) -> Result<Vec<Event>, Refusal> {
        let tag = tag.trim().to_owned();
        Ok(if self.state.tags.contains(&tag) {
            vec![Event::Untagged { tag }]
        } else {
            Vec::new()
        })
    }

    pub(super) fn set_next_step(&self, words: &str) -> Result<Vec<Event>, Refusal> {
        self.owner_or_manager()?;
        let theirs = self.state.next_step.as_ref().and_then(|step| step.by);
        self.no_conflict(self.state.next_step_version, theirs)?;
        let step = match words.trim() {
            "" => None,
            words => Some(NextStep {
                text: text("text", words, LINE_CHARS)?,
                by: self.command.actor.member(),
                at: self.context.now,
            }),
        };
        let mut events = self.taken();
        events.extend(self.next_step(step, Cause::Person));
        Ok(events)
    }

    /// Sets when we act next. A chase that is moved stays a chase; the conversation goes back to waiting until then.
    pub(super) fn schedule_follow_up(
        &self,
        due: Timestamp,
        zone: Option<&str>,
        words: Option<&str>,
    ) -> Result<Vec<Event>, Refusal> {
        self.owner_or_manager()?;
        if self.state.status.is_over() {
            return Err(invalid("body", Invalid::NotNow));
        }
        let current = self.state.follow_up.as_ref();
        self.no_conflict(self.state.follow_up_version, current.and_then(|follow_up| follow_up.by))?;
        let words = words
            .map(str::trim)
            .filter(|words| !words.is_empty())
            .map(|words| text("text", words, LINE_CHARS))
            .transpose()?;
        let kind = match current.map(|follow_up| follow_up.kind) {
            Some(FollowUpKind::Chase { step }) => FollowUpKind::Chase { step },
            Some(FollowUpKind::Closing) => FollowUpKind::Chase { step: self.last_step() },
            Some(FollowUpKind::Owed) => FollowUpKind::Owed,
            Some(FollowUpKind::Chosen) | None => FollowUpKind::Chosen,
        };
        let follow_up = FollowUp {
            due,
            kind,
            text: words.or_else(|| current.and_then(|follow_up| follow_up.text.clone())),
            by: self.command.actor.member(),
            zone: zone.map(str::to_owned),
            fired: false,
            closes_at: None,
        };
        let status = match (self.state.status, kind) {
            (Status::FollowUpDue, FollowUpKind::Chase { .. }) => self.state.resting_status(),
            (Status::Assigned, _) if self.state.unanswered_since.is_none() => Status::FollowUpDue,
            (status, _) => status,
        };
        let mut events = self.taken();
        events.extend(self.follow_up(Some(follow_up), Cause::Person));
        events.extend(self.status(status, Cause::Person));
        Ok(events)
    }

    pub(super) fn complete_follow_up(&self) -> Result<Vec<Event>, Refusal> {
        self.owner_or_manager()?;
        self.nothing_unseen()?;
        if self.state.follow_up.is_none() {
            return Ok(Vec::new());
        }
        let due = self.state.status == Status::FollowUpDue;
        let status = if due {
            self.status(self.state.resting_status(), Cause::Person)
        } else {
            None
        };
        Ok(collect([self.follow_up(None, Cause::Person), status]))
    }

    pub(super) fn block(
        &self,
        on: Option<MemberId>,
        address: Option<&str>,
        words: &str,
    ) -> Result<Vec<Event>, Refusal> {
        self.owner_or_manager()?;
        if self.state.status.is_over() || self.state.owner.is_none() {
            return Err(invalid("body", Invalid::NotNow));
        }
        let words = text("text", words, LINE_CHARS)?;
        let address = address.map(str::trim).filter(|address| !address.is_empty());
        match (on, address) {
            (None, None) => {
                return Err(Refusal::MissingFields {
                    fields: vec!["blockedOn".to_owned()],
                });
            }
            (Some(on), _) if !self.context.members.get(&on).is_some_and(|member| member.active) => {
                return Err(invalid("on", Invalid::Unknown));
            }
            (None, Some(address)) if !address.contains('@') => return Err(invalid("address", Invalid::NotAnAddress)),
            _ => {}
        }
        let before = self
            .state
            .blocked
            .as_ref()
            .map_or(self.state.status, |blocked| blocked.before);
        let blocked = Blocked {
            on,
            address: address.map(str::to_owned),
            text: words,
            since: self.context.now,
            before,
        };
        let mut events = vec![Event::Blocked { blocked }];
        events.extend(self.status(Status::NeedsInput, Cause::Person));
        Ok(events)
    }

    /// The input came: the status is what it was, or ours where the customer wrote meanwhile.
    pub(super) fn unblock_events(&self) -> Vec<Event> {
        let Some(blocked) = &self.state.blocked else {
            return Vec::new();
        };
        let status = if self.state.unanswered_since.is_some() && blocked.before.phase() == crate::Phase::Pending {
            Status::Assigned
        } else {
            blocked.before
        };
        let mut events = vec![Event::Unblocked];
        if self.state.status == Status::NeedsInput {
            events.extend(self.status(status, Cause::Unblocked));
        }
        events
    }

    /// Out of sight. While the customer waits for an answer, longer than a business day needs a reason.
    pub(super) fn snooze(
        &self,
        until: Option<Timestamp>,
        zone: Option<&str>,
        reason: Option<&str>,
    ) -> Result<Vec<Event>, Refusal> {
        self.owner_or_manager()?;
        self.nothing_unseen()?;
        if self.state.status.is_over() {
            return Err(invalid("body", Invalid::NotNow));
        }
        let reason = reason.map(str::trim).filter(|reason| !reason.is_empty());
        let limit = self
            .context
            .inbox
            .policy
            .calendar
            .add_business_days(self.context.now, 1);
        if self.state.unanswered_since.is_some() && until.is_none_or(|until| until > limit) && reason.is_none() {
            return Err(Refusal::MissingFields {
                fields: vec!["reason".to_owned()],
            });
        }
        let snooze = Snooze {
            until,
            zone: zone.map(str::to_owned),
            by: self.me()?,
            since: self.context.now,
        };
        Ok(vec![Event::Snoozed {
            snooze,
            reason: reason.map(str::to_owned),
        }])
    }

    pub(super) fn wake(&self, cause: Cause) -> Vec<Event> {
        self.state.snoozed.iter().map(|_| Event::Woken { cause }).collect()
    }

    /// A note. The awaited colleague's note is their input; the note of somebody a handoff was offered to takes it.
    pub(super) fn add_note(&self, words: &str, mentions: &[MemberId]) -> Result<Vec<Event>, Refusal> {
        let words = text("text", words, TEXT_CHARS)?;
        if mentions.iter().any(|member| !self.context.members.contains_key(member)) {
            return Err(invalid("mentions", Invalid::Unknown));
        }
        let mut events = self.taken();
        events.push(self.note(words, mentions.to_vec(), false));
        if self
            .command
            .actor
            .member()
            .is_some_and(|me| self.state.blocked_on(me).is_some())
        {
            events.extend(self.unblock_events());
        }
        Ok(events)
    }

    pub(super) fn suggest(&self, words: &str) -> Result<Vec<Event>, Refusal> {
        Ok(vec![self.note(text("text", words, TEXT_CHARS)?, Vec::new(), true)])
    }

    fn note(&self, text: String, mentions: Vec<MemberId>, suggestion: bool) -> Event {
        Event::NoteAdded {
            note: MessageId(self.command.id.0),
            text,
            mentions,
            suggestion,
            unsent_by: None,
        }
    }

    /// Taking an offered handoff, where the actor is its receiver.
    fn taken(&self) -> Vec<Event> {
        self.command
            .actor
            .member()
            .and_then(|me| self.take_offer(me))
            .unwrap_or_default()
    }

    fn no_conflict(&self, set_at: u32, by: Option<MemberId>) -> Result<(), Refusal> {
        let stale = self.command.based_on.is_some_and(|based_on| based_on < set_at);
        if stale && by.is_some() && by != self.command.actor.member() {
            return Err(Refusal::VersionConflict {
                theirs: self.state.version,
            });
        }
        Ok(())
    }

    /// A chase of the inbox's cadence: its `step`-th, counted from a message of ours at `from`. Past the last step it
    /// proposes closing, and closes one business day later unless the lead is too valuable for that.
    pub(super) fn chase(&self, from: Timestamp, step: u8) -> FollowUp {
        chase(self.context, self.state, from, step)
    }

    fn last_step(&self) -> u8 {
        u8::try_from(self.context.inbox.policy.cadence_days.len().saturating_sub(1))
            .unwrap_or(u8::MAX)
            .max(1)
    }
}

pub(super) fn chase(context: &crate::Context<'_>, state: &crate::Conversation, from: Timestamp, step: u8) -> FollowUp {
    let policy = &context.inbox.policy;
    let index = usize::from(step.saturating_sub(1));
    let days = policy
        .cadence_days
        .get(index)
        .or(policy.cadence_days.last())
        .copied()
        .unwrap_or(2);
    let due = policy.calendar.add_business_days(from, days);
    let last = policy.cadence_days.len() > 1 && index.saturating_add(1) >= policy.cadence_days.len();
    let kind = if last {
        FollowUpKind::Closing
    } else {
        FollowUpKind::Chase { step }
    };
    let closes_at = (last && !needs_a_person(policy, state)).then(|| policy.calendar.add_business_days(due, 1));
    FollowUp {
        due,
        kind,
        text: None,
        by: None,
        zone: None,
        fired: false,
        closes_at,
    }
}

/// Leads of high priority or value are never closed by a cadence on its own: people are asked first.
pub(super) fn needs_a_person(policy: &crate::InboxPolicy, state: &crate::Conversation) -> bool {
    let high = crate::review::is_high_value(policy.high_value.as_ref(), state.value.as_ref());
    high || state.priority >= Priority::High
}
