//! The sample inbox, loaded as a desktop loads it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;

use baton_domain::{Conversation, DAY_MS, Event, LogBody, OutboundState, Phase, Status, Timestamp};
use baton_server::sample;
use baton_store::server::{ConversationFilter, FolderLedger, ServerStore, StoreOptions};

#[tokio::test]
async fn every_step_is_accepted_and_the_views_are_full() {
    let data = tempfile::tempdir().unwrap();
    let store = ServerStore::open(StoreOptions::in_directory(data.path()))
        .await
        .unwrap();
    let now = Timestamp(baton_clock::now_ms());
    let loaded = sample::load(&store, now).await.unwrap();
    assert_eq!(loaded.refused, Vec::<String>::new());

    let inboxes = store
        .documents()
        .await
        .unwrap()
        .iter()
        .filter_map(|document| match &document.body {
            baton_domain::DocumentBody::Inbox(inbox) => Some(inbox.id),
            _ => None,
        })
        .collect();
    let filter = ConversationFilter {
        inboxes,
        ..ConversationFilter::default()
    };
    let (all, _) = store.conversations(&filter, 1000).await.unwrap();
    let count = |wanted: &dyn Fn(&Conversation) -> bool| all.iter().filter(|one| wanted(one)).count();
    let open = |one: &Conversation| !one.status.is_over();
    // The views that do not depend on the hour or the weekday hold exactly what the scenario tells.
    assert_eq!(all.len(), 64);
    assert_eq!(count(&|one| one.owner.is_none() && one.status == Status::New), 8);
    assert_eq!(count(&|one| one.status.is_over()), 14);
    assert_eq!(count(&|one| one.snoozed.is_some()), 3);
    // Of two that wait for a colleague one was answered with a note.
    assert_eq!(count(&|one| one.blocked.is_some()), 1);
    assert_eq!(
        count(&|one| one.outbound.iter().any(|outbound| !outbound.draft.files.is_empty())),
        1
    );
    // Those that do are never empty.
    assert!(count(&|one| one.owner == Some(loaded.user) && open(one)) >= 20);
    assert!(count(&|one| one.phase() == Phase::Pending) >= 10);
    let due = |one: &Conversation| one.follow_up.as_ref().map(|follow_up| follow_up.due);
    assert!(count(&|one| open(one) && due(one).is_some_and(|due| due <= now)) >= 3);
    assert!(count(&|one| open(one) && due(one).is_some_and(|due| due > now && due <= now.plus_ms(DAY_MS))) >= 3);
    // Nobody owns twice, numbers are consecutive, nothing lies in the future, and every reply has left.
    let numbers: BTreeSet<u32> = all.iter().map(|one| one.number).collect();
    assert_eq!(numbers, (1..=64).collect());
    for one in &all {
        assert!(
            one.outbound
                .iter()
                .all(|outbound| matches!(outbound.state, OutboundState::Sent { .. })),
            "#{}",
            one.number
        );
        assert!(one.updated_at <= now.plus_ms(60_000), "#{} {}", one.number, one.subject);
    }
    assert!(store.open_outbound(None).await.unwrap().is_empty());
    let balance = store
        .balance(all.iter().find_map(|one| one.account).unwrap())
        .await
        .unwrap();
    let sum = |of: fn(&FolderLedger) -> u32| balance.iter().map(of).sum::<u32>();
    assert_eq!(
        (
            sum(|folder| folder.imported + folder.duplicates),
            sum(|folder| folder.quarantined),
            sum(|folder| folder.ignored)
        ),
        (85, 0, 0)
    );
    assert_eq!(sum(|folder| folder.received), 85);
    // A customer's answer found its way by the Message-ID that the reply really got.
    let bounced = store.entries_of(conversation(&all, "cork").id).await.unwrap();
    let bounce = bounced.iter().find_map(|sealed| match &sealed.entry.body {
        LogBody::Conversation {
            event: Event::MessageReceived { message, .. },
            ..
        } => message.bounced,
        _ => None,
    });
    assert!(bounce.is_some(), "the bounce does not name the reply that bounced");

    // A second load is refused: it would be somebody's work.
    assert!(sample::load(&store, now).await.is_err());
}

fn conversation<'a>(all: &'a [Conversation], word: &str) -> &'a Conversation {
    all.iter()
        .find(|one| one.subject.to_lowercase().contains(word))
        .expect("a conversation of that subject")
}
