//! What stands between a socket and the HTTP library: it sees each head before the library does,
//! refuses those that could be read in two ways, and gives up clients that keep us waiting.
//!
//! The library has one timer for both, the wait for a request's first byte and the rest of its head.
//! A connection may well be idle for a minute, but a head that has begun must soon be whole: otherwise
//! a few hundred slow clients hold all connections there are. And it answers a head that it cannot
//! read without an id and without a document: so in place of such a head it is handed one that is
//! nobody's, and the service is told to answer that one with the refusal.

mod framing;
mod head;

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use http_body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Duration, Instant, Sleep, sleep, sleep_until};

use crate::body::{Body, BoxError};
use crate::limits::{self, Limits};
use framing::Framing;
use head::Found;
pub(crate) use head::Refusal;

/// Whether a connection is between two requests, how many have begun, and which one is refused.
#[derive(Debug, Clone)]
pub(crate) struct Between(Arc<Progress>);

#[derive(Debug)]
struct Progress {
    between: AtomicBool,
    begun: AtomicU64,
    /// With how many requests came before it.
    refused: Mutex<Option<(u64, Refusal)>>,
    /// A client was given up for being slow.
    slow: AtomicBool,
}

/// A request under way; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Begun(Between);

impl Between {
    pub(crate) fn new() -> Self {
        let progress = Progress {
            between: AtomicBool::new(true),
            begun: AtomicU64::new(0),
            refused: Mutex::default(),
            slow: AtomicBool::new(false),
        };
        Self(Arc::new(progress))
    }

    /// A request begins; with why it is to be refused, if it is.
    pub(crate) fn begin(&self) -> (Begun, Option<Refusal>) {
        let before = self.0.begun.fetch_add(1, Ordering::Relaxed);
        self.0.between.store(false, Ordering::Relaxed);
        let refused = *self.refused();
        let refusal = refused.filter(|(nth, _)| *nth == before);
        (Begun(self.clone()), refusal.map(|(_, refusal)| refusal))
    }

    /// Whether the client was given up for being slow.
    pub(crate) fn is_slow(&self) -> bool {
        self.0.slow.load(Ordering::Relaxed)
    }

    fn is_now(&self) -> bool {
        self.0.between.load(Ordering::Relaxed)
    }

    fn begun(&self) -> u64 {
        self.0.begun.load(Ordering::Relaxed)
    }

    fn refused(&self) -> std::sync::MutexGuard<'_, Option<(u64, Refusal)>> {
        self.0
            .refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn too_slow(&self) -> io::Error {
        self.0.slow.store(true, Ordering::Relaxed);
        io::ErrorKind::TimedOut.into()
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

/// A connection as the HTTP library may see it.
#[derive(Debug)]
pub(crate) struct Guarded<I> {
    io: I,
    between: Between,
    limits: Arc<Limits>,
    /// Bytes that were read and not passed on yet.
    read: BytesMut,
    /// How many of them may be passed on.
    passed: usize,
    /// Heads that were passed on.
    heads: u64,
    phase: Phase,
    /// Runs from the first byte of a head.
    head_deadline: Option<Pin<Box<Sleep>>>,
    reader: Reader,
    /// Once all is said to a client that was refused: how long and how much we still listen.
    lingering: Option<(Pin<Box<Sleep>>, u64)>,
}

/// What the next bytes are.
#[derive(Debug)]
enum Phase {
    Head,
    Body(Framing),
    /// Nothing that is looked at.
    Refused,
}

/// How long the client has kept our answers waiting.
#[derive(Debug, Default)]
struct Reader {
    /// Which request these figures are of.
    of: u64,
    taken: u64,
    kept_waiting: Duration,
    /// Waiting since then.
    since: Option<Instant>,
    deadline: Option<Pin<Box<Sleep>>>,
}

/// Bytes read at once where a head or a body's end may be among them.
const READ_BYTES: usize = 8 << 10;
/// A head that is nobody's, in place of a refused one.
const NOBODYS: (&[u8], &[u8]) = (
    b"GET / HTTP/1.1\r\nHost: refused\r\nConnection: close\r\n\r\n",
    b"HEAD / HTTP/1.1\r\nHost: refused\r\nConnection: close\r\n\r\n",
);

impl<I> Guarded<I> {
    pub(crate) fn new(io: I, between: Between, limits: Arc<Limits>) -> Self {
        Self {
            io,
            between,
            limits,
            read: BytesMut::new(),
            passed: 0,
            heads: 0,
            phase: Phase::Head,
            head_deadline: None,
            reader: Reader::default(),
            lingering: None,
        }
    }

    /// Looks for a head in what was read, and says whether bytes may be passed on.
    fn look(&mut self) -> bool {
        if self.read.is_empty() {
            return false;
        }
        match head::find(&self.read, &self.limits) {
            Found::Part => return false,
            Found::Whole(length, framing) => {
                self.passed = length;
                self.phase = Phase::Body(framing);
            }
            Found::Refused(refusal) => {
                *self.between.refused() = Some((self.heads, refusal));
                let (get, head) = NOBODYS;
                self.read = BytesMut::from(if refusal.is_head { head } else { get });
                self.passed = self.read.len();
                self.phase = Phase::Refused;
            }
        }
        self.heads += 1;
        self.head_deadline = None;
        true
    }
}

impl<I: AsyncRead + Unpin> Guarded<I> {
    /// Reads some bytes more for ourselves; 0 at the end.
    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut bytes = [0; READ_BYTES];
        let mut buffer = ReadBuf::new(&mut bytes);
        ready!(Pin::new(&mut self.io).poll_read(cx, &mut buffer))?;
        self.read.extend_from_slice(buffer.filled());
        Poll::Ready(Ok(buffer.filled().len()))
    }

    /// Waits for the rest of a head, which must not take long once it has begun. While a request is
    /// under way nobody waits for the next one's.
    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        loop {
            if let Poll::Ready(count) = self.poll_more(cx)? {
                let ends = self.read.len().saturating_sub(count);
                let new = self.read.get(ends..).unwrap_or_default();
                let may_end = new.iter().any(|byte| matches!(byte, b'\r' | b'\n'));
                let is_first = ends == 0;
                if count == 0 || may_end || is_first || self.read.len() > self.limits.head_bytes_max
                {
                    return Poll::Ready(Ok(count));
                }
                continue;
            }
            if self.read.is_empty() || !self.between.is_now() {
                self.head_deadline = None;
                return Poll::Pending;
            }
            let time = self.limits.head_read_timeout;
            let deadline = self
                .head_deadline
                .get_or_insert_with(|| Box::pin(sleep(time)));
            ready!(deadline.as_mut().poll(cx));
            return Poll::Ready(Err(self.between.too_slow()));
        }
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Guarded<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            if this.passed > 0 {
                let count = this.passed.min(buffer.remaining());
                buffer.put_slice(this.read.get(..count).unwrap_or_default());
                this.read.advance(count);
                this.passed -= count;
                return Poll::Ready(Ok(()));
            }
            match &mut this.phase {
                Phase::Refused => return Poll::Ready(Ok(())),
                Phase::Head => {
                    if !this.look() && ready!(this.poll_head(cx))? == 0 {
                        return Poll::Ready(Ok(()));
                    }
                }
                Phase::Body(framing) if framing.is_done() => this.phase = Phase::Head,
                Phase::Body(framing) if !this.read.is_empty() => {
                    // What is not chunks is no body: its request fails, and nothing behind it is read.
                    let own = framing.advance(&this.read);
                    this.passed = own.map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
                }
                // Nothing but the body can be among so many bytes, so they need no second look.
                Phase::Body(Framing::Length(left)) if *left >= buffer.remaining() as u64 => {
                    let before = buffer.filled().len();
                    ready!(Pin::new(&mut this.io).poll_read(cx, buffer))?;
                    *left -= (buffer.filled().len() - before) as u64;
                    return Poll::Ready(Ok(()));
                }
                Phase::Body(_) => {
                    if ready!(this.poll_more(cx))? == 0 {
                        return Poll::Ready(Ok(()));
                    }
                }
            }
        }
    }
}

impl<I: AsyncWrite + Unpin> Guarded<I> {
    /// Counts what a write came to, and gives the client up if it takes our answer too slowly.
    fn paced(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        let begun = self.between.begun();
        if self.reader.of != begun {
            self.reader = Reader {
                of: begun,
                ..Reader::default()
            };
        }
        let reader = &mut self.reader;
        match written {
            Poll::Ready(written) => {
                if let Some(since) = reader.since.take() {
                    reader.kept_waiting += since.elapsed();
                    reader.deadline = None;
                }
                reader.taken += written.as_ref().map_or(0, |count| *count as u64);
                Poll::Ready(written)
            }
            Poll::Pending => {
                let since = *reader.since.get_or_insert_with(Instant::now);
                let earned = reader.taken / self.limits.body_bytes_per_sec_min.max(1);
                let allowed = self.limits.body_grace + Duration::from_secs(earned);
                let until = since + allowed.saturating_sub(reader.kept_waiting);
                let deadline = reader
                    .deadline
                    .get_or_insert_with(|| Box::pin(sleep_until(until)));
                ready!(deadline.as_mut().poll(cx));
                Poll::Ready(Err(self.between.too_slow()))
            }
        }
    }
}

impl<I: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Guarded<I> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(cx, bytes);
        self.paced(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.io).poll_flush(cx);
        self.paced(cx, flushed.map_ok(|()| 0)).map_ok(|_| ())
    }

    /// A client that was refused may still be sending. Closed under it, the connection would be
    /// reset, and the refusal lost with it.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let (deadline, left) = match &mut this.lingering {
            Some(lingering) => lingering,
            None => {
                ready!(Pin::new(&mut this.io).poll_shutdown(cx))?;
                if !matches!(this.phase, Phase::Refused) {
                    return Poll::Ready(Ok(()));
                }
                let until = Box::pin(sleep(limits::REFUSED_TIMEOUT));
                this.lingering.insert((until, limits::REFUSED_BYTES_MAX))
            }
        };
        while *left > 0 {
            let mut bytes = [0; READ_BYTES];
            let mut buffer = ReadBuf::new(&mut bytes);
            match Pin::new(&mut this.io).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    *left = left.saturating_sub(buffer.filled().len() as u64);
                }
                // It has closed its side, in one way or another.
                Poll::Ready(_) => break,
                Poll::Pending => return deadline.as_mut().poll(cx).map(Ok),
            }
        }
        Poll::Ready(Ok(()))
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(cx, slices);
        self.paced(cx, written)
    }
}

#[cfg(test)]
mod tests;
