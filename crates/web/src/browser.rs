//! The interface and the engine's one door, on loopback.
//!
//! | path | what |
//! |---|---|
//! | `POST /api/call` | a [`Request`](baton_protocol::Request), answered by a [`Reply`](baton_protocol::Reply) or an [`ApiError`](baton_protocol::ApiError) |
//! | `GET /api/events` | a WebSocket with every [`UiEvent`](baton_protocol::UiEvent) |
//! | everything else | the built interface, from a directory |
//!
//! A page from anywhere may try to talk to a loopback address. Three things stand in its way: the `Host` must be ours (another
//! name that was made to resolve to 127.0.0.1 is refused), the `Origin`, where there is one, must be ours, and the secret in the
//! address must come with every request. The secret is in the fragment of the printed address, which browsers never send.

mod api;
mod guard;
mod secret;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use axum::Router;
use baton_client::Desktop;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tower_http::services::ServeDir;

pub use secret::Secret;

/// The variable that names the directory with the built interface.
pub const UI_VARIABLE: &str = "BATON_UI_DIR";

/// How long an answer on its way may take when the door closes.
const FAREWELL: Duration = Duration::from_secs(1);

/// A door that is open on loopback until its future is dropped.
pub struct Browser {
    listener: TcpListener,
    router: Router,
    address: SocketAddr,
    secret: Secret,
}

impl Browser {
    /// Listens on loopback; port 0 takes a free one.
    ///
    /// # Errors
    /// When the port is taken, or `ui` holds no built interface.
    pub async fn open(desktop: Desktop, ui: &Path, port: u16) -> anyhow::Result<Self> {
        if !ui.join("index.html").is_file() {
            bail!("{} holds no built interface (run `npm run build` in ui/)", ui.display());
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .with_context(|| format!("listen on 127.0.0.1:{port}"))?;
        let address = listener.local_addr().context("the address just bound")?;
        let secret = Secret::fresh().context("random bytes for the secret")?;
        let router = router(desktop, ui, address, &secret);
        Ok(Self {
            listener,
            router,
            address,
            secret,
        })
    }

    /// What to open in a browser, the secret included.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/#token={}", self.address, self.secret.reveal())
    }

    /// Answers until `end` is ready; a window that is still open then is not waited for.
    ///
    /// # Errors
    /// When the socket fails.
    pub async fn serve(self, end: impl Future<Output = ()> + Send + 'static) -> std::io::Result<()> {
        let (ending, ended) = oneshot::channel();
        let end = async move {
            end.await;
            let _ = ending.send(());
        };
        let too_long = async {
            if ended.await.is_ok() {
                tokio::time::sleep(FAREWELL).await;
            } else {
                std::future::pending().await
            }
        };
        let serving = axum::serve(self.listener, self.router).with_graceful_shutdown(end);
        tokio::select! {
            served = serving.into_future() => served,
            () = too_long => Ok(()),
        }
    }
}

fn router(desktop: Desktop, ui: &Path, address: SocketAddr, secret: &Secret) -> Router {
    api::router(desktop, secret.clone())
        .fallback_service(ServeDir::new(ui))
        .layer(axum::middleware::from_fn_with_state(
            guard::Names::of(address),
            guard::only_ours,
        ))
        .layer(axum::middleware::from_fn(guard::tighten))
}

/// Where the built interface is: as told, as the environment says, beside the program, or in the source tree one works in.
///
/// # Errors
/// When it is nowhere.
pub fn find_ui(told: Option<PathBuf>) -> anyhow::Result<PathBuf> {
    if let Some(told) = told {
        return Ok(told);
    }
    let beside = std::env::current_exe()
        .ok()
        .and_then(|program| Some(program.parent()?.join("ui")));
    let here = std::env::current_dir().ok().map(|here| here.join("ui/dist"));
    beside
        .into_iter()
        .chain(here)
        .find(|place| place.join("index.html").is_file())
        .with_context(|| format!("the built interface was not found; say where with --ui or {UI_VARIABLE}"))
}
