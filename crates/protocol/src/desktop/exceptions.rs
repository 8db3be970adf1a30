//! Exceptions: what left the usual path, and waits for a person to say how it goes on.

use baton_domain::{AccountId, Address, ConversationId, Correction, MemberId, MessageId, Outcome, Timestamp};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Something in a conversation that needs a person's decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Exception {
    /// Where.
    pub conversation: ConversationId,
    /// Its number for people.
    pub number: u32,
    /// The customer.
    pub contact: Address,
    /// Their company.
    pub company: Option<String>,
    /// What it is about.
    pub subject: String,
    /// Who owns it.
    pub owner: Option<MemberId>,
    /// Since when.
    pub at: Timestamp,
    /// What happened.
    pub what: ExceptionKind,
}

/// What left the usual path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ExceptionKind {
    /// Nobody can know whether this reply left: a person finds out and says so.
    Unknown {
        /// The reply.
        outbound: MessageId,
        /// Who wrote it.
        by: MemberId,
        /// The beginning of its text.
        text: String,
    },
    /// The provider refused this reply.
    Failed {
        /// The reply.
        outbound: MessageId,
        /// Who wrote it.
        by: MemberId,
        /// The beginning of its text.
        text: String,
        /// In the provider's words; empty where a person dropped it.
        reason: String,
    },
    /// This reply left and came back.
    Bounced {
        /// The reply.
        outbound: MessageId,
    },
    /// Nobody took it within the time it is to have an owner.
    Unassigned {
        /// The deadline.
        due: Timestamp,
    },
    /// Its escalation path is at its end, or had nobody to ask, and nobody has said that they have it.
    Escalated {
        /// Who is asked.
        asked: Vec<MemberId>,
    },
    /// It may be the same enquiry as an older one: a person merges the two, or says that they are not.
    Duplicate {
        /// The older one.
        other: ConversationId,
        /// Its number for people.
        number: u32,
        /// What that is about.
        subject: String,
    },
    /// The rules sent it somewhere, and within a business day a person changed that.
    Misrouted {
        /// What that rule is called now; `None` where no rule spoke, or it is gone.
        rule: Option<String>,
        /// What was changed.
        correction: Correction,
    },
    /// Its customer wrote again within a week of its end, and waits for an answer.
    Reopened {
        /// When it had been closed.
        closed_at: Timestamp,
        /// As what.
        outcome: Outcome,
    },
    /// It is open, nothing happens in it, and no date is to come.
    Stale {
        /// Since when.
        since: Timestamp,
    },
    /// Somebody answered from another mail program, and nobody owns the conversation.
    AnsweredOutside {
        /// Their answer.
        message: MessageId,
        /// The beginning of it.
        text: String,
    },
    /// Somebody of ours answered where nobody here can see it: the customer's message answers an answer that is not here.
    AnsweredUnseen {
        /// The customer's message.
        message: MessageId,
        /// The account it came through: its copies of sent mail do not arrive.
        account: Option<AccountId>,
        /// The Message-ID of the answer.
        header_id: String,
        /// The address of ours that the quote is attributed to.
        quoted_from: Option<String>,
    },
}
