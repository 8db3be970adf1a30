//! How conversations began: what a rehearsal of routing rules is judged by.

use std::collections::{BTreeMap, BTreeSet};

use baton_domain::{ConversationId, Message, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, EntityTrait as _, QueryFilter as _, QuerySelect as _, Statement, Value,
};

use super::connect::ServerStore;
use super::convert;
use super::entity::conversation;
use super::error::StoreError;
use crate::parts;

/// The kind of an entry by which a customer's message came.
const RECEIVED: &str = "messageReceived";

/// The payload of such an entry, as far as it is wanted. Without the tags around it, its parts need not be set aside before they are read.
#[derive(serde::Deserialize)]
struct Received {
    event: ReceivedEvent,
}

#[derive(serde::Deserialize)]
struct ReceivedEvent {
    message: Message,
}

impl ServerStore {
    /// The first message of the customer in each of these conversations; those that began otherwise are left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn first_messages(
        &self,
        conversations: &[ConversationId],
    ) -> Result<BTreeMap<ConversationId, Message>, StoreError> {
        let backend = self.reader.get_database_backend();
        let mut found = BTreeMap::new();
        for some in parts::lists(conversations.iter().map(|id| id.0)) {
            let asked: Vec<String> = (2..2 + some.len()).map(|place| format!("(${place})")).collect();
            // One by one, because each ends at its first message: what came after it is most of a conversation.
            let sql = format!(
                "with asked(id) as (values {}) select asked.id, (select payload from log where workspace = $1 \
                 and conversation = asked.id and kind = '{RECEIVED}' order by number limit 1) from asked",
                asked.join(", ")
            );
            let values = std::iter::once(self.workspace.0).chain(some).map(Value::from);
            let rows = self
                .reader
                .query_all_raw(Statement::from_sql_and_values(backend, sql, values))
                .await?;
            for row in rows {
                if let Some(payload) = row.try_get_by_index::<Option<String>>(1)? {
                    let Received { event } = convert::value(&payload)?;
                    found.insert(ConversationId(row.try_get_by_index(0)?), event.message);
                }
            }
        }
        Ok(found)
    }

    /// When the first conversation with each of these contacts began, by [`crate::port::contact_key`].
    ///
    /// # Errors
    /// When the database fails.
    pub async fn first_contacts(&self, keys: &BTreeSet<String>) -> Result<BTreeMap<String, Timestamp>, StoreError> {
        let mut found = BTreeMap::new();
        for some in parts::lists(keys) {
            let rows: Vec<(String, i64)> = conversation::Entity::find()
                .select_only()
                .column(conversation::Column::Contact)
                .column_as(Expr::col(conversation::Column::CreatedAt).min(), "first")
                .filter(conversation::Column::Workspace.eq(self.workspace.0))
                .filter(conversation::Column::Contact.is_in(some))
                .group_by(conversation::Column::Contact)
                .into_tuple()
                .all(&self.reader)
                .await?;
            found.extend(rows.into_iter().map(|(key, at)| (key, Timestamp(at))));
        }
        Ok(found)
    }
}
