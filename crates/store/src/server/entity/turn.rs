//! When a member last got a lead by their turn in a rule's pool.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "turn")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub rule: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub member: Uuid,
    pub number: i64,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
