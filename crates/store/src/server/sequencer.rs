//! The storage port on a database.
//!
//! PostgreSQL: READ COMMITTED, and the head row is taken by an `UPDATE ... RETURNING` as the first statement, so that everything read
//! after it is what stood at the head. SQLite: one writer, BEGIN IMMEDIATE.

use async_trait::async_trait;
use baton_domain::{ConversationId, HostGrant, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait as _, DatabaseTransaction, EntityTrait as _, FromQueryResult as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, Statement,
};

use super::connect::ServerStore;
use super::convert;
use super::entity::{conversation, host, lease, workspace};
use super::error::StoreError;
use crate::port::{Batch, DueList, DueRow, Head, Loaded, Needs, PortError, Renewal, Sequencer, Tail};

impl ServerStore {
    async fn take_head(&self, tx: &DatabaseTransaction) -> Result<Head, StoreError> {
        // A row that is updated, even to what it is, is held until the transaction ends: on both databases.
        let sql = "update workspace set number = number where id = $1 returning *";
        let take = Statement::from_sql_and_values(tx.get_database_backend(), sql, [self.workspace.0.into()]);
        let row = tx.query_one_raw(take).await?.ok_or(StoreError::NoWorkspace)?;
        head(workspace::Model::from_query_result(&row, "")?)
    }

    /// The head as it stands, without taking it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn head(&self) -> Result<Head, StoreError> {
        let row = workspace::Entity::find_by_id(self.workspace.0)
            .one(&self.reader)
            .await?;
        head(row.ok_or(StoreError::NoWorkspace)?)
    }

    /// Gives every open reply lock one lifetime from now: done when a server starts, so that nobody loses a lock to a restart.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn grace(&self) -> Result<(), StoreError> {
        let now = self.now(&self.writer).await?;
        lease::Entity::update_many()
            .col_expr(lease::Column::Expires, Expr::col(lease::Column::LifetimeMs).add(now.0))
            .filter(lease::Column::Workspace.eq(self.workspace.0))
            .filter(Expr::col(lease::Column::Expires).lt(Expr::col(lease::Column::LifetimeMs).add(now.0)))
            .exec(&self.writer)
            .await?;
        Ok(())
    }

    async fn due_deadlines(&self, now: Timestamp, limit: u64) -> Result<DueList, StoreError> {
        let waking = conversation::Entity::find()
            .filter(conversation::Column::Workspace.eq(self.workspace.0))
            .filter(conversation::Column::WakeAt.is_not_null())
            .order_by_asc(conversation::Column::WakeAt)
            .select_only()
            .columns([
                conversation::Column::Id,
                conversation::Column::WakeAt,
                conversation::Column::WakeKind,
            ]);
        let due: Vec<(uuid::Uuid, i64, Option<String>)> = waking
            .clone()
            .filter(conversation::Column::WakeAt.lte(now.0))
            .order_by_asc(conversation::Column::Id)
            .limit(limit)
            .into_tuple()
            .all(&self.reader)
            .await?;
        let next: Option<(uuid::Uuid, i64, Option<String>)> = waking
            .filter(conversation::Column::WakeAt.gt(now.0))
            .limit(1)
            .into_tuple()
            .one(&self.reader)
            .await?;
        let mut list = DueList {
            rows: Vec::new(),
            now,
            next: next.map(|(_, at, _)| Timestamp(at)),
        };
        for (id, at, kind) in due {
            let what = convert::deadline(&kind.unwrap_or_default())?;
            list.rows.push(DueRow::Deadline {
                conversation: ConversationId(id),
                what,
                at: Timestamp(at),
            });
        }
        Ok(list)
    }

    async fn due_leases(&self, list: &mut DueList) -> Result<(), StoreError> {
        // There are as many as people writing at this moment: a handful.
        let rows = lease::Entity::find()
            .filter(lease::Column::Workspace.eq(self.workspace.0))
            .all(&self.reader)
            .await?;
        for row in &rows {
            let row = convert::lease(row);
            let (at, idle) = row.lapses();
            if at <= list.now {
                list.rows.push(DueRow::Lease {
                    conversation: row.conversation,
                    token: row.token,
                    idle,
                    at,
                });
            } else {
                list.next = Some(list.next.map_or(at, |next| next.min(at)));
            }
        }
        Ok(())
    }
}

pub(super) fn head(row: workspace::Model) -> Result<Head, StoreError> {
    Ok(Head {
        epoch: row.epoch,
        number: convert::number(row.number),
        hash: convert::bytes(row.hash)?,
        last_at: Timestamp(row.last_at),
        next_conversation: convert::small(row.next_conversation),
    })
}

#[async_trait]
impl Sequencer for ServerStore {
    type Tx = DatabaseTransaction;

    async fn begin(&self, needs: &Needs) -> Result<(Self::Tx, Loaded), PortError> {
        let tx = self.write().await?;
        let head = self.take_head(&tx).await?;
        let loaded = self.load(&tx, head, needs).await?;
        Ok((tx, loaded))
    }

    async fn append(&self, tx: Self::Tx, batch: Batch) -> Result<(), PortError> {
        match self.write_batch(&tx, &batch).await {
            Ok(()) => Ok(tx.commit().await.map_err(StoreError::from)?),
            Err(error) => {
                self.rollback(tx).await;
                Err(error)
            }
        }
    }

    async fn rollback(&self, tx: Self::Tx) {
        if let Err(error) = tx.rollback().await {
            tracing::debug!(%error, "a transaction ended before it was rolled back");
        }
    }

    async fn renew(&self, renewal: Renewal) -> Result<bool, PortError> {
        let now = self.now(&self.writer).await?;
        let active_at = renewal.active_at.min(now).0;
        let later = sea_orm::sea_query::CaseStatement::new()
            .case(Expr::col(lease::Column::ActiveAt).lt(active_at), active_at)
            .finally(Expr::col(lease::Column::ActiveAt));
        let held = Condition::all()
            .add(lease::Column::Workspace.eq(self.workspace.0))
            .add(lease::Column::Conversation.eq(renewal.conversation.0))
            .add(lease::Column::Token.eq(convert::signed(renewal.token)))
            .add(lease::Column::Member.eq(renewal.member.0))
            .add(lease::Column::Device.eq(renewal.device.0));
        let moved = lease::Entity::update_many()
            .col_expr(lease::Column::Expires, Expr::col(lease::Column::LifetimeMs).add(now.0))
            .col_expr(lease::Column::ActiveAt, later.into())
            .filter(held)
            .exec(&self.writer)
            .await
            .map_err(StoreError::from)?;
        Ok(moved.rows_affected == 1)
    }

    async fn renew_host(&self, grant: HostGrant, lifetime_ms: i64) -> Result<bool, PortError> {
        let now = self.now(&self.writer).await?;
        let held = Condition::all()
            .add(host::Column::Workspace.eq(self.workspace.0))
            .add(host::Column::Account.eq(grant.account.0))
            .add(host::Column::Session.eq(grant.session.0))
            .add(host::Column::Token.eq(convert::signed(grant.token)))
            .add(host::Column::Expires.gt(now.0));
        let moved = host::Entity::update_many()
            .col_expr(host::Column::Expires, Expr::value(now.plus_ms(lifetime_ms).0))
            .filter(held)
            .exec(&self.writer)
            .await
            .map_err(StoreError::from)?;
        Ok(moved.rows_affected == 1)
    }

    async fn due(&self, limit: usize) -> Result<DueList, PortError> {
        let now = self.now(&self.reader).await?;
        let mut list = self
            .due_deadlines(now, u64::try_from(limit).unwrap_or(u64::MAX))
            .await?;
        self.due_leases(&mut list).await?;
        Ok(list)
    }

    async fn tail(&self, after: u64) -> Result<Tail, PortError> {
        let head = self.head().await?;
        let entries = if head.number > after {
            self.entries_from(&self.reader, after).await?
        } else {
            Vec::new()
        };
        Ok(Tail {
            epoch: head.epoch,
            entries,
        })
    }
}
