//! A mailbox by Microsoft Graph, against a local server that speaks its documented API.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use baton_channels::email::account::AccessTokens;
use baton_channels::email::host::{HealthState, HostPort, JobState, run};
use baton_channels::email::{ConnectError, EmailAccount, Endpoint, GraphApi, Secret, Security, probe};
use baton_tests::graph::{Graph, Sending, TOKEN};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use crate::support::{Host, Referee, Told, enquiry, reply_to};

const USER: &str = "sales@baton.test";
/// When the old mail came: long before the account was connected.
const THEN_MS: i64 = 1_700_000_000_000;
const PAGE: usize = 3;

fn account(graph: &Graph) -> EmailAccount {
    let nowhere = Endpoint::new("nowhere.invalid", 1, Security::Tls);
    let entered = EmailAccount::entered(USER, "Sales", USER, nowhere.clone(), nowhere, None);
    entered.by_graph(GraphApi {
        look_ms: 150,
        ..GraphApi::at(&graph.url())
    })
}

/// Gives these tokens, one after the other.
#[derive(Debug)]
struct Given(Vec<&'static str>, AtomicUsize);

#[async_trait]
impl AccessTokens for Given {
    async fn access_token(&self) -> Result<Zeroizing<String>, ConnectError> {
        let at = self.1.load(Ordering::SeqCst).min(self.0.len() - 1);
        Ok(Zeroizing::new(self.0[at].to_owned()))
    }
    async fn was_refused(&self, token: &str) {
        let at = self.1.load(Ordering::SeqCst);
        if self.0.get(at) == Some(&token) {
            self.1.store(at + 1, Ordering::SeqCst);
        }
    }
}

fn tokens(given: &[&'static str]) -> Secret {
    Secret::tokens(Arc::new(Given(given.to_vec(), AtomicUsize::new(0))))
}

fn start(graph: &Graph, referee: &Arc<Referee>) -> Host {
    started(graph, referee, tokens(&[TOKEN]))
}

fn started(graph: &Graph, referee: &Arc<Referee>, secret: Secret) -> Host {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let stop = CancellationToken::new();
    let port: Arc<dyn HostPort> = Arc::clone(referee) as _;
    let task = tokio::spawn(run(account(graph), secret, port, stop.clone()));
    Host::of(stop, task)
}

fn now_ms() -> i64 {
    baton_clock::now_ms()
}

/// Seven old messages, newest last.
async fn filled() -> Graph {
    let graph = Graph::start(USER, PAGE, baton_clock::now_ms).await.unwrap();
    for number in 1..=7 {
        let at = THEN_MS + i64::try_from(number).unwrap() * 60_000;
        graph.mailbox().put("inbox", &enquiry(number), at);
    }
    graph
}

fn numbers(referee: &Referee, folder: &str) -> Vec<usize> {
    let state = referee.state();
    let of = |raw: &[u8]| {
        let text = String::from_utf8_lossy(raw).into_owned();
        let id = text.split("Message-ID: <carl-").nth(1).unwrap();
        id.split('@').next().unwrap().parse().unwrap()
    };
    state
        .arrived(folder)
        .into_iter()
        .map(|message| of(state.raw(message)))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_is_read_newest_first_and_what_comes_later_once() {
    let graph = filled().await;
    let referee = Referee::new();
    let host = start(&graph, &referee);
    referee
        .until("the old mail", |state| state.arrived("inbox").len() == 7)
        .await;
    referee.until("all of it", super::support::State::is_synced).await;
    assert!(referee.state().arrived("inbox").iter().all(|message| message.history));
    let mut got = numbers(&referee, "inbox");
    got.sort_unstable();
    assert_eq!(got, (1..=7).collect::<Vec<_>>());

    graph.mailbox().put("inbox", &enquiry(8), now_ms());
    referee
        .until("new mail", |state| state.arrived("inbox").len() == 8)
        .await;
    assert!(!referee.state().arrived("inbox")[7].history, "what comes now is live");
    host.stop().await;

    // Another host goes on where this one was: nothing is read twice, and nothing left out.
    graph.mailbox().put("inbox", &enquiry(9), now_ms());
    let fetched = |graph: &Graph| {
        graph
            .mailbox()
            .heard
            .iter()
            .filter(|line| line.ends_with("$value"))
            .count()
    };
    let before = fetched(&graph);
    let host = start(&graph, &referee);
    referee
        .until("what came meanwhile", |state| state.arrived("inbox").len() == 9)
        .await;
    host.stop().await;
    assert_eq!(fetched(&graph) - before, 1);
    let mut got = numbers(&referee, "inbox");
    got.sort_unstable();
    assert_eq!(got, (1..=9).collect::<Vec<_>>());
    assert_eq!(graph.mailbox().wrong, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_is_not_honoured_any_more_neither_doubles_nor_loses() {
    let graph = filled().await;
    let referee = Referee::new();
    let host = start(&graph, &referee);
    referee.until("the old mail", super::support::State::is_synced).await;
    let gone = graph.mailbox().messages[2].id.clone();
    {
        let mut mailbox = graph.mailbox();
        mailbox.forget();
        mailbox.remove(&gone);
        mailbox.put("inbox", &enquiry(8), now_ms());
    }
    referee
        .until("new mail", |state| state.arrived("inbox").len() == 8)
        .await;
    // What is gone shows in what is left.
    referee
        .until("the removal", |state| {
            let left = |only: &Option<(u32, u32, Vec<u32>)>| {
                only.as_ref()
                    .is_some_and(|(_, _, left)| left.len() == 6 || left.len() == 7)
            };
            state
                .sighted
                .iter()
                .any(|(folder, changes)| folder == "inbox" && left(&changes.only))
        })
        .await;
    host.stop().await;
    let mut got = numbers(&referee, "inbox");
    got.sort_unstable();
    assert_eq!(got, (1..=8).collect::<Vec<_>>(), "each once");
    assert_eq!(graph.mailbox().wrong, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn flags_and_removals_are_told() {
    let graph = filled().await;
    let referee = Referee::new();
    let host = start(&graph, &referee);
    referee.until("the old mail", super::support::State::is_synced).await;
    let (read, gone) = {
        let mut mailbox = graph.mailbox();
        let ids: Vec<String> = mailbox.messages.iter().map(|message| message.id.clone()).collect();
        mailbox.read(&ids[0]);
        mailbox.remove(&ids[1]);
        let state = referee.state();
        (state.named(&ids[0]), state.named(&ids[1]))
    };
    referee
        .until("both", |state| {
            let flags = state.sighted.iter().flat_map(|(_, changes)| &changes.flags);
            let removed = state.sighted.iter().flat_map(|(_, changes)| &changes.gone);
            flags
                .into_iter()
                .any(|(uid, flags)| *uid == read && flags == &["\\Seen"])
                && removed.into_iter().any(|range| *range == (gone, gone))
        })
        .await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_told_to_wait_waits() {
    let graph = filled().await;
    graph.mailbox().throttle(Duration::from_secs(1));
    let referee = Referee::new();
    let host = start(&graph, &referee);
    referee.until("the old mail", super::support::State::is_synced).await;
    host.stop().await;
    assert_eq!(graph.mailbox().impatient, 0);
    assert_eq!(graph.mailbox().wrong, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_refused_is_replaced_once_and_then_said() {
    let graph = filled().await;
    let referee = Referee::new();
    let host = started(&graph, &referee, tokens(&["an-old-token", TOKEN]));
    referee.until("the old mail", super::support::State::is_synced).await;
    host.stop().await;

    let report = probe::test(&account(&graph), &tokens(&["an-old-token"])).await;
    assert!(matches!(
        report.steps.last().unwrap().error,
        Some(ConnectError::TokenRefused { .. })
    ));
    let report = probe::test(&account(&graph), &Secret::new("a password")).await;
    assert!(matches!(
        report.steps.last().unwrap().error,
        Some(ConnectError::NoLoginOffered { .. })
    ));
    let report = probe::test(&account(&graph), &tokens(&[TOKEN])).await;
    assert!(report.ok(), "{report:?}");
    assert_eq!(
        (report.inbox_messages, report.sent_folder.as_deref()),
        (Some(7), Some("Sent Items"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_leaves_once_with_its_blind_copies_and_its_copy_is_found_in_sent() {
    let graph = Graph::start(USER, PAGE, baton_clock::now_ms).await.unwrap();
    let referee = Referee::new();
    let mut job = reply_to("carl@baton.test", 7, JobState::Queued);
    job.envelope.to.push("log@baton.test".to_owned());
    let whole = job.raw.clone();
    referee.send(job);
    let host = start(&graph, &referee);
    referee
        .until("its copy", |state| state.told.contains(&Told::Filed))
        .await;
    // Where the folder was looked at just before, it is looked at again in a minute; a host that begins looks at once.
    host.stop().await;
    let host = start(&graph, &referee);
    referee
        .until("its copy through the sent folder", |state| {
            !state.arrived("sentitems").is_empty()
        })
        .await;
    host.stop().await;
    let told = referee.state().told.clone();
    assert_eq!(told[0], Told::Sending(1), "{told:?}");
    assert!(matches!(told[1], Told::Sent(_)), "{told:?}");
    let sent = graph.mailbox().sent.clone();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].0, ["log@baton.test", "carl@baton.test"]);
    assert_eq!(
        sent[0].1, whole,
        "byte by byte, and nobody sees whom the envelope named"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_is_settled_by_looking_and_never_by_sending_again() {
    for (sending, settled) in [(Sending::TakesAndFails, true), (Sending::LosesAndFails, false)] {
        let graph = Graph::start(USER, PAGE, baton_clock::now_ms).await.unwrap();
        graph.mailbox().sending = sending;
        let referee = Referee::new();
        referee.send(reply_to("carl@baton.test", 8, JobState::Queued));
        let host = start(&graph, &referee);
        referee.until("an end", |state| state.told.len() >= 2).await;
        host.stop().await;
        let told = referee.state().told.clone();
        assert_eq!(matches!(told[1], Told::Sent(_)), settled, "{told:?}");
        assert_eq!(matches!(told[1], Told::Unknown(_)), !settled, "{told:?}");
        let handed_in = |line: &&String| line.starts_with("POST ");
        assert_eq!(graph.mailbox().heard.iter().filter(handed_in).count(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_too_large_is_refused_in_words() {
    let graph = Graph::start(USER, PAGE, baton_clock::now_ms).await.unwrap();
    let referee = Referee::new();
    let mut job = reply_to("carl@baton.test", 9, JobState::Queued);
    let mut raw = job.raw.to_vec();
    raw.extend(std::iter::repeat_n(b'x', 4 * 1024 * 1024));
    job.raw = raw.into();
    referee.send(job);
    let host = start(&graph, &referee);
    referee
        .until("the refusal", |state| {
            state.told.iter().any(|told| matches!(told, Told::Failed(413, _)))
        })
        .await;
    referee
        .until("what it takes", |state| {
            state
                .health
                .last()
                .is_some_and(|health| health.offers.is_some_and(|offers| offers.size_limit.is_some()))
        })
        .await;
    host.stop().await;
    assert!(graph.mailbox().sent.is_empty());
    assert!(
        referee
            .state()
            .health
            .iter()
            .all(|health| !matches!(health.receiving, HealthState::NeedsChange { .. }))
    );
}
