//! Finding: the newest pieces that fit, one for each conversation.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use baton_domain::{ConversationId, MessageId, Timestamp};
use futures::TryStreamExt as _;
use sea_orm::sqlx::sqlite::{SqliteArguments, SqliteRow};
use sea_orm::sqlx::{self, Arguments as _, Row as _, SqlitePool};

use super::criteria::{Criteria, Match, Test, word_of, words_of};
use super::excerpt::{self, Excerpt};
use super::write::instant;
use super::{PieceKind, SearchError, SearchIndex};

/// How much is wanted, and from where on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Find {
    /// Conversations at most.
    pub limit: usize,
    /// Only what is older than this: the [`Found::key`] of the last one of the page before.
    pub before: Option<i64>,
}

/// A conversation that fits, with the newest piece of it that does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Which.
    pub conversation: ConversationId,
    /// The newest piece that fits.
    pub message: MessageId,
    /// What wrote it.
    pub kind: PieceKind,
    /// Its instant.
    pub at: Timestamp,
    /// Its author.
    pub from: String,
    /// Its subject line.
    pub subject: String,
    /// The words around what was found.
    pub excerpt: Excerpt,
    /// Where the next page begins.
    pub key: i64,
}

impl SearchIndex {
    /// The newest conversations that fit, as far as they may be read.
    ///
    /// # Errors
    /// When the index can't be read.
    pub async fn find(&self, criteria: &Criteria, find: Find) -> Result<Vec<Found>, SearchError> {
        if criteria.is_empty() || criteria.inboxes.is_empty() || find.limit == 0 {
            return Ok(Vec::new());
        }
        let (sql, arguments) = statement(criteria, find.before, Of::Server);
        found(&self.reader, sql, arguments, &criteria.shown, find.limit, |_| true).await
    }
}

/// Whose index is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    /// A server's, which knows of conversations what is asked about.
    Server,
    /// A replica's, whose conversations lie beside it: what is asked about them is looked at there.
    Replica,
}

/// The newest piece of each conversation of those that fit, as far as they are admitted.
pub(crate) async fn found(
    pool: &SqlitePool,
    sql: String,
    arguments: SqliteArguments,
    words: &[String],
    limit: usize,
    admits: impl Fn(ConversationId) -> bool,
) -> Result<Vec<Found>, SearchError> {
    let mut rows = sqlx::query_with(sqlx::AssertSqlSafe(sql), arguments).fetch(pool);
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    while let Some(row) = rows.try_next().await? {
        let conversation = ConversationId(row.try_get(0)?);
        if !seen.insert(conversation) || !admits(conversation) {
            continue;
        }
        found.push(of_row(&row, conversation, words)?);
        if found.len() == limit {
            break;
        }
    }
    Ok(found)
}

fn of_row(row: &SqliteRow, conversation: ConversationId, words: &[String]) -> Result<Found, SearchError> {
    let key: i64 = row.try_get(1)?;
    let body: String = row.try_get(6)?;
    Ok(Found {
        conversation,
        message: MessageId(row.try_get(2)?),
        kind: PieceKind::of_number(row.try_get(3)?),
        at: instant(key),
        from: row.try_get(4)?,
        subject: row.try_get(5)?,
        excerpt: excerpt::of(&body, words),
        key,
    })
}

/// The statement, with every value bound. Only column names and question marks are written into it.
pub(crate) fn statement(criteria: &Criteria, before: Option<i64>, of: Of) -> (String, SqliteArguments) {
    let (conversation, talk, here) = match of {
        Of::Server => ("t.conversation", " join talk t on t.id = p.talk", true),
        Of::Replica => ("p.conversation", "", false),
    };
    let mut sql = format!("select {conversation}, p.id, p.message, p.kind, p.sender, p.subject, p.body from ");
    let mut arguments = SqliteArguments::default();
    // Binding can only fail for values without a form in the database, and these all have one.
    macro_rules! bind {
        ($value:expr) => {{
            let _ = arguments.add($value);
        }};
    }
    let mut order = "p.id";
    match &criteria.words {
        // Newest first comes for nothing: the ids of the index are those of the pieces, in the order of time.
        Some(Match::Only(words)) => {
            let _ = write!(
                sql,
                "words w cross join piece p on p.id = w.rowid{talk} where words match ?"
            );
            order = "w.rowid";
            bind!(words.clone());
        }
        Some(Match::AllBut(words)) => {
            let _ = write!(
                sql,
                "piece p{talk} where p.id not in (select rowid from words where words match ?)"
            );
            bind!(words.clone());
        }
        None => {
            let _ = write!(sql, "piece p{talk} where true");
        }
    }
    if let Some(before) = before {
        let _ = write!(sql, " and {order} < ?");
        bind!(before);
    }
    if here {
        let _ = write!(sql, " and t.inbox in ({})", marks(criteria.inboxes.len()));
        for inbox in &criteria.inboxes {
            bind!(inbox.0);
        }
    }
    for (not, test) in &criteria.tests {
        if !here && test.is_of_conversation() {
            continue;
        }
        sql.push_str(if *not { " and not (" } else { " and (" });
        match test {
            Test::Owner(members) => {
                let _ = write!(sql, "t.owner is not null and t.owner in ({})", marks(members.len()));
                for member in members {
                    bind!(member.0);
                }
            }
            Test::Nobody => sql.push_str("t.owner is null"),
            Test::Inbox(inboxes) => {
                let _ = write!(sql, "t.inbox in ({})", marks(inboxes.len()));
                for inbox in inboxes {
                    bind!(inbox.0);
                }
            }
            Test::Status(statuses, named) => {
                // What stands before the bar is the standing, whatever it is called.
                let standing = "substr(t.status, 1, instr(t.status || '/', '/') - 1)";
                let _ = write!(sql, "{standing} in ({})", marks(statuses.len()));
                for status in statuses {
                    bind!(word_of(*status));
                }
                for named in named {
                    sql.push_str(" or (t.inbox = ? and t.status = ?)");
                    bind!(named.inbox.0);
                    bind!(words_of(named.stands_for, named.id.as_ref()));
                }
            }
            Test::Over(over) => sql.push_str(if *over { "t.ended" } else { "not t.ended" }),
            Test::History => sql.push_str("t.history"),
            Test::Kind(kind) => {
                sql.push_str("p.kind = ?");
                bind!(kind.number());
            }
            Test::HasFile => sql.push_str("p.file"),
            Test::Between(from, to) => {
                let _ = write!(sql, "{order} >= ? and {order} < ?");
                bind!(*from);
                bind!(*to);
            }
            Test::Number(number) => {
                sql.push_str("t.number = ?");
                bind!(i64::from(*number));
            }
        }
        sql.push(')');
    }
    let _ = write!(sql, " order by {order} desc");
    (sql, arguments)
}

fn marks(count: usize) -> String {
    vec!["?"; count].join(", ")
}
