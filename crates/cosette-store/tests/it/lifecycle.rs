//! What time does to versions: only to what was seen, and nothing else.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops where it fails"
)]

use crate::common::{Lab, bucket, content, get, key, put};
use cosette_store::{
    AgeVersion, Aging, Error, ListVersions, ListedVersion, SeenVersion, Versioning,
};
use cosette_types::{StorageClass, Tags};

async fn versions(lab: &Lab) -> Vec<ListedVersion> {
    let request = ListVersions {
        limit: 100,
        ..ListVersions::default()
    };
    let page = lab.store.list_versions(&bucket("b"), &request).await;
    page.unwrap().versions
}

async fn age(lab: &Lab, version: &ListedVersion, aging: Aging) -> bool {
    let object = version.object.as_ref();
    let seen = SeenVersion {
        version_id: version.version_id.clone(),
        last_modified: version.last_modified,
        object: object.map(|(_, etag, class)| (etag.clone(), *class)),
        tags: None,
        is_latest: version.is_latest,
    };
    seen_aged(lab, version, seen, aging).await
}

async fn seen_aged(lab: &Lab, version: &ListedVersion, seen: SeenVersion, aging: Aging) -> bool {
    let made = lab.store.bucket(&bucket("b")).await.unwrap().created;
    let request = AgeVersion {
        bucket: bucket("b"),
        bucket_made: made,
        key: key(&version.key),
        seen,
        aging,
    };
    lab.store.age_version(request).await.unwrap()
}

// catches: AgesWhatItNeverSaw
#[tokio::test]
async fn what_was_written_meanwhile_is_spared() {
    let lab = Lab::new().await;
    put(&lab.store, "k", &content(1, 1000)).await;
    let seen = versions(&lab).await.remove(0);
    lab.clock.advance_secs(10);
    put(&lab.store, "k", &content(2, 1000)).await;
    for aging in [Aging::Expire, Aging::Move(StorageClass::Archive)] {
        assert!(!age(&lab, &seen, aging).await, "{aging:?}");
    }
    assert_eq!(get(&lab.store, "k", None).await.unwrap(), content(2, 1000));
    let now = versions(&lab).await.remove(0);
    assert_eq!(now.object.as_ref().unwrap().2, StorageClass::Standard);
    assert!(age(&lab, &now, Aging::Expire).await);
    assert!(!age(&lab, &now, Aging::Expire).await);
    assert_eq!(get(&lab.store, "k", None).await, Err(Error::NoSuchKey));
    lab.empties(&["b"]).await;
}

#[tokio::test]
async fn tags_and_buckets_of_another_time_are_others() {
    let lab = Lab::new().await;
    put(&lab.store, "k", &content(1, 1000)).await;
    let version = versions(&lab).await.remove(0);
    let (_, etag, class) = version.object.clone().unwrap();
    let mut tags = Tags::new();
    tags.insert("a", "b").unwrap();
    let seen = SeenVersion {
        version_id: None,
        last_modified: version.last_modified,
        object: Some((etag, class)),
        tags: Some(tags.clone()),
        is_latest: true,
    };
    assert!(!seen_aged(&lab, &version, seen.clone(), Aging::Expire).await);
    let (name, object) = (bucket("b"), key("k"));
    lab.store
        .set_object_tags(&name, &object, None, tags)
        .await
        .unwrap();
    let made = lab.store.bucket(&name).await.unwrap().created;
    let request = AgeVersion {
        bucket: name,
        bucket_made: cosette_types::Timestamp::from_micros(made.micros() + 1),
        key: object,
        seen: seen.clone(),
        aging: Aging::Expire,
    };
    assert!(!lab.store.age_version(request).await.unwrap());
    assert!(seen_aged(&lab, &version, seen, Aging::Expire).await);
    lab.empties(&["b"]).await;
}

#[tokio::test]
async fn versions_age_one_by_one() {
    let lab = Lab::new().await;
    lab.versioning(Versioning::Enabled).await;
    for n in 1..=3 {
        put(&lab.store, "k", &content(n, 1000)).await;
        lab.clock.advance_secs(1);
    }
    let all = versions(&lab).await;
    // Neither is another class a new version, nor is an earlier version the current one.
    assert!(age(&lab, &all[0], Aging::Move(StorageClass::StandardIa)).await);
    assert!(age(&lab, &all[1], Aging::Move(StorageClass::Archive)).await);
    let after = versions(&lab).await;
    let classes: Vec<_> = after
        .iter()
        .map(|version| version.object.as_ref().unwrap().2)
        .collect();
    assert_eq!(
        classes,
        [
            StorageClass::StandardIa,
            StorageClass::Archive,
            StorageClass::Standard
        ]
    );
    for (before, after) in all.iter().zip(&after) {
        assert_eq!(before.version_id, after.version_id);
        assert_eq!(before.last_modified, after.last_modified);
    }
    assert!(age(&lab, &after[1], Aging::Expire).await);
    assert!(age(&lab, &after[0], Aging::Expire).await);
    let marked = versions(&lab).await;
    assert_eq!(marked.len(), 3);
    assert!(marked[0].object.is_none() && marked[0].is_latest);
    // A marker with something behind it stays, and no rule makes one of it again.
    for aging in [Aging::RemoveLoneMarker, Aging::Expire] {
        assert!(!age(&lab, &marked[0], aging).await);
    }
    lab.sound().await;
    for version in &marked[1..] {
        assert!(age(&lab, version, Aging::Expire).await);
    }
    assert!(age(&lab, &marked[0], Aging::RemoveLoneMarker).await);
    assert!(versions(&lab).await.is_empty());
    lab.empties(&["b"]).await;
}
