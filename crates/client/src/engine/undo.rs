//! Taking the last act of mine back, where it has an inverse.

use baton_domain::{
    CommandBody, CommandId, Conversation, ConversationId, Invalid, MemberId, MessageId, Outcome, Refusal,
};
use baton_protocol::Acted;

use super::io::{Ticket, Told};
use super::outbox::{Purpose, Stage};
use super::state::Engine;

/// How many acts can be taken back, one after the other.
const DEPTH: usize = 20;

/// An act that can be taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Undoable {
    command: CommandId,
    conversation: ConversationId,
    body: CommandBody,
    /// What may have been the newest message when the act was done: taking it back must not go over what came later.
    last_seen: Vec<MessageId>,
}

impl Engine {
    /// Remembers how to take an act of mine back.
    pub(super) fn remember_undo(&mut self, command: CommandId, conversation: ConversationId, body: CommandBody) {
        let last_seen = self.newest_message(conversation).into_iter().collect();
        self.remember(Undoable {
            command,
            conversation,
            body,
            last_seen,
        });
    }

    /// Remembers it of messages that went on in a conversation of their own: they come back from there.
    pub(super) fn remember_split(&mut self, command: CommandId, messages: &[MessageId], body: CommandBody) {
        let into = ConversationId(command.0);
        let there = messages.iter().map(|message| message.in_conversation(into));
        self.remember(Undoable {
            command,
            conversation: into,
            body,
            last_seen: there.collect(),
        });
    }

    fn remember(&mut self, undoable: Undoable) {
        self.undoable.push(undoable);
        let surplus = self.undoable.len().saturating_sub(DEPTH);
        self.undoable.drain(..surplus);
    }

    /// An act that was refused has nothing to take back.
    pub(super) fn forget_undo(&mut self, command: CommandId) {
        self.undoable.retain(|undoable| undoable.command != command);
    }

    pub(super) fn undo(&mut self, ticket: Ticket) {
        let Some(last) = self.undoable.pop() else {
            let refusal = Refusal::Invalid {
                field: "undo".to_owned(),
                why: Invalid::NotNow,
            };
            self.answer(Some(ticket), Told::Acted(Acted::Refused { refusal }));
            return;
        };
        let unsaid = self
            .outbox
            .get(last.command)
            .is_some_and(|item| item.stage == Stage::Waiting);
        if unsaid && !self.online() {
            // Nobody has heard of it yet: it simply did not happen.
            let taken = self.take_item(last.command);
            if let Some(intent) = taken.and_then(|item| item.intent) {
                self.restore_draft(last.conversation, intent.text);
            }
            let acted = Acted::Done {
                command: last.command,
                undoable: false,
                undo_until: None,
            };
            self.answer(Some(ticket), Told::Acted(acted));
            return;
        }
        if matches!(last.body, CommandBody::CancelSend { .. }) {
            let said = self.say_now(last.conversation, last.body, Some(ticket), Purpose::Act);
            if said.is_none() {
                let failed = Told::Failed(self.unreachable());
                self.answer(Some(ticket), failed);
            }
            return;
        }
        let newest = self.newest_message(last.conversation);
        let seen = newest.filter(|newest| last.last_seen.contains(newest));
        let seen = seen.or(last.last_seen.first().copied());
        let command = self.command(last.conversation, last.body, seen);
        let id = command.id;
        let attended = Some(ticket).filter(|_| self.online());
        self.enqueue(command, None, attended);
        if attended.is_none() {
            self.answer(Some(ticket), Told::Acted(Acted::Pending { command: id }));
        }
    }
}

/// The command that undoes `body`, given the state before it; `None` where there is none or nothing would change.
pub(super) fn inverse(body: &CommandBody, before: &Conversation, me: MemberId) -> Option<CommandBody> {
    use CommandBody as C;
    match body {
        C::Claim => before.owner.is_none().then_some(C::Release),
        C::Assign { to, .. } => match before.owner {
            Some(owner) if owner != *to => Some(C::Assign {
                to: owner,
                context: None,
            }),
            Some(_) => None,
            None => Some(C::Release),
        },
        C::Release => (before.owner == Some(me)).then_some(C::Claim),
        C::SetStatus { status } => {
            let over = status.is_over() && !before.status.is_over();
            (before.status != *status).then_some(if over {
                C::Reopen
            } else {
                C::SetStatus { status: before.status }
            })
        }
        C::NameStatus { status } => (before.named_status != *status).then(|| C::NameStatus {
            status: before.named_status.clone(),
        }),
        C::SetFields {
            category,
            priority,
            value,
            company,
            subject,
            details,
        } => Some(C::SetFields {
            category: category.map(|_| before.category),
            priority: priority.map(|_| before.priority),
            value: value.as_ref().and(before.value.clone()),
            company: company.as_ref().and(before.company.clone()),
            subject: subject.as_ref().map(|_| before.subject.clone()),
            details: Box::new(before.details.back_from(details)),
        }),
        C::Tag { tag } => (!before.tags.contains(tag)).then(|| C::Untag { tag: tag.clone() }),
        C::Untag { tag } => before.tags.contains(tag).then(|| C::Tag { tag: tag.clone() }),
        C::Follow => (!before.followers.contains(&me)).then_some(C::Unfollow),
        C::Unfollow => before.followers.contains(&me).then_some(C::Follow),
        C::SetNextStep { .. } => Some(C::SetNextStep {
            text: before.next_step_text().unwrap_or_default().to_owned(),
        }),
        C::ScheduleFollowUp { .. } => Some(follow_up_before(before).unwrap_or(C::CompleteFollowUp)),
        C::CompleteFollowUp => follow_up_before(before),
        C::Snooze { .. } => Some(match &before.snoozed {
            Some(snooze) => C::Snooze {
                until: snooze.until,
                zone: snooze.zone.clone(),
                reason: None,
            },
            None => C::Wake,
        }),
        C::Wake => before.snoozed.as_ref().map(|snooze| C::Snooze {
            until: snooze.until,
            zone: snooze.zone.clone(),
            reason: None,
        }),
        C::Block { .. } => before.blocked.is_none().then_some(C::Unblock),
        C::Unblock => before.blocked.as_ref().map(|blocked| C::Block {
            on: blocked.on,
            address: blocked.address.clone(),
            text: blocked.text.clone(),
        }),
        C::Close { .. } | C::NotALead => (!before.status.is_over()).then_some(C::Reopen),
        C::MoveToInbox { inbox, .. } => (before.inbox != *inbox).then_some(C::MoveToInbox {
            inbox: before.inbox,
            owner: before.owner,
        }),
        C::Merge { into } => before.merged.is_none().then_some(C::Unmerge { from: Some(*into) }),
        C::Unmerge { .. } => before.merged.as_ref().map(|merged| C::Merge { into: merged.into }),
        // What is over with it takes nothing in that is still to be done.
        C::Split { .. } => {
            let reopened = before.before_message.as_ref();
            let over = before.status.is_over() || reopened.is_some_and(|before| before.status.is_over());
            (!over).then_some(C::Merge { into: before.id })
        }
        C::FineUntilTomorrow { .. } => Some(C::ReviewAgain),
        C::Reopen => before
            .closing
            .as_ref()
            .filter(|closing| closing.outcome != Outcome::Imported)
            .map(|closing| C::Close {
                outcome: Some(closing.outcome),
                reason: closing.reason.clone(),
            }),
        _ => None,
    }
}

/// The command that takes an accepted reply back.
pub(super) fn cancel(reply: CommandId) -> CommandBody {
    CommandBody::CancelSend {
        outbound: MessageId(reply.0),
    }
}

fn follow_up_before(before: &Conversation) -> Option<CommandBody> {
    before
        .follow_up
        .as_ref()
        .map(|follow_up| CommandBody::ScheduleFollowUp {
            due: follow_up.due,
            zone: follow_up.zone.clone(),
            text: follow_up.text.clone(),
        })
}
