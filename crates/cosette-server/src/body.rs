//! The body of a response: nothing, a document, or a stream of an object's bytes.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::Stream;
use http_body::{Frame, SizeHint};

use crate::log::Logged;

/// Any error, as HTTP libraries hand it on.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

type Bytestream = Pin<Box<dyn Stream<Item = Result<Bytes, BoxError>> + Send>>;

/// The body of a response. Bytes are made as fast as they are taken.
pub struct Body(Kind);

enum Kind {
    Whole(Option<Bytes>),
    Stream {
        bytes: Bytestream,
        left: Option<u64>,
    },
    /// Any of them, written down when it ends.
    Logged(Box<Logged>),
}

impl Body {
    /// No body.
    pub const fn empty() -> Self {
        Self(Kind::Whole(None))
    }

    /// A document.
    pub fn whole(bytes: Bytes) -> Self {
        Self(Kind::Whole(Some(bytes).filter(|bytes| !bytes.is_empty())))
    }

    /// A stream, of so many bytes if that is known.
    pub(crate) fn stream(
        bytes: impl Stream<Item = Result<Bytes, BoxError>> + Send + 'static,
        length: Option<u64>,
    ) -> Self {
        Self(Kind::Stream {
            bytes: Box::pin(bytes),
            left: length,
        })
    }

    pub(crate) fn logged(body: Logged) -> Self {
        Self(Kind::Logged(Box::new(body)))
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Whole(bytes) => {
                write!(f, "Body({} bytes)", bytes.as_ref().map_or(0, Bytes::len))
            }
            Kind::Stream { left, .. } => write!(f, "Body(stream of {left:?} bytes)"),
            Kind::Logged(logged) => logged.fmt(f),
        }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut self.0 {
            Kind::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Kind::Stream { bytes, left } => {
                let next = std::task::ready!(bytes.as_mut().poll_next(cx));
                if let (Some(Ok(bytes)), Some(left)) = (&next, left) {
                    *left = left.saturating_sub(bytes.len() as u64);
                }
                Poll::Ready(next.map(|bytes| bytes.map(Frame::data)))
            }
            Kind::Logged(logged) => Pin::new(&mut **logged).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Whole(bytes) => bytes.is_none(),
            Kind::Stream { left, .. } => *left == Some(0),
            Kind::Logged(logged) => logged.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Whole(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
            Kind::Stream {
                left: Some(left), ..
            } => SizeHint::with_exact(*left),
            Kind::Stream { left: None, .. } => SizeHint::default(),
            Kind::Logged(logged) => logged.size_hint(),
        }
    }
}
