//! Bare commits: rows of the length of an entry put into a table of the same database program, durable, with nothing else around them.
//!
//! Both are other people's programs, which take the time themselves: Python's `sqlite3`, and `psql` with `\timing`.

use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use baton_tests::postgres::Postgres;
use baton_tests::programs::system;
use baton_tests::scratch::Scratch;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};

/// Bytes of a row.
const ROW: usize = 600;

/// Commits as many rows as a line says, and prints the milliseconds that took. The settings are those of the server's own file.
const SQLITE: &str = r#"
import sqlite3, sys, time
store = sqlite3.connect(sys.argv[1], isolation_level=None)
store.execute("pragma journal_mode = wal")
store.execute("pragma synchronous = full")
store.execute("create table bare (number integer primary key, body text not null)")
body = "x" * int(sys.argv[2])
for line in sys.stdin:
    rows = [(body,)] * int(line)
    began = time.perf_counter()
    store.execute("begin immediate")
    store.executemany("insert into bare (body) values (?)", rows)
    store.execute("commit")
    print("Time:", (time.perf_counter() - began) * 1000, "ms", flush=True)
"#;

/// Somebody who commits.
#[derive(Debug)]
pub struct Bare {
    _child: Child,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    statement: fn(usize) -> String,
    _scratch: Option<Scratch>,
}

impl Bare {
    /// On a SQLite file of its own.
    pub fn sqlite() -> Result<Self> {
        let scratch = Scratch::new("bare")?;
        let mut python = Command::new(system("python3")?);
        python
            .args(["-c", SQLITE])
            .arg(scratch.join("bare.db"))
            .arg(ROW.to_string());
        Self::start(python, |rows| format!("{rows}\n"), Some(scratch))
    }

    /// On a table of its own in a database of that PostgreSQL.
    pub async fn postgres(postgres: &Postgres, database: &str) -> Result<Self> {
        let table = "create table bare (number bigserial primary key, body text not null)";
        postgres.ask(database, table).await?;
        let mut bare = Self::start(
            postgres.shell(database),
            |rows| format!("insert into bare (body) select repeat('x', {ROW}) from generate_series(1, {rows});\n"),
            None,
        )?;
        bare.stdin.write_all(b"\\timing on\n").await?;
        Ok(bare)
    }

    fn start(command: Command, statement: fn(usize) -> String, scratch: Option<Scratch>) -> Result<Self> {
        let mut child = tokio::process::Command::from(command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdin = child.stdin.take().context("its input")?;
        let stdout = child.stdout.take().context("its output")?;
        Ok(Self {
            _child: child,
            stdin,
            lines: BufReader::new(stdout).lines(),
            statement,
            _scratch: scratch,
        })
    }

    /// Commits so many rows at once, and gives how long that took.
    pub async fn commit(&mut self, rows: usize) -> Result<Duration> {
        self.stdin.write_all((self.statement)(rows).as_bytes()).await?;
        loop {
            let line = self.lines.next_line().await?.context("it ended")?;
            if let Some(time) = line.strip_prefix("Time: ") {
                let ms = time.split(' ').next().unwrap_or_default();
                let ms: f64 = ms.parse().with_context(|| format!("no time: {line}"))?;
                return Ok(Duration::from_secs_f64(ms / 1000.0));
            }
        }
    }
}
