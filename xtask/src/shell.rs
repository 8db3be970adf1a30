//! Running other programs, and where things are.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;

use anyhow::{Context, Result, bail};

/// How many of a program's last lines [`followed`] keeps.
const LINES_KEPT: usize = 400;

/// The root of the workspace.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// The directory Cargo builds into.
pub fn target() -> PathBuf {
    root().join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// The Cargo that started us, at the root of the workspace.
pub fn cargo<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()).args(args);
    command
}

/// Shows a command, runs it, and fails when it fails.
pub fn run(command: &mut Command) -> Result<()> {
    announce(command);
    let shown = words(command);
    let status = command.status().with_context(|| format!("start `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` failed ({status})");
    }
    Ok(())
}

/// Runs a command in silence and gives what it printed, or nothing when it failed or is not there.
pub fn asked(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A finished command: whether it went well, and its last lines.
pub struct Followed {
    /// What went wrong, if anything.
    pub result: Result<()>,
    /// The last lines it printed, without colours.
    pub lines: Vec<String>,
}

impl Followed {
    /// The closing words of a test runner: from the last line with `mark` in it to the end.
    pub fn closing(&self, mark: &str) -> &[String] {
        let from = self
            .lines
            .iter()
            .rposition(|line| line.contains(mark))
            .unwrap_or(self.lines.len());
        self.lines.get(from..).unwrap_or_default()
    }
}

/// Shows a command and runs it, passing on what it prints and keeping the last lines.
pub fn followed(command: &mut Command) -> Result<Followed> {
    announce(command);
    let shown = words(command);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("start `{shown}`"))?;
    let (send, receive) = mpsc::channel();
    let readers = [
        child
            .stdout
            .take()
            .map(|stream| pass_on(stream, std::io::stdout(), send.clone())),
        child
            .stderr
            .take()
            .map(|stream| pass_on(stream, std::io::stderr(), send)),
    ];
    let mut lines = VecDeque::new();
    for line in receive {
        lines.push_back(without_colours(&line));
        if lines.len() > LINES_KEPT {
            lines.pop_front();
        }
    }
    for reader in readers.into_iter().flatten() {
        let _ = reader.join();
    }
    let status = child.wait()?;
    let result = if status.success() {
        Ok(())
    } else {
        Err(anyhow::anyhow!("`{shown}` failed ({status})"))
    };
    Ok(Followed {
        result,
        lines: lines.into(),
    })
}

/// Whether the person sees what we print.
pub fn at_a_terminal() -> bool {
    std::io::stderr().is_terminal()
}

/// Finds a program in `PATH`, and where servers are installed outside it.
pub fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from))
        .map(|place| place.join(name).with_extension(std::env::consts::EXE_EXTENSION))
        .find(|candidate| candidate.is_file())
}

fn pass_on(
    from: impl Read + Send + 'static,
    mut to: impl Write + Send + 'static,
    lines: mpsc::Sender<String>,
) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        let mut from = BufReader::new(from);
        let mut line = Vec::new();
        while from.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            // A closed terminal is no reason to stop the tests.
            let _ = to.write_all(&line).and_then(|()| to.flush());
            let _ = lines.send(String::from_utf8_lossy(&line).trim_end().to_owned());
            line.clear();
        }
    })
}

fn announce(command: &Command) {
    eprintln!("» {}", words(command));
}

/// The command as one would type it, short enough to read.
fn words(command: &Command) -> String {
    let program = Path::new(command.get_program())
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let args = command.get_args().map(|arg| arg.to_string_lossy().into_owned());
    std::iter::once(program).chain(args).collect::<Vec<_>>().join(" ")
}

/// Takes the escape sequences that colour a terminal out of a line.
fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            // `ESC [ ... letter`
            characters.by_ref().skip(1).find(char::is_ascii_alphabetic);
        } else {
            plain.push(character);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::{Followed, without_colours};

    #[test]
    fn colours_are_taken_out_of_a_kept_line() {
        assert_eq!(
            without_colours("\u{1b}[32;1m     Summary\u{1b}[0m [ 5.8s] ü"),
            "     Summary [ 5.8s] ü"
        );
    }

    #[test]
    fn the_closing_words_begin_at_the_last_mark() {
        let lines = ["Summary of yesterday", "PASS", "Summary [1 s]", "FAIL x"]
            .map(str::to_owned)
            .to_vec();
        let followed = Followed { result: Ok(()), lines };
        assert_eq!(followed.closing("Summary"), ["Summary [1 s]", "FAIL x"]);
        assert!(followed.closing("Tests").is_empty());
    }
}
