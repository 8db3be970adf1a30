//! What stands below a member's own replies. It is a part of their entry, which everybody has; they may change it themselves.

use baton_domain::{Actor, Command, CommandBody, CommandId, ConversationId, DocumentBody};
use baton_protocol::{Answer, ApiError, ErrorCode};
use uuid::Uuid;

use super::{Work, now};
use crate::net::error;

impl Work {
    /// Sets it, or takes it away. It is judged at once or not at all.
    pub(crate) async fn save_signature(&self, text: Option<String>) -> Result<(), ApiError> {
        let me = self.look(|engine| engine.me().cloned()).await;
        let mut me = me.ok_or_else(|| error(ErrorCode::NotFound, "the team is not known yet"))?;
        me.signature = text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let command = Command {
            id: CommandId(Uuid::new_v4()),
            actor: Actor::Member { id: me.id },
            device: self.identity.device,
            conversation: ConversationId(Uuid::nil()),
            issued_at: now(),
            last_seen: None,
            based_on: None,
            body: CommandBody::PutDocument {
                document: Box::new(DocumentBody::Member(me)),
            },
        };
        match self.http.submit(&command).await?.answer {
            Answer::Done { .. } => Ok(()),
            Answer::Refused { .. } => Err(error(ErrorCode::NotPermitted, "the server did not take the signature")),
        }
    }
}
