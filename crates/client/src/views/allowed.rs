//! What a person may do in a conversation, for greying out. The same rules answer as on the server, which decides.

use baton_domain::{
    Actor, Capability, Command, CommandBody, CommandId, Context, Conversation, ConversationId, DeviceId, Event,
    HandoffContext, Inbox, InboxId, Invalid, Member, MemberId, Refusal, Timestamp, decide,
};
use baton_protocol::{Action, Allowed};
use uuid::Uuid;

/// What a question about the rules is asked with.
#[derive(Debug, Clone, Copy)]
pub struct Judge<'a> {
    /// Who asks.
    pub me: MemberId,
    /// From which device.
    pub device: DeviceId,
    /// The conversation as shown.
    pub conversation: &'a Conversation,
    /// Everything else that matters.
    pub context: &'a Context<'a>,
}

impl Judge<'_> {
    /// What `body` would lead to now, with everything on screen seen.
    ///
    /// # Errors
    /// Why it would be refused.
    pub fn outcome(&self, body: CommandBody) -> Result<Vec<Event>, Refusal> {
        let command = Command {
            id: CommandId(Uuid::nil()),
            actor: Actor::Member { id: self.me },
            device: self.device,
            conversation: self.conversation.id,
            issued_at: self.context.now,
            last_seen: self.conversation.last_message.as_ref().map(|last| last.id),
            based_on: None,
            body,
        };
        decide(Some(self.conversation), &command, self.context)
    }

    fn answer(&self, action: Action) -> Option<Refusal> {
        let now = self.context.now;
        let colleague = assignable(self.context.inbox, self.context.members.values(), now)
            .into_iter()
            .find(|member| Some(*member) != self.conversation.owner)
            .unwrap_or(self.me);
        let words = || "·".to_owned();
        let context = || {
            Some(HandoffContext {
                happened: words(),
                promised: None,
                next_step: words(),
            })
        };
        let body = match action {
            Action::Claim => CommandBody::Claim,
            Action::Assign => CommandBody::Assign {
                to: colleague,
                context: context(),
            },
            Action::Release => CommandBody::Release,
            Action::Route => CommandBody::Route,
            Action::HandOff => CommandBody::HandOff {
                to: colleague,
                context: context(),
            },
            Action::Reply => CommandBody::TakeLock { cover: false },
            Action::Cover => CommandBody::TakeLock { cover: true },
            Action::Note => CommandBody::AddNote {
                text: words(),
                mentions: Vec::new(),
            },
            Action::Snooze => CommandBody::Snooze {
                until: Some(now),
                zone: None,
                reason: None,
            },
            Action::FollowUp => CommandBody::ScheduleFollowUp {
                due: now,
                zone: None,
                text: None,
            },
            Action::Close => CommandBody::Close {
                outcome: None,
                reason: None,
            },
            Action::Reopen => CommandBody::Reopen,
            Action::NoReplyNeeded => CommandBody::NoReplyNeeded,
            Action::NotALead => CommandBody::NotALead,
            Action::Block => CommandBody::Block {
                on: Some(self.me),
                address: None,
                text: words(),
            },
            Action::Escalate => CommandBody::Escalate { reason: words() },
            Action::Acknowledge => CommandBody::AcknowledgeEscalation,
            Action::Move => match movable(self.me, self.conversation, self.context).first() {
                Some(inbox) => CommandBody::MoveToInbox {
                    inbox: *inbox,
                    owner: None,
                },
                None => {
                    return Some(Refusal::NotPermitted {
                        needs: Capability::Assign,
                        inbox: None,
                    });
                }
            },
            Action::Merge => match self.any_other() {
                Some(into) => CommandBody::Merge { into },
                None => return Some(not_now()),
            },
            Action::Unmerge => CommandBody::Unmerge { from: None },
            // Something has to stay, and what came with another conversation is taken out with that.
            Action::Split if own_messages(self.conversation) < 2 => return Some(not_now()),
            Action::Split => CommandBody::Split { messages: Vec::new() },
            Action::TakeOver => CommandBody::TakeOver,
            Action::Suggest => CommandBody::SuggestDraft { text: words() },
        };
        match self.outcome(body) {
            // The wish is true already: no refusal for whoever asks, and nothing to offer.
            Ok(events) if events.is_empty() && !matches!(action, Action::Reply | Action::Cover) => Some(not_now()),
            Ok(_) if action == Action::TakeOver && !self.somebody_else_replies() => Some(not_now()),
            // What is merely not filled in yet is asked for in place.
            Ok(_) | Err(Refusal::NeedsOutcome | Refusal::NeedsHandoffContext | Refusal::MissingFields { .. }) => None,
            Err(Refusal::Invalid {
                why: Invalid::Empty, ..
            }) if action == Action::Split => None,
            Err(refusal) => Some(refusal),
        }
    }

    /// Some conversation that this one could be merged into, as far as that one is concerned.
    fn any_other(&self) -> Option<ConversationId> {
        let me = self.context.members.get(&self.me)?;
        let over = self.conversation.status.is_over();
        let works_in = |inbox: InboxId| {
            let held = self.context.inboxes.get(&inbox).map(|inbox| inbox.capabilities_of(me));
            let along = inbox == self.conversation.inbox;
            held.is_some_and(|held| held.contains(&Capability::Work) && (along || held.contains(&Capability::Assign)))
        };
        let free = |other: &&Conversation| {
            let busy = other.lock.is_some() || other.outbound.iter().any(|outbound| !outbound.settled());
            other.merged.is_none() && (over || !other.status.is_over()) && !busy && works_in(other.inbox)
        };
        let mut others = self
            .context
            .others
            .values()
            .filter(|other| other.id != self.conversation.id);
        let (mut here, mut elsewhere) = (None, None);
        for other in others.by_ref().filter(free) {
            if other.inbox == self.conversation.inbox {
                here = Some(other.id);
                break;
            }
            elsewhere = elsewhere.or(Some(other.id));
        }
        here.or(elsewhere)
    }

    fn somebody_else_replies(&self) -> bool {
        self.conversation
            .lock
            .as_ref()
            .is_some_and(|lock| lock.member != self.me)
    }
}

fn not_now() -> Refusal {
    Refusal::Invalid {
        field: "body".to_owned(),
        why: Invalid::NotNow,
    }
}

/// How many messages came in it, without those of what was merged into it.
fn own_messages(conversation: &Conversation) -> u32 {
    let theirs = conversation.absorbed.iter().map(|absorbed| absorbed.part.messages);
    conversation.messages.saturating_sub(theirs.sum())
}

const ACTIONS: [Action; 23] = [
    Action::Claim,
    Action::Assign,
    Action::Release,
    Action::Route,
    Action::HandOff,
    Action::Reply,
    Action::Cover,
    Action::Note,
    Action::Snooze,
    Action::FollowUp,
    Action::Close,
    Action::Reopen,
    Action::NoReplyNeeded,
    Action::NotALead,
    Action::Block,
    Action::Escalate,
    Action::Acknowledge,
    Action::Move,
    Action::Merge,
    Action::Split,
    Action::Unmerge,
    Action::TakeOver,
    Action::Suggest,
];

/// Every action with why not, where not. A conversation this version does not understand offers none.
#[must_use]
pub fn allowed(judge: &Judge<'_>, update_needed: bool) -> Vec<Allowed> {
    ACTIONS
        .into_iter()
        .map(|action| Allowed {
            action,
            refusal: if update_needed {
                Some(Refusal::UpdateNeeded)
            } else {
                judge.answer(action)
            },
        })
        .collect()
}

/// The inboxes somebody may move a conversation to, by name.
#[must_use]
pub fn movable(me: MemberId, conversation: &Conversation, context: &Context<'_>) -> Vec<InboxId> {
    let Some(me) = context.members.get(&me) else {
        return Vec::new();
    };
    let open = |inbox: &&Inbox| {
        let held = inbox.capabilities_of(me);
        held.contains(&Capability::Read) && held.contains(&Capability::Assign)
    };
    let others = context.inboxes.values().filter(|inbox| inbox.id != conversation.inbox);
    let mut others: Vec<&Inbox> = others.filter(open).collect();
    others.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
    others.into_iter().map(|inbox| inbox.id).collect()
}

/// Who may be given a conversation of this inbox now.
#[must_use]
pub fn assignable<'a>(inbox: &Inbox, members: impl Iterator<Item = &'a Member>, now: Timestamp) -> Vec<MemberId> {
    members
        .filter(|member| member.available(now))
        .filter(|member| inbox.capabilities_of(member).contains(&Capability::Work))
        .map(|member| member.id)
        .collect()
}
