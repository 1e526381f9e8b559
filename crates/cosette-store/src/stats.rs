//! What the store tells of itself while it works: numbers for those who watch it. None of them
//! decides anything.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::disk::Room;
use crate::error::Error;
use crate::limits;
use crate::store::Store;
use crate::tables::Table;
use crate::txn;

/// Counts of values, each in the first bucket whose upper end it does not exceed.
#[derive(Debug)]
pub struct Histogram {
    bounds: &'static [u64],
    counts: Vec<AtomicU64>,
    count: AtomicU64,
    sum: AtomicU64,
}

/// A histogram at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistogramView {
    /// Upper ends of the buckets.
    pub bounds: &'static [u64],
    /// Values in each bucket alone.
    pub counts: Vec<u64>,
    /// All values, those beyond the last bucket included.
    pub count: u64,
    /// Their sum.
    pub sum: u64,
}

impl Histogram {
    /// Without values; the bounds ascend.
    pub fn new(bounds: &'static [u64]) -> Self {
        Self {
            bounds,
            counts: bounds.iter().map(|_| AtomicU64::new(0)).collect(),
            count: AtomicU64::new(0),
            sum: AtomicU64::new(0),
        }
    }

    /// Counts a value.
    pub fn observe(&self, value: u64) {
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        if let Some(count) = self.counts.get(bucket) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    /// As it is now.
    pub fn view(&self) -> HistogramView {
        let read = |number: &AtomicU64| number.load(Ordering::Relaxed);
        HistogramView {
            bounds: self.bounds,
            counts: self.counts.iter().map(read).collect(),
            count: read(&self.count),
            sum: read(&self.sum),
        }
    }
}

/// What a committer counts.
#[derive(Debug)]
pub(crate) struct Commits {
    micros: Histogram,
    members: Histogram,
}

/// How batches of transactions became durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitStats {
    /// From a batch's beginning to its being durable, in microseconds.
    pub micros: HistogramView,
    /// Transactions of a batch.
    pub members: HistogramView,
    /// Transactions that wait for the next batches.
    pub queued: u64,
}

const MICROS_BOUNDS: [u64; 12] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 100_000, 500_000, 2_000_000, 10_000_000,
];
const MEMBERS_BOUNDS: [u64; 10] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 1024];

impl Default for Commits {
    fn default() -> Self {
        Self {
            micros: Histogram::new(&MICROS_BOUNDS),
            members: Histogram::new(&MEMBERS_BOUNDS),
        }
    }
}

impl Commits {
    pub(crate) fn batch(&self, members: usize, took: std::time::Duration) {
        self.members.observe(members as u64);
        self.micros
            .observe(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }

    pub(crate) fn view(&self, queued: u64) -> CommitStats {
        CommitStats {
            micros: self.micros.view(),
            members: self.members.view(),
            queued,
        }
    }
}

/// Whether a store can do its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    /// A sync failed: no writes until it is opened again.
    pub is_poisoned: bool,
    /// Bytes left on its disk.
    pub free_bytes: u64,
    /// Whether object bytes may be added.
    pub allows_growth: bool,
    /// Whether anything may be changed.
    pub allows_changes: bool,
    /// Rows that the sweep has still to work off, up to [`limits::BACKLOG_ROWS_MAX`].
    pub sweep_backlog: u64,
}

impl Store {
    /// How batches of transactions became durable, if the driver makes batches.
    pub fn commit_stats(&self) -> Option<CommitStats> {
        self.core.meta.facts().commits
    }

    /// Whether the store can do its work.
    ///
    /// # Errors
    /// Only those of the drivers.
    pub async fn health(&self) -> Result<Health, Error> {
        let facts = self.core.meta.facts();
        let mut sweep_backlog = 0;
        let is_poisoned = self.core.writable().is_err();
        if !is_poisoned {
            let snapshot = self.core.meta.snapshot().await?;
            for table in [Table::FreeBody, Table::FreeExtent, Table::Leftover] {
                let prefix = table.key(&[]);
                let most = limits::BACKLOG_ROWS_MAX;
                let rows = txn::scan(snapshot.as_ref(), &prefix, prefix.clone(), most).await?;
                sweep_backlog += rows.len() as u64;
            }
        }
        let room = facts.room.unwrap_or(Room::new(u64::MAX, u64::MAX));
        Ok(Health {
            is_poisoned,
            free_bytes: room.free_bytes(),
            allows_growth: room.allows_growth(),
            allows_changes: room.allows_changes(),
            sweep_backlog: sweep_backlog.min(limits::BACKLOG_ROWS_MAX as u64),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_counts_in_the_first_bucket_that_holds_it() {
        let histogram = Histogram::new(&[10, 20]);
        for value in [0, 10, 11, 20, 21, u64::MAX / 2] {
            histogram.observe(value);
        }
        let view = histogram.view();
        assert_eq!((view.counts, view.count), (vec![2, 2], 6));
        assert_eq!(view.sum, 62 + u64::MAX / 2);
    }
}
