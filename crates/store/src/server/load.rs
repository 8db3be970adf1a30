//! Loading what a group of commands needs, inside the transaction that holds the head.

use std::collections::{BTreeMap, BTreeSet};

use baton_domain::{AccountId, ConversationId, InboxId, LogEntry, MemberId, MessageId, Phase};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};
use uuid::Uuid;

use super::connect::ServerStore;
use super::convert;
use super::entity::{
    answer, content_digest, conversation, document, draft, host, lease, ledger, log, outbound, thread_key,
};
use super::error::StoreError;
use crate::parts;
use crate::port::{
    DigestHit, DraftRow, HITS_PER_KEY, Head, HostLease, ItemKey, ItemOutcome, KeyHit, LeaseRow, Loaded, Needs, Sealed,
    StoredAnswer, ThreadKey, related,
};

impl ServerStore {
    pub(super) async fn load(
        &self,
        tx: &impl ConnectionTrait,
        head: Head,
        needs: &Needs,
    ) -> Result<Loaded, StoreError> {
        let now = self.now(tx).await?;
        let tail = match needs.after {
            Some(after) if after < head.number => self.entries_from(tx, after).await?,
            _ => Vec::new(),
        };
        let documents = match needs.after {
            None => Some(self.all_documents(tx).await?),
            Some(_) => None,
        };
        let hits = self.hits(tx, &needs.keys).await?;
        let digests = self.digest_hits(tx, &needs.digests).await?;
        let mut wanted = needs.conversations.clone();
        wanted.extend(&needs.whole);
        wanted.extend(hits.values().flatten().map(|hit| hit.conversation));
        wanted.extend(digests.values().map(|hit| hit.conversation));
        if needs.replying {
            wanted.extend(self.replying(tx).await?);
        }
        wanted.extend(self.open_of(tx, &needs.owners).await?);
        let drafts = self.drafts(tx, needs).await?;
        let theirs = drafts.values().filter(|draft| needs.authors.contains(&draft.member));
        wanted.extend(theirs.map(|draft| draft.conversation));
        let leased: BTreeSet<ConversationId> = wanted.union(&needs.leases).copied().collect();
        let conversations = self.with_relations(tx, &wanted, &needs.whole).await?;
        let routing = match &needs.routing {
            Some(routing) => Some(self.routing(tx, routing, &conversations).await?),
            None => None,
        };
        Ok(Loaded {
            head,
            now,
            tail,
            documents,
            answers: self.answers(tx, needs).await?,
            conversations,
            leases: self.leases(tx, &leased).await?,
            hosts: self.hosts(tx, &needs.hosts).await?,
            hits,
            digests,
            items: self.items(tx, &needs.items).await?,
            drafts,
            logs: self.logs(tx, &needs.logs).await?,
            counts: self.counts(tx, &needs.counted).await?,
            routing,
        })
    }

    /// Where somebody replies, or a reply has not left. Both tables hold only what is not done with.
    async fn replying(&self, tx: &impl ConnectionTrait) -> Result<Vec<ConversationId>, StoreError> {
        let mut found: Vec<Uuid> = lease::Entity::find()
            .select_only()
            .column(lease::Column::Conversation)
            .filter(lease::Column::Workspace.eq(self.workspace.0))
            .into_tuple()
            .all(tx)
            .await?;
        let leaving: Vec<Uuid> = outbound::Entity::find()
            .select_only()
            .column(outbound::Column::Conversation)
            .filter(outbound::Column::Workspace.eq(self.workspace.0))
            .into_tuple()
            .all(tx)
            .await?;
        found.extend(leaving);
        Ok(found.into_iter().map(ConversationId).collect())
    }

    async fn open_of(
        &self,
        tx: &impl ConnectionTrait,
        owners: &BTreeSet<MemberId>,
    ) -> Result<Vec<ConversationId>, StoreError> {
        if owners.is_empty() {
            return Ok(Vec::new());
        }
        let over = [
            convert::phase_word(Phase::Resolved)?,
            convert::phase_word(Phase::Closed)?,
        ];
        let found: Vec<Uuid> = conversation::Entity::find()
            .select_only()
            .column(conversation::Column::Id)
            .filter(conversation::Column::Workspace.eq(self.workspace.0))
            .filter(conversation::Column::Owner.is_in(owners.iter().map(|owner| owner.0)))
            .filter(conversation::Column::Phase.is_not_in(over))
            .into_tuple()
            .all(tx)
            .await?;
        Ok(found.into_iter().map(ConversationId).collect())
    }

    async fn counts(
        &self,
        tx: &impl ConnectionTrait,
        inboxes: &BTreeSet<InboxId>,
    ) -> Result<BTreeMap<InboxId, u32>, StoreError> {
        let mut counts = BTreeMap::new();
        for inbox in inboxes {
            let count = conversation::Entity::find()
                .filter(conversation::Column::Workspace.eq(self.workspace.0))
                .filter(conversation::Column::Inbox.eq(inbox.0))
                .count(tx)
                .await?;
            counts.insert(*inbox, u32::try_from(count).unwrap_or(u32::MAX));
        }
        Ok(counts)
    }

    pub(super) async fn entries_from(&self, tx: &impl ConnectionTrait, after: u64) -> Result<Vec<Sealed>, StoreError> {
        let rows = log::Entity::find()
            .filter(log::Column::Workspace.eq(self.workspace.0))
            .filter(log::Column::Number.gt(convert::signed(after)))
            .order_by_asc(log::Column::Number)
            .all(tx)
            .await?;
        rows.into_iter().map(convert::sealed).collect()
    }

    async fn logs(
        &self,
        tx: &impl ConnectionTrait,
        wanted: &BTreeSet<ConversationId>,
    ) -> Result<BTreeMap<ConversationId, Vec<LogEntry>>, StoreError> {
        let mut logs = BTreeMap::new();
        for id in wanted {
            let entries = self.entries_in(tx, *id).await?;
            logs.insert(*id, entries.into_iter().map(|sealed| sealed.entry).collect());
        }
        Ok(logs)
    }

    pub(super) async fn all_documents(
        &self,
        tx: &impl ConnectionTrait,
    ) -> Result<Vec<baton_domain::Document>, StoreError> {
        let rows = document::Entity::find()
            .filter(document::Column::Workspace.eq(self.workspace.0))
            .order_by_asc(document::Column::Id)
            .all(tx)
            .await?;
        rows.iter().map(convert::document).collect()
    }

    async fn answers(
        &self,
        tx: &impl ConnectionTrait,
        needs: &Needs,
    ) -> Result<BTreeMap<baton_domain::CommandId, StoredAnswer>, StoreError> {
        let mut found = BTreeMap::new();
        for some in parts::lists(needs.commands.iter().map(|id| id.0)) {
            let rows = answer::Entity::find()
                .filter(answer::Column::Workspace.eq(self.workspace.0))
                .filter(answer::Column::Command.is_in(some))
                .all(tx)
                .await?;
            for row in rows {
                let stored = StoredAnswer {
                    actor: convert::value(&row.actor)?,
                    decided: convert::value(&row.decided)?,
                };
                found.insert(baton_domain::CommandId(row.command), stored);
            }
        }
        Ok(found)
    }

    /// Conversations with what they were merged into, and the `whole` ones with what was merged into them.
    async fn with_relations(
        &self,
        tx: &impl ConnectionTrait,
        wanted: &BTreeSet<ConversationId>,
        whole: &BTreeSet<ConversationId>,
    ) -> Result<BTreeMap<ConversationId, baton_domain::Conversation>, StoreError> {
        let mut found = self.states(tx, wanted).await?;
        let mut asked = wanted.clone();
        loop {
            let more: BTreeSet<ConversationId> = related(&found, whole).difference(&asked).copied().collect();
            if more.is_empty() {
                return Ok(found);
            }
            found.extend(self.states(tx, &more).await?);
            asked.extend(more);
        }
    }

    pub(super) async fn states(
        &self,
        tx: &impl ConnectionTrait,
        wanted: &BTreeSet<ConversationId>,
    ) -> Result<BTreeMap<ConversationId, baton_domain::Conversation>, StoreError> {
        let mut found = BTreeMap::new();
        for some in parts::lists(wanted.iter().map(|id| id.0)) {
            let these = conversation::Entity::find()
                .filter(conversation::Column::Workspace.eq(self.workspace.0))
                .filter(conversation::Column::Id.is_in(some));
            let states = convert::conversations(these, tx).await?;
            found.extend(states.into_iter().map(|state| (state.id, state)));
        }
        Ok(found)
    }

    async fn leases(
        &self,
        tx: &impl ConnectionTrait,
        wanted: &BTreeSet<ConversationId>,
    ) -> Result<BTreeMap<ConversationId, LeaseRow>, StoreError> {
        let mut found = BTreeMap::new();
        for some in parts::lists(wanted.iter().map(|id| id.0)) {
            let rows = lease::Entity::find()
                .filter(lease::Column::Workspace.eq(self.workspace.0))
                .filter(lease::Column::Conversation.is_in(some))
                .all(tx)
                .await?;
            found.extend(
                rows.iter()
                    .map(|row| (ConversationId(row.conversation), convert::lease(row))),
            );
        }
        Ok(found)
    }

    async fn hosts(
        &self,
        tx: &impl ConnectionTrait,
        wanted: &BTreeSet<AccountId>,
    ) -> Result<BTreeMap<AccountId, HostLease>, StoreError> {
        let mut found = BTreeMap::new();
        for account in wanted {
            let row = host::Entity::find_by_id((self.workspace.0, account.0)).one(tx).await?;
            found.extend(row.map(|row| (*account, convert::host(&row))));
        }
        Ok(found)
    }

    async fn hits(
        &self,
        tx: &impl ConnectionTrait,
        keys: &BTreeSet<ThreadKey>,
    ) -> Result<BTreeMap<ThreadKey, Vec<KeyHit>>, StoreError> {
        let mut found: BTreeMap<ThreadKey, Vec<KeyHit>> = BTreeMap::new();
        for some in parts::lists(keys.iter().map(ThreadKey::as_str)) {
            let rows = thread_key::Entity::find()
                .filter(thread_key::Column::Workspace.eq(self.workspace.0))
                .filter(thread_key::Column::Key.is_in(some))
                .order_by_desc(thread_key::Column::At)
                .order_by_asc(thread_key::Column::Conversation)
                .all(tx)
                .await?;
            for row in rows {
                let hits = found.entry(ThreadKey::stored(row.key.clone())).or_default();
                if hits.len() < HITS_PER_KEY {
                    hits.push(convert::key_hit(&row));
                }
            }
        }
        Ok(found)
    }

    async fn digest_hits(
        &self,
        tx: &impl ConnectionTrait,
        digests: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, DigestHit>, StoreError> {
        let mut found = BTreeMap::new();
        for some in parts::lists(digests) {
            let rows = content_digest::Entity::find()
                .filter(content_digest::Column::Workspace.eq(self.workspace.0))
                .filter(content_digest::Column::Digest.is_in(some))
                .all(tx)
                .await?;
            found.extend(rows.into_iter().map(|row| {
                let hit = DigestHit {
                    conversation: ConversationId(row.conversation),
                    message: MessageId(row.message),
                    account: baton_domain::AccountId(row.account),
                };
                (row.digest, hit)
            }));
        }
        Ok(found)
    }

    async fn items(
        &self,
        tx: &impl ConnectionTrait,
        keys: &BTreeSet<ItemKey>,
    ) -> Result<BTreeMap<ItemKey, ItemOutcome>, StoreError> {
        let mut found = BTreeMap::new();
        let mut folders: BTreeMap<(Uuid, &str, u32), Vec<i64>> = BTreeMap::new();
        for key in keys {
            folders
                .entry((key.account.0, &key.folder, key.uidvalidity))
                .or_default()
                .push(i64::from(key.uid));
        }
        for ((account, folder, uidvalidity), uids) in folders {
            for some in parts::lists(uids) {
                let rows = ledger::Entity::find()
                    .filter(ledger::Column::Workspace.eq(self.workspace.0))
                    .filter(ledger::Column::Account.eq(account))
                    .filter(ledger::Column::Folder.eq(folder))
                    .filter(ledger::Column::Uidvalidity.eq(i64::from(uidvalidity)))
                    .filter(ledger::Column::Uid.is_in(some))
                    .all(tx)
                    .await?;
                for row in rows {
                    let key = ItemKey {
                        account: baton_domain::AccountId(row.account),
                        folder: row.folder,
                        uidvalidity,
                        uid: convert::small(row.uid),
                    };
                    found.insert(key, convert::value(&row.outcome)?);
                }
            }
        }
        Ok(found)
    }

    async fn drafts(
        &self,
        tx: &impl ConnectionTrait,
        needs: &Needs,
    ) -> Result<BTreeMap<baton_domain::DraftId, DraftRow>, StoreError> {
        let mut found = BTreeMap::new();
        let named = parts::lists(needs.drafts.iter().map(|id| id.0))
            .into_iter()
            .map(|ids| draft::Column::Id.is_in(ids));
        let written = parts::lists(needs.authors.iter().map(|id| id.0))
            .into_iter()
            .map(|ids| draft::Column::Member.is_in(ids));
        let begun = parts::lists(needs.begun_in.iter().map(|id| id.0))
            .into_iter()
            .map(|ids| draft::Column::Conversation.is_in(ids));
        for asked in named.chain(written).chain(begun) {
            let rows = draft::Entity::find()
                .filter(draft::Column::Workspace.eq(self.workspace.0))
                .filter(asked)
                .all(tx)
                .await?;
            let drafts = self.shown_drafts(tx, &rows).await?;
            found.extend(drafts.into_iter().map(|draft| (draft.id, draft)));
        }
        Ok(found)
    }
}
