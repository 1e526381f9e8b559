//! The first seam: an ordered key-value store with snapshots and one conditional commit.
//!
//! A transaction is data ([`MiniTxn`]): checks and writes that happen at one instant, wholly or not
//! at all, on every driver. So one committer can validate and apply hundreds of them in one durable
//! batch, and the same history can be replayed on every driver.
//!
//! What a driver promises:
//! 1. `commit` answers [`Outcome::Committed`] only after the writes would survive loss of power, and
//!    no reader sees them before that.
//! 2. A check is validated against everything committed before, earlier members of its own batch
//!    included. [`Outcome::Conflict`] means that nothing was written.
//! 3. [`Outcome::Unknown`] is a result, not an error: the writes may or may not have happened.
//! 4. A snapshot never changes, and never shows what is not durable.
//! 5. Scans are not validated: whatever depends on a range being empty needs a row to check.
//!
//! What it may rely on: the limits below, held by the caller.

mod committer;
pub mod fjall;
mod gaps;
mod hot;
pub mod memory;
mod pace;
pub mod redb;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;

use crate::disk::Room;
use crate::stats::CommitStats;

/// Most checks and writes of one transaction together.
pub const TXN_ENTRIES_MAX: usize = 500;
/// Most bytes of keys and values of one transaction.
pub const TXN_BYTES_MAX: usize = 4 << 20;
/// Largest value.
pub const VALUE_BYTES_MAX: usize = 64 << 10;
/// Largest key.
pub const KEY_BYTES_MAX: usize = 4 << 10;

/// A boxed future, so that drivers are values behind one pointer.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What must be true of a key for a transaction to happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expect {
    /// The key has no value.
    Absent,
    /// The key has this value.
    Same(Bytes),
}

impl Expect {
    /// Whether a key with this value (`None`: without one) is as expected.
    #[must_use]
    pub fn holds(&self, value: Option<&[u8]>) -> bool {
        match self {
            Self::Absent => value.is_none(),
            Self::Same(seen) => value == Some(seen.as_ref()),
        }
    }
}

/// One write of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// The key gets this value.
    Put(Bytes, Bytes),
    /// The key has no value any more.
    Delete(Bytes),
}

/// Checks and writes that happen at one instant, or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MiniTxn {
    /// Names this attempt; random. A driver that can answer [`Outcome::Unknown`] keeps it.
    pub id: [u8; 16],
    /// What must hold.
    pub checks: Vec<(Bytes, Expect)>,
    /// What happens then. No two writes name the same key.
    pub writes: Vec<Write>,
}

impl MiniTxn {
    /// Bytes of all its keys and values together.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let checked = |(key, expect): &(Bytes, Expect)| match expect {
            Expect::Absent => key.len(),
            Expect::Same(value) => key.len() + value.len(),
        };
        let written = |write: &Write| match write {
            Write::Put(key, value) => key.len() + value.len(),
            Write::Delete(key) => key.len(),
        };
        let checks: usize = self.checks.iter().map(checked).sum();
        let writes: usize = self.writes.iter().map(written).sum();
        checks + writes
    }
}

/// How a commit ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// All checks held; all writes are durable.
    Committed,
    /// A check did not hold; nothing was written.
    Conflict,
    /// The connection to the truth was lost; either may have happened.
    Unknown,
}

/// A failure of the driver itself.
#[derive(Debug, Clone)]
pub enum MetaError {
    /// The disk, the engine or the network failed; the text is for the log.
    Io(Arc<str>),
    /// A sync failed before: no more writes until reopened.
    Poisoned,
    /// There is no room for what would be written.
    Full,
}

impl fmt::Display for MetaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(cause) => write!(f, "metadata I/O failed: {cause}"),
            Self::Poisoned => {
                f.write_str("an earlier sync failed; the store takes no writes until reopened")
            }
            Self::Full => f.write_str("no room left for metadata"),
        }
    }
}

impl std::error::Error for MetaError {}

/// What a scan asks for: keys from `start` (included) to `end` (excluded), in byte order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// The first key that may be returned.
    pub start: Bytes,
    /// The first key that is not; `None` scans to the end.
    pub end: Option<Bytes>,
    /// Most rows to return.
    pub limit: usize,
}

/// The store at one moment.
pub trait Snapshot: Send + Sync + fmt::Debug {
    /// The value of a key.
    fn get<'a>(&'a self, key: &'a [u8]) -> Boxed<'a, Result<Option<Bytes>, MetaError>>;

    /// The values of several keys, in the order asked for.
    fn multi_get<'a>(
        &'a self,
        keys: &'a [Bytes],
    ) -> Boxed<'a, Result<Vec<Option<Bytes>>, MetaError>>;

    /// Rows in key order. Fewer than `limit` rows means that the range ends there.
    fn scan(&self, scan: Scan) -> Boxed<'_, Result<Vec<(Bytes, Bytes)>, MetaError>>;
}

/// What a driver tells of itself.
#[derive(Debug, Default)]
pub struct MetaFacts {
    /// The room left on its disk, if it has one and it can be asked.
    pub room: Option<Room>,
    /// How its batches became durable, if it has any.
    pub commits: Option<CommitStats>,
}

/// An ordered key-value store with snapshots and one conditional commit.
pub trait Meta: Send + Sync + fmt::Debug {
    /// The store as it is now; sees every commit that was answered before this call.
    fn snapshot(&self) -> Boxed<'_, Result<Arc<dyn Snapshot>, MetaError>>;

    /// Does all writes of `txn` if all its checks hold.
    fn commit(&self, txn: MiniTxn) -> Boxed<'_, Result<Outcome, MetaError>>;

    /// Whether a sync failed, so that it takes no more commits until reopened.
    fn is_poisoned(&self) -> bool {
        false
    }

    /// What the driver tells of itself; a driver without a disk has nothing to tell.
    fn facts(&self) -> MetaFacts {
        MetaFacts::default()
    }

    /// Finishes what is under way and lets go of the files. No call may follow, and snapshots must
    /// be gone before the files can be opened again.
    fn close(&self) -> Boxed<'_, Result<(), MetaError>>;
}
