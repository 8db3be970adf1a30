//! The same mailbox with the programs people use for it: `mbsync` fetches it, `mu` and `notmuch` make it searchable.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use baton_tests::mail::{MailHost, PASSWORD};
use baton_tests::process::output;
use baton_tests::programs::system;

use crate::{PATIENCE, letters};

/// What each step took. A program that is not installed has none.
#[derive(Debug, Default)]
pub struct Peers {
    /// `mbsync`, from nothing.
    pub mbsync: Option<Duration>,
    /// `mbsync`, with nothing new.
    pub mbsync_again: Option<Duration>,
    /// `mu index`.
    pub mu: Option<Duration>,
    /// `notmuch new`.
    pub notmuch: Option<Duration>,
    /// `mbsync` and `mu index`, after a little came and a little was starred.
    pub a_little_new: Option<Duration>,
    /// `mu find` of ten queries, the middle one.
    pub mu_find: Option<Duration>,
}

/// Measures whatever is installed. At the end `more` messages come to the `count` that are there.
pub async fn measure(
    mail: &MailHost,
    user: &str,
    place: &Path,
    queries: &[&str],
    (count, more): (usize, usize),
) -> Result<Peers> {
    let mut peers = Peers::default();
    let Ok(mbsync) = system("mbsync") else {
        return Ok(peers);
    };
    let settings = mbsyncrc(mail, user, place)?;
    let sync = || {
        let mut command = Command::new(&mbsync);
        command.arg("-q").arg("-c").arg(&settings).arg("all");
        command
    };
    peers.mbsync = Some(timed(sync()).await?);
    peers.mbsync_again = Some(timed(sync()).await?);
    let maildir = place.join("mail");
    if let Ok(mu) = system("mu") {
        let home = format!("--muhome={}", place.join("mu").display());
        let mut init = Command::new(&mu);
        init.args(["init", "--quiet", &home]).arg("--maildir").arg(&maildir);
        output(init, &[]).await?;
        let mut index = Command::new(&mu);
        index.args(["index", "--quiet", &home]);
        peers.mu = Some(timed(index).await?);
        let mut times = Vec::new();
        for query in queries {
            let mut find = Command::new(&mu);
            find.args(["find", &home, "--maxnum=50", "--sortfield=date", "--reverse", query]);
            let began = Instant::now();
            // It fails where nothing is found.
            let _ = output(find, &[]).await;
            times.push(began.elapsed());
        }
        times.sort();
        peers.mu_find = times.get(times.len() / 2).copied();
    }
    if let Ok(notmuch) = system("notmuch") {
        let config = place.join("notmuch.conf");
        let mut new = Command::new(notmuch);
        fs::write(
            &config,
            format!(
                "[database]\npath={}\n[user]\nname=Bench\nprimary_email=sales@baton.test\n",
                maildir.display()
            ),
        )?;
        new.env("NOTMUCH_CONFIG", &config).args(["new", "--quiet"]);
        peers.notmuch = Some(timed(new).await?);
    }
    if peers.mu.is_some() {
        letters::go_on(&mail.maildir_of(user)?, count, more)?;
        mail.give_to_dovecot(user).await?;
        let fetched = timed(sync()).await?;
        let mut index = Command::new(system("mu")?);
        index.args(["index", "--quiet", &format!("--muhome={}", place.join("mu").display())]);
        peers.a_little_new = Some(fetched + timed(index).await?);
    }
    Ok(peers)
}

fn mbsyncrc(mail: &MailHost, user: &str, place: &Path) -> Result<PathBuf> {
    let maildir = place.join("mail");
    fs::create_dir_all(&maildir)?;
    let file = place.join("mbsyncrc");
    let text = format!(
        "FSync yes\nIMAPAccount bench\nHost {host}\nPort {port}\nUser {user}\nPass {PASSWORD}\nSSLType STARTTLS\n\
         CertificateFile {ca}\nAuthMechs PLAIN\n\nIMAPStore far\nAccount bench\n\nMaildirStore near\nPath {mail}/\n\
         Inbox {mail}/INBOX\n\nChannel all\nFar :far:\nNear :near:\nPatterns INBOX\nSync Pull\nCreate Near\nExpunge None\n\
         SyncState *\n",
        host = mail.name(),
        port = mail.imap_port(),
        ca = mail.ca_file().display(),
        mail = maildir.display(),
    );
    fs::write(&file, text).with_context(|| format!("write {}", file.display()))?;
    Ok(file)
}

/// However long it takes: a large mailbox takes these programs minutes.
async fn timed(command: Command) -> Result<Duration> {
    let shown = command.get_program().to_string_lossy().into_owned();
    let began = Instant::now();
    let mut command = tokio::process::Command::from(command);
    let ended = command.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
    let ended = tokio::time::timeout(PATIENCE, ended.status());
    let status = ended.await.with_context(|| format!("{shown} does not end"))??;
    anyhow::ensure!(status.success(), "{shown} ended with {status}");
    Ok(began.elapsed())
}
