//! What is found without a server, and what is not any more.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};

use baton_domain::{
    Actor, BlobId, CommandId, Conversation, ConversationId, Event, InboxId, LogBody, LogEntry, MemberId, MessageId,
    Scope, Stamp, Timestamp, evolve,
};
use baton_migrations::replica::ReplicaMigrator;
use jiff::tz::TimeZone;
use sea_orm::ConnectionTrait as _;
use sea_orm_migration::MigratorTrait as _;
use uuid::Uuid;

use super::{Batch, BlobRow, Forget, Indexed, Place, ReplicaStore, sql};
use crate::search::{Changes, Criteria, Find, Names, Query, SearchIndex, Talk, Who, writings};

const KEY: [u8; 32] = [7; 32];
const SALES: InboxId = InboxId(Uuid::from_u128(50));
const PARTNERS: InboxId = InboxId(Uuid::from_u128(51));
const FIND: Find = Find {
    limit: 50,
    before: None,
};

fn entry(number: u64, conversation: u128, event: Event) -> LogEntry {
    LogEntry {
        number,
        at: Timestamp(1),
        issued_at: Timestamp(i64::try_from(number).unwrap() * 1000),
        actor: Actor::Operator,
        command: CommandId(Uuid::from_u128(9)),
        scope: Scope::Workspace,
        body: LogBody::Conversation {
            conversation: ConversationId(Uuid::from_u128(conversation)),
            event,
        },
    }
}

fn created(inbox: InboxId, number: u32) -> Event {
    let source = serde_json::json!({"channel": "email", "address": "sales@example.com", "at": 1});
    Event::Created {
        number,
        inbox,
        account: None,
        contact: baton_domain::Address::default(),
        subject: "Lamps".to_owned(),
        source: serde_json::from_value(source).unwrap(),
        history: false,
    }
}

fn raw(message: u128) -> BlobId {
    BlobId::of(&message.to_be_bytes())
}

fn letter(message: u128, subject: &str, preview: &str) -> Event {
    let letter = serde_json::json!({
        "id": Uuid::from_u128(message), "direction": "inbound", "kind": "human",
        "from": {"name": "Carl Brandt", "email": "carl@acme.example"},
        "to": [{"name": "", "email": "sales@lumen.example"}], "cc": [], "replyTo": [], "subject": subject,
        "at": 1_748_770_000_000_i64 + i64::try_from(message).unwrap() * 1000, "headerId": null, "references": [],
        "preview": preview, "blob": raw(message), "size": 3, "attachments": [], "account": null, "returnsAt": null,
        "bounced": null
    });
    Event::MessageReceived {
        message: Box::new(serde_json::from_value(letter).unwrap()),
        live: true,
    }
}

fn note(id: u128, text: &str) -> Event {
    Event::NoteAdded {
        note: MessageId(Uuid::from_u128(id)),
        text: text.to_owned(),
        mentions: Vec::new(),
        suggestion: false,
        unsent_by: None,
    }
}

/// Two conversations of an inbox and one of another.
fn log() -> Vec<LogEntry> {
    vec![
        entry(1, 1, created(SALES, 1)),
        entry(2, 1, letter(101, "Quote for booths", "We need forty booths")),
        entry(3, 2, created(SALES, 2)),
        entry(4, 2, letter(102, "Torches", "Do you have torches in Łódź?")),
        entry(5, 2, note(103, "Ask the warehouse")),
        entry(6, 3, created(PARTNERS, 3)),
        entry(7, 3, letter(104, "Terms", "Our terms for booths in 東京都")),
    ]
}

fn state_of(log: &[LogEntry]) -> Vec<Conversation> {
    let mut all: BTreeMap<ConversationId, Conversation> = BTreeMap::new();
    for entry in log {
        let LogBody::Conversation { conversation, event } = &entry.body else {
            continue;
        };
        let stamp = Stamp {
            number: entry.number,
            at: entry.at,
            actor: entry.actor,
            conversation: *conversation,
        };
        let after = evolve(all.remove(conversation), stamp, event).unwrap();
        all.insert(*conversation, after);
    }
    all.into_values().collect()
}

fn batch(log: &[LogEntry]) -> Batch {
    let mut batch = Batch::default();
    for conversation in state_of(log) {
        batch.conversations.insert(conversation.id, Some(conversation));
    }
    batch.entries = log.iter().map(|entry| (entry.number, entry.clone())).collect();
    batch
}

/// What a raw message says.
fn text(message: MessageId) -> String {
    format!(
        "the whole of it {}",
        if message.0.as_u128() == 101 { "Marmelade" } else { "" }
    )
}

/// As the desktop does it, a little at a time.
async fn index(store: &ReplicaStore) {
    loop {
        let mut round = store.unindexed(2).await.unwrap();
        if round.is_empty() {
            return store.tidy().await.unwrap();
        }
        let mut pieces = Vec::new();
        for waiting in &mut round.waiting {
            for (id, (writing, whole)) in std::mem::take(&mut waiting.writings) {
                let text = writing.blob().filter(|_| whole).map(|_| text(id));
                let piece = writing.piece(id, text, |_| None);
                pieces.push(Indexed { piece, whole });
            }
        }
        assert!(store.index(&round, pieces).await.unwrap());
    }
}

fn criteria(text: &str) -> Criteria {
    let who = Who {
        member: MemberId(Uuid::from_u128(10)),
        inboxes: BTreeSet::from([SALES, PARTNERS]),
        zone: TimeZone::UTC,
    };
    let names = Names {
        members: &[],
        inboxes: &[],
    };
    Criteria::of(&Query::parse(text, true), &who, names)
}

async fn found(store: &ReplicaStore, text: &str) -> Vec<u128> {
    let criteria = criteria(text);
    let states: BTreeMap<_, _> = store
        .load()
        .await
        .unwrap()
        .conversations
        .into_iter()
        .map(|conversation| (conversation.id, conversation))
        .collect();
    let admits = |id| states.get(&id).is_some_and(|state| criteria.admits(state));
    let found = store.find(&criteria, FIND, admits).await.unwrap();
    found.into_iter().map(|found| found.conversation.0.as_u128()).collect()
}

async fn put_raw(store: &ReplicaStore, message: u128) {
    let row = BlobRow {
        id: raw(message),
        size: 3,
        kept: false,
        used_at: Timestamp(1),
    };
    store.put_blob(row).await.unwrap();
}

async fn count(store: &ReplicaStore, of: &str) -> i64 {
    let row = store
        .writer
        .query_one_raw(sql(&format!("SELECT count(*) FROM {of}")))
        .await;
    row.unwrap().unwrap().try_get_by_index(0).unwrap()
}

/// Whether the index holds these letters anywhere, whatever it says.
async fn holds(store: &ReplicaStore, letters: &str) -> bool {
    let rows = store
        .writer
        .query_all_raw(sql("SELECT block FROM words_data"))
        .await
        .unwrap();
    rows.iter().any(|row| {
        let block: Vec<u8> = row.try_get_by_index(0).unwrap();
        block.windows(letters.len()).any(|some| some == letters.as_bytes())
    })
}

#[tokio::test]
async fn what_arrives_is_found_and_its_raw_message_comes_and_goes() {
    let store = ReplicaStore::open(Place::Memory, &KEY).await.unwrap();
    store.apply(&batch(&log()[..3])).await.unwrap();
    index(&store).await;
    assert_eq!(found(&store, "booth").await, [1]);
    assert_eq!(found(&store, "torches").await, Vec::<u128>::new());
    store.apply(&batch(&log())).await.unwrap();
    index(&store).await;
    assert_eq!(found(&store, "torches").await, [2]);
    assert_eq!(found(&store, "booth").await, [3, 1]);

    assert_eq!(found(&store, "marmelade").await, Vec::<u128>::new());
    put_raw(&store, 101).await;
    index(&store).await;
    assert_eq!(found(&store, "marmelade").await, [1]);
    assert_eq!(found(&store, "forty").await, Vec::<u128>::new());
    store.remove_blob(&raw(101)).await.unwrap();
    index(&store).await;
    assert_eq!(found(&store, "marmelade").await, Vec::<u128>::new());
    assert_eq!(found(&store, "forty").await, [1]);
    assert_eq!(count(&store, "piece").await, 4);
}

#[tokio::test]
async fn what_came_while_it_was_read_goes_on_waiting() {
    let store = ReplicaStore::open(Place::Memory, &KEY).await.unwrap();
    store.apply(&batch(&log())).await.unwrap();
    let round = store.unindexed(100).await.unwrap();
    put_raw(&store, 101).await;
    store.index(&round, Vec::new()).await.unwrap();
    index(&store).await;
    assert_eq!(found(&store, "marmelade").await, [1]);
}

#[tokio::test]
async fn nothing_is_left_of_a_forgotten_inbox_nor_written_after_it() {
    let store = ReplicaStore::open(Place::Memory, &KEY).await.unwrap();
    store.apply(&batch(&log())).await.unwrap();
    let before = store.unindexed(100).await.unwrap();
    put_raw(&store, 101).await;
    index(&store).await;
    // A term is kept without what it begins with in common with the one before: its end is looked for.
    for letters in ["armelade", "ches", "rehouse", "erms"] {
        assert!(holds(&store, letters).await, "{letters}");
    }
    let mut forget = Batch::default();
    forget.forget.insert(Forget::Inbox(SALES));
    store.apply(&forget).await.unwrap();
    for letters in ["armelade", "ches", "rehouse"] {
        assert!(!holds(&store, letters).await, "{letters}");
    }
    assert_eq!((count(&store, "piece").await, count(&store, "to_index").await), (1, 0));
    assert!(holds(&store, "erms").await, "the other inbox stays");
    assert_eq!(found(&store, "booths").await, [3]);
    // What was read before it went is not written any more.
    assert!(!store.index(&before, Vec::new()).await.unwrap());

    forget.forget = BTreeSet::from([Forget::All]);
    store.apply(&forget).await.unwrap();
    assert!(!holds(&store, "erms").await);
    assert_eq!((count(&store, "piece").await, count(&store, "to_index").await), (0, 0));
}

#[tokio::test]
async fn a_conversation_that_goes_is_found_no_more_and_its_words_follow() {
    let store = ReplicaStore::open(Place::Memory, &KEY).await.unwrap();
    store.apply(&batch(&log())).await.unwrap();
    index(&store).await;
    assert!(holds(&store, "ches").await && holds(&store, "ooths").await);
    let mut gone = Batch::default();
    gone.conversations.insert(ConversationId(Uuid::from_u128(2)), None);
    store.apply(&gone).await.unwrap();
    assert_eq!(found(&store, "torches").await, Vec::<u128>::new());
    index(&store).await;
    assert!(!holds(&store, "ches").await && holds(&store, "ooths").await);
}

#[tokio::test]
async fn a_replica_of_before_is_found_in_after_its_update() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("replica.db");
    let store = ReplicaStore::open(Place::File(&file), &KEY).await.unwrap();
    store.apply(&batch(&log())).await.unwrap();
    ReplicaMigrator::down(&store.writer, Some(1)).await.unwrap();
    assert_eq!(count(&store, "sqlite_master WHERE name = 'piece'").await, 0);
    store.close().await.unwrap();

    let store = ReplicaStore::open(Place::File(&file), &KEY).await.unwrap();
    assert_eq!(store.entry_count().await.unwrap(), 7);
    index(&store).await;
    assert_eq!(found(&store, "booth").await, [3, 1]);
    store.close().await.unwrap();
}

#[tokio::test]
async fn the_same_is_found_here_and_at_the_server() {
    let mut log = log();
    log.push(entry(
        8,
        1,
        note(105, "The customer is in a hurry: \"forty booths\" by May"),
    ));
    log.push(entry(9, 2, letter(106, "Re: Torches", "And ten booths more")));
    let store = ReplicaStore::open(Place::Memory, &KEY).await.unwrap();
    store.apply(&batch(&log)).await.unwrap();
    for message in [101, 102, 104, 106] {
        put_raw(&store, message).await;
    }
    store.remove_blob(&raw(104)).await.unwrap();
    index(&store).await;

    let dir = tempfile::tempdir().unwrap();
    let server = SearchIndex::open(&dir.path().join("search.db"), None, Uuid::from_u128(1)).await;
    let server = server.unwrap();
    let whole = |id: MessageId| id.0.as_u128() != 104;
    let changes = Changes {
        talks: state_of(&log).iter().map(Talk::from).collect(),
        pieces: writings(log)
            .into_iter()
            .filter_map(|(id, writing)| {
                let writing = writing?;
                let text = writing.blob().filter(|_| whole(id)).map(|_| text(id));
                Some(writing.piece(id, text, |_| None))
            })
            .collect(),
        gone: Vec::new(),
    };
    server.apply(changes, 9).await.unwrap();
    let mut any = 0;
    for text in [
        "booths",
        "boo",
        "boo ",
        "\"forty booths\"",
        "from:carl whole",
        "subject:torches",
        "to:sales",
        "-booths",
        "whole -marmelade",
        "booths OR warehouse",
        "is:note",
        "-is:note",
        "is:note hurry",
        "is:open",
        "is:closed",
        "is:ours",
        "status:new booths",
        "owner:nobody hurry",
        "owner:me",
        "#2",
        "-#2 whole",
        "東京",
        "lodz",
        "before:2025",
        "after:2025 whole",
        "has:attachment",
        "nowhere",
        "  ",
    ] {
        let there = server.find(&criteria(text), FIND).await.unwrap();
        let there: Vec<_> = there.into_iter().map(|found| found.conversation.0.as_u128()).collect();
        any += there.len();
        assert_eq!(found(&store, text).await, there, "{text}");
    }
    assert!(any > 20, "{any}");
}
