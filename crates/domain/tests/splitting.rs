//! Another matter in the same thread, and the conversation of its own it becomes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod support;

use CommandBody as Do;
use baton_domain::*;
use support::{ANNA, BEN, LEAD, MIRA, Team};

const NOTHING_MORE: AfterReply = AfterReply::NothingMore;

/// Carl asked for forty seats; Anna answered, and chases in two days. An hour later he writes about something else.
fn answered_then_another_matter() -> (Team, MessageId) {
    let mut team = Team::with_enquiry();
    team.act(ANNA, Do::Claim);
    let reply = team.reply(ANNA, AfterReply::FollowUpIfNoAnswer { due: None });
    team.delivered(reply);
    team.now = team.now.plus_ms(HOUR_MS);
    let mut message = team.message("By the way: we also need a stand at the fair.");
    message.subject = "A stand at the fair".to_owned();
    message.references = vec!["reply@baton.example".to_owned()];
    message.facts.new_subject = true;
    let other_matter = team.receive(message, true);
    (team, other_matter)
}

fn split(team: &mut Team, member: MemberId, messages: &[MessageId]) -> Conversation {
    let events = team.act(
        member,
        Do::Split {
            messages: messages.to_vec(),
        },
    );
    let into = events.iter().find_map(|event| match event {
        Event::SplitOff { into, .. } => Some(*into),
        _ => None,
    });
    team.other(into.unwrap()).clone()
}

/// Each thing but its history, and what a split leaves for good.
fn but_its_history(mut state: Conversation, like: &Conversation) -> Conversation {
    (state.version, state.updated_at) = (like.version, like.updated_at);
    (state.next_step_version, state.follow_up_version) = (like.next_step_version, like.follow_up_version);
    state.apart.clone_from(&like.apart);
    state
}

#[test]
fn another_matter_gets_an_owner_a_clock_and_a_number_of_its_own() {
    let (mut team, other_matter) = answered_then_another_matter();
    let came = team.now;
    team.now = team.now.plus_ms(10 * MINUTE_MS);
    let new = split(&mut team, ANNA, &[other_matter]);
    assert_eq!(
        (new.owner, new.status, new.number),
        (Some(ANNA), Status::Assigned, 1042)
    );
    assert_eq!(new.subject, "A stand at the fair");
    assert_eq!(new.unanswered_since, Some(came), "he has waited since he wrote it");
    assert_eq!((new.messages, new.replies), (1, 0));
    assert_eq!(
        new.last_message.as_ref().map(|last| last.id),
        Some(other_matter.in_conversation(new.id))
    );
    let origin = new.split.as_ref().unwrap();
    assert_eq!((origin.conversation, origin.by), (LEAD, Some(ANNA)));
    assert!(
        !new.may_be_the_same(team.conversation()),
        "nobody is asked to merge them again"
    );
}

#[test]
fn what_it_was_split_off_is_as_if_that_had_never_come() {
    let mut team = Team::with_enquiry();
    team.act(ANNA, Do::Claim);
    let reply = team.reply(ANNA, AfterReply::FollowUpIfNoAnswer { due: None });
    team.delivered(reply);
    let before = team.conversation().clone();
    let other_matter = team.carl("And a stand at the fair?");
    split(&mut team, ANNA, &[other_matter]);
    assert_eq!(but_its_history(team.conversation().clone(), &before), before);
}

#[test]
fn a_wait_is_nobodys_twice_and_nobodys_loss() {
    let mut team = Team::with_targets();
    team.carl("Could you quote forty seats?");
    team.act(ANNA, Do::Claim);
    let reply = team.reply(ANNA, NOTHING_MORE);
    team.delivered(reply);
    team.now = team.now.plus_ms(10 * MINUTE_MS);
    let came = team.now;
    let other_matter = team.carl("And a stand at the fair?");
    team.now = team.now.plus_ms(10 * MINUTE_MS);
    let new = split(&mut team, ANNA, &[other_matter]);
    let response = |state: &Conversation| state.clocks.iter().find(|clock| clock.kind.is_response()).cloned();
    let (here, there) = (response(team.conversation()).unwrap(), response(&new).unwrap());
    assert_eq!(here.end, Some(ClockEnd::NotNeeded));
    assert_eq!((there.started, there.end), (came, None));
    assert_eq!(there.kind, ClockKind::NextResponse, "the promise that was running");
}

/// Since when a conversation's customer waits, and since when its open response clock counts, and whether that is late.
fn waits(state: &Conversation) -> (Option<Timestamp>, Option<(Timestamp, bool)>) {
    let open = |clock: &&Clock| clock.kind.is_response() && clock.is_open();
    let clock = state.clocks.iter().find(open);
    (
        state.unanswered_since,
        clock.map(|clock| (clock.started, clock.breached)),
    )
}

#[test]
fn one_wait_is_late_once() {
    let mut team = Team::with_targets();
    team.carl("Could you quote forty seats?");
    team.act(ANNA, Do::Claim);
    let reply = team.reply(ANNA, NOTHING_MORE);
    team.delivered(reply);
    let came = team.now;
    let other_matter = team.carl("And a stand at the fair?");
    team.now = team.now.plus_ms(DAY_MS);
    let before = team.log.len();
    let new = split(&mut team, ANNA, &[other_matter]);
    assert_eq!(waits(&new), (Some(came), Some((came, true))));
    let breaches = team.log[before..]
        .iter()
        .filter(|(_, event)| matches!(event, Event::ClockBreached { clock, .. } if clock.is_response()));
    let places: Vec<_> = breaches.map(|(stamp, _)| stamp.conversation).collect();
    assert_eq!(places, [LEAD], "where it was late, and nowhere else");
}

#[test]
fn who_waited_longest_takes_the_clock_along_and_the_others_have_one_of_their_own() {
    let mut team = Team::with_targets();
    let seats = team.carl("Could you quote forty seats?");
    let asked = team.now;
    team.act(ANNA, Do::Claim);
    team.now = team.now.plus_ms(30 * MINUTE_MS);
    let then = team.now;
    team.carl("And a stand at the fair?");
    team.now = team.now.plus_ms(5 * MINUTE_MS);
    let new = split(&mut team, ANNA, &[seats]);
    assert_eq!(waits(&new), (Some(asked), Some((asked, false))));
    assert_eq!(waits(team.conversation()), (Some(then), Some((then, false))));
}

#[test]
fn what_is_split_off_once_more_takes_its_own_wait_along() {
    let mut team = Team::with_targets();
    team.carl("Could you quote forty seats?");
    let asked = team.now;
    team.act(ANNA, Do::Claim);
    let wrote = |team: &mut Team, text| {
        team.now = team.now.plus_ms(10 * MINUTE_MS);
        (team.carl(text), team.now)
    };
    let (fair, _) = wrote(&mut team, "And a stand at the fair?");
    let (hall, hall_at) = wrote(&mut team, "Who rents out the hall?");
    team.now = team.now.plus_ms(10 * MINUTE_MS);
    let second = split(&mut team, ANNA, &[fair, hall]);
    team.turn_to(second.id);
    team.now = team.now.plus_ms(10 * MINUTE_MS);
    let third = split(&mut team, ANNA, &[hall.in_conversation(second.id)]);
    assert_eq!(waits(&third), (Some(hall_at), Some((hall_at, false))));
    let fair_at = asked.plus_ms(10 * MINUTE_MS);
    assert_eq!(waits(team.conversation()), (Some(fair_at), Some((fair_at, false))));
    assert_eq!(waits(team.other(LEAD)), (Some(asked), Some((asked, false))));
}

#[test]
fn what_is_left_of_a_split_waits_no_more_than_it_did() {
    let (mut team, answered) = answered_then_another_matter();
    let reply = team.reply(ANNA, NOTHING_MORE);
    team.delivered(reply);
    let waiting = team.carl("Thirty square metres, that is.");
    let second = split(&mut team, ANNA, &[answered, waiting]);
    assert!(second.unanswered_since.is_some());
    team.turn_to(second.id);
    let third = split(&mut team, ANNA, &[waiting.in_conversation(second.id)]);
    assert_eq!(third.unanswered_since, second.unanswered_since);
    assert_eq!(team.conversation().unanswered_since, None, "what is left was answered");
}

#[test]
fn no_reply_needed_still_knows_what_was_before_them() {
    let mut team = Team::with_enquiry();
    team.act(ANNA, Do::Claim);
    let reply = team.reply(ANNA, AfterReply::FollowUpIfNoAnswer { due: None });
    team.delivered(reply);
    let before = team.conversation().clone();
    let other_matter = team.carl("And a stand at the fair?");
    team.carl("Thanks for the offer, by the way.");
    split(&mut team, ANNA, &[other_matter]);
    team.act(ANNA, Do::NoReplyNeeded);
    let now = team.conversation();
    assert_eq!((now.status, &now.follow_up), (before.status, &before.follow_up));
}

#[test]
fn what_was_answered_does_not_wait_because_a_part_does() {
    let mut team = Team::with_enquiry();
    team.turn_to(ConversationId(uuid::Uuid::from_u128(0x1043)));
    team.now = team.now.plus_ms(MINUTE_MS);
    let first = team.carl("Who rents out the hall?");
    team.act(ANNA, Do::Claim);
    let second = team.carl("And what does it cost?");
    let reply = team.reply(ANNA, NOTHING_MORE);
    team.delivered(reply);
    let hall = team.at;
    team.turn_to(LEAD);
    team.act(ANNA, Do::Merge { into: hall });
    team.turn_to(hall);
    assert!(team.conversation().unanswered_since.is_some(), "the part does");
    let new = split(&mut team, ANNA, &[second]);
    assert_eq!(new.unanswered_since, None);
    assert!(team.conversation().unanswered_since.is_some());
    assert_eq!(
        team.refused(
            ANNA,
            Do::Split {
                messages: vec![first, second]
            }
        ),
        Refusal::Invalid {
            field: "messages".to_owned(),
            why: Invalid::Unknown
        },
    );
}

#[test]
fn a_part_is_not_what_has_to_stay() {
    let mut team = Team::with_enquiry();
    let only = team.conversation().last_message.clone().unwrap().id;
    let part = ConversationId(uuid::Uuid::from_u128(0x1043));
    team.turn_to(part);
    team.carl("Did my question arrive?");
    team.act(BEN, Do::Merge { into: LEAD });
    team.turn_to(LEAD);
    assert_eq!(
        team.refused(BEN, Do::Split { messages: vec![only] }),
        Refusal::Invalid {
            field: "messages".to_owned(),
            why: Invalid::NotNow
        }
    );
}

#[test]
fn a_machines_answer_is_not_what_has_to_stay() {
    let mut team = Team::with_enquiry();
    let only = team.conversation().last_message.clone().unwrap().id;
    let mut message = team.message("I am away.");
    message.kind = MessageKind::AutoReply;
    team.receive(message, true);
    assert!(team.try_as(ANNA, Do::Split { messages: vec![only] }).is_err());
}

#[test]
fn what_else_waits_waits_on() {
    let mut team = Team::with_targets();
    let seats = team.carl("Could you quote forty seats?");
    let asked = team.now;
    team.act(ANNA, Do::Claim);
    team.now = team.now.plus_ms(5 * MINUTE_MS);
    let fair = team.carl("And a stand at the fair?");
    let new = split(&mut team, ANNA, &[fair]);
    let here = team.conversation();
    assert_eq!(here.last_message.as_ref().map(|last| last.id), Some(seats));
    assert_eq!(
        (here.unanswered_since, here.status, here.messages),
        (Some(asked), Status::Assigned, 1)
    );
    assert!(
        here.clocks
            .iter()
            .any(|clock| clock.kind.is_response() && clock.is_open())
    );
    assert_eq!(new.unanswered_since, Some(team.now));
}

#[test]
fn the_older_of_two_may_go_as_well() {
    let mut team = Team::with_enquiry();
    let seats = team.conversation().last_message.clone().unwrap().id;
    team.now = team.now.plus_ms(5 * MINUTE_MS);
    let fair = team.carl("And a stand at the fair?");
    team.now = team.now.plus_ms(5 * MINUTE_MS);
    let new = split(&mut team, BEN, &[seats]);
    let here = team.conversation();
    assert_eq!(here.last_message.as_ref().map(|last| last.id), Some(fair));
    assert_eq!(here.unanswered_since, Some(team.now.plus_ms(-5 * MINUTE_MS)));
    assert_eq!(
        (new.owner, new.status),
        (None, Status::New),
        "nobody had it, and nobody has"
    );
}

#[test]
fn several_go_in_the_order_they_came() {
    let (mut team, first) = answered_then_another_matter();
    team.now = team.now.plus_ms(MINUTE_MS);
    let second = team.carl("Thirty square metres, that is.");
    let new = split(&mut team, ANNA, &[second, first]);
    assert_eq!(new.messages, 2);
    assert_eq!(new.subject, "A stand at the fair");
    assert_eq!(new.unanswered_since, Some(team.now.plus_ms(-MINUTE_MS)));
    assert_eq!(
        new.last_message.as_ref().map(|last| last.id),
        Some(second.in_conversation(new.id))
    );
    assert_eq!(team.conversation().status, Status::Waiting);
}

#[test]
fn what_was_answered_waits_in_neither() {
    let (mut team, other_matter) = answered_then_another_matter();
    let reply = team.reply(ANNA, NOTHING_MORE);
    team.delivered(reply);
    let before = team.conversation().clone();
    let new = split(&mut team, ANNA, &[other_matter]);
    assert_eq!((new.unanswered_since, new.status), (None, Status::Assigned));
    let here = team.conversation();
    assert_eq!((here.status, &here.last_message), (before.status, &before.last_message));
}

#[test]
fn a_second_split_knows_of_the_first() {
    let mut team = Team::with_enquiry();
    let seats = team.conversation().last_message.clone();
    team.act(ANNA, Do::Claim);
    let fair = team.carl("And a stand at the fair?");
    let hall = team.carl("Who rents out the hall?");
    split(&mut team, ANNA, &[hall]);
    let here = team.conversation().last_message.as_ref().map(|last| last.id);
    assert_eq!(here, Some(fair));
    split(&mut team, ANNA, &[fair]);
    assert_eq!(team.conversation().last_message, seats);
    assert!(matches!(
        team.refused(ANNA, Do::Split { messages: vec![fair] }),
        Refusal::Invalid {
            why: Invalid::Unknown,
            ..
        }
    ));
}

#[test]
fn merging_it_back_is_the_way_back() {
    let (mut team, other_matter) = answered_then_another_matter();
    let waited = team.conversation().unanswered_since;
    let new = split(&mut team, ANNA, &[other_matter]);
    team.turn_to(new.id);
    team.act(ANNA, Do::Merge { into: LEAD });
    let one = team.other(LEAD).clone();
    assert_eq!((one.status, one.unanswered_since), (Status::Assigned, waited));
    assert_eq!((one.messages, one.replies), (3, 1));
    // And something else may be split off while that is a part of it.
    team.turn_to(LEAD);
    let hall = team.carl("Who rents out the hall?");
    split(&mut team, ANNA, &[hall]);
    assert_eq!(team.conversation().unanswered_since, waited);
}

#[test]
fn what_is_a_part_of_it_still_comes_apart() {
    let (mut team, other_matter) = answered_then_another_matter();
    let part = ConversationId(uuid::Uuid::from_u128(0x1043));
    team.turn_to(part);
    team.carl("Did my question arrive?");
    team.act(BEN, Do::Merge { into: LEAD });
    team.turn_to(LEAD);
    split(&mut team, ANNA, &[other_matter]);
    team.turn_to(part);
    team.act(ANNA, Do::Unmerge { from: None });
    let last = team.other(LEAD).last_message.as_ref().map(|last| last.direction);
    assert_eq!(last, Some(Direction::Outbound), "not what went on elsewhere");
}

#[test]
fn something_has_to_stay() {
    let mut team = Team::with_enquiry();
    let only = team.conversation().last_message.clone().unwrap().id;
    assert_eq!(
        team.refused(ANNA, Do::Split { messages: vec![only] }),
        Refusal::Invalid {
            field: "messages".to_owned(),
            why: Invalid::NotNow
        }
    );
}

#[test]
fn it_is_the_owners_to_say_and_nobodys_while_somebody_replies() {
    let (mut team, other_matter) = answered_then_another_matter();
    let body = Do::Split {
        messages: vec![other_matter],
    };
    assert!(matches!(team.refused(BEN, body.clone()), Refusal::NotOwner { .. }));
    team.act(ANNA, Do::TakeLock { cover: false });
    assert!(matches!(team.refused(MIRA, body.clone()), Refusal::LockedBy { .. }));
    team.act(ANNA, body);
    assert_eq!(
        team.conversation().lock,
        None,
        "nobody is left replying to what went away"
    );
}

#[test]
fn nothing_goes_over_an_unseen_message_or_a_reply_on_its_way() {
    let (mut team, other_matter) = answered_then_another_matter();
    let mut command = team.command(
        Actor::Member { id: ANNA },
        Do::Split {
            messages: vec![other_matter],
        },
    );
    team.carl("One more thing.");
    assert!(matches!(team.run(&command), Err(Refusal::NewerMessage { .. })));
    team.reply(ANNA, NOTHING_MORE);
    command.last_seen = team.conversation().last_message.as_ref().map(|last| last.id);
    assert!(matches!(team.run(&command), Err(Refusal::ReplyWaits { .. })));
}

#[test]
fn what_was_reopened_by_another_matter_is_over_again() {
    let mut team = Team::with_enquiry();
    team.act(ANNA, Do::Claim);
    let reply = team.reply(ANNA, NOTHING_MORE);
    team.delivered(reply);
    team.act(
        ANNA,
        Do::Close {
            outcome: Some(Outcome::Won),
            reason: None,
        },
    );
    team.now = team.now.plus_ms(DAY_MS);
    let other_matter = team.carl("And a stand at the fair?");
    assert_eq!(team.conversation().status, Status::Assigned);
    let new = split(&mut team, ANNA, &[other_matter]);
    let here = team.conversation();
    assert_eq!(here.closing.as_ref().map(|closing| closing.outcome), Some(Outcome::Won));
    assert_eq!(here.status, Status::Won);
    assert_eq!(new.status, Status::Assigned);
}

#[test]
fn a_machines_answer_is_no_matter_of_its_own() {
    let mut team = Team::with_enquiry();
    let mut message = team.message("I am away.");
    message.kind = MessageKind::AutoReply;
    let away = team.receive(message, true);
    assert!(matches!(
        team.refused(ANNA, Do::Split { messages: vec![away] }),
        Refusal::Invalid {
            why: Invalid::Unknown,
            ..
        }
    ));
}
