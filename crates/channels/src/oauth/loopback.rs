//! A sign-in under way: the page to open, and the port of this computer to which the browser brings the answer (RFC 8252, 7.3).
//!
//! Only an answer that carries our state counts; anything else that knocks is turned away and changes nothing, so that no other page
//! can end or replace a sign-in. Dropping the attempt closes the port.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use baton_domain::Timestamp;
use oauth2::{CsrfToken, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope};
use serde::Deserialize;
use subtle::ConstantTimeEq as _;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::timeout;
use url::Url;

use super::{Client, Grant, Provider, SignInError, endpoint};

/// What the browser brings back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Returned {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

impl Returned {
    /// The code, or why there is none; nothing where it isn't an answer to this attempt.
    fn judged(self, state: &str, host: &str) -> Option<Result<String, SignInError>> {
        let ours = self
            .state
            .as_deref()
            .unwrap_or_default()
            .as_bytes()
            .ct_eq(state.as_bytes());
        if !bool::from(ours) {
            return None;
        }
        match (self.code, self.error) {
            (_, Some(error)) => Some(Err(SignInError::of_code(
                host,
                &error,
                self.error_description.as_deref(),
            ))),
            (Some(code), None) if !code.is_empty() => Some(Ok(code)),
            (_, None) => None,
        }
    }
}

/// A sign-in that waits for its browser.
#[derive(Debug)]
pub struct Attempt {
    provider: Provider,
    client: Client,
    page: Url,
    redirect: RedirectUrl,
    state: CsrfToken,
    verifier: PkceCodeVerifier,
    listener: TcpListener,
}

impl Attempt {
    /// Begins to listen. The page is then opened in a browser of this computer.
    ///
    /// # Errors
    /// When this computer gives no port, or the provider is no good.
    pub async fn begin(provider: Provider, client: Client, address: &str) -> Result<Self, SignInError> {
        let no_port = |cause: std::io::Error| SignInError::NoPort {
            detail: cause.to_string(),
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(no_port)?;
        let port = listener.local_addr().map_err(no_port)?.port();
        let redirect = format!("http://{}:{port}/", provider.redirect_host());
        let redirect = RedirectUrl::new(redirect).map_err(|cause| SignInError::BadProvider {
            detail: cause.to_string(),
        })?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let asker = endpoint::asker(&provider, &client).set_redirect_uri(redirect.clone());
        let mut asked = asker
            .authorize_url(CsrfToken::new_random)
            .add_scopes(provider.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(challenge);
        for (name, value) in provider.habits(address) {
            asked = asked.add_extra_param(name, value);
        }
        let (page, state) = asked.url();
        Ok(Self {
            provider,
            client,
            page,
            redirect,
            state,
            verifier,
            listener,
        })
    }

    /// The page to open.
    #[must_use]
    pub fn page(&self) -> &Url {
        &self.page
    }

    /// Waits for the browser and makes a grant of what it brings.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn finish(self, patience: Duration) -> Result<Grant, SignInError> {
        let host = self.provider.auth_url.host_str().unwrap_or_default().to_owned();
        let (answers, mut answered) = mpsc::channel(1);
        let desk = Arc::new(Desk {
            state: self.state,
            host,
            answers,
        });
        let router = Router::new().route("/", get(knock)).with_state(desk);
        let (close, closed) = tokio::sync::oneshot::channel::<()>();
        let serving = axum::serve(self.listener, router).with_graceful_shutdown(async move {
            let _ = closed.await;
        });
        let waiting = async {
            let code = timeout(patience, answered.recv()).await;
            // The browser still gets its page before the port closes.
            let _ = close.send(());
            code
        };
        let (code, _) = tokio::join!(waiting, async {
            timeout(patience + CLOSING, serving.into_future()).await
        });
        let code = code.ok().flatten().ok_or(SignInError::TimedOut)??;
        let now = Timestamp(baton_clock::now_ms());
        endpoint::exchange(&self.provider, &self.client, self.redirect, code, self.verifier, now).await
    }
}

/// A browser may keep its connection open; it is not waited for longer than this.
const CLOSING: Duration = Duration::from_secs(2);

/// What the one page of our port knows.
struct Desk {
    state: CsrfToken,
    host: String,
    answers: mpsc::Sender<Result<String, SignInError>>,
}

async fn knock(State(desk): State<Arc<Desk>>, Query(returned): Query<Returned>) -> Response {
    let Some(answer) = returned.judged(desk.state.secret(), &desk.host) else {
        return page(
            StatusCode::BAD_REQUEST,
            "This is not the sign-in that Baton waits for. Nothing was changed.",
        );
    };
    let words = match &answer {
        Ok(_) => "You are signed in. You can close this page and go back to Baton.",
        Err(_) => "The sign-in did not work. Go back to Baton: it says why.",
    };
    // A second answer to the same attempt changes nothing.
    let _ = desk.answers.try_send(answer);
    page(StatusCode::OK, words)
}

fn page(status: StatusCode, words: &str) -> Response {
    let html = format!("<!doctype html><meta charset=\"utf-8\"><title>Baton</title><p>{words}</p>");
    let kept = [
        (header::CACHE_CONTROL, "no-store"),
        (header::CONNECTION, "close"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'"),
    ];
    (status, kept, Html(html)).into_response()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn returned(state: &str, code: Option<&str>, error: Option<&str>) -> Option<Result<String, SignInError>> {
        let returned = Returned {
            state: Some(state.to_owned()),
            code: code.map(str::to_owned),
            error: error.map(str::to_owned),
            error_description: None,
        };
        returned.judged("right", "login.example")
    }

    #[test]
    fn only_an_answer_with_our_state_counts() {
        assert_eq!(returned("right", Some("code"), None), Some(Ok("code".to_owned())));
        assert_eq!(
            returned("right", None, Some("access_denied")),
            Some(Err(SignInError::Denied))
        );
        assert_eq!(returned("wrong", Some("code"), None), None);
        assert_eq!(returned("wrong", None, Some("access_denied")), None);
        assert_eq!(returned("", Some("code"), None), None);
        assert_eq!(returned("right", None, None), None);
    }

    #[tokio::test]
    async fn the_page_asks_with_a_state_and_a_proof_key_and_comes_back_to_this_computer() {
        let client = Client {
            id: "team".to_owned(),
            secret: Some("shh".to_owned()),
        };
        let attempt = Attempt::begin(Provider::google().unwrap(), client, "anna@murmel.example")
            .await
            .unwrap();
        let asked: std::collections::BTreeMap<_, _> = attempt.page().query_pairs().into_owned().collect();
        let port = attempt.listener.local_addr().unwrap().port();
        assert_eq!(asked.get("redirect_uri"), Some(&format!("http://127.0.0.1:{port}/")));
        assert_eq!(asked.get("code_challenge_method").map(String::as_str), Some("S256"));
        assert_eq!(asked.get("response_type").map(String::as_str), Some("code"));
        assert_eq!(asked.get("scope").map(String::as_str), Some("https://mail.google.com/"));
        assert!(asked.get("state").is_some_and(|state| state.len() >= 16));
        assert!(
            !attempt.page().as_str().contains("shh"),
            "the client's secret stays here"
        );
    }

    #[tokio::test]
    async fn nobody_is_waited_for_longer_than_said_and_strangers_change_nothing() {
        let client = Client {
            id: "team".to_owned(),
            secret: None,
        };
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let attempt = Attempt::begin(Provider::google().unwrap(), client, "anna@murmel.example")
            .await
            .unwrap();
        let port = attempt.listener.local_addr().unwrap().port();
        let knocking = reqwest::get(format!("http://127.0.0.1:{port}/?state=guessed&code=stolen"));
        let (ended, knocked) = tokio::join!(attempt.finish(Duration::from_millis(600)), knocking);
        assert_eq!(knocked.unwrap().status(), 400);
        assert_eq!(ended, Err(SignInError::TimedOut));
    }
}
