//! HTTP/1.1 over TCP, TLS or a Unix socket, with connections kept open between requests.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use http::uri::Scheme;
use http::{Request, Response};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::CertificateDer;

use super::dial::{Dial, To};
use super::{Transport, TransportError, tls};
use crate::body::Body;
use crate::clock::BoxFuture;
use crate::error::Error;

/// How long a connection may take to open.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an idle connection is kept; services close theirs after a minute or so.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// Bytes that a connection has in memory each way, at most. With a quarter of it downloads take more than twice as
/// long (docs/performance.md).
const CONNECTION_BYTES_MAX: usize = 512 << 10;

/// The transport over sockets. Certificates are checked against the Mozilla roots, and those that the builder
/// is given.
#[derive(Clone)]
pub struct HttpTransport {
    client: Client<HttpsConnector<Dial>, Body>,
    dial: Dial,
}

/// Settings of an [`HttpTransport`].
#[derive(Debug, Clone)]
pub struct HttpTransportBuilder {
    dial: Dial,
    pool_idle_max: usize,
    authorities: Vec<CertificateDer<'static>>,
}

impl HttpTransport {
    /// Connects to the host that each request names.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Connects to one Unix socket, whatever host a request names.
    pub fn unix_socket(path: impl Into<PathBuf>) -> Self {
        let mut builder = Self::builder();
        builder.dial.to = To::Unix(path.into());
        builder.build()
    }

    /// Settings to start from.
    pub fn builder() -> HttpTransportBuilder {
        HttpTransportBuilder {
            dial: Dial {
                to: To::Named,
                timeout: CONNECT_TIMEOUT,
            },
            pool_idle_max: 64,
            authorities: Vec::new(),
        }
    }
}

impl Default for HttpTransport {
    fn default() -> Self {
        Self::new()
    }
}

impl HttpTransportBuilder {
    /// Connects everything to one `host:port`, whatever host a request names; the `Host` header (and
    /// the name that a certificate must have) stays the request's own.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) when it is not `host:port`.
    pub fn connect_to(mut self, address: &str) -> Result<Self, Error> {
        let port = address
            .rsplit_once(':')
            .map(|(_, port)| port.parse::<u16>());
        match port {
            Some(Ok(_)) => {
                self.dial.to = To::Fixed(address.to_owned());
                Ok(self)
            }
            _ => Err(Error::invalid(
                "connect_to",
                "the address must be host:port",
            )),
        }
    }

    /// Trusts these authorities, too: certificates in PEM, one or more. For a server whose certificate is signed
    /// by an authority of one's own.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) when there is none, or one that no authority can have.
    pub fn root_certificates(mut self, pem: &[u8]) -> Result<Self, Error> {
        self.authorities.append(&mut tls::authorities(pem)?);
        Ok(self)
    }

    /// How long a connection may take to open. 10 s by default.
    #[must_use]
    pub fn connect_timeout(mut self, time: Duration) -> Self {
        self.dial.timeout = time;
        self
    }

    /// Most idle connections kept for one host. 64 by default.
    #[must_use]
    pub fn pool_idle_max(mut self, connections: usize) -> Self {
        self.pool_idle_max = connections;
        self
    }

    /// The transport.
    pub fn build(self) -> HttpTransport {
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls::config(&self.authorities))
            .https_or_http()
            .enable_http1()
            .wrap_connector(self.dial.clone());
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(POOL_IDLE_TIMEOUT)
            .pool_max_idle_per_host(self.pool_idle_max)
            .http1_max_buf_size(CONNECTION_BYTES_MAX)
            // The Host header is set and signed before; another one must not take its place.
            .set_host(false)
            .build(connector);
        HttpTransport {
            client,
            dial: self.dial,
        }
    }
}

impl Transport for HttpTransport {
    fn call(
        &self,
        request: Request<Body>,
    ) -> BoxFuture<'static, Result<Response<Body>, TransportError>> {
        let https = request.uri().scheme() == Some(&Scheme::HTTPS);
        let reply = self.client.request(request);
        Box::pin(async move {
            match reply.await {
                Ok(reply) => Ok(reply.map(Body::new)),
                Err(why) if why.is_connect() => {
                    Err(TransportError::not_sent(tls::explained(why, https)))
                }
                Err(why) => Err(TransportError::lost(tls::explained(why, https))),
            }
        })
    }
}

impl fmt::Debug for HttpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpTransport")
            .field("dial", &self.dial)
            .finish()
    }
}
