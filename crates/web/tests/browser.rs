//! The door on loopback: it opens for whoever has the printed address, and for nobody else.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::sync::Arc;
use std::time::Duration;

use baton_client::{Config, Desktop, KeySource};
use baton_web::BrowserShell;
use baton_web::browser::Browser;
use reqwest::{Client, StatusCode, header};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

type Window = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A desktop with its door open, and its first-run window behind it.
struct Open {
    address: String,
    token: String,
    client: Client,
    end: oneshot::Sender<()>,
    serving: JoinHandle<std::io::Result<()>>,
    _files: TempDir,
}

impl Open {
    async fn door() -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let files = TempDir::new().unwrap();
        let ui = files.path().join("ui");
        std::fs::create_dir(&ui).unwrap();
        std::fs::write(ui.join("index.html"), "<!doctype html><title>Baton</title>").unwrap();
        let config = Config {
            keys: KeySource::Given([7; 32]),
            ..baton_web::start::config(files.path().join("data"))
        };
        let desktop = Desktop::start(config, Arc::new(BrowserShell), None).await.unwrap();
        let browser = Browser::open(desktop, &ui, 0).await.unwrap();
        let url = browser.url();
        let (address, token) = url.split_once("/#token=").unwrap();
        let (end, ended) = oneshot::channel();
        let serving = tokio::spawn(browser.serve(async {
            let _ = ended.await;
        }));
        Self {
            address: address.to_owned(),
            token: token.to_owned(),
            client: Client::builder().no_proxy().build().unwrap(),
            end,
            serving,
            _files: files,
        }
    }

    fn call(&self) -> reqwest::RequestBuilder {
        self.client
            .post(format!("{}/api/call", self.address))
            .json(&serde_json::json!({ "method": "boot" }))
    }

    async fn events(&self, token: &str, origin: Option<&str>) -> Result<(), StatusCode> {
        self.window(token, origin).await.map(drop)
    }

    async fn window(&self, token: &str, origin: Option<&str>) -> Result<Window, StatusCode> {
        let url = format!("{}/api/events?token={token}", self.address.replace("http://", "ws://"));
        let mut request = url.into_client_request().unwrap();
        if let Some(origin) = origin {
            request.headers_mut().insert(header::ORIGIN, origin.parse().unwrap());
        }
        match tokio_tungstenite::connect_async(request).await {
            Ok((window, _)) => Ok(window),
            Err(tokio_tungstenite::tungstenite::Error::Http(response)) => Err(response.status()),
            Err(other) => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn the_printed_address_opens_the_door() {
    let open = Open::door().await;
    let answer = open.call().bearer_auth(&open.token).send().await.unwrap();
    let status = answer.status();
    let body: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(
        (status, &body["method"]),
        (StatusCode::OK, &serde_json::json!("boot")),
        "{body}"
    );
    assert_eq!(open.events(&open.token, Some(&open.address)).await, Ok(()));
}

#[tokio::test]
async fn nobody_gets_in_without_the_secret() {
    let open = Open::door().await;
    for attempt in [
        open.call(),
        open.call().bearer_auth("guess"),
        open.call().bearer_auth(""),
    ] {
        let answer = attempt.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(answer.json::<serde_json::Value>().await.unwrap()["code"], "signedOut");
    }
    assert_eq!(open.events("guess", None).await, Err(StatusCode::UNAUTHORIZED));
}

#[tokio::test]
async fn another_page_does_not_get_in_even_with_the_secret() {
    let open = Open::door().await;
    let answer = open
        .call()
        .bearer_auth(&open.token)
        .header(header::ORIGIN, "https://evil.example")
        .send()
        .await;
    assert_eq!(answer.unwrap().status(), StatusCode::FORBIDDEN);
    assert_eq!(
        open.events(&open.token, Some("https://evil.example")).await,
        Err(StatusCode::FORBIDDEN)
    );
    let rebound = open
        .call()
        .bearer_auth(&open.token)
        .header(header::HOST, "evil.example")
        .send()
        .await;
    assert_eq!(rebound.unwrap().status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn the_page_itself_holds_no_secret_and_may_load_nothing_from_elsewhere() {
    let open = Open::door().await;
    let page = open.client.get(&open.address).send().await.unwrap();
    let policy = page.headers()[header::CONTENT_SECURITY_POLICY]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        policy.contains("default-src 'self'") && policy.contains("frame-ancestors 'none'"),
        "{policy}"
    );
    assert!(!policy.contains("unsafe-eval") && !policy.contains("http"), "{policy}");
    assert!(page.headers().get(header::ACCESS_CONTROL_ALLOW_ORIGIN).is_none());
    let text = page.text().await.unwrap();
    assert!(text.contains("<title>Baton</title>") && !text.contains(&open.token));
}

#[tokio::test]
async fn files_beside_the_interface_stay_unread() {
    let open = Open::door().await;
    for path in ["/../data", "/%2e%2e/data", "/..%2fdata/lock"] {
        let answer = open.client.get(format!("{}{path}", open.address)).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_request_that_can_not_be_understood_is_answered_in_the_usual_form() {
    let open = Open::door().await;
    let request = open
        .client
        .post(format!("{}/api/call", open.address))
        .bearer_auth(&open.token);
    let answer = request
        .json(&serde_json::json!({ "method": "dance" }))
        .send()
        .await
        .unwrap();
    assert!(answer.status().is_client_error());
    assert_eq!(answer.json::<serde_json::Value>().await.unwrap()["code"], "badRequest");
}

#[tokio::test]
async fn a_window_that_is_still_open_does_not_keep_the_program() {
    let open = Open::door().await;
    let window = open.window(&open.token, None).await.unwrap();
    open.end.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(10), open.serving)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    drop(window);
}
