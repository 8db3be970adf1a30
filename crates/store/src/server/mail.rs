//! Queries about channel accounts: the ledger's balance, quarantine, folders, replies on their way out, and who hosts.

use baton_domain::{AccountId, BlobId, ConversationId, Outbound, SessionId, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, Condition, EntityTrait as _, FromQueryResult, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
};

use super::connect::ServerStore;
use super::convert;
use super::entity::{folder_cursor, host, ledger, outbound, workspace};
use super::error::StoreError;
use crate::port::{FolderCursor, ItemOutcome};

/// The balance of an account (L10): received is the sum of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LedgerBalance {
    /// Which account.
    pub account: AccountId,
    /// Became a message.
    pub imported: u32,
    /// The same as another.
    pub duplicates: u32,
    /// Could not be read.
    pub quarantined: u32,
    /// Ignored by a rule.
    pub ignored: u32,
}

/// An item that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantinedRow {
    /// Through which account it came.
    pub account: AccountId,
    /// In which folder.
    pub folder: String,
    /// Good in this UIDVALIDITY.
    pub uidvalidity: u32,
    /// Its UID.
    pub uid: u32,
    /// Why it could not be read.
    pub why: String,
    /// Its raw bytes.
    pub blob: Option<BlobId>,
    /// When.
    pub at: Timestamp,
}

/// A reply that is not done with, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboundRow {
    /// Where.
    pub conversation: ConversationId,
    /// The reply.
    pub outbound: Outbound,
}

#[derive(FromQueryResult)]
struct Counted {
    kind: String,
    count: i64,
}

impl ServerStore {
    /// How everything received through an account was accounted for.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn balance(&self, account: AccountId) -> Result<LedgerBalance, StoreError> {
        let counted = ledger::Entity::find()
            .select_only()
            .column(ledger::Column::Kind)
            .column_as(ledger::Column::Uid.count(), "count")
            .filter(ledger::Column::Workspace.eq(self.workspace.0))
            .filter(ledger::Column::Account.eq(account.0))
            .group_by(ledger::Column::Kind)
            .into_model::<Counted>()
            .all(&self.reader)
            .await?;
        let of = |kind: &str| {
            counted
                .iter()
                .find(|row| row.kind == kind)
                .map_or(0, |row| convert::small(row.count))
        };
        Ok(LedgerBalance {
            account,
            imported: of(convert::IMPORTED),
            duplicates: of(convert::DUPLICATE),
            quarantined: of(convert::QUARANTINED),
            ignored: of(convert::IGNORED),
        })
    }

    /// Items that could not be read, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn quarantine(&self, limit: u64) -> Result<Vec<QuarantinedRow>, StoreError> {
        let rows = ledger::Entity::find()
            .filter(ledger::Column::Workspace.eq(self.workspace.0))
            .filter(ledger::Column::Kind.eq(convert::QUARANTINED))
            .order_by_desc(ledger::Column::At)
            .limit(limit)
            .all(&self.reader)
            .await?;
        rows.into_iter()
            .map(|row| {
                let why = match convert::value(&row.outcome)? {
                    ItemOutcome::Quarantined { why } => why,
                    ItemOutcome::Imported { .. } | ItemOutcome::Duplicate { .. } | ItemOutcome::Ignored { .. } => {
                        String::new()
                    }
                };
                Ok(QuarantinedRow {
                    account: AccountId(row.account),
                    folder: row.folder,
                    uidvalidity: convert::small(row.uidvalidity),
                    uid: convert::small(row.uid),
                    why,
                    blob: row.blob.and_then(|name| BlobId::try_from(name).ok()),
                    at: Timestamp(row.at),
                })
            })
            .collect()
    }

    /// How far an account's folders have been read.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn folder_cursors(&self, account: AccountId) -> Result<Vec<FolderCursor>, StoreError> {
        let rows = folder_cursor::Entity::find()
            .filter(folder_cursor::Column::Workspace.eq(self.workspace.0))
            .filter(folder_cursor::Column::Account.eq(account.0))
            .order_by_asc(folder_cursor::Column::Folder)
            .all(&self.reader)
            .await?;
        Ok(rows.into_iter().map(convert::cursor).collect())
    }

    /// The UIDs of a folder that are accounted for in this UIDVALIDITY, ascending.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn known_uids(&self, account: AccountId, folder: &str, uidvalidity: u32) -> Result<Vec<u32>, StoreError> {
        let uids: Vec<i64> = ledger::Entity::find()
            .select_only()
            .column(ledger::Column::Uid)
            .filter(ledger::Column::Workspace.eq(self.workspace.0))
            .filter(ledger::Column::Account.eq(account.0))
            .filter(ledger::Column::Folder.eq(folder))
            .filter(ledger::Column::Uidvalidity.eq(i64::from(uidvalidity)))
            .order_by_asc(ledger::Column::Uid)
            .into_tuple()
            .all(&self.reader)
            .await?;
        Ok(uids.into_iter().map(convert::small).collect())
    }

    /// Replies of an account (of all for `None`) that are not done with: queued, sending, in doubt, or sent and not yet filed. In the order
    /// in which they may leave.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open_outbound(&self, account: Option<AccountId>) -> Result<Vec<OutboundRow>, StoreError> {
        let mut query = outbound::Entity::find().filter(outbound::Column::Workspace.eq(self.workspace.0));
        if let Some(account) = account {
            query = query.filter(outbound::Column::Account.eq(account.0));
        }
        let rows = query
            .order_by_asc(outbound::Column::NotBefore)
            .order_by_asc(outbound::Column::Id)
            .all(&self.reader)
            .await?;
        rows.into_iter()
            .map(|row| {
                Ok(OutboundRow {
                    conversation: ConversationId(row.conversation),
                    outbound: convert::value(&row.body)?,
                })
            })
            .collect()
    }

    /// Takes or keeps the hosting of an account for `lifetime_ms`; `None` while another session has it. The token grows with every change
    /// of host.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn hold_host(
        &self,
        account: AccountId,
        session: SessionId,
        lifetime_ms: i64,
    ) -> Result<Option<u64>, StoreError> {
        use host::{Column, Entity};
        let now = self.now(&self.writer).await?;
        let mine = Condition::all()
            .add(Column::Workspace.eq(self.workspace.0))
            .add(Column::Account.eq(account.0));
        let expires = now.plus_ms(lifetime_ms).0;
        let first = host::ActiveModel {
            workspace: Set(self.workspace.0),
            account: Set(account.0),
            token: Set(0),
            session: Set(session.0),
            expires: Set(0),
        };
        let known = OnConflict::columns([Column::Workspace, Column::Account])
            .do_nothing()
            .to_owned();
        match Entity::insert(first)
            .on_conflict(known)
            .exec_without_returning(&self.writer)
            .await
        {
            Ok(_) | Err(sea_orm::DbErr::RecordNotInserted) => {}
            Err(error) => return Err(error.into()),
        }
        let renewed = Entity::update_many()
            .col_expr(Column::Expires, Expr::value(expires))
            .filter(mine.clone())
            .filter(Column::Session.eq(session.0))
            .filter(Column::Expires.gt(now.0))
            .exec(&self.writer)
            .await?;
        let held = if renewed.rows_affected == 1 {
            true
        } else {
            let taken = Entity::update_many()
                .col_expr(Column::Expires, Expr::value(expires))
                .col_expr(Column::Session, Expr::value(session.0))
                .col_expr(Column::Token, Expr::col(Column::Token).add(1))
                .filter(mine)
                .filter(Column::Expires.lte(now.0))
                .exec(&self.writer)
                .await?;
            taken.rows_affected == 1
        };
        if !held {
            return Ok(None);
        }
        let row = Entity::find_by_id((self.workspace.0, account.0))
            .one(&self.writer)
            .await?;
        Ok(row
            .filter(|row| row.session == session.0)
            .map(|row| convert::number(row.token)))
    }

    /// Gives the hosting of an account back, so that another server need not wait for it to run out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn release_host(&self, account: AccountId, session: SessionId) -> Result<(), StoreError> {
        host::Entity::update_many()
            .col_expr(host::Column::Expires, Expr::value(0_i64))
            .filter(host::Column::Workspace.eq(self.workspace.0))
            .filter(host::Column::Account.eq(account.0))
            .filter(host::Column::Session.eq(session.0))
            .exec(&self.writer)
            .await?;
        Ok(())
    }

    /// Whether the log was restored from a backup and what was on its way out then has not been held yet.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn was_restored(&self) -> Result<bool, StoreError> {
        let row = workspace::Entity::find_by_id(self.workspace.0)
            .one(&self.reader)
            .await?;
        Ok(row.ok_or(StoreError::NoWorkspace)?.restored)
    }

    /// What was on its way out when the backup was made is held now.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn restored_replies_are_held(&self) -> Result<(), StoreError> {
        workspace::Entity::update_many()
            .col_expr(workspace::Column::Restored, Expr::value(false))
            .filter(workspace::Column::Id.eq(self.workspace.0))
            .exec(&self.writer)
            .await?;
        Ok(())
    }
}
