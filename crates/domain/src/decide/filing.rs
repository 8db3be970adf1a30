//! What lying in a folder of the mailbox says about a conversation.
//!
//! The newest message decides. History stays closed as imported, and gets an owner without anybody being told; what is live gets one
//! only where it has none: a person's word, or the rules', counts more than a folder. Nothing here starts, ends or meets anything.

use super::{Case, LINE_CHARS, text};
use crate::{
    Capability, Cause, Direction, Event, Filing, FolderUse, MemberId, MessageId, Outcome, OwnerChange, Refusal, Status,
    Timestamp,
};

impl Case<'_> {
    /// A message was found in a folder that is taken in.
    pub(super) fn filed(
        &self,
        message: MessageId,
        at: Timestamp,
        folder: &str,
        becomes: &FolderUse,
        live: bool,
    ) -> Result<Vec<Event>, Refusal> {
        let folder = text("folder", folder, LINE_CHARS)?;
        let known = |filing: &Filing| filing.message == message && filing.folder == folder;
        if self.state.filed.iter().any(known) {
            return Ok(Vec::new());
        }
        let mut events = vec![Event::Filed {
            filing: Filing {
                message,
                at,
                folder,
                becomes: becomes.clone(),
            },
        }];
        match becomes {
            // What is found once more while people work on it, or has ended by their word, is theirs to give.
            FolderUse::Owner { .. } if !self.imported() && (!live || self.state.status.is_over()) => {}
            FolderUse::Owner { member } => events.extend(self.filed_as_theirs(*member, message, at)),
            FolderUse::Tag { tag } => events.extend(self.tag(tag)?),
            FolderUse::Done => {}
        }
        Ok(events)
    }

    fn filed_as_theirs(&self, member: MemberId, message: MessageId, at: Timestamp) -> Vec<Event> {
        if self.state.owner == Some(member) || !self.could_own(member) || !self.decides(message, at) {
            return Vec::new();
        }
        let how = OwnerChange::Filed;
        let mut events = match self.state.owner {
            // What an older message's folder said, a newer one's corrects; what anybody else said stands.
            Some(_) if !self.owned_by_filing() => return Vec::new(),
            _ => vec![Event::OwnerChanged {
                owner: Some(member),
                how,
                context: None,
            }],
        };
        if self.state.status == Status::New {
            events.extend(self.status(Status::Assigned, Cause::Ownership));
        }
        events
    }

    /// Whether nothing newer says otherwise: it is the newest message, or what is newer is our answer to history.
    fn decides(&self, message: MessageId, at: Timestamp) -> bool {
        let Some(last) = &self.state.last_message else {
            return true;
        };
        let answered = self.imported() && last.direction != Direction::Inbound;
        last.id == message || (answered && self.state.filed.iter().all(|filing| filing.at <= at))
    }

    fn owned_by_filing(&self) -> bool {
        let owner = self.state.owner;
        let gave = |filing: &Filing| matches!(filing.becomes, FolderUse::Owner { member } if owner == Some(member));
        self.imported() && self.state.filed.iter().any(gave)
    }

    /// Whether it is history that nobody has touched.
    pub(super) fn imported(&self) -> bool {
        let closing = self.state.closing.as_ref();
        closing.is_some_and(|closing| closing.outcome == Outcome::Imported)
    }

    /// Being away just now keeps nobody from owning what lay in their folder for years.
    pub(super) fn could_own(&self, member: MemberId) -> bool {
        let receiver = self.context.members.get(&member).filter(|receiver| receiver.active);
        receiver.is_some_and(|receiver| self.context.inbox.capabilities_of(receiver).contains(&Capability::Work))
    }
}
