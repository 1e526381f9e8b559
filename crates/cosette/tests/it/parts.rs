//! Multipart copies by their single calls, against a store.

use cosette::{
    Client, Crc64, ErrorKind, Grantee, Missing, Output, Owner, Permission, StorageClass, Text,
    UploadId, UploadPartCopyReply,
};

use crate::house::{EXAMPLE, House, OWNER, SOURCE, source};

const MIB: usize = 1 << 20;

fn bytes(len: usize) -> Vec<u8> {
    (0..len)
        .map(|n| u8::try_from(n * 7 % 251).unwrap())
        .collect()
}

async fn begin(client: &Client, key: &str) -> UploadId {
    let begun = client
        .multipart_init()
        .bucket(EXAMPLE)
        .key(key)
        .send()
        .await
        .unwrap();
    begun.value.upload_id
}

async fn copy_part(
    client: &Client,
    upload_id: &UploadId,
    number: u16,
    range: Option<&str>,
) -> Output<UploadPartCopyReply> {
    let call = client
        .upload_part_copy()
        .bucket(EXAMPLE)
        .key("b/1.jpg")
        .upload_id(upload_id);
    let call = call
        .part_number(number)
        .copy_source(source(SOURCE, "a/1.jpg"));
    let call = match range {
        Some(range) => call.copy_source_range(range),
        None => call,
    };
    call.send().await.unwrap()
}

async fn with_source(len: usize) -> House {
    let house = House::new().await;
    house.put(SOURCE, "a/1.jpg", bytes(len)).await;
    house
}

// seed: S02, S64, S81, S82, S83, S84, S100, S103, S118, S119, S120
#[tokio::test]
async fn three_calls_make_an_equal_object() {
    let house = with_source(2 * MIB + 5).await;
    let client = house.client();
    let begun = client
        .multipart_init()
        .bucket(EXAMPLE)
        .key("b/1.jpg")
        .send()
        .await
        .unwrap();
    assert_eq!(
        (begun.bucket.as_str(), begun.key.as_str()),
        (EXAMPLE, "b/1.jpg")
    );
    assert!(!begun.upload_id.as_str().is_empty() && begun.status == 200);
    let again = begin(&client, "b/1.jpg").await;
    assert_ne!(again, begun.upload_id);
    let mut parts = Vec::new();
    // In any order; the number decides the place.
    for (number, range) in [
        (3, "bytes=2097152-2097156"),
        (1, "bytes=0-1048575"),
        (2, "bytes=1048576-2097151"),
    ] {
        let part = copy_part(&client, &begun.upload_id, number, Some(range)).await;
        assert_eq!(part.status, 200);
        assert!(part.headers.contains_key("x-cos-request-id"));
        parts.push((number, part.value.etag));
    }
    parts.sort_by_key(|(number, _)| *number);
    let listed = client.multipart_list_part().bucket(EXAMPLE).key("b/1.jpg");
    let listed = listed
        .upload_id(&begun.upload_id)
        .parts()
        .all()
        .await
        .unwrap();
    let seen: Vec<_> = listed
        .iter()
        .map(|part| (part.part_number.get(), part.etag.clone()))
        .collect();
    assert_eq!(seen, parts);
    assert_eq!(
        listed.iter().map(|part| part.size).collect::<Vec<_>>(),
        [1 << 20, 1 << 20, 5]
    );
    assert!(!house.exists(EXAMPLE, "b/1.jpg").await);
    let complete = client.multipart_complete().bucket(EXAMPLE).key("b/1.jpg");
    let complete = parts
        .into_iter()
        .fold(complete.upload_id(&begun.upload_id), |call, part| {
            call.part(part.0, part.1)
        });
    let completed = complete.send().await.unwrap();
    assert_eq!(
        (completed.bucket.as_str(), completed.key.as_str()),
        (EXAMPLE, "b/1.jpg")
    );
    assert_eq!(
        (completed.status, completed.etag.part_count()),
        (200, Some(3))
    );
    let (of, to) = (
        house.head(SOURCE, "a/1.jpg").await,
        house.head(EXAMPLE, "b/1.jpg").await,
    );
    assert_eq!((of.size(), of.crc64), (to.size(), to.crc64));
    assert_eq!((&to.etag, to.crc64), (&completed.etag, completed.crc64));
    assert_eq!(house.bytes(EXAMPLE, "b/1.jpg").await, bytes(2 * MIB + 5));
}

// seed: S66, S67, S68, S69, S70, S71, S76, S77, S78
#[tokio::test]
async fn what_init_says_the_object_has() {
    let house = with_source(5).await;
    let client = house.client();
    let init = client.multipart_init().bucket(EXAMPLE).key("b/1.jpg");
    let init = init
        .cache_control("no-cache")
        .content_disposition("attachment; filename=\"x.jpg\"")
        .content_encoding("gzip")
        .content_type("image/png")
        // Long past: caches forget it, the store does not.
        .expires("Thu, 01 Dec 1994 16:00:00 GMT")
        .meta("Author", "Li Si")
        .storage_class("STANDARD_IA");
    let upload_id = init.send().await.unwrap().value.upload_id;
    let part = copy_part(&client, &upload_id, 1, None).await;
    let complete = client.multipart_complete().bucket(EXAMPLE).key("b/1.jpg");
    complete
        .upload_id(&upload_id)
        .part("1", &part.etag)
        .send()
        .await
        .unwrap();
    let head = house.head(EXAMPLE, "b/1.jpg").await;
    let content = &head.metadata.content;
    let text = |value: &Option<Text>| value.as_ref().unwrap().to_text();
    assert_eq!(text(&content.cache_control), "no-cache");
    assert_eq!(
        text(&content.content_disposition),
        "attachment; filename=\"x.jpg\""
    );
    assert_eq!(text(&content.content_encoding), "gzip");
    assert_eq!(text(&content.content_type), "image/png");
    assert_eq!(text(&content.expires), "Thu, 01 Dec 1994 16:00:00 GMT");
    assert_eq!(head.metadata.user.get("author").unwrap().to_text(), "Li Si");
    assert_eq!(head.storage_class, StorageClass::StandardIa);
    assert_eq!(house.bytes(EXAMPLE, "b/1.jpg").await, bytes(5));
    let listed = client
        .get_bucket()
        .bucket(EXAMPLE)
        .objects()
        .all()
        .await
        .unwrap();
    assert_eq!(listed.len(), 1);
    // Without a class it is STANDARD.
    let upload_id = begin(&client, "b/1.jpg").await;
    let part = copy_part(&client, &upload_id, 1, None).await;
    let complete = client.multipart_complete().bucket(EXAMPLE).key("b/1.jpg");
    complete
        .upload_id(&upload_id)
        .part(1, &part.etag)
        .send()
        .await
        .unwrap();
    assert_eq!(
        house.head(EXAMPLE, "b/1.jpg").await.storage_class,
        StorageClass::Standard
    );
}

// seed: S72, S73, S74, S75
#[tokio::test]
async fn init_gives_the_object_its_acl() {
    let house = with_source(5).await;
    let client = house.client();
    let id = format!("id=\"{OWNER}\"");
    let user = Grantee::User(Owner::root(OWNER).unwrap());
    let init = || client.multipart_init().bucket(EXAMPLE).key("b/1.jpg");
    for (init, public, granted) in [
        (init(), false, None),
        (init().acl("default"), false, None),
        (init().acl("public-read"), true, None),
        (
            init().grant_read(id.as_str()),
            false,
            Some(Permission::Read),
        ),
        (
            init().grant_full_control(id.as_str()),
            false,
            Some(Permission::FullControl),
        ),
    ] {
        let upload_id = init.send().await.unwrap().value.upload_id;
        let part = copy_part(&client, &upload_id, 1, None).await;
        let complete = client.multipart_complete().bucket(EXAMPLE).key("b/1.jpg");
        complete
            .upload_id(&upload_id)
            .part(1, &part.etag)
            .send()
            .await
            .unwrap();
        let read = |client: Client| async move {
            client
                .get_object()
                .bucket(EXAMPLE)
                .key("b/1.jpg")
                .send()
                .await
                .is_ok()
        };
        assert_eq!(read(house.anonymous()).await, public);
        assert_eq!(read(house.second()).await, public || granted.is_some());
        let acl = client
            .get_object_acl()
            .bucket(EXAMPLE)
            .key("b/1.jpg")
            .send()
            .await
            .unwrap();
        assert_eq!(acl.inherits, !public && granted.is_none());
        let found = acl.acl.grants.iter().find(|grant| grant.grantee == user);
        assert_eq!(found.map(|grant| grant.permission), granted);
    }
}

// seed: S85, S89, S108
#[tokio::test]
async fn an_upload_that_is_not_there_is_an_error_kind_of_its_own() {
    let house = with_source(5).await;
    let client = house.client();
    let gone = ErrorKind::NotFound(Missing::Upload);
    let upload_id = begin(&client, "b/1.jpg").await;
    let part = |key: &str, upload_id: &str| {
        let call = client
            .upload_part_copy()
            .bucket(EXAMPLE)
            .key(key)
            .upload_id(upload_id);
        call.part_number(1)
            .copy_source(source(SOURCE, "a/1.jpg"))
            .send()
    };
    let complete = |upload_id: &str| {
        let call = client.multipart_complete().bucket(EXAMPLE).key("b/1.jpg");
        call.upload_id(upload_id)
            .part(1, "22ca88419e2ed4721c23807c678adbe4c08a7880")
            .send()
    };
    for error in [
        part("b/1.jpg", "exampleUploadId").await.unwrap_err(),
        part("another", upload_id.as_str()).await.unwrap_err(),
        complete("exampleUploadId").await.unwrap_err(),
    ] {
        assert_eq!((error.kind(), error.status()), (gone, Some(404)), "{error}");
        assert_eq!(error.code(), Some("NoSuchUpload"));
    }
    let abort = client
        .multipart_abort()
        .bucket(EXAMPLE)
        .key("b/1.jpg")
        .upload_id(&upload_id);
    abort.send().await.unwrap();
    assert_eq!(
        part("b/1.jpg", upload_id.as_str())
            .await
            .unwrap_err()
            .kind(),
        gone
    );
    assert_eq!(complete(upload_id.as_str()).await.unwrap_err().kind(), gone);
}

// seed: S88, S90, S91, S92
#[tokio::test]
async fn a_range_takes_exactly_its_bytes() {
    let house = with_source(100).await;
    let client = house.client();
    let upload_id = begin(&client, "b/1.jpg").await;
    let sizes = [
        (1, Some("bytes=0-9"), 10),
        (2, Some("bytes=90-99"), 10),
        (10_000, None, 100),
    ];
    for (number, range, _) in sizes {
        copy_part(&client, &upload_id, number, range).await;
    }
    let list = client
        .multipart_list_part()
        .bucket(EXAMPLE)
        .key("b/1.jpg")
        .upload_id(&upload_id);
    let parts = list.parts().all().await.unwrap();
    let seen: Vec<_> = parts
        .iter()
        .map(|part| (part.part_number.get(), part.size))
        .collect();
    assert_eq!(seen, sizes.map(|(number, _, size)| (number, size)));
    let call = client
        .upload_part_copy()
        .bucket(EXAMPLE)
        .key("b/1.jpg")
        .upload_id(&upload_id);
    let call = call.part_number(3).copy_source(source(SOURCE, "a/1.jpg"));
    let error = call
        .copy_source_range("bytes=90-100")
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected);
    // The first ten alone are an object.
    let first = client
        .multipart_complete()
        .bucket(EXAMPLE)
        .key("b/1.jpg")
        .upload_id(&upload_id);
    first.part(1, &parts[0].etag).send().await.unwrap();
    assert_eq!(house.bytes(EXAMPLE, "b/1.jpg").await, bytes(10));
}

// seed: S93, S94, S95, S96, S97, S98
#[tokio::test]
async fn conditions_on_a_parts_source_decide() {
    let house = with_source(5).await;
    let client = house.client();
    let upload_id = begin(&client, "b/1.jpg").await;
    let of = house.head(SOURCE, "a/1.jpg").await;
    let at = |offset| {
        cosette::Timestamp::from_secs(of.last_modified.secs().checked_add_signed(offset).unwrap())
    };
    let call = || {
        let call = client
            .upload_part_copy()
            .bucket(EXAMPLE)
            .key("b/1.jpg")
            .upload_id(&upload_id);
        call.part_number(1).copy_source(source(SOURCE, "a/1.jpg"))
    };
    let (same, other) = (of.etag.to_string(), "\"other\"".to_owned());
    for failing in [
        call().copy_source_if_match(&other),
        call().copy_source_if_none_match(&same),
        call().copy_source_if_unmodified_since(at(-1)),
        call().copy_source_if_modified_since(at(0)),
        call()
            .copy_source_if_unmodified_since(at(0))
            .copy_source_if_match(&other),
        call()
            .copy_source_if_unmodified_since(at(-1))
            .copy_source_if_match(&same),
        call()
            .copy_source_if_modified_since(at(-1))
            .copy_source_if_none_match(&same),
        call()
            .copy_source_if_modified_since(at(0))
            .copy_source_if_none_match(&other),
        call()
            .copy_source_if_modified_since(at(0))
            .copy_source_if_match(&same),
    ] {
        let error = failing.send().await.unwrap_err();
        assert_eq!(
            (error.kind(), error.status()),
            (ErrorKind::PreconditionFailed, Some(412))
        );
        let list = client.multipart_list_part().bucket(EXAMPLE).key("b/1.jpg");
        assert!(
            list.upload_id(&upload_id)
                .parts()
                .all()
                .await
                .unwrap()
                .is_empty()
        );
    }
    for holding in [
        call().copy_source_if_match(&same),
        call().copy_source_if_none_match(&other),
        call()
            .copy_source_if_unmodified_since(at(0))
            .copy_source_if_match(&same),
        call()
            .copy_source_if_modified_since(at(-1))
            .copy_source_if_none_match(&other),
    ] {
        holding.send().await.unwrap();
    }
}

// seed: S101, S102
#[tokio::test]
async fn a_parts_tag_is_the_md5_of_its_bytes() {
    let house = House::new().await;
    house.put(SOURCE, "a/1.jpg", "..[Object Content]..").await;
    let client = house.client();
    let upload_id = begin(&client, "b/1.jpg").await;
    let part = copy_part(&client, &upload_id, 1, Some("bytes=2-17")).await;
    assert_eq!(
        part.etag.to_string(),
        "\"ee8de918d05640145b18f70f4c3aa602\""
    );
    assert_eq!(part.crc64, Some(Crc64(16_749_565_679_157_681_890)));
    let now = house.clock.now_secs();
    assert!(part.last_modified.secs().abs_diff(now) < 60);
}

// seed: S104, S109, S112, S113, S114
#[tokio::test]
async fn complete_verifies_its_list() {
    let house = with_source(2 * MIB).await;
    let client = house.client();
    let upload_id = begin(&client, "b/1.jpg").await;
    let one = copy_part(&client, &upload_id, 1, Some("bytes=0-1048575"))
        .await
        .value
        .etag;
    let two = copy_part(&client, &upload_id, 2, Some("bytes=1048576-2097151"))
        .await
        .value
        .etag;
    let complete = || {
        client
            .multipart_complete()
            .bucket(EXAMPLE)
            .key("b/1.jpg")
            .upload_id(&upload_id)
    };
    for (wrong, code) in [
        (
            complete().part(1, "22ca88419e2ed4721c23807c678adbe4c08a7880"),
            "InvalidPart",
        ),
        (complete().part(3, &one), "InvalidPart"),
        (complete().part(2, &two).part(1, &one), "InvalidPartOrder"),
    ] {
        let error = wrong.send().await.unwrap_err();
        assert_eq!(
            (error.code(), error.kind()),
            (Some(code), ErrorKind::Rejected)
        );
    }
    // The upload is still usable; text or number, quotes or none.
    let completed = complete().part("1", one.value()).part(2, two.to_string());
    assert_eq!(completed.send().await.unwrap().etag.part_count(), Some(2));
}

// seed: S117
#[tokio::test]
async fn the_location_leads_to_the_object() {
    let house = with_source(5).await;
    let client = house.client();
    let key = "b/中文 1.jpg";
    let init = client
        .multipart_init()
        .bucket(EXAMPLE)
        .key(key)
        .acl("public-read");
    let upload_id = init.send().await.unwrap().value.upload_id;
    let part = client
        .upload_part_copy()
        .bucket(EXAMPLE)
        .key(key)
        .upload_id(&upload_id);
    let part = part
        .part_number(1)
        .copy_source(source(SOURCE, "a/1.jpg"))
        .send()
        .await
        .unwrap();
    let complete = client
        .multipart_complete()
        .bucket(EXAMPLE)
        .key(key)
        .upload_id(&upload_id);
    let completed = complete.part(1, &part.etag).send().await.unwrap();
    let host = format!("{EXAMPLE}.cos.ap-guangzhou.myqcloud.com");
    let path = "b/%E4%B8%AD%E6%96%87%201.jpg";
    assert!(
        completed.location.ends_with(&format!("{host}/{path}")),
        "{}",
        completed.location
    );
    assert_eq!(house.get(&completed.location).await, bytes(5));
}

// seed: S105, S107
#[tokio::test]
async fn complete_waits_for_the_object() {
    let house = with_source(5).await;
    let client = house.client();
    let upload_id = begin(&client, "b/1.jpg").await;
    let part = copy_part(&client, &upload_id, 1, None).await;
    let complete = client.multipart_complete().bucket(EXAMPLE).key("b/1.jpg");
    complete
        .upload_id(&upload_id)
        .part(1, &part.etag)
        .send()
        .await
        .unwrap();
    // What it answered is there at once.
    assert_eq!(house.bytes(EXAMPLE, "b/1.jpg").await, bytes(5));
    assert_eq!(house.uploads(EXAMPLE).await, 0);
}

#[tokio::test]
async fn an_object_is_put_together_from_bytes() {
    let house = House::new().await;
    let client = house.client();
    let upload_id = begin(&client, "b/1.jpg").await;
    let mut complete = client.multipart_complete().bucket(EXAMPLE).key("b/1.jpg");
    for (number, piece) in [(1, bytes(MIB)), (2, vec![7])] {
        let part = client.multipart_upload().bucket(EXAMPLE).key("b/1.jpg");
        let part = part
            .upload_id(&upload_id)
            .part_number(number)
            .body(piece)
            .send();
        complete = complete.part(number, &part.await.unwrap().etag);
    }
    complete.upload_id(&upload_id).send().await.unwrap();
    assert_eq!(house.head(EXAMPLE, "b/1.jpg").await.size(), 1 + (1 << 20));
}
