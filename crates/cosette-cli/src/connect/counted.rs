//! Counts requests on their way.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cosette::{Body, BoxFuture, Transport, TransportError};
use http::{Request, Response};

/// A transport that counts what it carries.
#[derive(Debug)]
pub(super) struct Counted {
    inner: Arc<dyn Transport>,
    sent: AtomicU64,
}

impl Counted {
    pub(super) fn new(inner: Arc<dyn Transport>) -> Self {
        Self {
            inner,
            sent: AtomicU64::new(0),
        }
    }

    pub(super) fn count(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }
}

impl Transport for Counted {
    fn call(
        &self,
        request: Request<Body>,
    ) -> BoxFuture<'static, Result<Response<Body>, TransportError>> {
        self.sent.fetch_add(1, Ordering::Relaxed);
        self.inner.call(request)
    }
}
