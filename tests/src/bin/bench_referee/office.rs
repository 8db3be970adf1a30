//! An office to measure: the real server, its people, and a mailbox's past.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use baton_domain::{ConversationId, MemberId};
use baton_tests::clock::TestClock;
use baton_tests::scratch::Scratch;
use baton_tests::server::{Api, Database, ServerProcess};
use serde_json::json;

use crate::desks::{Place, Seat};

/// Who runs the office.
pub const EMAIL: &str = "mira@baton.test";
pub const PASSWORD: &str = "correct horse";
const MAILBOX: &str = "sales@baton.test";
/// Members who work there, beside her.
const REPS: usize = 8;
/// Letters of one file: the operator's command has a minute for one.
const AT_ONCE: usize = 2000;
/// 2026-01-05, in seconds.
const BEGINNING_S: u64 = 1_767_571_200;
/// How long the search index may take to read the import.
const PATIENCE: Duration = Duration::from_secs(600);
/// Seconds between two letters.
const APART_S: u64 = 40;

const WORDS: [&str; 24] = [
    "pricing",
    "quote",
    "proposal",
    "renewal",
    "discount",
    "contract",
    "invoice",
    "order",
    "demo",
    "trial",
    "onboarding",
    "license",
    "seats",
    "legal",
    "security",
    "review",
    "budget",
    "approval",
    "rollout",
    "pilot",
    "export",
    "support",
    "delivery",
    "sample",
];

/// An office.
#[derive(Debug)]
pub struct Office {
    pub server: ServerProcess,
    /// As Mira, who runs it.
    pub api: Api,
    /// Everybody, Mira first.
    pub seats: Vec<(Seat, Place)>,
    /// All conversations, the newest first.
    pub conversations: Vec<ConversationId>,
    _clock: TestClock,
}

impl Office {
    /// Opens one with so many conversations, each of one letter.
    pub async fn open(database: Database, conversations: usize) -> Result<Self> {
        let clock = TestClock::new()?;
        let mut server = ServerProcess::prepare(database, &clock)?;
        server.add_member("Mira", EMAIL, "admin", PASSWORD).await?;
        server.restart().await?;
        let api = server.sign_in(EMAIL, PASSWORD).await?;
        // A mailbox that nobody's program reads now: nothing happens but what is measured.
        let mailbox = json!({ "address": MAILBOX, "name": "Sales", "inbox": null, "mode": "together" });
        api.post("/v1/accounts/hosted", &mailbox).await?;
        server.stop().await?;
        for rep in 1..=REPS {
            let (name, email) = (format!("Rep {rep}"), email(rep));
            server.add_member(&name, &email, "rep", PASSWORD).await?;
        }
        let scratch = Scratch::new("bench-mail")?;
        for from in (0..conversations).step_by(AT_ONCE) {
            let file = scratch.join(&format!("{from}.mbox"));
            std::fs::write(&file, letters(from, AT_ONCE.min(conversations - from)))?;
            let import = ["import", "--account", MAILBOX, "--mbox", &file.to_string_lossy()];
            server.cli(&import, "").await?;
        }
        server.restart().await?;
        let api = server.sign_in(EMAIL, PASSWORD).await?;
        indexed(&api).await?;
        let mut office = Self {
            conversations: listed(&api).await?,
            seats: Vec::new(),
            server,
            api,
            _clock: clock,
        };
        ensure!(
            office.conversations.len() == conversations,
            "not every letter became a conversation"
        );
        for rep in 0..=REPS {
            let email = if rep == 0 { EMAIL.to_owned() } else { email(rep) };
            let seat = office.seat(&email).await?;
            let place = seat.place().await?;
            office.seats.push((seat, place));
        }
        Ok(office)
    }

    /// A new session of a member.
    async fn seat(&self, email: &str) -> Result<Seat> {
        let api = self.server.sign_in(email, PASSWORD).await?;
        let member: MemberId = serde_json::from_value(api.me()["id"].clone())?;
        Ok(Seat {
            port: self.server.port(),
            token: api.token().context("a token")?.to_owned(),
            member,
        })
    }

    /// Whoever sits at the desk of that number; there are more desks than people.
    pub fn at(&self, desk: usize) -> Result<&(Seat, Place)> {
        self.seats.get(desk % self.seats.len().max(1)).context("somebody")
    }

    /// Everybody stands where the log is now.
    pub async fn refresh(&mut self) -> Result<()> {
        let (mira, _) = self.at(0)?;
        let now = mira.place().await?.cursor;
        for (_, place) in &mut self.seats {
            place.cursor = now.clone();
        }
        Ok(())
    }
}

/// Waits until the search index has read what was imported: a first day's import is not what the figures are about, and reading it takes
/// a core from whatever is measured meanwhile.
async fn indexed(api: &Api) -> Result<()> {
    let began = Instant::now();
    loop {
        let behind = api
            .get("/v1/search?q=pricing&limit=1")
            .await
            .ok()
            .and_then(|hits| hits["behind"].as_u64());
        if behind == Some(0) {
            return Ok(());
        }
        ensure!(
            began.elapsed() < PATIENCE,
            "the search index is still {behind:?} entries behind"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn email(rep: usize) -> String {
    format!("rep{rep}@baton.test")
}

async fn listed(api: &Api) -> Result<Vec<ConversationId>> {
    let mut all = Vec::new();
    let mut path = "/v1/conversations?limit=200".to_owned();
    loop {
        let page = api.get(&path).await?;
        for conversation in page["conversations"].as_array().context("conversations")? {
            all.push(serde_json::from_value(conversation["id"].clone())?);
        }
        match page["next"].as_str() {
            Some(next) => path = format!("/v1/conversations?limit=200&before={next}"),
            None => return Ok(all),
        }
    }
}

/// Letters of as many strangers; the same numbers give the same bytes.
fn letters(from: usize, count: usize) -> String {
    let mut mbox = String::new();
    for number in from..from + count {
        let word = |nth: usize| {
            WORDS
                .get((number * 7 + nth * nth * 5 + nth) % WORDS.len())
                .copied()
                .unwrap_or_default()
        };
        let second = BEGINNING_S + u64::try_from(number).unwrap_or(0) * APART_S;
        let date = date(second);
        let _ = write!(
            mbox,
            "From stranger@elsewhere.example Mon Jan  5 00:00:00 2026\nFrom: Customer {number} <c{number}@company{}.example>\n\
             To: Sales <{MAILBOX}>\nSubject: {} and {} {number}\nDate: {date}\nMessage-ID: <{number}.bench@mail.example>\n\n\
             Hello,\n\n",
            number % 4001,
            word(1),
            word(2),
        );
        for nth in 3..63 {
            mbox.push_str(word(nth));
            mbox.push(' ');
        }
        mbox.push_str("\n\n");
    }
    mbox
}

fn date(second: u64) -> String {
    let second = i64::try_from(second).unwrap_or(0);
    let at = jiff::Timestamp::from_second(second).unwrap_or_default();
    at.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}
