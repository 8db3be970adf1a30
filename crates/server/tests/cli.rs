//! The program as its operator uses it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use reqwest::StatusCode;

const PROGRAM: &str = env!("CARGO_BIN_EXE_baton-server");

/// A command that ends: whether it succeeded, and what it printed.
fn run(command: &[&str], data: &Path, input: &str) -> (bool, String) {
    let mut child = Command::new(PROGRAM)
        .args(command)
        .arg("--data")
        .arg(data)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = [output.stdout, output.stderr]
        .map(|bytes| String::from_utf8(bytes).unwrap())
        .concat();
    (output.status.success(), text)
}

fn done(command: &[&str], data: &Path, input: &str) -> String {
    let (good, text) = run(command, data, input);
    assert!(good, "{command:?}: {text}");
    text
}

fn refused(command: &[&str], data: &Path, input: &str) -> String {
    let (good, text) = run(command, data, input);
    assert!(!good, "{command:?}: {text}");
    text
}

/// A running server.
struct Serving {
    child: Child,
    url: String,
    out: BufReader<ChildStdout>,
}

impl Serving {
    fn start(data: &Path) -> Self {
        let mut child = Command::new(PROGRAM)
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").expect(&line).to_owned();
        Self { child, url, out }
    }

    fn stop(mut self) -> bool {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.child.wait().unwrap().success()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn sign_in(url: &str, email: &str, password: &str) -> StatusCode {
    let who = serde_json::json!({
        "email": email, "password": password, "device": uuid::Uuid::nil(), "deviceName": "a test",
    });
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    http.post(format!("{url}/v1/sign-in"))
        .json(&who)
        .send()
        .await
        .unwrap()
        .status()
}

const ANNA: [&str; 8] = [
    "member",
    "add",
    "--name",
    "Anna Berger",
    "--email",
    "anna@murmel.example",
    "--role",
    "admin",
];

fn with<'a>(command: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [command, more].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn members_are_added_before_and_under_a_running_server() {
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("data");
    let mut serving = Serving::start(&data);
    let mut words = String::new();
    serving.out.read_line(&mut words).unwrap();
    serving.out.read_line(&mut words).unwrap();
    assert!(words.contains("member add --data"), "{words}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&data).unwrap().permissions().mode() & 0o777, 0o700);
    }
    assert_eq!(
        sign_in(&serving.url, "anna@murmel.example", "correct horse").await,
        StatusCode::UNAUTHORIZED
    );
    done(&with(&ANNA, &["--password-stdin"]), &data, "correct horse\n");
    assert_eq!(
        sign_in(&serving.url, "anna@murmel.example", "correct horse").await,
        StatusCode::OK
    );
    let again = refused(&with(&ANNA, &["--password-stdin"]), &data, "correct horse");
    assert!(again.contains("already"), "{again}");
    let last = refused(&["member", "remove", "--email", "anna@murmel.example"], &data, "");
    assert!(last.contains("only admin"), "{last}");
    assert!(serving.stop());

    let ben = [
        "member",
        "add",
        "--name",
        "Ben Okafor",
        "--email",
        "ben@murmel.example",
        "--role",
        "rep",
        "--invite",
    ];
    assert!(done(&ben, &data, "").contains("code"));
    let short = refused(&with(&ANNA, &["--password-stdin"]), &data, "short");
    assert!(short.contains("8 characters"), "{short}");
    let list = done(&["member", "list"], &data, "");
    assert!(list.contains("Anna Berger") && !list.contains("Ben"), "{list}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_mailbox_is_told_in_words_and_nothing_of_it_stays() {
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("data");
    let add = [
        "account",
        "add",
        "--address",
        "sales@murmel.example",
        "--name",
        "Murmel",
        "--imap",
        "127.0.0.1:1:plain",
        "--smtp",
        "127.0.0.1:1:plain",
        "--inbox",
        "Sales",
        "--password-stdin",
    ];
    let words = refused(&add, &data, "secret-of-the-mailbox");
    assert!(
        words.contains("127.0.0.1:1") && words.contains("can't be reached"),
        "{words}"
    );
    assert!(done(&["account", "list"], &data, "").contains("no mailbox"));
    done(&with(&add, &["--without-test"]), &data, "secret-of-the-mailbox");
    assert!(done(&["inbox", "list"], &data, "").contains("Sales  sales@murmel.example"));
    // The password lies nowhere as it is.
    for entry in std::fs::read_dir(&data)
        .unwrap()
        .flatten()
        .filter(|entry| entry.path().is_file())
    {
        let bytes = std::fs::read(entry.path()).unwrap();
        assert!(
            !bytes.windows(21).any(|window| window == b"secret-of-the-mailbox"),
            "{}",
            entry.path().display()
        );
    }
    let (_, doctor) = run(&["doctor"], &data, "");
    assert!(
        doctor.contains("nobody is an admin") && doctor.contains("127.0.0.1:1"),
        "{doctor}"
    );
}

const MBOX: &str = "From carl Thu Mar 12 14:02:00 2026\nFrom: Carl <carl@example.com>\nTo: sales@murmel.example\n\
    Subject: Old question\nDate: Thu, 12 Mar 2026 14:02:00 +0100\nMessage-ID: <1@example.com>\n\nHow much?\n\n\
    From sales Thu Mar 12 15:02:00 2026\nFrom: Sales <sales@murmel.example>\nTo: carl@example.com\n\
    Subject: Re: Old question\nDate: Thu, 12 Mar 2026 15:02:00 +0100\nMessage-ID: <2@murmel.example>\n\
    In-Reply-To: <1@example.com>\n\nThis much.\n";

#[tokio::test(flavor = "multi_thread")]
async fn old_mail_is_imported_once_and_a_backup_brings_it_back() {
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("data");
    let add = [
        "account",
        "add",
        "--address",
        "sales@murmel.example",
        "--name",
        "Murmel",
        "--imap",
        "127.0.0.1:1:plain",
        "--smtp",
        "127.0.0.1:1:plain",
        "--inbox",
        "Sales",
        "--password-stdin",
        "--without-test",
    ];
    done(&add, &data, "secret");
    done(&with(&ANNA, &["--password-stdin"]), &data, "correct horse");
    let mbox = parent.path().join("old.mbox");
    std::fs::write(&mbox, MBOX).unwrap();
    let import = [
        "import",
        "--account",
        "sales@murmel.example",
        "--mbox",
        mbox.to_str().unwrap(),
    ];
    let first = done(&import, &data, "");
    assert!(first.contains("2 imported, 0 duplicates"), "{first}");
    let second = done(&import, &data, "");
    assert!(second.contains("0 imported") && second.contains("2 known"), "{second}");
    let balance = done(&["balance"], &data, "");
    assert!(balance.contains("received 2 = imported 2"), "{balance}");
    let none = refused(
        &["import", "--account", "sales@murmel.example", "--mbox", PROGRAM],
        &data,
        "",
    );
    assert!(none.contains("not an mbox"), "{none}");

    // While the server runs, and of what it holds then.
    let serving = Serving::start(&data);
    let backup = parent.path().join("hour.backup");
    let to = ["backup", "--to", backup.to_str().unwrap()];
    done(&to, &data, "");
    assert!(refused(&to, &data, "").contains("there already"));
    let from = ["restore", "--from", backup.to_str().unwrap()];
    assert!(refused(&from, &data, "").contains("stop it first"));
    done(
        &[
            "member",
            "add",
            "--name",
            "Ben",
            "--email",
            "ben@murmel.example",
            "--role",
            "rep",
            "--password-stdin",
        ],
        &data,
        "correct horse",
    );
    assert!(serving.stop());
    let words = done(&from, &data, "");
    assert!(words.contains("kept in"), "{words}");
    let list = done(&["member", "list"], &data, "");
    assert!(list.contains("Anna") && !list.contains("Ben"), "{list}");
    let balance = done(&["balance"], &data, "");
    assert!(balance.contains("received 2 = imported 2"), "{balance}");
    let (_, doctor) = run(&["doctor"], &data, "");
    assert!(
        doctor.contains("the log is whole") && !doctor.contains("does not open"),
        "{doctor}"
    );
    let serving = Serving::start(&data);
    assert_eq!(
        sign_in(&serving.url, "anna@murmel.example", "correct horse").await,
        StatusCode::OK
    );
    // Elsewhere, on a fresh machine.
    let elsewhere = parent.path().join("elsewhere");
    done(&from, &elsewhere, "");
    assert!(done(&["member", "list"], &elsewhere, "").contains("Anna"));
    let nonsense = refused(&["restore", "--from", mbox.to_str().unwrap()], &elsewhere, "");
    assert!(nonsense.contains("no backup"), "{nonsense}");
    assert!(done(&["member", "list"], &elsewhere, "").contains("Anna"));
}
