//! Buckets: made, found, refused, removed.

use crate::harness::{BUCKET, Server, second, sub};

const MINE: &str = "mine-1250000001";

// seed: S10
#[tokio::test]
async fn a_bucket_has_a_name_an_owner_and_an_end() {
    let server = Server::start().await;
    let head = server.head("/").ok().await;
    assert_eq!(head.header("x-cos-bucket-region"), Some("ap-guangzhou"));
    server
        .put("/", "")
        .refused(409, "BucketAlreadyOwnedByYou")
        .await;
    server
        .put("/", "")
        .bucket("examplebucket")
        .refused(400, "InvalidBucketName")
        .await;
    server
        .put("/k", "x")
        .bucket("examplebucket")
        .refused(400, "InvalidBucketName")
        .await;
    server.put("/", "").bucket(MINE).by(second()).ok().await;
    server
        .put("/", "")
        .bucket(MINE)
        .refused(409, "BucketAlreadyExists")
        .await;
    server.put("/k", "x").ok().await;
    server.delete("/").refused(409, "BucketNotEmpty").await;
    server.delete("/k").ok().await;
    let upload = server.upload("/k").await;
    server.delete("/").refused(409, "BucketNotEmpty").await;
    server.delete(&format!("/k?uploadId={upload}")).ok().await;
    assert_eq!(server.delete("/").ok().await.status, 204);
    server.delete("/").refused(404, "NoSuchBucket").await;
    server.head("/").refused(404, "").await;
    server.end().await;
}

#[tokio::test]
async fn an_account_makes_buckets_of_its_own_number_only() {
    let server = Server::start().await;
    let make = |bucket: &str| server.put("/", "").bucket(bucket);
    make("a-1250000000")
        .by(second())
        .refused(403, "AccessDenied")
        .await;
    make(MINE).anonymous().refused(403, "AccessDenied").await;
    make(MINE).by(sub()).refused(403, "AccessDenied").await;
    make(MINE).by(second()).ok().await;
    make("any-42").ok().await;
    server.end().await;
}

#[tokio::test]
async fn the_service_lists_ones_own_buckets() {
    let server = Server::start().await;
    server.put_bucket("a-1250000000").await;
    server
        .put("/", "")
        .host("z-1250000000.cos.ap-beijing.myqcloud.com")
        .ok()
        .await;
    server.put("/", "").bucket(MINE).by(second()).ok().await;
    let list = |path: &str, host: &str| server.get(path).host(host);
    let names = |answer: &crate::harness::Answer| {
        let root = answer.xml();
        let buckets = root.child("Buckets").unwrap();
        let names = buckets
            .children("Bucket")
            .map(|b| b.value("Name").unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    let all = list("/", "service.cos.myqcloud.com").ok().await;
    assert_eq!(names(&all), ["a-1250000000", BUCKET, "z-1250000000"]);
    let bucket = all.xml();
    let first = bucket.child("Buckets").unwrap().child("Bucket").unwrap();
    assert_eq!(first.value("Location"), Some("ap-guangzhou"));
    assert_eq!(first.value("CreationDate"), Some("2024-05-06T07:08:09Z"));
    // The host of a region knows that region's only, unless it is asked for another's.
    let there = list("/", "cos.ap-beijing.myqcloud.com").ok().await;
    assert_eq!(names(&there), ["z-1250000000"]);
    let here = list("/?region=ap-guangzhou", "cos.ap-beijing.myqcloud.com");
    assert_eq!(names(&here.ok().await), ["a-1250000000", BUCKET]);
    let page = list("/?max-keys=1&marker=a-1250000000", "127.0.0.1")
        .ok()
        .await;
    assert_eq!(names(&page), [BUCKET]);
    server.end().await;
}

#[tokio::test]
async fn versioning_is_switched_and_suspended_and_never_removed() {
    let server = Server::start().await;
    let status = async || {
        let answer = server.get("/?versioning").ok().await;
        answer.xml().value("Status").map(str::to_owned)
    };
    assert_eq!(status().await, None);
    server.versioning(BUCKET, "Enabled").await;
    assert_eq!(status().await.as_deref(), Some("Enabled"));
    server.versioning(BUCKET, "Suspended").await;
    assert_eq!(status().await.as_deref(), Some("Suspended"));
    for bad in [
        "<VersioningConfiguration><Status>Off</Status></VersioningConfiguration>",
        "<VersioningConfiguration/>",
    ] {
        server
            .put("/?versioning", bad)
            .refused(400, "InvalidArgument")
            .await;
    }
    server
        .put("/?versioning", "<Versioning")
        .refused(400, "MalformedXML")
        .await;
    server
        .get("/?versioning")
        .by(second())
        .refused(403, "AccessDenied")
        .await;
    server.end().await;
}
