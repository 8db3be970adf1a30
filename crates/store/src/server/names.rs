//! Numbers of messages that their provider only names, and how far such a folder was listed. They lie beside the log: numbers come
//! before what is received under them, and a place after the numbers it covers.

use baton_domain::{AccountId, Timestamp};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Select,
    TransactionTrait as _,
};

use super::connect::ServerStore;
use super::convert;
use super::entity::{folder_place, message_name};
use super::error::StoreError;
use super::write::replaced;

/// Names looked for in one statement, and rows written by one: databases take only so many parameters.
const AT_ONCE: usize = 200;

/// A folder under its numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberedFolder {
    /// The account.
    pub account: AccountId,
    /// The folder.
    pub folder: String,
    /// Under which the numbers are valid.
    pub uidvalidity: u32,
}

/// A message's number and name, and what its folder says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedRow {
    /// Its number.
    pub uid: u32,
    /// Its name.
    pub name: String,
    /// When it arrived.
    pub at: Timestamp,
    /// Its flags.
    pub flags: Vec<String>,
    /// Whether it may be large.
    pub bulky: bool,
}

/// How far a folder was listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceRow {
    /// Under which its numbers are valid.
    pub uidvalidity: u32,
    /// Where the listing goes on.
    pub link: Option<String>,
    /// Whether it was once listed to its end.
    pub listed: bool,
}

impl From<message_name::Model> for NamedRow {
    fn from(row: message_name::Model) -> Self {
        Self {
            uid: convert::small(row.uid),
            name: row.name,
            at: Timestamp(row.at),
            flags: row.flags.split_whitespace().map(str::to_owned).collect(),
            bulky: row.bulky,
        }
    }
}

impl ServerStore {
    fn names_in(&self, folder: &NumberedFolder) -> Select<message_name::Entity> {
        message_name::Entity::find()
            .filter(message_name::Column::Workspace.eq(self.workspace.0))
            .filter(message_name::Column::Account.eq(folder.account.0))
            .filter(message_name::Column::Folder.eq(&folder.folder))
            .filter(message_name::Column::Uidvalidity.eq(i64::from(folder.uidvalidity)))
    }

    /// How far a folder was listed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn folder_place(&self, account: AccountId, folder: &str) -> Result<Option<PlaceRow>, StoreError> {
        let key = (self.workspace.0, account.0, folder.to_owned());
        let row = folder_place::Entity::find_by_id(key).one(&self.reader).await?;
        Ok(row.map(|row| PlaceRow {
            uidvalidity: convert::small(row.uidvalidity),
            link: row.link,
            listed: row.listed,
        }))
    }

    /// Keeps how far a folder was listed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put_folder_place(&self, account: AccountId, folder: &str, place: PlaceRow) -> Result<(), StoreError> {
        let row = folder_place::ActiveModel {
            workspace: Set(self.workspace.0),
            account: Set(account.0),
            folder: Set(folder.to_owned()),
            uidvalidity: Set(i64::from(place.uidvalidity)),
            link: Set(place.link),
            listed: Set(place.listed),
        };
        folder_place::Entity::insert(row)
            .on_conflict(replaced::<folder_place::Entity>())
            .exec_without_returning(&self.writer)
            .await?;
        Ok(())
    }

    /// The lowest and the highest number in a folder.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn name_bounds(&self, folder: &NumberedFolder) -> Result<Option<(u32, u32)>, StoreError> {
        let ends: Option<(Option<i64>, Option<i64>)> = self
            .names_in(folder)
            .select_only()
            .expr(message_name::Column::Uid.min())
            .expr(message_name::Column::Uid.max())
            .into_tuple()
            .one(&self.reader)
            .await?;
        Ok(ends.and_then(|(low, high)| Some((convert::small(low?), convert::small(high?)))))
    }

    /// Those of these names that have a number.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn names_found(&self, folder: &NumberedFolder, names: &[String]) -> Result<Vec<NamedRow>, StoreError> {
        let mut found = Vec::new();
        for some in names.chunks(AT_ONCE) {
            let some = message_name::Column::Name.is_in(some.iter().map(String::as_str));
            let rows = self.names_in(folder).filter(some).all(&self.reader).await?;
            found.extend(rows.into_iter().map(NamedRow::from));
        }
        Ok(found)
    }

    /// Those of these numbers that were given, ascending.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn names_at(&self, folder: &NumberedFolder, uids: &[u32]) -> Result<Vec<NamedRow>, StoreError> {
        let mut found = Vec::new();
        for some in uids.chunks(AT_ONCE) {
            let some = message_name::Column::Uid.is_in(some.iter().copied().map(i64::from));
            let rows = self.names_in(folder).filter(some).all(&self.reader).await?;
            found.extend(rows.into_iter().map(NamedRow::from));
        }
        found.sort_by_key(|row| row.uid);
        Ok(found)
    }

    /// The numbers from the first to the second, ascending.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn named_between(&self, folder: &NumberedFolder, from: u32, to: u32) -> Result<Vec<u32>, StoreError> {
        let uids: Vec<i64> = self
            .names_in(folder)
            .select_only()
            .column(message_name::Column::Uid)
            .filter(message_name::Column::Uid.between(i64::from(from), i64::from(to)))
            .order_by_asc(message_name::Column::Uid)
            .into_tuple()
            .all(&self.reader)
            .await?;
        Ok(uids.into_iter().map(convert::small).collect())
    }

    /// Keeps new numbers, and what changed about known ones.
    ///
    /// # Errors
    /// When a number or a name is taken already, or the database fails. Nothing is kept then.
    pub async fn keep_names(
        &self,
        folder: &NumberedFolder,
        new: &[NamedRow],
        changed: &[NamedRow],
    ) -> Result<(), StoreError> {
        if new.is_empty() && changed.is_empty() {
            return Ok(());
        }
        let tx = self.writer.begin().await?;
        for some in new.chunks(AT_ONCE) {
            let rows = some.iter().map(|row| message_name::ActiveModel {
                workspace: Set(self.workspace.0),
                account: Set(folder.account.0),
                folder: Set(folder.folder.clone()),
                uidvalidity: Set(i64::from(folder.uidvalidity)),
                uid: Set(i64::from(row.uid)),
                name: Set(row.name.clone()),
                at: Set(row.at.0),
                flags: Set(row.flags.join(" ")),
                bulky: Set(row.bulky),
            });
            message_name::Entity::insert_many(rows)
                .exec_without_returning(&tx)
                .await?;
        }
        for row in changed {
            message_name::Entity::update_many()
                .col_expr(message_name::Column::At, Expr::value(row.at.0))
                .col_expr(message_name::Column::Flags, Expr::value(row.flags.join(" ")))
                .col_expr(message_name::Column::Bulky, Expr::value(row.bulky))
                .filter(message_name::Column::Workspace.eq(self.workspace.0))
                .filter(message_name::Column::Account.eq(folder.account.0))
                .filter(message_name::Column::Folder.eq(&folder.folder))
                .filter(message_name::Column::Uidvalidity.eq(i64::from(folder.uidvalidity)))
                .filter(message_name::Column::Uid.eq(i64::from(row.uid)))
                .exec(&tx)
                .await?;
        }
        tx.commit().await?;
        Ok(())
    }
}
