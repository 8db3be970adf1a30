//! The WebSocket of the sync.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use baton_protocol::{ApiError, ClientMessage, ErrorCode};
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt as _, StreamExt as _};
use rustls::ClientConfig;
use rustls_platform_verifier::ConfigVerifierExt as _;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::{HeaderValue, StatusCode, header::AUTHORIZATION};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config};
use tokio_util::task::AbortOnDropHandle;

use super::{Address, connection_error, error};
use crate::engine::{Incoming, decode};

/// How long a connection may take to stand.
const OPEN: Duration = Duration::from_secs(8);
/// How long one message may take to be written.
const WRITE: Duration = Duration::from_secs(20);

/// Why no connection stands.
#[derive(Debug)]
pub(crate) enum OpenError {
    /// The server does not know this session any more.
    SignedOut,
    /// Anything else: try again.
    Failed(ApiError),
}

/// Messages that were read and wait to be taken in. While the parts of a snapshot are written to the disk the next ones are read already.
const AHEAD: usize = 2;

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A connection that stands.
pub(crate) struct Socket {
    mouth: SplitSink<Stream, Message>,
    heard: mpsc::Receiver<Incoming>,
    /// Reads as long as this value is there.
    _ear: AbortOnDropHandle<()>,
}

/// Opens the sync of the server at `address`.
pub(crate) async fn open(address: &Address) -> Result<Socket, OpenError> {
    let failed = |cause: &(dyn std::error::Error + 'static)| OpenError::Failed(connection_error(cause));
    let mut url = address.url.join("/v1/sync").map_err(|cause| failed(&cause))?;
    let scheme = if url.scheme() == "http" { "ws" } else { "wss" };
    if url.set_scheme(scheme).is_err() {
        return Err(OpenError::Failed(error(
            ErrorCode::BadRequest,
            "the server's address can't be used",
        )));
    }
    let mut request = url.as_str().into_client_request().map_err(|cause| failed(&cause))?;
    let bearer = HeaderValue::from_str(&format!("Bearer {}", address.token)).map_err(|cause| failed(&cause))?;
    request.headers_mut().insert(AUTHORIZATION, bearer);
    let connector = if scheme == "ws" {
        Connector::Plain
    } else {
        Connector::Rustls(tls().map_err(|cause| failed(&cause))?)
    };
    let opening = connect_async_tls_with_config(request, None, true, Some(connector));
    match tokio::time::timeout(OPEN, opening).await {
        Ok(Ok((stream, _))) => Ok(Socket::on(stream)),
        Ok(Err(Error::Http(response))) if response.status() == StatusCode::UNAUTHORIZED => Err(OpenError::SignedOut),
        Ok(Err(cause)) => Err(failed(&cause)),
        Err(_) => Err(OpenError::Failed(error(
            ErrorCode::Unreachable,
            "the server does not answer",
        ))),
    }
}

/// The system's own trust: a company's authority counts as it does in a browser.
fn tls() -> Result<Arc<ClientConfig>, rustls::Error> {
    static CONFIG: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    if let Some(config) = CONFIG.get() {
        return Ok(config.clone());
    }
    let made = Arc::new(ClientConfig::with_platform_verifier()?);
    Ok(CONFIG.get_or_init(|| made).clone())
}

impl Socket {
    fn on(stream: Stream) -> Self {
        let (mouth, mut stream) = stream.split();
        let (tell, heard) = mpsc::channel(AHEAD);
        let ear = tokio::spawn(async move {
            while let Some(incoming) = next(&mut stream).await {
                if tell.send(incoming).await.is_err() {
                    break;
                }
            }
        });
        Self {
            mouth,
            heard,
            _ear: AbortOnDropHandle::new(ear),
        }
    }

    /// Says something; false when the connection is gone.
    pub(crate) async fn say(&mut self, message: &ClientMessage) -> bool {
        let Ok(text) = serde_json::to_string(message) else {
            return true;
        };
        let sending = self.mouth.send(Message::Text(text.into()));
        matches!(tokio::time::timeout(WRITE, sending).await, Ok(Ok(())))
    }

    /// The next thing the server says; `None` when the connection is gone.
    pub(crate) async fn hear(&mut self) -> Option<Incoming> {
        self.heard.recv().await
    }

    pub(crate) async fn close(mut self) {
        // The other side may be gone already.
        let _ = tokio::time::timeout(Duration::from_millis(500), self.mouth.close()).await;
    }
}

/// The next thing the server says; `None` when the connection is gone.
async fn next(stream: &mut SplitStream<Stream>) -> Option<Incoming> {
    loop {
        match stream.next().await? {
            Ok(Message::Text(text)) => match decode(&text) {
                Ok(incoming) => return Some(incoming),
                Err(cause) => {
                    tracing::warn!(%cause, "the server said something that is not the protocol");
                    return None;
                }
            },
            // Pings are answered by the library.
            Ok(Message::Ping(_) | Message::Pong(_) | Message::Binary(_) | Message::Frame(_)) => {}
            Ok(Message::Close(_)) => return None,
            Err(cause) => {
                tracing::debug!(%cause, "the connection is gone");
                return None;
            }
        }
    }
}
