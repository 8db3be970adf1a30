#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeSet;
use std::path::PathBuf;

use baton_domain::{
    Actor, Address, BlobId, CommandId, Conversation, ConversationId, Event, InboxId, LogBody, LogEntry, Scope, Source,
    Stamp, Timestamp, evolve,
};
use baton_migrations::replica::ReplicaMigrator;
use sea_orm::{ConnectionTrait, QueryResult};
use sea_orm_migration::MigratorTrait;
use uuid::Uuid;

use super::{Batch, BlobRow, Forget, Place, ReplicaError, ReplicaStore, Row, sql};

const KEY: [u8; 32] = [7; 32];

fn file(dir: &tempfile::TempDir) -> PathBuf {
    dir.path().join("replica.db")
}

fn uuid(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn created(number: u64, conversation: u128) -> LogEntry {
    LogEntry {
        number,
        at: Timestamp(1),
        issued_at: Timestamp(1),
        actor: Actor::Operator,
        command: CommandId(uuid(9)),
        scope: Scope::Workspace,
        body: LogBody::Conversation {
            conversation: ConversationId(uuid(conversation)),
            event: Event::Created {
                number: 1,
                inbox: InboxId(uuid(50)),
                account: None,
                contact: Address::default(),
                subject: "Lamps".to_owned(),
                source: Source {
                    channel: "email".to_owned(),
                    address: "sales@example.com".to_owned(),
                    at: Timestamp(1),
                },
                history: false,
            },
        },
    }
}

fn conversation(id: u128, inbox: u128) -> Conversation {
    let entry = created(1, id);
    let stamp = Stamp {
        number: 1,
        at: entry.at,
        actor: entry.actor,
        conversation: ConversationId(uuid(id)),
    };
    let LogBody::Conversation { event, .. } = &entry.body else {
        panic!("a conversation begins with its creation");
    };
    let mut conversation = evolve(None, stamp, event).unwrap();
    conversation.inbox = InboxId(uuid(inbox));
    conversation
}

async fn schema(store: &ReplicaStore) -> BTreeSet<String> {
    let rows: Vec<QueryResult> = store
        .writer
        .query_all_raw(sql("SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_master WHERE name NOT LIKE 'seaql%' AND name NOT LIKE 'sqlite_%'"))
        .await
        .unwrap();
    rows.iter()
        .map(|row| row.try_get_by_index::<String>(0).unwrap())
        .collect()
}

#[tokio::test]
async fn the_file_is_sealed_and_opens_with_its_key_only() {
    let dir = tempfile::tempdir().unwrap();
    let store = ReplicaStore::open(Place::File(&file(&dir)), &KEY).await.unwrap();
    store.close().await.unwrap();
    let bytes = std::fs::read(file(&dir)).unwrap();
    assert!(!bytes.starts_with(b"SQLite format 3"));

    let wrong = ReplicaStore::open(Place::File(&file(&dir)), &[8; 32])
        .await
        .unwrap_err();
    assert!(matches!(wrong, ReplicaError::WrongKey), "{wrong:?}");
    ReplicaStore::open(Place::File(&file(&dir)), &KEY).await.unwrap();
}

#[tokio::test]
async fn every_migration_undoes_itself() {
    let store = ReplicaStore::open(Place::Memory, &KEY).await.unwrap();
    let up = schema(&store).await;
    assert!(up.len() > 10);
    ReplicaMigrator::down(&store.writer, None).await.unwrap();
    assert_eq!(schema(&store).await, BTreeSet::new());
    ReplicaMigrator::up(&store.writer, None).await.unwrap();
    assert_eq!(schema(&store).await, up);
}

#[tokio::test]
async fn every_table_is_strict() {
    let store = ReplicaStore::open(Place::Memory, &KEY).await.unwrap();
    let loose: Vec<String> = schema(&store)
        .await
        .into_iter()
        // Nor does the index of words have a form of its own choice.
        .filter(|row| row.starts_with("table ") && !row.starts_with("table words") && !row.contains("STRICT"))
        .collect();
    assert_eq!(loose, Vec::<String>::new());
}

#[tokio::test]
async fn what_was_applied_is_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let (a, command) = (ConversationId(uuid(1)), CommandId(uuid(3)));
    let mut batch = Batch::default();
    batch.state.insert("cursor".to_owned(), Some("{}".to_owned()));
    batch.conversations.insert(a, Some(conversation(1, 50)));
    batch.entries.insert(4, created(4, 1));
    batch.outbox.insert(
        command,
        Some(Row {
            place: 2,
            content: "claim".to_owned(),
        }),
    );
    batch.drafts.insert(a, Some("Dear Carl".to_owned()));
    batch.shown.insert("followUp/1".to_owned(), (Timestamp(5), false));
    let store = ReplicaStore::open(Place::File(&file(&dir)), &KEY).await.unwrap();
    store.apply(&batch).await.unwrap();
    // The same again is the same: a batch may be repeated after a crash.
    store.apply(&batch).await.unwrap();
    store.close().await.unwrap();

    let store = ReplicaStore::open(Place::File(&file(&dir)), &KEY).await.unwrap();
    let loaded = store.load().await.unwrap();
    assert_eq!(loaded.conversations, vec![conversation(1, 50)]);
    assert_eq!(loaded.outbox.len(), 1);
    assert_eq!(loaded.outbox[0].1.content, "claim");
    assert_eq!(loaded.drafts, vec![(a, "Dear Carl".to_owned())]);
    assert_eq!(loaded.shown[0].key, "followUp/1");
    assert_eq!(store.entries(a).await.unwrap(), vec![created(4, 1)]);
}

#[tokio::test]
async fn a_lost_inbox_takes_its_conversations_and_their_entries_along() {
    let store = ReplicaStore::open(Place::Memory, &KEY).await.unwrap();
    let mut batch = Batch::default();
    for (id, inbox) in [(1, 50), (2, 51)] {
        batch
            .conversations
            .insert(ConversationId(uuid(id)), Some(conversation(id, inbox)));
        batch
            .entries
            .insert(u64::try_from(id).unwrap(), created(u64::try_from(id).unwrap(), id));
    }
    store.apply(&batch).await.unwrap();
    let mut batch = Batch::default();
    batch.forget.insert(Forget::Inbox(InboxId(uuid(50))));
    store.apply(&batch).await.unwrap();
    let loaded = store.load().await.unwrap();
    assert_eq!(loaded.conversations, vec![conversation(2, 51)]);
    assert_eq!(store.entry_count().await.unwrap(), 1);
}

#[tokio::test]
async fn thousands_of_rows_fit_in_one_batch() {
    let store = ReplicaStore::open(Place::Memory, &KEY).await.unwrap();
    let mut batch = Batch::default();
    for n in 1..=3000_u64 {
        batch.entries.insert(n, created(n, u128::from(n)));
    }
    store.apply(&batch).await.unwrap();
    assert_eq!(store.entry_count().await.unwrap(), 3000);
}

#[tokio::test]
async fn a_blob_on_disk_is_not_wanted_any_more() {
    let store = ReplicaStore::open(Place::Memory, &KEY).await.unwrap();
    let blob = BlobId::of(b"raw");
    let message = serde_json::json!({
        "id": uuid(70), "direction": "inbound", "kind": "human", "from": {"name": "", "email": "carl@example.com"}, "to": [],
        "cc": [], "replyTo": [], "subject": "Lamps", "at": 1, "headerId": null, "references": [], "preview": "", "blob": blob,
        "size": 3, "attachments": [], "account": null, "returnsAt": null, "bounced": null
    });
    let mut entry = created(4, 1);
    entry.body = LogBody::Conversation {
        conversation: ConversationId(uuid(1)),
        event: Event::MessageReceived {
            message: Box::new(serde_json::from_value(message).unwrap()),
            live: true,
        },
    };
    let mut batch = Batch::default();
    batch.entries.insert(4, entry);
    store.apply(&batch).await.unwrap();
    let wanted = store.wanted(None, 10).await.unwrap();
    assert_eq!(
        wanted.iter().map(|w| w.blob.clone()).collect::<Vec<_>>(),
        vec![blob.clone()]
    );
    assert_eq!(
        store.wanted(Some(&[ConversationId(uuid(2))]), 10).await.unwrap(),
        vec![]
    );

    let row = BlobRow {
        id: blob.clone(),
        size: 3,
        kept: false,
        used_at: Timestamp(1),
    };
    store.put_blob(row).await.unwrap();
    assert_eq!(store.wanted(None, 10).await.unwrap(), vec![]);
    assert!(store.use_blob(&blob, Timestamp(9)).await.unwrap());
    assert_eq!(store.blobs().await.unwrap()[0].used_at, Timestamp(9));
}
