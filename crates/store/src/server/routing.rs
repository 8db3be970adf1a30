//! Loads, turns and acquaintances: read under the head, each by an index.

use std::collections::{BTreeMap, BTreeSet};

use baton_domain::{Conversation, ConversationId, MemberId, Phase, RuleId, Turns};
use sea_orm::sea_query::{Asterisk, Expr, ExprTrait as _, OnConflict, Query, SelectStatement, UnionType};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, EntityTrait as _, Order, QueryFilter as _, QueryOrder as _,
    QueryResult, QuerySelect as _, QueryTrait as _,
};
use uuid::Uuid;

use super::connect::ServerStore;
use super::convert;
use super::entity::{conversation, turn};
use super::error::StoreError;
use super::write::insert;
use crate::parts;
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
        Ok(RoutingLoaded {
            loads: self.loads(tx, &needs.pool).await?,
            turns: self.turns(tx, &needs.rules).await?,
            contacts: self.contacts(tx, keys).await?,
        })
    }

    async fn loads(
        &self,
        tx: &impl ConnectionTrait,
        pool: &BTreeSet<MemberId>,
    ) -> Result<BTreeMap<MemberId, u32>, StoreError> {
        let mut loads = BTreeMap::new();
        for some in parts::lists(pool.iter().map(|member| member.0)) {
            let counts: Vec<(Uuid, i64)> = conversation::Entity::find()
                .select_only()
                .column(conversation::Column::Owner)
                .column_as(Expr::col(conversation::Column::Owner).count(), "load")
                .filter(conversation::Column::Workspace.eq(self.workspace.0))
                .filter(conversation::Column::Owner.is_in(some))
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
        for some in parts::lists(rules.iter().map(|rule| rule.0)) {
            let rows = turn::Entity::find()
                .filter(turn::Column::Workspace.eq(self.workspace.0))
                .filter(turn::Column::Rule.is_in(some))
                .all(tx)
                .await?;
            let rows = rows
                .into_iter()
                .map(|row| ((RuleId(row.rule), MemberId(row.member)), convert::number(row.number)));
            turns.extend(rows);
        }
        Ok(turns)
    }

    /// What is known of contacts: two statements for all of them, because each would otherwise cost a commit two trips to the database.
    async fn contacts(
        &self,
        tx: &impl ConnectionTrait,
        keys: BTreeSet<String>,
    ) -> Result<BTreeMap<String, ContactFacts>, StoreError> {
        use conversation::Column;
        let open = open_phases()?;
        let of_contact = |key: &String| {
            conversation::Entity::find()
                .select_only()
                .columns([Column::Contact, Column::Id])
                .filter(Column::Workspace.eq(self.workspace.0))
                .filter(Column::Contact.eq(key))
        };
        let known_of = |key: &String| of_contact(key).limit(limit(KNOWN_PER_CONTACT)).into_query();
        let open_of = |key: &String| {
            of_contact(key)
                .columns([Column::Owner, Column::UpdatedAt])
                .filter(Column::Phase.is_in(open.clone()))
                .filter(Column::Owner.is_not_null())
                // Not by the bare column: SQLite would rather walk through all conversations in that order than sort a contact's few.
                .order_by(Expr::col(Column::UpdatedAt).add(0), Order::Desc)
                .order_by_desc(Column::Id)
                .limit(limit(OPEN_PER_CONTACT))
                .into_query()
        };
        let mut found: BTreeMap<String, ContactFacts> =
            keys.iter().map(|key| (key.clone(), ContactFacts::default())).collect();
        for some in parts::rows(keys.into_iter().collect()) {
            for row in each(tx, some.iter().map(known_of)).await? {
                let id = ConversationId(row.try_get_by_index(1)?);
                found.entry(row.try_get_by_index(0)?).or_default().known.push(id);
            }
            let mut owned: Vec<(i64, Uuid, Uuid, String)> = Vec::new();
            for row in each(tx, some.iter().map(open_of)).await? {
                owned.push((
                    row.try_get_by_index(3)?,
                    row.try_get_by_index(1)?,
                    row.try_get_by_index(2)?,
                    row.try_get_by_index(0)?,
                ));
            }
            // Parts of one statement come in whatever order the database likes.
            owned.sort_by(|one, other| other.cmp(one));
            for (_, id, owner, key) in owned {
                let open = (ConversationId(id), MemberId(owner));
                found.entry(key).or_default().open.push(open);
            }
        }
        Ok(found)
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

/// The rows of each of these, in one statement.
async fn each(
    tx: &impl ConnectionTrait,
    parts: impl Iterator<Item = SelectStatement>,
) -> Result<Vec<QueryResult>, StoreError> {
    // SQLite takes a limit only within a part's own parentheses.
    let whole = parts
        .map(|part| Query::select().column(Asterisk).from_subquery(part, "part").take())
        .reduce(|mut all, part| all.union(UnionType::All, part).take());
    match whole {
        Some(whole) => Ok(tx.query_all(&whole).await?),
        None => Ok(Vec::new()),
    }
}

fn limit(most: usize) -> u64 {
    u64::try_from(most).unwrap_or(1)
}

fn open_phases() -> Result<[String; 4], StoreError> {
    Ok([
        convert::phase_word(Phase::New)?,
        convert::phase_word(Phase::Open)?,
        convert::phase_word(Phase::Pending)?,
        convert::phase_word(Phase::Snoozed)?,
    ])
}
