//! The server's database: the log, its projections and indexes, and what is beside the log.
//!
//! Migrations only grow. Every key begins with the workspace: one server can hold several.

use sea_orm_migration::prelude::{MigrationTrait, MigratorTrait};

mod m20261121_000001_log;
mod m20261121_000002_work;
mod m20261121_000003_mail;
mod m20261121_000004_people;
mod m20261121_000005_accounting;
mod m20261122_000006_names;
mod m20261122_000007_blob_readers;
mod m20261122_000008_turns;
mod m20261122_000009_blob_places;

/// Brings a server's database to the newest form, or back.
#[derive(Debug)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261121_000001_log::Migration),
            Box::new(m20261121_000002_work::Migration),
            Box::new(m20261121_000003_mail::Migration),
            Box::new(m20261121_000004_people::Migration),
            Box::new(m20261121_000005_accounting::Migration),
            Box::new(m20261122_000006_names::Migration),
            Box::new(m20261122_000007_blob_readers::Migration),
            Box::new(m20261122_000008_turns::Migration),
            Box::new(m20261122_000009_blob_places::Migration),
        ]
    }
}
