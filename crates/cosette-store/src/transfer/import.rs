//! The way in: an export becomes a whole store, or nothing that anybody can see.
//!
//! A row says from the first write to the last that the store is not whole; a store with that row
//! does not open. Buckets come last, so that nothing is found before.

use std::sync::Arc;

use bytes::Bytes;
use cosette_types::VersionTime;
use futures_util::{Stream, StreamExt};
use tokio::task::JoinSet;

use super::{Deframer, ImportError, Kind, Moved};
use crate::body::items_of;
use crate::codec::{Damaged, Decoder, Record};
use crate::error::Error;
use crate::extents::{Address, EXTENT_BYTES_MAX, ExtentId, ExtentWriter};
use crate::limits;
use crate::records::{BodyRecord, ExtentRecord, FormatRecord, Item, List, Marker, SealRecord};
use crate::recover::FORMAT_VERSION;
use crate::store::{Core, Store};
use crate::tables::{self, BodyId, Table, Travels};
use crate::txn;

impl Store {
    /// Takes in what [`Store::export`] of another store gave, whatever its drivers are. This store
    /// must be empty, and nobody may use it meanwhile.
    ///
    /// # Errors
    /// [`ImportError`]. After one that is not [`ImportError::NotEmpty`] or
    /// [`ImportError::NotAnExport`] the store cannot be opened again: its folder has to go.
    pub async fn import<S, E>(&self, stream: S) -> Result<Moved, ImportError<E>>
    where
        S: Stream<Item = Result<Bytes, E>> + Send,
        E: Send,
    {
        // The sweep would unlink what is only half there.
        let _no_sweep = self.core.sweeping.lock().await;
        if !is_empty(&self.core).await? {
            return Err(ImportError::NotEmpty);
        }
        let mut import = Import::new(&self.core);
        let mut deframer = Deframer::default();
        let mut begun = false;
        let mut stream = std::pin::pin!(stream);
        while let Some(bytes) = stream.next().await {
            deframer.add(&bytes.map_err(ImportError::Stream)?);
            if !begun {
                match deframer.magic() {
                    None => continue,
                    Some(false) => return Err(ImportError::NotAnExport),
                    Some(true) => begun = true,
                }
            }
            loop {
                let at = deframer.good;
                let damaged = |why| ImportError::Damaged { at, why };
                let Some((kind, payload)) = deframer.next().map_err(damaged)? else {
                    break;
                };
                match import.frame(kind, payload).await {
                    Ok(()) => {}
                    Err(Failed::Damaged(why)) => return Err(damaged(why.to_owned())),
                    Err(Failed::Later) => return Err(ImportError::NotAnExport),
                    Err(Failed::Store(error)) => return Err(ImportError::Store(error)),
                }
            }
        }
        if !begun {
            return Err(ImportError::NotAnExport);
        }
        if !import.ended || !deframer.is_empty() {
            let at = deframer.good;
            let why = if import.ended {
                "something follows its end"
            } else {
                "it ends too early"
            };
            let why = why.to_owned();
            return Err(ImportError::Damaged { at, why });
        }
        Ok(import.finish().await?)
    }
}

/// Whether nothing but the format is in the store.
async fn is_empty(core: &Core) -> Result<bool, Error> {
    let snapshot = core.meta.snapshot().await?;
    let rows = txn::scan(snapshot.as_ref(), &[], Bytes::new(), 2).await?;
    Ok(rows.iter().all(|(row, _)| *row == tables::format()))
}

/// Why a frame was not taken.
enum Failed {
    Damaged(&'static str),
    Later,
    Store(Error),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

impl From<Damaged> for Failed {
    fn from(Damaged(why): Damaged) -> Self {
        Self::Damaged(why)
    }
}

type Row = (Bytes, Option<Bytes>);

struct Import<'a> {
    core: &'a Arc<Core>,
    floor: Option<VersionTime>,
    moved: Moved,
    ended: bool,
    /// The extent that is being written, and how much of it is still to come.
    open: Option<(ExtentId, ExtentRecord, u64, Box<dyn ExtentWriter>)>,
    /// Extents that are written and not yet durable.
    unsynced: Vec<(ExtentId, ExtentRecord)>,
    unsynced_bytes: u64,
    writes: Vec<Row>,
    writes_bytes: usize,
    under_way: JoinSet<Result<(), Error>>,
    /// Rows that make everything visible: the last.
    last: Vec<Row>,
}

impl<'a> Import<'a> {
    fn new(core: &'a Arc<Core>) -> Self {
        Self {
            core,
            floor: None,
            moved: Moved::default(),
            ended: false,
            open: None,
            unsynced: Vec::new(),
            unsynced_bytes: 0,
            writes: Vec::new(),
            writes_bytes: 0,
            under_way: JoinSet::new(),
            last: Vec::new(),
        }
    }

    async fn frame(&mut self, kind: Kind, payload: Bytes) -> Result<(), Failed> {
        if self.ended {
            return Err(Failed::Damaged("something follows its end"));
        }
        if (kind == Kind::Head) != self.floor.is_none() {
            return Err(Failed::Damaged("a frame in another place"));
        }
        if (kind == Kind::Data) != self.open.is_some() {
            return Err(Failed::Damaged("an extent of another length"));
        }
        match kind {
            Kind::Head => self.head(&payload).await,
            Kind::Rows => self.rows(&payload).await,
            Kind::Extent => self.extent(&payload).await,
            Kind::Data => self.data(payload).await,
            Kind::End => self.end(&payload),
        }
    }

    async fn head(&mut self, payload: &[u8]) -> Result<(), Failed> {
        let mut from = Decoder::list(payload)?;
        if from.number()? != FORMAT_VERSION {
            return Err(Failed::Later);
        }
        // When it was made: for people.
        from.number()?;
        self.floor = Some(VersionTime(from.number()?));
        let marker = (tables::importing(), Some(Marker.to_value()));
        Ok(self.core.write(&[marker]).await?)
    }

    async fn rows(&mut self, payload: &[u8]) -> Result<(), Failed> {
        let mut from = Decoder::rows(payload);
        while !from.is_empty() {
            let row = Bytes::copy_from_slice(from.bytes()?);
            let value = Bytes::copy_from_slice(from.bytes()?);
            let table = row.first().copied().unwrap_or_default();
            let table = Table::ALL.into_iter().find(|known| known.byte() == table);
            let table = table.ok_or(Failed::Damaged("a row of an unknown table"))?;
            match table.travels() {
                Travels::Never => return Err(Failed::Damaged("a row of a table that stays home")),
                Travels::Last => self.last.push((row, Some(value))),
                _ => {
                    self.links(table, &row, &value).await?;
                    self.put(row, value).await?;
                }
            }
            self.moved.rows += 1;
        }
        Ok(())
    }

    /// Which extents a body has slices of is said by its list; the rows that say it again are made
    /// from it.
    async fn links(&mut self, table: Table, row: &Bytes, value: &[u8]) -> Result<(), Failed> {
        let items = match table {
            Table::Body => match BodyRecord::from_value(value)?.list {
                List::Inline(items) => items,
                List::Chained(_) => return Ok(()),
            },
            Table::Chain => items_of(value)?,
            _ => return Ok(()),
        };
        let body = tables::id_at(row, 0).map(BodyId);
        let body = body.ok_or(Failed::Damaged("a row's key is damaged"))?;
        for item in items {
            if let Item::Slice(slice) = item {
                self.put(tables::slice(slice.extent, body), Marker.to_value())
                    .await?;
            }
        }
        Ok(())
    }

    async fn extent(&mut self, payload: &[u8]) -> Result<(), Failed> {
        let mut from = Decoder::list(payload)?;
        let id = ExtentId(from.fixed()?);
        let length = from.number()?;
        let seal = match from.is_empty() {
            true => None,
            false => Some(SealRecord::decode(&mut from)?),
        };
        if length == 0 || length > EXTENT_BYTES_MAX {
            return Err(Failed::Damaged("an extent of an impossible length"));
        }
        let writer = self.core.extents.begin(id, Some(length)).await;
        let writer = writer.map_err(Error::from)?;
        let record = ExtentRecord {
            address: Address(Bytes::new()),
            length,
            seal,
        };
        self.open = Some((id, record, length, writer));
        Ok(())
    }

    async fn data(&mut self, bytes: Bytes) -> Result<(), Failed> {
        let Some((id, mut record, left, mut writer)) = self.open.take() else {
            return Err(Failed::Damaged("a frame in another place"));
        };
        let length = bytes.len() as u64;
        if length == 0 || length > left {
            return Err(Failed::Damaged("an extent of another length"));
        }
        writer.append(bytes).await.map_err(Error::from)?;
        if length < left {
            self.open = Some((id, record, left - length, writer));
            return Ok(());
        }
        record.address = writer.finish().await.map_err(Error::from)?;
        self.moved.extents += 1;
        self.moved.bytes += record.length;
        self.unsynced_bytes += record.length;
        self.unsynced.push((id, record));
        if self.unsynced.len() >= limits::IMPORT_EXTENTS || self.unsynced_bytes >= EXTENT_BYTES_MAX
        {
            self.sync().await?;
        }
        Ok(())
    }

    /// Bytes first, then the rows that name them.
    async fn sync(&mut self) -> Result<(), Error> {
        let extents = std::mem::take(&mut self.unsynced);
        self.unsynced_bytes = 0;
        let addresses: Vec<Address> = extents.iter().map(|(_, e)| e.address.clone()).collect();
        self.core.extents.sync(&addresses).await?;
        for (id, record) in extents {
            self.put(tables::extent(id), record.to_value()).await?;
        }
        Ok(())
    }

    fn end(&mut self, payload: &[u8]) -> Result<(), Failed> {
        let mut from = Decoder::list(payload)?;
        let told = Moved {
            rows: from.number()?,
            extents: from.number()?,
            bytes: from.number()?,
        };
        if told != self.moved {
            return Err(Failed::Damaged("it does not hold what its end says"));
        }
        self.ended = true;
        Ok(())
    }

    async fn put(&mut self, row: Bytes, value: Bytes) -> Result<(), Error> {
        self.writes_bytes += row.len() + value.len();
        self.writes.push((row, Some(value)));
        if self.writes.len() >= limits::SWEEP_WRITES_MAX
            || self.writes_bytes >= limits::IMPORT_TXN_BYTES
        {
            self.flush().await?;
        }
        Ok(())
    }

    /// Several transactions are under way together: they share syncs.
    async fn flush(&mut self) -> Result<(), Error> {
        self.writes_bytes = 0;
        let writes = std::mem::take(&mut self.writes);
        if self.under_way.len() >= limits::IMPORT_TXNS {
            self.landed().await?;
        }
        let core = Arc::clone(self.core);
        self.under_way
            .spawn(async move { core.write(&writes).await });
        Ok(())
    }

    async fn landed(&mut self) -> Result<(), Error> {
        match self.under_way.join_next().await {
            Some(landed) => landed.map_err(Error::io)?,
            None => Ok(()),
        }
    }

    async fn finish(mut self) -> Result<Moved, Error> {
        let floor = self.floor.unwrap_or(VersionTime(0));
        self.sync().await?;
        self.flush().await?;
        while !self.under_way.is_empty() {
            self.landed().await?;
        }
        for rows in self.last.chunks(limits::SWEEP_WRITES_MAX) {
            self.core.write(rows).await?;
        }
        loop {
            let mut txn = self.core.begin().await?;
            if let Some(mut format) = txn.get::<FormatRecord>(tables::format()).await? {
                format.floor = format.floor.max(floor);
                txn.put(tables::format(), &format);
            }
            txn.delete(tables::importing());
            if self.core.commit(txn).await? {
                break;
            }
        }
        self.core.versions.advance(floor);
        self.core.provide_times().await?;
        Ok(self.moved)
    }
}
