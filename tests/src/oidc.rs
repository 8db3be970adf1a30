//! A real OpenID provider on loopback, and a person who signs in on its pages.
//!
//! The provider is `oidc-provider` from the npm registry, pinned by `tests/oidc/package-lock.json` and installed once below the target
//! directory. The person knows only what a browser knows: pages, forms, redirects and cookies.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, Method, Url, redirect};

use crate::port::Port;
use crate::process::{Part, eventually, output};
use crate::programs::{system, target, workspace};
use crate::scratch::Scratch;

/// How long the provider may take to start on a busy machine.
const START: Duration = Duration::from_secs(60);
/// Redirects between two pages at most.
const HOPS: usize = 12;

/// The team's client at the provider. It is public: it has no secret.
pub const CLIENT_ID: &str = "team";
/// The credentials by which a mail server asks the provider about a token.
const INTROSPECTION: &str = "dovecot:dovecot-secret";

/// The provider.
#[derive(Debug)]
pub struct Oidc {
    // Dropped before the directory it works in.
    _part: Part,
    port: Port,
    _scratch: Scratch,
}

impl Oidc {
    /// Starts it and waits until it answers.
    ///
    /// # Errors
    /// When Node.js is not installed, the registry can't be reached the first time, or the provider does not start.
    pub async fn start() -> Result<Self> {
        let scratch = Scratch::new("oidc")?;
        let home = installed().await?;
        let port = Port::claim()?;
        let mut node = Command::new(system("node")?);
        node.current_dir(&home).arg("server.mjs").arg(port.number().to_string());
        let mut part = Part::start("oidc-provider", node, &scratch.join("oidc.out"))?;
        let known = format!("http://127.0.0.1:{}/.well-known/openid-configuration", port.number());
        let web = Client::new();
        eventually("the OpenID provider", START, async || {
            part.must_be_running()?;
            let answer = web.get(&known).send().await;
            Ok(answer.is_ok_and(|answer| answer.status().is_success()).then_some(()))
        })
        .await?;
        Ok(Self {
            _part: part,
            port,
            _scratch: scratch,
        })
    }

    fn page(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port.number())
    }

    /// The page on which a person signs in.
    #[must_use]
    pub fn auth_url(&self) -> String {
        self.page("/auth")
    }

    /// Where tokens are made.
    #[must_use]
    pub fn token_url(&self) -> String {
        self.page("/token")
    }

    /// Where a mail server asks about a token, with its credentials.
    #[must_use]
    pub fn introspection_url(&self) -> String {
        format!(
            "http://{INTROSPECTION}@127.0.0.1:{}/token/introspection",
            self.port.number()
        )
    }

    /// Takes a token back, as a person does in the provider's settings.
    ///
    /// # Errors
    /// When the provider does not answer.
    pub async fn revoke(&self, token: &str) -> Result<()> {
        let form = format!("client_id={CLIENT_ID}&token={token}&token_type_hint=refresh_token");
        let asked = Client::new().post(self.page("/token/revocation")).body(form);
        let asked = asked.header("content-type", "application/x-www-form-urlencoded");
        asked.send().await?.error_for_status()?;
        Ok(())
    }
}

/// The provider's files below the target directory, from the registry as the lock file pins them.
async fn installed() -> Result<std::path::PathBuf> {
    let source = workspace().join("tests/oidc");
    let home = target().join("tools/oidc");
    fs::create_dir_all(&home)?;
    let lock = File::create(home.join("installing"))?;
    // Tests beside us install the same: one does, the others wait.
    let lock = tokio::task::spawn_blocking(move || lock.lock().map(|()| lock)).await??;
    let pinned = fs::read(source.join("package-lock.json"))?;
    let done = home.join("installed-lock.json");
    if fs::read(&done).ok().as_ref() != Some(&pinned) {
        for name in ["package.json", "package-lock.json"] {
            fs::copy(source.join(name), home.join(name))?;
        }
        let mut npm = Command::new(system("npm")?);
        npm.current_dir(&home)
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
        output(npm, &[])
            .await
            .context("install the OpenID provider from the registry")?;
        fs::write(&done, &pinned)?;
    }
    fs::copy(source.join("server.mjs"), home.join("server.mjs"))?;
    drop(lock);
    Ok(home)
}

/// What a person does on the consent page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// Says yes.
    Gives,
    /// Says no.
    Denies,
}

/// A person with a browser.
#[derive(Debug)]
pub struct Person {
    web: Client,
    /// By name and path, as a browser keeps them.
    cookies: BTreeMap<(String, String), String>,
}

impl Default for Person {
    fn default() -> Self {
        let web = Client::builder().redirect(redirect::Policy::none()).build();
        Self {
            web: web.unwrap_or_default(),
            cookies: BTreeMap::new(),
        }
    }
}

impl Person {
    /// Opens a sign-in page, signs in by this name, answers the consent page, and follows the browser's way back to the program.
    /// Gives the text of the page shown last.
    ///
    /// # Errors
    /// When a page is not what it should be.
    pub async fn sign_in(&mut self, page: &Url, name: &str, consent: Consent) -> Result<String> {
        let provider = page.host_str().map(str::to_owned).zip(page.port());
        let (mut at, mut text) = self.open(Method::GET, page.clone(), None).await?;
        for _ in 0..HOPS {
            if at.host_str().map(str::to_owned).zip(at.port()) != provider {
                return Ok(text);
            }
            (at, text) = if text.contains("value=\"login\"") {
                let form = format!("prompt=login&login={name}&password=any");
                self.open(Method::POST, at, Some(form)).await?
            } else if text.contains("value=\"consent\"") && consent == Consent::Gives {
                self.open(Method::POST, at, Some("prompt=consent".to_owned())).await?
            } else if text.contains("value=\"consent\"") {
                let abort = Url::parse(&format!("{at}/abort"))?;
                self.open(Method::GET, abort, None).await?
            } else {
                bail!("a page that is neither the sign-in nor the consent: {text}");
            };
        }
        bail!("the sign-in has no end")
    }

    /// Opens a page and follows where it leads.
    async fn open(&mut self, method: Method, url: Url, form: Option<String>) -> Result<(Url, String)> {
        let (mut method, mut url, mut form) = (method, url, form);
        for _ in 0..HOPS {
            let mut asked = self.web.request(method, url.clone());
            let cookies = self.cookies_for(&url);
            if !cookies.is_empty() {
                asked = asked.header(COOKIE, cookies);
            }
            if let Some(form) = form.take() {
                asked = asked
                    .header("content-type", "application/x-www-form-urlencoded")
                    .body(form);
            }
            let answer = asked.send().await.with_context(|| format!("open {url}"))?;
            for cookie in answer.headers().get_all(SET_COOKIE) {
                self.keep(cookie.to_str()?, url.path());
            }
            let next = answer
                .headers()
                .get(LOCATION)
                .filter(|_| answer.status().is_redirection());
            let Some(next) = next else {
                return Ok((url, answer.text().await?));
            };
            url = url.join(next.to_str()?)?;
            method = Method::GET;
        }
        bail!("{url} leads nowhere")
    }

    fn cookies_for(&self, url: &Url) -> String {
        let path = url.path();
        let sent = self.cookies.iter().filter(|((_, of), _)| path.starts_with(of.as_str()));
        let sent: Vec<String> = sent.map(|((name, _), value)| format!("{name}={value}")).collect();
        sent.join("; ")
    }

    fn keep(&mut self, cookie: &str, default_path: &str) {
        let mut pieces = cookie.split(';').map(str::trim);
        let Some((name, value)) = pieces.next().and_then(|pair| pair.split_once('=')) else {
            return;
        };
        let path = pieces
            .find_map(|piece| piece.strip_prefix("path="))
            .unwrap_or(default_path)
            .to_owned();
        let key = (name.to_owned(), path);
        if value.is_empty() {
            self.cookies.remove(&key);
        } else {
            self.cookies.insert(key, value.to_owned());
        }
    }
}
