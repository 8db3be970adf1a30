//! The cast and their parts: Anna and Ben at their desks, Mira who runs it, Carl who writes.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use baton_domain::DraftText;
use baton_tests::clock::TestClock;
use baton_tests::mail::{DOMAIN, MailHost};
use baton_tests::process::eventually;
use baton_tests::server::{Api, Database, ServerProcess};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::rep::Rep;

/// The password of every member.
pub const PASSWORD: &str = "a long password of a test";

/// The mailbox that the team shares.
pub const SALES: &str = "sales";

/// The customer's mailbox.
pub const CARL: &str = "carl";

/// One of the two who answer customers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Anna,
    Ben,
}

impl Who {
    /// What colleagues call them.
    pub fn name(self) -> &'static str {
        match self {
            Self::Anna => "Anna",
            Self::Ben => "Ben",
        }
    }

    /// The colleague.
    pub fn other(self) -> Self {
        match self {
            Self::Anna => Self::Ben,
            Self::Ben => Self::Anna,
        }
    }
}

/// A team at work: their mail, their server, and two of them at their desks.
pub struct Team {
    /// Anna's desktop.
    pub anna: Rep,
    /// Ben's desktop, whose network can be cut.
    pub ben: Rep,
    /// The referee.
    pub server: ServerProcess,
    /// Servers beside it on the same database: with one, Ben's desktop is there; programs speak to the last.
    pub beside: Vec<ServerProcess>,
    /// The team's and the customer's mailboxes.
    pub mail: MailHost,
    /// Everybody's clock.
    pub clock: TestClock,
}

impl Team {
    /// Starts everything, connects the shared mailbox, and seats both reps.
    pub async fn gather(database: Database) -> Result<Self> {
        let clock = TestClock::new()?;
        let server = ServerProcess::prepare(database, &clock)?;
        Self::gather_at(server, Vec::new(), clock).await
    }

    /// The same at three servers on one database.
    pub async fn gather_at_three(database: Database) -> Result<Self> {
        let clock = TestClock::new()?;
        let server = ServerProcess::prepare_sharing(database, &clock)?;
        let beside = vec![server.beside(&clock)?, server.beside(&clock)?];
        Self::gather_at(server, beside, clock).await
    }

    async fn gather_at(mut server: ServerProcess, mut beside: Vec<ServerProcess>, clock: TestClock) -> Result<Self> {
        let mail = MailHost::start().await?;
        for (name, role) in [("Mira", "manager"), ("Anna", "rep"), ("Ben", "rep")] {
            server.add_member(name, &address_of(name), role, PASSWORD).await?;
        }
        server.connect_mailbox(&mail, SALES, "Sales", "together").await?;
        server.restart().await?;
        for other in &mut beside {
            other.restart().await?;
        }
        let bens = beside.first().unwrap_or(&server);
        let (anna, ben) = tokio::try_join!(Rep::seat(Who::Anna, &server, &clock), Rep::seat(Who::Ben, bens, &clock))?;
        Ok(Self {
            anna,
            ben,
            server,
            beside,
            mail,
            clock,
        })
    }

    /// One of the two at their desks.
    pub fn rep(&self, who: Who) -> &Rep {
        match who {
            Who::Anna => &self.anna,
            Who::Ben => &self.ben,
        }
    }

    /// The same, to close and open their desktop.
    pub fn rep_mut(&mut self, who: Who) -> &mut Rep {
        match who {
            Who::Anna => &mut self.anna,
            Who::Ben => &mut self.ben,
        }
    }

    /// A program of a member's own, that talks to the server past the desktop.
    pub async fn program_of(&self, name: &str) -> Result<Program> {
        Program::of(name, self.beside.last().unwrap_or(&self.server)).await
    }
}

/// Where a member signs in from, and mails from.
pub fn address_of(name: &str) -> String {
    format!("{}@{DOMAIN}", name.to_lowercase())
}

/// Long enough for anything on a busy machine that has no limit of its own.
pub const SOON: Duration = Duration::from_secs(30);

/// A member's own program.
#[derive(Clone)]
pub struct Program {
    api: Api,
}

impl Program {
    /// Signs in as a member.
    pub async fn of(name: &str, server: &ServerProcess) -> Result<Self> {
        let api = server.sign_in(&address_of(name), PASSWORD).await?;
        Ok(Self { api })
    }

    /// The member, as the server describes them.
    pub fn me(&self) -> &Value {
        self.api.me()
    }

    /// Waits for a conversation with that subject.
    pub async fn arrival(&self, subject: &str, within: Duration) -> Result<Value> {
        eventually(subject, within, async || {
            let all = self.conversations().await?;
            Ok(all.into_iter().find(|one| one["subject"] == subject))
        })
        .await
    }

    /// Takes the lock and replies, as the member's own program would; gives the reply's id.
    pub async fn answer(&self, conversation: &Value, text: &str) -> Result<Uuid> {
        let lock = json!({ "type": "takeLock", "cover": false });
        let refused = self.refusal_of(conversation, &lock).await?;
        ensure!(refused.is_none(), "the lock was refused: {refused:?}");
        let current = self.with_log(conversation).await?;
        let reply = self
            .reply_of(conversation, text, &current["conversation"]["lock"]["token"])
            .await?;
        let id = Uuid::now_v7();
        let answer = self.submit(id, conversation, &reply).await?;
        ensure!(answer["type"] == "done", "the reply was answered {answer}");
        Ok(id)
    }

    /// Every conversation that the member may read.
    pub async fn conversations(&self) -> Result<Vec<Value>> {
        let mut all = Vec::new();
        let mut before = String::new();
        loop {
            let mut page = self.api.get(&format!("/v1/conversations?limit=200{before}")).await?;
            let Value::Array(some) = page["conversations"].take() else {
                bail!("no list of conversations");
            };
            all.extend(some);
            match page["next"].as_str() {
                Some(next) => before = format!("&before={next}"),
                None => return Ok(all),
            }
        }
    }

    /// Says what somebody may do in the inbox of that name; nothing takes all away.
    pub async fn give_access(&self, inbox: &str, name: &str, capabilities: &[&str]) -> Result<()> {
        let documents = self.api.get("/v1/documents").await?;
        let id_of = |kind: &str, field: &str, value: &str| {
            let all = documents["documents"].as_array()?.iter();
            let mut these = all.filter(|document| document["body"]["kind"] == kind);
            let found = these.find(|document| document["body"]["value"][field] == value)?;
            found["id"].as_str().map(str::to_owned)
        };
        let inbox = id_of("inbox", "name", inbox).context("no such inbox")?;
        let member = id_of("member", "name", name).context("nobody of that name")?;
        let access = json!({ "member": member, "capabilities": capabilities });
        let path = format!("/v1/inboxes/{inbox}/access");
        self.api.call(Method::PUT, &path, Some(&access)).await?.good()?;
        Ok(())
    }

    /// The bytes of a blob, as text.
    pub async fn blob(&self, name: &str) -> Result<String> {
        let answer = self.api.get(&format!("/v1/blobs/{name}")).await?;
        answer.as_str().map(str::to_owned).context("no text")
    }

    /// What the server says about the mailbox of that address.
    pub async fn health_of(&self, address: &str) -> Result<Value> {
        let health = self.api.get("/v1/health").await?;
        let accounts = health["accounts"].as_array().context("a list of mailboxes")?;
        let found = accounts.iter().find(|one| one["address"] == address);
        found
            .cloned()
            .with_context(|| format!("no mailbox {address} in {health}"))
    }

    /// Has the mailbox of that address tested from end to end.
    pub async fn test_mailbox(&self, address: &str) -> Result<Value> {
        let health = self.health_of(address).await?;
        let account = health["account"].as_str().context("an account's id")?;
        let path = format!("/v1/accounts/{account}/trial");
        // It takes minutes: the copy in Sent is looked for once in one.
        self.api.patient().post(&path, &json!({})).await
    }

    /// The one conversation with that subject.
    pub async fn conversation(&self, subject: &str) -> Result<Value> {
        let page = self.api.get("/v1/conversations").await?;
        let all = page["conversations"].as_array().context("a list of conversations")?;
        let found = all.iter().find(|one| one["subject"] == subject);
        found
            .cloned()
            .with_context(|| format!("no conversation about {subject:?} in {page}"))
    }

    /// One conversation with its log.
    pub async fn with_log(&self, conversation: &Value) -> Result<Value> {
        let id = conversation["id"].as_str().context("a conversation's id")?;
        self.api.get(&format!("/v1/conversations/{id}")).await
    }

    /// Gives one command with an id of the caller's, and gives the answer.
    pub async fn submit(&self, id: Uuid, conversation: &Value, body: &Value) -> Result<Value> {
        let command = command(id, conversation, body);
        let mut answer = self.api.post("/v1/commands", &command).await?;
        Ok(answer["answer"].take())
    }

    /// Writes a note that the server can't take now, and gives the error it answers with.
    pub async fn note_failed(&self, conversation: &Value, text: &str) -> Result<Value> {
        let note = json!({ "type": "addNote", "text": text, "mentions": [] });
        let command = command(Uuid::now_v7(), conversation, &note);
        let answer = self.api.call(Method::POST, "/v1/commands", Some(&command)).await?;
        ensure!(!answer.status.is_success(), "the note was taken: {}", answer.body);
        Ok(answer.body)
    }

    /// Gives one command, and the refusal's kind when it is refused.
    pub async fn refusal_of(&self, conversation: &Value, body: &Value) -> Result<Option<String>> {
        let answer = self.submit(Uuid::now_v7(), conversation, body).await?;
        Ok(answer["refusal"]["type"].as_str().map(str::to_owned))
    }

    /// Saves a draft of the member's own, and gives the command that would send it with that lock token.
    pub async fn reply_of(&self, conversation: &Value, text: &str, token: &Value) -> Result<Value> {
        let id = conversation["id"].as_str().context("a conversation's id")?;
        let text = json!({
            "to": [conversation["contact"]], "cc": [], "subject": "Re: your question", "text": text, "files": [],
        });
        let draft = json!({
            "id": Uuid::now_v7(),
            "conversation": id,
            "member": self.api.me()["id"],
            "text": text,
            "revision": 1,
            "savedAt": conversation["lastMessage"]["at"],
        });
        let stands = self
            .api
            .call(Method::PUT, &format!("/v1/drafts/{id}"), Some(&draft))
            .await?
            .good()?;
        let digest = serde_json::from_value::<DraftText>(stands["text"].clone())?.digest();
        Ok(json!({
            "type": "reply",
            "draft": stands["id"],
            "digest": digest,
            "token": token,
            "after": { "type": "nothingMore" },
            "quote": null,
            "close": null,
        }))
    }
}

/// A command as it travels; who gives it is set from the session.
fn command(id: Uuid, conversation: &Value, body: &Value) -> Value {
    json!({
        "id": id,
        "actor": { "type": "operator" },
        "device": Uuid::nil(),
        "conversation": conversation["id"],
        "issuedAt": conversation["lastMessage"]["at"],
        "lastSeen": conversation["lastMessage"]["id"],
        "basedOn": null,
        "body": body,
    })
}
