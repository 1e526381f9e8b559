//! The S3 dialect: what is refused leaves everything as it was, and both dialects mean the same things.

use crate::harness::{BUCKET, Call, MIB, Server, bytes, content_md5, second};

const UNSIGNED: &str = "UNSIGNED-PAYLOAD";
const TRAILER: &str = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

fn s3(call: Call<'_>) -> Call<'_> {
    call.host("127.0.0.1").v4(UNSIGNED)
}

#[tokio::test]
async fn both_dialects_mean_the_same_object() {
    let server = Server::start().await;
    let by_cos = server.put("/cos", "one").header("x-cos-meta-a", "b");
    by_cos.ok().await;
    let by_s3 = s3(server.put(&format!("/{BUCKET}/s3"), "three"));
    let made = by_s3.header("x-amz-meta-c", "d").ok().await;
    assert!(made.header("x-amz-request-id").is_some() && made.header("x-amz-id-2").is_some());
    assert_eq!(made.header("x-cos-request-id"), None);

    let told = s3(server.head(&format!("/{BUCKET}/cos"))).ok().await;
    assert_eq!(told.header("x-amz-meta-a"), Some("b"));
    assert_eq!(told.header("x-cos-object-type"), None);
    let told = server.head("/s3").ok().await;
    assert_eq!(told.header("x-cos-meta-c"), Some("d"));
    assert_eq!(server.bytes("/s3").await, b"three");

    let listed = s3(server.get(&format!("/{BUCKET}?list-type=2"))).ok().await;
    let text = listed.text();
    assert!(text.contains("<KeyCount>2</KeyCount>"), "{text}");
    assert!(text.contains("xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\""));
    server.end().await;
}

#[tokio::test]
async fn a_signed_request_is_not_turned_into_another() {
    let server = Server::start().await;
    server.put("/secret", "secret").ok().await;
    let put = || s3(server.put(&format!("/{BUCKET}/k"), ""));
    for (name, value) in [
        ("x-amz-copy-source", format!("/{BUCKET}/secret")),
        ("x-cos-copy-source", format!("/{BUCKET}/secret")),
        ("x-amz-acl", "public-read".to_owned()),
        ("x-amz-meta-a", "b".to_owned()),
    ] {
        let more = put().unsigned(name, &value);
        more.refused(403, "AccessDenied").await;
    }
    put().ok().await;
    server.end().await;
}

#[tokio::test]
async fn a_body_that_is_not_what_was_said_is_not_stored() {
    let server = Server::start().await;
    let path = format!("/{BUCKET}/k");
    s3(server.put(&path, "before")).ok().await;
    let hash = "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225";
    let put = |body: &str, payload: &str| {
        server
            .put(&path, body)
            .host("127.0.0.1")
            .v4(payload)
            .header("x-amz-decoded-content-length", "9")
            .header("x-amz-trailer", "x-amz-checksum-crc32")
    };
    for (body, payload, code) in [
        ("12345678X", hash, "XAmzContentSHA256Mismatch"),
        ("123456789", "nothing-that-is-known", "InvalidArgument"),
        (
            "9\r\n12345678X\r\n0\r\nx-amz-checksum-crc32:y/Q5Jg==\r\n\r\n",
            TRAILER,
            "BadDigest",
        ),
        ("9\r\n123456789\r\n0\r\n\r\n", TRAILER, "InvalidRequest"),
        ("9\r\n123456789\r\n", TRAILER, "IncompleteBody"),
        (
            "8\r\n12345678\r\n0\r\nx-amz-checksum-crc32:muDarw==\r\n\r\n",
            TRAILER,
            "IncompleteBody",
        ),
        (
            "9;chunk-signature=00\r\n123456789\r\n0;chunk-signature=00\r\n\r\n",
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
            "SignatureDoesNotMatch",
        ),
    ] {
        let status = if code == "SignatureDoesNotMatch" {
            403
        } else {
            400
        };
        put(body, payload).refused(status, code).await;
    }
    let good = "9\r\n123456789\r\n0\r\nx-amz-checksum-crc32:y/Q5Jg==\r\n\r\n";
    let made = put(good, TRAILER)
        .header("content-encoding", "aws-chunked,gzip")
        .ok()
        .await;
    assert_eq!(made.header("x-amz-checksum-crc32"), Some("y/Q5Jg=="));
    let read = s3(server.get(&path)).ok().await;
    assert_eq!(read.body, b"123456789");
    assert_eq!(read.header("Content-Encoding"), Some("gzip"));
    put("123456789", hash).ok().await;
    server.end().await;
}

#[tokio::test]
async fn names_without_an_appid_are_buckets_of_this_dialect_only() {
    let server = Server::start().await;
    let make = |name: &str| s3(server.put(&format!("/{name}"), ""));
    make("photos").ok().await;
    make("photos").refused(409, "BucketAlreadyOwnedByYou").await;
    let theirs = make("photos").by(second());
    theirs.refused(409, "BucketAlreadyExists").await;
    make("theirs").by(second()).ok().await;
    // The number is another account's.
    let stolen = make("stolen-1250000000").by(second());
    stolen.refused(403, "AccessDenied").await;
    for bad in ["Photos", "ab", "a..b", "192.168.1.1"] {
        make(bad).refused(400, "InvalidBucketName").await;
    }
    let cos = server.get("/photos/").host("127.0.0.1");
    cos.refused(400, "InvalidBucketName").await;
    s3(server.delete("/photos")).ok().await;
    s3(server.delete("/theirs")).ok().await;
    server.end().await;
}

#[tokio::test]
async fn what_would_change_the_outcome_is_refused_by_name() {
    let server = Server::start().await;
    s3(server.put(&format!("/{BUCKET}/k"), "v")).ok().await;
    for (name, value) in [
        ("x-amz-expected-bucket-owner", "123456789012"),
        ("x-amz-object-lock-mode", "COMPLIANCE"),
        ("x-amz-write-offset-bytes", "1"),
        ("x-amz-website-redirect-location", "/elsewhere"),
    ] {
        let put = s3(server.put(&format!("/{BUCKET}/k"), "w"));
        put.header(name, value).refused(501, "NotImplemented").await;
    }
    for path in ["k?torrent", "k?legal-hold"] {
        let get = s3(server.get(&format!("/{BUCKET}/{path}")));
        get.refused(501, "NotImplemented").await;
    }
    let long = "k".repeat(1025);
    s3(server.put(&format!("/{BUCKET}/{long}"), ""))
        .refused(400, "KeyTooLongError")
        .await;
    let longest = "k".repeat(1024);
    s3(server.put(&format!("/{BUCKET}/{longest}"), ""))
        .ok()
        .await;
    // A page may end in it, and the next begin there.
    for (query, found) in [("prefix", true), ("marker", false), ("start-after", false)] {
        let version = if query == "start-after" {
            "&list-type=2"
        } else {
            ""
        };
        let list = s3(server.get(&format!("/{BUCKET}?{query}={longest}{version}")));
        let listed = list.ok().await.xml().child("Contents").is_some();
        assert_eq!(listed, found, "{query}");
    }
    // The harness reads back what is left by the keys of COS, which are shorter.
    s3(server.delete(&format!("/{BUCKET}/{longest}")))
        .ok()
        .await;
    s3(server.get(&format!("/{BUCKET}?prefix={long}")))
        .refused(400, "InvalidURI")
        .await;
    server.end().await;
}

#[tokio::test]
async fn a_move_by_the_name_it_has_in_s3() {
    let server = Server::start().await;
    s3(server.put(&format!("/{BUCKET}/old"), "v")).ok().await;
    let path = format!("/{BUCKET}/new?renameObject");
    let rename = || s3(server.put(&path, "")).header("x-amz-rename-source", "old");
    rename()
        .header("x-amz-rename-source-if-match", "\"other\"")
        .refused(412, "PreconditionFailed")
        .await;
    rename().header("x-amz-client-token", "once").ok().await;
    rename().header("x-amz-client-token", "once").ok().await;
    rename().refused(404, "NoSuchKey").await;
    assert_eq!(server.bytes("/new").await, b"v");
    assert!(!server.exists("/old").await);
    server.end().await;
}

/// `123456789` with its CRC-32.
const CHECKED: (&str, &str) = ("123456789", "y/Q5Jg==");

#[tokio::test]
async fn a_checksum_goes_where_its_bytes_go() {
    let server = Server::versioned().await;
    let at = |key: &str| format!("/{BUCKET}/{key}");
    let put = |key: &str, body: &str| s3(server.put(&at(key), body));
    let checked = put("k", CHECKED.0).header("x-amz-checksum-crc32", CHECKED.1);
    let first = checked
        .ok()
        .await
        .header("x-amz-version-id")
        .unwrap()
        .to_owned();
    // A copy, one with another key of encryption, one by a job's rules, a move, other tags.
    let copied = |key: &str| put(key, "").header("x-amz-copy-source", at("k"));
    copied("copy").ok().await;
    let sealed = copied("sealed").header("x-amz-server-side-encryption", "AES256");
    sealed.ok().await;
    copied("old").ok().await;
    let rename = put("moved?renameObject", "").header("x-amz-rename-source", "old");
    rename.ok().await;
    let tags = "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>";
    server.put("/copy?tagging", tags).ok().await;
    let wish = format!(
        "<PrefixJob><Kind>Copy</Kind><SourceBucket>{BUCKET}</SourceBucket>\
         <SourcePrefix>copy</SourcePrefix><TargetPrefix>by-job</TargetPrefix></PrefixJob>"
    );
    let job = server.post("/?prefix-job", wish).ok().await.value("Id");
    let path = format!("/?prefix-job={job}");
    while server.get(&path).ok().await.value("State") == "Running" {
        tokio::task::yield_now().await;
    }
    // What is put without one has none, also where one with a checksum was before.
    put("k", "other").ok().await;
    server.put("/by-cos", CHECKED.0).ok().await;

    let told = async |path: String| {
        let head = s3(server.head(&path)).header("x-amz-checksum-mode", "ENABLED");
        let head = head.ok().await;
        let read = s3(server.get(&path)).header("x-amz-checksum-mode", "ENABLED");
        let read = read.ok().await;
        let name = "x-amz-checksum-crc32";
        assert_eq!(head.header(name), read.header(name), "{path}");
        let kind = read.header("x-amz-checksum-type");
        assert_eq!(kind, read.header(name).map(|_| "FULL_OBJECT"), "{path}");
        read.header(name).map(str::to_owned)
    };
    let version = format!("k?versionId={first}");
    for key in ["copy", "sealed", "moved", "by-job", version.as_str()] {
        assert_eq!(told(at(key)).await.as_deref(), Some(CHECKED.1), "{key}");
    }
    for key in ["k", "by-cos"] {
        assert_eq!(told(at(key)).await, None, "{key}");
    }
    // It is told to who asks for it, with all the bytes, and in this dialect.
    for plain in [
        s3(server.get(&at("copy"))),
        s3(server.get(&at("copy")))
            .header("x-amz-checksum-mode", "ENABLED")
            .header("range", "bytes=0-7"),
        server.get("/copy"),
    ] {
        let answer = plain.ok().await;
        assert_eq!(answer.header("x-amz-checksum-crc32"), None);
    }
    let attributes = s3(server.get(&at("copy?attributes")));
    let answer = attributes
        .header("x-amz-object-attributes", "Checksum")
        .ok()
        .await;
    assert!(
        answer
            .text()
            .contains("<ChecksumCRC32>y/Q5Jg==</ChecksumCRC32>")
    );
    server.end().await;
}

#[tokio::test]
async fn a_checksum_that_is_wrong_or_none_stores_nothing() {
    let server = Server::start().await;
    let path = format!("/{BUCKET}/k");
    s3(server.put(&path, "before")).ok().await;
    let name = "x-amz-checksum-crc32";
    for (value, code) in [
        ("AAAAAA==", "BadDigest"),
        ("", "InvalidRequest"),
        ("y/Q5J", "InvalidRequest"),
        ("y/Q5Jg==y/Q5Jg==", "InvalidRequest"),
    ] {
        let put = s3(server.put(&path, CHECKED.0)).header(name, value);
        put.refused(400, code).await;
    }
    let twice = s3(server.put(&path, CHECKED.0)).header(name, CHECKED.1);
    let other = "25+zmL3jEU/+pKyZ4g+mDT3g5yE=";
    let twice = twice.header("x-amz-checksum-sha1", other);
    twice.refused(400, "InvalidRequest").await;
    server.end().await;
}

#[tokio::test]
async fn a_part_is_read_by_its_number() {
    let server = Server::start().await;
    let parts = [bytes(MIB, 1), bytes(MIB + 5, 2), bytes(7, 3)];
    let upload = server.upload("/big").await;
    let mut tags = Vec::new();
    // Numbers with gaps: what is asked for is the place in their order.
    for (number, part) in [2, 5, 9].into_iter().zip(&parts) {
        let path = format!("/big?partNumber={number}&uploadId={upload}");
        tags.push((number, server.put(&path, part).ok().await.etag()));
    }
    let listed: Vec<_> = tags
        .iter()
        .map(|(number, tag)| (*number, tag.as_str()))
        .collect();
    server
        .settled(&server.complete_parts("/big", &upload, &listed))
        .await;
    server.copy("big", "/copy").ok().await;
    server.put("/small", "v").ok().await;
    server.put("/empty", "").ok().await;
    let whole: Vec<u8> = parts.concat();
    for key in ["big", "copy"] {
        let mut start = 0;
        for (number, part) in (1..).zip(&parts) {
            let path = format!("/{BUCKET}/{key}?partNumber={number}");
            let end = start + part.len();
            let range = format!("bytes {start}-{}/{}", end - 1, whole.len());
            let head = s3(server.head(&path)).ok().await;
            let read = s3(server.get(&path)).ok().await;
            for answer in [&head, &read] {
                assert_eq!(answer.status, 206, "{path}");
                assert_eq!(answer.header("x-amz-mp-parts-count"), Some("3"), "{path}");
                assert_eq!(
                    answer.header("Content-Range"),
                    Some(range.as_str()),
                    "{path}"
                );
            }
            assert!(read.body == *part, "{path}");
            start = end;
        }
    }
    let get = |path: &str| s3(server.get(&format!("/{BUCKET}/{path}")));
    let small = get("small?partNumber=1").ok().await;
    assert_eq!(
        (small.status, small.header("x-amz-mp-parts-count")),
        (206, None)
    );
    assert_eq!(get("empty?partNumber=1").ok().await.status, 200);
    for path in [
        "big?partNumber=4",
        "small?partNumber=2",
        "big?partNumber=10000",
    ] {
        get(path).refused(416, "InvalidPartNumber").await;
    }
    for path in [
        "big?partNumber=0",
        "big?partNumber=10001",
        "big?partNumber=a",
    ] {
        get(path).refused(400, "InvalidArgument").await;
    }
    let both = get("big?partNumber=1").header("range", "bytes=0-1");
    both.refused(400, "InvalidRequest").await;
    // COS has no such parameter.
    assert_eq!(
        server.get("/big?partNumber=2").ok().await.body.len(),
        whole.len()
    );
    // Written again to be encrypted, it forgets where its parts began.
    let sealed = server.copy("big", "/sealed");
    sealed
        .header("x-cos-server-side-encryption", "AES256")
        .ok()
        .await;
    let part = get("sealed?partNumber=1").ok().await;
    assert!(part.body == whole && part.header("x-amz-mp-parts-count").is_none());
    get("sealed?partNumber=2")
        .refused(416, "InvalidPartNumber")
        .await;
    server.end().await;
}

#[tokio::test]
async fn many_are_deleted_each_on_its_own_condition() {
    let server = Server::start().await;
    let path = |key: &str| format!("/{BUCKET}/{key}");
    let kept = s3(server.put(&path("kept"), "kept")).ok().await;
    let gone = s3(server.put(&path("gone"), "gone")).ok().await;
    s3(server.put(&path("any"), "any")).ok().await;
    let (kept, gone) = (kept.etag(), gone.etag());
    let delete = |entries: &str| {
        let list = format!("<Delete>{entries}</Delete>");
        let call = s3(server.post(&format!("/{BUCKET}?delete"), &list));
        call.header("content-md5", content_md5(list.as_bytes()))
    };
    let before = server.dump().await;
    for other in ["Size>4</Size", "LastModifiedTime>x</LastModifiedTime"] {
        let one = format!("<Object><Key>kept</Key><{other}></Object>");
        delete(&one).refused(501, "NotImplemented").await;
    }
    assert_eq!(server.dump().await, before);
    let entry = |key: &str, tag: &str| {
        let tag = tag.replace('"', "&quot;");
        format!("<Object><Key>{key}</Key><ETag>{tag}</ETag></Object>")
    };
    let bare = gone.trim_matches('"');
    let list = [
        ("kept", gone.as_str()),
        ("gone", bare),
        ("any", "*"),
        ("no", "*"),
    ];
    let list: String = list.map(|(key, tag)| entry(key, tag)).concat();
    let done = delete(&list).ok().await.xml();
    let of = |name: &str| -> Vec<String> {
        let keys = done.children(name).filter_map(|one| one.child_text("Key"));
        keys.map(str::to_owned).collect()
    };
    assert_eq!(of("Deleted"), ["gone", "any"]);
    assert_eq!(of("Error"), ["kept", "no"]);
    let codes = done.children("Error").map(|one| one.child_text("Code"));
    assert!(codes.eq([Some("PreconditionFailed"); 2]));
    assert_eq!(server.head("/kept").ok().await.etag(), kept);
    assert!(!server.exists("/gone").await && !server.exists("/any").await);
    // An upload that somebody names by when it began stays as well.
    let upload = server.upload("/kept").await;
    let abort = s3(server.delete(&format!("/{BUCKET}/kept?uploadId={upload}")));
    abort
        .header("x-amz-if-match-initiated-time", "x")
        .refused(501, "NotImplemented")
        .await;
    let parts = server.get(&format!("/kept?uploadId={upload}"));
    parts.ok().await;
    server.end().await;
}

#[tokio::test]
async fn a_bucket_goes_with_the_uploads_that_nobody_finished() {
    let server = Server::start().await;
    let upload = server.upload("/k").await;
    s3(server.put(&format!("/{BUCKET}/o"), "o")).ok().await;
    let delete = || s3(server.delete(&format!("/{BUCKET}")));
    delete().refused(409, "BucketNotEmpty").await;
    // It was not empty, so it lost no upload either.
    server.get(&format!("/k?uploadId={upload}")).ok().await;
    server.delete("/o").ok().await;
    server.delete("/").refused(409, "BucketNotEmpty").await;
    delete().ok().await;
    server.head("/").refused(404, "NoSuchBucket").await;
    server.end().await;
}

#[tokio::test]
async fn what_s3_tells_and_cos_does_not() {
    let server = Server::versioned().await;
    s3(server.put("/plain-name", "")).ok().await;
    s3(server.put("/plain-name/k", "k")).ok().await;
    for query in ["", "?versions", "?list-type=2&fetch-owner=true"] {
        let listed = s3(server.get(&format!("/plain-name{query}"))).ok().await;
        let text = listed.text();
        assert!(text.contains("<Owner><ID>100000000001</ID>"), "{text}");
    }
    s3(server.delete("/plain-name/k")).ok().await;
    // A copy says which version it read, so that the next part can read the same.
    let version = server.put("/k", "k").ok().await.version();
    let copy = s3(server.put(&format!("/{BUCKET}/copy"), ""));
    let copy = copy.header("x-amz-copy-source", format!("{BUCKET}/k"));
    let told = copy.ok().await;
    assert_eq!(
        told.header("x-amz-copy-source-version-id"),
        Some(version.as_str())
    );
    let told = server.copy("k", "/other").ok().await;
    assert_eq!(told.header("x-cos-copy-source-version-id"), None);
    let wish = "<RestoreRequest><Days>1</Days></RestoreRequest>";
    let restore = s3(server.post(&format!("/{BUCKET}/k?restore"), wish));
    restore.refused(403, "InvalidObjectState").await;
    server.end().await;
}

#[tokio::test]
async fn parameters_of_an_address_are_the_headers_they_stand_for() {
    let server = Server::start().await;
    s3(server.put(&format!("/{BUCKET}/source"), "precious"))
        .ok()
        .await;
    let call = |path: &str| s3(server.put(&format!("/{BUCKET}{path}"), "new"));
    // What the SDKs of S3 put there: a checksum of the body that they do not know counts for nothing.
    let put = "/k?x-amz-meta-a=b%20c&X-Amz-Storage-Class=STANDARD_IA&x-amz-tagging=t%3Du\
               &x-amz-acl=public-read&x-amz-sdk-checksum-algorithm=CRC32&x-amz-checksum-crc32=AAAAAA%3D%3D";
    call(put).into_presigned().ok().await;
    let made = server.head("/k").ok().await;
    assert_eq!(made.header("x-cos-meta-a"), Some("b c"));
    assert_eq!(made.header("x-cos-storage-class"), Some("STANDARD_IA"));
    assert_eq!(made.header("x-cos-tagging-count"), Some("1"));
    assert_eq!(
        server.get("/k").anonymous().ok().await.body,
        b"new",
        "it is public"
    );
    let copy = format!("/k?x-amz-copy-source={BUCKET}%2Fsource");
    let copying = s3(server.put(&format!("/{BUCKET}{copy}"), ""));
    copying.into_presigned().ok().await;
    assert_eq!(server.bytes("/k").await, b"precious");
    let before = server.dump().await;
    for (name, status, code) in [
        ("x-amz-object-lock-mode=COMPLIANCE", 501, "NotImplemented"),
        (
            "x-amz-server-side-encryption=aws:kms",
            501,
            "NotImplemented",
        ),
        (
            "x-amz-server-side-encryption-customer-key=a",
            501,
            "NotImplemented",
        ),
        ("x-amz-meta-a=%0A", 400, "InvalidArgument"),
        (
            "x-amz-acl=private&x-amz-acl=public-read",
            400,
            "InvalidArgument",
        ),
    ] {
        let put = call(&format!("/k?{name}")).into_presigned();
        put.refused(status, code).await;
    }
    // Who only holds the address cannot put more into it, and what nobody signed is not passed over.
    let mut more = call("/k").presigned();
    more.push_str("&x-amz-acl=public-read");
    let more = server.put(&more, "new").host("127.0.0.1").anonymous();
    more.refused(403, "SignatureDoesNotMatch").await;
    let nobody = server.put(
        &format!("/{BUCKET}/k?x-amz-acl=private&x-id=PutObject"),
        "new",
    );
    let nobody = nobody.host("127.0.0.1").anonymous();
    nobody.refused(501, "NotImplemented").await;
    assert_eq!(server.dump().await, before);
    server.end().await;
}
