//! One request after another, with what Graph asks of everybody: a token each time, patience when it says so, immutable ids.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt as _;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Method, Response, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;
use url::Url;

use crate::email::account::{ConnectError, Credential, EmailAccount, GraphApi, Secret};
use crate::email::net::short;

/// For finding the server.
const CONNECT: Duration = Duration::from_secs(15);
/// For each piece of an answer.
const ANSWER: Duration = Duration::from_secs(120);
/// An answer that is no message is at most this long.
const JSON_BYTES: usize = 16 * 1024 * 1024;
/// How often one request is made again because Graph asked for patience.
const TIMES: usize = 4;
/// The longest patience while a request waits; beyond it the session ends and its host waits.
const LONGEST: Duration = Duration::from_secs(120);
/// Where Graph asks for patience and doesn't say how much.
const USUAL: Duration = Duration::from_secs(10);
/// Ids that stay when a message is moved, and pages of a useful size.
const PREFER: &str = "IdType=\"ImmutableId\", odata.maxpagesize=200";

/// Why a request gave nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::email) enum ApiError {
    /// Not reached, not let in, or asked to come back later.
    Lost(ConnectError),
    /// Graph said no.
    Said {
        /// The status of its answer.
        status: u16,
        /// Its word for it.
        code: String,
        /// Its words.
        words: String,
    },
}

impl ApiError {
    /// The error as the reason a mailbox can't be used.
    pub(in crate::email) fn into_connect_error(self, host: &str) -> ConnectError {
        match self {
            Self::Lost(error) => error,
            Self::Said { code, words, .. } => ConnectError::Denied {
                host: host.to_owned(),
                reply: format!("{code}: {words}"),
            },
        }
    }

    pub(super) const fn is(&self, wanted: u16) -> bool {
        matches!(self, Self::Said { status, .. } if *status == wanted)
    }
}

/// Until when Graph asked to be left alone: one for both halves of an account.
#[derive(Debug, Default)]
pub(in crate::email) struct Throttle(Mutex<Option<Instant>>);

impl Throttle {
    fn hold(&self, time: Duration) {
        let until = Instant::now() + time;
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *held = Some(held.map_or(until, |before| before.max(until)));
    }

    async fn wait(&self) {
        let until = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(until) = until {
            tokio::time::sleep_until(until).await;
        }
    }
}

/// A mailbox at Graph.
#[derive(Debug)]
pub(in crate::email) struct Api {
    web: reqwest::Client,
    mailbox: Url,
    user: String,
    secret: Secret,
    throttle: Arc<Throttle>,
}

/// What Graph says of an error.
#[derive(Deserialize, Default)]
struct Complaint {
    #[serde(default)]
    error: Reason,
}

#[derive(Deserialize, Default)]
struct Reason {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

impl Api {
    pub(in crate::email) fn new(
        account: &EmailAccount,
        graph: &GraphApi,
        secret: &Secret,
        throttle: &Arc<Throttle>,
    ) -> Result<Self, ConnectError> {
        let server = graph.server();
        let bad = |detail: String| ConnectError::Protocol {
            host: server.host.clone(),
            detail,
        };
        let mut mailbox = Url::parse(&graph.url).map_err(|error| bad(error.to_string()))?;
        match mailbox.scheme() {
            "https" => {}
            "http" if server.is_loopback() => {}
            _ => return Err(ConnectError::PlainNotAllowed { host: server.host }),
        }
        mailbox
            .path_segments_mut()
            .map_err(|()| bad("not an address of an API".to_owned()))?
            .pop_if_empty()
            .extend(["users", account.user.as_str()]);
        // No redirect is followed: it could carry the token elsewhere.
        let web = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT)
            .read_timeout(ANSWER)
            .build()
            .map_err(|error| bad(error.to_string()))?;
        Ok(Self {
            web,
            mailbox,
            user: account.user.clone(),
            secret: secret.clone(),
            throttle: Arc::clone(throttle),
        })
    }

    pub(in crate::email) fn host(&self) -> &str {
        self.mailbox.host_str().unwrap_or_default()
    }

    /// An address within the mailbox.
    pub(super) fn at(&self, path: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.mailbox.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// A link Graph gave, if it leads to Graph: the token goes nowhere else.
    pub(super) fn link(&self, link: &str) -> Result<Url, ApiError> {
        let url = Url::parse(link)
            .ok()
            .filter(|url| url.origin() == self.mailbox.origin());
        url.ok_or_else(|| {
            ApiError::Lost(ConnectError::Protocol {
                host: self.host().to_owned(),
                detail: "a link that leads elsewhere".to_owned(),
            })
        })
    }

    /// Asks for something that is no message.
    pub(super) async fn read<T: DeserializeOwned>(&self, url: Url) -> Result<T, ApiError> {
        let answer = self.get(url).await?;
        let bytes = self.body(answer, JSON_BYTES).await?;
        serde_json::from_slice(&bytes).map_err(|error| {
            ApiError::Lost(ConnectError::Protocol {
                host: self.host().to_owned(),
                detail: short(&error.to_string()),
            })
        })
    }

    /// Asks, again after the pause Graph asks for, and once more with a new token.
    pub(super) async fn get(&self, url: Url) -> Result<Response, ApiError> {
        self.ask(Method::GET, url).await
    }

    async fn ask(&self, method: Method, url: Url) -> Result<Response, ApiError> {
        let mut renewed = false;
        for _ in 0..TIMES {
            self.throttle.wait().await;
            let token = self.token().await?;
            let request = self
                .web
                .request(method.clone(), url.clone())
                .bearer_auth(token.as_str())
                .header("Prefer", PREFER);
            let answer = request.send().await.map_err(|error| self.broken(&error))?;
            match answer.status() {
                status if status.is_success() => return Ok(answer),
                StatusCode::UNAUTHORIZED => {
                    self.secret.was_refused(&token).await;
                    if std::mem::replace(&mut renewed, true) {
                        return Err(self.not_let_in(answer).await);
                    }
                }
                StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
                    let wait = patience(answer.headers()).unwrap_or(USUAL);
                    self.throttle.hold(wait);
                    if wait > LONGEST {
                        return Err(self.busy(answer).await);
                    }
                }
                _ => return Err(self.said(answer).await),
            }
        }
        Err(ApiError::Lost(ConnectError::Busy {
            host: self.host().to_owned(),
            reply: "it keeps asking for patience".to_owned(),
        }))
    }

    /// Deletes a message. One that is not there any more is deleted.
    pub(in crate::email) async fn delete(&self, name: &str) -> Result<(), ApiError> {
        match self.ask(Method::DELETE, self.at(&["messages", name], &[])).await {
            Ok(_) => Ok(()),
            Err(error) if error.is(404) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Waits out what Graph asked for, and shows that the mailbox lets us in now.
    pub(super) async fn ready(&self) -> Result<(), ApiError> {
        self.get(self.at(&["mailFolders", super::SENT], &[("$select", "id")]))
            .await
            .map(drop)
    }

    /// Offers a body, once: what it was not told about is not asked again by itself.
    pub(super) async fn offer(&self, url: Url, body: String) -> Result<Response, OfferError> {
        let token = self.token().await.map_err(OfferError::Before)?;
        let request = self
            .web
            .post(url)
            .bearer_auth(token.as_str())
            .header(CONTENT_TYPE, "text/plain")
            .body(body);
        match request.send().await {
            Ok(answer) => {
                if answer.status() == StatusCode::UNAUTHORIZED {
                    self.secret.was_refused(&token).await;
                }
                if answer.status() == StatusCode::TOO_MANY_REQUESTS {
                    self.throttle.hold(patience(answer.headers()).unwrap_or(USUAL));
                }
                Ok(answer)
            }
            Err(error) if error.is_connect() || error.is_builder() => Err(OfferError::Before(self.broken(&error))),
            Err(error) => Err(OfferError::After(
                self.broken(&error).into_connect_error(self.host()).to_string(),
            )),
        }
    }

    /// A body of at most so many bytes.
    pub(super) async fn body(&self, answer: Response, limit: usize) -> Result<Vec<u8>, ApiError> {
        let mut body = Vec::new();
        self.body_into(answer, limit, &mut body).await?;
        Ok(body)
    }

    /// The same into bytes that stay when it breaks off.
    pub(super) async fn body_into(&self, answer: Response, limit: usize, body: &mut Vec<u8>) -> Result<(), ApiError> {
        let mut pieces = answer.bytes_stream();
        while let Some(piece) = pieces.next().await {
            body.extend_from_slice(&piece.map_err(|error| self.broken(&error))?);
            if body.len() > limit {
                return Err(ApiError::Said {
                    status: 413,
                    code: "TooLarge".to_owned(),
                    words: format!("more than {limit} bytes came"),
                });
            }
        }
        Ok(())
    }

    pub(super) async fn said(&self, answer: Response) -> ApiError {
        let status = answer.status();
        let body = self.body(answer, JSON_BYTES).await.unwrap_or_default();
        let Reason { code, message } = serde_json::from_slice::<Complaint>(&body).unwrap_or_default().error;
        ApiError::Said {
            status: status.as_u16(),
            code: if code.is_empty() {
                status.to_string()
            } else {
                short(&code)
            },
            words: short(&message),
        }
    }

    async fn not_let_in(&self, answer: Response) -> ApiError {
        let ApiError::Said { code, words, .. } = self.said(answer).await else {
            return ApiError::Lost(self.closed());
        };
        ApiError::Lost(ConnectError::TokenRefused {
            host: self.host().to_owned(),
            user: self.user.clone(),
            reply: format!("{code}: {words}"),
        })
    }

    async fn busy(&self, answer: Response) -> ApiError {
        ApiError::Lost(match self.said(answer).await {
            ApiError::Said { code, words, .. } => ConnectError::Busy {
                host: self.host().to_owned(),
                reply: format!("{code}: {words}"),
            },
            ApiError::Lost(error) => error,
        })
    }

    async fn token(&self) -> Result<zeroize::Zeroizing<String>, ApiError> {
        match self.secret.credential().await.map_err(ApiError::Lost)? {
            Credential::Bearer(token) => Ok(token),
            Credential::Password(_) => Err(ApiError::Lost(ConnectError::NoLoginOffered {
                host: self.host().to_owned(),
                offered: "OAuth2: Graph takes no passwords, sign in on Microsoft's page".to_owned(),
            })),
        }
    }

    fn closed(&self) -> ConnectError {
        ConnectError::Closed {
            host: self.host().to_owned(),
        }
    }

    fn broken(&self, error: &reqwest::Error) -> ApiError {
        let host = self.host().to_owned();
        ApiError::Lost(if error.is_timeout() {
            ConnectError::TimedOut { host }
        } else if error.is_connect() {
            ConnectError::Unreachable {
                host,
                detail: causes(error),
            }
        } else {
            self.closed()
        })
    }
}

/// Why nothing is known of what was offered, or that it was not.
pub(super) enum OfferError {
    /// Nothing of it left.
    Before(ApiError),
    /// It may have been taken.
    After(String),
}

/// The pause Graph asks for.
pub(super) fn patience(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// The last cause is the one that says something; the library's own words say only that a request failed.
fn causes(error: &reqwest::Error) -> String {
    let mut last: &dyn std::error::Error = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    short(&last.to_string())
}
