//! A crash at every commit of every operation: the next process finds the store as it was before,
//! or as it is after, never between; and what was acknowledged is there.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test stops where it fails"
)]

use std::future::Future;
use std::pin::Pin;

use crate::common::{
    self, Lab, bucket, complete_request, content, copy_part_request, copy_request, initiate, key,
    put, put_part, put_request, source, stage,
};
use bytes::Bytes;
use cosette_store::{
    AbortUpload, BucketFilter, DirectoryChange, Error, ListParts, ListUploads, ListVersions,
    MoveObject, Store, Versioning,
};
use cosette_types::{ByteRange, ETag, Preconditions, UploadId};

/// What clients can see of a store.
async fn view(store: &Store) -> Vec<String> {
    let filter = BucketFilter {
        owner_uin: None,
        region: None,
        marker: None,
        limit: 100,
    };
    let mut view = Vec::new();
    for bucket in store.buckets(&filter).await.unwrap().buckets {
        view.push(format!("{} {:?}", bucket.name, bucket.versioning));
        let all = ListVersions {
            limit: 1000,
            ..ListVersions::default()
        };
        let page = store.list_versions(&bucket.name, &all).await.unwrap();
        for version in page.versions {
            let null = version.version_id.is_some_and(|id| id.is_null());
            view.push(format!("{} {null} {:?}", version.key, version.object));
        }
        let all = ListUploads {
            limit: 1000,
            ..ListUploads::default()
        };
        for upload in store
            .list_uploads(&bucket.name, &all)
            .await
            .unwrap()
            .uploads
        {
            let request = ListParts {
                bucket: bucket.name.clone(),
                key: key(&upload.key),
                upload_id: upload.upload_id,
                marker: 0,
                limit: 1000,
            };
            let page = store.list_parts(&request).await.unwrap();
            let parts: Vec<_> = page
                .parts
                .iter()
                .map(|part| (part.number, &part.etag))
                .collect();
            view.push(format!("upload of {} {parts:?}", upload.key));
        }
    }
    for row in store.directory_rows(b"").await.unwrap() {
        view.push(format!("directory {row:?}"));
    }
    view
}

type Made = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// What a test has prepared: an upload with parts.
#[derive(Clone)]
struct Prepared {
    upload: UploadId,
    parts: Vec<(u64, ETag)>,
}

async fn prepare(versioning: Option<Versioning>) -> (Lab, Prepared) {
    let lab = Lab::new().await;
    lab.bucket("empty").await;
    put(&lab.store, "tiny", &content(1, 50)).await;
    put(&lab.store, "large", &content(2, 200_000)).await;
    if let Some(versioning) = versioning {
        lab.versioning(Versioning::Enabled).await;
        put(&lab.store, "large", &content(3, 100_000)).await;
        lab.versioning(versioning).await;
    }
    let upload = initiate(&lab.store, "assembled").await;
    let mut parts = Vec::new();
    for part in 1..=250 {
        let bytes = content(part, 8 + (part % 3) as usize * 60);
        let etag = put_part(&lab.store, "assembled", &upload, part, &bytes)
            .await
            .unwrap()
            .etag;
        parts.push((part, etag));
    }
    // An object whose list is longer than its row, to copy ranges from.
    let request = complete_request("assembled", &upload, &listed(&parts));
    lab.store.complete_upload(request).await.unwrap();
    let upload = initiate(&lab.store, "open").await;
    let mut parts = Vec::new();
    for part in 1..=200 {
        let etag = put_part(&lab.store, "open", &upload, part, &content(part, 70))
            .await
            .unwrap()
            .etag;
        parts.push((part, etag));
    }
    // Some work is left for the sweep.
    lab.store
        .delete_object(&bucket("b"), &key("tiny"), None)
        .await
        .unwrap();
    put(&lab.store, "tiny", &content(4, 51)).await;
    (lab, Prepared { upload, parts })
}

fn listed(parts: &[(u64, ETag)]) -> Vec<(u64, &ETag)> {
    parts.iter().map(|(part, etag)| (*part, etag)).collect()
}

async fn crashes_anywhere(
    versioning: Option<Versioning>,
    operation: impl Fn(Store, Prepared) -> Made,
) {
    let (base, prepared) = prepare(versioning).await;
    let before = view(&base.store).await;
    let whole = base.crash().await;
    operation(whole.store.clone(), prepared.clone())
        .await
        .unwrap();
    let after = view(&whole.store).await;
    whole.sound().await;
    let mut steps = 0;
    for allowed in 0.. {
        let mut over = false;
        for kept in [0, 1] {
            let lab = base.crash().await;
            lab.meta.hold_after(allowed);
            let mut task = tokio::spawn(operation(lab.store.clone(), prepared.clone()));
            let acknowledged = tokio::select! {
                done = &mut task => Some(done.unwrap()),
                () = lab.meta.until_held(1) => None,
            };
            let meta = lab.meta.crash(kept);
            let extents = lab.extents.crash(kept == 1);
            let store = common::open(&meta, &extents, &lab.options).await;
            let found = view(&store).await;
            let at = format!("after {allowed} commits, {kept} kept, {acknowledged:?}");
            match acknowledged {
                Some(done) => {
                    done.unwrap();
                    assert_eq!(found, after, "acknowledged and lost, {at}");
                    over = true;
                }
                None => assert!(found == before || found == after, "{at}: {found:#?}"),
            }
            let next = Lab {
                store,
                meta,
                extents,
                ..lab
            };
            next.sound().await;
            // Done again, it comes to the same.
            next.empties(&["b"]).await;
            steps += 1;
        }
        if over {
            break;
        }
    }
    assert!(steps >= 4, "no commit was ever held back");
}

#[tokio::test]
async fn put_and_overwrite() {
    for size in [10, 150_000] {
        crashes_anywhere(None, move |store, _| {
            Box::pin(async move {
                let staged = stage(&store, &content(9, size)).await;
                store
                    .put_object(put_request("b", "large"), staged)
                    .await
                    .map(|_| ())
            })
        })
        .await;
    }
}

#[tokio::test]
async fn copy_onto_another_and_onto_itself() {
    for (from, to) in [("large", "tiny"), ("large", "large"), ("assembled", "new")] {
        crashes_anywhere(None, move |store, _| {
            Box::pin(async move {
                let mut request = copy_request(from, to);
                request.storage_class = Some(Default::default());
                store.copy_object(request).await.map(|_| ())
            })
        })
        .await;
    }
}

// incident: R41
#[tokio::test]
async fn move_in_every_state_of_versioning() {
    for versioning in [None, Some(Versioning::Enabled), Some(Versioning::Suspended)] {
        crashes_anywhere(versioning, |store, _| {
            Box::pin(async move {
                let request = MoveObject {
                    source: source("large"),
                    bucket: bucket("b"),
                    key: key("tiny"),
                    preconditions: Preconditions::default(),
                    forbid_overwrite: false,
                    target_preconditions: Default::default(),
                    acl: Default::default(),
                    client_token: Some("token".to_owned()),
                };
                let first = store.move_object(request.clone()).await?;
                // Read from the row, so nothing is committed.
                assert_eq!(store.move_object(request).await?, first);
                Ok(())
            })
        })
        .await;
    }
}

#[tokio::test]
async fn delete_in_every_state_of_versioning() {
    for versioning in [None, Some(Versioning::Enabled), Some(Versioning::Suspended)] {
        crashes_anywhere(versioning, |store, _| {
            Box::pin(async move {
                store
                    .delete_object(&bucket("b"), &key("large"), None)
                    .await
                    .map(|_| ())
            })
        })
        .await;
    }
}

#[tokio::test]
async fn parts_put_and_copied() {
    crashes_anywhere(None, |store, prepared| {
        Box::pin(async move {
            put_part(&store, "open", &prepared.upload, 1, &content(9, 100_000))
                .await
                .map(|_| ())
        })
    })
    .await;
    // Whole, a few slices, and more slices than one transaction carries.
    for range in [None, Some((10, 90)), Some((10, 16_000))] {
        crashes_anywhere(None, move |store, prepared| {
            Box::pin(async move {
                let mut request = copy_part_request("assembled", "open", &prepared.upload, 1);
                request.range = range.map(|(first, last)| ByteRange::new(first, last).unwrap());
                store.copy_part(request).await.map(|_| ())
            })
        })
        .await;
    }
}

// incident: R11, R13
// catches: NoPendingRow
#[tokio::test]
async fn complete_of_few_and_of_many_parts() {
    for count in [2, 200] {
        crashes_anywhere(None, move |store, prepared| {
            Box::pin(async move {
                let parts = listed(&prepared.parts[..count]);
                let request = complete_request("open", &prepared.upload, &parts);
                store.complete_upload(request).await.map(|_| ())
            })
        })
        .await;
    }
}

#[tokio::test]
async fn abort() {
    crashes_anywhere(None, |store, prepared| {
        Box::pin(async move {
            let request = AbortUpload {
                bucket: bucket("b"),
                key: key("open"),
                upload_id: prepared.upload,
            };
            store.abort_upload(request).await
        })
    })
    .await;
}

#[tokio::test]
async fn a_bucket_made_changed_and_deleted() {
    crashes_anywhere(None, |store, _| {
        Box::pin(async move { store.delete_bucket(&bucket("empty")).await })
    })
    .await;
    crashes_anywhere(None, |store, _| {
        Box::pin(async move {
            store
                .set_versioning(&bucket("b"), Versioning::Enabled)
                .await
        })
    })
    .await;
}

#[tokio::test]
async fn rows_of_the_directory() {
    crashes_anywhere(None, |store, _| {
        Box::pin(async move {
            let set = |name: &'static str| DirectoryChange {
                key: Bytes::from_static(name.as_bytes()),
                seen: None,
                value: Some(Bytes::from_static(b"kept")),
            };
            let done = store.change_directory(vec![set("user/a"), set("user/b")]);
            assert!(done.await?);
            Ok(())
        })
    })
    .await;
}

// incident: R14
#[tokio::test]
async fn the_sweep_itself() {
    // Everything goes and is swept: each commit of the sweep is a place to crash at. What clients
    // see does not change by it, so the deletes come before.
    let (base, prepared) = prepare(None).await;
    for allowed in 0.. {
        let lab = base.crash().await;
        let request = AbortUpload {
            bucket: bucket("b"),
            key: key("open"),
            upload_id: prepared.upload.clone(),
        };
        lab.store.abort_upload(request).await.unwrap();
        lab.store
            .delete_object(&bucket("b"), &key("assembled"), None)
            .await
            .unwrap();
        let before = view(&lab.store).await;
        lab.meta.hold_after(allowed);
        let store = lab.store.clone();
        let mut task = tokio::spawn(async move { store.sweep_now().await });
        let over = tokio::select! {
            done = &mut task => { done.unwrap().unwrap(); true }
            () = lab.meta.until_held(1) => false,
        };
        let meta = lab.meta.crash(usize::from(allowed % 2 == 0));
        let extents = lab.extents.crash(false);
        let store = common::open(&meta, &extents, &lab.options).await;
        assert_eq!(view(&store).await, before, "after {allowed} commits");
        let next = Lab {
            store,
            meta,
            extents,
            ..lab
        };
        next.sound().await;
        next.empties(&["b"]).await;
        if over {
            assert!(allowed > 3);
            break;
        }
    }
}
