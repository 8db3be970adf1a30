//! What a desktop that hosts a mailbox asks of the server.

use baton_channels::email::host::sameness::Sighting;
use baton_channels::email::host::wire::{
    Condition, Delivery, GRANT_HEADER, Grant, Heard, Job, Nothing, Said, Sighted, Take, Taken,
};
use baton_channels::email::host::{FolderCursor, PortError};
use baton_domain::{Account, AccountId, MessageId};
use baton_protocol::{AddHosted, ApiError, ErrorCode, MoveHosting};
use reqwest::{Method, RequestBuilder};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::http::{Http, done, read};

impl Http {
    /// Connects a mailbox that this desktop hosts.
    pub(crate) async fn add_hosted(&self, new: &AddHosted) -> Result<Account, ApiError> {
        self.post("/v1/accounts/hosted", new).await
    }

    /// Says who hosts a mailbox from now on.
    pub(crate) async fn move_hosting(&self, account: AccountId, to: &MoveHosting) -> Result<Account, ApiError> {
        let path = format!("/v1/accounts/{account}/hosting");
        read(self.request(Method::PUT, &path).await?.json(to)).await
    }

    pub(crate) async fn take_host(&self, account: AccountId, grant: Option<Grant>) -> Result<Taken, PortError> {
        let request = self.request(Method::PUT, &format!("/v1/accounts/{account}/host")).await;
        heard(request.map(|request| request.json(&Take { grant }))).await
    }

    pub(crate) async fn release_host(&self, account: AccountId) -> Result<(), PortError> {
        let path = format!("/v1/accounts/{account}/host");
        let given = async { done(self.request(Method::DELETE, &path).await?).await };
        given.await.map_err(away)
    }

    pub(crate) async fn show_sightings(
        &self,
        account: AccountId,
        grant: &Grant,
        seen: &[Sighting],
    ) -> Result<Grant, PortError> {
        self.told(Method::POST, account, "host/sightings", grant, Some(seen))
            .await
    }

    pub(crate) async fn host_cursors(&self, account: AccountId, grant: &Grant) -> Result<Vec<FolderCursor>, PortError> {
        self.asked(account, "host/cursors", grant).await
    }

    pub(crate) async fn deliver(
        &self,
        account: AccountId,
        grant: &Grant,
        delivery: &Delivery,
    ) -> Result<(), PortError> {
        self.told(Method::POST, account, "host/mail", grant, Some(delivery))
            .await
            .map(done_with)
    }

    pub(crate) async fn say_of_folder(
        &self,
        account: AccountId,
        grant: &Grant,
        said: &Sighted,
    ) -> Result<(), PortError> {
        self.told(Method::POST, account, "host/changes", grant, Some(said))
            .await
            .map(done_with)
    }

    pub(crate) async fn next_outgoing(&self, account: AccountId, grant: &Grant) -> Result<Option<Job>, PortError> {
        self.asked(account, "host/outgoing", grant).await
    }

    /// Waits until there may be something to send.
    pub(crate) async fn outgoing_news(&self, account: AccountId, grant: &Grant) -> Result<(), PortError> {
        self.asked(account, "host/outgoing/news", grant).await.map(done_with)
    }

    pub(crate) async fn say_of_outgoing(
        &self,
        account: AccountId,
        grant: &Grant,
        message: MessageId,
        said: &Said,
    ) -> Result<(), PortError> {
        let path = format!("host/outgoing/{message}");
        self.told(Method::POST, account, &path, grant, Some(said))
            .await
            .map(done_with)
    }

    pub(crate) async fn tell_condition(
        &self,
        account: AccountId,
        grant: &Grant,
        condition: &Condition,
    ) -> Result<(), PortError> {
        self.told(Method::PUT, account, "host/condition", grant, Some(condition))
            .await
            .map(done_with)
    }

    async fn asked<T: DeserializeOwned>(&self, account: AccountId, what: &str, grant: &Grant) -> Result<T, PortError> {
        self.told(Method::GET, account, what, grant, None::<&()>).await
    }

    async fn told<B: Serialize + Sync + ?Sized, T: DeserializeOwned>(
        &self,
        method: Method,
        account: AccountId,
        what: &str,
        grant: &Grant,
        body: Option<&B>,
    ) -> Result<T, PortError> {
        let request = self.request(method, &format!("/v1/accounts/{account}/{what}")).await;
        let request = request.map(|request| {
            let request = request.header(GRANT_HEADER, grant.to_header());
            match body {
                Some(body) => request.json(body),
                None => request,
            }
        });
        heard(request).await
    }
}

fn done_with(_: Nothing) {}

/// The server's own word, or that it was not heard.
async fn heard<T: DeserializeOwned>(request: Result<RequestBuilder, ApiError>) -> Result<T, PortError> {
    let answer = async { read::<Heard<T>>(request?).await };
    answer.await.map_err(away)?.into()
}

fn away(error: ApiError) -> PortError {
    match error.code {
        // The session ended, or the account is gone: nothing more is ours to do.
        ErrorCode::SignedOut | ErrorCode::NotFound => PortError::LeaseLost,
        _ => PortError::Unavailable(error.message),
    }
}
