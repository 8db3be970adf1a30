//! Loading the sample: every message through the ingest, every step as a command, each at its own instant before now.

use std::collections::BTreeMap;

use baton_domain::{
    Access, Account, AccountId, AccountMode, Actor, BusinessCalendar, Category, Command, CommandBody, CommandId,
    Conversation, ConversationId, DAY_MS, Deadline, DeviceId, DocumentBody, HandoffContext, Inbox, InboxId,
    InboxPolicy, LogBody, LogEntry, Member, MemberId, MessageId, Outcome, Priority, Refusal, Role, Timestamp,
    Workspace, next_deadline,
};
use baton_protocol::Answer;
use baton_store::port::DueRow;
use baton_store::server::{ServerStore, StoreError};
use uuid::Uuid;

use super::past::{Past, PastError};
use super::scenario::{self, BadFile, Company, Deed, Story};
use super::text::{BadPlaceholder, Placeholders, replaced};
use super::when::{BadTime, Now};
use crate::directory::usual_access;
use crate::referee::{FolderRole, RawArrival};

/// Why the sample could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file of this build is broken.
    #[error(transparent)]
    File(#[from] BadFile),
    /// A time of the scenario can't be read.
    #[error(transparent)]
    Time(#[from] BadTime),
    /// A placeholder of the sample can't be filled in.
    #[error(transparent)]
    Placeholder(#[from] BadPlaceholder),
    /// The referee could not write.
    #[error(transparent)]
    Past(#[from] PastError),
    /// The store could not read or write.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The scenario names something that does not exist.
    #[error("the sample's scenario is broken: {0}")]
    Scenario(String),
    /// The workspace is somebody's already.
    #[error("this data holds a workspace already; the sample wants an empty directory")]
    NotEmpty,
}

/// A loaded sample.
#[derive(Debug)]
pub struct Loaded {
    /// Whoever tries it.
    pub user: MemberId,
    /// Steps the rules refused, in words: none in a sound sample.
    pub refused: Vec<String>,
}

/// Loads the sample into an empty workspace that nobody has open.
///
/// # Errors
/// When the workspace is not empty, or can't be written.
pub async fn load(store: &ServerStore, now: Timestamp) -> Result<Loaded, LoadError> {
    if store.head().await?.number > 0 {
        return Err(LoadError::NotEmpty);
    }
    let company = scenario::company()?;
    let stories = scenario::stories()?;
    let now = Now::new(now, &company.zone)?;
    let mut steps = Vec::new();
    for (story, of) in stories.iter().enumerate() {
        for (number, step) in of.steps.iter().enumerate() {
            let at = step.age.as_deref().map_or(Ok(now.at()), |age| now.ago(age))?;
            steps.push((at, story, number));
        }
    }
    // Stable: what happened at one instant happened in the scenario's order.
    steps.sort_by_key(|(at, _, _)| *at);
    let begin = steps.first().map_or(now.at(), |(at, _, _)| *at).plus_ms(-DAY_MS);
    let placeholders = Placeholders::new(now.clone(), scenario::languages()?);
    let workspace = store.workspace().0;
    let mut loading = Loading {
        past: Past::open(store.clone()).await?,
        store: store.clone(),
        now,
        placeholders,
        workspace,
        account: AccountId::derive(workspace, "account"),
        deadlines: BTreeMap::new(),
        told: vec![None; stories.len()],
        sent: Vec::new(),
        uid: 0,
        refused: Vec::new(),
    };
    loading.company(&company, begin).await?;
    for (at, story, number) in steps {
        let (Some(of), true) = (stories.get(story), at <= loading.now.at()) else {
            continue;
        };
        loading.until(at).await?;
        loading.step(of, story, number, at).await?;
    }
    loading.until(loading.now.at()).await?;
    let user = company
        .members
        .iter()
        .find(|person| person.user)
        .or(company.members.first());
    let user = user.ok_or_else(|| LoadError::Scenario("nobody works there".to_owned()))?;
    Ok(Loaded {
        user: loading.member(&user.key),
        refused: loading.refused,
    })
}

pub(super) struct Loading {
    pub(super) past: Past,
    pub(super) store: ServerStore,
    pub(super) now: Now,
    pub(super) placeholders: Placeholders,
    pub(super) workspace: Uuid,
    pub(super) account: AccountId,
    /// The next deadline of every conversation.
    pub(super) deadlines: BTreeMap<ConversationId, (Timestamp, Deadline)>,
    /// The conversation each story is told in.
    pub(super) told: Vec<Option<ConversationId>>,
    /// Message-IDs the scenario gave to replies, and those they got.
    pub(super) sent: Vec<(String, String)>,
    pub(super) uid: u32,
    pub(super) refused: Vec<String>,
}

impl Loading {
    fn member(&self, key: &str) -> MemberId {
        MemberId::derive(self.workspace, key)
    }

    /// The company: its workspace, its people, its inbox and its mailbox.
    async fn company(&mut self, company: &Company, at: Timestamp) -> Result<(), LoadError> {
        let id = self.store.workspace();
        let mut documents = vec![DocumentBody::Workspace(Workspace {
            id,
            name: company.name.clone(),
        })];
        let mut access = Vec::new();
        for person in &company.members {
            // Whoever tries the sample may try everything.
            let role = match person.role.as_str() {
                _ if person.user => Role::Admin,
                "manager" => Role::Manager,
                _ => Role::Rep,
            };
            let member = Member {
                id: self.member(&person.key),
                name: person.name.clone(),
                email: person.address.clone(),
                role,
                active: true,
                absent_until: None,
                backup: None,
                hours: None,
                signature: None,
            };
            let capabilities = usual_access(role);
            if !capabilities.is_empty() {
                access.push(Access {
                    member: member.id,
                    capabilities,
                });
            }
            documents.push(DocumentBody::Member(member));
        }
        let inbox = InboxId::derive(self.workspace, "inbox");
        let policy = InboxPolicy {
            calendar: BusinessCalendar::weekdays(&company.zone),
            ..InboxPolicy::default()
        };
        documents.push(DocumentBody::Inbox(Inbox {
            id: inbox,
            name: company.inbox.name.clone(),
            access,
            policy,
        }));
        documents.push(DocumentBody::Account(Account {
            id: self.account,
            inbox,
            address: company.channel.address.clone(),
            name: company.channel.name.clone(),
            aliases: company.channel.aliases.clone(),
            live_since: at,
            mode: AccountMode::Together,
            hosted_by: None,
            signatures: Vec::new(),
            folders: Vec::new(),
        }));
        for document in documents {
            let id = CommandId::derive(self.workspace, &format!("document {}", document.id().0));
            let body = CommandBody::PutDocument {
                document: Box::new(document),
            };
            let command = command(id, Actor::Operator, ConversationId(Uuid::nil()), at, None, body);
            let (answer, _) = self.past.submit(command, at).await?;
            if let Answer::Refused { refusal } = answer {
                return Err(LoadError::Scenario(format!("the company was refused: {refusal:?}")));
            }
        }
        Ok(())
    }

    /// Deadlines that came before `at` come.
    async fn until(&mut self, at: Timestamp) -> Result<(), LoadError> {
        // Each may set the next one; a rule that set one in the past for ever would be a defect, not a reason to hang.
        for _ in 0..10_000 {
            let next = self
                .deadlines
                .iter()
                .filter(|(_, (due, _))| *due <= at)
                .min_by_key(|(_, (due, _))| *due);
            let Some((conversation, (due, what))) = next.map(|(id, due)| (*id, *due)) else {
                return Ok(());
            };
            let entries = self
                .past
                .due(
                    DueRow::Deadline {
                        conversation,
                        what,
                        at: due,
                    },
                    due,
                )
                .await?;
            self.deadlines.remove(&conversation);
            if !entries.is_empty() {
                self.look(conversation).await?;
            }
        }
        Err(LoadError::Scenario("deadlines without end".to_owned()))
    }

    /// Notes a conversation's next deadline.
    async fn look(&mut self, id: ConversationId) -> Result<Option<Conversation>, LoadError> {
        let conversation = self.store.conversation(id).await?;
        match conversation.as_ref().and_then(next_deadline) {
            Some(due) => self.deadlines.insert(id, due),
            None => self.deadlines.remove(&id),
        };
        Ok(conversation)
    }

    async fn step(&mut self, story: &Story, of: usize, number: usize, at: Timestamp) -> Result<(), LoadError> {
        let Some(step) = story.steps.get(number) else {
            return Ok(());
        };
        if let Deed::Receive { eml } = &step.what {
            return self.receive(eml, of, at).await;
        }
        let name = format!("{} {number}", story.key);
        let Some(id) = self.told.get(of).copied().flatten() else {
            self.refused.push(format!("{name}: there is no conversation"));
            return Ok(());
        };
        let Some(conversation) = self.look(id).await? else {
            return Ok(());
        };
        let by = self.member(step.by.as_deref().unwrap_or_default());
        match &step.what {
            Deed::Reply { message_id, .. } => self.reply(&name, step, &conversation, by, at, message_id).await?,
            Deed::Draft { text } => {
                let text = self.placeholders.text(text)?;
                self.draft(&name, &conversation, by, at, text, Vec::new()).await?;
            }
            deed => {
                let body = self.body(deed)?;
                let answer = self.act(&name, &conversation, by, at, body.clone()).await?;
                // Some steps need more than the scenario says: a person would be asked for it in place.
                let answer = match answer {
                    Some(Refusal::NeedsHandoffContext | Refusal::MissingFields { .. }) => {
                        let again = completed(body, &conversation);
                        self.act(&format!("{name} completed"), &conversation, by, at, again)
                            .await?
                    }
                    answer => answer,
                };
                if let Some(refusal) = answer {
                    self.refused.push(format!("{name}: {refusal:?}"));
                }
            }
        }
        self.look(id).await?;
        Ok(())
    }

    async fn receive(&mut self, eml: &str, of: usize, at: Timestamp) -> Result<(), LoadError> {
        let mut raw = self.placeholders.message(scenario::file(eml)?, at)?;
        for (named, got) in &self.sent {
            raw = replaced(&raw, named.as_bytes(), got.as_bytes());
        }
        self.uid += 1;
        self.store.blobs().put(&raw).map_err(StoreError::from)?;
        let arrival = RawArrival {
            account: self.account,
            folder: "INBOX".to_owned(),
            role: FolderRole::Inbox,
            uidvalidity: 1,
            uid: self.uid,
            internal_date: at,
            flags: Vec::new(),
            resync: false,
            raw,
        };
        let arrival = arrival.read(self.store.secret());
        if let Err(why) = &arrival.parsed {
            self.refused.push(format!("{eml}: {why}"));
        }
        let (_, entries) = self.past.receive(arrival, at).await?;
        for id in entries.iter().filter_map(conversation_of) {
            self.look(id).await?;
            if let Some(told @ None) = self.told.get_mut(of) {
                *told = Some(id);
            }
        }
        Ok(())
    }

    fn body(&self, deed: &Deed) -> Result<CommandBody, LoadError> {
        let unknown = |what: &str| LoadError::Scenario(format!("{what:?} is not known"));
        let fields = |category, priority, value| CommandBody::SetFields {
            category,
            priority,
            value,
            company: None,
            subject: None,
            details: Box::default(),
        };
        Ok(match deed {
            Deed::Claim => CommandBody::Claim,
            Deed::Assign { to } => CommandBody::Assign {
                to: self.member(to),
                context: None,
            },
            Deed::Note { text } => CommandBody::AddNote {
                text: self.placeholders.text(text)?,
                mentions: Vec::new(),
            },
            Deed::NextStep { text } => CommandBody::SetNextStep {
                text: self.placeholders.text(text)?,
            },
            Deed::FollowUp { due, text } => CommandBody::ScheduleFollowUp {
                due: self.now.instant(due)?,
                zone: Some(self.now.zone()),
                text: Some(self.placeholders.text(text)?),
            },
            Deed::Block { on, text } => CommandBody::Block {
                on: Some(self.member(on)),
                address: None,
                text: self.placeholders.text(text)?,
            },
            Deed::Snooze { until } => CommandBody::Snooze {
                until: Some(self.now.instant(until)?),
                zone: Some(self.now.zone()),
                reason: None,
            },
            Deed::Close { outcome, reason } => CommandBody::Close {
                outcome: Some(named::<Outcome>(outcome).ok_or_else(|| unknown(outcome))?),
                reason: reason
                    .as_deref()
                    .map(|reason| self.placeholders.text(reason))
                    .transpose()?,
            },
            Deed::Category { category } => fields(
                Some(named::<Category>(category).ok_or_else(|| unknown(category))?),
                None,
                None,
            ),
            Deed::Priority { priority } => fields(
                None,
                Some(named::<Priority>(priority).ok_or_else(|| unknown(priority))?),
                None,
            ),
            Deed::Value { amount } => fields(None, None, amount.money()),
            Deed::Tag { tag } => CommandBody::Tag { tag: tag.clone() },
            Deed::Receive { .. } | Deed::Reply { .. } | Deed::Draft { .. } => {
                return Err(LoadError::Scenario("not a command by itself".to_owned()));
            }
        })
    }

    /// A command of a member; its refusal, if it was refused.
    pub(super) async fn act(
        &mut self,
        name: &str,
        conversation: &Conversation,
        by: MemberId,
        at: Timestamp,
        body: CommandBody,
    ) -> Result<Option<Refusal>, LoadError> {
        let id = CommandId::derive(self.workspace, name);
        let last_seen = conversation.last_message.as_ref().map(|message| message.id);
        let mut command = command(id, Actor::Member { id: by }, conversation.id, at, last_seen, body);
        command.device = DeviceId(by.0);
        let (answer, _) = self.past.submit(command, at).await?;
        Ok(match answer {
            Answer::Done { .. } => None,
            Answer::Refused { refusal } => Some(refusal),
        })
    }
}

/// Passing it on after a reply says what the next owner must know; putting a waiting customer aside says why.
fn completed(body: CommandBody, conversation: &Conversation) -> CommandBody {
    let next = conversation
        .next_step
        .as_ref()
        .map(|step| step.text.clone())
        .unwrap_or_default();
    match body {
        CommandBody::Assign { to, .. } => {
            let last = conversation
                .last_message
                .as_ref()
                .map(|message| message.preview.clone())
                .unwrap_or_default();
            let context = HandoffContext {
                happened: last,
                promised: None,
                next_step: next,
            };
            CommandBody::Assign {
                to,
                context: Some(context),
            }
        }
        CommandBody::Snooze { until, zone, .. } => CommandBody::Snooze {
            until,
            zone,
            reason: Some(next),
        },
        other => other,
    }
}

fn conversation_of(entry: &LogEntry) -> Option<ConversationId> {
    match &entry.body {
        LogBody::Conversation { conversation, .. } => Some(*conversation),
        LogBody::DocumentPut { .. } | LogBody::DocumentRemoved { .. } => None,
    }
}

/// A value by its name in the scenario: `quote_request` is `quoteRequest` on the wire.
fn named<T: serde::de::DeserializeOwned>(name: &str) -> Option<T> {
    let mut parts = name.split('_');
    let mut camel = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut letters = part.chars();
        camel.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    serde_json::from_value(serde_json::Value::String(camel)).ok()
}

pub(super) fn command(
    id: CommandId,
    actor: Actor,
    conversation: ConversationId,
    issued_at: Timestamp,
    last_seen: Option<MessageId>,
    body: CommandBody,
) -> Command {
    Command {
        id,
        actor,
        device: DeviceId(Uuid::nil()),
        conversation,
        issued_at,
        last_seen,
        based_on: None,
        body,
    }
}
