//! PUT Object - Copy, row by row of the seed.

use cosette_proto::{date, percent};
use cosette_types::Timestamp;

use crate::harness::{Answer, BUCKET, Call, OTHER, SUFFIX, Server, bytes, md5};

/// An object with every content header and some user metadata.
fn rich(call: Call<'_>) -> Call<'_> {
    call.header("Content-Type", "image/jpeg")
        .header("Cache-Control", "max-age=60")
        .header("Content-Disposition", "attachment; filename=\"1.jpg\"")
        .header("Content-Encoding", "identity")
        .header("Content-Language", "zh-CN")
        .header("Expires", "Wed, 21 Oct 2065 07:28:00 GMT")
        .header("x-cos-meta-author", "Zhang San")
        .header("x-cos-meta-n", "%E4%B8%AD")
}

async fn metadata(server: &Server, path: &str) -> Answer {
    server.head(path).ok().await
}

// seed: S03, S08, S45, S47, S48
#[tokio::test]
async fn a_copy_has_the_sources_bytes_and_its_own_time() {
    let server = Server::start().await;
    server.put("/a/1.jpg", "abc").ok().await;
    server.advance(3600);
    let copied = server.copy("a/1.jpg", "/b/1.jpg").send().await;
    assert_eq!(
        (copied.status, copied.xml().name.as_str()),
        (200, "CopyObjectResult")
    );
    assert_eq!(copied.header("Content-Type"), Some("application/xml"));
    assert_eq!(copied.value("ETag"), md5(b"abc"));
    assert!(
        copied
            .text()
            .contains(&format!("<ETag>{}</ETag>", md5(b"abc")))
    );
    assert_eq!(copied.value("LastModified"), "2024-05-06T08:08:09.000Z");
    let source = server.head("/a/1.jpg").ok().await;
    assert_eq!(
        source.header("x-cos-hash-crc64ecma"),
        Some(copied.value("CRC64").as_str())
    );
    let head = server.head("/b/1.jpg").ok().await;
    assert_eq!(head.etag(), md5(b"abc"));
    let at = date::rfc1123(Timestamp::from_secs(server.now()));
    assert_eq!(head.header("Last-Modified"), Some(at.as_str()));
    assert_eq!(server.bytes("/b/1.jpg").await, b"abc");
    assert_eq!(server.bytes("/a/1.jpg").await, b"abc");
    server.end().await;
}

// seed: S01, S04
#[tokio::test]
async fn metadata_and_acl_can_be_changed_on_the_way() {
    let server = Server::start().await;
    rich(server.put("/a", "abc")).ok().await;
    let copy = server
        .copy("a", "/b")
        .header("x-cos-metadata-directive", "Replaced")
        .header("x-cos-meta-new", "1")
        .header("Content-Type", "text/plain")
        .header("x-cos-acl", "public-read");
    copy.ok().await;
    let got = server.get("/b").anonymous().ok().await;
    assert_eq!(
        (
            got.header("x-cos-meta-new"),
            got.header("x-cos-meta-author")
        ),
        (Some("1"), None)
    );
    assert!(server.get("/b?acl").ok().await.text().contains("AllUsers"));
    server.end().await;
}

// seed: S05, S27
#[tokio::test]
async fn directive_copy_keeps_all_metadata_and_ignores_the_requests() {
    let server = Server::start().await;
    rich(server.put("/a", "abc")).ok().await;
    let source = metadata(&server, "/a").await.properties();
    for directive in [None, Some("Copy"), Some("COPY"), Some("copy")] {
        let mut copy = server.copy("a", "/b");
        if let Some(directive) = directive {
            copy = copy.header("x-cos-metadata-directive", directive);
        }
        copy.clone().ok().await;
        assert_eq!(metadata(&server, "/b").await.properties(), source);
        // One official client sends an empty header always.
        copy.header("x-cos-meta-author", "someone")
            .header("x-cos-meta-more", "m".repeat(3000))
            .header("Content-Type", "text/html")
            .header("Cache-Control", "")
            .ok()
            .await;
        assert_eq!(metadata(&server, "/b").await.properties(), source);
    }
    server.end().await;
}

// seed: S26, S28, S39
#[tokio::test]
async fn directive_replaced_leaves_nothing_of_the_old() {
    let server = Server::start().await;
    rich(server.put("/a", "abc")).ok().await;
    for directive in ["Replaced", "REPLACED", "REPLACE"] {
        let copy = server
            .copy("a", "/b")
            .header("x-cos-metadata-directive", directive);
        copy.header("x-cos-meta-One", "1")
            .header("x-cos-meta-two-b", "2")
            .ok()
            .await;
        let head = metadata(&server, "/b").await;
        for gone in [
            "Cache-Control",
            "Content-Disposition",
            "Content-Encoding",
            "Content-Language",
            "Expires",
            "x-cos-meta-author",
            "x-cos-meta-n",
        ] {
            assert_eq!(head.header(gone), None, "{gone}");
        }
        assert_eq!(head.header("x-cos-meta-one"), Some("1"));
        assert_eq!(head.header("x-cos-meta-two-b"), Some("2"));
        assert_eq!(
            head.header("Content-Type"),
            Some("application/octet-stream")
        );
        let got = server.get("/b").ok().await;
        assert_eq!(got.header("x-cos-meta-one"), Some("1"));
    }
    let third = server
        .copy("a", "/new")
        .header("x-cos-metadata-directive", "Both");
    third.refused(400, "InvalidArgument").await;
    server.end().await;
}

// seed: S06, S29
#[tokio::test]
async fn metadata_is_changed_in_place_with_replaced_only() {
    let server = Server::start().await;
    rich(server.put("/a", "abc")).ok().await;
    for directive in [None, Some("Copy")] {
        let mut copy = server.copy("a", "/a").header("x-cos-meta-new", "1");
        if let Some(directive) = directive {
            copy = copy.header("x-cos-metadata-directive", directive);
        }
        let refused = copy.refused(400, "InvalidRequest").await;
        assert!(refused.value("Message").contains("Replaced"));
    }
    let copy = server
        .copy("a", "/a")
        .header("x-cos-metadata-directive", "Replaced");
    let copied = copy.header("x-cos-meta-new", "1").ok().await;
    assert_eq!(copied.value("ETag"), md5(b"abc"));
    let got = server.get("/a").ok().await;
    assert_eq!(
        (got.body.as_slice(), got.header("x-cos-meta-new")),
        (&b"abc"[..], Some("1"))
    );
    assert_eq!(got.header("x-cos-meta-author"), None);
    server.end().await;
}

// seed: S13, S86
// security: S6, S12
#[tokio::test]
async fn a_copy_source_that_is_none_changes_nothing() {
    let server = Server::start().await;
    server.put("/a", "abc").ok().await;
    server.put("/target", "old").ok().await;
    let upload = server.upload("/part").await;
    let part = format!("/part?partNumber=1&uploadId={upload}");
    for (source, status, code) in [
        ("", 400, "InvalidArgument"),
        ("/", 400, "InvalidArgument"),
        ("/a", 400, "InvalidArgument"),
        ("examplebucket/a", 400, "InvalidArgument"),
        (&format!("{BUCKET}.{SUFFIX}"), 400, "InvalidArgument"),
        (&format!("{BUCKET}.{SUFFIX}/"), 400, "InvalidArgument"),
        (
            &format!("http://{BUCKET}.{SUFFIX}/a"),
            400,
            "InvalidArgument",
        ),
        (&format!("{BUCKET}.{SUFFIX}/%zz"), 400, "InvalidArgument"),
        (&format!("{BUCKET}.{SUFFIX}/%e4"), 400, "InvalidArgument"),
        ("127.0.0.1/a", 400, "InvalidArgument"),
        (
            "user@examplebucket-1250000000.cos.ap-guangzhou.myqcloud.com/a",
            400,
            "InvalidArgument",
        ),
        (
            "examplebucket-1250000000.cos.ap-guangzhou.myqcloud.com:80/a",
            400,
            "InvalidArgument",
        ),
        (
            "foreign-99.cos.ap-guangzhou.myqcloud.com/a",
            404,
            "NoSuchBucket",
        ),
        (
            "examplebucket-1250000000.cos.ap-beijing.myqcloud.com/a",
            400,
            "InvalidArgument",
        ),
        (&format!("{BUCKET}.{SUFFIX}/none"), 404, "NoSuchKey"),
    ] {
        server
            .copy_from(source, "/target")
            .refused(status, code)
            .await;
        server.copy_from(source, "/new").refused(status, code).await;
        server.copy_from(source, &part).refused(status, code).await;
    }
    for good in [
        format!("{BUCKET}.{SUFFIX}/a"),
        format!("/{BUCKET}/a"),
        format!("{BUCKET}/a"),
        format!("{BUCKET}.cos.ap-guangzhou.tencentcos.cn/a"),
        format!("{BUCKET}.ap-guangzhou.mycloud.com/a"),
    ] {
        server.copy_from(&good, "/new").ok().await;
    }
    server.end().await;
}

// seed: S14
// security: S5
// incident: R65
#[tokio::test]
async fn escapes_in_the_copy_source() {
    let server = Server::start().await;
    server
        .put("/a/%E4%B8%AD%E6%96%87%201.jpg", "right")
        .ok()
        .await;
    server
        .put("/a/%25E4%25B8%25AD%25E6%2596%2587%25201.jpg", "wrong")
        .ok()
        .await;
    let key = "a/中文 1.jpg";
    for escaped in [
        percent::encode(key),
        percent::encode_path(key),
        key.to_owned(),
    ] {
        server.copy(&escaped, "/b").ok().await;
        assert_eq!(server.bytes("/b").await, b"right", "{escaped}");
        server.delete("/b").ok().await;
    }
    server.put("/a+b", "plus").ok().await;
    server.copy("a+b", "/c").ok().await;
    assert_eq!(server.bytes("/c").await, b"plus");
    server.end().await;
}

// seed: S15
#[tokio::test]
async fn an_older_version_is_copied_by_its_id() {
    let server = Server::versioned().await;
    let old = server
        .put("/a", "old")
        .header("x-cos-meta-n", "1")
        .ok()
        .await
        .version();
    server
        .put("/a", "new")
        .header("x-cos-meta-n", "2")
        .ok()
        .await;
    let copied = server.copy(&format!("a?versionId={old}"), "/b").ok().await;
    assert_eq!(
        copied.header("x-cos-copy-source-version-id"),
        Some(old.as_str())
    );
    let got = server.get("/b").ok().await;
    assert_eq!(
        (got.body.as_slice(), got.header("x-cos-meta-n")),
        (&b"old"[..], Some("1"))
    );
    let unnamed = server.copy("a", "/b").ok().await;
    assert_eq!(unnamed.header("x-cos-copy-source-version-id"), None);
    assert_eq!(server.bytes("/b").await, b"new");
    // Rolling back: an older version onto its own key.
    server.copy(&format!("a?versionId={old}"), "/a").ok().await;
    assert_eq!(server.bytes("/a").await, b"old");
    let other = server.put("/other", "x").ok().await.version();
    server
        .copy(&format!("a?versionId={other}"), "/b")
        .refused(404, "NoSuchVersion")
        .await;
    server
        .copy("a?versionId=nonsense", "/b")
        .refused(400, "InvalidArgument")
        .await;
    let marker = server.delete("/a").ok().await.version();
    server.copy("a", "/b").refused(404, "NoSuchKey").await;
    server
        .copy(&format!("a?versionId={marker}"), "/b")
        .refused(400, "InvalidRequest")
        .await;
    server.end().await;
}

// seed: S16
#[tokio::test]
async fn the_source_may_lie_in_another_bucket() {
    let server = Server::with_two_buckets().await;
    server.put("/a", "abc").bucket(OTHER).ok().await;
    server
        .copy_from(&format!("{OTHER}.{SUFFIX}/a"), "/a")
        .ok()
        .await;
    assert_eq!(server.bytes("/a").await, b"abc");
    server.delete("/a").bucket(OTHER).ok().await;
    assert_eq!(server.bytes("/a").await, b"abc");
    server.end().await;
}

// seed: S37, S38, S62
#[tokio::test]
async fn the_class_is_as_asked_for_or_standard() {
    let server = Server::start().await;
    server
        .put("/a", "abc")
        .header("x-cos-storage-class", "STANDARD_IA")
        .ok()
        .await;
    server.copy("a", "/plain").ok().await;
    assert_eq!(
        metadata(&server, "/plain")
            .await
            .header("x-cos-storage-class"),
        None
    );
    for class in [
        "STANDARD",
        "STANDARD_IA",
        "INTELLIGENT_TIERING",
        "ARCHIVE",
        "DEEP_ARCHIVE",
    ] {
        server
            .copy("a", "/b")
            .header("x-cos-storage-class", class)
            .ok()
            .await;
        let shown = metadata(&server, "/b").await;
        let wanted = Some(class).filter(|class| *class != "STANDARD");
        assert_eq!(shown.header("x-cos-storage-class"), wanted);
        let listed = server.get("/?prefix=b").ok().await;
        assert!(
            listed
                .text()
                .contains(&format!("<StorageClass>{class}</StorageClass>"))
        );
    }
    // DEEP_ARCHIVE now.
    let read = server.get("/b").refused(403, "InvalidObjectState").await;
    assert_eq!(read.header("x-cos-storage-class"), Some("DEEP_ARCHIVE"));
    let copied = server
        .copy("b", "/c")
        .refused(403, "InvalidObjectState")
        .await;
    assert_eq!(copied.header("x-cos-storage-class"), Some("DEEP_ARCHIVE"));
    let upload = server.upload("/p").await;
    server
        .copy_part("b", "/p", &upload, 1)
        .refused(403, "InvalidObjectState")
        .await;
    let bad = server
        .copy("a", "/d")
        .header("x-cos-storage-class", "GLACIER");
    bad.refused(400, "InvalidArgument").await;
    server.end().await;
}

// seed: S60, S61
#[tokio::test]
async fn the_class_is_changed_in_place() {
    let server = Server::start().await;
    rich(server.put("/1.jpg", "abc")).ok().await;
    let before = metadata(&server, "/1.jpg").await.properties();
    for directive in [None, Some("Copy"), Some("Copy")] {
        let mut copy = server
            .copy("1.jpg", "/1.jpg")
            .header("x-cos-storage-class", "STANDARD_IA");
        if let Some(directive) = directive {
            copy = copy.header("x-cos-metadata-directive", directive);
        }
        copy.ok().await;
        let mut after = metadata(&server, "/1.jpg").await.properties();
        assert_eq!(
            after.remove("x-cos-storage-class").as_deref(),
            Some("STANDARD_IA")
        );
        assert_eq!(after, before);
        assert_eq!(server.bytes("/1.jpg").await, b"abc");
    }
    // The seed's sample as it is written: from another bucket.
    server.put_bucket(OTHER).await;
    server.put("/1.jpg", "source").bucket(OTHER).ok().await;
    let sample = server.copy_from(&format!("{OTHER}.{SUFFIX}/1.jpg"), "/1.jpg");
    sample.header("x-cos-storage-class", "ARCHIVE").ok().await;
    let head = metadata(&server, "/1.jpg").await;
    assert_eq!(head.header("x-cos-storage-class"), Some("ARCHIVE"));
    assert_eq!(head.etag(), md5(b"source"));
    let source = server.head("/1.jpg").bucket(OTHER).ok().await;
    assert_eq!(source.header("x-cos-storage-class"), None);
    server.end().await;
}

// seed: S49, S50
#[tokio::test]
async fn a_version_id_is_returned_where_versioning_is_enabled() {
    let server = Server::start().await;
    server.put("/a", "abc").ok().await;
    let none = |copied: &Answer| {
        assert_eq!(copied.header("x-cos-version-id"), None);
        assert_eq!(copied.xml().value("VersionId"), None);
    };
    none(&server.copy("a", "/b").ok().await);
    server.versioning(BUCKET, "Enabled").await;
    let copied = server.copy("a", "/b").ok().await;
    assert_eq!(copied.version(), copied.value("VersionId"));
    server.put("/b", "newer").ok().await;
    assert_eq!(
        server
            .bytes(&format!("/b?versionId={}", copied.version()))
            .await,
        b"abc"
    );
    server.versioning(BUCKET, "Suspended").await;
    none(&server.copy("a", "/b").ok().await);
    server.end().await;
}

// seed: S40
#[tokio::test]
async fn a_copy_over_an_object_replaces_all_of_it() {
    let server = Server::start().await;
    let large = bytes(100_000, 3);
    server.put("/a", &large).ok().await;
    rich(server.put("/b", "old"))
        .header("x-cos-acl", "public-read")
        .ok()
        .await;
    server.copy("a", "/b").ok().await;
    let got = server.get("/b").ok().await;
    assert!(got.body == large);
    assert_eq!(got.header("x-cos-meta-author"), None);
    server
        .get("/b")
        .anonymous()
        .refused(403, "AccessDenied")
        .await;
    let forbidden = server
        .copy("a", "/b")
        .header("x-cos-forbid-overwrite", "true");
    forbidden.refused(409, "FileAlreadyExists").await;
    server.end().await;
}

// seed: S79
#[tokio::test]
async fn user_metadata_ends_at_2048_bytes() {
    let server = Server::start().await;
    server.put("/a", "abc").ok().await;
    // "a" and its value, "bb" and its value: names count without their prefix.
    let first = "v".repeat(1000);
    for (count, fits) in [(1045, true), (1046, false)] {
        let second = "v".repeat(count);
        let with = |call: Call<'_>| -> Vec<(String, String)> {
            let _ = call;
            vec![
                ("x-cos-meta-a".into(), first.clone()),
                ("x-cos-meta-bb".into(), second.clone()),
            ]
        };
        for call in [
            server.put("/new", "x"),
            server
                .copy("a", "/new")
                .header("x-cos-metadata-directive", "Replaced"),
            server.post("/new?uploads", ""),
        ] {
            let mut call = call.clone();
            for (name, value) in with(call.clone()) {
                call = call.header(&name, value);
            }
            if fits {
                call.ok().await;
            } else {
                let refused = call.refused(400, "KeyTooLong").await;
                assert!(
                    refused.value("Message").contains("2048"),
                    "{}",
                    refused.text()
                );
            }
        }
    }
    server.end().await;
}
