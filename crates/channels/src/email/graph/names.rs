//! The numbers of messages that have names, and how far a folder was listed.

use async_trait::async_trait;
use baton_domain::Timestamp;

use crate::email::host::PortError;

/// A folder under its numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Book {
    /// The folder.
    pub folder: String,
    /// Under which the numbers are valid.
    pub uidvalidity: u32,
}

/// A message as the folder's listing tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Its number in the folder.
    pub uid: u32,
    /// Its name: the immutable id.
    pub name: String,
    /// When it arrived.
    pub at: Timestamp,
    /// Its flags, as IMAP calls them.
    pub flags: Vec<String>,
    /// Whether it has attachments: it may be large.
    pub bulky: bool,
}

/// How far a folder was listed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// Under which its numbers are valid.
    pub uidvalidity: u32,
    /// Where the listing goes on; `None` at its beginning.
    pub link: Option<String>,
    /// Whether it was once listed to its end. From then on everything new to us counts as new in the folder.
    pub listed: bool,
}

/// Keeps numbers, beside the folder's cursor. What it was given is durable when it answers, and comes before any message is received
/// under such a number; the place comes after the numbers it covers. So whatever breaks in between is only done again.
#[async_trait]
pub trait Names: Send + Sync {
    /// How far a folder was listed.
    async fn place(&self, folder: &str) -> Result<Option<Place>, PortError>;

    /// Keeps how far a folder was listed.
    async fn keep_place(&self, folder: &str, place: &Place) -> Result<(), PortError>;

    /// The lowest and the highest number given so far.
    async fn bounds(&self, book: &Book) -> Result<Option<(u32, u32)>, PortError>;

    /// Those of these names that have numbers.
    async fn find(&self, book: &Book, names: &[String]) -> Result<Vec<Named>, PortError>;

    /// Those of these numbers that were given.
    async fn at(&self, book: &Book, uids: &[u32]) -> Result<Vec<Named>, PortError>;

    /// The numbers given from the first to the second, ascending.
    async fn between(&self, book: &Book, from: u32, to: u32) -> Result<Vec<u32>, PortError>;

    /// Keeps new numbers, and what changed about messages that have one. A number or a name that is taken already is an error, and
    /// nothing is kept then.
    async fn keep(&self, book: &Book, new: &[Named], changed: &[Named]) -> Result<(), PortError>;
}
