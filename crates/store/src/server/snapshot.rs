//! A snapshot: everything in some scopes as it stands at one number of the log.

use baton_domain::{Conversation, Document, LogEntry};
use sea_orm::{
    AccessMode, ColumnTrait as _, DatabaseTransaction, EntityTrait as _, IsolationLevel, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, TransactionTrait as _,
};
use uuid::Uuid;

use super::connect::ServerStore;
use super::convert;
use super::entity::{conversation, log, workspace};
use super::error::StoreError;
use super::read::{ConversationKey, Readable, before};
use crate::parts;
use crate::port::Head;

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
    done: bool,
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
            done: false,
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

    /// The next conversations, the newest first, with their entries, the oldest first; `None` after the last page.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn next_page(&mut self, limit: u64) -> Result<Option<(Vec<Conversation>, Vec<LogEntry>)>, StoreError> {
        if self.done {
            return Ok(None);
        }
        let mut query = conversation::Entity::find()
            .filter(conversation::Column::Workspace.eq(self.workspace))
            .filter(conversation::Column::Inbox.is_in(self.readable.inboxes.iter().map(|id| id.0)));
        if let Some(after) = self.after {
            query = query.filter(before(after));
        }
        let query = query
            .order_by_desc(conversation::Column::UpdatedAt)
            .order_by_desc(conversation::Column::Id)
            .limit(limit);
        let page = convert::conversations(query, &self.tx).await?;
        self.done = u64::try_from(page.len()).unwrap_or(u64::MAX) < limit;
        self.after = page.last().map(|last| ConversationKey {
            updated_at: last.updated_at,
            id: last.id,
        });
        if page.is_empty() {
            return Ok(None);
        }
        let entries = self.entries(&page).await?;
        Ok(Some((page, entries)))
    }

    async fn entries(&self, page: &[Conversation]) -> Result<Vec<LogEntry>, StoreError> {
        let mut entries = Vec::new();
        for some in parts::lists(page.iter().map(|state| state.id.0)) {
            let rows: Vec<convert::EntryRow> = log::Entity::find()
                .select_only()
                .columns(convert::ENTRY)
                .filter(log::Column::Workspace.eq(self.workspace))
                .filter(log::Column::Conversation.is_in(some))
                .order_by_asc(log::Column::Number)
                .into_tuple()
                .all(&self.tx)
                .await?;
            for row in rows {
                entries.push(convert::entry(row)?);
            }
        }
        Ok(entries)
    }
}
