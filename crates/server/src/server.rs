//! Starting and stopping a server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::ListenerExt as _;
use tokio::task::JoinHandle;

use crate::admin::AdminSocket;
use crate::core::{Core, OpenError};
use crate::data::{DataDir, DataError};
use crate::hosting::Hosts;
use crate::http;
use crate::listener::{Door, ListenError};
use crate::options::Options;
use crate::{search, sync};

/// How long those who are being served get to finish when the server stops.
const FAREWELL: Duration = Duration::from_secs(8);

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory can't be used.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The data can't be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It can't listen.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The operator's socket can't be opened.
    #[error("the operator's socket can't be opened: {0}")]
    Admin(#[source] std::io::Error),
}

/// The sync server.
#[derive(Debug)]
pub struct Server;

impl Server {
    /// Starts a server; it serves when this returns.
    ///
    /// # Errors
    /// When the data is in use or can't be opened, or the address is taken.
    pub async fn start(options: Options) -> Result<Running, StartError> {
        let data = DataDir::take(&options.data)?;
        let door = Door::open(options.listen, options.tls.as_ref()).await?;
        let core = Core::open(data.path(), &options).await?;
        let local_addr = door.address();
        let url = options
            .public_url
            .clone()
            .unwrap_or_else(|| format!("{}://{local_addr}", door.scheme()));
        let admin = AdminSocket::open(data.path(), Arc::clone(&core))
            .await
            .map_err(StartError::Admin)?;
        let app = http::router(Arc::clone(&core)).into_make_service_with_connect_info::<SocketAddr>();
        let stop = core.stop.clone();
        // The wrapper does nothing but make the peer's address available to handlers.
        let serving = axum::serve(door.tap_io(|_| ()), app).with_graceful_shutdown(stop.cancelled_owned());
        let serving = tokio::spawn(async move {
            if let Err(error) = serving.await {
                tracing::error!(%error, "the server ended");
            }
        });
        core.serving.spawn(search::keep(Arc::clone(&core)));
        if core.store.is_shared() {
            core.serving.spawn(sync::carry(Arc::clone(&core)));
        }
        if options.host_accounts {
            core.hosts.start(&core);
        }
        if options.paper {
            Hosts::start_paper(&core);
        }
        tracing::info!(address = %local_addr, data = %data.path().display(), "serving");
        Ok(Running {
            local_addr,
            secured: options.tls.is_some(),
            url,
            core,
            serving,
            _admin: admin,
            _data: data,
        })
    }
}

/// A server that runs. Dropping it stops it at once; [`Running::stop`] lets it finish.
#[derive(Debug)]
pub struct Running {
    local_addr: SocketAddr,
    secured: bool,
    url: String,
    core: Arc<Core>,
    serving: JoinHandle<()>,
    _admin: AdminSocket,
    _data: DataDir,
}

impl Running {
    /// Where it listens.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Its address for people and programs.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether it speaks TLS itself.
    #[must_use]
    pub fn secured(&self) -> bool {
        self.secured
    }

    /// What it is made of, for the process that runs it.
    #[must_use]
    pub fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// Stops it: no more is taken, what was accepted is finished, mailboxes are left in order, and the data is closed.
    pub async fn stop(mut self) {
        self.core.stop.cancel();
        self.core.serving.close();
        let farewell = async {
            self.core.serving.wait().await;
            let _ = (&mut self.serving).await;
        };
        if tokio::time::timeout(FAREWELL, farewell).await.is_err() {
            tracing::warn!("somebody was still being served; they are cut");
            self.serving.abort();
        }
        self.core.close().await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.core.stop.cancel();
        self.serving.abort();
    }
}
