//! Who somebody is (S1): passwords, sessions, invitations.
//!
//! Everyone signs in as themselves. A session belongs to one member on one device and is a bearer token; removing the member or
//! revoking the session ends it at once, the open connections with it.

pub mod limit;
pub mod password;
pub mod token;

use std::net::IpAddr;

use baton_domain::{DAY_MS, DeviceId, MINUTE_MS, Member, MemberId, Role, SessionId, Timestamp};
use baton_protocol::{Invitation, Invite, Join, SessionInfo, SignIn};
use baton_store::server::{InvitationRow, NewSession, ServerStore, SessionRow, StoreError};
use tokio::sync::broadcast;
use uuid::Uuid;

use crate::directory::{Directory, Refused};
use limit::Attempts;
use password::{PasswordError, Passwords};
use token::Secret;

/// How long an invitation is good.
pub const INVITATION_MS: i64 = 7 * DAY_MS;

/// A session that was not used for so long has run out.
pub const IDLE_MS: i64 = 60 * DAY_MS;

/// How exactly the time of last use is kept.
const TOUCH_MS: i64 = MINUTE_MS;

/// The longest name of a device that is kept, in characters.
const DEVICE_NAME: usize = 80;

/// Why somebody was not let in.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// Address and password do not belong together, or nobody has that address: which of the two is not told.
    #[error("the address and the password do not belong together")]
    WrongPassword,
    /// Too often: later again.
    #[error("too many attempts: wait a minute")]
    TooManyAttempts,
    /// The invitation was used, has run out or never was.
    #[error("this invitation was used or has run out: ask for another")]
    InvitationGone,
    /// No such session, or not any more.
    #[error("sign in first")]
    SignedOut,
    /// The password can't be one.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The member can't be made or changed.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No randomness.
    #[error(transparent)]
    Random(#[from] token::NoRandomness),
}

/// Who makes a request.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Their session.
    pub session: SessionId,
    /// The device it belongs to.
    pub device: DeviceId,
    /// The member as they are now.
    pub member: Member,
}

/// A password's hash. It prints nothing.
pub struct Hashed(String);

impl std::fmt::Debug for Hashed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hashed")
    }
}

/// A session that has begun.
#[derive(Debug)]
pub struct Begun {
    /// Its token.
    pub token: Secret,
    /// Whose it is.
    pub member: Member,
}

/// A session that ended; its connections are to be cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Which.
    pub session: SessionId,
    /// Whether it was ended on this server, so that the others are to be told.
    pub here: bool,
}

/// Lets people in.
#[derive(Debug)]
pub struct Auth {
    store: ServerStore,
    directory: Directory,
    passwords: Passwords,
    attempts: Attempts,
    ended: broadcast::Sender<Ended>,
}

impl Auth {
    /// Lets people of this workspace in.
    #[must_use]
    pub fn new(store: ServerStore, directory: Directory, passwords: Passwords) -> Self {
        Self {
            store,
            directory,
            passwords,
            attempts: Attempts::default(),
            ended: broadcast::Sender::new(64),
        }
    }

    /// Signs somebody in with address and password.
    ///
    /// # Errors
    /// When they may not try, or it is wrong.
    pub async fn sign_in(&self, who: &SignIn, peer: IpAddr, now: Timestamp) -> Result<Begun, AuthError> {
        if !self.attempts.begin(&who.email, peer, now.0) {
            return Err(AuthError::TooManyAttempts);
        }
        let member = self.directory.by_email(&who.email).filter(|member| member.active);
        let hash = match &member {
            Some(member) => self.store.password_hash(member.id).await?,
            None => None,
        };
        let right = self.passwords.matches(&who.password, hash.as_deref()).await;
        let Some(member) = member.filter(|_| right) else {
            return Err(AuthError::WrongPassword);
        };
        self.attempts.right(&who.email, peer);
        self.begin(member, who.device, &who.device_name, now).await
    }

    /// Begins a session without a password, for a process that has the data anyway.
    ///
    /// # Errors
    /// When it can't be kept.
    pub async fn begin(
        &self,
        member: Member,
        device: DeviceId,
        name: &str,
        now: Timestamp,
    ) -> Result<Begun, AuthError> {
        let token = Secret::token()?;
        let session = NewSession {
            id: SessionId(Uuid::new_v4()),
            token_hash: token.digest(),
            member: member.id,
            device,
            device_name: name.trim().chars().take(DEVICE_NAME).collect(),
            at: now,
        };
        self.store.put_session(session).await?;
        Ok(Begun { token, member })
    }

    /// Whose token it is.
    ///
    /// # Errors
    /// When it is nobody's, or not any more.
    pub async fn caller(&self, token: &str, now: Timestamp) -> Result<Caller, AuthError> {
        // Looked up by the digest: how long that takes says nothing about a token that was not guessed whole.
        let session = self
            .store
            .session_by_token(&token::digest(token))
            .await?
            .ok_or(AuthError::SignedOut)?;
        let idle = now.since_ms(session.last_used_at);
        if idle > IDLE_MS {
            self.end(session.member, session.id).await?;
            return Err(AuthError::SignedOut);
        }
        if idle > TOUCH_MS {
            self.store.touch_session(session.id, now).await?;
        }
        let member = self.directory.member(session.member).filter(|member| member.active);
        let member = member.ok_or(AuthError::SignedOut)?;
        Ok(Caller {
            session: session.id,
            device: session.device,
            member,
        })
    }

    /// Whether a session still stands.
    ///
    /// # Errors
    /// When the database did not answer.
    pub async fn stands(&self, caller: &Caller) -> Result<bool, AuthError> {
        let sessions = self.store.sessions_of(caller.member.id).await?;
        Ok(sessions.iter().any(|session| session.id == caller.session))
    }

    /// A member's sessions, the newest use first.
    ///
    /// # Errors
    /// When the database did not answer.
    pub async fn sessions(&self, caller: &Caller) -> Result<Vec<SessionInfo>, AuthError> {
        let mut rows = self.store.sessions_of(caller.member.id).await?;
        rows.sort_by_key(|row| std::cmp::Reverse((row.last_used_at, row.id)));
        let info = |row: SessionRow| SessionInfo {
            id: row.id,
            device_name: row.device_name,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
            current: row.id == caller.session,
        };
        Ok(rows.into_iter().map(info).collect())
    }

    /// Ends one of a member's sessions; false when it is not theirs or ended before.
    ///
    /// # Errors
    /// When the database did not answer.
    pub async fn end(&self, member: MemberId, session: SessionId) -> Result<bool, AuthError> {
        let ended = self.store.revoke_session(member, session).await?;
        if ended {
            let _ = self.ended.send(Ended { session, here: true });
        }
        Ok(ended)
    }

    /// Ends all of a member's sessions, and takes their password away.
    ///
    /// # Errors
    /// When the database did not answer.
    pub async fn end_all(&self, member: MemberId, now: Timestamp) -> Result<(), AuthError> {
        for session in self.store.sessions_of(member).await? {
            self.end(member, session.id).await?;
        }
        // No password has this for its hash.
        Ok(self.store.put_password_hash(member, String::new(), now).await?)
    }

    /// Another server of the same database ended a session.
    pub fn heard_end(&self, session: SessionId) {
        let _ = self.ended.send(Ended { session, here: false });
    }

    /// Tells when sessions end.
    #[must_use]
    pub fn endings(&self) -> broadcast::Receiver<Ended> {
        self.ended.subscribe()
    }

    /// Sets a member's password.
    ///
    /// # Errors
    /// When the database did not answer.
    pub async fn set_password(&self, member: MemberId, password: &Hashed, now: Timestamp) -> Result<(), AuthError> {
        Ok(self.store.put_password_hash(member, password.0.clone(), now).await?)
    }

    /// Hashes a password.
    ///
    /// # Errors
    /// When it can't be one.
    pub async fn hash(&self, password: &str) -> Result<Hashed, AuthError> {
        Ok(Hashed(self.passwords.hash(password).await?))
    }

    /// Invites somebody. The code is shown once.
    ///
    /// # Errors
    /// When somebody has that address, or it is none.
    pub async fn invite(&self, invite: &Invite, by: Option<MemberId>, now: Timestamp) -> Result<Invitation, AuthError> {
        self.directory.check_new(&invite.name, &invite.email)?;
        let code = Secret::code()?;
        let expires_at = now.plus_ms(INVITATION_MS);
        let row = InvitationRow {
            code_hash: token::code_digest(code.reveal()),
            email: invite.email.trim().to_owned(),
            name: invite.name.trim().to_owned(),
            role: invite.role,
            invited_by: by,
            expires_at,
        };
        self.store.put_invitation(row).await?;
        Ok(Invitation {
            code: code.reveal().to_owned(),
            expires_at,
        })
    }

    /// Joins with an invitation. It is good once.
    ///
    /// # Errors
    /// When it is not good, or the password can't be one.
    pub async fn join(&self, join: &Join, peer: IpAddr, now: Timestamp) -> Result<Begun, AuthError> {
        if !self.attempts.begin_from(peer, now.0) {
            return Err(AuthError::TooManyAttempts);
        }
        let hash = self.hash(&join.password).await?;
        let code = token::code_digest(&join.code);
        let invitation = self
            .store
            .use_invitation(&code, now)
            .await?
            .ok_or(AuthError::InvitationGone)?;
        let added = self
            .directory
            .add(&invitation.name, &invitation.email, invitation.role, now)
            .await;
        let member = match added {
            Ok(member) => member,
            Err(refused) => {
                // Somebody was added with that address meanwhile, or the log could not be written: it can be tried again.
                self.store.return_invitation(&code).await?;
                return Err(refused.into());
            }
        };
        self.set_password(member.id, &hash, now).await?;
        self.begin(member, join.device, &join.device_name, now).await
    }
}

/// The role somebody may give: only an admin makes admins and managers.
#[must_use]
pub fn may_invite(by: Role, whom: Role) -> bool {
    match by {
        Role::Admin => true,
        Role::Manager => matches!(whom, Role::Rep | Role::Observer),
        Role::Rep | Role::Observer => false,
    }
}
