//! Buckets: listed by name, gone only when empty.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test stops where it fails"
)]

use crate::common::{self, Lab, bucket, content, get, key, put};
use cosette_store::limits::BUCKET_DOCUMENT_BYTES_MAX;
use cosette_store::{BucketDocument, Error, Versioning};
use cosette_types::VersionId;

#[tokio::test]
async fn a_bucket_goes_only_when_it_is_empty() {
    let lab = Lab::new().await;
    let delete = || async { lab.store.delete_bucket(&bucket("b")).await };
    put(&lab.store, "k", &content(1, 10)).await;
    assert_eq!(delete().await.unwrap_err(), Error::BucketNotEmpty);
    lab.versioning(Versioning::Enabled).await;
    lab.store
        .delete_object(&bucket("b"), &key("k"), Some(&VersionId::null()))
        .await
        .unwrap();
    lab.store
        .delete_object(&bucket("b"), &key("k"), None)
        .await
        .unwrap();
    assert_eq!(
        delete().await.unwrap_err(),
        Error::BucketNotEmpty,
        "a delete marker"
    );
    common::empty_bucket(&lab.store, &bucket("b")).await;
    let upload = common::initiate(&lab.store, "k").await;
    assert_eq!(
        delete().await.unwrap_err(),
        Error::BucketNotEmpty,
        "an upload"
    );
    put(&lab.store, "still", &content(1, 10)).await;
    common::empty_bucket(&lab.store, &bucket("b")).await;
    delete().await.unwrap();
    assert_eq!(
        delete().await.unwrap_err(),
        Error::NoSuchBucket {
            bucket: bucket("b")
        }
    );
    let gone = common::put_part(&lab.store, "k", &upload, 1, &content(1, 10)).await;
    assert!(matches!(gone, Err(Error::NoSuchBucket { .. })));
    // Made again, it shares nothing with the old one.
    lab.bucket("b").await;
    assert_eq!(
        get(&lab.store, "k", None).await.unwrap_err(),
        Error::NoSuchKey
    );
    lab.sound().await;
}

#[tokio::test]
async fn buckets_are_listed_by_name() {
    use cosette_store::BucketFilter;
    let lab = Lab::new().await;
    for name in ["a", "c", "d"] {
        lab.bucket(name).await;
    }
    let mut filter = BucketFilter {
        owner_uin: None,
        region: None,
        marker: None,
        limit: 3,
    };
    let names = |page: &cosette_store::BucketPage| -> Vec<String> {
        page.buckets
            .iter()
            .map(|bucket| bucket.name.name().to_owned())
            .collect()
    };
    let page = lab.store.buckets(&filter).await.unwrap();
    assert_eq!(names(&page), ["a", "b", "c"]);
    filter.marker = page.next_marker;
    let page = lab.store.buckets(&filter).await.unwrap();
    assert_eq!(
        (names(&page), page.next_marker),
        (vec!["d".to_owned()], None)
    );
    filter.marker = None;
    filter.owner_uin = Some("7".to_owned());
    assert!(lab.store.buckets(&filter).await.unwrap().buckets.is_empty());
    filter.owner_uin = Some("100000000001".to_owned());
    filter.region = Some("ap-beijing".parse().unwrap());
    assert!(lab.store.buckets(&filter).await.unwrap().buckets.is_empty());
    let again = cosette_store::NewBucket {
        name: bucket("b"),
        region: "ap-beijing".parse().unwrap(),
        owner: cosette_types::Owner::root("7").unwrap(),
        acl: Vec::new(),
        documents: Vec::new(),
    };
    assert_eq!(
        lab.store.create_bucket(again).await.unwrap_err(),
        Error::BucketExists {
            owner: common::owner()
        }
    );
    lab.sound().await;
}

#[tokio::test]
async fn documents_come_back_whatever_their_length() {
    let lab = Lab::new().await;
    let (name, about) = (bucket("b"), BucketDocument::Cors);
    // A row holds 60 KiB of them.
    let piece = 60 << 10;
    let longest = BUCKET_DOCUMENT_BYTES_MAX;
    for size in [1, piece - 1, piece, piece + 1, 2 * piece, longest, piece, 1] {
        let document = content(size as u64, size);
        let set = lab
            .store
            .set_bucket_document(&name, about, Some(document.clone()));
        set.await.unwrap();
        let found = lab.store.bucket_document(&name, about).await.unwrap();
        assert_eq!(found.unwrap(), document, "{size}");
    }
    let too_long = content(9, longest + 1);
    let refused = lab
        .store
        .set_bucket_document(&name, about, Some(too_long))
        .await;
    let limit = longest;
    assert_eq!(refused, Err(Error::SettingTooLarge { limit }));
    let left = lab.store.bucket_document(&name, about).await.unwrap();
    assert_eq!(left.unwrap(), content(1, 1));
    lab.store
        .set_bucket_document(&name, about, None)
        .await
        .unwrap();
    assert_eq!(lab.store.bucket_document(&name, about).await, Ok(None));
    lab.sound().await;
}
