//! The clock of this program: how long a step took, and what a rate is measured with.

use std::time::{Duration, Instant};

/// A moment to measure from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(
        clippy::disallowed_methods,
        reason = "this file is the program's clock"
    )]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// Now, as the service and its listings count time.
pub(crate) fn now() -> cosette_types::Timestamp {
    cosette::Clock::now(&cosette::SystemClock)
}
