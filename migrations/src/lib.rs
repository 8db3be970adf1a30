//! The two sets of migrations: the server's database, and the desktop's replica.

mod dialect;
pub mod replica;
pub mod server;
