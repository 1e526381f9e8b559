//! Writing one extent in bounded memory.
//!
//! Bytes gather in a buffer of at most [`BUFFER_BYTES`]. An extent that fits into it is written
//! whole when it ends; a longer one gets its range when the buffer first runs over. The header
//! comes last in either case, so that a header never promises what is not there.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::{Buf, Bytes};

use super::blocking;
use super::format::{ExtentHeader, PAGE, Place, header_pages, round_up, sum};
use super::segment::Region;
use super::space::{Kind, Space, failed};
use crate::extents::{Address, BLOCK_BYTES, EXTENT_BYTES_MAX, ExtentError, ExtentId, ExtentWriter};
use crate::meta::Boxed;

/// Most bytes held in memory for one extent: whole blocks.
const BUFFER_BYTES: usize = 1 << 20;
/// What a buffer starts with when nothing is known of the extent's length.
const BUFFER_BYTES_FIRST: usize = 64 << 10;
/// A block, as a length in memory.
const BLOCK: usize = 64 << 10;
const _: () = assert!(BLOCK as u64 == BLOCK_BYTES && BUFFER_BYTES.is_multiple_of(BLOCK));

/// Writes one extent.
pub(super) struct SegmentWriter {
    /// Away with the blocking thread while it writes; gone if the caller left meanwhile.
    work: Option<Work>,
}

impl fmt::Debug for SegmentWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.work.as_ref().map(|work| work.id);
        f.debug_struct("SegmentWriter")
            .field("id", &id)
            .finish_non_exhaustive()
    }
}

/// What a writer has and knows. It moves to the blocking thread and back, so that its range is
/// given back (on drop) only when no write to it is under way any more.
struct Work {
    space: Arc<Space>,
    id: ExtentId,
    /// Most bytes that may come.
    limit: u64,
    buffer: Vec<u8>,
    /// Bytes written before those in the buffer.
    flushed: u64,
    sums: Vec<u32>,
    region: Option<Region>,
}

impl SegmentWriter {
    pub(super) fn new(space: Arc<Space>, id: ExtentId, expected_bytes: Option<u64>) -> Self {
        let limit = expected_bytes
            .unwrap_or(EXTENT_BYTES_MAX)
            .min(EXTENT_BYTES_MAX);
        let first = expected_bytes.map_or(BUFFER_BYTES_FIRST, |expected| {
            usize::try_from(expected)
                .unwrap_or(BUFFER_BYTES)
                .min(BUFFER_BYTES)
        });
        let work = Work {
            space,
            id,
            limit,
            buffer: Vec::with_capacity(first),
            flushed: 0,
            sums: Vec::new(),
            region: None,
        };
        Self { work: Some(work) }
    }
}

impl ExtentWriter for SegmentWriter {
    fn append(&mut self, bytes: Bytes) -> Boxed<'_, Result<(), ExtentError>> {
        Box::pin(async move {
            let mut work = self.work.take().ok_or_else(cut_short)?;
            if bytes.len() as u64 > work.limit - work.length() {
                return Err(ExtentError::Io("an extent longer than announced".into()));
            }
            if work.buffer.len() + bytes.len() <= BUFFER_BYTES {
                work.buffer.extend_from_slice(&bytes);
            } else {
                work = blocking(work.waits(), move || work.take_in(bytes)).await?;
            }
            self.work = Some(work);
            Ok(())
        })
    }

    fn finish(mut self: Box<Self>) -> Boxed<'static, Result<Address, ExtentError>> {
        Box::pin(async move {
            let work = self.work.take().ok_or_else(cut_short)?;
            blocking(work.waits(), move || work.finish()).await
        })
    }
}

/// A writer whose earlier call failed or was not waited for has nothing to go on with.
fn cut_short() -> ExtentError {
    ExtentError::Io("an earlier write of this extent failed or was cut short".into())
}

impl Work {
    fn waits(&self) -> bool {
        self.space.folder.waits()
    }

    fn length(&self) -> u64 {
        self.flushed + self.buffer.len() as u64
    }

    fn take_in(mut self, mut bytes: Bytes) -> Result<Self, ExtentError> {
        while bytes.has_remaining() {
            if self.buffer.len() == BUFFER_BYTES {
                self.flush()?;
            }
            let room = BUFFER_BYTES - self.buffer.len();
            self.buffer
                .extend_from_slice(&bytes.split_to(room.min(bytes.len())));
        }
        Ok(self)
    }

    /// Writes the buffer out, which is whole blocks but for the last time.
    fn flush(&mut self) -> Result<(), ExtentError> {
        self.space.check_room()?;
        self.sums.extend(self.buffer.chunks(BLOCK).map(sum));
        let region = match self.region.take() {
            Some(region) => region,
            None => {
                let bytes = u64::from(header_pages(self.limit)) * PAGE + round_up(self.limit);
                self.space.reserve(Kind::Stream, self.id, bytes)?
            }
        };
        let content = region.offset + u64::from(header_pages(self.limit)) * PAGE;
        let written = region
            .segment
            .file
            .write_at(&self.buffer, content + self.flushed);
        self.region = Some(region);
        written.map_err(|error| failed("write", &error))?;
        self.flushed += self.buffer.len() as u64;
        self.space
            .written_bytes
            .fetch_add(self.buffer.len() as u64, Ordering::Relaxed);
        self.buffer.clear();
        Ok(())
    }

    fn finish(mut self) -> Result<Address, ExtentError> {
        if self.region.is_none() {
            // All of it is in the buffer, so its length is known: a place among the small ones.
            self.limit = self.length();
            let bytes = u64::from(header_pages(self.limit)) * PAGE + round_up(self.limit);
            self.space.check_room()?;
            self.region = Some(self.space.reserve(Kind::Small, self.id, bytes)?);
        }
        self.flush()?;
        let region = self.region.take().expect("the extent got its place above");
        let place = Place {
            id: self.id,
            segment: region.segment.number,
            nonce: region.segment.nonce,
            offset: region.offset,
            length: self.flushed,
            header_pages: header_pages(self.limit),
        };
        let sums = std::mem::take(&mut self.sums);
        let header = ExtentHeader {
            place,
            freed: false,
            sums,
        };
        region
            .segment
            .file
            .write_at(&header.encode(), place.offset)
            .map_err(|error| failed("write", &error))?;
        region.finish(place.taken());
        Ok(place.encode())
    }
}
