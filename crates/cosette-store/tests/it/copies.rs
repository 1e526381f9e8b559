//! A copy writes no byte of an object, whatever its size.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test stops where it fails"
)]

use std::time::Duration;

use crate::common::{
    self, Lab, bucket, complete_request, content, copy, copy_part_request, get, initiate, key, put,
    put_part, read,
};
use bytes::Bytes;
use cosette_store::extents::Extents;
use cosette_store::{Error, ListParts, MoveObject};
use cosette_types::{ByteRange, ETag, Md5, Preconditions, Span, UploadId};
use futures_util::TryStreamExt;
use md5::Digest as _;

const MIB: usize = 1 << 20;

fn md5_of(bytes: &[u8]) -> Md5 {
    Md5(md5::Md5::digest(bytes).into())
}

/// Bytes written so far: to extents, and as rows.
async fn written(lab: &Lab) -> (u64, usize) {
    let report = lab.store.fsck(false).await.unwrap();
    (lab.extents.written_bytes(), report.rows_of('x'))
}

async fn move_object(lab: &Lab, from: &str, to: &str) {
    let request = MoveObject {
        source: common::source(from),
        bucket: bucket("b"),
        key: key(to),
        preconditions: Preconditions::default(),
        forbid_overwrite: false,
        target_preconditions: Default::default(),
        acl: Default::default(),
        client_token: None,
    };
    lab.store.move_object(request).await.unwrap();
}

/// Copies and moves `from`, and checks that not a byte was written.
async fn copy_writes_nothing(lab: &Lab, from: &str) {
    let before = written(lab).await;
    let source = lab
        .store
        .object(&bucket("b"), &key(from), None)
        .await
        .unwrap();
    let copied = copy(&lab.store, from, "copy").await.unwrap();
    assert_eq!((&copied.etag, copied.crc64), (&source.etag, source.crc64));
    move_object(lab, "copy", "moved").await;
    let upload = initiate(&lab.store, "parts").await;
    let part = copy_part_request(from, "parts", &upload, 1);
    if source.etag.part_count().is_none() {
        // A whole body that was put in one request is not even read.
        let part = lab.store.copy_part(part).await.unwrap();
        assert_eq!((part.etag, part.crc64), (source.etag.clone(), source.crc64));
    }
    assert_eq!(written(lab).await, before, "a copy wrote bytes");
    let target = lab
        .store
        .object(&bucket("b"), &key("moved"), None)
        .await
        .unwrap();
    assert_eq!(target.facts().etag, source.etag);
    assert_eq!(target.size, source.size);
}

#[tokio::test]
async fn a_copy_writes_no_byte_of_one() {
    let lab = Lab::new().await;
    put(&lab.store, "k", &content(1, 1)).await;
    copy_writes_nothing(&lab, "k").await;
    assert_eq!(get(&lab.store, "moved", None).await.unwrap(), content(1, 1));
    lab.empties(&["b"]).await;
}

#[tokio::test]
async fn a_copy_writes_no_byte_of_some_megabytes() {
    let lab = Lab::new().await;
    put(&lab.store, "k", &content(1, 3 * MIB)).await;
    copy_writes_nothing(&lab, "k").await;
    assert_eq!(
        get(&lab.store, "moved", None).await.unwrap(),
        content(1, 3 * MIB)
    );
    lab.empties(&["b"]).await;
}

/// Completes an upload of `copies` parts, each a copy of all of `from`.
async fn assemble(lab: &Lab, from: &str, to: &str, copies: u64) {
    let upload = initiate(&lab.store, to).await;
    let mut parts = Vec::new();
    for part in 1..=copies {
        let request = copy_part_request(from, to, &upload, part);
        parts.push((part, lab.store.copy_part(request).await.unwrap().etag));
    }
    let parts: Vec<_> = parts.iter().map(|(part, etag)| (*part, etag)).collect();
    let request = complete_request(to, &upload, &parts);
    let completed = lab.store.complete_upload(request).await.unwrap();
    assert_eq!(
        completed.etag.part_count(),
        Some(u32::try_from(copies).unwrap())
    );
}

// incident: R78
#[tokio::test]
async fn a_copy_writes_no_byte_of_five_gibibytes() {
    let lab = Lab::new().await;
    let seed = content(1, 8 * MIB);
    put(&lab.store, "seed", &seed).await;
    let once = lab.extents.written_bytes();
    assemble(&lab, "seed", "k", 640).await;
    let object = lab
        .store
        .object(&bucket("b"), &key("k"), None)
        .await
        .unwrap();
    assert_eq!(object.size, 5 << 30);
    copy_writes_nothing(&lab, "k").await;
    assert_eq!(
        lab.extents.written_bytes(),
        once,
        "only the seed was ever written"
    );
    // The borders between parts are where they should be.
    for at in [0, 8 * MIB as u64 - 5, 2_000_000_000, (5 << 30) - 10] {
        let span = Span {
            start: at,
            end: at + 10,
        };
        let bytes: Vec<Bytes> = lab.store.read(&object, span).try_collect().await.unwrap();
        let wanted: Vec<u8> = (at..at + 10)
            .map(|at| seed[at as usize % (8 * MIB)])
            .collect();
        assert_eq!(bytes.concat(), wanted, "at {at}");
    }
    drop(object);
    // The seed may go: its bytes stay.
    lab.store
        .delete_object(&bucket("b"), &key("seed"), None)
        .await
        .unwrap();
    lab.store.sweep_now().await.unwrap();
    let report = lab.store.fsck(false).await.unwrap();
    assert!(report.is_clean(), "{report}");
    lab.empties(&["b"]).await;
}

#[tokio::test]
async fn a_copy_writes_no_byte_of_ten_thousand_parts() {
    let lab = Lab::new().await;
    put(&lab.store, "seed", &content(1, 100)).await;
    let upload = initiate(&lab.store, "k").await;
    let mut parts = Vec::new();
    let mut wanted = Vec::new();
    for part in 1..=10_000u64 {
        // Bodies and extents of their own now and then, ranges of the seed else.
        let etag = if part % 10 == 0 {
            let bytes = content(part, 70 + (part % 30) as usize);
            wanted.extend_from_slice(&bytes);
            put_part(&lab.store, "k", &upload, part, &bytes)
                .await
                .unwrap()
                .etag
        } else {
            let first = part % 50;
            let mut request = copy_part_request("seed", "k", &upload, part);
            request.range = Some(ByteRange::new(first, first + 9).unwrap());
            let first = first as usize;
            wanted.extend_from_slice(&content(1, 100)[first..first + 10]);
            lab.store.copy_part(request).await.unwrap().etag
        };
        parts.push((part, etag));
    }
    let parts: Vec<_> = parts.iter().map(|(part, etag)| (*part, etag)).collect();
    let request = complete_request("k", &upload, &parts);
    let completed = lab.store.complete_upload(request.clone()).await.unwrap();
    assert_eq!(completed.etag.part_count(), Some(10_000));
    assert_eq!(lab.store.complete_upload(request).await.unwrap(), completed);
    copy_writes_nothing(&lab, "k").await;
    assert_eq!(get(&lab.store, "moved", None).await.unwrap(), wanted);
    // A range over many parts of it, as a part: more slices than one transaction may carry.
    let upload = initiate(&lab.store, "range").await;
    let mut request = copy_part_request("k", "range", &upload, 1);
    request.range = Some(ByteRange::new(33, 60_032).unwrap());
    let part = lab.store.copy_part(request).await.unwrap();
    assert_eq!(part.etag, ETag::of_md5(md5_of(&wanted[33..60_033])));
    let request = complete_request("range", &upload, &[(1, &part.etag)]);
    lab.store.complete_upload(request).await.unwrap();
    assert_eq!(
        get(&lab.store, "range", None).await.unwrap(),
        wanted[33..60_033]
    );
    lab.sound().await;
    lab.empties(&["b"]).await;
}

/// How many digests of ranges are remembered.
async fn remembered(lab: &Lab) -> usize {
    lab.store.fsck(false).await.unwrap().rows_of('n')
}

async fn part_of(lab: &Lab, from: &str, upload: &UploadId, range: (u64, u64)) -> ETag {
    let mut request = copy_part_request(from, "t", upload, 1);
    request.range = Some(ByteRange::new(range.0, range.1).unwrap());
    lab.store.copy_part(request).await.unwrap().etag
}

#[tokio::test]
async fn a_range_is_read_once_and_remembered() {
    let lab = Lab::new().await;
    let bytes = content(1, 200_000);
    put(&lab.store, "k", &bytes).await;
    let upload = initiate(&lab.store, "t").await;
    // All of a body put in one request: known.
    let all = part_of(&lab, "k", &upload, (0, 199_999)).await;
    assert_eq!(
        (all, remembered(&lab).await),
        (ETag::of_md5(md5_of(&bytes)), 0)
    );
    for _ in 0..3 {
        let some = part_of(&lab, "k", &upload, (10, 99_999)).await;
        assert_eq!(some, ETag::of_md5(md5_of(&bytes[10..100_000])));
        assert_eq!(remembered(&lab).await, 1);
    }
    // Exactly one stored part of an assembled body: known.
    let assembled = initiate(&lab.store, "parts").await;
    let mut etags = Vec::new();
    for part in 1..=3 {
        let stored = put_part(&lab.store, "parts", &assembled, part, &content(part, 1000)).await;
        etags.push((part, stored.unwrap().etag));
    }
    let listed: Vec<_> = etags.iter().map(|(part, etag)| (*part, etag)).collect();
    let request = complete_request("parts", &assembled, &listed);
    lab.store.complete_upload(request).await.unwrap();
    assert_eq!(
        part_of(&lab, "parts", &upload, (1000, 1999)).await,
        etags[1].1
    );
    assert_eq!(remembered(&lab).await, 1);
    let whole: Vec<u8> = (1..=3).flat_map(|part| content(part, 1000)).collect();
    let all = part_of(&lab, "parts", &upload, (0, 2999)).await;
    assert_eq!(
        (all, remembered(&lab).await),
        (ETag::of_md5(md5_of(&whole)), 2)
    );
    // They go with their bodies.
    lab.sound().await;
    lab.empties(&["b"]).await;
}

// incident: R56, R57, R58, R71
// catches: CutAtWrongOffset, RangeEndExclusive, RangeSilentlyCut
#[tokio::test]
async fn ranges_are_exact_or_refused() {
    let lab = Lab::new().await;
    let bytes = content(1, 100);
    put(&lab.store, "k", &bytes).await;
    let upload = initiate(&lab.store, "t").await;
    for (first, last) in [(0, 0), (0, 9), (99, 99), (0, 99), (50, 98)] {
        let etag = part_of(&lab, "k", &upload, (first, last)).await;
        let wanted = &bytes[first as usize..=last as usize];
        assert_eq!(etag, ETag::of_md5(md5_of(wanted)), "{first}-{last}");
    }
    let before = parts(&lab, &upload).await;
    for (first, last) in [(0, 100), (100, 100), (7, 1 << 40)] {
        let mut request = copy_part_request("k", "t", &upload, 1);
        request.range = Some(ByteRange::new(first, last).unwrap());
        let refused = lab.store.copy_part(request).await;
        assert_eq!(refused.unwrap_err(), Error::RangeBeyondEnd { size: 100 });
    }
    let mut request = copy_part_request("k", "t", &upload, 1);
    request.preconditions.if_match = Some("other".parse().unwrap());
    assert_eq!(
        lab.store.copy_part(request).await.unwrap_err(),
        Error::PreconditionFailed
    );
    let none = copy_part_request("none", "t", &upload, 1);
    assert_eq!(
        lab.store.copy_part(none).await.unwrap_err(),
        Error::NoSuchKey
    );
    assert_eq!(
        parts(&lab, &upload).await,
        before,
        "refused, and something changed"
    );
    // An empty object has no range, but can be a part as a whole.
    put(&lab.store, "empty", &Bytes::new()).await;
    let whole = copy_part_request("empty", "t", &upload, 2);
    assert_eq!(
        lab.store.copy_part(whole).await.unwrap().etag,
        ETag::of_md5(md5_of(b""))
    );
    lab.sound().await;
    lab.empties(&["b"]).await;
}

async fn parts(lab: &Lab, upload: &UploadId) -> cosette_store::PartPage {
    let request = ListParts {
        bucket: bucket("b"),
        key: key("t"),
        upload_id: upload.clone(),
        marker: 0,
        limit: 1000,
    };
    lab.store.list_parts(&request).await.unwrap()
}

// catches: FreeSharedExtent
#[tokio::test]
async fn a_slice_keeps_its_extent_and_no_more() {
    let lab = Lab::new().await;
    let bytes = content(1, 300_000);
    put(&lab.store, "k", &bytes).await;
    let upload = initiate(&lab.store, "t").await;
    let etag = part_of(&lab, "k", &upload, (100, 199)).await;
    let request = complete_request("t", &upload, &[(1, &etag)]);
    lab.store.complete_upload(request).await.unwrap();
    lab.store
        .delete_object(&bucket("b"), &key("k"), None)
        .await
        .unwrap();
    lab.sound().await;
    assert_eq!(get(&lab.store, "t", None).await.unwrap(), bytes[100..200]);
    let object = lab
        .store
        .object(&bucket("b"), &key("t"), None)
        .await
        .unwrap();
    lab.store
        .delete_object(&bucket("b"), &key("t"), None)
        .await
        .unwrap();
    lab.store.sweep_now().await.unwrap();
    assert_eq!(read(&lab.store, &object).await.unwrap(), bytes[100..200]);
    drop(object);
    lab.empties(&["b"]).await;
}

/// Links that went from one body by the thousand are looked at once, not anew for each few of them.
#[tokio::test]
async fn a_body_loses_thousands_of_links_in_a_few_commits() {
    const LINKS: usize = 2_500;
    let lab = Lab::new().await;
    put(&lab.store, "k", &content(1, 100)).await;
    let copies: Vec<String> = (0..LINKS).map(|copy| format!("copy-{copy:04}")).collect();
    for source_stays in [true, false] {
        for name in &copies {
            copy(&lab.store, "k", name).await.unwrap();
        }
        let source = [String::from("k")];
        let gone = source.iter().filter(|_| !source_stays).chain(&copies);
        for name in gone {
            let (bucket, key) = (bucket("b"), key(name));
            let deleted = lab.store.delete_object(&bucket, &key, None);
            deleted.await.unwrap();
        }
        // A commit takes some 400 of them.
        lab.meta.hold_after(12);
        let swept = tokio::time::timeout(Duration::from_secs(60), lab.store.sweep_now()).await;
        let report = swept.expect("more commits than that").unwrap();
        lab.meta.release();
        assert_eq!(report.bodies, usize::from(!source_stays));
        lab.sound().await;
    }
    lab.empties(&["b"]).await;
}
