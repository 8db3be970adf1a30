//! An entry of the log.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "log")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    pub at: i64,
    pub issued_at: i64,
    pub actor: String,
    pub command: Uuid,
    pub scope_kind: i64,
    pub scope_id: Uuid,
    pub conversation: Uuid,
    pub kind: String,
    pub version: i64,
    pub payload: String,
    pub salt: Vec<u8>,
    pub digest: Vec<u8>,
    pub hash: Vec<u8>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
