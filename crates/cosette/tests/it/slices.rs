//! Slice copies against a store: both paths, one outcome.

use std::sync::{Arc, Mutex};

use cosette::{
    Client, CopySource, ErrorKind, Grantee, Missing, Output, Owner, Permission, Progress,
    SliceCopied, SliceCopy, StorageClass, Text,
};

use crate::house::{EXAMPLE, Fault, House, OWNER, REGION, SOURCE, source};

const MIB: u64 = 1 << 20;
const GIB_5: u64 = 5_368_709_120;

fn bytes(len: u64) -> Vec<u8> {
    (0..len)
        .map(|n| u8::try_from(n * 7 % 251).unwrap())
        .collect()
}

/// The seed's sample.
fn sample(client: &Client) -> SliceCopy {
    let call = client
        .slice_copy()
        .bucket(EXAMPLE)
        .region(REGION)
        .key("b/1.jpg");
    call.copy_source(source(SOURCE, "a/1.jpg"))
}

async fn with_source(len: u64) -> House {
    let house = House::new().await;
    house.put(SOURCE, "a/1.jpg", bytes(len)).await;
    house.forget();
    house
}

/// Largest sizes in one request that send a source of so many bytes down either path.
fn both_paths(size: u64) -> [u64; 2] {
    [size, size - 1]
}

// seed: S121, S127, S129, S130, S141
#[tokio::test]
async fn up_to_the_slice_size_it_is_one_request_and_above_it_parts() {
    let house = with_source(MIB + 1).await;
    let client = house.client();
    let copied = sample(&client).slice_size(MIB + 1).send().await.unwrap();
    assert_eq!(house.operations(), ["HeadObject", "PutObjectCopy"]);
    // The tag is the one of a raw copy: the MD5 of a source that was put whole.
    assert_eq!(copied.etag, house.head(SOURCE, "a/1.jpg").await.etag);
    house.forget();
    let copied = sample(&client)
        .slice_size(MIB)
        .parallel(1)
        .send()
        .await
        .unwrap();
    assert_eq!(
        house.operations(),
        [
            "HeadObject",
            "InitiateMultipartUpload",
            "UploadPartCopy",
            "UploadPartCopy",
            "CompleteMultipartUpload",
        ]
    );
    assert_eq!((copied.parts, copied.etag.part_count()), (2, Some(2)));
    assert_eq!(copied.etag, house.head(EXAMPLE, "b/1.jpg").await.etag);
    assert_eq!(house.bytes(EXAMPLE, "b/1.jpg").await, bytes(MIB + 1));
}

// seed: S129, S135
#[tokio::test]
async fn an_empty_source_is_one_request() {
    let house = with_source(0).await;
    let events = Arc::new(Mutex::new(Vec::new()));
    let theirs = events.clone();
    let copied = sample(&house.client()).slice_size(0);
    let copied = copied.on_progress(move |event| theirs.lock().unwrap().push(event));
    let copied = copied.send().await.unwrap();
    assert_eq!((copied.size, copied.parts), (0, 0));
    assert_eq!(house.operations(), ["HeadObject", "PutObjectCopy"]);
    let events: Vec<Progress> = events.lock().unwrap().clone();
    let seen: Vec<_> = events
        .iter()
        .map(|e| (e.loaded, e.total, e.percent))
        .collect();
    assert_eq!(seen, [(0, 0, 0.0), (0, 0, 1.0)]);
}

// seed: S125, S126
#[tokio::test]
async fn chunks_are_a_mebibyte_unless_they_are_larger() {
    let house = with_source(3 * MIB).await;
    let client = house.client();
    for (chunk, parts) in [(None, 3), (Some(MIB), 3), (Some(2 * MIB), 2), (Some(1), 3)] {
        let call = sample(&client).slice_size(0);
        let call = match chunk {
            Some(chunk) => call.chunk_size(chunk),
            None => call,
        };
        house.forget();
        let copied = call.send().await.unwrap();
        assert_eq!(copied.etag.part_count(), Some(parts));
        assert_eq!(house.count("UploadPartCopy"), parts as usize, "{chunk:?}");
    }
}

/// Bytes of the pieces that large sources are made of.
const PIECE: u64 = 64 * MIB;

/// A source of 5 GiB and `tail` bytes more, made by part copies.
async fn large(client: &Client, tail: u64) {
    let init = client
        .multipart_init()
        .bucket(SOURCE)
        .key("a/1.jpg")
        .send()
        .await
        .unwrap();
    let upload_id = &init.upload_id;
    let part = |number: u64, bytes: u64| {
        let call = client
            .upload_part_copy()
            .bucket(SOURCE)
            .key("a/1.jpg")
            .upload_id(upload_id);
        let call = call
            .part_number(number)
            .copy_source(source(SOURCE, "piece"));
        let range = format!("bytes=0-{}", bytes - 1);
        async move {
            (
                number,
                call.copy_source_range(range)
                    .send()
                    .await
                    .unwrap()
                    .value
                    .etag,
            )
        }
    };
    let mut parts = Vec::new();
    for number in 1..=GIB_5 / PIECE {
        parts.push(part(number, PIECE).await);
    }
    if tail > 0 {
        parts.push(part(GIB_5 / PIECE + 1, tail).await);
    }
    let complete = client
        .multipart_complete()
        .bucket(SOURCE)
        .key("a/1.jpg")
        .upload_id(upload_id);
    let complete = parts
        .into_iter()
        .fold(complete, |call, (number, etag)| call.part(number, etag));
    complete.send().await.unwrap();
}

// seed: S128
#[tokio::test]
async fn the_default_slice_size_is_5368709120_bytes() {
    let house = House::new().await;
    let client = house.client();
    house.put(SOURCE, "piece", bytes(PIECE)).await;
    large(&client, 0).await;
    assert_eq!(house.head(SOURCE, "a/1.jpg").await.size(), GIB_5);
    house.forget();
    let copied = sample(&client).send().await.unwrap();
    assert_eq!(house.operations(), ["HeadObject", "PutObjectCopy"]);
    assert_eq!((copied.size, copied.parts), (GIB_5, 0));

    large(&client, 1).await;
    assert_eq!(house.head(SOURCE, "a/1.jpg").await.size(), GIB_5 + 1);
    house.forget();
    let copied = sample(&client).chunk_size(PIECE).send().await.unwrap();
    assert_eq!(house.count("InitiateMultipartUpload"), 1);
    assert_eq!(house.count("UploadPartCopy"), 81);
    assert_eq!(house.count("CompleteMultipartUpload"), 1);
    assert_eq!(
        (copied.etag.part_count(), copied.size),
        (Some(81), GIB_5 + 1)
    );
    assert_eq!(copied.crc64, house.head(SOURCE, "a/1.jpg").await.crc64);
}

// seed: S124
#[tokio::test]
async fn a_version_of_the_source_is_copied_on_both_paths() {
    let house = House::versioned().await;
    let client = house.client();
    let put = |len, n: &'static str| {
        let call = client
            .put_object()
            .bucket(SOURCE)
            .key("a/1.jpg")
            .meta("n", n);
        call.body(bytes(len)).send()
    };
    let older = put(MIB + 7, "1").await.unwrap().value.version_id.unwrap();
    put(3, "2").await.unwrap();
    for slice_size in both_paths(MIB + 7) {
        let call = sample(&client).slice_size(slice_size);
        let version = format!("{}?versionId={older}", source(SOURCE, "a/1.jpg"));
        let copied = call.copy_source(version).send().await.unwrap();
        assert_eq!(copied.size, MIB + 7);
        let head = house.head(EXAMPLE, "b/1.jpg").await;
        assert_eq!((head.size(), head.crc64), (MIB + 7, copied.crc64));
        assert_eq!(
            head.metadata.user.get("n").map(Text::to_text).as_deref(),
            Some("1")
        );
    }
}

// seed: S137, S138, S139, S140, S142, S143
#[tokio::test]
async fn both_paths_answer_with_the_same_fields() {
    let house = with_source(MIB + 7).await;
    let client = house.client();
    let key = "b/中文 1.jpg";
    for versioned in [false, true] {
        if versioned {
            house.versioning(EXAMPLE, "Enabled").await;
        }
        for slice_size in both_paths(MIB + 7) {
            let call = sample(&client)
                .key(key)
                .acl("public-read")
                .slice_size(slice_size);
            let copied: Output<SliceCopied> = call.send().await.unwrap();
            assert_eq!(copied.status, 200);
            assert!(copied.request_id.is_some() && !copied.headers.is_empty());
            assert_eq!(
                (copied.bucket.as_str(), copied.key.as_str()),
                (EXAMPLE, key)
            );
            let host = format!("https://{EXAMPLE}.cos.{REGION}.myqcloud.com");
            assert_eq!(
                copied.location,
                format!("{host}/b/%E4%B8%AD%E6%96%87%201.jpg")
            );
            assert_eq!(house.get(&copied.location).await, bytes(MIB + 7));
            assert_eq!(copied.version_id.is_some(), versioned);
            if let Some(version_id) = &copied.version_id {
                let get = client
                    .get_object()
                    .bucket(EXAMPLE)
                    .key(key)
                    .version_id(version_id);
                assert_eq!(get.send().await.unwrap().etag, copied.etag);
            }
        }
    }
    // A suspended bucket has versions, and makes none.
    house.versioning(EXAMPLE, "Suspended").await;
    for slice_size in both_paths(MIB + 7) {
        let copied = sample(&client).slice_size(slice_size).send().await.unwrap();
        assert_eq!(copied.version_id, None);
    }
}

/// A source with every property, of a size that can go down either path.
async fn dressed() -> House {
    let house = House::new().await;
    let call = house
        .client()
        .put_object()
        .bucket(SOURCE)
        .key("a/1.jpg")
        .body(bytes(MIB + 7));
    call.cache_control("max-age=60")
        .content_disposition("attachment; filename=\"1.jpg\"")
        .content_encoding("identity")
        .content_language("zh")
        .content_type("image/jpeg")
        .expires("Thu, 01 Dec 1994 16:00:00 GMT")
        .meta("author", "Zhang San")
        .meta("n", "1")
        .storage_class("STANDARD_IA")
        .send()
        .await
        .unwrap();
    house.forget();
    house
}

#[tokio::test]
async fn properties_are_the_same_on_both_paths() {
    let house = dressed().await;
    let client = house.client();
    let kept = house.head(SOURCE, "a/1.jpg").await.value.metadata;
    let id = format!("id=\"{OWNER}\"");
    let user = Grantee::User(Owner::root(OWNER).unwrap());
    for slice_size in both_paths(MIB + 7) {
        // Nothing asked: metadata kept, class and ACL as for any new object.
        sample(&client).slice_size(slice_size).send().await.unwrap();
        let head = house.head(EXAMPLE, "b/1.jpg").await;
        assert_eq!(
            (&head.metadata, head.storage_class),
            (&kept, StorageClass::Standard)
        );
        let acl = client
            .get_object_acl()
            .bucket(EXAMPLE)
            .key("b/1.jpg")
            .send()
            .await
            .unwrap();
        assert!(acl.inherits);
        // Metadata of the call is ignored, class and grants are not.
        let call = sample(&client)
            .slice_size(slice_size)
            .content_type("text/plain");
        let call = call
            .meta("x", "y")
            .storage_class("ARCHIVE")
            .grant_read(id.as_str());
        call.send().await.unwrap();
        let head = house.head(EXAMPLE, "b/1.jpg").await;
        assert_eq!(
            (&head.metadata, head.storage_class),
            (&kept, StorageClass::Archive)
        );
        let acl = client
            .get_object_acl()
            .bucket(EXAMPLE)
            .key("b/1.jpg")
            .send()
            .await
            .unwrap();
        let found = acl.acl.grants.iter().find(|grant| grant.grantee == user);
        assert_eq!(found.map(|grant| grant.permission), Some(Permission::Read));
        // Replaced: nothing of the source's is left.
        let call = sample(&client)
            .slice_size(slice_size)
            .metadata_directive("Replaced");
        call.content_type("text/plain")
            .acl("public-read")
            .send()
            .await
            .unwrap();
        let head = house.head(EXAMPLE, "b/1.jpg").await;
        assert!(head.metadata.user.is_empty() && head.metadata.content.expires.is_none());
        let content_type = head
            .metadata
            .content
            .content_type
            .as_ref()
            .map(Text::to_text);
        assert_eq!(content_type.as_deref(), Some("text/plain"));
        assert!(
            house
                .anonymous()
                .get_object()
                .bucket(EXAMPLE)
                .key("b/1.jpg")
                .send()
                .await
                .is_ok()
        );
    }
}

#[tokio::test]
async fn conditions_and_an_existing_target_count_on_both_paths() {
    let house = with_source(MIB + 7).await;
    let client = house.client();
    let of = house.head(SOURCE, "a/1.jpg").await;
    let (tag, then) = (of.etag.to_string(), of.last_modified.secs());
    let before = cosette::Timestamp::from_secs(then - 1);
    for slice_size in both_paths(MIB + 7) {
        let call = || sample(&client).slice_size(slice_size);
        for failing in [
            call().copy_source_if_match("\"other\""),
            call().copy_source_if_none_match(&tag),
            call().copy_source_if_modified_since(of.last_modified),
            call().copy_source_if_unmodified_since(before),
            call()
                .copy_source_if_match(&tag)
                .copy_source_if_unmodified_since(before),
        ] {
            let error = failing.send().await.unwrap_err();
            assert_eq!(
                (error.kind(), error.status()),
                (ErrorKind::PreconditionFailed, Some(412))
            );
            assert!(!house.exists(EXAMPLE, "b/1.jpg").await);
            assert_eq!(house.uploads(EXAMPLE).await, 0);
        }
        let both = call().copy_source_if_match(&tag);
        both.copy_source_if_unmodified_since(of.last_modified)
            .send()
            .await
            .unwrap();
        let both = call().copy_source_if_none_match("\"other\"");
        both.copy_source_if_modified_since(before)
            .send()
            .await
            .unwrap();
        let error = call().forbid_overwrite(true).send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
        assert_eq!(house.uploads(EXAMPLE).await, 0);
        client
            .delete_object()
            .bucket(EXAMPLE)
            .key("b/1.jpg")
            .send()
            .await
            .unwrap();
    }
}

// seed: S63
#[tokio::test]
async fn a_class_changes_in_place_on_both_paths() {
    let house = dressed().await;
    let before = house.head(SOURCE, "a/1.jpg").await;
    for (slice_size, class) in both_paths(MIB + 7)
        .into_iter()
        .zip([StorageClass::Standard, StorageClass::Archive])
    {
        let call = house
            .client()
            .slice_copy()
            .bucket(SOURCE)
            .key("a/1.jpg")
            .slice_size(slice_size);
        let call = call
            .copy_source(source(SOURCE, "a/1.jpg"))
            .storage_class(class);
        call.send().await.unwrap();
        let after = house.head(SOURCE, "a/1.jpg").await;
        assert_eq!((after.storage_class, after.crc64), (class, before.crc64));
        assert_eq!(after.metadata, before.metadata);
    }
}

// seed: S123
#[tokio::test]
async fn a_source_that_is_not_there_is_an_error() {
    let house = House::new().await;
    let error = sample(&house.client()).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound(Missing::Key));
    assert_eq!(
        (error.status(), house.operations().as_slice()),
        (Some(404), &["HeadObject"][..])
    );
    let typed = CopySource {
        bucket: SOURCE.parse().unwrap(),
        region: None,
        key: "a/中 1?.jpg".parse().unwrap(),
        version_id: None,
    };
    house.put(SOURCE, "a/中 1?.jpg", "fish").await;
    let call = house
        .client()
        .slice_copy()
        .bucket(EXAMPLE)
        .key("b")
        .copy_source(typed);
    call.send().await.unwrap();
    assert_eq!(house.bytes(EXAMPLE, "b").await, "fish");
}

// incident: R44
#[tokio::test]
async fn a_source_written_meanwhile_is_never_mixed() {
    let house = with_source(3 * MIB).await;
    let client = house.client();
    house.faults(
        |asked| match (asked.operation, asked.query.get("partNumber")) {
            ("UploadPartCopy", Some("2")) => Fault::Meanwhile(SOURCE, "a/1.jpg", "newer"),
            _ => Fault::None,
        },
    );
    let error = sample(&client).slice_size(0).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PreconditionFailed);
    assert!(!house.exists(EXAMPLE, "b/1.jpg").await);
    assert_eq!(house.uploads(EXAMPLE).await, 0);
}

// seed: S132
#[tokio::test]
async fn lost_answers_and_a_resume_end_in_the_same_object() {
    let house = with_source(6 * MIB).await;
    let client = house.client();
    // Every answer to a first attempt is lost; the repeat says that it is one.
    house.faults(
        |asked| match asked.headers.contains_key("x-cos-sdk-retry") {
            true => Fault::None,
            false => Fault::AnswerLost,
        },
    );
    let (events, listen) = listener();
    sample(&client)
        .slice_size(0)
        .on_progress(listen)
        .send()
        .await
        .unwrap();
    house.no_faults();
    steady(&events, 6 * MIB);
    assert_eq!(house.bytes(EXAMPLE, "b/1.jpg").await, bytes(6 * MIB));

    house.faults(|asked| match asked.query.get("partNumber") {
        Some("5") => Fault::Answer(403, "AccessDenied"),
        _ => Fault::None,
    });
    let call = sample(&client)
        .key("c")
        .slice_size(0)
        .keep_parts_on_failure(true);
    let error = call.parallel(1).send().await.unwrap_err();
    house.no_faults();
    house.forget();
    let (events, listen) = listener();
    let upload_id = error.upload_id().unwrap();
    let call = sample(&client)
        .key("c")
        .slice_size(0)
        .resume(upload_id)
        .on_progress(listen);
    call.send().await.unwrap();
    steady(&events, 6 * MIB);
    assert_eq!(house.count("UploadPartCopy"), 2);
    assert_eq!(house.bytes(EXAMPLE, "c").await, bytes(6 * MIB));
}

type Events = Arc<Mutex<Vec<Progress>>>;

fn listener() -> (Events, impl Fn(Progress) + Send + Sync + 'static) {
    let events = Events::default();
    let theirs = events.clone();
    (events, move |progress| {
        theirs.lock().unwrap().push(progress)
    })
}

/// From 0 to the total, never back.
fn steady(events: &Events, total: u64) {
    let events = events.lock().unwrap();
    assert_eq!(events.first().map(|event| event.loaded), Some(0));
    assert_eq!(
        events.last().map(|event| (event.loaded, event.percent)),
        Some((total, 1.0))
    );
    assert!(
        events
            .iter()
            .is_sorted_by(|a, b| a.loaded <= b.loaded && a.percent <= b.percent)
    );
    assert!(
        events
            .iter()
            .all(|event| event.total == total && event.speed.is_finite())
    );
}
