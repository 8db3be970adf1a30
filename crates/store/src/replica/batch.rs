//! What is written in one transaction.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use baton_domain::{
    CommandId, Conversation, ConversationId, Document, DocumentId, Event, InboxId, LogBody, LogEntry, MessageId,
    Timestamp,
};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, Iterable,
    QueryFilter, QuerySelect, QueryTrait, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use uuid::Uuid;

use super::{CACHE, FILLING_CACHE, ReplicaError, ReplicaStore, entity, search, sql};
use crate::parts;
use crate::search::writes;

/// So many conversations and entries at once are part of a snapshot, or of a long way behind.
const MANY: usize = 200;

/// A value kept in its serial form, with its place in an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Earlier ones first.
    pub place: u64,
    /// The serial form.
    pub content: String,
}

/// What is forgotten before anything of the same batch is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Forget {
    /// Every document.
    Documents,
    /// The conversations of an inbox, with their entries.
    Inbox(InboxId),
    /// Every conversation, with its entries.
    Conversations,
    /// One conversation's entries: its log is about to be written anew.
    Entries(ConversationId),
    /// Everything, the person's own work included: they signed out.
    All,
}

/// What is written in one transaction, applied whole or not at all. A later value of the same thing replaces an earlier one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Batch {
    /// Forgotten first.
    pub forget: BTreeSet<Forget>,
    /// Single values by name; `None` removes.
    pub state: BTreeMap<String, Option<String>>,
    /// Conversations; `None` removes one with its entries.
    pub conversations: BTreeMap<ConversationId, Option<Conversation>>,
    /// Entries of the log that are about conversations.
    pub entries: BTreeMap<u64, LogEntry>,
    /// Documents; `None` removes.
    pub documents: BTreeMap<DocumentId, Option<Document>>,
    /// Commands not answered yet; `None` removes.
    pub outbox: BTreeMap<CommandId, Option<Row>>,
    /// Commands that wait for a person; `None` removes.
    pub held: BTreeMap<CommandId, Option<Row>>,
    /// Drafts; `None` removes.
    pub drafts: BTreeMap<ConversationId, Option<String>>,
    /// Notifications shown, when, and whether they were handled.
    pub shown: BTreeMap<String, (Timestamp, bool)>,
    /// The newest message that was on screen.
    pub seen: BTreeMap<ConversationId, MessageId>,
}

impl Batch {
    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether anything goes of what can be found.
    fn forgets(&self) -> bool {
        !self.forget.is_empty() || self.conversations.values().any(Option::is_none)
    }

    /// Whether it holds work of the person that nobody else has: then it must survive a power cut, not only a crash. What came
    /// from the server is there to be fetched again.
    fn own_work(&self) -> bool {
        !(self.outbox.is_empty() && self.held.is_empty() && self.drafts.is_empty())
    }
}

impl ReplicaStore {
    /// Applies `batch` in one transaction.
    ///
    /// # Errors
    /// Nothing of it was written then.
    pub async fn apply(&self, batch: &Batch) -> Result<(), ReplicaError> {
        if batch.is_empty() {
            return Ok(());
        }
        self.fit_cache(batch.conversations.len().saturating_add(batch.entries.len()) >= MANY)
            .await?;
        // The writer is one connection, so the setting holds for the transaction that follows.
        let synchronous = if batch.own_work() { "FULL" } else { "NORMAL" };
        self.writer
            .execute_raw(sql(&format!("PRAGMA synchronous = {synchronous}")))
            .await?;
        let immediate = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let transaction = self.writer.begin_with_options(immediate).await?;
        if batch.forgets() {
            self.forgotten.fetch_add(1, Ordering::SeqCst);
        }
        for forget in &batch.forget {
            forgotten(&transaction, *forget).await?;
        }
        write_state(&transaction, batch).await?;
        write_log(&transaction, batch).await?;
        write_own(&transaction, batch).await?;
        transaction.commit().await?;
        if batch.forgets() || !batch.entries.is_empty() {
            self.to_index.notify_one();
        }
        Ok(())
    }
}

impl ReplicaStore {
    /// Gives the writer a large cache while it is filled, and takes it away again.
    async fn fit_cache(&self, filling: bool) -> Result<(), ReplicaError> {
        if self.filling.swap(filling, Ordering::Relaxed) == filling {
            return Ok(());
        }
        let size = if filling { FILLING_CACHE } else { CACHE };
        self.writer
            .execute_raw(sql(&format!("PRAGMA cache_size = {size}")))
            .await?;
        if !filling {
            self.writer.execute_raw(sql("PRAGMA shrink_memory")).await?;
        }
        Ok(())
    }
}

async fn forgotten(db: &DatabaseTransaction, forget: Forget) -> Result<(), ReplicaError> {
    match forget {
        Forget::Documents => {
            entity::document::Entity::delete_many().exec(db).await?;
        }
        Forget::Inbox(inbox) => {
            search::forget_inbox(db, inbox).await?;
            let theirs = entity::conversation::Entity::find()
                .select_only()
                .column(entity::conversation::Column::Id)
                .filter(entity::conversation::Column::Inbox.eq(inbox.0))
                .into_query();
            entity::entry::Entity::delete_many()
                .filter(entity::entry::Column::Conversation.in_subquery(theirs))
                .exec(db)
                .await?;
            entity::conversation::Entity::delete_many()
                .filter(entity::conversation::Column::Inbox.eq(inbox.0))
                .exec(db)
                .await?;
        }
        Forget::Conversations => {
            search::forget_all(db).await?;
            entity::entry::Entity::delete_many().exec(db).await?;
            entity::conversation::Entity::delete_many().exec(db).await?;
        }
        Forget::Entries(conversation) => {
            search::forget_conversation(db, conversation).await?;
            entity::entry::Entity::delete_many()
                .filter(entity::entry::Column::Conversation.eq(conversation.0))
                .exec(db)
                .await?;
        }
        Forget::All => {
            search::forget_all(db).await?;
            entity::entry::Entity::delete_many().exec(db).await?;
            entity::conversation::Entity::delete_many().exec(db).await?;
            entity::document::Entity::delete_many().exec(db).await?;
            entity::outbox::Entity::delete_many().exec(db).await?;
            entity::held::Entity::delete_many().exec(db).await?;
            entity::draft::Entity::delete_many().exec(db).await?;
            entity::shown::Entity::delete_many().exec(db).await?;
            entity::seen::Entity::delete_many().exec(db).await?;
            entity::blob::Entity::delete_many().exec(db).await?;
            entity::state::Entity::delete_many().exec(db).await?;
        }
    }
    Ok(())
}

async fn write_state(db: &DatabaseTransaction, batch: &Batch) -> Result<(), ReplicaError> {
    let mut kept = Vec::new();
    for (key, value) in &batch.state {
        match value {
            Some(value) => kept.push(entity::state::Model {
                key: key.clone(),
                value: value.clone(),
            }),
            None => {
                entity::state::Entity::delete_by_id(key.clone()).exec(db).await?;
            }
        }
    }
    put::<entity::state::Entity, _>(db, kept, &[entity::state::Column::Key]).await
}

async fn write_log(db: &DatabaseTransaction, batch: &Batch) -> Result<(), ReplicaError> {
    let mut conversations = Vec::new();
    for (id, conversation) in &batch.conversations {
        match conversation {
            Some(conversation) => conversations.push(entity::conversation::Model {
                id: id.0,
                inbox: conversation.inbox.0,
                content: serde_json::to_string(conversation)?,
            }),
            None => {
                forgotten(db, Forget::Entries(*id)).await?;
                entity::conversation::Entity::delete_by_id(id.0).exec(db).await?;
            }
        }
    }
    put::<entity::conversation::Entity, _>(db, conversations, &[entity::conversation::Column::Id]).await?;

    let mut entries = Vec::new();
    let mut found = Vec::new();
    for entry in batch.entries.values() {
        let LogBody::Conversation { conversation, event } = &entry.body else {
            continue;
        };
        let (message, blob) = message_of(event);
        let number = i64::try_from(entry.number).unwrap_or(i64::MAX);
        if writes(event) {
            found.push(number);
        }
        entries.push(entity::entry::Model {
            number,
            conversation: conversation.0,
            message,
            blob,
            content: serde_json::to_string(entry)?,
        });
    }
    put::<entity::entry::Entity, _>(db, entries, &[entity::entry::Column::Number]).await?;
    search::note(db, found).await?;

    let mut documents = Vec::new();
    for (id, document) in &batch.documents {
        match document {
            Some(document) => documents.push(entity::document::Model {
                id: id.0,
                content: serde_json::to_string(document)?,
            }),
            None => {
                entity::document::Entity::delete_by_id(id.0).exec(db).await?;
            }
        }
    }
    put::<entity::document::Entity, _>(db, documents, &[entity::document::Column::Id]).await
}

async fn write_own(db: &DatabaseTransaction, batch: &Batch) -> Result<(), ReplicaError> {
    let mut outbox = Vec::new();
    for (id, row) in &batch.outbox {
        match row {
            Some(row) => outbox.push(entity::outbox::Model {
                id: id.0,
                place: i64::try_from(row.place).unwrap_or(i64::MAX),
                content: row.content.clone(),
            }),
            None => {
                entity::outbox::Entity::delete_by_id(id.0).exec(db).await?;
            }
        }
    }
    put::<entity::outbox::Entity, _>(db, outbox, &[entity::outbox::Column::Id]).await?;

    let mut held = Vec::new();
    for (id, row) in &batch.held {
        match row {
            Some(row) => held.push(entity::held::Model {
                id: id.0,
                place: i64::try_from(row.place).unwrap_or(i64::MAX),
                content: row.content.clone(),
            }),
            None => {
                entity::held::Entity::delete_by_id(id.0).exec(db).await?;
            }
        }
    }
    put::<entity::held::Entity, _>(db, held, &[entity::held::Column::Id]).await?;

    let mut drafts = Vec::new();
    for (conversation, content) in &batch.drafts {
        match content {
            Some(content) => drafts.push(entity::draft::Model {
                conversation: conversation.0,
                content: content.clone(),
            }),
            None => {
                entity::draft::Entity::delete_by_id(conversation.0).exec(db).await?;
            }
        }
    }
    put::<entity::draft::Entity, _>(db, drafts, &[entity::draft::Column::Conversation]).await?;

    let shown = batch.shown.iter().map(|(key, (at, handled))| entity::shown::Model {
        key: key.clone(),
        at: at.0,
        handled: *handled,
    });
    put::<entity::shown::Entity, _>(db, shown.collect(), &[entity::shown::Column::Key]).await?;

    let seen = batch.seen.iter().map(|(conversation, message)| entity::seen::Model {
        conversation: conversation.0,
        message: message.0,
    });
    put::<entity::seen::Entity, _>(db, seen.collect(), &[entity::seen::Column::Conversation]).await
}

/// Inserts rows, replacing those with the same key, many in one statement.
pub(super) async fn put<E, M>(db: &impl ConnectionTrait, rows: Vec<M>, key: &[E::Column]) -> Result<(), ReplicaError>
where
    E: EntityTrait<Model = M>,
    M: IntoActiveModel<E::ActiveModel>,
    E::ActiveModel: ActiveModelTrait<Entity = E> + Send,
{
    for some in parts::rows(rows) {
        let some = some.into_iter().map(IntoActiveModel::into_active_model);
        let others = E::Column::iter().filter(|column| !key.iter().any(|key| same(key, column)));
        let conflict = OnConflict::columns(key.iter().copied())
            .update_columns(others)
            .to_owned();
        E::insert_many(some)
            .on_conflict(conflict)
            .exec_without_returning(db)
            .await?;
    }
    Ok(())
}

fn same<C: sea_orm::IdenStatic>(a: &C, b: &C) -> bool {
    a.as_str() == b.as_str()
}

/// The message an entry brought, and the blob of its raw bytes.
fn message_of(event: &Event) -> (Option<Uuid>, Option<String>) {
    match event {
        Event::MessageReceived { message, .. } | Event::OutsideReply { message, .. } => (
            Some(message.id.0),
            message.blob.as_ref().map(|blob| blob.as_str().to_owned()),
        ),
        Event::ReplyQueued { outbound } => (Some(outbound.id.0), None),
        _ => (None, None),
    }
}
