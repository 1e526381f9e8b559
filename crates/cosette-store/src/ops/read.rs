//! Reads an object's bytes: those that were written, or an error; in bounded memory.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use cosette_types::Span;
use futures_util::{Stream, StreamExt, TryStreamExt, stream};

use super::object::ObjectVersion;
use crate::body::{Walk, cut};
use crate::error::Error;
use crate::extents::{Address, READ_BYTES_MAX};
use crate::lease::Lease;
use crate::limits;
use crate::records::{BodyRecord, ExtentRecord, Item, Slice};
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
    let reader = Reader {
        core: Arc::clone(&core),
        body,
        left: span,
        walk: None,
        ready: VecDeque::new(),
    };
    let pieces = stream::try_unfold(reader, |mut reader| async move {
        let piece = reader.next().await?;
        Ok::<_, Error>(piece.map(|piece| (piece, reader)))
    });
    pieces
        // The lease lives in the stream, beyond the reader: until the last read is done.
        .map_ok(move |piece| piece.read(Arc::clone(&core), Arc::clone(&lease)))
        .try_buffered(limits::READ_AHEAD)
        .boxed()
}

/// Finds, one after the other, the pieces of extents that make up a span.
struct Reader {
    core: Arc<Core>,
    body: BodyId,
    /// What was not yet handed out.
    left: Span,
    walk: Option<Walk>,
    ready: VecDeque<Piece>,
}

/// Something that one read fetches.
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
    async fn next(&mut self) -> Result<Option<Piece>, Error> {
        loop {
            if let Some(piece) = self.ready.pop_front() {
                return Ok(Some(piece));
            }
            if self.left.is_empty() {
                return Ok(None);
            }
            let mut walk = match self.walk.take() {
                Some(walk) => walk,
                None => self.begin().await?,
            };
            match walk.next().await? {
                Some((at, Item::Slice(slice))) => {
                    if let Some(slice) = cut(slice, at, self.left) {
                        self.left.start += slice.length;
                        self.split(slice).await?;
                    }
                }
                Some((_, Item::Part(_))) => {}
                None => return Err(Error::corrupt("a body's list ends before its bytes do")),
            }
            self.walk = Some(walk);
        }
    }

    async fn begin(&self) -> Result<Walk, Error> {
        let snapshot = self.core.meta.snapshot().await?;
        let record: Option<BodyRecord> =
            txn::row(snapshot.as_ref(), &tables::body(self.body)).await?;
        let record = record.ok_or_else(|| Error::corrupt("a version's body is missing"))?;
        Ok(Walk::new(
            &self.core.meta,
            self.body,
            &record,
            self.left.start,
        ))
    }

    /// Splits a slice at the borders of what one read may fetch.
    async fn split(&mut self, slice: Slice) -> Result<(), Error> {
        let snapshot = self.core.meta.snapshot().await?;
        if slice.tiny {
            self.ready.push_back(Piece {
                place: Place::Row(tables::tiny(slice.extent)),
                offset: slice.offset,
                length: slice.length,
            });
            return Ok(());
        }
        let record: Option<ExtentRecord> =
            txn::row(snapshot.as_ref(), &tables::extent(slice.extent)).await?;
        let record = record.ok_or_else(|| Error::corrupt("a body's extent is missing"))?;
        let end = slice.offset + slice.length;
        let mut offset = slice.offset;
        while offset < end {
            let border = (offset / READ_BYTES_MAX + 1) * READ_BYTES_MAX;
            let length = border.min(end) - offset;
            self.ready.push_back(Piece {
                place: Place::Extent(record.address.clone()),
                offset,
                length,
            });
            offset += length;
        }
        Ok(())
    }
}

impl Piece {
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
