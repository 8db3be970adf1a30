//! The port's contract: the same scenarios on the modelled store, on SQLite and on PostgreSQL.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod cluster;
mod due;
mod routing;
mod splitting;
mod standing;

use std::collections::BTreeSet;
use std::time::Duration;

use baton_domain::{
    Account, AccountId, AccountMode, Actor, Address, BlobId, CommandId, Conversation, ConversationId, Deadline,
    DeviceId, Document, DocumentBody, DraftId, DraftText, Event, HostGrant, InboxId, LogBody, LogEntry, MemberId,
    MessageId, Scope, SessionId, Source, Stamp, Status, Timestamp, evolve,
};
use baton_store::port::model::{Model, ModelPort};
use baton_store::port::{
    AnswerRow, Batch, ConversationRow, Decided, DigestRow, DraftRow, DueRow, FolderCursor, HITS_PER_KEY, Head,
    HostLease, ItemKey, ItemOutcome, ItemRow, KeyRow, LeaseRow, Needs, PortError, Renewal, Sequencer, ThreadKey, chain,
};
use baton_store::server::{ServerStore, StoreOptions};
use due::{
    open_conversations_of_an_inbox_that_promises_anew_are_due_at_once, what_is_due_comes_in_order_and_the_next_is_told,
};
use routing::{
    loads_count_what_is_open, turns_keep_their_newest_number, whoever_wrote_before_is_known_by_what_is_open_with_them,
};
use splitting::{a_key_is_dropped_for_the_message_that_has_it, the_log_of_a_conversation_is_loaded_whole_and_alone};
use standing::{
    a_conversation_that_moved_counts_and_wakes_where_it_lies, what_somebody_is_writing_is_found_by_where_they_write,
    what_somebody_is_writing_is_found_with_where_they_write, what_was_merged_is_loaded_with_what_it_belongs_to,
    whoever_replies_and_what_somebody_owns_is_found_without_its_name,
};
use uuid::Uuid;

/// What the contract needs beside the port: drafts are saved outside commits.
#[allow(async_fn_in_trait)]
trait Subject: Sequencer + Clone + 'static {
    async fn save(&self, draft: DraftRow) -> bool;
}

impl Subject for ModelPort {
    async fn save(&self, draft: DraftRow) -> bool {
        self.model().put_draft(draft)
    }
}

impl Subject for ServerStore {
    async fn save(&self, draft: DraftRow) -> bool {
        self.put_draft(&draft).await.unwrap()
    }
}

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

const INBOX: InboxId = InboxId(Uuid::from_u128(1));
const SALES: AccountId = AccountId(Uuid::from_u128(2));
const ANNA: MemberId = MemberId(Uuid::from_u128(3));
const DESK: DeviceId = DeviceId(Uuid::from_u128(4));

fn carl() -> Address {
    Address {
        name: "Carl".to_owned(),
        email: "Carl@example.com".to_owned(),
    }
}

fn created(number: u32) -> Event {
    Event::Created {
        number,
        inbox: INBOX,
        account: Some(SALES),
        contact: carl(),
        subject: "Chairs".to_owned(),
        source: Source {
            channel: "email".to_owned(),
            address: "sales@baton.test".to_owned(),
            at: Timestamp(5),
        },
        history: false,
    }
}

fn conversation(conversation: ConversationId, number: u32) -> Conversation {
    let stamp = Stamp {
        number: 1,
        at: Timestamp(5),
        actor: Actor::Operator,
        conversation,
    };
    evolve(None, stamp, &created(number)).unwrap()
}

/// A batch at `head` with one event per conversation named.
fn batch(head: &Head, conversations: &[ConversationId]) -> Batch {
    let mut batch = Batch::at(head.clone());
    for conversation_id in conversations {
        let number = batch.head.next_conversation;
        let body = LogBody::Conversation {
            conversation: *conversation_id,
            event: created(number),
        };
        entry(&mut batch, body, Scope::Inbox { id: INBOX });
        batch.head.next_conversation += 1;
        batch.conversations.push(ConversationRow {
            conversation: conversation(*conversation_id, number),
            wake: None,
        });
    }
    batch
}

fn entry(batch: &mut Batch, body: LogBody, scope: Scope) {
    let number = batch.head.number + 1;
    let entry = LogEntry {
        number,
        at: Timestamp(1000 + i64::try_from(number).unwrap()),
        issued_at: Timestamp(7),
        actor: Actor::Member { id: ANNA },
        command: CommandId(id(number.into())),
        scope,
        body,
    };
    let sealed = chain::seal(batch.head.hash, entry, [9; 16]).unwrap();
    batch.head.number = number;
    batch.head.hash = sealed.hash;
    batch.head.last_at = sealed.entry.at;
    batch.entries.push(sealed);
}

async fn head<S: Sequencer>(store: &S) -> Head {
    let (tx, loaded) = store.begin(&Needs::default()).await.unwrap();
    store.rollback(tx).await;
    loaded.head
}

async fn append<S: Sequencer>(store: &S, build: impl FnOnce(Head) -> Batch) -> Result<(), PortError> {
    let (tx, loaded) = store
        .begin(&Needs {
            after: Some(0),
            ..Needs::default()
        })
        .await
        .unwrap();
    store.append(tx, build(loaded.head)).await
}

async fn load<S: Sequencer>(store: &S, needs: Needs) -> baton_store::port::Loaded {
    let (tx, loaded) = store.begin(&needs).await.unwrap();
    store.rollback(tx).await;
    loaded
}

fn now() -> Timestamp {
    Timestamp(baton_clock::now_ms())
}

fn account() -> Document {
    let account = Account {
        id: SALES,
        inbox: INBOX,
        address: "sales@baton.test".to_owned(),
        name: "Sales".to_owned(),
        aliases: Vec::new(),
        live_since: Timestamp(0),
        mode: AccountMode::Together,
        hosted_by: None,
        signatures: Vec::new(),
        folders: Vec::new(),
    };
    let body = DocumentBody::Account(account);
    Document {
        id: body.id(),
        version: 1,
        body,
    }
}

fn draft(n: u128, revision: u64, text: &str) -> DraftRow {
    DraftRow {
        id: DraftId(id(n)),
        conversation: ConversationId(id(100)),
        member: ANNA,
        text: DraftText {
            text: text.to_owned(),
            ..DraftText::default()
        },
        revision,
        saved_at: Timestamp(8),
        files_present: true,
    }
}

fn lease(conversation: u128, token: u64, expires: Timestamp, active_at: Timestamp) -> LeaseRow {
    LeaseRow {
        conversation: ConversationId(id(conversation)),
        token,
        member: ANNA,
        device: DESK,
        expires,
        active_at,
        lifetime_ms: 45_000,
        idle_ms: 900_000,
    }
}

fn key_row(key: &str, conversation: u128, message: u128, mentioned: bool, at: i64) -> KeyRow {
    KeyRow {
        key: ThreadKey::header(key),
        conversation: ConversationId(id(conversation)),
        message: MessageId(id(message)),
        mentioned,
        ours: false,
        at: Timestamp(at),
    }
}

async fn what_was_appended_comes_back_whole<S: Subject>(store: S) {
    let chairs = ConversationId(id(100));
    let item = ItemKey {
        account: SALES,
        folder: "INBOX".to_owned(),
        uidvalidity: 7,
        uid: 42,
    };
    assert!(store.save(draft(50, 1, "Dear Carl")).await);
    append(&store, |head| {
        let mut batch = batch(&head, &[chairs]);
        entry(
            &mut batch,
            LogBody::DocumentPut { document: account() },
            Scope::Workspace,
        );
        batch.documents.push(account());
        batch.keys.push(key_row("a@x", 100, 200, false, 5));
        batch.digests.push(DigestRow {
            digest: "d".repeat(64),
            conversation: chairs,
            message: MessageId(id(200)),
            account: SALES,
        });
        let outcome = ItemOutcome::Imported {
            conversation: chairs,
            message: MessageId(id(200)),
        };
        batch.items.push(ItemRow {
            key: item.clone(),
            outcome,
            blob: Some(BlobId::of(b"raw")),
            at: Timestamp(6),
            flags: vec!["\\Seen".to_owned()],
            internal_date: Timestamp(5),
        });
        let cursor = FolderCursor {
            modseq: u64::MAX >> 1,
            found_below: u32::MAX,
            renumbered: true,
            received: 1,
            uid_next: u32::MAX,
            messages: 9,
            sent: true,
            ..FolderCursor::at(SALES, "INBOX".to_owned(), 7, 1, 42)
        };
        batch.cursors.push(cursor);
        batch.leases.push(lease(100, 1, Timestamp(60), Timestamp(50)));
        let decided = Decided::Done { from: 0, to: 1 };
        batch.answers.push(AnswerRow {
            command: CommandId(id(1)),
            actor: Actor::Member { id: ANNA },
            decided,
            at: Timestamp(6),
        });
        batch
    })
    .await
    .unwrap();

    let needs = Needs {
        after: Some(0),
        commands: [CommandId(id(1)), CommandId(id(999))].into(),
        conversations: [ConversationId(id(999))].into(),
        keys: [ThreadKey::header("a@x"), ThreadKey::header("b@x")].into(),
        digests: ["d".repeat(64)].into(),
        items: [item.clone()].into(),
        drafts: [DraftId(id(50))].into(),
        ..Needs::default()
    };
    let loaded = load(&store, needs).await;
    assert_eq!((loaded.head.number, loaded.head.next_conversation), (2, 2));
    assert_eq!(loaded.head.last_at, Timestamp(1002));
    assert_eq!(loaded.tail.len(), 2);
    assert_eq!(
        loaded.tail[0].entry.body,
        LogBody::Conversation {
            conversation: chairs,
            event: created(1)
        }
    );
    assert_eq!(loaded.tail[0].entry.scope, Scope::Inbox { id: INBOX });
    assert_eq!(loaded.tail[0].entry.actor, Actor::Member { id: ANNA });
    let mut before = (0, chain::START);
    for sealed in &loaded.tail {
        let payload = chain::payload(&sealed.entry.body).unwrap();
        chain::verify(before.0, before.1, sealed, Some(&payload)).unwrap();
        before = (sealed.entry.number, sealed.hash);
    }
    assert_eq!(before.1, loaded.head.hash);
    assert!(loaded.documents.is_none());
    assert_eq!(loaded.answers.keys().copied().collect::<Vec<_>>(), [CommandId(id(1))]);
    assert_eq!(
        loaded.answers[&CommandId(id(1))].decided,
        Decided::Done { from: 0, to: 1 }
    );
    assert_eq!(
        loaded.conversations.keys().copied().collect::<Vec<_>>(),
        [chairs],
        "reached by its key alone"
    );
    assert_eq!(loaded.conversations[&chairs], conversation(chairs, 1));
    assert_eq!(loaded.leases[&chairs], lease(100, 1, Timestamp(60), Timestamp(50)));
    assert_eq!(loaded.hits.len(), 1);
    assert_eq!(loaded.digests[&"d".repeat(64)].message, MessageId(id(200)));
    assert!(loaded.items.contains_key(&item));
    assert_eq!(loaded.drafts[&DraftId(id(50))].text.text, "Dear Carl");

    let fresh = load(&store, Needs::default()).await;
    assert_eq!(fresh.documents, Some(vec![account()]));
    assert!(fresh.tail.is_empty());
    assert_eq!(store.tail(1).await.unwrap().entries.len(), 1);
}

async fn the_head_is_one_referee_s_at_a_time<S: Subject>(store: S) {
    let (tx, loaded) = store.begin(&Needs::default()).await.unwrap();
    let other = store.clone();
    let mut second = tokio::spawn(async move {
        let (tx, loaded) = other
            .begin(&Needs {
                after: Some(0),
                ..Needs::default()
            })
            .await
            .unwrap();
        other.rollback(tx).await;
        loaded
    });
    let waited = tokio::time::timeout(Duration::from_millis(300), &mut second).await;
    assert!(waited.is_err(), "the second referee had the head while the first did");
    store
        .append(tx, batch(&loaded.head, &[ConversationId(id(100))]))
        .await
        .unwrap();
    let seen = second.await.unwrap();
    assert_eq!(seen.head.number, 1, "it sees what was appended while it waited");
    assert_eq!(seen.tail.len(), 1);
}

async fn a_batch_decided_at_another_head_is_refused<S: Subject>(store: S) {
    let stale = head(&store).await;
    append(&store, |head| batch(&head, &[ConversationId(id(100))]))
        .await
        .unwrap();
    let refused = append(&store, |_| batch(&stale, &[ConversationId(id(101))])).await;
    assert_eq!(refused, Err(PortError::HeadMoved));
    let loaded = load(
        &store,
        Needs {
            conversations: [ConversationId(id(101))].into(),
            ..Needs::default()
        },
    )
    .await;
    assert_eq!((loaded.head.number, loaded.conversations.len()), (1, 0));
}

async fn a_refused_batch_leaves_nothing_behind<S: Subject>(store: S) {
    let answer = || {
        let decided = Decided::Done { from: 0, to: 1 };
        AnswerRow {
            command: CommandId(id(1)),
            actor: Actor::Operator,
            decided,
            at: Timestamp(6),
        }
    };
    append(&store, |head| {
        let mut batch = batch(&head, &[ConversationId(id(100))]);
        batch.answers.push(answer());
        batch
    })
    .await
    .unwrap();
    let second = append(&store, |head| {
        let mut batch = batch(&head, &[ConversationId(id(101))]);
        batch.answers.push(answer());
        batch
    });
    let refused = second.await;
    assert!(matches!(refused, Err(PortError::Rejected(_))), "{refused:?}");
    let loaded = load(
        &store,
        Needs {
            conversations: [ConversationId(id(101))].into(),
            ..Needs::default()
        },
    )
    .await;
    assert_eq!((loaded.head.number, loaded.conversations.len()), (1, 0));
    append(&store, |head| batch(&head, &[ConversationId(id(102))]))
        .await
        .unwrap();
}

async fn known_beats_mentioned_and_the_newest_date_stays<S: Subject>(store: S) {
    let chairs = ConversationId(id(100));
    append(&store, |head| {
        let mut batch = batch(&head, &[chairs]);
        batch.keys.push(key_row("a@x", 100, 200, true, 50));
        batch
    })
    .await
    .unwrap();
    append(&store, |head| {
        let mut batch = Batch::at(head);
        batch.keys.push(key_row("a@x", 100, 201, false, 40));
        batch
    })
    .await
    .unwrap();
    append(&store, |head| {
        let mut batch = Batch::at(head);
        batch.keys.push(key_row("a@x", 100, 202, true, 60));
        batch
    })
    .await
    .unwrap();
    let loaded = load(
        &store,
        Needs {
            keys: [ThreadKey::header("a@x")].into(),
            ..Needs::default()
        },
    )
    .await;
    let hits = &loaded.hits[&ThreadKey::header("a@x")];
    assert_eq!(hits.len(), 1);
    assert_eq!(
        (hits[0].message, hits[0].mentioned, hits[0].at),
        (MessageId(id(201)), false, Timestamp(60))
    );
}

async fn a_key_leads_to_the_newest_conversations_only<S: Subject>(store: S) {
    let many: Vec<ConversationId> = (0..40).map(|n| ConversationId(id(1000 + n))).collect();
    append(&store, |head| {
        let mut batch = batch(&head, &many);
        batch
            .keys
            .extend((0..40).map(|n| key_row("common@x", 1000 + n, 2000 + n, false, i64::try_from(n).unwrap())));
        batch
    })
    .await
    .unwrap();
    let loaded = load(
        &store,
        Needs {
            keys: [ThreadKey::header("common@x")].into(),
            ..Needs::default()
        },
    )
    .await;
    let hits = &loaded.hits[&ThreadKey::header("common@x")];
    assert_eq!(hits.len(), HITS_PER_KEY);
    assert_eq!(hits[0].at, Timestamp(39));
    assert_eq!(loaded.conversations.len(), HITS_PER_KEY);
}

async fn only_the_holder_renews<S: Subject>(store: S) {
    let start = now();
    append(&store, |head| {
        let mut batch = batch(&head, &[ConversationId(id(100))]);
        batch.leases.push(lease(100, 7, start.plus_ms(1000), start));
        batch
    })
    .await
    .unwrap();
    let mine = Renewal {
        conversation: ConversationId(id(100)),
        token: 7,
        member: ANNA,
        device: DESK,
        active_at: start.plus_ms(-5),
    };
    assert!(!store.renew(Renewal { token: 6, ..mine }).await.unwrap());
    assert!(
        !store
            .renew(Renewal {
                member: MemberId(id(33)),
                ..mine
            })
            .await
            .unwrap()
    );
    assert!(
        !store
            .renew(Renewal {
                device: DeviceId(id(44)),
                ..mine
            })
            .await
            .unwrap()
    );
    assert!(store.renew(mine).await.unwrap());
    let loaded = load(
        &store,
        Needs {
            leases: [ConversationId(id(100))].into(),
            ..Needs::default()
        },
    )
    .await;
    let held = loaded.leases[&ConversationId(id(100))];
    assert!(held.expires >= start.plus_ms(40_000));
    assert_eq!(held.active_at, start, "the last keystroke never moves back");
    // A clock that is ahead does not keep a lock longer.
    assert!(
        store
            .renew(Renewal {
                active_at: start.plus_ms(86_400_000),
                ..mine
            })
            .await
            .unwrap()
    );
    let loaded = load(
        &store,
        Needs {
            leases: [ConversationId(id(100))].into(),
            ..Needs::default()
        },
    )
    .await;
    assert!(loaded.leases[&ConversationId(id(100))].active_at <= now().plus_ms(1000));
}

async fn a_host_is_renewed_by_its_own_grant_while_that_lives<S: Subject>(store: S) {
    let grant = HostGrant {
        account: SALES,
        session: SessionId(id(21)),
        token: 7,
    };
    let until = now().plus_ms(30_000);
    let hosts = async |expires: Timestamp, grant: HostGrant| {
        append(&store, |head| {
            let mut batch = batch(&head, &[]);
            batch.hosts.push(HostLease { grant, expires });
            batch
        })
        .await
        .unwrap();
    };
    let known = async || {
        let needs = Needs {
            hosts: [SALES].into(),
            ..Needs::default()
        };
        load(&store, needs).await.hosts.get(&SALES).copied()
    };
    assert_eq!(known().await, None);
    assert!(!store.renew_host(grant, 60_000).await.unwrap(), "nobody was granted it");
    hosts(until, grant).await;
    assert_eq!(known().await, Some(HostLease { grant, expires: until }));
    let other = HostGrant {
        session: SessionId(id(22)),
        ..grant
    };
    let older = HostGrant { token: 6, ..grant };
    for stranger in [other, older] {
        assert!(!store.renew_host(stranger, 60_000).await.unwrap());
    }
    assert!(store.renew_host(grant, 60_000).await.unwrap());
    assert!(known().await.unwrap().expires > until);
    // One that has run out is not brought back: somebody may be about to take it.
    hosts(now().plus_ms(-1), grant).await;
    assert!(!store.renew_host(grant, 60_000).await.unwrap());
    // The next grant takes its place.
    let next = HostGrant { token: 9, ..other };
    hosts(until, next).await;
    assert!(!store.renew_host(grant, 60_000).await.unwrap());
    assert!(store.renew_host(next, 60_000).await.unwrap());
}

async fn an_older_save_never_replaces_a_newer_draft<S: Subject>(store: S) {
    assert!(store.save(draft(50, 2, "second")).await);
    assert!(!store.save(draft(50, 1, "first")).await);
    assert!(!store.save(draft(50, 2, "second again")).await);
    assert!(store.save(draft(50, 3, "third")).await);
    append(&store, |head| {
        let mut batch = batch(&head, &[ConversationId(id(100))]);
        batch.returned_drafts.push(draft(51, 1, "taken back"));
        batch
    })
    .await
    .unwrap();
    let wanted: BTreeSet<DraftId> = [DraftId(id(50)), DraftId(id(51))].into();
    let loaded = load(
        &store,
        Needs {
            drafts: wanted.clone(),
            ..Needs::default()
        },
    )
    .await;
    assert_eq!(
        loaded
            .drafts
            .values()
            .map(|draft| draft.text.text.as_str())
            .collect::<Vec<_>>(),
        ["third"]
    );
    append(&store, |head| {
        let mut batch = Batch::at(head);
        batch.used_drafts.push(DraftId(id(50)));
        batch.returned_drafts.push(draft(51, 1, "taken back"));
        batch
    })
    .await
    .unwrap();
    let loaded = load(
        &store,
        Needs {
            drafts: wanted,
            ..Needs::default()
        },
    )
    .await;
    assert_eq!(
        loaded
            .drafts
            .values()
            .map(|draft| draft.text.text.as_str())
            .collect::<Vec<_>>(),
        ["taken back"]
    );
}

async fn a_removed_document_and_an_ended_lease_are_gone<S: Subject>(store: S) {
    append(&store, |head| {
        let mut batch = batch(&head, &[ConversationId(id(100))]);
        batch.documents.push(account());
        batch.leases.push(lease(100, 7, Timestamp(10), Timestamp(5)));
        batch
    })
    .await
    .unwrap();
    append(&store, |head| {
        let mut batch = Batch::at(head);
        batch.removed_documents.push(account().id);
        batch.ended_leases.push(ConversationId(id(100)));
        batch
    })
    .await
    .unwrap();
    let loaded = load(
        &store,
        Needs {
            leases: [ConversationId(id(100))].into(),
            ..Needs::default()
        },
    )
    .await;
    assert_eq!(loaded.documents, Some(Vec::new()));
    assert!(loaded.leases.is_empty());
}

/// Runs every scenario, each on a store of its own.
macro_rules! contract {
    ($fresh:expr) => {{
        let fresh = $fresh;
        contract!(@each fresh:
            what_was_appended_comes_back_whole,
            the_head_is_one_referee_s_at_a_time,
            a_batch_decided_at_another_head_is_refused,
            a_refused_batch_leaves_nothing_behind,
            known_beats_mentioned_and_the_newest_date_stays,
            a_key_leads_to_the_newest_conversations_only,
            only_the_holder_renews,
            a_host_is_renewed_by_its_own_grant_while_that_lives,
            what_is_due_comes_in_order_and_the_next_is_told,
            open_conversations_of_an_inbox_that_promises_anew_are_due_at_once,
            an_older_save_never_replaces_a_newer_draft,
            a_removed_document_and_an_ended_lease_are_gone,
            whoever_replies_and_what_somebody_owns_is_found_without_its_name,
            what_somebody_is_writing_is_found_with_where_they_write,
            what_somebody_is_writing_is_found_by_where_they_write,
            a_conversation_that_moved_counts_and_wakes_where_it_lies,
            what_was_merged_is_loaded_with_what_it_belongs_to,
            the_log_of_a_conversation_is_loaded_whole_and_alone,
            a_key_is_dropped_for_the_message_that_has_it,
            loads_count_what_is_open,
            turns_keep_their_newest_number,
            whoever_wrote_before_is_known_by_what_is_open_with_them,
        );
    }};
    (@each $fresh:ident: $($scenario:ident,)+) => {$(
        println!("{}", stringify!($scenario));
        $scenario($fresh(stringify!($scenario)).await).await;
    )+};
}

#[tokio::test]
async fn the_model_keeps_the_contract() {
    contract!(async |_: &str| {
        let mut model = Model::new(id(77));
        model.set_now(now());
        ModelPort::new(model)
    });
}

#[tokio::test]
async fn sqlite_keeps_the_contract() {
    let directory = tempfile::tempdir().unwrap();
    contract!(
        async |name: &str| ServerStore::open(StoreOptions::in_directory(directory.path().join(name)))
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn sealed_sqlite_keeps_the_contract() {
    let directory = tempfile::tempdir().unwrap();
    contract!(async |name: &str| {
        let options = StoreOptions {
            key: Some([7; 32]),
            ..StoreOptions::in_directory(directory.path().join(name))
        };
        ServerStore::open(options).await.unwrap()
    });
}

#[tokio::test]
async fn postgres_keeps_the_contract() {
    let cluster = cluster::Cluster::start();
    let directory = tempfile::tempdir().unwrap();
    contract!(async |name: &str| {
        let url = cluster.database(name);
        let options = StoreOptions {
            database_url: Some(url),
            ..StoreOptions::in_directory(directory.path().join(name))
        };
        ServerStore::open(options).await.unwrap()
    });
}

#[tokio::test]
async fn a_crash_of_the_model_loses_what_was_not_synced() {
    let mut model = Model::new(id(77));
    let loaded = model.begin(1, &Needs::default()).unwrap();
    assert!(
        model.begin(2, &Needs::default()).is_none(),
        "the head is the first one's"
    );
    model
        .append(1, batch(&loaded.head, &[ConversationId(id(100))]))
        .unwrap();
    model.sync();
    let loaded = model.begin(2, &Needs::default()).unwrap();
    model
        .append(2, batch(&loaded.head, &[ConversationId(id(101))]))
        .unwrap();
    assert_eq!(model.head().number, 2);
    model.crash();
    assert_eq!(model.head().number, 1);
    assert!(model.conversation(ConversationId(id(101))).is_none());
    assert!(model.begin(3, &Needs::default()).is_some());
}
