//! Versions and delete markers.

use crate::harness::{BUCKET, Server, md5, second};

#[tokio::test]
async fn every_write_of_a_versioned_bucket_is_kept() {
    let server = Server::versioned().await;
    let one = server
        .put("/k", "one")
        .header("x-cos-meta-n", "1")
        .ok()
        .await
        .version();
    server.advance(1);
    let two = server.put("/k", "two").ok().await.version();
    assert!(one > two, "newer ids sort lower");
    assert_eq!(server.bytes("/k").await, b"two");
    let old = server.get(&format!("/k?versionId={one}")).ok().await;
    assert_eq!(
        (old.body.as_slice(), old.version()),
        (&b"one"[..], one.clone())
    );
    let deleted = server.delete("/k").ok().await;
    assert_eq!(deleted.header("x-cos-delete-marker"), Some("true"));
    let marker = deleted.version();
    let gone = server.get("/k").refused(404, "NoSuchKey").await;
    assert_eq!(gone.header("x-cos-delete-marker"), Some("true"));
    assert_eq!(gone.version(), marker);
    let of_marker = server.get(&format!("/k?versionId={marker}")).send().await;
    assert_eq!(
        (of_marker.status, of_marker.header("x-cos-delete-marker")),
        (404, Some("true"))
    );
    let listed = server.get("/?versions").ok().await.xml();
    let order: Vec<_> = listed
        .children
        .iter()
        .filter(|c| c.name == "Version" || c.name == "DeleteMarker")
        .map(|c| (c.name.clone(), c.value("VersionId").unwrap().to_owned()))
        .collect();
    assert_eq!(
        order,
        [
            ("DeleteMarker".to_owned(), marker.clone()),
            ("Version".to_owned(), two.clone()),
            ("Version".to_owned(), one.clone()),
        ]
    );
    // Official clients spell the parameter in more than one way.
    let back = server.delete(&format!("/k?VersionId={marker}")).ok().await;
    assert_eq!(back.header("x-cos-delete-marker"), Some("true"));
    assert_eq!(server.bytes("/k").await, b"two");
    let removed = server.delete(&format!("/k?versionId={two}")).ok().await;
    assert_eq!(
        (removed.version(), removed.header("x-cos-delete-marker")),
        (two, None)
    );
    assert_eq!(server.bytes("/k").await, b"one");
    server.end().await;
}

#[tokio::test]
async fn suspended_versioning_writes_the_null_version() {
    let server = Server::start().await;
    server.put("/k", "before").ok().await;
    server.versioning(BUCKET, "Enabled").await;
    server.put("/k", "kept").ok().await;
    server.versioning(BUCKET, "Suspended").await;
    let put = server.put("/k", "null").ok().await;
    assert_eq!(put.header("x-cos-version-id"), None);
    assert_eq!(server.bytes("/k?versionId=null").await, b"null");
    let marker = server.delete("/k").ok().await;
    assert_eq!(
        (
            marker.version().as_str(),
            marker.header("x-cos-delete-marker")
        ),
        ("null", Some("true"))
    );
    let listed = server.get("/?versions").ok().await;
    assert_eq!(listed.xml().children("Version").count(), 1);
    assert_eq!(listed.xml().children("DeleteMarker").count(), 1);
    server.end().await;
}

#[tokio::test]
async fn version_ids_are_checked() {
    let server = Server::versioned().await;
    let one = server.put("/k", "one").ok().await.version();
    server.put("/other", "x").ok().await;
    server
        .get(&format!("/other?versionId={one}"))
        .refused(404, "NoSuchVersion")
        .await;
    server
        .get("/k?versionId=null")
        .refused(404, "NoSuchVersion")
        .await;
    server
        .get("/k?versionId=nonsense")
        .refused(400, "InvalidArgument")
        .await;
    server
        .delete("/k?versionId=nonsense")
        .refused(400, "InvalidArgument")
        .await;
    server.end().await;
}

#[tokio::test]
async fn many_are_deleted_one_by_one() {
    let server = Server::versioned().await;
    let one = server.put("/a", "1").ok().await.version();
    server.put("/b", "2").ok().await;
    let long = "k".repeat(851);
    let document = format!(
        "<Delete><Object><Key>a</Key><VersionId>{one}</VersionId></Object>\
         <Object><Key>b</Key></Object><Object><Key>none</Key></Object>\
         <Object><Key>{long}</Key></Object><Quiet>false</Quiet></Delete>"
    );
    let md5 = crate::harness::content_md5(document.as_bytes());
    let call = server.post("/?delete", &document);
    call.refused(400, "InvalidRequest").await;
    call.clone()
        .header("Content-MD5", "1B2M2Y8AsgTpgAmY7PhCfg==")
        .refused(400, "BadDigest")
        .await;
    let answer = call.header("Content-MD5", md5).ok().await.xml();
    let deleted: Vec<_> = answer
        .children("Deleted")
        .map(|d| d.value("Key").unwrap())
        .collect();
    assert_eq!(deleted, ["a", "b", "none"]);
    let failed: Vec<_> = answer
        .children("Error")
        .map(|e| e.value("Code").unwrap())
        .collect();
    assert_eq!(failed, ["KeyTooLong"]);
    assert!(!server.exists("/b").await);
    let quiet = "<Delete><Quiet>true</Quiet><Object><Key>b</Key></Object></Delete>";
    let md5 = crate::harness::content_md5(quiet.as_bytes());
    let answer = server
        .post("/?delete", quiet)
        .header("Content-MD5", md5)
        .ok()
        .await
        .xml();
    assert_eq!(
        (answer.name.as_str(), answer.children.len()),
        ("DeleteResult", 0)
    );
    let many: String = (0..1001)
        .map(|n| format!("<Object><Key>{n}</Key></Object>"))
        .collect();
    let many = format!("<Delete>{many}</Delete>");
    let md5 = crate::harness::content_md5(many.as_bytes());
    server
        .post("/?delete", &many)
        .header("Content-MD5", md5)
        .refused(400, "MalformedXML")
        .await;
    server.end().await;
}

/// To bring a deleted object back is its bucket owner's right.
#[tokio::test]
async fn only_the_owner_removes_a_delete_marker() {
    let server = Server::versioned().await;
    server
        .put("/?acl", "")
        .header("x-cos-grant-write", "id=\"100000000002\"")
        .ok()
        .await;
    let one = server.put("/k", "one").by(second()).ok().await.version();
    let marker = server.delete("/k").by(second()).ok().await.version();
    let path = format!("/k?versionId={marker}");
    server
        .delete(&path)
        .by(second())
        .refused(403, "AccessDenied")
        .await;
    let document =
        format!("<Delete><Object><Key>k</Key><VersionId>{marker}</VersionId></Object></Delete>");
    let digest = crate::harness::content_md5(document.as_bytes());
    let many = server
        .post("/?delete", &document)
        .header("Content-MD5", digest)
        .by(second());
    assert_eq!(
        many.ok().await.xml().child("Error").unwrap().value("Code"),
        Some("AccessDenied")
    );
    server.delete(&path).ok().await;
    assert_eq!(server.head("/k").ok().await.etag(), md5(b"one"));
    server
        .delete(&format!("/k?versionId={one}"))
        .by(second())
        .ok()
        .await;
    server.end().await;
}
