//! Where a read happens: in the task that asks, or on a thread that may wait.
//!
//! A row is in memory nearly always, and to look it up there takes a microsecond or two, where a
//! change of threads takes ten and more. But a read that misses waits for the disk, and the tasks'
//! threads are few. So short reads happen in place until one of them turns out to have waited; then
//! the next few are made away, and after those one is tried in place again. If that waits too it is
//! the disk, and more are made away; a busy machine, which now and then halts a thread in the middle
//! of a read, looks the same once, but hardly twice.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// Most rows of a read in place: a fraction of a millisecond of work.
const ROWS_MAX: usize = 64;
/// A read in place that took longer has waited for the disk.
const QUICK: Duration = Duration::from_millis(1);
/// Reads made away after one that has waited. As long as the one that is tried then waits as well, twice
/// as many each time.
const AWAY_FIRST: u32 = 4;
/// But not more.
const AWAY_MAX: u32 = 64;

/// How quick reads are at present.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// Reads that are still to be made away.
    away: AtomicU32,
    /// How many it were when the last read in place waited; 0 once another did not.
    last: AtomicU32,
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
        let last = self.last.load(Ordering::Relaxed);
        if time > QUICK {
            let next = (last * 2).clamp(AWAY_FIRST, AWAY_MAX);
            self.last.store(next, Ordering::Relaxed);
            self.away.store(next, Ordering::Relaxed);
        } else if last != 0 && self.away.load(Ordering::Relaxed) == 0 {
            self.last.store(0, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many reads are made away before the next one in place.
    fn away(pace: &Pace) -> usize {
        std::iter::repeat_with(|| pace.is_quick(1))
            .take_while(|quick| !quick)
            .count()
    }

    #[test]
    fn after_a_read_that_waited_the_next_ones_are_made_away() {
        let (pace, slow) = (Pace::default(), QUICK + Duration::from_micros(1));
        assert!(pace.is_quick(1) && pace.is_quick(ROWS_MAX) && !pace.is_quick(ROWS_MAX + 1));
        pace.took(QUICK);
        assert_eq!(away(&pace), 0);
        pace.took(slow);
        assert_eq!(away(&pace), AWAY_FIRST as usize);
        assert_eq!(away(&pace), 0);
    }

    #[test]
    fn as_long_as_reads_wait_more_are_made_away() {
        let (pace, slow) = (Pace::default(), QUICK + Duration::from_micros(1));
        for wanted in [4, 8, 16, 32, 64, 64] {
            pace.took(slow);
            // One that was under way at that time says nothing of the next.
            pace.took(QUICK);
            assert_eq!(away(&pace), wanted);
        }
        pace.took(QUICK);
        pace.took(slow);
        assert_eq!(away(&pace), AWAY_FIRST as usize);
    }
}
