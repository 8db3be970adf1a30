//! Members, inboxes and accounts: the documents of the log, read and changed through the referee.

use std::sync::Arc;

use baton_domain::{
    Access, Account, AccountId, AccountMode, Actor, BusinessCalendar, Capabilities, Capability, Command, CommandBody,
    CommandId, Companies, ConversationId, DeviceId, DocumentBody, FolderChoice, Inbox, InboxId, InboxPolicy,
    MappedFolder, Member, MemberId, Refusal, Role, RuleSet, Timestamp, Workspace,
};
use baton_protocol::{Answer, CompaniesKept, RulesInForce};
use uuid::Uuid;

use crate::referee::{DocumentSet, RefereeHandle, SubmitError};

/// What a rep of an inbox may do unless somebody says otherwise: full access, and sending as the inbox.
pub const FULL_ACCESS: [Capability; 6] = [
    Capability::Read,
    Capability::Comment,
    Capability::Work,
    Capability::Assign,
    Capability::SendOnBehalf,
    Capability::SendAs,
];

/// Why a document was not changed.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// Not an address.
    #[error("{0:?} is not a mail address")]
    NotAnAddress(String),
    /// Without a name nobody knows who did something.
    #[error("a name is needed")]
    NoName,
    /// Somebody signs in with that address already.
    #[error("somebody signs in with {0} already")]
    AddressTaken(String),
    /// A mailbox with that address is connected.
    #[error("the mailbox {0} is connected already")]
    MailboxTaken(String),
    /// There is none.
    #[error("there is no {0}")]
    Missing(String),
    /// The workspace would have nobody who can change settings.
    #[error("{0} is the only admin: make somebody else an admin first")]
    LastAdmin(String),
    /// The rules refuse it.
    #[error("refused: {0:?}")]
    Rules(Refusal),
    /// The log could not be written.
    #[error(transparent)]
    Referee(#[from] SubmitError),
}

/// Who and what there is in a workspace.
#[derive(Debug, Clone)]
pub struct Directory {
    referee: RefereeHandle,
}

impl Directory {
    /// Of the referee's workspace.
    #[must_use]
    pub fn new(referee: RefereeHandle) -> Self {
        Self { referee }
    }

    /// All documents as they are now.
    #[must_use]
    pub fn documents(&self) -> Arc<DocumentSet> {
        self.referee.documents()
    }

    /// A member, also one who left.
    #[must_use]
    pub fn member(&self, id: MemberId) -> Option<Member> {
        self.documents().members().get(&id).cloned()
    }

    /// The member with that address; somebody who is here comes before somebody who left.
    #[must_use]
    pub fn by_email(&self, email: &str) -> Option<Member> {
        let email = email.trim().to_lowercase();
        let documents = self.documents();
        let mut found = documents
            .members()
            .values()
            .filter(|member| member.email.to_lowercase() == email);
        let first = found.next()?;
        Some(
            found
                .fold(
                    first,
                    |best, member| if member.active && !best.active { member } else { best },
                )
                .clone(),
        )
    }

    /// Everybody, by name.
    #[must_use]
    pub fn members(&self) -> Vec<Member> {
        let mut members: Vec<_> = self.documents().members().values().cloned().collect();
        members.sort_by(|one, other| one.name.cmp(&other.name).then(one.id.cmp(&other.id)));
        members
    }

    /// All inboxes, by name.
    #[must_use]
    pub fn inboxes(&self) -> Vec<Inbox> {
        let mut inboxes: Vec<_> = self.documents().inboxes().values().cloned().collect();
        inboxes.sort_by(|one, other| one.name.cmp(&other.name).then(one.id.cmp(&other.id)));
        inboxes
    }

    /// All mailboxes, by address.
    #[must_use]
    pub fn accounts(&self) -> Vec<Account> {
        let mut accounts: Vec<_> = self.documents().accounts().values().cloned().collect();
        accounts.sort_by(|one, other| one.address.cmp(&other.address).then(one.id.cmp(&other.id)));
        accounts
    }

    /// A mailbox.
    #[must_use]
    pub fn account(&self, id: AccountId) -> Option<Account> {
        self.documents().accounts().get(&id).cloned()
    }

    /// The workspace's own document.
    #[must_use]
    pub fn workspace(&self) -> Option<Workspace> {
        self.documents().workspace().cloned()
    }

    /// What a member may do in an inbox.
    #[must_use]
    pub fn capabilities(&self, member: &Member, inbox: InboxId) -> Capabilities {
        self.documents()
            .inboxes()
            .get(&inbox)
            .map(|inbox| inbox.capabilities_of(member))
            .unwrap_or_default()
    }

    /// Whether somebody could be added with these.
    ///
    /// # Errors
    /// When the name is empty, or the address is none or taken.
    pub fn check_new(&self, name: &str, email: &str) -> Result<(), Refused> {
        if name.trim().is_empty() {
            return Err(Refused::NoName);
        }
        let email = email.trim();
        if !baton_channels::email::compose::is_deliverable(email) {
            return Err(Refused::NotAnAddress(email.to_owned()));
        }
        if self.by_email(email).is_some_and(|member| member.active) {
            return Err(Refused::AddressTaken(email.to_owned()));
        }
        Ok(())
    }

    /// Adds somebody, and gives a rep or observer what their role gets in every inbox there is. Somebody who comes back is the
    /// same member as before.
    ///
    /// # Errors
    /// When the address is taken, or the log can't be written.
    pub async fn add(&self, name: &str, email: &str, role: Role, now: Timestamp) -> Result<Member, Refused> {
        self.check_new(name, email)?;
        self.name_workspace(email, now).await?;
        let id = self
            .by_email(email)
            .map_or_else(|| MemberId(Uuid::now_v7()), |member| member.id);
        let member = Member {
            id,
            name: name.trim().to_owned(),
            email: email.trim().to_owned(),
            role,
            active: true,
            absent_until: None,
            backup: None,
            hours: None,
            signature: None,
        };
        self.put(DocumentBody::Member(member.clone()), now).await?;
        for inbox in self.inboxes() {
            self.set_access(inbox.id, id, usual_access(role), now).await?;
        }
        Ok(member)
    }

    /// A workspace without a name gets that of its first member's domain; an admin may change it.
    async fn name_workspace(&self, email: &str, now: Timestamp) -> Result<(), Refused> {
        if self.workspace().is_some() {
            return Ok(());
        }
        let name = email
            .trim()
            .rsplit_once('@')
            .map_or("Baton", |(_, domain)| domain)
            .to_owned();
        let id = self.referee.store().workspace();
        self.put(DocumentBody::Workspace(Workspace { id, name }), now).await
    }

    /// Ends somebody's membership.
    ///
    /// # Errors
    /// When there is nobody like that, or nobody would be left who can change settings.
    pub async fn remove(&self, id: MemberId, now: Timestamp) -> Result<Member, Refused> {
        let missing = || Refused::Missing(format!("member {id}"));
        let mut member = self.member(id).filter(|member| member.active).ok_or_else(missing)?;
        let admin = |one: &Member| one.active && one.role == Role::Admin;
        if admin(&member) && self.members().iter().filter(|one| admin(one)).count() == 1 {
            return Err(Refused::LastAdmin(member.name));
        }
        member.active = false;
        self.put(DocumentBody::Member(member.clone()), now).await?;
        Ok(member)
    }

    /// Says what a member may do in an inbox; nothing takes all away.
    ///
    /// # Errors
    /// When there is no such inbox.
    pub async fn set_access(
        &self,
        inbox: InboxId,
        member: MemberId,
        capabilities: Capabilities,
        now: Timestamp,
    ) -> Result<(), Refused> {
        let mut inbox = self
            .inboxes()
            .into_iter()
            .find(|one| one.id == inbox)
            .ok_or_else(|| Refused::Missing(format!("inbox {inbox}")))?;
        let had = inbox
            .access
            .iter()
            .find(|access| access.member == member)
            .map(|access| access.capabilities.clone());
        if had.unwrap_or_default() == capabilities {
            return Ok(());
        }
        inbox.access.retain(|access| access.member != member);
        if !capabilities.is_empty() {
            inbox.access.push(Access { member, capabilities });
            inbox.access.sort_by_key(|access| access.member);
        }
        self.put(DocumentBody::Inbox(inbox), now).await
    }

    /// How a new inbox works: as is usual, in the hours of the inbox that was there first, or else of this machine.
    #[must_use]
    pub fn usual_policy(&self) -> InboxPolicy {
        let first = self.inboxes().into_iter().min_by_key(|inbox| inbox.id);
        let here = || BusinessCalendar::weekdays(jiff::tz::TimeZone::system().iana_name().unwrap_or("UTC"));
        InboxPolicy::usual(first.map_or_else(here, |inbox| inbox.policy.calendar))
    }

    /// The inbox of that name, made if there is none, with the usual access for everybody who is here.
    ///
    /// # Errors
    /// When the log can't be written.
    pub async fn inbox_named(&self, name: &str, policy: InboxPolicy, now: Timestamp) -> Result<InboxId, Refused> {
        let name = name.trim();
        if name.is_empty() {
            return Err(Refused::NoName);
        }
        if let Some(inbox) = self
            .inboxes()
            .into_iter()
            .find(|inbox| inbox.name.to_lowercase() == name.to_lowercase())
        {
            return Ok(inbox.id);
        }
        let access = self
            .members()
            .into_iter()
            .filter(|member| member.active)
            .filter_map(|member| {
                let capabilities = usual_access(member.role);
                (!capabilities.is_empty()).then_some(Access {
                    member: member.id,
                    capabilities,
                })
            });
        let mut access: Vec<_> = access.collect();
        access.sort_by_key(|access| access.member);
        let inbox = Inbox {
            id: InboxId(Uuid::now_v7()),
            name: name.to_owned(),
            access,
            policy,
        };
        let id = inbox.id;
        self.put(DocumentBody::Inbox(inbox), now).await?;
        Ok(id)
    }

    /// Adds a mailbox. What arrived before now is history.
    ///
    /// # Errors
    /// When it is connected already, or there is no such inbox.
    pub async fn add_account(&self, new: NewAccount, now: Timestamp) -> Result<Account, Refused> {
        let address = new.address.trim().to_owned();
        if !baton_channels::email::compose::is_deliverable(&address) {
            return Err(Refused::NotAnAddress(address));
        }
        if self
            .accounts()
            .iter()
            .any(|account| account.address.to_lowercase() == address.to_lowercase())
        {
            return Err(Refused::MailboxTaken(address));
        }
        if !self.inboxes().iter().any(|inbox| inbox.id == new.inbox) {
            return Err(Refused::Missing(format!("inbox {}", new.inbox)));
        }
        let account = Account {
            id: AccountId(Uuid::now_v7()),
            inbox: new.inbox,
            address,
            name: new.name.trim().to_owned(),
            aliases: new.aliases,
            live_since: new.live_since.unwrap_or(now),
            mode: new.mode,
            hosted_by: new.hosted_by,
            signatures: Vec::new(),
            folders: mapped(new.folders),
        };
        self.put(DocumentBody::Account(account.clone()), now).await?;
        Ok(account)
    }

    /// Says who hosts a mailbox from now on.
    ///
    /// # Errors
    /// When there is no such mailbox, or the log can't be written.
    pub async fn host_by(&self, id: AccountId, member: Option<MemberId>, now: Timestamp) -> Result<Account, Refused> {
        let mut account = self
            .account(id)
            .ok_or_else(|| Refused::Missing(format!("mailbox {id}")))?;
        if account.hosted_by != member {
            account.hosted_by = member;
            self.put(DocumentBody::Account(account.clone()), now).await?;
        }
        Ok(account)
    }

    /// Takes a mailbox out again, for one that could not be kept.
    ///
    /// # Errors
    /// When the log can't be written.
    pub async fn remove_account(&self, id: AccountId, now: Timestamp) -> Result<(), Refused> {
        let body = CommandBody::RemoveDocument {
            document: baton_domain::DocumentId(id.0),
        };
        self.submit(command(None, body, now)).await
    }

    /// The routing rules in force.
    #[must_use]
    pub fn rules(&self) -> RulesInForce {
        let documents = self.documents();
        let document = documents.all().get(&RuleSet::document());
        match document.map(|document| (&document.body, document.version)) {
            Some((DocumentBody::Rules(rules), version)) => RulesInForce {
                version,
                rules: rules.clone(),
            },
            _ => RulesInForce {
                version: 0,
                rules: RuleSet::default(),
            },
        }
    }

    /// The companies the team deals with.
    #[must_use]
    pub fn companies(&self) -> CompaniesKept {
        let documents = self.documents();
        CompaniesKept {
            version: documents.version(Companies::document()),
            companies: documents.companies().cloned().unwrap_or_default(),
        }
    }

    /// Puts other routing rules in force, in place of that version.
    ///
    /// # Errors
    /// When another version is in force by now, the rules refuse it or the log can't be written.
    pub async fn put_rules(&self, set: RulesInForce, now: Timestamp) -> Result<(), Refused> {
        let body = CommandBody::PutDocument {
            document: Box::new(DocumentBody::Rules(set.rules)),
        };
        self.submit(command(Some(set.version), body, now)).await
    }

    /// Makes or changes a document.
    ///
    /// # Errors
    /// When the rules refuse it or the log can't be written.
    pub async fn put(&self, body: DocumentBody, now: Timestamp) -> Result<(), Refused> {
        let id = body.id();
        let version = self.documents().all().get(&id).map(|document| document.version);
        self.submit(command(
            version,
            CommandBody::PutDocument {
                document: Box::new(body),
            },
            now,
        ))
        .await
    }

    async fn submit(&self, command: Command) -> Result<(), Refused> {
        match self.referee.submit(command).await? {
            Answer::Done { .. } => Ok(()),
            Answer::Refused { refusal } => Err(Refused::Rules(refusal)),
        }
    }
}

/// A mailbox to add.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// Its address.
    pub address: String,
    /// The name customers read.
    pub name: String,
    /// Other addresses that are ours.
    pub aliases: Vec<String>,
    /// The inbox its mail lands in.
    pub inbox: InboxId,
    /// How far Baton acts on it.
    pub mode: AccountMode,
    /// What arrived before is history; from now on by default.
    pub live_since: Option<Timestamp>,
    /// Folders that are taken in beside the one mail arrives in.
    pub folders: Vec<FolderChoice>,
    /// The member whose desktop hosts it; `None` when the server does.
    pub hosted_by: Option<MemberId>,
}

/// Folders as the account keeps them; since when they are followed is for the rules to say.
fn mapped(folders: Vec<FolderChoice>) -> Vec<MappedFolder> {
    let since = Timestamp(0);
    let folders = folders.into_iter();
    folders
        .map(|FolderChoice { name, becomes }| MappedFolder { name, becomes, since })
        .collect()
}

/// What somebody of that role may do in an inbox unless somebody says otherwise. Managers and admins may do everything anyway.
#[must_use]
pub fn usual_access(role: Role) -> Capabilities {
    match role {
        Role::Rep => FULL_ACCESS.into(),
        Role::Observer => [Capability::Read].into(),
        Role::Manager | Role::Admin => Capabilities::new(),
    }
}

/// A command of the operator about a document.
fn command(based_on: Option<u32>, body: CommandBody, now: Timestamp) -> Command {
    Command {
        id: CommandId(Uuid::now_v7()),
        actor: Actor::Operator,
        device: DeviceId(Uuid::nil()),
        conversation: ConversationId(Uuid::nil()),
        issued_at: now,
        last_seen: None,
        based_on,
        body,
    }
}
