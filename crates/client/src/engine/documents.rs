//! The documents of the log, as the rules want them.

use std::collections::BTreeMap;

use baton_domain::{
    Account, AccountId, Capabilities, Companies, Document, DocumentBody, DocumentId, Inbox, InboxId, Member, MemberId,
    ReviewSignOff, RuleSet, Workspace,
};
use baton_protocol::Team;

/// Members, inboxes, accounts and the workspace.
#[derive(Debug, Clone, Default)]
pub struct Documents {
    kinds: BTreeMap<DocumentId, u32>,
    /// Everybody.
    pub members: BTreeMap<MemberId, Member>,
    /// The inboxes.
    pub inboxes: BTreeMap<InboxId, Inbox>,
    /// The channel accounts.
    pub accounts: BTreeMap<AccountId, Account>,
    /// The workspace.
    pub workspace: Option<Workspace>,
    /// Each reviewer's newest sign-off.
    pub reviews: BTreeMap<MemberId, ReviewSignOff>,
    /// The routing rules.
    pub rules: Option<RuleSet>,
    /// The companies the team deals with.
    pub companies: Option<Companies>,
}

impl Documents {
    /// Takes in a document; an older version never replaces a newer one.
    pub fn put(&mut self, document: Document) {
        let known = self.kinds.entry(document.id).or_insert(0);
        if document.version < *known {
            return;
        }
        *known = document.version;
        match document.body {
            DocumentBody::Workspace(workspace) => self.workspace = Some(workspace),
            DocumentBody::Member(member) => {
                self.members.insert(member.id, member);
            }
            DocumentBody::Inbox(inbox) => {
                self.inboxes.insert(inbox.id, inbox);
            }
            DocumentBody::Account(account) => {
                self.accounts.insert(account.id, account);
            }
            // Servers and hosts judge by it; the window is told how a mailbox is doing by its health.
            DocumentBody::Host(_) => {}
            DocumentBody::Rules(rules) => self.rules = Some(rules),
            DocumentBody::Companies(companies) => self.companies = Some(companies),
            DocumentBody::Review(sign_off) => {
                self.reviews.insert(sign_off.by, sign_off);
            }
        }
    }

    /// The version of a document that is here; 0 for one that is not.
    #[must_use]
    pub fn version(&self, id: DocumentId) -> u32 {
        self.kinds.get(&id).copied().unwrap_or_default()
    }

    /// Forgets a document.
    pub fn remove(&mut self, id: DocumentId) {
        self.kinds.remove(&id);
        self.members.remove(&MemberId(id.0));
        self.inboxes.remove(&InboxId(id.0));
        self.accounts.remove(&AccountId(id.0));
    }

    /// What a member may do in an inbox.
    #[must_use]
    pub fn capabilities(&self, member: MemberId, inbox: InboxId) -> Capabilities {
        match (self.members.get(&member), self.inboxes.get(&inbox)) {
            (Some(member), Some(inbox)) => inbox.capabilities_of(member),
            _ => Capabilities::new(),
        }
    }

    /// A member's name, as people read it.
    #[must_use]
    pub fn name(&self, member: MemberId) -> &str {
        self.members
            .get(&member)
            .map_or("A colleague", |member| member.name.as_str())
    }

    /// Everybody and everything shared, as the window wants it: inboxes only those `member` may read.
    #[must_use]
    pub fn team(&self, member: MemberId) -> Team {
        let readable = |inbox: &&Inbox| {
            self.members
                .get(&member)
                .is_some_and(|member| inbox.capabilities_of(member).contains(&baton_domain::Capability::Read))
        };
        let mut reviews: Vec<ReviewSignOff> = self.reviews.values().cloned().collect();
        reviews.sort_by_key(|sign_off| std::cmp::Reverse(sign_off.at));
        Team {
            workspace: self
                .workspace
                .as_ref()
                .map(|workspace| workspace.name.clone())
                .unwrap_or_default(),
            members: self.members.values().cloned().collect(),
            inboxes: self.inboxes.values().filter(readable).cloned().collect(),
            accounts: self.accounts.values().cloned().collect(),
            reviews,
        }
    }
}
