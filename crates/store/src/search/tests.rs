//! The index as its readers and its writer see it.

use baton_domain::{
    BusinessCalendar, ConversationId, Inbox, InboxId, InboxPolicy, Member, MemberId, MessageId, NamedStatus, Role,
    Status, StatusId, Timestamp,
};
use jiff::tz::TimeZone;
use uuid::Uuid;

use super::*;

const EPOCH: Uuid = Uuid::from_u128(77);
const KEY: [u8; 32] = [7; 32];
const SALES: InboxId = InboxId(Uuid::from_u128(1));
const PARTNERS: InboxId = InboxId(Uuid::from_u128(2));
const ANNA: MemberId = MemberId(Uuid::from_u128(10));
const JUNE: i64 = 1_748_770_000_000;

fn talk(number: u32, inbox: InboxId) -> Talk {
    Talk {
        id: ConversationId(Uuid::from_u128(u128::from(number))),
        inbox,
        owner: None,
        number,
        status: Status::New,
        named: None,
        history: false,
    }
}

fn piece(number: u32, of: u32, subject: &str, text: &str) -> Piece {
    Piece {
        id: MessageId(Uuid::from_u128(u128::from(number) << 64)),
        conversation: ConversationId(Uuid::from_u128(u128::from(of))),
        kind: PieceKind::Theirs,
        at: Timestamp(JUNE + i64::from(number) * 60_000),
        from: "Carl Berg carl@northbeam.example".to_owned(),
        to: "sales@lamps.example".to_owned(),
        subject: subject.to_owned(),
        text: text.to_owned(),
        files: Vec::new(),
    }
}

fn who() -> Who {
    Who {
        member: ANNA,
        inboxes: [SALES].into(),
        zone: TimeZone::get("Europe/Berlin").unwrap(),
    }
}

fn people() -> (Vec<Member>, Vec<Inbox>) {
    let member = Member {
        id: ANNA,
        name: "Anna Berg".to_owned(),
        email: "anna@lamps.example".to_owned(),
        role: Role::Rep,
        active: true,
        absent_until: None,
        backup: None,
        hours: None,
        signature: None,
    };
    let inbox = |id, name: &str| Inbox {
        id,
        name: name.to_owned(),
        access: Vec::new(),
        policy: InboxPolicy {
            calendar: BusinessCalendar::default(),
            ..InboxPolicy::default()
        },
    };
    let status = |id: &str, stands_for, name: &str| NamedStatus {
        id: StatusId(id.to_owned()),
        name: name.to_owned(),
        sentence: "So it is".to_owned(),
        stands_for,
        hidden: false,
    };
    let mut sales = inbox(SALES, "Sales");
    sales.policy.workflow.statuses = vec![
        status("new", Status::New, "Fresh"),
        status("signed", Status::Won, "Signed and sealed"),
    ];
    (vec![member], vec![sales, inbox(PARTNERS, "Partners")])
}

async fn numbers(index: &SearchIndex, text: &str) -> Vec<u128> {
    let (members, inboxes) = people();
    let names = Names {
        members: &members,
        inboxes: &inboxes,
    };
    let criteria = Criteria::of(&Query::parse(text, false), &who(), names);
    let found = index
        .find(
            &criteria,
            Find {
                limit: 50,
                before: None,
            },
        )
        .await
        .unwrap();
    found.into_iter().map(|found| found.conversation.0.as_u128()).collect()
}

async fn open(directory: &tempfile::TempDir) -> SearchIndex {
    SearchIndex::open(&directory.path().join("search.db"), Some(KEY), EPOCH)
        .await
        .unwrap()
}

async fn filled(directory: &tempfile::TempDir) -> SearchIndex {
    let index = open(directory).await;
    let mut mine = talk(2, SALES);
    mine.owner = Some(ANNA);
    mine.status = Status::Won;
    mine.named = Some(StatusId("signed".to_owned()));
    let mut with_file = piece(3, 2, "Re: Renewal", "Der Vertrag für die Müllerstraße, mit 20 % Rabatt");
    with_file.files = vec!["Angebot-2025.pdf".to_owned()];
    let mut note = piece(5, 1, "", "Ask Bruno about the blue lamp");
    note.kind = PieceKind::Note;
    let changes = Changes {
        talks: vec![talk(1, SALES), mine, talk(3, PARTNERS)],
        pieces: vec![
            // Newest first, as a mailbox is read.
            note,
            piece(4, 3, "Partner pricing", "secret partner pricing"),
            with_file,
            piece(2, 2, "Renewal", "We want a renewal discount, approval pending"),
            piece(1, 1, "Lamps", "Pricing of blue lamps? 東京都港区"),
        ],
        gone: Vec::new(),
    };
    index.apply(changes, 9).await.unwrap();
    index
}

#[tokio::test]
async fn words_phrases_and_operators_find_what_they_say() {
    let directory = tempfile::tempdir().unwrap();
    let index = filled(&directory).await;
    for (text, expected) in [
        ("pricing", vec![1]),
        ("renewal discount", vec![2]),
        ("\"renewal discount approval\"", vec![2]),
        ("\"discount renewal\"", vec![]),
        ("mullerstrasse", vec![2]),
        ("vertr*", vec![2]),
        ("vertr", vec![]),
        ("lamp OR rabatt", vec![1, 2]),
        ("berg -renewal -rabatt", vec![1]),
        ("-renewal -rabatt", vec![1]),
        ("from:carl@northbeam.example", vec![1, 2]),
        ("from:bruno", vec![]),
        ("subject:lamps", vec![1]),
        ("filename:angebot", vec![2]),
        ("has:attachment", vec![2]),
        ("owner:me", vec![2]),
        ("owner:anna", vec![2]),
        ("owner:nobody", vec![1]),
        ("owner:zoe", vec![]),
        ("is:closed", vec![2]),
        ("status:won renewal", vec![2]),
        ("status:\"signed and\" renewal", vec![2]),
        ("-status:signed", vec![1]),
        ("status:fresh lamps", vec![1]),
        ("status:fresh renewal", vec![]),
        ("is:note", vec![1]),
        ("-is:closed berg", vec![1]),
        ("#2", vec![2]),
        ("on:2025-06", vec![1, 2]),
        ("before:2025-06", vec![]),
        ("after:2025-06-01 pricing", vec![1]),
        ("港", vec![1]),
        ("京都", vec![1]),
        ("東京都港区", vec![1]),
        ("都港 blue", vec![1]),
        ("!!!", vec![]),
        ("", vec![]),
    ] {
        assert_eq!(numbers(&index, text).await, expected, "{text}");
    }
    index.close().await;
}

#[tokio::test]
async fn what_may_not_be_read_is_not_found() {
    let directory = tempfile::tempdir().unwrap();
    let index = filled(&directory).await;
    assert!(numbers(&index, "secret").await.is_empty());
    assert!(numbers(&index, "in:partners").await.is_empty());
    assert!(numbers(&index, "#3").await.is_empty());
    assert!(numbers(&index, "-lamp -renewal -rabatt -blue").await.is_empty());

    // Moved to an inbox they read, it is found.
    let moved = Changes {
        talks: vec![talk(3, SALES)],
        ..Changes::default()
    };
    index.apply(moved, 10).await.unwrap();
    assert_eq!(numbers(&index, "secret").await, [3]);
    index.close().await;
}

#[tokio::test]
async fn a_conversation_is_found_once_by_its_newest_piece_and_pages_go_on() {
    let directory = tempfile::tempdir().unwrap();
    let index = filled(&directory).await;
    let (members, inboxes) = people();
    let names = Names {
        members: &members,
        inboxes: &inboxes,
    };
    let criteria = Criteria::of(&Query::parse("berg", false), &who(), names);
    let first = index.find(&criteria, Find { limit: 1, before: None }).await.unwrap();
    assert_eq!(first[0].kind, PieceKind::Note);
    assert_eq!(first[0].excerpt.text, "Ask Bruno about the blue lamp");
    let next = Find {
        limit: 1,
        before: Some(first[0].key),
    };
    let second = index.find(&criteria, next).await.unwrap();
    assert_eq!(second[0].message, piece(3, 2, "", "").id);
    index.close().await;
}

#[tokio::test]
async fn a_piece_that_changes_or_goes_is_not_found_as_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let index = filled(&directory).await;
    let changed = Changes {
        pieces: vec![piece(1, 1, "Lamps", "Torches")],
        ..Changes::default()
    };
    index.apply(changed.clone(), 10).await.unwrap();
    index.apply(changed, 10).await.unwrap();
    assert!(numbers(&index, "subject:lamps blue").await.is_empty());
    assert_eq!(numbers(&index, "torches").await, [1]);
    let gone = Changes {
        gone: vec![piece(1, 1, "", "").id],
        ..Changes::default()
    };
    index.apply(gone, 11).await.unwrap();
    assert!(numbers(&index, "torches").await.is_empty());
    index.close().await;
}

#[tokio::test]
async fn messages_of_one_instant_are_all_found() {
    let directory = tempfile::tempdir().unwrap();
    let index = open(&directory).await;
    let mut changes = Changes::default();
    for number in 1..=200 {
        changes.talks.push(talk(number, SALES));
        let mut same = piece(number, number, "Same", "instant");
        same.at = Timestamp(JUNE);
        changes.pieces.push(same);
    }
    index.apply(changes, 1).await.unwrap();
    let (members, inboxes) = people();
    let names = Names {
        members: &members,
        inboxes: &inboxes,
    };
    let criteria = Criteria::of(&Query::parse("instant", false), &who(), names);
    let found = index
        .find(
            &criteria,
            Find {
                limit: 500,
                before: None,
            },
        )
        .await
        .unwrap();
    assert_eq!(found.len(), 200);
    index.close().await;
}

#[tokio::test]
async fn it_goes_on_where_it_was_and_begins_again_in_another_epoch() {
    let directory = tempfile::tempdir().unwrap();
    filled(&directory).await.close().await;
    let index = open(&directory).await;
    assert_eq!(
        index.place().await.unwrap(),
        Place {
            epoch: EPOCH,
            number: 9
        }
    );
    index.close().await;

    let file = directory.path().join("search.db");
    let restored = Uuid::from_u128(78);
    let index = SearchIndex::open(&file, Some(KEY), restored).await.unwrap();
    assert_eq!(
        index.place().await.unwrap(),
        Place {
            epoch: restored,
            number: 0
        }
    );
    assert!(numbers(&index, "pricing").await.is_empty());
    index.close().await;

    // Another key, or a file that is no index: made again, because all of it is in the log.
    let index = SearchIndex::open(&file, Some([8; 32]), restored).await.unwrap();
    assert_eq!(index.place().await.unwrap().number, 0);
    index.close().await;
    std::fs::write(
        &file,
        b"not a database, only some text that is long enough to be read as a header",
    )
    .unwrap();
    let index = open(&directory).await;
    assert_eq!(index.place().await.unwrap().number, 0);
    index.close().await;
}

#[tokio::test]
async fn nothing_of_it_lies_in_the_clear() {
    let directory = tempfile::tempdir().unwrap();
    filled(&directory).await.close().await;
    let bytes = std::fs::read(directory.path().join("search.db")).unwrap();
    assert!(
        !bytes
            .windows(7)
            .any(|window| window == b"pricing" || window == b"Renewal")
    );
}
