//! The examples of `docs/semantics.md`, one test for each, under the same name.

use crate::harness::{MIB, Server, bytes, md5};

#[tokio::test]
async fn a_copy_is_there_wholly_or_not_at_all() {
    let server = Server::start().await;
    server.put("/a", "new").ok().await;
    server.put("/b", "old").ok().await;
    server.meta.hold_after(0);
    let mut connection = server.connect().await;
    connection.write(&server.copy("a", "/b").written()).await;
    server.meta.until_held(1).await;
    // Not yet durable, so not yet seen.
    assert_eq!(server.bytes("/b").await, b"old");
    server.meta.release();
    assert_eq!(connection.answer("PUT").await.unwrap().status, 200);
    assert_eq!(server.bytes("/b").await, b"new");
    server.end().await;
}

#[tokio::test]
async fn a_copy_outlives_its_source() {
    let server = Server::start().await;
    let body = bytes(MIB, 1);
    server.put("/a", &body).ok().await;
    server.copy("a", "/b").ok().await;
    server.put("/a", "other").ok().await;
    server.delete("/a").ok().await;
    server.check().await;
    assert!(server.bytes("/b").await == body);
    server.end().await;
}

#[tokio::test]
async fn a_copy_without_directive_keeps_metadata_but_neither_class_nor_acl() {
    let server = Server::start().await;
    let put = server
        .put("/a", "abc")
        .header("x-cos-meta-a", "1")
        .header("x-cos-acl", "public-read");
    put.header("x-cos-storage-class", "STANDARD_IA").ok().await;
    server.copy("a", "/b").ok().await;
    let head = server.head("/b").ok().await;
    assert_eq!(
        (
            head.header("x-cos-meta-a"),
            head.header("x-cos-storage-class")
        ),
        (Some("1"), None)
    );
    assert_eq!(
        server.get("/b?acl").ok().await.header("x-cos-acl"),
        Some("default")
    );
    server.end().await;
}

#[tokio::test]
async fn an_object_is_changed_in_place_by_a_copy_onto_itself() {
    let server = Server::start().await;
    server.put("/a", "abc").ok().await;
    server.copy("a", "/a").refused(400, "InvalidRequest").await;
    let replaced = server
        .copy("a", "/a")
        .header("x-cos-metadata-directive", "Replaced");
    replaced.header("x-cos-meta-a", "1").ok().await;
    server
        .copy("a", "/a")
        .header("x-cos-storage-class", "STANDARD_IA")
        .ok()
        .await;
    let head = server.head("/a").ok().await;
    assert_eq!(
        (
            head.header("x-cos-meta-a"),
            head.header("x-cos-storage-class")
        ),
        (Some("1"), Some("STANDARD_IA"))
    );
    assert_eq!(head.etag(), md5(b"abc"));
    server.end().await;
}

#[tokio::test]
async fn an_unmet_condition_is_412_and_changes_nothing() {
    let server = Server::start().await;
    server.put("/a", "abc").ok().await;
    let copy = server
        .copy("a", "/b")
        .header("x-cos-copy-source-if-none-match", md5(b"abc"));
    copy.refused(412, "PreconditionFailed").await;
    server.end().await;
}

#[tokio::test]
async fn a_copy_of_ten_gibibytes_is_one_request() {
    let server = Server::start().await;
    server.put("/1", bytes(MIB, 1)).ok().await;
    let mut source = "1".to_owned();
    for (target, parts) in [("/100", 100), ("/large", 103)] {
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
        server.complete(target, &upload, &tags).ok().await;
        source = target[1..].to_owned();
    }
    let before = server.written_bytes();
    server.copy("large", "/copy").ok().await;
    assert_eq!(server.written_bytes(), before);
    let head = server.head("/copy").ok().await;
    assert_eq!(head.header("Content-Length"), Some("10800332800"));
    server.end_unread().await;
}

#[tokio::test]
async fn a_part_is_made_from_a_range_of_another_object() {
    let server = Server::start().await;
    server.put("/a", "0123456789").ok().await;
    let upload = server.upload("/b").await;
    let part = server.copy_part("a", "/b", &upload, 1);
    let tag = part
        .header("x-cos-copy-source-range", "bytes=2-5")
        .ok()
        .await
        .value("ETag");
    server.complete("/b", &upload, &[tag]).ok().await;
    assert_eq!(server.bytes("/b").await, b"2345");
    server.end().await;
}

#[tokio::test]
async fn a_move_is_seen_on_both_sides_at_one_instant() {
    let server = Server::start().await;
    server.put("/a", "abc").ok().await;
    server.meta.hold_after(0);
    let mut connection = server.connect().await;
    let moved = server
        .put("/b?rename", "")
        .header("x-cos-rename-source", "/a");
    connection.write(&moved.written()).await;
    server.meta.until_held(1).await;
    assert!(server.exists("/a").await);
    assert!(!server.exists("/b").await);
    server.meta.release();
    assert_eq!(connection.answer("PUT").await.unwrap().status, 200);
    assert!(!server.exists("/a").await);
    assert_eq!(server.bytes("/b").await, b"abc");
    server.end().await;
}

#[tokio::test]
async fn a_move_where_versions_are_kept_leaves_a_delete_marker() {
    let server = Server::versioned().await;
    let id = server.put("/a", "abc").ok().await.version();
    server
        .put("/b?rename", "")
        .header("x-cos-rename-source", "/a")
        .ok()
        .await;
    let gone = server.get("/a").refused(404, "NoSuchKey").await;
    assert_eq!(gone.header("x-cos-delete-marker"), Some("true"));
    assert_eq!(server.bytes(&format!("/a?versionId={id}")).await, b"abc");
    server.end().await;
}

#[tokio::test]
async fn a_move_onto_itself_is_refused() {
    let server = Server::start().await;
    server.put("/a", "abc").ok().await;
    let call = server
        .put("/a?rename", "")
        .header("x-cos-rename-source", "/a");
    call.refused(400, "InvalidRequest").await;
    server.end().await;
}
