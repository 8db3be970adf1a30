//! Deleting messages of our own: the only thing besides filing copies that changes a folder.

use super::fetch::uid_set;
use super::name::quoted;
use super::{ImapConn, ImapError};

impl ImapConn {
    /// Deletes the messages of a folder that have this header with this value. On a server that can't delete single messages (UIDPLUS)
    /// they are only marked, because emptying the folder would take along what others marked.
    ///
    /// # Errors
    /// As for every command.
    pub(in crate::email) async fn remove(&mut self, folder: &str, header: &str, value: &str) -> Result<(), ImapError> {
        self.command(&format!("SELECT {}", quoted(folder)), |_| {}).await?;
        let uids = self.search(&format!("HEADER {header} {}", quoted(value))).await?;
        if uids.is_empty() {
            return Ok(());
        }
        let set = uid_set(&uids);
        self.command(&format!("UID STORE {set} +FLAGS.SILENT (\\Deleted)"), |_| {})
            .await?;
        if self.can("UIDPLUS") {
            self.command(&format!("UID EXPUNGE {set}"), |_| {}).await?;
        }
        Ok(())
    }
}
