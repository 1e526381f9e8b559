//! How long a client may take over the head of a request.
//!
//! hyper has one timer for both, the wait for a request's first byte and the rest of its head. A
//! connection may well be idle for a minute, but a head that has begun must soon be whole: otherwise
//! a few hundred slow clients hold all connections there are.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use hyper::rt::{Read, ReadBufCursor, Write};
use tokio::time::{Sleep, sleep};

use crate::body::{Body, BoxError};
use crate::limits::HEAD_READ_TIMEOUT;

/// Whether a connection is between two requests, and how many have begun.
#[derive(Debug, Clone)]
pub(crate) struct Between(Arc<Progress>);

#[derive(Debug)]
struct Progress {
    between: AtomicBool,
    begun: AtomicU64,
}

/// A request under way; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Begun(Between);

impl Between {
    pub(crate) fn new() -> Self {
        let progress = Progress {
            between: AtomicBool::new(true),
            begun: AtomicU64::new(0),
        };
        Self(Arc::new(progress))
    }

    pub(crate) fn begin(&self) -> Begun {
        self.0.begun.fetch_add(1, Ordering::Relaxed);
        self.0.between.store(false, Ordering::Relaxed);
        Begun(self.clone())
    }

    fn is_now(&self) -> bool {
        self.0.between.load(Ordering::Relaxed)
    }

    fn begun(&self) -> u64 {
        self.0.begun.load(Ordering::Relaxed)
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        self.0.0.between.store(true, Ordering::Relaxed);
    }
}

/// A response's body that ends its request.
#[derive(Debug)]
pub(crate) struct Marked {
    body: Body,
    _request: Begun,
}

impl Marked {
    pub(crate) const fn new(body: Body, request: Begun) -> Self {
        Self {
            body,
            _request: request,
        }
    }
}

impl http_body::Body for Marked {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A connection that breaks when a head that has begun is not whole in time.
#[derive(Debug)]
pub(crate) struct HeadPaced<I> {
    io: I,
    between: Between,
    /// Runs from the first byte of a head; with how many requests had begun before it.
    deadline: Option<(u64, Pin<Box<Sleep>>)>,
}

impl<I> HeadPaced<I> {
    pub(crate) const fn new(io: I, between: Between) -> Self {
        Self {
            io,
            between,
            deadline: None,
        }
    }
}

impl<I: Read + Unpin> Read for HeadPaced<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let read = Pin::new(&mut this.io).poll_read(cx, buffer);
        let begun = this.between.begun();
        let is_old = this.deadline.as_ref().is_some_and(|(of, _)| *of != begun);
        if is_old || !this.between.is_now() {
            this.deadline = None;
        }
        if !this.between.is_now() {
            return read;
        }
        if read.is_ready() {
            this.deadline
                .get_or_insert_with(|| (begun, Box::pin(sleep(HEAD_READ_TIMEOUT))));
            return read;
        }
        if let Some((_, deadline)) = &mut this.deadline {
            std::task::ready!(deadline.as_mut().poll(cx));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Poll::Pending
    }
}

impl<I: Write + Unpin> Write for HeadPaced<I> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, slices)
    }
}

#[cfg(test)]
mod tests {
    use hyper::rt::ReadBuf;
    use hyper_util::rt::TokioIo;
    use tokio::io::{AsyncWriteExt, DuplexStream};
    use tokio::time::{Duration, Instant};

    use super::*;

    type Io = HeadPaced<TokioIo<DuplexStream>>;

    async fn read(io: &mut Io) -> io::Result<usize> {
        let mut bytes = [0; 64];
        let mut buffer = ReadBuf::new(&mut bytes);
        std::future::poll_fn(|cx| Pin::new(&mut *io).poll_read(cx, buffer.unfilled())).await?;
        Ok(buffer.filled().len())
    }

    fn pair() -> (Io, Between, DuplexStream) {
        let (ours, theirs) = tokio::io::duplex(1024);
        let between = Between::new();
        (
            HeadPaced::new(TokioIo::new(ours), between.clone()),
            between,
            theirs,
        )
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_has_begun_must_soon_be_whole() {
        let (mut io, _, mut client) = pair();
        client.write_all(b"GET").await.unwrap();
        assert_eq!(read(&mut io).await.unwrap(), 3);
        let began = Instant::now();
        assert_eq!(
            read(&mut io).await.unwrap_err().kind(),
            io::ErrorKind::TimedOut
        );
        assert_eq!(began.elapsed().as_secs(), HEAD_READ_TIMEOUT.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn neither_waiting_nor_a_body_counts_as_a_head() {
        let (mut io, between, mut client) = pair();
        let long = HEAD_READ_TIMEOUT * 3;
        // A test waits much longer than the bound, on a clock that jumps.
        assert!(
            tokio::time::timeout(long, read(&mut io)).await.is_err(),
            "idle"
        );
        for _ in 0..2 {
            client.write_all(b"head").await.unwrap();
            assert_eq!(read(&mut io).await.unwrap(), 4);
            let request = between.begin();
            assert!(
                tokio::time::timeout(long, read(&mut io)).await.is_err(),
                "body"
            );
            drop(request);
        }
        // Answered before anything more was read: the time of the head before is over, too.
        client.write_all(b"head").await.unwrap();
        assert_eq!(read(&mut io).await.unwrap(), 4);
        tokio::time::advance(Duration::from_secs(9)).await;
        drop(between.begin());
        assert!(
            tokio::time::timeout(long, read(&mut io)).await.is_err(),
            "idle again"
        );
    }
}
