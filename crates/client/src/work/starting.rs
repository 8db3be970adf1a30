//! Writing first. It needs the server: the number, the owner and the reply lock of a conversation are its to give.

use std::sync::Arc;
use std::time::Duration;

use baton_domain::{Actor, Command, CommandBody, CommandId, ConversationId};
use baton_protocol::{Answer, ApiError, Begun};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::timeout;
use uuid::Uuid;

use super::{Work, now};

/// How long the server's entries may take to get here after its answer. Later they come all the same.
const HERE: Duration = Duration::from_secs(5);

impl Work {
    /// Begins a conversation of mine, and waits until it can be opened here.
    pub(crate) async fn begin(
        self: &Arc<Self>,
        conversation: ConversationId,
        body: CommandBody,
    ) -> Result<Begun, ApiError> {
        // One conversation, one command that begins it: asked again, it is answered as the first time.
        let command = Command {
            id: CommandId(conversation.0),
            ..self.command(conversation, body).await
        };
        // From before it is asked: what is told meanwhile is not missed.
        let mut told = self.listen();
        match self.http.submit(&command).await?.answer {
            Answer::Refused { refusal } => Ok(Begun::Refused { refusal }),
            Answer::Done { .. } => {
                let here = async {
                    while self.look(|engine| engine.state(conversation).is_none()).await {
                        if matches!(told.recv().await, Err(RecvError::Closed)) {
                            return;
                        }
                    }
                };
                if timeout(HERE, here).await.is_err() {
                    tracing::info!(%conversation, "a conversation was begun, and its entries are not here yet");
                }
                Ok(Begun::Done { conversation })
            }
        }
    }

    /// A command of mine that is judged at once or not at all.
    pub(super) async fn command(&self, conversation: ConversationId, body: CommandBody) -> Command {
        let me = self.look(|engine| engine.my_id()).await;
        Command {
            id: CommandId(Uuid::new_v4()),
            actor: Actor::Member { id: me },
            device: self.identity.device,
            conversation,
            issued_at: now(),
            last_seen: None,
            based_on: None,
            body,
        }
    }
}
