//! Old mail from files, taken in as history through the same ingest as any other: it is threaded and searchable, and starts
//! nothing.

pub mod maildir;
pub mod mbox;
