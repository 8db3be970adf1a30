//! Loads, turns and acquaintances: read under the head, each by an index.

use std::collections::{BTreeMap, BTreeSet};

use baton_domain::{Conversation, ConversationId, MemberId, Phase, RuleId, Turns};
use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, EntityTrait as _, Order, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};
use uuid::Uuid;

use super::connect::ServerStore;
use super::convert;
use super::entity::{conversation, turn};
use super::error::StoreError;
use super::load::LISTED;
use super::write::insert;
use crate::port::{Batch, ContactFacts, KNOWN_PER_CONTACT, OPEN_PER_CONTACT, RoutingLoaded, RoutingNeeds, contact_key};

impl ServerStore {
    pub(super) async fn routing(
        &self,
        tx: &impl ConnectionTrait,
        needs: &RoutingNeeds,
        states: &BTreeMap<ConversationId, Conversation>,
    ) -> Result<RoutingLoaded, StoreError> {
        let theirs = needs.contacts_of.iter().filter_map(|id| states.get(id));
        let mut keys = needs.contacts.clone();
        keys.extend(theirs.map(|state| contact_key(&state.contact.email)));
        let mut contacts = BTreeMap::new();
        for key in keys {
            let facts = self.contact(tx, &key).await?;
            contacts.insert(key, facts);
        }
        Ok(RoutingLoaded {
            loads: self.loads(tx, &needs.pool).await?,
            turns: self.turns(tx, &needs.rules).await?,
            contacts,
        })
    }

    async fn loads(
        &self,
        tx: &impl ConnectionTrait,
        pool: &BTreeSet<MemberId>,
    ) -> Result<BTreeMap<MemberId, u32>, StoreError> {
        let mut loads = BTreeMap::new();
        let ids: Vec<Uuid> = pool.iter().map(|member| member.0).collect();
        for chunk in ids.chunks(LISTED) {
            let counts: Vec<(Uuid, i64)> = conversation::Entity::find()
                .select_only()
                .column(conversation::Column::Owner)
                .column_as(Expr::col(conversation::Column::Owner).count(), "load")
                .filter(conversation::Column::Workspace.eq(self.workspace.0))
                .filter(conversation::Column::Owner.is_in(chunk.iter().copied()))
                .filter(conversation::Column::Phase.is_in(open_phases()?))
                .group_by(conversation::Column::Owner)
                .into_tuple()
                .all(tx)
                .await?;
            let counts = counts
                .into_iter()
                .map(|(owner, load)| (MemberId(owner), convert::small(load)));
            loads.extend(counts);
        }
        Ok(loads)
    }

    async fn turns(&self, tx: &impl ConnectionTrait, rules: &BTreeSet<RuleId>) -> Result<Turns, StoreError> {
        let mut turns = Turns::new();
        let ids: Vec<Uuid> = rules.iter().map(|rule| rule.0).collect();
        for chunk in ids.chunks(LISTED) {
            let rows = turn::Entity::find()
                .filter(turn::Column::Workspace.eq(self.workspace.0))
                .filter(turn::Column::Rule.is_in(chunk.iter().copied()))
                .all(tx)
                .await?;
            let rows = rows
                .into_iter()
                .map(|row| ((RuleId(row.rule), MemberId(row.member)), convert::number(row.number)));
            turns.extend(rows);
        }
        Ok(turns)
    }

    async fn contact(&self, tx: &impl ConnectionTrait, key: &str) -> Result<ContactFacts, StoreError> {
        let of_contact = || {
            conversation::Entity::find()
                .select_only()
                .column(conversation::Column::Id)
                .filter(conversation::Column::Workspace.eq(self.workspace.0))
                .filter(conversation::Column::Contact.eq(key))
        };
        let known: Vec<Uuid> = of_contact()
            .limit(u64::try_from(KNOWN_PER_CONTACT).unwrap_or(1))
            .into_tuple()
            .all(tx)
            .await?;
        if known.is_empty() {
            return Ok(ContactFacts::default());
        }
        let open: Vec<(Uuid, Uuid)> = of_contact()
            .column(conversation::Column::Owner)
            .filter(conversation::Column::Phase.is_in(open_phases()?))
            .filter(conversation::Column::Owner.is_not_null())
            // Not by the bare column: SQLite would rather walk through all conversations in that order than sort a contact's few.
            .order_by(Expr::col(conversation::Column::UpdatedAt).add(0), Order::Desc)
            .order_by_desc(conversation::Column::Id)
            .limit(u64::try_from(OPEN_PER_CONTACT).unwrap_or(1))
            .into_tuple()
            .all(tx)
            .await?;
        Ok(ContactFacts {
            known: known.into_iter().map(ConversationId).collect(),
            open: open
                .into_iter()
                .map(|(id, owner)| (ConversationId(id), MemberId(owner)))
                .collect(),
        })
    }

    pub(super) async fn write_turns(&self, tx: &impl ConnectionTrait, batch: &Batch) -> Result<(), StoreError> {
        let rows = batch.turns.iter().map(|row| turn::ActiveModel {
            workspace: Set(self.workspace.0),
            rule: Set(row.rule.0),
            member: Set(row.member.0),
            number: Set(convert::signed(row.number)),
        });
        let newest = OnConflict::columns([turn::Column::Workspace, turn::Column::Rule, turn::Column::Member])
            .update_column(turn::Column::Number)
            .to_owned();
        insert(tx, rows.collect(), Some(newest)).await
    }
}

fn open_phases() -> Result<[String; 4], StoreError> {
    Ok([
        convert::phase_word(Phase::New)?,
        convert::phase_word(Phase::Open)?,
        convert::phase_word(Phase::Pending)?,
        convert::phase_word(Phase::Snoozed)?,
    ])
}
