//! What locks and their telling are compared with: `SET NX PX` and `PUBLISH` of Redis, told to as many subscribers.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, ensure};
use baton_tests::redis::Redis;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use uuid::Uuid;

use crate::desks::{Board, Watcher};

/// How long a lock lives, in milliseconds.
const LIFETIME_MS: &str = "45000";
const CHANNEL: &str = "office";

/// A Redis with its subscribers, and a connection that takes locks and tells of them.
pub struct Fanout {
    publisher: TcpStream,
    board: Arc<Board>,
    number: u64,
    told_bytes: usize,
    _subscribers: Vec<Watcher>,
}

impl Fanout {
    /// Subscribes so many times. What is told is as long as what Baton tells.
    pub async fn open(redis: &Redis, subscribers: usize, told_bytes: usize) -> Result<Self> {
        let board = Board::new(subscribers);
        let mut all = Vec::with_capacity(subscribers);
        for _ in 0..subscribers {
            all.push(subscriber(connect(redis).await?, Arc::clone(&board)).await?);
        }
        Ok(Self {
            publisher: connect(redis).await?,
            board,
            number: 0,
            told_bytes,
            _subscribers: all,
        })
    }

    /// Takes a lock nobody has, tells of it, and gives when it began and when each subscriber knew.
    pub async fn lock(&mut self) -> Result<(Instant, Vec<Instant>)> {
        self.number += 1;
        let (key, told) = (format!("lock:{}", Uuid::new_v4()), self.told());
        let mut asked = words(&["SET", &key, "rep-1", "NX", "PX", LIFETIME_MS]);
        asked.extend(words(&["PUBLISH", CHANNEL, &told]));
        let began = Instant::now();
        self.publisher.write_all(&asked).await?;
        let mut answer = [0; 256];
        let mut length = 0;
        while answer.iter().filter(|byte| **byte == b'\n').count() < 2 {
            let Some(rest) = answer.get_mut(length..) else { break };
            let read = self.publisher.read(rest).await?;
            ensure!(read > 0, "Redis hung up");
            length += read;
        }
        ensure!(answer.starts_with(b"+OK"), "Redis did not grant a free lock");
        Ok((began, self.board.times_of(self.number).await?))
    }

    /// The text of a frame with one entry, in the same form and of the same length as Baton's.
    fn told(&self) -> String {
        let begin = format!(
            r#"{{"type":"frame","from":{},"to":{{"epoch":"{}","number":{},"entries":""#,
            self.number - 1,
            Uuid::nil(),
            self.number
        );
        let fill = self.told_bytes.saturating_sub(begin.len() + 3);
        format!(r#"{begin}{}"}}}}"#, "x".repeat(fill))
    }
}

async fn connect(redis: &Redis) -> Result<TcpStream> {
    let stream = TcpStream::connect(redis.address()).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// A subscriber: seven lines are one message, of which the last is what was told.
async fn subscriber(mut stream: TcpStream, board: Arc<Board>) -> Result<Watcher> {
    stream.write_all(&words(&["SUBSCRIBE", CHANNEL])).await?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    while !line.starts_with(':') {
        line.clear();
        ensure!(reader.read_line(&mut line).await? > 0, "Redis hung up");
    }
    Ok(Watcher::new(tokio::spawn(async move {
        let mut line = String::new();
        loop {
            for _ in 0..7 {
                line.clear();
                if !matches!(reader.read_line(&mut line).await, Ok(1..)) {
                    board.lost();
                    return;
                }
            }
            board.told(&line, Instant::now());
        }
    })))
}

/// A command in the protocol of Redis.
fn words(all: &[&str]) -> Vec<u8> {
    let mut text = format!("*{}\r\n", all.len());
    for word in all {
        text.push_str(&format!("${}\r\n{word}\r\n", word.len()));
    }
    text.into_bytes()
}
