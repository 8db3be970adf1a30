//! Finding without a server: an index of the words of what this replica holds.
//!
//! What changes what can be found is noted with the batch that brings it, and read in the background. What is forgotten leaves the index
//! in the same transaction. What conversations are asked is looked at in their states, which whoever asks has.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use baton_domain::{BlobId, ConversationId, InboxId, MessageId};
use sea_orm::sqlx::sqlite::SqliteConnection;
use sea_orm::sqlx::{self, QueryBuilder, Row as _, Sqlite, SqlitePool};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, Statement};
use uuid::Uuid;

use super::{ReplicaError, ReplicaStore};
use crate::parts;
use crate::search::find::{Of, found, statement};
use crate::search::write::{AT_A_TIME, Row, give_ids, put_words};
use crate::search::{Criteria, Find, Found, Piece, SearchError, Writing, writings};

/// Conversations that wait to be indexed, as they were when they were read.
#[derive(Debug, Default)]
pub struct Round {
    /// Those that wait.
    pub waiting: Vec<Waiting>,
    /// How often something had been forgotten.
    forgotten: u64,
    /// Entries that say no more than that, because they are gone.
    marks: Vec<i64>,
}

/// A conversation that waits to be indexed.
#[derive(Debug)]
pub struct Waiting {
    /// What is to be written of it, and whether its raw message is here.
    pub writings: BTreeMap<MessageId, (Writing, bool)>,
    /// The pieces that are no more, or are written anew.
    out: Vec<i64>,
    /// Raw messages it looked for, and which of them were here.
    blobs: BTreeMap<BlobId, bool>,
    /// Its entries that wait.
    marks: Vec<i64>,
}

/// A piece to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indexed {
    /// What.
    pub piece: Piece,
    /// Its raw message was here: its text is as whole as it will be.
    pub whole: bool,
}

impl Round {
    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.marks.is_empty()
    }
}

impl ReplicaStore {
    /// Waits until there may be something to index.
    pub async fn to_index(&self) {
        self.to_index.notified().await;
    }

    /// The conversations of the newest entries that are not indexed: those of `limit` entries at most.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn unindexed(&self, limit: u32) -> Result<Round, ReplicaError> {
        let reader = self.reader.get_sqlite_connection_pool();
        let forgotten = {
            // While this is held nothing is being forgotten: what is forgotten later counts up later.
            let _writer = self.writer.get_sqlite_connection_pool().acquire().await?;
            self.forgotten.load(Ordering::SeqCst)
        };
        let newest =
            "select n.number, e.conversation from (select number from to_index order by number desc limit ?1) n
             left join entry e on e.number = n.number";
        let mut round = Round {
            forgotten,
            ..Round::default()
        };
        let mut conversations = BTreeSet::new();
        for row in sqlx::query(newest).bind(limit).fetch_all(reader).await? {
            match row.try_get::<Option<Uuid>, _>(1)? {
                Some(conversation) => {
                    conversations.insert(conversation);
                }
                None => round.marks.push(row.try_get(0)?),
            }
        }
        for conversation in conversations {
            round.waiting.push(waiting(reader, conversation).await?);
        }
        Ok(round)
    }

    /// Writes what waited, as it is now. False when something was forgotten meanwhile: then nothing was written, and it is read again.
    /// What else changed meanwhile goes on waiting.
    ///
    /// # Errors
    /// When it can't be written; nothing of it then is.
    pub async fn index(&self, round: &Round, pieces: Vec<Indexed>) -> Result<bool, ReplicaError> {
        let rows = tokio::task::spawn_blocking(move || {
            let row = |indexed: Indexed| (Row::of(indexed.piece), indexed.whole);
            pieces.into_iter().map(row).collect::<Vec<_>>()
        });
        let rows = rows.await.map_err(|_| SearchError::Stopping)?;
        let writer = self.writer.get_sqlite_connection_pool();
        let mut transaction = writer.begin_with("begin immediate").await?;
        // Whatever forgets counts up within its own transaction, and there is one writer.
        if self.forgotten.load(Ordering::SeqCst) != round.forgotten {
            transaction.rollback().await?;
            return Ok(false);
        }
        let mut marks = round.marks.clone();
        for waiting in &round.waiting {
            for id in &waiting.out {
                for delete in ["delete from words where rowid = ?1", "delete from piece where id = ?1"] {
                    sqlx::query(delete).bind(id).execute(&mut *transaction).await?;
                }
            }
            if here(&mut transaction, &waiting.blobs).await? == waiting.blobs {
                marks.extend(&waiting.marks);
            }
        }
        put(&mut transaction, rows).await?;
        for marks in marks.chunks(LISTED) {
            let mut delete = QueryBuilder::<Sqlite>::new("delete from to_index where number in (");
            let mut list = delete.separated(", ");
            for mark in marks {
                list.push_bind(*mark);
            }
            delete.push(")");
            delete.build().execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(true)
    }

    /// Writes the index anew where it still holds words of what was forgotten.
    ///
    /// # Errors
    /// When it can't be written; it is done the next time then.
    pub async fn tidy(&self) -> Result<(), ReplicaError> {
        let writer = self.writer.get_sqlite_connection_pool();
        let mut transaction = writer.begin_with("begin immediate").await?;
        let due = sqlx::query("delete from to_tidy").execute(&mut *transaction).await?;
        if due.rows_affected() > 0 {
            sqlx::query(OPTIMIZE).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// The newest conversations that fit. What is asked of conversations is not looked at: that is what `admits` is for.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn find(
        &self,
        criteria: &Criteria,
        find: Find,
        admits: impl Fn(ConversationId) -> bool + Send,
    ) -> Result<Vec<Found>, ReplicaError> {
        if criteria.is_empty() || find.limit == 0 {
            return Ok(Vec::new());
        }
        let (sql, arguments) = statement(criteria, find.before, Of::Replica);
        let reader = self.reader.get_sqlite_connection_pool();
        Ok(found(reader, sql, arguments, criteria.shown(), find.limit, admits).await?)
    }
}

/// How many values one statement lists.
const LISTED: usize = 250;
/// Writes all of the index into one part: what was taken out is nowhere in it then.
const OPTIMIZE: &str = "insert into words (words) values ('optimize')";

async fn waiting(reader: &SqlitePool, conversation: Uuid) -> Result<Waiting, ReplicaError> {
    let marks = "select number from to_index where number in (select number from entry where conversation = ?1)";
    let marks = sqlx::query_scalar(marks).bind(conversation).fetch_all(reader).await?;
    let entries = "select content from entry where conversation = ?1 order by number";
    let entries: Vec<String> = sqlx::query_scalar(entries).bind(conversation).fetch_all(reader).await?;
    // What this version does not know is fetched again by a later one, and indexed then.
    let entries = entries.iter().filter_map(|entry| serde_json::from_str(entry).ok());
    let written = writings(entries.collect());
    let named = written.values().flatten().filter_map(Writing::blob);
    let mut blobs: BTreeMap<BlobId, bool> = named.map(|blob| (blob.clone(), false)).collect();
    let mut connection = reader.acquire().await?;
    blobs = here(&mut connection, &blobs).await?;
    drop(connection);
    let mut writings: BTreeMap<MessageId, (Writing, bool)> = BTreeMap::new();
    for (id, writing) in written {
        if let Some(writing) = writing {
            let whole = writing.blob().is_none_or(|blob| blobs.get(blob) == Some(&true));
            writings.insert(id, (writing, whole));
        }
    }
    let mut out = Vec::new();
    let pieces = "select id, message, whole from piece where conversation = ?1";
    for row in sqlx::query(pieces).bind(conversation).fetch_all(reader).await? {
        let (message, whole) = (MessageId(row.try_get(1)?), row.try_get::<bool, _>(2)?);
        // A piece never changes, but for its raw message, which comes and goes.
        if writings.get(&message).is_some_and(|(_, now)| *now == whole) {
            writings.remove(&message);
        } else {
            out.push(row.try_get(0)?);
        }
    }
    Ok(Waiting {
        writings,
        out,
        blobs,
        marks,
    })
}

/// The same raw messages, and which of them are here now.
async fn here(
    connection: &mut SqliteConnection,
    blobs: &BTreeMap<BlobId, bool>,
) -> Result<BTreeMap<BlobId, bool>, ReplicaError> {
    let mut now: BTreeMap<BlobId, bool> = blobs.keys().map(|blob| (blob.clone(), false)).collect();
    for names in parts::lists(blobs.keys().map(|blob| blob.as_str().to_owned())) {
        let mut select = QueryBuilder::<Sqlite>::new("select id from blob where id in (");
        let mut list = select.separated(", ");
        for name in names {
            list.push_bind(name);
        }
        select.push(")");
        for row in select.build().fetch_all(&mut *connection).await? {
            if let Ok(blob) = BlobId::try_from(row.try_get::<String, _>(0)?) {
                now.insert(blob, true);
            }
        }
    }
    Ok(now)
}

async fn put(connection: &mut SqliteConnection, rows: Vec<(Row, bool)>) -> Result<(), ReplicaError> {
    let mut wholes = BTreeMap::new();
    let mut all = Vec::with_capacity(rows.len());
    for (row, whole) in rows {
        wholes.insert((row.conversation, row.message), whole);
        all.push(row);
    }
    give_ids(connection, &mut all).await?;
    let mut rows = all.into_iter();
    loop {
        let some: Vec<Row> = rows.by_ref().take(AT_A_TIME).collect();
        if some.is_empty() {
            return Ok(());
        }
        let mut words = Vec::with_capacity(some.len());
        let mut insert = QueryBuilder::<Sqlite>::new(
            "insert into piece (id, conversation, message, kind, file, whole, sender, subject, body) ",
        );
        insert.push_values(some, |mut into, row| {
            into.push_bind(row.id)
                .push_bind(row.conversation)
                .push_bind(row.message)
                .push_bind(row.kind.number())
                .push_bind(row.file)
                .push_bind(wholes.get(&(row.conversation, row.message)) == Some(&true))
                .push_bind(row.sender)
                .push_bind(row.subject)
                .push_bind(row.body);
            words.push((row.id, row.words));
        });
        insert.build().execute(&mut *connection).await?;
        put_words(connection, words).await?;
    }
}

/// Notes that the conversations of these entries are not indexed as they are now.
pub(super) async fn note(db: &DatabaseTransaction, numbers: Vec<i64>) -> Result<(), ReplicaError> {
    for numbers in parts::rows(numbers) {
        let rows: Vec<String> = numbers.iter().map(|number| format!("({number})")).collect();
        let insert = format!("INSERT OR IGNORE INTO to_index (number) VALUES {}", rows.join(", "));
        db.execute_raw(super::sql(&insert)).await?;
    }
    Ok(())
}

/// The same for the conversations whose raw message came or went.
pub(super) async fn note_blob(db: &impl ConnectionTrait, blob: &BlobId) -> Result<(), ReplicaError> {
    let insert = "INSERT OR IGNORE INTO to_index (number) SELECT number FROM entry WHERE blob = ?";
    db.execute_raw(with(insert, blob.as_str().into())).await?;
    Ok(())
}

/// An inbox leaves the index, before its conversations go; nothing of what was written there is left in it.
pub(super) async fn forget_inbox(db: &DatabaseTransaction, inbox: InboxId) -> Result<(), ReplicaError> {
    let theirs = "conversation IN (SELECT id FROM conversation WHERE inbox = ?)";
    take_out(db, theirs, inbox.0).await?;
    db.execute_raw(super::sql(OPTIMIZE)).await?;
    Ok(())
}

/// A conversation leaves the index, before its entries go. Writing the index anew is left for later: it may be large, and others wait.
pub(super) async fn forget_conversation(db: &DatabaseTransaction, id: ConversationId) -> Result<(), ReplicaError> {
    take_out(db, "conversation = ?", id.0).await?;
    db.execute_raw(super::sql("INSERT OR IGNORE INTO to_tidy (id) VALUES (0)"))
        .await?;
    Ok(())
}

async fn take_out(db: &DatabaseTransaction, which: &str, id: Uuid) -> Result<(), ReplicaError> {
    for delete in [
        format!("DELETE FROM words WHERE rowid IN (SELECT id FROM piece WHERE {which})"),
        format!("DELETE FROM piece WHERE {which}"),
        format!("DELETE FROM to_index WHERE number IN (SELECT number FROM entry WHERE {which})"),
    ] {
        db.execute_raw(with(&delete, id.into())).await?;
    }
    Ok(())
}

/// Everything leaves the index.
pub(super) async fn forget_all(db: &DatabaseTransaction) -> Result<(), ReplicaError> {
    for statement in [
        "INSERT INTO words (words) VALUES ('delete-all')",
        "DELETE FROM piece",
        "DELETE FROM to_index",
        "DELETE FROM to_tidy",
    ] {
        db.execute_raw(super::sql(statement)).await?;
    }
    Ok(())
}

fn with(statement: &str, value: sea_orm::Value) -> Statement {
    Statement::from_sql_and_values(sea_orm::DbBackend::Sqlite, statement, [value])
}

impl From<sqlx::Error> for ReplicaError {
    fn from(error: sqlx::Error) -> Self {
        Self::from(DbErr::Custom(error.to_string()))
    }
}

impl From<SearchError> for ReplicaError {
    fn from(error: SearchError) -> Self {
        Self::from(DbErr::Custom(error.to_string()))
    }
}
