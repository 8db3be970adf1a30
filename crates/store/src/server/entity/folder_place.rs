//! How far a folder was listed whose provider gives links for that.

use sea_orm::entity::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "folder_place")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub workspace: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub account: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub folder: String,
    pub uidvalidity: i64,
    pub link: Option<String>,
    pub listed: bool,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
