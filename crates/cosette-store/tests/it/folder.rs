//! A store in a folder: what was acknowledged is there when it is opened again, closed or not.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test stops where it fails"
)]

use std::path::Path;

use crate::common::{
    self, bucket, complete_request, content, copy, copy_part_request, get, initiate, key,
    make_bucket, options, put, put_part, sound, stage,
};
use cosette_store::{Error, Options, Store, Versioning};
use cosette_types::ByteRange;

async fn open(folder: &Path) -> Store {
    Store::open(folder, options().0).await.unwrap()
}

/// Uses some of everything; says nothing about how it ends.
async fn fill(store: &Store) {
    make_bucket(store, "b").await;
    put(store, "tiny", &content(1, 20)).await;
    put(store, "large", &content(2, 3_000_000)).await;
    put(store, "large", &content(3, 2_000_000)).await;
    copy(store, "large", "copy").await.unwrap();
    store
        .set_versioning(&bucket("b"), Versioning::Enabled)
        .await
        .unwrap();
    put(store, "tiny", &content(4, 30)).await;
    let upload = initiate(store, "assembled").await;
    let mut request = copy_part_request("large", "assembled", &upload, 1);
    request.range = Some(ByteRange::new(100, 1_500_000).unwrap());
    let one = store.copy_part(request).await.unwrap().etag;
    let two = put_part(store, "assembled", &upload, 2, &content(5, 100_000))
        .await
        .unwrap()
        .etag;
    let request = complete_request("assembled", &upload, &[(1, &one), (2, &two)]);
    store.complete_upload(request).await.unwrap();
    store
        .delete_object(&bucket("b"), &key("large"), None)
        .await
        .unwrap();
    // Never published.
    drop(stage(store, &content(6, 500_000)).await);
    initiate(store, "open").await;
}

async fn check(store: &Store) {
    let assembled = [
        &content(3, 2_000_000)[100..=1_500_000],
        &content(5, 100_000),
    ]
    .concat();
    for (name, bytes) in [
        ("tiny", content(4, 30)),
        ("copy", content(3, 2_000_000)),
        ("assembled", assembled.into()),
    ] {
        assert_eq!(get(store, name, None).await.unwrap(), bytes, "{name}");
    }
    assert!(matches!(
        get(store, "large", None).await,
        Err(Error::KeyIsDeleted { .. })
    ));
    sound(store).await;
}

#[tokio::test]
async fn what_was_closed_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    fill(&store).await;
    check(&store).await;
    let refused = Store::open(folder.path(), options().0).await;
    assert!(
        matches!(refused, Err(Error::Io { .. })),
        "one process at a time"
    );
    store.close().await.unwrap();
    drop(store);
    let store = open(folder.path()).await;
    check(&store).await;
    store.close().await.unwrap();
}

#[tokio::test]
async fn what_was_not_closed_is_there_too() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    fill(&store).await;
    drop(store);
    let store = open(folder.path()).await;
    check(&store).await;
    // Nothing is left of what was never published, nor of what is deleted now.
    common::empty_bucket(&store, &bucket("b")).await;
    sound(&store).await;
    drop(store);
    let store = open(folder.path()).await;
    sound(&store).await;
    let report = store.fsck(true).await.unwrap();
    // The answer to the completed upload is kept for a day, and the row that ends it.
    assert_eq!(report.rows_beside_buckets(), 2, "{:?}", report.rows);
    store.close().await.unwrap();
}

#[tokio::test]
async fn the_background_sweep_gives_space_back_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        background_sweep: true,
        ..options().0
    };
    let store = Store::open(folder.path(), options).await.unwrap();
    make_bucket(&store, "b").await;
    put(&store, "k", &content(1, 100)).await;
    store
        .delete_object(&bucket("b"), &key("k"), None)
        .await
        .unwrap();
    // It works in its own time; here it is only waited for.
    while store.fsck(false).await.unwrap().rows_beside_buckets() > 0 {
        tokio::task::yield_now().await;
    }
    store.close().await.unwrap();
}
