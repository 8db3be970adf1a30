//! What became of an act, of a keystroke, and of what was held.

use baton_domain::{
    Address, CommandBody, CommandId, ConversationId, DraftText, MemberId, OutgoingFile, Refusal, Timestamp,
};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What became of an act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Acted {
    /// Done.
    Done {
        /// The command, for undo.
        command: CommandId,
        /// Whether `undo` can take it back.
        undoable: bool,
        /// For a reply: until when it can be taken back.
        undo_until: Option<Timestamp>,
    },
    /// It waits for the network; what can be foreseen shows already.
    Pending {
        /// The command.
        command: CommandId,
    },
    /// Refused, with the reason; nothing is lost.
    Refused {
        /// Why.
        refusal: Refusal,
    },
}

/// What became of a conversation I wanted to begin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Begun {
    /// It is mine, and can be opened.
    Done {
        /// Which.
        conversation: ConversationId,
    },
    /// Refused, with the reason.
    Refused {
        /// Why.
        refusal: Refusal,
    },
}

/// What became of a keystroke in the composer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Composed {
    /// Whether the text is safe on this computer.
    pub saved: bool,
    /// Who may send.
    pub lock: ComposeLock,
}

/// A message that is to be passed on: what the draft quotes, and the files that go along.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Forwarding {
    /// Its author.
    pub from: Address,
    /// To whom it went.
    pub to: Vec<Address>,
    /// Copies.
    pub cc: Vec<Address>,
    /// Its date.
    pub at: Timestamp,
    /// Its subject line.
    pub subject: String,
    /// The same without what answering and forwarding put before it, in any language.
    pub bare_subject: String,
    /// Its whole text.
    pub text: String,
    /// Its files, ready to go out with the draft.
    pub files: Vec<OutgoingFile>,
}

/// Who may send what is typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ComposeLock {
    /// Nothing typed yet, nobody.
    None,
    /// Me.
    Mine,
    /// Asked for; the answer comes as a change.
    Asked,
    /// Somebody else: I can suggest, or ask for it.
    Theirs {
        /// Why I can't.
        refusal: Refusal,
    },
    /// Unknown while offline: it is taken when the network is back.
    Offline,
}

/// An action that was refused after the person had moved on, or a reply that was held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Held {
    /// The command.
    pub id: CommandId,
    /// Where.
    pub conversation: ConversationId,
    /// Its number for people.
    pub number: u32,
    /// What it is about.
    pub subject: String,
    /// What was asked.
    pub body: CommandBody,
    /// The text of a reply.
    pub draft: Option<DraftText>,
    /// Why it was held.
    pub why: HeldReason,
    /// When its author acted.
    pub issued_at: Timestamp,
}

/// Why an action was held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum HeldReason {
    /// The server refused it.
    Refused {
        /// Why.
        refusal: Refusal,
    },
    /// Written offline, and the conversation changed hands meanwhile.
    OwnerChanged {
        /// Who has it.
        owner: Option<MemberId>,
    },
    /// Written offline, and something was written meanwhile.
    Newer {
        /// What.
        refusal: Refusal,
    },
    /// Written offline more than a day ago.
    TooOld,
    /// An earlier action of mine in the same conversation was refused.
    Behind {
        /// Which.
        command: CommandId,
    },
}

/// The three ways out of the held list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum HeldResolution {
    /// Do it all the same, on what is known now.
    Retry,
    /// Keep the text as a note.
    MakeNote,
    /// Drop it.
    Discard,
}

/// An action that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PendingAction {
    /// The command.
    pub id: CommandId,
    /// What was asked.
    pub body: CommandBody,
    /// When.
    pub issued_at: Timestamp,
}
