//! Counts requests on their way, and lets none begin anything once the user wants no more.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cosette::{Body, BoxFuture, Transport, TransportError};
use http::{Method, Request, Response};
use tokio::sync::watch;

/// A transport that counts what it carries.
#[derive(Debug)]
pub(super) struct Counted {
    inner: Arc<dyn Transport>,
    sent: AtomicU64,
    stopped: watch::Sender<bool>,
}

impl Counted {
    pub(super) fn new(inner: Arc<dyn Transport>) -> Self {
        Self {
            inner,
            sent: AtomicU64::new(0),
            stopped: watch::Sender::new(false),
        }
    }

    pub(super) fn count(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// From now on nothing is begun. What clears up is still sent: an upload that fails is aborted.
    pub(super) fn stop(&self) {
        self.stopped.send_replace(true);
    }

    /// Waits until nothing is to be begun any more.
    pub(super) fn stopped(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut stopped = self.stopped.subscribe();
        async move {
            if stopped.wait_for(|stopped| *stopped).await.is_err() {
                std::future::pending().await
            }
        }
    }
}

impl Transport for Counted {
    fn call(
        &self,
        request: Request<Body>,
    ) -> BoxFuture<'static, Result<Response<Body>, TransportError>> {
        let clears_up = [Method::DELETE, Method::GET, Method::HEAD].contains(request.method());
        if *self.stopped.borrow() && !clears_up {
            return Box::pin(async { Err(TransportError::not_sent("interrupted")) });
        }
        self.sent.fetch_add(1, Ordering::Relaxed);
        self.inner.call(request)
    }
}
