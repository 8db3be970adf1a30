//! What becomes of commands: the referee's word, or the end of the person's patience.

use baton_domain::{CommandId, MessageId, Refusal};
use baton_protocol::{Acted, Answer, HeldReason};

use super::io::{Ticket, Told};
use super::outbox::{Fleeting, Purpose, Stage};
use super::state::Engine;

impl Engine {
    pub(super) fn answered(&mut self, id: CommandId, answer: Answer) {
        if self.fleeting.contains_key(&id) {
            match answer {
                Answer::Done { to, .. } => {
                    if let Some(fleeting) = self.fleeting.get_mut(&id) {
                        fleeting.done = Some(to);
                    }
                    self.confirm_answered();
                }
                Answer::Refused { refusal } => self.fleeting_refused(id, refusal),
            }
            return;
        }
        match answer {
            Answer::Done { to, .. } => {
                if let Some(item) = self.outbox.get_mut(id) {
                    item.stage = Stage::Done(to);
                }
                self.confirm_answered();
            }
            Answer::Refused { refusal } => self.refuse(id, refusal),
        }
    }

    /// What is done and has come back in the log leaves the outbox: the confirmed state says it from here on.
    pub(super) fn confirm_answered(&mut self) {
        let Some(number) = self.cursor.as_ref().map(|cursor| cursor.number) else {
            return;
        };
        let passed = |stage: Stage| matches!(stage, Stage::Done(to) if to <= number);
        let done: Vec<CommandId> = self
            .outbox
            .iter()
            .filter(|item| passed(item.stage))
            .map(|item| item.command.id)
            .collect();
        for id in done {
            self.done(id);
        }
        let settled: Vec<CommandId> = self
            .fleeting
            .iter()
            .filter(|(_, fleeting)| fleeting.done.is_some_and(|to| to <= number))
            .map(|(id, _)| *id)
            .collect();
        for id in settled {
            if let Some(fleeting) = self.fleeting.remove(&id) {
                self.fleeting_done(id, fleeting);
            }
        }
    }

    fn done(&mut self, id: CommandId) {
        let Some(item) = self.take_item(id) else { return };
        let mut undo_until = None;
        if item.intent.is_some() {
            self.reply_accepted(&item);
            undo_until = self
                .confirmed
                .get(&item.command.conversation)
                .and_then(|conversation| conversation.outbound(MessageId(id.0)))
                .map(|outbound| outbound.not_before);
        }
        let acted = Acted::Done {
            command: id,
            undoable: item.undoable,
            undo_until,
        };
        self.answer(item.ticket, Told::Acted(acted));
    }

    fn fleeting_done(&mut self, id: CommandId, fleeting: Fleeting) {
        match fleeting.purpose {
            Purpose::Act => {
                let acted = Acted::Done {
                    command: id,
                    undoable: false,
                    undo_until: None,
                };
                self.answer(fleeting.ticket, Told::Acted(acted));
            }
            Purpose::ComposeLock => self.compose_lock_answered(fleeting.conversation, None),
            Purpose::ReplyLock(reply) => self.reply_lock_granted(reply, fleeting.conversation),
        }
    }

    fn fleeting_refused(&mut self, id: CommandId, refusal: Refusal) {
        let Some(fleeting) = self.fleeting.remove(&id) else {
            return;
        };
        match fleeting.purpose {
            Purpose::Act => self.answer(fleeting.ticket, Told::Acted(Acted::Refused { refusal })),
            Purpose::ComposeLock => self.compose_lock_answered(fleeting.conversation, Some(refusal)),
            Purpose::ReplyLock(reply) => self.refuse(reply, refusal),
        }
    }

    /// Refused: told to whoever waits, or held in sight. What depended on it waits with it.
    pub(super) fn refuse(&mut self, id: CommandId, refusal: Refusal) {
        if self.try_reply_again(id, &refusal) {
            return;
        }
        let Some(item) = self.outbox.get(id) else { return };
        let (ticket, was_held) = (item.ticket, item.was_held);
        match ticket {
            Some(ticket) if !was_held => {
                let chained = self.chained_after(item.command.conversation, item.place);
                self.take_item(id);
                self.forget_undo(id);
                self.hold_chain(chained, id);
                self.answer(Some(ticket), Told::Acted(Acted::Refused { refusal }));
            }
            _ => {
                let why = HeldReason::Refused {
                    refusal: refusal.clone(),
                };
                self.hold(id, why);
                self.answer(ticket, Told::Acted(Acted::Refused { refusal }));
            }
        }
    }

    /// The answer takes too long for a person to wait: it counts as pending from here on.
    pub(super) fn outlast(&mut self, ticket: Ticket) {
        let item = self.outbox.iter().find(|item| item.ticket == Some(ticket));
        if let Some(id) = item.map(|item| item.command.id) {
            self.leave_unattended(id);
        }
    }

    /// Nobody waits for this answer any more; if it is a refusal it will be held.
    pub(super) fn leave_unattended(&mut self, id: CommandId) {
        let Some(item) = self.outbox.get_mut(id) else { return };
        let ticket = item.ticket.take();
        let conversation = item.command.conversation;
        if let Some(intent) = &mut item.intent {
            intent.unattended = true;
            let digest = intent.text.digest();
            // The text is the outbox's now: the composer is free for the next one.
            self.drop_draft_if(conversation, &digest);
        }
        self.store_item(id);
        self.touched.insert(conversation);
        self.answer(ticket, Told::Acted(Acted::Pending { command: id }));
    }

    /// The connection is gone, and with it everything that only meant something on it.
    pub(super) fn drop_fleeting(&mut self) {
        for (_, fleeting) in std::mem::take(&mut self.fleeting) {
            let failed = Told::Failed(self.unreachable());
            match fleeting.purpose {
                Purpose::Act => self.answer(fleeting.ticket, failed),
                Purpose::ComposeLock => self.compose_lock_answered(fleeting.conversation, None),
                Purpose::ReplyLock(_) => {}
            }
        }
    }
}
