//! How conversations began: what a rehearsal of routing rules is judged by.

use std::collections::{BTreeMap, BTreeSet};

use baton_domain::{ConversationId, Event, LogBody, Message, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QuerySelect as _};
use uuid::Uuid;

use super::connect::ServerStore;
use super::convert;
use super::entity::{conversation, log};
use super::error::StoreError;
use crate::parts;

/// The kind of an entry by which a customer's message came.
const RECEIVED: &str = "messageReceived";

impl ServerStore {
    /// The first message of the customer in each of these conversations; those that began otherwise are left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn first_messages(
        &self,
        conversations: &[ConversationId],
    ) -> Result<BTreeMap<ConversationId, Message>, StoreError> {
        let mut found = BTreeMap::new();
        for some in parts::lists(conversations.iter().map(|id| id.0)) {
            let numbers: Vec<(Uuid, i64)> = log::Entity::find()
                .select_only()
                .column(log::Column::Conversation)
                .column_as(Expr::col(log::Column::Number).min(), "first")
                .filter(log::Column::Workspace.eq(self.workspace.0))
                .filter(log::Column::Conversation.is_in(some))
                .filter(log::Column::Kind.eq(RECEIVED))
                .group_by(log::Column::Conversation)
                .into_tuple()
                .all(&self.reader)
                .await?;
            let mut rows = Vec::with_capacity(numbers.len());
            for some in parts::lists(numbers.into_iter().map(|(_, number)| number)) {
                let entries = log::Entity::find()
                    .filter(log::Column::Workspace.eq(self.workspace.0))
                    .filter(log::Column::Number.is_in(some));
                rows.extend(entries.all(&self.reader).await?);
            }
            for row in rows {
                let id = ConversationId(row.conversation);
                if let LogBody::Conversation {
                    event: Event::MessageReceived { message, .. },
                    ..
                } = convert::sealed(row)?.entry.body
                {
                    found.insert(id, *message);
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
