//! What routing asks: loads, turns, and who is known.

use baton_domain::{ConversationId, MemberId, RuleId, Status, Timestamp};
use baton_store::port::{Batch, Head, Needs, RoutingLoaded, RoutingNeeds, TurnRow};

use super::{ANNA, Subject, append, batch, id, load};

const BEN: MemberId = MemberId(id_of(13));
const RULE: RuleId = RuleId(id_of(50));
const OTHER: RuleId = RuleId(id_of(51));

const fn id_of(n: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(n)
}

/// Conversations from a hundred on: each with an owner, a status, a contact and when it changed.
fn owned(head: &Head, rows: &[(Option<MemberId>, Status, &str, i64)]) -> Batch {
    let ids: Vec<ConversationId> = (100..).take(rows.len()).map(|n| ConversationId(id(n))).collect();
    let mut batch = batch(head, &ids);
    for (row, (owner, status, contact, at)) in batch.conversations.iter_mut().zip(rows) {
        row.conversation.owner = *owner;
        row.conversation.status = *status;
        row.conversation.contact.email = (*contact).to_owned();
        row.conversation.updated_at = Timestamp(*at);
    }
    batch
}

async fn ask<S: Subject>(store: &S, routing: RoutingNeeds) -> RoutingLoaded {
    let needs = Needs {
        routing: Some(Box::new(routing)),
        ..Needs::default()
    };
    load(store, needs).await.routing.unwrap()
}

pub async fn loads_count_what_is_open<S: Subject>(store: S) {
    assert_eq!(load(&store, Needs::default()).await.routing, None, "nobody asked");
    let rows = [
        (Some(ANNA), Status::Assigned, "a@x.test", 1),
        (Some(ANNA), Status::Waiting, "b@x.test", 2),
        (Some(ANNA), Status::Lost, "c@x.test", 3),
        (Some(BEN), Status::Assigned, "d@x.test", 4),
        (None, Status::New, "e@x.test", 5),
    ];
    append(&store, |head| owned(&head, &rows)).await.unwrap();
    let asked = RoutingNeeds {
        pool: [ANNA, MemberId(id(99))].into(),
        ..RoutingNeeds::default()
    };
    assert_eq!(ask(&store, asked).await.loads, [(ANNA, 2)].into());
}

pub async fn turns_keep_their_newest_number<S: Subject>(store: S) {
    let turn = |rule, member, number| TurnRow { rule, member, number };
    for turns in [
        vec![turn(RULE, ANNA, 4), turn(RULE, BEN, 5), turn(OTHER, ANNA, 6)],
        vec![turn(RULE, ANNA, 9)],
    ] {
        append(&store, |head| {
            let mut batch = Batch::at(head);
            batch.turns = turns;
            batch
        })
        .await
        .unwrap();
    }
    let asked = RoutingNeeds {
        rules: [RULE].into(),
        ..RoutingNeeds::default()
    };
    let expected = [((RULE, ANNA), 9), ((RULE, BEN), 5)].into();
    assert_eq!(ask(&store, asked).await.turns, expected);
}

pub async fn whoever_wrote_before_is_known_by_what_is_open_with_them<S: Subject>(store: S) {
    let rows = [
        (Some(ANNA), Status::Waiting, "Carl@Acme.test", 10),
        (Some(BEN), Status::Assigned, "carl@acme.test", 20),
        (None, Status::New, "carl@acme.test", 30),
        (Some(BEN), Status::Lost, "carl@acme.test", 40),
        (Some(BEN), Status::Lost, "olga@acme.test", 50),
    ];
    append(&store, |head| owned(&head, &rows)).await.unwrap();
    let place = |n: u128| ConversationId(id(n));
    let asked = RoutingNeeds {
        contacts: ["carl@acme.test".to_owned(), "nobody@acme.test".to_owned()].into(),
        ..RoutingNeeds::default()
    };
    let contacts = ask(&store, asked).await.contacts;
    assert_eq!(contacts["carl@acme.test"].open, [(place(101), BEN), (place(100), ANNA)]);
    assert_eq!(contacts["carl@acme.test"].known.len(), 2);
    assert!(
        contacts
            .get("nobody@acme.test")
            .is_none_or(|facts| facts.known.is_empty())
    );

    let needs = Needs {
        conversations: [place(104)].into(),
        routing: Some(Box::new(RoutingNeeds {
            contacts_of: [place(104)].into(),
            ..RoutingNeeds::default()
        })),
        ..Needs::default()
    };
    let contacts = load(&store, needs).await.routing.unwrap().contacts;
    assert_eq!(contacts["olga@acme.test"].known, [place(104)]);
    assert!(contacts["olga@acme.test"].open.is_empty());
}
