//! The real `baton-server`: started, killed and started again as a process, driven through its command line and its HTTP API.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::clock::TestClock;
use crate::mail::{MailHost, PASSWORD, address};
use crate::process::{Part, eventually, output};
use crate::programs::built;
use crate::scratch::Scratch;

/// What the server prints before the address it listens on.
const READY: &str = "listening on ";

/// How long it may take to start on a busy machine.
const START: Duration = Duration::from_secs(60);

/// Where a member signs in.
const SIGN_IN: &str = "/v1/sign-in";

/// Where the server keeps its log.
#[derive(Clone, Debug)]
pub enum Database {
    /// In its data directory.
    Sqlite,
    /// In a database of PostgreSQL, by its URL.
    Postgres(String),
}

/// A `baton-server` with data of its own.
#[derive(Debug)]
pub struct ServerProcess {
    part: Option<Part>,
    port: u16,
    starts: u32,
    database: Database,
    shared: Option<Arc<Scratch>>,
    environment: Vec<(String, std::ffi::OsString)>,
    launcher: Vec<String>,
    scratch: Scratch,
}

impl ServerProcess {
    /// Prepares a server and its empty data directory without starting it, so that members and accounts can be added first.
    ///
    /// # Errors
    /// When the directory cannot be made.
    pub fn prepare(database: Database, clock: &TestClock) -> Result<Self> {
        let (variable, file) = clock.environment();
        let scratch = Scratch::new("server")?;
        scratch.directory("data", 0o700)?;
        Ok(Self {
            part: None,
            port: 0,
            starts: 0,
            database,
            shared: None,
            environment: vec![(variable.to_owned(), file)],
            launcher: Vec::new(),
            scratch,
        })
    }

    /// Prepares a server that shares its blobs and its key with others.
    ///
    /// # Errors
    /// When a directory cannot be made.
    pub fn prepare_sharing(database: Database, clock: &TestClock) -> Result<Self> {
        let shared = Some(Arc::new(Scratch::new("shared")?));
        Ok(Self {
            shared,
            ..Self::prepare(database, clock)?
        })
    }

    /// Prepares another server on the same database, with a data directory of its own. It shares what this one shares.
    ///
    /// # Errors
    /// When the directory cannot be made.
    pub fn beside(&self, clock: &TestClock) -> Result<Self> {
        Ok(Self {
            shared: self.shared.clone(),
            ..Self::prepare(self.database.clone(), clock)?
        })
    }

    /// Starts a server on an empty data directory.
    ///
    /// # Errors
    /// When it is not built or does not come up.
    pub async fn start(database: Database, clock: &TestClock) -> Result<Self> {
        let mut server = Self::prepare(database, clock)?;
        server.restart().await?;
        Ok(server)
    }

    /// Gives the server one more variable from its next start on, such as the certificates it trusts.
    pub fn set_environment(&mut self, variable: &str, value: impl Into<std::ffi::OsString>) {
        self.environment.push((variable.to_owned(), value.into()));
    }

    /// Starts the program through another one from now on: these words, followed by the program and its own.
    pub fn set_launcher(&mut self, words: &[&str]) {
        self.launcher = words.iter().map(|word| (*word).to_owned()).collect();
    }

    /// Starts the server, ending one that still runs, and waits until it says that it listens. The port stays the same.
    ///
    /// # Errors
    /// When it ends instead, or says nothing in time.
    pub async fn restart(&mut self) -> Result<()> {
        self.kill();
        self.starts += 1;
        let mut serve = self.program()?;
        serve.arg("serve").args(self.place());
        serve
            .arg("--listen")
            .arg(format!("{}:{}", Ipv4Addr::LOCALHOST, self.port));
        let log = self.scratch.join(&format!("server.{}.log", self.starts));
        let mut part = Part::start("baton-server", serve, &log)?;
        let port = eventually("baton-server to listen", START, async || {
            part.must_be_running()?;
            Ok(port_in(&part.log()))
        })
        .await
        .with_context(|| part.log_tail())?;
        self.port = port;
        self.part = Some(part);
        Ok(())
    }

    /// Kills the server at once (SIGKILL).
    pub fn kill(&mut self) {
        self.part = None;
    }

    /// Asks the server to end as an operator would (SIGTERM), and waits for it.
    ///
    /// # Errors
    /// When it does not end in time.
    pub async fn stop(&mut self) -> Result<()> {
        if let Some(mut part) = self.part.take() {
            part.stop(Duration::from_secs(20)).await?;
        }
        Ok(())
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}:{}", Ipv4Addr::LOCALHOST, self.port)
    }

    /// The port, which stays the same over restarts.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its data directory.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.scratch.join("data")
    }

    /// The process id, while it runs.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.part.as_ref().map(Part::id)
    }

    /// The end of what it printed since its last start.
    #[must_use]
    pub fn log_tail(&self) -> String {
        self.part.as_ref().map(Part::log_tail).unwrap_or_default()
    }

    /// Runs one of the operator's commands on this server's data, such as `["member", "add", ...]`, with `input` on its
    /// standard input, and gives what it printed.
    ///
    /// # Errors
    /// When the command fails; the message holds what it printed.
    pub async fn cli(&self, command: &[&str], input: &str) -> Result<String> {
        let mut program = self.program()?;
        program.args(command).args(self.place());
        let printed = output(program, input.as_bytes()).await?;
        Ok(String::from_utf8_lossy(&printed).into_owned())
    }

    /// Adds somebody who signs in with `password`; `role` as the command line writes it.
    ///
    /// # Errors
    /// When the command fails.
    pub async fn add_member(&self, name: &str, email: &str, role: &str, password: &str) -> Result<()> {
        let add = [
            "member",
            "add",
            "--name",
            name,
            "--email",
            email,
            "--role",
            role,
            "--password-stdin",
        ];
        self.cli(&add, password).await?;
        Ok(())
    }

    /// Connects a mailbox of `mail` to the inbox of that name; `mode` as the command line writes it.
    ///
    /// # Errors
    /// When the command fails, which it does when the mailbox can't be reached.
    pub async fn connect_mailbox(&self, mail: &MailHost, user: &str, inbox: &str, mode: &str) -> Result<()> {
        let address = address(user);
        let [imap, smtp] = [mail.imap_port(), mail.smtp_port()].map(|port| format!("{}:{port}:starttls", mail.name()));
        let ca = mail.ca_file().to_string_lossy().into_owned();
        let account = [
            "account",
            "add",
            "--address",
            &address,
            "--name",
            inbox,
            "--inbox",
            inbox,
            "--mode",
            mode,
        ];
        let servers = ["--imap", &imap, "--smtp", &smtp, "--extra-ca", &ca, "--password-stdin"];
        self.cli(&[account.as_slice(), &servers].concat(), PASSWORD).await?;
        Ok(())
    }

    /// Copies everything the server has into one file; on PostgreSQL with its own tools, as an operator would.
    ///
    /// # Errors
    /// When the command fails.
    pub async fn back_up(&self, file: &Path) -> Result<()> {
        match &self.database {
            Database::Sqlite => {
                self.cli(&["backup", "--to", &file.to_string_lossy()], "").await?;
            }
            Database::Postgres(url) => {
                let mut dump = crate::postgres::program("pg_dump")?;
                dump.args(["--format=custom", "--dbname", url, "--file"]).arg(file);
                output(dump, &[]).await?;
            }
        }
        Ok(())
    }

    /// Puts a backup in place of the data. The server must not run.
    ///
    /// # Errors
    /// When the command fails.
    pub async fn restore(&self, file: &Path) -> Result<()> {
        match &self.database {
            Database::Sqlite => {
                self.cli(&["restore", "--from", &file.to_string_lossy()], "").await?;
            }
            Database::Postgres(url) => {
                let mut restore = crate::postgres::program("pg_restore")?;
                restore
                    .args(["--clean", "--if-exists", "--exit-on-error", "--dbname", url])
                    .arg(file);
                output(restore, &[]).await?;
                // What PostgreSQL's tools put back is an older log: it must be told that it is another one.
                self.cli(&["new-epoch"], "").await?;
            }
        }
        Ok(())
    }

    /// Signs a member in through the HTTP API.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn sign_in(&self, email: &str, password: &str) -> Result<Api> {
        let mut api = Api::to(&self.url())?;
        let who = json!({
            "email": email,
            "password": password,
            "device": uuid::Uuid::new_v4(),
            "deviceName": "a test",
        });
        let signed_in = api.call(Method::POST, SIGN_IN, Some(&who)).await?.good()?;
        api.token = signed_in.get("token").and_then(Value::as_str).map(str::to_owned);
        api.me = signed_in.get("member").cloned().unwrap_or_default();
        if api.token.is_none() {
            bail!("no token in {signed_in}");
        }
        Ok(api)
    }

    fn program(&self) -> Result<Command> {
        let baton = built("baton-server")?;
        let mut program = match self.launcher.split_first() {
            Some((launcher, words)) => {
                let mut program = Command::new(launcher);
                program.args(words).arg(baton);
                program
            }
            None => Command::new(baton),
        };
        program.envs(self.environment.iter().map(|(name, value)| (name, value)));
        Ok(program)
    }

    /// The options that name the data.
    fn place(&self) -> Vec<std::ffi::OsString> {
        let mut options = vec!["--data".into(), self.data().into_os_string()];
        if let Database::Postgres(url) = &self.database {
            options.extend(["--database-url".into(), url.into()]);
        }
        if let Some(shared) = &self.shared {
            options.extend(["--shared".into(), shared.path().as_os_str().to_owned()]);
        }
        options
    }
}

/// The port in the line `listening on http://127.0.0.1:PORT`.
fn port_in(log: &str) -> Option<u16> {
    let (_, after) = log.split_once(READY)?;
    let (line, _) = after.split_once('\n')?;
    let (_, port) = line.trim().trim_end_matches('/').rsplit_once(':')?;
    port.parse().ok()
}

/// A member's own program that talks to the HTTP API.
#[derive(Clone, Debug)]
pub struct Api {
    http: reqwest::Client,
    url: String,
    token: Option<String>,
    me: Value,
    patience: Duration,
}

/// What the server answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The body; null when there was none.
    pub body: Value,
}

impl Answer {
    /// The body of a success.
    ///
    /// # Errors
    /// When it was not one.
    pub fn good(self) -> Result<Value> {
        if !self.status.is_success() {
            bail!("the server answered {}: {}", self.status, self.body);
        }
        Ok(self.body)
    }
}

impl Api {
    /// A program that has not signed in.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn to(url: &str) -> Result<Self> {
        Ok(Self {
            // Loopback never goes through a proxy of the machine.
            http: reqwest::Client::builder().no_proxy().build()?,
            url: url.to_owned(),
            token: None,
            me: Value::Null,
            patience: Duration::from_secs(30),
        })
    }

    /// The same for calls that take minutes.
    #[must_use]
    pub fn patient(&self) -> Self {
        Self {
            patience: Duration::from_secs(420),
            ..self.clone()
        }
    }

    /// The member who signed in, as the server described them; null before.
    #[must_use]
    pub fn me(&self) -> &Value {
        &self.me
    }

    /// The session's token; nothing before signing in.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Makes one call, and gives the answer whether it is a success or not.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer> {
        let mut request = self
            .http
            .request(method.clone(), format!("{}{path}", self.url))
            .timeout(self.patience);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.with_context(|| format!("{method} {path}"))?;
        let status = response.status();
        let bytes = response.bytes().await.with_context(|| format!("{method} {path}"))?;
        let body = if bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&bytes)
                .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()))
        };
        Ok(Answer { status, body })
    }

    /// Reads something.
    ///
    /// # Errors
    /// When no answer comes, or it is not a success.
    pub async fn get(&self, path: &str) -> Result<Value> {
        self.call(Method::GET, path, None).await?.good()
    }

    /// Posts something.
    ///
    /// # Errors
    /// When no answer comes, or it is not a success.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.call(Method::POST, path, Some(body)).await?.good()
    }
}

#[cfg(test)]
mod tests {
    use super::port_in;

    #[test]
    fn the_port_is_read_from_a_whole_line_only() {
        assert_eq!(port_in("INFO up\nlistening on http://127.0.0.1:4711\n"), Some(4711));
        assert_eq!(port_in("listening on http://127.0.0.1:47"), None);
        assert_eq!(port_in("starting\n"), None);
    }
}
