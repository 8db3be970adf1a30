//! A conversation's projection with the columns lists are made by.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "conversation")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub number: i64,
    pub inbox: Uuid,
    pub owner: Option<Uuid>,
    pub status: String,
    pub phase: String,
    pub history: bool,
    pub contact: String,
    pub created_at: i64,
    pub updated_at: i64,
    pub wake_at: Option<i64>,
    pub wake_kind: Option<String>,
    pub state: String,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
