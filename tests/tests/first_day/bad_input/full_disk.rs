//! Disks without room: what could not be kept is said, what was kept stays, and with room everything goes on.
//!
//! A disk is a file system in memory, where the tests may mount one. Elsewhere the server's files may not grow, which ends in
//! the same refusal of the operating system by another name.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use baton_domain::{CommandBody, ConversationId};
use baton_protocol::{Acted, ErrorCode, Request};
use baton_tests::clock::TestClock;
use baton_tests::mail::MailHost;
use baton_tests::process::{eventually, output};
use baton_tests::programs::system;
use baton_tests::server::{Database, ServerProcess};
use baton_tests::wire::Wire;
use rustix::process::{Pid, Resource, Rlimit, prlimit};

use crate::desk::Desk;
use crate::team::{PASSWORD, Program, SALES, SOON, address_of};

/// Small enough to be filled at once, large enough for a server's or a desktop's first day.
const DISK_MIB: u32 = 48;

/// Starts a program that is told when its files may not grow, instead of being ended for it.
const TOLD: [&str; 3] = ["/bin/sh", "-c", r#"trap "" XFSZ; exec "$0" "$@""#];

/// A disk of its own for a directory.
struct Disk {
    place: PathBuf,
}

impl Disk {
    /// Mounts one; nothing where that is not allowed.
    async fn at(place: &Path) -> Result<Option<Self>> {
        let mut mount = Command::new(system("mount")?);
        mount.args(["-t", "tmpfs", "-o", &format!("size={DISK_MIB}m,mode=700"), "tmpfs"]);
        mount.arg(place);
        Ok(output(mount, &[]).await.ok().map(|_| Self {
            place: place.to_owned(),
        }))
    }

    fn ballast(&self) -> PathBuf {
        self.place.join("ballast")
    }

    /// Leaves no room.
    fn fill(&self) -> Result<()> {
        let mut ballast = File::create(self.ballast())?;
        for block in [1 << 16, 1 << 12, 1] {
            let block = vec![0; block];
            while let Ok(written) = ballast.write(&block) {
                ensure!(written > 0, "the ballast stopped growing");
            }
        }
        Ok(())
    }

    /// Makes room.
    fn clear(&self) -> Result<()> {
        std::fs::remove_file(self.ballast()).context("take the ballast away")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Somebody may still have a file open on it: then it goes with them.
        if let Ok(umount) = system("umount") {
            let _ = Command::new(umount).arg("--lazy").arg(&self.place).status();
        }
    }
}

/// What keeps a server from writing.
enum NoRoom {
    Disk(Disk),
    Limit(Pid),
}

impl NoRoom {
    fn begin(&self) -> Result<()> {
        match self {
            Self::Disk(disk) => disk.fill(),
            Self::Limit(server) => limit(*server, Some(1)),
        }
    }

    fn end(&self) -> Result<()> {
        match self {
            Self::Disk(disk) => disk.clear(),
            Self::Limit(server) => limit(*server, None),
        }
    }
}

/// How large a process's files may become.
fn limit(process: Pid, bytes: Option<u64>) -> Result<()> {
    let new = Rlimit {
        current: bytes,
        maximum: None,
    };
    prlimit(Some(process), Resource::Fsize, new).context("limit the files of a process")?;
    Ok(())
}

/// The server's disk is full: what it can't keep it does not accept, mail stays where it is, and afterwards all of it is there.
pub async fn of_the_server() -> Result<()> {
    let clock = TestClock::new()?;
    let mail = MailHost::start().await?;
    let mut server = ServerProcess::prepare(Database::Sqlite, &clock)?;
    let disk = Disk::at(&server.data()).await?;
    if disk.is_none() {
        server.set_launcher(&TOLD);
    }
    server.add_member("Ada", &address_of("Ada"), "admin", PASSWORD).await?;
    server.connect_mailbox(&mail, SALES, "Sales", "together").await?;
    server.restart().await?;
    let no_room = match disk {
        Some(disk) => NoRoom::Disk(disk),
        None => NoRoom::Limit(
            server
                .id()
                .and_then(|id| Pid::from_raw(id.try_into().ok()?))
                .context("a server")?,
        ),
    };
    let ada = Desk::new("Ada", Wire::to(server.port()).await?).await?;
    ada.join().await?;
    let program = Program::of("Ada", &server).await?;
    write(&mail, "Desks").await?;
    let desks = ada.find("Desks").await?;

    no_room.begin()?;
    let conversation = program.conversation("Desks").await?;
    let refused = program.note_failed(&conversation, "Nobody reads this.").await?;
    let code = refused["code"].as_str().unwrap_or_default();
    let codes: &[&str] = match no_room {
        NoRoom::Disk(_) => &["diskFull"],
        NoRoom::Limit(_) => &["diskFull", "storeUnavailable"],
    };
    ensure!(
        codes.contains(&code) && refused["message"] != "",
        "without room: {refused}"
    );
    // A desktop keeps what the server can't.
    let kept = ada.note(desks, "Written when there was no room.").await?;
    ensure!(
        matches!(kept, Acted::Pending { .. }),
        "without room a note was answered {kept:?}"
    );
    write(&mail, "Chairs").await?;
    eventually("the mailbox to say what is wrong", SOON, async || {
        let health = program.health_of(&address_of(SALES)).await?;
        Ok((health["state"]["problem"]["kind"] == "diskFull").then_some(()))
    })
    .await?;

    no_room.end()?;
    are_in_the_log(&program, &["Written when there was no room."])
        .await
        .with_context(|| server.log_tail())?;
    ada.find("Chairs").await?;
    eventually("the mailbox to be well", SOON * 2, async || {
        let health = program.health_of(&address_of(SALES)).await?;
        Ok((health["state"]["type"] == "upToDate").then_some(()))
    })
    .await?;
    server.stop().await
}

/// A desktop's disk is full: the person is told that nothing was changed, what waited before still waits, and goes out.
pub async fn of_a_desktop() -> Result<()> {
    let clock = TestClock::new()?;
    let mail = MailHost::start().await?;
    let mut server = ServerProcess::prepare(Database::Sqlite, &clock)?;
    server.add_member("Ada", &address_of("Ada"), "admin", PASSWORD).await?;
    server.connect_mailbox(&mail, SALES, "Sales", "together").await?;
    server.restart().await?;
    let ada = Desk::new("Ada", Wire::to(server.port()).await?).await?;
    ada.close().await?;
    let Some(disk) = Disk::at(&ada.data()).await? else {
        // The limit of a process would be this test's own.
        println!("no file system may be mounted here");
        return Ok(());
    };
    ada.open().await?;
    ada.join().await?;
    write(&mail, "Desks").await?;
    let desks = ada.find("Desks").await?;
    server.kill();
    let before = "Before the disk was full.".to_owned();
    let acted = ada.note(desks, &before).await?;
    ensure!(matches!(acted, Acted::Pending { .. }), "without a server: {acted:?}");
    let mut kept = vec![before];

    disk.fill()?;
    let refused = loop {
        // As long as the database still has room of its own, what is taken is kept.
        let long = format!("{} {}", kept.len(), "x".repeat(40_000));
        match ada.call(note(desks, &long)).await {
            Ok(_) => kept.push(long),
            Err(error) => break error,
        }
    };
    let is_told = refused.code == ErrorCode::DiskFull && refused.message.contains("nothing was changed");
    ensure!(is_told, "without room a note was answered {refused:?}");
    let file = Request::Attach {
        conversation: desks,
        name: "offer.pdf".to_owned(),
        base64: "AAAA".repeat(100_000),
    };
    match ada.call(file).await {
        Err(error) if error.code == ErrorCode::DiskFull => {}
        answer => bail!("without room a file was answered {answer:?}"),
    }
    let waiting = ada.connection().await?.map(|connection| connection.waiting);
    let all = u32::try_from(kept.len())?;
    ensure!(waiting == Some(all), "{waiting:?} wait, and {all} were kept");

    disk.clear()?;
    let after = "And after.".to_owned();
    ada.note(desks, &after).await?;
    kept.push(after);
    server.restart().await?;
    let program = Program::of("Ada", &server).await?;
    are_in_the_log(&program, &kept.iter().map(String::as_str).collect::<Vec<_>>()).await?;
    ada.close().await
}

fn note(conversation: ConversationId, text: &str) -> Request {
    Request::Act {
        conversation,
        body: CommandBody::AddNote {
            text: text.to_owned(),
            mentions: Vec::new(),
        },
        last_seen: None,
    }
}

/// Waits until exactly these notes are in the log.
async fn are_in_the_log(program: &Program, notes: &[&str]) -> Result<()> {
    let conversation = program.conversation("Desks").await?;
    let mut there = Vec::new();
    let all = eventually("the notes", SOON * 2, async || {
        let log = program.with_log(&conversation).await?;
        let events = log["entries"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|entry| &entry["body"]["event"]);
        let texts = events.filter(|event| event["type"] == "noteAdded");
        there = texts
            .filter_map(|event| event["text"].as_str().map(str::to_owned))
            .collect();
        Ok((there == notes).then_some(()))
    });
    all.await.with_context(|| format!("in the log: {there:?}"))
}

/// A customer writes.
async fn write(mail: &MailHost, subject: &str) -> Result<()> {
    let raw = format!(
        "From: Carl <carl@baton.test>\r\nTo: {SALES}@baton.test\r\nSubject: {subject}\r\n\
         Message-ID: <{subject}@customer.test>\r\nContent-Type: text/plain\r\n\r\nWhat do they cost?\r\n"
    );
    mail.deliver("carl", &[SALES], raw.as_bytes()).await
}
