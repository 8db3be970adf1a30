//! The desktop's engine, without a window.
//!
//! A desktop is a replica: it shows its own copy at once, works without a network, and sends commands that the referee accepts
//! or refuses. What is decided here is decided by a machine without IO, [`engine`]; what it wants done is done by thin drivers
//! for the replica's file, the socket and the keyring. [`api`] is the one door: the shells (Tauri's window, the loopback web
//! shell, tests with ten desktops in one process) open nothing else.

mod blobs;
mod bodies;
mod hosting;
mod installation;
mod keys;
mod language;
mod mailbox;
mod net;
mod seal;
mod signin;
mod work;

pub mod api;
pub mod engine;
pub mod views;

pub use language::Language;

pub use api::{
    Badge, Config, Desktop, Embedded, EmbeddedError, EmbeddedKind, EmbeddedOptions, EmbeddedServer, KeySource,
    Notification, NotificationAction, Shell, ShellError, StartError,
};
