//! The bytes of objects, both ways, as streams of bounded memory.

use std::fmt;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::checksum::{Summing, Sums};
use crate::clock::BoxFuture;
use crate::error::{Error, ErrorKind};
use bytes::{Bytes, BytesMut};
use futures_util::stream::{Stream, StreamExt};
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;

/// Why a body ended early.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// How much of a file is read at a time: what each body of a file has in memory.
const READ_BYTES: usize = 128 << 10;
/// Bytes in memory are sent in pieces of this size.
const PIECE_BYTES: usize = 256 << 10;

/// The bytes of a request or of a reply: whole, from a file, or from a stream.
///
/// It is a [`Stream`] of chunks. Bytes and files can be sent again after a lost connection; a stream
/// cannot.
pub struct Body(Kind);

enum Kind {
    Whole(Option<Bytes>),
    File(FileSpan, Reading),
    Stream(UnsyncBoxBody<Bytes, BodyError>),
}

/// Some bytes of a file.
#[derive(Debug, Clone)]
struct FileSpan {
    path: PathBuf,
    start: u64,
    len: u64,
}

/// How far the reading of a file is.
enum Reading {
    Waiting,
    Busy(BoxFuture<'static, Result<(File, Bytes), BodyError>>, u64),
    Open(File, u64),
    Done,
}

impl Body {
    /// No bytes.
    pub fn empty() -> Self {
        Self(Kind::Whole(None))
    }

    /// All of a file, whose size is taken now. A file that shrinks meanwhile makes the request fail.
    ///
    /// # Errors
    /// [`ErrorKind::Local`] when there is no such file.
    pub async fn file(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let facts = tokio::fs::metadata(path)
            .await
            .map_err(|why| Error::local(&path.display().to_string(), why))?;
        Ok(Self::file_span(path, 0, facts.len()))
    }

    /// `len` bytes of a file from `start` on.
    pub fn file_span(path: impl Into<PathBuf>, start: u64, len: u64) -> Self {
        Self(Kind::File(
            FileSpan {
                path: path.into(),
                start,
                len,
            },
            Reading::Waiting,
        ))
    }

    /// The chunks of a stream. Its length is not known, so it travels chunked.
    pub fn stream<S, E>(chunks: S) -> Self
    where
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: Into<BodyError>,
    {
        let frames = chunks.map(|chunk| chunk.map(Frame::data).map_err(Into::into));
        Self(Kind::Stream(
            http_body_util::StreamBody::new(frames).boxed_unsync(),
        ))
    }

    /// The chunks of a stream of `len` bytes. One that has fewer or more makes the request fail.
    pub fn sized<S, E>(len: u64, chunks: S) -> Self
    where
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: Into<BodyError>,
    {
        let left = len;
        let Self(Kind::Stream(body)) = Self::stream(chunks) else {
            return Self::empty();
        };
        Self(Kind::Stream(Sized { body, left }.boxed_unsync()))
    }

    /// Any HTTP body, such as the one of a server in the same process.
    pub fn new<B>(body: B) -> Self
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BodyError>,
    {
        Self(Kind::Stream(body.map_err(Into::into).boxed_unsync()))
    }

    /// How many bytes are left, if that is known.
    pub fn len(&self) -> Option<u64> {
        match &self.0 {
            Kind::Whole(bytes) => Some(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Kind::File(span, reading) => Some(match reading {
                Reading::Waiting => span.len,
                Reading::Busy(_, left) | Reading::Open(_, left) => *left,
                Reading::Done => 0,
            }),
            Kind::Stream(body) => body.size_hint().exact(),
        }
    }

    /// All of it, if it is in memory.
    pub(crate) fn in_memory(&self) -> Option<&[u8]> {
        match &self.0 {
            Kind::Whole(bytes) => Some(bytes.as_deref().unwrap_or_default()),
            Kind::File(..) | Kind::Stream(_) => None,
        }
    }

    /// Whether it is known to hold no more bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == Some(0)
    }

    /// The same bytes from the beginning, for sending them again; `None` for a stream.
    pub fn try_clone(&self) -> Option<Self> {
        match &self.0 {
            Kind::Whole(bytes) => Some(Self(Kind::Whole(bytes.clone()))),
            Kind::File(span, _) => Some(Self(Kind::File(span.clone(), Reading::Waiting))),
            Kind::Stream(_) => None,
        }
    }

    /// Takes at most `len` bytes off the beginning without reading any: `None` for what can only be
    /// read.
    pub(crate) fn cut(&mut self, len: u64) -> Option<Self> {
        match &mut self.0 {
            Kind::Whole(bytes) => {
                let all = bytes.get_or_insert_default();
                let len = usize::try_from(len).map_or(all.len(), |len| len.min(all.len()));
                Some(all.split_to(len).into())
            }
            Kind::File(span, Reading::Waiting) => {
                let len = len.min(span.len);
                let piece = Self::file_span(span.path.clone(), span.start, len);
                (span.start, span.len) = (span.start.saturating_add(len), span.len - len);
                Some(piece)
            }
            Kind::File(..) | Kind::Stream(_) => None,
        }
    }

    /// The sums of bytes that can be read twice, before they are sent.
    ///
    /// # Errors
    /// [`ErrorKind::Local`] when a file cannot be read, and for a stream.
    pub(crate) fn sums(&self, with_md5: bool) -> BoxFuture<'static, Result<Sums, Error>> {
        let mut summing = Summing::new(with_md5);
        match &self.0 {
            Kind::Whole(bytes) => {
                summing.update(bytes.as_deref().unwrap_or_default());
                Box::pin(std::future::ready(Ok(summing.end())))
            }
            Kind::File(span, _) => {
                let span = span.clone();
                Box::pin(async move {
                    let path = span.path.display().to_string();
                    let mut buffer = buffer(span.len);
                    let read = tokio::task::spawn_blocking(move || {
                        span.each_chunk(&mut buffer, |chunk| summing.update(chunk))?;
                        Ok(summing.end())
                    });
                    let sums = read
                        .await
                        .unwrap_or_else(|why| Err(std::io::Error::other(why)));
                    sums.map_err(|why| Error::local(&path, why))
                })
            }
            Kind::Stream(_) => {
                let words = "a stream can be read only once";
                let refused = Error::new(ErrorKind::Local, words);
                Box::pin(std::future::ready(Err(refused)))
            }
        }
    }

    /// The next chunk; `None` at the end.
    ///
    /// # Errors
    /// [`ErrorKind::Network`] when the bytes end early.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        self.next().await.transpose()
    }

    /// All bytes, at most `limit` of them.
    ///
    /// # Errors
    /// [`ErrorKind::Network`] when the bytes end early, [`ErrorKind::Invalid`] when there are more.
    pub async fn bytes(mut self, limit: usize) -> Result<Bytes, Error> {
        if let Kind::Whole(bytes) = &mut self.0 {
            let bytes = bytes.take().unwrap_or_default();
            return if bytes.len() <= limit {
                Ok(bytes)
            } else {
                Err(larger(limit))
            };
        }
        let mut all = BytesMut::new();
        while let Some(chunk) = self.chunk().await? {
            if all.len() + chunk.len() > limit {
                return Err(larger(limit));
            }
            all.extend_from_slice(&chunk);
        }
        Ok(all.freeze())
    }
}

fn larger(limit: usize) -> Error {
    Error::invalid(
        "body",
        format!("there are more than the {limit} bytes asked for"),
    )
}

impl FileSpan {
    fn open(&self) -> std::io::Result<File> {
        let mut file = std::fs::OpenOptions::new().read(true).open(&self.path)?;
        file.seek(SeekFrom::Start(self.start))?;
        Ok(file)
    }

    fn first(&self) -> BoxFuture<'static, Result<(File, Bytes), BodyError>> {
        let span = self.clone();
        read_on(move || span.open(), self.len)
    }

    /// Reads all of it here, a buffer at a time.
    fn each_chunk(&self, buffer: &mut [u8], mut see: impl FnMut(&[u8])) -> std::io::Result<()> {
        let mut file = self.open()?;
        let mut left = self.len;
        while left > 0 {
            let want = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
            let (chunk, _) = buffer.split_at_mut(want);
            read(&mut file, chunk)?;
            see(chunk);
            left = left.saturating_sub(want as u64);
        }
        Ok(())
    }
}

/// The next bytes of a file, read away from the threads that must not wait.
fn read_on(
    open: impl FnOnce() -> std::io::Result<File> + Send + 'static,
    left: u64,
) -> BoxFuture<'static, Result<(File, Bytes), BodyError>> {
    let mut chunk = buffer(left);
    let read = tokio::task::spawn_blocking(move || {
        let mut file = open()?;
        read(&mut file, &mut chunk)?;
        Ok((file, chunk.into()))
    });
    Box::pin(async move { read.await? })
}

/// Memory for the next bytes of so many. Whoever sends them makes it, not the thread that reads: there are
/// many of those, and an allocator keeps for each what it once had.
fn buffer(left: u64) -> Vec<u8> {
    vec![0; usize::try_from(left).map_or(READ_BYTES, |left| left.min(READ_BYTES))]
}

fn read(file: &mut File, chunk: &mut [u8]) -> std::io::Result<()> {
    file.read_exact(chunk).map_err(|why| match why.kind() {
        std::io::ErrorKind::UnexpectedEof => {
            std::io::Error::new(why.kind(), "the file is shorter than it was")
        }
        _ => why,
    })
}

fn poll_file(
    span: &FileSpan,
    reading: &mut Reading,
    cx: &mut Context<'_>,
) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
    loop {
        *reading = match std::mem::replace(reading, Reading::Done) {
            Reading::Done => return Poll::Ready(None),
            Reading::Waiting if span.len == 0 => return Poll::Ready(None),
            Reading::Waiting => Reading::Busy(span.first(), span.len),
            Reading::Open(_, 0) => return Poll::Ready(None),
            Reading::Open(file, left) => Reading::Busy(read_on(|| Ok(file), left), left),
            Reading::Busy(mut busy, left) => match busy.as_mut().poll(cx) {
                Poll::Pending => {
                    *reading = Reading::Busy(busy, left);
                    return Poll::Pending;
                }
                Poll::Ready(Err(why)) => return Poll::Ready(Some(Err(why))),
                Poll::Ready(Ok((file, chunk))) => {
                    let left = left.saturating_sub(chunk.len() as u64);
                    *reading = Reading::Open(file, left);
                    return Poll::Ready(Some(Ok(Frame::data(chunk))));
                }
            },
        };
    }
}

/// A stream whose length is known.
struct Sized {
    body: UnsyncBoxBody<Bytes, BodyError>,
    left: u64,
}

impl HttpBody for Sized {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        let len = match &frame {
            Some(Ok(frame)) => frame.data_ref().map_or(0, Bytes::len) as u64,
            Some(Err(_)) => return Poll::Ready(frame),
            None if self.left > 0 => {
                return Poll::Ready(Some(Err("the stream is shorter than it should be".into())));
            }
            None => return Poll::Ready(None),
        };
        match self.left.checked_sub(len) {
            Some(left) => self.left = left,
            None => return Poll::Ready(Some(Err("the stream is longer than it should be".into()))),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &mut self.0 {
            Kind::Whole(bytes) => {
                // In pieces: whoever watches for idleness sees that a large part moves.
                let piece = match bytes {
                    Some(left) if left.len() > PIECE_BYTES => Some(left.split_to(PIECE_BYTES)),
                    _ => bytes.take(),
                };
                let bytes = piece.filter(|bytes| !bytes.is_empty());
                Poll::Ready(bytes.map(|bytes| Ok(Frame::data(bytes))))
            }
            Kind::File(span, reading) => poll_file(span, reading, cx),
            Kind::Stream(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Stream(body) => body.is_end_stream(),
            _ => self.is_empty(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Stream(body) => body.size_hint(),
            _ => SizeHint::with_exact(self.len().unwrap_or_default()),
        }
    }
}

impl Stream for Body {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            return Poll::Ready(match ready!(self.as_mut().poll_frame(cx)) {
                None => None,
                Some(Err(why)) => Some(Err(match why.downcast::<Error>() {
                    Ok(ours) => *ours,
                    Err(why) => {
                        Error::new(ErrorKind::Network, format!("the body ended early: {why}"))
                            .with_cause(why)
                    }
                })),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(chunk) => Some(Ok(chunk)),
                    Err(_trailers) => continue,
                },
            });
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.0 {
            Kind::Whole(_) => "whole",
            Kind::File(..) => "file",
            Kind::Stream(_) => "stream",
        };
        f.debug_struct("Body")
            .field("kind", &kind)
            .field("len", &self.len())
            .finish()
    }
}

impl Default for Body {
    fn default() -> Self {
        Self::empty()
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self(Kind::Whole(Some(bytes)))
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Self {
        Bytes::from_static(text.as_bytes()).into()
    }
}

impl From<&'static [u8]> for Body {
    fn from(bytes: &'static [u8]) -> Self {
        Bytes::from_static(bytes).into()
    }
}

impl<const N: usize> From<&'static [u8; N]> for Body {
    fn from(bytes: &'static [u8; N]) -> Self {
        Bytes::from_static(bytes).into()
    }
}
