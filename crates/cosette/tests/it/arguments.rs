//! What can be said to the SDK, and what it refuses before anything is sent.

use cosette::{
    BucketName, CannedAcl, CopySource, Credentials, Directive, ETag, Error, ErrorKind, Grantee,
    ObjectKey, Owner, PartNumber, Region, StorageClass,
};
use cosette_proto::copy_source;

use crate::script::{BUCKET, SOURCE, Script, Step};

/// The argument that an error names, when nothing was sent.
fn refused(script: &Script, error: &Error) -> String {
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    assert_eq!(script.asked(), "", "{error}");
    let message = error.message();
    message
        .split('`')
        .nth(1)
        .unwrap_or_else(|| panic!("{message}"))
        .to_owned()
}

// seed: S40, S111
#[tokio::test]
async fn a_required_argument_left_out_is_named_before_anything_is_sent() {
    let script = Script::default();
    let client = script.client();
    let copy = || client.put_object_copy();
    for (call, missing) in [
        (copy().key("k").copy_source(SOURCE), "bucket"),
        (copy().bucket(BUCKET).copy_source(SOURCE), "key"),
        (copy().bucket(BUCKET).key("k"), "copy_source"),
    ] {
        assert_eq!(refused(&script, &call.send().await.unwrap_err()), missing);
    }
    let part = || client.upload_part_copy().bucket(BUCKET).key("k");
    for (call, missing) in [
        (part().part_number(1).copy_source(SOURCE), "upload_id"),
        (part().upload_id("U").copy_source(SOURCE), "part_number"),
        (part().upload_id("U").part_number(1), "copy_source"),
    ] {
        assert_eq!(refused(&script, &call.send().await.unwrap_err()), missing);
    }
    let slice = || client.slice_copy();
    for (call, missing) in [
        (slice().key("k").copy_source(SOURCE), "bucket"),
        (slice().bucket(BUCKET).copy_source(SOURCE), "key"),
        (slice().bucket(BUCKET).key("k"), "copy_source"),
    ] {
        assert_eq!(refused(&script, &call.send().await.unwrap_err()), missing);
    }
    let complete = client
        .multipart_complete()
        .bucket(BUCKET)
        .key("k")
        .part(1, "a");
    assert_eq!(
        refused(&script, &complete.send().await.unwrap_err()),
        "upload_id"
    );
    let missing = client
        .multipart_init()
        .bucket(BUCKET)
        .send()
        .await
        .unwrap_err();
    assert_eq!(refused(&script, &missing), "key");
}

// seed: S10, S65, S85, S110, S122
#[tokio::test]
async fn only_a_name_with_an_appid_is_a_bucket() {
    assert!(BUCKET.parse::<BucketName>().is_ok());
    for bad in [
        "examplebucket",
        "Example-1250000000",
        "examplebucket-",
        "",
        "a_b-1250000000",
    ] {
        assert!(bad.parse::<BucketName>().is_err(), "{bad}");
        let script = Script::default();
        let client = script.client();
        let copied = client
            .put_object_copy()
            .bucket(bad)
            .key("k")
            .copy_source(SOURCE);
        let error = copied.send().await.unwrap_err();
        assert_eq!(refused(&script, &error), "bucket");
        assert!(
            bad.is_empty() || error.message().contains("BucketName-APPID"),
            "{error}"
        );
        let init = client
            .multipart_init()
            .bucket(bad)
            .key("k")
            .send()
            .await
            .unwrap_err();
        assert_eq!(refused(&script, &init), "bucket");
        let part = client
            .upload_part_copy()
            .bucket(bad)
            .key("k")
            .upload_id("U")
            .part_number(1);
        let part = part.copy_source(SOURCE).send().await.unwrap_err();
        assert_eq!(refused(&script, &part), "bucket");
        let complete = client
            .multipart_complete()
            .bucket(bad)
            .key("k")
            .upload_id("U")
            .part(1, "a");
        assert_eq!(
            refused(&script, &complete.send().await.unwrap_err()),
            "bucket"
        );
        let slice = client.slice_copy().bucket(bad).key("k").copy_source(SOURCE);
        assert_eq!(refused(&script, &slice.send().await.unwrap_err()), "bucket");
    }
}

// seed: S11, S65, S85, S110, S122
#[tokio::test]
async fn a_region_is_the_calls_or_the_clients_and_must_be_one() {
    let tag = "\"ee8de918d05640145b18f70f4c3aa602\"";
    let script = Script::of([Step::copied(tag), Step::copied(tag)]);
    let client = script.client();
    let copy = || {
        client
            .put_object_copy()
            .bucket(BUCKET)
            .key("k")
            .copy_source(SOURCE)
    };
    copy().send().await.unwrap();
    copy().region("ap-beijing").send().await.unwrap();
    let hosts: Vec<_> = script
        .seen()
        .iter()
        .map(|seen| seen.header("host").unwrap().to_owned())
        .collect();
    assert_eq!(
        hosts,
        [
            format!("{BUCKET}.cos.ap-guangzhou.myqcloud.com"),
            format!("{BUCKET}.cos.ap-beijing.myqcloud.com"),
        ]
    );

    let script = Script::default();
    let nowhere = cosette::Client::builder()
        .credentials(Credentials::new("id", "key"))
        .transport(script.clone())
        .build()
        .unwrap();
    let copy = nowhere
        .put_object_copy()
        .bucket(BUCKET)
        .key("k")
        .copy_source(SOURCE);
    assert_eq!(refused(&script, &copy.send().await.unwrap_err()), "region");
    let init = nowhere
        .multipart_init()
        .bucket(BUCKET)
        .key("k")
        .send()
        .await
        .unwrap_err();
    assert_eq!(refused(&script, &init), "region");
    let part = nowhere
        .upload_part_copy()
        .bucket(BUCKET)
        .key("k")
        .upload_id("U")
        .part_number(1);
    let part = part.copy_source(SOURCE).send().await.unwrap_err();
    assert_eq!(refused(&script, &part), "region");
    let complete = nowhere
        .multipart_complete()
        .bucket(BUCKET)
        .key("k")
        .upload_id("U")
        .part(1, "a");
    assert_eq!(
        refused(&script, &complete.send().await.unwrap_err()),
        "region"
    );
    let slice = nowhere
        .slice_copy()
        .bucket(BUCKET)
        .key("k")
        .copy_source(SOURCE);
    assert_eq!(refused(&script, &slice.send().await.unwrap_err()), "region");
    assert!("".parse::<Region>().is_err());
    let bad = copy_with_region(&script, "not.a.region").await;
    assert_eq!(refused(&script, &bad), "region");
}

async fn copy_with_region(script: &Script, region: &str) -> Error {
    let client = script.client();
    let copy = client
        .put_object_copy()
        .bucket(BUCKET)
        .key("k")
        .copy_source(SOURCE);
    copy.region(region).send().await.unwrap_err()
}

// seed: S12, S65, S85, S110, S122
#[tokio::test]
async fn an_empty_key_is_refused() {
    assert!("1.jpg".parse::<ObjectKey>().is_ok() && "a/b/test.txt".parse::<ObjectKey>().is_ok());
    let script = Script::default();
    let client = script.client();
    let copy = client
        .put_object_copy()
        .bucket(BUCKET)
        .key("")
        .copy_source(SOURCE);
    assert_eq!(refused(&script, &copy.send().await.unwrap_err()), "key");
    let init = client
        .multipart_init()
        .bucket(BUCKET)
        .key("")
        .send()
        .await
        .unwrap_err();
    assert_eq!(refused(&script, &init), "key");
    let part = client
        .upload_part_copy()
        .bucket(BUCKET)
        .key("")
        .upload_id("U")
        .part_number(1);
    let part = part.copy_source(SOURCE).send().await.unwrap_err();
    assert_eq!(refused(&script, &part), "key");
    let complete = client
        .multipart_complete()
        .bucket(BUCKET)
        .key("")
        .upload_id("U")
        .part(1, "a");
    assert_eq!(refused(&script, &complete.send().await.unwrap_err()), "key");
    let slice = client
        .slice_copy()
        .bucket(BUCKET)
        .key("")
        .copy_source(SOURCE);
    assert_eq!(refused(&script, &slice.send().await.unwrap_err()), "key");
}

// seed: S13, S86, S123
#[test]
fn a_copy_source_is_built_or_read_and_printed_back() {
    let built = CopySource {
        bucket: "sourcebucket-1250000000".parse().unwrap(),
        region: Some("ap-guangzhou".parse().unwrap()),
        key: "a/中文 1.jpg?versionId=x%".parse().unwrap(),
        version_id: Some("MTg0NDUx".parse().unwrap()),
    };
    let text = copy_source::print(&built, "myqcloud.com");
    assert_eq!(copy_source::parse(&text).unwrap(), built, "{text}");
    for text in [
        SOURCE,
        "sourcebucket-1250000000.cos.ap-guangzhou.myqcloud.com/a%2F1.jpg",
    ] {
        let read = copy_source::parse(text).unwrap();
        assert_eq!(copy_source::print(&read, "myqcloud.com"), SOURCE);
    }
}

// seed: S13, S86, S123
#[tokio::test]
async fn a_bad_copy_source_is_never_sent() {
    for bad in [
        "",
        "nobucket/k",
        "sourcebucket-1250000000",
        "http://b-1.cos.ap-x.myqcloud.com/k",
        "sourcebucket-1250000000.cos.ap-guangzhou.myqcloud.com/",
        "sourcebucket-1250000000.cos.ap-guangzhou.myqcloud.com/%zz",
    ] {
        let script = Script::default();
        let client = script.client();
        let copy = client
            .put_object_copy()
            .bucket(BUCKET)
            .key("k")
            .copy_source(bad);
        assert_eq!(
            refused(&script, &copy.send().await.unwrap_err()),
            "copy_source",
            "{bad}"
        );
        let part = client
            .upload_part_copy()
            .bucket(BUCKET)
            .key("k")
            .upload_id("U")
            .part_number(1);
        let part = part.copy_source(bad).send().await.unwrap_err();
        assert_eq!(refused(&script, &part), "copy_source", "{bad}");
        let slice = client.slice_copy().bucket(BUCKET).key("k").copy_source(bad);
        assert_eq!(
            refused(&script, &slice.send().await.unwrap_err()),
            "copy_source",
            "{bad}"
        );
    }
}

// seed: S17, S26, S37, S72, S76
#[tokio::test]
async fn words_of_the_wire_are_types() {
    assert_eq!("public-read".parse(), Ok(CannedAcl::PublicRead));
    assert_eq!("default".parse(), Ok(CannedAcl::Default));
    assert_eq!("STANDARD_IA".parse(), Ok(StorageClass::StandardIa));
    assert_eq!("Replaced".parse(), Ok(Directive::Replaced));
    assert_eq!(Directive::default(), Directive::Copy);
    let script = Script::default();
    let client = script.client();
    let copy = || {
        client
            .put_object_copy()
            .bucket(BUCKET)
            .key("k")
            .copy_source(SOURCE)
    };
    let init = || client.multipart_init().bucket(BUCKET).key("k");
    for (error, named) in [
        (copy().acl("public").send().await.unwrap_err(), "acl"),
        (
            copy().metadata_directive("Keep").send().await.unwrap_err(),
            "metadata_directive",
        ),
        (
            copy().storage_class("GLACIER").send().await.unwrap_err(),
            "storage_class",
        ),
        (init().acl("public").send().await.unwrap_err(), "acl"),
        (
            init().storage_class("GLACIER").send().await.unwrap_err(),
            "storage_class",
        ),
    ] {
        assert_eq!(refused(&script, &error), named);
    }
}

// seed: S20, S21, S22, S23
#[tokio::test]
async fn grantees_are_types_or_the_seeds_text() {
    let root = Grantee::User(Owner::root("100000000001").unwrap());
    let sub = Grantee::User(Owner::sub("100000000001", "100000000011").unwrap());
    let two = "id=\"qcs::cam::uin/100000000001:uin/100000000001\", \
               id=\"qcs::cam::uin/100000000001:uin/100000000011\"";
    let tag = "\"ee8de918d05640145b18f70f4c3aa602\"";
    let script = Script::of([Step::copied(tag), Step::copied(tag), Step::copied(tag)]);
    let client = script.client();
    let copy = || {
        client
            .put_object_copy()
            .bucket(BUCKET)
            .key("k")
            .copy_source(SOURCE)
    };
    copy().grant_read(two).send().await.unwrap();
    copy()
        .grant_read(vec![root.clone(), sub.clone()])
        .send()
        .await
        .unwrap();
    // A bare uin is a root account; a list may grow.
    copy()
        .grant_read("id=\"100000000001\"")
        .grant_read(sub)
        .send()
        .await
        .unwrap();
    for seen in script.seen() {
        assert_eq!(seen.header("x-cos-grant-read"), Some(two));
    }
    let script = Script::default();
    let client = script.client();
    for bad in [
        "100000000001",
        "id=\"nobody\"",
        "id=\"qcs::cam::uin/1\"",
        "",
    ] {
        let copy = client
            .put_object_copy()
            .bucket(BUCKET)
            .key("k")
            .copy_source(SOURCE);
        let error = copy.grant_read(bad).send().await.unwrap_err();
        assert_eq!(refused(&script, &error), "grant_read", "{bad}");
    }
}

// seed: S88, S113
#[tokio::test]
async fn part_numbers_are_1_to_10000_as_number_or_text() {
    let number = |text: &str| text.parse::<PartNumber>();
    assert_eq!(number("1").unwrap(), PartNumber::MIN);
    assert_eq!(number("10000").unwrap(), PartNumber::MAX);
    let script = Script::default();
    let client = script.client();
    let part = || {
        client
            .upload_part_copy()
            .bucket(BUCKET)
            .key("k")
            .upload_id("U")
            .copy_source(SOURCE)
    };
    for bad in ["0", "10001", "-1", "one", ""] {
        let error = part().part_number(bad).send().await.unwrap_err();
        assert_eq!(refused(&script, &error), "part_number", "{bad}");
    }
    for bad in [0, 10_001, -1] {
        let error = part().part_number(bad).send().await.unwrap_err();
        assert_eq!(refused(&script, &error), "part_number", "{bad}");
    }
    let complete = || {
        client
            .multipart_complete()
            .bucket(BUCKET)
            .key("k")
            .upload_id("U")
    };
    let error = complete().part("0", "a").send().await.unwrap_err();
    assert_eq!(refused(&script, &error), "part_number");
    let tag = "\"22ca88419e2ed4721c23807c678adbe4c08a7880-2\"";
    let script = Script::of([Step::completed(tag)]);
    let client = script.client();
    let complete = client
        .multipart_complete()
        .bucket(BUCKET)
        .key("b/1.jpg")
        .upload_id("U");
    let completed = complete
        .part("1", "a")
        .part(2, "\"b\"")
        .send()
        .await
        .unwrap();
    // Quotes are always sent, and a tag of 40 digits is one.
    let body = String::from_utf8(script.seen()[0].body.to_vec()).unwrap();
    let body = body.replace("&quot;", "\"");
    assert!(
        body.contains("<ETag>\"a\"</ETag>") && body.contains("<ETag>\"b\"</ETag>"),
        "{body}"
    );
    assert_eq!(completed.etag.to_string(), tag);
    assert_eq!(completed.etag.part_count(), Some(2));
}

// seed: S90
#[tokio::test]
async fn a_part_copys_range_has_both_ends() {
    let script = Script::default();
    let client = script.client();
    for bad in ["bytes=5-", "bytes=-5", "0-9", "bytes=9-0", "all", ""] {
        let part = client
            .upload_part_copy()
            .bucket(BUCKET)
            .key("k")
            .upload_id("U")
            .part_number(1);
        let part = part
            .copy_source(SOURCE)
            .copy_source_range(bad)
            .send()
            .await
            .unwrap_err();
        assert_eq!(refused(&script, &part), "copy_source_range", "{bad}");
    }
}

// seed: S112
#[tokio::test]
async fn a_complete_without_parts_is_refused() {
    let script = Script::default();
    let client = script.client();
    let complete = client
        .multipart_complete()
        .bucket(BUCKET)
        .key("k")
        .upload_id("U");
    assert_eq!(
        refused(&script, &complete.send().await.unwrap_err()),
        "parts"
    );
}

// seed: S79
#[tokio::test]
async fn user_metadata_beyond_2048_bytes_names_the_limit() {
    let script = Script::default();
    let client = script.client();
    let init = client.multipart_init().bucket(BUCKET).key("k");
    let error = init.meta("a", "v".repeat(2048)).send().await.unwrap_err();
    assert_eq!(refused(&script, &error), "meta");
    assert!(error.message().contains("2048"), "{error}");
    let copy = client
        .put_object_copy()
        .bucket(BUCKET)
        .key("k")
        .copy_source(SOURCE);
    let error = copy.meta("abc", "v".repeat(2046)).send().await.unwrap_err();
    assert_eq!(refused(&script, &error), "meta");
    let script = Script::of([Step::begun()]);
    let init = script
        .client()
        .multipart_init()
        .bucket(BUCKET)
        .key("b/1.jpg");
    init.meta("a", "v".repeat(2047)).send().await.unwrap();
}

// seed: S47, S101
#[test]
fn an_etag_prints_its_quotes() {
    let tag: ETag = "22ca88419e2ed4721c23807c678adbe4c08a7880".parse().unwrap();
    assert_eq!(
        tag.to_string(),
        "\"22ca88419e2ed4721c23807c678adbe4c08a7880\""
    );
    assert_eq!(
        "\"22ca88419e2ed4721c23807c678adbe4c08a7880\"".parse(),
        Ok(tag)
    );
}

// seed: S48, S102
#[tokio::test]
async fn times_are_read_in_every_shape() {
    let moments = [
        "2017-06-23T12:33:27.000Z",
        "2017-06-23T12:33:27Z",
        "2017-06-23T12:33:27",
        "Fri, 23 Jun 2017 12:33:27 GMT",
    ];
    for moment in moments {
        let result = |root: &str| {
            Step::ok(&format!(
                "<{root}><ETag>\"a\"</ETag><LastModified>{moment}</LastModified></{root}>"
            ))
        };
        let script = Script::of([result("CopyObjectResult"), result("CopyPartResult")]);
        let client = script.client();
        let copy = client
            .put_object_copy()
            .bucket(BUCKET)
            .key("k")
            .copy_source(SOURCE);
        assert_eq!(
            copy.send().await.unwrap().last_modified.secs(),
            1_498_221_207,
            "{moment}"
        );
        let part = client
            .upload_part_copy()
            .bucket(BUCKET)
            .key("k")
            .upload_id("U")
            .part_number(1);
        let part = part.copy_source(SOURCE).send().await.unwrap();
        assert_eq!(part.last_modified.secs(), 1_498_221_207, "{moment}");
    }
}

#[tokio::test]
async fn headers_that_decide_where_a_request_goes_cannot_be_given() {
    let script = Script::default();
    let client = script.client();
    for name in [
        "Host",
        "authorization",
        "Content-Length",
        "transfer-encoding",
        "bad name",
    ] {
        let copy = client
            .put_object_copy()
            .bucket(BUCKET)
            .key("k")
            .copy_source(SOURCE);
        let error = copy.header(name, "x").send().await.unwrap_err();
        assert_eq!(refused(&script, &error), "header", "{name}");
    }
}

#[test]
fn a_client_needs_keys_or_the_word_anonymous() {
    let error = cosette::Client::builder().build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.message().contains("credentials"), "{error}");
    assert!(cosette::Client::builder().anonymous().build().is_ok());
}

#[tokio::test]
async fn all_buckets_are_asked_of_the_host_of_all_regions() {
    let list = Step::ok(
        "<ListAllMyBucketsResult><Owner><ID>qcs::cam::uin/1:uin/1</ID></Owner><Buckets/>\
         </ListAllMyBucketsResult>",
    );
    let script = Script::of([list.clone(), list]);
    let client = script.client();
    client.get_service().send().await.unwrap();
    client
        .get_service()
        .region("ap-beijing")
        .send()
        .await
        .unwrap();
    let seen = script.seen();
    assert_eq!(seen[0].header("host"), Some("service.cos.myqcloud.com"));
    assert_eq!(seen[1].header("host"), Some("cos.ap-beijing.myqcloud.com"));
}
