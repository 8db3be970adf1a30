//! Child processes that never outlive their test, and waiting for a condition instead of sleeping.

use std::fs::File;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// How long [`eventually`] waits between two looks.
const LOOK_EVERY_MS: u64 = 20;

/// How many lines of a part's log an error shows.
const LOG_LINES_SHOWN: usize = 25;

/// A running part of a test: one program and everything it started.
///
/// The program leads a process group of its own, and the whole group is killed on drop. A second small process, the leash,
/// waits for the test to end and kills the group when the test could not: a runner that gives up on a test with SIGKILL
/// leaves nothing behind either.
#[derive(Debug)]
pub struct Part {
    name: String,
    child: Child,
    leash: Child,
    log: PathBuf,
}

impl Part {
    /// Starts `command` with its output in the file `log`.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn start(name: &str, command: Command, log: &Path) -> Result<Self> {
        Self::start_with_input(name, command, log, &[])
    }

    /// Starts `command`, hands it `input` on its standard input and closes that.
    ///
    /// # Errors
    /// When the program cannot be started, or does not take its input.
    pub fn start_with_input(name: &str, mut command: Command, log: &Path, input: &[u8]) -> Result<Self> {
        let output = File::options()
            .create(true)
            .append(true)
            .open(log)
            .with_context(|| format!("open the log of {name}"))?;
        let mut child = command
            .stdin(if input.is_empty() {
                Stdio::null()
            } else {
                Stdio::piped()
            })
            .stdout(output.try_clone()?)
            .stderr(output)
            .process_group(0)
            .spawn()
            .with_context(|| format!("start {name} ({})", command.get_program().display()))?;
        let leash = match leash(&child) {
            Ok(leash) => leash,
            Err(error) => {
                kill_group(&child);
                let _ = child.wait();
                return Err(error);
            }
        };
        let mut part = Self {
            name: name.to_owned(),
            child,
            leash,
            log: log.to_owned(),
        };
        if let Some(mut stdin) = part.child.stdin.take() {
            stdin
                .write_all(input)
                .with_context(|| format!("{} took no input\n{}", part.name, part.log_tail()))?;
        }
        Ok(part)
    }

    /// The process id of the program.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How the program ended, if it has.
    ///
    /// # Errors
    /// When the operating system refuses to say.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Fails when the program is no longer running, with the end of its log.
    ///
    /// # Errors
    /// When the program has ended.
    pub fn must_be_running(&mut self) -> Result<()> {
        match self.ended()? {
            None => Ok(()),
            Some(status) => bail!("{} ended early ({status})\n{}", self.name, self.log_tail()),
        }
    }

    /// Everything the program has printed so far.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read(&self.log)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    /// The last lines of the log, for an error message.
    #[must_use]
    pub fn log_tail(&self) -> String {
        tail(&self.log(), LOG_LINES_SHOWN)
    }

    /// Ends the program and all it started, at once, as a power cut would.
    pub fn kill(&mut self) {
        kill_group(&self.child);
        let _ = self.child.wait();
        // The leash goes without a word: its own end must not look like the end of the test to it.
        let _ = self.leash.kill();
        let _ = self.leash.wait();
    }

    /// Asks the program to end (SIGTERM), and waits for it to do so.
    ///
    /// # Errors
    /// When it is still running after `within`.
    pub async fn stop(&mut self, within: Duration) -> Result<ExitStatus> {
        if let Some(pid) = pid_of(&self.child) {
            let _ = kill_process(pid, Signal::TERM);
        }
        let name = self.name.clone();
        eventually(&format!("{name} to end"), within, async || Ok(self.child.try_wait()?)).await
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Asks `probe` again and again until it answers with a value.
///
/// # Errors
/// When `probe` fails, or has no answer after `within`.
pub async fn eventually<T>(
    what: &str,
    within: Duration,
    mut probe: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let started = Instant::now();
    loop {
        if let Some(value) = probe().await.with_context(|| format!("waiting for {what}"))? {
            return Ok(value);
        }
        if started.elapsed() >= within {
            bail!("waited {} ms in vain for {what}", within.as_millis());
        }
        tokio::time::sleep(Duration::from_millis(LOOK_EVERY_MS)).await;
    }
}

/// Runs a program to its end without blocking the runtime, and gives what it printed.
///
/// # Errors
/// When it cannot be started, does not end within a minute, or ends with a failure; the message holds what it printed.
pub async fn output(command: Command, input: &[u8]) -> Result<Vec<u8>> {
    let shown = command.get_program().to_string_lossy().into_owned();
    let mut child = tokio::process::Command::from(command)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("start {shown}"))?;
    let stdin = child.stdin.take();
    let feed = async {
        if let Some(mut stdin) = stdin {
            use tokio::io::AsyncWriteExt;
            // A program that ends without reading its input says so by its exit code.
            let _ = stdin.write_all(input).await;
        }
    };
    let run = async { tokio::join!(feed, child.wait_with_output()).1 };
    let done = tokio::time::timeout(Duration::from_secs(60), run)
        .await
        .with_context(|| format!("{shown} did not end"))??;
    if !done.status.success() {
        bail!(
            "{shown} failed ({})\n{}{}",
            done.status,
            String::from_utf8_lossy(&done.stdout),
            String::from_utf8_lossy(&done.stderr)
        );
    }
    Ok(done.stdout)
}

/// The processes that `root` started, and theirs, with `root` itself first.
#[must_use]
pub fn family(root: u32) -> Vec<u32> {
    let mut parents = Vec::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        if let Some(parent) = parent_of(id) {
            parents.push((id, parent));
        }
    }
    let mut found = vec![root];
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        found.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(id, _)| *id));
        next += 1;
    }
    found
}

/// The last `lines` lines of a text.
#[must_use]
pub fn tail(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.lines().collect();
    let skipped = all.len().saturating_sub(lines);
    all.into_iter().skip(skipped).collect::<Vec<_>>().join("\n")
}

/// Fields in `/proc/PID/stat` follow the last `)`, because a program's name may hold anything.
fn parent_of(id: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(1)?.parse().ok()
}

/// A process that outlives ours by a moment: when our end of its pipe closes, it kills the group of `child`.
fn leash(child: &Child) -> Result<Child> {
    Command::new("/bin/sh")
        .args(["-c", r#"read -r _; kill -s KILL -- "-$0""#, &child.id().to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .context("start the leash of a part")
}

fn kill_group(child: &Child) {
    if let Some(pid) = pid_of(child) {
        // It may have ended by itself: then there is nothing to do.
        let _ = kill_process_group(pid, Signal::KILL);
    }
}

fn pid_of(child: &Child) -> Option<Pid> {
    i32::try_from(child.id()).ok().and_then(Pid::from_raw)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{Part, eventually, family};
    use crate::scratch::Scratch;
    use std::process::Command;
    use std::time::Duration;

    const SOON: Duration = Duration::from_secs(10);

    /// A shell that has started one child.
    async fn shell(scratch: &Scratch) -> Part {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", "sleep 1000 & wait"]);
        let part = Part::start("shell", shell, &scratch.join("log")).unwrap();
        let both = async || Ok((family(part.id()).len() == 2).then_some(()));
        eventually("the child of the shell", SOON, both).await.unwrap();
        part
    }

    #[tokio::test]
    async fn a_test_that_is_killed_takes_its_parts_with_it() {
        let scratch = Scratch::new("leash").unwrap();
        let mut part = shell(&scratch).await;
        // What the kernel does with our end of the pipe when we are killed.
        drop(part.leash.stdin.take());
        eventually("the shell to end", SOON, async || part.ended())
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn a_part_is_asked_to_end_before_it_is_killed() {
        let scratch = Scratch::new("asked").unwrap();
        let mut polite = Command::new("/bin/sh");
        polite.args(["-c", "trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done"]);
        let mut part = Part::start("polite", polite, &scratch.join("log")).unwrap();
        eventually("the trap", SOON, async || {
            Ok(part.log().contains("ready").then_some(()))
        })
        .await
        .unwrap();
        assert_eq!(part.stop(SOON).await.unwrap().code(), Some(7));
    }
}
