//! What an inbox answers by itself: when it does, when it is silent, and that it changes nothing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod support;

use std::collections::BTreeMap;

use baton_domain::CommandBody as Do;
use baton_domain::{
    AUTO_REPLY_CHARS, AUTO_REPLY_ONCE_MS, AccountMode, Actor, Address, AutoReplies, AutoReplyFacts, AutoReplyKind,
    AutoReplyLanguage, AutoReplyText, Conversation, DAY_MS, Document, DocumentBody, DocumentContext, DocumentId, Event,
    HOUR_MS, InboxPolicy, Invalid, Message, MessageId, MessageKind, Outbound, OutboundState, Outcome, Refusal, Silence,
    Timestamp, auto_reply_due, decide_document,
};
use support::{ANNA, BEN, CHASE, MIRA, SALES_AT, Team, berlin};

fn carl() -> Address {
    Address {
        name: "Carl Brandt".to_owned(),
        email: "carl@acme.example".to_owned(),
    }
}

fn both() -> AutoReplies {
    let text = |text: &str| AutoReplyText {
        on: true,
        text: text.to_owned(),
    };
    AutoReplies {
        acknowledgement: text("We have your message.\n"),
        out_of_hours: text("We are back in the morning."),
        language: AutoReplyLanguage::De,
    }
}

/// A team that promises the usual and answers by itself, at that time.
fn team(at: &str) -> Team {
    let mut team = Team::with_targets();
    team.inbox.policy.auto_replies = Some(Box::new(both()));
    team.now = berlin(at);
    team
}

const NIGHT: &str = "2026-11-26T23:10";
const MORNING: &str = "2026-11-26T10:00";

fn judged(team: &Team, message: MessageId, last: Option<Timestamp>) -> Result<AutoReplyKind, Silence> {
    let to = carl();
    let facts = AutoReplyFacts {
        message,
        arrived: team.now,
        live: true,
        to: Ok(&to),
        last,
    };
    judge(team, facts)
}

fn judge(team: &Team, facts: AutoReplyFacts<'_>) -> Result<AutoReplyKind, Silence> {
    let account = team.accounts.get(&SALES_AT);
    auto_reply_due(team.conversation(), &team.inbox.policy, account, facts, team.now)
}

/// As the referee asks it, right after a message was received.
fn answer(team: &mut Team, message: MessageId) -> Vec<Event> {
    let arrived = team.now;
    team.system(Do::AnswerAutomatically {
        message,
        subject: "Forty seats".to_owned(),
        arrived,
        to: carl(),
        last: None,
    })
    .unwrap()
}

fn sent(team: &Team) -> &Outbound {
    team.conversation()
        .outbound
        .iter()
        .find(|one| one.automatic.is_some())
        .unwrap()
}

/// All of the conversation but what is on its way out, and how often and when it changed.
fn work_of(team: &Team) -> Conversation {
    let mut work = team.conversation().clone();
    work.outbound.retain(|one| one.automatic.is_none());
    work.version = 0;
    work.updated_at = work.created_at;
    work
}

#[test]
fn at_night_the_customer_reads_that_nobody_is_there_and_that_a_machine_says_so() {
    let mut team = team(NIGHT);
    let message = team.carl("Could you quote forty seats?");
    answer(&mut team, message);
    let reply = sent(&team);
    assert_eq!(reply.automatic, Some(AutoReplyKind::OutOfHours));
    assert_eq!(
        reply.draft.text,
        "We are back in the morning.\n\nDies ist eine automatische Antwort."
    );
    assert_eq!(reply.draft.subject, "Re: Forty seats");
    assert_eq!(reply.draft.to, [carl()]);
    assert_eq!(
        (reply.from.email.as_str(), reply.from.name.as_str()),
        ("sales@baton.example", "Sales")
    );
    let theirs = team.conversation().reply_to_header.clone().unwrap();
    assert_eq!(reply.in_reply_to.as_ref(), Some(&theirs));
    assert_eq!(reply.references, [theirs]);
    assert!(!reply.header_id.is_empty() && reply.by.0.is_nil());
    assert_eq!((reply.queued_at, reply.not_before), (team.now, team.now));
}

#[test]
fn in_business_hours_what_begins_is_acknowledged_and_what_goes_on_is_not() {
    let mut team = team(MORNING);
    let first = team.carl("Could you quote forty seats?");
    assert_eq!(judged(&team, first, None), Ok(AutoReplyKind::Acknowledgement));
    let second = team.carl("Fifty, rather.");
    assert_eq!(judged(&team, second, None), Err(Silence::NotTheFirst));
}

#[test]
fn a_holiday_is_out_of_hours_and_so_is_a_weekend() {
    let mut team = team("2026-12-25T10:00");
    let message = team.carl("Anybody there?");
    assert_eq!(judged(&team, message, None), Ok(AutoReplyKind::Acknowledgement));
    team.inbox.policy.calendar.holidays = vec!["2026-12-25".to_owned()];
    assert_eq!(judged(&team, message, None), Ok(AutoReplyKind::OutOfHours));
    team.now = berlin("2026-12-26T10:00");
    assert_eq!(judged(&team, message, None), Ok(AutoReplyKind::OutOfHours));
}

#[test]
fn each_text_is_sent_only_where_it_is_on() {
    let mut team = team(NIGHT);
    let message = team.carl("Could you quote forty seats?");
    team.inbox.policy.auto_replies.as_mut().unwrap().out_of_hours.on = false;
    assert_eq!(judged(&team, message, None), Err(Silence::Off));
    assert_eq!(answer(&mut team, message), []);
    team.now = berlin("2026-11-27T09:30");
    assert_eq!(judged(&team, message, None), Ok(AutoReplyKind::Acknowledgement));
    team.inbox.policy.auto_replies = None;
    assert_eq!(judged(&team, message, None), Err(Silence::Off));
}

#[test]
fn nobody_gets_two_within_seven_days() {
    let mut team = team(NIGHT);
    let message = team.carl("Could you quote forty seats?");
    let ago = |ms: i64| Some(team.now.plus_ms(-ms));
    assert_eq!(judged(&team, message, ago(0)), Err(Silence::AnsweredLately));
    assert_eq!(
        judged(&team, message, ago(AUTO_REPLY_ONCE_MS - 1)),
        Err(Silence::AnsweredLately)
    );
    assert!(judged(&team, message, ago(AUTO_REPLY_ONCE_MS)).is_ok());
    assert_eq!(AUTO_REPLY_ONCE_MS, 7 * DAY_MS);
}

fn silent(change: impl FnOnce(&mut Message)) -> Silence {
    let mut team = team(NIGHT);
    team.carl("Could you quote forty seats?");
    let mut message = team.message("More.");
    change(&mut message);
    let id = team.receive(message, true);
    judged(&team, id, None).unwrap_err()
}

#[test]
fn a_machine_a_bounce_a_list_and_what_is_history_get_none() {
    // Neither of the first two is ever the newest of what people wrote.
    for kind in [MessageKind::AutoReply, MessageKind::Bounce] {
        let why = silent(|message| message.kind = kind);
        assert!(matches!(why, Silence::Automatic | Silence::NotNewest), "{why:?}");
    }
    assert_eq!(silent(|message| message.kind = MessageKind::Bulk), Silence::Bulk);
    let mut team = team(NIGHT);
    let message = team.carl("Could you quote forty seats?");
    let to = carl();
    let facts = AutoReplyFacts {
        message,
        arrived: team.now,
        live: true,
        to: Ok(&to),
        last: None,
    };
    assert!(judge(&team, facts).is_ok());
    assert_eq!(
        judge(&team, AutoReplyFacts { live: false, ..facts }),
        Err(Silence::History)
    );
    let arrived = team.now.plus_ms(-DAY_MS - 1);
    assert_eq!(judge(&team, AutoReplyFacts { arrived, ..facts }), Err(Silence::Late));
    for why in [Silence::NullSender, Silence::Machine, Silence::NotToUs, Silence::Own] {
        assert_eq!(judge(&team, AutoReplyFacts { to: Err(why), ..facts }), Err(why));
    }
    let message = MessageId(uuid::Uuid::from_u128(1));
    assert_eq!(
        judge(&team, AutoReplyFacts { message, ..facts }),
        Err(Silence::NotNewest)
    );
}

#[test]
fn an_answer_from_outside_and_what_is_over_and_a_watched_account_get_none() {
    let mut night = team(NIGHT);
    night.carl("Could you quote forty seats?");
    let mut message = night.message("Gladly.");
    message.direction = baton_domain::Direction::Outside;
    let id = message.id;
    night
        .system(Do::ExternalReply {
            message: Box::new(message),
            live: true,
            inbox: support::SALES,
        })
        .unwrap();
    assert_eq!(judged(&night, id, None), Err(Silence::Own));

    let mut over = team(NIGHT);
    let message = over.carl("Cheap watches");
    over.act(
        MIRA,
        Do::Close {
            outcome: Some(Outcome::Spam),
            reason: None,
        },
    );
    assert_eq!(judged(&over, message, None), Err(Silence::Over));

    let mut watched = team(NIGHT);
    let message = watched.carl("Could you quote forty seats?");
    watched.accounts.get_mut(&SALES_AT).unwrap().mode = AccountMode::Watch;
    assert_eq!(judged(&watched, message, None), Err(Silence::Watched));
}

#[test]
fn nobody_is_told_that_nobody_is_there_while_somebody_is_at_work_on_it() {
    let mut team = team("2026-11-26T18:00");
    team.carl("Could you quote forty seats?");
    team.act(ANNA, Do::Claim);
    team.act(ANNA, Do::TakeLock { cover: false });
    let body = team.reply_body(ANNA, CHASE);
    team.act(ANNA, body);
    let reply = team.conversation().outbound.last().unwrap().id;
    team.delivered(reply);
    team.now = team.now.plus_ms(HOUR_MS);
    let message = team.carl("Thanks. And fifty?");
    assert_eq!(judged(&team, message, None), Err(Silence::AtWork));
    team.now = berlin("2026-11-27T20:00");
    let message = team.carl("Hello?");
    assert_eq!(judged(&team, message, None), Ok(AutoReplyKind::OutOfHours));
}

#[test]
fn the_customer_waits_as_before_and_the_clocks_run_on() {
    let mut team = team(MORNING);
    let message = team.carl("Could you quote forty seats?");
    let before = work_of(&team);
    assert!(before.unanswered_since.is_some() && before.clocks.iter().any(baton_domain::Clock::is_open));
    let events = answer(&mut team, message);
    assert!(matches!(events.as_slice(), [Event::ReplyQueued { .. }]), "{events:?}");
    assert_eq!(work_of(&team), before);
    let id = sent(&team).id;
    team.delivered(id);
    assert!(matches!(sent(&team).state, OutboundState::Sent { .. }));
    assert_eq!(work_of(&team), before, "nothing but the automatic reply itself");
    assert_eq!((before.replies, before.messages, before.provisional), (0, 1, None));
}

#[test]
fn it_neither_holds_nor_brings_back_what_somebody_writes() {
    let mut team = team(NIGHT);
    team.carl("Could you quote forty seats?");
    team.act(BEN, Do::Claim);
    team.act(BEN, Do::TakeLock { cover: false });
    let message = team.conversation().last_message.as_ref().unwrap().id;
    let lock = team.conversation().lock.clone();
    answer(&mut team, message);
    assert_eq!(team.conversation().lock, lock);
    let automatic = sent(&team).id;
    team.delivered(automatic);
    // Ben's last look was at Carl's message: nothing newer is held against him (L3).
    let body = team.reply_body(BEN, CHASE);
    let mut command = team.command(Actor::Member { id: BEN }, body);
    command.last_seen = Some(message);
    team.run(&command).unwrap();
    assert_eq!(team.conversation().replies, 1);
    let reply = team.conversation().outbound.last().unwrap().id;
    assert_eq!(
        team.conversation().outbound(reply).unwrap().state,
        OutboundState::Queued
    );
}

#[test]
fn a_newer_message_and_a_colleague_who_loses_a_right_let_it_go() {
    let mut team = team(NIGHT);
    let message = team.carl("Could you quote forty seats?");
    answer(&mut team, message);
    team.carl("And ten more.");
    assert_eq!(sent(&team).state, OutboundState::Queued);
    team.inbox.access.clear();
    team.documents_changed();
    assert_eq!(sent(&team).state, OutboundState::Queued, "nobody's right is asked for");
    team.accounts.get_mut(&SALES_AT).unwrap().mode = AccountMode::Watch;
    team.documents_changed();
    assert!(matches!(sent(&team).state, OutboundState::Cancelled { .. }));
    let notes = team
        .log
        .iter()
        .filter(|(_, event)| matches!(event, Event::NoteAdded { .. }));
    assert_eq!(notes.count(), 0, "it was nobody's text");
}

#[test]
fn one_that_is_refused_puts_nothing_back() {
    let mut team = team(NIGHT);
    let message = team.carl("Could you quote forty seats?");
    let before = work_of(&team);
    answer(&mut team, message);
    let outbound = sent(&team).id;
    team.system(Do::OutboundSending { outbound, attempt: 1 }).unwrap();
    team.system(Do::OutboundFailed {
        outbound,
        reason: "550 no".to_owned(),
    })
    .unwrap();
    assert!(matches!(sent(&team).state, OutboundState::Failed { .. }));
    assert_eq!(work_of(&team), before);
}

#[test]
fn people_cannot_ask_for_one() {
    let mut team = team(NIGHT);
    let message = team.carl("Could you quote forty seats?");
    let arrived = team.now;
    let body = Do::AnswerAutomatically {
        message,
        subject: String::new(),
        arrived,
        to: carl(),
        last: None,
    };
    assert!(matches!(
        team.refused(MIRA, body),
        Refusal::Invalid {
            why: Invalid::NotForPeople,
            ..
        }
    ));
}

/// What saving these comes to, by whom.
fn saved(team: &mut Team, by: baton_domain::MemberId, replies: AutoReplies) -> Result<(), Refusal> {
    let mut inbox = team.inbox.clone();
    inbox.policy.auto_replies = None;
    let id = DocumentId(inbox.id.0);
    let known = Document {
        id,
        version: 1,
        body: DocumentBody::Inbox(inbox.clone()),
    };
    let documents: BTreeMap<_, _> = [(id, known)].into();
    inbox.policy.auto_replies = Some(Box::new(replies));
    let document = Box::new(DocumentBody::Inbox(inbox));
    let command = team.command(Actor::Member { id: by }, Do::PutDocument { document });
    let context = DocumentContext {
        documents: &documents,
        members: &team.members,
        conversations: 0,
    };
    decide_document(&command, context).map(drop)
}

#[test]
fn whoever_leads_may_save_them_and_what_is_sent_says_something_and_ends() {
    let mut team = Team::new();
    assert_eq!(saved(&mut team, MIRA, both()), Ok(()));
    assert!(saved(&mut team, ANNA, both()).is_err());
    let with = |text: &str| {
        let mut replies = both();
        replies.out_of_hours.text = text.to_owned();
        replies
    };
    let refused = |field: &str, why| {
        Err(Refusal::Invalid {
            field: field.to_owned(),
            why,
        })
    };
    assert_eq!(
        saved(&mut team, MIRA, with("  \n")),
        refused("outOfHours", Invalid::Empty)
    );
    assert_eq!(saved(&mut team, MIRA, with(&"x".repeat(AUTO_REPLY_CHARS))), Ok(()));
    assert_eq!(
        saved(&mut team, MIRA, with(&"x".repeat(AUTO_REPLY_CHARS + 1))),
        refused("outOfHours", Invalid::TooLong)
    );
    assert_eq!(
        saved(&mut team, MIRA, with("a\u{7}b")),
        refused("outOfHours", Invalid::Unknown)
    );
    assert_eq!(
        saved(&mut team, MIRA, AutoReplies::default()),
        Ok(()),
        "off, it may be empty"
    );
}

#[test]
fn documents_and_replies_from_before_there_were_any_load() {
    let policy = InboxPolicy::default();
    let stored = serde_json::to_value(&policy).unwrap();
    assert!(stored.get("autoReplies").is_none());
    assert_eq!(serde_json::from_value::<InboxPolicy>(stored).unwrap(), policy);
    let some: AutoReplies = serde_json::from_str("{}").unwrap();
    assert_eq!(some, AutoReplies::default());
    assert!(!some.is_on());
    let mut team = team(NIGHT);
    let message = team.carl("Could you quote forty seats?");
    answer(&mut team, message);
    let mut stored = serde_json::to_value(sent(&team)).unwrap();
    assert_eq!(stored["automatic"], "outOfHours");
    stored.as_object_mut().unwrap().remove("automatic");
    let old: Outbound = serde_json::from_value(stored).unwrap();
    assert_eq!((old.automatic, old.is_aside()), (None, false));
}
