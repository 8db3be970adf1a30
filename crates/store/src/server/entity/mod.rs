//! The tables of the server's database, as the ORM sees them. They are not domain types: the conversions name every field.

pub(crate) mod account_secret;
pub(crate) mod answer;
pub(crate) mod blob_reader;
pub(crate) mod content_digest;
pub(crate) mod conversation;
pub(crate) mod credential;
pub(crate) mod document;
pub(crate) mod draft;
pub(crate) mod folder_cursor;
pub(crate) mod folder_place;
pub(crate) mod host;
pub(crate) mod invitation;
pub(crate) mod lease;
pub(crate) mod ledger;
pub(crate) mod log;
pub(crate) mod message_name;
pub(crate) mod outbound;
pub(crate) mod session;
pub(crate) mod thread_key;
pub(crate) mod turn;
pub(crate) mod workspace;
