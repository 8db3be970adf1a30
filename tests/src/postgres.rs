//! A private PostgreSQL cluster.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::port::Port;
use crate::process::{Part, eventually, output};
use crate::programs::system;
use crate::scratch::Scratch;

/// The role and the first database of the cluster.
const NAME: &str = "baton";

/// The system user under whom the server runs when we are root, which it refuses to be.
const SYSTEM_USER: &str = "postgres";

/// How long the server may take to start on a busy machine.
const START: Duration = Duration::from_secs(60);

/// One of PostgreSQL's own tools, of the version that runs here.
///
/// # Errors
/// When PostgreSQL is not installed.
pub(crate) fn program(name: &str) -> Result<Command> {
    Ok(Command::new(newest_programs()?.join(name)))
}

/// A PostgreSQL server with data of its own.
#[derive(Debug)]
pub struct Postgres {
    server: Part,
    port: Port,
    programs: PathBuf,
    _scratch: Scratch,
}

impl Postgres {
    /// Creates a cluster and starts a server on it.
    ///
    /// # Errors
    /// When PostgreSQL is not installed or does not start.
    pub async fn start() -> Result<Self> {
        // The tests kill our server, never this machine: what PostgreSQL wrote survives without waiting for the disk.
        Self::start_with(&["-c", "fsync=off"]).await
    }

    /// Like [`Postgres::start`], but one that waits for the disk, as everybody's does: for measuring.
    ///
    /// # Errors
    /// When PostgreSQL is not installed or does not start.
    pub async fn start_durable() -> Result<Self> {
        Self::start_with(&[]).await
    }

    async fn start_with(settings: &[&str]) -> Result<Self> {
        let programs = newest_programs()?;
        let scratch = Scratch::new("postgres")?;
        scratch.let_others_enter()?;
        let data = scratch.directory("data", 0o700)?;
        if rustix::process::geteuid().is_root() {
            let mut give = Command::new(system("chown")?);
            give.arg(SYSTEM_USER).arg(&data);
            output(give, &[]).await?;
        }
        let mut create = as_its_user(&programs.join("initdb"))?;
        create.args([
            "--no-sync",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--username",
            NAME,
        ]);
        create.arg("--pgdata").arg(&data);
        output(create, &[]).await?;

        let port = Port::claim()?;
        let mut run = as_its_user(&programs.join("postgres"))?;
        run.arg("-D").arg(&data).args(["-p", &port.number().to_string()]);
        run.args(["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]);
        run.args(settings);
        let server = Part::start("postgres", run, &scratch.join("postgres.log"))?;
        let mut this = Self {
            server,
            port,
            programs,
            _scratch: scratch,
        };
        eventually("PostgreSQL", START, async || {
            this.server.must_be_running()?;
            Ok(this.ask("postgres", "select 1").await.is_ok().then_some(()))
        })
        .await
        .with_context(|| this.server.log_tail())?;
        this.create_database(NAME).await?;
        Ok(this)
    }

    /// Where a program finds the first database, which is empty.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_of(NAME)
    }

    /// Creates another empty database and tells where it is.
    ///
    /// # Errors
    /// When there is one of that name.
    pub async fn database(&self, name: &str) -> Result<String> {
        self.create_database(name).await?;
        Ok(self.url_of(name))
    }

    /// Runs one statement with `psql` and gives its rows, unaligned, one a line.
    ///
    /// # Errors
    /// When the server refuses it.
    pub async fn ask(&self, database: &str, sql: &str) -> Result<String> {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args([
            "--no-psqlrc",
            "--tuples-only",
            "--no-align",
            "--set=ON_ERROR_STOP=1",
            "--command",
            sql,
        ]);
        psql.arg(self.url_of(database));
        let rows = output(psql, &[]).await?;
        Ok(String::from_utf8_lossy(&rows).trim().to_owned())
    }

    /// `psql` on a database, which reads statements from its standard input as they come.
    #[must_use]
    pub fn shell(&self, database: &str) -> Command {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"])
            .arg(self.url_of(database));
        psql
    }

    async fn create_database(&self, name: &str) -> Result<()> {
        self.ask("postgres", &format!("create database \"{name}\"")).await?;
        Ok(())
    }

    fn url_of(&self, database: &str) -> String {
        format!("postgres://{NAME}@127.0.0.1:{}/{database}", self.port.number())
    }
}

/// A command that runs under a user PostgreSQL accepts.
fn as_its_user(program: &Path) -> Result<Command> {
    if !rustix::process::geteuid().is_root() {
        return Ok(Command::new(program));
    }
    // `setpriv` becomes the program, where `runuser` would stay between us and it.
    let mut command = Command::new(system("setpriv")?);
    command
        .args(["--reuid", SYSTEM_USER, "--regid", SYSTEM_USER, "--init-groups", "--"])
        .arg(program);
    Ok(command)
}

/// Debian keeps each major version in a directory of its own, outside `PATH`.
fn newest_programs() -> Result<PathBuf> {
    std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version: u32 = entry.file_name().to_str()?.parse().ok()?;
            let programs = entry.path().join("bin");
            programs.join("postgres").is_file().then_some((version, programs))
        })
        .max()
        .map(|(_, programs)| programs)
        .map_or_else(
            || Ok(system("postgres")?.parent().map(Path::to_owned).unwrap_or_default()),
            Ok,
        )
}
