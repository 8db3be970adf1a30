//! Who may come in: sessions, passwords, invitations; and the sealed secrets of channel accounts. None of it is in the log.

use baton_domain::{AccountId, DeviceId, MemberId, Role, SessionId, Timestamp};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _};

use super::connect::ServerStore;
use super::convert;
use super::entity::{account_secret, credential, invitation, session};
use super::error::StoreError;
use super::write::replaced;

/// A session to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    /// Which.
    pub id: SessionId,
    /// The SHA-256 of its bearer token; the token itself is never kept.
    pub token_hash: [u8; 32],
    /// Whose.
    pub member: MemberId,
    /// On which device.
    pub device: DeviceId,
    /// What its owner calls the device.
    pub device_name: String,
    /// Since when.
    pub at: Timestamp,
}

/// A session as kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// Which.
    pub id: SessionId,
    /// Whose.
    pub member: MemberId,
    /// On which device.
    pub device: DeviceId,
    /// What its owner calls the device.
    pub device_name: String,
    /// Since when.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_used_at: Timestamp,
}

/// An invitation, by the hash of its code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitationRow {
    /// The SHA-256 of its code; the code itself is never kept.
    pub code_hash: [u8; 32],
    /// Whom it invites.
    pub email: String,
    /// Their name.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Who invited them; `None` for whoever runs the server.
    pub invited_by: Option<MemberId>,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

impl ServerStore {
    /// Keeps a session.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put_session(&self, new: NewSession) -> Result<(), StoreError> {
        let row = session::ActiveModel {
            workspace: Set(self.workspace.0),
            id: Set(new.id.0),
            token_hash: Set(new.token_hash.to_vec()),
            member: Set(new.member.0),
            device: Set(new.device.0),
            device_name: Set(new.device_name.replace('\0', "")),
            created_at: Set(new.at.0),
            last_used_at: Set(new.at.0),
        };
        session::Entity::insert(row)
            .exec_without_returning(&self.writer)
            .await?;
        Ok(())
    }

    /// The session with that token's hash.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn session_by_token(&self, token_hash: &[u8; 32]) -> Result<Option<SessionRow>, StoreError> {
        let row = session::Entity::find()
            .filter(session::Column::Workspace.eq(self.workspace.0))
            .filter(session::Column::TokenHash.eq(token_hash.to_vec()))
            .one(&self.reader)
            .await?;
        Ok(row.map(session_row))
    }

    /// A member's sessions, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sessions_of(&self, member: MemberId) -> Result<Vec<SessionRow>, StoreError> {
        let rows = session::Entity::find()
            .filter(session::Column::Workspace.eq(self.workspace.0))
            .filter(session::Column::Member.eq(member.0))
            .order_by_desc(session::Column::CreatedAt)
            .all(&self.reader)
            .await?;
        Ok(rows.into_iter().map(session_row).collect())
    }

    /// Notes that a session was used. Call it now and then, not for every request.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn touch_session(&self, id: SessionId, at: Timestamp) -> Result<(), StoreError> {
        session::Entity::update_many()
            .col_expr(session::Column::LastUsedAt, Expr::value(at.0))
            .filter(session::Column::Workspace.eq(self.workspace.0))
            .filter(session::Column::Id.eq(id.0))
            .exec(&self.writer)
            .await?;
        Ok(())
    }

    /// Revokes a session of that member; false where they have no such session.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke_session(&self, member: MemberId, id: SessionId) -> Result<bool, StoreError> {
        let gone = session::Entity::delete_many()
            .filter(session::Column::Workspace.eq(self.workspace.0))
            .filter(session::Column::Member.eq(member.0))
            .filter(session::Column::Id.eq(id.0))
            .exec(&self.writer)
            .await?;
        Ok(gone.rows_affected > 0)
    }

    /// Revokes all sessions of a member but one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke_sessions(&self, member: MemberId, keep: Option<SessionId>) -> Result<u64, StoreError> {
        let mut gone = session::Entity::delete_many()
            .filter(session::Column::Workspace.eq(self.workspace.0))
            .filter(session::Column::Member.eq(member.0));
        if let Some(keep) = keep {
            gone = gone.filter(session::Column::Id.ne(keep.0));
        }
        Ok(gone.exec(&self.writer).await?.rows_affected)
    }

    /// Keeps the hash of a member's password.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put_password_hash(&self, member: MemberId, hash: String, at: Timestamp) -> Result<(), StoreError> {
        let row = credential::ActiveModel {
            workspace: Set(self.workspace.0),
            member: Set(member.0),
            password_hash: Set(hash),
            changed_at: Set(at.0),
        };
        credential::Entity::insert(row)
            .on_conflict(replaced::<credential::Entity>())
            .exec_without_returning(&self.writer)
            .await?;
        Ok(())
    }

    /// The hash of a member's password; `None` for one who has not joined yet.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn password_hash(&self, member: MemberId) -> Result<Option<String>, StoreError> {
        let row = credential::Entity::find_by_id((self.workspace.0, member.0))
            .one(&self.reader)
            .await?;
        Ok(row.map(|row| row.password_hash))
    }

    /// Keeps an invitation.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put_invitation(&self, new: InvitationRow) -> Result<(), StoreError> {
        let row = invitation::ActiveModel {
            workspace: Set(self.workspace.0),
            code_hash: Set(new.code_hash.to_vec()),
            email: Set(new.email.replace('\0', "")),
            name: Set(new.name.replace('\0', "")),
            role: Set(convert::word(&new.role)?),
            invited_by: Set(new.invited_by.map(|member| member.0)),
            expires_at: Set(new.expires_at.0),
            used_at: Set(None),
        };
        invitation::Entity::insert(row)
            .exec_without_returning(&self.writer)
            .await?;
        Ok(())
    }

    /// Uses an invitation up and gives it; `None` where it was used, has run out or never was. Of two at once one gets it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn use_invitation(
        &self,
        code_hash: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<InvitationRow>, StoreError> {
        let used = invitation::Entity::update_many()
            .col_expr(invitation::Column::UsedAt, Expr::value(now.0))
            .filter(invitation::Column::Workspace.eq(self.workspace.0))
            .filter(invitation::Column::CodeHash.eq(code_hash.to_vec()))
            .filter(invitation::Column::UsedAt.is_null())
            .filter(invitation::Column::ExpiresAt.gt(now.0))
            .exec(&self.writer)
            .await?;
        if used.rows_affected == 0 {
            return Ok(None);
        }
        let row = invitation::Entity::find_by_id((self.workspace.0, code_hash.to_vec()))
            .one(&self.writer)
            .await?;
        row.map(|row| {
            Ok(InvitationRow {
                code_hash: convert::bytes(row.code_hash)?,
                email: row.email,
                name: row.name,
                role: serde_json::from_value(serde_json::Value::String(row.role))?,
                invited_by: row.invited_by.map(MemberId),
                expires_at: Timestamp(row.expires_at),
            })
        })
        .transpose()
    }

    /// Makes an invitation good again: joining with it failed after all.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn return_invitation(&self, code_hash: &[u8; 32]) -> Result<(), StoreError> {
        invitation::Entity::update_many()
            .col_expr(invitation::Column::UsedAt, Expr::value(Option::<i64>::None))
            .filter(invitation::Column::Workspace.eq(self.workspace.0))
            .filter(invitation::Column::CodeHash.eq(code_hash.to_vec()))
            .exec(&self.writer)
            .await?;
        Ok(())
    }

    /// Keeps the sealed secret of an account. Sealing is the caller's: no readable secret comes here.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put_account_secret(
        &self,
        account: AccountId,
        sealed: Vec<u8>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let row = account_secret::ActiveModel {
            workspace: Set(self.workspace.0),
            account: Set(account.0),
            sealed: Set(sealed),
            changed_at: Set(at.0),
        };
        account_secret::Entity::insert(row)
            .on_conflict(replaced::<account_secret::Entity>())
            .exec_without_returning(&self.writer)
            .await?;
        Ok(())
    }

    /// The sealed secret of an account.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn account_secret(&self, account: AccountId) -> Result<Option<Vec<u8>>, StoreError> {
        let row = account_secret::Entity::find_by_id((self.workspace.0, account.0))
            .one(&self.reader)
            .await?;
        Ok(row.map(|row| row.sealed))
    }

    /// Forgets the secret of an account.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn drop_account_secret(&self, account: AccountId) -> Result<(), StoreError> {
        account_secret::Entity::delete_by_id((self.workspace.0, account.0))
            .exec(&self.writer)
            .await?;
        Ok(())
    }
}

fn session_row(row: session::Model) -> SessionRow {
    SessionRow {
        id: SessionId(row.id),
        member: MemberId(row.member),
        device: DeviceId(row.device),
        device_name: row.device_name,
        created_at: Timestamp(row.created_at),
        last_used_at: Timestamp(row.last_used_at),
    }
}
