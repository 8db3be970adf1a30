//! A reply on its way to the referee: draft saved, lock held, then the one command that carries both. What is forwarded goes the same
//! way, without the lock.
//!
//! Written online, the referee's word is answered to its author at once and the text stays where it is. Written offline, or
//! left by a network that went away, it is only a wish: it leaves if the owner and the newest message are what they were, and
//! not after a day.

use baton_domain::{CommandBody, CommandId, ConversationId, DAY_MS, Direction, Invalid, MessageId, Refusal};
use baton_protocol::{ApiError, ErrorCode, HeldReason};

use super::compose::SHARE_AGAIN_MS;
use super::io::{SendPlan, Ticket, Told};
use super::outbox::{Intent, Item, Purpose, Stage};
use super::state::Engine;
use super::undo::cancel;

/// How long a reply that was written without a network may still leave by itself.
const INTENT_MS: i64 = DAY_MS;

impl Engine {
    pub(super) fn send_reply(
        &mut self,
        ticket: Ticket,
        id: ConversationId,
        plan: SendPlan,
        last_seen: Option<MessageId>,
    ) {
        let refuse = |engine: &mut Self, refusal: Refusal| {
            let acted = baton_protocol::Acted::Refused { refusal };
            engine.answer(Some(ticket), Told::Acted(acted));
        };
        let invalid = |field: &str, why: Invalid| Refusal::Invalid {
            field: field.to_owned(),
            why,
        };
        if let Err(refusal) = self.may_act(id, &CommandBody::RequestLock) {
            return refuse(self, refusal);
        }
        let text = self
            .drafts
            .text(id)
            .filter(|text| !text.text.trim().is_empty())
            .cloned();
        let Some(text) = text else {
            return refuse(self, invalid("text", Invalid::Empty));
        };
        if self.outbox.of(id).any(|item| item.intent.is_some()) {
            // One is on its way already.
            return refuse(self, invalid("body", Invalid::NotNow));
        }
        let state = self.confirmed.get(&id);
        let cover = state
            .and_then(|state| state.lock.as_ref())
            .is_some_and(|lock| lock.member == self.id.me && lock.cover);
        let intent = Intent {
            owner: state.and_then(|state| state.owner),
            last_message: last_seen.or_else(|| self.newest_message(id)),
            cover,
            unattended: false,
            text,
        };
        let (draft, digest) = (self.draft_id(id), intent.text.digest());
        let body = if intent.text.forwards.is_some() {
            CommandBody::Forward { draft, digest }
        } else {
            CommandBody::Reply {
                draft,
                digest,
                token: 0,
                after: plan.after,
                quote: plan.quote,
                close: plan.close,
                send_at: plan.send_at,
            }
        };
        let command = self.command(id, body, last_seen);
        let reply = self.enqueue(command, Some(intent), Some(ticket));
        if let Some(item) = self.outbox.get_mut(reply) {
            item.undoable = true;
        }
        self.remember_undo(reply, id, cancel(reply));
        if !self.online() {
            self.leave_unattended(reply);
        }
    }

    /// The first step: what stands in the way is found out, then the draft is saved.
    pub(super) fn begin_reply(&mut self, reply: CommandId) {
        if let Some(why) = self.stands_in_the_way(reply) {
            self.hold(reply, why);
            return;
        }
        let Some(item) = self.outbox.get(reply) else { return };
        let Some(intent) = &item.intent else { return };
        let conversation = item.command.conversation;
        let text = intent.text.clone();
        let revision = self.next_revision(conversation);
        if let Some(item) = self.outbox.get_mut(reply) {
            item.stage = Stage::Saving(revision);
        }
        self.share(conversation, text, revision);
    }

    /// Why a reply nobody attends to any more must not leave by itself.
    fn stands_in_the_way(&self, reply: CommandId) -> Option<HeldReason> {
        let item = self.outbox.get(reply)?;
        let intent = item.intent.as_ref().filter(|intent| intent.unattended)?;
        let Some(state) = self.confirmed.get(&item.command.conversation) else {
            return Some(HeldReason::Refused { refusal: Refusal::Gone });
        };
        if self.now.since_ms(item.command.issued_at) >= INTENT_MS {
            return Some(HeldReason::TooOld);
        }
        if intent.text.forwards.is_some() {
            // It answers nobody: who wrote meanwhile, and whose it is, changes nothing about it.
            return None;
        }
        let newer = state
            .last_message
            .as_ref()
            .filter(|last| Some(last.id) != intent.last_message && last.by != Some(self.id.me));
        if let Some(last) = newer.filter(|last| last.direction != Direction::Inbound) {
            let refusal = Refusal::AlreadyAnswered {
                by: last.by,
                at: last.at,
            };
            return Some(HeldReason::Newer { refusal });
        }
        if state.owner != intent.owner && state.owner != Some(self.id.me) {
            return Some(HeldReason::OwnerChanged { owner: state.owner });
        }
        newer.map(|last| HeldReason::Newer {
            refusal: Refusal::NewerMessage { message: last.clone() },
        })
    }

    /// The second step: the draft is saved; with the lock in hand the reply goes.
    pub(super) fn reply_saved(&mut self, conversation: ConversationId, revision: u64, result: Result<(), ApiError>) {
        // A keystroke's save may still be under way before the reply's own.
        let saving = |item: &&Item| item.stage == Stage::Saving(revision);
        let Some(item) = self.outbox.of(conversation).find(saving) else {
            return;
        };
        let reply = item.command.id;
        let cover = item.intent.as_ref().is_some_and(|intent| intent.cover);
        let forwards = matches!(item.command.body, CommandBody::Forward { .. });
        if let Err(error) = result {
            self.reply_not_saved(reply, error);
        } else if forwards {
            self.submit_saved(reply);
        } else if self.my_token(conversation).is_some() {
            self.submit_reply(reply, conversation);
        } else {
            let asked = self.say_now(
                conversation,
                CommandBody::TakeLock { cover },
                None,
                Purpose::ReplyLock(reply),
            );
            if let Some(item) = self.outbox.get_mut(reply) {
                item.stage = asked.map_or(Stage::Waiting, Stage::Locking);
            }
        }
    }

    fn reply_not_saved(&mut self, reply: CommandId, error: ApiError) {
        let refusal = match error.code {
            ErrorCode::NotFound => Refusal::Gone,
            ErrorCode::TooLarge => Refusal::Invalid {
                field: "text".to_owned(),
                why: Invalid::TooLong,
            },
            ErrorCode::BadRequest | ErrorCode::DigestMismatch => Refusal::Invalid {
                field: "draft".to_owned(),
                why: Invalid::Unknown,
            },
            _ => {
                // The server can't take it just now. What it says itself is told to whoever waits; when nobody answers, as while it is
                // killed and the connection has not noticed yet, it waits like everything else that is done without a network.
                let says = self.online() && error.code != ErrorCode::Unreachable;
                let ticket = self.outbox.get(reply).and_then(|item| item.ticket);
                match ticket {
                    Some(ticket) if says => {
                        self.take_item(reply);
                        self.forget_undo(reply);
                        self.answer(Some(ticket), Told::Failed(error));
                    }
                    _ => {
                        let again_at = self.now.plus_ms(SHARE_AGAIN_MS);
                        if let Some(item) = self.outbox.get_mut(reply) {
                            item.stage = Stage::Waiting;
                            item.again_at = again_at;
                        }
                        self.leave_unattended(reply);
                        // Not again at once. If it was the network, a ping finds out.
                        if self.online() {
                            self.ping();
                        }
                    }
                }
                return;
            }
        };
        self.refuse(reply, refusal);
    }

    /// The third step, where the lock had to be asked for.
    pub(super) fn reply_lock_granted(&mut self, reply: CommandId, conversation: ConversationId) {
        if self.my_token(conversation).is_some() {
            self.submit_reply(reply, conversation);
        } else {
            let to = self
                .confirmed
                .get(&conversation)
                .and_then(|state| state.lock.as_ref())
                .map(|lock| lock.member);
            self.refuse(reply, Refusal::LockLost { to });
        }
    }

    fn submit_reply(&mut self, reply: CommandId, conversation: ConversationId) {
        let Some(token) = self.my_token(conversation) else {
            return;
        };
        let Some(item) = self.outbox.get_mut(reply) else { return };
        item.set_token(token);
        self.submit_saved(reply);
    }

    fn submit_saved(&mut self, reply: CommandId) {
        let Some(item) = self.outbox.get_mut(reply) else { return };
        item.stage = Stage::Submitted;
        let command = Box::new(item.command.clone());
        // On disk with its token first: after a crash the very same command is asked again.
        self.store_item(reply);
        self.say(baton_protocol::ClientMessage::Submit { command });
    }

    /// A reply that was said before the connection went, and whose lock has lapsed since: it was not accepted, so it may be
    /// tried once more from the start.
    pub(super) fn try_reply_again(&mut self, id: CommandId, refusal: &Refusal) -> bool {
        let lapsed = match refusal {
            Refusal::LockLost { .. } => true,
            Refusal::Invalid { field, .. } => field == "token",
            _ => false,
        };
        let Some(item) = self.outbox.get_mut(id) else {
            return false;
        };
        let unattended = item.intent.as_ref().is_some_and(|intent| intent.unattended);
        if !(lapsed && unattended && item.token() != 0 && !item.was_retried) {
            return false;
        }
        item.was_retried = true;
        item.set_token(0);
        item.stage = Stage::Waiting;
        let conversation = item.command.conversation;
        if let Some(fresh) = self.under_new_id(id) {
            self.forget_undo(id);
            self.remember_undo(fresh, conversation, cancel(fresh));
        }
        true
    }

    pub(super) fn reply_accepted(&mut self, item: &Item) {
        let Some(intent) = &item.intent else { return };
        let conversation = item.command.conversation;
        let digest = intent.text.digest();
        self.drop_draft_if(conversation, &digest);
        if self.drafts.text(conversation).is_none() {
            self.out.push(super::io::Effect::DeleteDraft(conversation));
        }
    }
}
