//! The small model every step is checked against.
//!
//! It shares no rule with the product: it reads the log's events, what people had on their screens, what was told to whom and
//! what the provider's mailboxes hold, and says where these contradict a promise. It only looks at what is durable; a promise
//! broken by an entry that a power cut takes back was not broken.

mod acts;
mod clocks;
mod mail;
mod parted;
mod rights;
mod thread;
mod turns;

use std::collections::{BTreeMap, BTreeSet};

use baton_domain::{
    Actor, Command, CommandBody, CommandId, Conversation, ConversationId, Deadline, DeviceId, Event, HostGrant,
    InboxId, LogBody, LogEntry, MemberId, MessageId, Timestamp,
};
use baton_protocol::Answer;
use baton_store::port::Sealed;

use crate::tally::{Tally, kind};
use acts::Acts;
use clocks::Clocks;
pub use mail::Mail;
use parted::Parted;
use rights::Rights;
use thread::Thread;
use turns::Turns;

/// A promise that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Which.
    pub promise: Promise,
    /// How, in words.
    pub how: String,
}

/// What Baton promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Promise {
    /// A conversation has at most one owner, and nobody takes what somebody has.
    OneOwner,
    /// At most one person is replying.
    OneLock,
    /// A reply is accepted only with the lock its author held.
    Fenced,
    /// Nothing is answered or closed over a message that was not on its author's screen.
    NothingUnseen,
    /// A reply is delivered at most once, and only after the fence.
    DeliveredOnce,
    /// What became of a reply is what the log says.
    DeliveryKnown,
    /// What was acknowledged is in the log for good.
    Durable,
    /// Nothing is done that nobody asked for, or done twice.
    Asked,
    /// What one person does in one conversation happens in that order.
    InOrder,
    /// What a person did is in the log, refused to their face, or held in their sight.
    NothingVanishes,
    /// Nobody is told what they may not read.
    Private,
    /// In the end all see the same.
    Converged,
    /// All mail is accounted for.
    Ledger,
    /// No deadline passes in silence.
    Deadlines,
    /// Nobody replies, and nothing leaves, without the right to.
    Permitted,
    /// What a host says counts only while its grant stands.
    OneHost,
    /// Nobody gets two leads of a rule in one turn while a colleague waits for one.
    InTurn,
    /// What was merged goes on in one place.
    Together,
    /// What is passed on to somebody outside answers nobody.
    AnswersNobody,
    /// Everything comes to rest.
    Rest,
    /// The chain of the log verifies.
    Chain,
}

/// When a desktop took a command: in which of its lives, and at which place of its outbox.
type Turn = (u32, u64);

/// A command as its author's desktop first said it.
#[derive(Debug, Clone)]
struct Issued {
    command: Command,
    desk: usize,
    seen: BTreeSet<MessageId>,
    /// Its author took an act of theirs back by it.
    takes_back: bool,
}

/// How often a date was set, and how often it came.
#[derive(Debug, Default)]
struct Date {
    set: u32,
    came: u32,
}

/// What has been observed so far.
#[derive(Debug, Default)]
pub struct Check {
    issued: BTreeMap<CommandId, Issued>,
    turns: BTreeMap<CommandId, Turn>,
    taken_back: BTreeSet<CommandId>,
    threads: BTreeMap<ConversationId, Thread>,
    newest_turn: BTreeMap<(DeviceId, ConversationId), Turn>,
    in_log: BTreeMap<CommandId, (u64, u64)>,
    acknowledged: BTreeMap<CommandId, (u64, u64)>,
    refused: BTreeSet<CommandId>,
    clocks: BTreeMap<ConversationId, Clocks>,
    /// The command that merges into that conversation, until all of it is read.
    merging: Option<(CommandId, ConversationId)>,
    dates: BTreeMap<(ConversationId, Deadline, Timestamp), Date>,
    /// Where somebody said that they have it, and nobody has been asked anew.
    taken_up: BTreeSet<ConversationId>,
    /// Commands of people that were accepted, by kind.
    pub accepted: BTreeMap<String, u64>,
    rights: Rights,
    turns_of_rules: Turns,
    parted: Parted,
    acts: Acts,
    read: u64,
    chain: [u8; 32],
    /// The mail that left.
    pub mail: Mail,
}

impl Check {
    /// A desktop took a command into its outbox.
    pub fn took(&mut self, id: CommandId, life: u32, place: u64) {
        self.turns.entry(id).or_insert((life, place));
    }

    /// By that command an act is taken back.
    pub fn takes_back(&mut self, id: CommandId) {
        self.taken_back.insert(id);
    }

    /// A desktop said a command. `seen` is what its author had on screen in that conversation when they acted.
    ///
    /// # Errors
    /// When the same id was used for another wish, after that one was answered.
    pub fn issued(&mut self, desk: usize, command: &Command, seen: &BTreeSet<MessageId>) -> Result<(), Broken> {
        let another = self
            .issued
            .get(&command.id)
            .is_some_and(|issued| issued.command != *command);
        if another && self.refused.contains(&command.id) {
            let how = format!(
                "command {} was refused, and another wish goes under the same id: it can only be refused again",
                command.id
            );
            return Err(because(Promise::Asked, how));
        }
        let seen = seen.clone();
        self.issued.entry(command.id).or_insert_with(|| Issued {
            command: command.clone(),
            desk,
            seen,
            takes_back: self.taken_back.contains(&command.id),
        });
        Ok(())
    }

    /// What a desktop was told about a command.
    pub fn answered(&mut self, command: CommandId, answer: &Answer) {
        match answer {
            Answer::Done { from, to } => {
                self.acknowledged.insert(command, (*from, *to));
            }
            Answer::Refused { .. } => {
                self.refused.insert(command);
            }
        }
    }

    /// Reads on in the durable log.
    ///
    /// # Errors
    /// The first promise an entry breaks.
    pub fn read(&mut self, log: &[Sealed]) -> Result<(), Broken> {
        let from = usize::try_from(self.read).unwrap_or(usize::MAX);
        for sealed in log.get(from..).unwrap_or_default() {
            let payload = baton_store::port::chain::payload(&sealed.entry.body).ok();
            baton_store::port::chain::verify(self.read, self.chain, sealed, payload.as_deref())
                .map_err(|broken| because(Promise::Chain, broken.to_string()))?;
            self.chain = sealed.hash;
            self.read = sealed.entry.number;
            self.entry(&sealed.entry)?;
        }
        // What is durable ends with a whole commit.
        self.parted.whole()?;
        self.acts.whole()?;
        self.merged()?;
        self.rights.stand()
    }

    /// A merge that is read to its end.
    fn merged(&mut self) -> Result<(), Broken> {
        let whole = self.merging.take();
        let clocks = whole.and_then(|(_, whole)| self.clocks.get_mut(&whole));
        clocks.map_or(Ok(()), Clocks::whole)
    }

    /// A host offers a body: while its grant stands, and no other host has the mailbox.
    ///
    /// # Errors
    /// When it is a host no more.
    pub fn offers(&self, grant: Option<HostGrant>, reply: MessageId) -> Result<(), Broken> {
        if grant.is_some_and(|grant| self.rights.hosts(grant)) {
            return Ok(());
        }
        let how = format!("reply {reply} is offered by a host that is none any more: {grant:?}");
        Err(because(Promise::OneHost, how))
    }

    /// A host says something under a grant.
    pub fn said_under(&mut self, command: CommandId, grant: HostGrant) {
        self.rights.said_under(command, grant);
    }

    /// What occurred besides, by kind.
    #[must_use]
    pub fn occurred(&mut self) -> BTreeMap<String, u64> {
        std::mem::take(&mut self.acts.occurred)
    }

    /// In the end: who waits for an answer where something was forwarded, or answered automatically, waits as before, and neither is the
    /// newest message.
    ///
    /// # Errors
    /// Where that is not so.
    pub fn answers_nobody(&self, state: &Conversation) -> Result<(), Broken> {
        if !state.outbound.iter().any(|outbound| self.acts.is_aside(outbound.id)) {
            return Ok(());
        }
        let newest = state.last_message.as_ref().map(|last| last.id);
        if newest.is_some_and(|id| self.acts.is_aside(id)) {
            let how = format!("#{}: what answers nobody counts as the newest message", state.number);
            return Err(because(Promise::AnswersNobody, how));
        }
        let waits = self.clocks.get(&state.id).and_then(Clocks::waits);
        if waits.is_some() == state.unanswered_since.is_some() {
            return Ok(());
        }
        let how = format!(
            "#{}: its customer waits since {waits:?}, and counts as waiting since {:?}",
            state.number, state.unanswered_since
        );
        Err(because(Promise::AnswersNobody, how))
    }

    /// Whether somebody may read an inbox, as the documents say.
    #[must_use]
    pub fn may_read(&self, member: MemberId, inbox: InboxId) -> bool {
        self.rights.may_read(member, inbox)
    }

    /// Where a conversation lies by the log.
    #[must_use]
    pub fn lies_in(&self, conversation: ConversationId) -> Option<InboxId> {
        self.rights.place(conversation)
    }

    /// Where a conversation lay when that entry of it came.
    #[must_use]
    pub fn lay_in(&self, conversation: ConversationId, number: u64) -> Option<InboxId> {
        self.rights.lay_in(conversation, number)
    }

    /// Every inbox a conversation ever lay in.
    pub fn ever_in(&self, conversation: ConversationId) -> impl Iterator<Item = InboxId> {
        self.rights.ever_in(conversation)
    }

    /// The number up to which the log was read.
    #[must_use]
    pub const fn read_to(&self) -> u64 {
        self.read
    }

    /// After a crash, and in the end: what was acknowledged must be there.
    ///
    /// # Errors
    /// When something is not.
    pub fn durable(&self, log: &[Sealed]) -> Result<(), Broken> {
        if u64::try_from(log.len()).unwrap_or(0) < self.read {
            return Err(because(
                Promise::Durable,
                format!("the log ended at {} and now at {}", self.read, log.len()),
            ));
        }
        for (command, (from, to)) in &self.acknowledged {
            for number in from.saturating_add(1)..=*to {
                let at = usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
                if log.get(at).is_none_or(|sealed| sealed.entry.command != *command) {
                    let how =
                        format!("command {command} was acknowledged as entry {number}, and the log does not hold it");
                    return Err(because(Promise::Durable, how));
                }
            }
        }
        Ok(())
    }

    fn entry(&mut self, entry: &LogEntry) -> Result<(), Broken> {
        self.once_and_in_order(entry)?;
        if self.merging.is_some_and(|(command, _)| command != entry.command) {
            self.merged()?;
        }
        self.rights.read(entry)?;
        let LogBody::Conversation { conversation, event } = &entry.body else {
            return Ok(());
        };
        self.turns_of_rules
            .given(entry.number, *conversation, event, &self.rights, entry.at)?;
        let issued = self.issued.get(&entry.command);
        let asked = issued.map(|issued| &issued.command.body);
        self.acts.read(entry, *conversation, event, asked, &self.rights)?;
        let thread = self.threads.entry(*conversation).or_default();
        thread.owner_moves(entry, event)?;
        thread.lock_moves(entry, event)?;
        thread.goes_on_elsewhere(entry, event)?;
        match (event, entry.actor) {
            // It answers nobody: it needs no lock, and goes over nothing.
            (Event::ReplyQueued { outbound }, Actor::Member { .. }) if outbound.is_forward() => {
                if thread.a_colleague_replies(entry) {
                    Tally::count(&mut self.acts.occurred, "forwardedBesideALock");
                }
                self.mail.queued(outbound);
            }
            (Event::ReplyQueued { outbound }, _) if outbound.automatic.is_some() => self.mail.queued(outbound),
            (Event::ReplyQueued { outbound }, Actor::Member { .. }) => {
                let issued = issued.ok_or_else(|| unasked(entry))?;
                thread.fenced(entry, &issued.command)?;
                thread.nothing_unseen(entry, &issued.seen)?;
                self.mail.queued(outbound);
            }
            (Event::MovedOut { .. }, Actor::Member { .. }) => {
                let issued = issued.ok_or_else(|| unasked(entry))?;
                // What goes along with another, or comes back out of it, is not taken out of sight.
                let by_itself = matches!(issued.command.body, CommandBody::MoveToInbox { .. })
                    && issued.command.conversation == *conversation;
                if by_itself {
                    thread.nothing_unseen(entry, &issued.seen)?;
                }
            }
            (Event::SplitOff { messages, .. }, Actor::Member { .. }) => {
                let issued = issued.ok_or_else(|| unasked(entry))?;
                thread.nothing_unseen(entry, &issued.seen)?;
                // What is said anew counts as said by whoever splits.
                if let Some(unseen) = messages.iter().find(|message| !issued.seen.contains(message)) {
                    let how = format!(
                        "entry {} splits off message {unseen}, which its author had not on screen",
                        entry.number
                    );
                    return Err(because(Promise::NothingUnseen, how));
                }
            }
            (Event::Closed { .. }, Actor::Member { .. }) => {
                let issued = issued.ok_or_else(|| unasked(entry))?;
                // Closing with a reply was judged when the reply was; taking a reply back puts back what was.
                let by_itself = !matches!(
                    issued.command.body,
                    CommandBody::Reply { .. } | CommandBody::CancelSend { .. } | CommandBody::SettleUnknown { .. }
                );
                let taken_back = issued.takes_back && thread.nothing_since_reopened(entry);
                if by_itself && !taken_back {
                    thread.nothing_unseen(entry, &issued.seen)?;
                }
            }
            _ => {}
        }
        self.dates_come(entry.number, *conversation, event)?;
        self.clocks_move(entry, *conversation, event)?;
        self.parts_move(entry, *conversation, event)?;
        self.parted.moved(entry, *conversation, event)?;
        let Some(thread) = self.threads.get_mut(conversation) else {
            return Ok(());
        };
        if let Event::SplitOff { messages, into, .. } = event {
            self.parted.had_come(*into, thread.came(messages));
        }
        let anew = match event {
            Event::MessageReceived { message, .. } => self.parted.came(message.id),
            _ => None,
        };
        thread.messages_move(entry, event, anew);
        self.mail.moved(event)
    }

    fn clocks_move(&mut self, entry: &LogEntry, conversation: ConversationId, event: &Event) -> Result<(), Broken> {
        let part = match event {
            Event::Absorbed { part } => {
                self.merging = Some((entry.command, conversation));
                self.clocks.remove_entry(&part.conversation)
            }
            _ => None,
        };
        let clocks = self.clocks.entry(conversation).or_default();
        let done = clocks.moved(entry, event, part.as_ref().map(|(_, part)| part));
        self.clocks.extend(part);
        done
    }

    /// What was merged into a conversation counts in it until it is taken out: nobody was replying in either.
    fn parts_move(&mut self, entry: &LogEntry, whole: ConversationId, event: &Event) -> Result<(), Broken> {
        let part = match event {
            Event::Absorbed { part } => part.conversation,
            Event::LetGo { conversation, .. } => *conversation,
            _ => return Ok(()),
        };
        let Some(theirs) = self.threads.remove(&part) else {
            return Ok(());
        };
        let whole = self.threads.entry(whole).or_default();
        let done = match event {
            Event::Absorbed { .. } => whole.absorbs(entry, &theirs),
            _ => {
                whole.lets_go(&theirs);
                Ok(())
            }
        };
        self.threads.insert(part, theirs);
        done
    }

    /// A date comes once for each time it was set.
    fn dates_come(&mut self, number: u64, conversation: ConversationId, event: &Event) -> Result<(), Broken> {
        let mut set = |what, at: Option<Timestamp>| {
            if let Some(at) = at {
                let date = self.dates.entry((conversation, what, at)).or_default();
                date.set = date.set.saturating_add(1);
            }
        };
        match event {
            Event::FollowUpSet {
                follow_up: Some(follow_up),
                ..
            } => {
                set(Deadline::FollowUp, Some(follow_up.due).filter(|_| !follow_up.fired));
                set(Deadline::Closing, follow_up.closes_at);
            }
            Event::Closed { closing } if closing.outcome.status() == baton_domain::Status::Resolved => {
                set(
                    Deadline::Resolved,
                    Some(closing.at.plus_ms(baton_domain::RESOLVED_FOR_MS)),
                );
            }
            Event::Escalated { until, .. } => {
                set(Deadline::Escalation, *until);
                self.taken_up.remove(&conversation);
            }
            Event::EscalationAcknowledged { .. } => drop(self.taken_up.insert(conversation)),
            Event::EscalationPassedOn { .. } if self.taken_up.contains(&conversation) => {
                let how = format!("entry {number}: passed on, though somebody had said that they have it");
                return Err(because(Promise::Deadlines, how));
            }
            Event::EscalationPassedOn { at, until, .. } => {
                set(Deadline::Escalation, *until);
                return self.came(number, conversation, Deadline::Escalation, *at);
            }
            Event::Snoozed { snooze, .. } => set(Deadline::Snooze, snooze.until),
            Event::ClockStarted { clock } | Event::ClockRetargeted { clock } => {
                set(Deadline::ClockWarning, Some(clock.warn_at));
                set(Deadline::ClockBreach, Some(clock.due));
            }
            Event::ClockResumed { warn_at, due, .. } => {
                set(Deadline::ClockWarning, Some(*warn_at));
                set(Deadline::ClockBreach, Some(*due));
            }
            Event::ClockWarned { at, .. } => return self.came(number, conversation, Deadline::ClockWarning, *at),
            Event::ClockBreached { at, .. } => return self.came(number, conversation, Deadline::ClockBreach, *at),
            Event::CameDue { what, at } => return self.came(number, conversation, *what, *at),
            _ => {}
        }
        Ok(())
    }

    fn came(&mut self, number: u64, conversation: ConversationId, what: Deadline, at: Timestamp) -> Result<(), Broken> {
        let date = self.dates.entry((conversation, what, at)).or_default();
        date.came = date.came.saturating_add(1);
        if date.came > date.set {
            let how = format!(
                "entry {number}: {what:?} of {} came {} times and was set {} times",
                at.0, date.came, date.set
            );
            return Err(because(Promise::Deadlines, how));
        }
        Ok(())
    }

    /// A command of a person is one their desktop said, leads to one run of entries, and not to something before what the
    /// same person did before it.
    fn once_and_in_order(&mut self, entry: &LogEntry) -> Result<(), Broken> {
        let run = self.in_log.entry(entry.command).or_insert((entry.number, entry.number));
        if entry.number > run.1.saturating_add(1) {
            let how = format!(
                "command {} is in the log twice: at {} and at {}",
                entry.command, run.1, entry.number
            );
            return Err(because(Promise::Asked, how));
        }
        let begins = run.0 == entry.number;
        run.1 = entry.number;
        let Actor::Member { id } = entry.actor else {
            return Ok(());
        };
        let issued = self.issued.get(&entry.command).ok_or_else(|| unasked(entry))?;
        if issued.command.actor != (Actor::Member { id }) {
            let how = format!(
                "entry {} is in another's name than who asked at desk {}",
                entry.number, issued.desk
            );
            return Err(because(Promise::Asked, how));
        }
        if begins {
            Tally::count(&mut self.accepted, &kind(&issued.command.body));
        }
        // Locks are asked for beside the outbox, and a question asked late is answered late. Notes and tags may overtake.
        let free = matches!(
            issued.command.body,
            CommandBody::AddNote { .. }
                | CommandBody::SuggestDraft { .. }
                | CommandBody::Tag { .. }
                | CommandBody::Untag { .. }
        );
        if begins
            && !free
            && let Some(turn) = self.turns.get(&entry.command)
        {
            let key = (issued.command.device, issued.command.conversation);
            let newest = self.newest_turn.entry(key).or_insert(*turn);
            if turn < newest {
                let how = format!(
                    "entry {} answers something asked before what an entry before it answers",
                    entry.number
                );
                return Err(because(Promise::InOrder, how));
            }
            *newest = *turn;
        }
        Ok(())
    }
}

fn unasked(entry: &LogEntry) -> Broken {
    because(
        Promise::Asked,
        format!("entry {} answers a command nobody's desktop said", entry.number),
    )
}

/// A broken promise.
#[must_use]
pub const fn because(promise: Promise, how: String) -> Broken {
    Broken { promise, how }
}
