//! The sample inbox, loaded as a desktop loads it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use baton_domain::{OutboundState, Phase, Timestamp};
use baton_server::sample;
use baton_store::server::{ConversationFilter, ServerStore, StoreOptions};

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
    let count = |wanted: &dyn Fn(&baton_domain::Conversation) -> bool| all.iter().filter(|one| wanted(one)).count();
    println!(
        "all {} mine {} unassigned {} waiting {} due {} overdue {} snoozed {} over {}",
        all.len(),
        count(&|one| one.owner == Some(loaded.user) && !one.status.is_over()),
        count(&|one| one.owner.is_none() && one.phase() == Phase::New),
        count(&|one| one.phase() == Phase::Pending),
        count(&|one| one.follow_up.as_ref().is_some_and(|follow_up| follow_up.due > now)),
        count(&|one| one.follow_up.as_ref().is_some_and(|follow_up| follow_up.due <= now) && !one.status.is_over()),
        count(&|one| one.snoozed.is_some()),
        count(&|one| one.status.is_over()),
    );
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
}
