//! What one commit takes together, and what it needs loaded for it.

use baton_domain::{Command, CommandBody, ConversationId, HostGrant, InboxId};
use baton_store::port::{DueRow, FolderCursor, Needs, ThreadKey};
use uuid::Uuid;

use super::answering;
use super::arrival::{Arrival, ParsedArrival};
use super::cache::Cache;
use super::documents::DocumentSet;
use super::due;
use super::io::{HostAsk, Ticket};
use super::routing;
use super::threading;

/// One piece of work.
#[derive(Debug)]
pub(super) enum Work {
    /// Only load what the referee knows nothing of yet.
    Open { ticket: Ticket },
    /// A command somebody asked.
    Command {
        ticket: Ticket,
        command: Box<Command>,
        under: Option<HostGrant>,
    },
    /// Somebody wants to host an account.
    Host { ticket: Ticket, ask: HostAsk },
    /// A host has shown that it sees the mailbox its predecessor saw.
    Shown { ticket: Ticket, grant: HostGrant },
    /// A host gives its grant back.
    Release { ticket: Ticket, grant: HostGrant },
    /// Something due.
    Due { row: DueRow },
    /// Mail. `refused`: the store would not write it as a message; it goes into quarantine.
    Arrival {
        ticket: Ticket,
        arrival: Box<Arrival>,
        refused: Option<String>,
        under: Option<HostGrant>,
    },
    /// How far a folder is read now.
    Progress {
        ticket: Ticket,
        cursor: FolderCursor,
        under: Option<HostGrant>,
    },
}

impl Work {
    /// Adds what this piece needs loaded.
    pub(super) fn needs(&self, needs: &mut Needs, cache: &Cache, documents: &DocumentSet) {
        routing::needs(self, needs, cache, documents);
        match self {
            Self::Open { .. } | Self::Progress { .. } | Self::Shown { .. } | Self::Release { .. } => {}
            Self::Host { ask, .. } => {
                needs.hosts.insert(ask.account);
            }
            // That a deadline comes once is in the conversation itself: there is no first answer to look for.
            Self::Due { row } => conversation(due::place(row), needs, cache),
            Self::Command { command, .. } => {
                needs.commands.insert(command.id);
                if command.conversation != ConversationId(Uuid::nil()) {
                    conversation(command.conversation, needs, cache);
                }
                match &command.body {
                    CommandBody::Reply { draft, .. } | CommandBody::Forward { draft, .. } => {
                        needs.drafts.insert(*draft);
                    }
                    CommandBody::MoveToInbox { .. } => {
                        needs.begun_in.insert(command.conversation);
                        needs.whole.insert(command.conversation);
                    }
                    // Always from the store: it brings what was merged into what.
                    CommandBody::Merge { into } => {
                        needs.begun_in.insert(command.conversation);
                        needs.whole.insert(command.conversation);
                        needs.conversations.insert(*into);
                    }
                    CommandBody::Unmerge { .. } => {
                        needs.begun_in.insert(command.conversation);
                        needs.whole.insert(command.conversation);
                    }
                    CommandBody::Split { .. } => {
                        needs.logs.insert(command.conversation);
                        // That nothing has the id of the one that begins is asked of the store.
                        needs.conversations.insert(ConversationId(command.id.0));
                    }
                    CommandBody::KeepApart { from } => {
                        needs.conversations.extend([command.conversation, *from]);
                    }
                    CommandBody::PutDocument { document } => {
                        needs.replying = true;
                        needs.owners.extend(documents.cut_off_by(document));
                        needs.authors.extend(documents.silenced_by(document));
                    }
                    CommandBody::RemoveDocument { document } => {
                        needs.replying = true;
                        needs.counted.insert(InboxId(document.0));
                    }
                    _ => {}
                }
            }
            Self::Arrival { arrival, .. } => {
                needs.items.insert(arrival.key());
                if let Ok(parsed) = &arrival.parsed {
                    needs.digests.insert(parsed.digest.clone());
                    needs.keys.extend(keys(parsed));
                    needs.keys.extend(answering::keys(parsed, documents));
                }
            }
        }
    }
}

fn conversation(id: ConversationId, needs: &mut Needs, cache: &Cache) {
    if !cache.has(id) {
        needs.conversations.insert(id);
    }
    needs.leases.insert(id);
}

/// Every key that may lead an arrival to its conversation.
fn keys(parsed: &ParsedArrival) -> impl Iterator<Item = ThreadKey> + '_ {
    let own = parsed.header_id.iter().map(|id| ThreadKey::header(id));
    let mentions = threading::mentions(parsed).map(ThreadKey::header);
    let ours = parsed
        .answers
        .iter()
        .chain(&parsed.own)
        .chain(&parsed.claims)
        .map(|id| ThreadKey::outbound(*id));
    let about = parsed.about.iter().flat_map(threading::keys_of_report);
    let contacts = [Some(&parsed.from), parsed.reply_to.first(), parsed.to.first()]
        .into_iter()
        .flatten();
    let contacts = contacts.chain(&parsed.to);
    let subjects = contacts.filter_map(|contact| ThreadKey::subject(&contact.email, &parsed.subject_key));
    own.chain(mentions).chain(ours).chain(about).chain(subjects)
}
