//! Bodies of requests: bytes that no server can compress or share, without keeping them all.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http_body::{Frame, SizeHint};

/// Bytes that large bodies repeat.
const BLOCK_BYTES: usize = 1 << 20;
/// A body up to here is one piece.
const WHOLE_BYTES_MAX: usize = 64 << 10;
/// What makes each body another one.
const STAMP_BYTES: usize = 16;

/// Random bytes, made once, that all bodies are cut from.
#[derive(Debug, Clone)]
pub(crate) struct Noise(Bytes);

impl Noise {
    pub(crate) fn new(random: &mut crate::random::Random) -> Self {
        let mut block = BytesMut::with_capacity(BLOCK_BYTES);
        while block.len() < BLOCK_BYTES {
            block.extend_from_slice(&random.next().to_le_bytes());
        }
        Self(block.freeze())
    }

    /// One block of it.
    pub(crate) fn block(&self) -> &Bytes {
        &self.0
    }

    /// A body of `size` bytes that begins as no other one does.
    pub(crate) fn body(&self, size: u64, stamp: u128) -> Payload {
        let stamp = stamp.to_le_bytes();
        let head = usize::try_from(size).unwrap_or(usize::MAX);
        let head = if head <= WHOLE_BYTES_MAX {
            head
        } else {
            STAMP_BYTES
        };
        let mut first = BytesMut::with_capacity(head);
        first.extend_from_slice(stamp.get(..head.min(STAMP_BYTES)).unwrap_or_default());
        let rest = head.saturating_sub(STAMP_BYTES);
        first.extend_from_slice(self.0.get(..rest).unwrap_or_default());
        let remaining = size.saturating_sub(u64::try_from(first.len()).unwrap_or(size));
        Payload {
            first: Some(first.freeze()).filter(|first| !first.is_empty()),
            block: self.0.clone(),
            remaining,
        }
    }
}

/// The body of one request.
#[derive(Debug, Default)]
pub(crate) struct Payload {
    first: Option<Bytes>,
    block: Bytes,
    remaining: u64,
}

impl Payload {
    pub(crate) fn empty() -> Self {
        Self::default()
    }

    pub(crate) fn document(bytes: Bytes) -> Self {
        Self {
            first: Some(bytes).filter(|bytes| !bytes.is_empty()),
            ..Self::default()
        }
    }

    pub(crate) fn len(&self) -> u64 {
        let first = self.first.as_ref().map_or(0, Bytes::len);
        self.remaining + u64::try_from(first).unwrap_or(0)
    }
}

impl http_body::Body for Payload {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        if self.remaining == 0 {
            return Poll::Ready(None);
        }
        let block = u64::try_from(self.block.len()).unwrap_or(u64::MAX);
        let len = usize::try_from(self.remaining.min(block)).unwrap_or(0);
        self.remaining -= self.remaining.min(block);
        Poll::Ready(Some(Ok(Frame::data(self.block.slice(..len)))))
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && self.remaining == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.len())
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;
    use crate::random::Random;

    #[tokio::test]
    async fn bodies_have_their_size_and_none_begins_as_another() {
        let noise = Noise::new(&mut Random::new(7));
        for size in [0, 1, 15, 16, 17, 4096, 65_536, 65_537, (3 << 20) + 5] {
            let (one, two) = (noise.body(size, 1), noise.body(size, 2));
            assert_eq!(one.len(), size);
            let (one, two) = (one.collect().await.unwrap(), two.collect().await.unwrap());
            let (one, two) = (one.to_bytes(), two.to_bytes());
            assert_eq!(u64::try_from(one.len()).unwrap(), size);
            assert!(size == 0 || one[..1] != two[..1], "{size}");
        }
    }
}
