//! The replies of the sample: written, accepted, and gone a little later, as their provider would have said. Nothing leaves this
//! machine.

use baton_domain::{
    Actor, AfterReply, BlobId, CommandBody, CommandId, Conversation, ConversationId, DraftId, DraftText, MemberId,
    MessageId, OutgoingFile, SECOND_MS, Timestamp,
};
use baton_protocol::Answer;
use baton_store::port::DraftRow;
use baton_store::server::StoreError;

use super::load::{LoadError, Loading, command};
use super::scenario::{self, After, Deed, Step};

impl Loading {
    pub(super) async fn draft(
        &self,
        name: &str,
        conversation: &Conversation,
        by: MemberId,
        at: Timestamp,
        text: String,
        files: Vec<OutgoingFile>,
    ) -> Result<DraftRow, LoadError> {
        let subject = match conversation.subject.trim() {
            subject if subject.to_lowercase().starts_with("re:") => subject.to_owned(),
            subject => format!("Re: {subject}"),
        };
        let text = DraftText {
            to: conversation.reply_to.clone(),
            subject,
            text,
            files,
            ..DraftText::default()
        };
        let row = DraftRow {
            id: DraftId::derive(self.workspace, name),
            conversation: conversation.id,
            member: by,
            text,
            revision: 1,
            saved_at: at,
            files_present: true,
        };
        self.store.put_draft(&row).await?;
        Ok(row)
    }

    /// A reply: written, accepted, and gone a little later, as its provider would have said. Nothing leaves this machine.
    pub(super) async fn reply(
        &mut self,
        name: &str,
        step: &Step,
        conversation: &Conversation,
        by: MemberId,
        at: Timestamp,
        message_id: &str,
    ) -> Result<(), LoadError> {
        let Deed::Reply {
            text,
            after,
            quote,
            attachments,
            ..
        } = &step.what
        else {
            return Ok(());
        };
        let mut files = Vec::new();
        for path in attachments {
            let bytes = scenario::file(path)?;
            let blob: BlobId = self.store.blobs().put(bytes).map_err(StoreError::from)?;
            self.store.brought_blob(by, &blob).await?;
            let name = path.rsplit('/').next().unwrap_or(path).to_owned();
            let mime = if name.ends_with(".pdf") {
                "application/pdf"
            } else {
                "application/octet-stream"
            };
            files.push(OutgoingFile {
                name,
                mime: mime.to_owned(),
                size: u32::try_from(bytes.len()).unwrap_or(0),
                blob,
                inline: false,
            });
        }
        let text = self.placeholders.text(text)?;
        let draft = self.draft(name, conversation, by, at, text, files).await?;
        let cover = conversation.owner.is_some_and(|owner| owner != by);
        if let Some(refusal) = self
            .act(
                &format!("{name} lock"),
                conversation,
                by,
                at,
                CommandBody::TakeLock { cover },
            )
            .await?
        {
            self.refused.push(format!("{name} lock: {refusal:?}"));
            return Ok(());
        }
        let locked = self
            .store
            .conversation(conversation.id)
            .await?
            .and_then(|state| state.lock);
        let token = locked.map(|lock| lock.token).unwrap_or_default();
        let after = match after {
            After::FollowUpIfNoAnswer => AfterReply::FollowUpIfNoAnswer { due: None },
            After::NothingMore => AfterReply::NothingMore,
            After::IOwe { what, due } => AfterReply::IOwe {
                what: self.placeholders.text(what)?,
                due: self.now.instant(due)?,
            },
        };
        let quote = quote.as_ref().and_then(scenario::Amount::money);
        let digest = draft.text.digest();
        let body = CommandBody::Reply {
            draft: draft.id,
            digest,
            token,
            after,
            quote,
            close: None,
            send_at: None,
        };
        if let Some(refusal) = self.act(name, conversation, by, at, body).await? {
            self.refused.push(format!("{name}: {refusal:?}"));
            return Ok(());
        }
        let outbound = MessageId(CommandId::derive(self.workspace, name).0);
        let state = self.store.conversation(conversation.id).await?;
        let Some(accepted) = state.as_ref().and_then(|state| state.outbound(outbound)) else {
            return Ok(());
        };
        let named = message_id.trim_matches(['<', '>']).to_owned();
        self.sent.push((named, accepted.header_id.clone()));
        // As soon as it could no longer be taken back.
        let at = accepted.not_before.plus_ms(SECOND_MS);
        self.left(name, conversation.id, outbound, at).await
    }

    async fn left(
        &mut self,
        name: &str,
        conversation: ConversationId,
        outbound: MessageId,
        at: Timestamp,
    ) -> Result<(), LoadError> {
        let steps = [
            ("sending", CommandBody::OutboundSending { outbound, attempt: 1 }),
            (
                "sent",
                CommandBody::OutboundSent {
                    outbound,
                    reply: "250 2.0.0 Ok: queued".to_owned(),
                },
            ),
            ("filed", CommandBody::OutboundFiled { outbound }),
        ];
        for (what, body) in steps {
            let id = CommandId::derive(outbound.0, what);
            let command = command(
                id,
                Actor::Channel { account: self.account },
                conversation,
                at,
                None,
                body,
            );
            let (answer, _) = self.past.submit(command, at).await?;
            if let Answer::Refused { refusal } = answer {
                self.refused.push(format!("{name} {what}: {refusal:?}"));
            }
        }
        Ok(())
    }
}
