//! How long something takes: the one place of this crate that asks the system.

use std::time::{Duration, Instant};

/// Runs from its making.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts one.
    #[expect(
        clippy::disallowed_methods,
        reason = "a run is bounded in time, and so is each input"
    )]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Since then.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
