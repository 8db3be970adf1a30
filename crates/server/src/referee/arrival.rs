//! Mail as it is brought to the referee: where it sits, and what could be read of it.

use baton_domain::{AccountId, Address, Attachment, BlobId, FolderUse, MessageFacts, MessageId, Silence, Timestamp};
use baton_store::port::ItemKey;

/// What a folder is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FolderRole {
    /// Mail from outside arrives here.
    Inbox,
    /// Copies of what we sent lie here.
    Sent,
    /// Both lie here: a folder of the team's own.
    Own,
}

/// An item of a mailbox whose raw bytes are not read yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawArrival {
    /// Through which account it came.
    pub account: AccountId,
    /// The folder, decoded.
    pub folder: String,
    /// What the folder is for.
    pub role: FolderRole,
    /// The folder's UIDVALIDITY.
    pub uidvalidity: u32,
    /// Its UID.
    pub uid: u32,
    /// When the mail server received it.
    pub internal_date: Timestamp,
    /// Its flags, as IMAP writes them (`\Draft`, `\Seen`).
    pub flags: Vec<String>,
    /// Found again while the folder was read anew (its UIDVALIDITY changed): it is history, whenever it arrived.
    pub resync: bool,
    /// The raw bytes, as received.
    pub raw: Vec<u8>,
}

/// What is to become of an item.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Asked {
    /// It is taken in, unless it was accounted for before.
    #[default]
    TakeIn,
    /// It is only accounted for: this rule says that it is nobody's business.
    PassOver {
        /// The rule.
        rule: String,
    },
    /// It lies in quarantine and may be readable now.
    TryAgain,
}

/// An item of a mailbox, its raw bytes kept, read as far as it can be.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrival {
    /// Through which account it came.
    pub account: AccountId,
    /// The folder, decoded.
    pub folder: String,
    /// What the folder is for.
    pub role: FolderRole,
    /// The folder's UIDVALIDITY.
    pub uidvalidity: u32,
    /// Its UID.
    pub uid: u32,
    /// When the mail server received it.
    pub internal_date: Timestamp,
    /// Its flags, as IMAP writes them.
    pub flags: Vec<String>,
    /// Found again while the folder was read anew: it is history, whenever it arrived.
    pub resync: bool,
    /// The folder as the account has it taken in, where it is one of the team's own: its name for people, and what lying in it means.
    pub filed: Option<(String, FolderUse)>,
    /// What is to become of it.
    pub asked: Asked,
    /// The raw bytes; `None` where they could not even be fetched.
    pub blob: Option<BlobId>,
    /// Their size.
    pub size: u32,
    /// What could be read, or why nothing could.
    pub parsed: Result<ParsedArrival, String>,
}

impl Arrival {
    /// Where it sits.
    #[must_use]
    pub fn key(&self) -> ItemKey {
        ItemKey {
            account: self.account,
            folder: self.folder.clone(),
            uidvalidity: self.uidvalidity,
            uid: self.uid,
        }
    }

    /// Whether it has that flag.
    #[must_use]
    pub fn has_flag(&self, flag: &str) -> bool {
        self.flags.iter().any(|own| own.eq_ignore_ascii_case(flag))
    }
}

/// Who or what wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArrivalKind {
    /// A person.
    Human,
    /// An automatic answer, or a report that a delivery has not failed.
    AutoReply,
    /// A delivery failure.
    Bounce,
    /// A list, or bulk mail.
    Bulk,
}

/// What a delivery report says of the message it is about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReportOn {
    /// Its Message-ID, without angle brackets.
    pub header_id: Option<String>,
    /// Its normalised subject; empty matches nothing.
    pub subject_key: String,
    /// Whom it was for.
    pub recipient: Option<String>,
}

/// What was read of a message. Plain data: the referee knows nothing of MIME.
#[derive(Debug, Clone, PartialEq)]
pub struct ParsedArrival {
    /// The author; empty where there is none.
    pub from: Address,
    /// To whom.
    pub to: Vec<Address>,
    /// Copies.
    pub cc: Vec<Address>,
    /// Where answers should go.
    pub reply_to: Vec<Address>,
    /// Addresses this copy was delivered to, in lower case.
    pub delivered_to: Vec<String>,
    /// The subject, as written.
    pub subject: String,
    /// The normalised subject; empty matches nothing.
    pub subject_key: String,
    /// The date it carries.
    pub date: Option<Timestamp>,
    /// The beginning of what was newly written.
    pub preview: String,
    /// Its attachments.
    pub attachments: Vec<Attachment>,
    /// Who or what wrote it.
    pub kind: ArrivalKind,
    /// Where a machine may answer it, by what it says of itself: its return path; or why nowhere.
    pub return_path: Result<Address, Silence>,
    /// Its Message-ID, without angle brackets.
    pub header_id: Option<String>,
    /// Every Message-ID it mentions, the most telling first.
    pub mentions: Vec<String>,
    /// Its References, the oldest first, ending with what it answers.
    pub references: Vec<String>,
    /// Messages of ours that it proves to answer, by a token only we could have made.
    pub answers: Vec<MessageId>,
    /// The address that its outermost quote is attributed to.
    pub quoted_from: Option<String>,
    /// The message of ours that its own Message-ID proves it to be.
    pub own: Option<MessageId>,
    /// The message of ours that it says it is (`X-Baton-Id`). Anybody can write that.
    pub claims: Option<MessageId>,
    /// What makes it itself: equal digests are one message.
    pub digest: String,
    /// For a delivery report: what it is about.
    pub about: Option<ReportOn>,
    /// What it is beside its words.
    pub facts: MessageFacts,
}

/// What became of a delivery: every item is one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Received {
    /// Became a message.
    pub imported: u32,
    /// The same as another.
    pub duplicates: u32,
    /// Could not be read; kept.
    pub quarantined: u32,
    /// Ignored by a rule.
    pub ignored: u32,
    /// Accounted for before: it was brought a second time.
    pub known: u32,
}
