//! A snapshot: everything in some scopes as it stands at one number of the log.
//!
//! It is read to be sent on, so conversations and entries stay in the serial form they are kept in, which is also the one they are told
//! in: to read a hundred thousand only to write them down again would take longer than everything else together.

use baton_domain::{ConversationId, Document, Timestamp};
use sea_orm::{
    AccessMode, ColumnTrait as _, DatabaseTransaction, EntityTrait as _, IsolationLevel, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, Select, TransactionTrait as _,
};
use uuid::Uuid;

use super::connect::ServerStore;
use super::convert;
use super::entity::{conversation, log, workspace};
use super::error::StoreError;
use super::read::{ConversationKey, Readable, before};
use crate::parts;
use crate::port::Head;

/// Some conversations of a snapshot, each in its serial form.
#[derive(Debug, Default)]
pub struct Page {
    /// Conversations, the newest first.
    pub conversations: Vec<String>,
    /// The entries of these conversations, by number.
    pub entries: Vec<String>,
    /// Whether nothing comes after it. It may be the first one, and it may be empty.
    pub last: bool,
}

/// A snapshot being read in pages. It holds one read transaction, so that every page shows the same number; read it to its end without
/// waiting for a slow receiver.
#[derive(Debug)]
pub struct Snapshot {
    tx: DatabaseTransaction,
    workspace: Uuid,
    readable: Readable,
    head: Head,
    documents: Vec<Document>,
    after: Option<ConversationKey>,
}

impl ServerStore {
    /// A transaction whose every statement reads what the first one does, whatever is committed meanwhile.
    pub(super) async fn standing_still(&self) -> Result<DatabaseTransaction, StoreError> {
        let (isolation, access) = if self.is_shared() {
            (Some(IsolationLevel::RepeatableRead), Some(AccessMode::ReadOnly))
        } else {
            (None, None)
        };
        Ok(self.reader.begin_with_config(isolation, access).await?)
    }

    /// Begins a snapshot of what `readable` allows, at the present head.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn snapshot(&self, readable: Readable) -> Result<Snapshot, StoreError> {
        let tx = self.standing_still().await?;
        let row = workspace::Entity::find_by_id(self.workspace.0)
            .one(&tx)
            .await?
            .ok_or(StoreError::NoWorkspace)?;
        let documents = self.all_documents(&tx).await?;
        Ok(Snapshot {
            tx,
            workspace: self.workspace.0,
            readable,
            head: super::sequencer::head(row)?,
            documents,
            after: None,
        })
    }
}

impl Snapshot {
    /// The head it shows.
    #[must_use]
    pub const fn head(&self) -> &Head {
        &self.head
    }

    /// All documents at that head.
    #[must_use]
    pub fn documents(&self) -> &[Document] {
        &self.documents
    }

    /// The next conversations with their entries. After the last page there are only empty ones.
    ///
    /// # Errors
    /// When the database fails, or what is there is no serial form of anything.
    pub async fn next_page(&mut self, limit: u64) -> Result<Page, StoreError> {
        let mut query = conversation::Entity::find()
            .filter(conversation::Column::Workspace.eq(self.workspace))
            .filter(conversation::Column::Inbox.is_in(self.readable.inboxes.iter().map(|id| id.0)));
        if let Some(after) = self.after {
            query = query.filter(before(after));
        }
        let rows: Vec<(Uuid, i64, String)> = query
            .order_by_desc(conversation::Column::UpdatedAt)
            .order_by_desc(conversation::Column::Id)
            .limit(limit)
            .select_only()
            .columns([
                conversation::Column::Id,
                conversation::Column::UpdatedAt,
                conversation::Column::State,
            ])
            .into_tuple()
            .all(&self.tx)
            .await?;
        let last = u64::try_from(rows.len()).unwrap_or(u64::MAX) < limit;
        if let Some((id, updated_at, _)) = rows.last() {
            self.after = Some(ConversationKey {
                updated_at: Timestamp(*updated_at),
                id: ConversationId(*id),
            });
        }
        let entries = self.entries(rows.iter().map(|(id, ..)| *id)).await?;
        let conversations = rows.into_iter().map(|(_, _, state)| convert::serial(state));
        Ok(Page {
            conversations: conversations.collect::<Result<_, _>>()?,
            entries,
            last,
        })
    }

    /// The entries of some conversations, by number. They are put in order here: asked for in order, SQLite reads all of the log, which
    /// is in order already, instead of looking for those few, whenever there is more than one conversation.
    async fn entries(&self, conversations: impl Iterator<Item = Uuid>) -> Result<Vec<String>, StoreError> {
        let mut entries = Vec::new();
        for some in parts::lists(conversations) {
            let rows: Vec<convert::EntryRow> = entries_of(self.workspace, some).into_tuple().all(&self.tx).await?;
            for row in rows {
                entries.push((row.0, convert::serial_entry(row)?));
            }
        }
        entries.sort_unstable_by_key(|(number, _)| *number);
        Ok(entries.into_iter().map(|(_, text)| text).collect())
    }
}

/// Everything in the log about these conversations, in no order.
pub(super) fn entries_of(workspace: Uuid, conversations: Vec<Uuid>) -> Select<log::Entity> {
    log::Entity::find()
        .select_only()
        .columns(convert::ENTRY)
        .filter(log::Column::Workspace.eq(workspace))
        .filter(log::Column::Conversation.is_in(conversations))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use sea_orm::{DbBackend, QueryTrait as _};

    use super::*;
    use crate::server::StoreOptions;
    use crate::server::plan::plan_of;

    /// With every part all of the log would be read, and no test on a small database would be slow.
    #[tokio::test]
    async fn sqlite_looks_for_entries_conversation_by_conversation() {
        let directory = tempfile::tempdir().unwrap();
        let store = ServerStore::open(StoreOptions::in_directory(directory.path()))
            .await
            .unwrap();
        for count in [1, 2, 64, 512] {
            let conversations = vec![Uuid::from_u128(1); count];
            let asked = entries_of(store.workspace.0, conversations).build(DbBackend::Sqlite);
            let plan = plan_of(&store, asked).await;
            let found = "SEARCH log USING INDEX log_of_conversation (workspace=? AND conversation=?)";
            assert_eq!(plan, [found], "for {count}");
        }
    }
}
