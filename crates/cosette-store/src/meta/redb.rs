//! Rows in redb, a B-tree engine in one file: the second embedded driver.
//!
//! It is the first driver's twin: the same transactions must give the same answers on both. Its one
//! file is reached through the seam to the disk, so it also runs on the simulated one, which fjall,
//! with files of its own, cannot.
//!
//! Every batch is one write transaction with full durability. Readers look at the read transaction
//! begun after the last batch, so they never see what is not durable.

use std::fmt;
use std::io::{self, ErrorKind};
use std::ops::Bound;
use std::path::PathBuf;
use std::sync::Arc;

use ::redb::{
    Builder, Database, Durability, ReadOnlyTable, ReadableDatabase, StorageBackend, TableDefinition,
};
use bytes::Bytes;

use super::committer::{Committer, Engine, View, Writes};
use super::{Boxed, Meta, MetaError, MiniTxn, Outcome, Scan, Snapshot};
use crate::disk::{self, Directory, DiskFile, RealDirectory, Room};
use crate::planted::Bug;

/// The engine's only table. Tiny bodies are not kept apart: in a B-tree, rows that are far from each
/// other in order are on different pages anyway.
const ROWS: TableDefinition<'static, &[u8], &[u8]> = TableDefinition::new("rows");
/// The engine's only file.
const FILE: &str = "rows.redb";
/// Pages kept in memory.
const CACHE_BYTES: usize = 64 << 20;

/// An ordered key-value store in one file.
#[derive(Debug)]
pub struct RedbMeta {
    committer: Committer<RedbEngine>,
}

impl RedbMeta {
    /// Opens the store in `folder`, making it if it is not there. Rows whose key begins with
    /// `bytes_prefix` are bodies: on a nearly full disk, they are refused first.
    ///
    /// # Errors
    /// When the file cannot be read or what is in it is damaged.
    pub async fn open(folder: PathBuf, bytes_prefix: u8) -> Result<Self, MetaError> {
        let directory = disk::away(true, move || RealDirectory::open(folder)).await;
        let directory = directory
            .map_err(|ended| MetaError::Io(ended.into()))?
            .map_err(|error| failed("open", &error))?;
        Self::open_in(Arc::new(directory), bytes_prefix).await
    }

    /// Opens the store in a directory of any disk.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_in(
        directory: Arc<dyn Directory>,
        bytes_prefix: u8,
    ) -> Result<Self, MetaError> {
        let waits = directory.waits();
        let opened = disk::away(waits, move || {
            let engine = RedbEngine::open(directory, bytes_prefix)?;
            Committer::start(engine, waits)
        });
        let committer = opened
            .await
            .map_err(|ended| MetaError::Io(ended.into()))??;
        Ok(Self { committer })
    }
}

impl Meta for RedbMeta {
    fn snapshot(&self) -> Boxed<'_, Result<Arc<dyn Snapshot>, MetaError>> {
        Box::pin(std::future::ready(self.committer.snapshot()))
    }

    fn commit(&self, txn: MiniTxn) -> Boxed<'_, Result<Outcome, MetaError>> {
        Box::pin(self.committer.commit(txn))
    }

    fn is_poisoned(&self) -> bool {
        self.committer.is_poisoned()
    }

    fn close(&self) -> Boxed<'_, Result<(), MetaError>> {
        Box::pin(self.committer.close())
    }
}

/// The engine as its one writer sees it.
struct RedbEngine {
    database: Database,
    directory: Arc<dyn Directory>,
    bytes_prefix: u8,
}

impl RedbEngine {
    fn open(directory: Arc<dyn Directory>, bytes_prefix: u8) -> Result<Self, MetaError> {
        let file = match directory.open(FILE) {
            Err(error) if error.kind() == ErrorKind::NotFound => directory.create(FILE),
            other => other,
        };
        let file = file.map_err(|error| failed("open", &error))?;
        let database = Builder::new()
            .set_cache_size(CACHE_BYTES)
            .create_with_backend(Backend(file))
            .map_err(|error| failed("open", &error))?;
        let engine = Self {
            database,
            directory,
            bytes_prefix,
        };
        // Made by the first batch; only readers that come before it would miss it.
        engine.write_batch(Writes::new())?;
        // Whatever is acknowledged from now on is in this file, which must be found again.
        engine
            .directory
            .sync()
            .map_err(|error| failed("open", &error))?;
        Ok(engine)
    }

    fn write_batch(&self, writes: Writes) -> Result<(), MetaError> {
        let failed = |error: ::redb::Error| failed("commit", &error);
        let mut txn = self.database.begin_write().map_err(|e| failed(e.into()))?;
        let durability = if Bug::AnswerBeforeSync.is_planted() {
            Durability::None
        } else {
            Durability::Immediate
        };
        txn.set_durability(durability)
            .map_err(|e| failed(e.into()))?;
        {
            let mut rows = txn.open_table(ROWS).map_err(|e| failed(e.into()))?;
            for (key, value) in writes {
                match value {
                    Some(value) => rows.insert(&*key, &*value).map(drop),
                    None => rows.remove(&*key).map(drop),
                }
                .map_err(|e| failed(e.into()))?;
            }
        }
        txn.commit().map_err(|e| failed(e.into()))
    }
}

impl Engine for RedbEngine {
    type View = RedbView;

    fn view(&self) -> Result<RedbView, MetaError> {
        let failed = |error: ::redb::Error| failed("read", &error);
        let txn = self.database.begin_read().map_err(|e| failed(e.into()))?;
        let rows = txn.open_table(ROWS).map_err(|e| failed(e.into()))?;
        Ok(RedbView { rows })
    }

    fn room(&self) -> Result<Room, MetaError> {
        self.directory
            .room()
            .map_err(|error| failed("statvfs", &error))
    }

    fn holds_bytes(&self, key: &[u8]) -> bool {
        key.first() == Some(&self.bytes_prefix)
    }

    fn write(&mut self, mut writes: Writes) -> Result<(), MetaError> {
        if Bug::TornBatch.is_planted() {
            let middle = writes.keys().nth(writes.len() / 2).cloned();
            let half = middle.map(|key| writes.split_off(&key));
            self.write_batch(half.unwrap_or_default())?;
        }
        self.write_batch(writes)
    }

    fn close(self) -> Result<(), MetaError> {
        self.database
            .close()
            .map_err(|error| failed("close", &error))
    }
}

/// The rows as one durable batch left them. The table keeps its read transaction alive.
struct RedbView {
    rows: ReadOnlyTable<&'static [u8], &'static [u8]>,
}

impl fmt::Debug for RedbView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedbView").finish_non_exhaustive()
    }
}

impl View for RedbView {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, MetaError> {
        let value = self.rows.get(key).map_err(|error| failed("get", &error))?;
        Ok(value.map(|value| Bytes::copy_from_slice(value.value())))
    }

    fn scan(&self, scan: &Scan) -> Result<Vec<(Bytes, Bytes)>, MetaError> {
        // A range that ends before it starts is empty.
        if scan.end.as_ref().is_some_and(|end| *end <= scan.start) {
            return Ok(Vec::new());
        }
        let start = Bound::Included(&*scan.start);
        let end = scan
            .end
            .as_deref()
            .map_or(Bound::Unbounded, Bound::Excluded);
        let rows = self
            .rows
            .range::<&[u8]>((start, end))
            .map_err(|error| failed("scan", &error))?;
        let mut found = Vec::new();
        for row in rows.take(scan.limit) {
            let (key, value) = row.map_err(|error| failed("scan", &error))?;
            let (key, value) = (key.value(), value.value());
            found.push((Bytes::copy_from_slice(key), Bytes::copy_from_slice(value)));
        }
        Ok(found)
    }
}

/// The engine's file. It needs no lock of its own: the store's folder is locked.
#[derive(Debug)]
struct Backend(Arc<dyn DiskFile>);

impl StorageBackend for Backend {
    fn len(&self) -> Result<u64, io::Error> {
        self.0.length()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        self.0.read_at(out, offset)
    }

    fn set_len(&self, length: u64) -> Result<(), io::Error> {
        self.0.set_length(length)
    }

    fn sync_data(&self) -> Result<(), io::Error> {
        self.0.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        self.0.write_at(data, offset)
    }
}

fn failed(what: &str, error: &dyn fmt::Display) -> MetaError {
    MetaError::Io(format!("{what}: {error}").into())
}
