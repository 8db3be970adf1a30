//! Whose replica this is, and with which session it talks to which server.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use baton_domain::{DeviceId, Member};
use baton_protocol::{ApiError, ErrorCode};
use baton_store::replica::{Batch, ReplicaError, ReplicaStore};
use serde::{Deserialize, Serialize};

use crate::EmbeddedKind;
use crate::net::{Address, error};
use crate::seal::DataKey;

/// The single value it is kept as.
const KEY: &str = "session";
/// What the token is sealed under.
const TOKEN: &str = "session token";

/// A session as kept in the replica. The token is sealed once more, within the sealed database.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SessionRow {
    /// The server's address; empty for the one in this program.
    pub(super) server: String,
    /// Who signed in, as they were then.
    pub(super) member: Member,
    /// This installation.
    pub(super) device: DeviceId,
    /// The sealed token, in base64. A server in this program gives a new one at every start.
    token: Option<String>,
    /// The server in this program.
    pub(super) embedded: Option<EmbeddedKind>,
    /// It ended: sign in again.
    pub(super) signed_out: bool,
}

impl SessionRow {
    /// A session at a server elsewhere.
    pub(super) fn remote(server: String, member: Member, device: DeviceId) -> Self {
        Self {
            server,
            member,
            device,
            token: None,
            embedded: None,
            signed_out: false,
        }
    }

    /// A session at a server in this program.
    pub(super) fn embedded(kind: EmbeddedKind, member: Member, device: DeviceId) -> Self {
        Self {
            embedded: Some(kind),
            ..Self::remote(String::new(), member, device)
        }
    }

    pub(super) fn set_token(&mut self, token: &str, key: &DataKey) -> Result<(), ApiError> {
        let sealed = key.tokens().seal(TOKEN, token.as_bytes());
        let sealed = sealed.map_err(|cause| error(ErrorCode::Internal, cause.to_string()))?;
        self.token = Some(BASE64.encode(sealed));
        Ok(())
    }

    /// Where the server is, with the token that opens it.
    pub(super) fn address(&self, key: &DataKey) -> Result<Address, ApiError> {
        let signed_out = || error(ErrorCode::SignedOut, "there is no session");
        let sealed = self
            .token
            .as_ref()
            .and_then(|token| BASE64.decode(token).ok())
            .ok_or_else(signed_out)?;
        let token = key.tokens().open(TOKEN, &sealed).map_err(|_| signed_out())?;
        let token = String::from_utf8(token).map_err(|_| signed_out())?;
        let url = Address::parse(&self.server).map_err(|cause| error(ErrorCode::BadRequest, cause.to_string()))?;
        Ok(Address { url, token })
    }

    pub(super) async fn load(store: &ReplicaStore) -> Result<Option<Self>, ReplicaError> {
        let state = store.state(KEY).await?;
        state
            .map(|text| serde_json::from_str(&text).map_err(ReplicaError::from))
            .transpose()
    }

    pub(super) async fn save(&self, store: &ReplicaStore) -> Result<(), ReplicaError> {
        let mut batch = Batch::default();
        batch.state.insert(KEY.to_owned(), Some(serde_json::to_string(self)?));
        store.apply(&batch).await
    }
}
