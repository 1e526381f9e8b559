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

use fjall::compaction::Leveled;
use fjall::config::BlockSizePolicy;
use fjall::{Database, KeyspaceCreateOptions, PersistMode};

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
const CACHE_BYTES: u64 = 64 << 20;
/// Rows kept in memory before they are written out, for each keyspace of rows. The engine halts
/// writers when four such are waiting, so this bounds its memory.
const MEMTABLE_BYTES: u64 = 8 << 20;
/// The same, for tiny bodies.
const BYTES_MEMTABLE_BYTES: u64 = 16 << 20;
/// What a table of rows grows to. What is merged is merged with whole tables.
const TABLE_BYTES: u64 = 32 << 20;
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
/// Rows of an older layout that change their keyspace in one batch.
const MOVED_AT_ONCE: usize = 1_000;

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
        let spaces = open_spaces(&db, bytes_prefix).map_err(|error| failed("open", &error))?;
        move_rows(&db, &spaces).map_err(|error| failed("open", &error))?;
        let open = || open_folder(folder).map_err(|error| failed("open", &error));
        let engine = FjallEngine {
            db,
            spaces: Arc::new(spaces),
            folder: own,
            ballast,
            journals: Journals {
                folder: folder.to_owned(),
            },
        };
        Ok(Self {
            committer: Committer::start(engine, true)?,
            folder: open()?,
        })
    }
}

/// Opens the keyspaces, or makes them. How one was made it stays.
fn open_spaces(db: &Database, bytes_prefix: u8) -> fjall::Result<Spaces> {
    let tables = Leveled::default().with_table_target_size(TABLE_BYTES);
    let rows = KeyspaceCreateOptions::default()
        .max_memtable_size(MEMTABLE_BYTES)
        .compaction_strategy(Arc::new(tables));
    let bytes = KeyspaceCreateOptions::default()
        .max_memtable_size(BYTES_MEMTABLE_BYTES)
        .data_block_size_policy(BlockSizePolicy::all(BYTES_BLOCK));
    let mut apart = vec![(bytes_prefix, db.keyspace("bytes", || bytes)?)];
    for table in Table::APART {
        let byte = table.byte();
        if byte != bytes_prefix {
            let name = format!("rows-{}", char::from(byte));
            apart.push((byte, db.keyspace(&name, || rows.clone())?));
        }
    }
    apart.sort_unstable_by_key(|(byte, _)| *byte);
    Ok(Spaces {
        rows: db.keyspace("rows", || rows)?,
        apart,
        bytes_prefix,
    })
}

/// Moves what a store of before this layout has in the keyspace of all tables. An opening that is cut
/// leaves the rest to the next.
fn move_rows(db: &Database, spaces: &Spaces) -> fjall::Result<()> {
    for (byte, space) in &spaces.apart {
        loop {
            let mut batch = db.batch().durability(Some(PersistMode::SyncData));
            for row in spaces.rows.prefix([*byte]).take(MOVED_AT_ONCE) {
                let (key, value) = row.into_inner()?;
                batch.insert(space, key.clone(), value);
                batch.remove(&spaces.rows, key);
            }
            if batch.is_empty() {
                break;
            }
            batch.commit()?;
        }
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use std::ops::Bound;

    use bytes::Bytes;
    use fjall::Readable;

    use super::*;
    use crate::meta::Scan;

    /// A row of each table, and many of one.
    fn rows() -> Vec<(Bytes, Bytes)> {
        let of_table = |table: Table| (table.key(&[b"k"]), Bytes::from_static(b"v"));
        let many = (0..MOVED_AT_ONCE * 2 + 1).map(|number| {
            let number = number.to_be_bytes();
            (Table::Head.key(&[&number]), Bytes::copy_from_slice(&number))
        });
        let mut rows: Vec<_> = Table::ALL.map(of_table).into_iter().chain(many).collect();
        rows.sort_unstable();
        rows
    }

    async fn all_of(meta: &FjallMeta) -> Vec<(Bytes, Bytes)> {
        let all = Scan {
            start: Bytes::new(),
            end: None,
            limit: usize::MAX,
        };
        meta.snapshot().await.unwrap().scan(all).await.unwrap()
    }

    #[tokio::test]
    async fn a_store_of_the_older_layout_is_read_and_moved() {
        let folder = tempfile::tempdir().unwrap();
        let db = Database::builder(folder.path()).open().unwrap();
        let old = |name| db.keyspace(name, KeyspaceCreateOptions::default).unwrap();
        let (old_rows, old_bytes) = (old("rows"), old("bytes"));
        for (key, value) in rows() {
            let tiny = key.first() == Some(&Table::Tiny.byte());
            let space = if tiny { &old_bytes } else { &old_rows };
            space.insert(&key[..], &value[..]).unwrap();
        }
        db.persist(PersistMode::SyncAll).unwrap();
        drop((old_rows, old_bytes, db));
        for _ in 0..2 {
            let folder = folder.path().to_owned();
            let meta = FjallMeta::open(folder, Table::Tiny.byte()).await.unwrap();
            assert_eq!(all_of(&meta).await, rows());
            meta.close().await.unwrap();
        }
        let db = Database::builder(folder.path()).open().unwrap();
        let left = db.keyspace("rows", KeyspaceCreateOptions::default).unwrap();
        let everything = (Bound::<Bytes>::Unbounded, Bound::Unbounded);
        let left = db.snapshot().range(&left, everything).count();
        assert_eq!(left, Table::ALL.len() - Table::APART.len() - 1);
    }
}
