//! What a desktop asks beside its line, over HTTP: a draft saved, a conversation fetched. Either may be lost on the way, or be
//! done and nobody told.

use baton_client::engine::{Fetched, Input};
use baton_domain::{Capability, ConversationId};
use baton_protocol::{ApiError, ConversationWithEntries, Draft, ErrorCode};
use baton_store::port::DraftRow;

use super::{Happening, World};

/// Something said beside the line, over HTTP.
#[derive(Debug)]
pub enum Errand {
    /// Save a draft.
    Save(Box<Draft>),
    /// It was saved, or not.
    Saved {
        conversation: ConversationId,
        revision: u64,
        result: Result<(), ApiError>,
    },
    /// Fetch a conversation.
    Fetch(ConversationId),
    /// It was fetched, or not.
    Fetched {
        conversation: ConversationId,
        found: Fetched,
    },
}

impl World {
    pub(super) fn send_errand(&mut self, at: usize, errand: Errand) {
        let life = self.desks.get(at).map_or(0, |desk| desk.life);
        let wait = self.chance.between(5, 60);
        self.agenda.after(
            wait,
            Happening::Draft {
                desk: at,
                life,
                errand: Box::new(errand),
            },
        );
    }

    /// An errand arrives at a server, or its answer at the desktop.
    pub(super) fn errand(&mut self, at: usize, life: u32, errand: Errand) {
        let reached = !self.cut(at) && self.some_server().is_some();
        let unreachable = || ApiError {
            code: ErrorCode::Unreachable,
            message: "no way there".to_owned(),
        };
        let answer = match errand {
            Errand::Save(draft) => {
                let (conversation, revision) = (draft.conversation, draft.revision);
                let result = if reached {
                    self.save_draft(*draft)
                } else {
                    Err(unreachable())
                };
                Errand::Saved {
                    conversation,
                    revision,
                    result,
                }
            }
            Errand::Fetch(conversation) => {
                let found = if reached {
                    self.fetch(at, conversation).map_or(Fetched::Gone, Fetched::Here)
                } else {
                    Fetched::Unreached
                };
                Errand::Fetched { conversation, found }
            }
            Errand::Saved {
                conversation,
                revision,
                result,
            } => {
                if self.desks.get(at).is_some_and(|desk| desk.life == life) {
                    // The server may have it, and the desktop not know.
                    let result = if self.cut(at) { Err(unreachable()) } else { result };
                    self.tell_desk(
                        at,
                        Input::DraftSaved {
                            conversation,
                            revision,
                            result,
                        },
                    );
                }
                return;
            }
            Errand::Fetched { conversation, found } => {
                if self.desks.get(at).is_some_and(|desk| desk.life == life) {
                    self.tell_desk(at, Input::Refetched { conversation, found });
                }
                return;
            }
        };
        let wait = self.chance.between(5, 60);
        self.agenda.after(
            wait,
            Happening::Draft {
                desk: at,
                life,
                errand: Box::new(answer),
            },
        );
    }

    fn save_draft(&mut self, draft: Draft) -> Result<(), ApiError> {
        self.model.put_draft(DraftRow {
            id: draft.id,
            conversation: draft.conversation,
            member: draft.member,
            text: draft.text,
            revision: draft.revision,
            saved_at: self.agenda.now(),
            files_present: true,
        });
        self.sync();
        Ok(())
    }

    fn fetch(&self, at: usize, id: ConversationId) -> Option<Box<ConversationWithEntries>> {
        let conversation = self.model.conversation(id)?.clone();
        let desk = self.desks.get(at)?;
        let readable = self
            .capabilities(desk.person.id, conversation.inbox)
            .contains(&Capability::Read);
        let of_it = |entry: &&baton_domain::LogEntry| matches!(&entry.body, baton_domain::LogBody::Conversation { conversation, .. } if *conversation == id);
        let entries = self
            .model
            .log()
            .iter()
            .map(|sealed| &sealed.entry)
            .filter(of_it)
            .cloned()
            .collect();
        readable.then(|| Box::new(ConversationWithEntries { conversation, entries }))
    }
}
