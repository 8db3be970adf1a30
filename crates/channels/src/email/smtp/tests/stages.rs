//! A server that hangs up, or falls silent, at each stage of the dialogue. Whatever the stage, it is known whether the message may
//! have been taken: only behind the final dot it is not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::*;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Greeting,
    Hello,
    SignIn,
    Sender,
    Recipient,
    Data,
    Body,
    Dot,
}

const STAGES: [Stage; 8] = [
    Stage::Greeting,
    Stage::Hello,
    Stage::SignIn,
    Stage::Sender,
    Stage::Recipient,
    Stage::Data,
    Stage::Body,
    Stage::Dot,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    HangsUp,
    FallsSilent,
}

/// Answers until `stage`, then hangs up, or does nothing more.
async fn faulty(stage: Stage, fault: Fault) -> EmailAccount {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let (read, mut write) = stream.split();
        let mut lines = BufReader::new(read);
        let mut line = String::new();
        let mut at = Stage::Greeting;
        loop {
            if at == stage {
                if fault == Fault::FallsSilent {
                    // It reads no more, either: the connection stays open for as long as the test runs.
                    std::future::pending::<()>().await;
                }
                return;
            }
            let answer = match at {
                Stage::Greeting => "220 ready\r\n",
                Stage::Hello => "250-x\r\n250 AUTH PLAIN\r\n",
                Stage::SignIn => "235 in\r\n",
                Stage::Sender | Stage::Recipient => "250 ok\r\n",
                Stage::Data => "354 go\r\n",
                Stage::Body => "",
                Stage::Dot => return,
            };
            if write.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
            loop {
                line.clear();
                if lines.read_line(&mut line).await.unwrap_or(0) == 0 {
                    return;
                }
                at = match line.split(' ').next().unwrap_or_default().trim_end() {
                    "EHLO" => Stage::Hello,
                    "AUTH" => Stage::SignIn,
                    "MAIL" => Stage::Sender,
                    "RCPT" => Stage::Recipient,
                    "DATA" => Stage::Data,
                    "." => Stage::Dot,
                    _ if at == Stage::Data => Stage::Body,
                    _ => continue,
                };
                break;
            }
        }
    });
    let endpoint = Endpoint::new("127.0.0.1", port, Security::Plain);
    EmailAccount {
        address: "anna@baton.test".into(),
        display_name: None,
        imap: endpoint.clone(),
        smtp: endpoint,
        user: "anna".into(),
        extra_ca: None,
        sent_folder: None,
        provider_files_sent: false,
        graph: None,
    }
}

async fn send_to(stage: Stage, fault: Fault) -> (Outcome<()>, bool) {
    let account = faulty(stage, fault).await;
    let wait = Duration::from_secs(2);
    let patience = Patience {
        reply: wait,
        piece: wait,
        last: wait,
    };
    // More than the system keeps on the way, so that a server that reads no more is noticed within the body.
    let body = if stage == Stage::Body { 32_000_000 } else { 100 };
    let raw = [b"Subject: x\r\n\r\n".to_vec(), b"line\r\n".repeat(body / 6)].concat();
    let fenced = Arc::new(AtomicBool::new(false));
    let fence = Arc::clone(&fenced);
    let outcome = deliver_within(
        patience,
        &account,
        &Secret::new("pw"),
        &envelope(),
        &raw,
        || async move {
            fence.store(true, Ordering::SeqCst);
            Ok(())
        },
        || true,
    )
    .await;
    (outcome, fenced.load(Ordering::SeqCst))
}

#[tokio::test]
async fn only_behind_the_final_dot_the_outcome_is_unknown() {
    for fault in [Fault::HangsUp, Fault::FallsSilent] {
        let all = futures::future::join_all(STAGES.map(async |stage| (stage, send_to(stage, fault).await))).await;
        for (stage, (outcome, fenced)) in all {
            let right = match stage {
                Stage::Greeting | Stage::Hello | Stage::SignIn | Stage::Sender | Stage::Recipient => {
                    matches!(outcome, Outcome::NotOffered(_)) && !fenced
                }
                Stage::Data | Stage::Body => matches!(outcome, Outcome::Abandoned { .. }) && fenced,
                Stage::Dot => matches!(outcome, Outcome::Unknown { .. }) && fenced,
            };
            assert!(right, "{stage:?} {fault:?}: {outcome:?}, fenced {fenced}");
        }
    }
}
