//! Sending, against a real Postfix, and the sent folder of a real Dovecot.

use crate::support::{Host, PATIENCE, Referee, Told, account_of, reply_to, with_logs};
use anyhow::Result;
use baton_channels::email::host::{HealthState, JobState};
use baton_channels::email::{BounceAction, ConnectError, Endpoint, MailKind, Security, parse};
use baton_tests::mail::MailHost;

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_is_fenced_sent_once_and_filed_once() -> Result<()> {
    let mail = MailHost::start().await?;
    let account = account_of("sales", &mail);
    let referee = Referee::new();
    let host = Host::start(&account, &referee);
    referee.send(reply_to("carl@baton.test", 1, JobState::Queued));
    with_logs(
        &mail,
        referee.until("the filed copy", |state| state.told.contains(&Told::Filed)),
    )
    .await;
    {
        let state = referee.state();
        assert_eq!(state.told[0], Told::Sending(1), "the fence comes first");
        assert!(
            matches!(&state.told[1], Told::Sent(reply) if reply.contains("queued as")),
            "{:?}",
            state.told
        );
        assert_eq!(state.told.len(), 3);
    }
    let letter = mail.arrival("carl", PATIENCE, |_| true).await?;
    assert_eq!(letter.in_reply_to(), "<carl-1@example.com>");
    assert_eq!(letter.references(), ["<carl-1@example.com>"]);
    assert_eq!(
        letter.text.replace("\r\n", "\n").trim_end(),
        "Yes, we have chairs.\n.\nAnna"
    );
    assert_eq!(letter.header("x-baton-id"), uuid::Uuid::from_u128(1).to_string());

    // The copy is filed already: doing it again changes nothing.
    referee.send(reply_to("carl@baton.test", 1, JobState::Unfiled));
    with_logs(
        &mail,
        referee.until("the second filing", |state| {
            state.told.iter().filter(|told| **told == Told::Filed).count() == 2
        }),
    )
    .await;
    assert_eq!(mail.folder_of("sales", "Sent").await?.len(), 1);
    assert_eq!(mail.inbox_of("carl").await?.len(), 1);
    // What lies in Sent is seen like anybody's reply.
    with_logs(&mail, async {
        host.stop().await;
        let host = Host::start(&account, &referee);
        referee
            .until("the copy in Sent", |state| state.arrived("Sent").len() == 1)
            .await;
        host.stop().await;
    })
    .await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_found_on_its_way_is_looked_for_and_never_sent_again() -> Result<()> {
    let mail = MailHost::start().await?;
    let referee = Referee::new();
    let filed = reply_to("carl@baton.test", 1, JobState::Sending);
    mail.seed(
        "sales",
        "Sent",
        &[baton_tests::mail::Seed::new(
            &filed.raw,
            baton_clock::now_ms(),
            &["\\Seen"],
        )],
    )
    .await?;
    let host = Host::start(&account_of("sales", &mail), &referee);
    referee.send(filed);
    with_logs(
        &mail,
        referee.until("the one that was found", |state| state.told.contains(&Told::Filed)),
    )
    .await;
    referee.send(reply_to("carl@baton.test", 2, JobState::Sending));
    with_logs(
        &mail,
        referee.until("the one that was not", |state| {
            matches!(state.told.last(), Some(Told::Unknown(_)))
        }),
    )
    .await;
    host.stop().await;
    let told = referee.state().told.clone();
    assert!(
        matches!(told.as_slice(), [Told::Sent(_), Told::Filed, Told::Unknown(_)]),
        "{told:?}"
    );
    assert_eq!(mail.folder_of("sales", "Sent").await?.len(), 1);
    assert!(mail.inbox_of("carl").await?.is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_recipient_fails_before_the_fence() -> Result<()> {
    let mail = MailHost::start().await?;
    let referee = Referee::new();
    let host = Host::start(&account_of("sales", &mail), &referee);
    referee.send(reply_to("nobody@elsewhere.example", 1, JobState::Queued));
    with_logs(&mail, referee.until("an answer", |state| !state.told.is_empty())).await;
    // The queue goes on.
    referee.send(reply_to("carl@baton.test", 2, JobState::Queued));
    with_logs(
        &mail,
        referee.until("the next one", |state| state.told.contains(&Told::Filed)),
    )
    .await;
    host.stop().await;
    let told = referee.state().told.clone();
    assert!(
        matches!(&told[0], Told::Failed(550, text) if text.contains("nobody@elsewhere.example")),
        "{told:?}"
    );
    assert_eq!(told[1], Told::Sending(1));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_lost_before_the_final_dot_delivers_nothing() -> Result<()> {
    let mail = MailHost::start().await?;
    let referee = Referee::new();
    referee.lease.store(false, std::sync::atomic::Ordering::SeqCst);
    let host = Host::start(&account_of("sales", &mail), &referee);
    referee.send(reply_to("carl@baton.test", 1, JobState::Queued));
    with_logs(
        &mail,
        referee.until("the dropped message", |state| {
            state.told.iter().any(|told| matches!(told, Told::Returned(_)))
        }),
    )
    .await;
    assert_eq!(referee.state().told[0], Told::Sending(1));
    referee.lease.store(true, std::sync::atomic::Ordering::SeqCst);
    referee.send(reply_to("carl@baton.test", 2, JobState::Queued));
    with_logs(&mail, async {
        let letter = mail.arrival("carl", PATIENCE, |_| true).await?;
        assert_eq!(letter.subject(), "Re: Chairs 2", "nothing of the first one arrived");
        anyhow::Ok(())
    })
    .await?;
    assert_eq!(mail.inbox_of("carl").await?.len(), 1);
    host.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_gives_the_message_back() -> Result<()> {
    let mail = MailHost::start().await?;
    let mut account = account_of("sales", &mail);
    account.smtp = Endpoint::new("localhost", 1, Security::StartTls);
    let referee = Referee::new();
    let host = Host::start(&account, &referee);
    referee.send(reply_to("carl@baton.test", 1, JobState::Queued));
    referee
        .until("the message back", |state| {
            matches!(state.told.as_slice(), [Told::Returned(_)])
        })
        .await;
    referee
        .until("the reason", |state| {
            matches!(
                &state.health.last().unwrap().sending,
                HealthState::Waiting {
                    error: ConnectError::Refused { .. },
                    ..
                }
            )
        })
        .await;
    host.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_provider_takes_is_told_before_anything_is_sent() -> Result<()> {
    let mail = MailHost::start().await?;
    let referee = Referee::new();
    let host = Host::start(&account_of("sales", &mail), &referee);
    with_logs(
        &mail,
        referee.until("what it takes", |state| {
            state.health.last().is_some_and(|health| health.offers.is_some())
        }),
    )
    .await;
    host.stop().await;
    let offers = referee.state().health.last().unwrap().offers.unwrap();
    assert!(offers.size_limit.is_some_and(|limit| limit > 0), "{offers:?}");
    assert!(offers.receipts, "{offers:?}");
    assert!(referee.state().told.is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_was_asked_for_comes_back() -> Result<()> {
    let mail = MailHost::start().await?;
    let referee = Referee::new();
    let host = Host::start(&account_of("sales", &mail), &referee);
    let mut job = reply_to("carl@baton.test", 1, JobState::Queued);
    job.envelope.report = Some("0190a000-0000-7000-8000-000000000001".to_owned());
    let message_id = job.message_id.clone();
    referee.send(job);
    with_logs(&mail, async {
        mail.arrival("carl", PATIENCE, |_| true).await?;
        referee
            .until("the report", |state| !state.arrived("INBOX").is_empty())
            .await;
        anyhow::Ok(())
    })
    .await?;
    let kind = {
        let state = referee.state();
        parse(state.raw(state.arrived("INBOX")[0]))?.kind
    };
    let MailKind::Bounce {
        action: BounceAction::Delivered | BounceAction::Relayed,
        original_message_id,
        ..
    } = &kind
    else {
        panic!("{kind:?}");
    };
    assert_eq!(original_message_id.as_deref(), Some(message_id.as_str()));
    host.stop().await;
    Ok(())
}
