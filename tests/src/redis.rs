//! A private Redis: the program people take when they build locks that others are told of. Only measurements use it.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::net::TcpStream;

use crate::port::Port;
use crate::process::{Part, eventually};
use crate::programs::system;
use crate::scratch::Scratch;

/// How long it may take to start on a busy machine.
const START: Duration = Duration::from_secs(60);

/// A Redis that keeps nothing on the disk.
#[derive(Debug)]
pub struct Redis {
    _server: Part,
    port: Port,
    _scratch: Scratch,
}

impl Redis {
    /// Starts one.
    ///
    /// # Errors
    /// When Redis is not installed or does not start.
    pub async fn start() -> Result<Self> {
        let program = system("redis-server")?;
        let scratch = Scratch::new("redis")?;
        let port = Port::claim()?;
        let mut run = Command::new(program);
        run.args(["--port", &port.number().to_string(), "--bind", "127.0.0.1"]);
        run.args(["--save", "", "--appendonly", "no", "--maxclients", "12000"]);
        run.arg("--dir").arg(scratch.path());
        let mut server = Part::start("redis-server", run, &scratch.join("redis.log"))?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port.number()));
        eventually("Redis", START, async || {
            server.must_be_running()?;
            Ok(TcpStream::connect(address).await.is_ok().then_some(()))
        })
        .await
        .with_context(|| server.log_tail())?;
        Ok(Self {
            _server: server,
            port,
            _scratch: scratch,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port.number()))
    }
}
