//! Who is where (L1): live, in memory, and never stored.
//!
//! Each member is where their active device looks, on whichever server of the workspace it is connected. Changes are gathered and handed on at most ten times a second. Of a
//! conversation in an inbox one cannot read only the person shows, not where they are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use baton_domain::{ConversationId, InboxId, MemberId, SessionId};
use baton_protocol::Present;
use tokio::sync::watch;
use tokio::time::Instant;

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

/// What a connection shows.
#[derive(Debug, Clone, Copy)]
struct Shows {
    /// When it last moved.
    turn: u64,
    look: Look,
    /// For a connection to another server: when that server last mentioned it.
    heard: Option<Instant>,
}

#[derive(Debug, Default)]
struct Board {
    looks: BTreeMap<(MemberId, SessionId), Shows>,
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
        self.shows(member, connection, look, None);
    }

    /// Another server says where a connection of a member looks.
    pub fn heard(&self, member: MemberId, connection: SessionId, look: Look, now: Instant) {
        self.shows(member, connection, look, Some(now));
    }

    /// Where the connections to this server look.
    #[must_use]
    pub fn here(&self) -> Vec<(MemberId, SessionId, Look)> {
        let board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
        let here = board.looks.iter().filter(|(_, shows)| shows.heard.is_none());
        here.map(|((member, connection), shows)| (*member, *connection, shows.look))
            .collect()
    }

    /// Whoever another server has not mentioned since `long_ago` is not there any more.
    pub fn fade(&self, long_ago: Instant) {
        let board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
        let faded = board
            .looks
            .iter()
            .filter(|(_, shows)| shows.heard.is_some_and(|heard| heard < long_ago));
        let faded: Vec<_> = faded.map(|(of, _)| *of).collect();
        drop(board);
        for (member, connection) in faded {
            self.left(member, connection);
        }
    }

    fn shows(&self, member: MemberId, connection: SessionId, look: Look, heard: Option<Instant>) {
        self.change(member, |board| {
            let next = board.turn + 1;
            let same = board
                .looks
                .get(&(member, connection))
                .filter(|shows| shows.look == look);
            // What is only said again has not moved.
            let turn = same.map_or(next, |shows| shows.turn);
            board.looks.insert((member, connection), Shows { turn, look, heard });
        });
    }

    /// A conversation lies in another inbox now: whoever looks at it shows to those who read that one.
    pub fn moved(&self, conversation: ConversationId, to: InboxId) {
        let board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
        let looks_at_it = |shows: &Shows| shows.look.at.is_some_and(|(id, _)| id == conversation);
        let looking = board.looks.iter().filter(|(_, shows)| looks_at_it(shows));
        let looking: Vec<_> = looking.map(|(of, shows)| (*of, *shows)).collect();
        drop(board);
        for ((member, connection), shows) in looking {
            let look = Look {
                at: Some((conversation, to)),
                ..shows.look
            };
            self.change(member, |board| {
                // Not where they look elsewhere by now.
                if let Some(known) = board.looks.get_mut(&(member, connection))
                    && known.look == shows.look
                {
                    known.look = look;
                }
            });
        }
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
            .map(|(_, shows)| *shows)
            .max_by_key(|shows| (shows.look.active, shows.turn));
        let look = place.map(|shows| shows.look).unwrap_or_default();
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
    fn whoever_another_server_does_not_mention_any_more_fades_and_nobody_else() {
        let presence = Presence::default();
        let first = Instant::now();
        let later = first + std::time::Duration::from_secs(1);
        presence.look(ANNA, LAPTOP, looks(false));
        presence.heard(ANNA, DESK, looks(true), first);
        assert_eq!(
            presence.here(),
            [(ANNA, LAPTOP, looks(false))],
            "what is elsewhere is not ours to tell"
        );
        let (turn, _) = presence.since(0);
        presence.heard(ANNA, DESK, looks(true), later);
        presence.fade(later);
        assert_eq!(presence.since(turn), (turn, Vec::new()), "it was mentioned again");
        presence.fade(later + std::time::Duration::from_secs(1));
        let (_, places) = presence.since(turn);
        assert_eq!(
            places,
            [Place {
                member: ANNA,
                look: looks(false)
            }],
            "what is on this server stays"
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

    #[test]
    fn whoever_looks_at_what_moves_shows_to_those_who_read_it_there() {
        const BOARD: InboxId = InboxId(Uuid::from_u128(21));
        let presence = Presence::default();
        presence.look(ANNA, LAPTOP, looks(true));
        let (turn, _) = presence.since(0);
        presence.moved(CARL, BOARD);
        let (_, moved) = presence.since(turn);
        let seen_in = |inbox| {
            let seen = moved.iter().map(|place| place.seen_by(&[inbox].into()).looking);
            seen.collect::<Vec<_>>()
        };
        assert_eq!((seen_in(BOARD), seen_in(SALES)), (vec![Some(CARL)], vec![None]));
        // Of another conversation nothing changes.
        let (turn, _) = presence.since(0);
        presence.moved(ConversationId(Uuid::from_u128(31)), SALES);
        assert!(presence.since(turn).1.is_empty());
    }
}
