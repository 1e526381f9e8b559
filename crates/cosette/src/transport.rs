//! The transport seam: one call that carries a request and brings its reply.
//!
//! TCP and TLS, a Unix socket, or any service in the same process. A transport neither retries nor
//! follows redirects nor looks at credentials.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};

use crate::body::{Body, BodyError};
use crate::clock::BoxFuture;

mod dial;
mod http_client;
mod tls;

pub use http_client::{HttpTransport, HttpTransportBuilder};

/// Carries one request and brings its reply.
///
/// The request's URI is absolute (`http://host/path?query`) and its `Host` header is set and signed:
/// a transport may choose where it connects to, but must send both as they are.
pub trait Transport: fmt::Debug + Send + Sync + 'static {
    /// Sends the request; resolves when the head of the reply is there.
    fn call(
        &self,
        request: Request<Body>,
    ) -> BoxFuture<'static, Result<Response<Body>, TransportError>>;
}

/// Why there is no reply.
#[derive(Debug)]
pub struct TransportError {
    /// Whether it is certain that the service did not see the request.
    pub not_sent: bool,
    /// What happened.
    pub cause: BodyError,
}

impl TransportError {
    /// The connection was never there: the service saw nothing.
    pub fn not_sent(cause: impl Into<BodyError>) -> Self {
        Self {
            not_sent: true,
            cause: cause.into(),
        }
    }

    /// The connection was lost: the service may have acted or not.
    pub fn lost(cause: impl Into<BodyError>) -> Self {
        Self {
            not_sent: false,
            cause: cause.into(),
        }
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The outer error of an HTTP stack says little; what is at the bottom of it tells.
        let mut cause: &(dyn std::error::Error + 'static) = &*self.cause;
        write!(f, "{cause}")?;
        while let Some(deeper) = cause.source() {
            write!(f, ": {deeper}")?;
            cause = deeper;
        }
        Ok(())
    }
}

impl std::error::Error for TransportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.cause)
    }
}

/// A service in the same process: a function from requests to replies.
///
/// ```
/// # use cosette::{Body, transport};
/// let echo = transport::from_fn(|request: http::Request<Body>| async move {
///     Ok::<_, std::convert::Infallible>(http::Response::new(request.into_body()))
/// });
/// # let _ = echo;
/// ```
pub fn from_fn<F, Fut, B, E>(service: F) -> impl Transport
where
    F: Fn(Request<Body>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Response<B>, E>> + Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BodyError>,
    E: Into<BodyError>,
{
    FromFn(service)
}

struct FromFn<F>(F);

impl<F> fmt::Debug for FromFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("in-process service")
    }
}

impl<F, Fut, B, E> Transport for FromFn<F>
where
    F: Fn(Request<Body>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Response<B>, E>> + Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BodyError>,
    E: Into<BodyError>,
{
    fn call(
        &self,
        request: Request<Body>,
    ) -> BoxFuture<'static, Result<Response<Body>, TransportError>> {
        let reply = (self.0)(request);
        Box::pin(async move {
            match reply.await {
                Ok(reply) => Ok(reply.map(Body::new)),
                Err(why) => Err(TransportError::lost(why)),
            }
        })
    }
}

impl Transport for Arc<dyn Transport> {
    fn call(
        &self,
        request: Request<Body>,
    ) -> BoxFuture<'static, Result<Response<Body>, TransportError>> {
        (**self).call(request)
    }
}
