//! Drivers that keep whoever asks them waiting, up to five seconds each time, on a clock that runs
//! only while all wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use cosette_store::extents::{Address, ExtentError, ExtentId, ExtentWriter, Extents};
use cosette_store::meta::{Boxed, Meta, MetaError, MiniTxn, Outcome, Snapshot};

use crate::common::{TestClock, TestRandom};

/// Longest wait for one answer of a driver.
const LATENCY_MAX_MS: usize = 5_000;

/// How long each answer takes.
#[derive(Debug)]
pub(crate) struct Slowness {
    random: TestRandom,
    clock: Arc<TestClock>,
    waited_ms: AtomicU64,
}

impl Slowness {
    pub(crate) fn new(seed: u64, clock: Arc<TestClock>) -> Self {
        Self {
            random: TestRandom(AtomicU64::new(seed << 20)),
            clock,
            waited_ms: AtomicU64::new(0),
        }
    }

    /// How long all waits were together.
    pub(crate) fn waited(&self) -> Duration {
        Duration::from_millis(self.waited_ms.load(Ordering::SeqCst))
    }

    async fn wait(&self) {
        // Often nothing, seldom all of it: as a disk in trouble is.
        let most = [1, 20, 500, LATENCY_MAX_MS];
        let bound = most.get(self.random.below(most.len())).copied();
        let millis = self.random.below(bound.unwrap_or(1) + 1) as u64;
        self.waited_ms.fetch_add(millis, Ordering::SeqCst);
        self.clock.0.fetch_add(millis * 1_000, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }
}

/// Rows that come late.
#[derive(Debug)]
pub(crate) struct SlowMeta {
    meta: Arc<dyn Meta>,
    slow: Arc<Slowness>,
}

impl SlowMeta {
    pub(crate) fn new(meta: Arc<dyn Meta>, slow: &Arc<Slowness>) -> Self {
        let slow = Arc::clone(slow);
        Self { meta, slow }
    }
}

impl Meta for SlowMeta {
    fn snapshot(&self) -> Boxed<'_, Result<Arc<dyn Snapshot>, MetaError>> {
        Box::pin(async {
            self.slow.wait().await;
            self.meta.snapshot().await
        })
    }

    fn commit(&self, txn: MiniTxn) -> Boxed<'_, Result<Outcome, MetaError>> {
        Box::pin(async {
            // On the way there, and on the way back.
            self.slow.wait().await;
            let outcome = self.meta.commit(txn).await;
            self.slow.wait().await;
            outcome
        })
    }

    fn is_poisoned(&self) -> bool {
        self.meta.is_poisoned()
    }

    fn close(&self) -> Boxed<'_, Result<(), MetaError>> {
        self.meta.close()
    }
}

/// Bytes that come late.
#[derive(Debug)]
pub(crate) struct SlowExtents {
    extents: Arc<dyn Extents>,
    slow: Arc<Slowness>,
}

impl SlowExtents {
    pub(crate) fn new(extents: Arc<dyn Extents>, slow: &Arc<Slowness>) -> Self {
        let slow = Arc::clone(slow);
        Self { extents, slow }
    }
}

impl Extents for SlowExtents {
    fn begin(
        &self,
        id: ExtentId,
        expected_bytes: Option<u64>,
    ) -> Boxed<'_, Result<Box<dyn ExtentWriter>, ExtentError>> {
        Box::pin(async move {
            self.slow.wait().await;
            self.extents.begin(id, expected_bytes).await
        })
    }

    fn sync<'a>(&'a self, addresses: &'a [Address]) -> Boxed<'a, Result<(), ExtentError>> {
        Box::pin(async move {
            self.slow.wait().await;
            let synced = self.extents.sync(addresses).await;
            self.slow.wait().await;
            synced
        })
    }

    fn read<'a>(
        &'a self,
        address: &'a Address,
        offset: u64,
        length: u64,
    ) -> Boxed<'a, Result<Bytes, ExtentError>> {
        Box::pin(async move {
            self.slow.wait().await;
            self.extents.read(address, offset, length).await
        })
    }

    fn free<'a>(&'a self, addresses: &'a [Address]) -> Boxed<'a, Result<(), ExtentError>> {
        Box::pin(async move {
            self.slow.wait().await;
            self.extents.free(addresses).await
        })
    }

    fn recover<'a>(
        &'a self,
        live: &'a (dyn Fn(ExtentId) -> Boxed<'a, Result<bool, ExtentError>> + Send + Sync),
    ) -> Boxed<'a, Result<(), ExtentError>> {
        self.extents.recover(live)
    }

    fn allocated_bytes(&self) -> Boxed<'_, Result<u64, ExtentError>> {
        self.extents.allocated_bytes()
    }

    fn written_bytes(&self) -> u64 {
        self.extents.written_bytes()
    }

    fn is_poisoned(&self) -> bool {
        self.extents.is_poisoned()
    }

    fn close(&self) -> Boxed<'_, Result<(), ExtentError>> {
        self.extents.close()
    }
}
