//! How a server is started.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use crate::listener::TlsFiles;

/// How a server is started.
#[derive(Clone)]
pub struct Options {
    /// The data directory.
    pub data: PathBuf,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What several servers on one PostgreSQL share: the blobs, and the key that seals passwords. Without it they lie in the data directory.
    pub shared: Option<PathBuf>,
    /// `postgres://...`; without it the log lies in a SQLite file of the data directory.
    pub database_url: Option<String>,
    /// The server's own certificate.
    pub tls: Option<TlsFiles>,
    /// The address people use, where a proxy stands before the server.
    pub public_url: Option<String>,
    /// How many proxies of one's own stand before the server.
    pub trust_proxy: u8,
    /// Encrypts the SQLite file and the blobs. A desktop gives one from its keyring; a server's disk is its operator's.
    pub data_key: Option<[u8; 32]>,
    /// Seals the passwords of mailboxes. Without one it is kept in a file of the data directory.
    pub seal_key: Option<[u8; 32]>,
    /// Whether mailboxes are read and sent from. Off for a look at the data.
    pub host_accounts: bool,
    /// Whether what leaves accounts without a password is taken and kept: the sample inbox.
    pub paper: bool,
}

impl Options {
    /// Where the blobs and the key that seals passwords lie, for a server on `data`.
    pub(crate) fn keeps<'a>(&'a self, data: &'a Path) -> &'a Path {
        self.shared.as_deref().unwrap_or(data)
    }

    /// On loopback, any port, SQLite.
    #[must_use]
    pub fn in_directory(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            shared: None,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            database_url: None,
            tls: None,
            public_url: None,
            trust_proxy: 0,
            data_key: None,
            seal_key: None,
            host_accounts: true,
            paper: false,
        }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("data", &self.data)
            .field("shared", &self.shared)
            .field("listen", &self.listen)
            .field("postgres", &self.database_url.is_some())
            .field("tls", &self.tls.is_some())
            .field("public_url", &self.public_url)
            .field("trust_proxy", &self.trust_proxy)
            .field("encrypted", &self.data_key.is_some())
            .field("host_accounts", &self.host_accounts)
            .finish_non_exhaustive()
    }
}
