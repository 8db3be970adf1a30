//! Bugs put in on purpose, at the edges of the real machines. A simulator that does not find them could not find others.

/// A planted bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Planted {
    /// What a desktop says arrives a second time, under a new id.
    TwiceUnderNewId,
    /// The host offers a body without committing the fence.
    NoFence,
    /// A host that starts again sends what was on its way.
    SendsAgain,
    /// A command counts as made on the newest message, whatever its author saw.
    NewerIgnored,
    /// A frame lacks an entry.
    Gap,
    /// Everybody is told everything.
    ScopeLeak,
    /// A desktop that starts again reads what waits to be said the wrong way round.
    OutOfOrder,
    /// An answer is given before the disk has it.
    EarlyAnswer,
    /// A desktop's disk forgets what waits to be said.
    OutboxLost,
    /// A host passes over an item of the mailbox.
    MailSkipped,
    /// Deadlines are not looked at.
    Overslept,
    /// Who replies is not looked up when somebody loses the right to.
    RightsKept,
    /// Nobody looks whether a host is still one.
    StaleHost,
    /// A server goes by the turns it read once.
    TurnsKept,
    /// Nobody is told that a conversation went to another inbox.
    MoveUntold,
    /// A server does not know that a conversation goes on in another.
    MergeForgotten,
    /// That somebody has it is told to everybody, and not kept where the next step is looked up.
    AcknowledgementLost,
    /// A server decides by what it knew itself, and learns nothing from what the others appended.
    OthersUnread,
    /// A customer's answer leaves the follow-up as it was.
    FollowUpKept,
    /// A lost answer of the provider counts as a refusal for now.
    LostAnswerTriedAgain,
    /// A server that had to wait for the head decides by what it read before it had it.
    DecidedBefore,
    /// A reply is said under a lock that was given back long ago, and nobody looks whether it still stands.
    TokenUsedAgain,
    /// A host that stood still goes on with the message it had in its hands, whoever is host now.
    SuspendedSends,
    /// Closing counts as done on the newest message, whatever its author saw.
    ClosedUnseen,
    /// A breach is noted for the moment it was noticed.
    BreachAtTick,
    /// After a power cut the queue is the one of before: what had left waits in it again.
    QueueRestored,
    /// What is merged into another brings no clocks along.
    WaitForgotten,
    /// Whom an inbox answered by itself is not found again.
    AnsweredForgotten,
}

impl Planted {
    /// All of them.
    pub const ALL: [Self; 28] = [
        Self::TwiceUnderNewId,
        Self::NoFence,
        Self::SendsAgain,
        Self::NewerIgnored,
        Self::Gap,
        Self::ScopeLeak,
        Self::OutOfOrder,
        Self::EarlyAnswer,
        Self::OutboxLost,
        Self::MailSkipped,
        Self::Overslept,
        Self::RightsKept,
        Self::StaleHost,
        Self::TurnsKept,
        Self::MoveUntold,
        Self::MergeForgotten,
        Self::AcknowledgementLost,
        Self::OthersUnread,
        Self::FollowUpKept,
        Self::LostAnswerTriedAgain,
        Self::DecidedBefore,
        Self::TokenUsedAgain,
        Self::SuspendedSends,
        Self::ClosedUnseen,
        Self::BreachAtTick,
        Self::QueueRestored,
        Self::WaitForgotten,
        Self::AnsweredForgotten,
    ];

    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TwiceUnderNewId => "twice-under-new-id",
            Self::NoFence => "no-fence",
            Self::SendsAgain => "sends-again",
            Self::NewerIgnored => "newer-ignored",
            Self::Gap => "gap",
            Self::ScopeLeak => "scope-leak",
            Self::OutOfOrder => "out-of-order",
            Self::EarlyAnswer => "early-answer",
            Self::OutboxLost => "outbox-lost",
            Self::MailSkipped => "mail-skipped",
            Self::Overslept => "overslept",
            Self::RightsKept => "rights-kept",
            Self::StaleHost => "stale-host",
            Self::TurnsKept => "turns-kept",
            Self::MoveUntold => "move-untold",
            Self::MergeForgotten => "merge-forgotten",
            Self::AcknowledgementLost => "acknowledgement-lost",
            Self::OthersUnread => "others-unread",
            Self::FollowUpKept => "follow-up-kept",
            Self::LostAnswerTriedAgain => "lost-answer-tried-again",
            Self::DecidedBefore => "decided-before",
            Self::TokenUsedAgain => "token-used-again",
            Self::SuspendedSends => "suspended-sends",
            Self::ClosedUnseen => "closed-unseen",
            Self::BreachAtTick => "breach-at-tick",
            Self::QueueRestored => "queue-restored",
            Self::WaitForgotten => "wait-forgotten",
            Self::AnsweredForgotten => "answered-forgotten",
        }
    }
}

impl std::str::FromStr for Planted {
    type Err = String;
    fn from_str(name: &str) -> Result<Self, String> {
        let known = || Self::ALL.map(Self::name).join(", ");
        Self::ALL
            .into_iter()
            .find(|bug| bug.name() == name)
            .ok_or_else(|| format!("no such bug; there are: {}", known()))
    }
}
