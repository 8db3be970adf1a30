//! What the person did and the server has not answered: kept in order, on disk before it is sent, and folded over the
//! confirmed state where its effect can be foreseen.

use std::collections::BTreeMap;

use baton_domain::{
    Actor, Command, CommandBody, CommandId, Conversation, ConversationId, DraftText, Event, MemberId, MessageId,
    Refusal, Stamp, Timestamp, decide, evolve,
};
use baton_store::replica::Row;
use serde::{Deserialize, Serialize};

use super::io::{Effect, Ticket};
use super::state::{Engine, PATIENCE_MS};
use crate::views::PendingNote;

/// A reply that is meant: what it was written on, so that it leaves only if that still stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Intent {
    /// What it says.
    pub(super) text: DraftText,
    /// Who owned the conversation then.
    pub(super) owner: Option<MemberId>,
    /// The newest message then.
    pub(super) last_message: Option<MessageId>,
    /// In the owner's place.
    pub(super) cover: bool,
    /// Its author has moved on: it was written offline, or the network went before the answer came.
    pub(super) unattended: bool,
}

/// How far a command is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Not said yet.
    Waiting,
    /// A reply: its draft is on its way to the server, as this revision.
    Saving(u64),
    /// A reply: the lock is asked for, by this command.
    Locking(CommandId),
    /// Said; the answer is awaited.
    Submitted,
    /// Done; its entries end at this number.
    Done(u64),
}

/// A command that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) place: u64,
    pub(super) command: Command,
    pub(super) intent: Option<Intent>,
    pub(super) stage: Stage,
    /// It came back from the held list: if it is refused again it goes there again.
    pub(super) was_held: bool,
    pub(super) ticket: Option<Ticket>,
    impatient_at: Timestamp,
    /// The server could not take it just now: when it is tried again on this connection.
    pub(super) again_at: Timestamp,
    /// Whether `undo` can take it back.
    pub(super) undoable: bool,
    /// Its lock had lapsed once already.
    pub(super) was_retried: bool,
    /// What it would lead to, foreseen.
    predicted: Vec<Event>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    command: Command,
    intent: Option<Intent>,
    was_held: bool,
}

/// A command of the moment: it means nothing once the connection is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fleeting {
    pub(super) conversation: ConversationId,
    pub(super) ticket: Option<Ticket>,
    pub(super) purpose: Purpose,
    pub(super) done: Option<u64>,
}

/// What a command of the moment is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The person asked for it.
    Act,
    /// The lock for what is being typed.
    ComposeLock,
    /// The lock a reply leaves with.
    ReplyLock(CommandId),
}

/// Commands in the order they were given.
#[derive(Debug, Clone, Default)]
pub(super) struct Outbox {
    items: BTreeMap<u64, Item>,
    places: BTreeMap<CommandId, u64>,
    next: u64,
}

impl Outbox {
    pub(super) fn load(rows: &[(CommandId, Row)]) -> Self {
        let mut outbox = Self::default();
        for (id, row) in rows {
            let Ok(stored) = serde_json::from_str::<Stored>(&row.content) else {
                // Written by a newer version: it stays on disk for it.
                continue;
            };
            let mut intent = stored.intent;
            if let Some(intent) = &mut intent {
                intent.unattended = true;
            }
            let item = Item {
                place: row.place,
                command: stored.command,
                intent,
                stage: Stage::Waiting,
                was_held: stored.was_held,
                ticket: None,
                impatient_at: Timestamp(i64::MAX),
                again_at: Timestamp(i64::MIN),
                undoable: false,
                was_retried: false,
                predicted: Vec::new(),
            };
            outbox.next = outbox.next.max(row.place.saturating_add(1));
            outbox.places.insert(*id, row.place);
            outbox.items.insert(row.place, item);
        }
        outbox
    }

    /// Behind everything so far.
    pub(super) fn next_place(&mut self) -> u64 {
        let place = self.next;
        self.next = place.saturating_add(1);
        place
    }

    pub(super) fn get(&self, id: CommandId) -> Option<&Item> {
        self.items.get(self.places.get(&id)?)
    }

    pub(super) fn get_mut(&mut self, id: CommandId) -> Option<&mut Item> {
        self.items.get_mut(self.places.get(&id)?)
    }

    fn remove(&mut self, id: CommandId) -> Option<Item> {
        self.items.remove(&self.places.remove(&id)?)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Item> {
        self.items.values()
    }

    pub(super) fn of(&self, conversation: ConversationId) -> impl Iterator<Item = &Item> {
        self.items
            .values()
            .filter(move |item| item.command.conversation == conversation)
    }

    /// How many wait for the server.
    pub(super) fn waiting(&self) -> u32 {
        let waiting = |item: &&Item| !matches!(item.stage, Stage::Done(_));
        u32::try_from(self.items.values().filter(waiting).count()).unwrap_or(u32::MAX)
    }

    pub(super) fn impatient(&self, now: Timestamp) -> Vec<Ticket> {
        let due = |item: &&Item| item.impatient_at <= now;
        self.items.values().filter(due).filter_map(|item| item.ticket).collect()
    }

    pub(super) fn next_impatience(&self) -> Option<Timestamp> {
        let attended = self.items.values().filter(|item| item.ticket.is_some());
        attended.map(|item| item.impatient_at).min()
    }

    /// When something is tried again that the server could not take.
    pub(super) fn next_again(&self, now: Timestamp) -> Option<Timestamp> {
        let later = self.items.values().filter(|item| item.stage == Stage::Waiting);
        later.map(|item| item.again_at).filter(|at| *at > now).min()
    }
}

impl Item {
    /// Whether it may overtake the others of its conversation, and stays when one of them is refused: notes and tags.
    pub(super) fn is_free(&self) -> bool {
        matches!(
            self.command.body,
            CommandBody::AddNote { .. }
                | CommandBody::Tag { .. }
                | CommandBody::Untag { .. }
                | CommandBody::SuggestDraft { .. }
        )
    }

    pub(super) fn token(&self) -> u64 {
        match &self.command.body {
            CommandBody::Reply { token, .. } => *token,
            _ => 0,
        }
    }

    pub(super) fn set_token(&mut self, to: u64) {
        if let CommandBody::Reply { token, .. } = &mut self.command.body {
            *token = to;
        }
    }

    fn row(&self) -> Option<Row> {
        let stored = Stored {
            command: self.command.clone(),
            intent: self.intent.clone(),
            was_held: self.was_held,
        };
        let content = serde_json::to_string(&stored).ok()?;
        Some(Row {
            place: self.place,
            content,
        })
    }
}

/// Whether the effect of a command can be foreseen well enough to show it. Who gets a lock or a reply out is the referee's
/// to say; and of two conversations that become one, none is shown as gone before the other has all of it.
pub(super) fn predictable(body: &CommandBody) -> bool {
    use CommandBody as C;
    matches!(
        body,
        C::Claim
            | C::Release
            | C::Follow
            | C::Unfollow
            | C::SetStatus { .. }
            | C::NameStatus { .. }
            | C::SetFields { .. }
            | C::Tag { .. }
            | C::Untag { .. }
            | C::SetNextStep { .. }
            | C::ScheduleFollowUp { .. }
            | C::CompleteFollowUp
            | C::Unblock
            | C::Snooze { .. }
            | C::Wake
            | C::AddNote { .. }
            | C::SuggestDraft { .. }
            | C::NoReplyNeeded
            | C::NotALead
            | C::Close { .. }
            | C::Reopen
            | C::Escalate { .. }
            | C::AcknowledgeEscalation
            | C::MoveToInbox { .. }
            | C::KeepApart { .. }
            | C::SettleException { .. }
            | C::Nudge
            | C::FineUntilTomorrow { .. }
            | C::ReviewAgain
    )
}

impl Engine {
    /// Who waits for the answer to which command of the outbox.
    #[must_use]
    pub fn attended(&self) -> Vec<(Ticket, CommandId)> {
        let items = self.outbox.iter();
        items.filter_map(|item| Some((item.ticket?, item.command.id))).collect()
    }

    /// Whether a command is in the outbox.
    #[must_use]
    pub fn keeps(&self, command: CommandId) -> bool {
        self.outbox.get(command).is_some()
    }

    /// Takes a command into the outbox: on disk first, then to the server.
    pub(super) fn enqueue(&mut self, command: Command, intent: Option<Intent>, ticket: Option<Ticket>) -> CommandId {
        let place = self.outbox.next_place();
        let id = command.id;
        let conversation = command.conversation;
        let item = Item {
            place,
            command,
            intent,
            stage: Stage::Waiting,
            was_held: false,
            ticket,
            impatient_at: self.now.plus_ms(PATIENCE_MS),
            again_at: Timestamp(i64::MIN),
            undoable: false,
            was_retried: false,
            predicted: Vec::new(),
        };
        self.outbox.places.insert(id, place);
        self.outbox.items.insert(place, item);
        self.store_item(id);
        self.touched.insert(conversation);
        id
    }

    pub(super) fn store_item(&mut self, id: CommandId) {
        if let Some(row) = self.outbox.get(id).and_then(Item::row) {
            self.batch.outbox.insert(id, Some(row));
        }
    }

    /// Gives an item that was refused and is to be tried once more an id of its own: under the old one it would only get the
    /// first answer again. Its place stays.
    pub(super) fn under_new_id(&mut self, id: CommandId) -> Option<CommandId> {
        let fresh = CommandId(self.new_id());
        let place = self.outbox.places.remove(&id)?;
        self.outbox.places.insert(fresh, place);
        self.outbox.items.get_mut(&place)?.command.id = fresh;
        self.batch.outbox.insert(id, None);
        self.store_item(fresh);
        Some(fresh)
    }

    /// Takes an item out: answered, held or taken back.
    pub(super) fn take_item(&mut self, id: CommandId) -> Option<Item> {
        let item = self.outbox.remove(id)?;
        self.batch.outbox.insert(id, None);
        self.touched.insert(item.command.conversation);
        Some(item)
    }

    /// The later commands of a conversation that depend on the one at `place`, and were not said yet.
    pub(super) fn chained_after(&self, conversation: ConversationId, place: u64) -> Vec<CommandId> {
        self.outbox
            .of(conversation)
            .filter(|item| item.place > place && !item.is_free() && item.stage == Stage::Waiting)
            .map(|item| item.command.id)
            .collect()
    }

    /// Says what can be said: of each conversation the first command that waits, and whatever may overtake.
    pub(super) fn pump(&mut self) {
        if !self.online() {
            return;
        }
        let mut busy = std::collections::BTreeSet::new();
        let mut ready = Vec::new();
        for item in self.outbox.iter() {
            let free = item.is_free();
            let first = free || busy.insert(item.command.conversation);
            let settled = matches!(item.stage, Stage::Done(_));
            if settled && !free {
                // Done is as good as gone: the next one may follow.
                busy.remove(&item.command.conversation);
            }
            if first && item.stage == Stage::Waiting && item.again_at <= self.now {
                ready.push(item.command.id);
            }
        }
        for id in ready {
            self.submit(id);
        }
    }

    fn submit(&mut self, id: CommandId) {
        let Some(item) = self.outbox.get_mut(id) else { return };
        if item.intent.is_some() && item.token() == 0 {
            self.begin_reply(id);
            return;
        }
        item.stage = Stage::Submitted;
        let command = Box::new(item.command.clone());
        self.say(baton_protocol::ClientMessage::Submit { command });
    }

    /// The connection is gone: what was said and not answered is said again on the next one. The same ids make that harmless.
    pub(super) fn requeue(&mut self) {
        let mut changed = Vec::new();
        for item in self.outbox.items.values_mut() {
            if !matches!(item.stage, Stage::Done(_)) {
                item.stage = Stage::Waiting;
                item.again_at = Timestamp(i64::MIN);
            }
            if item.ticket.is_some() {
                changed.push(item.command.id);
            }
        }
        for id in changed {
            self.leave_unattended(id);
        }
    }

    pub(super) fn requeue_answered(&mut self) {
        for item in self.outbox.items.values_mut() {
            item.stage = Stage::Waiting;
        }
    }

    /// A prediction of the conversation, made anew on the confirmed state.
    pub(super) fn predict(&mut self, id: ConversationId) {
        self.predicted.remove(&id);
        let places: Vec<u64> = self.outbox.of(id).map(|item| item.place).collect();
        if places.is_empty() {
            return;
        }
        let Some(mut state) = self.confirmed.get(&id).cloned() else {
            return;
        };
        let mut number = self.cursor.as_ref().map_or(0, |cursor| cursor.number);
        for place in places {
            let events = match self.outbox.items.get(&place) {
                Some(item) if predictable(&item.command.body) => {
                    self.foresee(&state, &item.command).unwrap_or_default()
                }
                _ => Vec::new(),
            };
            let Some(item) = self.outbox.items.get_mut(&place) else {
                continue;
            };
            for event in &events {
                number = number.saturating_add(1);
                let stamp = Stamp {
                    number,
                    at: item.command.issued_at,
                    actor: item.command.actor,
                    conversation: id,
                };
                state = match evolve(Some(state), stamp, event) {
                    Some(next) => next,
                    None => return,
                };
            }
            item.predicted = events;
        }
        self.predicted.insert(id, state);
    }

    /// What a command would lead to on `state`, as far as this desktop knows.
    pub(super) fn foresee(&self, state: &Conversation, command: &Command) -> Result<Vec<Event>, Refusal> {
        let capabilities = self.documents.capabilities(self.id.me, state.inbox);
        let context = self
            .context_of(state, &capabilities, command.issued_at)
            .ok_or(Refusal::Gone)?;
        decide(Some(state), command, &context)
    }

    /// Notes of mine that are foreseen and not confirmed.
    pub(super) fn pending_notes(&self, conversation: ConversationId) -> Vec<PendingNote> {
        let mut notes = Vec::new();
        for item in self.outbox.of(conversation) {
            for event in &item.predicted {
                if let Event::NoteAdded {
                    note,
                    text,
                    mentions,
                    suggestion,
                    unsent_by: _,
                } = event
                {
                    notes.push(PendingNote {
                        id: *note,
                        by: self.id.me,
                        at: item.command.issued_at,
                        text: text.clone(),
                        mentions: mentions.clone(),
                        suggestion: *suggestion,
                    });
                }
            }
        }
        notes
    }

    /// A command of mine about a conversation, acted now.
    pub(super) fn command(
        &mut self,
        conversation: ConversationId,
        body: CommandBody,
        last_seen: Option<MessageId>,
    ) -> Command {
        // Based on what the server confirmed: what I foresee counts versions the log may never have.
        let based_on = self.confirmed.get(&conversation).map(|confirmed| confirmed.version);
        Command {
            id: CommandId(self.new_id()),
            actor: Actor::Member { id: self.id.me },
            device: self.id.device,
            conversation,
            issued_at: self.now,
            last_seen,
            based_on,
            body,
        }
    }

    /// Says a command of the moment; `None` when there is no connection to say it on.
    pub(super) fn say_now(
        &mut self,
        conversation: ConversationId,
        body: CommandBody,
        ticket: Option<Ticket>,
        purpose: Purpose,
    ) -> Option<CommandId> {
        if !self.online() {
            return None;
        }
        let command = self.command(conversation, body, None);
        let id = command.id;
        self.fleeting.insert(
            id,
            Fleeting {
                conversation,
                ticket,
                purpose,
                done: None,
            },
        );
        self.out
            .push(Effect::Send(Box::new(baton_protocol::ClientMessage::Submit {
                command: Box::new(command),
            })));
        Some(id)
    }
}
