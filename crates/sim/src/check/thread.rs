//! Owner, lock and messages of one conversation, as an outsider would keep them on a sheet of paper.

use std::collections::BTreeSet;

use baton_domain::{
    Command, CommandBody, CommandId, Event, HandoffEnd, LogEntry, MemberId, MessageId, MessageKind, OwnerChange,
    Settlement,
};

use super::{Broken, Promise, because};

/// What is on the sheet.
#[derive(Debug, Default)]
pub struct Thread {
    owner: Option<MemberId>,
    over: bool,
    reopened: Option<CommandId>,
    /// Who opened it again last, and with which entry.
    reopened_by: Option<(u64, MemberId)>,
    offered: Option<MemberId>,
    accepted: Option<MemberId>,
    lock: Option<(u64, MemberId)>,
    /// In the order they came to this team.
    messages: Vec<(u64, MessageId, Option<MemberId>)>,
    /// It was merged into another.
    merged: bool,
}

impl Thread {
    /// One owner: what somebody has is claimed by nobody, and a handoff goes to whom it was offered.
    pub(super) fn owner_moves(&mut self, entry: &LogEntry, event: &Event) -> Result<(), Broken> {
        let wrong = |how: String| Err(because(Promise::OneOwner, format!("entry {}: {how}", entry.number)));
        match event {
            Event::OwnerChanged { owner, how, .. } => {
                // Claiming what is over opens it again, in the same breath.
                let free = self.owner.is_none() || self.over || self.reopened == Some(entry.command);
                match how {
                    OwnerChange::Claimed | OwnerChange::Replied if !free && self.owner != *owner => {
                        return wrong("somebody took what a colleague owns".to_owned());
                    }
                    OwnerChange::HandedOff if *owner != self.accepted => {
                        return wrong("a handoff went to somebody it was not offered to".to_owned());
                    }
                    OwnerChange::Claimed | OwnerChange::Replied if *owner != entry.actor.member() => {
                        return wrong("somebody claimed for somebody else".to_owned());
                    }
                    _ => {}
                }
                self.owner = *owner;
                self.accepted = None;
            }
            Event::HandoffOffered { offer } => self.offered = Some(offer.to),
            Event::HandoffEnded { how, .. } => {
                let offered = self.offered.take();
                self.accepted = offered.filter(|_| *how == HandoffEnd::Accepted);
                if *how == HandoffEnd::Accepted && offered != entry.actor.member() {
                    return wrong("somebody accepted what was not offered to them".to_owned());
                }
            }
            Event::Closed { .. } => {
                self.over = true;
                self.offered = None;
            }
            Event::Reopened { .. } => {
                self.over = false;
                self.reopened = Some(entry.command);
                self.reopened_by = entry.actor.member().map(|by| (entry.number, by));
            }
            Event::StatusChanged { status, .. } => self.over = status.is_over(),
            // What it was before the message is what it is: it may have been over.
            Event::NoReplyNeeded { .. } => self.over = false,
            _ => {}
        }
        Ok(())
    }

    /// One lock: granted only when nobody has it, to whoever asked.
    pub(super) fn lock_moves(&mut self, entry: &LogEntry, event: &Event) -> Result<(), Broken> {
        let wrong = |how: &str| Err(because(Promise::OneLock, format!("entry {}: {how}", entry.number)));
        match event {
            Event::LockGranted { member, .. } => {
                if self.lock.is_some() {
                    return wrong("a second person may reply");
                }
                if entry.actor.member() != Some(*member) {
                    return wrong("the lock went to somebody who did not ask");
                }
                self.lock = Some((entry.number, *member));
            }
            Event::LockReleased { .. } if self.lock.take().is_none() => {
                return wrong("a lock nobody held was released");
            }
            _ => {}
        }
        Ok(())
    }

    /// The reply's author holds the lock, with the very token their desktop said.
    pub(super) fn fenced(&self, entry: &LogEntry, command: &Command) -> Result<(), Broken> {
        let CommandBody::Reply { token, .. } = &command.body else {
            return Err(because(
                Promise::Fenced,
                format!("entry {} is a reply nobody sent", entry.number),
            ));
        };
        if self.lock.is_some() && self.lock == entry.actor.member().map(|member| (*token, member)) {
            return Ok(());
        }
        let how = format!(
            "entry {} accepts a reply with token {token} while the lock is {:?}",
            entry.number, self.lock
        );
        Err(because(Promise::Fenced, how))
    }

    /// Whether somebody else than who acts holds the lock.
    pub(super) fn a_colleague_replies(&self, entry: &LogEntry) -> bool {
        self.lock
            .is_some_and(|(_, holder)| entry.actor.member() != Some(holder))
    }

    /// The newest message was on the author's screen, or is their own.
    pub(super) fn nothing_unseen(&self, entry: &LogEntry, seen: &BTreeSet<MessageId>) -> Result<(), Broken> {
        match self.messages.last() {
            Some((_, id, by)) if !seen.contains(id) && (by.is_none() || *by != entry.actor.member()) => {
                let how = format!(
                    "entry {} goes over message {id}, which its author had not on screen",
                    entry.number
                );
                Err(because(Promise::NothingUnseen, how))
            }
            _ => Ok(()),
        }
    }

    /// Whoever opened it again and takes that back puts back what was: over what lay there then, and nothing that came since.
    pub(super) fn nothing_since_reopened(&self, entry: &LogEntry) -> bool {
        let newest = self.messages.last().map_or(0, |(number, ..)| *number);
        let own = |(_, by): &(u64, MemberId)| Some(*by) == entry.actor.member();
        self.reopened_by.filter(own).is_some_and(|(number, _)| newest < number)
    }

    /// In what was merged into another nothing is said, answered or taken any more.
    pub(super) fn goes_on_elsewhere(&mut self, entry: &LogEntry, event: &Event) -> Result<(), Broken> {
        let happens = match event {
            Event::Merged { .. } => {
                self.merged = true;
                return Ok(());
            }
            Event::Unmerged { .. } => {
                self.merged = false;
                return Ok(());
            }
            Event::MessageReceived { live, .. } | Event::OutsideReply { live, .. } => *live,
            Event::ReplyQueued { outbound } if outbound.is_aside() => false,
            Event::ReplyQueued { .. } | Event::LockGranted { .. } | Event::OwnerChanged { owner: Some(_), .. } => true,
            _ => false,
        };
        if !(self.merged && happens) {
            return Ok(());
        }
        let how = format!(
            "entry {} happens in a conversation that goes on in another",
            entry.number
        );
        Err(because(Promise::Together, how))
    }

    /// What another brings: nobody else replied in either, and what somebody owned is still somebody's.
    pub(super) fn absorbs(&mut self, entry: &LogEntry, part: &Self) -> Result<(), Broken> {
        let me = entry.actor.member();
        let others = |lock: Option<(u64, MemberId)>| lock.is_some_and(|(_, holder)| Some(holder) != me);
        if me.is_some() && (others(self.lock) || others(part.lock)) {
            let how = format!("entry {} merges over a colleague who is replying", entry.number);
            return Err(because(Promise::OneLock, how));
        }
        self.messages.extend(part.messages.iter().copied());
        self.messages.sort_unstable();
        Ok(())
    }

    pub(super) fn lets_go(&mut self, part: &Self) {
        self.messages.retain(|message| !part.messages.contains(message));
    }

    /// With which entries these messages came.
    pub(super) fn came(&self, messages: &[MessageId]) -> impl Iterator<Item = (u64, MessageId)> {
        let here = self.messages.iter().filter(|(_, id, _)| messages.contains(id));
        here.map(|(number, id, _)| (*number, *id))
    }

    /// `anew`: with which entry the team first had it, if it was split off another.
    pub(super) fn messages_move(&mut self, entry: &LogEntry, event: &Event, anew: Option<u64>) {
        let number = entry.number;
        match event {
            Event::MessageReceived { message, .. } if let Some(came) = anew => {
                // Answered there already or not: whoever splits says anew what they had on screen, in the order in which it came.
                self.messages.push((came, message.id, entry.actor.member()));
                self.messages.sort_unstable();
            }
            Event::MessageReceived { message, live: true } | Event::OutsideReply { message, live: true } => {
                if matches!(message.kind, MessageKind::Human | MessageKind::Bulk) {
                    self.messages.push((number, message.id, entry.actor.member()));
                }
            }
            Event::ReplyQueued { outbound } if outbound.is_aside() => {}
            Event::ReplyQueued { outbound } => self.messages.push((number, outbound.id, Some(outbound.by))),
            Event::SplitOff { messages, .. } => self.messages.retain(|(_, id, _)| !messages.contains(id)),
            Event::OutboundCancelled { outbound, .. }
            | Event::OutboundFailed { outbound, .. }
            | Event::OutboundSettled {
                outbound,
                how: Settlement::Drop,
            } => {
                self.messages.retain(|(_, id, _)| id != outbound);
            }
            _ => {}
        }
    }
}
