//! How far a folder has been read.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "folder_cursor")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub account: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub folder: String,
    pub uidvalidity: i64,
    pub high: i64,
    pub low: i64,
    pub modseq: i64,
    pub found_below: i64,
    pub renumbered: bool,
    pub received: i64,
    pub uid_next: i64,
    pub messages: i64,
    pub sent: bool,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
