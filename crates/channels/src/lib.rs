//! The ways messages come in and go out. One module a channel; email is the first.
//!
//! A channel knows the outside world's protocols and nothing about owners, claims or conversations: it turns bytes into plain data
//! and plain data into bytes, and its host moves them through a port that the server or the desktop provides.

pub mod email;
pub mod oauth;
