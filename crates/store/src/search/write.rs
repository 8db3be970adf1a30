//! Writing: what changed between two places of the log, in one transaction.

use std::collections::{BTreeSet, HashMap, HashSet};

use baton_domain::Timestamp;
use sea_orm::sqlx::sqlite::SqliteRow;
use sea_orm::sqlx::{self, QueryBuilder, Row as _, Sqlite, SqliteConnection};
use uuid::Uuid;

use super::criteria::words_of;
use super::text::{Split, fold};
use super::{Changes, Piece, PieceKind, SearchError, SearchIndex, TEXT_BYTES, Talk};

/// The low bits of an id, which tell pieces of the same instant apart.
const SAME_INSTANT_BITS: u32 = 16;
/// How many pieces one statement writes. Handing a statement over costs as much as writing a small piece; and before each that writes
/// several, the index writes down what it has gathered, so they are not few.
pub(crate) const AT_A_TIME: usize = 100;
/// How many are asked for, or written, by a statement that carries no text.
const MANY: usize = 250;

/// The lowest id of an instant.
pub(super) fn first_id(at: Timestamp) -> i64 {
    at.0.clamp(0, i64::MAX >> SAME_INSTANT_BITS) << SAME_INSTANT_BITS
}

/// The instant of an id.
pub(super) fn instant(id: i64) -> Timestamp {
    Timestamp(id >> SAME_INSTANT_BITS)
}

impl PieceKind {
    pub(crate) const fn number(self) -> i64 {
        match self {
            Self::Theirs => 0,
            Self::Ours => 1,
            Self::Note => 2,
        }
    }

    pub(super) const fn of_number(number: i64) -> Self {
        match number {
            1 => Self::Ours,
            2 => Self::Note,
            _ => Self::Theirs,
        }
    }
}

impl SearchIndex {
    /// Writes what changed up to number `to` of the log. The same changes may be written again.
    ///
    /// # Errors
    /// When it can't be written; nothing of it then is.
    pub async fn apply(&self, changes: Changes, to: u64) -> Result<(), SearchError> {
        let Changes { talks, pieces, gone } = changes;
        let rows = tokio::task::spawn_blocking(move || pieces.into_iter().map(Row::of).collect::<Vec<_>>());
        let mut rows = rows.await.map_err(|_| SearchError::Stopping)?;
        let mut transaction = self.writer.begin_with("begin immediate").await?;
        for talks in talks.chunks(MANY) {
            put_talks(&mut transaction, talks).await?;
        }
        let written = rows.iter().map(|row| row.message);
        let old: Vec<Uuid> = gone.iter().map(|id| id.0).chain(written).collect();
        for old in old.chunks(MANY) {
            take_out(&mut transaction, old).await?;
        }
        place(&mut transaction, &mut rows).await?;
        let mut words = Vec::with_capacity(rows.len());
        let mut rows = rows.into_iter();
        loop {
            let some: Vec<Row> = rows.by_ref().take(AT_A_TIME).collect();
            if some.is_empty() {
                break;
            }
            put(&mut transaction, some, &mut words).await?;
        }
        while !words.is_empty() {
            let some = words.drain(..words.len().min(AT_A_TIME)).collect();
            put_words(&mut transaction, some).await?;
        }
        sqlx::query("update place set number = max(number, ?1)")
            .bind(i64::try_from(to).unwrap_or(i64::MAX))
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }
}

/// A piece as it is written.
pub(crate) struct Row {
    /// 0 until it has its place.
    pub(crate) id: i64,
    /// 0 until it is known. A replica has no use for it.
    talk: i64,
    pub(crate) message: Uuid,
    pub(crate) conversation: Uuid,
    at: Timestamp,
    pub(crate) kind: PieceKind,
    pub(crate) file: bool,
    pub(crate) sender: String,
    pub(crate) subject: String,
    pub(crate) body: String,
    pub(crate) words: Words,
}

/// What the tokenizer reads of a piece.
pub(crate) struct Words {
    subject: String,
    sender: String,
    recipients: String,
    body: String,
    files: String,
    pairs: String,
}

impl Row {
    pub(crate) fn of(mut piece: Piece) -> Self {
        piece.text.truncate(piece.text.floor_char_boundary(TEXT_BYTES));
        let files = piece.files.join(" ");
        let [subject, sender, recipients, body, files] =
            [&piece.subject, &piece.from, &piece.to, &piece.text, &files].map(|part| Split::of(fold(part)));
        let pairs = [&subject, &sender, &recipients, &body, &files]
            .map(Split::pairs)
            .concat();
        Self {
            id: 0,
            talk: 0,
            message: piece.id.0,
            conversation: piece.conversation.0,
            at: piece.at,
            kind: piece.kind,
            file: !piece.files.is_empty(),
            sender: piece.from,
            subject: piece.subject,
            body: piece.text,
            words: Words {
                subject: subject.words,
                sender: sender.words,
                recipients: recipients.words,
                body: body.words,
                files: files.words,
                pairs,
            },
        }
    }
}

async fn put_talks(connection: &mut SqliteConnection, talks: &[Talk]) -> Result<(), SearchError> {
    let mut insert =
        QueryBuilder::<Sqlite>::new("insert into talk (conversation, inbox, owner, number, status, ended, history) ");
    insert.push_values(talks, |mut row, talk| {
        row.push_bind(talk.id.0)
            .push_bind(talk.inbox.0)
            .push_bind(talk.owner.map(|owner| owner.0))
            .push_bind(i64::from(talk.number))
            .push_bind(words_of(talk.status, talk.named.as_ref()))
            .push_bind(talk.status.is_over())
            .push_bind(talk.history);
    });
    insert.push(
        " on conflict (conversation) do update set inbox = excluded.inbox, owner = excluded.owner,
          number = excluded.number, status = excluded.status, ended = excluded.ended, history = excluded.history",
    );
    let insert = insert.build().persistent(talks.len() == MANY);
    insert.execute(connection).await?;
    Ok(())
}

/// Finds the conversation of every row and a free id for it, and puts them in the order of their ids: the index writes a part to
/// disk whenever ids go backwards, and mailboxes are read newest first. Rows whose conversation is no more lead nowhere, and are
/// left out.
async fn place(connection: &mut SqliteConnection, rows: &mut Vec<Row>) -> Result<(), SearchError> {
    let conversations: BTreeSet<Uuid> = rows.iter().map(|row| row.conversation).collect();
    let conversations: Vec<Uuid> = conversations.into_iter().collect();
    let mut talks = HashMap::with_capacity(conversations.len());
    for some in conversations.chunks(MANY) {
        let found = among(
            connection,
            "select conversation, id from talk where conversation in",
            some,
        )
        .await?;
        for row in found {
            talks.insert(row.try_get::<Uuid, _>(0)?, row.try_get::<i64, _>(1)?);
        }
    }
    rows.retain_mut(|row| {
        talks.get(&row.conversation).is_some_and(|talk| {
            row.talk = *talk;
            true
        })
    });
    give_ids(connection, rows).await
}

/// Gives every row a free id, and puts them in the order of their ids.
pub(crate) async fn give_ids(connection: &mut SqliteConnection, rows: &mut [Row]) -> Result<(), SearchError> {
    rows.sort_by_key(|row| (row.at, row.message));
    let wished: Vec<i64> = rows.iter().map(|row| wished_id(row.at, row.message)).collect();
    let mut taken = HashSet::new();
    for some in wished.chunks(MANY) {
        for row in among(connection, "select id from piece where id in", some).await? {
            taken.insert(row.try_get::<i64, _>(0)?);
        }
    }
    for (row, wished) in rows.iter_mut().zip(wished) {
        row.id = if taken.contains(&wished) {
            free_id(connection, wished, &taken).await?
        } else {
            wished
        };
        taken.insert(row.id);
    }
    rows.sort_by_key(|row| row.id);
    Ok(())
}

/// The rows of a query that ends with `in`, for these values.
async fn among<'v, T>(
    connection: &mut SqliteConnection,
    query: &str,
    values: &'v [T],
) -> Result<Vec<SqliteRow>, SearchError>
where
    T: Copy + sqlx::Encode<'v, Sqlite> + sqlx::Type<Sqlite> + 'v,
{
    let mut select = QueryBuilder::<Sqlite>::new(query);
    let mut list = select.push(" (").separated(", ");
    for value in values {
        list.push_bind(*value);
    }
    select.push(")");
    let select = select.build().persistent(values.len() == MANY);
    Ok(select.fetch_all(connection).await?)
}

/// The id that a message of an instant has where it is free. It follows from the message, so that a mailbox full of messages of one
/// instant does not look at all of them in turn.
fn wished_id(at: Timestamp, message: Uuid) -> i64 {
    let low = message.as_u128() & ((1 << SAME_INSTANT_BITS) - 1);
    first_id(at) | i64::try_from(low).unwrap_or(0)
}

/// The next id that neither the index nor this batch has.
async fn free_id(connection: &mut SqliteConnection, after: i64, taken: &HashSet<i64>) -> Result<i64, SearchError> {
    let mut id = after;
    loop {
        id += 1;
        if taken.contains(&id) {
            continue;
        }
        let other = sqlx::query("select 1 from piece where id = ?1")
            .bind(id)
            .fetch_optional(&mut *connection)
            .await?;
        if other.is_none() {
            return Ok(id);
        }
    }
}

/// Writes rows, and gives what of them is for the index.
async fn put(
    connection: &mut SqliteConnection,
    rows: Vec<Row>,
    words: &mut Vec<(i64, Words)>,
) -> Result<(), SearchError> {
    let whole = rows.len() == AT_A_TIME;
    let mut insert =
        QueryBuilder::<Sqlite>::new("insert into piece (id, message, talk, kind, file, sender, subject, body) ");
    insert.push_values(rows, |mut into, row| {
        into.push_bind(row.id)
            .push_bind(row.message)
            .push_bind(row.talk)
            .push_bind(row.kind.number())
            .push_bind(row.file)
            .push_bind(row.sender)
            .push_bind(row.subject)
            .push_bind(row.body);
        words.push((row.id, row.words));
    });
    insert.build().persistent(whole).execute(connection).await?;
    Ok(())
}

pub(crate) async fn put_words(connection: &mut SqliteConnection, words: Vec<(i64, Words)>) -> Result<(), SearchError> {
    let whole = words.len() == AT_A_TIME;
    let mut insert =
        QueryBuilder::<Sqlite>::new("insert into words (rowid, subject, sender, recipients, body, files, pairs) ");
    insert.push_values(words, |mut into, (id, words)| {
        into.push_bind(id)
            .push_bind(words.subject)
            .push_bind(words.sender)
            .push_bind(words.recipients)
            .push_bind(words.body)
            .push_bind(words.files)
            .push_bind(words.pairs);
    });
    insert.build().persistent(whole).execute(connection).await?;
    Ok(())
}

async fn take_out(connection: &mut SqliteConnection, messages: &[Uuid]) -> Result<(), SearchError> {
    let old = among(connection, "select id from piece where message in", messages).await?;
    for row in old {
        let id: i64 = row.try_get(0)?;
        for delete in ["delete from piece where id = ?1", "delete from words where rowid = ?1"] {
            sqlx::query(delete).bind(id).execute(&mut *connection).await?;
        }
    }
    Ok(())
}
