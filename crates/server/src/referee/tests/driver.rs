//! The driver on SQLite and on PostgreSQL: many who ask at once, several servers, and what the log says afterwards.

#[path = "../../../../store/tests/cluster/mod.rs"]
mod cluster;

use std::collections::BTreeSet;
use std::time::Duration;

use baton_domain::{Actor, Command, CommandBody, CommandId, ConversationId, MemberId, Refusal, Timestamp};
use baton_protocol::Answer;
use baton_store::port::chain;
use baton_store::server::{Readable, ServerStore, StoreOptions};
use uuid::Uuid;

use super::court::{ANNA, BEN, SALES, SALES_MAIL, device, documents, put};
use crate::referee::{FolderRole, RawArrival, RefereeHandle};

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn command(id: u128, member: MemberId, conversation: ConversationId, body: CommandBody) -> Command {
    Command {
        id: CommandId(Uuid::from_u128(id)),
        actor: Actor::Member { id: member },
        device: device(member),
        conversation,
        issued_at: Timestamp(baton_clock::now_ms()),
        last_seen: None,
        based_on: None,
        body,
    }
}

fn raw(uid: u32, text: &str) -> RawArrival {
    RawArrival {
        account: SALES_MAIL,
        folder: "INBOX".to_owned(),
        role: FolderRole::Inbox,
        uidvalidity: 7,
        uid,
        internal_date: Timestamp(baton_clock::now_ms()),
        flags: Vec::new(),
        resync: false,
        raw: text.replace('\n', "\r\n").into_bytes(),
    }
}

async fn team(referee: &RefereeHandle) -> ConversationId {
    for document in documents() {
        assert!(matches!(
            referee.submit(put(document)).await.unwrap(),
            Answer::Done { .. }
        ));
    }
    let mail = raw(
        1,
        "From: Carl <carl@example.com>\nTo: sales@baton.test\nSubject: Chairs\nMessage-ID: <1@example.com>\n\nDo you have chairs?\n",
    );
    assert_eq!(referee.receive_raw(vec![mail], None).await.unwrap().imported, 1);
    let filter = baton_store::server::ConversationFilter {
        inboxes: [SALES].into(),
        ..Default::default()
    };
    referee.store().conversations(&filter, 10).await.unwrap().0[0].id
}

async fn verified(store: &ServerStore) -> u64 {
    let everything = store.tail_for_test().await;
    let mut before = (0, chain::START);
    for sealed in &everything {
        let payload = chain::payload(&sealed.entry.body).unwrap();
        chain::verify(before.0, before.1, sealed, Some(&payload)).unwrap();
        before = (sealed.entry.number, sealed.hash);
    }
    before.0
}

trait Everything {
    async fn tail_for_test(&self) -> Vec<baton_store::port::Sealed>;
}

impl Everything for ServerStore {
    async fn tail_for_test(&self) -> Vec<baton_store::port::Sealed> {
        use baton_store::port::Sequencer as _;
        self.tail(0).await.unwrap().entries
    }
}

/// Sixty-four people press at once: half of them claim, half of them write a note, everybody twice.
async fn many_at_once(referee: RefereeHandle) {
    let enquiry = team(&referee).await;
    let mut commits = referee.subscribe();
    let from = referee.head().number;
    let asked: Vec<_> = (0..64_u128)
        .map(|n| {
            let (referee, member) = (referee.clone(), if n % 2 == 0 { ANNA } else { BEN });
            let body = if n < 32 {
                CommandBody::Claim
            } else {
                CommandBody::AddNote {
                    text: format!("note {n}"),
                    mentions: Vec::new(),
                }
            };
            let command = command(0x1000 + n, member, enquiry, body);
            tokio::spawn(async move {
                let first = referee.submit(command.clone()).await.unwrap();
                assert_eq!(referee.submit(command).await.unwrap(), first);
                first
            })
        })
        .collect();
    let (mut owners, mut refused) = (BTreeSet::new(), 0);
    for (n, task) in asked.into_iter().enumerate() {
        match tokio::time::timeout(PATIENCE, task).await.unwrap().unwrap() {
            Answer::Done { .. } if n < 32 => {
                owners.insert(if n % 2 == 0 { ANNA } else { BEN });
            }
            Answer::Done { from, to } => assert_eq!(to, from + 1),
            Answer::Refused {
                refusal: Refusal::NotOwner { owner, .. },
            } => {
                refused += 1;
                owners.insert(owner);
            }
            Answer::Refused { refusal } => panic!("{refusal:?}"),
        }
    }
    assert_eq!(
        (owners.len(), refused),
        (1, 16),
        "one owner, and everybody else was told who"
    );
    let state = referee.store().conversation(enquiry).await.unwrap().unwrap();
    assert_eq!((state.notes, state.owner), (32, owners.first().copied()));
    let end = verified(referee.store()).await;
    assert_eq!(end, referee.head().number);

    // What was published has no gap and no repetition.
    let mut seen = from;
    while seen < end {
        let commit = tokio::time::timeout(PATIENCE, commits.recv()).await.unwrap().unwrap();
        assert_eq!(commit.from, seen);
        seen = commit.to.number;
        assert_eq!(commit.entries.last().unwrap().number, seen);
    }
    let readable = referee.documents().readable(ANNA);
    let entries = referee
        .store()
        .entries_between(from, end, &readable, 1000)
        .await
        .unwrap();
    assert_eq!(u64::try_from(entries.len()).unwrap(), end - from);
    let nothing = Readable::default();
    assert!(
        referee
            .store()
            .entries_between(from, end, &nothing, 1000)
            .await
            .unwrap()
            .is_empty(),
        "what one may not read is not told"
    );
    referee.shutdown().await;
    assert!(
        referee
            .submit(command(1, ANNA, enquiry, CommandBody::Claim))
            .await
            .is_err()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_at_once_on_sqlite() {
    let directory = tempfile::tempdir().unwrap();
    let store = ServerStore::open(StoreOptions::in_directory(directory.path()))
        .await
        .unwrap();
    many_at_once(RefereeHandle::open(store).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_at_once_on_postgres_and_two_servers_that_share_it() {
    let cluster = cluster::Cluster::start();
    let directory = tempfile::tempdir().unwrap();
    let open = async |name: &str| {
        let options = StoreOptions {
            database_url: Some(name.to_owned()),
            ..StoreOptions::in_directory(directory.path().join("data"))
        };
        RefereeHandle::open(ServerStore::open(options).await.unwrap())
            .await
            .unwrap()
    };
    many_at_once(open(&cluster.database("one")).await).await;
    two_servers(&cluster.database("two"), open).await;
}

/// Two servers take turns and race; each sees the other's commits without being asked.
async fn two_servers(url: &str, open: impl AsyncFn(&str) -> RefereeHandle) {
    let (left, right) = (open(url).await, open(url).await);
    let enquiry = team(&left).await;
    let mut followed = right.watch_documents();
    tokio::time::timeout(PATIENCE, followed.wait_for(|documents| documents.members().len() == 3))
        .await
        .unwrap()
        .unwrap();
    let asked: Vec<_> = (0..40_u128)
        .map(|n| {
            let referee = if n % 2 == 0 { left.clone() } else { right.clone() };
            let member = if n % 2 == 0 { ANNA } else { BEN };
            let body = if n < 2 {
                CommandBody::Claim
            } else {
                CommandBody::AddNote {
                    text: format!("note {n}"),
                    mentions: Vec::new(),
                }
            };
            tokio::spawn(async move {
                referee
                    .submit(command(0x2000 + n, member, enquiry, body))
                    .await
                    .unwrap()
            })
        })
        .collect();
    let mut done = 0;
    for task in asked {
        done += u32::from(matches!(
            tokio::time::timeout(PATIENCE, task).await.unwrap().unwrap(),
            Answer::Done { .. }
        ));
    }
    assert_eq!(done, 39, "all but one of the two claims");
    let end = verified(left.store()).await;
    for referee in [&left, &right] {
        let caught_up = async {
            while referee.head().number < end {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, caught_up).await.unwrap();
    }
    assert_eq!(left.documents(), right.documents());
    assert_eq!(left.head(), right.head());
    left.shutdown().await;
    right.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follow_up_comes_due_by_itself() {
    let directory = tempfile::tempdir().unwrap();
    let store = ServerStore::open(StoreOptions::in_directory(directory.path()))
        .await
        .unwrap();
    let referee = RefereeHandle::open(store).await.unwrap();
    let enquiry = team(&referee).await;
    let mut commits = referee.subscribe();
    referee
        .submit(command(1, ANNA, enquiry, CommandBody::Claim))
        .await
        .unwrap();
    let due = Timestamp(baton_clock::now_ms() + 300);
    let body = CommandBody::ScheduleFollowUp {
        due,
        zone: None,
        text: None,
    };
    assert!(matches!(
        referee.submit(command(2, ANNA, enquiry, body)).await.unwrap(),
        Answer::Done { .. }
    ));
    let fired = async {
        loop {
            let commit = commits.recv().await.unwrap();
            if commit.entries.iter().any(|entry| entry.actor == Actor::Timer) {
                return commit;
            }
        }
    };
    let commit = tokio::time::timeout(PATIENCE, fired).await.unwrap();
    assert!(commit.entries[0].at >= due);
    referee.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_log_has_a_new_epoch_and_holds_what_was_on_its_way_out() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let options = StoreOptions {
        key: Some([7; 32]),
        ..StoreOptions::in_directory(&data)
    };
    let referee = RefereeHandle::open(ServerStore::open(options.clone()).await.unwrap())
        .await
        .unwrap();
    let enquiry = team(&referee).await;
    let outbound = queue_reply(&referee, enquiry).await;
    let before = referee.head();
    let backup = directory.path().join("backup");
    referee.store().backup(&backup).await.unwrap();
    referee
        .submit(command(
            9,
            BEN,
            enquiry,
            CommandBody::AddNote {
                text: "after the backup".to_owned(),
                mentions: Vec::new(),
            },
        ))
        .await
        .unwrap();
    referee.shutdown().await;

    let kept = baton_store::server::restore(&backup, options.clone())
        .await
        .unwrap()
        .unwrap();
    assert!(kept.join("baton.db").is_file(), "what was there is kept");
    let restored = RefereeHandle::open(ServerStore::open(options).await.unwrap())
        .await
        .unwrap();
    assert_ne!(restored.head().epoch, before.epoch);
    let state = restored.store().conversation(enquiry).await.unwrap().unwrap();
    assert_eq!(state.notes, 0);
    assert!(
        matches!(
            state.outbound(outbound).unwrap().state,
            baton_domain::OutboundState::Unknown { .. }
        ),
        "{:?}",
        state.outbound
    );
    assert!(!restored.store().was_restored().await.unwrap());
    verified(restored.store()).await;
    restored.shutdown().await;
}

async fn queue_reply(referee: &RefereeHandle, enquiry: ConversationId) -> baton_domain::MessageId {
    let Answer::Done { to: token, .. } = referee
        .submit(command(20, ANNA, enquiry, CommandBody::TakeLock { cover: false }))
        .await
        .unwrap()
    else {
        panic!("no lock")
    };
    assert_eq!(referee.lease(enquiry).await.unwrap().unwrap().token, token);
    let text = baton_domain::DraftText {
        to: vec![super::court::address("carl@example.com")],
        text: "We do.".to_owned(),
        ..baton_domain::DraftText::default()
    };
    let draft = baton_store::port::DraftRow {
        id: baton_domain::DraftId(Uuid::from_u128(0xd1)),
        conversation: enquiry,
        member: ANNA,
        text: text.clone(),
        revision: 1,
        saved_at: Timestamp(baton_clock::now_ms()),
        files_present: true,
    };
    assert!(referee.store().put_draft(&draft).await.unwrap());
    let after = baton_domain::AfterReply::NothingMore;
    let body = CommandBody::Reply {
        draft: draft.id,
        digest: text.digest(),
        token,
        after,
        quote: None,
        close: None,
        send_at: None,
    };
    let mut reply = command(21, ANNA, enquiry, body);
    let state = referee.store().conversation(enquiry).await.unwrap().unwrap();
    reply.last_seen = state.last_message.map(|last| last.id);
    let id = baton_domain::MessageId(reply.id.0);
    let answer = referee.submit(reply).await.unwrap();
    assert!(matches!(answer, Answer::Done { .. }), "{answer:?}");
    assert_eq!(
        referee.store().open_outbound(Some(SALES_MAIL)).await.unwrap()[0]
            .outbound
            .id,
        id
    );
    id
}

/// An old mailbox comes in by the hundred: nothing of it starts anything, and the ledger balances.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_old_messages_come_in_and_start_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let store = ServerStore::open(StoreOptions::in_directory(directory.path()))
        .await
        .unwrap();
    let referee = RefereeHandle::open(store).await.unwrap();
    team(&referee).await;
    let began = std::time::Instant::now();
    for batch in 0..20_u32 {
        let mails = (0..100)
            .map(|n| {
                let uid = 100 + batch * 100 + n;
                let (customer, root) = (uid % 700, uid - uid % 3);
                let text = format!(
                    "From: customer{customer}@example.com\nTo: sales@baton.test\nSubject: Enquiry {root}\nMessage-ID: <{uid}@example.com>\n\
                     References: <{root}@example.com>\nDate: Mon, 1 Jun 2026 10:00:00 +0000\n\nMessage {uid}\n"
                );
                RawArrival { internal_date: Timestamp(1_780_308_000_000), ..raw(uid, &text) }
            })
            .collect();
        let received = referee.receive_raw(mails, None).await.unwrap();
        assert_eq!(received.imported, 100);
    }
    println!("2,000 messages in {:?}", began.elapsed());
    let balance = referee.store().balance(SALES_MAIL).await.unwrap();
    let sum = |of: fn(&baton_store::server::FolderLedger) -> u32| balance.iter().map(of).sum::<u32>();
    assert_eq!(
        (
            sum(|folder| folder.imported),
            sum(|folder| folder.duplicates),
            sum(|folder| folder.quarantined),
            sum(|folder| folder.ignored)
        ),
        (2001, 0, 0, 0)
    );
    let open = baton_store::server::ConversationFilter {
        inboxes: [SALES].into(),
        phases: vec![baton_domain::Phase::New, baton_domain::Phase::Open],
        ..Default::default()
    };
    assert_eq!(
        referee.store().conversations(&open, 5000).await.unwrap().0.len(),
        1,
        "only the live one"
    );
    let all = baton_store::server::ConversationFilter {
        phases: Vec::new(),
        ..open
    };
    assert_eq!(
        referee.store().conversations(&all, 5000).await.unwrap().0.len(),
        1 + 2000_usize.div_ceil(3)
    );
    referee.shutdown().await;
}
