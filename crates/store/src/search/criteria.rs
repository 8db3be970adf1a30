//! From what a person typed to what the index is asked: names become ids, days become instants in the reader's zone.

use std::collections::BTreeSet;

use baton_domain::{Conversation, Inbox, InboxId, Member, MemberId, Status, StatusId, Timestamp, WorkflowKind};
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::PieceKind;
use super::query::{Clause, Fact, Part, Period, Query, Words};
use super::text::{Split, fold, phrase_of_pairs};
use super::write::first_id;

/// Whom and what names can mean.
#[derive(Debug, Clone, Copy)]
pub struct Names<'a> {
    /// All members.
    pub members: &'a [Member],
    /// All inboxes.
    pub inboxes: &'a [Inbox],
}

/// Who looks.
#[derive(Debug, Clone)]
pub struct Who {
    /// Which member.
    pub member: MemberId,
    /// The inboxes they may read.
    pub inboxes: BTreeSet<InboxId>,
    /// Their zone.
    pub zone: TimeZone,
}

/// A condition on a conversation or a piece, beside its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Test {
    Owner(Vec<MemberId>),
    Nobody,
    Inbox(Vec<InboxId>),
    /// Has one of these standings, or is what an inbox calls so.
    Status(Vec<Status>, Vec<Named>),
    Over(bool),
    History,
    Kind(PieceKind),
    HasFile,
    /// The ids of an instant and later, and before another.
    Between(i64, i64),
    Number(u32),
}

/// What one inbox calls a standing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) inbox: InboxId,
    pub(super) stands_for: Status,
    /// Which; `None` for the first that stands for it, which nobody has to say.
    pub(super) id: Option<StatusId>,
}

/// What the index of words must say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Match {
    /// Only what matches this.
    Only(String),
    /// Everything but what matches this.
    AllBut(String),
}

/// What the index is asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Criteria {
    /// The inboxes that may be read.
    pub(super) inboxes: BTreeSet<InboxId>,
    /// What the words must be; `None` where none are looked for.
    pub(super) words: Option<Match>,
    /// What else must be so, or with `true` must not be.
    pub(super) tests: Vec<(bool, Test)>,
    /// The folded words, to show where they are.
    pub(super) shown: Vec<String>,
}

impl Criteria {
    /// What a query means to somebody.
    #[must_use]
    pub fn of(query: &Query, who: &Who, names: Names<'_>) -> Self {
        let mut criteria = Self {
            inboxes: who.inboxes.clone(),
            ..Self::default()
        };
        let mut wanted = Vec::new();
        let mut unwanted = Vec::new();
        for clause in &query.clauses {
            match clause {
                Clause::Words { not, any } => {
                    let either: Vec<_> = any.iter().filter_map(matched).collect();
                    if either.is_empty() {
                        continue;
                    }
                    let either = format!("({})", either.join(" OR "));
                    if *not {
                        unwanted.push(either);
                    } else {
                        criteria.shown.extend(any.iter().map(|words| fold(&words.text)));
                        wanted.push(either);
                    }
                }
                Clause::Fact { not, fact } => {
                    if let Some(test) = test(fact, who, names) {
                        criteria.tests.push((*not, test));
                    }
                }
            }
        }
        let (wanted, unwanted) = (wanted.join(" AND "), unwanted.join(" OR "));
        criteria.words = match (wanted.is_empty(), unwanted.is_empty()) {
            (true, true) => None,
            // The index knows "this but not that", and no "everything but that".
            (true, false) => Some(Match::AllBut(unwanted)),
            (false, true) => Some(Match::Only(wanted)),
            (false, false) => Some(Match::Only(format!("({wanted}) NOT ({unwanted})"))),
        };
        criteria
    }

    /// Whether something that fits may be in a conversation, as far as its state alone tells: for those who have the state and
    /// not the messages. The words are not looked at.
    #[must_use]
    pub fn may_hold(&self, conversation: &Conversation) -> bool {
        self.inboxes.contains(&conversation.inbox)
            && self
                .tests
                .iter()
                .all(|(not, test)| test.holds_for(conversation) != *not)
    }

    /// Whether a conversation is as asked, in what is asked of conversations. What is asked of messages is not looked at.
    #[must_use]
    pub fn admits(&self, conversation: &Conversation) -> bool {
        self.inboxes.contains(&conversation.inbox)
            && self
                .tests
                .iter()
                .filter(|(_, test)| test.is_of_conversation())
                .all(|(not, test)| test.holds_for(conversation) != *not)
    }

    /// The folded words, to show where they are.
    pub(crate) fn shown(&self) -> &[String] {
        &self.shown
    }

    /// Whether anything is asked of conversations.
    #[must_use]
    pub fn asks_of_conversations(&self) -> bool {
        self.tests.iter().any(|(_, test)| test.is_of_conversation())
    }

    /// Whether anything is asked at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_none() && self.tests.is_empty()
    }
}

impl Test {
    /// Whether it is the conversation that is asked about, and not a piece of it.
    pub(super) const fn is_of_conversation(&self) -> bool {
        match self {
            Self::Owner(_)
            | Self::Nobody
            | Self::Inbox(_)
            | Self::Status(..)
            | Self::Over(_)
            | Self::History
            | Self::Number(_) => true,
            Self::Kind(_) | Self::HasFile | Self::Between(..) => false,
        }
    }

    fn holds_for(&self, conversation: &Conversation) -> bool {
        match self {
            Self::Owner(members) => conversation.owner.is_some_and(|owner| members.contains(&owner)),
            Self::Nobody => conversation.owner.is_none(),
            Self::Inbox(inboxes) => inboxes.contains(&conversation.inbox),
            Self::Status(statuses, named) => {
                let is = |named: &Named| {
                    (conversation.inbox, conversation.status) == (named.inbox, named.stands_for)
                        && conversation.named_status == named.id
                };
                statuses.contains(&conversation.status) || named.iter().any(is)
            }
            Self::Over(over) => conversation.status.is_over() == *over,
            Self::History => conversation.history,
            Self::Kind(PieceKind::Theirs) => true,
            Self::Kind(PieceKind::Ours) => conversation.replies > 0,
            Self::Kind(PieceKind::Note) => conversation.notes > 0,
            Self::HasFile => conversation.has_attachment,
            Self::Between(from, to) => {
                first_id(conversation.created_at) < *to && first_id(conversation.updated_at) >= *from
            }
            Self::Number(number) => conversation.number == *number,
        }
    }
}

/// Words as the index is asked for them; `None` where there is no letter or digit among them.
fn matched(words: &Words) -> Option<String> {
    let column = match words.part {
        Part::Any => "{subject sender recipients body files}",
        Part::From => "{sender}",
        Part::To => "{recipients}",
        Part::Subject => "{subject}",
        Part::File => "{files}",
    };
    let split = Split::of(fold(&words.text));
    let mut all = Vec::new();
    if split.words.chars().any(char::is_alphanumeric) {
        // A quote can't be inside: it has been taken for the end of a phrase, or means nothing to the tokenizer.
        let phrase = split.words.replace('"', " ");
        let phrase = phrase.trim();
        // A single letter begins a great many words, none of which anybody means.
        let goes_on = words.prefix && split.runs.is_empty() && phrase.chars().count() > 1;
        let star = if goes_on { " *" } else { "" };
        all.push(format!("{column} : \"{phrase}\"{star}"));
    }
    for run in &split.runs {
        all.push(match phrase_of_pairs(run) {
            Some(pairs) => format!("{{pairs}} : \"{pairs}\""),
            // Pairs that begin with it; the last of a run stands alone.
            None => format!("{{pairs}} : \"{run}\" *"),
        });
    }
    (!all.is_empty()).then(|| format!("({})", all.join(" AND ")))
}

fn test(fact: &Fact, who: &Who, names: Names<'_>) -> Option<Test> {
    Some(match fact {
        Fact::Owner(name) => match name.to_lowercase().as_str() {
            "me" => Test::Owner(vec![who.member]),
            "nobody" | "none" | "unassigned" => Test::Nobody,
            _ => Test::Owner(members(name, names.members)),
        },
        Fact::Inbox(name) => {
            let name = fold(name);
            let named = names
                .inboxes
                .iter()
                .filter(|inbox| fold(&inbox.name).starts_with(&name));
            Test::Inbox(named.map(|inbox| inbox.id).collect())
        }
        Fact::Status(word) => Test::Status(statuses(word), named(word, names.inboxes)),
        Fact::Open => Test::Over(false),
        Fact::Closed => Test::Over(true),
        Fact::History => Test::History,
        Fact::Note => Test::Kind(PieceKind::Note),
        Fact::Ours => Test::Kind(PieceKind::Ours),
        Fact::HasFile => Test::HasFile,
        Fact::Number(number) => Test::Number(*number),
        Fact::Before(period) => Test::Between(0, bounds(*period, &who.zone)?.0),
        Fact::After(period) => Test::Between(bounds(*period, &who.zone)?.0, i64::MAX),
        Fact::On(period) => {
            let (from, to) = bounds(*period, &who.zone)?;
            Test::Between(from, to)
        }
    })
}

fn members(name: &str, members: &[Member]) -> Vec<MemberId> {
    let name = fold(name);
    let fits = |member: &&Member| {
        let whole = fold(&member.name);
        whole.starts_with(&name)
            || whole.split_whitespace().any(|part| part.starts_with(&name))
            || fold(&member.email).starts_with(&name)
    };
    members.iter().filter(fits).map(|member| member.id).collect()
}

/// The word of a status: what one looks for, and what the index holds.
pub(super) const fn word_of(status: Status) -> &'static str {
    match status {
        Status::New => "new",
        Status::Assigned => "assigned",
        Status::Waiting => "waiting",
        Status::FollowUpDue => "followupdue",
        Status::NeedsInput => "needsinput",
        Status::QuoteSent => "quotesent",
        Status::Won => "won",
        Status::Lost => "lost",
        Status::Resolved => "resolved",
        Status::Closed => "closed",
    }
}

/// The words of a status as the index holds them: that of its standing, and which of its inbox's it is where somebody said so.
pub(super) fn words_of(status: Status, named: Option<&StatusId>) -> String {
    match named {
        None => word_of(status).to_owned(),
        Some(id) => format!("{}/{}", word_of(status), id.0),
    }
}

fn bare(word: &str) -> String {
    fold(word).chars().filter(|c| c.is_alphanumeric()).collect()
}

/// What inboxes call so. What has no name of its own there is found by the word of its standing.
fn named(word: &str, inboxes: &[Inbox]) -> Vec<Named> {
    let wanted = bare(word);
    let fits = |name: &Option<String>| {
        let name = name.as_deref().map(bare);
        !wanted.is_empty() && name.is_some_and(|name| name.starts_with(&wanted))
    };
    let mut all = Vec::new();
    for inbox in inboxes {
        let workflow = &inbox.policy.workflow;
        let kinds = [WorkflowKind::Sales, WorkflowKind::Support];
        let mut standings: Vec<Status> = kinds.iter().flat_map(|kind| kind.standings()).copied().collect();
        standings.sort_unstable();
        standings.dedup();
        for stands_for in standings {
            // What all that is hidden is shown as counts, too.
            let first = Some(workflow.shown(stands_for, None)).filter(|first| fits(&first.name));
            let first = first.map(|_| None);
            let others = workflow.choices(stands_for).into_iter().skip(1);
            let others = others.filter(|other| fits(&other.name)).map(|other| Some(other.id));
            all.extend(first.into_iter().chain(others).map(|id| Named {
                inbox: inbox.id,
                stands_for,
                id,
            }));
        }
    }
    all
}

fn statuses(word: &str) -> Vec<Status> {
    const ALL: [Status; 10] = [
        Status::New,
        Status::Assigned,
        Status::Waiting,
        Status::FollowUpDue,
        Status::NeedsInput,
        Status::QuoteSent,
        Status::Won,
        Status::Lost,
        Status::Resolved,
        Status::Closed,
    ];
    let bare = bare(word);
    let fits = |status: &Status| !bare.is_empty() && word_of(*status).starts_with(&bare);
    ALL.into_iter().filter(fits).collect()
}

/// The ids from a period's beginning to its end in that zone; `None` for a day that does not exist.
fn bounds(period: Period, zone: &TimeZone) -> Option<(i64, i64)> {
    let first = Date::new(period.year, period.month.unwrap_or(1), period.day.unwrap_or(1)).ok()?;
    let after = match period {
        Period { day: Some(_), .. } => first.tomorrow().ok()?,
        Period { month: Some(_), .. } => first.last_of_month().tomorrow().ok()?,
        Period { .. } => first.last_of_year().tomorrow().ok()?,
    };
    let id = |date: Date| {
        let zoned = date.to_zoned(zone.clone()).ok()?;
        Some(first_id(Timestamp(zoned.timestamp().as_millisecond())))
    };
    Some((id(first)?, id(after)?))
}
