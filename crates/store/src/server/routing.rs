//! Loads, turns and acquaintances: read under the head, each by an index.

use std::collections::{BTreeMap, BTreeSet};

use baton_domain::{Conversation, ConversationId, MemberId, Phase, RuleId, Turns};
use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DbBackend, EntityTrait as _, QueryFilter as _, QueryResult,
    QuerySelect as _, Statement, Value,
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

    /// What is known of contacts: two statements for all of them, however many, because each would otherwise cost a commit two trips to the
    /// database, or a statement that it has not prepared.
    async fn contacts(
        &self,
        tx: &impl ConnectionTrait,
        keys: BTreeSet<String>,
    ) -> Result<BTreeMap<String, ContactFacts>, StoreError> {
        if keys.is_empty() {
            return Ok(BTreeMap::new());
        }
        let phases = open_phases()?.map(|phase| format!("'{phase}'")).join(", ");
        // The limits are written out: SQLite plans a statement anew whenever a limit that it was given as a value is given again.
        let known = format!("limit {KNOWN_PER_CONTACT}");
        // Not by the bare column: SQLite would rather walk through all conversations in that order than sort a contact's few.
        let owned = format!(
            "and phase in ({phases}) and owner is not null order by updated_at + 0 desc, id desc limit {OPEN_PER_CONTACT}"
        );
        let mut found: BTreeMap<String, ContactFacts> =
            keys.iter().map(|key| (key.clone(), ContactFacts::default())).collect();
        for row in self.of_each(tx, &known, &keys).await? {
            let id = ConversationId(row.try_get_by_index(1)?);
            found.entry(row.try_get_by_index(0)?).or_default().known.push(id);
        }
        let mut open: Vec<(i64, Uuid, Uuid, String)> = Vec::new();
        for row in self.of_each(tx, &owned, &keys).await? {
            open.push((
                row.try_get_by_index(3)?,
                row.try_get_by_index(1)?,
                row.try_get_by_index(2)?,
                row.try_get_by_index(0)?,
            ));
        }
        // They come in whatever order the database likes.
        open.sort_by(|one, other| other.cmp(one));
        for (_, id, owner, key) in open {
            let open = (ConversationId(id), MemberId(owner));
            found.entry(key).or_default().open.push(open);
        }
        Ok(found)
    }

    /// Contact, id, owner and last change of some conversations of each contact; `which` says which.
    async fn of_each(
        &self,
        tx: &impl ConnectionTrait,
        which: &str,
        contacts: &BTreeSet<String>,
    ) -> Result<Vec<QueryResult>, StoreError> {
        let backend = tx.get_database_backend();
        let listed = convert::text(contacts)?;
        let values = [Value::from(self.workspace.0), Value::from(listed)];
        Ok(tx
            .query_all_raw(Statement::from_sql_and_values(backend, of_each(backend, which), values))
            .await?)
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

/// Contact, id, owner and last change of some conversations of each contact in a list; `which` says which.
fn of_each(backend: DbBackend, which: &str) -> String {
    let theirs = format!("workspace = $1 and contact = asked.value {which}");
    match backend {
        // A cross join, because SQLite keeps its order: otherwise it would walk through all conversations and ask for each of them.
        DbBackend::Sqlite => format!(
            "select asked.value, found.id, found.owner, found.updated_at from json_each($2) as asked \
             cross join conversation as found on found.workspace = $1 \
             and found.id in (select id from conversation where {theirs})"
        ),
        _ => format!(
            "select asked.value, found.id, found.owner, found.updated_at \
             from json_array_elements_text($2::text::json) as asked(value), \
             lateral (select id, owner, updated_at from conversation where {theirs}) as found"
        ),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::server::StoreOptions;
    use crate::server::plan::plan_of;

    /// With every commit all conversations would be read, and no test on a small database would be slow.
    #[tokio::test]
    async fn sqlite_asks_contact_by_contact() {
        let directory = tempfile::tempdir().unwrap();
        let store = ServerStore::open(StoreOptions::in_directory(directory.path()))
            .await
            .unwrap();
        for which in [
            "limit 5",
            "and phase in ('new') and owner is not null order by updated_at + 0 desc, id desc limit 5",
        ] {
            let values = [Value::from(store.workspace.0), Value::from("[]")];
            let asked = of_each(DbBackend::Sqlite, which);
            let plan = plan_of(&store, Statement::from_sql_and_values(DbBackend::Sqlite, asked, values)).await;
            let found: Vec<_> = plan.iter().filter(|step| step.contains("found")).collect();
            assert!(
                !found.is_empty() && found.iter().all(|step| step.contains("(workspace=? AND id=?)")),
                "{plan:?}"
            );
            assert!(
                plan.iter()
                    .any(|step| step.contains("conversation_of_contact (workspace=? AND contact=?")),
                "{plan:?}"
            );
        }
    }
}
