//! The machine: one commit at a time, everything that waits in it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use baton_domain::{HostGrant, RuleSet};
use baton_protocol::{Answer, Cursor};
use baton_store::port::{Decided, DueRow, Head, Loaded, Needs, Sealed, Tail};

use super::arrival::Received;
use super::cache::Cache;
use super::documents::DocumentSet;
use super::group::Work;
use super::io::{Effect, Fault, HeaderIds, Input, Reply, Ticket};
use super::routing;
use super::working::{Done, Working};

/// How many commands one commit takes at most.
const GROUP: usize = 256;
/// How much mail one commit takes at most. Whoever waits for an answer waits for the commit under way: a mailbox that is read for the first
/// time must not make people wait.
const MAIL_GROUP: usize = 32;
/// How many conversations are kept in memory.
const CACHED: usize = 4096;

/// A delivery of mail of which parts are still to be decided.
#[derive(Debug, Default)]
struct Delivery {
    left: usize,
    received: Received,
    fault: Option<Fault>,
}

/// Where the machine stands with the store.
#[derive(Debug)]
enum Phase {
    Idle,
    /// The head was asked for. `rules` is the version of the routing rules that what it needs was named by.
    Beginning {
        works: Vec<Work>,
        rules: u32,
    },
    /// A batch is being written.
    Appending {
        works: Vec<Work>,
        done: Box<Done>,
        answers: Vec<(Ticket, Result<Reply, Fault>)>,
        received: BTreeMap<Ticket, Received>,
        stale: BTreeSet<Ticket>,
    },
}

/// Everything decided on one working state.
struct Judged {
    works: Vec<Work>,
    answers: Vec<(Ticket, Result<Reply, Fault>)>,
    received: BTreeMap<Ticket, Received>,
    /// Deliveries of hosts whose grant does not stand any more.
    stale: BTreeSet<Ticket>,
}

/// The referee of one workspace. The driver tells it what happened and does what it wants, in order.
pub struct Referee {
    header_ids: HeaderIds,
    head: Option<Head>,
    documents: Arc<DocumentSet>,
    cache: Cache,
    /// What somebody waits for, or a deadline brought.
    waiting: VecDeque<Work>,
    /// Mail, and how far its folder is read with it, in this order.
    mail: VecDeque<Work>,
    /// After a batch was not written: to be decided again, one by one.
    alone: VecDeque<Work>,
    deliveries: BTreeMap<Ticket, Delivery>,
    due: BTreeSet<DueRow>,
    phase: Phase,
}

impl std::fmt::Debug for Referee {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Referee")
            .field("head", &self.head)
            .field("waiting", &self.waiting.len())
            .field("mail", &self.mail.len())
            .field("alone", &self.alone.len())
            .field("phase", &self.phase)
            .finish_non_exhaustive()
    }
}

impl Referee {
    /// A referee that knows nothing yet. `header_ids` makes the Message-IDs of replies.
    #[must_use]
    pub fn new(header_ids: HeaderIds) -> Self {
        Self {
            header_ids,
            head: None,
            documents: Arc::default(),
            cache: Cache::new(CACHED),
            waiting: VecDeque::new(),
            mail: VecDeque::new(),
            alone: VecDeque::new(),
            deliveries: BTreeMap::new(),
            due: BTreeSet::new(),
            phase: Phase::Idle,
        }
    }

    /// The documents at the referee's place in the log.
    #[must_use]
    pub const fn documents(&self) -> &Arc<DocumentSet> {
        &self.documents
    }

    /// The referee's place in the log; `None` before it has read anything.
    #[must_use]
    pub fn cursor(&self) -> Option<Cursor> {
        self.head.as_ref().map(cursor)
    }

    /// Tells the machine what happened; it says what it wants done, in order. Time comes with what is loaded: it is the database's.
    pub fn handle(&mut self, input: Input) -> Vec<Effect> {
        let mut effects = Vec::new();
        match input {
            Input::Open { ticket } => self.waiting.push_back(Work::Open { ticket }),
            Input::Submit { ticket, command, under } => {
                self.waiting.push_back(Work::Command { ticket, command, under });
            }
            Input::Host { ticket, ask } => self.waiting.push_back(Work::Host { ticket, ask }),
            Input::Shown { ticket, grant } => self.waiting.push_back(Work::Shown { ticket, grant }),
            Input::Release { ticket, grant } => self.waiting.push_back(Work::Release { ticket, grant }),
            Input::Receive {
                ticket,
                arrivals,
                progress,
                under,
            } => self.deliver(ticket, arrivals, progress, under, &mut effects),
            Input::Tick { due } => {
                for row in due {
                    // What is being decided already needs no second asking.
                    if self.due.insert(row.clone()) {
                        self.waiting.push_back(Work::Due { row });
                    }
                }
            }
            Input::Tail { tail } => self.follow_tail(tail, &mut effects),
            Input::Began { loaded, entropy } => self.began(*loaded, entropy, &mut effects),
            Input::Appended => self.appended(&mut effects),
            Input::StoreFailed { error } => self.failed(error.is_transient(), error.into(), &mut effects),
        }
        self.begin(&mut effects);
        effects
    }

    fn deliver(
        &mut self,
        ticket: Ticket,
        arrivals: Vec<super::arrival::Arrival>,
        progress: Option<baton_store::port::FolderCursor>,
        under: Option<HostGrant>,
        effects: &mut Vec<Effect>,
    ) {
        let left = arrivals.len().saturating_add(usize::from(progress.is_some()));
        if left == 0 {
            effects.push(Effect::Answer {
                ticket,
                outcome: Ok(Reply::Received(Received::default())),
            });
            return;
        }
        self.deliveries.insert(
            ticket,
            Delivery {
                left,
                ..Delivery::default()
            },
        );
        let mail = arrivals.into_iter().map(|arrival| Work::Arrival {
            ticket,
            arrival: Box::new(arrival),
            refused: None,
            under,
        });
        self.mail.extend(mail);
        self.mail
            .extend(progress.map(|cursor| Work::Progress { ticket, cursor, under }));
    }

    /// Takes what waits into a commit, if none is under way.
    fn begin(&mut self, effects: &mut Vec<Effect>) {
        if !matches!(self.phase, Phase::Idle) {
            return;
        }
        let works = self.next_group(effects);
        if works.is_empty() {
            return;
        }
        self.ask(works, effects);
    }

    /// Asks for the head, and for what the group needs by the documents known now.
    fn ask(&mut self, works: Vec<Work>, effects: &mut Vec<Effect>) {
        effects.push(Effect::Begin(Box::new(self.needs(&works))));
        self.phase = Phase::Beginning {
            works,
            rules: self.documents.version(RuleSet::document()),
        };
    }

    /// What is taken into the next commit: commands before mail, and some of both, so that neither waits for the end of the other.
    fn next_group(&mut self, effects: &mut Vec<Effect>) -> Vec<Work> {
        while let Some(work) = self.alone.pop_front() {
            if let Some(work) = self.unless_cut_off(work, effects) {
                return vec![work];
            }
        }
        let commands = self.waiting.len().min(GROUP);
        // What changes the rules ends its commit: what comes after it is routed by them.
        let last = self.waiting.iter().take(commands).position(routing::changes_rules);
        let commands = last.map_or(commands, |at| at.saturating_add(1));
        let mut works: Vec<Work> = self.waiting.drain(..commands).collect();
        if last.is_some() {
            return works;
        }
        let full = works.len().saturating_add(MAIL_GROUP);
        while works.len() < full {
            let Some(work) = self.mail.pop_front() else { break };
            works.extend(self.unless_cut_off(work, effects));
        }
        works
    }

    /// A folder's progress is passed over where mail before it was not written: were the cursor to move, nobody would bring that again.
    fn unless_cut_off(&mut self, work: Work, effects: &mut Vec<Effect>) -> Option<Work> {
        let Work::Progress { ticket, .. } = &work else {
            return Some(work);
        };
        let ticket = *ticket;
        let faulty = self
            .deliveries
            .get(&ticket)
            .is_some_and(|delivery| delivery.fault.is_some());
        if !faulty {
            return Some(work);
        }
        self.part_done(ticket, None, effects);
        None
    }

    fn needs(&self, works: &[Work]) -> Needs {
        let mut needs = Needs {
            after: self.head.as_ref().map(|head| head.number),
            ..Needs::default()
        };
        for work in works {
            work.needs(&mut needs, &self.cache, &self.documents);
        }
        needs
    }

    fn began(&mut self, mut loaded: Loaded, entropy: [u8; 32], effects: &mut Vec<Effect>) {
        let Phase::Beginning { works, rules } = std::mem::replace(&mut self.phase, Phase::Idle) else {
            effects.push(Effect::Rollback);
            return;
        };
        if !self.follow(&mut loaded, effects) {
            // Another log lies under us: what we knew is worth nothing.
            self.forget();
            effects.push(Effect::Rollback);
            self.ask(works, effects);
            return;
        }
        if rules != self.documents.version(RuleSet::document()) && works.iter().any(routing::may_route) {
            // Other rules are in force than those that what was loaded was named by.
            effects.push(Effect::Rollback);
            self.ask(works, effects);
            return;
        }
        let mut working = Working::new(
            loaded,
            Arc::clone(&self.documents),
            &self.cache,
            &self.header_ids,
            entropy,
        );
        match judge(works, &mut working) {
            Ok(judged) => {
                let (batch, done) = working.finish();
                if batch.is_empty() {
                    effects.push(Effect::Rollback);
                    self.settle(judged, effects);
                } else {
                    effects.push(Effect::Append(Box::new(batch)));
                    let Judged {
                        works,
                        answers,
                        received,
                        stale,
                    } = judged;
                    self.phase = Phase::Appending {
                        works,
                        done: Box::new(done),
                        answers,
                        received,
                        stale,
                    };
                }
            }
            Err((works, fault)) => {
                effects.push(Effect::Rollback);
                self.again(works, false, fault, effects);
            }
        }
    }

    /// Folds in what others appended since our last number. False where the log is not the one we know.
    fn follow(&mut self, loaded: &mut Loaded, effects: &mut Vec<Effect>) -> bool {
        if let Some(documents) = loaded.documents.take() {
            self.documents = Arc::new(DocumentSet::of(documents));
            self.head = Some(loaded.head.clone());
            return true;
        }
        let Some(head) = &self.head else { return false };
        if head.epoch != loaded.head.epoch || !continues(head, &loaded.tail) {
            return false;
        }
        self.fold(std::mem::take(&mut loaded.tail), effects);
        self.head
            .as_ref()
            .is_some_and(|head| head.number == loaded.head.number && head.hash == loaded.head.hash)
            && {
                self.head = Some(loaded.head.clone());
                true
            }
    }

    /// What others appended, read without the head. While a commit is under way it comes with that.
    fn follow_tail(&mut self, tail: Tail, effects: &mut Vec<Effect>) {
        let follows = self
            .head
            .as_ref()
            .is_some_and(|head| head.epoch == tail.epoch && continues(head, &tail.entries));
        if follows && matches!(self.phase, Phase::Idle) {
            self.fold(tail.entries, effects);
        }
    }

    fn fold(&mut self, tail: Vec<Sealed>, effects: &mut Vec<Effect>) {
        let (Some(head), Some(last)) = (&mut self.head, tail.last()) else {
            return;
        };
        let from = head.number;
        for sealed in &tail {
            self.cache.follow(sealed);
            if !matches!(sealed.entry.body, baton_domain::LogBody::Conversation { .. }) {
                Arc::make_mut(&mut self.documents).apply(&sealed.entry.body);
            }
        }
        head.number = last.entry.number;
        head.hash = last.hash;
        head.last_at = last.entry.at;
        let entries = tail.into_iter().map(|sealed| sealed.entry).collect();
        effects.push(Effect::Publish {
            from,
            to: cursor(head),
            entries,
        });
    }

    fn forget(&mut self) {
        self.head = None;
        self.documents = Arc::default();
        self.cache.clear();
    }

    fn appended(&mut self, effects: &mut Vec<Effect>) {
        let Phase::Appending {
            works,
            done,
            answers,
            received,
            stale,
        } = std::mem::replace(&mut self.phase, Phase::Idle)
        else {
            return;
        };
        let Done {
            head,
            documents,
            states,
            entries,
            wake,
        } = *done;
        let from = self.head.as_ref().map_or(0, |head| head.number);
        let to = cursor(&head);
        self.head = Some(head);
        self.documents = documents;
        for state in states {
            self.cache.put(state);
        }
        if !entries.is_empty() {
            effects.push(Effect::Publish { from, to, entries });
        }
        let judged = Judged {
            works,
            answers,
            received,
            stale,
        };
        self.settle(judged, effects);
        effects.extend(wake.map(Effect::WakeAt));
    }

    /// Answers, once what was decided is durable.
    fn settle(&mut self, judged: Judged, effects: &mut Vec<Effect>) {
        let Judged {
            works,
            answers,
            received,
            stale,
        } = judged;
        effects.extend(
            answers
                .into_iter()
                .map(|(ticket, outcome)| Effect::Answer { ticket, outcome }),
        );
        for (ticket, part) in received {
            if let Some(delivery) = self.deliveries.get_mut(&ticket) {
                add(&mut delivery.received, part);
            }
        }
        for work in works {
            match work {
                Work::Due { row } => {
                    self.due.remove(&row);
                }
                Work::Arrival { ticket, .. } | Work::Progress { ticket, .. } => {
                    let fault = stale.contains(&ticket).then_some(Fault::NotHost);
                    self.part_done(ticket, fault, effects);
                }
                Work::Open { .. }
                | Work::Command { .. }
                | Work::Host { .. }
                | Work::Shown { .. }
                | Work::Release { .. } => {}
            }
        }
    }

    fn part_done(&mut self, ticket: Ticket, fault: Option<Fault>, effects: &mut Vec<Effect>) {
        let Some(delivery) = self.deliveries.get_mut(&ticket) else {
            return;
        };
        delivery.left = delivery.left.saturating_sub(1);
        delivery.fault = delivery.fault.take().or(fault);
        if delivery.left > 0 {
            return;
        }
        if let Some(delivery) = self.deliveries.remove(&ticket) {
            let outcome = delivery.fault.map_or(Ok(Reply::Received(delivery.received)), Err);
            effects.push(Effect::Answer { ticket, outcome });
        }
    }

    fn failed(&mut self, transient: bool, fault: Fault, effects: &mut Vec<Effect>) {
        match std::mem::replace(&mut self.phase, Phase::Idle) {
            Phase::Idle => {}
            // Nothing could be loaded for any of them.
            Phase::Beginning { works, .. } => works.into_iter().for_each(|work| self.give_up(work, &fault, effects)),
            Phase::Appending { works, .. } => self.again(works, transient, fault, effects),
        }
    }

    /// The working state is thrown away; its commands are decided again one by one, so that one that can't be written holds up no other.
    fn again(&mut self, mut works: Vec<Work>, transient: bool, fault: Fault, effects: &mut Vec<Effect>) {
        if works.len() > 1 {
            for work in works.into_iter().rev() {
                self.alone.push_front(work);
            }
            return;
        }
        let Some(work) = works.pop() else { return };
        if transient {
            // The store itself is in trouble: the others would each only wait for the same answer.
            self.give_up(work, &fault, effects);
            for other in std::mem::take(&mut self.alone) {
                self.give_up(other, &fault, effects);
            }
            return;
        }
        match work {
            // Mail that can't be written as a message is kept all the same.
            Work::Arrival {
                ticket,
                arrival,
                refused: None,
                under,
            } => {
                self.alone.push_front(Work::Arrival {
                    ticket,
                    arrival,
                    refused: Some(fault.to_string()),
                    under,
                });
            }
            other => self.give_up(other, &fault, effects),
        }
    }

    fn give_up(&mut self, work: Work, fault: &Fault, effects: &mut Vec<Effect>) {
        match work {
            Work::Open { ticket }
            | Work::Command { ticket, .. }
            | Work::Host { ticket, .. }
            | Work::Shown { ticket, .. }
            | Work::Release { ticket, .. } => {
                effects.push(Effect::Answer {
                    ticket,
                    outcome: Err(fault.clone()),
                });
            }
            Work::Due { row } => {
                self.due.remove(&row);
            }
            Work::Arrival { ticket, .. } | Work::Progress { ticket, .. } => {
                self.part_done(ticket, Some(fault.clone()), effects)
            }
        }
    }
}

/// Judges a group on one working state. An error is a defect of the data: the group is to be tried one by one.
fn judge(works: Vec<Work>, working: &mut Working<'_>) -> Result<Judged, (Vec<Work>, Fault)> {
    let mut answers = Vec::new();
    let mut received: BTreeMap<Ticket, Received> = BTreeMap::new();
    let mut stale = BTreeSet::new();
    let mut fault = None;
    for work in &works {
        let done = match work {
            Work::Open { ticket } => {
                answers.push((*ticket, Ok(Reply::Opened)));
                Ok(())
            }
            // It is not remembered as an answer: the same command may come again, from whoever hosts now.
            Work::Command { ticket, under, .. } if !working.counts(*under) => {
                answers.push((*ticket, Err(Fault::NotHost)));
                Ok(())
            }
            Work::Arrival { ticket, under, .. } | Work::Progress { ticket, under, .. } if !working.counts(*under) => {
                stale.insert(*ticket);
                Ok(())
            }
            Work::Command { ticket, command, .. } => working
                .command(command)
                .map(|decided| answers.push((*ticket, Ok(Reply::Command(answer(decided)))))),
            Work::Host { ticket, ask } => working
                .host(*ask)
                .map(|grant| answers.push((*ticket, Ok(Reply::Hosted(grant))))),
            Work::Shown { ticket, grant } => working
                .shown(*grant)
                .map(|is| answers.push((*ticket, Ok(Reply::Shown(is))))),
            Work::Release { ticket, grant } => working
                .release(*grant)
                .map(|()| answers.push((*ticket, Ok(Reply::Released)))),
            Work::Due { row } => working.due(row),
            Work::Arrival {
                ticket,
                arrival,
                refused,
                ..
            } => working.arrive(arrival, refused.as_deref(), received.entry(*ticket).or_default()),
            Work::Progress { cursor, .. } => {
                working
                    .batch
                    .cursors
                    .retain(|known| (known.account, &known.folder) != (cursor.account, &cursor.folder));
                working.batch.cursors.push(cursor.clone());
                Ok(())
            }
        };
        if let Err(error) = done {
            fault = Some(error);
            break;
        }
    }
    match fault {
        None => Ok(Judged {
            works,
            answers,
            received,
            stale,
        }),
        Some(fault) => Err((works, fault)),
    }
}

fn answer(decided: Decided) -> Answer {
    match decided {
        Decided::Done { from, to } => Answer::Done { from, to },
        Decided::Refused { refusal } => Answer::Refused { refusal },
    }
}

/// Whether these entries follow that head without a gap.
fn continues(head: &Head, tail: &[Sealed]) -> bool {
    tail.first()
        .is_none_or(|first| first.entry.number == head.number.saturating_add(1))
}

fn cursor(head: &Head) -> Cursor {
    Cursor {
        epoch: head.epoch,
        number: head.number,
        hash: hex::encode(head.hash),
    }
}

fn add(sum: &mut Received, part: Received) {
    let Received {
        imported,
        duplicates,
        quarantined,
        ignored,
        known,
    } = part;
    sum.imported = sum.imported.saturating_add(imported);
    sum.duplicates = sum.duplicates.saturating_add(duplicates);
    sum.quarantined = sum.quarantined.saturating_add(quarantined);
    sum.ignored = sum.ignored.saturating_add(ignored);
    sum.known = sum.known.saturating_add(known);
}
