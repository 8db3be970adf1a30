//! How an inbox calls what a conversation goes through, and how it ends there.
//!
//! The machine decides with a *standing* ([`Status`]): work moves a conversation from one to another, and no inbox changes that. An
//! inbox has *statuses*: each stands for one standing, has a name and a sentence of its own, and may be hidden. So an automatic move goes
//! to a standing, and is shown as the first status of the inbox that stands for it; whatever an inbox calls things, the same work
//! leads to the same standing.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{Category, Conversation, DAY_MS, Event, Invalid, Outcome, Phase, Status, Timestamp};

/// How many statuses an inbox may list.
pub const MOST_STATUSES: usize = 20;

/// How long what was handled stays open to the customer's objection before it is closed: seven days.
pub const RESOLVED_FOR_MS: i64 = 7 * DAY_MS;

/// The longest name of a status, in characters.
const NAME_CHARS: usize = 40;
/// The longest sentence of a status, in characters.
const SENTENCE_CHARS: usize = 200;
/// The longest id of a status, in characters.
const ID_CHARS: usize = 40;

/// Which status of an inbox: the word of its standing for those every inbox has, otherwise small letters, digits and hyphens. It stays
/// when the status is renamed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(transparent)]
pub struct StatusId(pub String);

impl From<Status> for StatusId {
    fn from(status: Status) -> Self {
        Self(status.word().to_owned())
    }
}

/// What an inbox is for: which standings it knows, and how what is over in it has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum WorkflowKind {
    /// Leads: won or lost.
    #[default]
    Sales,
    /// Questions: solved or not. Also for success and general inboxes.
    Support,
}

impl WorkflowKind {
    /// The standings a conversation can have in such an inbox, in the order in which they are shown.
    #[must_use]
    pub const fn standings(self) -> &'static [Status] {
        use Status::{Assigned, Closed, FollowUpDue, Lost, NeedsInput, New, QuoteSent, Resolved, Waiting, Won};
        match self {
            Self::Sales => &[
                New,
                Assigned,
                Waiting,
                FollowUpDue,
                NeedsInput,
                QuoteSent,
                Won,
                Lost,
                Closed,
            ],
            Self::Support => &[New, Assigned, FollowUpDue, Waiting, NeedsInput, Resolved, Closed],
        }
    }

    /// Whether a person may close something with that outcome here. [`Outcome::NoResponse`] is a cadence's in a support inbox.
    #[must_use]
    pub const fn takes(self, outcome: Outcome) -> bool {
        use Outcome::{Duplicate, HandedOver, Imported, Lost, NoResponse, NotSolved, Solved, Spam, Unqualified, Won};
        match outcome {
            Duplicate | Spam | HandedOver => true,
            Won | Lost | Unqualified | NoResponse => matches!(self, Self::Sales),
            Solved | NotSolved => matches!(self, Self::Support),
            Imported => false,
        }
    }

    /// How something ends here that asks for no outcome of a person.
    #[must_use]
    pub const fn without_asking(self, category: Category) -> Outcome {
        match (self, category) {
            (Self::Sales, _) => Outcome::Unqualified,
            (Self::Support, Category::Vendor) => Outcome::Spam,
            (Self::Support, _) => Outcome::Solved,
        }
    }

    /// The standing here of something open that had this one elsewhere: a customer who has our offer is waited for.
    #[must_use]
    pub const fn fitting(self, status: Status) -> Status {
        match (self, status) {
            (Self::Support, Status::QuoteSent) => Status::Waiting,
            (_, status) => status,
        }
    }

    /// Whether an answer of ours that went another way starts the inbox's cadence by itself. In a support inbox only a person does.
    #[must_use]
    pub const fn chases_by_itself(self) -> bool {
        matches!(self, Self::Sales)
    }

    /// Whether this status, where an inbox says nothing of it, is shown under the name of its phase's first.
    const fn hides(self, status: Status) -> bool {
        matches!(self, Self::Support) && matches!(status, Status::FollowUpDue | Status::NeedsInput)
    }
}

/// A status of an inbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NamedStatus {
    /// Which: the word of `stands_for` for the one every inbox has.
    pub id: StatusId,
    /// Its name. Empty, for one that every inbox has: as Baton calls it, in the language of who reads.
    pub name: String,
    /// What it means, in a sentence. Empty: as for the name.
    pub sentence: String,
    /// The standing it is a name of. That gives its phase.
    pub stands_for: Status,
    /// Whether it is not shown: another status of its phase is shown instead.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(optional, as = "Option<bool>")]
    pub hidden: bool,
}

impl NamedStatus {
    /// Whether every inbox of its kind has it: it can be renamed and hidden, and not removed.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.id.0 == self.stands_for.word()
    }

    fn of(kind: WorkflowKind, status: Status) -> Self {
        Self {
            id: status.into(),
            name: String::new(),
            sentence: String::new(),
            stands_for: status,
            hidden: kind.hides(status),
        }
    }
}

/// The workflow of an inbox: its kind, and what it says differently about statuses.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Workflow {
    /// What the inbox is for.
    pub kind: WorkflowKind,
    /// Its statuses, in order; of those that every inbox has, the ones left out are as Baton has them, before these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<NamedStatus>>")]
    pub statuses: Vec<NamedStatus>,
}

/// A status as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShownStatus {
    /// Which.
    pub id: StatusId,
    /// Of what kind of inbox: Baton's own names differ between them.
    pub kind: WorkflowKind,
    /// The standing it is a name of.
    pub stands_for: Status,
    /// Its name; `None` as Baton calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub name: Option<String>,
    /// What it means; `None` as Baton says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub sentence: Option<String>,
}

/// What is wrong with a workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkflowFault {
    /// Where: `statuses`, or e.g. `statuses.2.name` for the name of the second.
    pub field: String,
    /// Why.
    pub why: Invalid,
}

impl Workflow {
    /// What a support, success or general inbox begins with.
    #[must_use]
    pub const fn support() -> Self {
        Self {
            kind: WorkflowKind::Support,
            statuses: Vec::new(),
        }
    }

    /// Whether it is what every inbox begins with.
    #[must_use]
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }

    /// With its texts free of blanks around them.
    #[must_use]
    pub fn tidied(mut self) -> Self {
        for status in &mut self.statuses {
            status.name = status.name.trim().to_owned();
            status.sentence = status.sentence.trim().to_owned();
        }
        self
    }

    /// All its statuses, in order: those every inbox has and this one says nothing of, then what it lists.
    #[must_use]
    pub fn all(&self) -> Vec<NamedStatus> {
        let said = |status: &Status| {
            self.statuses
                .iter()
                .any(|one| one.is_own() && one.stands_for == *status)
        };
        let rest = self.kind.standings().iter().filter(|status| !said(status));
        let mut all: Vec<_> = rest.map(|status| NamedStatus::of(self.kind, *status)).collect();
        all.extend(self.statuses.iter().cloned());
        all
    }

    /// The status with that id.
    #[must_use]
    pub fn find(&self, id: &StatusId) -> Option<NamedStatus> {
        self.all().into_iter().find(|status| status.id == *id)
    }

    /// What stands for that standing and may be shown, in order. The first is where automatic moves lead.
    #[must_use]
    pub fn choices(&self, status: Status) -> Vec<ShownStatus> {
        let fits = |one: &NamedStatus| one.stands_for == status && !one.hidden;
        let all = self.all().into_iter().filter(fits);
        all.map(|one| self.show(one)).collect()
    }

    /// What a conversation with that standing is shown as, where somebody said `named` of it. A status that was removed or hidden
    /// since, or that stands for something else, counts as not said.
    #[must_use]
    pub fn shown(&self, status: Status, named: Option<&StatusId>) -> ShownStatus {
        let choices = self.choices(status);
        let said = named.and_then(|named| choices.iter().find(|one| one.id == *named));
        if let Some(said) = said.or(choices.first()) {
            return said.clone();
        }
        // All that stands for it is hidden. An end keeps its own name: what is won is not shown as lost.
        let phase = status.phase();
        let alike = self.kind.standings().iter().filter(|one| one.phase() == phase);
        let alike = alike.filter(|_| !status.is_over());
        let instead = alike.filter_map(|one| self.choices(*one).into_iter().next()).next();
        instead.unwrap_or_else(|| self.show(NamedStatus::of(self.kind, status)))
    }

    fn show(&self, status: NamedStatus) -> ShownStatus {
        let said = |text: String| Some(text).filter(|text| !text.is_empty());
        ShownStatus {
            id: status.id,
            kind: self.kind,
            stands_for: status.stands_for,
            name: said(status.name),
            sentence: said(status.sentence),
        }
    }

    /// Whether it can be worked with.
    ///
    /// # Errors
    /// What is wrong first.
    pub fn check(&self) -> Result<(), WorkflowFault> {
        let fault = |field: &str, why| {
            let field = field.to_owned();
            Err(WorkflowFault { field, why })
        };
        if self.statuses.len() > MOST_STATUSES {
            return fault("statuses", Invalid::TooMany);
        }
        for (place, status) in self.statuses.iter().enumerate() {
            let part = |part: &str| format!("statuses.{}.{part}", place.saturating_add(1));
            let (name, sentence) = (status.name.trim(), status.sentence.trim());
            let mut earlier = self.statuses.iter().take(place);
            if !self.kind.standings().contains(&status.stands_for) {
                return fault(&part("standsFor"), Invalid::Unknown);
            }
            if !status.is_own() && !is_id_of_added(&status.id) {
                return fault(&part("id"), Invalid::Unknown);
            }
            if earlier.any(|other| other.id == status.id) {
                return fault(&part("id"), Invalid::Taken);
            }
            for (field, text, most) in [("name", name, NAME_CHARS), ("sentence", sentence, SENTENCE_CHARS)] {
                if text.is_empty() && !status.is_own() {
                    return fault(&part(field), Invalid::Empty);
                }
                if text.chars().count() > most {
                    return fault(&part(field), Invalid::TooLong);
                }
            }
            let same = |other: &NamedStatus| other.name.trim().to_lowercase() == name.to_lowercase();
            if !name.is_empty() && self.statuses.iter().take(place).any(same) {
                return fault(&part("name"), Invalid::Taken);
            }
        }
        for status in self.kind.standings() {
            if !self.is_covered(*status) {
                let hidden = |one: &NamedStatus| one.stands_for == *status;
                let place = self.statuses.iter().position(hidden).unwrap_or_default();
                return fault(&format!("statuses.{}.hidden", place.saturating_add(1)), Invalid::Needed);
            }
        }
        Ok(())
    }

    /// Whether something is shown for that standing: for one in the middle of the work any status of its phase will do.
    fn is_covered(&self, status: Status) -> bool {
        let phase = status.phase();
        let between = matches!(phase, Phase::Open | Phase::Pending);
        let mut alike = self.kind.standings().iter();
        if between {
            alike.any(|one| one.phase() == phase && !self.choices(*one).is_empty())
        } else {
            !self.choices(status).is_empty()
        }
    }
}

/// Small letters, digits and hyphens, and no word of a standing.
fn is_id_of_added(id: &StatusId) -> bool {
    let text = id.0.as_str();
    let spelled = text
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    let kinds = [WorkflowKind::Sales, WorkflowKind::Support];
    let mut standings = kinds.into_iter().flat_map(|kind| kind.standings().iter());
    spelled && (1..=ID_CHARS).contains(&text.len()) && !standings.any(|status| status.word() == text)
}

impl Status {
    /// Its word, as documents and links write it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Assigned => "assigned",
            Self::Waiting => "waiting",
            Self::FollowUpDue => "followUpDue",
            Self::NeedsInput => "needsInput",
            Self::QuoteSent => "quoteSent",
            Self::Won => "won",
            Self::Lost => "lost",
            Self::Resolved => "resolved",
            Self::Closed => "closed",
        }
    }
}

impl Conversation {
    /// When what was handled is closed by itself; `None` for everything else.
    #[must_use]
    pub fn closes_at(&self) -> Option<Timestamp> {
        let closing = self.closing.as_ref().filter(|_| self.status == Status::Resolved)?;
        Some(closing.at.plus_ms(RESOLVED_FOR_MS))
    }
}

/// A name goes with the standing it was said of; in another inbox it means nothing.
pub(crate) fn fold(state: &mut Conversation, before: Status, event: &Event) {
    match event {
        Event::StatusNamed { status, .. } => state.named_status.clone_from(status),
        Event::MovedOut { .. } => state.named_status = None,
        // It puts back what was before the message, the name included.
        Event::NoReplyNeeded { .. } => {}
        _ if state.status != before => state.named_status = None,
        _ => {}
    }
}
