//! A whole desktop without a window, for measuring: its replica sealed on the disk, its connection the real one.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use baton_client::{Badge, Config, Desktop, KeySource, Notification, Shell, ShellError};
use baton_protocol::{BootState, ConnectionState, Reply, Request, Setup};

use crate::process::eventually;
use crate::scratch::Scratch;

/// How long joining may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A shell that shows nothing.
struct Windowless(PathBuf);

impl Shell for Windowless {
    fn notify(&self, _: Notification) -> Result<(), ShellError> {
        Ok(())
    }
    fn withdraw(&self, _: &str) {}
    fn badge(&self, _: Badge) {}
    fn open_url(&self, _: &str) -> Result<(), ShellError> {
        Ok(())
    }
    fn downloads_dir(&self) -> PathBuf {
        self.0.clone()
    }
}

/// Starts a desktop that was never used before.
///
/// # Errors
/// When it does not start.
pub async fn start(scratch: &Scratch, name: &str) -> Result<Desktop> {
    let mut config = Config::new(scratch.join("desk"), name.to_owned(), "1".to_owned());
    config.keys = KeySource::Given([7; 32]);
    let shell = Arc::new(Windowless(scratch.join("downloads")));
    Ok(Desktop::start(config, shell, None).await?)
}

/// Joins a server with it, and waits until it is connected.
///
/// # Errors
/// When the server refuses, or the desktop is not connected in time.
pub async fn join(desktop: &Desktop, server: String, email: &str, password: &str) -> Result<()> {
    let join = Setup::Join {
        server,
        email: email.to_owned(),
        password: password.to_owned(),
        invitation: None,
    };
    ask(desktop, Request::Setup(join)).await?;
    eventually("the desktop to be connected", PATIENCE, async || {
        let Reply::Boot(boot) = ask(desktop, Request::Boot).await? else {
            bail!("no answer");
        };
        let online =
            matches!(boot.state, BootState::Ready { connection, .. } if connection.state == ConnectionState::Online);
        Ok(online.then_some(()))
    })
    .await
    .context("join")
}

/// Asks a desktop something.
///
/// # Errors
/// When it refuses.
pub async fn ask(desktop: &Desktop, request: Request) -> Result<Reply> {
    desktop
        .call(request)
        .await
        .map_err(|error| anyhow!("{}", error.message))
}
