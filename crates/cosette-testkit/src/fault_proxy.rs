//! A network that fails where it is told to: a proxy on a loopback port that carries bytes to a server
//! and cuts, stops or half-closes a connection at a certain byte.
//!
//! Each connection takes the next fault from a list; without one it is carried to its end. What was
//! carried is counted, so that a test can learn where the borders of a dialogue are and then cut at
//! each of them.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the client to the server.
    ToServer,
    /// From the server to the client.
    ToClient,
}

/// What happens to a connection once so many bytes went in one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Both sides lose the connection.
    Break(Direction, u64),
    /// Nothing more goes in this direction, and nobody is told, until the test ends the connection
    /// with [`FaultProxy::release`].
    Stall(Direction, u64),
    /// The receiver sees the end of the stream; the other direction goes on.
    HalfClose(Direction, u64),
}

impl Cut {
    const fn at(self, direction: Direction) -> Option<u64> {
        let (Self::Break(of, at) | Self::Stall(of, at) | Self::HalfClose(of, at)) = self;
        match (of, direction) {
            (Direction::ToServer, Direction::ToServer)
            | (Direction::ToClient, Direction::ToClient) => Some(at),
            _ => None,
        }
    }
}

/// Bytes that went in both directions, of all connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passed {
    /// From clients to the server.
    pub to_server: u64,
    /// From the server to clients.
    pub to_client: u64,
}

/// The proxy; dropping it closes its port and its connections.
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    release: watch::Sender<u64>,
    accepting: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Shared {
    cuts: Mutex<VecDeque<Cut>>,
    to_server: AtomicU64,
    to_client: AtomicU64,
}

impl FaultProxy {
    /// Listens on a free loopback port for connections to `server`.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(server: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let (release, released) = watch::channel(0);
        let carried = Arc::clone(&shared);
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (shared, released) = (Arc::clone(&carried), released.clone());
                tokio::spawn(async move {
                    // A connection that fails is what tests are about; nobody needs to hear of it.
                    let _ = carry(client, server, &shared, released).await;
                });
            }
        });
        Ok(Self {
            address,
            shared,
            release,
            accepting,
        })
    }

    /// Where clients connect.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What happens to the next connection that has no fault yet.
    pub fn next(&self, cut: Cut) {
        lock(&self.shared.cuts).push_back(cut);
    }

    /// Forgets faults that no connection has taken.
    pub fn clear(&self) {
        lock(&self.shared.cuts).clear();
    }

    /// Ends all connections that are stalled.
    pub fn release(&self) {
        self.release.send_modify(|times| *times += 1);
    }

    /// What went through until now.
    pub fn passed(&self) -> Passed {
        Passed {
            to_server: self.shared.to_server.load(Ordering::SeqCst),
            to_client: self.shared.to_client.load(Ordering::SeqCst),
        }
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.release();
    }
}

fn lock(cuts: &Mutex<VecDeque<Cut>>) -> std::sync::MutexGuard<'_, VecDeque<Cut>> {
    cuts.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn carry(
    client: TcpStream,
    server: SocketAddr,
    shared: &Shared,
    mut released: watch::Receiver<u64>,
) -> std::io::Result<()> {
    let cut = lock(&shared.cuts).pop_front();
    released.mark_unchanged();
    let server = TcpStream::connect(server).await?;
    for stream in [&client, &server] {
        stream.set_nodelay(true)?;
    }
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let up = way(
        &mut from_client,
        &mut to_server,
        Direction::ToServer,
        cut,
        &shared.to_server,
    );
    let down = way(
        &mut from_server,
        &mut to_client,
        Direction::ToClient,
        cut,
        &shared.to_client,
    );
    let (mut up, mut down) = (std::pin::pin!(up), std::pin::pin!(down));
    let mut open = (true, true);
    while open.0 || open.1 {
        let ended = tokio::select! {
            ended = up.as_mut(), if open.0 => { open.0 = false; ended? }
            ended = down.as_mut(), if open.1 => { open.1 = false; ended? }
            _ = released.changed() => return Ok(()),
        };
        match ended {
            End::Stream => {}
            // Both halves are dropped, and with them the connections.
            End::Cut => return Ok(()),
            End::Stalled => {
                // The other direction may go on; the end comes from outside.
                if open.0 || open.1 {
                    let rest = async {
                        if open.0 {
                            up.as_mut().await
                        } else {
                            down.as_mut().await
                        }
                    };
                    tokio::select! {
                        _ = rest => {}
                        _ = released.changed() => return Ok(()),
                    }
                }
                let _ = released.changed().await;
                return Ok(());
            }
        }
    }
    Ok(())
}

enum End {
    /// The sender ended, or the receiver was told so.
    Stream,
    Cut,
    Stalled,
}

async fn way(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    direction: Direction,
    cut: Option<Cut>,
    passed: &AtomicU64,
) -> std::io::Result<End> {
    let mut left = cut.and_then(|cut| cut.at(direction));
    let mut bytes = vec![0; 16 << 10];
    loop {
        if left == Some(0) {
            return Ok(match cut {
                Some(Cut::Stall(..)) => End::Stalled,
                Some(Cut::HalfClose(..)) => {
                    to.shutdown().await?;
                    End::Stream
                }
                _ => End::Cut,
            });
        }
        let most = left.map_or(bytes.len(), |left| {
            usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len())
        });
        let count = from.read(bytes.get_mut(..most).unwrap_or_default()).await?;
        if count == 0 {
            to.shutdown().await?;
            return Ok(End::Stream);
        }
        // Counted before it can be seen on the other side.
        passed.fetch_add(count as u64, Ordering::SeqCst);
        to.write_all(bytes.get(..count).unwrap_or_default()).await?;
        left = left.map(|left| left - count as u64);
    }
}
