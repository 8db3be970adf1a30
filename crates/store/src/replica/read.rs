//! What is read back.

use std::collections::{BTreeMap, BTreeSet};

use baton_domain::{
    BlobId, CommandId, Conversation, ConversationId, Document, Event, LogBody, LogEntry, MessageId, Timestamp,
};
use sea_orm::{
    ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, TransactionTrait,
};

use super::{ReplicaError, ReplicaStore, Row, batch, entity, search};

/// A notification that was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownRow {
    /// Its key.
    pub key: String,
    /// When.
    pub at: Timestamp,
    /// Whether it was handled, here or elsewhere.
    pub handled: bool,
}

/// Everything an engine starts with. The log's entries stay on disk.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// Single values by name.
    pub state: BTreeMap<String, String>,
    /// Conversations as confirmed by the server.
    pub conversations: Vec<Conversation>,
    /// Documents.
    pub documents: Vec<Document>,
    /// Commands not answered yet, in order.
    pub outbox: Vec<(CommandId, Row)>,
    /// Commands that wait for a person, in order.
    pub held: Vec<(CommandId, Row)>,
    /// Drafts.
    pub drafts: Vec<(ConversationId, String)>,
    /// Notifications shown.
    pub shown: Vec<ShownRow>,
    /// The newest message that was on screen.
    pub seen: Vec<(ConversationId, MessageId)>,
    /// How many rows of the server's are in a form this version does not know: then a fresh snapshot is due.
    pub unreadable: u32,
}

/// A raw message that is not on this disk yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its name.
    pub blob: BlobId,
    /// In which conversation.
    pub conversation: ConversationId,
    /// The number of the entry that brought it.
    pub number: u64,
}

/// A sealed file beside the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobRow {
    /// Its name.
    pub id: BlobId,
    /// Size on disk, in bytes.
    pub size: u64,
    /// Whether it stays whatever the budget: a draft's file that is nowhere else.
    pub kept: bool,
    /// When it was last needed.
    pub used_at: Timestamp,
}

impl ReplicaStore {
    /// Reads everything an engine starts with.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn load(&self) -> Result<Loaded, ReplicaError> {
        let db = &self.reader;
        let mut loaded = Loaded::default();
        for row in entity::state::Entity::find().all(db).await? {
            loaded.state.insert(row.key, row.value);
        }
        for row in entity::conversation::Entity::find().all(db).await? {
            match serde_json::from_str(&row.content) {
                Ok(conversation) => loaded.conversations.push(conversation),
                Err(_) => loaded.unreadable += 1,
            }
        }
        for row in entity::document::Entity::find().all(db).await? {
            match serde_json::from_str(&row.content) {
                Ok(document) => loaded.documents.push(document),
                Err(_) => loaded.unreadable += 1,
            }
        }
        let place = |place: i64| u64::try_from(place).unwrap_or(0);
        for row in entity::outbox::Entity::find()
            .order_by_asc(entity::outbox::Column::Place)
            .all(db)
            .await?
        {
            let content = row.content;
            loaded.outbox.push((
                CommandId(row.id),
                Row {
                    place: place(row.place),
                    content,
                },
            ));
        }
        for row in entity::held::Entity::find()
            .order_by_asc(entity::held::Column::Place)
            .all(db)
            .await?
        {
            let content = row.content;
            loaded.held.push((
                CommandId(row.id),
                Row {
                    place: place(row.place),
                    content,
                },
            ));
        }
        for row in entity::draft::Entity::find().all(db).await? {
            loaded.drafts.push((ConversationId(row.conversation), row.content));
        }
        for row in entity::shown::Entity::find().all(db).await? {
            loaded.shown.push(ShownRow {
                key: row.key,
                at: Timestamp(row.at),
                handled: row.handled,
            });
        }
        for row in entity::seen::Entity::find().all(db).await? {
            loaded
                .seen
                .push((ConversationId(row.conversation), MessageId(row.message)));
        }
        Ok(loaded)
    }

    /// A single value by name.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn state(&self, key: &str) -> Result<Option<String>, ReplicaError> {
        let row = entity::state::Entity::find_by_id(key.to_owned())
            .one(&self.reader)
            .await?;
        Ok(row.map(|row| row.value))
    }

    /// The log of a conversation, in order.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn entries(&self, conversation: ConversationId) -> Result<Vec<LogEntry>, ReplicaError> {
        let rows = entity::entry::Entity::find()
            .filter(entity::entry::Column::Conversation.eq(conversation.0))
            .order_by_asc(entity::entry::Column::Number)
            .all(&self.reader)
            .await?;
        rows.into_iter()
            .map(|row| Ok(serde_json::from_str(&row.content)?))
            .collect()
    }

    /// The entry that brought a message.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn entry_of(&self, message: MessageId) -> Result<Option<LogEntry>, ReplicaError> {
        let row = entity::entry::Entity::find()
            .filter(entity::entry::Column::Message.eq(message.0))
            .order_by_asc(entity::entry::Column::Number)
            .one(&self.reader)
            .await?;
        row.map(|row| Ok(serde_json::from_str(&row.content)?)).transpose()
    }

    /// Raw messages that are not on this disk, newest first; only those of `conversations` where given.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn wanted(
        &self,
        conversations: Option<&[ConversationId]>,
        limit: u64,
    ) -> Result<Vec<Wanted>, ReplicaError> {
        let here = entity::blob::Entity::find()
            .select_only()
            .column(entity::blob::Column::Id)
            .into_query();
        let mut query = entity::entry::Entity::find()
            .filter(entity::entry::Column::Blob.is_not_null())
            .filter(entity::entry::Column::Blob.not_in_subquery(here));
        if let Some(conversations) = conversations {
            query = query.filter(entity::entry::Column::Conversation.is_in(conversations.iter().map(|id| id.0)));
        }
        let rows = query
            .order_by_desc(entity::entry::Column::Number)
            .limit(limit)
            .all(&self.reader)
            .await?;
        let wanted = rows.into_iter().filter_map(|row| {
            Some(Wanted {
                blob: BlobId::try_from(row.blob?).ok()?,
                conversation: ConversationId(row.conversation),
                number: u64::try_from(row.number).ok()?,
            })
        });
        Ok(wanted.collect())
    }

    /// Blobs on this disk that nothing in the log here names any more, and that are kept for no draft.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn unnamed_blobs(&self) -> Result<Vec<BlobId>, ReplicaError> {
        let named = entity::entry::Entity::find()
            .select_only()
            .column(entity::entry::Column::Blob)
            .filter(entity::entry::Column::Blob.is_not_null())
            .into_query();
        let rows = entity::blob::Entity::find()
            .filter(entity::blob::Column::Kept.eq(false))
            .filter(entity::blob::Column::Id.not_in_subquery(named))
            .all(&self.reader)
            .await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        // Files of replies have no column of their own.
        let replies: Vec<String> = entity::entry::Entity::find()
            .select_only()
            .column(entity::entry::Column::Content)
            .filter(entity::entry::Column::Message.is_not_null())
            .filter(entity::entry::Column::Blob.is_null())
            .into_tuple()
            .all(&self.reader)
            .await?;
        let mut files = BTreeSet::new();
        for reply in replies {
            let entry: LogEntry = serde_json::from_str(&reply)?;
            if let LogBody::Conversation {
                event: Event::ReplyQueued { outbound },
                ..
            } = entry.body
            {
                files.extend(outbound.draft.files.into_iter().map(|file| file.blob));
            }
        }
        let unnamed = rows.into_iter().filter_map(|row| BlobId::try_from(row.id).ok());
        Ok(unnamed.filter(|id| !files.contains(id)).collect())
    }

    /// Whether a blob lies on this disk; its time of use becomes `now`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn use_blob(&self, id: &BlobId, now: Timestamp) -> Result<bool, ReplicaError> {
        let touched = entity::blob::Entity::update_many()
            .col_expr(entity::blob::Column::UsedAt, sea_orm::sea_query::Expr::value(now.0))
            .filter(entity::blob::Column::Id.eq(id.as_str()))
            .exec(&self.writer)
            .await?;
        Ok(touched.rows_affected > 0)
    }

    /// Notes that a blob lies on this disk.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put_blob(&self, row: BlobRow) -> Result<(), ReplicaError> {
        let id = row.id.clone();
        let row = entity::blob::Model {
            id: row.id.into(),
            size: i64::try_from(row.size).unwrap_or(i64::MAX),
            kept: row.kept,
            used_at: row.used_at.0,
        };
        let transaction = self.writer.begin().await?;
        batch::put::<entity::blob::Entity, _>(&transaction, vec![row], &[entity::blob::Column::Id]).await?;
        search::note_blob(&transaction, &id).await?;
        transaction.commit().await?;
        self.to_index.notify_one();
        Ok(())
    }

    /// Says whether a blob stays whatever the budget.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_blob(&self, id: &BlobId, kept: bool) -> Result<(), ReplicaError> {
        entity::blob::Entity::update_many()
            .col_expr(entity::blob::Column::Kept, sea_orm::sea_query::Expr::value(kept))
            .filter(entity::blob::Column::Id.eq(id.as_str()))
            .exec(&self.writer)
            .await?;
        Ok(())
    }

    /// Notes that a blob is gone from this disk.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remove_blob(&self, id: &BlobId) -> Result<(), ReplicaError> {
        let transaction = self.writer.begin().await?;
        entity::blob::Entity::delete_by_id(id.as_str().to_owned())
            .exec(&transaction)
            .await?;
        search::note_blob(&transaction, id).await?;
        transaction.commit().await?;
        self.to_index.notify_one();
        Ok(())
    }

    /// The blobs on this disk, those not needed for longest first.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn blobs(&self) -> Result<Vec<BlobRow>, ReplicaError> {
        let rows = entity::blob::Entity::find()
            .order_by_asc(entity::blob::Column::UsedAt)
            .all(&self.reader)
            .await?;
        let rows = rows.into_iter().filter_map(|row| {
            Some(BlobRow {
                id: BlobId::try_from(row.id).ok()?,
                size: u64::try_from(row.size).unwrap_or(0),
                kept: row.kept,
                used_at: Timestamp(row.used_at),
            })
        });
        Ok(rows.collect())
    }

    /// How many entries of the log are here.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn entry_count(&self) -> Result<u64, ReplicaError> {
        Ok(entity::entry::Entity::find().count(&self.reader).await?)
    }
}
