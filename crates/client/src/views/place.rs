//! Where a conversation belongs: its views, its group in Today, whose move it is.

use std::collections::BTreeMap;

use baton_domain::{
    Account, AccountId, ClockKind, Conversation, DAY_MS, Direction, Filing, FolderUse, FollowUp, FollowUpKind,
    LEFT_OVER_DAYS, MemberId, MessageId, MessageKind, OutboundState, Outcome, Status, Timestamp,
};
use baton_protocol::{Group, RowClock, Turn, View};

/// How long before a mailbox went live an unanswered message still counts as left over.
const LEFT_OVER_MS: i64 = LEFT_OVER_DAYS * DAY_MS;

/// Every view, in the order of the window's left side.
const VIEWS: [View; 11] = [
    View::Today,
    View::Mine,
    View::Unassigned,
    View::Waiting,
    View::QuotesOut,
    View::Blocked,
    View::Snoozed,
    View::Closed,
    View::All,
    View::LeftOver,
    View::Escalated,
];

/// Who looks, and when.
#[derive(Debug, Clone, Copy)]
pub struct Viewer<'a> {
    /// Who.
    pub me: MemberId,
    /// When.
    pub now: Timestamp,
    /// The end of the viewer's day, in their zone.
    pub day_ends: Timestamp,
    /// The channel accounts: what was left over depends on when they went live.
    pub accounts: &'a BTreeMap<AccountId, Account>,
}

/// Where a conversation belongs at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    views: u16,
    /// Its group in Today, if it is there.
    pub group: Option<Group>,
    /// Its date has passed.
    pub late: bool,
    /// When something is due.
    pub due: Option<Timestamp>,
    /// When its place may change without anything happening; the change of days is apart.
    pub changes_at: Option<Timestamp>,
}

impl Placement {
    /// Whether the view holds it.
    #[must_use]
    pub fn is_in(&self, view: View) -> bool {
        self.views & bit(view) != 0
    }

    /// The views that hold it.
    pub fn views(&self) -> impl Iterator<Item = View> + '_ {
        VIEWS.into_iter().filter(|view| self.is_in(*view))
    }
}

/// All views, in order.
pub(crate) fn views() -> impl Iterator<Item = View> {
    VIEWS.into_iter()
}

const fn bit(view: View) -> u16 {
    1 << match view {
        View::Today => 0,
        View::Mine => 1,
        View::Unassigned => 2,
        View::Waiting => 3,
        View::QuotesOut => 4,
        View::Blocked => 5,
        View::Snoozed => 6,
        View::Closed => 7,
        View::All => 8,
        View::LeftOver => 9,
        View::Escalated => 10,
    }
}

/// Where `conversation` belongs for this viewer.
#[must_use]
pub fn place(conversation: &Conversation, viewer: &Viewer<'_>) -> Placement {
    let over = conversation.status.is_over();
    let asleep = snoozed(conversation, viewer.now);
    let group = if over || asleep {
        None
    } else {
        group(conversation, viewer)
    };
    let late = !over && !asleep && overdue(conversation, viewer.now);
    let mut views = 0;
    let mut add = |view, holds: bool| {
        if holds {
            views |= bit(view);
        }
    };
    let blocked = conversation.blocked.is_some() || conversation.status == Status::NeedsInput;
    add(View::Today, group.is_some());
    add(View::Mine, !over && conversation.owner == Some(viewer.me));
    add(View::Unassigned, !over && !asleep && conversation.owner.is_none());
    add(View::Waiting, turn(conversation, viewer.now) == Turn::Customer);
    add(View::QuotesOut, !asleep && conversation.status == Status::QuoteSent);
    add(View::Blocked, !over && !asleep && blocked);
    add(View::Snoozed, !over && asleep);
    add(View::Closed, over);
    add(View::All, !over);
    add(View::LeftOver, left_over(conversation, viewer.accounts));
    add(View::Escalated, !over && escalated_to(conversation, viewer.me));
    Placement {
        views,
        group,
        late,
        due: due_at(conversation, viewer.now),
        changes_at: changes_at(conversation, viewer.now),
    }
}

/// The group in Today. What is late comes before what is merely mine to answer.
fn group(conversation: &Conversation, viewer: &Viewer<'_>) -> Option<Group> {
    let mine = conversation.owner == Some(viewer.me);
    if conversation.handoff.as_ref().is_some_and(|offer| offer.to == viewer.me) {
        return Some(Group::Offered);
    }
    if mine && overdue(conversation, viewer.now) {
        return Some(Group::Overdue);
    }
    let due_today = conversation
        .follow_up
        .as_ref()
        .is_some_and(|follow_up| follow_up.due < viewer.day_ends);
    if mine && due_today {
        return Some(Group::DueToday);
    }
    let asked_of_me = conversation.blocked_on(viewer.me).is_some();
    let to_see_to = escalated_to(conversation, viewer.me);
    let my_trouble = mine && trouble(conversation);
    let turn = turn(conversation, viewer.now);
    if (mine && matches!(turn, Turn::Ours | Turn::AnsweredQuote)) || asked_of_me || to_see_to || my_trouble {
        return Some(Group::YourTurn);
    }
    conversation.owner.is_none().then_some(Group::Unassigned)
}

/// Whether I am asked to see to it, or have said that I have it.
fn escalated_to(conversation: &Conversation, me: MemberId) -> bool {
    let running = conversation.escalation.as_ref();
    running.is_some_and(|running| running.asks(me) || running.acknowledged.is_some_and(|one| one.by == me))
}

/// Whether it is out of sight at `now`. A snooze whose instant has passed is over, whether or not the server has said so.
#[must_use]
pub fn snoozed(conversation: &Conversation, now: Timestamp) -> bool {
    conversation
        .snoozed
        .as_ref()
        .is_some_and(|snooze| snooze.until.is_none_or(|until| until > now))
}

/// When something is due in it: the end of a snooze, or the follow-up.
#[must_use]
pub fn due_at(conversation: &Conversation, now: Timestamp) -> Option<Timestamp> {
    if conversation.status.is_over() {
        None
    } else if snoozed(conversation, now) {
        conversation.snoozed.as_ref().and_then(|snooze| snooze.until)
    } else {
        conversation.follow_up.as_ref().map(|follow_up| follow_up.due)
    }
}

fn overdue(conversation: &Conversation, now: Timestamp) -> bool {
    conversation
        .follow_up
        .as_ref()
        .is_some_and(|follow_up| follow_up.due <= now)
}

fn changes_at(conversation: &Conversation, now: Timestamp) -> Option<Timestamp> {
    let snooze = conversation.snoozed.as_ref().and_then(|snooze| snooze.until);
    let follow_up = conversation.follow_up.as_ref().map(|follow_up| follow_up.due);
    // Warnings and breaches are said by the clock, offline too.
    let clocks = conversation.clocks.iter().filter(|clock| clock.runs());
    let clocks = clocks.flat_map(|clock| [clock.warn_at, clock.due]);
    let dates = [snooze, follow_up].into_iter().flatten();
    dates.chain(clocks).filter(|at| *at > now).min()
}

/// The SLA clock that presses most: what the customer waits for comes before what they do not notice.
#[must_use]
pub fn clock(conversation: &Conversation) -> Option<RowClock> {
    let running = conversation.clocks.iter().filter(|clock| clock.runs());
    let pressing = running.min_by_key(|clock| (clock.kind == ClockKind::Resolution, clock.due))?;
    Some(RowClock {
        kind: pressing.kind,
        started: pressing.started,
        half_at: pressing.half_at,
        warn_at: pressing.warn_at,
        warn_percent: pressing.warn_percent,
        due: pressing.due,
    })
}

/// Whose move it is, and why.
#[must_use]
pub fn turn(conversation: &Conversation, now: Timestamp) -> Turn {
    let due = conversation.follow_up.as_ref().filter(|follow_up| follow_up.due <= now);
    if conversation.status.is_over() {
        Turn::Over
    } else if snoozed(conversation, now) {
        Turn::Snoozed
    } else if conversation.handoff.is_some() {
        Turn::Offered
    } else if conversation.owner.is_none() {
        Turn::Nobody
    } else if conversation.blocked.is_some() {
        Turn::Colleague
    } else if conversation.unanswered_since.is_some() {
        if answered_quote(conversation) {
            Turn::AnsweredQuote
        } else {
            Turn::Ours
        }
    } else {
        match (due, conversation.status) {
            (
                Some(FollowUp {
                    kind: FollowUpKind::Chase { .. },
                    ..
                }),
                _,
            ) => Turn::Chase,
            (
                Some(FollowUp {
                    kind: FollowUpKind::Closing,
                    ..
                }),
                _,
            ) => Turn::ProposeClose,
            (
                Some(FollowUp {
                    kind: FollowUpKind::Owed | FollowUpKind::Chosen,
                    ..
                }),
                _,
            )
            | (None, Status::FollowUpDue) => Turn::Owed,
            (None, Status::Waiting | Status::QuoteSent) => Turn::Customer,
            (None, Status::NeedsInput) => Turn::Colleague,
            (None, Status::New | Status::Assigned | Status::Won | Status::Lost | Status::Resolved | Status::Closed) => {
                Turn::Ours
            }
        }
    }
}

fn answered_quote(conversation: &Conversation) -> bool {
    conversation
        .before_message
        .as_ref()
        .is_some_and(|before| before.status == Status::QuoteSent)
}

/// A reply in it is in doubt, was refused by the provider or came back, and nothing of ours left after it.
#[must_use]
pub fn trouble(conversation: &Conversation) -> bool {
    let doubtful = conversation
        .outbound
        .iter()
        .any(|outbound| matches!(outbound.state, OutboundState::Unknown { .. }));
    let failed = conversation
        .outbound
        .last()
        .is_some_and(|outbound| matches!(outbound.state, OutboundState::Failed { .. }));
    (doubtful || failed || conversation.bounced.is_some()) && conversation.merged.is_none()
}

/// Whether its newest message is a person's, waits for an answer, and was not on this screen.
#[must_use]
pub fn unread(conversation: &Conversation, seen: Option<MessageId>) -> bool {
    conversation.unanswered_since.is_some()
        && conversation
            .last_message
            .as_ref()
            .is_some_and(|last| last.direction == Direction::Inbound && seen != Some(last.id))
}

/// Written by a customer within thirty days before its mailbox went live, and answered by nobody, Sent included.
fn left_over(conversation: &Conversation, accounts: &BTreeMap<AccountId, Account>) -> bool {
    let imported = conversation
        .closing
        .as_ref()
        .is_some_and(|closing| closing.outcome == Outcome::Imported);
    let live_since = conversation
        .account
        .and_then(|account| accounts.get(&account))
        .map(|account| account.live_since);
    let (Some(last), Some(live_since)) = (&conversation.last_message, live_since) else {
        return false;
    };
    // What lies in a folder for what is done was looked at by whoever put it there.
    let done = |filing: &Filing| filing.message == last.id && filing.becomes == FolderUse::Done;
    conversation.history
        && !conversation.filed.iter().any(done)
        && conversation.merged.is_none()
        && imported
        && last.direction == Direction::Inbound
        && last.kind == MessageKind::Human
        && last.at >= live_since.plus_ms(-LEFT_OVER_MS)
}
