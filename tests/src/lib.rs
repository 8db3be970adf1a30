//! Black-box tests of whole programs, on real parts.
//!
//! The story of a working day is only proved by the things a team would really use: two desktops that a WebDriver presses
//! buttons in, a `baton-server` process that can be killed, PostgreSQL, a mail server that files the reply into the
//! customer's mailbox, a notification daemon and a Secret Service. This crate starts each of them in a directory of its own,
//! on ports nobody else has, and takes all of it away again when the value is dropped, or when the test itself is killed.
//!
//! | part | what it is |
//! |---|---|
//! | [`mail::MailHost`] | Dovecot and Postfix; mailboxes are read by Python's `imaplib`, never by our own code |
//! | [`graph::Graph`] | a mailbox behind the documented API of Microsoft Graph |
//! | [`oidc::Oidc`] | an OpenID provider, and a person who signs in on its pages |
//! | [`postgres::Postgres`] | a private PostgreSQL cluster |
//! | [`redis::Redis`] | a private Redis, for measuring beside it |
//! | [`server::ServerProcess`] | the real `baton-server`, with its command line and its HTTP API |
//! | [`session::Session`] | a person's desktop session: home, D-Bus, Secret Service, notifications, screen |
//! | [`desktop::Desktop`] | the real desktop in such a session, driven by WebDriver |
//! | [`engine`] | a whole desktop without a window |
//! | [`clock::TestClock`] | the one clock that every process of a test obeys |
//! | [`wire::Wire`] | the network between one desktop and the server, which can be cut |
//!
//! Nothing here sleeps and hopes: [`process::eventually`] asks for a condition until it holds or the time is up.
#![cfg(target_os = "linux")]

pub mod clock;
pub mod desktop;
pub mod engine;
pub mod graph;
pub mod mail;
pub mod notifications;
pub mod oidc;
pub mod port;
pub mod postgres;
pub mod process;
pub mod programs;
pub mod redis;
pub mod scratch;
pub mod server;
pub mod session;
pub mod wire;
