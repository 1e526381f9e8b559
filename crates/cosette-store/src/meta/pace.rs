//! Where a read happens: in the task that asks, or on a thread that may wait.
//!
//! A row is in memory nearly always, and to look it up there takes a microsecond or two, where a
//! change of threads takes ten and more. But a read that misses waits for the disk, and the tasks'
//! threads are few. So short reads happen in place until one of them turns out to have waited; then
//! the next ones are made away, and after those one is tried in place again.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// Most rows of a read in place: a fraction of a millisecond of work.
const ROWS_MAX: usize = 64;
/// A read in place that took longer has waited for the disk.
const QUICK: Duration = Duration::from_millis(1);
/// Reads made away after one that has waited.
const AWAY: u32 = 64;

/// How quick reads are at present.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// Reads that are still to be made away.
    away: AtomicU32,
}

impl Pace {
    /// Whether the next read, of so many rows at most, may be made in place.
    pub(super) fn is_quick(&self, rows: usize) -> bool {
        if rows > ROWS_MAX {
            return false;
        }
        let away = &self.away;
        // The usual case must not write to what all threads share.
        away.load(Ordering::Relaxed) == 0
            || away
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                    left.checked_sub(1)
                })
                .is_err()
    }

    /// Reads in place, and sees whether that waits.
    pub(super) fn measured<T>(&self, read: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let done = read();
        self.took(begun.elapsed());
        done
    }

    fn took(&self, time: Duration) {
        if time > QUICK {
            self.away.store(AWAY, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_read_that_waited_the_next_ones_are_made_away() {
        let pace = Pace::default();
        assert!(pace.is_quick(1) && pace.is_quick(ROWS_MAX) && !pace.is_quick(ROWS_MAX + 1));
        pace.took(QUICK);
        assert!(pace.is_quick(1));
        pace.took(QUICK + Duration::from_micros(1));
        let away = (0..AWAY).filter(|_| !pace.is_quick(1)).count();
        assert_eq!(away, AWAY as usize);
        assert!(pace.is_quick(1));
    }
}
