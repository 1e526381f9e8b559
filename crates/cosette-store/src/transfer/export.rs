//! The way out: everything that one snapshot shows, in bounded memory, while the store is in use.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use cosette_types::checksum::hex;
use futures_util::{Stream, stream};
use tokio::sync::mpsc;

use super::{Framer, Kind, MAGIC, Moved};
use crate::codec::{Encoder, Record};
use crate::error::Error;
use crate::extents::READ_BYTES_MAX;
use crate::limits;
use crate::meta::Snapshot;
use crate::records::{BucketRecord, BucketState, ExtentRecord, UploadRecord, UploadState};
use crate::recover::FORMAT_VERSION;
use crate::store::{Core, Store};
use crate::tables::{self, BodyId, Table, Travels};
use crate::{tiny, txn};

impl Store {
    /// The whole store as it is now, as a stream of bytes that [`Store::import`] takes. Others may go
    /// on reading and writing; only space is not given back until the stream has ended or is dropped.
    ///
    /// Its last item may be an error: what came before it is then no export.
    pub fn export(&self) -> impl Stream<Item = Result<Bytes, Error>> + Send + 'static + use<> {
        let (frames, exported) = mpsc::channel(limits::FRAMES_AHEAD);
        let core = Arc::clone(&self.core);
        tokio::spawn(async move {
            let exported = Export::run(&core, &frames).await;
            // Whoever sees the end of the stream may want to have the folder for himself.
            drop(core);
            if let Err(error) = exported {
                // Nobody listens any more if this cannot be sent.
                let _ = frames.send(Err(error)).await;
            }
        });
        stream::unfold(exported, |mut exported| async move {
            let frame = exported.recv().await?;
            Some((frame, exported))
        })
    }
}

struct Export<'a> {
    core: &'a Core,
    snapshot: Arc<dyn Snapshot>,
    frames: &'a mpsc::Sender<Result<Bytes, Error>>,
    framer: Framer,
    rows: Encoder,
    rows_bytes: usize,
    moved: Moved,
    /// Bodies that nothing may refer to; `None` if there are too many to remember.
    suspects: Option<HashSet<BodyId>>,
    /// The last body that was looked up: rows of one body follow each other.
    last: Option<(BodyId, bool)>,
}

impl<'a> Export<'a> {
    async fn run(
        core: &'a Core,
        frames: &'a mpsc::Sender<Result<Bytes, Error>>,
    ) -> Result<(), Error> {
        // Entered before the snapshot is taken and until the end: what is referred to in it stays.
        let _entry = core.leases.enter();
        let snapshot = core.meta.snapshot().await?;
        let mut export = Self {
            core,
            suspects: suspects(snapshot.as_ref()).await?,
            snapshot,
            frames,
            framer: Framer::default(),
            rows: Encoder::default(),
            rows_bytes: 0,
            moved: Moved::default(),
            last: None,
        };
        export.send(Bytes::from_static(MAGIC)).await?;
        let mut head = Encoder::list();
        head.number(FORMAT_VERSION);
        head.number(core.now().micros());
        // Taken after the snapshot, so no version in it has a later time.
        head.number(core.versions.last().0);
        export.frame(Kind::Head, &head.into_value()).await?;
        let last = |table: &Table| u8::from(table.travels() == Travels::Last);
        let mut tables = Table::ALL;
        tables.sort_by_key(last);
        for table in tables {
            if table.travels() != Travels::Never {
                export.table(table).await?;
            }
        }
        export.flush().await?;
        let mut end = Encoder::list();
        end.number(export.moved.rows);
        end.number(export.moved.extents);
        end.number(export.moved.bytes);
        export.frame(Kind::End, &end.into_value()).await
    }

    async fn table(&mut self, table: Table) -> Result<(), Error> {
        let prefix = table.key(&[]);
        let mut start = prefix.clone();
        let most = match table {
            Table::Tiny => limits::SCRUB_ROWS,
            _ => limits::SCAN_ROWS,
        };
        loop {
            let rows = txn::scan(self.snapshot.as_ref(), &prefix, start, most).await?;
            for (row, value) in &rows {
                self.row(table, row, value).await?;
            }
            start = match rows.last() {
                Some((row, _)) if rows.len() == most => tables::after(row),
                _ => return Ok(()),
            };
        }
    }

    async fn row(&mut self, table: Table, row: &Bytes, value: &Bytes) -> Result<(), Error> {
        match table.travels() {
            Travels::AsItIs => self.put(row, value).await,
            Travels::Changed | Travels::Last => match changed(table, value)? {
                Some(value) => self.put(row, &value).await,
                None => Ok(()),
            },
            Travels::WithBody => {
                let body = BodyId(id(row, 0)?);
                if self.is_kept(body).await? {
                    self.put(row, value).await?;
                }
                Ok(())
            }
            Travels::WithExtent if !self.has_holder(row).await? => Ok(()),
            Travels::WithExtent if table == Table::Tiny => {
                // What is damaged is not handed on as if it were not.
                tiny::open(value).map_err(|why| named(row, &why))?;
                self.put(row, value).await
            }
            Travels::WithExtent => self.extent(row, value).await,
            Travels::Never => Ok(()),
        }
    }

    /// Whether a body is there and something refers to it.
    async fn is_kept(&mut self, body: BodyId) -> Result<bool, Error> {
        if let Some((_, kept)) = self.last.filter(|(last, _)| *last == body) {
            return Ok(kept);
        }
        let suspect = self
            .suspects
            .as_ref()
            .is_none_or(|some| some.contains(&body));
        let there = self.snapshot.get(&tables::body(body)).await?.is_some();
        let snapshot = self.snapshot.as_ref();
        let kept =
            there && !(suspect && txn::is_empty(snapshot, &tables::references(body)).await?);
        self.last = Some((body, kept));
        Ok(kept)
    }

    /// Whether a body that is kept has slices of the extent of this row.
    async fn has_holder(&mut self, row: &Bytes) -> Result<bool, Error> {
        let prefix = Table::Slice.key(&[&id(row, 0)?]);
        let mut start = prefix.clone();
        loop {
            let snapshot = Arc::clone(&self.snapshot);
            let rows = txn::scan(snapshot.as_ref(), &prefix, start, limits::MARKS_MAX).await?;
            for (slice, _) in &rows {
                if self.is_kept(BodyId(id(slice, 16)?)).await? {
                    return Ok(true);
                }
            }
            start = match rows.last() {
                Some((row, _)) if rows.len() == limits::MARKS_MAX => tables::after(row),
                _ => return Ok(false),
            };
        }
    }

    async fn extent(&mut self, row: &Bytes, value: &[u8]) -> Result<(), Error> {
        self.flush().await?;
        let record = ExtentRecord::from_value(value)?;
        let mut begin = Encoder::list();
        begin.fixed(&id(row, 0)?);
        begin.number(record.length);
        if let Some(seal) = &record.seal {
            seal.encode(&mut begin);
        }
        self.frame(Kind::Extent, &begin.into_value()).await?;
        let mut offset = 0;
        while offset < record.length {
            let length = READ_BYTES_MAX.min(record.length - offset);
            let read = self.core.extents.read(&record.address, offset, length);
            let bytes = read.await.map_err(|why| named(row, &why.into()))?;
            self.frame(Kind::Data, &bytes).await?;
            offset += length;
        }
        self.moved.extents += 1;
        self.moved.bytes += record.length;
        Ok(())
    }

    async fn put(&mut self, row: &[u8], value: &[u8]) -> Result<(), Error> {
        self.rows.bytes(row);
        self.rows.bytes(value);
        self.rows_bytes += row.len() + value.len();
        self.moved.rows += 1;
        if self.rows_bytes >= limits::FRAME_ROWS_BYTES {
            self.flush().await?;
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), Error> {
        if self.rows_bytes == 0 {
            return Ok(());
        }
        self.rows_bytes = 0;
        let rows = std::mem::take(&mut self.rows).into_value();
        self.frame(Kind::Rows, &rows).await
    }

    async fn frame(&mut self, kind: Kind, payload: &[u8]) -> Result<(), Error> {
        let frame = self.framer.frame(kind, payload);
        self.send(frame).await
    }

    async fn send(&self, frame: Bytes) -> Result<(), Error> {
        if self.core.stopping.load(Ordering::SeqCst) {
            return Err(Error::io("the store is closing"));
        }
        let sent = self.frames.send(Ok(frame)).await;
        sent.map_err(|_| Error::io("nobody takes the export any more"))
    }
}

/// Bodies that the sweep has been told of: all those without a reference are among them.
async fn suspects(snapshot: &dyn Snapshot) -> Result<Option<HashSet<BodyId>>, Error> {
    let prefix = Table::FreeBody.key(&[]);
    let mut start = prefix.clone();
    let mut suspects = HashSet::new();
    loop {
        let rows = txn::scan(snapshot, &prefix, start, limits::SCAN_ROWS).await?;
        for (row, _) in &rows {
            suspects.insert(BodyId(id(row, 0)?));
        }
        if suspects.len() > limits::SUSPECTS_MAX {
            return Ok(None);
        }
        start = match rows.last() {
            Some((row, _)) if rows.len() == limits::SCAN_ROWS => tables::after(row),
            _ => return Ok(Some(suspects)),
        };
    }
}

/// A row as another store should have it: what is under way here is under way nowhere there. `None`
/// if it should not have it.
fn changed(table: Table, value: &Bytes) -> Result<Option<Bytes>, Error> {
    Ok(match table {
        Table::Bucket => {
            let mut bucket = BucketRecord::from_value(value)?;
            bucket.state = BucketState::Live;
            Some(bucket.to_value())
        }
        Table::Upload => {
            let mut upload = UploadRecord::from_value(value)?;
            upload.state = UploadState::Open;
            Some(upload.to_value())
        }
        // Outcomes of transactions are this store's own.
        Table::Expiry if value.first() == Some(&Table::Outcome.byte()) => None,
        _ => Some(value.clone()),
    })
}

fn id(row: &[u8], from: usize) -> Result<[u8; 16], Error> {
    tables::id_at(row, from).ok_or_else(|| Error::corrupt("a row's key is damaged"))
}

fn named(row: &[u8], why: &Error) -> Error {
    let id = hex(row.get(1..).unwrap_or_default());
    Error::corrupt(format!("extent {id}: {why}; a scrub says whose it is"))
}
