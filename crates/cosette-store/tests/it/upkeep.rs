//! Keeping a store sound: what the scrub finds, and what an export brings to another store.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test stops where it fails"
)]

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::common::{
    Lab, TestRandom, bucket, complete_request, content, copy, copy_part_request, get, initiate,
    key, make_bucket, options, put, put_part, sound,
};
use bytes::Bytes;
use cosette_store::extents::memory::MemoryExtents;
use cosette_store::extents::segments::SegmentExtents;
use cosette_store::meta::memory::MemoryMeta;
use cosette_store::meta::redb::RedbMeta;
use cosette_store::meta::{Expect, Meta, MiniTxn, Outcome, Scan, Write};
use cosette_store::{BucketFilter, Error, Holder, ImportError, ListUploads, Store, Versioning};
use cosette_types::ByteRange;
use futures_util::{StreamExt, TryStreamExt, stream};

async fn open(folder: &Path) -> Store {
    Store::open(folder, options().0).await.unwrap()
}

/// Some of everything: versions, shared bytes, slices, tiny ones, uploads at every stage.
async fn fill(store: &Store) {
    make_bucket(store, "b").await;
    make_bucket(store, "empty").await;
    put(store, "tiny", &content(1, 20)).await;
    put(store, "none", &Bytes::new()).await;
    put(store, "large", &content(2, 3_000_000)).await;
    copy(store, "large", "copy").await.unwrap();
    copy(store, "tiny", "tiny copy").await.unwrap();
    let name = bucket("b");
    store
        .set_versioning(&name, Versioning::Enabled)
        .await
        .unwrap();
    put(store, "tiny", &content(4, 30)).await;
    put(store, "large", &content(3, 200_000)).await;
    let upload = initiate(store, "assembled").await;
    let mut request = copy_part_request("copy", "assembled", &upload, 1);
    request.range = Some(ByteRange::new(100, 1_500_000).unwrap());
    let one = store.copy_part(request).await.unwrap().etag;
    let last = content(5, 100_000);
    let two = put_part(store, "assembled", &upload, 2, &last)
        .await
        .unwrap()
        .etag;
    let request = complete_request("assembled", &upload, &[(1, &one), (2, &two)]);
    store.complete_upload(request).await.unwrap();
    store
        .delete_object(&name, &key("none"), None)
        .await
        .unwrap();
    let open = initiate(store, "open").await;
    put_part(store, "open", &open, 1, &content(6, 70_000))
        .await
        .unwrap();
}

async fn check(store: &Store) {
    let whole = content(2, 3_000_000);
    let assembled = [&whole[100..=1_500_000], &content(5, 100_000)].concat();
    for (name, bytes) in [
        ("tiny", content(4, 30)),
        ("tiny copy", content(1, 20)),
        ("large", content(3, 200_000)),
        ("copy", whole),
        ("assembled", assembled.into()),
    ] {
        assert!(get(store, name, None).await.unwrap() == bytes, "{name}");
    }
    assert!(get(store, "none", None).await.is_err());
    let uploads = ListUploads {
        limit: 10,
        ..ListUploads::default()
    };
    let uploads = store.list_uploads(&bucket("b"), &uploads).await.unwrap();
    assert_eq!(uploads.uploads.len(), 1);
    let report = store.fsck(true).await.unwrap();
    assert!(report.is_clean(), "{report}");
}

async fn export(store: &Store) -> Vec<u8> {
    let pieces: Vec<Bytes> = store.export().try_collect().await.unwrap();
    pieces.concat()
}

/// An export in pieces of an odd size, as pipes bring it.
fn pieces(export: &[u8]) -> impl futures_util::Stream<Item = Result<Bytes, Infallible>> + Send {
    let pieces: Vec<_> = export.chunks(70_001).map(Bytes::copy_from_slice).collect();
    stream::iter(pieces).map(Ok)
}

/// What an export says of the objects: its frames without the first, which says when it was made.
fn frames(export: &[u8]) -> Vec<(u8, &[u8])> {
    let mut frames = Vec::new();
    let mut rest = &export[16..];
    while let Some((head, behind)) = rest.split_first_chunk::<5>() {
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
        frames.push((head[0], &behind[..length]));
        rest = &behind[length + 4..];
    }
    frames.remove(0);
    frames
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_makes_the_same_store_over_every_driver() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("source")).await;
    fill(&store).await;
    let exported = export(&store).await;
    store.close().await.unwrap();

    let memory = Lab::over(MemoryMeta::new(), MemoryExtents::new()).await;
    let redb = RedbMeta::open(folder.path().join("redb"), b'x')
        .await
        .unwrap();
    let segments = SegmentExtents::open(folder.path().join("segments"))
        .await
        .unwrap();
    let redb = Store::with_drivers(Arc::new(redb), Arc::new(segments), options().0);
    let fjall = open(&folder.path().join("fjall")).await;
    for store in [memory.store.clone(), redb.await.unwrap(), fjall] {
        let moved = store.import(pieces(&exported)).await.unwrap();
        assert!(moved.rows > 20, "{moved:?}");
        // Copies have not multiplied anything.
        assert_eq!(moved.bytes, 3_000_000 + 200_000 + 100_000 + 70_000);
        check(&store).await;
        assert!(frames(&export(&store).await) == frames(&exported));
        // It is a store like any other.
        put(&store, "later", &content(9, 100_000)).await;
        sound(&store).await;
        store.close().await.unwrap();
    }
    memory.checked_by_hand();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_of_a_store_in_use_is_what_it_was_at_one_moment() {
    let lab = Lab::new().await;
    put(&lab.store, "source", &content(1, 400_000)).await;
    let over = Arc::new(AtomicBool::new(false));
    let (store, until) = (lab.store.clone(), Arc::clone(&over));
    let busy = tokio::spawn(async move {
        let mut round = 0;
        while !until.load(Ordering::SeqCst) {
            round += 1;
            let name = format!("k{}", round % 7);
            match round % 4 {
                0 => drop(put(&store, &name, &content(round, 30)).await),
                1 => drop(put(&store, &name, &content(round, 90_000)).await),
                2 => drop(copy(&store, "source", &name).await.unwrap()),
                _ => drop(
                    store
                        .delete_object(&bucket("b"), &key(&name), None)
                        .await
                        .unwrap(),
                ),
            }
            tokio::task::yield_now().await;
        }
    });
    for _ in 0..10 {
        let sweeping = lab.store.sweep_now();
        let (exported, swept) = tokio::join!(export(&lab.store), sweeping);
        swept.unwrap();
        let copy = Lab::over(MemoryMeta::new(), MemoryExtents::new()).await;
        copy.store.import(pieces(&exported)).await.unwrap();
        copy.sound().await;
    }
    over.store(true, Ordering::SeqCst);
    busy.await.unwrap();
    lab.sound().await;
}

#[tokio::test]
async fn a_damaged_or_torn_export_is_refused_and_nothing_of_it_is_seen() {
    let lab = Lab::new().await;
    put(&lab.store, "tiny", &content(1, 20)).await;
    put(&lab.store, "large", &content(2, 100_000)).await;
    let exported = export(&lab.store).await;
    let random = TestRandom(7.into());
    let length = exported.len();
    let mut broken = vec![Vec::new(), b"no export at all, whatever it is".to_vec()];
    for _ in 0..60 {
        broken.push(exported[..random.below(length)].to_vec());
        let mut flipped = exported.clone();
        flipped[random.below(length)] ^= 1 << random.below(8);
        broken.push(flipped);
    }
    broken.push([exported.as_slice(), b"more"].concat());
    for bytes in broken {
        let target = Lab::over(MemoryMeta::new(), MemoryExtents::new()).await;
        let refused = target.store.import(pieces(&bytes)).await.unwrap_err();
        let words = refused.to_string();
        assert!(words.contains("export"), "{words}");
        let all = BucketFilter {
            owner_uin: None,
            region: None,
            marker: None,
            limit: 9,
        };
        let buckets = target.store.buckets(&all).await.unwrap();
        assert!(buckets.buckets.is_empty());
        let meta = Arc::new(target.meta.clone());
        let extents = Arc::new(target.extents.clone());
        let again = Store::with_drivers(meta, extents, target.options.clone()).await;
        match refused {
            // Refused by its first bytes: the store was not touched.
            ImportError::NotAnExport => drop(again.unwrap()),
            ImportError::Damaged { at: ..=16, .. } => {}
            _ => assert!(matches!(again, Err(Error::Corrupt { .. })), "{words}"),
        }
        target.checked_by_hand();
    }
    lab.sound().await;
}

#[tokio::test]
async fn an_import_into_a_store_that_has_something_is_refused() {
    let lab = Lab::new().await;
    put(&lab.store, "kept", &content(1, 20)).await;
    let exported = export(&lab.store).await;
    let refused = lab.store.import(pieces(&exported)).await.unwrap_err();
    assert_eq!(refused, ImportError::NotEmpty);
    assert_eq!(get(&lab.store, "kept", None).await.unwrap(), content(1, 20));
    lab.sound().await;
    // Versions made after an import are later than those before.
    let copy = Lab::over(MemoryMeta::new(), MemoryExtents::new()).await;
    copy.store.import(pieces(&exported)).await.unwrap();
    let crashed = copy.crash().await;
    put(&crashed.store, "kept", &content(2, 20)).await;
    crashed.sound().await;
}

#[tokio::test]
async fn the_scrub_finds_every_flipped_bit_and_names_the_objects() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    fill(&store).await;
    let report = store.scrub(Some(1 << 30)).await.unwrap();
    assert!(report.is_clean() && report.bytes > 3_000_000, "{report:?}");
    store.close().await.unwrap();
    drop(store);
    let segments = std::fs::read_dir(folder.path().join("extents")).unwrap();
    let large = content(2, 3_000_000);
    let begins = |bytes: &[u8]| bytes.windows(32).position(|window| *window == large[..32]);
    let (segment, sound_bytes, begins) = segments
        .map(|entry| entry.unwrap().path())
        .find_map(|path| {
            let bytes = std::fs::read(&path).unwrap();
            begins(&bytes).map(|at| (path, bytes, at))
        })
        .unwrap();
    let random = TestRandom(11.into());
    for _ in 0..12 {
        // The extent's bytes lie in blocks with their sums between; the first block is long enough.
        let at = begins + random.below(60_000);
        let mut bytes = sound_bytes.clone();
        bytes[at] ^= 1 << random.below(8);
        std::fs::write(&segment, &bytes).unwrap();
        let store = open(folder.path()).await;
        let report = store.scrub(None).await.unwrap();
        assert_eq!(report.damaged, 1, "{report:?}");
        let named = |name: &str| {
            report.damages[0].holders.iter().any(|holder| {
                matches!(holder, Holder::Version { key, bucket, .. }
                    if key.as_str() == name && bucket.is_some())
            })
        };
        assert!(
            named("copy") && named("large") && named("assembled"),
            "{report:?}"
        );
        assert!(!named("tiny"));
        assert!(matches!(
            get(&store, "copy", None).await,
            Err(Error::Corrupt { .. })
        ));
        let exported: Result<Vec<Bytes>, Error> = store.export().try_collect().await;
        assert!(matches!(exported, Err(Error::Corrupt { .. })));
        store.close().await.unwrap();
    }
    std::fs::write(&segment, &sound_bytes).unwrap();
    let store = open(folder.path()).await;
    check(&store).await;
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_flipped_bit_of_a_tiny_body_is_never_served() {
    let lab = Lab::new().await;
    let sand = content(1, 20);
    put(&lab.store, "tiny", &sand).await;
    let tiny = Scan {
        start: Bytes::from_static(b"x"),
        end: Some(Bytes::from_static(b"y")),
        limit: 10,
    };
    let rows = lab.meta.snapshot().await.unwrap().scan(tiny).await.unwrap();
    let (row, value) = rows[0].clone();
    let mut before = value.clone();
    for bit in 0..value.len() * 8 {
        let mut flipped = value.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let flipped = Bytes::from(flipped);
        change(&lab.meta, &row, &before, &flipped).await;
        before = flipped;
        let read = get(&lab.store, "tiny", None).await;
        assert!(matches!(read, Err(Error::Corrupt { .. })), "bit {bit}");
        let report = lab.store.scrub(None).await.unwrap();
        assert_eq!(report.damaged, 1);
        assert!(matches!(&report.damages[0].holders[..],
            [Holder::Version { key, .. }] if key.as_str() == "tiny"));
    }
    change(&lab.meta, &row, &before, &value).await;
    assert_eq!(get(&lab.store, "tiny", None).await.unwrap(), sand);
    lab.sound().await;
}

async fn change(meta: &MemoryMeta, row: &Bytes, before: &Bytes, after: &Bytes) {
    let txn = MiniTxn {
        id: [9; 16],
        checks: vec![(row.clone(), Expect::Same(before.clone()))],
        writes: vec![Write::Put(row.clone(), after.clone())],
    };
    assert_eq!(meta.commit(txn).await.unwrap(), Outcome::Committed);
}
