//! The clock and the source of randomness: taken as values, so that every run can be repeated.

use std::fmt;
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use cosette_types::{Timestamp, VersionTime};

use crate::error::Error;
use crate::planted::Bug;

/// What time it is.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The present moment. It may jump in both directions; nothing kept depends on its order.
    fn now(&self) -> Timestamp;
}

/// Where random ids come from.
pub trait Random: Send + Sync + fmt::Debug {
    /// Fills all of `bytes` with bytes that nobody can guess.
    ///
    /// # Errors
    /// When the system has none to give.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Error>;
}

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the store's one place that asks the system for the time"
    )]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        // Microseconds fit until the year 586,000.
        Timestamp::from_micros(u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
    }
}

/// How long something took, for those who watch; nothing is decided by it.
#[derive(Debug)]
pub(crate) struct Stopwatch(std::time::Instant);

impl Stopwatch {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the store's one place that asks the system for the time"
    )]
    pub(crate) fn start() -> Self {
        Self(std::time::Instant::now())
    }

    pub(crate) fn elapsed(&self) -> std::time::Duration {
        self.0.elapsed()
    }
}

/// The system's source of randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Error> {
        getrandom::fill(bytes).map_err(Error::io)
    }
}

/// The clock of version times: the wall clock as long as it runs forward, and strictly growing
/// always, so that two versions made by one process never have the same time.
#[derive(Debug, Default)]
pub(crate) struct HybridClock {
    last: Mutex<u64>,
}

impl HybridClock {
    /// A clock that gives later times than this one only.
    pub(crate) fn after(floor: VersionTime) -> Self {
        Self {
            last: Mutex::new(floor.0),
        }
    }

    /// A time later than `now`'s microsecond begins, than `floor`, and than every time given before.
    pub(crate) fn next(&self, now: Timestamp, floor: VersionTime) -> VersionTime {
        let mut last = self
            .last
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let next = now
            .micros()
            .max(if Bug::ClockRunsBack.is_planted() {
                0
            } else {
                last.saturating_add(1)
            })
            .max(floor.0.saturating_add(1));
        *last = next;
        VersionTime(next)
    }

    /// Gives later times than this one only, from now on.
    pub(crate) fn advance(&self, floor: VersionTime) {
        let mut last = self
            .last
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        *last = floor.0.max(*last);
    }

    /// The latest time given.
    pub(crate) fn last(&self) -> VersionTime {
        VersionTime(
            *self
                .last
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // catches: ClockRunsBack
    #[test]
    fn version_times_grow_whatever_the_clock_does() {
        let clock = HybridClock::default();
        let next = |now, floor| {
            clock
                .next(Timestamp::from_micros(now), VersionTime(floor))
                .0
        };
        assert_eq!(next(100, 0), 100);
        assert_eq!(next(100, 0), 101);
        assert_eq!(next(5, 0), 102);
        assert_eq!(next(5, 1000), 1001);
        assert_eq!(next(2000, 7), 2000);
        assert_eq!(clock.last(), VersionTime(2000));
    }
}
