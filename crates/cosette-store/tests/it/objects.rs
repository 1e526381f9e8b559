//! Objects: what is put comes back; what is overwritten or deleted goes, and nothing else does.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test stops where it fails"
)]

use std::convert::Infallible;

use crate::common::{self, Lab, bucket, content, copy, get, key, put, put_request, read, stage};
use bytes::Bytes;
use cosette_store::extents::Extents;
use cosette_store::{Error, StageError, StageLimits, Versioning};
use cosette_types::{
    Directive, Grant, Grantee, Metadata, Permission, Preconditions, StorageClass, Tags, VersionId,
};
use futures_util::stream;

// catches: CleanupTakesPublished
#[tokio::test]
async fn what_is_put_comes_back() {
    let lab = Lab::new().await;
    for size in [0, 1, 63, 64, 65, 70_001, 1 << 20, (1 << 20) + 1, 3_000_000] {
        let bytes = content(size as u64, size);
        let name = format!("k{size}");
        let made = put(&lab.store, &name, &bytes).await;
        assert_eq!(made.version_id, None);
        assert_eq!(get(&lab.store, &name, None).await.unwrap(), bytes, "{size}");
        let version = lab
            .store
            .object(&bucket("b"), &key(&name), None)
            .await
            .unwrap();
        assert_eq!(
            (version.etag.clone(), version.crc64),
            (made.etag, made.crc64)
        );
        assert_eq!(version.last_modified, made.last_modified);
        assert!(version.is_latest && version.version_id.is_none());
    }
    lab.sound().await;
    lab.empties(&["b"]).await;
}

#[tokio::test]
async fn spans_are_exact() {
    use cosette_types::Span;
    use futures_util::TryStreamExt;
    let lab = Lab::new().await;
    let bytes = content(7, 2_500_000);
    put(&lab.store, "k", &bytes).await;
    let version = lab
        .store
        .object(&bucket("b"), &key("k"), None)
        .await
        .unwrap();
    for (start, end) in [
        (0, 0),
        (0, 1),
        (1, 2),
        (65_535, 65_537),
        (1_048_575, 1_048_577),
        (2_499_999, 2_500_000),
        (0, 2_500_000),
        (17, 2_400_001),
    ] {
        let span = Span {
            start: start as u64,
            end: end as u64,
        };
        let read: Vec<Bytes> = lab.store.read(&version, span).try_collect().await.unwrap();
        assert_eq!(read.concat(), bytes[start..end], "{start}..{end}");
    }
    // Beyond the end there is nothing.
    let span = Span {
        start: 2_499_999,
        end: 9_000_000,
    };
    let read: Vec<Bytes> = lab.store.read(&version, span).try_collect().await.unwrap();
    assert_eq!(read.concat(), bytes[2_499_999..]);
    lab.sound().await;
}

// incident: R02, R18
// catches: NoMark
#[tokio::test]
async fn an_overwritten_object_gives_its_space_back() {
    let lab = Lab::new().await;
    put(&lab.store, "k", &content(1, 3_000_000)).await;
    let full = lab.extents.allocated_bytes().await.unwrap();
    put(&lab.store, "k", &content(2, 100)).await;
    lab.sound().await;
    assert!(lab.extents.allocated_bytes().await.unwrap() < full / 10);
    assert_eq!(get(&lab.store, "k", None).await.unwrap(), content(2, 100));
    lab.empties(&["b"]).await;
}

// incident: R53, R69
// catches: ShortBodyStored
#[tokio::test]
async fn a_short_long_or_broken_stream_leaves_nothing() {
    let lab = Lab::new().await;
    let bytes = content(1, 200_000);
    let pieces = |good: usize, fails: bool| {
        let mut pieces: Vec<Result<Bytes, &str>> = bytes[..good]
            .chunks(50_000)
            .map(|piece| Ok(Bytes::copy_from_slice(piece)))
            .collect();
        if fails {
            pieces.push(Err("gone"));
        }
        stream::iter(pieces)
    };
    let limits = |expected, bytes_max| StageLimits {
        expected_bytes: expected,
        bytes_max,
    };
    let stage = |pieces, limits| lab.store.stage(pieces, limits);
    assert_eq!(
        stage(pieces(150_000, false), limits(Some(200_000), 1 << 30))
            .await
            .unwrap_err(),
        StageError::Length {
            expected: 200_000,
            received: 150_000
        }
    );
    assert!(matches!(
        stage(pieces(200_000, false), limits(Some(60_000), 1 << 30))
            .await
            .unwrap_err(),
        StageError::Length {
            expected: 60_000,
            ..
        }
    ));
    assert_eq!(
        stage(pieces(200_000, false), limits(None, 199_999))
            .await
            .unwrap_err(),
        StageError::TooLarge { limit: 199_999 }
    );
    assert_eq!(
        stage(pieces(150_000, true), limits(None, 1 << 30))
            .await
            .unwrap_err(),
        StageError::Stream("gone")
    );
    assert_eq!(
        stage(pieces(0, false), limits(Some(9), 8))
            .await
            .unwrap_err(),
        StageError::TooLarge { limit: 8 }
    );
    lab.empties(&["b"]).await;
}

#[tokio::test]
async fn staged_bytes_that_nobody_publishes_go() {
    let lab = Lab::new().await;
    let bytes = content(1, 1_000_000);
    drop(stage(&lab.store, &bytes).await);
    let discarded = stage(&lab.store, &bytes).await;
    lab.store.discard(discarded).await.unwrap();
    // Refused: the bucket does not exist.
    let staged = stage(&lab.store, &bytes).await;
    let refused = lab.store.put_object(put_request("none", "k"), staged).await;
    assert!(matches!(refused, Err(Error::NoSuchBucket { .. })));
    lab.empties(&["b"]).await;
}

// incident: R79
#[tokio::test]
async fn overwriting_can_be_forbidden() {
    let lab = Lab::new().await;
    let forbid = |name: &str| {
        let mut request = put_request("b", name);
        request.forbid_overwrite = true;
        request
    };
    let staged = stage(&lab.store, &content(1, 10)).await;
    lab.store.put_object(forbid("k"), staged).await.unwrap();
    let staged = stage(&lab.store, &content(2, 100_000)).await;
    let refused = lab.store.put_object(forbid("k"), staged).await;
    assert_eq!(refused.unwrap_err(), Error::ObjectExists);
    assert_eq!(get(&lab.store, "k", None).await.unwrap(), content(1, 10));
    let mut onto = common::copy_request("k", "k2");
    onto.forbid_overwrite = true;
    lab.store.copy_object(onto.clone()).await.unwrap();
    assert_eq!(
        lab.store.copy_object(onto.clone()).await.unwrap_err(),
        Error::ObjectExists
    );
    // Without effect once versioning was ever enabled.
    lab.versioning(Versioning::Suspended).await;
    lab.store.copy_object(onto).await.unwrap();
    lab.sound().await;
    lab.empties(&["b"]).await;
}

#[tokio::test]
async fn a_never_versioned_key_is_there_or_not() {
    let lab = Lab::new().await;
    let delete = |id: Option<VersionId>| {
        let store = lab.store.clone();
        async move {
            store
                .delete_object(&bucket("b"), &key("k"), id.as_ref())
                .await
        }
    };
    assert_eq!(
        get(&lab.store, "k", None).await.unwrap_err(),
        Error::NoSuchKey
    );
    assert_eq!(delete(None).await.unwrap(), Default::default());
    put(&lab.store, "k", &content(1, 10)).await;
    assert_eq!(
        get(&lab.store, "k", Some(&VersionId::null()))
            .await
            .unwrap(),
        content(1, 10)
    );
    let unknown: VersionId = VersionId::of(cosette_types::VersionTime(5));
    assert_eq!(
        get(&lab.store, "k", Some(&unknown)).await.unwrap_err(),
        Error::NoSuchVersion
    );
    let foreign: VersionId = "abc".parse().unwrap();
    assert_eq!(
        get(&lab.store, "k", Some(&foreign)).await.unwrap_err(),
        Error::MalformedVersionId
    );
    assert_eq!(
        delete(Some(foreign)).await.unwrap_err(),
        Error::MalformedVersionId
    );
    let gone = delete(Some(unknown.clone())).await.unwrap();
    assert_eq!(
        (gone.version_id, gone.delete_marker),
        (Some(unknown), false)
    );
    assert!(get(&lab.store, "k", None).await.is_ok());
    let gone = delete(Some(VersionId::null())).await.unwrap();
    assert_eq!(
        (gone.version_id, gone.delete_marker),
        (Some(VersionId::null()), false)
    );
    assert_eq!(
        get(&lab.store, "k", None).await.unwrap_err(),
        Error::NoSuchKey
    );
    lab.empties(&["b"]).await;
}

#[tokio::test]
async fn versions_are_kept_and_named() {
    let lab = Lab::new().await;
    put(&lab.store, "k", &content(0, 10)).await;
    lab.versioning(Versioning::Enabled).await;
    let one = put(&lab.store, "k", &content(1, 10))
        .await
        .version_id
        .unwrap();
    let two = put(&lab.store, "k", &content(2, 10))
        .await
        .version_id
        .unwrap();
    assert!(two < one, "newer ids sort lower");
    let null = VersionId::null();
    for (id, seed) in [
        (None, 2),
        (Some(&two), 2),
        (Some(&one), 1),
        (Some(&null), 0),
    ] {
        assert_eq!(get(&lab.store, "k", id).await.unwrap(), content(seed, 10));
    }
    let old = lab
        .store
        .object(&bucket("b"), &key("k"), Some(&one))
        .await
        .unwrap();
    assert!(!old.is_latest && old.version_id == Some(one.clone()));
    drop(old);
    // A delete makes a marker, also of a key that never was.
    let marker = lab
        .store
        .delete_object(&bucket("b"), &key("k"), None)
        .await
        .unwrap();
    assert!(marker.delete_marker);
    let marker = marker.version_id.unwrap();
    assert_eq!(
        get(&lab.store, "k", None).await.unwrap_err(),
        Error::KeyIsDeleted {
            version_id: marker.clone()
        }
    );
    assert_eq!(
        get(&lab.store, "k", Some(&marker)).await.unwrap_err(),
        Error::VersionIsDeleteMarker {
            version_id: marker.clone()
        }
    );
    let never = lab
        .store
        .delete_object(&bucket("b"), &key("never"), None)
        .await
        .unwrap();
    assert!(never.delete_marker && never.version_id.is_some());
    // Removing the marker brings the newest version back; removing that, the next.
    let gone = lab
        .store
        .delete_object(&bucket("b"), &key("k"), Some(&marker))
        .await
        .unwrap();
    assert!(gone.delete_marker);
    assert_eq!(get(&lab.store, "k", None).await.unwrap(), content(2, 10));
    lab.store
        .delete_object(&bucket("b"), &key("k"), Some(&two))
        .await
        .unwrap();
    assert_eq!(get(&lab.store, "k", None).await.unwrap(), content(1, 10));
    lab.store
        .delete_object(&bucket("b"), &key("k"), Some(&one))
        .await
        .unwrap();
    assert_eq!(get(&lab.store, "k", None).await.unwrap(), content(0, 10));
    lab.sound().await;
    lab.empties(&["b"]).await;
}

#[tokio::test]
async fn suspended_versioning_replaces_the_null_version_only() {
    let lab = Lab::new().await;
    lab.versioning(Versioning::Enabled).await;
    let kept = put(&lab.store, "k", &content(1, 100))
        .await
        .version_id
        .unwrap();
    lab.versioning(Versioning::Suspended).await;
    assert_eq!(
        put(&lab.store, "k", &content(2, 100)).await.version_id,
        None
    );
    assert_eq!(
        put(&lab.store, "k", &content(3, 100)).await.version_id,
        None
    );
    let null = VersionId::null();
    assert_eq!(
        get(&lab.store, "k", Some(&null)).await.unwrap(),
        content(3, 100)
    );
    assert_eq!(
        get(&lab.store, "k", Some(&kept)).await.unwrap(),
        content(1, 100)
    );
    // The marker takes the null version's place.
    let marker = lab
        .store
        .delete_object(&bucket("b"), &key("k"), None)
        .await
        .unwrap();
    assert_eq!(
        (marker.version_id, marker.delete_marker),
        (Some(null.clone()), true)
    );
    assert!(matches!(
        get(&lab.store, "k", Some(&null)).await,
        Err(Error::VersionIsDeleteMarker { .. })
    ));
    lab.sound().await;
    lab.store
        .delete_object(&bucket("b"), &key("k"), Some(&null))
        .await
        .unwrap();
    assert_eq!(get(&lab.store, "k", None).await.unwrap(), content(1, 100));
    lab.empties(&["b"]).await;
}

#[tokio::test]
async fn version_order_survives_a_clock_that_runs_backwards() {
    use std::sync::atomic::Ordering;
    let lab = Lab::new().await;
    lab.versioning(Versioning::Enabled).await;
    let mut last = None;
    for (round, clock) in [9_000_000_000, 5_000_000, 7_000_000, 9_000_000_000_000]
        .iter()
        .enumerate()
    {
        lab.clock.0.store(*clock, Ordering::SeqCst);
        let seed = round as u64;
        let id = put(&lab.store, "k", &content(seed, 10))
            .await
            .version_id
            .unwrap();
        assert_eq!(get(&lab.store, "k", None).await.unwrap(), content(seed, 10));
        assert!(last.is_none_or(|last| id < last), "round {round}");
        last = Some(id);
    }
    lab.sound().await;
}

// incident: R01
// catches: SelfCopyFreesItself
#[tokio::test]
async fn a_self_copy_must_change_something() {
    let lab = Lab::new().await;
    put(&lab.store, "k", &content(1, 100_000)).await;
    assert_eq!(
        copy(&lab.store, "k", "k").await.unwrap_err(),
        Error::SelfCopyWithoutChange
    );
    // A class counts, also the one it has, also twice.
    let mut classed = common::copy_request("k", "k");
    classed.storage_class = Some(StorageClass::StandardIa);
    for _ in 0..2 {
        lab.store.copy_object(classed.clone()).await.unwrap();
        lab.sound().await;
    }
    let version = lab
        .store
        .object(&bucket("b"), &key("k"), None)
        .await
        .unwrap();
    assert_eq!(version.storage_class, StorageClass::StandardIa);
    drop(version);
    // Replaced metadata; the class falls back to STANDARD.
    let mut replaced = common::copy_request("k", "k");
    replaced.directive = Directive::Replaced;
    replaced.metadata = named("v");
    lab.store.copy_object(replaced).await.unwrap();
    lab.sound().await;
    let version = lab
        .store
        .object(&bucket("b"), &key("k"), None)
        .await
        .unwrap();
    assert_eq!(
        (version.storage_class, version.metadata.clone()),
        (StorageClass::Standard, named("v"))
    );
    assert_eq!(
        get(&lab.store, "k", None).await.unwrap(),
        content(1, 100_000)
    );
    drop(version);
    lab.empties(&["b"]).await;
}

// incident: R48
#[tokio::test]
async fn an_older_version_can_be_rolled_back_to() {
    let lab = Lab::new().await;
    lab.versioning(Versioning::Enabled).await;
    let one = put(&lab.store, "k", &content(1, 100_000))
        .await
        .version_id
        .unwrap();
    let two = put(&lab.store, "k", &content(2, 100_000))
        .await
        .version_id
        .unwrap();
    let mut back = common::copy_request("k", "k");
    back.source.version_id = Some(two);
    assert_eq!(
        lab.store.copy_object(back.clone()).await.unwrap_err(),
        Error::SelfCopyWithoutChange
    );
    back.source.version_id = Some(one.clone());
    let copied = lab.store.copy_object(back).await.unwrap();
    assert_eq!(copied.source_version_id, Some(one.clone()));
    assert_eq!(
        get(&lab.store, "k", None).await.unwrap(),
        content(1, 100_000)
    );
    // Either may go; the other keeps the bytes.
    lab.store
        .delete_object(&bucket("b"), &key("k"), Some(&one))
        .await
        .unwrap();
    lab.sound().await;
    assert_eq!(
        get(&lab.store, "k", None).await.unwrap(),
        content(1, 100_000)
    );
    lab.empties(&["b"]).await;
}

// incident: R17
// catches: ReplaceLosesData
#[tokio::test]
async fn a_copy_takes_what_its_directive_says() {
    let lab = Lab::new().await;
    let mut request = put_request("b", "k");
    request.metadata = named("source");
    request.storage_class = StorageClass::StandardIa;
    request.acl = Some(vec![everybody_reads()]);
    let staged = stage(&lab.store, &content(1, 100)).await;
    let made = lab.store.put_object(request, staged).await.unwrap();
    let mut request = common::copy_request("k", "copy");
    request.metadata = named("ignored");
    let copied = lab.store.copy_object(request).await.unwrap();
    assert_eq!((copied.etag, copied.crc64), (made.etag, made.crc64));
    assert_eq!((copied.version_id, copied.source_version_id), (None, None));
    let version = lab
        .store
        .object(&bucket("b"), &key("copy"), None)
        .await
        .unwrap();
    assert_eq!(version.metadata, named("source"));
    assert_eq!(
        (version.storage_class, version.acl),
        (StorageClass::Standard, None)
    );
    let mut request = common::copy_request("k", "copy");
    request.directive = Directive::Replaced;
    request.acl = Some(Vec::new());
    lab.store.copy_object(request).await.unwrap();
    let version = lab
        .store
        .object(&bucket("b"), &key("copy"), None)
        .await
        .unwrap();
    assert_eq!(
        (version.metadata, version.acl),
        (Metadata::default(), Some(Vec::new()))
    );
    lab.sound().await;
}

// incident: R59, R60
// catches: MarkerReadsAsData
#[tokio::test]
async fn a_copy_is_refused_as_the_protocol_says() {
    let lab = Lab::new().await;
    lab.bucket("other").await;
    assert_eq!(
        copy(&lab.store, "none", "t").await.unwrap_err(),
        Error::NoSuchKey
    );
    let made = put(&lab.store, "k", &content(1, 100)).await;
    let mut request = common::copy_request("k", "t");
    request.preconditions = Preconditions {
        if_none_match: Some(made.etag.into()),
        ..Preconditions::default()
    };
    assert_eq!(
        lab.store.copy_object(request).await.unwrap_err(),
        Error::PreconditionFailed
    );
    let mut request = common::copy_request("k", "t");
    request.source.bucket = bucket("none");
    assert_eq!(
        lab.store.copy_object(request).await.unwrap_err(),
        Error::NoSuchBucket {
            bucket: bucket("none")
        }
    );
    let mut request = common::copy_request("k", "t");
    request.source.version_id = Some(VersionId::of(cosette_types::VersionTime(1)));
    assert_eq!(
        lab.store.copy_object(request).await.unwrap_err(),
        Error::NoSuchVersion
    );
    let mut archived = common::copy_request("k", "archived");
    archived.storage_class = Some(StorageClass::Archive);
    lab.store.copy_object(archived).await.unwrap();
    assert_eq!(
        copy(&lab.store, "archived", "t").await.unwrap_err(),
        Error::Archived {
            class: StorageClass::Archive
        }
    );
    assert_eq!(
        get(&lab.store, "t", None).await.unwrap_err(),
        Error::NoSuchKey
    );
    // From a delete marker nothing comes, least of all the deleted bytes.
    lab.versioning(Versioning::Enabled).await;
    let marker = lab
        .store
        .delete_object(&bucket("b"), &key("k"), None)
        .await
        .unwrap();
    assert!(matches!(
        copy(&lab.store, "k", "t").await,
        Err(Error::KeyIsDeleted { .. })
    ));
    let mut request = common::copy_request("k", "t");
    request.source.version_id = marker.version_id;
    assert!(matches!(
        lab.store.copy_object(request).await,
        Err(Error::VersionIsDeleteMarker { .. })
    ));
    lab.sound().await;
}

// incident: R80
// catches: TagsLoseAcl
#[tokio::test]
async fn an_acl_is_replaced_and_nothing_else() {
    let lab = Lab::new().await;
    put(&lab.store, "k", &content(1, 100)).await;
    let before = lab
        .store
        .object(&bucket("b"), &key("k"), None)
        .await
        .unwrap();
    for acl in [Some(vec![everybody_reads()]), Some(Vec::new()), None] {
        let store = &lab.store;
        store
            .set_object_acl(&bucket("b"), &key("k"), None, acl.clone())
            .await
            .unwrap();
        let after = store.object(&bucket("b"), &key("k"), None).await.unwrap();
        assert_eq!(after.acl, acl);
        assert_eq!(after.facts(), before.facts());
        // Nor do tags take it away.
        let mut tags = Tags::new();
        tags.insert("t", "1").unwrap();
        store
            .set_object_tags(&bucket("b"), &key("k"), None, tags.clone())
            .await
            .unwrap();
        let after = store.object(&bucket("b"), &key("k"), None).await.unwrap();
        assert_eq!((after.acl, after.tags), (acl, tags));
    }
    let none = lab
        .store
        .set_object_acl(&bucket("b"), &key("none"), None, None)
        .await;
    assert_eq!(none.unwrap_err(), Error::NoSuchKey);
    lab.sound().await;
}

// incident: R07, R16
// catches: FreeUnderLease
#[tokio::test]
async fn a_reader_keeps_what_it_found() {
    let lab = Lab::new().await;
    let bytes = content(1, 3_000_000);
    put(&lab.store, "k", &bytes).await;
    let version = lab
        .store
        .object(&bucket("b"), &key("k"), None)
        .await
        .unwrap();
    lab.store
        .delete_object(&bucket("b"), &key("k"), None)
        .await
        .unwrap();
    let report = lab.store.sweep_now().await.unwrap();
    assert_eq!((report.bodies, report.waiting), (0, 1));
    assert_eq!(read(&lab.store, &version).await.unwrap(), bytes);
    // A stream keeps the bytes by itself.
    let stream = lab
        .store
        .read(&version, cosette_types::Span::whole(version.size));
    drop(version);
    lab.store.sweep_now().await.unwrap();
    use futures_util::TryStreamExt;
    let read: Vec<Bytes> = stream.try_collect().await.unwrap();
    assert_eq!(read.concat(), bytes);
    let report = lab.store.sweep_now().await.unwrap();
    assert_eq!((report.bodies, report.waiting), (1, 0));
    lab.empties(&["b"]).await;
}

fn named(value: &str) -> Metadata {
    let mut metadata = Metadata::default();
    metadata.content.content_type = Some("text/plain".parse().unwrap());
    metadata
        .user
        .insert("name", value.parse().unwrap())
        .unwrap();
    metadata
}

fn everybody_reads() -> Grant {
    Grant {
        grantee: Grantee::AllUsers,
        permission: Permission::Read,
    }
}

#[tokio::test]
async fn nothing_at_all_is_an_object_too() {
    let lab = Lab::new().await;
    let none = stream::iter(Vec::<Result<Bytes, Infallible>>::new());
    let limits = StageLimits {
        expected_bytes: None,
        bytes_max: 0,
    };
    let staged = lab.store.stage(none, limits).await.unwrap();
    lab.store
        .put_object(put_request("b", "k"), staged)
        .await
        .unwrap();
    copy(&lab.store, "k", "t").await.unwrap();
    assert!(get(&lab.store, "t", None).await.unwrap().is_empty());
    lab.empties(&["b"]).await;
}
