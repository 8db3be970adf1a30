//! The command line: what each command does, in a process of its own.

mod args;
mod words;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use baton_protocol::MailboxSettings;

pub use args::Cli;
use args::{Account, AccountAdd, Command, Doctor, Import, Inbox, Member, NewEpoch, Place, Restore, Rules, Serve};

use crate::admin::{self, Request, Words};
use crate::core::{Core, told};
use crate::data::{DataDir, DataError};
use crate::listener::TlsFiles;
use crate::logging;
use crate::options::Options;
use crate::server::Server;

/// Carries a command line out.
#[must_use]
pub fn run(cli: Cli) -> ExitCode {
    let place = place(&cli.command);
    logging::start(place.log_json);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    let done = runtime.block_on(carry_out(cli.command));
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    match done {
        Ok(code) => code,
        Err(error) => failed(&error),
    }
}

fn failed(error: &anyhow::Error) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "baton-server: {}", told(error.as_ref()));
    ExitCode::FAILURE
}

fn place(command: &Command) -> &Place {
    match command {
        Command::Serve(Serve { place, .. })
        | Command::Member(Member::Add { place, .. } | Member::Remove { place, .. } | Member::List { place })
        | Command::Account(Account::List { place } | Account::Test { place, .. })
        | Command::Inbox(Inbox::List { place })
        | Command::Rules(Rules::Show { place } | Rules::Drift { place } | Rules::Put { place })
        | Command::Import(Import { place, .. })
        | Command::Balance(args::Balance { place, .. })
        | Command::Quarantine(args::Quarantine::List { place } | args::Quarantine::Retry { place })
        | Command::Backup(args::Backup { place, .. })
        | Command::Restore(Restore { place, .. })
        | Command::NewEpoch(NewEpoch { place })
        | Command::Doctor(Doctor { place }) => place,
        Command::Account(Account::Add(add)) => &add.place,
    }
}

async fn carry_out(command: Command) -> anyhow::Result<ExitCode> {
    let place = place(&command).clone();
    let request = match command {
        Command::Serve(serve) => return self::serve(serve).await,
        Command::Restore(restore) => return self::restore(&restore).await,
        Command::NewEpoch(_) => return new_epoch(&place).await,
        Command::Doctor(_) => return doctor(&place).await,
        Command::Member(member) => of_member(member)?,
        Command::Account(Account::Add(add)) => of_account(*add)?,
        Command::Account(Account::List { .. }) => Request::AccountList,
        Command::Account(Account::Test { address, .. }) => Request::AccountTest { address },
        Command::Inbox(Inbox::List { .. }) => Request::InboxList,
        Command::Rules(Rules::Show { .. }) => Request::RulesShow,
        Command::Rules(Rules::Drift { .. }) => Request::RulesDrift,
        Command::Rules(Rules::Put { .. }) => {
            let set = serde_json::from_reader(std::io::stdin()).context("standard input holds no rules")?;
            Request::RulesPut { set }
        }
        Command::Import(import) => {
            let maildir = import.maildir.is_some();
            let path = import
                .mbox
                .or(import.maildir)
                .context("--mbox or --maildir is needed")?;
            let path = path
                .canonicalize()
                .with_context(|| format!("{} can't be read", path.display()))?;
            Request::Import {
                account: import.account,
                path,
                maildir,
            }
        }
        Command::Balance(balance) => Request::Balance {
            compare: balance.compare,
        },
        Command::Quarantine(args::Quarantine::List { .. }) => Request::QuarantineList,
        Command::Quarantine(args::Quarantine::Retry { .. }) => Request::QuarantineRetry,
        Command::Backup(backup) => Request::Backup {
            to: std::path::absolute(&backup.to)?,
        },
    };
    print(operate(&place, request).await?)
}

fn of_member(member: Member) -> anyhow::Result<Request> {
    Ok(match member {
        Member::Add {
            name,
            email,
            role,
            password_stdin,
            ..
        } => {
            let password = password_stdin.then(words::password_from_stdin).transpose()?;
            Request::MemberAdd {
                name,
                email,
                role: role.into(),
                password: password.map(admin::Password),
            }
        }
        Member::Remove { email, .. } => Request::MemberRemove { email },
        Member::List { .. } => Request::MemberList,
    })
}

fn of_account(add: AccountAdd) -> anyhow::Result<Request> {
    let extra_ca = add
        .extra_ca
        .map(|path| std::fs::read_to_string(&path).with_context(|| format!("{} can't be read", path.display())));
    let mailbox = MailboxSettings {
        user: add.user.unwrap_or_else(|| add.address.clone()),
        address: add.address,
        name: add.name,
        password: words::password_from_stdin()?,
        imap: add.imap,
        smtp: add.smtp,
        sign_in: None,
        graph: None,
        extra_ca: extra_ca.transpose()?,
    };
    Ok(Request::AccountAdd {
        mailbox: Box::new(mailbox),
        inbox: add.inbox,
        mode: add.mode.into(),
        test: !add.without_test,
    })
}

/// Carries a request out: here, or in the server that runs on the data.
async fn operate(place: &Place, request: Request) -> anyhow::Result<Words> {
    match DataDir::take(&place.data) {
        Ok(_) if matches!(request, Request::AccountTest { .. }) => {
            bail!(
                "a mailbox is tested by the server that hosts it, and none runs on {}",
                place.data.display()
            )
        }
        Ok(data) => {
            let options = Options {
                host_accounts: false,
                ..options(place)
            };
            let core = Core::open(data.path(), &options).await?;
            let words = admin::carry_out(&core, request).await;
            core.close().await;
            Ok(words)
        }
        Err(DataError::InUse(data)) => Ok(admin::ask(&data, request).await?),
        Err(error) => Err(error.into()),
    }
}

fn print(words: Words) -> anyhow::Result<ExitCode> {
    match words {
        Ok(words) => {
            writeln!(std::io::stdout(), "{words}")?;
            Ok(ExitCode::SUCCESS)
        }
        Err(words) => {
            writeln!(std::io::stderr(), "{words}")?;
            Ok(ExitCode::FAILURE)
        }
    }
}

fn options(place: &Place) -> Options {
    Options {
        shared: place.shared.clone(),
        database_url: place.database_url.clone(),
        ..Options::in_directory(&place.data)
    }
}

async fn serve(serve: Serve) -> anyhow::Result<ExitCode> {
    let tls = serve
        .tls_cert
        .zip(serve.tls_key)
        .map(|(cert, key)| TlsFiles { cert, key });
    let options = Options {
        listen: serve.listen,
        tls,
        public_url: serve.public_url,
        trust_proxy: serve.trust_proxy,
        ..options(&serve.place)
    };
    if options.tls.is_none() && !options.listen.ip().is_loopback() {
        tracing::warn!(
            "listening beyond this machine without TLS: passwords and mail can be read on the way. Give \
            --tls-cert and --tls-key, or put a proxy with TLS before it and listen on 127.0.0.1"
        );
    }
    let running = Server::start(options).await?;
    let address = running.local_addr();
    let scheme = if running.secured() { "https" } else { "http" };
    let mut words = format!("listening on {scheme}://{address}\n");
    if running.core().directory.members().is_empty() {
        words.push_str(&first_member(&serve.place.data));
    }
    // Whether anybody reads it is no reason to stop.
    let said = std::io::stdout()
        .write_all(words.as_bytes())
        .and_then(|()| std::io::stdout().flush());
    if let Err(error) = said {
        tracing::debug!(%error, "nobody reads the standard output");
    }
    asked_to_end().await?;
    tracing::info!("stopping");
    running.stop().await;
    Ok(ExitCode::SUCCESS)
}

fn first_member(data: &Path) -> String {
    format!(
        "Nobody can sign in yet. Add the first member, who may invite the others:\n  \
         baton-server member add --data {} --name \"Your Name\" --email you@example.com --role admin --invite\n",
        data.display()
    )
}

/// Waits for SIGTERM or SIGINT.
async fn asked_to_end() -> anyhow::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            _ = terminate.recv() => {}
            interrupted = tokio::signal::ctrl_c() => interrupted?,
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await?;
    Ok(())
}

/// The data, for a command that a running server must not be in the way of.
fn take_stopped(place: &Place) -> anyhow::Result<DataDir> {
    match DataDir::take(&place.data) {
        Ok(data) => Ok(data),
        Err(DataError::InUse(path)) => bail!(
            "a baton-server runs on {}: stop it first. A restore starts a new epoch; desktops that come back take a fresh \
             snapshot and keep what they have not sent",
            path.display()
        ),
        Err(error) => Err(error.into()),
    }
}

async fn new_epoch(place: &Place) -> anyhow::Result<ExitCode> {
    let data = take_stopped(place)?;
    let words = admin::new_epoch(data.path(), place.database_url.as_deref()).await?;
    print(Ok(words))
}

async fn restore(restore: &Restore) -> anyhow::Result<ExitCode> {
    let data = take_stopped(&restore.place)?;
    let from: PathBuf = restore
        .from
        .canonicalize()
        .with_context(|| format!("{} can't be read", restore.from.display()))?;
    let words = admin::restore(data.path(), restore.place.database_url.as_deref(), &from).await?;
    print(Ok(words))
}

async fn doctor(place: &Place) -> anyhow::Result<ExitCode> {
    let findings = admin::examine(&options(place)).await;
    let mut out = std::io::stdout().lock();
    for finding in &findings {
        writeln!(out, "{finding}")?;
    }
    let bad = findings.iter().any(admin::Finding::is_bad);
    Ok(if bad { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
