//! Writing a batch, with multi-row statements, inside the transaction that holds the head.

use baton_domain::{ConversationId, Deadline, DocumentId, DraftId, Phase};
use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait as _, OnConflict};
use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, ActiveValue::Set, ColumnTrait as _, Condition, ConnectionTrait, EntityTrait,
    Insert, IntoActiveModel, QueryFilter as _,
};

use super::connect::ServerStore;
use super::convert;
use super::entity::{
    answer, content_digest, conversation, document, draft, folder_cursor, host, lease, ledger, outbound, thread_key,
    workspace,
};
use super::error::StoreError;
use crate::parts;
use crate::port::{Batch, DroppedKey, PortError};

impl ServerStore {
    pub(super) async fn write_batch(&self, tx: &impl ConnectionTrait, batch: &Batch) -> Result<(), PortError> {
        let moved = workspace::Entity::update_many()
            .set(workspace::ActiveModel {
                number: Set(convert::signed(batch.head.number)),
                hash: Set(batch.head.hash.to_vec()),
                last_at: Set(batch.head.last_at.0),
                next_conversation: Set(i64::from(batch.head.next_conversation)),
                ..workspace::ActiveModel::new()
            })
            .filter(workspace::Column::Id.eq(self.workspace.0))
            .filter(workspace::Column::Number.eq(convert::signed(batch.expected)))
            .exec(tx)
            .await
            .map_err(StoreError::from)?;
        if moved.rows_affected != 1 {
            return Err(PortError::HeadMoved);
        }
        self.write_rows(tx, batch).await?;
        Ok(())
    }

    async fn write_rows(&self, tx: &impl ConnectionTrait, batch: &Batch) -> Result<(), StoreError> {
        let id = self.workspace.0;
        let entries = batch
            .entries
            .iter()
            .map(|entry| convert::log_row(id, entry))
            .collect::<Result<Vec<_>, _>>()?;
        insert(tx, entries, None).await?;
        self.write_blob_readers(tx, batch).await?;
        self.write_conversations(tx, batch).await?;
        self.wake_retargeted(tx, batch).await?;
        self.drop_keys(tx, &batch.dropped_keys).await?;
        insert(
            tx,
            batch.keys.iter().map(|row| convert::key_row(id, row)).collect(),
            Some(newest_key()),
        )
        .await?;
        let digests = batch.digests.iter().map(|row| content_digest::ActiveModel {
            workspace: Set(id),
            digest: Set(row.digest.clone()),
            conversation: Set(row.conversation.0),
            message: Set(row.message.0),
            account: Set(row.account.0),
        });
        let first = [content_digest::Column::Workspace, content_digest::Column::Digest];
        insert(
            tx,
            digests.collect(),
            Some(OnConflict::columns(first).do_nothing().to_owned()),
        )
        .await?;
        let items = batch
            .items
            .iter()
            .map(|row| convert::item_row(id, row))
            .collect::<Result<Vec<ledger::ActiveModel>, _>>()?;
        insert(tx, items, None).await?;
        let settled = batch
            .settled
            .iter()
            .map(|row| convert::item_row(id, row))
            .collect::<Result<Vec<ledger::ActiveModel>, _>>()?;
        insert(tx, settled, Some(replaced::<ledger::Entity>())).await?;
        for cursor in &batch.cursors {
            insert(
                tx,
                vec![convert::cursor_row(id, cursor)],
                Some(replaced::<folder_cursor::Entity>()),
            )
            .await?;
        }
        self.write_leases(tx, batch).await?;
        self.write_turns(tx, batch).await?;
        let answers = batch
            .answers
            .iter()
            .map(|row| {
                Ok(answer::ActiveModel {
                    workspace: Set(id),
                    command: Set(row.command.0),
                    actor: Set(convert::text(&row.actor)?),
                    decided: Set(convert::text(&row.decided)?),
                    at: Set(row.at.0),
                })
            })
            .collect::<Result<Vec<_>, StoreError>>()?;
        insert(tx, answers, None).await?;
        let documents = batch
            .documents
            .iter()
            .map(|document| convert::document_row(id, document))
            .collect::<Result<Vec<_>, _>>()?;
        insert(tx, documents, Some(replaced::<document::Entity>())).await?;
        self.remove_documents(tx, &batch.removed_documents).await?;
        self.remove_drafts(tx, &batch.used_drafts).await?;
        let returned = batch
            .returned_drafts
            .iter()
            .map(|row| convert::draft_row(id, row))
            .collect::<Result<Vec<_>, _>>()?;
        let author = [
            draft::Column::Workspace,
            draft::Column::Conversation,
            draft::Column::Member,
        ];
        insert(tx, returned, Some(OnConflict::columns(author).do_nothing().to_owned())).await
    }

    /// Few: a conversation is split by hand.
    async fn drop_keys(&self, tx: &impl ConnectionTrait, dropped: &[DroppedKey]) -> Result<(), StoreError> {
        for row in dropped {
            thread_key::Entity::delete_many()
                .filter(thread_key::Column::Workspace.eq(self.workspace.0))
                .filter(thread_key::Column::Key.eq(row.key.as_str()))
                .filter(thread_key::Column::Conversation.eq(row.conversation.0))
                .filter(thread_key::Column::Message.eq(row.message.0))
                .exec(tx)
                .await?;
        }
        Ok(())
    }

    async fn write_conversations(&self, tx: &impl ConnectionTrait, batch: &Batch) -> Result<(), StoreError> {
        let id = self.workspace.0;
        let rows = batch
            .conversations
            .iter()
            .map(|row| convert::conversation_row(id, row))
            .collect::<Result<Vec<_>, _>>()?;
        insert(tx, rows, Some(replaced::<conversation::Entity>())).await?;
        // A state remembers its replies until others have settled after them: one without any never had any.
        let replied: Vec<_> = batch
            .conversations
            .iter()
            .map(|row| &row.conversation)
            .filter(|state| !state.outbound.is_empty())
            .collect();
        for some in parts::lists(replied.iter().map(|state| state.id.0)) {
            outbound::Entity::delete_many()
                .filter(outbound::Column::Workspace.eq(id))
                .filter(outbound::Column::Conversation.is_in(some))
                .exec(tx)
                .await?;
        }
        let mut open = Vec::new();
        for state in replied {
            open.extend(convert::outbound_rows(id, state)?);
        }
        insert(tx, open, None).await
    }

    /// One statement an inbox, whatever lies in it; the scheduler then takes them some at a time.
    async fn wake_retargeted(&self, tx: &impl ConnectionTrait, batch: &Batch) -> Result<(), StoreError> {
        let over = [
            convert::phase_word(Phase::Resolved)?,
            convert::phase_word(Phase::Closed)?,
        ];
        for (inbox, at) in &batch.retargeted {
            conversation::Entity::update_many()
                .set(conversation::ActiveModel {
                    wake_at: Set(Some(at.0)),
                    wake_kind: Set(Some(convert::word(&Deadline::Targets)?)),
                    ..conversation::ActiveModel::new()
                })
                .filter(conversation::Column::Workspace.eq(self.workspace.0))
                .filter(conversation::Column::Inbox.eq(inbox.0))
                .filter(conversation::Column::Phase.is_not_in(over.clone()))
                .exec(tx)
                .await?;
        }
        Ok(())
    }

    async fn write_leases(&self, tx: &impl ConnectionTrait, batch: &Batch) -> Result<(), StoreError> {
        for some in parts::lists(batch.ended_leases.iter().map(|ConversationId(id)| *id)) {
            lease::Entity::delete_many()
                .filter(lease::Column::Workspace.eq(self.workspace.0))
                .filter(lease::Column::Conversation.is_in(some))
                .exec(tx)
                .await?;
        }
        let granted = batch
            .leases
            .iter()
            .map(|row| convert::lease_row(self.workspace.0, row))
            .collect();
        insert(tx, granted, Some(replaced::<lease::Entity>())).await?;
        let hosts = batch
            .hosts
            .iter()
            .map(|row| convert::host_row(self.workspace.0, row))
            .collect();
        insert(tx, hosts, Some(replaced::<host::Entity>())).await
    }

    async fn remove_documents(&self, tx: &impl ConnectionTrait, removed: &[DocumentId]) -> Result<(), StoreError> {
        if removed.is_empty() {
            return Ok(());
        }
        document::Entity::delete_many()
            .filter(document::Column::Workspace.eq(self.workspace.0))
            .filter(document::Column::Id.is_in(removed.iter().map(|id| id.0)))
            .exec(tx)
            .await?;
        Ok(())
    }

    async fn remove_drafts(&self, tx: &impl ConnectionTrait, used: &[DraftId]) -> Result<(), StoreError> {
        if used.is_empty() {
            return Ok(());
        }
        draft::Entity::delete_many()
            .filter(draft::Column::Workspace.eq(self.workspace.0))
            .filter(draft::Column::Id.is_in(used.iter().map(|id| id.0)))
            .exec(tx)
            .await?;
        Ok(())
    }
}

/// Inserts rows some at a time, so that no statement has more parameters than the databases allow.
pub(super) async fn insert<A>(
    tx: &impl ConnectionTrait,
    rows: Vec<A>,
    conflict: Option<OnConflict>,
) -> Result<(), StoreError>
where
    A: ActiveModelTrait + ActiveModelBehavior + Send + Clone,
    <A::Entity as EntityTrait>::Model: IntoActiveModel<A>,
{
    for some in parts::rows(rows) {
        let many = Insert::many(some);
        let many = match &conflict {
            Some(conflict) => many.on_conflict(conflict.clone()),
            None => many,
        };
        many.exec_without_returning(tx).await?;
    }
    Ok(())
}

/// On a row with the same primary key: everything else is replaced.
pub(super) fn replaced<E: EntityTrait>() -> OnConflict {
    use sea_orm::{Iterable as _, PrimaryKeyToColumn as _};
    let keys: Vec<E::Column> = E::PrimaryKey::iter().map(|key| key.into_column()).collect();
    let names: Vec<String> = keys
        .iter()
        .map(|key| sea_orm::IdenStatic::as_str(key).to_owned())
        .collect();
    let others =
        E::Column::iter().filter(|column| !names.iter().any(|name| name == sea_orm::IdenStatic::as_str(column)));
    OnConflict::columns(keys).update_columns(others).to_owned()
}

/// On a known key: the newest date stays, and a message that has it beats one that mentions it.
fn newest_key() -> OnConflict {
    use thread_key::{Column, Entity};
    let new = |column: Column| Expr::cust(format!("excluded.{}", sea_orm::IdenStatic::as_str(&column)));
    let old = |column: Column| Expr::col((Entity, column));
    let newer = new(Column::At).gt(old(Column::At));
    let known = Condition::all()
        .add(old(Column::Mentioned))
        .add(new(Column::Mentioned).not());
    OnConflict::columns([Column::Workspace, Column::Key, Column::Conversation])
        .value(
            Column::At,
            CaseStatement::new()
                .case(newer, new(Column::At))
                .finally(old(Column::At)),
        )
        .value(
            Column::Message,
            CaseStatement::new()
                .case(known, new(Column::Message))
                .finally(old(Column::Message)),
        )
        .value(Column::Mentioned, old(Column::Mentioned).and(new(Column::Mentioned)))
        .value(Column::Ours, old(Column::Ours).or(new(Column::Ours)))
        .to_owned()
}
