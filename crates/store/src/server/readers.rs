//! Who may read which blob, as an index. Knowing a blob's name gives no right to its bytes.
//!
//! A blob is read by whoever reads a conversation in which a message or a reply names it, wherever that lies now, and by whoever brought
//! it. The first is written in
//! the commit that names it; the second when the bytes come, or when a draft names a file that its author may read anyway. A file that
//! a draft names and its author did not bring is as good as absent: nobody gets at a file, or sends it, by naming it.

use std::collections::BTreeSet;

use baton_domain::{AccountId, BlobId, Event, LogBody, LogEntry, MemberId};
use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, QueryFilter as _,
    QuerySelect as _, QueryTrait as _,
};
use uuid::Uuid;

use super::connect::ServerStore;
use super::convert;
use super::entity::{blob_reader, conversation, draft, ledger};
use super::error::StoreError;
use super::read::Readable;
use super::write::insert;
use crate::parts;
use crate::port::{Batch, DraftRow};

impl ServerStore {
    /// Whether somebody may read a blob because of what names it, or because they brought it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reads_blob(&self, readable: &Readable, blob: &BlobId) -> Result<bool, StoreError> {
        let inboxes: Vec<Uuid> = readable.inboxes.iter().map(|id| id.0).collect();
        let none = inboxes.is_empty().then(Vec::new);
        for inboxes in parts::lists(inboxes).into_iter().chain(none) {
            let lies_in_one = conversation::Entity::find()
                .select_only()
                .column(conversation::Column::Id)
                .filter(conversation::Column::Workspace.eq(self.workspace.0))
                .filter(
                    Expr::col((conversation::Entity, conversation::Column::Id))
                        .equals((blob_reader::Entity, blob_reader::Column::Reader)),
                )
                .filter(conversation::Column::Inbox.is_in(inboxes))
                .into_query();
            let mut readers = Condition::any().add(Expr::exists(lies_in_one));
            if let Some(member) = readable.member {
                readers = readers.add(blob_reader::Column::Reader.eq(member.0));
            }
            let found: Option<Uuid> = blob_reader::Entity::find()
                .select_only()
                .column(blob_reader::Column::Reader)
                .filter(blob_reader::Column::Workspace.eq(self.workspace.0))
                .filter(blob_reader::Column::Blob.eq(blob.as_str()))
                .filter(readers)
                .limit(1)
                .into_tuple()
                .one(&self.reader)
                .await?;
            if found.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A member brought these bytes, or names them in a draft and may read them: they may have them back, and send them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn brought_blob(&self, member: MemberId, blob: &BlobId) -> Result<(), StoreError> {
        let row = self.blob_reader(blob, member.0);
        insert(&self.writer, vec![row], Some(known())).await
    }

    /// The accounts in whose quarantine a blob lies.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn quarantined_blob(&self, blob: &BlobId) -> Result<Vec<AccountId>, StoreError> {
        let accounts: Vec<Uuid> = ledger::Entity::find()
            .select_only()
            .column(ledger::Column::Account)
            .distinct()
            .filter(ledger::Column::Workspace.eq(self.workspace.0))
            .filter(ledger::Column::Blob.eq(blob.as_str()))
            .filter(ledger::Column::Kind.eq(convert::QUARANTINED))
            .into_tuple()
            .all(&self.reader)
            .await?;
        Ok(accounts.into_iter().map(AccountId).collect())
    }

    /// What a batch names, by the conversation that names it.
    pub(super) async fn write_blob_readers(&self, tx: &impl ConnectionTrait, batch: &Batch) -> Result<(), StoreError> {
        let named: BTreeSet<(&BlobId, Uuid)> = batch.entries.iter().flat_map(|sealed| named(&sealed.entry)).collect();
        let rows = named.into_iter().map(|(blob, reader)| self.blob_reader(blob, reader));
        insert(tx, rows.collect(), Some(known())).await
    }

    /// Drafts as saved. A file counts as present where its bytes are there and the draft's author brought them.
    pub(super) async fn shown_drafts(
        &self,
        db: &impl ConnectionTrait,
        rows: &[draft::Model],
    ) -> Result<Vec<DraftRow>, StoreError> {
        let mut drafts = rows.iter().map(convert::draft).collect::<Result<Vec<_>, _>>()?;
        for draft in drafts.iter_mut().filter(|draft| !draft.text.files.is_empty()) {
            let names: BTreeSet<&str> = draft.text.files.iter().map(|file| file.blob.as_str()).collect();
            let mut brought: BTreeSet<String> = BTreeSet::new();
            for some in parts::lists(names.iter().copied()) {
                let found: Vec<String> = blob_reader::Entity::find()
                    .select_only()
                    .column(blob_reader::Column::Blob)
                    .filter(blob_reader::Column::Workspace.eq(self.workspace.0))
                    .filter(blob_reader::Column::Reader.eq(draft.member.0))
                    .filter(blob_reader::Column::Blob.is_in(some))
                    .into_tuple()
                    .all(db)
                    .await?;
                brought.extend(found);
            }
            draft.files_present = names.iter().all(|name| brought.contains(*name))
                && draft.text.files.iter().all(|file| self.blobs.has(&file.blob));
        }
        Ok(drafts)
    }

    fn blob_reader(&self, blob: &BlobId, reader: Uuid) -> blob_reader::ActiveModel {
        blob_reader::ActiveModel {
            workspace: Set(self.workspace.0),
            blob: Set(blob.as_str().to_owned()),
            reader: Set(reader),
        }
    }
}

/// The blobs an entry names, with the conversation it is of.
fn named(entry: &LogEntry) -> Vec<(&BlobId, Uuid)> {
    let LogBody::Conversation { conversation, event } = &entry.body else {
        return Vec::new();
    };
    let blobs: Vec<&BlobId> = match event {
        Event::MessageReceived { message, .. } | Event::OutsideReply { message, .. } => message.blob.iter().collect(),
        Event::ReplyQueued { outbound } => outbound.draft.files.iter().map(|file| &file.blob).collect(),
        _ => Vec::new(),
    };
    blobs.into_iter().map(|blob| (blob, conversation.0)).collect()
}

fn known() -> OnConflict {
    let columns = [
        blob_reader::Column::Workspace,
        blob_reader::Column::Blob,
        blob_reader::Column::Reader,
    ];
    OnConflict::columns(columns).do_nothing().to_owned()
}
