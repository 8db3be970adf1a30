//! The harness itself: each part is what the stories take it for.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use baton_tests::clock::TestClock;
use baton_tests::desktop::{Desktop, Start, testid};
use baton_tests::mail::{MailHost, Seed};
use baton_tests::port::Port;
use baton_tests::postgres::Postgres;
use baton_tests::process::{Part, eventually, output};
use baton_tests::programs::system;
use baton_tests::scratch::Scratch;
use baton_tests::session::Session;
use baton_tests::wire::Wire;
use thirtyfour::Key;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const SOON: Duration = Duration::from_secs(20);

const ENQUIRY: &[u8] = b"From: Carl Customer <carl@baton.test>\r\n\
To: sales@baton.test\r\n\
Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=, 40 seats?\r\n\
Message-ID: <enquiry-1@baton.test>\r\n\
Date: Thu, 19 Nov 2026 09:00:00 +0100\r\n\
MIME-Version: 1.0\r\n\
Content-Type: text/plain; charset=utf-8\r\n\
\r\n\
What do 40 seats cost?\r\n";

#[tokio::test]
async fn a_letter_goes_from_smtp_to_a_mailbox_that_another_client_reads() {
    let mail = MailHost::start().await.unwrap();
    mail.deliver("carl", &["sales"], ENQUIRY).await.unwrap();
    let letter = mail
        .arrival("sales", SOON, |letter| letter.message_id() == "<enquiry-1@baton.test>")
        .await
        .unwrap();
    assert_eq!(letter.subject(), "Grüße, 40 seats?");
    assert_eq!(letter.text.trim(), "What do 40 seats cost?");
    assert!(letter.flags.iter().all(|flag| flag != "\\Seen"), "{:?}", letter.flags);
    assert!(mail.inbox_of("carl").await.unwrap().is_empty());
    assert_eq!(mail.deliveries().unwrap(), 1);
}

#[tokio::test]
async fn mailboxes_survive_a_power_cut_and_hold_old_letters() {
    let mut mail = MailHost::start().await.unwrap();
    let old = Seed::new(ENQUIRY, 1_500_000_000_000, &["\\Seen"]);
    mail.seed("sales", "Archive", &[old.clone(), old]).await.unwrap();
    mail.halt();
    assert!(mail.inbox_of("sales").await.is_err());
    mail.resume().await.unwrap();
    let letters = mail.folder_of("sales", "Archive").await.unwrap();
    assert_eq!(letters.len(), 2);
    assert!(letters[0].flags.contains(&"\\Seen".to_owned()));
}

#[tokio::test]
async fn mail_for_other_domains_never_leaves_this_machine() {
    let mail = MailHost::start().await.unwrap();
    let refused = mail
        .deliver("carl", &["someone@elsewhere.test"], ENQUIRY)
        .await
        .unwrap_err();
    assert!(
        refused.to_string().contains("only baton.test is delivered here"),
        "{refused:?}"
    );
}

#[tokio::test]
async fn postgres_answers_and_keeps_databases_apart() {
    let postgres = Postgres::start().await.unwrap();
    let other = postgres.database("other").await.unwrap();
    assert_ne!(postgres.url(), other);
    postgres.ask("other", "create table lead(id int)").await.unwrap();
    assert_eq!(postgres.ask("other", "select count(*) from lead").await.unwrap(), "0");
    assert!(postgres.ask("baton", "select count(*) from lead").await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_arrives_and_the_pressed_button_comes_back() {
    let session = Session::start("anna").await.unwrap();
    let mut send = session.command(system("notify-send").unwrap());
    send.args([
        "--app-name=Baton",
        "--action=open=Open",
        "--action=hour=In 1 hour",
        "Follow-up due",
        "Acme, 40 seats",
    ]);
    let asked = tokio::spawn(async move { output(send, &[]).await });
    let shown = session
        .notifications()
        .wait_for(SOON, |one| one.summary == "Follow-up due")
        .await
        .unwrap();
    assert_eq!((shown.app.as_str(), shown.body.as_str()), ("Baton", "Acme, 40 seats"));
    assert_eq!(shown.action_labelled("In 1 hour"), Some("hour"));
    session.notifications().press(&shown, "In 1 hour").await.unwrap();
    assert_eq!(String::from_utf8(asked.await.unwrap().unwrap()).unwrap().trim(), "hour");
    assert!(session.notifications().shown()[0].closed);
    assert!(session.notifications().press(&shown, "Done").await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_share_no_bus_no_home_and_no_screen() {
    let anna = Session::start("anna").await.unwrap();
    let ben = Session::start("ben").await.unwrap();
    let mut send = anna.command(system("notify-send").unwrap());
    send.arg("For Anna only");
    output(send, &[]).await.unwrap();
    anna.notifications()
        .wait_for(SOON, |one| one.summary == "For Anna only")
        .await
        .unwrap();
    assert!(ben.notifications().shown().is_empty());
    for (name, value) in anna.environment() {
        let same = ben
            .environment()
            .into_iter()
            .any(|other| other == (name, value.clone()));
        let shared = [
            "PATH",
            "LANG",
            "TZ",
            "XDG_SESSION_TYPE",
            "NO_AT_BRIDGE",
            "RUST_BACKTRACE",
        ]
        .contains(&name);
        assert_eq!(same, shared, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_kept_by_the_session_and_gone_with_its_service() {
    let mut session = Session::start("ben").await.unwrap();
    let tool = system("secret-tool").unwrap();
    let mut store = session.command(&tool);
    store.args(["store", "--label=Baton", "service", "baton", "account", "ben"]);
    output(store, b"hunter2").await.unwrap();
    let mut lookup = session.command(&tool);
    lookup.args(["lookup", "service", "baton", "account", "ben"]);
    assert_eq!(output(lookup, &[]).await.unwrap(), b"hunter2");
    session.must_be_whole().unwrap();
    session.end_secret_service();
    let mut lookup = session.command(&tool);
    lookup.args(["lookup", "service", "baton", "account", "ben"]);
    assert!(output(lookup, &[]).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_is_read_typed_into_pictured_closed_and_opened_again() {
    let session = Session::start("anna").await.unwrap();
    let start = Start::default()
        .program(mini_browser(), "MiniBrowser")
        .argument("--automation");
    let mut desktop = Desktop::open(session, start).await.unwrap();
    desktop.window().unwrap().goto(PAGE).await.unwrap();
    desktop.wait_for(&testid("owner"), SOON).await.unwrap();
    assert!(!desktop.has(&testid("absent")).await.unwrap());
    desktop.type_into(&testid("composer-text"), "H", SOON).await.unwrap();
    desktop
        .wait_until(&testid("status"), SOON, |text| text == "You are replying")
        .await
        .unwrap();
    desktop.press("ello").await.unwrap();
    assert_eq!(desktop.value(&testid("composer-text")).await.unwrap(), "Hello");
    desktop.press_with(Key::Control, Key::Enter).await.unwrap();
    desktop
        .wait_until(&testid("status"), SOON, |text| text == "Sent")
        .await
        .unwrap();
    desktop.wait_gone(&testid("composer-text"), SOON).await.unwrap();

    let pictures = ["before.png", "after.png"].map(|name| desktop.session().aside(name));
    desktop.screenshot(&pictures[0]).await.unwrap();
    desktop.click(&testid("owner"), SOON).await.unwrap();
    desktop.screenshot(&pictures[1]).await.unwrap();
    let [before, after] = pictures.map(|file| std::fs::read(file).unwrap());
    assert_ne!(before, after, "the picture shows the page as it was before the click");

    let first = desktop.process().unwrap();
    desktop.crash().await.unwrap();
    desktop.reopen().await.unwrap();
    let second = desktop.process().unwrap();
    assert_ne!(first, second);
    desktop.restart().await.unwrap();
    assert_ne!(second, desktop.process().unwrap());
    let missing = desktop
        .wait_for(&testid("owner"), Duration::from_millis(100))
        .await
        .unwrap_err();
    assert!(format!("{missing:#}").contains("the page says"), "{missing:#}");
}

/// A page with the hooks of a conversation, small enough for a link.
const PAGE: &str = "data:text/html,<button data-testid=owner onclick=\"document.body.style.background='black'\">Take</button>\
<p data-testid=status>Unassigned</p>\
<input data-testid=composer-text oninput=\"document.querySelector('p').textContent='You are replying'\" \
onkeydown=\"if(event.ctrlKey%26%26event.key=='Enter'){this.hidden=true;document.querySelector('p').textContent='Sent'}\">";

/// The bare window that the WebKit library brings along.
fn mini_browser() -> PathBuf {
    let found = std::fs::read_dir("/usr/lib").unwrap().flatten();
    found
        .map(|entry| entry.path().join("webkit2gtk-4.1/MiniBrowser"))
        .find(|path| path.is_file())
        .unwrap()
}

#[tokio::test]
async fn a_part_takes_its_children_with_it() {
    let scratch = Scratch::new("part").unwrap();
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "sleep 1000 & echo $!; wait"]);
    let part = Part::start("shell", shell, &scratch.join("log")).unwrap();
    let child: u32 = eventually("the child", SOON, async || Ok(part.log().trim().parse().ok()))
        .await
        .unwrap();
    assert!(running(child));
    drop(part);
    eventually("the child to end", SOON, async || Ok((!running(child)).then_some(())))
        .await
        .unwrap();
}

/// Whether a process runs; one that ended and was not yet collected by its parent does not.
fn running(id: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{id}/stat"))
        .is_ok_and(|stat| !stat.rsplit_once(')').unwrap().1.trim_start().starts_with('Z'))
}

#[test]
fn a_claimed_port_is_given_to_nobody_else() {
    let ports: Vec<Port> = (0..20).map(|_| Port::claim().unwrap()).collect();
    let mut numbers: Vec<u16> = ports.iter().map(Port::number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), ports.len());
}

#[test]
fn the_clock_of_a_test_moves_by_what_is_written() {
    let clock = TestClock::starting_at(1_795_000_000_000).unwrap();
    let before = clock.now_ms().unwrap();
    clock.advance_ms(3_600_000).unwrap();
    let moved = clock.now_ms().unwrap() - before;
    assert!((3_600_000..3_660_000).contains(&moved), "{moved}");
}

#[tokio::test]
async fn a_cut_wire_is_silent_and_a_mended_one_carries_again() {
    let echo = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let wire = Wire::to(echo.local_addr().unwrap().port()).await.unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = echo.accept().await {
            tokio::spawn(async move {
                let (mut read, mut write) = stream.split();
                tokio::io::copy(&mut read, &mut write).await
            });
        }
    });
    let mut first = connect(&wire).await;
    assert_eq!(ask(&mut first, b"one").await, Some(b"one".to_vec()));
    wire.cut();
    assert_eq!(ask(&mut first, b"two").await, None);
    let mut second = connect(&wire).await;
    assert_eq!(ask(&mut second, b"three").await, None);
    wire.mend();
    let mut third = connect(&wire).await;
    assert_eq!(ask(&mut third, b"four").await, Some(b"four".to_vec()));
}

async fn connect(wire: &Wire) -> TcpStream {
    TcpStream::connect(wire.url().trim_start_matches("http://"))
        .await
        .unwrap()
}

/// Says something and listens for the echo; none within a moment is none.
async fn ask(stream: &mut TcpStream, words: &[u8]) -> Option<Vec<u8>> {
    stream.write_all(words).await.ok()?;
    let mut heard = vec![0; words.len()];
    let heard_all = tokio::time::timeout(Duration::from_millis(300), stream.read_exact(&mut heard)).await;
    heard_all.ok()?.ok()?;
    Some(heard)
}
