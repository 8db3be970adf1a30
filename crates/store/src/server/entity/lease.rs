//! The live facts of a reply lock.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "lease")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub conversation: Uuid,
    pub token: i64,
    pub member: Uuid,
    pub device: Uuid,
    pub expires: i64,
    pub active_at: i64,
    pub lifetime_ms: i64,
    pub idle_ms: i64,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
