//! What must not matter: cuts, removals, renumbering, a mailbox that is only watched.

use std::collections::BTreeSet;

use anyhow::Result;
use baton_channels::email::imap::ImapConn;
use baton_channels::email::{Secret, parse};
use baton_tests::mail::{Letter, MailHost, PASSWORD, Seed};

use crate::cutter::Cutter;
use crate::support::{Host, Referee, State, account_of, enquiry, with_logs};

/// Messages of about `bytes` each.
fn mail_of(count: usize, bytes: usize) -> Vec<Seed> {
    let now = baton_clock::now_ms();
    (1..=count)
        .map(|number| {
            let mut raw = enquiry(number);
            let line = format!("{number:061}\r\n");
            raw.extend(line.repeat(bytes / line.len()).into_bytes());
            Seed::new(&raw, now - 86_400_000, &["\\Seen"])
        })
        .collect()
}

fn by_id(state: &State) -> BTreeSet<String> {
    state
        .arrived("INBOX")
        .iter()
        .filter(|message| message.blob.is_some())
        .map(|message| parse(state.raw(message)).unwrap().message_id.unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_that_is_cut_again_and_again_ends_complete() -> Result<()> {
    let mail = MailHost::start().await?;
    mail.seed("sales", "INBOX", &mail_of(90, 9_000)).await?;
    // One that comes in pieces, and is cut in the middle of them.
    mail.seed("sales", "INBOX", &mail_of(1, 3_000_000)).await?;
    let cuts = (1..=14u64).map(|number| number * 64 * 1024 + number * 977 % 640);
    let cutter = Cutter::before(mail.imap_port(), cuts).await;
    let mut account = account_of("sales", &mail);
    account.imap.port = cutter.port;
    let referee = Referee::new();
    let host = Host::start(&account, &referee);
    with_logs(&mail, referee.until("the whole mailbox", State::is_synced)).await;
    host.stop().await;
    let state = referee.state();
    state.must_account_for("INBOX", 1..=91);
    assert!(cutter.left() < 10, "it was cut: {} cuts are left", cutter.left());
    assert!(
        state
            .arrived("INBOX")
            .iter()
            .all(|message| message.unreadable.is_none() && !message.gone),
        "a cut is nobody's fault"
    );
    assert_eq!(by_id(&state).len(), 90, "the large one has the first one's Message-ID");
    let large = state
        .arrived("INBOX")
        .into_iter()
        .find(|message| message.uid == 91)
        .unwrap();
    assert_eq!(state.raw(large).len(), large.size as usize);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_deleted_while_it_is_read_is_accounted_for() -> Result<()> {
    let mail = MailHost::start().await?;
    mail.seed("sales", "INBOX", &mail_of(900, 2_000)).await?;
    let referee = Referee::new();
    let host = Host::start(&account_of("sales", &mail), &referee);
    with_logs(&mail, async {
        referee.until("a first batch", |state| !state.batches.is_empty()).await;
        mail.expunge("sales", "INBOX", "1:300,890").await?;
        referee.until("the rest", State::is_synced).await;
        anyhow::Ok(())
    })
    .await?;
    host.stop().await;
    let state = referee.state();
    state.must_account_for("INBOX", 1..=900);
    assert!(
        state
            .arrived("INBOX")
            .iter()
            .all(|message| message.gone != message.blob.is_some() && message.unreadable.is_none()),
        "it was read, or it was gone"
    );
    assert!(
        state
            .arrived("INBOX")
            .iter()
            .filter(|message| message.gone)
            .all(|message| message.uid <= 300)
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_do_to_a_message_is_told() -> Result<()> {
    let mail = MailHost::start().await?;
    mail.seed("sales", "INBOX", &mail_of(6, 100)).await?;
    let account = account_of("sales", &mail);
    let referee = Referee::new();
    let host = Host::start(&account, &referee);
    with_logs(&mail, async {
        referee.until("six messages", State::is_synced).await;
        assert!(referee.state().cursors["INBOX"].modseq > 0, "Dovecot counts changes");
        // While somebody listens, and while nobody does.
        mail.flag("sales", "INBOX", "2", &["\\Answered"]).await?;
        referee
            .until("the flag", |state| {
                state
                    .sighted
                    .iter()
                    .any(|(_, changes)| changes.flags.contains(&(2, vec!["\\Answered".to_owned()])))
            })
            .await;
        host.stop().await;
        mail.expunge("sales", "INBOX", "3:4").await?;
        let host = Host::start(&account, &referee);
        referee
            .until("the removal", |state| {
                state
                    .sighted
                    .iter()
                    .any(|(_, changes)| changes.gone.iter().any(|(from, to)| *from <= 3 && *to >= 4))
            })
            .await;
        host.stop().await;
        anyhow::Ok(())
    })
    .await?;
    referee.state().must_account_for("INBOX", 1..=6);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_a_mailbox_changes_nothing_in_it() -> Result<()> {
    let mail = MailHost::start().await?;
    let now = baton_clock::now_ms();
    let flags: [&[&str]; 4] = [&[], &["\\Seen"], &["\\Flagged", "\\Answered"], &["\\Seen", "$Label1"]];
    let letters: Vec<Seed> = flags
        .iter()
        .enumerate()
        .map(|(number, flags)| Seed::new(&enquiry(number), now - 1000, flags))
        .collect();
    mail.seed("sales", "INBOX", &letters).await?;
    mail.seed("sales", "Sent", &letters).await?;
    let seen = |letters: Vec<Letter>| -> Vec<(u32, Vec<String>)> {
        letters
            .into_iter()
            .map(|letter| {
                // Another client's looking takes \Recent away.
                let mut flags = letter.flags;
                flags.retain(|flag| flag != "\\Recent");
                (letter.uid, flags)
            })
            .collect()
    };
    let before = (
        seen(mail.folder_of("sales", "INBOX").await?),
        seen(mail.folder_of("sales", "Sent").await?),
    );
    let referee = Referee::new();
    let host = Host::start(&account_of("sales", &mail), &referee);
    with_logs(&mail, referee.until("the mailbox", State::is_synced)).await;
    mail.deliver("carl", &["sales"], &enquiry(9)).await?;
    with_logs(
        &mail,
        referee.until("a new message", |state| state.arrived("INBOX").len() == 5),
    )
    .await;
    host.stop().await;
    let mut after = seen(mail.folder_of("sales", "INBOX").await?);
    assert_eq!(after.pop(), Some((5, vec![])), "what came is still unread");
    assert_eq!((after, seen(mail.folder_of("sales", "Sent").await?)), before);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn compression_carries_the_same_bytes() -> Result<()> {
    let mail = MailHost::start().await?;
    mail.seed("sales", "INBOX", &mail_of(3, 50_000)).await?;
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let account = account_of("sales", &mail);
    let mut bodies = Vec::new();
    for compressed in [false, true] {
        let mut conn = ImapConn::open(&account, &Secret::new(PASSWORD)).await?;
        assert_eq!(compressed && conn.compress().await?, compressed, "Dovecot offers it");
        conn.examine("INBOX").await?;
        let metas = conn.metas(&[1, 2, 3]).await?;
        bodies.push(conn.bodies(&metas).await?);
        conn.logout().await;
    }
    assert_eq!(bodies[0].len(), 3);
    assert_eq!(bodies[0], bodies[1]);
    Ok(())
}
