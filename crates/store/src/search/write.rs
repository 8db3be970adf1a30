//! Writing: what changed between two places of the log, in one transaction.

use baton_domain::{MessageId, Timestamp};
use sea_orm::sqlx::{self, Row as _, Sqlite, SqliteConnection, Transaction};
use uuid::Uuid;

use super::criteria::word_of;
use super::text::{Split, fold};
use super::{Changes, Piece, PieceKind, SearchError, SearchIndex, TEXT_BYTES, Talk};

/// The low bits of an id, which tell pieces of the same instant apart.
const SAME_INSTANT_BITS: u32 = 16;

/// The lowest id of an instant.
pub(super) fn first_id(at: Timestamp) -> i64 {
    at.0.clamp(0, i64::MAX >> SAME_INSTANT_BITS) << SAME_INSTANT_BITS
}

/// The instant of an id.
pub(super) fn instant(id: i64) -> Timestamp {
    Timestamp(id >> SAME_INSTANT_BITS)
}

impl PieceKind {
    pub(super) const fn number(self) -> i64 {
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
    pub async fn apply(&self, mut changes: Changes, to: u64) -> Result<(), SearchError> {
        let mut transaction = self.writer.begin_with("begin immediate").await?;
        for talk in &changes.talks {
            put_talk(&mut transaction, talk).await?;
        }
        for id in &changes.gone {
            take_out(&mut transaction, *id).await?;
        }
        // The index writes a part to disk whenever ids go backwards. Mailboxes are read newest first.
        changes.pieces.sort_by_key(|piece| (piece.at, piece.id));
        for piece in &changes.pieces {
            put_piece(&mut transaction, piece).await?;
        }
        sqlx::query("update place set number = max(number, ?1)")
            .bind(i64::try_from(to).unwrap_or(i64::MAX))
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }
}

async fn put_talk(connection: &mut SqliteConnection, talk: &Talk) -> Result<(), SearchError> {
    sqlx::query(
        "insert into talk (conversation, inbox, owner, number, status, ended, history) values (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         on conflict (conversation) do update set inbox = ?2, owner = ?3, number = ?4, status = ?5, ended = ?6, history = ?7",
    )
    .bind(talk.id.0)
    .bind(talk.inbox.0)
    .bind(talk.owner.map(|owner| owner.0))
    .bind(i64::from(talk.number))
    .bind(word_of(talk.status))
    .bind(talk.status.is_over())
    .bind(talk.history)
    .execute(connection)
    .await?;
    Ok(())
}

async fn put_piece(transaction: &mut Transaction<'_, Sqlite>, piece: &Piece) -> Result<(), SearchError> {
    let connection: &mut SqliteConnection = &mut *transaction;
    let talk: Option<i64> = sqlx::query("select id from talk where conversation = ?1")
        .bind(piece.conversation.0)
        .fetch_optional(&mut *connection)
        .await?
        .map(|row| row.try_get(0))
        .transpose()?;
    let Some(talk) = talk else {
        // A conversation that is no more: there is nothing to lead to.
        return Ok(());
    };
    take_out(connection, piece.id).await?;
    let text = capped(&piece.text);
    let id = free_id(connection, first_id(piece.at), piece.id.0).await?;
    sqlx::query(
        "insert into piece (id, message, talk, kind, file, sender, subject, body) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )
    .bind(id)
    .bind(piece.id.0)
    .bind(talk)
    .bind(piece.kind.number())
    .bind(!piece.files.is_empty())
    .bind(&piece.from)
    .bind(&piece.subject)
    .bind(text)
    .execute(&mut *connection)
    .await?;
    let [subject, sender, recipients, body, files] =
        [&piece.subject, &piece.from, &piece.to, text, &piece.files.join(" ")].map(|part| Split::of(&fold(part)));
    let pairs: String = [&subject, &sender, &recipients, &body, &files]
        .map(Split::pairs)
        .concat();
    let insert = "insert into words (rowid, subject, sender, recipients, body, files, pairs)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    sqlx::query(insert)
        .bind(id)
        .bind(subject.words)
        .bind(sender.words)
        .bind(recipients.words)
        .bind(body.words)
        .bind(files.words)
        .bind(pairs)
        .execute(connection)
        .await?;
    Ok(())
}

/// The next id of an instant that is free. It begins at a place that follows from the message, so that a mailbox full of
/// messages of one instant does not look at all of them in turn.
async fn free_id(connection: &mut SqliteConnection, first: i64, message: Uuid) -> Result<i64, SearchError> {
    let low = message.as_u128() & ((1 << SAME_INSTANT_BITS) - 1);
    let mut id = first | i64::try_from(low).unwrap_or(0);
    loop {
        let taken = sqlx::query("select 1 from piece where id = ?1")
            .bind(id)
            .fetch_optional(&mut *connection)
            .await?;
        if taken.is_none() {
            return Ok(id);
        }
        id += 1;
    }
}

async fn take_out(connection: &mut SqliteConnection, message: MessageId) -> Result<(), SearchError> {
    let row = sqlx::query("delete from piece where message = ?1 returning id")
        .bind(message.0)
        .fetch_optional(&mut *connection)
        .await?;
    let Some(row) = row else { return Ok(()) };
    sqlx::query("delete from words where rowid = ?1")
        .bind(row.try_get::<i64, _>(0)?)
        .execute(connection)
        .await?;
    Ok(())
}

fn capped(text: &str) -> &str {
    let end = text.floor_char_boundary(TEXT_BYTES);
    text.get(..end).unwrap_or(text)
}
