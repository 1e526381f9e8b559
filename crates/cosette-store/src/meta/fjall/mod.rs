//! Rows in fjall, a log-structured engine in one folder: the driver of the embedded store.
//!
//! The engine alone is not durable by default and syncs once per commit. So one thread
//! (`committer`) owns all writing: everything queued while the disk was busy goes into the next
//! batch and shares its sync. Readers see the engine as the last durable batch left it, never its
//! present state.
//!
//! Deliberately not used: `clear`, which is not journalled safely; key-value separation; the
//! engine's own transactions.

use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fjall::config::BlockSizePolicy;
use fjall::{Database, KeyspaceCreateOptions};

use self::engine::{FjallEngine, room_with};
use self::journals::Journals;
use self::view::Spaces;
use super::committer::Committer;
use super::{Boxed, Meta, MetaError, MetaFacts, MiniTxn, Outcome, Snapshot};
use crate::disk::{Ballast, Room};
use crate::extents::folder::make_folder;
use crate::tables::Table;

mod engine;
mod journals;
mod view;

/// Blocks of tables kept in memory.
const CACHE_BYTES: u64 = 192 << 20;
/// Rows kept in memory before they are written out, for each of the two keyspaces. The engine
/// halts writers when four such are waiting, so this bounds its memory.
const MEMTABLE_BYTES: u64 = 16 << 20;
/// Journals on disk; beyond this the engine writes out what keeps the oldest alive.
const JOURNAL_BYTES_MAX: u64 = 128 << 20;
/// Threads for writing out and compacting. The engine keeps the first free for writing out, and that
/// one spins while a compaction waits for a thread; with three others none waits long. With one
/// thread in all, rows pile up in memory while it compacts (docs/performance.md).
const WORKERS: usize = 4;
/// Open tables.
const FILES_MAX: usize = 256;
/// Block size of tiny bodies, which are read one by one and compress badly.
const BYTES_BLOCK: u32 = 16 << 10;
/// An ordered key-value store in a folder.
#[derive(Debug)]
pub struct FjallMeta {
    committer: Committer<FjallEngine>,
    /// To ask how much room its disk has.
    folder: File,
}

impl FjallMeta {
    /// Opens the store in `folder`, making it if it is not there. Rows whose key begins with
    /// `bytes_prefix` are bodies, kept apart from all others; the byte must never change.
    ///
    /// # Errors
    /// When the folder cannot be read or what is in it is damaged.
    pub async fn open(folder: PathBuf, bytes_prefix: u8) -> Result<Self, MetaError> {
        Self::open_with(folder, bytes_prefix, None).await
    }

    /// The same, with a file that takes up room for deletes on a full disk.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub(crate) async fn open_with(
        folder: PathBuf,
        bytes_prefix: u8,
        ballast: Option<Ballast>,
    ) -> Result<Self, MetaError> {
        tokio::task::spawn_blocking(move || Self::open_blocking(&folder, bytes_prefix, ballast))
            .await
            .unwrap_or_else(|error| Err(MetaError::Io(format!("open ended: {error}").into())))
    }

    fn open_blocking(
        folder: &Path,
        bytes_prefix: u8,
        ballast: Option<Ballast>,
    ) -> Result<Self, MetaError> {
        make_folder(folder).map_err(|error| failed("open", &error))?;
        let own = open_folder(folder).map_err(|error| failed("open", &error))?;
        // Opening writes, too: on a full disk there must be room for it.
        room_with(&own, ballast.as_ref()).map_err(|error| failed("statvfs", &error))?;
        let db = Database::builder(folder)
            .cache_size(CACHE_BYTES)
            .max_journaling_size(JOURNAL_BYTES_MAX)
            .max_cached_files(Some(FILES_MAX))
            .worker_threads(WORKERS)
            .open()
            .map_err(|error| failed("open", &error))?;
        let rows = KeyspaceCreateOptions::default().max_memtable_size(MEMTABLE_BYTES);
        let bytes = rows
            .clone()
            .data_block_size_policy(BlockSizePolicy::all(BYTES_BLOCK));
        let keyspace = |name: &str, options: KeyspaceCreateOptions| {
            db.keyspace(name, || options)
                .map_err(|error| failed("open", &error))
        };
        let spaces = Spaces {
            rows: keyspace("rows", rows)?,
            bytes: keyspace("bytes", bytes)?,
            bytes_prefix,
        };
        let open = || open_folder(folder).map_err(|error| failed("open", &error));
        let engine = FjallEngine {
            db,
            spaces,
            folder: own,
            ballast,
            journals: Journals {
                folder: folder.to_owned(),
            },
        };
        Ok(Self {
            committer: Committer::start(engine, true, Table::HOT)?,
            folder: open()?,
        })
    }
}

impl Meta for FjallMeta {
    fn snapshot(&self) -> Boxed<'_, Result<Arc<dyn Snapshot>, MetaError>> {
        Box::pin(std::future::ready(self.committer.snapshot()))
    }

    fn commit(&self, txn: MiniTxn) -> Boxed<'_, Result<Outcome, MetaError>> {
        Box::pin(self.committer.commit(txn))
    }

    fn is_poisoned(&self) -> bool {
        self.committer.is_poisoned()
    }

    fn facts(&self) -> MetaFacts {
        MetaFacts {
            room: Room::of(&self.folder).ok(),
            commits: Some(self.committer.stats()),
        }
    }

    fn close(&self) -> Boxed<'_, Result<(), MetaError>> {
        Box::pin(self.committer.close())
    }
}

fn failed(what: &str, error: &dyn fmt::Display) -> MetaError {
    MetaError::Io(format!("{what}: {error}").into())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the folder of this driver, to ask for its room"
)]
fn open_folder(folder: &Path) -> std::io::Result<File> {
    File::open(folder)
}
