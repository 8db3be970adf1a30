//! The index by which conversations are found: every message, reply and note, in a SQLite file of its own.
//!
//! It holds nothing that can't be made again. A reader of the log writes it, at its own pace and outside any command, so finding
//! never delays deciding; its [`Place`] says how far it has come. A file that is damaged, of an older form or of another epoch is
//! thrown away and written anew from the log.
//!
//! What is stored beside the index is the text itself, so that a find can be shown with the words around it. Both are sealed
//! like the database they were read from.

mod criteria;
mod error;
mod excerpt;
pub(crate) mod find;
mod query;
mod text;
pub(crate) mod write;
mod writing;

use std::path::{Path, PathBuf};
use std::time::Duration;

use baton_domain::{Conversation, ConversationId, InboxId, MemberId, MessageId, Status, StatusId, Timestamp};
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sea_orm::sqlx::{self, Row as _, SqlitePool};
use uuid::Uuid;

use crate::whole::whole;

pub use criteria::{Criteria, Names, Who};
pub use error::SearchError;
pub use excerpt::{Excerpt, Span};
pub use find::{Find, Found};
pub use query::{Clause, Fact, Part, Period, Query, Words};
pub use text::fold;
pub(crate) use writing::writes;
pub use writing::{Writing, writings};

/// Raised whenever what is written changes: an older file is thrown away.
const FORM: i64 = 2;
/// Connections that read beside the writer.
const READERS: u32 = 4;
/// How long a connection waits for the writer's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// What of a text is kept and indexed, in bytes. Nobody looks for what a machine wrote after page two hundred.
pub const TEXT_BYTES: usize = 256 * 1024;

const TABLES: &[&str] = &[
    "create table if not exists place (
        id integer primary key check (id = 0),
        form integer not null,
        epoch blob not null,
        number integer not null
    ) strict",
    "create table if not exists talk (
        id integer primary key,
        conversation blob not null unique,
        inbox blob not null,
        owner blob,
        number integer not null,
        status text not null,
        ended integer not null,
        history integer not null
    ) strict",
    // The id is made of the instant, so the newest finds are the highest ids, whatever order they were indexed in.
    "create table if not exists piece (
        id integer primary key,
        message blob not null unique,
        talk integer not null,
        kind integer not null,
        file integer not null,
        sender text not null,
        subject text not null,
        body text not null
    ) strict",
    // Its own text is not kept: it would be there twice.
    "create virtual table if not exists words using fts5(
        subject, sender, recipients, body, files, pairs,
        content = '', contentless_delete = 1, prefix = '2 3', tokenize = 'unicode61 remove_diacritics 2'
    )",
];

/// How far the index has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The epoch of the log it was read from.
    pub epoch: Uuid,
    /// The last entry in it.
    pub number: u64,
}

/// What wrote a piece of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PieceKind {
    /// A customer.
    Theirs,
    /// We did.
    Ours,
    /// A colleague, for colleagues.
    Note,
}

/// A piece of text that can be found: a message, a reply or a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Which.
    pub id: MessageId,
    /// Where it lies.
    pub conversation: ConversationId,
    /// What wrote it.
    pub kind: PieceKind,
    /// Its instant.
    pub at: Timestamp,
    /// Its author, name and address.
    pub from: String,
    /// To whom, names and addresses.
    pub to: String,
    /// Its subject line.
    pub subject: String,
    /// What it says. Only the first [`TEXT_BYTES`] are kept.
    pub text: String,
    /// The names of its files.
    pub files: Vec<String>,
}

/// What is looked at of a conversation besides its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Talk {
    /// Which.
    pub id: ConversationId,
    /// Where it lies: who reads the inbox may find it.
    pub inbox: InboxId,
    /// Whose it is.
    pub owner: Option<MemberId>,
    /// Its number for people.
    pub number: u32,
    /// Where it stands.
    pub status: Status,
    /// Which status of its inbox somebody said that is.
    pub named: Option<StatusId>,
    /// Everything in it arrived before its mailbox was connected.
    pub history: bool,
}

impl From<&Conversation> for Talk {
    fn from(conversation: &Conversation) -> Self {
        Self {
            id: conversation.id,
            inbox: conversation.inbox,
            owner: conversation.owner,
            number: conversation.number,
            status: conversation.status,
            named: conversation.named_status.clone(),
            history: conversation.history,
        }
    }
}

/// What changed between two places of the log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// Conversations as they are now.
    pub talks: Vec<Talk>,
    /// Pieces that came, or changed. Their conversations are among `talks`, or were before.
    pub pieces: Vec<Piece>,
    /// Pieces that are no more.
    pub gone: Vec<MessageId>,
}

/// An open index. Cloning it shares the connections.
#[derive(Debug, Clone)]
pub struct SearchIndex {
    writer: SqlitePool,
    reader: SqlitePool,
}

impl SearchIndex {
    /// Opens the index of that epoch, empty where there is none that can be used. With a key it is sealed.
    ///
    /// # Errors
    /// When it can't be opened, or be sealed.
    pub async fn open(file: &Path, key: Option<[u8; 32]>, epoch: Uuid) -> Result<Self, SearchError> {
        match Self::open_as_it_is(file, key).await {
            Ok(index) => {
                if index.fits(epoch).await? {
                    return Ok(index);
                }
                index.close().await;
            }
            Err(SearchError::NotSealed) => return Err(SearchError::NotSealed),
            Err(error) => tracing::info!(%error, "the search index is made anew"),
        }
        remove(file)?;
        let index = Self::open_as_it_is(file, key).await?;
        index.begin(epoch).await?;
        Ok(index)
    }

    async fn open_as_it_is(file: &Path, key: Option<[u8; 32]>) -> Result<Self, SearchError> {
        let writer = pool(file, key, 1).await?;
        if key.is_some() {
            let version: Option<String> = sqlx::query("pragma cipher_version")
                .fetch_optional(&writer)
                .await?
                .and_then(|row| row.try_get(0).ok());
            if version.is_none_or(|version| version.is_empty()) {
                return Err(SearchError::NotSealed);
            }
        }
        for table in TABLES {
            sqlx::raw_sql(*table).execute(&writer).await?;
        }
        let reader = pool(file, key, READERS).await?;
        Ok(Self { writer, reader })
    }

    async fn fits(&self, epoch: Uuid) -> Result<bool, SearchError> {
        let row = sqlx::query("select form, epoch from place")
            .fetch_optional(&self.reader)
            .await?;
        let Some(row) = row else { return Ok(false) };
        Ok(row.try_get::<i64, _>(0)? == FORM && row.try_get::<Uuid, _>(1)? == epoch)
    }

    async fn begin(&self, epoch: Uuid) -> Result<(), SearchError> {
        sqlx::query("insert into place (id, form, epoch, number) values (0, ?1, ?2, 0)")
            .bind(FORM)
            .bind(epoch)
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    /// How far it has come.
    ///
    /// # Errors
    /// When it can't be read.
    pub async fn place(&self) -> Result<Place, SearchError> {
        let row = sqlx::query("select epoch, number from place")
            .fetch_one(&self.reader)
            .await?;
        Ok(Place {
            epoch: row.try_get(0)?,
            number: u64::try_from(row.try_get::<i64, _>(1)?).unwrap_or(0),
        })
    }

    /// Closes it.
    pub async fn close(self) {
        self.reader.close().await;
        self.writer.close().await;
    }
}

async fn pool(file: &Path, key: Option<[u8; 32]>, connections: u32) -> Result<SqlitePool, SearchError> {
    let mut options = SqliteConnectOptions::new().filename(file);
    if let Some(key) = key {
        options = options.pragma("key", format!("\"x'{}'\"", hex::encode(key)));
    }
    // What is lost in a power cut is read again from the log; the file itself stays sound.
    let options = options
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("temp_store", "memory");
    Ok(whole(SqlitePoolOptions::new())
        .test_before_acquire(false)
        .max_connections(connections)
        .connect_with(options)
        .await?)
}

/// Throws the file away, with what SQLite keeps beside it.
fn remove(file: &Path) -> Result<(), SearchError> {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = file.as_os_str().to_owned();
        name.push(suffix);
        let path = PathBuf::from(name);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(SearchError::Remove { path, source: error });
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]
mod tests;
