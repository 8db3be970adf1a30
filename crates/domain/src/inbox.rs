//! Inboxes, their policies, channel accounts and the other documents of the log.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{
    Access, AccountId, AutoReplies, BusinessCalendar, Capabilities, Capability, Companies, DocumentId, EscalationPath,
    Host, InboxId, MINUTE_MS, MappedFolder, Member, MemberId, Money, OnCallRota, ReviewSignOff, Role, RuleSet,
    SECOND_MS, Scope, SlaPolicy, Timestamp, Workflow, WorkspaceId,
};

/// Who may answer the customer of a conversation that has an owner (O2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum ReplyPolicy {
    /// Only the owner.
    OwnerOnly,
    /// The owner, or a colleague who covers for an owner who is away or says so with one keystroke.
    #[default]
    OwnerOrCover,
    /// Anyone with a send right.
    Anyone,
}

/// How an inbox works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InboxPolicy {
    /// Who may answer an owned conversation.
    pub reply: ReplyPolicy,
    /// Whether a reply in an unowned conversation claims it.
    pub reply_claims: bool,
    /// How long a sent reply can be taken back, in milliseconds.
    pub undo_ms: i64,
    /// Business days after our last message at which to chase; after the last of them closing is proposed.
    pub cadence_days: Vec<u8>,
    /// How long an offered handoff stands, in milliseconds of wall time.
    pub handoff_ms: i64,
    /// After this long without a keystroke anyone permitted may take the reply lock.
    pub lock_idle_ms: i64,
    /// After this long without a keystroke the lock is released.
    pub lock_release_ms: i64,
    /// How long a lock lives without a renewal from its desktop.
    pub lock_lifetime_ms: i64,
    /// From this value a lead is high value: it is never closed by a cadence on its own.
    pub high_value: Option<Money>,
    /// After so many business days in which nothing happens and no date is set, a conversation is an exception. For a lead of high value
    /// it is two, or fewer.
    #[serde(default = "stale_days")]
    pub stale_days: u8,
    /// When people are at work.
    pub calendar: BusinessCalendar,
    /// What is to happen in time. A new inbox promises [`SlaPolicy::usual`]; one from before there were targets promises nothing until
    /// somebody who leads says so.
    #[serde(default)]
    pub sla: SlaPolicy,
    /// Who is asked to see to what is late, in order. Without steps: whoever leads.
    #[serde(default)]
    pub escalation: EscalationPath,
    /// Who is on call: gets what nobody else can, and can be asked by the escalation path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub on_call: Option<Box<OnCallRota>>,
    /// What it is for, and how it calls what a conversation goes through.
    #[serde(default, skip_serializing_if = "Workflow::is_usual")]
    #[ts(optional, as = "Option<Workflow>")]
    pub workflow: Workflow,
    /// What it answers by itself. `None`: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub auto_replies: Option<Box<AutoReplies>>,
}

/// A week of work.
const fn stale_days() -> u8 {
    5
}

impl Default for InboxPolicy {
    fn default() -> Self {
        Self {
            reply: ReplyPolicy::default(),
            reply_claims: true,
            undo_ms: 10 * SECOND_MS,
            cadence_days: vec![2, 5, 5],
            handoff_ms: 60 * MINUTE_MS,
            lock_idle_ms: 3 * MINUTE_MS,
            lock_release_ms: 15 * MINUTE_MS,
            lock_lifetime_ms: 45 * SECOND_MS,
            high_value: None,
            stale_days: stale_days(),
            calendar: BusinessCalendar::default(),
            sla: SlaPolicy::default(),
            escalation: EscalationPath::default(),
            on_call: None,
            workflow: Workflow::default(),
            auto_replies: None,
        }
    }
}

impl InboxPolicy {
    /// How a new inbox of a sales team works, in its hours.
    #[must_use]
    pub fn usual(calendar: BusinessCalendar) -> Self {
        Self {
            calendar,
            sla: SlaPolicy::usual(),
            ..Self::default()
        }
    }
}

/// A queue and its policy. A document of the log, scope workspace (its conversations have the inbox's scope).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Inbox {
    /// Which.
    pub id: InboxId,
    /// Its name, e.g. Sales.
    pub name: String,
    /// Who may do what in it. Managers and admins may do everything in all of them.
    pub access: Vec<Access>,
    /// How it works.
    pub policy: InboxPolicy,
}

impl Inbox {
    /// What `member` may do here.
    #[must_use]
    pub fn capabilities_of(&self, member: &Member) -> Capabilities {
        use Capability::{Assign, Comment, Manage, Read, SendAs, SendOnBehalf, Work};
        if !member.active {
            return Capabilities::new();
        }
        match member.role {
            Role::Admin | Role::Manager => [Read, Comment, Work, Assign, SendOnBehalf, SendAs, Manage].into(),
            Role::Rep => self.granted(member.id),
            Role::Observer => {
                if self.granted(member.id).contains(&Read) {
                    [Read].into()
                } else {
                    Capabilities::new()
                }
            }
        }
    }

    fn granted(&self, member: MemberId) -> Capabilities {
        self.access
            .iter()
            .find(|access| access.member == member)
            .map(|access| access.capabilities.clone())
            .unwrap_or_default()
    }
}

/// How far Baton acts on an account (D7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum AccountMode {
    /// Reads only: writes and sends nothing.
    Watch,
    /// Sends and files, beside other mail programs.
    #[default]
    Together,
    /// Baton alone works on it.
    BatonOnly,
}

/// A channel account as the team sees it: no secrets. A document of the log, scope workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// Which.
    pub id: AccountId,
    /// The inbox its messages arrive in.
    pub inbox: InboxId,
    /// Its main address, e.g. sales@example.com.
    pub address: String,
    /// The name customers read beside it.
    pub name: String,
    /// Other addresses that are ours.
    pub aliases: Vec<String>,
    /// Messages that arrived before this instant are history: they start nothing.
    pub live_since: Timestamp,
    /// How far Baton acts on it.
    pub mode: AccountMode,
    /// The member whose desktop hosts it; `None` when the server does.
    pub hosted_by: Option<MemberId>,
    /// What stands below replies from its addresses, for members without a signature of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<Signature>>")]
    pub signatures: Vec<Signature>,
    /// Folders of the mailbox that are taken in beside the one mail arrives in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<MappedFolder>>")]
    pub folders: Vec<MappedFolder>,
}

impl Account {
    /// What lying in that folder means, where it is taken in.
    #[must_use]
    pub fn folder(&self, name: &str) -> Option<&MappedFolder> {
        self.folders.iter().find(|folder| folder.name == name)
    }

    /// The address as the account writes it, if it is one of the account's.
    #[must_use]
    pub fn own_address(&self, email: &str) -> Option<&str> {
        std::iter::once(&self.address)
            .chain(&self.aliases)
            .map(String::as_str)
            .find(|own| own.trim().eq_ignore_ascii_case(email.trim()))
    }
}

/// What stands below replies from an address. `{name}` is whoever writes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Signature {
    /// The address; `None` for all without one of their own.
    pub address: Option<String>,
    /// The text.
    pub text: String,
}

/// The workspace itself. A document of the log, scope workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Workspace {
    /// Which.
    pub id: WorkspaceId,
    /// The company's name.
    pub name: String,
}

/// What a document holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(tag = "kind", content = "value", rename_all = "camelCase")]
pub enum DocumentBody {
    /// The workspace.
    Workspace(Workspace),
    /// A member.
    Member(Member),
    /// An inbox.
    Inbox(Inbox),
    /// A channel account.
    Account(Account),
    /// Who hosts a channel account.
    Host(Host),
    /// The routing rules.
    Rules(RuleSet),
    /// A reviewer's newest sign-off of the daily review.
    Review(ReviewSignOff),
    /// The companies the team deals with.
    Companies(Companies),
}

impl DocumentBody {
    /// The document's id: that of the thing it holds.
    #[must_use]
    pub fn id(&self) -> DocumentId {
        DocumentId(match self {
            Self::Workspace(workspace) => workspace.id.0,
            Self::Member(member) => member.id.0,
            Self::Inbox(inbox) => inbox.id.0,
            Self::Account(account) => account.id.0,
            Self::Host(host) => Host::document(host.account).0,
            Self::Rules(_) => RuleSet::document().0,
            Self::Review(sign_off) => ReviewSignOff::document(sign_off.by).0,
            Self::Companies(_) => Companies::document().0,
        })
    }

    /// Who may read it.
    #[must_use]
    pub fn scope(&self) -> Scope {
        Scope::Workspace
    }
}

/// A document of the log: policies, members, inboxes and so on, versioned. A change based on another version than the
/// current one is refused and shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Document {
    /// Which.
    pub id: DocumentId,
    /// 1 when made, one more with each change.
    pub version: u32,
    /// What it holds.
    pub body: DocumentBody,
}
