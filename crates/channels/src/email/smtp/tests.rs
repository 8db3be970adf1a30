//! A scripted server: what it says, what it heard, and where it hangs up.

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::*;
use crate::email::account::{Endpoint, Security};

mod stages;

/// What the server does at the end of the body.
#[derive(Clone, Copy)]
enum End {
    Say(&'static str),
    HangUp,
}

#[derive(Clone, Copy)]
struct Script {
    ehlo: &'static str,
    auth: &'static str,
    rcpt: &'static str,
    data: &'static str,
    end: End,
}

const KIND: Script = Script {
    ehlo: "250-x\r\n250-AUTH PLAIN LOGIN\r\n250 SIZE 1000\r\n",
    auth: "235 in\r\n",
    rcpt: "250 ok\r\n",
    data: "354 go\r\n",
    end: End::Say("250 2.0.0 queued as 7\r\n"),
};

/// A server on a free port; its task gives back every line it heard.
async fn server(script: Script) -> (EmailAccount, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let (read, mut write) = stream.split();
        let mut lines = BufReader::new(read);
        let mut heard = Vec::new();
        write.write_all(b"220 ready\r\n").await.unwrap();
        let mut line = String::new();
        while lines.read_line(&mut line).await.unwrap_or(0) > 0 {
            let command = std::mem::take(&mut line).trim_end().to_owned();
            heard.push(command.clone());
            let answer = match command.split(' ').next().unwrap() {
                "EHLO" => script.ehlo,
                "AUTH" => script.auth,
                "MAIL" => "250 ok\r\n",
                "RCPT" => script.rcpt,
                "DATA" => script.data,
                "." => match script.end {
                    End::Say(words) => words,
                    End::HangUp => return heard,
                },
                "QUIT" => "221 bye\r\n",
                _ => continue,
            };
            write.write_all(answer.as_bytes()).await.unwrap();
        }
        heard
    });
    let endpoint = Endpoint::new("127.0.0.1", port, Security::Plain);
    let account = EmailAccount {
        address: "anna@baton.test".into(),
        display_name: None,
        imap: endpoint.clone(),
        smtp: endpoint,
        user: "anna".into(),
        extra_ca: None,
        sent_folder: None,
        provider_files_sent: false,
        graph: None,
    };
    (account, task)
}

fn envelope() -> Envelope {
    Envelope {
        from: Some("anna@baton.test".into()),
        to: vec!["carl@example.com".into()],
        report: None,
    }
}

async fn send(script: Script, stop: bool, finish: bool) -> (Outcome<&'static str>, Vec<String>) {
    let (account, task) = server(script).await;
    let outcome = deliver(
        &account,
        &Secret::new("pw"),
        &envelope(),
        b"Subject: x\r\n\r\n.hi\r\n",
        || async move { if stop { Err("no") } else { Ok(()) } },
        || finish,
    )
    .await;
    (outcome, task.await.unwrap())
}

#[tokio::test]
async fn a_taken_message_is_sent_with_the_servers_last_words() {
    let (outcome, heard) = send(KIND, false, true).await;
    assert_eq!(
        outcome,
        Outcome::Sent {
            reply: "2.0.0 queued as 7".into()
        }
    );
    let dialogue: Vec<&str> = heard.iter().map(String::as_str).skip(1).collect();
    assert_eq!(
        dialogue,
        [
            "AUTH PLAIN AGFubmEAcHc=",
            "MAIL FROM:<anna@baton.test> SIZE=19",
            "RCPT TO:<carl@example.com>",
            "DATA",
            "Subject: x",
            "",
            "..hi",
            ".",
            "QUIT"
        ]
    );
}

#[tokio::test]
async fn a_stop_before_the_body_offers_nothing() {
    let (outcome, heard) = send(KIND, true, true).await;
    assert_eq!(outcome, Outcome::Stopped("no"));
    assert!(!heard.iter().any(|line| line == "DATA"));
}

#[tokio::test]
async fn a_lease_lost_before_the_final_dot_drops_the_message() {
    let (outcome, heard) = send(KIND, false, false).await;
    assert!(matches!(outcome, Outcome::Abandoned { .. }));
    assert!(heard.iter().any(|line| line == "..hi") && !heard.iter().any(|line| line == "." || line == "QUIT"));
}

#[tokio::test]
async fn silence_after_the_final_dot_is_unknown() {
    let (outcome, _) = send(
        Script {
            end: End::HangUp,
            ..KIND
        },
        false,
        true,
    )
    .await;
    assert!(matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");
    let (outcome, _) = send(
        Script {
            end: End::Say("what?\r\n"),
            ..KIND
        },
        false,
        true,
    )
    .await;
    assert!(matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");
}

#[tokio::test]
async fn a_refusal_is_told_from_a_request_for_patience() {
    let (outcome, heard) = send(
        Script {
            rcpt: "550-5.1.1 no such\r\n550 5.1.1 user\r\n",
            ..KIND
        },
        false,
        true,
    )
    .await;
    assert_eq!(
        outcome,
        Outcome::Rejected {
            code: 550,
            text: "carl@example.com: 5.1.1 no such 5.1.1 user".into(),
            permanent: true
        }
    );
    assert!(!heard.iter().any(|line| line == "DATA"));
    let (outcome, _) = send(
        Script {
            rcpt: "451 greylisted\r\n",
            ..KIND
        },
        false,
        true,
    )
    .await;
    assert_eq!(
        outcome,
        Outcome::Rejected {
            code: 451,
            text: "carl@example.com: greylisted".into(),
            permanent: false
        }
    );
    let (outcome, _) = send(
        Script {
            end: End::Say("554 spam\r\n"),
            ..KIND
        },
        false,
        true,
    )
    .await;
    assert_eq!(
        outcome,
        Outcome::Rejected {
            code: 554,
            text: "spam".into(),
            permanent: true
        }
    );
    let (outcome, _) = send(
        Script {
            data: "452 full\r\n",
            ..KIND
        },
        false,
        true,
    )
    .await;
    assert_eq!(
        outcome,
        Outcome::Rejected {
            code: 452,
            text: "full".into(),
            permanent: false
        }
    );
}

#[tokio::test]
async fn what_stands_before_the_body_is_not_offered() {
    let (outcome, _) = send(
        Script {
            auth: "535 5.7.8 wrong\r\n",
            ..KIND
        },
        false,
        true,
    )
    .await;
    assert_eq!(
        outcome,
        Outcome::NotOffered(ConnectError::WrongPassword {
            host: "127.0.0.1".into(),
            user: "anna".into(),
            reply: "5.7.8 wrong".into()
        })
    );
    let (account, task) = server(Script {
        ehlo: "250-x\r\n250 AUTH XOAUTH2\r\n",
        ..KIND
    })
    .await;
    assert!(matches!(
        check(&account, &Secret::new("pw")).await,
        Err(ConnectError::NoLoginOffered { .. })
    ));
    task.await.unwrap();
}

#[tokio::test]
async fn a_message_too_large_is_told_before_it_goes_up() {
    let (account, task) = server(KIND).await;
    let outcome: Outcome<()> = deliver(
        &account,
        &Secret::new("pw"),
        &envelope(),
        &[b'a'; 2000],
        || async { Ok(()) },
        || true,
    )
    .await;
    assert!(matches!(
        outcome,
        Outcome::Rejected {
            code: 552,
            permanent: true,
            ..
        }
    ));
    assert!(!task.await.unwrap().iter().any(|line| line.starts_with("MAIL")));
}

#[tokio::test]
async fn without_tls_nothing_is_said_to_a_stranger() {
    let (mut account, task) = server(KIND).await;
    account.smtp.security = Security::StartTls;
    assert!(matches!(
        check(&account, &Secret::new("pw")).await,
        Err(ConnectError::NoTlsOffered { .. })
    ));
    assert!(!task.await.unwrap().iter().any(|line| line.starts_with("AUTH")));
    account.smtp = Endpoint::new("mail.example.com", 25, Security::Plain);
    assert!(matches!(
        check(&account, &Secret::new("pw")).await,
        Err(ConnectError::PlainNotAllowed { .. })
    ));
}

#[tokio::test]
async fn a_server_that_hangs_up_in_the_middle_of_the_body_has_not_taken_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        for answer in ["220 x\r\n", "250 x\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n"] {
            stream.write_all(answer.as_bytes()).await.unwrap();
            if !answer.starts_with("354") {
                let mut buffer = [0u8; 512];
                let _ = stream.read(&mut buffer).await.unwrap();
            }
        }
    });
    let endpoint = Endpoint::new("127.0.0.1", port, Security::Plain);
    let account = EmailAccount {
        address: "a@b.test".into(),
        display_name: None,
        imap: endpoint.clone(),
        smtp: endpoint,
        user: "a".into(),
        extra_ca: None,
        sent_folder: None,
        provider_files_sent: false,
        graph: None,
    };
    let large = b"line of text\r\n".repeat(2_000_000);
    let outcome: Outcome<()> = deliver(
        &account,
        &Secret::new("pw"),
        &envelope(),
        &large,
        || async { Ok(()) },
        || panic!("it never comes to the dot"),
    )
    .await;
    task.await.unwrap();
    assert!(matches!(outcome, Outcome::Abandoned { .. }), "{outcome:?}");
}

#[tokio::test]
async fn a_receipt_is_asked_for_where_it_is_offered_and_the_message_goes_without_where_not() {
    let dsn = Script {
        ehlo: "250-x\r\n250-DSN\r\n250 AUTH PLAIN\r\n",
        ..KIND
    };
    for (script, mail, rcpt) in [
        (
            dsn,
            "MAIL FROM:<anna@baton.test> RET=HDRS ENVID=0190a000-7",
            "RCPT TO:<carl@example.com> NOTIFY=SUCCESS,FAILURE,DELAY",
        ),
        (KIND, "MAIL FROM:<anna@baton.test> SIZE=5", "RCPT TO:<carl@example.com>"),
    ] {
        let (account, task) = server(script).await;
        let envelope = Envelope {
            report: Some("0190a000-7".into()),
            ..envelope()
        };
        let outcome: Outcome<()> = deliver(
            &account,
            &Secret::new("pw"),
            &envelope,
            b"x\r\n\r\n",
            || async { Ok(()) },
            || true,
        )
        .await;
        assert!(matches!(outcome, Outcome::Sent { .. }));
        let heard = task.await.unwrap();
        assert!(heard.iter().any(|line| line.starts_with(mail)), "{heard:?}");
        assert!(heard.iter().any(|line| line == rcpt), "{heard:?}");
    }
}

#[tokio::test]
async fn letters_beyond_ascii_before_the_at_need_a_server_that_takes_them() {
    let utf8 = Script {
        ehlo: "250-x\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 AUTH PLAIN\r\n",
        ..KIND
    };
    let to = |address: &str| Envelope {
        to: vec![address.into()],
        ..envelope()
    };
    let send = async |script: Script, envelope: Envelope| {
        let (account, task) = server(script).await;
        let outcome: Outcome<()> = deliver(
            &account,
            &Secret::new("pw"),
            &envelope,
            b"x\r\n",
            || async { Ok(()) },
            || true,
        )
        .await;
        (outcome, task.await.unwrap())
    };
    let (outcome, heard) = send(KIND, to("jürgen@bücher.example")).await;
    let Outcome::Rejected {
        code: 553,
        text,
        permanent: true,
    } = outcome
    else {
        panic!("{outcome:?}");
    };
    assert!(text.contains("jürgen@xn--bcher-kva.example"), "{text}");
    assert_eq!(
        refusal::meaning(&format!("553 {text}")),
        Some(baton_domain::SendProblem::ForeignLetters)
    );
    assert!(
        !heard.iter().any(|line| line.starts_with("MAIL")),
        "it fails before anything is offered"
    );
    let (outcome, heard) = send(utf8, to("jürgen@bücher.example")).await;
    assert!(matches!(outcome, Outcome::Sent { .. }), "{outcome:?}");
    assert!(heard.iter().any(|line| line == "MAIL FROM:<anna@baton.test> SMTPUTF8"));
    let (outcome, heard) = send(KIND, to("juergen@bücher.example")).await;
    assert!(
        matches!(outcome, Outcome::Sent { .. }),
        "a domain has a spelling in ASCII: {outcome:?}"
    );
    assert!(
        heard
            .iter()
            .any(|line| line == "RCPT TO:<juergen@xn--bcher-kva.example>")
    );
}

#[tokio::test]
async fn what_a_provider_takes_is_known_before_anything_is_written() {
    let (account, task) = server(KIND).await;
    let offers = check(&account, &Secret::new("pw")).await.unwrap();
    task.await.unwrap();
    assert_eq!(
        offers,
        Offers {
            size_limit: Some(1000),
            foreign_letters: false,
            receipts: false
        }
    );
}
