//! Earlier versions of a document, as the log has them.

use baton_domain::{Document, DocumentId, LogBody, LogEntry};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use uuid::Uuid;

use super::connect::ServerStore;
use super::convert;
use super::entity::log;
use super::error::StoreError;

/// The kind of an entry by which a document was made or changed.
const PUT: &str = "documentPut";

impl ServerStore {
    /// The newest versions of a document, the newest first, each with the entry that put it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn newest_versions(&self, id: DocumentId, most: u64) -> Result<Vec<(LogEntry, Document)>, StoreError> {
        let rows = log::Entity::find()
            .filter(log::Column::Workspace.eq(self.workspace.0))
            .filter(log::Column::Conversation.eq(Uuid::nil()))
            .filter(log::Column::Kind.eq(PUT))
            // Its id stands in what was put; others that name it are passed over below.
            .filter(log::Column::Payload.contains(id.0.to_string()))
            .order_by_desc(log::Column::Number)
            .limit(most)
            .all(&self.reader)
            .await?;
        let mut found = Vec::new();
        for row in rows {
            let entry = convert::sealed(row)?.entry;
            if let LogBody::DocumentPut { document } = &entry.body
                && document.id == id
            {
                let document = document.clone();
                found.push((entry, document));
            }
        }
        Ok(found)
    }
}
