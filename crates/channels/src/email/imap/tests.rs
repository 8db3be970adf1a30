//! A scripted server that does what real ones do at their worst.

use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::email::account::Security;

/// What the server answers to a command that begins so, its tag written as `TAG`, that of the last IDLE as `WAITER`. An answer that ends in `HANGUP` is the last.
type Answer = (&'static str, &'static str);

const LOGIN: [Answer; 3] = [
    ("CAPABILITY", "* CAPABILITY IMAP4rev1 IDLE\r\nTAG OK done\r\n"),
    ("LOGIN", "TAG OK in\r\n"),
    (
        "EXAMINE",
        "* 3 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n* OK [UIDNEXT 4] ok\r\nTAG OK [READ-ONLY] open\r\n",
    ),
];

async fn open(answers: &[Answer]) -> (ImapConn, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let answers: Vec<Answer> = answers.iter().chain(&LOGIN).copied().collect();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let (read, mut write) = stream.split();
        let mut lines = BufReader::new(read);
        write.write_all(b"* OK ready\r\n").await.unwrap();
        let (mut heard, mut line, mut waiter) = (Vec::new(), String::new(), String::new());
        while lines.read_line(&mut line).await.unwrap_or(0) > 0 {
            let said = std::mem::take(&mut line).trim_end().to_owned();
            let (tag, command) = said.split_once(' ').unwrap_or(("", said.as_str()));
            heard.push(command.to_owned());
            if command == "IDLE" {
                waiter = tag.to_owned();
            }
            if let Some(literal) = command.strip_suffix('}').and_then(|rest| rest.rsplit_once('{')) {
                write.write_all(b"* 4 EXISTS\r\n+ go\r\n").await.unwrap();
                let mut message = vec![0u8; literal.1.parse::<usize>().unwrap() + 2];
                lines.read_exact(&mut message).await.unwrap();
                heard.push(String::from_utf8(message).unwrap());
            }
            let Some((_, answer)) = answers
                .iter()
                .find(|(begin, _)| command.starts_with(begin) || said.starts_with(begin))
            else {
                continue;
            };
            let (answer, last) = answer
                .strip_suffix("HANGUP")
                .map_or((*answer, false), |answer| (answer, true));
            write
                .write_all(answer.replace("TAG", tag).replace("WAITER", &waiter).as_bytes())
                .await
                .unwrap();
            if last {
                return heard;
            }
        }
        heard
    });
    let endpoint = Endpoint::new("127.0.0.1", port, Security::Plain);
    let account = EmailAccount {
        address: "sales@baton.test".into(),
        display_name: None,
        imap: endpoint.clone(),
        smtp: endpoint,
        user: "sales".into(),
        extra_ca: None,
        sent_folder: None,
        provider_files_sent: false,
        graph: None,
    };
    (ImapConn::open(&account, &Secret::new("pw")).await.unwrap(), server)
}

#[tokio::test]
async fn a_refused_command_is_not_an_empty_answer() {
    let (mut conn, _server) = open(&[
        ("UID SEARCH", "TAG NO [SERVERBUG] try later\r\n"),
        ("UID FETCH", "TAG BAD what\r\n"),
        ("LIST", "TAG NO no\r\n"),
    ])
    .await;
    assert!(matches!(conn.search("ALL").await, Err(ImapError::Refused { .. })));
    assert!(matches!(conn.metas(&[1]).await, Err(ImapError::Refused { .. })));
    assert!(matches!(conn.folders(None).await, Err(ImapError::Refused { .. })));
    let opened = conn.examine("INBOX").await.unwrap();
    assert_eq!(
        opened,
        Opened {
            uidvalidity: 7,
            uidnext: 4,
            exists: 3,
            modseq: 0
        },
        "the session goes on"
    );
}

#[tokio::test]
async fn an_end_in_the_middle_of_an_answer_is_not_an_answer() {
    let (mut conn, _server) = open(&[("UID SEARCH", "* SEARCH 1 2\r\nHANGUP")]).await;
    assert!(matches!(
        conn.search("ALL").await,
        Err(ImapError::Lost(ConnectError::Closed { .. }))
    ));
    assert!(
        matches!(
            conn.search("ALL").await,
            Err(ImapError::Lost(ConnectError::Closed { .. }))
        ),
        "no session is left"
    );
}

#[tokio::test]
async fn a_line_that_is_not_imap_is_told_from_a_lost_connection() {
    let (mut conn, _server) = open(&[(
        "UID FETCH",
        "* 1 FETCH (UID 1 FLAGS (\u{1}) RFC822.SIZE\r\nTAG OK done\r\n",
    )])
    .await;
    assert_eq!(conn.metas(&[1]).await, Err(ImapError::Unparsable));
}

#[tokio::test]
async fn an_abandoned_command_leaves_no_session_behind() {
    let (mut conn, _server) = open(&[]).await;
    let waited = tokio::time::timeout(Duration::from_millis(50), conn.search("NEVER ANSWERED")).await;
    assert!(waited.is_err());
    assert!(
        matches!(conn.noop().await, Err(ImapError::Lost(_))),
        "its late answer can't answer the next command"
    );
}

#[tokio::test]
async fn only_what_was_asked_for_counts_as_an_answer() {
    let answer = "* 2 FETCH (FLAGS (\\Seen) UID 2)\r\n* 9 FETCH (UID 9 BODY[] {2}\r\nno)\r\n* 1 FETCH (UID 1 BODY[] {4}\r\nbody)\r\nTAG OK done\r\n";
    let (mut conn, _server) = open(&[("UID FETCH", answer)]).await;
    let meta = |uid| MessageMeta {
        uid,
        size: 4,
        internal_date: None,
        flags: vec![],
        labels: vec![],
        provider_id: None,
    };
    let bodies = conn.bodies(&[meta(1), meta(2)]).await.unwrap();
    assert_eq!(
        bodies,
        [Body {
            uid: 1,
            bytes: b"body".to_vec()
        }],
        "two did not come, nine was not asked"
    );
}

#[tokio::test]
async fn a_copy_is_filed_although_another_line_stands_before_the_plus() {
    let (mut conn, server) = open(&[("APPEND", "TAG OK [APPENDUID 7 44] done\r\n")]).await;
    assert_eq!(
        conn.append("Sent", b"Subject: x\r\n\r\nhi").await.unwrap().at,
        Some((7, 44))
    );
    drop(conn);
    let heard = server.await.unwrap();
    assert!(heard.iter().any(|line| line == "Subject: x\r\n\r\nhi\r\n"), "{heard:?}");
}

#[tokio::test]
async fn a_connection_that_ends_while_waiting_is_not_our_own_stop() {
    let (mut conn, _server) = open(&[("IDLE", "+ waiting\r\nHANGUP")]).await;
    let stop = CancellationToken::new();
    assert!(matches!(
        conn.idle(Duration::from_secs(30), &stop).await,
        Err(ImapError::Lost(_))
    ));
}

#[tokio::test]
async fn what_comes_with_the_agreement_to_wait_is_news() {
    let (mut conn, _server) = open(&[("IDLE", "* 4 EXISTS\r\n+ waiting\r\n"), ("DONE", "WAITER OK done\r\n")]).await;
    let stop = CancellationToken::new();
    assert_eq!(conn.idle(Duration::from_secs(30), &stop).await, Ok(IdleEnd::News));
}

#[tokio::test]
async fn waiting_stops_when_told_and_the_session_goes_on() {
    let (mut conn, _server) = open(&[("IDLE", "+ waiting\r\n"), ("DONE", "WAITER OK done\r\n")]).await;
    let stop = CancellationToken::new();
    stop.cancel();
    assert_eq!(conn.idle(Duration::from_secs(30), &stop).await, Ok(IdleEnd::Stopped));
    assert!(conn.examine("INBOX").await.is_ok());
}

/// A server that offers these, and nothing changed before 40.
fn known() -> Known {
    Known {
        uidvalidity: 7,
        modseq: 40,
        lowest: 1,
        highest: 8,
    }
}

#[tokio::test]
async fn with_qresync_opening_a_folder_tells_what_changed() {
    let (mut conn, server) = open(&[
        ("CAPABILITY", "* CAPABILITY IMAP4rev1 ENABLE CONDSTORE QRESYNC\r\nTAG OK done\r\n"),
        ("ENABLE", "* ENABLED QRESYNC\r\nTAG OK done\r\n"),
        ("EXAMINE", "* 6 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n* OK [UIDNEXT 10] ok\r\n* OK [HIGHESTMODSEQ 55] ok\r\n* VANISHED (EARLIER) 2:3,5,9\r\n* 1 FETCH (UID 1 FLAGS (\\Seen) MODSEQ (54))\r\n* 6 FETCH (UID 9 FLAGS () MODSEQ (55))\r\nTAG OK [READ-ONLY] open\r\n"),
        ("UID FETCH", "* VANISHED (EARLIER) 4\r\n* 2 FETCH (UID 6 FLAGS (\\Answered) MODSEQ (60))\r\nTAG OK done\r\n"),
    ])
    .await;
    let (opened, changes) = conn.examine_since("INBOX", Some(&known())).await.unwrap();
    assert_eq!((opened.exists, opened.modseq), (6, 55));
    let changes = changes.unwrap();
    assert_eq!(
        changes.flags,
        [(1, vec!["\\Seen".to_owned()])],
        "nine was not received yet"
    );
    assert_eq!((changes.gone, changes.modseq), (vec![(2, 3), (5, 5)], 55));
    let later = conn.changes(&Known { modseq: 55, ..known() }).await.unwrap();
    assert_eq!(later.flags, [(6, vec!["\\Answered".to_owned()])]);
    assert_eq!((later.gone, later.only, later.modseq), (vec![(4, 4)], None, 60));
    drop(conn);
    let heard = server.await.unwrap();
    assert!(
        heard.contains(&"EXAMINE \"INBOX\" (QRESYNC (7 40 1:8))".to_owned()),
        "{heard:?}"
    );
    assert!(
        heard.contains(&"UID FETCH 1:8 (UID FLAGS) (CHANGEDSINCE 55 VANISHED)".to_owned()),
        "{heard:?}"
    );
}

#[tokio::test]
async fn a_renumbered_folder_tells_no_changes() {
    let (mut conn, _server) = open(&[
        ("CAPABILITY", "* CAPABILITY IMAP4rev1 ENABLE QRESYNC\r\nTAG OK done\r\n"),
        ("ENABLE", "* ENABLED QRESYNC\r\nTAG OK done\r\n"),
        ("EXAMINE", "* 6 EXISTS\r\n* OK [UIDVALIDITY 8] ok\r\n* OK [UIDNEXT 10] ok\r\n* OK [NOMODSEQ] none\r\nTAG OK [READ-ONLY] open\r\n"),
    ])
    .await;
    let (opened, changes) = conn.examine_since("INBOX", Some(&known())).await.unwrap();
    assert_eq!((opened.uidvalidity, opened.modseq, changes), (8, 0, None));
}

#[tokio::test]
async fn with_condstore_flags_are_told_and_removals_seen_in_what_is_left() {
    let (mut conn, server) = open(&[
        ("CAPABILITY", "* CAPABILITY IMAP4rev1 CONDSTORE\r\nTAG OK done\r\n"),
        (
            "UID FETCH",
            "* 2 FETCH (UID 6 FLAGS (\\Seen) MODSEQ (60))\r\nTAG OK done\r\n",
        ),
        ("UID SEARCH", "* SEARCH 1 6 8\r\nTAG OK done\r\n"),
    ])
    .await;
    conn.examine_since("INBOX", Some(&known())).await.unwrap();
    let changes = conn.changes(&known()).await.unwrap();
    assert_eq!(changes.only, Some((1, 8, vec![1, 6, 8])));
    assert_eq!(changes.modseq, 60);
    drop(conn);
    let heard = server.await.unwrap();
    assert!(heard.contains(&"EXAMINE \"INBOX\" (CONDSTORE)".to_owned()), "{heard:?}");
    assert!(
        heard.contains(&"UID FETCH 1:8 (UID FLAGS) (CHANGEDSINCE 40)".to_owned()),
        "{heard:?}"
    );
}

#[tokio::test]
async fn without_either_a_window_of_the_newest_is_compared() {
    let (mut conn, server) = open(&[(
        "UID FETCH",
        "* 1 FETCH (UID 1500 FLAGS (\\Seen))\r\n* 2 FETCH (UID 2000 FLAGS ())\r\nTAG OK done\r\n",
    )])
    .await;
    let known = Known {
        modseq: 0,
        highest: 2000,
        ..known()
    };
    let (_, changes) = conn.examine_since("INBOX", Some(&known)).await.unwrap();
    assert_eq!(changes, None);
    let changes = conn.changes(&known).await.unwrap();
    assert_eq!(changes.only, Some((1001, 2000, vec![1500, 2000])));
    drop(conn);
    let heard = server.await.unwrap();
    assert!(heard.contains(&"EXAMINE \"INBOX\"".to_owned()), "{heard:?}");
    assert!(
        heard.contains(&"UID FETCH 1001:2000 (UID FLAGS)".to_owned()),
        "{heard:?}"
    );
}

#[tokio::test]
async fn what_came_before_the_end_is_kept() {
    let (mut conn, _server) = open(&[(
        "UID FETCH",
        "* 1 FETCH (UID 1 BODY[] {4}\r\nbody)\r\n* 2 FETCH (UID 2 BODY[] {9}\r\nhalHANGUP",
    )])
    .await;
    let mut found = std::collections::HashMap::new();
    assert!(matches!(conn.whole(&[1, 2], &mut found).await, Err(ImapError::Lost(_))));
    assert_eq!(found.into_iter().collect::<Vec<_>>(), [(1, b"body".to_vec())]);
}
