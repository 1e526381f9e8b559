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
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use fjall::config::BlockSizePolicy;
use fjall::{Database, KeyspaceCreateOptions};
use tokio::sync::{Semaphore, mpsc, oneshot};

use self::committer::{Answer, Committer, Published, Request};
use self::journals::Journals;
use self::view::{FjallSnapshot, Spaces, View};
use super::{Boxed, Meta, MetaError, MiniTxn, Snapshot};
use crate::extents::folder::make_folder;

mod committer;
mod journals;
mod view;

/// Blocks of tables kept in memory.
const CACHE_BYTES: u64 = 64 << 20;
/// Rows kept in memory before they are written out, for each of the two keyspaces. The engine
/// halts writers when four such are waiting, so this bounds its memory.
const MEMTABLE_BYTES: u64 = 16 << 20;
/// Journals on disk; beyond this the engine writes out what keeps the oldest alive.
const JOURNAL_BYTES_MAX: u64 = 128 << 20;
/// Threads for writing out and compacting: one of them is kept free for writing out.
const WORKERS: usize = 2;
/// Open tables.
const FILES_MAX: usize = 256;
/// Block size of tiny bodies, which are read one by one and compress badly.
const BYTES_BLOCK: u32 = 16 << 10;
/// Most transactions in the queue.
const QUEUE_TXNS_MAX: usize = 1024;
/// Most bytes of transactions in the queue, in units of [`QUEUE_UNIT`].
const QUEUE_UNITS_MAX: u32 = 32 << 10;
/// The unit in which the queue's room is counted.
const QUEUE_UNIT: usize = 1 << 10;

/// An ordered key-value store in a folder.
pub struct FjallMeta {
    /// `None` once closed.
    queue: Mutex<Option<mpsc::Sender<Request>>>,
    room: Arc<Semaphore>,
    published: Arc<Published>,
    poisoned: Arc<AtomicBool>,
    committer: Mutex<Option<JoinHandle<Result<(), MetaError>>>>,
}

impl fmt::Debug for FjallMeta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FjallMeta")
            .field("poisoned", &self.poisoned)
            .finish_non_exhaustive()
    }
}

impl FjallMeta {
    /// Opens the store in `folder`, making it if it is not there. Rows whose key begins with
    /// `bytes_prefix` are bodies, kept apart from all others; the byte must never change.
    ///
    /// # Errors
    /// When the folder cannot be read or what is in it is damaged.
    pub async fn open(folder: PathBuf, bytes_prefix: u8) -> Result<Self, MetaError> {
        tokio::task::spawn_blocking(move || Self::open_blocking(&folder, bytes_prefix))
            .await
            .unwrap_or_else(|error| Err(MetaError::Io(format!("open ended: {error}").into())))
    }

    fn open_blocking(folder: &Path, bytes_prefix: u8) -> Result<Self, MetaError> {
        make_folder(folder).map_err(|error| failed("open", &error))?;
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
        let view = View {
            spaces: spaces.clone(),
            at: db.snapshot(),
        };
        let published = Arc::new(Mutex::new(Some(Arc::new(view))));
        let poisoned = Arc::new(AtomicBool::new(false));
        let committer = Committer {
            db,
            spaces,
            published: Arc::clone(&published),
            poisoned: Arc::clone(&poisoned),
            journals: Journals {
                folder: folder.to_owned(),
            },
            folder: open_folder(folder).map_err(|error| failed("open", &error))?,
        };
        let (queue, requests) = mpsc::channel(QUEUE_TXNS_MAX);
        let thread = std::thread::Builder::new()
            .name("meta-commit".into())
            .spawn(move || committer.run(requests))
            .map_err(|error| failed("open", &error))?;
        Ok(Self {
            queue: Mutex::new(Some(queue)),
            room: Arc::new(Semaphore::new(QUEUE_UNITS_MAX as usize)),
            published,
            poisoned,
            committer: Mutex::new(Some(thread)),
        })
    }

    /// Ends the queue and takes the thread that is working it off.
    fn stop(&self) -> Option<JoinHandle<Result<(), MetaError>>> {
        self.queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        self.committer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    async fn submit(&self, txn: MiniTxn) -> Answer {
        let queue = self
            .queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let Some(queue) = queue else {
            return Err(closed());
        };
        let units = u32::try_from(txn.bytes() / QUEUE_UNIT).unwrap_or(u32::MAX);
        let units = units.saturating_add(1).min(QUEUE_UNITS_MAX);
        let room = Arc::clone(&self.room).acquire_many_owned(units).await;
        let room = room.map_err(|_| closed())?;
        let (answer, answered) = oneshot::channel();
        queue
            .send(Request {
                txn,
                answer,
                _room: room,
            })
            .await
            .map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?
    }
}

impl Meta for FjallMeta {
    fn snapshot(&self) -> Boxed<'_, Result<Arc<dyn Snapshot>, MetaError>> {
        let view = self
            .published
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let snapshot = view
            .map(|view| Arc::new(FjallSnapshot { view }) as Arc<dyn Snapshot>)
            .ok_or_else(closed);
        Box::pin(std::future::ready(snapshot))
    }

    fn commit(&self, txn: MiniTxn) -> Boxed<'_, Answer> {
        Box::pin(async move {
            if self.poisoned.load(Ordering::Acquire) {
                return Err(MetaError::Poisoned);
            }
            self.submit(txn).await
        })
    }

    fn close(&self) -> Boxed<'_, Result<(), MetaError>> {
        Box::pin(async move {
            let Some(thread) = self.stop() else {
                return Ok(());
            };
            tokio::task::spawn_blocking(move || join(thread))
                .await
                .unwrap_or_else(|error| Err(MetaError::Io(format!("close ended: {error}").into())))
        })
    }
}

impl Drop for FjallMeta {
    /// Waits for the committer, so that the folder is free once this value is gone.
    fn drop(&mut self) {
        if let Some(thread) = self.stop() {
            // Nobody is left to hear of a failure; what was answered is durable all the same.
            let _ = join(thread);
        }
    }
}

fn join(thread: JoinHandle<Result<(), MetaError>>) -> Result<(), MetaError> {
    thread
        .join()
        .unwrap_or_else(|_| Err(MetaError::Io("the committer panicked".into())))
}

fn closed() -> MetaError {
    MetaError::Io("the store is closed".into())
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
