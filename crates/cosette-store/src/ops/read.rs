//! Reads an object's bytes: those that were written, or an error; in bounded memory.

use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use bytes::Bytes;
use cosette_types::{Checksum, ChecksumAlgorithm, CustomerKey, Span};
use futures_util::{Stream, StreamExt, TryStreamExt, stream};

use super::object::ObjectVersion;
use crate::body::{Walk, cut};
use crate::codec::Record;
use crate::encryption::{CHUNK_BYTES, DataKey, SEALED_BYTES, sealed_tiny};
use crate::error::Error;
use crate::extents::{Address, ExtentError, ExtentId, READ_BYTES_MAX, RangeReader};
use crate::lease::Lease;
use crate::limits;
use crate::records::{BodyRecord, Digests, ExtentRecord, Item, Slice};
use crate::store::{Core, Store};
use crate::tables::{self, BodyId};
use crate::tiny;
use crate::txn;

/// Bytes, as they were given, of the encrypted chunks that one read may fetch.
const GIVEN_AT_ONCE: u64 = READ_BYTES_MAX / SEALED_BYTES as u64 * CHUNK_BYTES as u64;

impl Store {
    /// The bytes of `span` of a version, in order. A span beyond the end is cut at the end.
    ///
    /// The stream keeps the bytes readable by itself; `version` may be dropped before it.
    pub fn read(
        &self,
        version: &ObjectVersion,
        span: Span,
    ) -> impl Stream<Item = Result<Bytes, Error>> + Send + 'static + use<> {
        self.read_with(version, span, None)
    }

    /// As [`Store::read`], of a version that is encrypted with a customer's key. Whether it is the
    /// right one can be asked before: [`ObjectVersion::check_key`].
    pub fn read_with(
        &self,
        version: &ObjectVersion,
        span: Span,
        customer_key: Option<&CustomerKey>,
    ) -> impl Stream<Item = Result<Bytes, Error>> + Send + 'static + use<> {
        let span = Span {
            start: span.start,
            end: span.end.min(version.size),
        };
        let lease = Arc::clone(&version.lease);
        let key = customer_key.cloned();
        read_body(Arc::clone(&self.core), version.body, span, lease, key)
    }
}

/// Parts that an object was made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectParts {
    /// How many there are in all.
    pub count: u32,
    /// Those that were asked for, in their order.
    pub parts: Vec<ObjectPart>,
}

/// One of the parts that an object was made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectPart {
    /// Its bytes within the object.
    pub span: Span,
    /// Its checksum, where that of the object is one of its parts' checksums.
    pub checksum: Option<Checksum>,
}

impl Store {
    /// The parts of these numbers, counted from 1 in their order. `None` for an object that was put at
    /// once, and for one whose bytes were written again, which forgets where its parts began.
    ///
    /// # Errors
    /// Only those of the drivers.
    pub async fn parts_of(
        &self,
        version: &ObjectVersion,
        wanted: RangeInclusive<u32>,
    ) -> Result<Option<ObjectParts>, Error> {
        let Some(count) = version.etag.part_count().filter(|_| !version.appendable) else {
            return Ok(None);
        };
        let snapshot = self.core.meta.snapshot().await?;
        let row = snapshot.get(&tables::body(version.body)).await?;
        let row = row.ok_or_else(|| Error::corrupt("a version's body is missing"))?;
        let record = BodyRecord::from_value(&row)?;
        let mut walk = Walk::new(&self.core.meta, version.body, &record, 0);
        let (mut seen, mut end, mut parts) = (0u32, 0u64, Vec::new());
        while let Some((_, item)) = walk.next().await? {
            match item {
                Item::Part(digests) => {
                    let start = end;
                    end = start.saturating_add(digests.size);
                    seen = seen.saturating_add(1);
                    if wanted.contains(&seen) {
                        parts.push(ObjectPart {
                            span: Span { start, end },
                            checksum: None,
                        });
                    }
                }
                Item::Sum(sum) if wanted.contains(&seen) => {
                    if let Some(part) = parts.last_mut() {
                        part.checksum = Some(sum.checksum());
                    }
                }
                Item::Sum(_) | Item::Slice(_) => {}
            }
        }
        let told = seen == count && end == version.size;
        Ok(told.then_some(ObjectParts { count, parts }))
    }
}

/// The bytes of `span` of a body that is leased.
pub(crate) fn read_body(
    core: Arc<Core>,
    body: BodyId,
    span: Span,
    lease: Arc<Lease>,
    customer_key: Option<CustomerKey>,
) -> impl Stream<Item = Result<Bytes, Error>> + Send + 'static {
    let reader = Reader::new(&core, body, span, customer_key);
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

/// The digests of the bytes of `span` of a body that is leased, and the checksum that is wanted.
pub(crate) async fn hash_body(
    core: &Arc<Core>,
    (body, span): (BodyId, Span),
    lease: &Arc<Lease>,
    customer_key: Option<&CustomerKey>,
    wanted: Option<ChecksumAlgorithm>,
) -> Result<(Digests, Option<Checksum>), Error> {
    let mut digest = core.digest(wanted);
    let key = customer_key.cloned();
    if !core.extents.waits() {
        let mut bytes = read_body(Arc::clone(core), body, span, Arc::clone(lease), key);
        while let Some(bytes) = bytes.try_next().await? {
            digest.update(&bytes).await?;
        }
        return digest.finish().await;
    }
    // Read by the threads that hash, some slices at a time. Each holds the lease: if this is given
    // up half-way, they still read.
    let mut reader = Reader::new(core, body, span, key);
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
    customer_key: Option<CustomerKey>,
}

/// A range of an extent.
struct Piece {
    place: Place,
    offset: u64,
    length: u64,
}

enum Place {
    Row(Bytes),
    SealedRow(ExtentId, Option<CustomerKey>),
    Extent(Address),
    Sealed(Arc<SealedExtent>),
}

/// An extent whose bytes are encrypted, and their key.
struct SealedExtent {
    address: Address,
    key: DataKey,
    /// As it is stored.
    length: u64,
}

impl SealedExtent {
    /// Reads the chunks in which a range is, and gives back the range.
    async fn read(&self, core: &Core, offset: u64, length: u64) -> Result<Option<Bytes>, Error> {
        let (given, sealed) = (CHUNK_BYTES as u64, SEALED_BYTES as u64);
        let (first, end) = (offset / given, (offset + length).div_ceil(given));
        let from = first * sealed;
        let until = self.length.min(end * sealed);
        let stored = until.saturating_sub(from);
        let bytes = core.extents.read(&self.address, from, stored).await?;
        let number = |chunks: u64| u32::try_from(chunks).unwrap_or(u32::MAX);
        let chunks = self.length.div_ceil(sealed);
        let opened = self
            .key
            .open_chunks(&bytes, number(first), number(chunks))?;
        Ok(slice_of(&opened.into(), offset - first * given, length))
    }
}

impl Reader {
    fn new(core: &Arc<Core>, body: BodyId, span: Span, customer_key: Option<CustomerKey>) -> Self {
        Self {
            customer_key,
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

    async fn extent(&self, id: ExtentId, sealed: bool) -> Result<Place, Error> {
        let snapshot = self.core.meta.snapshot().await?;
        let record: Option<ExtentRecord> = txn::row(snapshot.as_ref(), &tables::extent(id)).await?;
        let record = record.ok_or_else(|| Error::corrupt("a body's extent is missing"))?;
        match &record.seal {
            None if !sealed => Ok(Place::Extent(record.address)),
            Some(seal) if sealed => {
                let key = self.customer_key.as_ref();
                Ok(Place::Sealed(Arc::new(SealedExtent {
                    key: self.core.unwrap_key(seal, id, key)?,
                    address: record.address,
                    length: record.length,
                })))
            }
            _ => Err(Error::corrupt("a body and its extent differ on encryption")),
        }
    }

    async fn piece(&self, slice: Slice) -> Result<Piece, Error> {
        let place = match (slice.tiny, slice.sealed) {
            (true, false) => Place::Row(tables::tiny(slice.extent)),
            (true, true) => Place::SealedRow(slice.extent, self.customer_key.clone()),
            (false, sealed) => self.extent(slice.extent, sealed).await?,
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
        let (most, place) = match &self.place {
            Place::Row(_) | Place::SealedRow(..) => return (self, None),
            Place::Extent(address) => (READ_BYTES_MAX, Place::Extent(address.clone())),
            Place::Sealed(extent) => (GIVEN_AT_ONCE, Place::Sealed(Arc::clone(extent))),
        };
        let border = (self.offset / most + 1) * most;
        let end = self.offset + self.length;
        let rest = (border < end).then(|| Self {
            place,
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
            Place::SealedRow(id, key) => {
                let snapshot = core.meta.snapshot().await?;
                let row = snapshot.get(&tables::tiny(*id)).await?;
                let row = row.ok_or_else(|| Error::corrupt("a tiny extent is missing"))?;
                let (seal, chunk) = sealed_tiny(&tiny::open(&row)?)?;
                let key = core.unwrap_key(&seal, *id, key.as_ref())?;
                let bytes = key.open_chunks(&chunk, 0, 1)?;
                slice_of(&bytes.into(), self.offset, self.length)
            }
            Place::Extent(address) => {
                Some(core.extents.read(address, self.offset, self.length).await?)
            }
            Place::Sealed(extent) => extent.read(&core, self.offset, self.length).await?,
        };
        // Asserted after the read, too: a driver that gives less would lose bytes silently.
        bytes
            .filter(|bytes| bytes.len() as u64 == self.length)
            .ok_or_else(|| Error::corrupt("an extent is shorter than its slices"))
    }
}

/// Reads whatever is stored of a body and compares it with its checksums, without any key.
pub(crate) async fn check_stored(core: &Arc<Core>, body: BodyId, size: u64) -> Result<(), Error> {
    let reader = Reader::new(core, body, Span::whole(size), None);
    let mut walk = reader.begin().await?;
    while let Some((_, item)) = walk.next().await? {
        let Item::Slice(slice) = item else { continue };
        let snapshot = core.meta.snapshot().await?;
        if slice.tiny {
            let row = snapshot.get(&tables::tiny(slice.extent)).await?;
            tiny::open(&row.ok_or_else(|| Error::corrupt("a tiny extent is missing"))?)?;
            continue;
        }
        let row = tables::extent(slice.extent);
        let record: Option<ExtentRecord> = txn::row(snapshot.as_ref(), &row).await?;
        let record = record.ok_or_else(|| Error::corrupt("a body's extent is missing"))?;
        let mut offset = 0;
        while offset < record.length {
            let length = READ_BYTES_MAX.min(record.length - offset);
            core.extents.read(&record.address, offset, length).await?;
            offset += length;
        }
    }
    Ok(())
}

fn slice_of(row: &Bytes, offset: u64, length: u64) -> Option<Bytes> {
    let start = usize::try_from(offset).ok()?;
    let end = start.checked_add(usize::try_from(length).ok()?)?;
    (end <= row.len()).then(|| row.slice(start..end))
}
