//! A driver in memory that lets others go on in the middle of everything.

use std::sync::Arc;

use bytes::Bytes;
use cosette_store::meta::memory::MemoryMeta;
use cosette_store::meta::{Boxed, Meta, MetaError, MiniTxn, Outcome, Scan, Snapshot};

use super::TestRandom;

/// Gives others a turn before each step, as often as chance says.
#[derive(Debug)]
pub(crate) struct Jittery {
    pub(crate) meta: MemoryMeta,
    pub(crate) random: Arc<TestRandom>,
}

#[derive(Debug)]
struct JitterySnapshot {
    snapshot: Arc<dyn Snapshot>,
    random: Arc<TestRandom>,
}

async fn others(random: &TestRandom) {
    for _ in 0..random.below(6) {
        tokio::task::yield_now().await;
    }
}

impl Meta for Jittery {
    fn snapshot(&self) -> Boxed<'_, Result<Arc<dyn Snapshot>, MetaError>> {
        Box::pin(async {
            others(&self.random).await;
            let snapshot = self.meta.snapshot().await?;
            let random = Arc::clone(&self.random);
            Ok(Arc::new(JitterySnapshot { snapshot, random }) as Arc<dyn Snapshot>)
        })
    }

    fn commit(&self, txn: MiniTxn) -> Boxed<'_, Result<Outcome, MetaError>> {
        Box::pin(async {
            others(&self.random).await;
            let outcome = self.meta.commit(txn).await;
            others(&self.random).await;
            outcome
        })
    }

    fn close(&self) -> Boxed<'_, Result<(), MetaError>> {
        self.meta.close()
    }
}

impl Snapshot for JitterySnapshot {
    fn get<'a>(&'a self, key: &'a [u8]) -> Boxed<'a, Result<Option<Bytes>, MetaError>> {
        Box::pin(async {
            others(&self.random).await;
            self.snapshot.get(key).await
        })
    }

    fn multi_get<'a>(
        &'a self,
        keys: &'a [Bytes],
    ) -> Boxed<'a, Result<Vec<Option<Bytes>>, MetaError>> {
        self.snapshot.multi_get(keys)
    }

    fn scan(&self, scan: Scan) -> Boxed<'_, Result<Vec<(Bytes, Bytes)>, MetaError>> {
        Box::pin(async {
            others(&self.random).await;
            self.snapshot.scan(scan).await
        })
    }
}
