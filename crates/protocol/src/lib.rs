//! What travels: between desktop and server over HTTP and a WebSocket, and between a desktop's engine and its window.
//!
//! Types only. Everything here is JSON with camelCase names; instants are UTC milliseconds, ids are text. The same types are
//! written out as TypeScript for the UI by `cargo xtask check --fix`, and a test holds the written ones to these.

mod companies;
mod desktop;
mod http;
mod rules;
mod search;
mod sync;

pub use companies::*;
pub use desktop::*;
pub use http::*;
pub use rules::*;
pub use search::*;
pub use sync::*;
