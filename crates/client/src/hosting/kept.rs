//! How to sign in to the mailboxes this desktop hosts.
//!
//! It never leaves this computer. It lies sealed within the sealed replica, under a key of its own that is derived from the data key
//! in the keyring, and goes with the replica when the person signs out.

use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use baton_channels::email::host::wire::Grant;
use baton_channels::oauth::{Grant as SignedIn, GrantKeeper};
use baton_domain::AccountId;
use baton_protocol::{ApiError, ErrorCode, MailboxSettings};
use baton_store::replica::{Batch, ReplicaError, ReplicaStore};
use tokio::sync::{Mutex, Notify};

use crate::net::error;
use crate::seal::{SealError, Sealer};
use crate::work::Work;
use crate::{mailbox, signin};

/// Why one can't be kept or read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeptError {
    /// The replica.
    #[error(transparent)]
    Replica(#[from] ReplicaError),
    /// It was sealed with another key, or is damaged.
    #[error(transparent)]
    Seal(#[from] SealError),
}

impl From<KeptError> for ApiError {
    fn from(cause: KeptError) -> Self {
        error(ErrorCode::StoreUnavailable, cause.to_string())
    }
}

/// The mailboxes of this desktop.
#[derive(Debug)]
pub(crate) struct Keep {
    store: ReplicaStore,
    sealer: Sealer,
    changed: Notify,
    /// One writes at a time: a token that a provider replaced must not take the place of a new sign-in.
    writing: Mutex<()>,
}

impl Keep {
    pub(crate) fn new(store: ReplicaStore, sealer: Sealer) -> Self {
        Self {
            store,
            sealer,
            changed: Notify::new(),
            writing: Mutex::default(),
        }
    }

    /// Ends when one was kept or forgotten.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    pub(super) async fn get(&self, account: AccountId) -> Result<Option<MailboxSettings>, KeptError> {
        let key = key(account);
        let Some(text) = self.store.state(&key).await? else {
            return Ok(None);
        };
        let sealed = BASE64.decode(text).map_err(|_| SealError::DoesNotOpen)?;
        let plain = self.sealer.open(&key, &sealed)?;
        let mailbox = serde_json::from_slice(&plain).map_err(|_| SealError::DoesNotOpen)?;
        Ok(Some(mailbox))
    }

    pub(super) async fn put(&self, account: AccountId, mailbox: &MailboxSettings) -> Result<(), KeptError> {
        let _one = self.writing.lock().await;
        let sealed = self.sealed(account, mailbox)?;
        self.write(account, Some(sealed)).await
    }

    /// The provider replaced a token of the sign-in: the mailbox is the same, and its host goes on. Of another sign-in than the one kept
    /// nothing is kept.
    async fn renew(&self, account: AccountId, grant: &SignedIn) -> Result<(), ApiError> {
        let _one = self.writing.lock().await;
        let Some(mut kept) = self.get(account).await? else {
            return Ok(());
        };
        if mailbox::grant(&kept)?.map(|kept| kept.id) != Some(grant.id) {
            return Ok(());
        }
        kept.sign_in = Some(signin::tokens(grant)?);
        let mut batch = Batch::default();
        batch.state.insert(key(account), Some(self.sealed(account, &kept)?));
        self.store.apply(&batch).await.map_err(KeptError::from)?;
        Ok(())
    }

    fn sealed(&self, account: AccountId, mailbox: &MailboxSettings) -> Result<String, KeptError> {
        let plain = serde_json::to_vec(mailbox).map_err(|_| SealError::DoesNotOpen)?;
        Ok(BASE64.encode(self.sealer.seal(&key(account), &plain)?))
    }

    pub(super) async fn forget(&self, account: AccountId) -> Result<(), KeptError> {
        let _one = self.writing.lock().await;
        self.write(account, None).await
    }

    async fn write(&self, account: AccountId, value: Option<String>) -> Result<(), KeptError> {
        let mut batch = Batch::default();
        batch.state.insert(key(account), value);
        // What was shown of another mailbox proves nothing of this one.
        batch.state.insert(grant_key(account), None);
        self.store.apply(&batch).await?;
        self.changed.notify_one();
        Ok(())
    }

    /// The last grant under which the mailbox was hosted from here.
    pub(super) async fn grant(&self, account: AccountId) -> Result<Option<Grant>, KeptError> {
        let kept = self.store.state(&grant_key(account)).await?;
        Ok(kept.as_deref().and_then(Grant::from_header))
    }

    pub(super) async fn put_grant(&self, account: AccountId, grant: &Grant) -> Result<(), KeptError> {
        let mut batch = Batch::default();
        batch.state.insert(grant_key(account), Some(grant.to_header()));
        Ok(self.store.apply(&batch).await?)
    }
}

fn grant_key(account: AccountId) -> String {
    format!("mailbox grant {account}")
}

fn key(account: AccountId) -> String {
    format!("mailbox {account}")
}

/// Whether a mailbox can be hosted here. Microsoft Graph does not number its messages: the server does, and its database keeps the numbers.
pub(super) fn can_be_hosted(mailbox: &MailboxSettings) -> Result<(), ApiError> {
    if mailbox.graph.is_none() {
        return Ok(());
    }
    Err(error(
        ErrorCode::BadRequest,
        "a mailbox that is read by Microsoft Graph is hosted by the server, not by a desktop",
    ))
}

/// Whether two are reached and signed in to in the same way. A replaced token is the same sign-in.
pub(super) fn same(left: &MailboxSettings, right: &MailboxSettings) -> bool {
    let plain = |mailbox: &MailboxSettings| {
        let bare = MailboxSettings {
            sign_in: None,
            ..mailbox.clone()
        };
        serde_json::to_value(bare).ok()
    };
    let sign_in = |mailbox: &MailboxSettings| mailbox::grant(mailbox).ok().flatten().map(|grant| grant.id);
    plain(left) == plain(right) && sign_in(left) == sign_in(right)
}

/// Where the tokens of a mailbox that is hosted here go when its provider replaces them.
pub(super) struct Renewals {
    pub(super) work: Arc<Work>,
    pub(super) account: AccountId,
}

#[async_trait]
impl GrantKeeper for Renewals {
    async fn keep(&self, grant: &SignedIn) -> Result<(), String> {
        let kept = self.work.mailboxes.renew(self.account, grant).await;
        kept.map_err(|error| error.message)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use baton_protocol::{MailServer, Security};
    use baton_store::replica::Place;

    use super::*;
    use crate::seal::DataKey;

    fn settings() -> MailboxSettings {
        let server = |port| MailServer::new("mail.murmel.example", port, Security::Tls);
        MailboxSettings {
            address: "anna@murmel.example".to_owned(),
            name: "Anna".to_owned(),
            user: "anna".to_owned(),
            password: "hunter2".to_owned(),
            imap: server(993),
            smtp: server(465),
            extra_ca: None,
            sign_in: None,
            graph: None,
        }
    }

    #[test]
    fn a_mailbox_that_is_read_by_graph_is_left_to_the_server() {
        assert_eq!(can_be_hosted(&settings()), Ok(()));
        let by_graph = MailboxSettings {
            graph: Some("https://graph.microsoft.com/v1.0".to_owned()),
            ..settings()
        };
        assert!(can_be_hosted(&by_graph).is_err_and(|error| error.message.contains("hosted by the server")));
    }

    #[tokio::test]
    async fn a_mailbox_is_kept_sealed_for_its_account_until_it_is_forgotten() {
        let key = DataKey::new([7; 32]);
        let store = ReplicaStore::open(Place::Memory, &key.replica()).await.unwrap();
        let keep = Keep::new(store.clone(), key.mailboxes());
        let (anna, sales) = (AccountId(uuid::Uuid::from_u128(1)), AccountId(uuid::Uuid::from_u128(2)));
        keep.put(anna, &settings()).await.unwrap();
        assert!(same(&keep.get(anna).await.unwrap().unwrap(), &settings()));
        assert!(keep.get(sales).await.unwrap().is_none());
        let kept = store.state(&super::key(anna)).await.unwrap().unwrap();
        let bytes = BASE64.decode(&kept).unwrap();
        assert!(!bytes.windows(7).any(|window| window == b"hunter2"));
        // Nor does it open in another account's place.
        let mut batch = Batch::default();
        batch.state.insert(super::key(sales), Some(kept));
        store.apply(&batch).await.unwrap();
        assert!(keep.get(sales).await.is_err());
        let grant = Grant {
            token: 3,
            proof: Some("ab".to_owned()),
        };
        keep.put_grant(anna, &grant).await.unwrap();
        assert_eq!(keep.grant(anna).await.unwrap(), Some(grant));
        keep.forget(anna).await.unwrap();
        assert!(keep.get(anna).await.unwrap().is_none());
        assert_eq!(keep.grant(anna).await.unwrap(), None);
    }
}
