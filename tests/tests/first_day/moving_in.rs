//! Moving day: a shared mailbox whose folders say whose what is. They become owners, what is done and tags; nothing is said, nothing
//! starts, nothing goes out, and the mailbox is as it was, flag for flag. Then the folders go on living: mail is filed by hand, one is
//! called something else, one gets other numbers.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use baton_domain::{AccountId, AccountMode, FolderChoice, FolderUse, MailboxRemark, MemberId};
use baton_protocol::{
    Acted, Forecast, HealthRow, HealthState, ListQuery, MailServer, MailboxSettings, Reply, Request, Row, Security,
    View,
};
use baton_tests::clock::TestClock;
use baton_tests::mail::{MailHost, PASSWORD as MAIL_PASSWORD, Seed, address};
use baton_tests::process::eventually;
use baton_tests::server::{Database, ServerProcess};
use baton_tests::wire::Wire;
use serde_json::json;

use crate::desk::Desk;
use crate::team::{CARL, PASSWORD, Program, SALES, SOON, address_of};

/// Folders, how many enquiries lie in each, and which of them nobody answered in the last thirty days, by their place from the newest.
/// One enquiry in fourteen hours: fifty of each are of the last thirty days.
const FOLDERS: [(&str, usize, &[usize]); 5] = [
    ("INBOX", 120, &[0, 3, 9, 22, 41]),
    ("Anna", 90, &[1, 5, 30]),
    ("Ben", 90, &[2, 12, 17, 44]),
    ("Done", 120, &[0, 4, 8, 15, 16, 23]),
    ("Messe", 60, &[7, 33]),
];

/// A folder that nobody chooses.
const PRIVATE: &str = "Privat";

/// Those that nobody need look after any more.
const DONE: &str = "Done";

const EVERY_HOURS: i64 = 14;
const HOUR_MS: i64 = 3_600_000;

/// How many letters of Anna's lie in INBOX as well.
const TWICE: usize = 10;

/// How long the first sync may take on a busy machine.
const SYNC: Duration = Duration::from_secs(240);

/// The folders that are there, with every letter's number and flags.
type Flags = BTreeMap<String, BTreeMap<u32, Vec<String>>>;

struct Office {
    mail: MailHost,
    anna: Desk,
    ben: Desk,
    mira: Program,
    clock: TestClock,
    /// When the mailbox was filled: the same letters are made again later.
    filled_at_ms: i64,
    _server: ServerProcess,
}

/// The story.
pub async fn folders_become_owners(database: Database) -> Result<()> {
    let office = Office::open(database).await?;
    let before = office.flags(&folder_names()).await?;
    let forecast = office.dry_run().await?;
    let (anna, ben) = (office.member("Anna").await?, office.member("Ben").await?);
    let choices = proposed(&forecast, anna, ben)?;

    let account = office.connect(choices).await?;
    office.at_rest().await?;
    ensure!(office.flags(&folder_names()).await? == before, "a flag was changed");
    office.nothing_began().await?;
    office.left_over(anna, ben).await?;
    office.adds_up().await?;

    office.filed_by_hand(ben).await?;
    office.called_something_else(account, anna, ben).await?;
    office.renumbered().await?;
    Ok(())
}

fn folder_names() -> Vec<String> {
    let names = FOLDERS.iter().map(|(name, ..)| (*name).to_owned());
    names.chain(["Sent".to_owned(), PRIVATE.to_owned()]).collect()
}

/// What is proposed for the folders; *Messe* gets a tag besides.
fn proposed(forecast: &Forecast, anna: MemberId, ben: MemberId) -> Result<Vec<FolderChoice>> {
    let of = |name: &str| forecast.folders.iter().find(|folder| folder.name == name);
    let counts: Vec<_> = FOLDERS
        .iter()
        .map(|(name, ..)| of(name).and_then(|folder| folder.messages))
        .collect();
    ensure!(
        counts == [Some(120 + 10), Some(90), Some(90), Some(120), Some(60)],
        "{counts:?}"
    );
    let proposal = |name: &str| of(name).and_then(|folder| folder.proposed.clone());
    ensure!(
        proposal("Anna") == Some(FolderUse::Owner { member: anna }),
        "{forecast:?}"
    );
    ensure!(
        proposal("Ben") == Some(FolderUse::Owner { member: ben }),
        "{forecast:?}"
    );
    ensure!(proposal(DONE) == Some(FolderUse::Done), "{forecast:?}");
    ensure!(
        proposal("Messe").is_none() && proposal(PRIVATE).is_none(),
        "{forecast:?}"
    );
    ensure!(
        of("Trash").is_none_or(|folder| !folder.offered),
        "what was deleted is offered"
    );
    let mut choices: Vec<FolderChoice> = forecast
        .folders
        .iter()
        .filter_map(|folder| {
            let becomes = folder.proposed.clone()?;
            Some(FolderChoice {
                name: folder.name.clone(),
                becomes,
            })
        })
        .collect();
    choices.push(FolderChoice {
        name: "Messe".to_owned(),
        becomes: FolderUse::Tag {
            tag: "Messe 2026".to_owned(),
        },
    });
    Ok(choices)
}

impl Office {
    async fn open(database: Database) -> Result<Self> {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let clock = TestClock::new()?;
        let mail = MailHost::start().await?;
        let filled_at_ms = clock.now_ms()?;
        fill(&mail, filled_at_ms).await?;
        let server = ServerProcess::start(database, &clock).await?;
        for (name, role) in [("Anna", "admin"), ("Ben", "rep"), ("Mira", "manager")] {
            server.add_member(name, &address_of(name), role, PASSWORD).await?;
        }
        let at = async |name| {
            let desk = Desk::new(name, Wire::to(server.port()).await?).await?;
            desk.join().await?;
            anyhow::Ok(desk)
        };
        Ok(Self {
            anna: at("Anna").await?,
            ben: at("Ben").await?,
            mira: Program::of("Mira", &server).await?,
            mail,
            clock,
            filled_at_ms,
            _server: server,
        })
    }

    fn settings(&self) -> Result<MailboxSettings> {
        let end = |port| MailServer::new(self.mail.name(), port, Security::StartTls);
        Ok(MailboxSettings {
            address: address(SALES),
            name: "Sales".to_owned(),
            user: SALES.to_owned(),
            password: MAIL_PASSWORD.to_owned(),
            sign_in: None,
            graph: None,
            imap: end(self.mail.imap_port()),
            smtp: end(self.mail.smtp_port()),
            extra_ca: Some(std::fs::read_to_string(self.mail.ca_file())?),
        })
    }

    async fn dry_run(&self) -> Result<Forecast> {
        match self.anna.ask(Request::TestMailbox(self.settings()?)).await? {
            Reply::TestMailbox(report) => report.forecast.context("nothing was counted"),
            other => bail!("{other:?}"),
        }
    }

    async fn member(&self, name: &str) -> Result<MemberId> {
        match self.anna.ask(Request::Team).await? {
            Reply::Team(team) => {
                let found = team.members.iter().find(|member| member.name == name);
                found.map(|member| member.id).context("a member")
            }
            other => bail!("{other:?}"),
        }
    }

    async fn connect(&self, folders: Vec<FolderChoice>) -> Result<AccountId> {
        let connect = Request::ConnectMailbox {
            mailbox: self.settings()?,
            mode: AccountMode::Watch,
            folders,
        };
        match self.anna.ask(connect).await? {
            Reply::ConnectMailbox(account) => Ok(account.id),
            other => bail!("{other:?}"),
        }
    }

    async fn health(&self) -> Result<Option<HealthRow>> {
        match self.anna.ask(Request::Health).await? {
            Reply::Health(rows) => Ok(rows.into_iter().next()),
            other => bail!("{other:?}"),
        }
    }

    async fn at_rest(&self) -> Result<()> {
        eventually("the first sync", SYNC, async || {
            let row = self.health().await?;
            Ok(row
                .is_some_and(|row| row.health.state == HealthState::UpToDate)
                .then_some(()))
        })
        .await
    }

    /// Every flag of every letter, as another mail program sees them.
    async fn flags(&self, folders: &[String]) -> Result<Flags> {
        let mut all = Flags::new();
        for folder in folders {
            let letters = self.mail.folder_of(SALES, folder).await?;
            let flags = letters.into_iter().map(|letter| (letter.uid, letter.flags));
            all.insert(folder.clone(), flags.collect());
        }
        Ok(all)
    }

    /// Nobody was told, no clock runs, nothing is due, nothing went out.
    async fn nothing_began(&self) -> Result<()> {
        let conversations = self.mira.conversations().await?;
        let expected: usize = FOLDERS.iter().map(|(_, count, _)| count).sum();
        ensure!(conversations.len() == expected, "{} conversations", conversations.len());
        let nothing = json!([]);
        for one in &conversations {
            let quiet = one["history"] == true
                && one["clocks"] == nothing
                && one["outbound"] == nothing
                && one["followUp"].is_null()
                && one["unansweredSince"].is_null()
                && one["status"] == "closed";
            ensure!(quiet, "something began by itself: {one:#}");
        }
        for desk in [&self.anna, &self.ben] {
            ensure!(desk.told().is_empty(), "{} was told: {:?}", desk.name, desk.told());
        }
        ensure!(self.mail.deliveries()? == 0, "something went out: {}", self.mail.logs());
        Ok(())
    }

    async fn rows_left_over(&self) -> Result<Vec<Row>> {
        let query = ListQuery {
            view: View::LeftOver,
            inbox: None,
            owner: None,
            sort: None,
            offset: 0,
            limit: 1000,
        };
        match self.ben.ask(Request::List(query)).await? {
            Reply::List(page) => Ok(page.rows),
            other => bail!("{other:?}"),
        }
    }

    /// Exactly what nobody answered is left over, with the owners their folders name.
    async fn left_over(&self, anna: MemberId, ben: MemberId) -> Result<()> {
        let mut expected: BTreeMap<String, Option<MemberId>> = BTreeMap::new();
        for (folder, _, unanswered) in FOLDERS.iter().filter(|(folder, ..)| *folder != DONE) {
            let owner = match *folder {
                "Anna" => Some(anna),
                "Ben" => Some(ben),
                _ => None,
            };
            expected.extend(unanswered.iter().map(|place| (subject(folder, *place), owner)));
        }
        ensure!(expected.len() == 14, "the story has fourteen: {expected:?}");
        let found = eventually("the list of what is left over", SOON * 4, async || {
            let rows = self.rows_left_over().await?;
            Ok((rows.len() >= expected.len()).then_some(rows))
        })
        .await?;
        let found: BTreeMap<String, Option<MemberId>> = found.into_iter().map(|row| (row.subject, row.owner)).collect();
        ensure!(found == expected, "left over is {found:#?}, not {expected:#?}");

        // What was answered is whose folder it lay in, should the customer come back; a tag is on all of its folder.
        let conversations = self.mira.conversations().await?;
        let count =
            |wanted: &dyn Fn(&serde_json::Value) -> bool| conversations.iter().filter(|one| wanted(one)).count();
        let owned = |member: MemberId| count(&|one| one["owner"] == json!(member));
        ensure!(
            (owned(anna), owned(ben)) == (90, 90),
            "{} and {}",
            owned(anna),
            owned(ben)
        );
        let tagged = count(&|one| one["tags"] == json!(["Messe 2026"]));
        ensure!(tagged == 60, "{tagged} are tagged");
        Ok(())
    }

    /// Received = accounted for, folder by folder; what lies in two is one message.
    async fn adds_up(&self) -> Result<()> {
        let balance = self.health().await?.and_then(|row| row.balance).context("a balance")?;
        let folders: BTreeMap<&str, (u32, u32)> = balance
            .folders
            .iter()
            .map(|folder| (folder.folder.as_str(), (folder.received, folder.duplicates)))
            .collect();
        ensure!(
            balance.folders.iter().all(|folder| folder.adds_up() && folder.complete),
            "{balance:#?}"
        );
        ensure!(!folders.contains_key(PRIVATE), "what nobody chose was read");
        let twice = u32::try_from(TWICE)?;
        for (name, count, _) in FOLDERS {
            let count = u32::try_from(count)?;
            let expected = match name {
                "INBOX" => (count + twice, 0),
                "Anna" => (count, twice),
                _ => (count, 0),
            };
            ensure!(folders.get(name) == Some(&expected), "{name}: {folders:?}");
        }
        let conversation = self.anna.find(&subject("Anna", 0)).await?;
        let opened = self.anna.look(conversation).await?;
        let filed: BTreeSet<&str> = opened
            .conversation
            .filed
            .iter()
            .map(|filing| filing.folder.as_str())
            .collect();
        ensure!(filed == BTreeSet::from(["Anna"]), "{:?}", opened.conversation.filed);
        Ok(())
    }

    /// A letter arrives: the mail server tells of that at once, and then the other folders are looked at, too.
    async fn letter(&self, subject: &str) -> Result<()> {
        let raw = enquiry("INBOX", subject, &subject.to_lowercase().replace(' ', "-"));
        self.mail.deliver(CARL, &[SALES], &raw).await?;
        self.mira.arrival(subject, SOON * 8).await?;
        Ok(())
    }

    /// What somebody puts into a folder from now on is seen, and is that member's.
    async fn filed_by_hand(&self, ben: MemberId) -> Result<()> {
        let raw = enquiry("Ben", "Filed at once", "filed");
        let now = self.clock.now_ms()?;
        self.mail.seed(SALES, "Ben", &[Seed::new(&raw, now, &[])]).await?;
        self.letter("First wake").await?;
        let arrived = self.mira.arrival("Filed at once", SOON * 8).await?;
        ensure!(arrived["owner"] == json!(ben), "{arrived:#}");
        ensure!(
            arrived["status"] == "assigned" && arrived["history"] == false,
            "a lead is no history: {arrived:#}"
        );
        Ok(())
    }

    /// A folder that is called something else is said so, with its new name. Chosen anew, nothing of it is there twice.
    async fn called_something_else(&self, account: AccountId, anna: MemberId, ben: MemberId) -> Result<()> {
        self.mail.rename(SALES, &[("Anna", "Anna K")]).await?;
        self.letter("Second wake").await?;
        let gone = MailboxRemark::FolderGone {
            folder: "Anna".to_owned(),
            perhaps: Some("Anna K".to_owned()),
        };
        self.remarked("the folder's new name", &gone).await?;
        let before = self.mira.conversations().await?.len();
        let owner = |name: &str, member| FolderChoice {
            name: name.to_owned(),
            becomes: FolderUse::Owner { member },
        };
        let save = Request::SaveAccountFolders {
            account,
            folders: vec![owner("Anna K", anna), owner("Ben", ben)],
        };
        match self.anna.ask(save).await? {
            Reply::SaveAccountFolders(Acted::Done { .. }) => {}
            other => bail!("{other:?}"),
        }
        eventually("the folder under its new name", SYNC, async || {
            let row = self.health().await?.context("an account")?;
            let balance = row.balance.context("a balance")?;
            let read = balance.folders.iter().find(|folder| folder.folder == "Anna K");
            let done = read.is_some_and(|folder| folder.complete && folder.received == 90 && folder.duplicates == 90);
            Ok((done && row.health.remarks.is_empty()).then_some(()))
        })
        .await?;
        ensure!(
            self.mira.conversations().await?.len() == before,
            "something is there twice"
        );
        Ok(())
    }

    /// A folder that was made anew with the same letters has other numbers: it is said, and read again as history.
    async fn renumbered(&self) -> Result<()> {
        let (letters, _) = letters_of("Ben", self.filled_at_ms)?;
        self.mail.seed(SALES, "Ben neu", &letters).await?;
        self.mail
            .rename(SALES, &[("Ben", "Ben alt"), ("Ben neu", "Ben")])
            .await?;
        self.letter("Third wake").await?;
        let before = self.mira.conversations().await?.len();
        eventually("the folder's other numbers", SYNC, async || {
            let row = self.health().await?.context("an account")?;
            let said = row
                .health
                .remarks
                .iter()
                .any(|remark| matches!(remark, MailboxRemark::FolderRenumbered { folder, .. } if folder == "Ben"));
            Ok(said.then_some(()))
        })
        .await?;
        self.at_rest().await?;
        let balance = self.health().await?.and_then(|row| row.balance).context("a balance")?;
        ensure!(balance.folders.iter().all(|folder| folder.adds_up()), "{balance:#?}");
        ensure!(
            self.mira.conversations().await?.len() == before,
            "something is there twice"
        );
        Ok(())
    }

    async fn remarked(&self, what: &str, wanted: &MailboxRemark) -> Result<()> {
        eventually(what, SYNC, async || {
            let row = self.health().await?.context("an account")?;
            Ok(row.health.remarks.contains(wanted).then_some(()))
        })
        .await
    }
}

/// Fills the mailbox: every folder with its enquiries, and Sent with the answers to most of them.
async fn fill(mail: &MailHost, now_ms: i64) -> Result<()> {
    let mut sent = Vec::new();
    for (folder, ..) in FOLDERS {
        let (letters, answers) = letters_of(folder, now_ms)?;
        mail.seed(SALES, folder, &letters).await?;
        if folder == "Anna" {
            // Somebody copied them, and left them where they came in.
            let newest: Vec<Seed> = letters.into_iter().take(TWICE).collect();
            mail.seed(SALES, "INBOX", &newest).await?;
        }
        sent.extend(answers);
    }
    mail.seed(SALES, "Sent", &sent).await?;
    let private = Seed::new(&enquiry(PRIVATE, "Lunch", "lunch"), now_ms - HOUR_MS, &[]);
    mail.seed(SALES, PRIVATE, &[private]).await
}

/// The enquiries of a folder, the newest first, and the answers to them.
fn letters_of(folder: &str, now_ms: i64) -> Result<(Vec<Seed>, Vec<Seed>)> {
    let (_, count, unanswered) = FOLDERS
        .into_iter()
        .find(|(name, ..)| *name == folder)
        .context("a folder")?;
    let mut letters = Vec::new();
    let mut answers = Vec::new();
    for place in 0..count {
        let ago = i64::try_from(place)? * EVERY_HOURS + 2;
        let asked_at = now_ms - ago * HOUR_MS;
        let id = format!("q{place}.{folder}");
        let raw = enquiry(folder, &subject(folder, place), &id);
        let forgotten = unanswered.contains(&place);
        let flags: &[&str] = match (forgotten, place % 3) {
            (true, _) => &["\\Seen", "\\Flagged"],
            (false, 0) => &["\\Seen", "\\Answered"],
            (false, _) => &["\\Answered"],
        };
        letters.push(Seed::new(&raw, asked_at, flags));
        if !forgotten {
            let raw = answer(folder, place);
            answers.push(Seed::new(&raw, asked_at + HOUR_MS, &["\\Seen"]));
        }
    }
    Ok((letters, answers))
}

fn subject(folder: &str, place: usize) -> String {
    format!("{folder} No. {place:04}")
}

fn customer(folder: &str, id: &str) -> String {
    format!(
        "{}.{}@customer.test",
        folder.to_lowercase(),
        id.replace('.', "-").to_lowercase()
    )
}

fn enquiry(folder: &str, subject: &str, id: &str) -> Vec<u8> {
    format!(
        "From: Customer <{}>\r\nTo: {}\r\nSubject: {subject}\r\nMessage-ID: <{id}@customer.test>\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\nWhat does {subject} cost?\r\n",
        customer(folder, id),
        address(SALES)
    )
    .into_bytes()
}

fn answer(folder: &str, place: usize) -> Vec<u8> {
    let id = format!("q{place}.{folder}");
    format!(
        "From: Sales <{}>\r\nTo: {}\r\nSubject: Re: {}\r\nMessage-ID: <a{place}.{folder}@baton.test>\r\n\
         In-Reply-To: <{id}@customer.test>\r\nReferences: <{id}@customer.test>\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\nIt costs 90 euros.\r\n",
        address(SALES),
        customer(folder, &id),
        subject(folder, place)
    )
    .into_bytes()
}
