//! Upload Part - Copy, row by row of the seed.

use cosette_proto::date;

use crate::harness::{MIB, Server, bytes, md5};

// seed: S84, S100, S101, S102
#[tokio::test]
async fn a_part_is_copied_and_listed() {
    let server = Server::start().await;
    let body = bytes(2 * MIB + 5, 4);
    server.put("/sourceObject", &body).ok().await;
    server.advance(7);
    let upload = server.upload("/1.jpg").await;
    let copied = server
        .copy_part("sourceObject", "/1.jpg", &upload, 1)
        .send()
        .await;
    assert_eq!(
        (copied.status, copied.xml().name.as_str()),
        (200, "CopyPartResult")
    );
    assert_eq!(copied.value("ETag"), md5(&body));
    let time = date::parse(&copied.value("LastModified")).unwrap();
    assert_eq!(time.secs(), server.now());
    assert_eq!(
        copied.header("x-cos-hash-crc64ecma"),
        Some(copied.value("CRC64").as_str())
    );
    let listed = server
        .get(&format!("/1.jpg?uploadId={upload}"))
        .ok()
        .await
        .xml();
    let part = listed.child("Part").unwrap();
    assert_eq!(part.value("PartNumber"), Some("1"));
    assert_eq!(part.value("Size"), Some(body.len().to_string().as_str()));
    assert_eq!(part.value("ETag"), Some(md5(&body).as_str()));
    server.end().await;
}

// seed: S85, S89
#[tokio::test]
async fn an_upload_is_known_by_bucket_key_and_id() {
    let server = Server::with_two_buckets().await;
    server.put("/a", "abc").ok().await;
    let upload = server.upload("/k").await;
    server
        .copy_part("a", "/other", &upload, 1)
        .refused(404, "NoSuchUpload")
        .await;
    let elsewhere = server
        .copy_part("a", "/k", &upload, 1)
        .bucket(crate::harness::OTHER);
    elsewhere.refused(404, "NoSuchUpload").await;
    server
        .copy_part("a", "/k", "exampleUploadId", 1)
        .refused(404, "NoSuchUpload")
        .await;
    let aborted = server.upload("/k").await;
    server.delete(&format!("/k?uploadId={aborted}")).ok().await;
    server
        .copy_part("a", "/k", &aborted, 1)
        .refused(404, "NoSuchUpload")
        .await;
    let part = server
        .copy_part("a", "/k", &upload, 1)
        .ok()
        .await
        .value("ETag");
    server.complete("/k", &upload, &[part]).ok().await;
    server
        .copy_part("a", "/k", &upload, 2)
        .refused(404, "NoSuchUpload")
        .await;
    server.end().await;
}

// seed: S87
#[tokio::test]
async fn a_part_of_an_older_version() {
    let server = Server::versioned().await;
    let old = server.put("/a", "old bytes").ok().await.version();
    server.put("/a", "new").ok().await;
    let upload = server.upload("/k").await;
    let source = format!("a?versionId={old}");
    let copied = server.copy_part(&source, "/k", &upload, 1).ok().await;
    assert_eq!(
        copied.header("x-cos-copy-source-version-id"),
        Some(old.as_str())
    );
    assert_eq!(copied.value("ETag"), md5(b"old bytes"));
    let ranged = server.copy_part(&source, "/k", &upload, 1);
    let ranged = ranged
        .header("x-cos-copy-source-range", "bytes=0-2")
        .ok()
        .await;
    assert_eq!(ranged.value("ETag"), md5(b"old"));
    server
        .copy_part("a?versionId=nonsense", "/k", &upload, 1)
        .refused(400, "InvalidArgument")
        .await;
    server.end().await;
}

// seed: S88
#[tokio::test]
async fn part_numbers_run_from_1_to_10000() {
    let server = Server::start().await;
    server.put("/a", "abc").ok().await;
    let upload = server.upload("/k").await;
    for good in ["1", "10000"] {
        let path = format!("/k?partNumber={good}&uploadId={upload}");
        server.copy("a", &path).ok().await;
        server.put(&path, "abc").ok().await;
    }
    for bad in ["0", "10001", "-1", "one", "", "1.5", "99999999999999999999"] {
        let path = format!("/k?partNumber={bad}&uploadId={upload}");
        server
            .copy("a", &path)
            .refused(400, "InvalidArgument")
            .await;
        server
            .put(&path, "abc")
            .refused(400, "InvalidArgument")
            .await;
    }
    let absent = format!("/k?uploadId={upload}");
    server
        .copy("a", &absent)
        .refused(400, "InvalidArgument")
        .await;
    server
        .put(&absent, "abc")
        .refused(400, "InvalidArgument")
        .await;
    server.end().await;
}

// seed: S90, S91
#[tokio::test]
async fn a_range_needs_both_ends_within_the_source() {
    let server = Server::start().await;
    let body = bytes(1000, 5);
    server.put("/a", &body).ok().await;
    let upload = server.upload("/k").await;
    let part = || server.copy_part("a", "/k", &upload, 1);
    for bad in [
        "bytes=5-",
        "bytes=-5",
        "0-9",
        "text",
        "bytes=9-0",
        "bytes=0-1000",
        "bytes=1000-1000",
        "bytes=0-9,20-29",
        "bytes=0-99999999999999999999",
    ] {
        part()
            .header("x-cos-copy-source-range", bad)
            .refused(400, "InvalidArgument")
            .await;
    }
    for (range, wanted) in [
        ("bytes=0-9", &body[..10]),
        ("bytes=990-999", &body[990..]),
        ("bytes=0-999", &body[..]),
        ("bytes=7-7", &body[7..8]),
    ] {
        // Another spelling of the name, as one official client has it.
        let copied = part().header("x-cos-copy-source-Range", range).ok().await;
        assert_eq!(copied.value("ETag"), md5(wanted), "{range}");
        let tag = copied.value("ETag");
        let upload = server.upload("/ten").await;
        let ten = server.copy_part("a", "/ten", &upload, 1);
        ten.header("x-cos-copy-source-range", range).ok().await;
        server.complete("/ten", &upload, &[tag]).ok().await;
        assert!(server.bytes("/ten").await == wanted, "{range}");
    }
    server.end().await;
}

// seed: S92
#[tokio::test]
async fn without_a_range_the_whole_object_is_copied() {
    let server = Server::start().await;
    let body = bytes(70_000, 6);
    server.put("/a", &body).ok().await;
    let upload = server.upload("/k").await;
    let absent = server.copy_part("a", "/k", &upload, 1).ok().await;
    let empty = server
        .copy_part("a", "/k", &upload, 2)
        .header("x-cos-copy-source-range", "");
    assert_eq!(
        (absent.value("ETag"), empty.ok().await.value("ETag")),
        (md5(&body), md5(&body))
    );
    let listed = server
        .get(&format!("/k?uploadId={upload}"))
        .ok()
        .await
        .xml();
    assert!(
        listed
            .children("Part")
            .all(|part| part.value("Size") == Some("70000"))
    );
    server.end().await;
}
