//! A wire that is cut after a given number of bytes.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Stands before a server and cuts connections: the first after so many bytes from the server, the second after so many, and so on.
/// When all cuts are made it lets everything through.
pub struct Cutter {
    pub port: u16,
    cuts: Arc<Mutex<VecDeque<u64>>>,
    task: JoinHandle<()>,
}

impl Cutter {
    pub async fn before(server: u16, cuts: impl IntoIterator<Item = u64>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let cuts = Arc::new(Mutex::new(cuts.into_iter().collect::<VecDeque<u64>>()));
        let left = Arc::clone(&cuts);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let cut = left.lock().unwrap().pop_front().unwrap_or(u64::MAX);
                tokio::spawn(carry(client, server, cut));
            }
        });
        Self { port, cuts, task }
    }

    /// How many cuts are still to be made.
    pub fn left(&self) -> usize {
        self.cuts.lock().unwrap().len()
    }
}

impl Drop for Cutter {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn carry(client: TcpStream, server: u16, cut: u64) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", server)).await else {
        return;
    };
    let (mut from_client, mut to_client) = client.into_split();
    let (from_server, mut to_server) = server.into_split();
    let down = async {
        let _ = copy(&mut from_server.take(cut), &mut to_client).await;
        let _ = to_client.shutdown().await;
    };
    // The client's words end with the wire: both halves are dropped together.
    tokio::select! {
        () = down => {}
        _ = copy(&mut from_client, &mut to_server) => {}
    }
}
