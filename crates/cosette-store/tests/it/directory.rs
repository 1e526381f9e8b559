//! Rows that whoever serves the store keeps in it, and credentials that end while a change is under
//! way.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails where it stands"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use cosette_store::extents::memory::MemoryExtents;
use cosette_store::meta::memory::MemoryMeta;
use cosette_store::{Clock, DirectoryChange, Error, NewBucket, Options, Store, limits};
use cosette_types::{Owner, Timestamp};

#[derive(Debug, Default)]
struct TestClock(AtomicU64);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

async fn open(meta: &MemoryMeta, clock: Arc<TestClock>) -> Store {
    let options = Options {
        clock,
        background_sweep: false,
        ..Options::default()
    };
    let drivers = (Arc::new(meta.clone()), Arc::new(MemoryExtents::new()));
    Store::with_drivers(drivers.0, drivers.1, options)
        .await
        .unwrap()
}

fn change(key: &str, seen: Option<&str>, value: Option<&str>) -> DirectoryChange {
    let bytes = |text: &str| Bytes::copy_from_slice(text.as_bytes());
    DirectoryChange {
        key: bytes(key),
        seen: seen.map(bytes),
        value: value.map(bytes),
    }
}

// catches: DirectoryUnchecked
#[tokio::test]
async fn rows_change_together_or_not_at_all() {
    let store = open(&MemoryMeta::new(), Arc::default()).await;
    let set = |changes| store.change_directory(changes);
    assert!(
        set(vec![
            change("a", None, Some("1")),
            change("b", None, Some("2"))
        ])
        .await
        .unwrap()
    );
    // One is not as it was seen.
    let stale = vec![
        change("a", Some("1"), Some("9")),
        change("b", None, Some("9")),
    ];
    assert!(!set(stale).await.unwrap());
    assert_eq!(store.directory_row(b"a").await.unwrap().unwrap(), "1");
    assert!(
        set(vec![
            change("a", Some("1"), None),
            change("b", Some("2"), Some("3"))
        ])
        .await
        .unwrap()
    );
    let rows = store.directory_rows(b"").await.unwrap();
    assert_eq!(rows, [(Bytes::from("b"), Bytes::from("3"))]);
    assert!(store.directory_rows(b"bb").await.unwrap().is_empty());
    assert!(store.fsck(true).await.unwrap().is_clean());
}

#[tokio::test]
async fn bounds_of_rows() {
    let store = open(&MemoryMeta::new(), Arc::default()).await;
    let sized = async |key: usize, value: usize, count: usize| {
        let value = "v".repeat(value);
        let changes = (0..count).map(|n| {
            let key = format!("{n:0key$}");
            change(&key, None, Some(&value))
        });
        let made = store.change_directory(changes.collect()).await.unwrap();
        let rows = store.directory_rows(b"").await.unwrap();
        assert_eq!(rows.len(), if made { count } else { 0 });
        let gone = rows.iter().map(|(key, value)| DirectoryChange {
            key: key.clone(),
            seen: Some(value.clone()),
            value: None,
        });
        store.change_directory(gone.collect()).await.unwrap();
        made
    };
    let (key, value) = (
        limits::DIRECTORY_KEY_BYTES_MAX,
        limits::DIRECTORY_VALUE_BYTES_MAX,
    );
    assert!(sized(key, value, 1).await);
    assert!(!sized(key + 1, 1, 1).await && !sized(1, value + 1, 1).await);
    let count = limits::DIRECTORY_CHANGES_MAX;
    assert!(sized(9, 1, count).await && !sized(9, 1, count + 1).await);
}

/// A change for somebody whose rights end in between does not happen.
#[tokio::test]
async fn nothing_is_committed_after_the_right_to_it_has_ended() {
    let clock: Arc<TestClock> = Arc::default();
    let store = open(&MemoryMeta::new(), Arc::clone(&clock)).await;
    let bucket = |name: &str| NewBucket {
        name: name.parse().unwrap(),
        region: "ap-guangzhou".parse().unwrap(),
        owner: Owner::root("1").unwrap(),
        acl: Vec::new(),
        documents: Vec::new(),
    };
    let limited = store.until(Some(Timestamp::from_secs(10)));
    limited.create_bucket(bucket("first-1")).await.unwrap();
    clock.0.store(10_000_000, Ordering::SeqCst);
    limited.create_bucket(bucket("second-1")).await.unwrap();
    clock.0.store(10_000_001, Ordering::SeqCst);
    let late = limited.create_bucket(bucket("third-1")).await;
    assert!(matches!(late, Err(Error::Expired)), "{late:?}");
    assert!(store.bucket(&"third-1".parse().unwrap()).await.is_err());
    store.create_bucket(bucket("third-1")).await.unwrap();
}
