//! Moving: a copy and a delete, or one request for those who ask for it.

use cosette_server::Config;

use crate::harness::{OTHER, SUFFIX, Server, md5, second};

// seed: S07, S51, S54, S57
#[tokio::test]
async fn copy_then_delete_changes_the_identifier() {
    let server = Server::start().await;
    server
        .put("/a/1.jpg", "abc")
        .header("x-cos-meta-a", "1")
        .ok()
        .await;
    server.copy("a/1.jpg", "/b/1.jpg").ok().await;
    assert_eq!(server.delete("/a/1.jpg").ok().await.status, 204);
    server.get("/a/1.jpg").refused(404, "NoSuchKey").await;
    let got = server.get("/b/1.jpg").ok().await;
    assert_eq!(
        (got.body.as_slice(), got.header("x-cos-meta-a")),
        (&b"abc"[..], Some("1"))
    );
    // What is not there is deleted, too.
    assert_eq!(server.delete("/a/1.jpg").ok().await.status, 204);
    server.end().await;
}

// seed: S58
#[tokio::test]
async fn the_seeds_sample_names_two_buckets() {
    let server = Server::with_two_buckets().await;
    server.put("/a/1.jpg", "abc").bucket(OTHER).ok().await;
    server
        .copy_from(&format!("{OTHER}.{SUFFIX}/a/1.jpg"), "/b/1.jpg")
        .ok()
        .await;
    // As written, the delete names the target's bucket, where there is no such key.
    assert_eq!(server.delete("/a/1.jpg").ok().await.status, 204);
    assert_eq!(server.get("/a/1.jpg").bucket(OTHER).ok().await.body, b"abc");
    server.delete("/a/1.jpg").bucket(OTHER).ok().await;
    server
        .get("/a/1.jpg")
        .bucket(OTHER)
        .refused(404, "NoSuchKey")
        .await;
    assert_eq!(server.bytes("/b/1.jpg").await, b"abc");
    server.end().await;
}

// seed: S55
#[tokio::test]
async fn a_copy_that_fails_leaves_the_source_alone() {
    let server = Server::with_two_buckets().await;
    server.put("/a", "abc").ok().await;
    let unmet = server
        .copy("a", "/b")
        .header("x-cos-copy-source-If-Match", "\"other\"");
    unmet.refused(412, "PreconditionFailed").await;
    server
        .copy("a", "/b")
        .by(second())
        .refused(403, "AccessDenied")
        .await;
    server.copy("none", "/b").refused(404, "NoSuchKey").await;
    let nowhere = server.copy("a", "/b").bucket("none-1250000000");
    nowhere.refused(404, "NoSuchBucket").await;
    assert_eq!(server.bytes("/a").await, b"abc");
    server.end().await;
}

// seed: S56
#[tokio::test]
async fn a_delete_that_is_refused_leaves_both() {
    let server = Server::start().await;
    server
        .put("/a", "abc")
        .header("x-cos-grant-read", "id=\"100000000002\"")
        .ok()
        .await;
    let mine = "mine-1250000001";
    server.put("/", "").bucket(mine).by(second()).ok().await;
    let copy = server.copy("a", "/a").bucket(mine).by(second());
    copy.ok().await;
    server
        .delete("/a")
        .by(second())
        .refused(403, "AccessDenied")
        .await;
    assert_eq!(server.bytes("/a").await, b"abc");
    assert_eq!(
        server.get("/a").bucket(mine).by(second()).ok().await.body,
        b"abc"
    );
    server.end().await;
}

// seed: S53
#[tokio::test]
async fn the_log_shows_the_copy_and_then_the_delete() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("access.log");
    let config = Config {
        access_log: Some(log.clone()),
        ..Config::default()
    };
    let server = Server::configured(config).await;
    server.put("/a", "abc").ok().await;
    server.copy("a", "/b").ok().await;
    server.delete("/a").ok().await;
    // Who has the reply finds the line.
    let lines = crate::log::entries(&log);
    let operations: Vec<_> = lines
        .iter()
        .map(|line| line["operation"].as_str().unwrap())
        .collect();
    assert_eq!(
        operations,
        ["PutBucket", "PutObject", "PutObjectCopy", "DeleteObject"]
    );
    server.end().await;
}

// seed: S52, S59
#[tokio::test]
async fn one_request_moves_within_a_bucket() {
    let server = Server::start().await;
    let put = server.put("/a", "abc").header("x-cos-meta-a", "1");
    put.header("x-cos-storage-class", "STANDARD_IA")
        .header("x-cos-acl", "public-read")
        .ok()
        .await;
    server.put("/b", "old").ok().await;
    let moved = |source: &str, target: &str| {
        server
            .put(&format!("{target}?rename"), "")
            .header("x-cos-rename-source", source)
    };
    let done = moved("/a", "/b").ok().await;
    assert_eq!(done.header("ETag"), Some(md5(b"abc").as_str()));
    server.get("/a").refused(404, "NoSuchKey").await;
    let got = server.get("/b").anonymous().ok().await;
    assert_eq!(
        (got.body.as_slice(), got.header("x-cos-meta-a")),
        (&b"abc"[..], Some("1"))
    );
    assert_eq!(got.header("x-cos-storage-class"), Some("STANDARD_IA"));
    moved("/b", "/b").refused(400, "InvalidRequest").await;
    moved("/none", "/c").refused(404, "NoSuchKey").await;
    moved("", "/c").refused(400, "InvalidArgument").await;
    moved("/b", "/c")
        .by(second())
        .refused(403, "AccessDenied")
        .await;
    // The same token again gets the first answer, though the source is gone.
    let again = moved("/b", "/c").header("x-cos-client-token", "once");
    let first = again.ok().await;
    assert_eq!(again.ok().await.header("ETag"), first.header("ETag"));
    moved("/c", "/d")
        .header("x-cos-client-token", "once")
        .refused(400, "InvalidRequest")
        .await;
    assert_eq!(server.bytes("/c").await, b"abc");
    server.end().await;
}

#[tokio::test]
async fn a_rename_leaves_its_acl_behind_or_gets_another_if_that_is_said() {
    let server = Server::start().await;
    let put = server.put("/a", "abc").header("x-cos-acl", "public-read");
    put.ok().await;
    let moved = |source: &str, target: &str, acl: &str| {
        server
            .put(&format!("{target}?rename"), "")
            .header("x-cos-rename-source", source)
            .header("x-cos-acl", acl)
    };
    // Nothing happens if the ACL is none that an object can have.
    for wrong in ["public-read-write", "none-such"] {
        moved("/a", "/b", wrong)
            .refused(400, "InvalidArgument")
            .await;
    }
    server.get("/a").anonymous().ok().await;
    moved("/a", "/b", "default").ok().await;
    server
        .get("/b")
        .anonymous()
        .refused(403, "AccessDenied")
        .await;
    moved("/b", "/c", "public-read").ok().await;
    assert_eq!(server.get("/c").anonymous().ok().await.body, b"abc");
    server.end().await;
}
