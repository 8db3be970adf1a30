//! The running server's ear for its operator: a loopback port, one line of JSON in, one line out.
//!
//! The address and a token lie in a file of the data directory that only its owner may read, so whoever may read the data may
//! also ask, and nobody else on the machine.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::{Request, Words, carry_out};
use crate::auth::token::{Secret, digest, same};
use crate::core::Core;
use crate::private;

/// The file that tells where the running server listens for its operator.
const FILE: &str = "admin.json";

/// The longest question, in bytes.
const LONGEST: u64 = 1 << 20;

/// How long somebody may take to ask.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Serialize, Deserialize)]
struct Contact {
    address: SocketAddr,
    token: String,
}

#[derive(Serialize, Deserialize)]
struct Question {
    token: String,
    request: Request,
}

/// Why the running server could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// It left no address, or does not answer: it is starting or ending.
    #[error(
        "a baton-server uses this data but does not answer; it may be starting or stopping. Try again in a moment ({0})"
    )]
    NoAnswer(#[from] io::Error),
    /// It said something else.
    #[error("the running baton-server is of another version: restart it, then try again")]
    OtherVersion,
}

/// The ear. It closes when this is dropped.
#[derive(Debug)]
pub struct AdminSocket {
    task: JoinHandle<()>,
    file: PathBuf,
}

impl AdminSocket {
    /// Listens for the operator of `data`.
    ///
    /// # Errors
    /// When no port is free or the file can't be written.
    pub async fn open(data: &Path, core: Arc<Core>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let token = Secret::token().map_err(io::Error::other)?;
        let contact = Contact {
            address: listener.local_addr()?,
            token: token.reveal().to_owned(),
        };
        let file = data.join(FILE);
        private::replace(&file, &serde_json::to_vec(&contact).map_err(io::Error::other)?)?;
        let digest = token.digest();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let core = Arc::clone(&core);
                tokio::spawn(async move {
                    if let Err(error) = answer(&core, stream, &digest).await {
                        tracing::debug!(%error, "a question of the operator broke off");
                    }
                });
            }
        });
        Ok(Self { task, file })
    }
}

impl Drop for AdminSocket {
    fn drop(&mut self) {
        self.task.abort();
        let _ = std::fs::remove_file(&self.file);
    }
}

async fn answer(core: &Core, mut stream: TcpStream, token: &[u8]) -> io::Result<()> {
    let (read, mut write) = stream.split();
    let mut line = String::new();
    let asked = BufReader::new(read.take(LONGEST))
        .read_line(&mut line)
        .within(PATIENCE)
        .await?;
    let question: Result<Question, _> = serde_json::from_str(&line);
    let words: Words = match question {
        Ok(question) if same(&digest(&question.token), token) => carry_out(core, question.request).await,
        Ok(_) => Err("the token is wrong".to_owned()),
        Err(_) => Err(format!("{asked} bytes were not a question")),
    };
    let mut text = serde_json::to_vec(&words).map_err(io::Error::other)?;
    text.push(b'\n');
    write.write_all(&text).await?;
    write.shutdown().await
}

/// Asks the server that runs on `data`.
///
/// # Errors
/// When it does not answer; what it answers may be words of refusal too.
pub async fn ask(data: &Path, request: Request) -> Result<Words, AdminError> {
    let contact: Contact =
        serde_json::from_slice(&std::fs::read(data.join(FILE))?).map_err(|_| AdminError::OtherVersion)?;
    let mut stream = TcpStream::connect(contact.address).await?;
    let question = Question {
        token: contact.token,
        request,
    };
    let mut text = serde_json::to_vec(&question).map_err(io::Error::other)?;
    text.push(b'\n');
    stream.write_all(&text).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    serde_json::from_str(&answer).map_err(|_| AdminError::OtherVersion)
}

/// An operation that is given up after a while.
trait Within: Future + Sized {
    async fn within<T>(self, patience: Duration) -> io::Result<T>
    where
        Self: Future<Output = io::Result<T>>,
    {
        tokio::time::timeout(patience, self)
            .await
            .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }
}

impl<F: Future> Within for F {}
