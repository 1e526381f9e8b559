//! A clock whose waits take no time, and are remembered.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cosette::{BoxFuture, Clock, SystemClock, Timestamp};

/// Begins at the time of the system, since servers in the tests have that, and moves on only when
/// somebody waits, or a test says so.
#[derive(Debug, Clone)]
pub(crate) struct TestClock(Arc<State>);

#[derive(Debug)]
struct State {
    micros: AtomicU64,
    waits: Mutex<Vec<Duration>>,
}

impl TestClock {
    pub(crate) fn new() -> Self {
        Self::at(SystemClock.now().secs())
    }

    pub(crate) fn at(secs: u64) -> Self {
        let micros = AtomicU64::new(secs * 1_000_000);
        Self(Arc::new(State {
            micros,
            waits: Mutex::default(),
        }))
    }

    pub(crate) fn advance(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap();
        self.0.micros.fetch_add(micros, Ordering::SeqCst);
    }

    pub(crate) fn now_secs(&self) -> u64 {
        self.now().secs()
    }

    pub(crate) fn waits(&self) -> Vec<Duration> {
        self.0.waits.lock().unwrap().clone()
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.micros.load(Ordering::SeqCst))
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        self.advance(time);
        self.0.waits.lock().unwrap().push(time);
        Box::pin(tokio::task::yield_now())
    }
}
