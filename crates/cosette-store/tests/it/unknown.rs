//! A driver that loses answers: the outcome is found out, and a write happens once or never.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test stops where it fails"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::common::{
    self, TestRandom, bucket, content, get, key, make_bucket, options, put, sound,
};
use cosette_store::extents::memory::MemoryExtents;
use cosette_store::meta::memory::MemoryMeta;
use cosette_store::meta::{Boxed, Meta, MetaError, MiniTxn, Outcome, Snapshot};
use cosette_store::{Error, Options, Store, Versioning};

/// Answers `Unknown` now and then, whether the writes happened or not.
#[derive(Debug)]
struct Lossy {
    meta: MemoryMeta,
    random: TestRandom,
    lossy: AtomicBool,
}

impl Meta for Lossy {
    fn snapshot(&self) -> Boxed<'_, Result<Arc<dyn Snapshot>, MetaError>> {
        self.meta.snapshot()
    }

    fn commit(&self, txn: MiniTxn) -> Boxed<'_, Result<Outcome, MetaError>> {
        Box::pin(async move {
            if !self.lossy.load(Ordering::SeqCst) {
                return self.meta.commit(txn).await;
            }
            match self.random.below(4) {
                0 => Ok(Outcome::Unknown),
                1 => self.meta.commit(txn).await.map(|_| Outcome::Unknown),
                _ => self.meta.commit(txn).await,
            }
        })
    }

    fn close(&self) -> Boxed<'_, Result<(), MetaError>> {
        self.meta.close()
    }
}

async fn lossy(resolve: bool) -> (Store, Arc<Lossy>, Arc<common::TestClock>) {
    let random = TestRandom(AtomicU64::new(11));
    let meta = Lossy {
        meta: MemoryMeta::new(),
        random,
        lossy: AtomicBool::new(false),
    };
    let meta = Arc::new(meta);
    let (options, clock) = options();
    let options = Options {
        resolve_unknown_outcomes: resolve,
        ..options
    };
    let driver = Arc::clone(&meta) as Arc<dyn Meta>;
    let extents = Arc::new(MemoryExtents::new());
    let store = Store::with_drivers(driver, extents, options).await.unwrap();
    make_bucket(&store, "b").await;
    meta.lossy.store(true, Ordering::SeqCst);
    (store, meta, clock)
}

// incident: R30
// catches: UnknownIsFailure
#[tokio::test]
async fn a_lost_answer_is_found_out() {
    let (store, meta, clock) = lossy(true).await;
    store
        .set_versioning(&bucket("b"), Versioning::Enabled)
        .await
        .unwrap();
    let mut ids = Vec::new();
    for seed in 0..100 {
        let id = put(&store, "k", &content(seed, 40 + (seed as usize % 2) * 100))
            .await
            .version_id;
        ids.push(id.unwrap());
    }
    // Each put made one version: none was lost, none happened twice.
    let all = cosette_store::ListVersions {
        limit: 1000,
        ..Default::default()
    };
    let page = store.list_versions(&bucket("b"), &all).await.unwrap();
    let listed: Vec<_> = page
        .versions
        .iter()
        .rev()
        .map(|v| v.version_id.clone().unwrap())
        .collect();
    assert_eq!(listed, ids);
    for (seed, id) in ids.iter().enumerate() {
        let bytes = get(&store, "k", Some(id)).await.unwrap();
        assert_eq!(bytes, content(seed as u64, 40 + (seed % 2) * 100));
    }
    for id in &ids {
        store
            .delete_object(&bucket("b"), &key("k"), Some(id))
            .await
            .unwrap();
    }
    store.sweep_now().await.unwrap();
    meta.lossy.store(false, Ordering::SeqCst);
    sound(&store).await;
    // The rows by which outcomes are found out go after an hour.
    let before = store.fsck(false).await.unwrap().rows_of('i');
    assert!(before > 100);
    clock.advance_secs(2 * 60 * 60);
    sound(&store).await;
    let after = store.fsck(false).await.unwrap().rows_of('i');
    assert!(after < before, "{after} of {before} rows left");
}

#[tokio::test]
async fn without_those_rows_an_unknown_outcome_is_an_error() {
    let (store, _, _) = lossy(false).await;
    let mut unknown = 0;
    for seed in 0..50 {
        let staged = common::stage(&store, &content(seed, 100)).await;
        let done = store
            .put_object(common::put_request("b", "k"), staged)
            .await;
        match done {
            Ok(_) => assert_eq!(get(&store, "k", None).await.unwrap(), content(seed, 100)),
            Err(Error::Io { .. }) => unknown += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert!(unknown > 0);
    let report = store.fsck(true).await.unwrap();
    assert!(report.is_clean(), "{report}");
}
