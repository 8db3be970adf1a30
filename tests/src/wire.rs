//! The network between one desktop and the server, which a test can cut and listen in on.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::io::InspectReader;

/// Everything that a server said on a wire.
type Tape = Arc<Mutex<Vec<u8>>>;

/// A loopback address that leads to a server as long as the wire is whole.
///
/// While it is cut, connections are taken and never answered, and those that were open carry nothing more: what a laptop
/// sees when it leaves the office, which no firewall announces.
#[derive(Debug)]
pub struct Wire {
    address: SocketAddr,
    whole: Arc<watch::Sender<bool>>,
    far: Arc<AtomicU16>,
    tape: Option<Tape>,
    carrier: JoinHandle<()>,
}

impl Wire {
    /// Lays a wire to the server at `port` on this machine.
    ///
    /// # Errors
    /// When no address is free.
    pub async fn to(port: u16) -> Result<Self> {
        Self::lay(port, None).await
    }

    /// Lays a wire that keeps a copy of every byte the server says on it. The server speaks without TLS on loopback, so a test
    /// can look for what must not be there.
    ///
    /// # Errors
    /// When no address is free.
    pub async fn taped(port: u16) -> Result<Self> {
        Self::lay(port, Some(Tape::default())).await
    }

    async fn lay(port: u16, tape: Option<Tape>) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .context("lay a wire")?;
        let address = listener.local_addr()?;
        let whole = Arc::new(watch::Sender::new(true));
        let far = Arc::new(AtomicU16::new(port));
        let (state, leads, recording) = (Arc::clone(&whole), Arc::clone(&far), tape.clone());
        let carrier = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let port = leads.load(Ordering::Relaxed);
                tokio::spawn(carry(near, port, state.subscribe(), recording.clone()));
            }
        });
        Ok(Self {
            address,
            whole,
            far,
            tape,
            carrier,
        })
    }

    /// Where the desktop finds the server.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Whether the server has said these words on a taped wire.
    #[must_use]
    pub fn carried(&self, words: &str) -> bool {
        let Some(tape) = &self.tape else { return false };
        let tape = tape.lock().unwrap_or_else(PoisonError::into_inner);
        tape.windows(words.len()).any(|window| window == words.as_bytes())
    }

    /// Leads to another server from the next connection on, as a balancer does when one is gone. Those that are open stay where they are.
    pub fn lead_to(&self, port: u16) {
        self.far.store(port, Ordering::Relaxed);
    }

    /// Cuts the wire.
    pub fn cut(&self) {
        self.whole.send_replace(false);
    }

    /// Mends the wire. Connections from before or during the cut are reset.
    pub fn mend(&self) {
        self.whole.send_replace(true);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.carrier.abort();
    }
}

/// Carries one connection until the wire is cut; then holds it, silent, until the wire is mended, and drops it.
async fn carry(mut near: TcpStream, port: u16, mut whole: watch::Receiver<bool>, tape: Option<Tape>) {
    if *whole.borrow_and_update() {
        let Ok(far) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await else {
            return;
        };
        let mut far = InspectReader::new(far, |heard: &[u8]| {
            if let Some(tape) = &tape {
                tape.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .extend_from_slice(heard);
            }
        });
        tokio::select! {
            _ = tokio::io::copy_bidirectional(&mut near, &mut far) => return,
            _ = whole.changed() => {}
        }
    }
    let _ = whole.wait_for(|whole| *whole).await;
}
