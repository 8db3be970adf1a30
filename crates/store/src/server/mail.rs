//! Queries about channel accounts: the ledger's balance, quarantine, folders, replies on their way out, and who hosts.

use baton_domain::{AccountId, BlobId, ConversationId, HostGrant, Outbound, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, FromQueryResult, JoinType, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, RelationDef, TransactionTrait as _,
};

use super::connect::ServerStore;
use super::convert;
use super::entity::{folder_cursor, host, ledger, outbound, workspace};
use super::error::StoreError;
use crate::port::{FolderCursor, HostLease, ItemOutcome};

/// How the ledger accounts for one folder's mail, under its numbers of today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderLedger {
    /// The folder.
    pub folder: String,
    /// The UIDVALIDITY the lines are counted in.
    pub uidvalidity: u32,
    /// UIDs the server listed and the host has dealt with; for mail that came from a file, the lines themselves.
    pub received: u32,
    /// Became a message.
    pub imported: u32,
    /// The same as another.
    pub duplicates: u32,
    /// Could not be read.
    pub quarantined: u32,
    /// Ignored by a rule.
    pub ignored: u32,
    /// Messages in the folder when it was last looked at.
    pub messages: u32,
    /// Whether it was read to its oldest message.
    pub complete: bool,
}

impl FolderLedger {
    /// The lines there are.
    #[must_use]
    pub const fn accounted(&self) -> u32 {
        self.imported
            .saturating_add(self.duplicates)
            .saturating_add(self.quarantined)
            .saturating_add(self.ignored)
    }
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
    /// Its flags there.
    pub flags: Vec<String>,
    /// When the mail server received it.
    pub internal_date: Timestamp,
    /// Whether the folder is that of sent mail.
    pub sent: bool,
}

/// What a mailbox says now of messages that are in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sighting {
    /// It has these flags.
    Flags {
        /// Its UID.
        uid: u32,
        /// All of them.
        flags: Vec<String>,
    },
    /// Those from the first to the last UID are not there any more.
    Gone {
        /// The first.
        from: u32,
        /// The last.
        to: u32,
    },
}

impl Sighting {
    const fn uids(&self) -> (u32, u32) {
        match self {
            Self::Flags { uid, .. } => (*uid, *uid),
            Self::Gone { from, to } => (*from, *to),
        }
    }
}

/// A reply that is not done with, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboundRow {
    /// Where.
    pub conversation: ConversationId,
    /// The reply.
    pub outbound: Outbound,
}

/// Who hosts an account, or did last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostRow {
    /// The grant.
    pub grant: HostGrant,
    /// Until when.
    pub expires: Timestamp,
    /// Whether it still has it.
    pub live: bool,
}

#[derive(FromQueryResult)]
struct Counted {
    folder: String,
    uidvalidity: i64,
    kind: String,
    count: i64,
}

/// The cursor of the folder a line of the ledger is of.
fn cursor_of_folder() -> RelationDef {
    use folder_cursor::Column as Of;
    use ledger::Column;
    ledger::Entity::belongs_to(folder_cursor::Entity)
        .from((Column::Workspace, Column::Account, Column::Folder))
        .to((Of::Workspace, Of::Account, Of::Folder))
        .into()
}

/// Lines of today's numbers that the cursor has passed, and those of folders that are not followed any more.
fn passed_by_cursor() -> Condition {
    use folder_cursor::{Column as Of, Entity as Cursor};
    use ledger::{Column, Entity};
    let uid = || Expr::col((Entity, Column::Uid));
    let passed = Condition::all()
        .add(Expr::col((Entity, Column::Uidvalidity)).eq(Expr::col((Cursor, Of::Uidvalidity))))
        .add(uid().gte(Expr::col((Cursor, Of::Low))))
        .add(uid().lte(Expr::col((Cursor, Of::High))));
    Condition::any()
        .add(Expr::col((Cursor, Of::Folder)).is_null())
        .add(passed)
}

impl ServerStore {
    /// How everything received through an account was accounted for, folder by folder. Lines of numbers a folder had before are left out:
    /// its messages were listed again under those of today. So are those of a delivery under way: its items are in the ledger before the
    /// cursor passes them all at once, and only then are they counted as received.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn balance(&self, account: AccountId) -> Result<Vec<FolderLedger>, StoreError> {
        // Both sides as of one instant: what is taken in meanwhile would be on one of them only.
        let tx = self.standing_still().await?;
        let counted = ledger::Entity::find()
            .select_only()
            .column(ledger::Column::Folder)
            .column(ledger::Column::Uidvalidity)
            .column(ledger::Column::Kind)
            .column_as(ledger::Column::Uid.count(), "count")
            .join(JoinType::LeftJoin, cursor_of_folder())
            .filter(ledger::Column::Workspace.eq(self.workspace.0))
            .filter(ledger::Column::Account.eq(account.0))
            .filter(passed_by_cursor())
            .group_by(ledger::Column::Folder)
            .group_by(ledger::Column::Uidvalidity)
            .group_by(ledger::Column::Kind)
            .into_model::<Counted>()
            .all(&tx)
            .await?;
        let cursors = self.cursors(&tx, account).await?;
        tx.commit().await?;
        let mut folders: Vec<FolderLedger> = cursors
            .into_iter()
            .map(|cursor| FolderLedger {
                folder: cursor.folder,
                uidvalidity: cursor.uidvalidity,
                received: cursor.received,
                imported: 0,
                duplicates: 0,
                quarantined: 0,
                ignored: 0,
                messages: cursor.messages,
                complete: cursor.low <= 1,
            })
            .collect();
        let followed = folders.len();
        for row in counted {
            let (count, uidvalidity) = (convert::small(row.count), convert::small(row.uidvalidity));
            let known = folders.iter().position(|folder| folder.folder == row.folder);
            let at = known.unwrap_or(folders.len());
            if known.is_none() {
                folders.push(FolderLedger {
                    folder: row.folder,
                    uidvalidity,
                    received: 0,
                    imported: 0,
                    duplicates: 0,
                    quarantined: 0,
                    ignored: 0,
                    messages: 0,
                    complete: true,
                });
            }
            let Some(folder) = folders.get_mut(at) else { continue };
            if at >= followed {
                folder.received = folder.received.saturating_add(count);
            }
            let kind = match row.kind.as_str() {
                convert::IMPORTED => &mut folder.imported,
                convert::DUPLICATE => &mut folder.duplicates,
                convert::QUARANTINED => &mut folder.quarantined,
                _ => &mut folder.ignored,
            };
            *kind = kind.saturating_add(count);
        }
        Ok(folders)
    }

    /// Items that could not be read, the newest first. Those of numbers a folder had before were listed again under those of today.
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
        let cursors = folder_cursor::Entity::find()
            .filter(folder_cursor::Column::Workspace.eq(self.workspace.0))
            .all(&self.reader)
            .await?;
        let of = |row: &ledger::Model| {
            cursors
                .iter()
                .find(|cursor| cursor.account == row.account && cursor.folder == row.folder)
        };
        rows.into_iter()
            .filter(|row| of(row).is_none_or(|cursor| cursor.uidvalidity == row.uidvalidity))
            .map(|row| {
                let why = match convert::value(&row.outcome)? {
                    ItemOutcome::Quarantined { why } => why,
                    ItemOutcome::Imported { .. } | ItemOutcome::Duplicate { .. } | ItemOutcome::Ignored { .. } => {
                        String::new()
                    }
                };
                Ok(QuarantinedRow {
                    account: AccountId(row.account),
                    sent: of(&row).is_some_and(|cursor| cursor.sent),
                    folder: row.folder,
                    uidvalidity: convert::small(row.uidvalidity),
                    uid: convert::small(row.uid),
                    why,
                    blob: row.blob.and_then(|name| BlobId::try_from(name).ok()),
                    at: Timestamp(row.at),
                    flags: row.flags.split_whitespace().map(str::to_owned).collect(),
                    // Lines from before this was kept have none.
                    internal_date: Timestamp(if row.internal_date == 0 {
                        row.at
                    } else {
                        row.internal_date
                    }),
                })
            })
            .collect()
    }

    /// What a mailbox says now of messages accounted for before: new flags, or that they are not there any more. A hint for people and
    /// views; nothing that was received depends on it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sighted(
        &self,
        account: AccountId,
        folder: &str,
        uidvalidity: u32,
        sightings: &[Sighting],
        at: Timestamp,
    ) -> Result<(), StoreError> {
        if sightings.is_empty() {
            return Ok(());
        }
        let tx = self.writer.begin().await?;
        for sighting in sightings {
            let (from, to) = sighting.uids();
            let update = ledger::Entity::update_many()
                .filter(ledger::Column::Workspace.eq(self.workspace.0))
                .filter(ledger::Column::Account.eq(account.0))
                .filter(ledger::Column::Folder.eq(folder))
                .filter(ledger::Column::Uidvalidity.eq(i64::from(uidvalidity)))
                .filter(ledger::Column::Uid.between(i64::from(from), i64::from(to)));
            let update = match sighting {
                Sighting::Flags { flags, .. } => update
                    .col_expr(ledger::Column::Flags, Expr::value(flags.join(" ")))
                    .col_expr(ledger::Column::Gone, Expr::value(Option::<i64>::None)),
                Sighting::Gone { .. } => update
                    .col_expr(ledger::Column::Gone, Expr::value(Some(at.0)))
                    .filter(ledger::Column::Gone.is_null()),
            };
            update.exec(&tx).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// What is known of the messages of a folder that are still there, under its numbers of today, ascending: UID and flags.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn present(
        &self,
        account: AccountId,
        folder: &str,
        uidvalidity: u32,
    ) -> Result<Vec<(u32, Vec<String>)>, StoreError> {
        let rows: Vec<(i64, String)> = ledger::Entity::find()
            .select_only()
            .column(ledger::Column::Uid)
            .column(ledger::Column::Flags)
            .filter(ledger::Column::Workspace.eq(self.workspace.0))
            .filter(ledger::Column::Account.eq(account.0))
            .filter(ledger::Column::Folder.eq(folder))
            .filter(ledger::Column::Uidvalidity.eq(i64::from(uidvalidity)))
            .filter(ledger::Column::Gone.is_null())
            .order_by_asc(ledger::Column::Uid)
            .into_tuple()
            .all(&self.reader)
            .await?;
        Ok(rows
            .into_iter()
            .map(|(uid, flags)| {
                (
                    convert::small(uid),
                    flags.split_whitespace().map(str::to_owned).collect(),
                )
            })
            .collect())
    }

    /// How far an account's folders have been read.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn folder_cursors(&self, account: AccountId) -> Result<Vec<FolderCursor>, StoreError> {
        self.cursors(&self.reader, account).await
    }

    async fn cursors(&self, tx: &impl ConnectionTrait, account: AccountId) -> Result<Vec<FolderCursor>, StoreError> {
        let rows = folder_cursor::Entity::find()
            .filter(folder_cursor::Column::Workspace.eq(self.workspace.0))
            .filter(folder_cursor::Column::Account.eq(account.0))
            .order_by_asc(folder_cursor::Column::Folder)
            .all(tx)
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

    /// Who hosts an account, or did last.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn host_of(&self, account: AccountId) -> Result<Option<HostRow>, StoreError> {
        let row = host::Entity::find_by_id((self.workspace.0, account.0))
            .one(&self.reader)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let now = self.now(&self.reader).await?;
        let HostLease { grant, expires } = convert::host(&row);
        Ok(Some(HostRow {
            grant,
            expires,
            live: expires > now,
        }))
    }

    /// The newest items of a folder whose bytes are kept: UID and blob.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn newest_items(
        &self,
        account: AccountId,
        folder: &str,
        uidvalidity: u32,
        limit: u64,
    ) -> Result<Vec<(u32, BlobId)>, StoreError> {
        let rows: Vec<(i64, Option<String>)> = ledger::Entity::find()
            .select_only()
            .column(ledger::Column::Uid)
            .column(ledger::Column::Blob)
            .filter(ledger::Column::Workspace.eq(self.workspace.0))
            .filter(ledger::Column::Account.eq(account.0))
            .filter(ledger::Column::Folder.eq(folder))
            .filter(ledger::Column::Uidvalidity.eq(i64::from(uidvalidity)))
            .filter(ledger::Column::Blob.is_not_null())
            .order_by_desc(ledger::Column::Uid)
            .limit(limit)
            .into_tuple()
            .all(&self.reader)
            .await?;
        let kept = rows.into_iter().filter_map(|(uid, blob)| {
            let blob = BlobId::try_from(blob?).ok()?;
            Some((convert::small(uid), blob))
        });
        Ok(kept.collect())
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
