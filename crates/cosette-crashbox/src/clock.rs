//! The one place that reads the clock and waits. Here time is a fault that is injected, not a thing
//! that a test asserts.

use std::time::{Duration, Instant};

/// Now.
#[expect(
    clippy::disallowed_methods,
    reason = "a fault needs a moment, and a person wants to know how long it took"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// A random-looking number that differs from run to run.
#[expect(clippy::disallowed_methods, reason = "a seed, printed with every run")]
pub(crate) fn seed() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    u64::try_from(since.unwrap_or_default().as_nanos()).unwrap_or_default()
}

/// Waits.
pub(crate) async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}
