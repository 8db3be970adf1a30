//! Microsoft Graph: the same mailbox where IMAP and SMTP are switched off, behind the same ledger and the same port.
//!
//! Graph names its messages and does not number them, so each name gets a number that stays with it, kept durably before anything is
//! received under it ([`Names`]). From there on a folder is followed like any other: by numbers that grow, newest first, each accounted
//! for. What is new comes by delta query; a link that Graph no longer honours (410) leads to a full listing, in which every message is
//! recognised by its name. Names are the immutable ones, so that nothing changes when somebody files a message elsewhere.

mod api;
mod listing;
mod names;
mod reading;
mod sending;

pub(in crate::email) use api::{Api, Throttle};
pub use names::{Book, Named, Names, Place};
pub(in crate::email) use reading::{GraphConn, look};
pub(in crate::email) use sending::{LARGEST_BYTES, deliver, is_in_sent};

/// The folder that mail arrives in, and the one with what was sent, by the names every mailbox knows them by.
pub(in crate::email) const INBOX: &str = "inbox";
pub(in crate::email) const SENT: &str = "sentitems";
