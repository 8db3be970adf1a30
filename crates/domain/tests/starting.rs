//! Writing first: whoever starts a conversation owns it, and its first message is a reply like any other.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod support;

use baton_domain::*;
use support::{ANNA, CHASE, SALES, SALES_AT, Team};

fn start(email: &str, subject: &str) -> CommandBody {
    CommandBody::Start {
        inbox: SALES,
        account: SALES_AT,
        to: Address {
            name: "Carl".to_owned(),
            email: email.to_owned(),
        },
        subject: subject.to_owned(),
    }
}

fn begin(team: &mut Team, body: CommandBody) -> Result<Vec<Event>, Refusal> {
    let command = team.command(Actor::Member { id: ANNA }, body);
    team.run(&command)
}

#[test]
fn whoever_starts_a_conversation_owns_it_and_nobody_waits_for_an_answer_of_ours() {
    let mut team = Team::with_targets();
    begin(
        &mut team,
        start(" carl@customer.example ", " Desks for the new office "),
    )
    .unwrap();
    let state = team.conversation();
    assert_eq!((state.owner, state.status), (Some(ANNA), Status::Assigned));
    assert_eq!((state.number, state.messages), (1042, 0));
    assert_eq!(state.contact.email, "carl@customer.example");
    assert_eq!(state.subject, "Desks for the new office");
    assert!(state.clocks.iter().all(|clock| !clock.is_open()), "{:?}", state.clocks);
}

#[test]
fn the_first_message_is_sent_under_the_lock_and_chased_like_a_reply() {
    let mut team = Team::new();
    begin(&mut team, start("carl@customer.example", "Desks")).unwrap();
    let first = team.reply(ANNA, CHASE);
    let outbound = team.conversation().outbound(first).unwrap().clone();
    assert_eq!((outbound.in_reply_to, outbound.references), (None, Vec::new()));
    team.delivered(first);
    let state = team.conversation();
    assert_eq!(state.status, Status::Waiting);
    assert!(state.follow_up.is_some());
    team.carl("Yes, forty please.");
    assert_eq!(team.conversation().status, Status::Assigned);
}

#[test]
fn what_cannot_be_written_to_or_from_is_refused_in_place() {
    let refused = |body: CommandBody, change: fn(&mut Team)| {
        let mut team = Team::new();
        change(&mut team);
        match begin(&mut team, body) {
            Err(Refusal::Invalid { field, .. }) => field,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(refused(start("carl", "Desks"), |_| {}), "to");
    assert_eq!(
        refused(start("Sales@baton.example", "Desks"), |_| {}),
        "to",
        "ourselves"
    );
    assert_eq!(refused(start("carl@customer.example", "  "), |_| {}), "subject");
    let watch: fn(&mut Team) = |team| team.accounts.get_mut(&SALES_AT).unwrap().mode = AccountMode::Watch;
    assert_eq!(refused(start("carl@customer.example", "Desks"), watch), "account");
    let elsewhere: fn(&mut Team) =
        |team| team.accounts.get_mut(&SALES_AT).unwrap().inbox = InboxId(uuid::Uuid::from_u128(9));
    assert_eq!(refused(start("carl@customer.example", "Desks"), elsewhere), "account");
    let begun: fn(&mut Team) = |team| {
        team.carl("Hello");
    };
    assert_eq!(refused(start("carl@customer.example", "Desks"), begun), "conversation");
}

#[test]
fn what_stands_for_no_conversation_begins_none() {
    let mut team = Team::new();
    let mut command = team.command(Actor::Member { id: ANNA }, start("carl@customer.example", "Desks"));
    command.conversation = ConversationId(uuid::Uuid::nil());
    let refused = team.run(&command);
    assert!(matches!(refused, Err(Refusal::Invalid { field, .. }) if field == "conversation"));
}

#[test]
fn only_who_may_write_and_work_there_starts_something() {
    for missing in [Capability::SendAs, Capability::Work] {
        let mut team = Team::new();
        for access in &mut team.inbox.access {
            access.capabilities.remove(&missing);
        }
        let refused = begin(&mut team, start("carl@customer.example", "Desks"));
        assert!(matches!(refused, Err(Refusal::NotPermitted { .. })), "{refused:?}");
    }
}
