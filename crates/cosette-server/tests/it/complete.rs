//! Complete Multipart Upload, row by row of the seed.

use cosette_proto::percent;

use crate::harness::{BUCKET, MIB, SUFFIX, Server, bytes, md5, part_list};

/// Puts parts 1, 2, … of these sizes and gives their tags.
async fn parts(server: &Server, path: &str, upload: &str, sizes: &[usize]) -> Vec<String> {
    let mut tags = Vec::new();
    for (number, size) in (1..).zip(sizes) {
        let target = format!("{path}?partNumber={number}&uploadId={upload}");
        tags.push(server.put(&target, bytes(*size, number)).ok().await.etag());
    }
    tags
}

// seed: S02, S103, S107
#[tokio::test]
async fn three_requests_make_an_object_equal_to_its_source() {
    let server = Server::start().await;
    let body = bytes(2 * MIB + 100, 8);
    let source = server.put("/a", &body).ok().await;
    for old in [false, true] {
        if old {
            server.put("/k", "old").ok().await;
        } else {
            assert!(!server.exists("/k").await);
        }
        let upload = server.upload("/k").await;
        let mut tags = Vec::new();
        for (number, range) in (1..).zip(["bytes=0-1048575", "bytes=1048576-2097251"]) {
            let part = server.copy_part("a", "/k", &upload, number);
            tags.push(
                part.header("x-cos-copy-source-range", range)
                    .ok()
                    .await
                    .value("ETag"),
            );
        }
        assert_eq!(server.exists("/k").await, old);
        let done = server.complete("/k", &upload, &tags).ok().await;
        assert_eq!(done.xml().name, "CompleteMultipartUploadResult");
        let crc = source.header("x-cos-hash-crc64ecma");
        assert_eq!(done.header("x-cos-hash-crc64ecma"), crc);
        let got = server.get("/k").ok().await;
        assert!(got.body == body);
        assert_eq!(got.header("x-cos-hash-crc64ecma"), crc);
        assert_eq!(
            got.header("Content-Length"),
            Some(body.len().to_string().as_str())
        );
        server.delete("/k").ok().await;
    }
    server.end().await;
}

// seed: S104, S113, S114
#[tokio::test]
async fn the_list_of_parts_is_verified() {
    let server = Server::start().await;
    let upload = server.upload("/k").await;
    let tags = parts(&server, "/k", &upload, &[MIB, MIB, 10]).await;
    let tag = |n: usize| tags[n - 1].as_str();
    let other = md5(b"other");
    for (list, code) in [
        (vec![(1, other.as_str())], "InvalidPart"),
        (vec![(1, tag(1)), (4, tag(3))], "InvalidPart"),
        (vec![(1, tag(2))], "InvalidPart"),
        (vec![(2, tag(2)), (1, tag(1))], "InvalidPartOrder"),
        (vec![(1, tag(1)), (1, tag(1))], "InvalidPartOrder"),
        (vec![], "MalformedXML"),
        (vec![(0, tag(1))], "InvalidArgument"),
        (vec![(10_001, tag(1))], "InvalidArgument"),
        (vec![(1, "")], "InvalidPart"),
    ] {
        server
            .complete_parts("/k", &upload, &list)
            .refused(400, code)
            .await;
    }
    for (document, code) in [
        (
            "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber></Part></CompleteMultipartUpload>",
            "InvalidPart",
        ),
        ("<CompleteMultipartUpload><Part>", "MalformedXML"),
        ("", "MalformedXML"),
        ("<Other/>", "MalformedXML"),
    ] {
        let answer = server
            .post(&format!("/k?uploadId={upload}"), document)
            .send()
            .await;
        assert_eq!(answer.status, 400, "{document}");
        assert!(
            answer.code() == code || document.is_empty(),
            "{document}: {}",
            answer.text()
        );
    }
    // A part that was replaced is not the part that was listed.
    server
        .put(&format!("/k?partNumber=3&uploadId={upload}"), "new")
        .ok()
        .await;
    server
        .complete("/k", &upload, &tags)
        .refused(400, "InvalidPart")
        .await;
    // Still usable; unquoted, quoted and as an entity; the order of the elements is free.
    let list = format!(
        "<?xml version=\"1.0\"?>\n<CompleteMultipartUpload>\
         <Part><ETag>{}</ETag><PartNumber>1</PartNumber></Part>\
         <Part><PartNumber>2</PartNumber><ETag>{}</ETag></Part>\
         <Part><PartNumber>3</PartNumber><ETag>&quot;{}&quot;</ETag></Part>\
         </CompleteMultipartUpload>",
        tag(1),
        tag(2).trim_matches('"'),
        md5(b"new").trim_matches('"')
    );
    server
        .post(&format!("/k?uploadId={upload}"), list)
        .ok()
        .await;
    let whole = [bytes(MIB, 1), bytes(MIB, 2), b"new".to_vec()].concat();
    assert!(server.bytes("/k").await == whole);
    server.end().await;
}

// seed: S109, S110, S111, S112
#[tokio::test]
async fn parts_may_come_in_any_order_and_with_gaps() {
    let server = Server::start().await;
    let upload = server.upload("/1.jpg").await;
    let path = |n: u32| format!("/1.jpg?partNumber={n}&uploadId={upload}");
    let last = server.put(&path(9000), "last").ok().await.etag();
    let first = bytes(MIB, 1);
    let tag = server.put(&path(7), &first).ok().await.etag();
    let unused = server.put(&path(8), "not listed").ok().await.etag();
    assert_ne!(unused, tag);
    let done = server
        .complete_parts("/1.jpg", &upload, &[(7, &tag), (9000, &last)])
        .ok()
        .await;
    assert!(done.value("ETag").ends_with("-2\""));
    assert!(server.bytes("/1.jpg").await == [first, b"last".to_vec()].concat());
    // The seed's sample: one part.
    let upload = server.upload("/1.jpg").await;
    let tags = parts(&server, "/1.jpg", &upload, &[5]).await;
    let done = server.complete("/1.jpg", &upload, &tags).ok().await;
    assert!(done.value("ETag").ends_with("-1\""));
    server.end().await;
}

// seed: S108
#[tokio::test]
async fn an_unknown_upload_is_404() {
    let server = Server::start().await;
    let aborted = server.upload("/k").await;
    server.delete(&format!("/k?uploadId={aborted}")).ok().await;
    let other = server.upload("/other").await;
    let long = "x".repeat(200);
    for id in ["exampleUploadId", &aborted, &other, &long, "%2e%2e%2f"] {
        let tag = md5(b"x");
        server
            .complete_parts("/k", id, &[(1, &tag)])
            .refused(404, "NoSuchUpload")
            .await;
    }
    server.end().await;
}

#[tokio::test]
async fn a_small_part_may_only_be_the_last() {
    let server = Server::start().await;
    let upload = server.upload("/k").await;
    let tags = parts(&server, "/k", &upload, &[MIB, MIB - 1, 1]).await;
    server
        .complete("/k", &upload, &tags)
        .refused(400, "EntityTooSmall")
        .await;
    server.complete("/k", &upload, &tags[..2]).ok().await;
    server.end().await;
}

/// A client that lost the answer asks again.
// incident: R30
#[tokio::test]
async fn the_same_complete_again_gets_the_same_answer() {
    let server = Server::versioned().await;
    let upload = server.upload("/k").await;
    let tags = parts(&server, "/k", &upload, &[MIB, 1]).await;
    let first = server.complete("/k", &upload, &tags).ok().await;
    let again = server.complete("/k", &upload, &tags).ok().await;
    assert_eq!(
        (again.text(), again.version()),
        (first.text(), first.version())
    );
    let listed = server.get("/?versions").ok().await.xml();
    assert_eq!(listed.children("Version").count(), 1);
    server
        .complete("/k", &upload, &tags[..1])
        .refused(404, "NoSuchUpload")
        .await;
    server.end().await;
}

// seed: S116, S117, S118, S119, S138, S139, S140
#[tokio::test]
async fn location_bucket_and_key_of_the_object() {
    let server = Server::start().await;
    server.put("/a", "abc").ok().await;
    for key in ["1.jpg", "a/b 1/中文&<x>+%41.jpg"] {
        let path = format!("/{}", percent::encode_path(key));
        let begun = server
            .post(&format!("{path}?uploads"), "")
            .header("x-cos-acl", "public-read");
        let upload = begun.ok().await.value("UploadId");
        let part = server
            .copy("a", &format!("{path}?partNumber=1&uploadId={upload}"))
            .ok()
            .await;
        let done = server
            .complete(&path, &upload, &[part.value("ETag")])
            .send()
            .await;
        assert_eq!(done.status, 200);
        assert_eq!(
            (done.value("Bucket").as_str(), done.value("Key").as_str()),
            (BUCKET, key)
        );
        let location = done.value("Location");
        assert!(
            location.starts_with(&format!("http://{BUCKET}.{SUFFIX}/")),
            "{location}"
        );
        assert_eq!(server.get(&location).anonymous().ok().await.body, b"abc");
    }
    // Addressed by path, the bucket stands in the path.
    let upload = server.upload("/k").await;
    let path = format!("/{BUCKET}/k?partNumber=1&uploadId={upload}");
    let tag = server
        .put(&path, "x")
        .host("127.0.0.1:9000")
        .ok()
        .await
        .etag();
    let call = server
        .complete(&format!("/{BUCKET}/k"), &upload, &[tag])
        .host("127.0.0.1:9000");
    assert_eq!(
        call.ok().await.value("Location"),
        format!("http://127.0.0.1:9000/{BUCKET}/k")
    );
    server.end().await;
}

// seed: S120
#[tokio::test]
async fn the_tag_ends_in_the_number_of_listed_parts() {
    let server = Server::start().await;
    for count in [1, 3] {
        let upload = server.upload("/k").await;
        let mut sizes = vec![MIB; count];
        sizes.push(7);
        let mut tags = parts(&server, "/k", &upload, &sizes).await;
        tags.truncate(count);
        let tag = server
            .complete("/k", &upload, &tags)
            .ok()
            .await
            .value("ETag");
        assert!(tag.ends_with(&format!("-{count}\"")), "{tag}");
        assert_eq!(server.head("/k").ok().await.etag(), tag);
        let listed = server.get("/").ok().await.xml();
        assert_eq!(
            listed.child("Contents").unwrap().value("ETag"),
            Some(tag.as_str())
        );
    }
    server.end().await;
}

// seed: S49, S50
#[tokio::test]
async fn a_completed_version_has_its_id_in_a_header() {
    let server = Server::start().await;
    for (status, wanted) in [
        (None, None),
        (Some("Enabled"), Some(true)),
        (Some("Suspended"), Some(false)),
    ] {
        if let Some(status) = status {
            server.versioning(BUCKET, status).await;
        }
        let upload = server.upload("/k").await;
        let tags = parts(&server, "/k", &upload, &[5]).await;
        let done = server.complete("/k", &upload, &tags).ok().await;
        match (wanted, done.header("x-cos-version-id")) {
            (None, None) => {}
            (Some(true), Some(id)) if id != "null" => {
                assert_eq!(
                    server.head(&format!("/k?versionId={id}")).ok().await.status,
                    200
                );
            }
            (Some(false), Some("null")) => {}
            (_, other) => panic!("{status:?}: {other:?}"),
        }
    }
    server.end().await;
}

#[tokio::test]
async fn completing_can_forbid_to_overwrite() {
    let server = Server::start().await;
    let upload = server.upload("/k").await;
    let tags = parts(&server, "/k", &upload, &[5]).await;
    server.put("/k", "old").ok().await;
    let call = server.complete("/k", &upload, &tags);
    call.clone()
        .header("x-cos-forbid-overwrite", "true")
        .refused(409, "FileAlreadyExists")
        .await;
    call.ok().await;
    server.end().await;
}

#[tokio::test]
async fn a_document_that_is_too_large_is_not_read() {
    let server = Server::start().await;
    let upload = server.upload("/k").await;
    let large = " ".repeat(3 << 20);
    let call = server.post(&format!("/k?uploadId={upload}"), large);
    call.refused(400, "MalformedXML").await;
    let tag = md5(b"x");
    let many: Vec<_> = (1..=10_000).map(|n| (n, tag.as_str())).collect();
    let document = part_list(&many);
    assert!(document.len() < 2 << 20);
    let call = server.post(&format!("/k?uploadId={upload}"), document);
    call.refused(400, "InvalidPart").await;
    server.end().await;
}
