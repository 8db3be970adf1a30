//! A server inside a desktop (A1): one person needs no other, and a team can begin with one.

use std::path::Path;

use baton_domain::{DeviceId, DocumentBody, InboxPolicy, MemberId, Role, Workspace};
use baton_store::server::{ServerStore, StoreError, StoreOptions};

use crate::auth::AuthError;
use crate::core::{Core, OpenError};
use crate::data::{DataDir, DataError};
use crate::directory::Refused;
use crate::options::Options;
use crate::sample::{self, LoadError};

/// Why a workspace could not be prepared.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// The data directory can't be used.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The database can't be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The data can't be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The member or the inbox was refused.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The session could not be kept.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// The sample could not be loaded.
    #[error(transparent)]
    Sample(#[from] LoadError),
}

/// The one person a workspace is made for.
#[derive(Debug, Clone)]
pub struct Founder {
    /// The workspace's name.
    pub workspace: String,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
    /// The name of the first inbox.
    pub inbox: String,
    /// How it works; its calendar above all.
    pub policy: InboxPolicy,
}

/// A session for a desktop that runs the server itself.
#[derive(Debug)]
pub struct Session {
    /// Whose.
    pub member: MemberId,
    /// Its bearer token. Debugging shows that there is one and no more.
    pub token: crate::auth::token::Secret,
}

/// Makes a workspace with one member, who is its admin, and one inbox. On a workspace that has its founder already it changes
/// nothing and gives that member.
///
/// # Errors
/// When the data can't be opened or written.
pub async fn found(core: &Core, founder: &Founder) -> Result<MemberId, PrepareError> {
    let now = core.now();
    if core.directory.workspace().is_none() {
        let workspace = Workspace {
            id: core.store.workspace(),
            name: founder.workspace.clone(),
        };
        core.directory.put(DocumentBody::Workspace(workspace), now).await?;
    }
    let member = match core.directory.by_email(&founder.email).filter(|member| member.active) {
        Some(member) => member,
        None => {
            core.directory
                .add(&founder.name, &founder.email, Role::Admin, now)
                .await?
        }
    };
    core.directory
        .inbox_named(&founder.inbox, founder.policy.clone(), now)
        .await?;
    Ok(member.id)
}

/// Begins a session without a password, for the process that has the data anyway.
///
/// # Errors
/// When there is no such member, or the session can't be kept.
pub async fn session(core: &Core, member: MemberId, device: DeviceId, name: &str) -> Result<Session, PrepareError> {
    let found = core.directory.member(member).filter(|member| member.active);
    let found = found.ok_or_else(|| Refused::Missing(format!("member {member}")))?;
    let begun = core.auth.begin(found, device, name, core.now()).await?;
    Ok(Session {
        member,
        token: begun.token,
    })
}

/// Loads the sample inbox into an empty data directory, before a server is started on it, and gives whoever tries it.
///
/// # Errors
/// When the directory holds a workspace already, is in use, or can't be written.
pub async fn load_sample(options: &Options) -> Result<MemberId, PrepareError> {
    let data = DataDir::take(&options.data)?;
    let store = open(data.path(), options).await?;
    let loaded = sample::load(&store, baton_domain::Timestamp(baton_clock::now_ms())).await;
    store.close().await;
    let loaded = loaded?;
    for refused in &loaded.refused {
        tracing::warn!(refused, "a step of the sample was refused");
    }
    Ok(loaded.user)
}

async fn open(data: &Path, options: &Options) -> Result<ServerStore, StoreError> {
    ServerStore::open(StoreOptions {
        data: data.to_owned(),
        blobs: options.shared.as_deref().map(crate::data::blobs),
        database_url: options.database_url.clone(),
        key: options.data_key,
        workspace: None,
    })
    .await
}
