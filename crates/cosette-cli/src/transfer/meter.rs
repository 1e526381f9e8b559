//! How fast bytes are done.

use crate::clock::Stopwatch;
use crate::output::{Progress, Step};

/// Counts bytes and shows them.
#[derive(Debug)]
pub(crate) struct Meter {
    progress: Progress,
    begun: Stopwatch,
    loaded: u64,
    total: u64,
}

impl Meter {
    pub(crate) fn new(progress: Progress) -> Self {
        Self {
            progress,
            begun: Stopwatch::start(),
            loaded: 0,
            total: 0,
        }
    }

    /// How many bytes there are; nothing of it is done yet.
    pub(crate) fn total(&mut self, total: u64) {
        if self.total != total {
            self.total = total;
            self.show();
        }
    }

    /// How many are done.
    pub(crate) fn loaded(&mut self, loaded: u64) {
        self.loaded = loaded.max(self.loaded);
        self.show();
    }

    /// All is done.
    pub(crate) fn end(&mut self) {
        self.loaded = self.total;
        self.show();
        self.progress.end();
    }

    fn show(&self) {
        let seconds = self.begun.elapsed().as_secs_f64();
        let speed = if seconds > 0.0 {
            self.loaded as f64 / seconds
        } else {
            0.0
        };
        let percent = match (self.loaded, self.total) {
            (_, 0) => 1.0,
            (loaded, total) => (loaded as f64 / total as f64).min(1.0),
        };
        let (loaded, total) = (self.loaded.min(self.total), self.total);
        self.progress.step(Step {
            loaded,
            total,
            speed,
            percent,
        });
    }
}
