//! What a person asks, at the door of the engine.

use baton_domain::{Capability, CommandBody, CommandId, ConversationId, InboxId, Invalid, MessageId, Refusal, needs};
use baton_protocol::{Acted, ClientMessage, Settings};

use super::io::{Ask, Effect, Ticket, Told};
use super::outbox::Purpose;
use super::state::{Engine, key};
use super::undo::inverse;

impl Engine {
    pub(super) fn ask(&mut self, ticket: Ticket, ask: Ask) {
        self.active_at = self.now;
        if !self.online() {
            self.out.push(Effect::Hurry);
        }
        match ask {
            Ask::Act {
                conversation,
                body,
                last_seen,
            } => self.act(Some(ticket), conversation, body, last_seen),
            Ask::Undo => self.undo(ticket),
            Ask::Looking { conversation, seen } => {
                self.looks_at(conversation, seen);
                self.answer(Some(ticket), Told::Done);
            }
            Ask::Compose {
                conversation,
                draft,
                cover,
            } => self.compose(ticket, conversation, draft, cover),
            Ask::Discard { conversation } => self.discard(ticket, conversation),
            Ask::Send {
                conversation,
                plan,
                last_seen,
            } => self.send_reply(ticket, conversation, plan, last_seen),
            Ask::ResolveHeld { id, how } => self.resolve_held(ticket, id, how),
            Ask::Review { anew } => self.look_through(ticket, anew),
            Ask::SignOffReview => self.sign_off(ticket),
            Ask::SaveSettings(settings) => self.save_settings(ticket, settings),
        }
    }

    /// Does something in a conversation. Without a ticket nobody waits for the answer: a refusal is then held.
    pub(super) fn act(
        &mut self,
        ticket: Option<Ticket>,
        conversation: ConversationId,
        body: CommandBody,
        last_seen: Option<MessageId>,
    ) {
        if let Err(refusal) = self.may_act(conversation, &body) {
            self.answer(ticket, Told::Acted(Acted::Refused { refusal }));
            return;
        }
        if of_the_moment(&body) {
            if self.say_now(conversation, body, ticket, Purpose::Act).is_none() {
                let failed = Told::Failed(self.unreachable());
                self.answer(ticket, failed);
            }
            return;
        }
        if matches!(body, CommandBody::Split { .. }) && !self.online() {
            // What it needs to know of the thread, and the number it gives, only the server has.
            let failed = Told::Failed(self.unreachable());
            self.answer(ticket, failed);
            return;
        }
        let command = self.command(conversation, body, last_seen);
        if !self.online()
            && let Some(state) = self.state(conversation).cloned()
            && let Err(refusal) = self.foresee(&state, &command)
        {
            // Offline nobody can ask the referee, and what is known here already says no.
            self.answer(ticket, Told::Acted(Acted::Refused { refusal }));
            return;
        }
        self.act_with(ticket, command);
    }

    /// Queues a command, and remembers how to take it back.
    pub(super) fn act_with(&mut self, ticket: Option<Ticket>, command: baton_domain::Command) -> CommandId {
        let back = self
            .state(command.conversation)
            .and_then(|before| inverse(&command.body, before, self.id.me))
            .filter(|_| self.could_take_back(&command.body));
        let id = command.id;
        let attended = ticket.filter(|_| self.online());
        let undoable = back.is_some();
        match (back, &command.body) {
            (Some(back), CommandBody::Split { messages }) => self.remember_split(id, messages, back),
            (Some(back), _) => self.remember_undo(id, command.conversation, back),
            (None, _) => {}
        }
        self.enqueue(command, None, attended);
        if let Some(item) = self.outbox.get_mut(id) {
            item.undoable = undoable;
        }
        if attended.is_none() {
            self.answer(ticket, Told::Acted(Acted::Pending { command: id }));
        }
        id
    }

    /// Whether the way back is open: what went where I do not work is moved back by those who do.
    fn could_take_back(&self, body: &CommandBody) -> bool {
        match body {
            CommandBody::MoveToInbox { inbox, .. } => self.works_in(*inbox),
            CommandBody::Merge { into } => {
                let into = self.confirmed.get(into);
                into.is_some_and(|into| self.works_in(into.inbox))
            }
            _ => true,
        }
    }

    fn works_in(&self, inbox: InboxId) -> bool {
        let held = self.documents.capabilities(self.id.me, inbox);
        held.contains(&Capability::Work)
    }

    pub(super) fn may_act(&self, conversation: ConversationId, body: &CommandBody) -> Result<(), Refusal> {
        if self.blind.contains(&conversation) {
            return Err(Refusal::UpdateNeeded);
        }
        if needs(body).is_none() {
            return Err(Refusal::Invalid {
                field: "body".to_owned(),
                why: Invalid::NotForPeople,
            });
        }
        if self.confirmed.contains_key(&conversation) {
            Ok(())
        } else {
            Err(Refusal::Gone)
        }
    }

    fn looks_at(&mut self, conversation: Option<ConversationId>, seen: Option<MessageId>) {
        self.looking = conversation;
        let Some(conversation) = conversation else { return };
        if let Some(seen) = seen
            && self.seen.get(&conversation) != Some(&seen)
        {
            self.seen.insert(conversation, seen);
            self.batch.seen.insert(conversation, seen);
            self.touched.insert(conversation);
        }
        self.seen_on_screen(conversation);
    }

    fn save_settings(&mut self, ticket: Ticket, settings: Settings) {
        let zone_changed = self.settings.zone != settings.zone;
        self.keep(key::SETTINGS, &settings);
        self.settings = settings;
        if zone_changed {
            self.new_day();
        }
        self.answer(Some(ticket), Told::Done);
    }

    /// Tells my other devices what became of a notification.
    pub(super) fn tell_notified(&mut self, key: &str, handled: bool) {
        if self.online() {
            self.say(ClientMessage::Notified {
                key: key.to_owned(),
                handled,
            });
        }
    }
}

/// Commands that mean something only now, on this connection: a lock, the answer to a colleague, the undo window.
fn of_the_moment(body: &CommandBody) -> bool {
    use CommandBody as C;
    matches!(
        body,
        C::TakeLock { .. }
            | C::ReleaseLock { .. }
            | C::RequestLock
            | C::AnswerRequest { .. }
            | C::TakeOver
            | C::CancelSend { .. }
            | C::SendNow { .. }
    )
}
