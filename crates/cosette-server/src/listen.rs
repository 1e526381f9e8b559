//! Sockets: accepting connections, serving HTTP/1.1 on them, and stopping without breaking off what
//! is under way.

use std::convert::Infallible;
use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::BoxFuture;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::admin;
use crate::connection::{Between, HeadPaced, Marked};
use crate::limits;
use crate::service::Service;

/// Where connections come from.
#[derive(Debug)]
pub enum Listener {
    /// A TCP port.
    Tcp(TcpListener),
    /// A socket in the file system.
    Unix(UnixListener),
}

impl Listener {
    /// Listens on a TCP address; port 0 takes a free one.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub async fn tcp(address: SocketAddr) -> std::io::Result<Self> {
        TcpListener::bind(address).await.map(Self::Tcp)
    }

    /// Listens on a socket in the file system that only its owner may use. What stands there already
    /// is taken for the socket of a process that is gone: the caller knows that it is.
    ///
    /// # Errors
    /// When the socket cannot be made, for one because its path is longer than a socket's may be.
    pub fn unix(path: &Path) -> std::io::Result<Self> {
        use std::os::unix::fs::PermissionsExt;
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(path)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        Ok(Self::Unix(listener))
    }

    /// The TCP address, with the port that was taken.
    pub fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok(),
            Self::Unix(_) => None,
        }
    }

    async fn accept(&self) -> std::io::Result<Accepted> {
        match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                without_delay(&stream);
                Ok(Accepted::Tcp(stream))
            }
            Self::Unix(listener) => Ok(Accepted::Unix(listener.accept().await?.0)),
        }
    }
}

enum Accepted {
    Tcp(TcpStream),
    Unix(tokio::net::UnixStream),
}

/// Sends small replies at once. Held back for more to send along (Nagle's algorithm), each would
/// wait for the client's delayed acknowledgement: some 40 ms.
fn without_delay(stream: &TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY cannot be set");
    }
}

/// Says when to stop. Clones say it at the same time.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<bool>);

/// Makes everybody stop who has the [`Stop`] of it; so does dropping it.
#[derive(Debug)]
pub struct Stopper(watch::Sender<bool>);

/// A stopper and its stop.
pub fn stopper() -> (Stopper, Stop) {
    let (sender, receiver) = watch::channel(false);
    (Stopper(sender), Stop(receiver))
}

impl Stopper {
    /// Says it.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// Waits until it is said.
    async fn wait(&mut self) {
        while !*self.0.borrow_and_update() {
            // A stopper that is gone will never say it: its server is not wanted any more.
            if self.0.changed().await.is_err() {
                return;
            }
        }
    }
}

/// Serves until told to stop, then lets requests under way end, for a bounded time.
pub async fn serve(listener: Listener, service: Service, mut stop: Stop) {
    let room = Semaphore::new(limits::CONNECTIONS_MAX);
    let room = std::sync::Arc::new(room);
    let mut connections = JoinSet::new();
    loop {
        let accepting = async {
            let place = room.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            biased;
            () = stop.wait() => break,
            accepted = accepting => accepted,
        };
        // Those that ended give their room back here.
        while connections.try_join_next().is_some() {}
        let (service, stop) = (service.clone(), stop.clone());
        match accepted {
            Ok(Accepted::Tcp(stream)) => {
                connections.spawn(async move {
                    connection(stream, service, stop, Door::Anywhere).await;
                    drop(place);
                });
            }
            Ok(Accepted::Unix(stream)) => {
                connections.spawn(async move {
                    connection(stream, service, stop, Door::Folder).await;
                    drop(place);
                });
            }
            Err(error) => {
                // Out of descriptors, most likely: connections that end give some back.
                tracing::warn!(%error, "a connection cannot be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    let drained = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(limits::DRAIN_TIMEOUT, drained)
        .await
        .is_err()
    {
        tracing::warn!("requests under way are broken off");
    }
    connections.shutdown().await;
}

/// After a failure to accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Where a connection comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Door {
    /// From the socket in the store's folder: who may open it may do anything.
    Folder,
    /// From a port.
    Anywhere,
}

async fn connection<S>(stream: S, service: Service, mut stop: Stop, from: Door)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let between = Between::new();
    let io = HeadPaced::new(TokioIo::new(stream), between.clone());
    let answer = hyper::service::service_fn(move |request| {
        let (service, request_begun) = (service.clone(), between.begin());
        // Boxed: the compiler cannot see by itself that so deep a future may change threads.
        let answering: BoxFuture<'static, Result<_, Infallible>> = Box::pin(async move {
            let response = if from == Door::Folder && admin::is_about(&request) {
                admin::answer(service.store(), &request).await
            } else {
                service.call(request).await
            };
            Ok(response.map(|body| Marked::new(body, request_begun)))
        });
        answering
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits::IDLE_TIMEOUT)
        .max_header_size(limits::HEAD_BYTES_MAX)
        .max_headers(limits::HEADERS_MAX)
        .preserve_header_case(true)
        // A client that has said all it has to say still gets its answer.
        .half_close(true)
        .serve_connection(io, answer);
    let mut serving = pin!(serving);
    let ended = tokio::select! {
        biased;
        ended = serving.as_mut() => ended,
        () = stop.wait() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error = %Chain(&error), "a connection ended early");
    }
}

/// An error with what caused it, on one line.
struct Chain<'a>(&'a dyn std::error::Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(cause) = source {
            write!(f, ": {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn accepted_connections_do_not_hold_small_replies_back() {
        let listener = Listener::tcp(([127, 0, 0, 1], 0).into()).await.unwrap();
        let client = TcpStream::connect(listener.address().unwrap())
            .await
            .unwrap();
        let Accepted::Tcp(accepted) = listener.accept().await.unwrap() else {
            unreachable!()
        };
        assert!(accepted.nodelay().unwrap());
        // The option is ours, not the system's default.
        assert!(!client.nodelay().unwrap());
    }

    #[tokio::test]
    async fn a_socket_in_a_folder_is_its_owners_only() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let first = Listener::unix(&path).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        drop(first);
        assert!(Listener::unix(&path).is_ok());
    }
}
