//! Email: reading, composing, receiving by IMAP, delivering by SMTP.
//!
//! Parsing and composing are pure functions over bytes. Sockets live in [`imap`], [`smtp`] and [`net`]; the decisions about what to do
//! with them live in [`host`], as a machine without IO.

pub mod account;
pub mod address;
pub mod compose;
pub mod discover;
pub mod graph;
pub mod host;
pub mod html;
pub mod identity;
pub mod imap;
pub mod invitation;
pub mod kind;
pub mod language;
pub mod net;
pub mod parse;
pub mod probe;
pub mod problem;
pub mod quote;
pub mod smtp;
pub mod subject;
pub mod thread;
pub mod trial;

mod charset;
mod dates;
mod dsn;
mod plain;
mod protection;
mod sasl;
mod tnef;

pub use account::{ConnectError, EmailAccount, Endpoint, GraphApi, Retry, Secret, Security};
pub use address::{MailAddress, ascii_domain};
pub use compose::{
    CalendarAnswer, ComposeError, Outgoing, OutgoingAttachment, Unsubscribe, compose, references_for_reply,
};
pub use html::{Link, LinkDoubt, RenderedBody};
pub use identity::digest;
pub use kind::{BounceAction, MailKind};
pub use parse::{AttachmentInfo, BATON_ID_HEADER, ParsedMail, Unreadable, attachment, parse};
pub use thread::{ThreadKeys, own_message_id, thread_keys};
