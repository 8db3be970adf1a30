//! The sync server: the referee of a team's shared inbox.
//!
//! [`Server::start`] runs one, in its own process (`baton-server serve`) or inside a desktop that needs no other (A1). Everything
//! that is decided is decided by the [`referee`]; the rest of this crate carries questions to it and answers back: over HTTP
//! ([`http`]), over a WebSocket ([`sync`]), from mailboxes ([`hosting`]) and from the operator's command line ([`admin`], [`cli`]).

pub mod admin;
pub mod auth;
pub mod cli;
pub mod core;
pub mod data;
pub mod directory;
pub mod drift;
pub mod embedded;
pub mod hosting;
pub mod http;
pub mod import;
pub mod listener;
pub mod logging;
pub mod options;
mod private;
pub mod referee;
pub mod rehearsal;
pub mod sample;
pub mod seal;
pub mod search;
mod server;
pub mod sync;

pub use options::Options;
pub use server::{Running, Server, StartError};
