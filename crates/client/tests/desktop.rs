//! A desktop with all its drivers: a replica on disk, a real socket, a real HTTP client.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use std::path::Path;

use baton_client::{Config, Desktop, KeySource, StartError};
use baton_domain::{CommandBody, DraftText, Refusal};
use baton_protocol::{
    Acted, BootState, ComposeLock, ConnectionState, ErrorCode, ListPage, Reply, Request, Searched, Unlock,
};
use support::{
    BODY_WORDS, FakeServer, KEY, Quiet, SECRET_WORDS, boot, carl, enquiry, join, list, message, start, until,
};

fn note(text: &str) -> Request {
    Request::Act {
        conversation: enquiry(),
        body: CommandBody::AddNote {
            text: text.to_owned(),
            mentions: Vec::new(),
        },
        last_seen: None,
    }
}

async fn act(desktop: &Desktop, request: Request) -> Acted {
    match desktop.call(request).await.unwrap() {
        Reply::Act(acted) => acted,
        other => panic!("{other:?}"),
    }
}

async fn connection(desktop: &Desktop) -> Option<(ConnectionState, u32)> {
    match boot(desktop).await {
        BootState::Ready { connection, .. } => Some((connection.state, connection.waiting)),
        _ => None,
    }
}

async fn online(desktop: &Desktop) {
    until(desktop, "online", async || {
        connection(desktop)
            .await
            .filter(|(state, _)| *state == ConnectionState::Online)
    })
    .await;
}

async fn offline(desktop: &Desktop) {
    until(desktop, "offline", async || {
        connection(desktop)
            .await
            .filter(|(state, _)| matches!(state, ConnectionState::Offline { .. }))
    })
    .await;
}

async fn search(desktop: &Desktop, text: &str) -> ListPage {
    let text = text.to_owned();
    match desktop.call(Request::Search { text, limit: 10 }).await.unwrap() {
        Reply::Search(page) => page,
        other => panic!("{other:?}"),
    }
}

/// How many files there are, while others come and go.
fn files_under(dir: &Path) -> usize {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    paths
        .map(|path| if path.is_dir() { files_under(&path) } else { 1 })
        .sum()
}

fn everything_under(dir: &Path) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(everything_under(&path));
        } else {
            found.push(std::fs::read(path).unwrap());
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn joining_shows_the_rows_and_the_referee_answers_acts() {
    let (server, dir) = (FakeServer::start().await, tempfile::tempdir().unwrap());
    let desktop = start(dir.path(), KeySource::Given(KEY)).await;
    assert!(matches!(boot(&desktop).await, BootState::FirstRun));
    let BootState::Ready { me, team, sample, .. } = join(&desktop, &server).await else {
        panic!("not ready");
    };
    assert_eq!((me.name.as_str(), team.inboxes.len(), sample), ("Anna", 1, false));
    assert_eq!(list(&desktop).await.rows[0].number, 1042);
    online(&desktop).await;
    assert!(matches!(act(&desktop, note("Hello")).await, Acted::Done { .. }));
    let refused = Request::Act {
        conversation: enquiry(),
        body: CommandBody::Wake,
        last_seen: None,
    };
    assert!(matches!(act(&desktop, refused).await, Acted::Refused { .. }));
    desktop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_typed_goes_to_the_server_and_takes_the_lock() {
    let (server, dir) = (FakeServer::start().await, tempfile::tempdir().unwrap());
    let desktop = start(dir.path(), KeySource::Given(KEY)).await;
    join(&desktop, &server).await;
    online(&desktop).await;
    let compose = |text: &str| Request::Compose {
        conversation: enquiry(),
        draft: DraftText {
            to: vec![carl()],
            text: text.to_owned(),
            ..DraftText::default()
        },
        cover: false,
    };
    desktop.call(compose("D")).await.unwrap();
    until(&desktop, "the lock is mine", async || {
        match desktop.call(compose("Dear Carl")).await.unwrap() {
            Reply::Compose(composed) if composed.lock == ComposeLock::Mine => Some(()),
            _ => None,
        }
    })
    .await;
    until(&desktop, "the draft is shared", async || {
        server.draft().filter(|draft| draft.text.text == "Dear Carl")
    })
    .await;
    desktop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_moves_where_it_is_not_read_leaves_neither_a_row_nor_a_message_on_the_disk() {
    let (server, dir) = (FakeServer::start().await, tempfile::tempdir().unwrap());
    let desktop = start(dir.path(), KeySource::Given(KEY)).await;
    join(&desktop, &server).await;
    let blobs = dir.path().join("blobs");
    until(&desktop, "the message is here", async || {
        (files_under(&blobs) > 0).then_some(())
    })
    .await;
    server.moves_out();
    until(&desktop, "it is gone from the list", async || {
        list(&desktop).await.rows.is_empty().then_some(())
    })
    .await;
    until(&desktop, "its message is gone from the disk", async || {
        (files_under(&blobs) == 0).then_some(())
    })
    .await;
    let open = Request::Open {
        conversation: enquiry(),
    };
    assert!(desktop.call(open).await.is_err());
    desktop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_network_it_starts_shows_and_keeps_what_is_done() {
    let (server, dir) = (FakeServer::start().await, tempfile::tempdir().unwrap());
    let desktop = start(dir.path(), KeySource::Given(KEY)).await;
    join(&desktop, &server).await;
    // My own conversation's message comes here by itself.
    until(&desktop, "the message is here", async || {
        (std::fs::read_dir(dir.path().join("blobs")).ok()?.count() > 0).then_some(())
    })
    .await;
    drop(server);
    offline(&desktop).await;
    desktop.stop().await;

    let desktop = start(dir.path(), KeySource::Given(KEY)).await;
    assert!(
        matches!(boot(&desktop).await, BootState::Ready { .. }),
        "at work at once"
    );
    let body = Request::Body {
        message: message(),
        remote_images: false,
    };
    match desktop.call(body).await.unwrap() {
        Reply::Body(body) => {
            let text = format!("We need {SECRET_WORDS}.\nThey go to the {BODY_WORDS}.");
            assert_eq!((body.text, body.missing), (text, false));
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(
        act(&desktop, note("Written on the train")).await,
        Acted::Pending { .. }
    ));
    desktop.stop().await;

    let desktop = start(dir.path(), KeySource::Given(KEY)).await;
    let (_, waiting) = connection(&desktop).await.unwrap();
    assert_eq!(waiting, 1, "it waits through a restart");
    desktop.stop().await;
    for file in everything_under(dir.path()) {
        let words = SECRET_WORDS.as_bytes();
        assert!(
            !file.windows(words.len()).any(|window| window == words),
            "nothing lies in the clear"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ended_asks_to_sign_in_and_keeps_what_waits() {
    let (server, dir) = (FakeServer::start().await, tempfile::tempdir().unwrap());
    let desktop = start(dir.path(), KeySource::Given(KEY)).await;
    join(&desktop, &server).await;
    online(&desktop).await;
    server.revoke();
    until(&desktop, "signed out", async || {
        matches!(boot(&desktop).await, BootState::SignedOut { .. }).then_some(())
    })
    .await;
    let refused = desktop.call(Request::Counts).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::SignedOut);
    server.allow();
    assert!(matches!(join(&desktop, &server).await, BootState::Ready { .. }));
    assert_eq!(list(&desktop).await.rows.len(), 1);
    desktop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_leaves_nothing_behind() {
    let (server, dir) = (FakeServer::start().await, tempfile::tempdir().unwrap());
    let desktop = start(dir.path(), KeySource::Given(KEY)).await;
    join(&desktop, &server).await;
    desktop.call(Request::SignOut).await.unwrap();
    assert!(matches!(boot(&desktop).await, BootState::FirstRun));
    assert!(!dir.path().join("blobs").exists());
    desktop.stop().await;
    let desktop = start(dir.path(), KeySource::Given(KEY)).await;
    assert!(matches!(boot(&desktop).await, BootState::FirstRun));
    desktop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_process_at_a_time_uses_a_directory() {
    let dir = tempfile::tempdir().unwrap();
    let desktop = start(dir.path(), KeySource::Given(KEY)).await;
    let config = Config::new(dir.path().to_owned(), String::new(), String::new());
    let downloads = dir.path().to_owned();
    let second = Desktop::start(config, std::sync::Arc::new(Quiet { downloads }), None).await;
    assert!(matches!(second, Err(StartError::InUse { .. })));
    desktop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_key_locks_instead_of_destroying() {
    let (server, dir) = (FakeServer::start().await, tempfile::tempdir().unwrap());
    let desktop = start(dir.path(), KeySource::Given(KEY)).await;
    join(&desktop, &server).await;
    desktop.stop().await;
    let desktop = start(dir.path(), KeySource::Given([1; 32])).await;
    assert!(matches!(boot(&desktop).await, BootState::Locked { .. }));
    desktop.stop().await;
    let desktop = start(dir.path(), KeySource::Given(KEY)).await;
    assert!(matches!(boot(&desktop).await, BootState::Ready { .. }));
    desktop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_keyring_a_passphrase_is_the_persons_choice() {
    let dir = tempfile::tempdir().unwrap();
    let unlock = |passphrase: &str| {
        let passphrase = passphrase.to_owned();
        Request::Unlock(Unlock::Passphrase { passphrase })
    };
    let locked = |state: &BootState, set: bool| matches!(state, BootState::Locked { passphrase_set, .. } if *passphrase_set == set);
    let desktop = start(dir.path(), KeySource::NoKeyring).await;
    assert!(locked(&boot(&desktop).await, false));
    assert_eq!(
        desktop.call(unlock("short")).await.unwrap_err().code,
        ErrorCode::WrongPassword
    );
    desktop.call(unlock("correct horse")).await.unwrap();
    assert!(matches!(boot(&desktop).await, BootState::FirstRun));
    desktop.stop().await;

    let desktop = start(dir.path(), KeySource::NoKeyring).await;
    assert!(locked(&boot(&desktop).await, true));
    assert_eq!(
        desktop.call(unlock("battery staple")).await.unwrap_err().code,
        ErrorCode::WrongPassword
    );
    desktop.call(unlock("correct horse")).await.unwrap();
    assert!(matches!(boot(&desktop).await, BootState::FirstRun));
    desktop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_only_leaves_no_replica() {
    let (server, dir) = (FakeServer::start().await, tempfile::tempdir().unwrap());
    let desktop = start(dir.path(), KeySource::NoKeyring).await;
    desktop.call(Request::Unlock(Unlock::MemoryOnly)).await.unwrap();
    assert!(matches!(join(&desktop, &server).await, BootState::Ready { .. }));
    assert_eq!(list(&desktop).await.rows.len(), 1);
    desktop.stop().await;
    assert!(!dir.path().join("replica.db").exists());
    assert!(!dir.path().join("memory").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_else_changed_while_a_form_was_open_is_not_written_over() {
    let (server, dir) = (FakeServer::start().await, tempfile::tempdir().unwrap());
    let desktop = start(dir.path(), KeySource::Given(KEY)).await;
    let BootState::Ready { team, .. } = join(&desktop, &server).await else {
        panic!("not ready");
    };
    let inbox = team.inboxes[0].clone();
    let promised = baton_domain::SlaPolicy::usual();
    let save = |before: &baton_domain::SlaPolicy| Request::SaveTargets {
        inbox: inbox.id,
        sla: promised.clone(),
        before: before.clone(),
    };
    let saved = |reply| match reply {
        Reply::SaveTargets(acted) => acted,
        other => panic!("{other:?}"),
    };
    let mut theirs = inbox.policy.sla.clone();
    theirs.warn_percent = 70;
    let refused = saved(desktop.call(save(&theirs)).await.unwrap());
    let Acted::Refused {
        refusal: Refusal::VersionConflict { .. },
    } = refused
    else {
        panic!("{refused:?}");
    };
    assert_eq!(server.commands(), [], "nothing was asked");
    // Counting is the server's: another number alone is no other promise.
    let mut same = inbox.policy.sla.clone();
    same.version = 9;
    saved(desktop.call(save(&same)).await.unwrap());
    let asked = server.commands();
    let [command] = &asked[..] else { panic!("{asked:?}") };
    assert!(
        command.based_on.is_some(),
        "the server judges what this desktop has not heard of"
    );
    let step = baton_domain::EscalationStep {
        ask: baton_domain::EscalationAsk::Managers,
        within: baton_domain::Target::business(baton_domain::HOUR_MS),
    };
    let path = baton_domain::EscalationPath { steps: vec![step] };
    let save = |before: &baton_domain::EscalationPath| Request::SaveEscalation {
        inbox: inbox.id,
        path: path.clone(),
        before: before.clone(),
    };
    let refused = desktop.call(save(&path)).await.unwrap();
    assert!(
        matches!(
            refused,
            Reply::SaveEscalation(Acted::Refused {
                refusal: Refusal::VersionConflict { .. }
            })
        ),
        "{refused:?}"
    );
    assert_eq!(server.commands().len(), 1, "nothing more was asked");
    desktop.call(save(&inbox.policy.escalation)).await.unwrap();
    assert_eq!(server.commands().len(), 2);
    desktop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_asks_the_server_when_there_is_one_and_says_where_it_looked() {
    let (server, dir) = (FakeServer::start().await, tempfile::tempdir().unwrap());
    let desktop = start(dir.path(), KeySource::Given(KEY)).await;
    join(&desktop, &server).await;
    online(&desktop).await;
    let found = async |text: &str| {
        let page = search(&desktop, text).await;
        (page.rows.len(), page.searched)
    };
    assert_eq!(found("carl ").await, (1, Some(Searched::Everything)));
    // A space ends the word: it is said to the server as it was typed.
    assert!(server.searches()[0].starts_with("q=carl+&"), "{:?}", server.searches());
    assert_eq!(found("  ").await, (0, None));
    server.blind(true);
    assert_eq!(found("carl").await, (1, Some(Searched::Unanswered)));
    server.blind(false);

    // It could be asked, and is not: nobody waits for a server that is known to be away.
    server.shut(true);
    offline(&desktop).await;
    let asked = server.searches().len();
    assert_eq!(found("carl").await, (1, Some(Searched::Offline)));
    assert_eq!(found("zebra").await, (0, Some(Searched::Offline)));
    assert_eq!(server.searches().len(), asked);

    server.shut(false);
    online(&desktop).await;
    assert_eq!(found("zebra").await, (0, Some(Searched::Everything)));
    desktop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_of_a_message_is_found_without_a_server_and_after_a_restart() {
    let (server, dir) = (FakeServer::start().await, tempfile::tempdir().unwrap());
    let desktop = start(dir.path(), KeySource::Given(KEY)).await;
    join(&desktop, &server).await;
    online(&desktop).await;
    server.shut(true);
    offline(&desktop).await;
    // The word is nowhere but in the raw message.
    let word = BODY_WORDS.split_whitespace().last().unwrap();
    let found = async |desktop: &Desktop, text: &str| {
        let page = search(desktop, text).await;
        assert_eq!(page.searched, Some(Searched::Offline));
        page.rows
    };
    let row = until(&desktop, "it is indexed", async || {
        found(&desktop, word).await.into_iter().next()
    })
    .await;
    assert_eq!(row.number, 1042);
    let excerpt = row.found.unwrap();
    assert!(
        excerpt.iter().any(|part| part.found && part.text == word),
        "{excerpt:?}"
    );
    // The same language as at the server.
    for (text, count) in [
        (format!("\"{BODY_WORDS}\""), 1),
        (format!("owner:me {word}"), 1),
        (format!("owner:nobody {word}"), 0),
        (format!("from:carl {word}"), 1),
        (format!("from:dora {word}"), 0),
        ("qui".to_owned(), 1),
        ("qui ".to_owned(), 0),
    ] {
        assert_eq!(found(&desktop, &text).await.len(), count, "{text}");
    }
    desktop.stop().await;

    let desktop = start(dir.path(), KeySource::Given(KEY)).await;
    offline(&desktop).await;
    assert_eq!(found(&desktop, word).await.len(), 1);
    server.shut(false);
    online(&desktop).await;
    // It may not be read any more: it is not found any more.
    server.moves_out();
    until(&desktop, "it is gone from the list", async || {
        list(&desktop).await.rows.is_empty().then_some(())
    })
    .await;
    server.shut(true);
    offline(&desktop).await;
    assert!(found(&desktop, word).await.is_empty());
    desktop.stop().await;
}
