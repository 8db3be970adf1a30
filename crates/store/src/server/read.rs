//! Queries of the shells: conversations, their entries, the log after a number, documents, drafts, reply locks.

use std::collections::{BTreeSet, HashMap};

use baton_domain::{
    Conversation, ConversationId, Document, DraftId, InboxId, MemberId, Phase, Scope, Status, Timestamp,
};
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, Order, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};
use uuid::Uuid;

use super::connect::ServerStore;
use super::convert;
use super::entity::{conversation, draft, lease, log};
use super::error::StoreError;
use super::write::replaced;
use crate::port::{DraftRow, LeaseRow, Sealed};

/// What somebody may read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Readable {
    /// These inboxes.
    pub inboxes: BTreeSet<InboxId>,
    /// What is this member's alone.
    pub member: Option<MemberId>,
}

impl Readable {
    /// Whether an entry of that scope may be read.
    #[must_use]
    pub fn may_read(&self, scope: Scope) -> bool {
        match scope {
            Scope::Workspace => true,
            Scope::Inbox { id } => self.inboxes.contains(&id),
            Scope::Member { id } => self.member == Some(id),
        }
    }

    pub(super) fn of_log(&self) -> Condition {
        let scope = |kind: i64, ids: Vec<Uuid>| {
            Condition::all()
                .add(log::Column::ScopeKind.eq(kind))
                .add(log::Column::ScopeId.is_in(ids))
        };
        Condition::any()
            .add(log::Column::ScopeKind.eq(convert::SCOPE_WORKSPACE))
            .add(scope(
                convert::SCOPE_INBOX,
                self.inboxes.iter().map(|id| id.0).collect(),
            ))
            .add(scope(
                convert::SCOPE_MEMBER,
                self.member.iter().map(|id| id.0).collect(),
            ))
    }
}

/// Whose conversations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnerFilter {
    /// That member's.
    Member(MemberId),
    /// Nobody's.
    Nobody,
}

/// Where a conversation stands among the newest: pages go on after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConversationKey {
    /// When anything last happened there.
    pub updated_at: Timestamp,
    /// Which.
    pub id: ConversationId,
}

impl std::fmt::Display for ConversationKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.updated_at.0, self.id.0.as_simple())
    }
}

impl std::str::FromStr for ConversationKey {
    type Err = StoreError;
    fn from_str(text: &str) -> Result<Self, StoreError> {
        let bad = || StoreError::Unreadable("a page's beginning".to_owned());
        let (at, id) = text.split_once('.').ok_or_else(bad)?;
        let updated_at = Timestamp(at.parse().map_err(|_| bad())?);
        Ok(Self {
            updated_at,
            id: ConversationId(Uuid::parse_str(id).map_err(|_| bad())?),
        })
    }
}

/// Which conversations.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConversationFilter {
    /// In these inboxes.
    pub inboxes: BTreeSet<InboxId>,
    /// With one of these statuses; empty for any.
    pub statuses: Vec<Status>,
    /// In one of these phases; empty for any.
    pub phases: Vec<Phase>,
    /// Whose; `None` for anybody's.
    pub owner: Option<OwnerFilter>,
    /// With this customer, by their address.
    pub contact: Option<String>,
    /// Only those after this one.
    pub after: Option<ConversationKey>,
}

impl ServerStore {
    /// A page of conversations, the newest first, and where the next page begins.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn conversations(
        &self,
        filter: &ConversationFilter,
        limit: u64,
    ) -> Result<(Vec<Conversation>, Option<ConversationKey>), StoreError> {
        use conversation::Column;
        let mut query = conversation::Entity::find()
            .filter(Column::Workspace.eq(self.workspace.0))
            .filter(Column::Inbox.is_in(filter.inboxes.iter().map(|id| id.0)));
        if !filter.statuses.is_empty() {
            let words = filter
                .statuses
                .iter()
                .map(|status| convert::status_word(*status))
                .collect::<Result<Vec<_>, _>>()?;
            query = query.filter(Column::Status.is_in(words));
        }
        if !filter.phases.is_empty() {
            let words = filter
                .phases
                .iter()
                .map(|phase| convert::phase_word(*phase))
                .collect::<Result<Vec<_>, _>>()?;
            query = query.filter(Column::Phase.is_in(words));
        }
        match filter.owner {
            Some(OwnerFilter::Member(member)) => query = query.filter(Column::Owner.eq(member.0)),
            Some(OwnerFilter::Nobody) => query = query.filter(Column::Owner.is_null()),
            None => {}
        }
        let mut newest = Expr::col(Column::UpdatedAt);
        if let Some(contact) = &filter.contact {
            query = query.filter(Column::Contact.eq(contact.trim().to_lowercase()));
            // Not by the bare column: SQLite would rather walk through all conversations in that order than sort a contact's few.
            newest = newest.add(0);
        }
        if let Some(after) = filter.after {
            query = query.filter(before(after));
        }
        let query = query
            .order_by(newest, Order::Desc)
            .order_by_desc(Column::Id)
            .limit(limit.saturating_add(1));
        let mut page = convert::conversations(query, &self.reader).await?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = page.len() > limit;
        page.truncate(limit);
        let next = if more {
            page.last().map(|last| ConversationKey {
                updated_at: last.updated_at,
                id: last.id,
            })
        } else {
            None
        };
        Ok((page, next))
    }

    /// A conversation's state.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn conversation(&self, id: ConversationId) -> Result<Option<Conversation>, StoreError> {
        let this = conversation::Entity::find_by_id((self.workspace.0, id.0));
        Ok(convert::conversations(this, &self.reader).await?.pop())
    }

    /// A conversation's entries, the oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn entries_of(&self, id: ConversationId) -> Result<Vec<Sealed>, StoreError> {
        self.entries_in(&self.reader, id).await
    }

    pub(super) async fn entries_in(
        &self,
        db: &impl ConnectionTrait,
        id: ConversationId,
    ) -> Result<Vec<Sealed>, StoreError> {
        let rows = log::Entity::find()
            .filter(log::Column::Workspace.eq(self.workspace.0))
            .filter(log::Column::Conversation.eq(id.0))
            .order_by_asc(log::Column::Number)
            .all(db)
            .await?;
        rows.into_iter().map(convert::sealed).collect()
    }

    /// The entries in (after, to] that `readable` allows, in order, at most `limit` of them. Fewer than `limit` means there are no more.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn entries_between(
        &self,
        after: u64,
        to: u64,
        readable: &Readable,
        limit: u64,
    ) -> Result<Vec<Sealed>, StoreError> {
        let rows = log::Entity::find()
            .filter(log::Column::Workspace.eq(self.workspace.0))
            .filter(log::Column::Number.gt(convert::signed(after)))
            .filter(log::Column::Number.lte(convert::signed(to)))
            .filter(readable.of_log())
            .order_by_asc(log::Column::Number)
            .limit(limit)
            .all(&self.reader)
            .await?;
        rows.into_iter().map(convert::sealed).collect()
    }

    /// The entries after a number, in order, at most `limit` of them, whoever may read them: for what is made of the whole log.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn entries_after(&self, after: u64, limit: u64) -> Result<Vec<Sealed>, StoreError> {
        let rows = log::Entity::find()
            .filter(log::Column::Workspace.eq(self.workspace.0))
            .filter(log::Column::Number.gt(convert::signed(after)))
            .order_by_asc(log::Column::Number)
            .limit(limit)
            .all(&self.reader)
            .await?;
        rows.into_iter().map(convert::sealed).collect()
    }

    /// In which inbox each of these lies at this moment.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn inboxes_by_id(
        &self,
        ids: impl IntoIterator<Item = ConversationId>,
    ) -> Result<HashMap<ConversationId, InboxId>, StoreError> {
        let rows: Vec<(uuid::Uuid, uuid::Uuid)> = conversation::Entity::find()
            .select_only()
            .columns([conversation::Column::Id, conversation::Column::Inbox])
            .filter(conversation::Column::Workspace.eq(self.workspace.0))
            .filter(conversation::Column::Id.is_in(ids.into_iter().map(|id| id.0)))
            .into_tuple()
            .all(&self.reader)
            .await?;
        Ok(rows
            .into_iter()
            .map(|(id, inbox)| (ConversationId(id), InboxId(inbox)))
            .collect())
    }

    /// The states of some conversations. One that is not there is left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn conversations_by_id(
        &self,
        ids: impl IntoIterator<Item = ConversationId>,
    ) -> Result<Vec<Conversation>, StoreError> {
        let these = conversation::Entity::find()
            .filter(conversation::Column::Workspace.eq(self.workspace.0))
            .filter(conversation::Column::Id.is_in(ids.into_iter().map(|id| id.0)));
        convert::conversations(these, &self.reader).await
    }

    /// The chain's hash at a number: what a replica's cursor must match. `None` past the end.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn hash_at(&self, number: u64) -> Result<Option<[u8; 32]>, StoreError> {
        if number == 0 {
            return Ok(Some(crate::port::chain::START));
        }
        let row = log::Entity::find_by_id((self.workspace.0, convert::signed(number)))
            .one(&self.reader)
            .await?;
        row.map(|row| convert::bytes(row.hash)).transpose()
    }

    /// All documents.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn documents(&self) -> Result<Vec<Document>, StoreError> {
        self.all_documents(&self.reader).await
    }

    /// The draft of a conversation by that author.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn draft(&self, conversation: ConversationId, member: MemberId) -> Result<Option<DraftRow>, StoreError> {
        let row = draft::Entity::find_by_id((self.workspace.0, conversation.0, member.0))
            .one(&self.reader)
            .await?;
        let rows: Vec<_> = row.into_iter().collect();
        Ok(self.shown_drafts(&self.reader, &rows).await?.pop())
    }

    /// All drafts of a conversation: whoever may work there sees that somebody began one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn drafts_of(&self, conversation: ConversationId) -> Result<Vec<DraftRow>, StoreError> {
        let rows = draft::Entity::find()
            .filter(draft::Column::Workspace.eq(self.workspace.0))
            .filter(draft::Column::Conversation.eq(conversation.0))
            .order_by_asc(draft::Column::SavedAt)
            .all(&self.reader)
            .await?;
        self.shown_drafts(&self.reader, &rows).await
    }

    /// Saves a draft; false where a newer one is there: an older save that arrives late never replaces a newer one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put_draft(&self, row: &DraftRow) -> Result<bool, StoreError> {
        use draft::Column;
        let newer = Expr::col((draft::Entity, Column::Revision)).lt(convert::signed(row.revision));
        let mut upsert = replaced::<draft::Entity>();
        upsert.action_and_where(newer);
        let written = draft::Entity::insert(convert::draft_row(self.workspace.0, row)?)
            .on_conflict(upsert)
            .exec_without_returning(&self.writer)
            .await;
        match written {
            Ok(count) => Ok(count > 0),
            Err(sea_orm::DbErr::RecordNotInserted) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Throws a draft away.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn drop_draft(&self, id: DraftId, member: MemberId) -> Result<(), StoreError> {
        draft::Entity::delete_many()
            .filter(draft::Column::Workspace.eq(self.workspace.0))
            .filter(draft::Column::Id.eq(id.0))
            .filter(draft::Column::Member.eq(member.0))
            .exec(&self.writer)
            .await?;
        Ok(())
    }

    /// The live facts of a conversation's reply lock.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn lease(&self, conversation: ConversationId) -> Result<Option<LeaseRow>, StoreError> {
        let row = lease::Entity::find_by_id((self.workspace.0, conversation.0))
            .one(&self.reader)
            .await?;
        Ok(row.as_ref().map(convert::lease))
    }
}

/// Those that come after `key` where the newest are first: as one comparison of rows, by which an index is entered at the right place.
pub(super) fn before(key: ConversationKey) -> Expr {
    use conversation::Column;
    let columns = Expr::tuple([Expr::col(Column::UpdatedAt), Expr::col(Column::Id)]);
    columns.lt(Expr::tuple([Expr::value(key.updated_at.0), Expr::value(key.id.0)]))
}
