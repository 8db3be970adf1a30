//! The two sets of migrations: the server's database, and the desktop's replica.

pub mod replica;
pub mod server;
