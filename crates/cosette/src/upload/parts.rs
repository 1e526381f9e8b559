//! A body, in order and in parts of bounded size.

use bytes::{Bytes, BytesMut};
use cosette_types::{PartNumber, limits};

use crate::body::Body;
use crate::error::{Error, ErrorKind};

/// Bytes of a part when nothing else is said; up to this size an upload is one request.
const PART_BYTES_DEFAULT: u64 = 16 << 20;
/// After so many parts of a stream whose length is not known, parts double.
const PARTS_OF_ONE_SIZE: u64 = 1_500;

/// One part, read.
pub(super) struct Part {
    pub(super) number: PartNumber,
    pub(super) body: Body,
    pub(super) len: u64,
}

/// Cuts a body into parts. Of a file and of bytes in memory nothing is read or copied; of a stream
/// a part is in memory.
pub(super) struct Parts {
    body: Body,
    pending: Bytes,
    part_bytes: u64,
    known: bool,
    number: u64,
}

impl Part {
    pub(super) fn is_full(&self, part_bytes: u64) -> bool {
        self.len >= part_bytes
    }
}

impl Parts {
    pub(super) fn new(body: Body, part_bytes: u64) -> Self {
        let known = body.len().is_some();
        Self {
            body,
            pending: Bytes::new(),
            part_bytes,
            known,
            number: 0,
        }
    }

    /// Bytes of each part but the last.
    pub(super) fn part_bytes(&self) -> u64 {
        self.part_bytes
    }

    /// The next part, which may be empty at the end.
    pub(super) async fn read(&mut self) -> Result<Part, Error> {
        let number = self.number.saturating_add(1);
        self.number = number;
        let doubled = if self.known {
            0
        } else {
            (number - 1) / PARTS_OF_ONE_SIZE
        };
        let wanted = self.part_bytes.saturating_mul(1 << doubled.min(9));
        let wanted = wanted.min(limits::PUT_BYTES_MAX);
        let number = PartNumber::try_from(number).map_err(|_| {
            Error::invalid("body", "there are more bytes than 10,000 parts can hold")
        })?;
        let body = match self.body.cut(wanted) {
            Some(body) => body,
            None => self.gather(wanted).await?.into(),
        };
        let len = body.len().unwrap_or_default();
        Ok(Part { number, body, len })
    }

    /// So many bytes of a stream, or as many as there are.
    async fn gather(&mut self, wanted: u64) -> Result<Bytes, Error> {
        let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
        // Bytes that came whole are cut without being copied.
        if self.pending.len() >= wanted {
            return Ok(self.pending.split_to(wanted));
        }
        let mut bytes = BytesMut::new();
        loop {
            let take = self.pending.len().min(wanted - bytes.len());
            bytes.extend_from_slice(&self.pending.split_to(take));
            if bytes.len() == wanted {
                return Ok(bytes.freeze());
            }
            match self.body.chunk().await.map_err(unreadable)? {
                Some(chunk) if bytes.is_empty() && chunk.len() >= wanted => {
                    self.pending = chunk;
                    return Ok(self.pending.split_to(wanted));
                }
                Some(chunk) => self.pending = chunk,
                None => return Ok(bytes.freeze()),
            }
        }
    }

    pub(super) async fn next(&mut self) -> Result<Option<Part>, Error> {
        let part = self.read().await?;
        Ok(Some(part).filter(|part| part.len > 0))
    }

    pub(super) fn stream(self) -> impl futures_util::Stream<Item = Result<Part, Error>> + Send {
        futures_util::stream::try_unfold(self, |mut parts| async move {
            Ok(parts.next().await?.map(|part| (part, parts)))
        })
    }
}

/// A body of our own that ends early is no fault of the network.
fn unreadable(error: Error) -> Error {
    // What the client itself found out, such as a source that is streamed from, keeps its kind.
    match error.operation().is_some() || error.attempts() > 0 {
        true => error,
        false => error.with_kind(ErrorKind::Local),
    }
}

/// How large parts are: as wished, at least 1 MiB, large enough that 10,000 suffice.
pub(super) fn part_bytes(known: Option<u64>, wish: Option<u64>) -> Result<u64, Error> {
    let size = known.unwrap_or_default();
    if size > limits::OBJECT_BYTES_MAX {
        let words = format!(
            "no object may have more than {} bytes",
            limits::OBJECT_BYTES_MAX
        );
        return Err(Error::invalid("body", words));
    }
    let least = size.div_ceil(u64::from(limits::PART_NUMBER_MAX));
    Ok(wish
        .unwrap_or(PART_BYTES_DEFAULT)
        .max(limits::PART_BYTES_MIN)
        .max(least.next_multiple_of(limits::PART_BYTES_MIN))
        .min(limits::PUT_BYTES_MAX))
}
