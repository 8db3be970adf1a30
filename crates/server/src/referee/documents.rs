//! The documents of the log, held in memory: every decision reads them.

use std::collections::{BTreeMap, BTreeSet};

use baton_domain::{
    Account, AccountId, Capabilities, Capability, Companies, Document, DocumentBody, DocumentId, Host, Inbox, InboxId,
    LogBody, Member, MemberId, Role, RuleSet, Workspace,
};
use baton_store::server::Readable;

/// All documents as they stand at a place of the log.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DocumentSet {
    all: BTreeMap<DocumentId, Document>,
    members: BTreeMap<MemberId, Member>,
    inboxes: BTreeMap<InboxId, Inbox>,
    accounts: BTreeMap<AccountId, Account>,
    hosts: BTreeMap<AccountId, Host>,
    workspace: Option<Workspace>,
    rules: Option<RuleSet>,
    companies: Option<Companies>,
}

impl DocumentSet {
    /// These documents.
    #[must_use]
    pub fn of(documents: Vec<Document>) -> Self {
        let mut set = Self::default();
        for document in documents {
            set.put(document);
        }
        set
    }

    /// All of them, with their versions.
    #[must_use]
    pub const fn all(&self) -> &BTreeMap<DocumentId, Document> {
        &self.all
    }

    /// Everybody, also those who have left.
    #[must_use]
    pub const fn members(&self) -> &BTreeMap<MemberId, Member> {
        &self.members
    }

    /// The inboxes.
    #[must_use]
    pub const fn inboxes(&self) -> &BTreeMap<InboxId, Inbox> {
        &self.inboxes
    }

    /// The channel accounts.
    #[must_use]
    pub const fn accounts(&self) -> &BTreeMap<AccountId, Account> {
        &self.accounts
    }

    /// Who hosts an account, or did last.
    #[must_use]
    pub fn host(&self, account: AccountId) -> Option<&Host> {
        self.hosts.get(&account)
    }

    /// The workspace; `None` before it was named.
    #[must_use]
    pub const fn workspace(&self) -> Option<&Workspace> {
        self.workspace.as_ref()
    }

    /// The routing rules with their version; `None` where there are none in force.
    #[must_use]
    pub fn rules(&self) -> Option<(&RuleSet, u32)> {
        let rules = self.rules.as_ref().filter(|rules| rules.in_force())?;
        Some((rules, self.version(RuleSet::document())))
    }

    /// The companies the team deals with.
    #[must_use]
    pub const fn companies(&self) -> Option<&Companies> {
        self.companies.as_ref()
    }

    /// A document's version; 0 where there is none.
    #[must_use]
    pub fn version(&self, id: DocumentId) -> u32 {
        self.all.get(&id).map_or(0, |document| document.version)
    }

    /// The active member with that address.
    #[must_use]
    pub fn member_by_email(&self, email: &str) -> Option<&Member> {
        let email = email.trim();
        self.members
            .values()
            .find(|member| member.active && member.email.eq_ignore_ascii_case(email))
    }

    /// What a member may do in an inbox.
    #[must_use]
    pub fn capabilities(&self, member: MemberId, inbox: InboxId) -> Capabilities {
        match (self.members.get(&member), self.inboxes.get(&inbox)) {
            (Some(member), Some(inbox)) => inbox.capabilities_of(member),
            _ => Capabilities::new(),
        }
    }

    /// What a member may read.
    #[must_use]
    pub fn readable(&self, member: MemberId) -> Readable {
        let may_read = |inbox: &&Inbox| self.capabilities(member, inbox.id).contains(&Capability::Read);
        Readable {
            inboxes: self.inboxes.values().filter(may_read).map(|inbox| inbox.id).collect(),
            member: Some(member),
        }
    }

    /// Whether that member runs the workspace.
    #[must_use]
    pub fn is_admin(&self, member: MemberId) -> bool {
        self.members
            .get(&member)
            .is_some_and(|member| member.active && member.role == Role::Admin)
    }

    /// Whose open conversations may lose their owner when this document is put: members who may not work, or not everywhere they
    /// did, once it stands.
    pub(super) fn cut_off_by(&self, document: &DocumentBody) -> BTreeSet<MemberId> {
        match document {
            DocumentBody::Member(member) => {
                let same = |known: &Member| (known.active, known.role) == (member.active, member.role);
                let stays = self.members.get(&member.id).is_some_and(same);
                (!stays).then_some(member.id).into_iter().collect()
            }
            DocumentBody::Inbox(inbox) => self
                .members
                .values()
                .filter(|member| !inbox.capabilities_of(member).contains(&Capability::Work))
                .map(|member| member.id)
                .collect(),
            DocumentBody::Account(_)
            | DocumentBody::Workspace(_)
            | DocumentBody::Host(_)
            | DocumentBody::Rules(_)
            | DocumentBody::Companies(_)
            | DocumentBody::Review(_) => BTreeSet::new(),
        }
    }

    /// Whose drafts may have nobody left to read them when this document is put: members who may not read, or not everywhere they
    /// did, once it stands.
    pub(super) fn silenced_by(&self, document: &DocumentBody) -> BTreeSet<MemberId> {
        match document {
            DocumentBody::Inbox(inbox) => self
                .members
                .values()
                .filter(|member| !inbox.capabilities_of(member).contains(&Capability::Read))
                .map(|member| member.id)
                .collect(),
            DocumentBody::Member(_) => self.cut_off_by(document),
            DocumentBody::Account(_)
            | DocumentBody::Workspace(_)
            | DocumentBody::Host(_)
            | DocumentBody::Rules(_)
            | DocumentBody::Companies(_)
            | DocumentBody::Review(_) => BTreeSet::new(),
        }
    }

    /// Whether a member may read an inbox.
    pub(super) fn reads(&self, member: MemberId, inbox: InboxId) -> bool {
        self.capabilities(member, inbox).contains(&Capability::Read)
    }

    /// The account with that address, its own or an alias.
    #[must_use]
    pub fn account_of(&self, address: &str) -> Option<&Account> {
        let address = address.trim();
        let is = |own: &str| own.eq_ignore_ascii_case(address);
        self.accounts
            .values()
            .find(|account| is(&account.address) || account.aliases.iter().any(|alias| is(alias)))
    }

    /// Applies an entry of the log; conversation events change nothing here. True where something changed.
    pub(super) fn apply(&mut self, body: &LogBody) -> bool {
        match body {
            LogBody::Conversation { .. } => false,
            LogBody::DocumentPut { document } => {
                self.put(document.clone());
                true
            }
            LogBody::DocumentRemoved { id } => {
                self.remove(*id);
                true
            }
        }
    }

    fn put(&mut self, document: Document) {
        match &document.body {
            DocumentBody::Workspace(workspace) => self.workspace = Some(workspace.clone()),
            DocumentBody::Member(member) => {
                self.members.insert(member.id, member.clone());
            }
            DocumentBody::Inbox(inbox) => {
                self.inboxes.insert(inbox.id, inbox.clone());
            }
            DocumentBody::Account(account) => {
                self.accounts.insert(account.id, account.clone());
            }
            DocumentBody::Host(host) => {
                self.hosts.insert(host.account, *host);
            }
            DocumentBody::Rules(rules) => self.rules = Some(rules.clone()),
            DocumentBody::Companies(companies) => self.companies = Some(companies.clone()),
            // The team reads it; nothing is judged by it.
            DocumentBody::Review(_) => {}
        }
        self.all.insert(document.id, document);
    }

    fn remove(&mut self, id: DocumentId) {
        match self.all.remove(&id).map(|document| document.body) {
            Some(DocumentBody::Workspace(_)) => self.workspace = None,
            Some(DocumentBody::Member(member)) => {
                self.members.remove(&member.id);
            }
            Some(DocumentBody::Inbox(inbox)) => {
                self.inboxes.remove(&inbox.id);
            }
            Some(DocumentBody::Account(account)) => {
                self.accounts.remove(&account.id);
            }
            Some(DocumentBody::Host(host)) => {
                self.hosts.remove(&host.account);
            }
            Some(DocumentBody::Rules(_)) => self.rules = None,
            Some(DocumentBody::Companies(_)) => self.companies = None,
            Some(DocumentBody::Review(_)) | None => {}
        }
    }
}
