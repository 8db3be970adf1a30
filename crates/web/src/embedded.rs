//! A server in this very program, for one person's mailbox or the sample inbox.
//!
//! It is the same server a team runs, on loopback, with its database and blobs sealed by the desktop's key. Whoever runs the
//! program has its data anyway, so no password is involved: every start begins a new session and ends the one before.

use std::path::Path;

use async_trait::async_trait;
use baton_client::{Embedded, EmbeddedError, EmbeddedKind, EmbeddedOptions, EmbeddedServer};
use baton_domain::{BusinessCalendar, DeviceId, InboxPolicy, MemberId};
use baton_server::core::Core;
use baton_server::embedded::{self, Founder};
use baton_server::{Options, Running, Server};
use tokio::sync::Mutex;

/// What a session of the desktop that runs the server is called.
const SESSION: &str = "Baton on this computer";

/// Names whom the sample was made for. Written last: without it the sample is not whole.
const SAMPLE_MARK: &str = "sample";

/// Keeps the key that seals mailbox passwords apart from the key of the files (BLAKE3's `derive_key` context; never change it).
const SEAL_CONTEXT: &str = "baton 2026-11 embedded server: seal of mailbox passwords";

/// The server, in the process of the desktop.
#[derive(Debug, Default)]
pub struct InProcess {
    running: Mutex<Option<Running>>,
}

#[async_trait]
impl EmbeddedServer for InProcess {
    async fn start(&self, options: EmbeddedOptions) -> Result<Embedded, EmbeddedError> {
        let mut running = self.running.lock().await;
        if let Some(before) = running.take() {
            before.stop().await;
        }
        let (server, embedded) = start(&options).await.map_err(|error| EmbeddedError {
            why: format!("{error:#}"),
        })?;
        *running = Some(server);
        Ok(embedded)
    }

    async fn stop(&self) {
        if let Some(running) = self.running.lock().await.take() {
            running.stop().await;
        }
    }
}

async fn start(asked: &EmbeddedOptions) -> anyhow::Result<(Running, Embedded)> {
    let options = Options {
        data_key: Some(asked.key),
        seal_key: Some(blake3::derive_key(SEAL_CONTEXT, &asked.key)),
        paper: asked.kind == EmbeddedKind::Sample,
        ..Options::in_directory(&asked.data_dir)
    };
    let (server, member) = match &asked.kind {
        EmbeddedKind::Sample => {
            let member = sample(&options, &asked.data_dir.join(SAMPLE_MARK)).await?;
            (Server::start(options).await?, member)
        }
        EmbeddedKind::Mailbox { name, email } => {
            let server = Server::start(options).await?;
            let member = embedded::found(server.core(), &founder(name, email)).await?;
            (server, member)
        }
    };
    let embedded = session(server.core(), member, server.url()).await?;
    Ok((server, embedded))
}

/// Who tries the sample. It is made where it is not there, and made anew where making it was broken off.
async fn sample(options: &Options, mark: &Path) -> anyhow::Result<MemberId> {
    if let Some(member) = std::fs::read_to_string(mark)
        .ok()
        .and_then(|text| text.trim().parse().ok())
    {
        return Ok(member);
    }
    match std::fs::remove_dir_all(&options.data) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let member = embedded::load_sample(options).await?;
    std::fs::write(mark, member.to_string())?;
    Ok(member)
}

/// The workspace of one person and their mailbox, whose inbox bears its address: that is where its mail lands.
fn founder(name: &str, email: &str) -> Founder {
    let zone = jiff::tz::TimeZone::system();
    Founder {
        workspace: name.to_owned(),
        name: name.to_owned(),
        email: email.to_owned(),
        inbox: email.to_owned(),
        policy: InboxPolicy::usual(BusinessCalendar::weekdays(zone.iana_name().unwrap_or("UTC"))),
    }
}

async fn session(core: &Core, member: MemberId, url: &str) -> anyhow::Result<Embedded> {
    let device = DeviceId::derive(member.0, SESSION);
    let begun = embedded::session(core, member, device, SESSION).await?;
    let token = begun.token.reveal();
    let caller = core.auth.caller(token, core.now()).await?;
    for earlier in core.auth.sessions(&caller).await? {
        if earlier.device_name == SESSION && !earlier.current {
            core.auth.end(member, earlier.id).await?;
        }
    }
    Ok(Embedded {
        url: url.to_owned(),
        token: token.to_owned(),
        member: caller.member,
    })
}
