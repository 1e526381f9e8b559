//! Listings: byte order, exclusive markers, common prefixes that cost one seek each.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test stops where it fails"
)]

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::common::{self, Lab, bucket, content, copy, initiate, key, make_bucket, options, put};
use bytes::Bytes;
use cosette_store::extents::memory::MemoryExtents;
use cosette_store::meta::memory::MemoryMeta;
use cosette_store::meta::{Boxed, Meta, MetaError, MiniTxn, Outcome, Scan, Snapshot};
use cosette_store::{ListObjects, ListUploads, ListVersions, ObjectPage, Store, Versioning};

fn asked(prefix: &str, delimiter: Option<&str>, marker: &str, limit: usize) -> ListObjects {
    ListObjects {
        prefix: prefix.to_owned(),
        delimiter: delimiter.map(str::to_owned),
        marker: marker.to_owned(),
        limit,
    }
}

fn shown(page: &ObjectPage) -> Vec<&str> {
    let mut shown: Vec<&str> = page
        .objects
        .iter()
        .map(|object| object.key.as_str())
        .collect();
    shown.extend(page.common_prefixes.iter().map(String::as_str));
    shown.sort_unstable();
    shown
}

#[tokio::test]
async fn keys_come_in_byte_order() {
    let lab = Lab::new().await;
    let keys = [
        "a", "a b", "a!", "a/", "a//", "a/b", "a0", "aa", "b", "中", "é", "\u{1}z", "%41", "A",
    ];
    for name in keys {
        put(&lab.store, name, &content(1, 10)).await;
    }
    let mut wanted = keys.to_vec();
    wanted.sort_unstable();
    let page = lab
        .store
        .list_objects(&bucket("b"), &asked("", None, "", 1000))
        .await
        .unwrap();
    let found: Vec<&str> = page
        .objects
        .iter()
        .map(|object| object.key.as_str())
        .collect();
    assert_eq!((found, page.next_marker), (wanted, None));
    lab.sound().await;
}

// incident: R81
#[tokio::test]
async fn markers_are_exclusive_and_prefixes_skip_all_under_them() {
    let lab = Lab::new().await;
    for name in ["a/1", "a/2", "a0", "b/1", "c"] {
        put(&lab.store, name, &content(1, 10)).await;
    }
    for (prefix, delimiter, marker, limit, wanted, next) in [
        ("", Some("/"), "", 10, vec!["a/", "a0", "b/", "c"], None),
        ("", Some("/"), "", 1, vec!["a/"], Some("a/")),
        ("", Some("/"), "a/", 2, vec!["a0", "b/"], Some("b/")),
        ("", Some("/"), "b/", 2, vec!["c"], None),
        (
            "",
            None,
            "a/",
            10,
            vec!["a/1", "a/2", "a0", "b/1", "c"],
            None,
        ),
        ("", None, "a/1", 2, vec!["a/2", "a0"], Some("a0")),
        ("", Some("/"), "a/1", 1, vec!["a/"], Some("a/")),
        ("a/", Some("/"), "", 10, vec!["a/1", "a/2"], None),
        ("a/", None, "c", 10, vec![], None),
        ("b", None, "a", 10, vec!["b/1"], None),
        ("", None, "", 0, vec![], None),
        ("", None, "c", 10, vec![], None),
        ("x", Some("/"), "", 10, vec![], None),
        // Exactly full, and nothing more.
        ("", Some("/"), "", 4, vec!["a/", "a0", "b/", "c"], None),
    ] {
        let request = asked(prefix, delimiter, marker, limit);
        let page = lab
            .store
            .list_objects(&bucket("b"), &request)
            .await
            .unwrap();
        assert_eq!(
            (shown(&page), page.next_marker.as_deref()),
            (wanted, next),
            "{request:?}"
        );
    }
    lab.sound().await;
}

#[tokio::test]
async fn an_emptied_prefix_is_gone() {
    let lab = Lab::new().await;
    put(&lab.store, "a/1", &content(1, 10)).await;
    lab.store
        .delete_object(&bucket("b"), &key("a/1"), None)
        .await
        .unwrap();
    lab.versioning(Versioning::Enabled).await;
    put(&lab.store, "b/1", &content(1, 10)).await;
    lab.store
        .delete_object(&bucket("b"), &key("b/1"), None)
        .await
        .unwrap();
    put(&lab.store, "c/1", &content(1, 10)).await;
    let request = asked("", Some("/"), "", 10);
    let page = lab
        .store
        .list_objects(&bucket("b"), &request)
        .await
        .unwrap();
    assert_eq!(
        shown(&page),
        ["c/"],
        "keys under a delete marker count for nothing"
    );
    let request = ListVersions {
        delimiter: Some("/".to_owned()),
        limit: 10,
        ..ListVersions::default()
    };
    let page = lab
        .store
        .list_versions(&bucket("b"), &request)
        .await
        .unwrap();
    assert_eq!(page.common_prefixes, ["b/", "c/"]);
    lab.sound().await;
}

#[tokio::test]
async fn versions_go_on_where_the_page_ended() {
    let lab = Lab::new().await;
    put(&lab.store, "k", &content(0, 10)).await;
    lab.versioning(Versioning::Enabled).await;
    for seed in 1..=3 {
        put(&lab.store, "k", &content(seed, 10)).await;
    }
    put(&lab.store, "k2", &content(9, 10)).await;
    let mut request = ListVersions {
        limit: 1,
        ..ListVersions::default()
    };
    let mut found = Vec::new();
    loop {
        let page = lab
            .store
            .list_versions(&bucket("b"), &request)
            .await
            .unwrap();
        for version in page.versions {
            found.push((
                version.key,
                version.is_latest,
                version.version_id.unwrap().is_null(),
            ));
        }
        let Some(marker) = page.next_key_marker else {
            break;
        };
        request.key_marker = marker;
        request.version_id_marker = page.next_version_id_marker;
    }
    let row = |key: &str, latest, null| (key.to_owned(), latest, null);
    assert_eq!(
        found,
        [
            row("k", true, false),
            row("k", false, false),
            row("k", false, false),
            row("k", false, true),
            row("k2", true, false)
        ]
    );
    // A key marker alone skips all versions of the key.
    request = ListVersions {
        key_marker: "k".to_owned(),
        limit: 9,
        ..ListVersions::default()
    };
    let page = lab
        .store
        .list_versions(&bucket("b"), &request)
        .await
        .unwrap();
    assert_eq!(page.versions.len(), 1);
    lab.sound().await;
}

// incident: R81
#[tokio::test]
async fn uploads_are_listed_by_key_and_id() {
    let lab = Lab::new().await;
    let mut ids = Vec::new();
    for name in ["k", "k", "k", "a/1"] {
        ids.push(initiate(&lab.store, name).await.to_string());
        lab.clock.advance_secs(5);
    }
    let mut request = ListUploads {
        limit: 2,
        ..ListUploads::default()
    };
    let page = lab
        .store
        .list_uploads(&bucket("b"), &request)
        .await
        .unwrap();
    assert_eq!(page.uploads[0].key, "a/1");
    assert_eq!(page.uploads[1].upload_id.as_str(), ids[0]);
    assert_eq!(page.next_upload_id_marker.as_ref(), Some(&ids[0]));
    request.key_marker = page.next_key_marker.unwrap();
    request.upload_id_marker = page.next_upload_id_marker;
    let page = lab
        .store
        .list_uploads(&bucket("b"), &request)
        .await
        .unwrap();
    let found: Vec<_> = page
        .uploads
        .iter()
        .map(|upload| upload.upload_id.to_string())
        .collect();
    assert_eq!((found, page.next_key_marker), (ids[1..3].to_vec(), None));
    // Without a key marker an upload id marker says nothing; with an empty one nothing either.
    request = ListUploads {
        upload_id_marker: Some(ids[2].clone()),
        limit: 9,
        ..request
    };
    request.key_marker = String::new();
    let page = lab
        .store
        .list_uploads(&bucket("b"), &request)
        .await
        .unwrap();
    assert_eq!(page.uploads.len(), 4);
    request.delimiter = Some("/".to_owned());
    let page = lab
        .store
        .list_uploads(&bucket("b"), &request)
        .await
        .unwrap();
    assert_eq!(
        (page.uploads.len(), page.common_prefixes),
        (3, vec!["a/".to_owned()])
    );
    lab.sound().await;
    lab.empties(&["b"]).await;
}

/// Counts the rows that scans return.
#[derive(Debug)]
struct Counting {
    meta: MemoryMeta,
    rows: Arc<AtomicUsize>,
}

struct CountingSnapshot {
    snapshot: Arc<dyn Snapshot>,
    rows: Arc<AtomicUsize>,
}

impl fmt::Debug for CountingSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.snapshot.fmt(f)
    }
}

impl Meta for Counting {
    fn snapshot(&self) -> Boxed<'_, Result<Arc<dyn Snapshot>, MetaError>> {
        Box::pin(async {
            let snapshot = self.meta.snapshot().await?;
            let rows = Arc::clone(&self.rows);
            Ok(Arc::new(CountingSnapshot { snapshot, rows }) as Arc<dyn Snapshot>)
        })
    }

    fn commit(&self, txn: MiniTxn) -> Boxed<'_, Result<Outcome, MetaError>> {
        self.meta.commit(txn)
    }

    fn close(&self) -> Boxed<'_, Result<(), MetaError>> {
        self.meta.close()
    }
}

impl Snapshot for CountingSnapshot {
    fn get<'a>(&'a self, key: &'a [u8]) -> Boxed<'a, Result<Option<Bytes>, MetaError>> {
        self.snapshot.get(key)
    }

    fn multi_get<'a>(
        &'a self,
        keys: &'a [Bytes],
    ) -> Boxed<'a, Result<Vec<Option<Bytes>>, MetaError>> {
        self.snapshot.multi_get(keys)
    }

    fn scan(&self, scan: Scan) -> Boxed<'_, Result<Vec<(Bytes, Bytes)>, MetaError>> {
        Box::pin(async {
            let rows = self.snapshot.scan(scan).await?;
            self.rows.fetch_add(rows.len(), Ordering::SeqCst);
            Ok(rows)
        })
    }
}

#[tokio::test]
async fn a_common_prefix_costs_one_seek() {
    let rows = Arc::new(AtomicUsize::new(0));
    let meta = Counting {
        meta: MemoryMeta::new(),
        rows: Arc::clone(&rows),
    };
    let extents = Arc::new(MemoryExtents::new());
    let store = Store::with_drivers(Arc::new(meta), extents, options().0)
        .await
        .unwrap();
    make_bucket(&store, "b").await;
    put(&store, "000/0000", &content(1, 10)).await;
    for nth in 1..20_000 {
        copy(&store, "000/0000", &format!("{:03}/{:04}", nth / 1000, nth))
            .await
            .unwrap();
    }
    rows.store(0, Ordering::SeqCst);
    let request = asked("", Some("/"), "", 1000);
    let page = store.list_objects(&bucket("b"), &request).await.unwrap();
    assert_eq!(page.common_prefixes.len(), 20);
    let read = rows.load(Ordering::SeqCst);
    assert!(read < 200, "{read} rows read for 20 prefixes");
    common::sound(&store).await;
}
