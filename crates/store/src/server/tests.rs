//! The schema on both databases, sealing, snapshots, and what lies beside the log.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "../../tests/cluster/mod.rs"]
mod cluster;

use std::collections::BTreeSet;

use baton_domain::{
    AccountId, Actor, Address, BlobId, Conversation, ConversationId, DeviceId, Event, InboxId, LogBody, LogEntry,
    MemberId, Role, Scope, SessionId, Source, Stamp, Timestamp, evolve,
};
use baton_migrations::server::Migrator;
use sea_orm::{ActiveValue::Set, ConnectionTrait, DatabaseConnection, DbBackend, EntityTrait as _, Statement};
use sea_orm_migration::MigratorTrait as _;
use uuid::Uuid;

use super::entity;
use super::{
    ConversationFilter, ConversationKey, InvitationRow, NewSession, OwnerFilter, Readable, ServerStore, StoreError,
    StoreOptions,
};
use crate::port::{
    Batch, ConversationRow, FolderCursor, Head, ItemKey, ItemOutcome, ItemRow, Needs, Sequencer as _, chain,
};

const SALES: InboxId = InboxId(Uuid::from_u128(1));
const SUPPORT: InboxId = InboxId(Uuid::from_u128(2));
const ANNA: MemberId = MemberId(Uuid::from_u128(3));

/// What the database says of its own tables, in words that can be compared.
async fn schema(connection: &DatabaseConnection) -> Vec<String> {
    let sql = match connection.get_database_backend() {
        DbBackend::Postgres => {
            "select table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || coalesce(column_default, '') as line
               from information_schema.columns where table_schema = 'public'
             union all select indexdef from pg_indexes where schemaname = 'public' order by 1"
        }
        _ => "select coalesce(sql, name) as line from sqlite_master where name not like 'sqlite_%' order by 1",
    };
    let rows = connection
        .query_all_raw(Statement::from_string(connection.get_database_backend(), sql))
        .await
        .unwrap();
    rows.into_iter()
        .map(|row| row.try_get::<String>("", "line").unwrap())
        .filter(|line| !line.contains("seaql_migrations"))
        .collect()
}

async fn each_down_undoes_its_up(connection: &DatabaseConnection) {
    let full = schema(connection).await;
    assert!(!full.is_empty());
    let count = u32::try_from(Migrator::migrations().len()).unwrap();
    let mut before = Vec::new();
    for steps in (1..=count).rev() {
        before.push(schema(connection).await);
        Migrator::down(connection, Some(1)).await.unwrap();
        assert_eq!(
            Migrator::get_applied_migrations(connection).await.unwrap().len(),
            usize::try_from(steps - 1).unwrap()
        );
    }
    assert_eq!(
        schema(connection).await,
        Vec::<String>::new(),
        "something is left behind"
    );
    for expected in before.into_iter().rev() {
        Migrator::up(connection, Some(1)).await.unwrap();
        assert_eq!(schema(connection).await, expected);
    }
}

/// A log that is older than the index of who reads which blob.
async fn what_the_log_named_before_is_in_the_index_of_blobs(connection: &DatabaseConnection) {
    let names: Vec<String> = Migrator::migrations().iter().map(|one| one.name().to_owned()).collect();
    let at = names.iter().position(|name| name.ends_with("blob_readers")).unwrap();
    let newer = u32::try_from(names.len() - at).unwrap();
    Migrator::down(connection, Some(newer)).await.unwrap();
    let entry = |number: i64, kind: &str, event: &str| entity::log::ActiveModel {
        workspace: Set(Uuid::from_u128(9)),
        number: Set(number),
        at: Set(0),
        issued_at: Set(0),
        actor: Set("{}".to_owned()),
        command: Set(Uuid::from_u128(8)),
        scope_kind: Set(super::convert::SCOPE_INBOX),
        scope_id: Set(SALES.0),
        conversation: Set(Uuid::from_u128(7)),
        kind: Set(kind.to_owned()),
        version: Set(1),
        payload: Set(format!(r#"{{"type":"conversation","event":{event}}}"#)),
        salt: Set(Vec::new()),
        digest: Set(Vec::new()),
        hash: Set(Vec::new()),
    };
    let [mail, outlook, offer, list] = ["mail", "outlook", "offer", "list"].map(|what| BlobId::of(what.as_bytes()));
    let escaped = r#""preview":"a \u0000 in it, and \"blob\":\""#;
    let events = [
        (
            "messageReceived",
            format!(r#"{{"message":{{"blob":"{mail}",{escaped}{list}\""}}}}"#),
        ),
        ("messageReceived", format!(r#"{{"message":{{"blob":"{mail}"}}}}"#)),
        ("outsideReply", format!(r#"{{"message":{{"blob":"{outlook}"}}}}"#)),
        ("messageReceived", r#"{"message":{"blob":null}}"#.to_owned()),
        (
            "replyQueued",
            format!(r#"{{"outbound":{{"draft":{{"files":[{{"blob":"{offer}"}}]}}}}}}"#),
        ),
        ("replyQueued", r#"{"outbound":{"draft":{"files":[]}}}"#.to_owned()),
        ("noteAdded", format!(r#"{{"blob":"{list}"}}"#)),
    ];
    let rows = (1..)
        .zip(&events)
        .map(|(number, (kind, event))| entry(number, kind, event));
    entity::log::Entity::insert_many(rows)
        .exec_without_returning(connection)
        .await
        .unwrap();
    Migrator::up(connection, None).await.unwrap();
    let mut found: Vec<_> = entity::blob_reader::Entity::find()
        .all(connection)
        .await
        .unwrap()
        .into_iter()
        .map(|row| (row.blob, row.reader))
        .collect();
    found.sort();
    let mut expected = [mail, outlook, offer].map(|blob| (blob.as_str().to_owned(), Uuid::from_u128(7)));
    expected.sort();
    assert_eq!(found, expected);
}

/// Every table has the columns its entity names, with types it can read: each is selected and written once.
async fn the_tables_are_those_of_the_entities(connection: &DatabaseConnection) {
    macro_rules! selects {
        ($($table:ident),+ $(,)?) => {$(
            let rows = entity::$table::Entity::find().all(connection).await;
            assert!(rows.is_ok(), "{}: {:?}", stringify!($table), rows.err());
        )+};
    }
    selects!(
        account_secret,
        answer,
        blob_reader,
        content_digest,
        conversation,
        credential,
        document,
        draft,
        folder_cursor,
        folder_place,
        host,
        invitation,
        lease,
        ledger,
        log,
        message_name,
        outbound,
        session,
        thread_key,
        turn,
        workspace,
    );
}

async fn sqlite() -> (tempfile::TempDir, ServerStore) {
    let directory = tempfile::tempdir().unwrap();
    let store = ServerStore::open(StoreOptions::in_directory(directory.path()))
        .await
        .unwrap();
    (directory, store)
}

#[tokio::test]
async fn sqlite_goes_up_and_down() {
    let (_directory, store) = sqlite().await;
    the_tables_are_those_of_the_entities(&store.writer).await;
    let strict = "select count(*) as n from pragma_table_list where schema = 'main' and type = 'table' and strict = 0
                  and name not like 'sqlite_%' and name != 'seaql_migrations'";
    let row = store
        .writer
        .query_one_raw(Statement::from_string(DbBackend::Sqlite, strict))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(row.try_get::<i64>("", "n").unwrap(), 0, "every table is strict");
    each_down_undoes_its_up(&store.writer).await;
    what_the_log_named_before_is_in_the_index_of_blobs(&store.writer).await;
}

#[tokio::test]
async fn postgres_goes_up_and_down_and_keeps_what_lies_beside_the_log() {
    let cluster = cluster::Cluster::start();
    let directory = tempfile::tempdir().unwrap();
    let open = async |name: &str| {
        let options = StoreOptions {
            database_url: Some(cluster.database(name)),
            ..StoreOptions::in_directory(directory.path())
        };
        ServerStore::open(options).await.unwrap()
    };
    let store = open("schema").await;
    the_tables_are_those_of_the_entities(&store.writer).await;
    each_down_undoes_its_up(&store.writer).await;
    what_the_log_named_before_is_in_the_index_of_blobs(&store.writer).await;
    beside_the_log(&open("beside").await).await;
    a_snapshot_shows_one_number(&open("snapshot").await).await;
    pages_of_conversations(&open("pages").await).await;
    how_conversations_began(&open("began").await).await;
}

#[tokio::test]
async fn sqlite_keeps_what_lies_beside_the_log() {
    let (_directory, store) = sqlite().await;
    beside_the_log(&store).await;
}

#[tokio::test]
async fn sqlite_shows_snapshots() {
    let (_directory, store) = sqlite().await;
    a_snapshot_shows_one_number(&store).await;
}

#[tokio::test]
async fn sqlite_tells_how_conversations_began() {
    let (_directory, store) = sqlite().await;
    how_conversations_began(&store).await;
}

#[tokio::test]
async fn sqlite_pages_conversations() {
    let (_directory, store) = sqlite().await;
    pages_of_conversations(&store).await;
}

#[tokio::test]
async fn servers_that_start_at_once_agree_on_one_workspace() {
    let cluster = cluster::Cluster::start();
    let directory = tempfile::tempdir().unwrap();
    let url = cluster.database("race");
    let open = || {
        let options = StoreOptions {
            database_url: Some(url.clone()),
            ..StoreOptions::in_directory(directory.path())
        };
        tokio::spawn(ServerStore::open(options))
    };
    let tasks: Vec<_> = (0..4).map(|_| open()).collect();
    let mut workspaces = BTreeSet::new();
    for task in tasks {
        workspaces.insert(task.await.unwrap().unwrap().workspace());
    }
    assert_eq!(workspaces.len(), 1);
}

#[tokio::test]
async fn a_sealed_database_opens_with_its_key_alone_and_shows_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let options = StoreOptions {
        key: Some([7; 32]),
        ..StoreOptions::in_directory(directory.path())
    };
    let store = ServerStore::open(options.clone()).await.unwrap();
    let workspace = store.workspace();
    append(&store, &[(ConversationId(Uuid::from_u128(100)), SALES)]).await;
    store.close().await;
    let bytes = std::fs::read(directory.path().join("baton.db")).unwrap();
    assert!(!bytes.starts_with(b"SQLite format 3"));
    assert!(!bytes.windows(6).any(|window| window == b"Chairs"));
    for key in [None, Some([8; 32])] {
        let refused = ServerStore::open(StoreOptions { key, ..options.clone() }).await;
        assert!(matches!(refused, Err(StoreError::WrongKey)), "{refused:?}");
    }
    let again = ServerStore::open(options).await.unwrap();
    assert_eq!((again.workspace(), again.head().await.unwrap().number), (workspace, 1));
    again.close().await;
}

#[tokio::test]
async fn a_backup_of_a_sealed_database_is_sealed_and_whole() {
    let directory = tempfile::tempdir().unwrap();
    let options = StoreOptions {
        key: Some([7; 32]),
        ..StoreOptions::in_directory(directory.path().join("data"))
    };
    let store = ServerStore::open(options.clone()).await.unwrap();
    append(&store, &[(ConversationId(Uuid::from_u128(100)), SALES)]).await;
    let blob = store.blobs().put(b"a letter from Carl").unwrap();
    let target = directory.path().join("it's a backup");
    store.backup(&target).await.unwrap();
    assert!(
        store.backup(&target).await.is_err(),
        "a backup never overwrites another"
    );
    assert!(
        !std::fs::read(target.join("baton.db"))
            .unwrap()
            .starts_with(b"SQLite format 3")
    );
    let copy = ServerStore::open(StoreOptions {
        data: target,
        ..options
    })
    .await
    .unwrap();
    assert_eq!(copy.head().await.unwrap(), store.head().await.unwrap());
    assert_eq!(copy.blobs().get(&blob).unwrap().unwrap(), b"a letter from Carl");
    copy.close().await;
    store.close().await;
}

fn created(number: u32, inbox: InboxId) -> Event {
    Event::Created {
        number,
        inbox,
        account: None,
        contact: Address {
            name: String::new(),
            email: format!("Carl{number}@Example.com"),
        },
        subject: "Chairs".to_owned(),
        source: Source {
            channel: "email".to_owned(),
            address: String::new(),
            at: Timestamp(5),
        },
        history: false,
    }
}

/// Appends one event to each of these conversations: it begins, or gets a label.
async fn append(store: &ServerStore, conversations: &[(ConversationId, InboxId)]) -> Head {
    let tagged = |number| Event::Tagged {
        tag: format!("tag {number}"),
    };
    append_or(store, conversations, tagged).await
}

/// The same, with another event where it has begun.
async fn append_or(
    store: &ServerStore,
    conversations: &[(ConversationId, InboxId)],
    then: impl Fn(u64) -> Event,
) -> Head {
    let wanted = conversations.iter().map(|(id, _)| *id).collect();
    let (tx, loaded) = store
        .begin(&Needs {
            after: Some(0),
            conversations: wanted,
            ..Needs::default()
        })
        .await
        .unwrap();
    let mut batch = Batch::at(loaded.head);
    for (id, inbox) in conversations {
        let (number, at) = (
            batch.head.number + 1,
            Timestamp(1000 + i64::try_from(batch.head.number).unwrap()),
        );
        let before: Option<Conversation> = loaded.conversations.get(id).cloned();
        let event = match &before {
            Some(_) => then(number),
            None => created(batch.head.next_conversation, *inbox),
        };
        batch.head.next_conversation += u32::from(before.is_none());
        let stamp = Stamp {
            number,
            at,
            actor: Actor::Operator,
            conversation: *id,
        };
        let conversation = evolve(before, stamp, &event).unwrap();
        let entry = LogEntry {
            number,
            at,
            issued_at: at,
            actor: Actor::Operator,
            command: baton_domain::CommandId(Uuid::from_u128(u128::from(number))),
            scope: Scope::Inbox { id: conversation.inbox },
            body: LogBody::Conversation {
                conversation: *id,
                event,
            },
        };
        let sealed = chain::seal(batch.head.hash, entry, [1; 16]).unwrap();
        (batch.head.number, batch.head.hash, batch.head.last_at) = (number, sealed.hash, at);
        batch.entries.push(sealed);
        batch.conversations.push(ConversationRow {
            conversation,
            wake: None,
        });
    }
    let head = batch.head.clone();
    store.append(tx, batch).await.unwrap();
    head
}

fn conversations(count: u128, inbox: InboxId, from: u128) -> Vec<(ConversationId, InboxId)> {
    (from..from + count)
        .map(|n| (ConversationId(Uuid::from_u128(n)), inbox))
        .collect()
}

/// While a snapshot is read, work goes on; the snapshot does not see it.
async fn a_snapshot_shows_one_number(store: &ServerStore) {
    append(store, &conversations(7, SALES, 100)).await;
    let head = append(store, &conversations(3, SUPPORT, 200)).await;
    let mut snapshot = store
        .snapshot(Readable {
            inboxes: [SALES].into(),
            member: Some(ANNA),
        })
        .await
        .unwrap();
    assert_eq!(*snapshot.head(), head);
    let (mut seen, mut entries) = (Vec::new(), 0);
    let mut first = true;
    let mut last = false;
    while !last {
        let page = snapshot.next_page(3).await.unwrap();
        last = page.last;
        let of_page: Vec<LogEntry> = page
            .entries
            .iter()
            .map(|text| serde_json::from_str(text).unwrap())
            .collect();
        // What is put together here is what everybody else writes.
        assert_eq!(
            of_page
                .iter()
                .map(|entry| serde_json::to_string(entry).unwrap())
                .collect::<Vec<_>>(),
            page.entries
        );
        let page: Vec<Conversation> = page
            .conversations
            .iter()
            .map(|text| serde_json::from_str(text).unwrap())
            .collect();
        assert!(
            of_page.iter().all(|entry| entry.number <= head.number),
            "later than the snapshot"
        );
        seen.extend(page.iter().map(|state| (state.id, state.tags.len())));
        entries += of_page.len();
        if std::mem::take(&mut first) {
            append(store, &conversations(7, SALES, 100)).await;
            append(store, &conversations(2, SALES, 300)).await;
        }
    }
    let newest_first: Vec<_> = conversations(7, SALES, 100)
        .into_iter()
        .rev()
        .map(|(id, _)| (id, 0))
        .collect();
    assert_eq!((seen, entries), (newest_first, 7));
    drop(snapshot);
    assert_eq!(store.hash_at(head.number).await.unwrap(), Some(head.hash));
    assert_eq!(store.hash_at(0).await.unwrap(), Some(chain::START));
    assert_eq!(store.hash_at(10_000).await.unwrap(), None);
}

/// What came by an entry, of that number.
fn received(number: u64) -> Event {
    let message = serde_json::json!({
        "id": Uuid::from_u128(number.into()), "direction": "inbound", "kind": "human",
        "from": {"name": "", "email": "carl@example.com"}, "to": [], "cc": [], "replyTo": [], "subject": "Chairs", "at": number,
        "headerId": null, "references": [], "preview": format!("message {number}"), "blob": null, "size": 3, "attachments": [],
        "account": null, "returnsAt": null, "bounced": null
    });
    Event::MessageReceived {
        message: Box::new(serde_json::from_value(message).unwrap()),
        live: true,
    }
}

async fn how_conversations_began(store: &ServerStore) {
    let all = conversations(3, SALES, 100);
    let began = append(store, &all).await.number;
    let (first, second) = (&all[..1], &all[1..2]);
    append_or(store, first, received).await;
    append(store, second).await;
    append_or(store, &all[..2], received).await;
    append_or(store, first, received).await;
    let unknown = ConversationId(Uuid::from_u128(999));
    let asked: Vec<_> = all.iter().map(|(id, _)| *id).chain([unknown]).collect();
    let found = store.first_messages(&asked).await.unwrap();
    let found: Vec<_> = found
        .iter()
        .map(|(id, message)| (*id, message.preview.clone()))
        .collect();
    let message = |after: u64| format!("message {}", began + after);
    assert_eq!(found, [(all[0].0, message(1)), (all[1].0, message(4))]);
    assert!(store.first_messages(&[]).await.unwrap().is_empty());
    let carl = "carl1@example.com".to_owned();
    let known = store
        .first_contacts(&[carl.clone(), "nobody@example.com".to_owned()].into())
        .await
        .unwrap();
    assert_eq!(known.keys().collect::<Vec<_>>(), [&carl]);
}

async fn pages_of_conversations(store: &ServerStore) {
    append(store, &conversations(5, SALES, 100)).await;
    append(store, &conversations(5, SUPPORT, 200)).await;
    let mut filter = ConversationFilter {
        inboxes: [SALES].into(),
        ..ConversationFilter::default()
    };
    let mut found = Vec::new();
    loop {
        let (page, next) = store.conversations(&filter, 2).await.unwrap();
        found.extend(page.iter().map(|state| state.id));
        let Some(next) = next else { break };
        filter.after = Some(next.to_string().parse::<ConversationKey>().unwrap());
    }
    assert_eq!(
        found,
        conversations(5, SALES, 100)
            .into_iter()
            .rev()
            .map(|(id, _)| id)
            .collect::<Vec<_>>()
    );
    let all = ConversationFilter {
        inboxes: [SALES, SUPPORT].into(),
        ..ConversationFilter::default()
    };
    let count = async |filter: ConversationFilter| store.conversations(&filter, 100).await.unwrap().0.len();
    assert_eq!(count(all.clone()).await, 10);
    assert_eq!(
        count(ConversationFilter {
            owner: Some(OwnerFilter::Nobody),
            ..all.clone()
        })
        .await,
        10
    );
    assert_eq!(
        count(ConversationFilter {
            owner: Some(OwnerFilter::Member(ANNA)),
            ..all.clone()
        })
        .await,
        0
    );
    assert_eq!(
        count(ConversationFilter {
            phases: vec![baton_domain::Phase::New],
            ..all.clone()
        })
        .await,
        10
    );
    assert_eq!(
        count(ConversationFilter {
            statuses: vec![baton_domain::Status::Won],
            ..all.clone()
        })
        .await,
        0
    );
    assert_eq!(
        count(ConversationFilter {
            contact: Some("CARL1@example.com".to_owned()),
            ..all
        })
        .await,
        1
    );
    assert_eq!(count(ConversationFilter::default()).await, 0, "nothing is in no inbox");
    assert_eq!(
        store
            .entries_of(ConversationId(Uuid::from_u128(100)))
            .await
            .unwrap()
            .len(),
        1
    );
}

async fn beside_the_log(store: &ServerStore) {
    let (now, account) = (Timestamp(baton_clock::now_ms()), AccountId(Uuid::from_u128(9)));
    // Sessions: found by the hash of their token, revoked for good.
    let session = |n: u8| NewSession {
        id: SessionId(Uuid::from_u128(n.into())),
        token_hash: [n; 32],
        member: ANNA,
        device: DeviceId(Uuid::from_u128(4)),
        device_name: "Anna's laptop".to_owned(),
        at: now.plus_ms(n.into()),
    };
    for n in 1..=3 {
        store.put_session(session(n)).await.unwrap();
    }
    assert_eq!(
        store.session_by_token(&[2; 32]).await.unwrap().unwrap().id,
        session(2).id
    );
    assert!(store.session_by_token(&[9; 32]).await.unwrap().is_none());
    store.touch_session(session(1).id, now.plus_ms(99)).await.unwrap();
    assert!(
        !store
            .revoke_session(MemberId(Uuid::from_u128(33)), session(2).id)
            .await
            .unwrap(),
        "somebody else's"
    );
    assert!(store.revoke_session(ANNA, session(2).id).await.unwrap());
    assert!(store.session_by_token(&[2; 32]).await.unwrap().is_none());
    let left = store.sessions_of(ANNA).await.unwrap();
    assert_eq!(
        left.iter().map(|row| row.id).collect::<Vec<_>>(),
        [session(3).id, session(1).id]
    );
    assert_eq!(left[1].last_used_at, now.plus_ms(99));
    assert_eq!(store.revoke_sessions(ANNA, Some(session(3).id)).await.unwrap(), 1);
    // Passwords.
    assert_eq!(store.password_hash(ANNA).await.unwrap(), None);
    for hash in ["first", "second"] {
        store.put_password_hash(ANNA, hash.to_owned(), now).await.unwrap();
    }
    assert_eq!(store.password_hash(ANNA).await.unwrap().as_deref(), Some("second"));
    // Invitations are good once, and only in time.
    let invitation = InvitationRow {
        code_hash: [5; 32],
        email: "ben@baton.test".to_owned(),
        name: "Ben".to_owned(),
        role: Role::Rep,
        invited_by: Some(ANNA),
        expires_at: now.plus_ms(1000),
    };
    store.put_invitation(invitation.clone()).await.unwrap();
    assert_eq!(
        store.use_invitation(&[5; 32], now.plus_ms(2000)).await.unwrap(),
        None,
        "too late"
    );
    assert_eq!(
        store.use_invitation(&[5; 32], now).await.unwrap(),
        Some(invitation.clone())
    );
    assert_eq!(store.use_invitation(&[5; 32], now).await.unwrap(), None, "used");
    store.return_invitation(&[5; 32]).await.unwrap();
    assert_eq!(store.use_invitation(&[5; 32], now).await.unwrap(), Some(invitation));
    // Secrets of accounts.
    store.put_account_secret(account, vec![1, 2, 3], now).await.unwrap();
    store.put_account_secret(account, vec![4], now).await.unwrap();
    assert_eq!(store.account_secret(account).await.unwrap(), Some(vec![4]));
    store.drop_account_secret(account).await.unwrap();
    assert_eq!(store.account_secret(account).await.unwrap(), None);
    assert!(store.is_alive().await);
    let balance = store.balance(account).await.unwrap();
    assert_eq!(balance, []);
    the_books_are_those_of_one_instant(store, account).await;
}

/// A letter that was ignored: folder, UIDVALIDITY, UID.
fn ignored(account: AccountId, folder: &str, uidvalidity: u32, uid: u32) -> ItemRow {
    ItemRow {
        key: ItemKey {
            account,
            folder: folder.to_owned(),
            uidvalidity,
            uid,
        },
        outcome: ItemOutcome::Ignored {
            rule: "a test".to_owned(),
        },
        blob: None,
        at: Timestamp(1),
        flags: Vec::new(),
        internal_date: Timestamp(1),
    }
}

/// In the ledger before the cursor has passed it, a letter is not received yet; under numbers of before, it was listed again.
async fn the_books_are_those_of_one_instant(store: &ServerStore, account: AccountId) {
    let (tx, loaded) = store.begin(&Needs::default()).await.unwrap();
    let mut batch = Batch::at(loaded.head);
    let lines = [
        ("INBOX", 6, 5),
        ("INBOX", 7, 4),
        ("INBOX", 7, 5),
        ("INBOX", 7, 6),
        ("INBOX", 7, 3),
        ("Left", 1, 9),
    ];
    batch.items = lines
        .map(|(folder, numbers, uid)| ignored(account, folder, numbers, uid))
        .into();
    batch.cursors = vec![FolderCursor {
        received: 2,
        ..FolderCursor::at(account, "INBOX".to_owned(), 7, 4, 5)
    }];
    store.append(tx, batch).await.unwrap();
    let balance = store.balance(account).await.unwrap();
    let books: Vec<_> = balance
        .iter()
        .map(|folder| (folder.folder.as_str(), folder.received, folder.ignored, folder.complete))
        .collect();
    assert_eq!(books, [("INBOX", 2, 2, false), ("Left", 1, 1, true)]);
}

#[tokio::test]
async fn a_cursor_of_before_is_read_column_by_column() {
    let mut options = sea_orm::ConnectOptions::new("sqlite::memory:");
    options.max_connections(1);
    let database = sea_orm::Database::connect(options).await.unwrap();
    Migrator::up(&database, Some(4)).await.unwrap();
    // 77 messages received, renumbered, and what is below 12 was there from the beginning.
    let packed = (77_u64 << 33) | (1 << 32) | 12;
    let row = format!("insert into folder_cursor values (zeroblob(16), zeroblob(16), 'INBOX', 7, 40, 3, {packed})");
    database.execute_unprepared(&row).await.unwrap();
    Migrator::up(&database, None).await.unwrap();
    let row = super::entity::folder_cursor::Entity::find()
        .one(&database)
        .await
        .unwrap()
        .unwrap();
    let cursor = super::convert::cursor(row);
    assert_eq!((cursor.received, cursor.renumbered, cursor.found_below), (77, true, 12));
    assert_eq!(
        (cursor.high, cursor.low, cursor.uid_next, cursor.modseq),
        (40, 3, 41, 0)
    );
    Migrator::down(&database, None).await.unwrap();
}
