//! What an inbox answers by itself, on a real mail server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::time::Duration;

use baton_domain::{
    Account, AccountMode, AutoReplies, AutoReplyKind, AutoReplyLanguage, AutoReplyText, Conversation, DocumentBody,
    Event, InboxPolicy, LogBody, LogEntry, OpeningHours, OutboundState, SlaPolicy, Status,
};
use baton_protocol::{HealthState, MailServer, MailboxSettings, Security};
use baton_server::core::Core;
use baton_server::hosting::mailbox::Mailbox;
use baton_tests::mail::{MailHost, PASSWORD, address};
use support::{Desk, Team};

/// How long a letter may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long is waited for what must not come.
const QUIET: Duration = Duration::from_secs(3);

fn settings(mail: &MailHost, user: &str) -> MailboxSettings {
    let server = |port| MailServer {
        host: mail.name().to_owned(),
        port,
        security: Security::StartTls,
    };
    MailboxSettings {
        graph: None,
        address: address(user),
        name: "Murmel Chairs".to_owned(),
        user: user.to_owned(),
        password: PASSWORD.to_owned(),
        imap: server(mail.imap_port()),
        smtp: server(mail.smtp_port()),
        sign_in: None,
        extra_ca: Some(std::fs::read_to_string(mail.ca_file()).unwrap()),
    }
}

/// The inbox answers by itself from now on, and it is closed, or open day and night.
async fn answers_by_itself(team: &Team, open: bool) {
    let core = team.server.core();
    let now = core.now();
    let mut inbox = core
        .directory
        .inboxes()
        .into_iter()
        .find(|one| one.id == team.inbox)
        .unwrap();
    let text = |text: &str| AutoReplyText {
        on: true,
        text: text.to_owned(),
    };
    // 1970 began on a Thursday: weekday 4. Three days off is neither this day nor one beside it, should midnight pass.
    let far = u8::try_from((now.0.div_euclid(baton_domain::DAY_MS) + 3 + 3).rem_euclid(7) + 1).unwrap();
    let day = |weekday| OpeningHours {
        weekday,
        from_minute: 0,
        to_minute: 1440,
    };
    let mut policy = InboxPolicy {
        sla: SlaPolicy::usual(),
        auto_replies: Some(Box::new(AutoReplies {
            acknowledgement: text("We have your message."),
            out_of_hours: text("We are closed, and back in the morning."),
            language: AutoReplyLanguage::En,
        })),
        ..InboxPolicy::default()
    };
    policy.calendar.hours = if open {
        (1..=7).map(day).collect()
    } else {
        vec![day(far)]
    };
    assert_eq!(policy.calendar.is_open(now), open);
    inbox.policy = policy;
    core.directory.put(DocumentBody::Inbox(inbox), now).await.unwrap();
}

async fn host(team: &Team, mail: &MailHost, user: &str) -> Account {
    let core = team.server.core();
    let mailbox = Mailbox::try_from(settings(mail, user)).unwrap();
    let account = core
        .add_account(&mailbox, team.inbox, AccountMode::Together)
        .await
        .unwrap();
    up(core, &account).await;
    account
}

/// Waits until a mailbox is up to date.
async fn up(core: &Core, account: &Account) {
    let mut health = core.health.subscribe();
    let up = health.wait_for(|all| {
        all.get(&account.id)
            .is_some_and(|one| one.state == HealthState::UpToDate)
    });
    drop(tokio::time::timeout(PATIENCE, up).await.expect("the mailbox").unwrap());
}

async fn writes(mail: &MailHost, from: &str, to: &str, id: &str, subject: &str) {
    let raw = format!(
        "From: Carl <{}>\r\nTo: {}\r\nSubject: {subject}\r\nMessage-ID: <{id}@baton.test>\r\n\r\nHow much is a Solo?\r\n",
        address(from),
        address(to)
    );
    mail.deliver(from, &[to], raw.as_bytes()).await.unwrap();
}

fn event(entry: &LogEntry) -> Option<&Event> {
    match &entry.body {
        LogBody::Conversation { event, .. } => Some(event),
        _ => None,
    }
}

async fn hears(desk: &mut Desk, wanted: impl Fn(&Event) -> bool) {
    desk.entry(|entry| event(entry).is_some_and(&wanted)).await;
}

async fn begun(team: &Team, subject: &str) -> Conversation {
    let id = team.conversation(subject).await;
    team.server.core().store.conversation(id).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_who_writes_at_night_is_told_once_by_what_says_it_is_a_machine() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let mail = MailHost::start().await.unwrap();
    let team = Team::start().await;
    answers_by_itself(&team, false).await;
    host(&team, &mail, "sales").await;
    let mut anna = team.desk(team.anna).await;

    writes(&mail, "carl", "sales", "question", "A pod").await;
    let letter = mail.arrival("carl", PATIENCE, |_| true).await.unwrap();
    let shown = format!("{letter:?}\n{}", mail.logs());
    assert_eq!(letter.header("Auto-Submitted"), "auto-replied", "{shown}");
    assert_eq!(letter.header("X-Auto-Response-Suppress"), "All", "{shown}");
    assert_eq!(letter.header("Return-Path"), "<>", "{shown}");
    assert_eq!(letter.subject(), "Re: A pod");
    assert!(letter.in_reply_to().contains("question@baton.test"), "{shown}");
    assert!(
        letter.references().iter().any(|id| id.contains("question@baton.test")),
        "{shown}"
    );
    assert!(
        shown.contains("back in the morning") && shown.contains("This is an automatic reply."),
        "{shown}"
    );

    // It is filed as what we send is, known as ours, and has changed nothing.
    hears(&mut anna, |event| matches!(event, Event::OutboundFiled { .. })).await;
    let filed = mail.folder_of("sales", "Sent").await.unwrap();
    assert_eq!(filed.len(), 1);
    let state = begun(&team, "A pod").await;
    let reply = state.outbound.first().unwrap();
    assert_eq!(reply.automatic, Some(AutoReplyKind::OutOfHours));
    assert!(matches!(reply.state, OutboundState::Sent { .. }), "{reply:?}");
    assert_eq!((state.replies, state.messages, state.status), (0, 1, Status::New));
    assert!(state.unanswered_since.is_some() && state.lock.is_none());
    assert!(
        state.clocks.iter().all(baton_domain::Clock::is_open),
        "{:?}",
        state.clocks
    );
    assert!(!state.clocks.is_empty());

    // A second letter, about something else, is taken in and answered by nobody.
    writes(&mail, "carl", "sales", "second", "Another").await;
    hears(
        &mut anna,
        |event| matches!(event, Event::Created { subject, .. } if subject == "Another"),
    )
    .await;
    tokio::time::sleep(QUIET).await;
    assert_eq!(mail.inbox_of("carl").await.unwrap().len(), 1);
    assert_eq!(begun(&team, "Another").await.outbound, []);
    // The watcher of Sent took our own copy for nothing else.
    assert_eq!(begun(&team, "A pod").await.messages, 1);
    team.server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_offices_that_answer_by_themselves_do_not_answer_each_other() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let mail = MailHost::start().await.unwrap();
    let (ours, theirs) = (Team::start().await, Team::start().await);
    for (team, user) in [(&ours, "sales"), (&theirs, "partner")] {
        answers_by_itself(team, false).await;
        host(team, &mail, user).await;
    }
    let mut ben = theirs.desk(theirs.ben).await;
    // A person at the partner's writes; what comes back to the partner's inbox is a machine's.
    writes(&mail, "partner", "sales", "offer", "An offer").await;
    hears(&mut ben, |event| matches!(event, Event::MessageReceived { .. })).await;
    tokio::time::sleep(QUIET).await;
    assert_eq!(
        mail.inbox_of("partner").await.unwrap().len(),
        1,
        "the one automatic reply"
    );
    assert_eq!(
        mail.inbox_of("sales").await.unwrap().len(),
        1,
        "the offer, and no answer to the answer"
    );
    let received = begun(&theirs, "Re: An offer").await;
    assert_eq!(received.outbound, []);
    assert_eq!(begun(&ours, "An offer").await.outbound.len(), 1);
    ours.server.stop().await;
    theirs.server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_inboxes_of_one_office_do_not_answer_each_other() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let mail = MailHost::start().await.unwrap();
    let team = Team::start().await;
    answers_by_itself(&team, true).await;
    host(&team, &mail, "sales").await;
    host(&team, &mail, "support").await;
    let mut anna = team.desk(team.anna).await;
    writes(&mail, "support", "sales", "inside", "From support").await;
    hears(&mut anna, |event| matches!(event, Event::Created { .. })).await;
    // And a customer is acknowledged, so that silence is not all there is.
    writes(&mail, "carl", "sales", "question", "A pod").await;
    let letter = mail.arrival("carl", PATIENCE, |_| true).await.unwrap();
    assert!(format!("{letter:?}").contains("We have your message."));
    tokio::time::sleep(QUIET).await;
    assert_eq!(mail.inbox_of("support").await.unwrap().len(), 0);
    assert_eq!(mail.inbox_of("sales").await.unwrap().len(), 2);
    team.server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_between_the_decision_and_the_dispatch_sends_it_once() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let mail = MailHost::start().await.unwrap();
    let team = Team::start().await;
    answers_by_itself(&team, false).await;
    host(&team, &mail, "sales").await;
    let mut anna = team.desk(team.anna).await;
    writes(&mail, "carl", "sales", "question", "A pod").await;
    hears(
        &mut anna,
        |event| matches!(event, Event::ReplyQueued { outbound } if outbound.automatic.is_some()),
    )
    .await;
    let team = team.restart().await;
    mail.arrival("carl", PATIENCE, |_| true).await.unwrap();
    tokio::time::sleep(QUIET).await;
    assert_eq!(mail.inbox_of("carl").await.unwrap().len(), 1);
    let state = begun(&team, "A pod").await;
    assert_eq!(state.outbound.len(), 1);
    team.server.stop().await;
}
