//! Giving up on silence: a request fails when nothing moves for too long, however long it takes.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::{Instant, Sleep};

use crate::body::{Body, BodyError};
use crate::error::{Error, ErrorKind};

/// What is known of a request body while it is on its way.
#[derive(Debug, Clone, Default)]
pub(crate) struct Watch(Arc<Seen>);

#[derive(Debug, Default)]
struct Seen {
    frames: AtomicU64,
    failure: Mutex<Option<String>>,
}

impl Watch {
    fn frames(&self) -> u64 {
        self.0.frames.load(Ordering::Relaxed)
    }

    /// Why the body could not be read, if that is why the request failed.
    pub(crate) fn local_failure(&self) -> Option<Error> {
        let failure = self
            .0
            .failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        failure.map(|why| Error::new(ErrorKind::Local, format!("the body cannot be read: {why}")))
    }
}

/// The body, with each of its frames counted.
pub(crate) fn watch(body: Body, watch: &Watch) -> Body {
    // What is sent whole needs no watching, and keeps its exact size for the transport.
    if body.is_empty() {
        return body;
    }
    Body::new(Watched {
        body,
        watch: watch.clone(),
    })
}

struct Watched {
    body: Body,
    watch: Watch,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        let seen = &self.watch.0;
        seen.frames.fetch_add(1, Ordering::Relaxed);
        if let Some(Err(why)) = &frame {
            let mut failure = seen.failure.lock().unwrap_or_else(PoisonError::into_inner);
            *failure = Some(why.to_string());
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// What the work gives; `None` when for `limit` neither it ended nor the watched body moved.
pub(crate) async fn limited<T>(
    limit: Duration,
    watch: &Watch,
    work: impl Future<Output = T>,
) -> Option<T> {
    let mut work = std::pin::pin!(work);
    loop {
        let seen = watch.frames();
        match tokio::time::timeout(limit, &mut work).await {
            Ok(done) => return Some(done),
            Err(_) if watch.frames() == seen => return None,
            Err(_) => {}
        }
    }
}

/// The body of a reply, which fails when no frame comes for `limit`.
pub(crate) fn limit(body: Body, limit: Duration) -> Body {
    let sleep = Box::pin(tokio::time::sleep(limit));
    Body::new(Limited {
        body,
        limit,
        sleep,
        waiting: false,
    })
}

struct Limited {
    body: Body,
    limit: Duration,
    sleep: Pin<Box<Sleep>>,
    waiting: bool,
}

impl HttpBody for Limited {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) {
            this.waiting = false;
            return Poll::Ready(frame);
        }
        // The caller may take its time between frames: only a poll that finds nothing is a wait.
        if !std::mem::replace(&mut this.waiting, true) {
            this.sleep.as_mut().reset(Instant::now() + this.limit);
        }
        ready!(this.sleep.as_mut().poll(cx));
        let words = format!("nothing was heard for {} s", this.limit.as_secs_f32());
        Poll::Ready(Some(Err(Error::new(ErrorKind::Timeout, words).into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
