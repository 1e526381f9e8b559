//! The checksums that clients of S3 choose, where bytes are copied and joined: told from what is kept, or
//! computed in one reading and remembered.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test stops where it fails"
)]

use cosette_store::{CopyPart, Store};
use cosette_types::{
    ByteRange, Checksum, ChecksumAlgorithm, ChecksumType, DeclaredChecksum, ETag, Encryption,
    UploadId,
};
use ring::digest::{SHA256, digest};

use crate::common::{
    Lab, bucket, complete_request, content, copy, copy_part_request, initiate_request, key,
    part_request, put, stage,
};

fn sha256(bytes: &[u8]) -> Checksum {
    let value = digest(&SHA256, bytes);
    Checksum::full(ChecksumAlgorithm::Sha256, value.as_ref())
}

fn crc32(bytes: &[u8]) -> Checksum {
    let value = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32IsoHdlc, bytes);
    Checksum::full(ChecksumAlgorithm::Crc32, &(value as u32).to_be_bytes())
}

/// An upload of `t`, begun with this algorithm or with none.
async fn begun(store: &Store, algorithm: Option<ChecksumAlgorithm>) -> UploadId {
    let declared = |algorithm| DeclaredChecksum::new(algorithm, None).unwrap();
    let request = cosette_store::InitiateUpload {
        checksum: algorithm.map(declared),
        ..initiate_request("t")
    };
    store.initiate_upload(request).await.unwrap()
}

fn range_of(from: &str, upload: &UploadId, range: (u64, u64)) -> CopyPart {
    CopyPart {
        range: Some(ByteRange::new(range.0, range.1).unwrap()),
        ..copy_part_request(from, "t", upload, 1)
    }
}

/// How many digests of ranges are remembered.
async fn remembered(store: &Store) -> usize {
    store.fsck(false).await.unwrap().rows_of('n')
}

#[tokio::test]
async fn a_range_is_read_once_for_each_checksum_and_remembered_in_one_row() {
    use ChecksumAlgorithm::{Crc32, Sha256};
    let lab = Lab::new().await;
    // Long enough to be hashed by threads of their own.
    let bytes = content(1, 900_000);
    put(&lab.store, "k", &bytes).await;
    let some = &bytes[10..=700_000];
    for (asked, wanted) in [
        (None, None),
        (Some(Sha256), Some(sha256(some))),
        (Some(Sha256), Some(sha256(some))),
        // What is remembered is not told to who did not ask.
        (None, None),
        (Some(Crc32), Some(crc32(some))),
        (Some(Sha256), Some(sha256(some))),
    ] {
        let upload = begun(&lab.store, asked).await;
        let request = range_of("k", &upload, (10, 700_000));
        let copied = lab.store.copy_part(request).await.unwrap();
        assert_eq!(copied.checksum, wanted, "{asked:?}");
        assert_eq!(remembered(&lab.store).await, 1);
    }
    // All of what was put at once: its MD5 is known, but not this.
    let upload = begun(&lab.store, Some(Sha256)).await;
    let whole = copy_part_request("k", "t", &upload, 1);
    let copied = lab.store.copy_part(whole.clone()).await.unwrap();
    assert_eq!(copied.checksum, Some(sha256(&bytes)));
    assert_eq!(remembered(&lab.store).await, 2);
    let lab = lab.crash().await;
    let copied = lab.store.copy_part(whole).await.unwrap();
    assert_eq!(copied.checksum, Some(sha256(&bytes)));
    assert_eq!(remembered(&lab.store).await, 2);
    lab.sound().await;
    lab.empties(&["b"]).await;
}

/// Where a copy writes its bytes again anyway, they are looked at on the way.
#[tokio::test]
async fn what_is_encrypted_on_the_way_has_the_checksum_too() {
    let lab = Lab::new().await;
    let bytes = content(1, 300_000);
    put(&lab.store, "k", &bytes).await;
    let encrypted = lab.store.protection(Some(&Encryption::Managed)).await;
    let declared = DeclaredChecksum::new(ChecksumAlgorithm::Sha256, None).unwrap();
    let request = cosette_store::InitiateUpload {
        checksum: Some(declared),
        protection: encrypted.unwrap(),
        ..initiate_request("t")
    };
    let upload = lab.store.initiate_upload(request).await.unwrap();
    let request = range_of("k", &upload, (1, 200_000));
    let copied = lab.store.copy_part(request).await.unwrap();
    assert_eq!(copied.checksum, Some(sha256(&bytes[1..=200_000])));
    assert!(copied.encrypted_with.is_some());
    assert_eq!(remembered(&lab.store).await, 0);
    lab.sound().await;
    lab.empties(&["b"]).await;
}

/// An object of `t` made of so many parts, each of its own length; gives what they hold.
async fn made_of_parts(
    lab: &Lab,
    algorithm: Option<ChecksumAlgorithm>,
    count: u64,
) -> Vec<bytes::Bytes> {
    let upload = begun(&lab.store, algorithm).await;
    let (mut held, mut tags) = (Vec::new(), Vec::new());
    for part in 1..=count {
        let bytes = content(part, 8 + part as usize % 5);
        let staged = stage(&lab.store, &bytes).await;
        let staged = staged.with_checksum(algorithm.map(|_| sha256(&bytes)));
        let request = part_request("t", &upload, part);
        let stored = lab.store.put_part(request, staged).await.unwrap();
        tags.push((part, stored.etag));
        held.push(bytes);
    }
    let listed: Vec<(u64, &ETag)> = tags.iter().map(|(part, tag)| (*part, tag)).collect();
    let request = complete_request("t", &upload, &listed);
    lab.store.complete_upload(request).await.unwrap();
    held
}

async fn parts_of(
    store: &Store,
    name: &str,
    wanted: std::ops::RangeInclusive<u32>,
) -> Vec<(u64, Option<Checksum>)> {
    let object = store.object(&bucket("b"), &key(name), None).await.unwrap();
    let found = store.parts_of(&object, wanted).await.unwrap().unwrap();
    assert_eq!(Some(found.count), object.etag.part_count());
    let parts = found.parts.into_iter();
    parts.map(|part| (part.span.len(), part.checksum)).collect()
}

/// So many that the list of the body goes over several rows.
#[tokio::test]
async fn the_parts_of_a_composite_object_keep_their_checksums() {
    const COUNT: u64 = 1000;
    let lab = Lab::new().await;
    let held = made_of_parts(&lab, Some(ChecksumAlgorithm::Sha256), COUNT).await;
    copy(&lab.store, "t", "copy").await.unwrap();
    let told: Vec<_> = held
        .iter()
        .map(|bytes| (bytes.len() as u64, Some(sha256(bytes))))
        .collect();
    let object = lab.store.object(&bucket("b"), &key("t"), None).await;
    let kind = object.unwrap().checksum.clone().unwrap().kind;
    assert_eq!(kind, ChecksumType::Composite);
    let lab = lab.crash().await;
    for name in ["t", "copy"] {
        assert_eq!(parts_of(&lab.store, name, 1..=10_000).await, told);
        assert_eq!(parts_of(&lab.store, name, 1..=1).await, told[..1]);
        assert_eq!(parts_of(&lab.store, name, 498..=501).await, told[497..501]);
        let beyond = parts_of(&lab.store, name, 1001..=2000).await;
        assert!(beyond.is_empty());
    }
    // A copy of just one of them needs no reading.
    let upload = begun(&lab.store, Some(ChecksumAlgorithm::Sha256)).await;
    let first: u64 = held[..500].iter().map(|bytes| bytes.len() as u64).sum();
    let last = first + held[500].len() as u64 - 1;
    let request = range_of("copy", &upload, (first, last));
    let copied = lab.store.copy_part(request).await.unwrap();
    assert_eq!(copied.checksum, Some(sha256(&held[500])));
    assert_eq!(remembered(&lab.store).await, 0);
    lab.sound().await;
    lab.empties(&["b"]).await;
}

#[tokio::test]
async fn parts_of_other_objects_have_none() {
    let lab = Lab::new().await;
    let held = made_of_parts(&lab, None, 3).await;
    let told: Vec<_> = held
        .iter()
        .map(|bytes| (bytes.len() as u64, None))
        .collect();
    assert_eq!(parts_of(&lab.store, "t", 1..=3).await, told);
    put(&lab.store, "k", &content(1, 10)).await;
    let object = lab
        .store
        .object(&bucket("b"), &key("k"), None)
        .await
        .unwrap();
    assert_eq!(lab.store.parts_of(&object, 1..=3).await.unwrap(), None);
    drop(object);
    lab.sound().await;
    lab.empties(&["b"]).await;
}
