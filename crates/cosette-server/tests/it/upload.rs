//! Initiate Multipart Upload, Upload Part, List Parts, Abort.

use crate::harness::{BUCKET, MIB, Server, bytes, content_md5, md5};

// seed: S64, S80, S81, S82, S83
#[tokio::test]
async fn an_upload_begins_with_an_id_of_its_own() {
    let server = Server::start().await;
    for (path, key) in [("/1.jpg", "1.jpg"), ("/%E4%B8%AD%20%26%3C%22", "中 &<\"")] {
        let one = server.post(&format!("{path}?uploads"), "").ok().await;
        assert_eq!(one.header("Content-Type"), Some("application/xml"));
        assert_eq!(one.xml().name, "InitiateMultipartUploadResult");
        assert_eq!(
            (one.value("Bucket").as_str(), one.value("Key").as_str()),
            (BUCKET, key)
        );
        assert_eq!(one.value("UploadId").len(), 74);
        // The one official client sends these headers empty.
        let two = server
            .post(&format!("{path}?uploads"), "")
            .header("Content-Type", "");
        assert_ne!(two.ok().await.value("UploadId"), one.value("UploadId"));
    }
    server
        .post("/k?uploads", "")
        .bucket("none-1250000000")
        .refused(404, "NoSuchBucket")
        .await;
    server
        .post("/k?uploads", "")
        .anonymous()
        .refused(403, "AccessDenied")
        .await;
    server.end().await;
}

// seed: S66, S67, S68, S69, S70, S76, S77, S78
#[tokio::test]
async fn what_is_said_at_the_beginning_is_what_the_object_has() {
    let server = Server::start().await;
    server
        .put("/a", "abc")
        .header("Content-Type", "text/x-source")
        .ok()
        .await;
    let given = [
        ("Cache-Control", "max-age=600, private"),
        ("Content-Disposition", "attachment; filename=\"f.txt\""),
        ("Content-Encoding", "gzip"),
        ("Content-Type", "image/jpeg"),
        ("Expires", "not even a date"),
        ("x-cos-meta-author", "Zhang San"),
        ("x-cos-meta-b", "2"),
    ];
    for class in [None, Some("STANDARD"), Some("STANDARD_IA"), Some("ARCHIVE")] {
        let mut begin = server.post("/k?uploads", "");
        for (name, value) in given {
            begin = begin.header(name, value);
        }
        if let Some(class) = class {
            begin = begin.header("x-cos-storage-class", class);
        }
        let upload = begin.ok().await.value("UploadId");
        let part = server
            .copy_part("a", "/k", &upload, 1)
            .ok()
            .await
            .value("ETag");
        server.complete("/k", &upload, &[part]).ok().await;
        let head = server.head("/k").ok().await;
        for (name, value) in given {
            assert_eq!(head.header(name), Some(value), "{name}");
        }
        assert_eq!(
            head.header("x-cos-storage-class"),
            class.filter(|c| *c != "STANDARD")
        );
        if class != Some("ARCHIVE") {
            let got = server.get("/k").ok().await;
            assert_eq!(got.body, b"abc");
            assert_eq!(got.header("x-cos-meta-author"), Some("Zhang San"));
        }
    }
    let bad = server
        .post("/k?uploads", "")
        .header("x-cos-storage-class", "COLD");
    bad.refused(400, "InvalidArgument").await;
    server.end().await;
}

#[tokio::test]
async fn parts_are_listed_in_the_order_of_their_numbers() {
    let server = Server::start().await;
    let upload = server.upload("/k").await;
    for number in [3, 1, 10_000, 2] {
        let body = bytes(100 + number, number as u64);
        let path = format!("/k?partNumber={number}&uploadId={upload}");
        let put = server
            .put(&path, &body)
            .header("Content-MD5", content_md5(&body))
            .ok()
            .await;
        assert_eq!(put.etag(), md5(&body));
        assert!(put.header("x-cos-hash-crc64ecma").is_some());
    }
    let path = format!("/k?uploadId={upload}");
    let listed = server.get(&path).ok().await.xml();
    let numbers: Vec<_> = listed
        .children("Part")
        .map(|p| p.value("PartNumber").unwrap().to_owned())
        .collect();
    assert_eq!(numbers, ["1", "2", "3", "10000"]);
    let first = listed.child("Part").unwrap();
    assert_eq!(first.value("Size"), Some("101"));
    assert_eq!(first.value("ETag"), Some(md5(&bytes(101, 1)).as_str()));
    assert_eq!(
        first.value("LastModified"),
        Some("2024-05-06T07:08:09.000Z")
    );
    assert_eq!(listed.value("IsTruncated"), Some("false"));
    let page = server
        .get(&format!("{path}&max-parts=2&part-number-marker=1"))
        .ok()
        .await;
    assert_eq!(
        (
            page.value("IsTruncated"),
            page.value("NextPartNumberMarker")
        ),
        ("true".into(), "3".into())
    );
    // The last writer of a number wins.
    server
        .put(&format!("/k?partNumber=1&uploadId={upload}"), "again")
        .ok()
        .await;
    let again = server.get(&format!("{path}&max-parts=1")).ok().await.xml();
    assert_eq!(again.child("Part").unwrap().value("Size"), Some("5"));
    server.end().await;
}

#[tokio::test]
async fn an_aborted_upload_is_gone_with_its_parts() {
    let server = Server::start().await;
    let upload = server.upload("/k").await;
    let path = format!("/k?uploadId={upload}");
    let part = format!("/k?partNumber=1&uploadId={upload}");
    server.put(&part, bytes(MIB, 1)).ok().await;
    assert_eq!(server.delete(&path).ok().await.status, 204);
    for call in [
        server.delete(&path),
        server.get(&path),
        server.put(&part, "x"),
        server.complete_parts("/k", &upload, &[(1, "\"x\"")]),
    ] {
        call.refused(404, "NoSuchUpload").await;
    }
    server.check().await;
    let left = server.store_bytes().await;
    assert_eq!(left, 0);
    server.end().await;
}
