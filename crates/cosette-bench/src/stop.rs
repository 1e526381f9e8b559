//! How a run is told to end: no operation begins any more, and those under way have a moment left.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// Tells a run to end with what was measured until then. Clones are told at the same time.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    stopped: AtomicBool,
    told: Notify,
}

impl Stop {
    /// Tells it.
    pub fn stop(&self) {
        self.0.stopped.store(true, Ordering::Relaxed);
        self.0.told.notify_waiters();
    }

    /// Whether it was told.
    pub fn is_stopped(&self) -> bool {
        self.0.stopped.load(Ordering::Relaxed)
    }

    /// Returns when it is told.
    pub(crate) async fn told(&self) {
        let told = self.0.told.notified();
        tokio::pin!(told);
        // Waiting begins before the look, so that nothing said in between is lost.
        told.as_mut().enable();
        if !self.is_stopped() {
            told.await;
        }
    }
}
