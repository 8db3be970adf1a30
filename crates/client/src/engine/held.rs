//! Actions that were refused after their author had moved on, and replies that were held back: in sight until the person
//! chooses one of three ways out.

use std::collections::BTreeMap;

use baton_domain::{CommandBody, CommandId, ConversationId, Invalid, MessageId, Refusal};
use baton_protocol::{Acted, Held, HeldReason, HeldResolution};
use baton_store::replica::Row;
use serde::{Deserialize, Serialize};

use super::io::{Ticket, Told};
use super::outbox::{Intent, Item, Stage};
use super::state::Engine;

/// An action that is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HeldItem {
    place: u64,
    stored: Stored,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Stored {
    command: baton_domain::Command,
    intent: Option<Intent>,
    why: HeldReason,
}

impl HeldItem {
    pub(super) fn load(rows: &[(CommandId, Row)]) -> BTreeMap<CommandId, Self> {
        let read = |row: &Row| serde_json::from_str(&row.content).ok();
        rows.iter()
            .filter_map(|(id, row)| {
                let stored = read(row)?;
                Some((
                    *id,
                    Self {
                        place: row.place,
                        stored,
                    },
                ))
            })
            .collect()
    }
}

impl Engine {
    /// Moves an item from the outbox to the held list, and with it what depends on it.
    pub(super) fn hold(&mut self, id: CommandId, why: HeldReason) {
        let Some(item) = self.outbox.get(id) else { return };
        let chained = self.chained_after(item.command.conversation, item.place);
        if let Some(item) = self.take_item(id) {
            self.put_held(item, why);
        }
        self.hold_chain(chained, id);
    }

    pub(super) fn hold_chain(&mut self, chained: Vec<CommandId>, head: CommandId) {
        for id in chained {
            if let Some(item) = self.take_item(id) {
                let ticket = item.ticket;
                self.put_held(item, HeldReason::Behind { command: head });
                self.answer(ticket, Told::Acted(Acted::Pending { command: id }));
            }
        }
    }

    fn put_held(&mut self, item: Item, why: HeldReason) {
        let id = item.command.id;
        self.forget_undo(id);
        let stored = Stored {
            command: item.command,
            intent: item.intent,
            why,
        };
        self.show_held(
            id,
            HeldItem {
                place: item.place,
                stored,
            },
        );
    }

    /// Words that have no place any more: they are in sight here, to be copied.
    pub(super) fn hold_words(&mut self, conversation: ConversationId, text: String, refusal: Refusal) {
        let note = CommandBody::AddNote {
            text,
            mentions: Vec::new(),
        };
        let command = self.command(conversation, note, None);
        let place = self.outbox.next_place();
        self.show_held(
            command.id,
            HeldItem {
                place,
                stored: Stored {
                    command,
                    intent: None,
                    why: HeldReason::Refused { refusal },
                },
            },
        );
    }

    fn show_held(&mut self, id: CommandId, held: HeldItem) {
        if let Ok(content) = serde_json::to_string(&held.stored) {
            let row = Row {
                place: held.place,
                content,
            };
            self.batch.held.insert(id, Some(row));
        }
        self.held.insert(id, held);
        self.held_changed = true;
    }

    fn take_held(&mut self, id: CommandId) -> Option<HeldItem> {
        let held = self.held.remove(&id)?;
        self.batch.held.insert(id, None);
        self.held_changed = true;
        self.touched.insert(held.stored.command.conversation);
        Some(held)
    }

    pub(super) fn resolve_held(&mut self, ticket: Ticket, id: CommandId, how: HeldResolution) {
        let Some(held) = self.held.get(&id) else {
            self.answer(Some(ticket), Told::Acted(Acted::Refused { refusal: Refusal::Gone }));
            return;
        };
        match how {
            HeldResolution::Retry => self.retry(ticket, id),
            HeldResolution::MakeNote => {
                let conversation = held.stored.command.conversation;
                let Some(text) = words_of(&held.stored) else {
                    let refusal = Refusal::Invalid {
                        field: "text".to_owned(),
                        why: Invalid::Empty,
                    };
                    self.answer(Some(ticket), Told::Acted(Acted::Refused { refusal }));
                    return;
                };
                self.take_held(id);
                let note = CommandBody::AddNote {
                    text,
                    mentions: Vec::new(),
                };
                let command = self.command(conversation, note, None);
                self.act_with(Some(ticket), command);
            }
            HeldResolution::Discard => {
                self.take_held(id);
                let acted = Acted::Done {
                    command: id,
                    undoable: false,
                    undo_until: None,
                };
                self.answer(Some(ticket), Told::Acted(acted));
            }
        }
    }

    /// Does it all the same, on what is known now; what waited behind it follows.
    fn retry(&mut self, ticket: Ticket, id: CommandId) {
        let mut behind: Vec<(u64, CommandId)> = self
            .held
            .iter()
            .filter(|(_, held)| held.stored.why == HeldReason::Behind { command: id })
            .map(|(behind, held)| (held.place, *behind))
            .collect();
        behind.sort_unstable();
        let attended = Some(ticket).filter(|_| self.online());
        let command = self.put_back(id, attended).unwrap_or(id);
        if attended.is_none() {
            self.answer(Some(ticket), Told::Acted(Acted::Pending { command }));
        }
        for (_, id) in behind {
            self.put_back(id, None);
        }
    }

    fn put_back(&mut self, id: CommandId, ticket: Option<Ticket>) -> Option<CommandId> {
        let held = self.take_held(id)?;
        let Stored {
            mut command,
            mut intent,
            ..
        } = held.stored;
        let conversation = command.conversation;
        let newest = self.newest_message(conversation);
        // Another wish than the one that was answered: under the old id it would only get the old answer again.
        command.id = CommandId(self.new_id());
        command.issued_at = self.now;
        command.last_seen = newest;
        command.based_on = None;
        if let Some(intent) = &mut intent {
            intent.owner = self.confirmed.get(&conversation).and_then(|confirmed| confirmed.owner);
            intent.last_message = newest;
            intent.unattended = ticket.is_none();
        }
        let id = self.enqueue(command, intent, ticket);
        if let Some(item) = self.outbox.get_mut(id) {
            item.set_token(0);
            item.was_held = true;
            item.stage = Stage::Waiting;
        }
        self.store_item(id);
        Some(id)
    }

    pub(super) fn newest_message(&self, conversation: ConversationId) -> Option<MessageId> {
        let last = self.confirmed.get(&conversation)?.last_message.as_ref()?;
        Some(last.id)
    }

    /// The held list, in the order in which its actions were made.
    #[must_use]
    pub fn held_list(&self) -> Vec<Held> {
        let mut list: Vec<(u64, Held)> = self
            .held
            .values()
            .map(|held| (held.place, self.held_row(&held.stored)))
            .collect();
        list.sort_by_key(|(place, _)| *place);
        list.into_iter().map(|(_, held)| held).collect()
    }

    fn held_row(&self, stored: &Stored) -> Held {
        let conversation = self.confirmed.get(&stored.command.conversation);
        Held {
            id: stored.command.id,
            conversation: stored.command.conversation,
            number: conversation.map_or(0, |conversation| conversation.number),
            subject: conversation
                .map(|conversation| conversation.subject.clone())
                .unwrap_or_default(),
            body: stored.command.body.clone(),
            draft: stored.intent.as_ref().map(|intent| intent.text.clone()),
            why: stored.why.clone(),
            issued_at: stored.command.issued_at,
        }
    }
}

/// The words a person wrote in an action, if it had any.
fn words_of(stored: &Stored) -> Option<String> {
    use CommandBody as C;
    if let Some(intent) = &stored.intent {
        return Some(intent.text.text.clone());
    }
    let words = match &stored.command.body {
        C::SetNextStep { text } | C::AddNote { text, .. } | C::SuggestDraft { text } | C::Block { text, .. } => {
            Some(text)
        }
        C::ScheduleFollowUp { text, .. } => text.as_ref(),
        C::Snooze { reason, .. } | C::Close { reason, .. } | C::DeclineHandoff { reason } => reason.as_ref(),
        C::Assign { context, .. } | C::HandOff { context, .. } => context.as_ref().map(|context| &context.happened),
        _ => None,
    };
    words.filter(|words| !words.trim().is_empty()).cloned()
}
