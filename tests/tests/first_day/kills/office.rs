//! The office: two inboxes, ten people who may each work in one of them or in both, a guest whose rights change, and the
//! letters that everybody is going to answer.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use baton_domain::ConversationId;
use baton_protocol::Request;
use baton_tests::clock::TestClock;
use baton_tests::mail::{MailHost, Seed};
use baton_tests::process::eventually;
use baton_tests::server::{Database, ServerProcess};
use baton_tests::wire::Wire;
use serde_json::Value;

use super::worker::Plan;
use super::{PATIENCE, random_below};
use crate::desk::Desk;
use crate::team::{PASSWORD, Program, address_of};

/// The two inboxes, by the names of their mailboxes.
pub const INBOXES: [&str; 2] = ["sales", "projects"];

/// Who may only work in one of them; everybody else works in both.
const ONLY_SALES: [usize; 3] = [4, 5, 6];
const ONLY_PROJECTS: [usize; 3] = [7, 8, 9];

const PEOPLE: usize = 10;

/// Conversations for each, every one of which gets one reply.
const EACH: usize = 3;

/// Somebody who only reads, now here and now there.
const GUEST: &str = "Guest";

/// The longest a guest's rights stay what they are.
const RIGHTS_MS: u64 = 3_000;

/// Somebody at work.
pub struct Person {
    /// Where.
    pub desk: Desk,
    /// What they are going to do.
    pub plan: Plan,
}

/// A conversation, as the server tells whoever may read everything.
pub struct Talk {
    pub id: ConversationId,
    pub subject: String,
    /// The customer's mailbox.
    pub customer: String,
    pub inbox: &'static str,
}

/// The office.
pub struct Office {
    /// Those who work.
    pub people: Vec<Person>,
    /// The one who looks.
    pub guest: Desk,
    /// A program of the manager's, who may read everything.
    pub mira: Program,
    /// Every conversation there is.
    pub talks: Vec<Talk>,
    /// The referee.
    pub server: ServerProcess,
    /// The team's and the customers' mailboxes.
    pub mail: MailHost,
    /// Everybody's clock.
    pub clock: TestClock,
}

impl Office {
    /// Starts everything, lets the letters come in, and puts a desk for everybody; nobody has signed in yet.
    pub async fn open(database: Database) -> Result<Self> {
        let clock = TestClock::new()?;
        let mail = MailHost::start().await?;
        let mut server = ServerProcess::prepare(database, &clock)?;
        let names: Vec<String> = (0..PEOPLE).map(|person| format!("Rep{person}")).collect();
        for (name, role) in names
            .iter()
            .map(|name| (name.as_str(), "rep"))
            .chain([(GUEST, "observer"), ("Mira", "manager")])
        {
            server.add_member(name, &address_of(name), role, PASSWORD).await?;
        }
        for inbox in INBOXES {
            server.connect_mailbox(&mail, inbox, inbox, "together").await?;
        }
        server.restart().await?;
        let mira = Program::of("Mira", &server).await?;
        for (person, name) in names.iter().enumerate() {
            for inbox in INBOXES.iter().filter(|inbox| !may_work(person, inbox)) {
                mira.give_access(inbox, name, &[]).await?;
            }
        }
        let talks = letters(&mail, &clock, &mira).await?;

        let mut people = Vec::new();
        for (person, name) in names.iter().enumerate() {
            let desk = Desk::new(name, Wire::taped(server.port()).await?).await?;
            let plan = plan(person, &talks);
            people.push(Person { desk, plan });
        }
        let guest = Desk::new(GUEST, Wire::taped(server.port()).await?).await?;
        Ok(Self {
            people,
            guest,
            mira,
            talks,
            server,
            mail,
            clock,
        })
    }

    /// Every desk.
    pub fn desks(&self) -> impl Iterator<Item = &Desk> {
        self.people.iter().map(|person| &person.desk).chain([&self.guest])
    }

    /// Whether somebody may read an inbox now that everything is over.
    pub fn may_read(&self, name: &str, inbox: &str) -> bool {
        match self.people.iter().position(|person| person.desk.name == name) {
            Some(person) => may_work(person, inbox),
            None => inbox == INBOXES[1],
        }
    }
}

fn may_work(person: usize, inbox: &str) -> bool {
    let elsewhere = if inbox == INBOXES[0] { ONLY_PROJECTS } else { ONLY_SALES };
    !elsewhere.contains(&person)
}

/// The subject of the letter that everybody who may would like to have.
fn wanted(inbox: &str) -> String {
    format!("The big one of {inbox}")
}

/// A letter of one person's: the number of the person, and of the letter.
fn subject(inbox: &str, person: usize, number: usize) -> String {
    format!("Question {person}.{number} to {inbox}")
}

fn plan(person: usize, talks: &[Talk]) -> Plan {
    let mine = |talk: &&Talk| (0..EACH).any(|number| talk.subject == subject(talk.inbox, person, number));
    Plan {
        own: talks.iter().filter(mine).map(|talk| talk.subject.clone()).collect(),
        wanted: INBOXES
            .iter()
            .filter(|inbox| may_work(person, inbox))
            .map(|inbox| wanted(inbox))
            .collect(),
    }
}

/// Customers write, and every letter becomes a conversation.
async fn letters(mail: &MailHost, clock: &TestClock, mira: &Program) -> Result<Vec<Talk>> {
    let mut talks = Vec::new();
    for inbox in INBOXES {
        let mut subjects = vec![wanted(inbox)];
        for person in 0..PEOPLE {
            // Whoever works in both has some of their own in each.
            let theirs: Vec<&str> = INBOXES.into_iter().filter(|one| may_work(person, one)).collect();
            let numbers = (0..EACH).filter(|number| theirs.get(number % theirs.len()) == Some(&inbox));
            subjects.extend(numbers.map(|number| subject(inbox, person, number)));
        }
        let mut seeds = Vec::new();
        for (number, subject) in subjects.iter().enumerate() {
            let customer = format!("customer{number}-of-{inbox}");
            let raw = format!(
                "From: {customer} <{customer}@baton.test>\r\nTo: {inbox}@baton.test\r\nSubject: {subject}\r\n\
                 Message-ID: <{number}.{inbox}@customer.test>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
                 What does it cost?\r\n"
            );
            seeds.push(Seed::new(raw.as_bytes(), clock.now_ms()?, &[]));
        }
        mail.seed(inbox, "INBOX", &seeds).await?;
        let all = eventually("all letters", PATIENCE, async || {
            let all = mira.conversations().await?;
            let here = |subject: &String| all.iter().find(|one| one["subject"] == subject.as_str());
            Ok(subjects
                .iter()
                .map(here)
                .map(Option::<&Value>::cloned)
                .collect::<Option<Vec<_>>>())
        })
        .await?;
        for (number, (subject, one)) in subjects.into_iter().zip(all).enumerate() {
            talks.push(Talk {
                id: serde_json::from_value(one["id"].clone())?,
                subject,
                customer: format!("customer{number}-of-{inbox}"),
                inbox,
            });
        }
    }
    ensure!(talks.len() == PEOPLE * EACH + INBOXES.len(), "{} letters", talks.len());
    Ok(talks)
}

/// The guest looks around while their right to read goes from one inbox to the other and back, and ends in the second.
pub async fn rights_come_and_go(guest: &Desk, mira: &Program, over: &AtomicBool) -> Result<()> {
    guest.join().await?;
    for turn in 0.. {
        let last = over.load(Ordering::Relaxed);
        let here = if last { 1 } else { turn % 2 };
        for (number, inbox) in INBOXES.iter().enumerate() {
            let rights: &[&str] = if number == here { &["read"] } else { &[] };
            // The server is being killed.
            eventually("rights to change", PATIENCE, async || {
                Ok(mira.give_access(inbox, GUEST, rights).await.ok())
            })
            .await?;
        }
        if last {
            break;
        }
        tokio::time::sleep(Duration::from_millis(random_below(RIGHTS_MS))).await;
        // A look at the list is what makes a desktop that lost the server try again at once.
        let conversation = guest.rows().await?.into_keys().next();
        let _ = guest
            .call(Request::Looking {
                conversation,
                seen: None,
            })
            .await;
    }
    Ok(())
}
