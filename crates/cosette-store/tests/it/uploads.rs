//! Uploads: one winner per upload, frozen parts while completing, nothing left behind.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test stops where it fails"
)]

use crate::common::{
    self, Lab, bucket, complete_request, content, get, initiate, key, number, put, put_part,
};
use cosette_store::{AbortUpload, Error, ListParts, Versioning};
use cosette_types::{ETag, Metadata, StorageClass, UploadId, VersionId};

async fn filled(lab: &Lab, name: &str, sizes: &[usize]) -> (UploadId, Vec<(u64, ETag)>) {
    let upload = initiate(&lab.store, name).await;
    let mut parts = Vec::new();
    for (nth, size) in sizes.iter().enumerate() {
        let part = nth as u64 + 1;
        let stored = put_part(&lab.store, name, &upload, part, &content(part, *size)).await;
        parts.push((part, stored.unwrap().etag));
    }
    (upload, parts)
}

fn listed(parts: &[(u64, ETag)]) -> Vec<(u64, &ETag)> {
    parts.iter().map(|(part, etag)| (*part, etag)).collect()
}

fn abort(name: &str, upload: &UploadId) -> AbortUpload {
    AbortUpload {
        bucket: bucket("b"),
        key: key(name),
        upload_id: upload.clone(),
    }
}

// catches: FreeSharedExtent
#[tokio::test]
async fn parts_become_one_object() {
    let lab = Lab::new().await;
    let (upload, parts) = filled(&lab, "k", &[100_000, 50, 100_000, 3]).await;
    assert_eq!(
        get(&lab.store, "k", None).await.unwrap_err(),
        Error::NoSuchKey
    );
    let request = complete_request("k", &upload, &listed(&parts));
    let completed = lab.store.complete_upload(request.clone()).await.unwrap();
    assert_eq!(
        (completed.etag.part_count(), completed.version_id.clone()),
        (Some(4), None)
    );
    let wanted: Vec<u8> = [(1, 100_000), (2, 50), (3, 100_000), (4, 3)]
        .iter()
        .flat_map(|(s, n)| content(*s, *n))
        .collect();
    assert_eq!(get(&lab.store, "k", None).await.unwrap(), wanted);
    let object = lab
        .store
        .object(&bucket("b"), &key("k"), None)
        .await
        .unwrap();
    assert_eq!(
        (&object.etag, object.crc64),
        (&completed.etag, completed.crc64)
    );
    // The upload is over; a repeat gets the first answer, anything else nothing.
    assert_eq!(
        lab.store.complete_upload(request.clone()).await.unwrap(),
        completed
    );
    let mut other = request.clone();
    other.parts.pop();
    assert_eq!(
        lab.store.complete_upload(other).await.unwrap_err(),
        Error::NoSuchUpload
    );
    let mut other = request.clone();
    other.key = key("other");
    assert_eq!(
        lab.store.complete_upload(other).await.unwrap_err(),
        Error::NoSuchUpload
    );
    let late = put_part(&lab.store, "k", &upload, 5, &content(5, 100_000)).await;
    assert_eq!(late.unwrap_err(), Error::NoSuchUpload);
    assert_eq!(
        lab.store
            .abort_upload(abort("k", &upload))
            .await
            .unwrap_err(),
        Error::NoSuchUpload
    );
    drop(object);
    lab.sound().await;
    // The answer is kept for a day, even if the object goes.
    lab.store
        .delete_object(&bucket("b"), &key("k"), None)
        .await
        .unwrap();
    assert_eq!(
        lab.store.complete_upload(request.clone()).await.unwrap(),
        completed
    );
    lab.clock.advance_secs(24 * 60 * 60 + 10);
    lab.sound().await;
    assert_eq!(
        lab.store.complete_upload(request).await.unwrap_err(),
        Error::NoSuchUpload
    );
    lab.empties(&["b"]).await;
}

// incident: R13, R70
#[tokio::test]
async fn what_is_wrong_with_a_list_leaves_the_upload_usable() {
    let lab = Lab::new().await;
    let (upload, parts) = filled(&lab, "k", &[10, 7, 10]).await;
    let wrong: ETag = "0123".parse().unwrap();
    let (one, two, three) = (&parts[0].1, &parts[1].1, &parts[2].1);
    let tried = |list: Vec<(u64, &ETag)>| {
        let request = complete_request("k", &upload, &list);
        lab.store.complete_upload(request)
    };
    assert_eq!(tried(vec![]).await.unwrap_err(), Error::NoPartsListed);
    assert_eq!(
        tried(vec![(3, three), (1, one)]).await.unwrap_err(),
        Error::InvalidPartOrder
    );
    assert_eq!(
        tried(vec![(1, one), (1, one)]).await.unwrap_err(),
        Error::InvalidPartOrder
    );
    for list in [vec![(1, one), (2, &wrong)], vec![(1, one), (2, one)]] {
        assert_eq!(
            tried(list).await.unwrap_err(),
            Error::InvalidPart { number: number(2) }
        );
    }
    assert_eq!(
        tried(vec![(1, one), (4, one)]).await.unwrap_err(),
        Error::InvalidPart { number: number(4) }
    );
    assert_eq!(
        tried(vec![(1, one), (2, two), (3, three)])
            .await
            .unwrap_err(),
        Error::PartTooSmall {
            number: number(2),
            size: 7
        }
    );
    lab.sound().await;
    // A replaced part's old tag is as wrong as any.
    let again = put_part(&lab.store, "k", &upload, 1, &content(9, 10))
        .await
        .unwrap()
        .etag;
    assert_eq!(
        tried(vec![(1, one)]).await.unwrap_err(),
        Error::InvalidPart { number: number(1) }
    );
    // The small part is not listed and goes; the last may be small.
    tried(vec![(1, &again), (3, three)]).await.unwrap();
    let wanted = [content(9, 10), content(3, 10)].concat();
    assert_eq!(get(&lab.store, "k", None).await.unwrap(), wanted);
    lab.sound().await;
    lab.empties(&["b"]).await;
}

// incident: R32, R33
#[tokio::test]
async fn an_aborted_upload_leaves_nothing() {
    let lab = Lab::new().await;
    let (upload, parts) = filled(&lab, "k", &[100_000, 100_000]).await;
    lab.store.abort_upload(abort("k", &upload)).await.unwrap();
    for gone in [
        lab.store
            .abort_upload(abort("k", &upload))
            .await
            .unwrap_err(),
        put_part(&lab.store, "k", &upload, 3, &content(1, 100_000))
            .await
            .unwrap_err(),
        lab.store
            .complete_upload(complete_request("k", &upload, &listed(&parts)))
            .await
            .unwrap_err(),
    ] {
        assert_eq!(gone, Error::NoSuchUpload);
    }
    lab.empties(&["b"]).await;
}

#[tokio::test]
async fn the_object_has_what_the_upload_was_begun_with() {
    let lab = Lab::new().await;
    let mut metadata = Metadata::default();
    metadata
        .user
        .insert("name", "value".parse().unwrap())
        .unwrap();
    let request = cosette_store::InitiateUpload {
        bucket: bucket("b"),
        key: key("k"),
        owner: common::owner(),
        metadata: metadata.clone(),
        storage_class: StorageClass::StandardIa,
        acl: Some(Vec::new()),
        tags: Default::default(),
        protection: Default::default(),
        checksum: None,
    };
    let upload = lab.store.initiate_upload(request).await.unwrap();
    let etag = put_part(&lab.store, "k", &upload, 7, &content(1, 10))
        .await
        .unwrap()
        .etag;
    // What the key holds meanwhile is replaced only at the end.
    put(&lab.store, "k", &content(2, 10)).await;
    let page = lab
        .store
        .list_parts(&ListParts {
            bucket: bucket("b"),
            key: key("k"),
            upload_id: upload.clone(),
            marker: 0,
            limit: 1,
        })
        .await
        .unwrap();
    assert_eq!((page.parts.len(), page.next_marker), (1, None));
    assert_eq!(
        (page.parts[0].number, &page.parts[0].etag),
        (number(7), &etag)
    );
    lab.store
        .complete_upload(complete_request("k", &upload, &[(7, &etag)]))
        .await
        .unwrap();
    let object = lab
        .store
        .object(&bucket("b"), &key("k"), None)
        .await
        .unwrap();
    assert_eq!(
        (object.metadata.clone(), object.storage_class),
        (metadata, StorageClass::StandardIa)
    );
    assert_eq!((object.acl.clone(), object.size), (Some(Vec::new()), 10));
    drop(object);
    lab.sound().await;
    lab.empties(&["b"]).await;
}

#[tokio::test]
async fn completing_makes_a_version_as_versioning_says() {
    let lab = Lab::new().await;
    lab.versioning(Versioning::Enabled).await;
    let (upload, parts) = filled(&lab, "k", &[10]).await;
    let request = complete_request("k", &upload, &listed(&parts));
    let enabled = lab
        .store
        .complete_upload(request)
        .await
        .unwrap()
        .version_id
        .unwrap();
    assert!(enabled.time().is_some());
    lab.versioning(Versioning::Suspended).await;
    let (upload, parts) = filled(&lab, "k", &[20]).await;
    let mut request = complete_request("k", &upload, &listed(&parts));
    request.forbid_overwrite = true;
    let suspended = lab.store.complete_upload(request).await.unwrap();
    assert_eq!(suspended.version_id, Some(VersionId::null()));
    assert_eq!(
        get(&lab.store, "k", Some(&enabled)).await.unwrap().len(),
        10
    );
    lab.sound().await;
    lab.empties(&["b"]).await;
}

#[tokio::test]
async fn forbidden_overwriting_leaves_the_upload_open() {
    let lab = Lab::new().await;
    put(&lab.store, "k", &content(1, 10)).await;
    let (upload, parts) = filled(&lab, "k", &[20]).await;
    let mut request = complete_request("k", &upload, &listed(&parts));
    request.forbid_overwrite = true;
    let refused = lab.store.complete_upload(request.clone()).await;
    assert_eq!(refused.unwrap_err(), Error::ObjectExists);
    lab.sound().await;
    request.forbid_overwrite = false;
    lab.store.complete_upload(request).await.unwrap();
    assert_eq!(get(&lab.store, "k", None).await.unwrap(), content(1, 20));
    lab.empties(&["b"]).await;
}
