//! Automatic replies: what an inbox answers by itself, and when it says nothing (RFC 3834).
//!
//! Such an answer to another machine is how mail loops begin, and one to a list reaches hundreds of strangers. So the rule looks for
//! reasons to be silent, and every silence has a name. An automatic reply is no answer: the customer waits as before, and what is
//! said of the conversation (owner, status, clocks, the reply lock) is what it was.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{
    Account, AccountMode, Address, Conversation, DAY_MS, Direction, InboxPolicy, MessageId, MessageKind, Outbound,
    OutboundState, Timestamp,
};

/// How long one sender gets no second automatic reply from an inbox (RFC 3834, 2: "once in several days"), in milliseconds.
pub const AUTO_REPLY_ONCE_MS: i64 = 7 * DAY_MS;

/// A message that reaches us later than this after it arrived gets none: what it would say is not true of that time any more.
const STALE_MS: i64 = DAY_MS;

/// The longest text of an automatic reply, in characters.
pub const AUTO_REPLY_CHARS: usize = 4_000;

/// Which automatic reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum AutoReplyKind {
    /// In business hours: what began a conversation has arrived.
    Acknowledgement,
    /// Outside of them: it has arrived, and nobody is there.
    OutOfHours,
}

/// One text an inbox can answer with by itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AutoReplyText {
    /// Whether it is sent.
    pub on: bool,
    /// What it says, plain. It is kept while it is off.
    pub text: String,
}

/// The language of the line that says that a reply is automatic.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, TS, utoipa::ToSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum AutoReplyLanguage {
    /// English.
    #[default]
    En,
    /// German.
    De,
    /// Spanish.
    Es,
}

impl AutoReplyLanguage {
    /// The line below every automatic reply. Nobody can leave it out: whoever reads it is to know that no person answered yet.
    #[must_use]
    pub const fn line(self) -> &'static str {
        match self {
            Self::En => "This is an automatic reply.",
            Self::De => "Dies ist eine automatische Antwort.",
            Self::Es => "Esta es una respuesta automática.",
        }
    }
}

/// What an inbox answers by itself. Without it, nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AutoReplies {
    /// In business hours, to whoever begins a conversation.
    #[serde(default)]
    pub acknowledgement: AutoReplyText,
    /// Outside business hours, to whoever writes.
    #[serde(default)]
    pub out_of_hours: AutoReplyText,
    /// The language of the line below them.
    #[serde(default)]
    pub language: AutoReplyLanguage,
}

impl AutoReplies {
    /// Whether anything is ever sent.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.acknowledgement.on || self.out_of_hours.on
    }

    /// The text for one kind.
    #[must_use]
    pub const fn of(&self, kind: AutoReplyKind) -> &AutoReplyText {
        match kind {
            AutoReplyKind::Acknowledgement => &self.acknowledgement,
            AutoReplyKind::OutOfHours => &self.out_of_hours,
        }
    }

    /// What the customer reads.
    #[must_use]
    pub fn letter(&self, kind: AutoReplyKind) -> String {
        format!("{}\n\n{}", self.of(kind).text.trim(), self.language.line())
    }
}

/// Why a message got no automatic reply.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    TS,
    utoipa::ToSchema,
    thiserror::Error,
)]
#[serde(rename_all = "camelCase")]
pub enum Silence {
    /// A machine wrote it.
    #[error("a machine wrote it")]
    Automatic,
    /// Its return path is empty or missing: there is nobody to answer.
    #[error("it has no return path")]
    NullSender,
    /// It came through a list, or went to many.
    #[error("it came through a list or went to many")]
    Bulk,
    /// A filter on its way took it for spam.
    #[error("a filter took it for spam")]
    Spam,
    /// Its sender's program asked for silence.
    #[error("its sender asked for no automatic answers")]
    Suppressed,
    /// Nobody reads behind its sender's address.
    #[error("nobody reads behind its sender's address")]
    Machine,
    /// We wrote it ourselves.
    #[error("it is our own")]
    Own,
    /// None of our addresses stands in To or Cc.
    #[error("it was not addressed to us")]
    NotToUs,
    /// Its sender was answered within the week.
    #[error("its sender was answered within the week")]
    AnsweredLately,
    /// It can't be read.
    #[error("it can't be read")]
    Unreadable,
    /// The inbox answers nothing by itself at this time of the week.
    #[error("the inbox sends none at this time")]
    Off,
    /// It was there before the account was connected, or was found again.
    #[error("it is history")]
    History,
    /// It reached us more than a day after it had arrived.
    #[error("it reached us too late")]
    Late,
    /// It is not the newest message of its conversation.
    #[error("something newer is there")]
    NotNewest,
    /// The conversation is over: spam, filed away, or another's.
    #[error("the conversation is over")]
    Over,
    /// It goes on with a conversation, which in business hours is not acknowledged.
    #[error("it goes on with a conversation")]
    NotTheFirst,
    /// Somebody of ours has written in this conversation since the team's hours ended.
    #[error("somebody is at work on it")]
    AtWork,
    /// The account is only watched.
    #[error("the account sends nothing")]
    Watched,
}

/// What is known of a message that may get an automatic reply.
#[derive(Debug, Clone, Copy)]
pub struct AutoReplyFacts<'a> {
    /// Which message.
    pub message: MessageId,
    /// When it arrived in the mailbox.
    pub arrived: Timestamp,
    /// False for history.
    pub live: bool,
    /// Its return path, where a machine may answer there.
    pub to: Result<&'a Address, Silence>,
    /// When that address last got an automatic reply from this inbox.
    pub last: Option<Timestamp>,
}

/// Which automatic reply a message gets, judged right after it was received, or why none.
///
/// # Errors
/// The reason for silence.
pub fn auto_reply_due(
    state: &Conversation,
    policy: &InboxPolicy,
    account: Option<&Account>,
    facts: AutoReplyFacts<'_>,
    now: Timestamp,
) -> Result<AutoReplyKind, Silence> {
    let replies = policy
        .auto_replies
        .as_ref()
        .filter(|replies| replies.is_on())
        .ok_or(Silence::Off)?;
    if !facts.live {
        return Err(Silence::History);
    }
    facts.to?;
    let newest = state.last_message.as_ref().filter(|last| last.id == facts.message);
    let newest = newest.ok_or(Silence::NotNewest)?;
    match (newest.direction, newest.kind) {
        (Direction::Outbound | Direction::Outside, _) => return Err(Silence::Own),
        (Direction::Inbound, MessageKind::AutoReply | MessageKind::Bounce) => return Err(Silence::Automatic),
        (Direction::Inbound, MessageKind::Bulk) => return Err(Silence::Bulk),
        (Direction::Inbound, MessageKind::Human) => {}
    }
    if state.status.is_over() || state.merged.is_some() {
        return Err(Silence::Over);
    }
    if account.is_none_or(|account| account.mode == AccountMode::Watch) {
        return Err(Silence::Watched);
    }
    if now.since_ms(facts.arrived) > STALE_MS {
        return Err(Silence::Late);
    }
    let kind = if policy.calendar.is_open(now) {
        AutoReplyKind::Acknowledgement
    } else {
        AutoReplyKind::OutOfHours
    };
    if !replies.of(kind).on {
        return Err(Silence::Off);
    }
    match kind {
        AutoReplyKind::Acknowledgement if state.messages != 1 || state.split.is_some() => {
            return Err(Silence::NotTheFirst);
        }
        AutoReplyKind::OutOfHours if written_after_hours(state, policy, now) => return Err(Silence::AtWork),
        AutoReplyKind::Acknowledgement | AutoReplyKind::OutOfHours => {}
    }
    if facts.last.is_some_and(|last| now.since_ms(last) < AUTO_REPLY_ONCE_MS) {
        return Err(Silence::AnsweredLately);
    }
    Ok(kind)
}

/// Whether somebody of ours answered here since the team went home: then "nobody is there" would be a lie.
fn written_after_hours(state: &Conversation, policy: &InboxPolicy, now: Timestamp) -> bool {
    let left = |outbound: &&Outbound| {
        !outbound.is_aside()
            && !outbound.scheduled()
            && !matches!(
                outbound.state,
                OutboundState::Cancelled { .. } | OutboundState::Failed { .. }
            )
    };
    let last = state.outbound.iter().filter(left).map(Outbound::date).max();
    last.is_some_and(|last| !policy.calendar.is_open(last) && policy.calendar.business_between(last, now) == 0)
}
