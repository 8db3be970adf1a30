//! The server's HTTP interface.

use std::time::Duration;

use baton_domain::{Account, AccountId, BlobId, Command, ConversationId, Forecast, SessionId};
use baton_protocol::{
    AddAccount, ApiError, Balance, ConnectionReport, ConversationWithEntries, Draft, ErrorCode, FolderCheck, Hits,
    Invitation, Invite, Join, MailboxSettings, MailboxTrial, Quarantined, Retried, SessionInfo, SetSignIn, SignIn,
    SignInWay, SignedIn, Submitted, UPLOAD_LENGTH, UPLOAD_OFFSET,
};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use url::{Host, Url};

use super::{connection_error, error};

/// How long a connection may take to stand.
const CONNECT: Duration = Duration::from_secs(8);
/// How long an ordinary answer may take.
const ANSWER: Duration = Duration::from_secs(30);
/// How long a file may take.
const FILE: Duration = Duration::from_secs(300);
/// What is larger goes in pieces of this size.
const PIECE_BYTES: usize = 4 << 20;
/// Cuts of one upload that are mended at once; then whoever wanted it tries again later, and goes on where it was.
const CUTS: u32 = 3;
/// A mailbox that is tested from end to end: its sent folder is looked at once a minute.
const TRIAL: Duration = Duration::from_secs(480);
/// How long to wait for a server in this program that is starting.
const STARTING: Duration = Duration::from_secs(20);
/// How long it may take to look through all folders of a mailbox.
const CHECK: Duration = Duration::from_secs(120);

/// Where a server is, and with which session.
#[derive(Clone)]
pub(crate) struct Address {
    /// Its address.
    pub(crate) url: Url,
    /// The session's bearer token.
    pub(crate) token: String,
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Address")
            .field("url", &self.url.as_str())
            .finish_non_exhaustive()
    }
}

/// An address a person typed that no server can have.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadAddress {
    /// Not an address at all.
    #[error("this is not the address of a server")]
    NotAnAddress,
    /// A password would travel in the clear.
    #[error("a server beyond this computer is reached by https only")]
    NotSecure,
}

impl Address {
    /// The address as a person types it: `baton.example.com` is `https://baton.example.com`. Unencrypted only to this very
    /// computer.
    pub(crate) fn parse(text: &str) -> Result<Url, BadAddress> {
        let text = text.trim().trim_end_matches('/');
        let with_scheme = if text.contains("://") {
            text.to_owned()
        } else {
            format!("https://{text}")
        };
        let url = Url::parse(&with_scheme).map_err(|_| BadAddress::NotAnAddress)?;
        let loopback = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            None => return Err(BadAddress::NotAnAddress),
        };
        match url.scheme() {
            "https" => Ok(url),
            "http" if loopback => Ok(url),
            "http" => Err(BadAddress::NotSecure),
            _ => Err(BadAddress::NotAnAddress),
        }
    }
}

/// Asks the server.
#[derive(Debug, Clone)]
pub(crate) struct Http {
    client: reqwest::Client,
    address: watch::Sender<Option<Address>>,
}

impl Http {
    /// Without an address yet: a server in this program may still be starting.
    pub(crate) fn new() -> Result<Self, ApiError> {
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .timeout(ANSWER)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("Baton/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|cause| connection_error(&cause))?;
        Ok(Self {
            client,
            address: watch::Sender::new(None),
        })
    }

    pub(crate) fn set_address(&self, address: Address) {
        self.address.send_replace(Some(address));
    }

    /// Where the server is, as soon as that is known.
    pub(crate) async fn address(&self) -> Option<Address> {
        let mut watching = self.address.subscribe();
        let known = watching.wait_for(Option::is_some).await.ok()?;
        known.clone()
    }

    pub(super) async fn request(&self, method: Method, path: &str) -> Result<RequestBuilder, ApiError> {
        let address = tokio::time::timeout(STARTING, self.address()).await.ok().flatten();
        let address = address.ok_or_else(|| error(ErrorCode::Unreachable, "the server is not known yet"))?;
        let url = join(&address.url, path)?;
        Ok(self.client.request(method, url).bearer_auth(&address.token))
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ApiError> {
        read(self.request(Method::GET, path).await?).await
    }

    pub(super) async fn post<B: Serialize + Sync, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
    ) -> Result<T, ApiError> {
        read(self.request(Method::POST, path).await?.json(body)).await
    }

    /// Signs in at a server that is not ours yet.
    pub(crate) async fn sign_in(&self, server: &Url, who: &SignIn) -> Result<SignedIn, ApiError> {
        read(self.client.post(join(server, "/v1/sign-in")?).json(who)).await
    }

    /// Joins with an invitation.
    pub(crate) async fn join(&self, server: &Url, join_with: &Join) -> Result<SignedIn, ApiError> {
        read(self.client.post(join(server, "/v1/join")?).json(join_with)).await
    }

    pub(crate) async fn sign_out(&self) -> Result<(), ApiError> {
        done(self.request(Method::POST, "/v1/sign-out").await?).await
    }

    pub(crate) async fn conversation(&self, id: ConversationId) -> Result<ConversationWithEntries, ApiError> {
        self.get(&format!("/v1/conversations/{id}")).await
    }

    /// My draft in a conversation, if the server has one.
    pub(crate) async fn draft(&self, conversation: ConversationId) -> Result<Option<Draft>, ApiError> {
        match self.get(&format!("/v1/drafts/{conversation}")).await {
            Ok(draft) => Ok(Some(draft)),
            Err(error) if error.code == ErrorCode::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Saves a draft; the answer is the one that stands.
    pub(crate) async fn save_draft(&self, draft: &Draft) -> Result<Draft, ApiError> {
        let path = format!("/v1/drafts/{}", draft.conversation);
        read(self.request(Method::PUT, &path).await?.json(draft)).await
    }

    pub(crate) async fn delete_draft(&self, conversation: ConversationId) -> Result<(), ApiError> {
        done(
            self.request(Method::DELETE, &format!("/v1/drafts/{conversation}"))
                .await?,
        )
        .await
    }

    /// A blob's bytes; what is not what its name says is refused.
    pub(crate) async fn blob(&self, id: &BlobId) -> Result<Vec<u8>, ApiError> {
        let request = self
            .request(Method::GET, &format!("/v1/blobs/{id}"))
            .await?
            .timeout(FILE);
        let response = sent(request).await?;
        let bytes = response
            .bytes()
            .await
            .map_err(|cause| connection_error(&cause))?
            .to_vec();
        if BlobId::of(&bytes) == *id {
            Ok(bytes)
        } else {
            Err(error(ErrorCode::DigestMismatch, format!("{id} came with other bytes")))
        }
    }

    /// Uploads a blob: small ones at once, large ones in pieces that go on where they were cut.
    pub(crate) async fn put_blob(&self, id: &BlobId, bytes: Vec<u8>) -> Result<(), ApiError> {
        if bytes.len() > PIECE_BYTES {
            return self.put_in_pieces(id, &bytes).await;
        }
        let request = self.request(Method::PUT, &format!("/v1/blobs/{id}")).await?;
        done(
            request
                .timeout(FILE)
                .header("content-type", "application/octet-stream")
                .body(bytes),
        )
        .await
    }

    async fn put_in_pieces(&self, id: &BlobId, bytes: &[u8]) -> Result<(), ApiError> {
        let path = format!("/v1/blobs/{id}/upload");
        let mut offset = self.uploaded(&path).await?;
        let mut cuts = 0;
        loop {
            let start = usize::try_from(offset).unwrap_or(usize::MAX);
            let rest = bytes.get(start..).unwrap_or_default();
            let piece = rest.get(..PIECE_BYTES).unwrap_or(rest).to_vec();
            let request = self
                .request(Method::PATCH, &path)
                .await?
                .timeout(FILE)
                .header("content-type", "application/octet-stream")
                .header(UPLOAD_OFFSET, offset)
                .header(UPLOAD_LENGTH, bytes.len())
                .body(piece);
            offset = match request.send().await {
                Ok(response) if response.status() == StatusCode::CREATED => return Ok(()),
                Ok(response) if matches!(response.status(), StatusCode::NO_CONTENT | StatusCode::CONFLICT) => {
                    if response.status() == StatusCode::CONFLICT {
                        cuts += 1;
                    }
                    standing(&response)?
                }
                Ok(response) => return said(response).await.map(drop),
                // It was cut: how much arrived, the server knows.
                Err(cause) if cuts < CUTS => {
                    tracing::debug!(%cause, "an upload was cut");
                    cuts += 1;
                    self.uploaded(&path).await?
                }
                Err(cause) => return Err(connection_error(&cause)),
            };
            if cuts > CUTS {
                return Err(error(ErrorCode::Unreachable, "the upload is being written elsewhere"));
            }
        }
    }

    /// How much of an upload the server has.
    async fn uploaded(&self, path: &str) -> Result<u64, ApiError> {
        standing(&sent(self.request(Method::HEAD, path).await?).await?)
    }

    pub(crate) async fn add_account(&self, account: &AddAccount) -> Result<Account, ApiError> {
        self.post("/v1/accounts", account).await
    }

    pub(crate) async fn test_mailbox(&self, mailbox: &MailboxSettings) -> Result<ConnectionReport, ApiError> {
        self.post("/v1/accounts/test", mailbox).await
    }

    /// Answered when the last step is done.
    pub(crate) async fn try_mailbox(&self, account: AccountId) -> Result<MailboxTrial, ApiError> {
        let path = format!("/v1/accounts/{account}/trial");
        read(self.request(Method::POST, &path).await?.timeout(TRIAL)).await
    }

    pub(crate) async fn sign_in_way(&self, account: AccountId) -> Result<SignInWay, ApiError> {
        self.get(&format!("/v1/accounts/{account}/sign-in")).await
    }

    pub(crate) async fn set_sign_in(&self, account: AccountId, with: &SetSignIn) -> Result<(), ApiError> {
        let request = self
            .request(Method::PUT, &format!("/v1/accounts/{account}/sign-in"))
            .await?;
        done(request.json(with)).await
    }

    pub(crate) async fn balance(&self, account: AccountId) -> Result<Balance, ApiError> {
        self.get(&format!("/v1/accounts/{account}/balance")).await
    }

    pub(crate) async fn check_balance(&self, account: AccountId) -> Result<Vec<FolderCheck>, ApiError> {
        let request = self
            .request(Method::POST, &format!("/v1/accounts/{account}/balance/check"))
            .await?;
        read(request.timeout(CHECK)).await
    }

    /// The folders of a mailbox that the server hosts, counted.
    pub(crate) async fn mailbox_folders(&self, account: AccountId) -> Result<Forecast, ApiError> {
        let path = format!("/v1/accounts/{account}/folders");
        read(self.request(Method::GET, &path).await?.timeout(CHECK)).await
    }

    pub(crate) async fn quarantine(&self) -> Result<Vec<Quarantined>, ApiError> {
        self.get("/v1/quarantine").await
    }

    pub(crate) async fn retry_quarantine(&self) -> Result<Retried, ApiError> {
        self.post("/v1/quarantine/retry", &()).await
    }

    /// What is found in messages, replies and notes while somebody types.
    pub(crate) async fn search(&self, text: &str, zone: Option<&str>, limit: u32) -> Result<Hits, ApiError> {
        let limit = limit.to_string();
        let mut asked = vec![("q", text), ("typing", "true"), ("limit", &limit)];
        asked.extend(zone.map(|zone| ("zone", zone)));
        read(self.request(Method::GET, "/v1/search").await?.query(&asked)).await
    }

    /// Asks for something that is not about a conversation. A refusal is an answer too.
    pub(crate) async fn submit(&self, command: &Command) -> Result<Submitted, ApiError> {
        self.post("/v1/commands", command).await
    }

    pub(crate) async fn invite(&self, invite: &Invite) -> Result<Invitation, ApiError> {
        self.post("/v1/invitations", invite).await
    }

    pub(crate) async fn sessions(&self) -> Result<Vec<SessionInfo>, ApiError> {
        self.get("/v1/sessions").await
    }

    pub(crate) async fn end_session(&self, session: SessionId) -> Result<(), ApiError> {
        done(self.request(Method::DELETE, &format!("/v1/sessions/{session}")).await?).await
    }
}

fn join(base: &Url, path: &str) -> Result<Url, ApiError> {
    base.join(path)
        .map_err(|cause| error(ErrorCode::BadRequest, cause.to_string()))
}

async fn sent(request: RequestBuilder) -> Result<Response, ApiError> {
    said(request.send().await.map_err(|cause| connection_error(&cause))?).await
}

/// Where the next piece of an upload begins.
fn standing(response: &Response) -> Result<u64, ApiError> {
    let offset = response
        .headers()
        .get(UPLOAD_OFFSET)
        .and_then(|value| value.to_str().ok());
    let offset = offset.and_then(|value| value.parse().ok());
    offset.ok_or_else(|| {
        error(
            ErrorCode::UpdateNeeded,
            "the server does not say where the upload stands",
        )
    })
}

/// The answer, or what it says went wrong.
async fn said(response: Response) -> Result<Response, ApiError> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    // The server says why in our own form; a proxy before it may say anything.
    let said: Result<ApiError, _> = response.json().await;
    Err(said.unwrap_or_else(|_| error(code_of(status), format!("the server answered {status}"))))
}

pub(super) async fn read<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, ApiError> {
    let response = sent(request).await?;
    response.json().await.map_err(|cause| {
        if cause.is_decode() {
            error(
                ErrorCode::UpdateNeeded,
                format!("the server's answer could not be read: {cause}"),
            )
        } else {
            connection_error(&cause)
        }
    })
}

pub(super) async fn done(request: RequestBuilder) -> Result<(), ApiError> {
    sent(request).await.map(drop)
}

fn code_of(status: StatusCode) -> ErrorCode {
    match status {
        StatusCode::UNAUTHORIZED => ErrorCode::SignedOut,
        StatusCode::FORBIDDEN => ErrorCode::NotPermitted,
        StatusCode::NOT_FOUND => ErrorCode::NotFound,
        StatusCode::PAYLOAD_TOO_LARGE => ErrorCode::TooLarge,
        StatusCode::TOO_MANY_REQUESTS => ErrorCode::TooManyAttempts,
        StatusCode::INSUFFICIENT_STORAGE => ErrorCode::DiskFull,
        status if status.is_server_error() => ErrorCode::Unreachable,
        _ => ErrorCode::BadRequest,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_https_unless_it_is_this_computer() {
        assert_eq!(
            Address::parse("baton.example.com").unwrap().as_str(),
            "https://baton.example.com/"
        );
        assert_eq!(
            Address::parse(" http://127.0.0.1:4711/ ").unwrap().as_str(),
            "http://127.0.0.1:4711/"
        );
        assert!(Address::parse("http://[::1]:4711").is_ok());
        assert!(matches!(
            Address::parse("http://baton.example.com"),
            Err(BadAddress::NotSecure)
        ));
        assert!(matches!(
            Address::parse("ftp://baton.example.com"),
            Err(BadAddress::NotAnAddress)
        ));
        assert!(matches!(
            Address::parse("not an address"),
            Err(BadAddress::NotAnAddress)
        ));
    }

    #[test]
    fn a_token_does_not_print() {
        let address = Address {
            url: Address::parse("baton.example.com").unwrap(),
            token: "hunter2".to_owned(),
        };
        assert!(!format!("{address:?}").contains("hunter2"));
    }
}
