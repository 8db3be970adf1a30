//! A person's desktop session: a home, a D-Bus session bus, a Secret Service, a notification daemon and a screen.
//!
//! Each is the person's own: two reps on one test machine share nothing but the network.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use zbus::fdo::DBusProxy;
use zbus::names::BusName;

use crate::notifications::Notifications;
use crate::process::{Part, eventually};
use crate::programs::system;
use crate::scratch::Scratch;

/// The password that unlocks the keyring of every session.
const KEYRING_PASSWORD: &[u8] = b"keyring of a test\n";

/// The size of the screen.
const SCREEN: &str = "1440x900x24";

/// How long a part of the session may take to start on a busy machine.
const START: Duration = Duration::from_secs(30);

/// A running desktop session.
#[derive(Debug)]
pub struct Session {
    // Dropped in this order: the programs, the bus they talk on, the files they write.
    notifications: Notifications,
    keyring: Option<Part>,
    screen: Part,
    bus: Part,
    display: String,
    address: String,
    scratch: Scratch,
}

impl Session {
    /// Starts a session for `person` with an unlocked Secret Service.
    ///
    /// # Errors
    /// When a part is not installed or does not start.
    pub async fn start(person: &str) -> Result<Self> {
        let mut session = Self::without_secret_service(person).await?;
        session.start_keyring().await?;
        Ok(session)
    }

    /// Starts a session on a machine that has no Secret Service.
    ///
    /// # Errors
    /// When a part is not installed or does not start.
    pub async fn without_secret_service(person: &str) -> Result<Self> {
        let scratch = Scratch::new(person)?;
        scratch.directory("home", 0o700)?;
        let runtime = scratch.directory("run", 0o700)?;
        let (bus, address) = start_bus(&scratch, &runtime)?;
        let (screen, display) = start_screen(&scratch).await?;
        let notifications = eventually("the session bus", START, async || {
            Ok(Notifications::serve(&address).await.ok())
        })
        .await
        .with_context(|| bus.log_tail())?;
        Ok(Self {
            notifications,
            keyring: None,
            screen,
            bus,
            display,
            address,
            scratch,
        })
    }

    /// A command that runs inside the session, and sees nothing of ours.
    #[must_use]
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command.env_clear().envs(self.environment()).current_dir(self.home());
        command
    }

    /// The environment of the session.
    #[must_use]
    pub fn environment(&self) -> Vec<(&'static str, OsString)> {
        let home = self.home();
        let mut environment = base_environment(&self.scratch);
        environment.extend([
            ("DBUS_SESSION_BUS_ADDRESS", self.address.clone().into()),
            ("DISPLAY", self.display.clone().into()),
            ("XDG_DATA_HOME", home.join(".local/share").into_os_string()),
            ("XDG_CONFIG_HOME", home.join(".config").into_os_string()),
            ("XDG_CACHE_HOME", home.join(".cache").into_os_string()),
            ("XDG_STATE_HOME", home.join(".local/state").into_os_string()),
            ("XDG_SESSION_TYPE", "x11".into()),
            // There is no accessibility bus here, and GTK would wait for one.
            ("NO_AT_BRIDGE", "1".into()),
            ("TZ", "Europe/Berlin".into()),
            ("RUST_BACKTRACE", "1".into()),
        ]);
        environment
    }

    /// The person's home.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.scratch.join("home")
    }

    /// A place for files that belong to the test and not to the person, such as logs and pictures.
    #[must_use]
    pub fn aside(&self, name: &str) -> PathBuf {
        self.scratch.join(name)
    }

    /// What was shown to the person.
    #[must_use]
    pub fn notifications(&self) -> &Notifications {
        &self.notifications
    }

    /// Ends the Secret Service, as a crash or a logout would.
    pub fn end_secret_service(&mut self) {
        self.keyring = None;
    }

    /// Fails when a part of the session has died.
    ///
    /// # Errors
    /// When one has, with the end of its log.
    pub fn must_be_whole(&mut self) -> Result<()> {
        self.bus.must_be_running()?;
        self.screen.must_be_running()?;
        self.keyring.as_mut().map_or(Ok(()), Part::must_be_running)
    }

    async fn start_keyring(&mut self) -> Result<()> {
        let mut daemon = self.command(system("gnome-keyring-daemon")?);
        daemon.args(["--foreground", "--unlock", "--components=secrets"]);
        let log = self.aside("keyring.log");
        let mut part = Part::start_with_input("gnome-keyring-daemon", daemon, &log, KEYRING_PASSWORD)?;
        let bus = zbus::connection::Builder::address(self.address.as_str())
            .build()
            .await?;
        let names = DBusProxy::new(&bus).await?;
        let name = BusName::try_from("org.freedesktop.secrets")?;
        eventually("the Secret Service", START, async || {
            part.must_be_running()?;
            Ok(names.name_has_owner(name.clone()).await?.then_some(()))
        })
        .await
        .with_context(|| part.log_tail())?;
        self.keyring = Some(part);
        Ok(())
    }
}

/// What every part of a session has in its environment, before there is a bus or a screen.
fn base_environment(scratch: &Scratch) -> Vec<(&'static str, OsString)> {
    vec![
        ("PATH", std::env::var_os("PATH").unwrap_or_default()),
        ("LANG", "C.UTF-8".into()),
        ("HOME", scratch.join("home").into_os_string()),
        ("XDG_RUNTIME_DIR", scratch.join("run").into_os_string()),
    ]
}

/// A bus that starts nothing by itself: what a test has not started is not there.
fn start_bus(scratch: &Scratch, runtime: &Path) -> Result<(Part, String)> {
    let address = format!("unix:path={}", runtime.join("bus").display());
    let settings = scratch.join("bus.conf");
    std::fs::write(
        &settings,
        format!(
            r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>{address}</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#
        ),
    )?;
    let mut daemon = Command::new(system("dbus-daemon")?);
    daemon
        .arg("--nofork")
        .arg("--nopidfile")
        .arg("--config-file")
        .arg(&settings);
    daemon.env_clear().envs(base_environment(scratch));
    Ok((Part::start("dbus-daemon", daemon, &scratch.join("bus.log"))?, address))
}

/// A screen nobody looks at. The server picks a number that is free and writes it down.
async fn start_screen(scratch: &Scratch) -> Result<(Part, String)> {
    let number = scratch.join("display");
    let mut server = Command::new("/bin/sh");
    server.args([
        "-c",
        r#"exec "$0" -displayfd 3 -screen 0 "$1" -nolisten tcp -noreset 3>"$2""#,
    ]);
    server.arg(system("Xvfb")?).arg(SCREEN).arg(&number);
    let mut part = Part::start("Xvfb", server, &scratch.join("screen.log"))?;
    let display = eventually("the screen", START, async || {
        part.must_be_running()?;
        let written = std::fs::read_to_string(&number).unwrap_or_default();
        Ok(written.ends_with('\n').then(|| format!(":{}", written.trim())))
    })
    .await
    .with_context(|| part.log_tail())?;
    Ok((part, display))
}
