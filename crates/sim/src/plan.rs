//! What is going to happen to a team, drawn from the seed before anything does: who acts when, what customers write, and what
//! breaks. A life that went wrong is made shorter by taking steps out of its plan.

use baton_domain::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Timestamp};

use crate::cast::{START, customers};
use crate::rng::Rng;

/// Something at an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its place in the plan as drawn: it keeps its luck when others are taken out.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: Doing,
}

/// What happens at a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doing {
    /// Somebody of the team acts.
    Person(usize, Deed),
    /// A customer does.
    Customer(u64, Letter),
    /// Something breaks.
    Fault(Fault),
    /// Everybody goes home: lids are closed, and nothing happens until they are opened.
    Evening,
    /// Lids are opened.
    Morning,
}

/// What somebody of the team sets out to do. With which conversation they find when the time comes, on their screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deed {
    /// Take a lead nobody has; sometimes one that somebody has.
    Claim,
    /// Open one, type, and send.
    Reply,
    /// Answer in a colleague's place.
    Cover,
    /// Write a note.
    Note,
    /// Say what happens next.
    NextStep,
    /// Set a date.
    FollowUp,
    /// The follow-up is done.
    CompleteFollowUp,
    /// Out of sight.
    Snooze,
    /// Back in sight.
    Wake,
    /// Close it.
    Close,
    /// Open it again.
    Reopen,
    /// Offer it to a colleague.
    HandOff,
    /// Take what was offered.
    Accept,
    /// Don't.
    Decline,
    /// Give it to somebody.
    Assign,
    /// Give it back.
    Release,
    /// Move it to the other inbox.
    Move,
    /// Ask for a colleague's eyes on it.
    Escalate,
    /// Say that they have it.
    Acknowledge,
    /// Merge it into another.
    Merge,
    /// Take it out of the one it was merged into.
    Unmerge,
    /// Let the customer's newest message go on in a conversation of its own.
    Split,
    /// Label it.
    Tag,
    /// Sort it.
    Sort,
    /// Wait for a colleague.
    Block,
    /// Their answer is here.
    Unblock,
    /// The message needs no answer.
    NoReplyNeeded,
    /// Not a lead.
    NotALead,
    /// Ask for the reply lock.
    RequestLock,
    /// Answer whoever asks for it.
    AnswerRequest,
    /// Take the lock from its holder.
    TakeOver,
    /// Offer a text to whoever is replying.
    Suggest,
    /// Take my last act back.
    Undo,
    /// Tidy the held list.
    ResolveHeld,
    /// Say what became of replies in doubt.
    Settle,
    /// Pass what a customer wrote on to somebody outside.
    Forward,
    /// Say that an exception was looked at.
    SettleException,
    /// Call where it stands by a name of the inbox.
    NameStatus,
    /// Say where it stands.
    SetStatus,
    /// Be told of it.
    Follow,
    /// Don't be told of it any more.
    Unfollow,
    /// Have the rules look at it once more.
    Route,
    /// Ask its owner to look at it.
    Nudge,
    /// It is not the same as another of that customer.
    KeepApart,
    /// Pull the cable and go on working.
    Unplug,
    /// Put it back.
    Plug,
}

/// What a customer does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Letter {
    /// Writes about something new.
    New,
    /// Answers the newest thing they got, or adds to what they wrote.
    Answer,
    /// Their machine says that they are away.
    OutOfOffice,
    /// Their server says that our message could not be delivered.
    Bounce,
    /// The same message comes twice.
    Twice,
    /// Bytes that are no message.
    Garbled,
    /// Not the customer: a colleague answers them from another mail program.
    Outside,
}

/// What breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// A desktop's program is killed and started again.
    DesktopCrash(usize),
    /// The server's program is killed and started again.
    ServerCrash(usize),
    /// The power goes under the server and its database: what was not synced is lost.
    PowerCut,
    /// The channel host is killed and started again.
    HostCrash,
    /// A connection breaks; what is under way on it is lost.
    Disconnect(usize),
    /// A connection breaks, but what the desktop said on it comes late, after the next connection's first words.
    Lingering(usize),
    /// A desktop can't reach any server for a while.
    Partition(usize),
    /// A desktop's network is slow for a while.
    Lag(usize),
    /// A desktop's clock is moved.
    ClockSkew(usize),
    /// A desktop's disk does not write: its program starts again on what is there.
    DesktopDisk(usize),
    /// The server's disk is slow for a while.
    SlowDisk,
    /// The server's disk refuses a write.
    FullDisk,
    /// The server's disk writes, and the answer is lost.
    DoubtfulDisk,
    /// The provider takes the next message, and its answer is lost.
    LostAnswer,
    /// The connection to the provider breaks in the middle of the next message.
    BrokenBody,
    /// The provider refuses the next message for good.
    Rejection,
    /// The provider refuses the next message for now.
    Deferral,
    /// The host is killed between the fence and the provider's answer to the next message.
    HostCrashBehindFence,
    /// Nothing breaks: a rep may not send any more, for a while.
    RightLost(usize),
    /// Nothing breaks: a rep is taken off the inbox of Sales, for a while.
    ReadingLost(usize),
    /// Nothing breaks: the mailbox of Sales is only watched, for a while.
    Watched,
    /// Nothing breaks: a rep is on leave, for a while.
    Away(usize),
    /// A server's program stands still for a while, with whatever it has in its hands, and then goes on as if nothing were.
    ServerPaused(usize),
    /// A server stands still between the fence and the body of the next message, until its host may be none any more.
    StandstillBehindFence,
    /// A server can't reach the store that the others share, for a while.
    StoreCut(usize),
    /// A server's clock is moved.
    ServerClock(usize),
    /// A desktop's line ends, and its next call goes to another server.
    ServerChanged(usize),
}

impl Fault {
    /// Every kind there is, for the totals: one that never came is shown as such.
    #[must_use]
    pub fn kinds(servers: usize) -> Vec<&'static str> {
        let count = if servers > 1 { KINDS } else { KINDS_OF_ONE };
        (0..count).map(|kind| of_kind(kind, 0, 0).name()).collect()
    }

    /// Its name in the totals.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DesktopCrash(_) => "desktopCrash",
            Self::ServerCrash(_) => "serverCrash",
            Self::PowerCut => "powerCut",
            Self::HostCrash => "hostCrash",
            Self::Disconnect(_) => "disconnect",
            Self::Lingering(_) => "lingering",
            Self::Partition(_) => "partition",
            Self::Lag(_) => "lag",
            Self::ClockSkew(_) => "clockSkew",
            Self::DesktopDisk(_) => "desktopDisk",
            Self::SlowDisk => "slowDisk",
            Self::FullDisk => "fullDisk",
            Self::DoubtfulDisk => "doubtfulDisk",
            Self::LostAnswer => "lostAnswer",
            Self::BrokenBody => "brokenBody",
            Self::Rejection => "rejection",
            Self::Deferral => "deferral",
            Self::HostCrashBehindFence => "hostCrashBehindFence",
            Self::RightLost(_) => "rightLost",
            Self::ReadingLost(_) => "readingLost",
            Self::Watched => "watched",
            Self::Away(_) => "away",
            Self::ServerPaused(_) => "serverPaused",
            Self::StandstillBehindFence => "standstillBehindFence",
            Self::StoreCut(_) => "storeCut",
            Self::ServerClock(_) => "serverClock",
            Self::ServerChanged(_) => "serverChanged",
        }
    }
}

/// How much happens in a life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Desktops, one a person.
    pub desktops: usize,
    /// Servers on one store.
    pub servers: usize,
    /// Times of work, with long pauses between them.
    pub sittings: u64,
    /// How long each is, in milliseconds.
    pub sitting_ms: i64,
    /// What lies between them.
    pub pauses: Pauses,
    /// What the team does in each.
    pub deeds: u64,
    /// What customers do in each.
    pub letters: u64,
    /// What breaks in each.
    pub faults: u64,
    /// What a life of this size has at the least.
    pub least: Least,
}

/// What lies between two times of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pauses {
    /// A lunch, a night, a weekend, or the time a cadence takes.
    Any,
    /// The rest of the day and the night; from Friday to Monday, the weekend.
    Nights,
}

/// What a life must have had in it to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Least {
    /// Commands of people that were accepted.
    pub accepted: u64,
    /// Mail that arrived.
    pub arrived: u64,
    /// Things that broke.
    pub faults: u64,
}

impl Size {
    /// A few sittings of three people and one server: what the tests live through by the hundred.
    pub const DAY: Self = Self {
        desktops: 3,
        servers: 1,
        sittings: 3,
        sitting_ms: 6 * MINUTE_MS,
        pauses: Pauses::Any,
        deeds: 28,
        letters: 7,
        faults: 4,
        least: Least {
            accepted: 0,
            arrived: 0,
            faults: 0,
        },
    };

    /// A week of five people and three servers on one store.
    pub const WEEK: Self = Self {
        desktops: 5,
        servers: 3,
        sittings: 5,
        sitting_ms: 40 * MINUTE_MS,
        pauses: Pauses::Nights,
        deeds: 200,
        letters: 14,
        faults: 7,
        least: Least {
            accepted: 500,
            arrived: 50,
            faults: 20,
        },
    };
}

impl Size {
    /// It in the words of a test.
    #[must_use]
    pub fn in_code(self) -> String {
        let usual = if self.pauses == Pauses::Nights {
            Self::WEEK
        } else {
            Self::DAY
        };
        let name = if usual.pauses == Pauses::Nights {
            "Size::WEEK"
        } else {
            "Size::DAY"
        };
        let fields = [
            ("desktops", self.desktops as u64, usual.desktops as u64),
            ("servers", self.servers as u64, usual.servers as u64),
            ("sittings", self.sittings, usual.sittings),
        ];
        let other = fields.into_iter().filter(|(_, own, usual)| own != usual);
        let other: Vec<String> = other.map(|(field, own, _)| format!("{field}: {own}, ")).collect();
        if other.is_empty() {
            name.to_owned()
        } else {
            format!("Size {{ {}..{name} }}", other.concat())
        }
    }
}

impl Default for Size {
    fn default() -> Self {
        Self::DAY
    }
}

/// How long before the end of a time of work nobody begins anything new.
const CALM_MS: i64 = MINUTE_MS;

/// Draws a plan.
#[must_use]
pub fn draw(seed: u64, size: Size) -> Vec<Step> {
    let mut rng = Rng::of(seed, "plan", 0);
    let mut steps = Vec::new();
    let mut begins = START;
    for sitting in 0..size.sittings {
        let mut add = |at: Timestamp, what: Doing| steps.push((at, what));
        let at = |rng: &mut Rng| begins.plus_ms(rng.between(0, size.sitting_ms - CALM_MS));
        add(begins, Doing::Morning);
        for number in 0..size.letters {
            // Somebody has written before the first lid is open, and at night.
            let early = sitting == 0 && number < 3;
            let when = if early {
                begins.plus_ms(rng.between(0, 3 * SECOND_MS))
            } else {
                at(&mut rng)
            };
            let letter = if early { Letter::New } else { letter(&mut rng) };
            add(when, Doing::Customer(rng.below(customers()), letter));
        }
        for _ in 0..size.deeds {
            let who = usize::try_from(rng.below(u64::try_from(size.desktops).unwrap_or(1))).unwrap_or(0);
            add(at(&mut rng), Doing::Person(who, deed(&mut rng)));
        }
        for _ in 0..size.faults {
            add(at(&mut rng), Doing::Fault(fault(&mut rng, size)));
        }
        add(begins.plus_ms(size.sitting_ms), Doing::Evening);
        begins = match size.pauses {
            Pauses::Any => begins.plus_ms(size.sitting_ms.saturating_add(pause(&mut rng))),
            Pauses::Nights => begins.plus_ms(if sitting == 1 { 3 * DAY_MS } else { DAY_MS }),
        };
        if sitting + 1 < size.sittings && rng.chance(60) {
            let night = begins.plus_ms(-rng.between(10 * SECOND_MS, 20 * MINUTE_MS));
            add(night, Doing::Customer(rng.below(customers()), letter(&mut rng)));
        }
    }
    steps.sort_by_key(|(at, _)| *at);
    steps
        .into_iter()
        .zip(0..)
        .map(|((at, what), number)| Step { number, at, what })
        .collect()
}

/// Of the plan of a seed only the steps with these numbers, as a life that was made shorter is told by.
#[must_use]
pub fn only(seed: u64, size: Size, numbers: &[u64]) -> Vec<Step> {
    let mut steps = draw(seed, size);
    steps.retain(|step| numbers.contains(&step.number));
    steps
}

/// Lunch, a night, a weekend, or the time a cadence takes.
fn pause(rng: &mut Rng) -> i64 {
    match rng.weighted(&[3, 4, 3, 2]) {
        0 => rng.between(HOUR_MS, 3 * HOUR_MS),
        1 => 16 * HOUR_MS + rng.between(0, 3 * HOUR_MS),
        2 => 4 * DAY_MS + rng.between(0, HOUR_MS),
        _ => 8 * DAY_MS + rng.between(0, HOUR_MS),
    }
}

fn letter(rng: &mut Rng) -> Letter {
    match rng.weighted(&[30, 42, 6, 4, 8, 4, 6]) {
        0 => Letter::New,
        1 => Letter::Answer,
        2 => Letter::OutOfOffice,
        3 => Letter::Bounce,
        4 => Letter::Twice,
        5 => Letter::Garbled,
        _ => Letter::Outside,
    }
}

const DEEDS: [(Deed, u64); 46] = [
    (Deed::Claim, 16),
    (Deed::Reply, 34),
    (Deed::Cover, 4),
    (Deed::Note, 8),
    (Deed::NextStep, 5),
    (Deed::FollowUp, 5),
    (Deed::CompleteFollowUp, 2),
    (Deed::Snooze, 4),
    (Deed::Wake, 2),
    (Deed::Close, 4),
    (Deed::Reopen, 2),
    (Deed::HandOff, 4),
    (Deed::Accept, 4),
    (Deed::Decline, 1),
    (Deed::Assign, 3),
    (Deed::Release, 2),
    (Deed::Move, 5),
    (Deed::Escalate, 2),
    (Deed::Acknowledge, 4),
    (Deed::Merge, 5),
    (Deed::Unmerge, 3),
    (Deed::Split, 4),
    (Deed::Tag, 3),
    (Deed::Sort, 2),
    (Deed::Block, 3),
    (Deed::Unblock, 1),
    (Deed::NoReplyNeeded, 2),
    (Deed::NotALead, 1),
    (Deed::RequestLock, 3),
    (Deed::AnswerRequest, 3),
    (Deed::TakeOver, 2),
    (Deed::Suggest, 2),
    (Deed::Undo, 5),
    (Deed::ResolveHeld, 5),
    (Deed::Settle, 4),
    (Deed::Forward, 6),
    (Deed::SettleException, 2),
    (Deed::NameStatus, 2),
    (Deed::SetStatus, 1),
    (Deed::Follow, 1),
    (Deed::Unfollow, 1),
    (Deed::Route, 3),
    (Deed::Nudge, 2),
    (Deed::KeepApart, 1),
    (Deed::Unplug, 5),
    (Deed::Plug, 14),
];

fn deed(rng: &mut Rng) -> Deed {
    let weights = DEEDS.map(|(_, weight)| weight);
    DEEDS.get(rng.weighted(&weights)).map_or(Deed::Note, |(deed, _)| *deed)
}

/// How many kinds of faults there are.
const KINDS: u64 = 27;
/// How many of them there are where one server runs; the others come after them.
const KINDS_OF_ONE: u64 = 22;

fn fault(rng: &mut Rng, size: Size) -> Fault {
    let some = |rng: &mut Rng, of: usize| usize::try_from(rng.below(u64::try_from(of).unwrap_or(1))).unwrap_or(0);
    let (desk, server) = (some(rng, size.desktops), some(rng, size.servers));
    let kinds = if size.servers > 1 { KINDS } else { KINDS_OF_ONE };
    of_kind(rng.below(kinds), desk, server)
}

const fn of_kind(kind: u64, desk: usize, server: usize) -> Fault {
    match kind {
        0 => Fault::DesktopCrash(desk),
        1 => Fault::ServerCrash(server),
        2 => Fault::PowerCut,
        3 => Fault::HostCrash,
        4 => Fault::Disconnect(desk),
        5 => Fault::Lingering(desk),
        6 => Fault::Partition(desk),
        7 => Fault::Lag(desk),
        8 => Fault::ClockSkew(desk),
        9 => Fault::DesktopDisk(desk),
        10 => Fault::SlowDisk,
        11 => Fault::FullDisk,
        12 => Fault::DoubtfulDisk,
        13 => Fault::LostAnswer,
        14 => Fault::BrokenBody,
        15 => Fault::Rejection,
        16 => Fault::Deferral,
        17 => Fault::HostCrashBehindFence,
        18 => Fault::RightLost(desk),
        19 => Fault::ReadingLost(desk),
        20 => Fault::Watched,
        21 => Fault::Away(desk),
        22 => Fault::ServerPaused(server),
        23 => Fault::StoreCut(server),
        24 => Fault::ServerClock(server),
        25 => Fault::StandstillBehindFence,
        _ => Fault::ServerChanged(desk),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_its_seed() {
        assert_eq!(draw(7, Size::WEEK), draw(7, Size::WEEK));
        assert_ne!(draw(7, Size::default()), draw(8, Size::default()));
    }

    #[test]
    fn a_plan_is_in_order_and_begins_with_a_morning() {
        let plan = draw(1, Size::default());
        assert_eq!(plan.first().map(|step| &step.what), Some(&Doing::Morning));
        assert!(
            plan.windows(2)
                .all(|pair| pair.first().unwrap().at <= pair.last().unwrap().at)
        );
    }

    #[test]
    fn a_week_ends_within_eight_days_and_passes_a_weekend() {
        let plan = draw(1, Size::WEEK);
        let length = plan.last().unwrap().at.since_ms(START);
        assert!((5 * DAY_MS..8 * DAY_MS).contains(&length), "{length}");
    }

    #[test]
    fn every_kind_of_fault_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<_> = Fault::kinds(3).into_iter().collect();
        assert_eq!(u64::try_from(names.len()).unwrap(), KINDS);
        assert_eq!(u64::try_from(Fault::kinds(1).len()).unwrap(), KINDS_OF_ONE);
    }
}
