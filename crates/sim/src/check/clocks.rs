//! SLA clocks as somebody beside the office would keep them: when each is due, what meets it, and whether its delay was said.
//!
//! That a warning and a breach come once for each date that was set is looked at with all other dates. Here: each comes for a clock that
//! runs, and says the very date that clock had; nothing that came late passes for having been in time; a clock that a reply had met goes
//! on where that reply does not leave; and of two waits that are merged, the one that ends sooner goes on.

use std::collections::BTreeMap;

use baton_domain::{
    Category, Cause, Clock, ClockKind, CommandId, ConversationId, Direction, Event, LastMessage, LogEntry, Message,
    MessageId, MessageKind, Outcome, Part, Rest, Settlement, Timestamp,
};

use super::{Broken, Promise, because};

/// What is known of one clock that is waited by.
#[derive(Debug, Clone)]
struct Sheet {
    started: Timestamp,
    warn_at: Timestamp,
    due: Timestamp,
    runs: bool,
    warned: bool,
    late: bool,
}

impl Sheet {
    fn of(clock: &Clock) -> Self {
        Self {
            started: clock.started,
            warn_at: clock.warn_at,
            due: clock.due,
            runs: clock.runs(),
            warned: clock.warned,
            late: clock.breached,
        }
    }
}

/// The newest message that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Newest {
    id: MessageId,
    at: Timestamp,
    theirs: bool,
}

impl Newest {
    fn of(last: &LastMessage) -> Self {
        Self {
            id: last.id,
            at: last.at,
            theirs: last.direction == Direction::Inbound,
        }
    }
}

/// The newest reply that counts and may still not leave: what stood before it.
#[derive(Debug)]
struct Provisional {
    reply: MessageId,
    met: Option<(ClockKind, Sheet)>,
    waits: Option<Timestamp>,
    newest: Option<Newest>,
}

/// What one conversation brings to another.
#[derive(Debug)]
struct Brought {
    part: ConversationId,
    category: Category,
    newest: Option<Newest>,
    waits: Option<Timestamp>,
    at: Timestamp,
    /// When the customer wrote first since then.
    wrote: Option<Timestamp>,
    without: Without,
}

/// What a conversation is without what was merged into it.
#[derive(Debug)]
struct Without {
    category: Category,
    newest: Option<Newest>,
    waits: Option<Timestamp>,
    was_over: bool,
}

/// The clocks of one conversation.
#[derive(Debug, Default)]
pub struct Clocks {
    open: BTreeMap<ClockKind, Sheet>,
    category: Category,
    brought: Vec<Brought>,
    owned: bool,
    over: bool,
    /// Since when the customer waits for an answer.
    waits: Option<Timestamp>,
    waited_at_close: Option<Timestamp>,
    /// Whether it is over again should the newest message need no answer.
    was_over: bool,
    newest: Option<Newest>,
    provisional: Option<Provisional>,
    /// Replies that count when they leave.
    later: Vec<MessageId>,
    /// What ran until the command that closed it.
    closed: Option<(CommandId, BTreeMap<ClockKind, Sheet>)>,
    /// Since when the clocks run that must be there when the merge under way is whole.
    owed: BTreeMap<ClockKind, Timestamp>,
}

impl Clocks {
    /// Since when the customer waits for an answer.
    pub(super) const fn waits(&self) -> Option<Timestamp> {
        self.waits
    }

    /// Follows the log. `part`: the clocks of the conversation that this event merges into this one.
    pub(super) fn moved(&mut self, entry: &LogEntry, event: &Event, part: Option<&Self>) -> Result<(), Broken> {
        match event {
            Event::ClockStarted { clock } | Event::ClockRetargeted { clock } => self.put(clock.kind, Sheet::of(clock)),
            Event::ClockPaused { clock } => {
                let sheet = self.sheet(entry, *clock, "stands still")?;
                if !std::mem::replace(&mut sheet.runs, false) {
                    return Err(wrong(entry, *clock, "stands still twice"));
                }
            }
            Event::ClockResumed {
                clock, warn_at, due, ..
            } => {
                let sheet = self.sheet(entry, *clock, "goes on")?;
                if std::mem::replace(&mut sheet.runs, true) {
                    return Err(wrong(entry, *clock, "goes on, and never stood still"));
                }
                (sheet.warn_at, sheet.due) = (*warn_at, *due);
            }
            Event::ClockWarned { clock, at } => {
                let sheet = self.sheet(entry, *clock, "is warned of")?;
                let again = std::mem::replace(&mut sheet.warned, true) || sheet.late;
                let (runs, set) = (sheet.runs && !again, sheet.warn_at);
                return in_its_time(entry, *clock, runs, set, *at);
            }
            Event::ClockBreached { clock, at } => {
                let sheet = self.sheet(entry, *clock, "is late")?;
                let again = std::mem::replace(&mut sheet.late, true);
                let (runs, set) = (sheet.runs && !again, sheet.due);
                return in_its_time(entry, *clock, runs, set, *at);
            }
            Event::BreachWithdrawn { clock, .. } => drop(self.open.remove(clock)),
            Event::ClockDropped { clock } => {
                self.open.remove(clock);
                self.owed.retain(|kind, _| !kind.shares_place(*clock));
            }
            Event::Absorbed { part: brought } => self.absorbs(entry, brought, part)?,
            Event::LetGo { conversation, .. } => self.lets_go(*conversation),
            Event::OwnerChanged { owner, .. } => {
                self.owned = owner.is_some();
                if self.owned {
                    return self.ends(entry, entry.at, |kind| kind == ClockKind::Owner);
                }
            }
            Event::FieldsChanged { category, .. } => {
                self.category = category.unwrap_or(self.category);
                return self.owes_nothing(entry);
            }
            Event::StatusChanged { status, .. } => {
                let over = status.is_over();
                if over || !self.category.has_duties() {
                    self.ends(entry, entry.at, |_| true)?;
                }
                self.over = over;
            }
            Event::Closed { closing } => {
                self.closed = Some((entry.command, self.open.clone()));
                self.ends(entry, entry.at, |_| true)?;
                self.over = true;
                if closing.outcome != Outcome::Imported && self.waits.is_some() {
                    self.waited_at_close = self.waits.take();
                }
            }
            Event::Reopened { cause } => {
                let waited = self.waited_at_close.take();
                let as_before = matches!(cause, Cause::Person | Cause::Ownership);
                self.waits = self.waits.or(waited.filter(|_| as_before));
            }
            Event::Unmerged { answered: Some(_) } => {
                self.waited_at_close = None;
                self.was_over = false;
            }
            Event::NoReplyNeeded { .. } => return self.no_reply_needed(entry),
            _ => return self.said(entry, event),
        }
        Ok(())
    }

    /// What is said in it, by whom, and what became of that.
    fn said(&mut self, entry: &LogEntry, event: &Event) -> Result<(), Broken> {
        match event {
            Event::MessageReceived { message, live } => self.received(entry, message, *live),
            Event::SplitFrom { messages, .. } => {
                let waiting = messages.iter().filter(|said| said.waits);
                self.waits = waiting.map(|said| said.came).min();
            }
            Event::SplitOff { rest, .. } => self.split_off(rest),
            Event::OutsideReply { message, live } => return self.answered_outside(entry, message, *live),
            Event::ReplyQueued { outbound } if outbound.is_aside() => {}
            Event::ReplyQueued { outbound } if outbound.uncounted() => self.later.push(outbound.id),
            Event::ReplyQueued { outbound } => return self.answered(entry, outbound.id),
            Event::OutboundSending { outbound, .. } => return self.leaves(entry, *outbound),
            Event::OutboundSent { outbound, .. } => self.left(*outbound),
            Event::OutboundSettled {
                outbound,
                how: Settlement::Delivered,
            } => {
                self.leaves(entry, *outbound)?;
                self.left(*outbound);
            }
            Event::OutboundSettled {
                outbound,
                how: Settlement::Drop,
            }
            | Event::OutboundFailed { outbound, .. }
            | Event::OutboundCancelled { outbound, .. } => self.did_not_leave(*outbound),
            _ => {}
        }
        Ok(())
    }

    fn received(&mut self, entry: &LogEntry, message: &Message, live: bool) {
        let human = matches!(message.kind, MessageKind::Human | MessageKind::Bulk);
        if human && live {
            for brought in &mut self.brought {
                brought.wrote.get_or_insert(entry.at);
            }
            if self.waits.is_none() {
                self.was_over = self.over && self.newest.is_some();
                self.waits = Some(entry.at);
            }
        }
        if human || self.newest.is_none() {
            self.newest = Some(Newest {
                id: message.id,
                at: message.at,
                theirs: true,
            });
        }
        if !live {
            self.waits = None;
        }
    }

    /// What is left once some of it goes on elsewhere.
    fn split_off(&mut self, rest: &Rest) {
        self.newest = rest.newest.last_message.as_ref().map(Newest::of);
        self.waits = rest.newest.unanswered_since.or(self.waits);
        if self.waited_at_close.is_some() {
            self.waited_at_close = rest.unanswered_at_close;
        }
        for brought in &mut self.brought {
            if let Some(newest) = rest.without.get(&brought.part) {
                brought.without.newest = newest.last_message.as_ref().map(Newest::of);
                brought.without.waits = newest.unanswered_since;
            }
        }
    }

    /// An answer from another mail program counts from when it was sent, unless it was written before what they wait for.
    fn answered_outside(&mut self, entry: &LogEntry, message: &Message, live: bool) -> Result<(), Broken> {
        let waited = self.waits.or(self.waited_at_close).is_some();
        let theirs = self.newest.filter(|newest| newest.theirs && waited);
        let answers = if live {
            theirs.is_none_or(|theirs| theirs.at <= message.at)
        } else {
            self.newest.is_none_or(|newest| newest.at <= message.at)
        };
        if answers {
            self.waits = None;
            self.waited_at_close = None;
            self.was_over = false;
            self.newest = Some(Newest {
                id: message.id,
                at: message.at,
                theirs: false,
            });
        }
        if self.waits.is_some() {
            return Ok(());
        }
        self.ends(entry, message.at.min(entry.at), ClockKind::is_response)
    }

    /// A reply of ours counts.
    fn answered(&mut self, entry: &LogEntry, reply: MessageId) -> Result<(), Broken> {
        let met = self.open.iter().find(|(kind, _)| kind.is_response());
        self.provisional = Some(Provisional {
            reply,
            met: met.map(|(kind, sheet)| (*kind, sheet.clone())),
            waits: self.waits,
            newest: self.newest,
        });
        self.ends(entry, entry.at, ClockKind::is_response)?;
        self.waits = None;
        self.waited_at_close = None;
        self.was_over = false;
        self.newest = Some(Newest {
            id: reply,
            at: entry.at,
            theirs: false,
        });
        Ok(())
    }

    /// A reply passes the fence: one that was to leave later counts from now.
    fn leaves(&mut self, entry: &LogEntry, reply: MessageId) -> Result<(), Broken> {
        let Some(at) = self.later.iter().position(|later| *later == reply) else {
            return Ok(());
        };
        self.later.swap_remove(at);
        self.answered(entry, reply)
    }

    fn left(&mut self, reply: MessageId) {
        self.provisional.take_if(|provisional| provisional.reply == reply);
    }

    /// The clock that reply had met goes on as if nothing had been said, in place of one that began since; unless they wait anew and that
    /// is late already: one wait is late once.
    fn did_not_leave(&mut self, reply: MessageId) {
        self.later.retain(|later| *later != reply);
        let Some(before) = self.provisional.take_if(|provisional| provisional.reply == reply) else {
            return;
        };
        if self.newest.is_some_and(|newest| newest.id == reply) {
            self.newest = before.newest;
            self.waits = before.waits;
        } else if self.waits.is_some() && before.waits.is_some() {
            self.waits = before.waits;
        } else {
            return;
        }
        let late = |(kind, sheet): (&ClockKind, &Sheet)| kind.is_response() && sheet.late;
        if let Some((kind, sheet)) = before.met
            && !self.open.iter().any(late)
        {
            self.put(kind, sheet);
        }
    }

    /// It stands as before the message, which may have opened it again.
    fn no_reply_needed(&mut self, entry: &LogEntry) -> Result<(), Broken> {
        self.ends(entry, entry.at, ClockKind::is_response)?;
        self.waits = None;
        self.over = std::mem::take(&mut self.was_over);
        if self.over {
            // What ran since it was opened again was not owed.
            self.open.clear();
        }
        self.owes_nothing(entry)
    }

    /// What two conversations that are one wait for: whoever waits in either is waited for in the whole, by the clock that ends sooner.
    fn absorbs(&mut self, entry: &LogEntry, brought: &Part, part: Option<&Self>) -> Result<(), Broken> {
        let waited = |kind: ClockKind| kind.is_response() || kind == ClockKind::Owner;
        let of_part = part.into_iter().flat_map(|part| part.before(entry.command));
        let of_part = of_part.filter(|(kind, _)| waited(**kind));
        let of_part: Vec<(ClockKind, Timestamp)> = of_part.map(|(kind, sheet)| (*kind, sheet.due)).collect();
        let mut said: Vec<(ClockKind, Timestamp)> =
            brought.clocks.iter().map(|clock| (clock.kind, clock.due)).collect();
        said.sort_unstable();
        if of_part != said {
            let how = format!(
                "entry {}: {} brings the clocks {said:?}, and had {of_part:?}",
                entry.number, brought.conversation
            );
            return Err(because(Promise::Deadlines, how));
        }
        let waits = brought.unanswered_since;
        let brings = Brought {
            part: brought.conversation,
            category: brought.category,
            newest: brought.last_message.as_ref().map(Newest::of),
            waits,
            at: entry.at,
            wrote: None,
            without: self.as_it_is(),
        };
        self.take_in(brings, waits);
        self.owed.clear();
        if self.over || !self.category.has_duties() {
            return Ok(());
        }
        for clock in brought
            .clocks
            .iter()
            .filter(|clock| clock.kind.is_response() || !self.owned)
        {
            let own = self.open.iter().find(|(kind, _)| kind.shares_place(clock.kind));
            let own = own.filter(|(_, own)| own.due <= clock.due);
            let since = own.map_or(clock.started, |(_, own)| own.started);
            self.owed.insert(clock.kind, since);
        }
        Ok(())
    }

    /// What ran before that command closed it, if it did.
    fn before(&self, command: CommandId) -> &BTreeMap<ClockKind, Sheet> {
        let closed = self.closed.as_ref().filter(|(by, _)| *by == command);
        closed.map_or(&self.open, |(_, ran)| ran)
    }

    fn as_it_is(&self) -> Without {
        Without {
            category: self.category,
            newest: self.newest,
            waits: self.waits,
            was_over: self.was_over,
        }
    }

    /// `waits`: since when its customer waits still.
    fn take_in(&mut self, brought: Brought, waits: Option<Timestamp>) {
        if says_category(self.category, brought.category) {
            self.category = brought.category;
        }
        if let Some(theirs) = brought.newest
            && self.newest.is_none_or(|own| own.at <= theirs.at)
        {
            self.newest = Some(theirs);
        }
        if let Some(theirs) = waits {
            self.was_over = if self.waits.is_some() { self.was_over } else { self.over };
            self.waits = Some(self.waits.map_or(theirs, |own| own.min(theirs)));
        }
        self.brought.push(brought);
    }

    /// One of two is one of its own again: what came with it goes with it, and what came after it is taken in anew without it. Which clocks
    /// go on is said.
    fn lets_go(&mut self, part: ConversationId) {
        let Some(at) = self.brought.iter().position(|brought| brought.part == part) else {
            return;
        };
        let mut after: Vec<(Brought, bool)> = Vec::new();
        for brought in self.brought.split_off(at).into_iter().rev() {
            let waited = self.put_out(&brought);
            after.push((brought, waited));
        }
        after.pop();
        for (mut brought, waited) in after.into_iter().rev() {
            let waits = brought.waits.filter(|_| waited);
            brought.without = self.as_it_is();
            self.take_in(brought, waits);
        }
    }

    /// Whether what that part's customer asked still waits.
    fn put_out(&mut self, brought: &Brought) -> bool {
        let without = &brought.without;
        if says_category(without.category, brought.category) && self.category == brought.category {
            self.category = without.category;
        }
        if brought.newest.is_some() && self.newest == brought.newest {
            self.newest = without.newest;
        }
        let own = [without.waits, brought.wrote].into_iter().flatten().min();
        let mut waited = false;
        for since in [&mut self.waits, &mut self.waited_at_close] {
            if since.is_some_and(|since| since <= brought.at) {
                *since = own;
                waited = true;
            }
        }
        if waited && self.waits == without.waits {
            self.was_over = without.was_over;
        }
        waited
    }

    /// When a merge is whole, the clocks run that must.
    pub(super) fn whole(&mut self) -> Result<(), Broken> {
        for (kind, since) in std::mem::take(&mut self.owed) {
            let runs = self.open.iter().find(|(open, _)| open.shares_place(kind));
            if runs.is_none_or(|(_, sheet)| sheet.started != since) {
                let how = format!(
                    "of two waits for the same, the {kind:?} clock that began at {} ends sooner, and what goes on is {runs:?}",
                    since.0
                );
                return Err(because(Promise::Deadlines, how));
            }
        }
        Ok(())
    }

    fn put(&mut self, kind: ClockKind, sheet: Sheet) {
        self.open.retain(|other, _| !other.shares_place(kind));
        self.open.insert(kind, sheet);
    }

    fn sheet(&mut self, entry: &LogEntry, kind: ClockKind, what: &str) -> Result<&mut Sheet, Broken> {
        let sheet = self.open.get_mut(&kind);
        sheet.ok_or_else(|| wrong(entry, kind, &format!("{what}, and nobody waits by it")))
    }

    /// What is over, or is no lead, owes nothing.
    fn owes_nothing(&mut self, entry: &LogEntry) -> Result<(), Broken> {
        if self.over || !self.category.has_duties() {
            return self.ends(entry, entry.at, |_| true);
        }
        Ok(())
    }

    /// Clocks end with what came at `at`. One that was due before that, and nobody said so, passes for having been in time. While it is
    /// over nothing is late.
    fn ends(&mut self, entry: &LogEntry, at: Timestamp, which: impl Fn(ClockKind) -> bool) -> Result<(), Broken> {
        let silent =
            |(kind, sheet): &(&ClockKind, &Sheet)| which(**kind) && sheet.runs && !sheet.late && sheet.due < at;
        if let Some((kind, sheet)) = self.open.iter().find(silent).filter(|_| !self.over) {
            let how = format!(
                "entry {}: the {kind:?} clock was due at {} and ended at {}, and nobody said that it was late",
                entry.number, sheet.due.0, at.0
            );
            return Err(because(Promise::Deadlines, how));
        }
        self.open.retain(|kind, _| !which(*kind));
        self.owed.retain(|kind, _| !which(*kind));
        Ok(())
    }
}

/// Whether a part says what the whole is: where nobody has sorted that, and where it is no lead and the part is one.
fn says_category(own: Category, part: Category) -> bool {
    own == Category::Unsorted || !own.has_duties() && part.has_duties()
}

/// A date comes for a clock that runs, once, when it has come, and as it was set.
fn in_its_time(entry: &LogEntry, clock: ClockKind, runs: bool, set: Timestamp, at: Timestamp) -> Result<(), Broken> {
    if runs && at == set && at <= entry.at {
        return Ok(());
    }
    let how = format!(
        "entry {}: what the {clock:?} clock (set to {}, {}) says of {} was said at {}",
        entry.number,
        set.0,
        if runs { "running" } else { "not running" },
        at.0,
        entry.at.0
    );
    Err(because(Promise::Deadlines, how))
}

fn wrong(entry: &LogEntry, clock: ClockKind, how: &str) -> Broken {
    because(
        Promise::Deadlines,
        format!("entry {}: the {clock:?} clock {how}", entry.number),
    )
}
