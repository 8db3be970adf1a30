//! Looking after mailboxes and inboxes: how far Baton acts on one, what stands below its replies, what it promises, and what could not be read. The server decides and keeps all of it.

use baton_domain::{
    Account, AccountId, AccountMode, BlobId, BusinessCalendar, Command, CommandBody, ConversationId, DocumentBody,
    EscalationPath, FolderChoice, InboxId, InboxPolicy, MappedFolder, Refusal, Signature, SlaPolicy, Timestamp,
};
use baton_protocol::{Acted, Answer, ApiError, ErrorCode, SaveAutoReplies};
use uuid::Uuid;

use super::Work;
use super::files::source_text;
use crate::net::error;

impl Work {
    /// Asks for another mode of an account. It is judged at once or not at all: what a mailbox may do is not queued.
    pub(crate) async fn set_account_mode(&self, account: AccountId, mode: AccountMode) -> Result<Acted, ApiError> {
        self.change_account(account, |account| account.mode = mode).await
    }

    /// What stands below replies from its addresses. Where a text is empty there is none.
    pub(crate) async fn save_account_signatures(
        &self,
        account: AccountId,
        mut signatures: Vec<Signature>,
    ) -> Result<Acted, ApiError> {
        signatures.retain(|signature| !signature.text.trim().is_empty());
        self.change_account(account, |account| account.signatures = signatures)
            .await
    }

    /// Which folders of a mailbox are taken in. Since when each is followed is for the server to say.
    pub(crate) async fn save_account_folders(
        &self,
        account: AccountId,
        folders: Vec<FolderChoice>,
    ) -> Result<Acted, ApiError> {
        let kept = folders.into_iter().map(|FolderChoice { name, becomes }| MappedFolder {
            name,
            becomes,
            since: Timestamp(0),
        });
        let kept = kept.collect();
        self.change_account(account, |account| account.folders = kept).await
    }

    /// Changes an account as the team sees it. It is judged at once or not at all.
    async fn change_account(&self, account: AccountId, change: impl FnOnce(&mut Account)) -> Result<Acted, ApiError> {
        let known = self.look(|engine| engine.account(account)).await;
        let (mut changed, version) =
            known.ok_or_else(|| error(ErrorCode::NotFound, "there is no such mailbox here"))?;
        change(&mut changed);
        self.put_document(DocumentBody::Account(changed), version).await
    }

    /// What an inbox promises, where it still promises what the form showed at first.
    pub(crate) async fn save_targets(
        &self,
        inbox: InboxId,
        sla: SlaPolicy,
        before: &SlaPolicy,
    ) -> Result<Acted, ApiError> {
        let same = |policy: &InboxPolicy| promises_the_same(&policy.sla, before);
        self.change_policy(inbox, same, |policy| policy.sla = sla).await
    }

    /// Whom it asks to see to what is late, where that is still what the form showed at first.
    pub(crate) async fn save_escalation(
        &self,
        inbox: InboxId,
        path: EscalationPath,
        before: &EscalationPath,
    ) -> Result<Acted, ApiError> {
        let same = |policy: &InboxPolicy| policy.escalation == *before;
        self.change_policy(inbox, same, |policy| policy.escalation = path).await
    }

    /// How long a conversation may lie still there, where that is still what the form showed at first.
    pub(crate) async fn save_stale_days(&self, inbox: InboxId, days: u8, before: u8) -> Result<Acted, ApiError> {
        let same = |policy: &InboxPolicy| policy.stale_days == before;
        self.change_policy(inbox, same, |policy| policy.stale_days = days).await
    }

    /// What it answers by itself, where that is still what the form showed at first.
    pub(crate) async fn save_auto_replies(&self, save: SaveAutoReplies) -> Result<Acted, ApiError> {
        let SaveAutoReplies { inbox, replies, before } = save;
        let same = |policy: &InboxPolicy| policy.auto_replies.as_deref() == before.as_ref();
        let change = |policy: &mut InboxPolicy| policy.auto_replies = replies.map(Box::new);
        self.change_policy(inbox, same, change).await
    }

    /// When its people are at work, where that is still what the form showed at first.
    pub(crate) async fn save_hours(
        &self,
        inbox: InboxId,
        calendar: BusinessCalendar,
        before: &BusinessCalendar,
    ) -> Result<Acted, ApiError> {
        let same = |policy: &InboxPolicy| policy.calendar == *before;
        self.change_policy(inbox, same, |policy| policy.calendar = calendar)
            .await
    }

    /// Changes how an inbox works. It is judged at once or not at all. What somebody else changed while the form was open is not
    /// written over: here, where this desktop knows of it already; by the server, where it does not yet. A change of anything else
    /// about the inbox stands in nobody's way.
    pub(super) async fn change_policy(
        &self,
        inbox: InboxId,
        as_it_was: impl FnOnce(&InboxPolicy) -> bool,
        change: impl FnOnce(&mut InboxPolicy),
    ) -> Result<Acted, ApiError> {
        let known = self.look(|engine| engine.inbox(inbox)).await;
        let (mut changed, version) = known.ok_or_else(|| error(ErrorCode::NotFound, "there is no such inbox here"))?;
        if !as_it_was(&changed.policy) {
            return Ok(Acted::Refused {
                refusal: Refusal::VersionConflict { theirs: version },
            });
        }
        change(&mut changed.policy);
        self.put_document(DocumentBody::Inbox(changed), version).await
    }

    pub(super) async fn put_document(&self, document: DocumentBody, version: u32) -> Result<Acted, ApiError> {
        let body = CommandBody::PutDocument {
            document: Box::new(document),
        };
        let command = Command {
            based_on: Some(version),
            ..self.command(ConversationId(Uuid::nil()), body).await
        };
        Ok(match self.http.submit(&command).await?.answer {
            Answer::Done { .. } => Acted::Done {
                command: command.id,
                undoable: false,
                undo_until: None,
            },
            Answer::Refused { refusal } => Acted::Refused { refusal },
        })
    }

    /// The raw source of a quarantined item, as text: nothing of it is interpreted.
    pub(crate) async fn quarantine_source(&self, blob: &BlobId) -> Result<String, ApiError> {
        Ok(source_text(&self.http.blob(blob).await?))
    }
}

/// Whether two policies promise the same. Their version counts changes of the hours as well.
fn promises_the_same(one: &SlaPolicy, other: &SlaPolicy) -> bool {
    (&one.rules, one.warn_percent) == (&other.rules, other.warn_percent)
}
