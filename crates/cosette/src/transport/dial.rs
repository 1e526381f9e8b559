//! Opening connections: to the host that a request names, to one address, or to a Unix socket.

use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;
use tower_service::Service;

use crate::body::BodyError;
use crate::clock::BoxFuture;

/// Where connections go.
#[derive(Debug, Clone)]
pub(super) struct Dial {
    pub(super) to: To,
    pub(super) timeout: Duration,
}

/// Whom to connect to.
#[derive(Debug, Clone)]
pub(super) enum To {
    /// The host and port of the request's URI.
    Named,
    /// One `host:port` for all requests.
    Fixed(String),
    /// One Unix socket for all requests.
    Unix(PathBuf),
}

impl Dial {
    async fn open(self, uri: Uri) -> Result<Socket, BodyError> {
        let timeout = self.timeout;
        tokio::time::timeout(timeout, self.connect(uri))
            .await
            .map_err(|_| format!("no connection within {} s", timeout.as_secs_f32()))?
    }

    async fn connect(self, uri: Uri) -> Result<Socket, BodyError> {
        let address = match self.to {
            To::Unix(path) => return unix(path).await,
            To::Fixed(address) => address,
            To::Named => {
                let host = uri.host().ok_or("the request names no host")?;
                let https = uri.scheme_str() == Some("https");
                let port = uri.port_u16().unwrap_or(if https { 443 } else { 80 });
                format!("{host}:{port}")
            }
        };
        let socket = TcpStream::connect(&address)
            .await
            .map_err(|why| format!("cannot connect to {address}: {why}"))?;
        // Small requests must not wait for the acknowledgement of the one before.
        socket.set_nodelay(true)?;
        Ok(Socket::Tcp(TokioIo::new(socket)))
    }
}

#[cfg(unix)]
async fn unix(path: PathBuf) -> Result<Socket, BodyError> {
    let socket = UnixStream::connect(&path)
        .await
        .map_err(|why| format!("cannot connect to {}: {why}", path.display()))?;
    Ok(Socket::Unix(TokioIo::new(socket)))
}

#[cfg(not(unix))]
async fn unix(path: PathBuf) -> Result<Socket, BodyError> {
    Err(format!("{}: this system has no Unix sockets", path.display()).into())
}

impl Service<Uri> for Dial {
    type Response = Socket;
    type Error = BodyError;
    type Future = BoxFuture<'static, Result<Socket, BodyError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BodyError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().open(uri))
    }
}

/// An open connection.
#[derive(Debug)]
pub(super) enum Socket {
    Tcp(TokioIo<TcpStream>),
    #[cfg(unix)]
    Unix(TokioIo<UnixStream>),
}

impl Connection for Socket {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Read for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(socket) => Pin::new(socket).poll_read(cx, buf),
            #[cfg(unix)]
            Self::Unix(socket) => Pin::new(socket).poll_read(cx, buf),
        }
    }
}

impl Write for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(socket) => Pin::new(socket).poll_write(cx, bytes),
            #[cfg(unix)]
            Self::Unix(socket) => Pin::new(socket).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(socket) => Pin::new(socket).poll_flush(cx),
            #[cfg(unix)]
            Self::Unix(socket) => Pin::new(socket).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(socket) => Pin::new(socket).poll_shutdown(cx),
            #[cfg(unix)]
            Self::Unix(socket) => Pin::new(socket).poll_shutdown(cx),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(socket) => Pin::new(socket).poll_write_vectored(cx, bytes),
            #[cfg(unix)]
            Self::Unix(socket) => Pin::new(socket).poll_write_vectored(cx, bytes),
        }
    }
}
