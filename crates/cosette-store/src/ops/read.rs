//! Reads an object's bytes: those that were written, or an error; in bounded memory.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use cosette_types::Span;
use futures_util::{Stream, StreamExt, TryStreamExt, stream};

use super::object::ObjectVersion;
use crate::body::{Walk, cut};
use crate::error::Error;
use crate::extents::{Address, ExtentError, READ_BYTES_MAX, RangeReader};
use crate::lease::Lease;
use crate::limits;
use crate::records::{BodyRecord, Digests, ExtentRecord, Item, Slice};
use crate::store::{Core, Store};
use crate::tables::{self, BodyId};
use crate::tiny;
use crate::txn;

impl Store {
    /// The bytes of `span` of a version, in order. A span beyond the end is cut at the end.
    ///
    /// The stream keeps the bytes readable by itself; `version` may be dropped before it.
    pub fn read(
        &self,
        version: &ObjectVersion,
        span: Span,
    ) -> impl Stream<Item = Result<Bytes, Error>> + Send + 'static + use<> {
        let span = Span {
            start: span.start,
            end: span.end.min(version.size),
        };
        let lease = Arc::clone(&version.lease);
        read_body(Arc::clone(&self.core), version.body, span, lease)
    }
}

/// The bytes of `span` of a body that is leased.
pub(crate) fn read_body(
    core: Arc<Core>,
    body: BodyId,
    span: Span,
    lease: Arc<Lease>,
) -> impl Stream<Item = Result<Bytes, Error>> + Send + 'static {
    let reader = Reader::new(&core, body, span);
    let pieces = stream::try_unfold((reader, None), |(mut reader, ready)| async move {
        let Some(piece) = reader.or_next(ready).await? else {
            return Ok::<_, Error>(None);
        };
        let (piece, rest) = piece.cut();
        Ok(Some((piece, (reader, rest))))
    });
    pieces
        // The lease lives in the stream, beyond the reader: until the last read is done.
        .map_ok(move |piece| piece.read(Arc::clone(&core), Arc::clone(&lease)))
        .try_buffered(limits::READ_AHEAD)
        .boxed()
}

/// The digests of the bytes of `span` of a body that is leased.
pub(crate) async fn hash_body(
    core: &Arc<Core>,
    body: BodyId,
    span: Span,
    lease: &Arc<Lease>,
) -> Result<Digests, Error> {
    let mut digest = core.digest();
    if !core.extents.waits() {
        let mut bytes = read_body(Arc::clone(core), body, span, Arc::clone(lease));
        while let Some(bytes) = bytes.try_next().await? {
            digest.update(&bytes).await?;
        }
        return digest.finish().await;
    }
    // Read by the threads that hash, some slices at a time. Each holds the lease: if this is given
    // up half-way, they still read.
    let mut reader = Reader::new(core, body, span);
    let mut ranges: Vec<Box<dyn RangeReader>> = Vec::new();
    while let Some(piece) = reader.next().await? {
        match piece.range(core, lease) {
            Some(range) => ranges.push(range),
            None => {
                digest.read(std::mem::take(&mut ranges)).await?;
                let (mut piece, mut rest) = piece.cut();
                loop {
                    let bytes = piece.read(Arc::clone(core), Arc::clone(lease)).await?;
                    digest.update(&bytes).await?;
                    let Some(more) = rest else { break };
                    (piece, rest) = more.cut();
                }
            }
        }
        if ranges.len() >= limits::RANGES_MAX {
            digest.read(std::mem::take(&mut ranges)).await?;
        }
    }
    digest.read(ranges).await?;
    digest.finish().await
}

/// A range whose body stays leased while it is read.
#[derive(Debug)]
struct Leased {
    range: Box<dyn RangeReader>,
    _lease: Arc<Lease>,
}

impl RangeReader for Leased {
    fn read(&mut self, buffer: &mut Vec<u8>) -> Result<Range<usize>, ExtentError> {
        self.range.read(buffer)
    }
}

/// Finds, one after the other, the pieces of extents that make up a span.
struct Reader {
    core: Arc<Core>,
    body: BodyId,
    /// What was not yet handed out.
    left: Span,
    walk: Option<Walk>,
}

/// A range of an extent.
struct Piece {
    place: Place,
    offset: u64,
    length: u64,
}

enum Place {
    Row(Bytes),
    Extent(Address),
}

impl Reader {
    fn new(core: &Arc<Core>, body: BodyId, span: Span) -> Self {
        Self {
            core: Arc::clone(core),
            body,
            left: span,
            walk: None,
        }
    }

    /// This piece if there is one, else the next.
    async fn or_next(&mut self, piece: Option<Piece>) -> Result<Option<Piece>, Error> {
        match piece {
            Some(piece) => Ok(Some(piece)),
            None => self.next().await,
        }
    }

    async fn next(&mut self) -> Result<Option<Piece>, Error> {
        if self.left.is_empty() {
            return Ok(None);
        }
        let mut walk = match self.walk.take() {
            Some(walk) => walk,
            None => self.begin().await?,
        };
        while let Some((at, item)) = walk.next().await? {
            if let Item::Slice(slice) = item
                && let Some(slice) = cut(slice, at, self.left)
            {
                self.left.start += slice.length;
                self.walk = Some(walk);
                return self.piece(slice).await.map(Some);
            }
        }
        Err(Error::corrupt("a body's list ends before its bytes do"))
    }

    async fn begin(&self) -> Result<Walk, Error> {
        let snapshot = self.core.meta.snapshot().await?;
        let record: Option<BodyRecord> =
            txn::row(snapshot.as_ref(), &tables::body(self.body)).await?;
        let record = record.ok_or_else(|| Error::corrupt("a version's body is missing"))?;
        if crate::planted::Bug::ReadFrees.is_planted() {
            #[cfg(feature = "planted")]
            crate::planted::lose_references(&self.core, self.body).await?;
        }
        Ok(Walk::new(
            &self.core.meta,
            self.body,
            &record,
            self.left.start,
        ))
    }

    async fn piece(&self, slice: Slice) -> Result<Piece, Error> {
        let place = if slice.tiny {
            Place::Row(tables::tiny(slice.extent))
        } else {
            let snapshot = self.core.meta.snapshot().await?;
            let record: Option<ExtentRecord> =
                txn::row(snapshot.as_ref(), &tables::extent(slice.extent)).await?;
            let record = record.ok_or_else(|| Error::corrupt("a body's extent is missing"))?;
            Place::Extent(record.address)
        };
        Ok(Piece {
            place,
            offset: slice.offset,
            length: slice.length,
        })
    }
}

impl Piece {
    /// As much of it as one read may fetch, and the rest.
    fn cut(self) -> (Self, Option<Self>) {
        let Place::Extent(address) = &self.place else {
            return (self, None);
        };
        let border = (self.offset / READ_BYTES_MAX + 1) * READ_BYTES_MAX;
        let end = self.offset + self.length;
        let rest = (border < end).then(|| Self {
            place: Place::Extent(address.clone()),
            offset: border,
            length: end - border,
        });
        let length = border.min(end) - self.offset;
        (Self { length, ..self }, rest)
    }

    /// For a thread that may wait; `None` if only a task can read it.
    fn range(&self, core: &Core, lease: &Arc<Lease>) -> Option<Box<dyn RangeReader>> {
        let Place::Extent(address) = &self.place else {
            return None;
        };
        let range = core.extents.range(address, self.offset, self.length)?;
        Some(Box::new(Leased {
            range,
            _lease: Arc::clone(lease),
        }))
    }

    async fn read(self, core: Arc<Core>, _lease: Arc<Lease>) -> Result<Bytes, Error> {
        let bytes = match &self.place {
            Place::Row(row) => {
                let snapshot = core.meta.snapshot().await?;
                let row = snapshot.get(row).await?;
                let row = row.ok_or_else(|| Error::corrupt("a tiny extent is missing"))?;
                slice_of(&tiny::open(&row)?, self.offset, self.length)
            }
            Place::Extent(address) => {
                Some(core.extents.read(address, self.offset, self.length).await?)
            }
        };
        // Asserted after the read, too: a driver that gives less would lose bytes silently.
        bytes
            .filter(|bytes| bytes.len() as u64 == self.length)
            .ok_or_else(|| Error::corrupt("an extent is shorter than its slices"))
    }
}

fn slice_of(row: &Bytes, offset: u64, length: u64) -> Option<Bytes> {
    let start = usize::try_from(offset).ok()?;
    let end = start.checked_add(usize::try_from(length).ok()?)?;
    (end <= row.len()).then(|| row.slice(start..end))
}
