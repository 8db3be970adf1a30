//! Wrong passwords, servers that are not there, and servers that would have the password in the clear.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, bail, ensure};
use baton_domain::AccountMode;
use baton_protocol::{
    BootState, ConnectionReport, ErrorCode, MailProblemKind, MailServer, MailboxSettings, Reply, Request, Security,
    Setup,
};
use baton_tests::clock::TestClock;
use baton_tests::mail::{self, MailHost};
use baton_tests::server::{Database, ServerProcess};
use baton_tests::wire::Wire;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use crate::desk::Desk;
use crate::team::{PASSWORD, SALES, address_of};

/// A port nobody listens at: it is the multiplexer's, which no machine has had for decades.
const NOBODY: u16 = 1;

/// Every way a mailbox is wrong is told on the command line and in the window, and connects nothing. The right one works.
pub async fn of_a_mailbox() -> Result<()> {
    let clock = TestClock::new()?;
    let mail = MailHost::start().await?;
    let mut server = ServerProcess::prepare(Database::Sqlite, &clock)?;
    server.add_member("Ada", &address_of("Ada"), "admin", PASSWORD).await?;
    server.restart().await?;
    let ada = Desk::new("Ada", Wire::to(server.port()).await?).await?;
    ada.join().await?;

    let plain = PlainServer::start().await?;
    let right = right_settings(&mail)?;
    let cases = [
        (
            MailboxSettings {
                password: "not the password".to_owned(),
                ..right.clone()
            },
            MailProblemKind::WrongPassword,
            "does not accept the password",
        ),
        (
            MailboxSettings {
                imap: starttls("127.0.0.1", plain.port),
                ..right.clone()
            },
            MailProblemKind::NoTls,
            "offers no encryption",
        ),
        (
            MailboxSettings {
                imap: starttls("127.0.0.1", NOBODY),
                ..right.clone()
            },
            MailProblemKind::Refused,
            "can't be reached",
        ),
        (
            MailboxSettings {
                extra_ca: None,
                ..right.clone()
            },
            MailProblemKind::Certificate,
            "is not trusted",
        ),
    ];
    for (settings, kind, words) in cases {
        let told = in_a_terminal(&server, &mail, &settings).await;
        let told = told.err().map(|error| format!("{error:#}")).unwrap_or_default();
        let is_told = told.contains(words) && told.contains("Nothing was changed");
        ensure!(is_told, "in a terminal {kind:?} was told as {told:?}");

        let report = tested(&ada, &settings).await?;
        let problems: Vec<_> = report.steps.iter().filter_map(|step| step.problem.as_ref()).collect();
        ensure!(
            !problems.is_empty() && problems.iter().all(|problem| problem.kind == kind),
            "in the window {kind:?} was told as {report:#?}"
        );
        match ada.call(connect(settings)).await {
            Err(error) if error.code == ErrorCode::MailboxRefused => {}
            answer => bail!("a mailbox with {kind:?} was answered {answer:?}"),
        }
        let list = server.cli(&["account", "list"], "").await?;
        ensure!(list.contains("no mailbox yet"), "after {kind:?}: {list}");
    }
    ensure!(!plain.heard_a_secret(), "the password went over the wire in the clear");

    ada.ask(connect(right)).await?;
    let list = server.cli(&["account", "list"], "").await?;
    ensure!(list.contains(&mail::address(SALES)), "{list}");
    Ok(())
}

fn connect(mailbox: MailboxSettings) -> Request {
    let mode = AccountMode::Watch;
    Request::ConnectMailbox {
        mailbox,
        mode,
        folders: Vec::new(),
    }
}

/// Every way of joining a team that is wrong is told, and the desktop stays where it was. The right one works.
pub async fn of_a_team() -> Result<()> {
    let clock = TestClock::new()?;
    let mut server = ServerProcess::prepare(Database::Sqlite, &clock)?;
    server.add_member("Ada", &address_of("Ada"), "admin", PASSWORD).await?;
    server.restart().await?;
    let ada = Desk::new("Ada", Wire::to(server.port()).await?).await?;
    let cases = [
        (ada.wire.url(), "not the password", ErrorCode::WrongPassword),
        (format!("http://127.0.0.1:{NOBODY}"), PASSWORD, ErrorCode::Unreachable),
        // Unencrypted only to this very computer.
        ("http://baton.example.com".to_owned(), PASSWORD, ErrorCode::BadRequest),
        ("not an address".to_owned(), PASSWORD, ErrorCode::BadRequest),
        // A server that does not speak TLS, where TLS is wanted.
        (
            ada.wire.url().replace("http:", "https:"),
            PASSWORD,
            ErrorCode::Unreachable,
        ),
    ];
    for (address, password, code) in cases {
        let join = Setup::Join {
            server: address.clone(),
            email: address_of("Ada"),
            password: password.to_owned(),
            invitation: None,
        };
        match ada.call(Request::Setup(join)).await {
            Err(error) if error.code == code && !error.message.is_empty() => {}
            answer => bail!("{address} was answered {answer:?}, not {code:?}"),
        }
        let boot = ada.boot().await?;
        ensure!(matches!(boot, BootState::FirstRun), "after {address}: {boot:?}");
    }
    ada.join().await
}

fn starttls(host: &str, port: u16) -> MailServer {
    MailServer {
        host: host.to_owned(),
        port,
        security: Security::StartTls,
    }
}

fn right_settings(mail: &MailHost) -> Result<MailboxSettings> {
    Ok(MailboxSettings {
        address: mail::address(SALES),
        name: "Sales".to_owned(),
        user: mail::address(SALES),
        password: mail::PASSWORD.to_owned(),
        sign_in: None,
        graph: None,
        imap: starttls(mail.name(), mail.imap_port()),
        smtp: starttls(mail.name(), mail.smtp_port()),
        extra_ca: Some(std::fs::read_to_string(mail.ca_file())?),
    })
}

async fn tested(desk: &Desk, settings: &MailboxSettings) -> Result<ConnectionReport> {
    match desk.ask(Request::TestMailbox(settings.clone())).await? {
        Reply::TestMailbox(report) => Ok(report),
        other => bail!("{other:?}"),
    }
}

async fn in_a_terminal(server: &ServerProcess, mail: &MailHost, settings: &MailboxSettings) -> Result<String> {
    let [imap, smtp] = [&settings.imap, &settings.smtp].map(|end| format!("{}:{}:starttls", end.host, end.port));
    let ca = mail.ca_file().to_string_lossy().into_owned();
    let mut add = vec![
        "account",
        "add",
        "--address",
        &settings.address,
        "--name",
        &settings.name,
    ];
    add.extend(["--imap", &imap, "--smtp", &smtp, "--password-stdin"]);
    if settings.extra_ca.is_some() {
        add.extend(["--extra-ca", &ca]);
    }
    server.cli(&add, &settings.password).await
}

/// A mail server as there were many once: it knows no encryption, and would take the password all the same.
struct PlainServer {
    port: u16,
    heard: Arc<Mutex<String>>,
}

impl PlainServer {
    async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let heard = Arc::new(Mutex::new(String::new()));
        let kept = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let kept = Arc::clone(&kept);
                // A client that leaves in the middle is what is wanted here.
                tokio::spawn(async move { talk(stream, &kept).await.ok() });
            }
        });
        Ok(Self { port, heard })
    }

    fn heard_a_secret(&self) -> bool {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.contains(mail::PASSWORD) || heard.to_uppercase().contains("AUTHENTICATE")
    }
}

async fn talk(stream: tokio::net::TcpStream, heard: &Mutex<String>) -> Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"* OK ready\r\n").await?;
    let mut line = String::new();
    while stream.read_line(&mut line).await? > 0 {
        heard.lock().unwrap_or_else(PoisonError::into_inner).push_str(&line);
        let (tag, command) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
        let answer = match command.to_uppercase().as_str() {
            "CAPABILITY" => format!("* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n{tag} OK done\r\n"),
            _ => format!("{tag} BAD unknown\r\n"),
        };
        stream.write_all(answer.as_bytes()).await?;
        line.clear();
    }
    Ok(())
}
