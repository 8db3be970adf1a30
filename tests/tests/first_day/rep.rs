//! A rep at a desk: a desktop in a session of its own, on a network that can be cut.

use std::time::Duration;

use anyhow::{Context, Result};
use baton_tests::clock::TestClock;
use baton_tests::desktop::{Desktop, Start};
use baton_tests::process::eventually;
use baton_tests::server::ServerProcess;
use baton_tests::session::Session;
use baton_tests::wire::Wire;
use thirtyfour::Key;

use crate::hooks;
use crate::team::{PASSWORD, SOON, Who, address_of};

/// How soon a click shows the conversation, before it is tried again.
const OPENS: Duration = Duration::from_secs(3);

/// A rep.
pub struct Rep {
    /// Which.
    pub who: Who,
    /// Their desktop.
    pub desktop: Desktop,
    /// The network between it and the server.
    pub wire: Wire,
}

impl Rep {
    /// Opens the desktop, joins the team, and waits for the list.
    pub async fn seat(who: Who, server: &ServerProcess, clock: &TestClock) -> Result<Self> {
        let wire = Wire::to(server.port()).await?;
        let session = Session::start(&who.name().to_lowercase()).await?;
        let (variable, file) = clock.environment();
        let desktop = Desktop::open(session, Start::default().variable(variable, file)).await?;
        let rep = Self { who, desktop, wire };
        rep.join().await.with_context(|| format!("seat {}", who.name()))?;
        Ok(rep)
    }

    /// Goes through first run as a member of the team.
    async fn join(&self) -> Result<()> {
        let desktop = &self.desktop;
        desktop.click(&hooks::join_a_team(), SOON).await?;
        desktop
            .type_into(&hooks::server_address(), &self.wire.url(), SOON)
            .await?;
        desktop
            .type_into(&hooks::email(), &address_of(self.who.name()), SOON)
            .await?;
        desktop.type_into(&hooks::password(), PASSWORD, SOON).await?;
        desktop.click(&hooks::go_on(), SOON).await?;
        desktop.wait_for(&hooks::view("unassigned"), SOON).await?;
        Ok(())
    }

    /// Shows a view.
    pub async fn look_at(&self, view: &str) -> Result<()> {
        self.desktop.click(&hooks::view(view), SOON).await
    }

    /// Opens the conversation of that number.
    pub async fn open(&self, number: u64) -> Result<()> {
        // Rows change places while things fall due or are put off, so a click may find another one under it.
        let title = format!("#{number}");
        eventually(&format!("{title} to be open"), SOON, async || {
            self.desktop.click(&hooks::row(number), SOON).await?;
            let open = self
                .desktop
                .wait_until(&hooks::title(), OPENS, |text| text.contains(&title))
                .await;
            Ok(open.ok().map(drop))
        })
        .await?;
        self.desktop.wait_for(&hooks::thread(), SOON).await?;
        Ok(())
    }

    /// Writes a note in the open conversation.
    pub async fn note(&self, text: &str) -> Result<()> {
        self.desktop.press("n").await?;
        self.desktop.type_into(&hooks::note(), text, SOON).await?;
        self.press_send().await?;
        let is_there = |thread: &str| thread.contains(text);
        self.desktop.wait_until(&hooks::thread(), SOON, is_there).await?;
        Ok(())
    }

    /// Presses the keys that send.
    pub async fn press_send(&self) -> Result<()> {
        self.desktop.press_with(Key::Control, Key::Enter).await
    }
}
