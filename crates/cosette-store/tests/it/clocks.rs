//! Ids, and the order of versions, whatever the clock says: while a store is open, from one opening to the
//! next, and after a crash.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops where it fails"
)]

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use cosette_store::meta::memory::MemoryMeta;
use cosette_store::meta::{Meta, Scan};
use cosette_store::{AbortUpload, ListVersions, Versioning};
use cosette_types::VersionId;

use crate::common::{Lab, bucket, content, copy, initiate, key, put, put_part};

/// Tables whose rows are called by an id: bodies, extents, tiny extents; and references, by two.
const CALLED_BY_IDS: [(u8, usize); 4] = [(b'd', 1), (b'e', 1), (b'x', 1), (b'r', 2)];

/// Farther than what is written down ahead.
const JUMP_MICROS: u64 = 2 * 60 * 60 * 1_000_000;

/// Every id that was seen, and those that are there now.
#[derive(Debug, Default)]
struct Ids {
    ever: BTreeSet<(u8, Bytes)>,
    now: BTreeSet<(u8, Bytes)>,
}

impl Ids {
    /// Looks at all rows: what is new must never have been there before.
    async fn look(&mut self, meta: &MemoryMeta) {
        let all = Scan {
            start: Bytes::new(),
            end: None,
            limit: usize::MAX,
        };
        let rows = meta.snapshot().await.unwrap().scan(all).await.unwrap();
        let mut found = BTreeSet::new();
        for (row, _) in rows {
            let called = CALLED_BY_IDS.iter().find(|(table, _)| *table == row[0]);
            if let Some((table, count)) = called {
                // The last of them is the one that belongs to this row alone.
                let id = row.slice(1 + 16 * (count - 1)..1 + 16 * count);
                found.insert((*table, id));
            }
        }
        for id in found.difference(&self.now) {
            assert!(self.ever.insert(id.clone()), "{id:?} was given out twice");
        }
        self.now = found;
    }
}

async fn versions_of(lab: &Lab, name: &str) -> Vec<VersionId> {
    let request = ListVersions {
        prefix: name.to_owned(),
        limit: 1000,
        ..ListVersions::default()
    };
    let page = lab
        .store
        .list_versions(&bucket("b"), &request)
        .await
        .unwrap();
    let ids = page.versions.into_iter().map(|one| one.version_id.unwrap());
    ids.collect()
}

/// The clock is back where it was, again and again, and gives the same moments as before: after the store
/// was closed, and after it was killed.
// catches: TimesNotProvided
#[tokio::test]
async fn no_id_is_given_out_twice_whatever_the_clock_says() {
    let mut lab = Lab::new().await;
    lab.versioning(Versioning::Enabled).await;
    let early = lab.clock.0.load(Ordering::SeqCst);
    let (mut ids, mut versions) = (Ids::default(), BTreeSet::new());
    let mut kept = Vec::new();
    for life in 0..6 {
        lab.clock.0.store(early, Ordering::SeqCst);
        for round in 0..4 {
            let bytes = content(life * 4 + round, if round % 2 == 0 { 40 } else { 5000 });
            // A key of which nothing stays that would know which versions it had.
            let gone = put(&lab.store, "gone", &bytes).await.version_id.unwrap();
            assert!(versions.insert(gone.to_string()), "{gone} was given twice");
            let (name, object) = (bucket("b"), key("gone"));
            let deleted = lab.store.delete_object(&name, &object, Some(&gone));
            deleted.await.unwrap();
            let made = put(&lab.store, "kept", &bytes).await.version_id.unwrap();
            assert!(versions.insert(made.to_string()), "{made} was given twice");
            kept.insert(0, made);
            copy(&lab.store, "kept", "copy").await.unwrap();
            let upload = initiate(&lab.store, "part").await;
            assert!(
                versions.insert(upload.to_string()),
                "{upload} was given twice"
            );
            put_part(&lab.store, "part", &upload, 1, &bytes)
                .await
                .unwrap();
            ids.look(&lab.meta).await;
            let abort = AbortUpload {
                bucket: bucket("b"),
                key: key("part"),
                upload_id: upload,
            };
            lab.store.abort_upload(abort).await.unwrap();
            lab.sound().await;
            ids.look(&lab.meta).await;
        }
        // The clock jumps, and jumps to the same moment in the next life; no sweep has seen it.
        let jump = early + JUMP_MICROS * life.div_ceil(3);
        lab.clock.0.fetch_max(jump, Ordering::SeqCst);
        let gone = put(&lab.store, "gone", &content(life, 40))
            .await
            .version_id
            .unwrap();
        assert!(versions.insert(gone.to_string()), "{gone} was given twice");
        let (name, object) = (bucket("b"), key("gone"));
        let deleted = lab.store.delete_object(&name, &object, Some(&gone));
        deleted.await.unwrap();
        assert_eq!(versions_of(&lab, "kept").await, kept, "in life {life}");
        if life % 3 == 0 {
            lab.store.close().await.unwrap();
        }
        lab = lab.crash().await;
    }
    assert!(ids.ever.len() > 6 * 4 * 8, "{} ids", ids.ever.len());
    lab.empties(&["b"]).await;
}

/// Within one life, too, and whatever key: a clock that goes back and forth changes no order.
#[tokio::test]
async fn versions_stay_in_order_on_a_clock_that_jumps() {
    let lab = Lab::new().await;
    lab.versioning(Versioning::Enabled).await;
    let (year, start) = (365 * 24 * 60 * 60 * 1_000_000, 1_700_000_000_000_000);
    let mut made = Vec::new();
    for at in [
        start,
        start + 10 * year,
        start,
        start - 10 * year,
        start + year,
        0,
        u64::MAX / 4,
    ] {
        lab.clock.0.store(at, Ordering::SeqCst);
        let bytes = content(at, 100);
        let put = put(&lab.store, "k", &bytes).await;
        made.insert(0, put.version_id.unwrap());
        assert_eq!(versions_of(&lab, "k").await, made, "at {at}");
        lab.sound().await;
    }
    lab.clock.0.store(start, Ordering::SeqCst);
    lab.empties(&["b"]).await;
}
