//! Gmail and Microsoft 365, each against a server that speaks its dialect.

use std::sync::atomic::Ordering;

use baton_channels::email::host::{FolderCursor, HealthState};
use baton_channels::email::imap::FolderRole;
use baton_tests::mail::PASSWORD;

use crate::provider::{Dialect, Folder, GMAIL, MICROSOFT, Message, Provider};
use crate::support::{Host, Referee, State, enquiry};

fn message(uid: u32, flags: &'static str, labels: &'static str) -> Message {
    Message {
        uid,
        raw: enquiry(uid as usize),
        flags,
        labels,
    }
}

fn folder(name: &'static str, marks: &'static str, messages: Vec<Message>) -> Folder {
    Folder { name, marks, messages }
}

fn gmail() -> Vec<Folder> {
    let inbox = message(1, "\\Seen", r#""\\Inbox" "\\Important""#);
    let sent = message(2, "\\Seen", r#""\\Sent""#);
    // What a filter of theirs put past the inbox is a lead all the same.
    let filtered = message(3, "", r#""Leads/Web form" "Muy Importante""#);
    let draft = message(4, "\\Seen", r#""\\Draft""#);
    vec![
        folder("INBOX", "\\HasNoChildren", vec![inbox.clone()]),
        folder("[Gmail]", "\\HasChildren \\Noselect", vec![]),
        folder(
            "[Gmail]/All Mail",
            "\\All \\HasNoChildren",
            vec![inbox, sent.clone(), filtered.clone(), draft],
        ),
        folder("[Gmail]/Sent Mail", "\\HasNoChildren \\Sent", vec![sent]),
        folder("Leads/Web form", "\\HasNoChildren", vec![filtered]),
    ]
}

fn complete(state: &State) -> bool {
    state.is_ready() && !state.cursors.is_empty() && state.cursors.values().all(FolderCursor::is_complete)
}

#[tokio::test(flavor = "multi_thread")]
async fn gmail_is_read_once_from_all_mail_and_its_labels_say_what_a_message_is() {
    let provider = Provider::start(GMAIL, gmail()).await;
    let referee = Referee::new();
    let host = Host::start_with(&provider.account("sales"), PASSWORD, &referee);
    referee.until("all mail", complete).await;
    provider.arrives("[Gmail]/All Mail", message(5, "", r#""\\Inbox""#));
    referee
        .until("the pushed message", |state| {
            state.arrived("[Gmail]/All Mail").len() == 5
        })
        .await;
    host.stop().await;
    let state = referee.state();
    assert_eq!(
        state.cursors.keys().collect::<Vec<_>>(),
        ["[Gmail]/All Mail"],
        "each message once"
    );
    let what = |uid: u32| {
        let arrived = state.arrived("[Gmail]/All Mail");
        let message = arrived.into_iter().find(|message| message.uid == uid).unwrap();
        (message.role, message.flags.contains(&"\\Draft".to_owned()))
    };
    assert_eq!(
        [1, 2, 3, 4, 5].map(what),
        [
            (FolderRole::Inbox, false),
            (FolderRole::Sent, false),
            (FolderRole::Inbox, false),
            (FolderRole::Inbox, true),
            (FolderRole::Inbox, false),
        ]
    );
    assert_eq!(state.cursors["[Gmail]/All Mail"].modseq, 4711, "Gmail counts changes");
    drop(state);
    assert_eq!(
        provider.heard("SELECT") + provider.heard("APPEND") + provider.heard("UID STORE"),
        0
    );
    assert!(
        provider.state().connections <= 2,
        "Gmail allows fifteen, for everybody's programs together"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_connections_is_no_wrong_password() {
    let busy = Dialect {
        turned_away: 1,
        ..GMAIL
    };
    let provider = Provider::start(busy, gmail()).await;
    let referee = Referee::new();
    let host = Host::start_with(&provider.account("sales"), PASSWORD, &referee);
    referee.until("all mail in the end", complete).await;
    host.stop().await;
    let state = referee.state();
    assert!(
        state
            .health
            .iter()
            .any(|health| matches!(&health.receiving, HealthState::Waiting { error, .. } if error.to_string().contains("Too many simultaneous"))),
        "{:?}",
        state.health
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gmail_that_hides_all_mail_is_read_by_its_folders_and_nothing_twice() {
    let mut folders: Vec<Folder> = gmail()
        .into_iter()
        .filter(|folder| !folder.marks.contains("\\All"))
        .collect();
    // Written to ourselves: it lies in both, under one name of Gmail's.
    let both = message(1, "\\Seen", r#""\\Inbox" "\\Sent""#);
    folders
        .iter_mut()
        .find(|folder| folder.name == "[Gmail]/Sent Mail")
        .unwrap()
        .messages
        .insert(0, both);
    let provider = Provider::start(GMAIL, folders).await;
    let referee = Referee::new();
    let host = Host::start_with(&provider.account("sales"), PASSWORD, &referee);
    referee.until("both folders", State::is_synced).await;
    host.stop().await;
    let state = referee.state();
    assert_eq!(state.cursors.keys().collect::<Vec<_>>(), ["INBOX", "[Gmail]/Sent Mail"]);
    let sent = state.arrived("[Gmail]/Sent Mail");
    assert!(
        sent.len() == 2
            && sent
                .iter()
                .all(|message| message.role == FolderRole::Sent && message.blob.is_some())
    );
    let inbox = state.arrived("INBOX")[0].blob.clone();
    assert!(sent.iter().any(|message| message.blob == inbox));
    drop(state);
    assert_eq!(
        provider.heard("UID FETCH 1 (UID BODY"),
        1,
        "{:?}",
        provider.state().heard
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn microsoft_counts_no_changes_and_is_read_all_the_same() {
    let inbox = (1..=120).map(|uid| message(uid, "", "")).collect();
    let sent = vec![message(1, "\\Seen", "")];
    let folders = vec![
        folder("INBOX", "\\Marked \\HasNoChildren", inbox),
        folder("Sent Items", "\\HasNoChildren \\Sent", sent),
    ];
    let provider = Provider::start(MICROSOFT, folders).await;
    let referee = Referee::new();
    // A shared mailbox is signed in to by its own address, with the member's right to it.
    let host = Host::start_with(&provider.account("sales@contoso.example"), PASSWORD, &referee);
    referee.until("both folders", State::is_synced).await;
    provider.arrives("INBOX", message(121, "", ""));
    referee
        .until("the pushed message", |state| state.arrived("INBOX").len() == 121)
        .await;
    host.stop().await;
    assert!(referee.lease.load(Ordering::SeqCst));
    let host = Host::start_with(&provider.account("sales@contoso.example"), PASSWORD, &referee);
    referee
        .until("the flags, compared", |state| {
            state.sighted.iter().any(|(folder, changes)| {
                folder == "INBOX"
                    && changes
                        .only
                        .as_ref()
                        .is_some_and(|(from, to, left)| (*from, *to, left.len()) == (1, 121, 121))
            })
        })
        .await;
    host.stop().await;
    let state = referee.state();
    state.must_account_for("INBOX", 1..=121);
    assert_eq!(state.cursors["INBOX"].modseq, 0);
    drop(state);
    for extension in ["ENABLE", "COMPRESS", "UID FETCH 1:121 (UID FLAGS) ("] {
        assert_eq!(provider.heard(extension), 0, "{extension} is not offered");
    }
}
