//! What goes into the engine, and what comes out.

use baton_domain::{
    AfterReply, BlobId, CommandBody, CommandId, ConversationId, DraftText, MessageId, Money, Outcome, Timestamp,
};
use baton_protocol::{
    Acted, ApiError, Balance, ClientMessage, Composed, ConversationWithEntries, Draft, HeldResolution, Settings,
    UiEvent,
};
use baton_store::replica::Batch;

use super::wire::Incoming;
use crate::{Badge, Notification};

/// Whoever waits for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// What became of fetching a conversation.
#[derive(Debug, Clone)]
pub enum Fetched {
    /// Its state and log.
    Here(Box<ConversationWithEntries>),
    /// It is not there, or not mine to read.
    Gone,
    /// It could not be had, or not be understood.
    Unreached,
}

/// What happened.
#[derive(Debug, Clone)]
pub enum Input {
    /// The desktop started.
    Started,
    /// A connection stands; nothing was said on it yet.
    Connected,
    /// There is no connection.
    Disconnected {
        /// Why, when it is known.
        error: Option<ApiError>,
        /// When the next attempt is made, by this computer's clock.
        next: Timestamp,
    },
    /// The server said something.
    Server(Box<Incoming>),
    /// The person asks for something.
    Ui {
        /// Who waits for the answer.
        ticket: Ticket,
        /// What is asked.
        ask: Box<Ask>,
    },
    /// What became of [`Effect::SaveDraft`].
    DraftSaved {
        /// Whose draft.
        conversation: ConversationId,
        /// Which save.
        revision: u64,
        /// What became of it.
        result: Result<(), ApiError>,
    },
    /// What became of [`Effect::Refetch`].
    Refetched {
        /// Which.
        conversation: ConversationId,
        /// Its state and log, or why not.
        found: Fetched,
    },
    /// A draft of mine was found on the server: perhaps another device of mine wrote it.
    DraftFound(Box<Draft>),
    /// A button of a notification was pressed.
    Pressed {
        /// Of which notification.
        key: String,
        /// Which button.
        action: String,
    },
    /// An account's balance was fetched.
    Balance(Balance),
    /// Time has passed.
    Tick,
}

/// How a draft is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendPlan {
    /// What happens after it.
    pub after: AfterReply,
    /// As a quote.
    pub quote: Option<Money>,
    /// Close with it.
    pub close: Option<Outcome>,
    /// When it leaves, where that is not at once.
    pub send_at: Option<Timestamp>,
}

/// What a person asks of the engine.
#[derive(Debug, Clone)]
pub enum Ask {
    /// Do something in a conversation.
    Act {
        /// Where.
        conversation: ConversationId,
        /// What.
        body: CommandBody,
        /// The newest message on screen.
        last_seen: Option<MessageId>,
    },
    /// Take my last act back.
    Undo,
    /// What is on screen.
    Looking {
        /// Which conversation; `None` for none.
        conversation: Option<ConversationId>,
        /// The newest message that was on screen for a second.
        seen: Option<MessageId>,
    },
    /// The draft as typed.
    Compose {
        /// Where.
        conversation: ConversationId,
        /// What it says now.
        draft: DraftText,
        /// In the owner's place.
        cover: bool,
    },
    /// Throw the draft away.
    Discard {
        /// Where.
        conversation: ConversationId,
    },
    /// Send the draft.
    Send {
        /// Where.
        conversation: ConversationId,
        /// How.
        plan: SendPlan,
        /// The newest message on screen.
        last_seen: Option<MessageId>,
    },
    /// Choose a way out for a held action.
    ResolveHeld {
        /// Which.
        id: CommandId,
        /// What.
        how: HeldResolution,
    },
    /// Go on with the daily review, or begin it.
    Review {
        /// Begin a new one.
        anew: bool,
    },
    /// End it.
    SignOffReview,
    /// Choose settings.
    SaveSettings(Settings),
}

/// The answer to an [`Ask`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// To acting, undoing, sending and resolving.
    Acted(Acted),
    /// To composing.
    Composed(Composed),
    /// To everything that has no result.
    Done,
    /// It could not be carried out at all; nothing is lost.
    Failed(ApiError),
}

/// Why there is nothing more to say to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The session ended: the person signs in again, and what waits is kept.
    SignedOut,
    /// The member left the team: the replica goes.
    MemberRemoved,
}

/// What is to be done, in order. Everything after a [`Effect::Persist`] waits until that is durable.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Write this in one transaction.
    Persist(Box<Batch>),
    /// Say this to the server; where there is no connection it is dropped, and the engine will hear of that.
    Send(Box<ClientMessage>),
    /// Drop the connection and make a new one, at once.
    Reconnect,
    /// Try to connect now rather than later: the person is waiting.
    Hurry,
    /// Save a draft on the server, its files first.
    SaveDraft {
        /// The draft.
        draft: Box<Draft>,
        /// The files it names.
        files: Vec<BlobId>,
    },
    /// Remove the draft from the server.
    DeleteDraft(ConversationId),
    /// Fetch a conversation's state and log as they are now.
    Refetch(ConversationId),
    /// Fetch the accounts' balances.
    FetchBalances,
    /// All is up to date: bodies may be fetched.
    FetchBodies,
    /// Conversations are not read here any more: their bodies go.
    LetGoOfBodies,
    /// Tell the window.
    Emit(UiEvent),
    /// Show a native notification. It was recorded as shown before.
    Notify(Notification),
    /// Take a notification away.
    Withdraw(String),
    /// How many conversations need me.
    Badge(Badge),
    /// Answer whoever waits.
    Answer(Ticket, Told),
    /// The connection has ended for good.
    End(End),
    /// Come back at this instant, by this computer's clock, unless something happens before.
    WakeAt(Timestamp),
}
