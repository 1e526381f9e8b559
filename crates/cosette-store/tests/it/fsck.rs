//! The check itself: it holds no more in memory than it may, and notices every row that goes missing.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::sync::Arc;

use crate::common::{
    Lab, bucket, complete_request, content, copy, copy_part_request, initiate, key, put, put_part,
};
use bytes::Bytes;
use cosette_store::extents::memory::MemoryExtents;
use cosette_store::meta::memory::MemoryMeta;
use cosette_store::meta::{Meta, MiniTxn, Scan, Write};
use cosette_store::{Report, Store};

/// Few enough that every gathering takes several passes.
const FACTS: usize = 3;
/// The tables of which no row may be missing: buckets, heads, versions, bodies, references, extents,
/// tiny extents, links, parts, expiries.
const NEEDED: &[u8] = b"bhvdrexlpt";

/// A store with several of everything.
async fn filled() -> Lab {
    let lab = Lab::new().await;
    let store = &lab.store;
    for number in 0..8 {
        let size = if number % 2 == 0 { 40 } else { 3000 };
        put(store, &format!("a/{number}"), &content(number, size)).await;
        copy(store, &format!("a/{number}"), &format!("b/{number}"))
            .await
            .unwrap();
        // Uploads that are complete, with their answers, and uploads that are open.
        for (name, completed) in [("c", true), ("d", false)] {
            let name = format!("{name}/{number}");
            let upload = initiate(store, &name).await;
            let part = put_part(store, &name, &upload, 1, &content(number, 70)).await;
            let sliced = copy_part_request(&format!("a/{number}"), &name, &upload, 2);
            let sliced = store.copy_part(sliced).await.unwrap();
            let parts = [(1, &part.unwrap().etag), (2, &sliced.etag)];
            if completed {
                let request = complete_request(&name, &upload, &parts);
                store.complete_upload(request).await.unwrap();
            }
        }
    }
    store.sweep_now().await.unwrap();
    lab
}

async fn rows(meta: &MemoryMeta) -> Vec<(Bytes, Bytes)> {
    let scan = Scan {
        start: Bytes::new(),
        end: None,
        limit: usize::MAX,
    };
    meta.snapshot().await.unwrap().scan(scan).await.unwrap()
}

/// What the check says of a store with these rows.
async fn checked(lab: &Lab, rows: &[(Bytes, Bytes)], facts: usize) -> Report {
    let meta = MemoryMeta::new();
    let writes = rows.iter().cloned();
    let txn = MiniTxn {
        id: [0; 16],
        checks: Vec::new(),
        writes: writes.map(|(row, value)| Write::Put(row, value)).collect(),
    };
    meta.commit(txn).await.unwrap();
    // None of the lab's: opening gives back what no row names.
    let extents = Arc::new(MemoryExtents::new());
    let store = Store::with_drivers(Arc::new(meta), extents, lab.options.clone()).await;
    store.unwrap().fsck_holding(false, facts).await.unwrap()
}

#[tokio::test]
async fn every_row_that_is_missing_is_noticed() {
    let lab = filled().await;
    let rows = rows(&lab.meta).await;
    assert!(checked(&lab, &rows, FACTS).await.is_clean());
    let mut tried = 0;
    for victim in 0..rows.len() {
        let mut left = rows.clone();
        let (row, _) = left.remove(victim);
        if row.first().is_some_and(|table| NEEDED.contains(table)) {
            let report = checked(&lab, &left, FACTS).await;
            assert!(!report.is_clean(), "without {row:?}");
            tried += 1;
        }
    }
    assert!(tried > 150, "{tried} rows");
    lab.sound().await;
}

#[tokio::test]
async fn a_row_too_many_is_noticed_however_little_is_held() {
    let lab = filled().await;
    let rows = rows(&lab.meta).await;
    for table in *b"hvdrexlp" {
        // The same row again under another name: what it names does not name it.
        let of_table = rows.iter().find(|(row, _)| row.first() == Some(&table));
        let (row, value) = of_table.cloned().unwrap();
        let mut other = row.to_vec();
        *other.last_mut().unwrap() ^= 1;
        let mut more = rows.clone();
        more.push((other.into(), value));
        for facts in [1, 1_000_000] {
            let report = checked(&lab, &more, facts).await;
            assert!(!report.is_clean(), "one more of {}", char::from(table));
        }
    }
    lab.sound().await;
}

#[tokio::test]
async fn what_the_check_holds_does_not_grow_with_the_store() {
    let lab = filled().await;
    let few = lab.store.fsck_holding(true, 10).await.unwrap();
    for number in 0..300 {
        let name = format!("more/{number}");
        put(&lab.store, &name, &content(number, 3000)).await;
        initiate(&lab.store, &name).await;
    }
    let many = lab.store.fsck_holding(true, 10).await.unwrap();
    assert!(few.is_clean() && many.is_clean(), "{few}{many}");
    assert!(many.bodies_read > few.bodies_read + 200);
    // Names are spread over passes by chance: some more than the mean may meet in one.
    assert!(many.facts_held <= 4 * 10, "{} facts", many.facts_held);
    let (name, key) = (bucket("b"), key("a/1"));
    lab.store.delete_object(&name, &key, None).await.unwrap();
    lab.sound().await;
}
