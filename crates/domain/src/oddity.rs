//! Exceptions that a state remembers (O11): what people put right after the rules, and what came back soon after it was closed; and
//! when a conversation has lain still for too long.
//!
//! None of it is a flag that somebody has to keep: a [`Correction`] and a [`Comeback`] are folded from the events that made them, and
//! whether they still need a look is read off the state, the inbox's calendar and the time. Whoever has looked says so
//! ([`crate::CommandBody::SettleException`]).

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{
    BusinessCalendar, Cause, Conversation, DAY_MS, Event, InboxId, MemberId, Outcome, OwnerChange, RuleId, Stamp,
    Timestamp,
};

/// Within so many business days of a routing a change of its owner or inbox says that the rules were wrong.
const CORRECTED_WITHIN_DAYS: u8 = 1;
/// What is opened again within a week was closed too soon.
const REOPENED_WITHIN_MS: i64 = 7 * DAY_MS;
/// How many corrections a state remembers.
const CORRECTIONS_KEPT: usize = 5;

/// Exceptions that somebody settles by saying that they have looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Oddity {
    /// The rules sent it to the wrong person or inbox.
    Misrouted,
    /// Its customer wrote again soon after it was closed.
    Reopened,
    /// Nothing has happened in it for too long.
    Stale,
}

/// Where the rules sent a conversation, in short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SentBy {
    /// When.
    pub at: Timestamp,
    /// The version of the rule set.
    pub version: u32,
    /// The rule that said who owns it; `None` where none did.
    pub rule: Option<RuleId>,
    /// Who got it; `None` where it was left in the queue.
    pub owner: Option<MemberId>,
    /// The inbox it lay in.
    pub inbox: InboxId,
    /// A rule had moved it there in the same routing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub moved: Option<RuleMove>,
}

/// That a rule moved a conversation to another inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RuleMove {
    /// Which rule; `None` where none is known.
    pub rule: Option<RuleId>,
    /// Out of which inbox.
    pub from: InboxId,
}

/// What somebody did about where the rules had sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum CorrectionKind {
    /// It went to another inbox.
    Moved {
        /// Which.
        to: InboxId,
    },
    /// Somebody else owns it.
    Reassigned {
        /// Who.
        to: MemberId,
    },
    /// It was given back to the queue: not theirs.
    GivenBack,
}

/// The rules sent it somewhere, and a person changed that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Correction {
    /// Where they had sent it.
    pub sent: SentBy,
    /// When it was changed.
    pub at: Timestamp,
    /// By whom.
    pub by: MemberId,
    /// How.
    pub how: CorrectionKind,
    /// Whether somebody has looked at it.
    pub settled: bool,
}

impl Correction {
    /// Whether it came so soon that the rules were wrong: within a business day of the routing, by the hours of the inbox it lay in.
    #[must_use]
    pub fn is_soon(&self, calendar: &BusinessCalendar) -> bool {
        self.at <= calendar.add_business_days(self.sent.at, CORRECTED_WITHIN_DAYS)
    }
}

/// Its customer opened it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Comeback {
    /// When.
    pub at: Timestamp,
    /// When it had been closed.
    pub closed_at: Timestamp,
    /// As what.
    pub outcome: Outcome,
    /// Whether somebody has looked at it.
    pub settled: bool,
}

impl Conversation {
    /// The corrections nobody has looked at, as long as it is open: each is an exception if it [came soon](Correction::is_soon).
    pub fn corrections_to_look_at(&self) -> impl Iterator<Item = &Correction> {
        let open = !self.status.is_over() && self.merged.is_none();
        self.corrections.iter().filter(move |one| open && !one.settled)
    }

    /// That its customer came back within a week of its end, until they have an answer, somebody closes it again, or has looked.
    #[must_use]
    pub fn comeback_to_look_at(&self) -> Option<&Comeback> {
        let back = self.comeback.as_ref().filter(|back| !back.settled)?;
        let soon = back.at.since_ms(back.closed_at) <= REOPENED_WITHIN_MS;
        let waits = self.unanswered_since.is_some_and(|since| since <= back.at);
        let open = !self.status.is_over() && self.merged.is_none() && self.category.has_duties();
        (soon && waits && open).then_some(back)
    }
}

/// What an event says about exceptions, on the state as it was before it.
pub(crate) fn fold(state: &mut Conversation, stamp: Stamp, event: &Event) {
    match event {
        Event::Routed { routing } => {
            // The second half of a move: how it came here is kept.
            let moved_here = state.sent_by.filter(|sent| sent.at == stamp.at);
            let moved_here = moved_here
                .and_then(|sent| sent.moved)
                .filter(|by| by.from != state.inbox);
            let moved = routing.moved_to.map(|_| RuleMove {
                rule: routing.rule,
                from: state.inbox,
            });
            state.sent_by = Some(SentBy {
                moved: moved.or(moved_here),
                at: stamp.at,
                version: routing.version,
                rule: routing.rule,
                owner: routing.owner,
                inbox: state.inbox,
            });
        }
        // The rule that moves it has not corrected itself.
        Event::MovedOut { .. } if is_moving(state) => {}
        Event::MovedOut { to } => moved(state, stamp, *to),
        Event::OwnerChanged { owner, how, .. } => owned(state, stamp, *owner, *how),
        // It went along to where it is one with another: nobody said that it was in the wrong place.
        Event::Merged { .. } => state.corrections.retain(|one| one.at != stamp.at),
        Event::Reopened {
            cause: Cause::CustomerWrote,
        } => {
            let ended = state.closing.as_ref();
            let ended = ended.filter(|closing| closing.outcome != Outcome::Imported);
            state.comeback = ended.map(|closing| Comeback {
                at: stamp.at,
                closed_at: closing.at,
                outcome: closing.outcome,
                settled: false,
            });
        }
        Event::ExceptionSettled { what } => match what {
            Oddity::Misrouted => state.corrections.iter_mut().for_each(|one| one.settled = true),
            Oddity::Reopened => {
                if let Some(back) = &mut state.comeback {
                    back.settled = true;
                }
            }
            Oddity::Stale => state.looked_at = Some(stamp.at),
        },
        // What it was out of sight for, or was to be done, has been: from here on it counts.
        Event::Woken { .. } => state.looked_at = Some(stamp.at),
        Event::FollowUpSet { follow_up: None, .. } if had_come(state, stamp) => state.looked_at = Some(stamp.at),
        _ => {}
    }
}

/// Whether a rule has just said that it goes, and it still lies where it was.
fn is_moving(state: &Conversation) -> bool {
    let by = state.sent_by.and_then(|sent| sent.moved);
    by.is_some_and(|by| by.from == state.inbox)
}

fn had_come(state: &Conversation, stamp: Stamp) -> bool {
    state.follow_up.as_ref().is_some_and(|kept| kept.due <= stamp.at)
}

fn moved(state: &mut Conversation, stamp: Stamp, to: InboxId) {
    // Back where the rules had sent it, it was right there.
    let back = |one: &Correction| matches!(one.how, CorrectionKind::Moved { .. }) && one.sent.inbox == to;
    let was = state.corrections.len();
    state.corrections.retain(|one| !back(one));
    let sent_there = state.sent_by.is_some_and(|sent| sent.inbox == to);
    if was == state.corrections.len() && !sent_there {
        corrected(state, stamp, CorrectionKind::Moved { to });
    }
}

fn owned(state: &mut Conversation, stamp: Stamp, owner: Option<MemberId>, how: OwnerChange) {
    let Some(sent) = state.sent_by else { return };
    let by_hand = matches!(
        how,
        OwnerChange::Assigned | OwnerChange::HandedOff | OwnerChange::Claimed | OwnerChange::Released
    );
    let Some(right) = sent.owner.filter(|_| by_hand) else {
        return;
    };
    let known = state.corrections.iter_mut().find(|one| one.sent == sent);
    let about_owner = |one: &Correction| !matches!(one.how, CorrectionKind::Moved { .. });
    match (owner, known) {
        (Some(to), Some(_)) if to == right => {
            state.corrections.retain(|one| one.sent != sent || !about_owner(one));
        }
        // Given back first, and taken by somebody else then: one correction, made when it was given back.
        (Some(to), Some(known)) if about_owner(known) => known.how = CorrectionKind::Reassigned { to },
        (Some(to), None) if state.owner == Some(right) => {
            corrected(state, stamp, CorrectionKind::Reassigned { to });
        }
        (None, None) if state.owner == Some(right) => corrected(state, stamp, CorrectionKind::GivenBack),
        _ => {}
    }
}

fn corrected(state: &mut Conversation, stamp: Stamp, how: CorrectionKind) {
    let (Some(sent), Some(by)) = (state.sent_by, stamp.actor.member()) else {
        return;
    };
    let known = state.corrections.iter().any(|one| one.sent == sent);
    if known || state.status.is_over() || state.merged.is_some() {
        return;
    }
    state.corrections.push(Correction {
        sent,
        at: stamp.at,
        by,
        how,
        settled: false,
    });
    let surplus = state.corrections.len().saturating_sub(CORRECTIONS_KEPT);
    state.corrections.drain(..surplus);
}
