//! Sockets: accepting connections, serving HTTP/1.1 on them, and stopping without breaking off what
//! is under way.

use std::convert::Infallible;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::admin;
use crate::connection::{Between, Guarded, Marked};
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::places::{Place, Places};
use crate::policy::Peer;
use crate::service::Service;
use crate::tls::Tls;

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
                let (stream, peer) = listener.accept().await?;
                without_delay(&stream);
                Ok(Accepted::Tcp(stream, peer))
            }
            Self::Unix(listener) => Ok(Accepted::Unix(listener.accept().await?.0)),
        }
    }
}

enum Accepted {
    Tcp(TcpStream, SocketAddr),
    Unix(tokio::net::UnixStream),
}

impl Accepted {
    /// Where it comes from, if that is not this machine's own user.
    fn address(&self) -> Option<IpAddr> {
        match self {
            Self::Tcp(_, address) => Some(address.ip()),
            Self::Unix(_) => None,
        }
    }
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
    pub(crate) async fn wait(&mut self) {
        while !*self.0.borrow_and_update() {
            // A stopper that is gone will never say it: its server is not wanted any more.
            if self.0.changed().await.is_err() {
                return;
            }
        }
    }
}

/// Who is served, and by which bounds.
struct Served {
    service: Service,
    limits: Arc<Limits>,
    stop: Stop,
    tls: Option<Tls>,
    places: Places,
}

/// Serves until told to stop, then lets requests under way end, for a bounded time.
pub async fn serve(listener: Listener, service: Service, stop: Stop) {
    accept(listener, service, stop, None).await;
}

/// Serves one connection, whatever carries it, until it ends or is told to stop.
pub async fn serve_stream<S>(stream: S, service: Service, stop: Stop)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let limits = Arc::new(service.limits().clone());
    let served = Served {
        places: Places::new(&limits, service.metrics()),
        limits,
        service,
        stop,
        tls: None,
    };
    connection(stream, &served, Peer::default()).await;
}

/// As [`serve`], over TLS.
pub async fn serve_tls(listener: Listener, service: Service, stop: Stop, tls: Tls) {
    accept(listener, service, stop, Some(tls)).await;
}

async fn accept(listener: Listener, service: Service, mut stop: Stop, tls: Option<Tls>) {
    let limits = Arc::new(service.limits().clone());
    let served = Arc::new(Served {
        places: Places::new(&limits, service.metrics()),
        limits,
        service,
        stop: stop.clone(),
        tls,
    });
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.wait() => break,
            accepted = listener.accept() => accepted,
        };
        // Those that ended are forgotten here.
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok(accepted) => {
                // Without a place it is closed by being dropped.
                if let Some(place) = served.places.take(accepted.address()) {
                    connections.spawn(begin(accepted, Arc::clone(&served), place));
                }
            }
            Err(error) => {
                // Out of descriptors, most likely: connections that end give some back.
                tracing::warn!(%error, "a connection cannot be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    served.service.stopping();
    let drained = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(served.limits.drain_timeout, drained)
        .await
        .is_err()
    {
        tracing::warn!("requests under way are broken off");
    }
    connections.shutdown().await;
}

/// After a failure to accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

async fn begin(accepted: Accepted, served: Arc<Served>, place: Place) {
    let peer = Peer {
        address: accepted.address(),
        secure: matches!(accepted, Accepted::Tcp(..)) && served.tls.is_some(),
        folder: matches!(accepted, Accepted::Unix(_)),
    };
    match (accepted, &served.tls) {
        (Accepted::Tcp(stream, _), Some(tls)) => {
            let shaken = tokio::time::timeout(served.limits.handshake_timeout, tls.accept(stream));
            match shaken.await {
                Ok(Ok(stream)) => connection(stream, &served, peer).await,
                // A scanner, or a client that speaks plain HTTP.
                Ok(Err(error)) => {
                    Metrics::count(&served.service.metrics().refused_handshake);
                    tracing::debug!(%error, "no handshake of TLS");
                }
                Err(_) => Metrics::count(&served.service.metrics().refused_handshake),
            }
        }
        (Accepted::Tcp(stream, _), None) => connection(stream, &served, peer).await,
        // A socket in the file system needs no more than its permissions.
        (Accepted::Unix(stream), _) => connection(stream, &served, peer).await,
    }
    drop(place);
}

async fn connection<S>(stream: S, served: &Served, peer: Peer)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let between = Between::new();
    let guarded = Guarded::new(stream, between.clone(), Arc::clone(&served.limits));
    let service = served.service.clone();
    let progress = between.clone();
    let answer = hyper::service::service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(peer);
        let service = service.clone();
        let (request_begun, refusal) = between.begin();
        // Boxed: the compiler cannot see by itself that so deep a future may change threads.
        let answering: BoxFuture<'static, Result<_, Infallible>> = Box::pin(async move {
            let response = match refusal {
                Some(refusal) => service.refuse(refusal),
                None if peer.folder && admin::is_about(&request) => {
                    admin::answer(service.store(), &request).await
                }
                None => service.call(request).await,
            };
            Ok(response.map(|body| Marked::new(body, request_begun)))
        });
        answering
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(served.limits.idle_timeout)
        .max_header_size(served.limits.head_bytes_max)
        .max_headers(served.limits.headers_max)
        // A client that has said all it has to say still gets its answer.
        .half_close(true)
        .serve_connection(TokioIo::new(guarded), answer);
    let mut serving = pin!(serving);
    let mut stop = served.stop.clone();
    let ended = tokio::select! {
        biased;
        ended = serving.as_mut() => ended,
        () = stop.wait() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if progress.is_slow() {
        Metrics::count(&served.service.metrics().slow);
    }
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
        let Accepted::Tcp(accepted, _) = listener.accept().await.unwrap() else {
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
