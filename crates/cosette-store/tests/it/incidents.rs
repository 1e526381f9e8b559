//! What went wrong elsewhere and no other test happens to show: each test is named after what must
//! hold, and names the incident (`docs/incidents.tsv`).

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use crate::common::{
    self, Lab, bucket, complete_request, content, copy, copy_part_request, copy_request, get,
    initiate, key, part_request, put, put_part, stage,
};
use cosette_store::{AbortUpload, Error, ListParts, MoveObject, Versioning};
use cosette_types::{Checksum, ChecksumAlgorithm, Directive, Preconditions, StorageClass};

/// Sizes of bodies that are kept in different ways: a row, one extent.
const SIZES: [usize; 2] = [40, 5000];

async fn delete(lab: &Lab, name: &str, object: &str) {
    let (name, object) = (bucket(name), key(object));
    lab.store.delete_object(&name, &object, None).await.unwrap();
}

// incident: R03
#[tokio::test]
async fn a_copy_in_another_bucket_gives_its_space_back() {
    for size in SIZES {
        let lab = Lab::new().await;
        lab.bucket("c").await;
        put(&lab.store, "a", &content(1, size)).await;
        let mut request = copy_request("a", "a");
        request.bucket = bucket("c");
        lab.store.copy_object(request).await.unwrap();
        delete(&lab, "b", "a").await;
        lab.sound().await;
        let copied = lab.store.object(&bucket("c"), &key("a"), None).await;
        let bytes = common::read(&lab.store, &copied.unwrap()).await.unwrap();
        assert_eq!(bytes, content(1, size));
        delete(&lab, "c", "a").await;
        lab.empties(&["b", "c"]).await;
    }
}

// incident: R04
#[tokio::test]
async fn new_metadata_on_the_source_leaves_its_copies_alone() {
    for size in SIZES {
        let lab = Lab::new().await;
        put(&lab.store, "a", &content(1, size)).await;
        copy(&lab.store, "a", "b").await.unwrap();
        let mut request = copy_request("a", "a");
        request.directive = Directive::Replaced;
        lab.store.copy_object(request).await.unwrap();
        delete(&lab, "b", "a").await;
        lab.sound().await;
        assert_eq!(get(&lab.store, "b", None).await.unwrap(), content(1, size));
        lab.empties(&["b"]).await;
    }
}

// incident: R06, R18, R21
// catches: NoMark
#[tokio::test]
async fn copies_into_a_versioned_bucket_give_their_space_back() {
    for size in SIZES {
        let lab = Lab::new().await;
        put(&lab.store, "a", &content(1, size)).await;
        lab.versioning(Versioning::Enabled).await;
        for _ in 0..3 {
            copy(&lab.store, "a", "b").await.unwrap();
        }
        delete(&lab, "b", "b").await;
        lab.sound().await;
        lab.empties(&["b"]).await;
    }
}

/// Lifecycle rules and some clients copy an object onto itself after each upload, and delete the
/// older version later.
// incident: R09, R10, R47
// catches: SelfCopySharesReference
#[tokio::test]
async fn each_version_of_a_self_copy_lives_by_itself() {
    for state in [Versioning::Enabled, Versioning::Suspended] {
        for (size, first_goes) in [(40, true), (40, false), (5000, true), (5000, false)] {
            let lab = Lab::new().await;
            lab.versioning(Versioning::Enabled).await;
            let first = put(&lab.store, "a", &content(1, size)).await.version_id;
            lab.versioning(state).await;
            let mut request = copy_request("a", "a");
            request.directive = Directive::Replaced;
            let second = lab.store.copy_object(request).await.unwrap().version_id;
            let second = second.or_else(|| Some(cosette_types::VersionId::null()));
            let (goes, stays) = if first_goes {
                (first, second)
            } else {
                (second, first)
            };
            let (name, object) = (bucket("b"), key("a"));
            let deleted = lab.store.delete_object(&name, &object, goes.as_ref());
            deleted.await.unwrap();
            lab.sound().await;
            let bytes = get(&lab.store, "a", stays.as_ref()).await.unwrap();
            assert_eq!(bytes, content(1, size), "{state:?}");
            lab.empties(&["b"]).await;
        }
    }
}

// incident: R12
// catches: AbortFreesCompleted
#[tokio::test]
async fn abort_of_a_completed_upload_is_refused() {
    for size in SIZES {
        let lab = Lab::new().await;
        let upload = initiate(&lab.store, "a").await;
        let part = put_part(&lab.store, "a", &upload, 1, &content(1, size)).await;
        let request = complete_request("a", &upload, &[(1, &part.unwrap().etag)]);
        lab.store.complete_upload(request).await.unwrap();
        let abort = AbortUpload {
            bucket: bucket("b"),
            key: key("a"),
            upload_id: upload,
        };
        let end = lab.store.abort_upload(abort).await;
        assert_eq!(end, Err(Error::NoSuchUpload));
        lab.sound().await;
        assert_eq!(get(&lab.store, "a", None).await.unwrap(), content(1, size));
    }
}

// incident: R19
#[tokio::test]
async fn a_key_deleted_and_put_again_is_counted_once() {
    for size in SIZES {
        let lab = Lab::new().await;
        for round in 0..4 {
            put(&lab.store, "a", &content(round, size)).await;
            copy(&lab.store, "a", "b").await.unwrap();
            delete(&lab, "b", "a").await;
            delete(&lab, "b", "a").await;
            lab.sound().await;
            let bytes = get(&lab.store, "b", None).await.unwrap();
            assert_eq!(bytes, content(round, size));
        }
        lab.empties(&["b"]).await;
    }
}

// incident: R26, R37
// catches: FirstTryKept, ChecksumOfOldPart
#[tokio::test]
async fn a_part_sent_again_is_what_was_sent_last() {
    for (first, last) in [(40, 5000), (5000, 40), (5000, 6000)] {
        let lab = Lab::new().await;
        let upload = initiate(&lab.store, "a").await;
        let (store, id) = (&lab.store, &upload);
        let sum = |seed| Checksum::full(ChecksumAlgorithm::Crc32, &u32::to_be_bytes(seed));
        let put = async |seed: u32, size| {
            let bytes = content(seed.into(), size);
            let sent = sum(seed);
            let staged = stage(store, &bytes).await.with_checksum(Some(sent));
            store.put_part(part_request("a", id, 1), staged).await
        };
        put(1, first).await.unwrap();
        let part = put(2, last).await.unwrap();
        lab.sound().await;
        let all = ListParts {
            bucket: bucket("b"),
            key: key("a"),
            upload_id: upload.clone(),
            marker: 0,
            limit: 10,
        };
        let listed = store.list_parts(&all);
        let kept = listed.await.unwrap().parts.remove(0).checksum;
        assert_eq!(kept, Some(sum(2)));
        let request = complete_request("a", &upload, &[(1, &part.etag)]);
        lab.store.complete_upload(request).await.unwrap();
        lab.sound().await;
        assert_eq!(get(&lab.store, "a", None).await.unwrap(), content(2, last));
    }
}

// incident: R46
// catches: SelfCopyFreesItself, ReadFrees
#[tokio::test]
async fn an_object_copied_onto_itself_is_whole() {
    for size in [0, 40, 5000, 150_000] {
        let lab = Lab::new().await;
        put(&lab.store, "a", &content(1, size)).await;
        for _ in 0..3 {
            let mut request = copy_request("a", "a");
            request.directive = Directive::Replaced;
            lab.store.copy_object(request).await.unwrap();
            lab.sound().await;
            let bytes = get(&lab.store, "a", None).await.unwrap();
            assert_eq!(bytes, content(1, size));
        }
        lab.empties(&["b"]).await;
    }
}

// incident: R40
#[tokio::test]
async fn a_move_that_changes_only_case_keeps_the_object() {
    let lab = Lab::new().await;
    put(&lab.store, "name", &content(1, 5000)).await;
    let request = MoveObject {
        source: common::source("name"),
        bucket: bucket("b"),
        key: key("Name"),
        preconditions: Preconditions::default(),
        forbid_overwrite: false,
        acl: Default::default(),
        client_token: None,
        target_preconditions: Preconditions::default(),
    };
    lab.store.move_object(request).await.unwrap();
    lab.sound().await;
    assert_eq!(
        get(&lab.store, "Name", None).await.unwrap(),
        content(1, 5000)
    );
    assert_eq!(get(&lab.store, "name", None).await, Err(Error::NoSuchKey));
}

// incident: R62, R63, R67
#[tokio::test]
async fn an_object_made_of_parts_is_copied_like_any_other() {
    for size in SIZES {
        let lab = Lab::new().await;
        put(&lab.store, "small", &content(1, 40)).await;
        let upload = initiate(&lab.store, "a").await;
        // A whole object as a part, then bytes of one's own.
        let request = copy_part_request("small", "a", &upload, 1);
        let first = lab.store.copy_part(request).await.unwrap();
        let second = put_part(&lab.store, "a", &upload, 2, &content(2, size)).await;
        let tags = [(1, &first.etag), (2, &second.unwrap().etag)];
        let made = lab
            .store
            .complete_upload(complete_request("a", &upload, &tags));
        let etag = made.await.unwrap().etag;
        let copied = copy(&lab.store, "a", "b").await.unwrap();
        assert_eq!(copied.etag, etag);
        delete(&lab, "b", "a").await;
        lab.sound().await;
        let whole = [content(1, 40), content(2, size)].concat();
        assert_eq!(get(&lab.store, "b", None).await.unwrap(), whole);
        lab.empties(&["b"]).await;
    }
}

async fn append(lab: &Lab, position: u64, bytes: &bytes::Bytes) -> cosette_store::Appended {
    let request = cosette_store::AppendObject {
        bucket: bucket("b"),
        key: key("log"),
        position,
        owner: common::owner(),
        metadata: Default::default(),
        storage_class: StorageClass::Standard,
        acl: None,
        tags: Default::default(),
    };
    let staged = stage(&lab.store, bytes).await;
    lab.store.append_object(request, staged).await.unwrap()
}

// incident: R08
// catches: AppendFreesEarlier
#[tokio::test]
async fn an_append_keeps_its_own_earlier_bytes() {
    let lab = Lab::new().await;
    let mut whole = Vec::new();
    for step in 0..12 {
        // A row, an extent, and several of each in any order.
        let bytes = content(
            step,
            [30, 5000, 64, 90_000][usize::try_from(step).unwrap() % 4],
        );
        let appended = append(&lab, whole.len() as u64, &bytes).await;
        whole.extend_from_slice(&bytes);
        assert_eq!(appended.size, whole.len() as u64);
        // The sweep comes after each, and finds nothing to free.
        lab.sound().await;
        assert_eq!(get(&lab.store, "log", None).await.unwrap(), whole);
    }
    // What really overwrites it frees all of it.
    put(&lab.store, "log", &content(99, 100)).await;
    lab.empties(&["b"]).await;
}

// incident: R50
#[tokio::test]
async fn a_copy_of_another_class_reads_as_its_source_did() {
    for size in SIZES {
        let lab = Lab::new().await;
        put(&lab.store, "a", &content(1, size)).await;
        for (target, class) in [
            ("ia", StorageClass::StandardIa),
            ("cold", StorageClass::Archive),
        ] {
            let mut request = copy_request("a", target);
            request.storage_class = Some(class);
            lab.store.copy_object(request).await.unwrap();
        }
        delete(&lab, "b", "a").await;
        lab.sound().await;
        for (target, class) in [
            ("ia", StorageClass::StandardIa),
            ("cold", StorageClass::Archive),
        ] {
            let object = lab.store.object(&bucket("b"), &key(target), None).await;
            let object = object.unwrap();
            assert_eq!(object.storage_class, class);
            let bytes = common::read(&lab.store, &object).await.unwrap();
            assert_eq!(bytes, content(1, size), "{target}");
        }
        lab.empties(&["b"]).await;
    }
}

// incident: R55
#[tokio::test]
async fn slices_of_objects_kept_in_different_ways_become_one() {
    let lab = Lab::new().await;
    // One is a row, one an extent, one is made of parts of both.
    put(&lab.store, "row", &content(1, 60)).await;
    put(&lab.store, "extent", &content(2, 70_000)).await;
    let upload = initiate(&lab.store, "parts").await;
    let small = put_part(&lab.store, "parts", &upload, 1, &content(3, 50)).await;
    let large = put_part(&lab.store, "parts", &upload, 2, &content(4, 5000)).await;
    let (small, large) = (small.unwrap(), large.unwrap());
    let request = complete_request("parts", &upload, &[(1, &small.etag), (2, &large.etag)]);
    lab.store.complete_upload(request).await.unwrap();

    let upload = initiate(&lab.store, "whole").await;
    let mut tags = Vec::new();
    for (number, source) in [(1, "extent"), (2, "row"), (3, "parts"), (4, "extent")] {
        let request = copy_part_request(source, "whole", &upload, number);
        tags.push((number, lab.store.copy_part(request).await.unwrap().etag));
    }
    let tags: Vec<_> = tags.iter().map(|(number, tag)| (*number, tag)).collect();
    let request = complete_request("whole", &upload, &tags);
    lab.store.complete_upload(request).await.unwrap();
    for gone in ["row", "extent", "parts"] {
        delete(&lab, "b", gone).await;
    }
    lab.sound().await;
    let extent = content(2, 70_000);
    let parts = [content(3, 50), content(4, 5000)].concat();
    let whole = [&extent[..], &content(1, 60), &parts, &extent].concat();
    assert_eq!(get(&lab.store, "whole", None).await.unwrap(), whole);
    lab.empties(&["b"]).await;
}
