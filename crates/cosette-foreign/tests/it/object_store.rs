//! `object_store`, its S3 back end with its own signer.

use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use object_store::aws::{AmazonS3, AmazonS3Builder, Checksum, S3CopyIfNotExists};
use object_store::path::Path;
use object_store::signer::Signer;
use object_store::{
    Attribute, Attributes, Error, GetOptions, ObjectStore, ObjectStoreExt, PutMode, PutOptions,
    PutPayload, UpdateVersion,
};

use crate::house::{BUCKET, House, MIB, REGION, pattern};
use crate::wire::Wire;

fn builder(house: &House) -> AmazonS3Builder {
    AmazonS3Builder::new()
        .with_endpoint(format!("http://{}", house.address))
        .with_allow_http(true)
        .with_region(REGION)
        .with_bucket_name(BUCKET)
        .with_access_key_id(&house.id)
        .with_secret_access_key(&house.secret)
        .with_http_connector(Wire(house.address))
}

fn store(house: &House) -> AmazonS3 {
    builder(house).build().unwrap()
}

/// A key as it is. `Path::from` would escape what some stores cannot take.
fn key(text: &str) -> Path {
    Path::parse(text).unwrap()
}

async fn read(store: &AmazonS3, at: &str) -> Vec<u8> {
    let got = store.get(&key(at)).await.unwrap();
    got.bytes().await.unwrap().to_vec()
}

async fn names(store: &AmazonS3, under: &str) -> Vec<String> {
    let listed = store.list(Some(&Path::from(under)));
    let listed: Vec<_> = listed.try_collect().await.unwrap();
    let mut names: Vec<String> = listed.iter().map(|one| one.location.to_string()).collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn uploads_reads_lists_and_deletes() {
    let house = House::open().await;
    let store = store(&house);
    for name in ["a/1.jpg", "a/b/2 中文+%.jpg", "c"] {
        let put = store
            .put(&key(name), PutPayload::from("picture"))
            .await
            .unwrap();
        assert!(put.e_tag.is_some());
        assert_eq!(read(&store, name).await, b"picture");
    }
    assert_eq!(names(&store, "a").await, ["a/1.jpg", "a/b/2 中文+%.jpg"]);
    let top = store.list_with_delimiter(None).await.unwrap();
    assert_eq!(top.common_prefixes, [Path::from("a")]);
    assert_eq!(top.objects.len(), 1);
    let part = store.get_range(&Path::from("c"), 1..4).await.unwrap();
    assert_eq!(part.as_ref(), b"ict");
    let meta = store.head(&Path::from("c")).await.unwrap();
    assert_eq!(meta.size, 7);

    let all = [Ok(Path::from("a/1.jpg")), Ok(Path::from("c"))];
    let gone = store.delete_stream(Box::pin(futures_util::stream::iter(all)));
    assert_eq!(gone.try_collect::<Vec<_>>().await.unwrap().len(), 2);
    let missing = store.head(&Path::from("c")).await.unwrap_err();
    assert!(matches!(missing, Error::NotFound { .. }), "{missing}");
    assert_eq!(names(&store, "a").await.len(), 1);
    house.close().await;
}

#[tokio::test]
async fn copies_and_renames_with_all_that_an_object_has() {
    let house = House::open().await;
    let store = store(&house);
    let (from, to) = (key("a/中文 1.jpg"), key("b/1.jpg"));
    let attributes = Attributes::from_iter([
        (Attribute::ContentType, "image/jpeg"),
        (Attribute::CacheControl, "max-age=1"),
        (Attribute::Metadata("colour".into()), "blue"),
    ]);
    let options = PutOptions::from(attributes.clone());
    store
        .put_opts(&from, PutPayload::from("picture"), options)
        .await
        .unwrap();
    store.copy(&from, &to).await.unwrap();
    let got = store.get(&to).await.unwrap();
    assert_eq!(got.attributes, attributes);
    assert_eq!(got.bytes().await.unwrap().as_ref(), b"picture");
    store.rename(&to, &Path::from("c")).await.unwrap();
    assert!(matches!(store.head(&to).await, Err(Error::NotFound { .. })));
    assert_eq!(read(&store, "c").await, b"picture");
    let missing = store.copy(&to, &Path::from("d")).await.unwrap_err();
    assert!(matches!(missing, Error::NotFound { .. }), "{missing}");
    assert_eq!(names(&store, "d").await, Vec::<String>::new());
    house.close().await;
}

#[tokio::test]
async fn a_copy_if_not_exists_does_not_overwrite() {
    let house = House::open().await;
    let put = async |store: &AmazonS3| {
        for name in ["from", "there"] {
            store
                .put(&Path::from(name), PutPayload::from(name.to_owned()))
                .await
                .unwrap();
        }
    };
    // By parts, the last of which completes only if nothing is there; and by a header of ours.
    let header = ("x-cos-forbid-overwrite".to_owned(), "true".to_owned());
    for (way, mode) in [
        ("parts", S3CopyIfNotExists::Multipart),
        (
            "header",
            S3CopyIfNotExists::Header("If-None-Match".to_owned(), "*".to_owned()),
        ),
        ("word", S3CopyIfNotExists::Header(header.0, header.1)),
    ] {
        let store = builder(&house)
            .with_copy_if_not_exists(mode)
            .build()
            .unwrap();
        put(&store).await;
        let new = Path::from(format!("new-{way}"));
        store
            .copy_if_not_exists(&Path::from("from"), &new)
            .await
            .unwrap();
        assert_eq!(read(&store, new.as_ref()).await, b"from", "{way}");
        let there = store
            .copy_if_not_exists(&Path::from("from"), &Path::from("there"))
            .await;
        let there = there.unwrap_err();
        assert!(
            matches!(there, Error::AlreadyExists { .. }),
            "{way}: {there}"
        );
        assert_eq!(read(&store, "there").await, b"there", "{way}");
    }
    house.close().await;
}

#[tokio::test]
async fn writes_on_a_condition() {
    let house = House::open().await;
    let store = store(&house);
    let at = Path::from("k");
    let put = async |text: &'static str, mode: PutMode| {
        store
            .put_opts(&at, PutPayload::from(text), PutOptions::from(mode))
            .await
    };
    let first = put("one", PutMode::Create).await.unwrap();
    let again = put("two", PutMode::Create).await.unwrap_err();
    assert!(matches!(again, Error::AlreadyExists { .. }), "{again}");
    let seen = UpdateVersion::from(first);
    put("two", PutMode::Update(seen.clone())).await.unwrap();
    let late = put("three", PutMode::Update(seen)).await.unwrap_err();
    assert!(matches!(late, Error::Precondition { .. }), "{late}");
    assert_eq!(read(&store, "k").await, b"two");
    house.close().await;
}

#[tokio::test]
async fn parts_become_one_object() {
    let house = House::open().await;
    let bytes = pattern(2 * 5 * MIB + 7);
    for checksum in [None, Some(Checksum::SHA256)] {
        let store = match checksum {
            Some(checksum) => builder(&house).with_checksum_algorithm(checksum),
            None => builder(&house).with_unsigned_payload(true),
        };
        let store = store.build().unwrap();
        let at = Path::from("large");
        let mut upload = store.put_multipart(&at).await.unwrap();
        let parts: Vec<_> = bytes
            .chunks(5 * MIB)
            .map(|part| upload.put_part(PutPayload::from(part.to_vec())))
            .collect();
        futures_util::future::try_join_all(parts).await.unwrap();
        upload.complete().await.unwrap();
        assert!(read(&store, "large").await == bytes);

        let mut upload = store.put_multipart(&at).await.unwrap();
        upload.put_part(PutPayload::from("x")).await.unwrap();
        upload.abort().await.unwrap();
        assert_eq!(store.head(&at).await.unwrap().size, bytes.len() as u64);
    }
    house.close().await;
}

#[tokio::test]
async fn versions_are_read_by_their_ids() {
    let house = House::open().await.with_versions().await;
    let store = store(&house);
    let at = Path::from("k");
    let old = store.put(&at, PutPayload::from("old")).await.unwrap();
    let new = store.put(&at, PutPayload::from("new")).await.unwrap();
    assert_ne!(old.version, new.version);
    let options = GetOptions {
        version: old.version,
        ..GetOptions::default()
    };
    let got = store.get_opts(&at, options).await.unwrap();
    assert_eq!(got.bytes().await.unwrap().as_ref(), b"old");
    store.delete(&at).await.unwrap();
    assert!(matches!(store.get(&at).await, Err(Error::NotFound { .. })));
    house.close().await;
}

#[tokio::test]
async fn addresses_that_carry_their_signature() {
    let house = House::open().await;
    let wire = Wire(house.address);
    let store: Arc<AmazonS3> = Arc::new(store(&house));
    let at = key("a/中文 1.jpg");
    let minute = Duration::from_secs(60);
    let put = store
        .signed_url(http::Method::PUT, &at, minute)
        .await
        .unwrap();
    assert_eq!(
        wire.visit("PUT", put.as_str(), b"picture").await.status(),
        200
    );
    let get = store
        .signed_url(http::Method::GET, &at, minute)
        .await
        .unwrap();
    assert_eq!(
        wire.visit("GET", get.as_str(), b"").await.body().as_ref(),
        b"picture"
    );
    // It is good for what it was signed for.
    assert_eq!(
        wire.visit("PUT", get.as_str(), b"other").await.status(),
        403
    );
    assert_eq!(
        wire.visit("GET", &get.as_str().replace("1.jpg", "2.jpg"), b"")
            .await
            .status(),
        403
    );
    assert_eq!(read(&store, at.as_ref()).await, b"picture");
    house.close().await;
}
