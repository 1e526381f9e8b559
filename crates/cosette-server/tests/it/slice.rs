//! sliceCopyFile as the server sees it: the requests that it sends, one after the other.

use crate::harness::{MIB, OTHER, SUFFIX, Server, bytes, md5};

const CHUNK: usize = MIB;

/// HEAD, then one copy: what is sent for sources up to the slice size.
async fn in_one_request(server: &Server, source: &str, target: &str) -> String {
    let head = server.head(source).bucket(OTHER).ok().await;
    let copy = server.copy_from(&format!("{OTHER}.{SUFFIX}{source}"), target);
    let copy = copy.header("x-cos-copy-source-If-Match", head.etag());
    copy.ok().await.value("ETag")
}

/// HEAD, then an upload of ranges: what is sent for larger ones. All properties go along.
async fn in_parts(server: &Server, source: &str, target: &str) -> String {
    let head = server.head(source).bucket(OTHER).ok().await;
    let size: usize = head.header("Content-Length").unwrap().parse().unwrap();
    let mut begin = server.post(&format!("{target}?uploads"), "");
    for (name, value) in &head.headers {
        if name.starts_with("x-cos-meta-")
            || name == "Content-Type"
            || name == "x-cos-storage-class"
        {
            begin = begin.header(name, value.as_str());
        }
    }
    let upload = begin.ok().await.value("UploadId");
    let mut tags = Vec::new();
    for (number, first) in (1..).zip((0..size).step_by(CHUNK)) {
        let last = (first + CHUNK).min(size) - 1;
        let path = format!("{target}?partNumber={number}&uploadId={upload}");
        let part = server
            .copy_from(&format!("{OTHER}.{SUFFIX}{source}"), &path)
            .header("x-cos-copy-source-range", format!("bytes={first}-{last}"))
            .header("x-cos-copy-source-If-Match", head.etag());
        tags.push(part.ok().await.value("ETag"));
    }
    server
        .complete(target, &upload, &tags)
        .ok()
        .await
        .value("ETag")
}

// seed: S121, S122, S123, S129, S141
#[tokio::test]
async fn a_small_source_is_one_copy_request() {
    let server = Server::with_two_buckets().await;
    for body in [Vec::new(), bytes(3 * MIB, 1)] {
        server
            .put("/a/1.jpg", &body)
            .bucket(OTHER)
            .header("x-cos-meta-a", "1")
            .ok()
            .await;
        let tag = in_one_request(&server, "/a/1.jpg", "/b/1.jpg").await;
        assert_eq!(tag, md5(&body));
        let got = server.get("/b/1.jpg").ok().await;
        assert!(got.body == body);
        assert_eq!((got.header("x-cos-meta-a"), got.etag()), (Some("1"), tag));
    }
    server.end().await;
}

// seed: S125, S126, S127, S130
#[tokio::test]
async fn a_large_source_is_an_upload_of_ranges() {
    let server = Server::with_two_buckets().await;
    let body = bytes(3 * MIB, 2);
    let put = server
        .put("/a/1.jpg", &body)
        .bucket(OTHER)
        .header("x-cos-meta-a", "1");
    let crc = put.header("Content-Type", "image/jpeg").ok().await;
    let tag = in_parts(&server, "/a/1.jpg", "/b/1.jpg").await;
    assert!(tag.ends_with("-3\""));
    let got = server.get("/b/1.jpg").ok().await;
    assert!(got.body == body);
    for name in ["x-cos-meta-a", "Content-Type", "x-cos-hash-crc64ecma"] {
        let of_source = server.head("/a/1.jpg").bucket(OTHER).ok().await;
        assert_eq!(got.header(name), of_source.header(name), "{name}");
    }
    assert_eq!(
        got.header("x-cos-hash-crc64ecma"),
        crc.header("x-cos-hash-crc64ecma")
    );
    server.end().await;
}

// seed: S128
#[tokio::test]
async fn one_request_copies_more_than_five_gibibytes_too() {
    let server = Server::start().await;
    server.put("/1", bytes(MIB, 3)).ok().await;
    let mut source = "1".to_owned();
    for (target, parts, last) in [("/64", 64, None), ("/large", 80, Some("bytes=0-0"))] {
        let upload = server.upload(target).await;
        let mut tags = Vec::new();
        for number in 1..=parts {
            tags.push(
                server
                    .copy_part(&source, target, &upload, number)
                    .ok()
                    .await
                    .value("ETag"),
            );
        }
        if let Some(range) = last {
            let part = server.copy_part("1", target, &upload, parts + 1);
            tags.push(
                part.header("x-cos-copy-source-range", range)
                    .ok()
                    .await
                    .value("ETag"),
            );
        }
        server.complete(target, &upload, &tags).ok().await;
        source = target[1..].to_owned();
    }
    server.copy("large", "/copy").ok().await;
    let copy = server.head("/copy").ok().await;
    assert_eq!(copy.header("Content-Length"), Some("5368709121"));
    server.end_unread().await;
}

// The source changes between two parts: the rest is refused, and the target stays as it was.
// seed: S136, S137
#[tokio::test]
async fn a_source_that_changes_on_the_way_is_noticed() {
    let server = Server::start().await;
    let tag = server.put("/a", bytes(2 * MIB, 1)).ok().await.etag();
    let upload = server.upload("/b").await;
    let part = |number: u32, range: &str| {
        let part = server.copy_part("a", "/b", &upload, number);
        part.header("x-cos-copy-source-range", range)
            .header("x-cos-copy-source-If-Match", tag.as_str())
    };
    part(1, "bytes=0-1048575").ok().await;
    server.put("/a", bytes(2 * MIB, 9)).ok().await;
    part(2, "bytes=1048576-2097151")
        .refused(412, "PreconditionFailed")
        .await;
    server.delete(&format!("/b?uploadId={upload}")).ok().await;
    assert!(!server.exists("/b").await);
    server.end().await;
}

// seed: S63
#[tokio::test]
async fn the_class_is_changed_in_place_on_both_paths() {
    let server = Server::start().await;
    let body = bytes(2 * MIB, 5);
    server
        .put("/k", &body)
        .header("x-cos-meta-a", "1")
        .ok()
        .await;
    let simple = server
        .copy("k", "/k")
        .header("x-cos-storage-class", "STANDARD_IA");
    simple.header("x-cos-metadata-directive", "Copy").ok().await;
    let head = server.head("/k").ok().await;
    assert_eq!(head.header("x-cos-storage-class"), Some("STANDARD_IA"));
    let begin = server
        .post("/k?uploads", "")
        .header("x-cos-storage-class", "ARCHIVE");
    let upload = begin
        .header("x-cos-meta-a", "1")
        .ok()
        .await
        .value("UploadId");
    let mut tags = Vec::new();
    for (number, range) in [(1, "bytes=0-1048575"), (2, "bytes=1048576-2097151")] {
        let part = server.copy_part("k", "/k", &upload, number);
        tags.push(
            part.header("x-cos-copy-source-range", range)
                .ok()
                .await
                .value("ETag"),
        );
    }
    server.complete("/k", &upload, &tags).ok().await;
    let head = server.head("/k").ok().await;
    assert_eq!(head.header("x-cos-storage-class"), Some("ARCHIVE"));
    assert_eq!(head.header("Content-Length"), Some("2097152"));
    assert_eq!(head.header("x-cos-meta-a"), Some("1"));
    server.end().await;
}

// seed: S124, S142, S143
#[tokio::test]
async fn a_version_is_sliced_and_makes_a_version() {
    let server = Server::with_two_buckets().await;
    server.versioning(OTHER, "Enabled").await;
    let body = bytes(2 * MIB, 6);
    let old = server.put("/a", &body).bucket(OTHER).ok().await.version();
    server.put("/a", "new").bucket(OTHER).ok().await;
    for versioned in [false, true] {
        if versioned {
            server.versioning(crate::harness::BUCKET, "Enabled").await;
        }
        let upload = server.upload("/b").await;
        let path = format!("/b?partNumber=1&uploadId={upload}");
        let source = format!("{OTHER}.{SUFFIX}/a?versionId={old}");
        let part = server.copy_from(&source, &path).ok().await.value("ETag");
        let done = server.complete("/b", &upload, &[part]).ok().await;
        assert_eq!(done.header("x-cos-version-id").is_some(), versioned);
        assert!(server.bytes("/b").await == body);
    }
    server.end().await;
}

// What progress is told from: the source's size, and the parts that are done.
// seed: S131, S132, S133, S135
#[tokio::test]
async fn the_parts_that_are_done_add_up_to_the_source() {
    let server = Server::start().await;
    let body = bytes(3 * MIB + 1, 7);
    server.put("/a", &body).ok().await;
    let head = server.head("/a").ok().await;
    let total: usize = head.header("Content-Length").unwrap().parse().unwrap();
    let upload = server.upload("/b").await;
    let loaded = async || -> usize {
        let listed = server
            .get(&format!("/b?uploadId={upload}"))
            .ok()
            .await
            .xml();
        let sizes = listed
            .children("Part")
            .map(|part| part.value("Size").unwrap());
        sizes.map(|size| size.parse::<usize>().unwrap()).sum()
    };
    let mut before = loaded().await;
    assert_eq!((before, total), (0, body.len()));
    for (number, first) in (1..).zip((0..total).step_by(CHUNK)) {
        let last = (first + CHUNK).min(total) - 1;
        let part = server.copy_part("a", "/b", &upload, number);
        part.header("x-cos-copy-source-range", format!("bytes={first}-{last}"))
            .ok()
            .await;
        let now = loaded().await;
        assert!(before < now && now <= total);
        before = now;
    }
    assert_eq!(before, total);
    server.delete(&format!("/b?uploadId={upload}")).ok().await;
    server.end().await;
}
