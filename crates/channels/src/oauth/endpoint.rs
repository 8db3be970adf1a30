//! The provider's token endpoint, by the oauth2 library over our own web client.

use std::time::Duration;

use baton_domain::Timestamp;
use futures::StreamExt as _;
use oauth2::basic::{BasicErrorResponse, BasicTokenType};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, EndpointNotSet, EndpointSet, ExtraTokenFields,
    HttpRequest, HttpResponse, PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError, Scope,
    StandardRevocableToken, StandardTokenResponse, TokenResponse as _, TokenUrl,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Client, Grant, Provider, SignInError};

/// For an answer of the provider.
const ANSWER: Duration = Duration::from_secs(30);
/// An answer is at most this long.
const ANSWER_BYTES: usize = 256 * 1024;
/// How long an access token is taken to be good where the provider does not say.
const USUAL: Duration = Duration::from_secs(3000);

/// What some providers say beside the standard: how long the refresh token lives.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Beside {
    #[serde(alias = "refresh_expires_in", default)]
    refresh_token_expires_in: Option<i64>,
}
impl ExtraTokenFields for Beside {}

type Answer = StandardTokenResponse<Beside, BasicTokenType>;

type Asker = oauth2::Client<
    BasicErrorResponse,
    Answer,
    oauth2::basic::BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    oauth2::basic::BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// Why the web gave nothing.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct WebError(String);

/// A web client for sign-ins: it follows no redirect, which could carry a token elsewhere.
pub(super) fn web() -> Result<reqwest::Client, SignInError> {
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(ANSWER)
        .build();
    client.map_err(|cause| SignInError::BadProvider { detail: words(&cause) })
}

/// What asks this provider for this client.
pub(super) fn asker(provider: &Provider, client: &Client) -> Asker {
    let mut asker = oauth2::Client::new(ClientId::new(client.id.clone()))
        .set_auth_uri(AuthUrl::from_url(provider.auth_url.clone()))
        .set_token_uri(TokenUrl::from_url(provider.token_url.clone()))
        // Public clients have no secret to put into a header; both big providers read the body.
        .set_auth_type(AuthType::RequestBody);
    if let Some(secret) = &client.secret {
        asker = asker.set_client_secret(ClientSecret::new(secret.clone()));
    }
    asker
}

/// Makes a grant of the code a browser brought back.
pub(super) async fn exchange(
    provider: &Provider,
    client: &Client,
    redirect: RedirectUrl,
    code: String,
    verifier: PkceCodeVerifier,
    now: Timestamp,
) -> Result<Grant, SignInError> {
    let web = web()?;
    let asker = asker(provider, client).set_redirect_uri(redirect);
    let asked = asker
        .exchange_code(AuthorizationCode::new(code))
        .set_pkce_verifier(verifier);
    let answer = asked.request_async(&|request| call(web.clone(), request)).await;
    let answer = answer.map_err(|error| refused(provider, error))?;
    let refresh_token = answer.refresh_token().ok_or(SignInError::NotLasting)?.secret().clone();
    Ok(Grant {
        id: Uuid::new_v4(),
        provider: provider.clone(),
        client: client.clone(),
        refresh_token,
        access_token: answer.access_token().secret().clone(),
        access_until: until(&answer, now),
        renewed_at: now,
        refresh_until: refresh_until(&answer, now),
    })
}

/// A new access token for a grant, and its new refresh token where the provider replaced it.
pub(super) async fn renew(grant: &Grant, now: Timestamp) -> Result<Grant, SignInError> {
    let web = web()?;
    let asker = asker(&grant.provider, &grant.client);
    let refresh = RefreshToken::new(grant.refresh_token.clone());
    let scopes = grant.provider.scopes.iter().cloned().map(Scope::new);
    let asked = asker.exchange_refresh_token(&refresh).add_scopes(scopes);
    let answer = asked.request_async(&|request| call(web.clone(), request)).await;
    let answer = answer.map_err(|error| refused(&grant.provider, error))?;
    let mut renewed = grant.clone();
    renewed.access_token = answer.access_token().secret().clone();
    renewed.access_until = until(&answer, now);
    renewed.renewed_at = now;
    if let Some(replaced) = answer.refresh_token() {
        renewed.refresh_token = replaced.secret().clone();
    }
    // The end once told stands until another is told: a renewal that does not mention it does not put it off.
    renewed.refresh_until = refresh_until(&answer, now).or(grant.refresh_until);
    Ok(renewed)
}

fn until(answer: &Answer, now: Timestamp) -> Timestamp {
    let good = answer.expires_in().unwrap_or(USUAL);
    Timestamp(
        now.0
            .saturating_add(i64::try_from(good.as_millis()).unwrap_or(i64::MAX)),
    )
}

fn refresh_until(answer: &Answer, now: Timestamp) -> Option<Timestamp> {
    let seconds = answer
        .extra_fields()
        .refresh_token_expires_in
        .filter(|seconds| *seconds > 0)?;
    Some(Timestamp(now.0.saturating_add(seconds.saturating_mul(1000))))
}

async fn call(web: reqwest::Client, request: HttpRequest) -> Result<HttpResponse, WebError> {
    let bad = |cause: &(dyn std::error::Error + 'static)| WebError(words(cause));
    let request = reqwest::Request::try_from(request).map_err(|cause| bad(&cause))?;
    let answer = web.execute(request).await.map_err(|cause| bad(&cause))?;
    let mut response = oauth2::http::Response::builder().status(answer.status());
    for (name, value) in answer.headers() {
        response = response.header(name, value);
    }
    let mut body = Vec::new();
    let mut pieces = answer.bytes_stream();
    while let Some(piece) = pieces.next().await {
        body.extend_from_slice(&piece.map_err(|cause| bad(&cause))?);
        if body.len() > ANSWER_BYTES {
            return Err(WebError("the answer is too long".to_owned()));
        }
    }
    response.body(body).map_err(|cause| bad(&cause))
}

/// An error with its causes; the library's own words say only that a request failed.
fn words(error: &(dyn std::error::Error + 'static)) -> String {
    let mut words = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        words.push_str(": ");
        words.push_str(&cause.to_string());
        next = cause.source();
    }
    words
}

fn refused(provider: &Provider, error: RequestTokenError<WebError, BasicErrorResponse>) -> SignInError {
    let host = provider.token_url.host_str().unwrap_or_default().to_owned();
    match error {
        RequestTokenError::ServerResponse(said) => SignInError::of_code(
            &host,
            said.error().as_ref(),
            said.error_description().map(String::as_str),
        ),
        RequestTokenError::Request(cause) => SignInError::Unreachable {
            host,
            detail: cause.to_string(),
        },
        RequestTokenError::Parse(cause, _) => SignInError::Unexpected {
            host,
            detail: cause.to_string(),
        },
        RequestTokenError::Other(detail) => SignInError::Unexpected { host, detail },
    }
}
