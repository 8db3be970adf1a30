//! Who is where (L1): live, in memory, and never stored.
//!
//! Each member is where their active device looks. Changes are gathered and handed on at most ten times a second. Of a
//! conversation in an inbox one cannot read only the person shows, not where they are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use baton_domain::{ConversationId, InboxId, MemberId, SessionId};
use baton_protocol::Present;
use tokio::sync::watch;

/// How often changes are handed on at most, in milliseconds.
pub const BATCH_MS: u64 = 100;

/// What one connection shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Look {
    /// The conversation and the inbox it lies in.
    pub at: Option<(ConversationId, InboxId)>,
    /// Whether somebody is at the desk.
    pub active: bool,
}

/// Where a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Who.
    pub member: MemberId,
    /// Where.
    pub look: Look,
}

impl Place {
    /// As somebody sees it who reads `inboxes`.
    #[must_use]
    pub fn seen_by(&self, inboxes: &BTreeSet<InboxId>) -> Present {
        let looking = self
            .look
            .at
            .filter(|(_, inbox)| inboxes.contains(inbox))
            .map(|(conversation, _)| conversation);
        Present {
            member: self.member,
            looking,
            active: self.look.active,
        }
    }
}

#[derive(Debug, Default)]
struct Board {
    looks: BTreeMap<(MemberId, SessionId), (u64, Look)>,
    places: BTreeMap<MemberId, (u64, Look)>,
    turn: u64,
}

/// Who is where.
#[derive(Debug)]
pub struct Presence {
    board: Mutex<Board>,
    turn: watch::Sender<u64>,
}

impl Default for Presence {
    fn default() -> Self {
        Self {
            board: Mutex::default(),
            turn: watch::Sender::new(0),
        }
    }
}

impl Presence {
    /// A connection of a member looks somewhere.
    pub fn look(&self, member: MemberId, connection: SessionId, look: Look) {
        self.change(member, |board| {
            let turn = board.turn + 1;
            board.looks.insert((member, connection), (turn, look));
        });
    }

    /// A connection of a member ended.
    pub fn left(&self, member: MemberId, connection: SessionId) {
        self.change(member, |board| {
            board.looks.remove(&(member, connection));
        });
    }

    /// Wakes when something changed.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.turn.subscribe()
    }

    /// What changed after `turn`, and the turn it is now. From 0 it is everybody who is there.
    #[must_use]
    pub fn since(&self, turn: u64) -> (u64, Vec<Place>) {
        let board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
        let places = board
            .places
            .iter()
            .filter(|(_, (changed, _))| *changed > turn)
            .map(|(member, (_, look))| Place {
                member: *member,
                look: *look,
            })
            .collect();
        (board.turn, places)
    }

    fn change(&self, member: MemberId, what: impl FnOnce(&mut Board)) {
        let mut board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
        what(&mut board);
        let devices = board
            .looks
            .range((member, SessionId(uuid::Uuid::nil()))..=(member, SessionId(uuid::Uuid::max())));
        // The device that is in use counts; among several the one that moved last.
        let place = devices
            .map(|(_, look)| *look)
            .max_by_key(|(turn, look)| (look.active, *turn));
        let look = place.map(|(_, look)| look).unwrap_or_default();
        if board.places.get(&member).is_some_and(|(_, was)| *was == look) {
            return;
        }
        board.turn += 1;
        let turn = board.turn;
        board.places.insert(member, (turn, look));
        drop(board);
        self.turn.send_replace(turn);
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const ANNA: MemberId = MemberId(Uuid::from_u128(1));
    const LAPTOP: SessionId = SessionId(Uuid::from_u128(10));
    const DESK: SessionId = SessionId(Uuid::from_u128(11));
    const SALES: InboxId = InboxId(Uuid::from_u128(20));
    const CARL: ConversationId = ConversationId(Uuid::from_u128(30));

    fn looks(active: bool) -> Look {
        Look {
            at: Some((CARL, SALES)),
            active,
        }
    }

    #[test]
    fn the_device_in_use_counts_and_leaving_shows() {
        let presence = Presence::default();
        presence.look(ANNA, LAPTOP, looks(true));
        presence.look(
            ANNA,
            DESK,
            Look {
                at: None,
                active: false,
            },
        );
        let (turn, places) = presence.since(0);
        assert_eq!(
            places,
            [Place {
                member: ANNA,
                look: looks(true)
            }]
        );
        presence.left(ANNA, LAPTOP);
        let (_, places) = presence.since(turn);
        assert_eq!(
            places,
            [Place {
                member: ANNA,
                look: Look::default()
            }]
        );
    }

    #[test]
    fn nothing_is_told_when_nothing_changed() {
        let presence = Presence::default();
        presence.look(ANNA, LAPTOP, looks(true));
        let (turn, _) = presence.since(0);
        presence.look(ANNA, LAPTOP, looks(true));
        assert_eq!(presence.since(turn), (turn, Vec::new()));
    }

    #[test]
    fn where_somebody_is_shows_only_to_those_who_may_read_it() {
        let place = Place {
            member: ANNA,
            look: looks(true),
        };
        assert_eq!(place.seen_by(&[SALES].into()).looking, Some(CARL));
        let hidden = place.seen_by(&BTreeSet::new());
        assert_eq!((hidden.looking, hidden.active), (None, true));
    }
}
