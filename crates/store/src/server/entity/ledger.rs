//! A line of an account's ledger.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ledger")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub account: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub folder: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub uidvalidity: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub uid: i64,
    pub kind: String,
    pub outcome: String,
    pub blob: Option<String>,
    pub at: i64,
    pub flags: String,
    pub internal_date: i64,
    pub gone: Option<i64>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
