//! Providers that speak IMAP in their own way, as small scripted servers: what they offer, how their folders look, and where they stop.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard};

use baton_channels::email::{EmailAccount, Endpoint, Security};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A message as the provider keeps it.
#[derive(Debug, Clone)]
pub struct Message {
    pub uid: u32,
    pub raw: Vec<u8>,
    pub flags: &'static str,
    pub labels: &'static str,
}

#[derive(Debug, Clone)]
pub struct Folder {
    pub name: &'static str,
    pub marks: &'static str,
    pub messages: Vec<Message>,
}

/// What a provider is like.
#[derive(Debug, Clone, Copy)]
pub struct Dialect {
    pub capabilities: &'static str,
    /// Whether it has X-GM-MSGID and X-GM-LABELS.
    pub labels: bool,
    /// Its HIGHESTMODSEQ, where it has one.
    pub modseq: Option<u64>,
    /// How many sign-ins are turned away at first, and with which words.
    pub turned_away: usize,
    pub words: &'static str,
}

pub const GMAIL: Dialect = Dialect {
    capabilities: "IMAP4rev1 UNSELECT IDLE NAMESPACE QUOTA ID XLIST CHILDREN X-GM-EXT-1 UIDPLUS ENABLE MOVE CONDSTORE ESEARCH UTF8=ACCEPT LIST-EXTENDED LIST-STATUS LITERAL- SPECIAL-USE APPENDLIMIT=35651584",
    labels: true,
    modseq: Some(4711),
    turned_away: 0,
    words: "[ALERT] Too many simultaneous connections. (Failure)",
};

pub const MICROSOFT: Dialect = Dialect {
    capabilities: "IMAP4 IMAP4rev1 AUTH=XOAUTH2 SASL-IR UIDPLUS ID UNSELECT CHILDREN IDLE NAMESPACE LITERAL+",
    labels: false,
    modseq: None,
    turned_away: 0,
    words: "User is authenticated but not connected.",
};

#[derive(Debug, Default)]
pub struct State {
    pub folders: Vec<Folder>,
    /// Every command that came, without its tag.
    pub heard: Vec<String>,
    pub connections: usize,
    /// Sign-ins so far. A connection that only asks what can be sent here signs in nowhere, and may well be the first.
    pub sign_ins: usize,
}

/// The server.
pub struct Provider {
    port: u16,
    state: Arc<Mutex<State>>,
    bell: watch::Sender<u64>,
    task: JoinHandle<()>,
}

impl Provider {
    pub async fn start(dialect: Dialect, folders: Vec<Folder>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State {
            folders,
            ..State::default()
        }));
        let bell = watch::Sender::new(0);
        let (of_all, rings) = (Arc::clone(&state), bell.clone());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (state, bell) = (Arc::clone(&of_all), rings.subscribe());
                tokio::spawn(async move {
                    let mut session = Session {
                        dialect,
                        state,
                        open: None,
                        shown: 0,
                    };
                    let _ = session.serve(stream, bell).await;
                });
            }
        });
        Self {
            port,
            state,
            bell,
            task,
        }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// A message comes into a folder, and whoever waits there hears of it.
    pub fn arrives(&self, folder: &str, message: Message) {
        let mut state = self.state();
        let folder = state.folders.iter_mut().find(|one| one.name == folder).unwrap();
        folder.messages.push(message);
        drop(state);
        self.bell.send_modify(|rings| *rings += 1);
    }

    pub fn heard(&self, begin: &str) -> usize {
        self.state().heard.iter().filter(|line| line.starts_with(begin)).count()
    }

    pub fn account(&self, user: &str) -> EmailAccount {
        let here = Endpoint::new("127.0.0.1", self.port, Security::Plain);
        EmailAccount {
            address: "sales@baton.test".to_owned(),
            display_name: None,
            imap: here.clone(),
            smtp: here,
            user: user.to_owned(),
            extra_ca: None,
            sent_folder: None,
            provider_files_sent: false,
            graph: None,
        }
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Session {
    dialect: Dialect,
    state: Arc<Mutex<State>>,
    open: Option<usize>,
    /// Messages of the open folder that the client knows of.
    shown: usize,
}

impl Session {
    async fn serve(&mut self, mut stream: TcpStream, mut bell: watch::Receiver<u64>) -> std::io::Result<()> {
        self.state.lock().unwrap().connections += 1;
        let (read, mut write) = stream.split();
        let mut lines = BufReader::new(read);
        write.write_all(b"* OK ready for requests\r\n").await?;
        let (mut line, mut waiter) = (String::new(), None::<String>);
        loop {
            let read = tokio::select! {
                read = lines.read_line(&mut line) => read?,
                _ = bell.changed(), if waiter.is_some() => {
                    write.write_all(self.news().as_bytes()).await?;
                    continue;
                }
            };
            if read == 0 {
                return Ok(());
            }
            let said = std::mem::take(&mut line).trim_end().to_owned();
            if said == "DONE" {
                let tag = waiter.take().unwrap_or_default();
                write
                    .write_all(format!("{tag} OK IDLE terminated\r\n").as_bytes())
                    .await?;
                continue;
            }
            let (tag, command) = said.split_once(' ').unwrap_or((said.as_str(), ""));
            self.state.lock().unwrap().heard.push(command.to_owned());
            let upper = command.to_ascii_uppercase();
            let answer = if upper.starts_with("LOGIN") || upper.starts_with("AUTHENTICATE") {
                if upper.starts_with("AUTHENTICATE") {
                    write.write_all(b"+ \r\n").await?;
                    lines.read_line(&mut line).await?;
                    line.clear();
                }
                let number = {
                    let mut state = self.state.lock().unwrap();
                    state.sign_ins += 1;
                    state.sign_ins
                };
                if number <= self.dialect.turned_away {
                    let words = self.dialect.words;
                    write.write_all(format!("{tag} NO {words}\r\n").as_bytes()).await?;
                    return Ok(());
                }
                format!("{tag} OK success\r\n")
            } else if upper == "IDLE" {
                waiter = Some(tag.to_owned());
                format!("{}+ idling\r\n", self.news())
            } else if upper.starts_with("APPEND") {
                let size: usize = upper
                    .rsplit_once('{')
                    .and_then(|(_, size)| size.trim_end_matches(['}', '+']).parse().ok())
                    .unwrap_or(0);
                write.write_all(b"+ go\r\n").await?;
                let mut message = vec![0; size + 2];
                lines.read_exact(&mut message).await?;
                format!("{tag} OK done\r\n")
            } else {
                let mut answer = self.answer(command);
                let _ = write!(answer, "{tag} OK done\r\n");
                answer
            };
            write.write_all(answer.as_bytes()).await?;
            if upper == "LOGOUT" {
                return Ok(());
            }
        }
    }

    fn news(&mut self) -> String {
        let state = self.state.lock().unwrap();
        let count = self.open.map_or(0, |at| state.folders[at].messages.len());
        if count > self.shown {
            self.shown = count;
            return format!("* {count} EXISTS\r\n");
        }
        String::new()
    }

    fn answer(&mut self, command: &str) -> String {
        let mut out = String::new();
        let (verb, rest) = command.split_once(' ').unwrap_or((command, ""));
        let state = Arc::clone(&self.state);
        let state = state.lock().unwrap();
        match verb.to_ascii_uppercase().as_str() {
            "CAPABILITY" => out = format!("* CAPABILITY {}\r\n", self.dialect.capabilities),
            "ID" => out = "* ID NIL\r\n".to_owned(),
            "LIST" => {
                for folder in &state.folders {
                    let _ = write!(out, "* LIST ({}) \"/\" \"{}\"\r\n", folder.marks, folder.name);
                }
            }
            "EXAMINE" | "SELECT" => {
                let name = rest.split('"').nth(1).unwrap_or("INBOX");
                let at = state.folders.iter().position(|folder| folder.name == name).unwrap();
                let folder = &state.folders[at];
                (self.open, self.shown) = (Some(at), folder.messages.len());
                let _ = write!(
                    out,
                    "* FLAGS (\\Answered \\Flagged \\Draft \\Deleted \\Seen)\r\n* {} EXISTS\r\n* 0 RECENT\r\n* OK [UIDVALIDITY 11] valid.\r\n* OK [UIDNEXT {}] next.\r\n",
                    folder.messages.len(),
                    next(folder)
                );
                if let Some(modseq) = self.dialect.modseq {
                    let _ = write!(out, "* OK [HIGHESTMODSEQ {modseq}]\r\n");
                }
            }
            "STATUS" => {
                let name = rest.split('"').nth(1).unwrap_or("INBOX");
                let folder = state.folders.iter().find(|folder| folder.name == name).unwrap();
                let modseq = self.dialect.modseq.map(|modseq| format!(" HIGHESTMODSEQ {modseq}"));
                let _ = write!(
                    out,
                    "* STATUS \"{name}\" (MESSAGES {} UIDNEXT {} UIDVALIDITY 11{})\r\n",
                    folder.messages.len(),
                    next(folder),
                    modseq.unwrap_or_default()
                );
            }
            "UID" => {
                let folder = &state.folders[self.open.unwrap()];
                let (what, arguments) = rest.split_once(' ').unwrap();
                if what == "SEARCH" {
                    let set = arguments.strip_prefix("UID ").unwrap_or("1:*");
                    let found: Vec<String> = chosen(folder, set)
                        .map(|(_, message)| message.uid.to_string())
                        .collect();
                    out = format!("* SEARCH {}\r\n", found.join(" "));
                } else {
                    let (set, items) = arguments.split_once(' ').unwrap();
                    if items.contains("CHANGEDSINCE") {
                        return out;
                    }
                    for (number, message) in chosen(folder, set) {
                        out.push_str(&self.fetched(number, message, items));
                    }
                }
            }
            _ => {}
        }
        out
    }

    fn fetched(&self, number: usize, message: &Message, items: &str) -> String {
        let mut parts = vec![format!("UID {}", message.uid)];
        if items.contains("RFC822.SIZE") {
            parts.push(format!("RFC822.SIZE {}", message.raw.len()));
            parts.push("INTERNALDATE \"02-Nov-2026 10:00:00 +0000\"".to_owned());
        }
        if items.contains("FLAGS") {
            parts.push(format!("FLAGS ({})", message.flags));
        }
        if items.contains("X-GM-LABELS") {
            assert!(self.dialect.labels, "asked for labels where there are none");
            parts.push(format!("X-GM-MSGID {}", u64::MAX - u64::from(message.uid)));
            parts.push(format!("X-GM-LABELS ({})", message.labels));
        }
        if items.contains("BODY.PEEK[]") {
            let text = String::from_utf8(message.raw.clone()).unwrap();
            parts.push(format!("BODY[] {{{}}}\r\n{text}", message.raw.len()));
        }
        format!("* {number} FETCH ({})\r\n", parts.join(" "))
    }
}

fn next(folder: &Folder) -> u32 {
    folder.messages.iter().map(|message| message.uid).max().unwrap_or(0) + 1
}

/// The messages of a set, with their numbers. As the protocol has it, `*` is the last one, wherever the range begins.
fn chosen<'a>(folder: &'a Folder, set: &str) -> impl Iterator<Item = (usize, &'a Message)> {
    let last = next(folder) - 1;
    let number = |text: &str| if text == "*" { last } else { text.parse().unwrap() };
    let ranges: Vec<(u32, u32)> = set
        .split(',')
        .map(|range| {
            let (from, to) = range.split_once(':').unwrap_or((range, range));
            let (from, to) = (number(from), number(to));
            (from.min(to), from.max(to))
        })
        .collect();
    folder
        .messages
        .iter()
        .enumerate()
        .filter(move |(_, message)| ranges.iter().any(|(from, to)| (*from..=*to).contains(&message.uid)))
        .map(|(at, message)| (at + 1, message))
}
