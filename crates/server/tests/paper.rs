//! What is sent from the sample inbox looks sent, and reaches nobody.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use baton_domain::{Event, LogBody, OutboundState};
use support::Team;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_from_the_sample_is_sent_and_filed_after_its_undo_window() {
    let team = Team::with(|options| options.paper = true).await;
    team.carl_writes("A pod").await;
    let pod = team.conversation("A pod").await;
    let mut anna = team.desk(team.anna).await;
    let reply = team.reply(&mut anna, pod, "4,900 euros.").await;
    let filed = Event::OutboundFiled { outbound: reply };
    anna.entry(|entry| matches!(&entry.body, LogBody::Conversation { event, .. } if *event == filed))
        .await;

    let state = team.server.core().store.conversation(pod).await.unwrap().unwrap();
    let sent = state.outbound(reply).unwrap();
    let OutboundState::Sent { at, .. } = sent.state else {
        panic!("{sent:?}")
    };
    assert!(at >= sent.not_before, "it left within its undo window");
    assert_eq!(sent.attempt, 1);
    team.server.stop().await;
}
