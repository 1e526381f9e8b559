//! The clocks of this crate: moments to measure from, and the time that signatures carry.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use cosette_types::Timestamp;

/// A moment of the monotonic clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(Instant);

impl Moment {
    #[expect(clippy::disallowed_methods, reason = "this file is the crate's clock")]
    pub(crate) fn now() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }

    /// How long after another moment this one is; nothing if it is before it.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        self.0.saturating_duration_since(earlier.0)
    }
}

/// The time of the day, for signatures.
#[expect(clippy::disallowed_methods, reason = "this file is the crate's clock")]
pub(crate) fn wall() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_secs(since.as_secs())
}
