//! Making bodies, finding their slices, cutting ranges out of them.
//!
//! A body's list of parts and slices is in its own row while it is short. A longer one is written to
//! chained rows before the commit that publishes the body, under a pending row that this commit
//! removes: what is never published is found by it and given back.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use cosette_types::{Crc64, Md5, Span};

use crate::codec::{Decoder, Encoder, Record};
use crate::error::Error;
use crate::extents::ExtentId;
use crate::limits;
use crate::meta::Meta;
use crate::ops::stage::Staged;
use crate::planted::Bug;
use crate::records::{
    BodyRecord, Digests, Happened, Item, List, Marker, PartSum, Pending, Slice, decode_items,
    encode_item,
};
use crate::store::Core;
use crate::tables::{self, BodyId};
use crate::txn::{self, Txn};

/// A body that is ready to be published: what the publishing commit has to write.
#[derive(Debug)]
pub(crate) struct ReadyBody {
    pub(crate) id: BodyId,
    pub(crate) record: BodyRecord,
    /// Extents whose slices it has, as far as not yet written down.
    links: BTreeSet<ExtentId>,
    /// Whether rows were written under a pending row already.
    begun: bool,
}

impl ReadyBody {
    /// Writes what publishes the body; its first reference is the caller's to write.
    pub(crate) fn publish(&self, txn: &mut Txn) {
        txn.put(tables::body(self.id), &self.record);
        for extent in &self.links {
            txn.mark(tables::slice(*extent, self.id));
        }
    }

    /// Whether there is a pending row for the publishing commit to remove.
    pub(crate) fn is_begun(&self) -> bool {
        self.begun
    }
}

/// Builds a body item by item, in bounded memory.
#[derive(Debug)]
pub(crate) struct BodyBuilder<'a> {
    core: &'a Core,
    id: BodyId,
    /// The pending row: to be written with the first chained row, or written by the caller.
    pending: Option<Pending>,
    /// Whether a chained row may have been written.
    begun: bool,
    size: u64,
    crc64: Crc64,
    items: Vec<Item>,
    items_bytes: usize,
    items_start: u64,
    starts: Vec<u64>,
    links: BTreeSet<ExtentId>,
}

/// Most bytes that one item takes up.
const ITEM_BYTES_MAX: usize = 40;

impl<'a> BodyBuilder<'a> {
    /// Begins a body. `pending` is written when it turns out to be long; `None` if the caller has
    /// written a pending row for this body already.
    pub(crate) fn new(core: &'a Core, id: BodyId, pending: Option<Pending>) -> Self {
        Self {
            core,
            id,
            pending,
            begun: false,
            size: 0,
            crc64: Crc64::EMPTY,
            items: Vec::new(),
            items_bytes: 0,
            items_start: 0,
            starts: Vec::new(),
            links: BTreeSet::new(),
        }
    }

    /// Begins a part; its slices follow.
    pub(crate) async fn part(&mut self, digests: Digests) -> Result<(), Error> {
        self.part_with(digests, None).await
    }

    /// Begins a part whose checksum is kept.
    pub(crate) async fn part_with(
        &mut self,
        digests: Digests,
        sum: Option<PartSum>,
    ) -> Result<(), Error> {
        // A part's head and its first slice stay in one row, so that a part is found by the row in
        // which its first byte is.
        let items = 2 + usize::from(sum.is_some());
        self.make_room(ITEM_BYTES_MAX * items).await?;
        self.crc64 = self.crc64.then(digests.crc64, digests.size);
        self.push(Item::Part(digests));
        if let Some(sum) = sum {
            self.push(Item::Sum(sum));
        }
        Ok(())
    }

    /// The next bytes.
    pub(crate) async fn slice(&mut self, slice: Slice) -> Result<(), Error> {
        self.make_room(ITEM_BYTES_MAX).await?;
        self.push(Item::Slice(slice));
        self.size += slice.length;
        self.links.insert(slice.extent);
        Ok(())
    }

    fn push(&mut self, item: Item) {
        self.items.push(item);
        self.items_bytes += ITEM_BYTES_MAX;
    }

    async fn make_room(&mut self, more: usize) -> Result<(), Error> {
        if self.items_bytes + more > limits::CHAIN_ROW_BYTES_MAX {
            self.flush().await?;
        }
        Ok(())
    }

    /// The next part: bytes that nobody has yet. Their rows are written at once, as a row of the
    /// list, so that the publishing commit need not have room for them.
    pub(crate) async fn staged(&mut self, staged: &Staged) -> Result<(), Error> {
        self.part(staged.digests()).await?;
        let mut rows = Vec::new();
        let before = self.size;
        for (extent, record) in staged.extents() {
            rows.push((tables::extent(extent), Some(record.to_value())));
            self.slice(record.whole(extent)).await?;
        }
        if self.size - before != staged.size() {
            return Err(Error::corrupt("staged bytes are not all in extents"));
        }
        // From here on the list tells of them, whatever becomes of the write.
        staged.committing();
        self.flush_with(rows).await
    }

    /// Writes what was gathered as a chained row, with its links to the extents.
    async fn flush(&mut self) -> Result<(), Error> {
        self.flush_with(Vec::new()).await
    }

    async fn flush_with(&mut self, rows: Vec<(Bytes, Option<Bytes>)>) -> Result<(), Error> {
        let number = u32::try_from(self.starts.len()).unwrap_or(u32::MAX);
        if self.starts.len() >= limits::CHAIN_ROWS_MAX {
            return Err(Error::TooFragmented);
        }
        let mut list = Encoder::list();
        for item in &self.items {
            encode_item(&mut list, item);
        }
        let mut writes = rows;
        if let Some(pending) = self.pending.take() {
            let row = tables::pending(self.core.epoch, self.id);
            writes.push((row, Some(pending.to_value())));
        }
        // The list is written no later than the links it names: whoever gives the body back finds
        // every link by it.
        writes.push((tables::chain(self.id, number), Some(list.into_value())));
        self.begun = true;
        let links = std::mem::take(&mut self.links);
        let links = links
            .into_iter()
            .map(|extent| (tables::slice(extent, self.id), Some(marker())));
        for link in links {
            if writes.len() >= limits::SWEEP_WRITES_MAX {
                self.core.write(&writes).await?;
                writes.clear();
            }
            writes.push(link);
        }
        self.core.write(&writes).await?;
        self.starts.push(self.items_start);
        self.items_start = self.size;
        self.items.clear();
        self.items_bytes = 0;
        Ok(())
    }

    /// Gives back what was written of a body that will not be.
    pub(crate) async fn give_up(&self) -> Result<(), Error> {
        if self.begun {
            self.core.discard_begun(self.core.epoch, self.id).await?;
        }
        Ok(())
    }

    /// Ends the body. `md5` is that of all its bytes, if known.
    pub(crate) async fn finish(&mut self, md5: Option<Md5>) -> Result<ReadyBody, Error> {
        let short = self.starts.is_empty()
            && self.items_bytes <= limits::INLINE_LIST_BYTES_MAX
            && self.links.len() <= limits::BODY_WRITES_MAX;
        let list = if short {
            List::Inline(std::mem::take(&mut self.items))
        } else {
            if !self.items.is_empty() {
                self.flush().await?;
            }
            List::Chained(std::mem::take(&mut self.starts))
        };
        Ok(ReadyBody {
            id: self.id,
            record: BodyRecord {
                size: self.size,
                crc64: self.crc64,
                md5,
                list,
            },
            links: std::mem::take(&mut self.links),
            begun: self.begun,
        })
    }
}

/// A body that is about to grow.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Growing {
    pub(crate) id: BodyId,
    /// Its size before.
    pub(crate) size: u64,
}

/// A body's list with more items at its end, as the transaction will leave it. Only for a body that
/// nobody else refers to.
pub(crate) async fn list_with(
    txn: &mut Txn,
    body: Growing,
    list: List,
    more: Vec<Item>,
) -> Result<List, Error> {
    let fits = |items: usize, bytes_max: usize| items * ITEM_BYTES_MAX <= bytes_max;
    let encoded = |items: &[Item]| {
        let mut list = Encoder::list();
        items.iter().for_each(|item| encode_item(&mut list, item));
        list.into_value()
    };
    let mut starts = match list {
        List::Inline(mut items) => {
            items.extend(more);
            if fits(items.len(), limits::INLINE_LIST_BYTES_MAX) {
                return Ok(List::Inline(items));
            }
            txn.put_value(tables::chain(body.id, 0), encoded(&items));
            return Ok(List::Chained(vec![0]));
        }
        List::Chained(starts) => starts,
    };
    let number = |rows: usize| u32::try_from(rows).unwrap_or(u32::MAX);
    let last = tables::chain(body.id, number(starts.len().saturating_sub(1)));
    let row = txn.get_value(last.clone()).await?;
    let mut items =
        items_of(&row.ok_or_else(|| Error::corrupt("a body's chained row is missing"))?)?;
    if fits(items.len() + more.len(), limits::CHAIN_ROW_BYTES_MAX) {
        items.extend(more);
        txn.put_value(last, encoded(&items));
    } else if starts.len() >= limits::CHAIN_ROWS_MAX {
        return Err(Error::TooFragmented);
    } else {
        txn.put_value(tables::chain(body.id, number(starts.len())), encoded(&more));
        starts.push(body.size);
    }
    Ok(List::Chained(starts))
}

fn marker() -> Bytes {
    Marker.to_value()
}

/// Walks a body's list from one offset on. The body must stay linked or leased meanwhile; no snapshot
/// is kept between two rows, so a slow reader holds nothing back.
#[derive(Debug)]
pub(crate) struct Walk {
    meta: Arc<dyn Meta>,
    id: BodyId,
    starts: Vec<u64>,
    next_row: usize,
    items: std::vec::IntoIter<Item>,
    position: u64,
}

impl Walk {
    /// Begins at the row that holds the byte at `offset`, so somewhat before it.
    pub(crate) fn new(meta: &Arc<dyn Meta>, id: BodyId, record: &BodyRecord, offset: u64) -> Self {
        let meta = Arc::clone(meta);
        match &record.list {
            List::Inline(items) => Self {
                meta,
                id,
                starts: Vec::new(),
                next_row: 0,
                items: items.clone().into_iter(),
                position: 0,
            },
            List::Chained(starts) => {
                let row = starts
                    .partition_point(|start| *start <= offset)
                    .saturating_sub(1);
                Self {
                    meta,
                    id,
                    position: starts.get(row).copied().unwrap_or_default(),
                    starts: starts.clone(),
                    next_row: row,
                    items: Vec::new().into_iter(),
                }
            }
        }
    }

    /// The next item and the offset at which it begins.
    pub(crate) async fn next(&mut self) -> Result<Option<(u64, Item)>, Error> {
        loop {
            if let Some(item) = self.items.next() {
                let at = self.position;
                if let Item::Slice(slice) = item {
                    self.position += slice.length;
                }
                return Ok(Some((at, item)));
            }
            if self.next_row >= self.starts.len() {
                return Ok(None);
            }
            let number = u32::try_from(self.next_row).unwrap_or(u32::MAX);
            let snapshot = self.meta.snapshot().await?;
            let value = snapshot.get(&tables::chain(self.id, number)).await?;
            let value = value.ok_or_else(|| Error::corrupt("a body's chained row is missing"))?;
            self.items = items_of(&value)?.into_iter();
            self.next_row += 1;
        }
    }
}

/// The items in the value of a chained row.
pub(crate) fn items_of(value: &[u8]) -> Result<Vec<Item>, Error> {
    Decoder::list(value)
        .and_then(|mut from| decode_items(&mut from))
        .map_err(|damaged| Error::corrupt(format!("chained row: {}", damaged.0)))
}

/// The part of a slice that begins at offset `at` of a body and lies in `span`.
pub(crate) fn cut(slice: Slice, at: u64, span: Span) -> Option<Slice> {
    let start = span.start.max(at);
    let end = span.end.min(at + slice.length);
    let skipped = if Bug::CutAtWrongOffset.is_planted() {
        0
    } else {
        start - at
    };
    (start < end).then(|| Slice {
        offset: slice.offset + skipped,
        length: end - start,
        ..slice
    })
}

/// The stored part that has exactly the bytes of `span`, if there is one, and its checksum.
pub(crate) async fn exact_part(
    meta: &Arc<dyn Meta>,
    id: BodyId,
    record: &BodyRecord,
    span: Span,
) -> Result<Option<(Digests, Option<PartSum>)>, Error> {
    let mut walk = Walk::new(meta, id, record, span.start);
    while let Some((at, item)) = walk.next().await? {
        match item {
            Item::Part(part) if at == span.start && part.size == span.len() => {
                let sum = match walk.next().await? {
                    Some((_, Item::Sum(sum))) => Some(sum),
                    _ => None,
                };
                return Ok(Some((part, sum)));
            }
            _ if at > span.start => break,
            _ => {}
        }
    }
    Ok(None)
}

impl Core {
    /// Gives back a body that was begun and not published: its links, its chained rows, and then
    /// the pending row itself.
    pub(crate) async fn discard_begun(&self, epoch: u64, id: BodyId) -> Result<(), Error> {
        let prefix = tables::chains(id);
        loop {
            let snapshot = self.meta.snapshot().await?;
            let rows = txn::scan(snapshot.as_ref(), &prefix, prefix.clone(), 1).await?;
            let Some((row, value)) = rows.first() else {
                break;
            };
            self.unlink_slices(id, items_of(value)?).await?;
            self.write(&[(row.clone(), None)]).await?;
        }
        self.write(&[(tables::pending(epoch, id), None)]).await
    }

    /// Removes a body's links to the extents of these items; the extents may be free then.
    pub(crate) async fn unlink_slices(&self, id: BodyId, items: Vec<Item>) -> Result<(), Error> {
        let mut extents = BTreeSet::new();
        extents.extend(items.into_iter().filter_map(|item| match item {
            Item::Slice(slice) => Some((slice.extent, slice.tiny)),
            Item::Part(_) | Item::Sum(_) => None,
        }));
        let mut writes = Vec::new();
        for (extent, tiny) in extents {
            if writes.len() >= limits::SWEEP_WRITES_MAX {
                self.write(&writes).await?;
                writes.clear();
            }
            writes.extend(unlink(extent, tiny, id));
        }
        if !writes.is_empty() {
            self.write(&writes).await?;
        }
        Ok(())
    }
}

/// The writes that remove a body's link to an extent.
pub(crate) fn unlink(extent: ExtentId, tiny: bool, body: BodyId) -> [(Bytes, Option<Bytes>); 2] {
    let free = tables::free_extent(extent, body);
    let tiny = Happened(tiny);
    [
        (tables::slice(extent, body), None),
        (free, Some(tiny.to_value())),
    ]
}
