//! PUT Object - Copy against a store.

use cosette::calls::PutObjectCopy;
use cosette::{
    CannedAcl, Client, ErrorKind, Grantee, ObjectReply, Owner, Permission, StorageClass, Text,
};

use crate::house::{EXAMPLE, House, OWNER, REGION, SOURCE, SUB, source};

const BYTES: &str = "[Object Content]";
const MD5: &str = "\"ee8de918d05640145b18f70f4c3aa602\"";

/// The seed's first sample.
fn sample(client: &Client) -> PutObjectCopy {
    let call = client
        .put_object_copy()
        .bucket(EXAMPLE)
        .region(REGION)
        .key("b/1.jpg");
    call.copy_source(source(SOURCE, "a/1.jpg"))
}

/// A house with the sample's source, which has every property.
async fn house() -> House {
    let house = House::new().await;
    dressed(&house.client(), SOURCE, "a/1.jpg").await;
    house
}

async fn dressed(client: &Client, bucket: &str, key: &str) {
    let call = client.put_object().bucket(bucket).key(key).body(BYTES);
    call.cache_control("max-age=60")
        .content_disposition("attachment; filename=\"1.jpg\"")
        .content_encoding("identity")
        .content_language("zh")
        .content_type("image/jpeg")
        .expires("Thu, 01 Dec 1994 16:00:00 GMT")
        .meta("author", "Zhang San")
        .send()
        .await
        .unwrap();
}

fn text(value: &Option<Text>) -> String {
    value.as_ref().map(Text::to_text).unwrap_or_default()
}

// seed: S01, S03, S05, S07, S08, S16, S45, S46, S47, S50
#[tokio::test]
async fn a_copy_has_the_sources_bytes_and_metadata() {
    let house = house().await;
    let copied = sample(&house.client()).send().await.unwrap();
    assert_eq!(
        (copied.status, copied.etag.to_string().as_str()),
        (200, MD5)
    );
    assert_eq!(copied.version_id, None);
    assert!(copied.headers.contains_key("x-cos-request-id") && copied.request_id.is_some());
    assert_eq!(house.bytes(EXAMPLE, "b/1.jpg").await, BYTES);
    assert_eq!(house.bytes(SOURCE, "a/1.jpg").await, BYTES);
    let (of, to) = (
        house.head(SOURCE, "a/1.jpg").await,
        house.head(EXAMPLE, "b/1.jpg").await,
    );
    assert_eq!(text(&of.metadata.content.cache_control), "max-age=60");
    assert_eq!(
        (&of.metadata, &of.etag, of.size()),
        (&to.metadata, &to.etag, to.size())
    );
    assert_eq!((of.crc64, copied.crc64), (to.crc64, to.crc64));
}

// seed: S48
#[tokio::test]
async fn the_copys_time_is_its_own() {
    let house = house().await;
    let copied = sample(&house.client()).send().await.unwrap();
    let head = house.head(EXAMPLE, "b/1.jpg").await;
    assert_eq!(copied.last_modified.secs(), head.last_modified.secs());
}

// seed: S04
#[tokio::test]
async fn metadata_and_acl_change_in_one_call() {
    let house = house().await;
    let client = house.client();
    let call = sample(&client)
        .metadata_directive("Replaced")
        .content_type("text/plain");
    call.meta("Color", "blue")
        .acl("public-read")
        .send()
        .await
        .unwrap();
    let head = house.head(EXAMPLE, "b/1.jpg").await;
    assert_eq!(text(&head.metadata.content.content_type), "text/plain");
    assert_eq!(
        head.metadata
            .user
            .get("color")
            .map(Text::to_text)
            .as_deref(),
        Some("blue")
    );
    let acl = client
        .get_object_acl()
        .bucket(EXAMPLE)
        .key("b/1.jpg")
        .send()
        .await
        .unwrap();
    assert!(!acl.inherits);
    assert!(acl.acl.grants.iter().any(|grant| {
        grant.grantee == Grantee::AllUsers && grant.permission == Permission::Read
    }));
}

fn in_place(client: &Client) -> PutObjectCopy {
    let call = client.put_object_copy().bucket(SOURCE).key("a/1.jpg");
    call.copy_source(source(SOURCE, "a/1.jpg"))
}

// seed: S06, S29
#[tokio::test]
async fn metadata_changes_in_place_when_it_is_replaced() {
    let house = house().await;
    let client = house.client();
    for directive in [None, Some("Copy")] {
        let call = in_place(&client).content_type("text/plain");
        let call = match directive {
            Some(directive) => call.metadata_directive(directive),
            None => call,
        };
        let error = call.send().await.unwrap_err();
        assert_eq!(error.status(), Some(400));
        assert!(error.message().contains("Replaced"), "{error}");
    }
    let head = house.head(SOURCE, "a/1.jpg").await;
    assert_eq!(text(&head.metadata.content.content_type), "image/jpeg");
    let call = in_place(&client)
        .metadata_directive("Replaced")
        .content_type("text/plain");
    call.send().await.unwrap();
    let head = house.head(SOURCE, "a/1.jpg").await;
    assert_eq!(text(&head.metadata.content.content_type), "text/plain");
    assert_eq!(head.etag.to_string(), MD5);
    assert_eq!(house.bytes(SOURCE, "a/1.jpg").await, BYTES);
}

// seed: S26, S27
#[tokio::test]
async fn metadata_of_the_call_is_ignored_unless_it_replaces() {
    let house = house().await;
    let client = house.client();
    let wanted = house.head(SOURCE, "a/1.jpg").await.value.metadata;
    for (key, directive) in [("none", None), ("copy", Some("Copy"))] {
        let call = sample(&client)
            .key(key)
            .content_type("text/plain")
            .meta("color", "blue");
        let call = match directive {
            Some(directive) => call.metadata_directive(directive),
            None => call,
        };
        call.send().await.unwrap();
        assert_eq!(
            house.head(EXAMPLE, key).await.metadata,
            wanted,
            "{directive:?}"
        );
    }
}

// seed: S28, S39
#[tokio::test]
async fn replaced_leaves_nothing_of_the_sources_metadata() {
    let house = house().await;
    let call = sample(&house.client()).metadata_directive("Replaced");
    call.meta("color", "blue")
        .meta("Size", "L")
        .send()
        .await
        .unwrap();
    let metadata = house.head(EXAMPLE, "b/1.jpg").await.value.metadata;
    let user: Vec<_> = metadata
        .user
        .iter()
        .map(|(name, value)| (name, value.to_text()))
        .collect();
    assert_eq!(
        user,
        [("color", "blue".to_owned()), ("size", "L".to_owned())]
    );
    assert_eq!(text(&metadata.content.cache_control), "");
    assert_eq!(text(&metadata.content.content_disposition), "");
    assert_eq!(text(&metadata.content.expires), "");
}

// seed: S09
#[tokio::test]
async fn source_and_target_may_be_in_different_regions() {
    let house = house().await;
    let client = house.client();
    let far = "farbucket-1250000000";
    client
        .put_bucket()
        .bucket(far)
        .region("ap-beijing")
        .send()
        .await
        .unwrap();
    let there = client
        .put_object_copy()
        .bucket(far)
        .region("ap-beijing")
        .key("b/1.jpg");
    there
        .copy_source(source(SOURCE, "a/1.jpg"))
        .send()
        .await
        .unwrap();
    let back = client.put_object_copy().bucket(EXAMPLE).key("back");
    let back = back.copy_source(format!("{far}.cos.ap-beijing.myqcloud.com/b/1.jpg"));
    back.send().await.unwrap();
    assert_eq!(house.bytes(EXAMPLE, "back").await, BYTES);
    // The region of the source is no guess of ours: a wrong one is an error.
    let wrong = client.put_object_copy().bucket(EXAMPLE).key("wrong");
    let wrong = wrong.copy_source(format!("{far}.cos.ap-guangzhou.myqcloud.com/b/1.jpg"));
    assert!(wrong.send().await.is_err());
}

// seed: S12
#[tokio::test]
async fn a_second_write_to_a_key_replaces_the_first() {
    let house = house().await;
    for key in ["1.jpg", "a/b/test.txt"] {
        house.put(EXAMPLE, key, "before").await;
        sample(&house.client()).key(key).send().await.unwrap();
        assert_eq!(house.bytes(EXAMPLE, key).await, BYTES);
    }
}

// seed: S14
#[tokio::test]
async fn escaping_is_ours() {
    let house = House::new().await;
    let client = house.client();
    for key in [
        "a/中文 1.jpg",
        "a+b%20c",
        "x?versionId=y",
        "a//b/../c",
        "emoji 🐟&=#",
    ] {
        house.put(SOURCE, key, "fish").await;
        let plain = cosette::CopySource {
            bucket: SOURCE.parse().unwrap(),
            region: Some(REGION.parse().unwrap()),
            key: key.parse().unwrap(),
            version_id: None,
        };
        let call = client
            .put_object_copy()
            .bucket(EXAMPLE)
            .key(key)
            .copy_source(plain);
        call.send().await.unwrap();
        assert_eq!(house.bytes(EXAMPLE, key).await, "fish");
    }
    // Both spellings of a slash in text.
    for text in [
        "a/%E4%B8%AD%E6%96%87%201.jpg",
        "a%2F%E4%B8%AD%E6%96%87%201.jpg",
    ] {
        let call = client.put_object_copy().bucket(EXAMPLE).key("copy");
        call.copy_source(source(SOURCE, text)).send().await.unwrap();
        assert_eq!(house.bytes(EXAMPLE, "copy").await, "fish");
    }
}

// seed: S15, S49, S87
#[tokio::test]
async fn a_version_is_named_in_the_source_and_told_of_the_target() {
    let house = House::versioned().await;
    let client = house.client();
    let put = |bytes: &'static str| {
        client
            .put_object()
            .bucket(SOURCE)
            .key("a/1.jpg")
            .body(bytes)
    };
    let first = put("first")
        .meta("n", "1")
        .send()
        .await
        .unwrap()
        .value
        .version_id
        .unwrap();
    put("second").meta("n", "2").send().await.unwrap();
    let older = format!("{}?versionId={first}", source(SOURCE, "a/1.jpg"));
    let copied = sample(&client)
        .copy_source(older.clone())
        .send()
        .await
        .unwrap();
    let made = copied.version_id.clone().unwrap();
    let object = client
        .get_object()
        .bucket(EXAMPLE)
        .key("b/1.jpg")
        .version_id(&made)
        .send();
    let object = object.await.unwrap();
    let one = object.metadata.user.get("n").map(Text::to_text);
    assert_eq!(one.as_deref(), Some("1"));
    assert_eq!(object.value.body.bytes(99).await.unwrap(), "first");
    let unknown = format!(
        "{}?versionId=MTg0NDUxNTc1NjIzMTQ1MDAwODg",
        source(SOURCE, "a/1.jpg")
    );
    let error = sample(&client)
        .copy_source(unknown)
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.status(), Some(404), "{error}");
    // A part takes the older version too.
    let begun = client
        .multipart_init()
        .bucket(EXAMPLE)
        .key("p")
        .send()
        .await
        .unwrap();
    let part = client
        .upload_part_copy()
        .bucket(EXAMPLE)
        .key("p")
        .upload_id(&begun.upload_id);
    let part = part.part_number(1).copy_source(older).send().await.unwrap();
    let complete = client.multipart_complete().bucket(EXAMPLE).key("p");
    complete
        .upload_id(&begun.upload_id)
        .part(1, &part.etag)
        .send()
        .await
        .unwrap();
    assert_eq!(house.bytes(EXAMPLE, "p").await, "first");
}

// seed: S50
#[tokio::test]
async fn no_version_is_told_where_versioning_is_not_enabled() {
    let house = house().await;
    assert_eq!(
        sample(&house.client()).send().await.unwrap().version_id,
        None
    );
    house.versioning(EXAMPLE, "Enabled").await;
    assert!(
        sample(&house.client())
            .send()
            .await
            .unwrap()
            .version_id
            .is_some()
    );
    house.versioning(EXAMPLE, "Suspended").await;
    assert_eq!(
        sample(&house.client()).send().await.unwrap().version_id,
        None
    );
}

async fn readable(client: &Client, key: &str) -> bool {
    match client.get_object().bucket(EXAMPLE).key(key).send().await {
        Ok(_) => true,
        Err(error) if error.kind() == ErrorKind::Denied => false,
        Err(error) => panic!("{error}"),
    }
}

// seed: S17, S18
#[tokio::test]
async fn a_preset_acl_is_the_copys_and_none_inherits() {
    let house = house().await;
    let (client, stranger) = (house.client(), house.anonymous());
    for acl in CannedAcl::ALL
        .into_iter()
        .filter(|acl| acl.is_for_objects())
    {
        sample(&client)
            .key(acl.as_str())
            .acl(acl)
            .send()
            .await
            .unwrap();
        let public = acl == CannedAcl::PublicRead;
        assert_eq!(readable(&stranger, acl.as_str()).await, public, "{acl}");
    }
    sample(&client).key("none").send().await.unwrap();
    // `None` sends no header.
    assert!(
        !house
            .asked()
            .last()
            .unwrap()
            .headers
            .contains_key("x-cos-acl")
    );
    for inheriting in ["none", "default"] {
        assert!(!readable(&stranger, inheriting).await);
    }
    client
        .put_bucket_acl()
        .bucket(EXAMPLE)
        .acl("public-read")
        .send()
        .await
        .unwrap();
    for inheriting in ["none", "default"] {
        assert!(readable(&stranger, inheriting).await);
    }
    assert!(!readable(&stranger, "private").await);
}

// seed: S19, S20, S21, S22, S23
#[tokio::test]
async fn grant_read_reaches_exactly_the_grantees() {
    let house = house().await;
    let (client, second, sub) = (house.client(), house.second(), house.sub());
    sample(&client).key("mine").send().await.unwrap();
    assert!(!readable(&second, "mine").await);
    let root = Grantee::User(Owner::root(OWNER).unwrap());
    sample(&client)
        .key("root")
        .grant_read(root)
        .send()
        .await
        .unwrap();
    assert!(readable(&second, "root").await);
    let acl = second
        .put_object_acl()
        .bucket(EXAMPLE)
        .key("root")
        .acl("public-read");
    assert_eq!(acl.send().await.unwrap_err().kind(), ErrorKind::Denied);
    let only = Grantee::User(Owner::sub(OWNER, SUB).unwrap());
    sample(&client)
        .key("sub")
        .grant_read(only)
        .send()
        .await
        .unwrap();
    assert!(readable(&sub, "sub").await && !readable(&second, "sub").await);
    // Two in one text, of accounts that nobody made.
    let two = "id=\"qcs::cam::uin/100000000001:uin/100000000001\", \
               id=\"qcs::cam::uin/100000000001:uin/100000000011\"";
    sample(&client)
        .key("two")
        .grant_read(two)
        .send()
        .await
        .unwrap();
    let acl = client
        .get_object_acl()
        .bucket(EXAMPLE)
        .key("two")
        .send()
        .await
        .unwrap();
    let named = |owner: &Owner| {
        let read = |grant: &&cosette::Grant| grant.permission == Permission::Read;
        let user = Grantee::User(owner.clone());
        acl.acl
            .grants
            .iter()
            .filter(read)
            .any(|grant| grant.grantee == user)
    };
    assert!(named(&Owner::sub("100000000001", "100000000011").unwrap()));
}

// seed: S24, S25
#[tokio::test]
async fn grants_to_write_the_acl_and_to_do_all() {
    let house = house().await;
    let (client, second) = (house.client(), house.second());
    let id = format!("id=\"{OWNER}\"");
    sample(&client)
        .key("write")
        .grant_write(id.as_str())
        .send()
        .await
        .unwrap();
    let put = |key| {
        second
            .put_object_acl()
            .bucket(EXAMPLE)
            .key(key)
            .acl("private")
    };
    put("write").send().await.unwrap();
    sample(&client)
        .key("full")
        .grant_full_control(id.as_str())
        .send()
        .await
        .unwrap();
    let acl = second
        .get_object_acl()
        .bucket(EXAMPLE)
        .key("full")
        .send()
        .await
        .unwrap();
    let user = Grantee::User(Owner::root(OWNER).unwrap());
    assert!(
        acl.acl
            .grants
            .iter()
            .any(|grant| { grant.grantee == user && grant.permission == Permission::FullControl })
    );
    assert!(readable(&second, "full").await);
    put("full").send().await.unwrap();
}

/// Whether the copy went through; if not, that it was a failed condition and changed nothing.
async fn holds(house: &House, call: PutObjectCopy) -> bool {
    house
        .client()
        .delete_object()
        .bucket(EXAMPLE)
        .key("b/1.jpg")
        .send()
        .await
        .unwrap();
    match call.send().await {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::PreconditionFailed, "{error}");
            assert_eq!(
                (error.status(), error.code()),
                (Some(412), Some("PreconditionFailed"))
            );
            assert!(!house.exists(EXAMPLE, "b/1.jpg").await);
            false
        }
    }
}

// seed: S30, S31, S32, S33, S34, S35, S36
#[tokio::test]
async fn conditions_on_the_source_decide() {
    let house = house().await;
    let client = house.client();
    let of: ObjectReply = house.head(SOURCE, "a/1.jpg").await.value;
    let then = of.last_modified.secs();
    let at = cosette::Timestamp::from_secs;
    let call = || sample(&client);
    for (offset, modified) in [(-1, true), (0, false), (1, false)] {
        let time = at(then.checked_add_signed(offset).unwrap());
        let since = call().copy_source_if_modified_since(time);
        assert_eq!(holds(&house, since).await, modified, "{offset}");
        let since = call().copy_source_if_unmodified_since(time);
        assert_eq!(holds(&house, since).await, !modified, "{offset}");
    }
    // A tag with and without its quotes.
    for (tag, same) in [(MD5, true), (of.etag.value(), true), ("\"other\"", false)] {
        assert_eq!(holds(&house, call().copy_source_if_match(tag)).await, same);
        assert_eq!(
            holds(&house, call().copy_source_if_none_match(tag)).await,
            !same
        );
    }
    // Both of a pair, and of the mixes that COS calls a conflict: each counts.
    for (time, tag) in [(true, true), (true, false), (false, true), (false, false)] {
        let (before, after) = (at(then - 1), at(then + 1));
        let (match_tag, none_tag) = if tag { (MD5, "x") } else { ("x", MD5) };
        let unmodified = if time { after } else { before };
        let modified = if time { before } else { after };
        let wanted = time && tag;
        let unmodified_match = call()
            .copy_source_if_unmodified_since(unmodified)
            .copy_source_if_match(match_tag);
        assert_eq!(holds(&house, unmodified_match).await, wanted);
        let modified_none = call()
            .copy_source_if_modified_since(modified)
            .copy_source_if_none_match(none_tag);
        assert_eq!(holds(&house, modified_none).await, wanted);
        let modified_match = call()
            .copy_source_if_modified_since(modified)
            .copy_source_if_match(match_tag);
        assert_eq!(holds(&house, modified_match).await, wanted);
        let unmodified_none = call()
            .copy_source_if_unmodified_since(unmodified)
            .copy_source_if_none_match(none_tag);
        assert_eq!(holds(&house, unmodified_none).await, wanted);
    }
    let text = call().copy_source_if_unmodified_since("Fri, 10 Apr 2020 18:17:25 GMT");
    assert!(!holds(&house, text).await);
}

// seed: S37, S38
#[tokio::test]
async fn a_copy_is_standard_unless_a_class_is_given() {
    let house = House::new().await;
    let client = house.client();
    let put = client
        .put_object()
        .bucket(SOURCE)
        .key("a/1.jpg")
        .body(BYTES);
    put.storage_class("STANDARD_IA").send().await.unwrap();
    sample(&client).send().await.unwrap();
    assert!(
        !house
            .asked()
            .last()
            .unwrap()
            .headers
            .contains_key("x-cos-storage-class")
    );
    assert_eq!(
        house.head(EXAMPLE, "b/1.jpg").await.storage_class,
        StorageClass::Standard
    );
    for class in [
        StorageClass::StandardIa,
        StorageClass::Archive,
        StorageClass::Standard,
    ] {
        sample(&client)
            .key(class.as_str())
            .storage_class(class)
            .send()
            .await
            .unwrap();
        assert_eq!(
            house.head(EXAMPLE, class.as_str()).await.storage_class,
            class
        );
    }
    let listed = client
        .get_bucket()
        .bucket(EXAMPLE)
        .prefix("ARCHIVE")
        .objects()
        .all()
        .await;
    assert_eq!(listed.unwrap()[0].storage_class, StorageClass::Archive);
}

// seed: S60, S61
#[tokio::test]
async fn a_class_changes_in_place() {
    let house = house().await;
    let client = house.client();
    let before = house.head(SOURCE, "a/1.jpg").await;
    for directive in [None, Some("Copy"), Some("Copy")] {
        let call = in_place(&client).storage_class("STANDARD_IA");
        let call = match directive {
            Some(directive) => call.metadata_directive(directive),
            None => call,
        };
        assert_eq!(call.send().await.unwrap().status, 200);
        let after = house.head(SOURCE, "a/1.jpg").await;
        assert_eq!(after.storage_class, StorageClass::StandardIa);
        assert_eq!(
            (&after.etag, &after.metadata),
            (&before.etag, &before.metadata)
        );
    }
    in_place(&client)
        .storage_class("ARCHIVE")
        .send()
        .await
        .unwrap();
    assert_eq!(
        house.head(SOURCE, "a/1.jpg").await.storage_class,
        StorageClass::Archive
    );
}

// seed: S62
#[tokio::test]
async fn an_archived_object_is_an_error_kind_of_its_own() {
    let house = house().await;
    let client = house.client();
    in_place(&client)
        .storage_class("ARCHIVE")
        .send()
        .await
        .unwrap();
    let error = sample(&client).send().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.status()),
        (ErrorKind::Archived, Some(403))
    );
    assert!(error.to_string().contains("restore"), "{error}");
    let read = client
        .get_object()
        .bucket(SOURCE)
        .key("a/1.jpg")
        .send()
        .await
        .unwrap_err();
    assert_eq!(read.kind(), ErrorKind::Archived);
}
