//! Where things are kept: the only place with SQL.

pub mod port;
pub mod replica;
pub mod search;
pub mod server;

mod parts;
mod whole;
