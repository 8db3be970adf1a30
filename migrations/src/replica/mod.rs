//! The desktop's replica: what one member may see of a workspace, and what they did that the server does not know yet.

mod m0001_replica;
mod m0002_search;

use sea_orm_migration::{MigrationTrait, MigratorTrait, async_trait};

/// Every migration of a replica, oldest first. They only grow.
#[derive(Debug)]
pub struct ReplicaMigrator;

#[async_trait::async_trait]
impl MigratorTrait for ReplicaMigrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(m0001_replica::Migration), Box::new(m0002_search::Migration)]
    }
}
