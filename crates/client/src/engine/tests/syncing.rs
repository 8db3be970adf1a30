use baton_domain::{
    Actor, CommandBody, ConversationId, Event, InboxId, LogBody, LogEntry, Refusal, Scope, Stamp, evolve,
};
use baton_protocol::{Acted, ConnectionState, ConversationWithEntries, Cursor, HeldReason, ServerMessage, UiEvent};

use super::office::{INBOX, member, note, uuid};
use super::{ANNA, BEN, Office};
use crate::engine::{Effect, Fetched, Incoming, Input, decode};

#[test]
fn a_gap_is_noticed_and_filled() {
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    office.act(BEN, enquiry, CommandBody::Claim);
    office.all_agree();
    // One frame to Anna is lost, the next one arrives.
    let now = office.now;
    let frame = office.desks[ANNA].engine.cursor().unwrap().clone();
    let to = baton_protocol::Cursor {
        number: frame.number + 5,
        ..frame.clone()
    };
    let lost = ServerMessage::Frame {
        from: frame.number + 2,
        to,
        entries: Vec::new(),
    };
    office.act(BEN, enquiry, note("Urgent"));
    let effects = office.desks[ANNA]
        .engine
        .handle(now, Input::Server(Box::new(lost.into())));
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, crate::engine::Effect::Reconnect))
    );
    office.cut(ANNA);
    office.connect(ANNA);
    office.all_agree();
}

#[test]
fn an_empty_frame_moves_the_cursor() {
    let mut office = Office::open();
    let cursor = office.desks[ANNA].engine.cursor().unwrap().clone();
    let to = baton_protocol::Cursor {
        number: cursor.number + 3,
        ..cursor.clone()
    };
    let empty = ServerMessage::Frame {
        from: cursor.number,
        to: to.clone(),
        entries: Vec::new(),
    };
    office.input(ANNA, Input::Server(Box::new(empty.into())));
    assert_eq!(office.desks[ANNA].engine.cursor(), Some(&to));
}

#[test]
fn another_epoch_brings_a_fresh_snapshot_and_keeps_the_outbox() {
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    let backup = office.log.len();
    office.act(BEN, enquiry, note("This is not in the backup"));
    office.cut(ANNA);
    office.act(ANNA, enquiry, CommandBody::Claim);
    office.cut(BEN);
    office.restore(backup);
    office.connect(ANNA);
    office.connect(BEN);
    assert_eq!(office.real(enquiry).notes, 0);
    assert_eq!(office.real(enquiry).owner, Some(member(ANNA)));
    office.all_agree();
}

#[test]
fn a_restart_goes_on_from_the_cursor_on_disk() {
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    office.crash(ANNA);
    // The list is there before any connection.
    assert_eq!(office.shown(ANNA, enquiry).subject, "40 lamps");
    office.act(BEN, enquiry, CommandBody::Claim);
    office.connect(ANNA);
    office.all_agree();
}

#[test]
fn a_crash_in_the_middle_of_a_snapshot_means_a_fresh_one() {
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    office.carl_writes(None, "And 3 more?");
    let cursor = office.desks[ANNA].engine.cursor().unwrap().clone();
    let part = ServerMessage::Snapshot {
        scopes: vec![Scope::Workspace],
        cursor,
        part: 0,
        last: false,
        documents: Vec::new(),
        conversations: vec![office.real(enquiry).clone()],
        entries: Vec::new(),
    };
    office.input(ANNA, Input::Server(Box::new(part.into())));
    office.crash(ANNA);
    assert_eq!(office.desks[ANNA].engine.cursor(), None);
    office.connect(ANNA);
    office.all_agree();
}

#[test]
fn the_window_is_told_of_the_first_part_of_a_snapshot_at_once_and_of_the_others_together() {
    let mut office = Office::open();
    let enquiries: Vec<ConversationId> = (0..4)
        .map(|n| office.carl_writes(None, &format!("{n} lamps?")))
        .collect();
    let cursor = office.desks[ANNA].engine.cursor().unwrap().clone();
    let part = |office: &Office, part: u32| ServerMessage::Snapshot {
        scopes: vec![Scope::Workspace],
        cursor: cursor.clone(),
        part,
        last: false,
        documents: Vec::new(),
        conversations: vec![office.real(enquiries[usize::try_from(part).unwrap()]).clone()],
        entries: Vec::new(),
    };
    let told = |office: &mut Office| -> Vec<Vec<ConversationId>> {
        let events = std::mem::take(&mut office.desks[ANNA].events).into_iter();
        events
            .filter_map(|event| match event {
                UiEvent::Changed(these) => Some(these),
                _ => None,
            })
            .collect()
    };
    told(&mut office);
    let first = part(&office, 0);
    office.input(ANNA, Input::Server(Box::new(first.into())));
    assert_eq!(told(&mut office).len(), 1, "the first screen waits for nothing");
    for number in 1..=2 {
        let next = part(&office, number);
        office.input(ANNA, Input::Server(Box::new(next.into())));
        assert!(office.desks[ANNA].engine.state(enquiries[number as usize]).is_some());
    }
    assert_eq!(told(&mut office), Vec::<Vec<ConversationId>>::new());
    // Should no other part come, they are told all the same.
    office.advance(250);
    let mut both = enquiries[1..=2].to_vec();
    both.sort_unstable();
    assert_eq!(told(&mut office), [both]);
    // With whatever else happens they are told too.
    let next = part(&office, 3);
    office.input(ANNA, Input::Server(Box::new(next.into())));
    office.input(ANNA, Input::Tick);
    assert_eq!(told(&mut office), [vec![enquiries[3]]]);
}

#[test]
fn what_this_version_does_not_know_is_fetched_and_offers_no_actions() {
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    office.act(BEN, enquiry, CommandBody::Claim);
    let mut entry = serde_json::to_value(office.log.last().unwrap()).unwrap();
    let number = office.log.len() + 1;
    entry["number"] = number.into();
    entry["body"]["event"] = serde_json::json!({"type": "teleported", "planet": "Mars"});
    let cursor = office.desks[ANNA].engine.cursor().unwrap().clone();
    let frame = serde_json::json!({
        "type": "frame", "from": cursor.number, "entries": [entry],
        "to": {"epoch": cursor.epoch, "number": number, "hash": "x"},
    });
    let incoming: Incoming = decode(&frame.to_string()).unwrap();
    assert_eq!(incoming.unknown, vec![enquiry]);
    office.input(ANNA, Input::Server(Box::new(incoming)));
    assert_eq!(office.desks[ANNA].engine.cursor().unwrap().number, number as u64);
    let opened = office.desks[ANNA].engine.opened(enquiry, Vec::new()).unwrap();
    assert!(opened.update_needed);
    assert!(
        opened
            .allowed
            .iter()
            .all(|allowed| allowed.refusal == Some(Refusal::UpdateNeeded))
    );
    let acted = office.act(ANNA, enquiry, CommandBody::Claim);
    assert_eq!(
        acted,
        Acted::Refused {
            refusal: Refusal::UpdateNeeded
        }
    );
}

#[test]
fn a_message_of_an_unknown_kind_is_passed_over() {
    let incoming = decode(r#"{"type":"weather","forecast":"rain"}"#).unwrap();
    assert_eq!(incoming.message, None);
    let mut office = Office::open();
    office.input(ANNA, Input::Server(Box::new(incoming)));
    assert_eq!(office.desks[ANNA].engine.connection().state, ConnectionState::Online);
}

#[test]
fn a_lost_scope_takes_its_copy_along() {
    let mut office = Office::open();
    let enquiry: ConversationId = office.carl_writes(None, "Do you have 40 lamps?");
    let scope = Scope::Inbox {
        id: InboxId(uuid(INBOX)),
    };
    office.input(ANNA, Input::Server(Box::new(ServerMessage::ScopeLost { scope }.into())));
    assert!(office.desks[ANNA].engine.state(enquiry).is_none());
    assert!(office.desks[ANNA].disk.entries.is_empty());
    assert!(office.desks[ANNA].engine.list(&everything()).rows.is_empty());
}

/// Anna comes back, and the server says that it has a snapshot for her.
fn anna_is_promised_a_snapshot(office: &mut Office) -> Cursor {
    let cursor = office.desks[ANNA].engine.cursor().unwrap().clone();
    office.cut(ANNA);
    office.only_promises = true;
    office.connect(ANNA);
    office.only_promises = false;
    let state = office.desks[ANNA].engine.connection().state;
    assert_eq!(state, ConnectionState::Snapshot { done: 0 });
    cursor
}

#[test]
fn an_inbox_gained_while_away_comes_and_the_desktop_is_up_to_date() {
    let mut office = Office::open();
    let cursor = anna_is_promised_a_snapshot(&mut office);
    let gained = Scope::Inbox { id: InboxId(uuid(51)) };
    for (part, last) in [(0, false), (1, true)] {
        assert_ne!(office.desks[ANNA].engine.connection().state, ConnectionState::Online);
        let part = ServerMessage::Snapshot {
            scopes: vec![gained],
            cursor: cursor.clone(),
            part,
            last,
            documents: Vec::new(),
            conversations: Vec::new(),
            entries: Vec::new(),
        };
        office.input(ANNA, Input::Server(Box::new(part.into())));
    }
    assert_eq!(office.desks[ANNA].engine.connection().state, ConnectionState::Online);
}

#[test]
fn an_inbox_gained_while_away_and_lost_again_before_it_came_is_not_waited_for() {
    let mut office = Office::open();
    let cursor = anna_is_promised_a_snapshot(&mut office);
    let frame = ServerMessage::Frame {
        from: cursor.number,
        to: Cursor {
            number: cursor.number + 2,
            ..cursor.clone()
        },
        entries: Vec::new(),
    };
    office.input(ANNA, Input::Server(Box::new(frame.into())));
    assert_eq!(office.desks[ANNA].engine.connection().state, ConnectionState::Online);
}

#[test]
fn a_server_that_only_answers_pings_is_left_for_a_new_connection() {
    let mut office = Office::open();
    let cursor = anna_is_promised_a_snapshot(&mut office);
    // Nothing of it comes. Pings are answered all the while.
    office.advance(4 * 60_000);
    let engine = &office.desks[ANNA].engine;
    assert_eq!(engine.connection().state, ConnectionState::Online);
    assert_eq!(engine.cursor(), Some(&cursor));
}

#[test]
fn what_was_fetched_before_its_inbox_was_lost_and_comes_after_it_is_not_kept() {
    let mut office = Office::open();
    let enquiry: ConversationId = office.carl_writes(None, "Do you have 40 lamps?");
    let scope = Scope::Inbox {
        id: InboxId(uuid(INBOX)),
    };
    office.input(ANNA, Input::Server(Box::new(ServerMessage::ScopeLost { scope }.into())));
    let found = ConversationWithEntries {
        conversation: office.real(enquiry).clone(),
        entries: office.log.clone(),
    };
    let late = Input::Refetched {
        conversation: enquiry,
        found: Fetched::Here(Box::new(found)),
    };
    office.input(ANNA, late);
    assert!(office.desks[ANNA].engine.state(enquiry).is_none());
    assert!(office.desks[ANNA].disk.entries.is_empty());
}

const SUPPORT: u128 = 51;

/// Something that happened to `id`, told in that inbox; the office's own log and state know it too.
fn happened(office: &mut Office, id: ConversationId, inbox: u128, event: Event) -> LogEntry {
    let last = office.log.last().unwrap().clone();
    let entry = LogEntry {
        number: last.number + 1,
        actor: Actor::Member { id: member(BEN) },
        scope: Scope::Inbox {
            id: InboxId(uuid(inbox)),
        },
        body: LogBody::Conversation {
            conversation: id,
            event: event.clone(),
        },
        ..last
    };
    let stamp = Stamp {
        number: entry.number,
        at: entry.at,
        actor: entry.actor,
        conversation: id,
    };
    let state = office.conversations.remove(&id);
    office.conversations.insert(id, evolve(state, stamp, &event).unwrap());
    office.log.push(entry.clone());
    entry
}

/// Anna's next frame: it ends at `to`, and holds these of the entries up to there.
fn frame_to(office: &mut Office, to: u64, entries: Vec<LogEntry>) {
    let cursor = office.desks[ANNA].engine.cursor().unwrap().clone();
    let frame = ServerMessage::Frame {
        from: cursor.number,
        to: Cursor { number: to, ..cursor },
        entries,
    };
    office.input(ANNA, Input::Server(Box::new(frame.into())));
}

fn away_and_back(office: &mut Office, id: ConversationId) -> [LogEntry; 3] {
    let [sales, support] = [INBOX, SUPPORT].map(|inbox| InboxId(uuid(inbox)));
    let came = |from| Event::MovedIn { from, account: None };
    let left = happened(office, id, INBOX, Event::MovedOut { to: support });
    happened(office, id, SUPPORT, came(sales));
    happened(office, id, SUPPORT, Event::MovedOut { to: sales });
    let back = happened(office, id, INBOX, came(support));
    let tagged = happened(office, id, INBOX, Event::Tagged { tag: "back".to_owned() });
    [left, back, tagged]
}

#[test]
fn what_moves_to_an_inbox_that_is_not_read_here_leaves_nothing_behind() {
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    let [left, ..] = away_and_back(&mut office, enquiry);
    frame_to(&mut office, left.number, vec![left]);
    let desk = &office.desks[ANNA];
    assert!(desk.engine.state(enquiry).is_none());
    assert!(desk.disk.conversations.is_empty() && desk.disk.entries.is_empty());
    assert!(desk.engine.counts().iter().all(|count| count.count == 0));
}

#[test]
fn what_was_typed_without_a_network_stays_in_sight_where_its_conversation_went_out_of_it() {
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    office.cut(ANNA);
    office.types(ANNA, enquiry, "We have 60 of them");
    let [left, ..] = away_and_back(&mut office, enquiry);
    frame_to(&mut office, left.number, vec![left]);
    let held = office.held(ANNA);
    let [(CommandBody::AddNote { text, .. }, HeldReason::Refused { refusal })] = held.as_slice() else {
        panic!("{held:?}");
    };
    assert_eq!(text, "We have 60 of them");
    assert!(matches!(refusal, Refusal::NotPermitted { inbox: Some(inbox), .. } if *inbox == InboxId(uuid(SUPPORT))));
    assert!(office.desks[ANNA].disk.drafts.is_empty());
    office.crash(ANNA);
    assert_eq!(office.held(ANNA).len(), 1, "it is on the disk as well");
}

#[test]
fn what_the_server_has_of_a_text_is_not_held_as_well() {
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    office.types(ANNA, enquiry, "We have 60 of them");
    office.advance(60_000);
    let [left, ..] = away_and_back(&mut office, enquiry);
    frame_to(&mut office, left.number, vec![left]);
    assert_eq!(office.held(ANNA), Vec::new(), "it became a note there");
    assert!(office.desks[ANNA].disk.drafts.is_empty());
}

#[test]
fn what_comes_from_an_inbox_that_is_not_read_here_comes_whole() {
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    let [left, back, tagged] = away_and_back(&mut office, enquiry);
    frame_to(&mut office, left.number, vec![left]);
    // The whole of it is fetched when it comes: with what is still to come in the next frame, which changes nothing twice.
    frame_to(&mut office, back.number, vec![back]);
    assert_eq!(office.shown(ANNA, enquiry), office.real(enquiry));
    frame_to(&mut office, tagged.number, vec![tagged.clone()]);
    assert_eq!(office.shown(ANNA, enquiry), office.real(enquiry));
    assert_eq!(office.desks[ANNA].disk.entries.len(), office.log.len());
}

#[test]
fn what_came_back_while_it_was_said_to_be_gone_is_asked_for_again() {
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    let [left, back, tagged] = away_and_back(&mut office, enquiry);
    frame_to(&mut office, left.number, vec![left]);
    // It is asked for, and before the answer comes there is more of it.
    for entry in [back, tagged] {
        let cursor = office.desks[ANNA].engine.cursor().unwrap().clone();
        let frame = ServerMessage::Frame {
            from: cursor.number,
            to: Cursor {
                number: entry.number,
                ..cursor
            },
            entries: vec![entry],
        };
        let now = office.now;
        let effects = office.desks[ANNA]
            .engine
            .handle(now, Input::Server(Box::new(frame.into())));
        if let Some(Effect::Persist(batch)) = effects.first() {
            office.desks[ANNA].disk.apply(batch);
        }
    }
    assert!(office.desks[ANNA].engine.state(enquiry).is_none());
    let early = Input::Refetched {
        conversation: enquiry,
        found: Fetched::Gone,
    };
    office.input(ANNA, early);
    assert_eq!(office.shown(ANNA, enquiry), office.real(enquiry));
}

#[test]
fn what_could_not_be_fetched_before_a_crash_is_asked_for_after_it() {
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    let [left, back, tagged] = away_and_back(&mut office, enquiry);
    frame_to(&mut office, left.number, vec![left]);
    let whole = office.conversations.remove(&enquiry).unwrap();
    // The fetch finds nothing: the way there is cut. The program dies.
    office.unreached = true;
    frame_to(&mut office, back.number, vec![back]);
    frame_to(&mut office, tagged.number, vec![tagged]);
    assert!(office.desks[ANNA].engine.state(enquiry).is_none());
    office.crash(ANNA);
    office.unreached = false;
    office.conversations.insert(enquiry, whole);
    office.connect(ANNA);
    assert_eq!(office.shown(ANNA, enquiry), office.real(enquiry));
    assert_eq!(
        office.desks[ANNA].disk.conversations.get(&enquiry),
        Some(office.real(enquiry))
    );
}

#[test]
fn what_was_fetched_ahead_of_the_frames_is_not_counted_twice_after_a_crash() {
    let mut office = Office::open();
    let enquiry = office.carl_writes(None, "Do you have 40 lamps?");
    let [left, back, tagged] = away_and_back(&mut office, enquiry);
    frame_to(&mut office, left.number, vec![left]);
    frame_to(&mut office, back.number, vec![back]);
    office.crash(ANNA);
    office.connect(ANNA);
    assert!(office.desks[ANNA].engine.cursor().unwrap().number >= tagged.number);
    assert_eq!(office.shown(ANNA, enquiry), office.real(enquiry));
}

fn everything() -> baton_protocol::ListQuery {
    baton_protocol::ListQuery {
        view: baton_protocol::View::All,
        inbox: None,
        owner: None,
        sort: None,
        offset: 0,
        limit: 100,
    }
}
