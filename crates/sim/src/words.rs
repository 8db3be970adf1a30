//! A life in sentences, for whoever has to find out what went wrong: who did what, what was refused and why, what broke.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use baton_domain::{
    AfterReply, CommandBody, ConversationId, Event, LockEnd, LogBody, LogEntry, MemberId, OwnerChange, Refusal,
    Settlement,
};

use crate::cast::Cast;
use crate::tally::kind;

/// What was said so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Transcript {
    silent: bool,
    text: String,
    numbers: BTreeMap<ConversationId, u32>,
}

impl Transcript {
    /// One that keeps nothing: most lives are read by nobody.
    #[must_use]
    pub fn silent() -> Self {
        Self {
            silent: true,
            ..Self::default()
        }
    }

    /// Whether it keeps nothing.
    #[must_use]
    pub const fn is_silent(&self) -> bool {
        self.silent
    }

    /// Adds a line.
    pub fn line(&mut self, at: &str, words: &str) {
        // Writing to a text does not fail.
        let _ = writeln!(self.text, "{at}  {words}");
    }

    /// Adds what an entry of the log says.
    pub fn entry(&mut self, cast: &Cast, entry: &LogEntry) {
        let LogBody::Conversation { conversation, event } = &entry.body else {
            return;
        };
        if self.silent {
            return;
        }
        if let Event::Created { number, .. } = event {
            self.numbers.insert(*conversation, *number);
        }
        let number = self.numbers.get(conversation).copied().unwrap_or(0);
        let who = entry.actor.member().map_or("Baton", |member| cast.name(member));
        let words = happened(cast, event);
        let at = cast.clock(entry.at);
        let _ = writeln!(self.text, "{at}    [{}] #{number} {who}: {words}", entry.number);
    }

    /// All of it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The last lines: what led to the end.
    #[must_use]
    pub fn tail(&self, lines: usize) -> String {
        let all: Vec<&str> = self.text.lines().collect();
        let from = all.len().saturating_sub(lines);
        all.get(from..).unwrap_or_default().join("\n")
    }
}

fn names(cast: &Cast, members: &BTreeSet<MemberId>) -> String {
    let names: Vec<&str> = members.iter().map(|member| cast.name(*member)).collect();
    if names.is_empty() {
        "nobody".to_owned()
    } else {
        names.join(", ")
    }
}

fn happened(cast: &Cast, event: &Event) -> String {
    match event {
        Event::Created { subject, contact, .. } => format!("{subject:?} of {} begins", contact.email),
        Event::MessageReceived { message, .. } => format!("{} ({})", message.subject, kind(&message.kind)),
        Event::OutsideReply { message, .. } => format!("answered outside Baton: {}", message.subject),
        Event::OwnerChanged {
            owner: Some(owner),
            how,
            ..
        } => {
            let how = match how {
                OwnerChange::Claimed => "claimed",
                OwnerChange::Replied => "by replying",
                OwnerChange::Assigned => "assigned",
                OwnerChange::Routed => "by the rules",
                OwnerChange::Released => "given back",
                OwnerChange::HandedOff => "handed over",
                OwnerChange::Reopened => "it came back",
                OwnerChange::Split => "it was split off what they own",
                OwnerChange::Merged => "what was merged into it was theirs",
                OwnerChange::Filed => "it lies in their folder",
                OwnerChange::Left => "its owner may not work here any more",
            };
            format!("{} owns it now ({how})", cast.name(*owner))
        }
        Event::Escalated { asked, .. } => format!("asked of {}", names(cast, asked)),
        Event::Told { name, members, .. } => format!("{name} tells {} of it", names(cast, members)),
        Event::EscalationPassedOn { asked, .. } => format!("nobody answered: passed on to {}", names(cast, asked)),
        Event::EscalationAcknowledged { by } => format!("{} has it", cast.name(*by)),
        Event::EscalationEnded { how, .. } => format!("nobody is asked any more: {}", kind(how)),
        Event::MovedOut { .. } => "moved to another inbox".to_owned(),
        Event::MovedIn { .. } => "came from another inbox".to_owned(),
        Event::OwnerChanged { owner: None, .. } => "nobody owns it now".to_owned(),
        Event::SplitOff { messages, number, .. } => format!("{} of it go on as #{number}", messages.len()),
        Event::SplitFrom { number, .. } => format!("split off #{number}"),
        Event::HandoffOffered { offer } => format!("offered to {}", cast.name(offer.to)),
        Event::HandoffEnded { how, .. } => format!("the offer ended: {}", kind(how)),
        Event::StatusNamed { status, .. } => {
            let named = status.as_ref().map_or("as usual", |status| status.0.as_str());
            format!("called {named}")
        }
        Event::StatusChanged { status, cause } => format!("{} ({})", kind(status), kind(cause)),
        Event::LockGranted { member, cover, .. } => {
            format!(
                "{} is replying{}",
                cast.name(*member),
                if *cover { " for the owner" } else { "" }
            )
        }
        Event::LockReleased { why } => match why {
            LockEnd::Sent => "the reply was sent, the lock is free".to_owned(),
            why => format!("the lock is free: {}", kind(why)),
        },
        Event::LockRequested { by } => format!("{} asks for the reply", cast.name(*by)),
        Event::ReplyQueued { outbound } => {
            let after = match &outbound.after {
                AfterReply::FollowUpIfNoAnswer { .. } => "follow up if no answer",
                AfterReply::IOwe { .. } => "something is owed",
                AfterReply::NothingMore => "nothing more",
            };
            let who = if outbound.automatic.is_some() {
                "an automatic reply"
            } else {
                "it"
            };
            format!("{:?}: {who} is to leave ({after})", outbound.draft.subject)
        }
        Event::OutboundSending { attempt, .. } => format!("attempt {attempt} passes the fence"),
        Event::OutboundRescheduled { .. } => "to leave at another time".to_owned(),
        Event::OutboundReturned { reason, .. } => format!("queued again: {reason}"),
        Event::OutboundSent { reply, .. } => format!("delivered: {reply}"),
        Event::OutboundFailed { reason, .. } => format!("not delivered: {reason}"),
        Event::OutboundUnknown { reason, .. } => format!("in doubt: {reason}"),
        Event::OutboundSettled { how, .. } => match how {
            Settlement::Delivered => "settled: it was delivered".to_owned(),
            Settlement::SendAgain => "settled: send again".to_owned(),
            Settlement::Drop => "settled: dropped".to_owned(),
        },
        Event::OutboundCancelled { why, .. } => format!("did not leave: {}", kind(why)),
        Event::NoteAdded { text, .. } => format!("notes {text:?}"),
        Event::Closed { closing } => format!("closed: {}", kind(&closing.outcome)),
        Event::CameDue { what, .. } => format!("due: {}", kind(what)),
        other => kind(other),
    }
}

/// What was asked, as a verb.
#[must_use]
pub fn asked(cast: &Cast, body: &CommandBody) -> String {
    match body {
        CommandBody::Claim => "claims".to_owned(),
        CommandBody::Escalate { .. } => "escalates".to_owned(),
        CommandBody::AcknowledgeEscalation => "says I have it".to_owned(),
        CommandBody::MoveToInbox { .. } => "moves".to_owned(),
        CommandBody::SettleException { .. } => "has looked at".to_owned(),
        CommandBody::Merge { .. } => "merges".to_owned(),
        CommandBody::Split { .. } => "splits".to_owned(),
        CommandBody::Unmerge { .. } => "takes out again".to_owned(),
        CommandBody::Assign { to, .. } => format!("gives {}", cast.name(*to)),
        CommandBody::HandOff { to, .. } => format!("offers {}", cast.name(*to)),
        CommandBody::Reply { .. } => "sends a reply in".to_owned(),
        CommandBody::Forward { .. } => "forwards a message of".to_owned(),
        CommandBody::TakeLock { .. } => "begins to reply in".to_owned(),
        CommandBody::AddNote { .. } => "notes in".to_owned(),
        CommandBody::Close { .. } => "closes".to_owned(),
        CommandBody::Snooze { .. } => "snoozes".to_owned(),
        CommandBody::CancelSend { .. } => "takes a reply back in".to_owned(),
        other => format!("({})", kind(other)),
    }
}

/// Why it was refused, as the window might say it.
#[must_use]
pub fn refused(cast: &Cast, refusal: &Refusal) -> String {
    match refusal {
        Refusal::NotOwner { owner, since, .. } => format!("{} owns it since {}", cast.name(*owner), cast.clock(*since)),
        Refusal::LockedBy { member, since, .. } => {
            format!("{} is replying since {}", cast.name(*member), cast.clock(*since))
        }
        Refusal::LockLost { to: Some(to) } => format!("{} has the reply now", cast.name(*to)),
        Refusal::LockLost { to: None } => "the lock has lapsed".to_owned(),
        Refusal::NewerMessage { message } => format!("the customer wrote at {}", cast.clock(message.at)),
        Refusal::AlreadyAnswered { by, at } => {
            format!(
                "{} answered at {}",
                by.map_or("somebody", |by| cast.name(by)),
                cast.clock(*at)
            )
        }
        Refusal::Invalid { field, why } => format!("{field}: {}", kind(why)),
        other => kind(other),
    }
}
