//! The real desktop, in a session of its own, with its buttons pressed by WebDriver.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::json;
use thirtyfour::Key;
use thirtyfour::common::capabilities::desiredcapabilities::Capabilities;
use thirtyfour::extensions::query::ElementQueryable;
use thirtyfour::prelude::{By, WebDriver, WebElement};
use tokio::net::TcpStream;

use crate::port::Port;
use crate::process::{Part, eventually, family};
use crate::programs::{built, system, tauri_driver};
use crate::session::Session;

/// How long the driver, or the window, may take to start on a busy machine.
const START: Duration = Duration::from_secs(60);

/// What a window of Tauri calls itself.
const TAURI: &str = "wry";

/// Waits until two frames were painted: before that, a picture may still show what was there earlier.
const TWO_FRAMES: &str = "const done = arguments[arguments.length - 1];\
    requestAnimationFrame(() => requestAnimationFrame(() => done(true)));";

/// How the desktop is started.
#[derive(Clone, Debug, Default)]
pub struct Start {
    program: Option<(PathBuf, String)>,
    arguments: Vec<String>,
    environment: Vec<(String, OsString)>,
}

impl Start {
    /// Opens another program with a WebKit window instead of the desktop; `name` is what it calls itself to a WebDriver.
    #[must_use]
    pub fn program(mut self, program: impl Into<PathBuf>, name: &str) -> Self {
        self.program = Some((program.into(), name.to_owned()));
        self
    }

    /// Adds an argument.
    #[must_use]
    pub fn argument(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Adds a variable, such as the test's clock.
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }
}

/// A desktop with an open window.
#[derive(Debug)]
pub struct Desktop {
    window: Option<WebDriver>,
    driver: Part,
    driver_port: Port,
    native_port: Port,
    program: PathBuf,
    browser: String,
    arguments: Vec<String>,
    session: Session,
}

impl Desktop {
    /// Opens the desktop in `session`.
    ///
    /// # Errors
    /// When it is not built, the driver is not installed, or no window comes.
    pub async fn open(session: Session, start: Start) -> Result<Self> {
        let (program, browser) = match start.program {
            Some(other) => other,
            None => (built("baton")?, TAURI.to_owned()),
        };
        let driver_port = Port::claim()?;
        let native_port = Port::claim()?;
        // The program under test inherits the driver's environment: that is how it comes into the session.
        let mut command = session.command(tauri_driver()?);
        command.envs(start.environment.iter().map(|(name, value)| (name, value)));
        command.args(["--port", &driver_port.number().to_string()]);
        command.args(["--native-port", &native_port.number().to_string()]);
        command.arg("--native-driver").arg(system("WebKitWebDriver")?);
        let driver = Part::start("tauri-driver", command, &session.aside("driver.log"))?;
        let mut desktop = Self {
            window: None,
            driver,
            driver_port,
            native_port,
            program,
            browser,
            arguments: start.arguments,
            session,
        };
        for port in [desktop.driver_port.number(), desktop.native_port.number()] {
            eventually("tauri-driver", START, async || {
                desktop.driver.must_be_running()?;
                Ok(TcpStream::connect(("127.0.0.1", port)).await.ok())
            })
            .await?;
        }
        desktop.open_window().await?;
        Ok(desktop)
    }

    /// The session it runs in.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The window, for what the helpers here do not offer.
    ///
    /// # Errors
    /// When the desktop is closed at the moment.
    pub fn window(&self) -> Result<&WebDriver> {
        self.window.as_ref().context("the desktop is closed")
    }

    /// Waits for an element that `css` selects and that can be seen.
    ///
    /// # Errors
    /// When there is none after `within`; the message holds what the page says instead.
    pub async fn wait_for(&self, css: &str, within: Duration) -> Result<WebElement> {
        self.wait_until(css, within, |_| true).await
    }

    /// Waits for a visible element that `css` selects and whose text `wanted` accepts.
    ///
    /// # Errors
    /// When there is none after `within`; the message holds what the page says instead.
    pub async fn wait_until(&self, css: &str, within: Duration, wanted: impl Fn(&str) -> bool) -> Result<WebElement> {
        let window = self.window()?;
        let found = eventually(css, within, async || {
            for element in window.find_all(By::Css(css)).await? {
                // An element may leave the page between two questions about it: then it is not the one.
                if !element.is_displayed().await.unwrap_or(false) {
                    continue;
                }
                if words(&element).await.is_ok_and(|text| wanted(&text)) {
                    return Ok(Some(element));
                }
            }
            Ok(None)
        })
        .await;
        match found {
            Ok(element) => Ok(element),
            Err(error) => Err(error.context(self.state().await)),
        }
    }

    /// Waits until nothing visible matches `css`.
    ///
    /// # Errors
    /// When something still does after `within`.
    pub async fn wait_gone(&self, css: &str, within: Duration) -> Result<()> {
        let window = self.window()?;
        eventually(&format!("{css} to go"), within, async || {
            let mut seen = false;
            for element in window.find_all(By::Css(css)).await? {
                seen |= element.is_displayed().await.unwrap_or(false);
            }
            Ok((!seen).then_some(()))
        })
        .await
    }

    /// The text of the first element that `css` selects now.
    ///
    /// # Errors
    /// When there is none.
    pub async fn text(&self, css: &str) -> Result<String> {
        words(&self.window()?.find(By::Css(css)).await?).await
    }

    /// The texts of all elements that `css` selects now, in the order of the page.
    ///
    /// # Errors
    /// When the window does not answer.
    pub async fn texts(&self, css: &str) -> Result<Vec<String>> {
        let mut texts = Vec::new();
        for element in self.window()?.find_all(By::Css(css)).await? {
            texts.push(words(&element).await?);
        }
        Ok(texts)
    }

    /// The value of an input, as typed.
    ///
    /// # Errors
    /// When there is no such input.
    pub async fn value(&self, css: &str) -> Result<String> {
        Ok(self
            .window()?
            .find(By::Css(css))
            .await?
            .value()
            .await?
            .unwrap_or_default())
    }

    /// Whether anything matches `css` now.
    ///
    /// # Errors
    /// When the window does not answer.
    pub async fn has(&self, css: &str) -> Result<bool> {
        Ok(self.window()?.query(By::Css(css)).nowait().exists().await?)
    }

    /// Clicks the element that `css` selects, as soon as it can be seen.
    ///
    /// # Errors
    /// When it cannot be seen after `within`, or cannot be clicked.
    pub async fn click(&self, css: &str, within: Duration) -> Result<()> {
        Ok(self.wait_for(css, within).await?.click().await?)
    }

    /// Types into the element that `css` selects, as soon as it can be seen.
    ///
    /// # Errors
    /// When it cannot be seen after `within`, or takes no keys.
    pub async fn type_into(&self, css: &str, text: &str, within: Duration) -> Result<()> {
        Ok(self.wait_for(css, within).await?.send_keys(text).await?)
    }

    /// Presses keys one after the other, wherever the focus is.
    ///
    /// # Errors
    /// When the window does not answer.
    pub async fn press(&self, keys: &str) -> Result<()> {
        Ok(self.window()?.action_chain().send_keys(keys).perform().await?)
    }

    /// Presses one key while another is held, such as Control and Enter.
    ///
    /// # Errors
    /// When the window does not answer.
    pub async fn press_with(&self, held: Key, key: impl Into<char>) -> Result<()> {
        let chain = self.window()?.action_chain();
        Ok(chain
            .key_down(held.clone())
            .send_keys(key.into())
            .key_up(held)
            .perform()
            .await?)
    }

    /// Writes a picture of the window, as it is after everything known has been painted.
    ///
    /// # Errors
    /// When the window does not answer, or the file cannot be written.
    pub async fn screenshot(&self, file: &Path) -> Result<()> {
        let window = self.window()?;
        window.execute_async(TWO_FRAMES, Vec::new()).await?;
        Ok(window.screenshot(file).await?)
    }

    /// The process of the desktop itself.
    ///
    /// # Errors
    /// When it does not run.
    pub fn process(&self) -> Result<u32> {
        family(self.driver.id())
            .into_iter()
            .find(|id| std::fs::read_link(format!("/proc/{id}/exe")).is_ok_and(|exe| exe == self.program))
            .with_context(|| format!("{} does not run", self.program.display()))
    }

    /// Closes the desktop as quitting does, and waits until its process is gone.
    ///
    /// # Errors
    /// When it stays.
    pub async fn close(&mut self) -> Result<()> {
        let Some(window) = self.window.take() else {
            return Ok(());
        };
        window.quit().await?;
        self.wait_until_ended().await
    }

    /// Kills the desktop's process, as a crash would.
    ///
    /// # Errors
    /// When it does not run.
    pub async fn crash(&mut self) -> Result<()> {
        let id = i32::try_from(self.process()?).context("a process id")?;
        let Some(pid) = rustix::process::Pid::from_raw(id) else {
            bail!("process {id} is none");
        };
        rustix::process::kill_process(pid, rustix::process::Signal::KILL)?;
        if let Some(window) = self.window.take() {
            // The session of the window is gone with its process; the driver only has to forget it.
            let _ = window.quit().await;
        }
        self.wait_until_ended().await
    }

    /// Opens the desktop again in the same session after [`Desktop::close`] or [`Desktop::crash`].
    ///
    /// # Errors
    /// When no window comes.
    pub async fn reopen(&mut self) -> Result<()> {
        self.open_window().await
    }

    /// Closes the desktop and opens it again.
    ///
    /// # Errors
    /// When it does not close, or no window comes.
    pub async fn restart(&mut self) -> Result<()> {
        self.close().await?;
        self.reopen().await
    }

    async fn open_window(&mut self) -> Result<()> {
        let mut wanted = Capabilities::new();
        wanted.set("browserName", &self.browser)?;
        wanted.set(
            "tauri:options",
            json!({ "application": self.program, "args": self.arguments }),
        )?;
        let started = Instant::now();
        let window = WebDriver::new(format!("http://127.0.0.1:{}", self.driver_port.number()), wanted)
            .await
            .with_context(|| format!("open the desktop\n{}", self.driver.log_tail()))?;
        window.set_script_timeout(START).await?;
        self.window = Some(window);
        eventually("the page", START.saturating_sub(started.elapsed()), async || {
            let state = self.window()?.execute("return document.readyState", Vec::new()).await?;
            Ok((state.json() == "complete").then_some(()))
        })
        .await
    }

    async fn wait_until_ended(&self) -> Result<()> {
        eventually("the desktop to end", START, async || {
            Ok(self.process().is_err().then_some(()))
        })
        .await
    }

    /// What the page says, and the end of the log, for an error message.
    async fn state(&self) -> String {
        let page = self
            .text("body")
            .await
            .unwrap_or_else(|error| format!("no page: {error}"));
        format!(
            "the page says:\n{page}\nthe driver and the desktop say:\n{}",
            self.driver.log_tail()
        )
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        if let Some(window) = self.window.take() {
            // The driver's group is killed in a moment; asking it politely from here would block the runtime.
            let _ = window.leak();
        }
    }
}

/// What a person reads in an element. The driver's own answer leaves out what stands in a clipped line of a row that is
/// moved into place, as every row of a long list is.
///
/// # Errors
/// When the element has left the page.
pub async fn words(element: &WebElement) -> Result<String> {
    Ok(element.prop("innerText").await?.unwrap_or_default())
}

/// The selector of the element that carries this `data-testid`.
#[must_use]
pub fn testid(id: &str) -> String {
    format!("[data-testid=\"{id}\"]")
}
