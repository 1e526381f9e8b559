//! Tags of objects and buckets: how they are set and read, what carries them along, their limits.

use std::fmt::Write as _;

use cosette_server::users::Request;
use cosette_types::limits;

use crate::harness::{BUCKET, Server, part_list, second};

fn document(tags: &[(String, String)]) -> String {
    let mut document = String::from("<Tagging><TagSet>");
    for (key, value) in tags {
        write!(
            document,
            "<Tag><Key>{key}</Key><Value>{value}</Value></Tag>"
        )
        .unwrap();
    }
    document + "</TagSet></Tagging>"
}

fn many(count: usize) -> Vec<(String, String)> {
    (0..count)
        .map(|n| (format!("k{n}"), String::from("v")))
        .collect()
}

/// The tags of a path as `key=value` in one text.
async fn tags(server: &Server, path: &str) -> String {
    let mark = if path.contains('?') { '&' } else { '?' };
    let reply = server.get(&format!("{path}{mark}tagging")).ok().await;
    let document = reply.xml();
    let set = document.child("TagSet").unwrap();
    let tag = |tag: &cosette_proto::xml::Element| {
        let text = |name| tag.child_text(name).unwrap_or_default().to_owned();
        format!("{}={}", text("Key"), text("Value"))
    };
    set.children("Tag").map(tag).collect::<Vec<_>>().join(",")
}

#[tokio::test]
async fn an_objects_tags_are_set_whole_read_and_removed() {
    let server = Server::start().await;
    server.put("/a", "abc").ok().await;
    assert_eq!(tags(&server, "/a").await, "");
    assert_eq!(
        server.head("/a").ok().await.header("x-cos-tagging-count"),
        None
    );
    let one = document(&[
        ("project".into(), "x y".into()),
        ("级别".into(), String::new()),
    ]);
    assert_eq!(server.put("/a?tagging", one).ok().await.status, 204);
    assert_eq!(tags(&server, "/a").await, "project=x y,级别=");
    for reply in [server.head("/a").ok().await, server.get("/a").ok().await] {
        assert_eq!(reply.header("x-cos-tagging-count"), Some("2"));
    }
    server.put("/a?tagging", document(&many(1))).ok().await;
    assert_eq!(tags(&server, "/a").await, "k0=v");
    assert_eq!(server.delete("/a?tagging").ok().await.status, 204);
    assert_eq!(tags(&server, "/a").await, "");
    assert_eq!(server.bytes("/a").await, b"abc");
    // Without an object there is nothing to have tags.
    server.get("/no?tagging").refused(404, "NoSuchKey").await;
    let put = server.put("/no?tagging", document(&many(1)));
    put.refused(404, "NoSuchKey").await;
    server.delete("/no?tagging").refused(404, "NoSuchKey").await;
    server.end().await;
}

#[tokio::test]
async fn tags_travel_with_every_kind_of_write() {
    let server = Server::start().await;
    server
        .put("/a", "abc")
        .header("x-cos-tagging", "a=1&b%20c=%2B")
        .ok()
        .await;
    assert_eq!(tags(&server, "/a").await, "a=1,b c=+");
    // A copy has its source's tags unless it says otherwise; a move always.
    server.copy("a", "/b").ok().await;
    assert_eq!(tags(&server, "/b").await, "a=1,b c=+");
    let copy = server.copy("a", "/c").header("x-cos-tagging", "ignored=1");
    copy.ok().await;
    assert_eq!(tags(&server, "/c").await, "a=1,b c=+");
    let copy = server
        .copy("a", "/d")
        .header("x-cos-tagging-directive", "Replaced")
        .header("x-cos-tagging", "new=1");
    copy.ok().await;
    assert_eq!(tags(&server, "/d").await, "new=1");
    let copy = server.copy("a", "/e");
    copy.header("x-cos-tagging-directive", "Replaced")
        .ok()
        .await;
    assert_eq!(tags(&server, "/e").await, "");
    let moved = server
        .put("/f?rename", "")
        .header("x-cos-rename-source", "/b");
    moved.ok().await;
    assert_eq!(tags(&server, "/f").await, "a=1,b c=+");
    // In place, new tags are a change; the same again is a retry.
    for _ in 0..2 {
        let copy = server
            .copy("a", "/a")
            .header("x-cos-tagging-directive", "Replaced")
            .header("x-cos-tagging", "in=place");
        copy.ok().await;
    }
    assert_eq!(tags(&server, "/a").await, "in=place");
    // An upload says them when it begins.
    let begun = server
        .post("/g?uploads", "")
        .header("x-cos-tagging", "up=1")
        .ok()
        .await;
    let upload = begun.xml().value("UploadId").unwrap().to_owned();
    let part = server.copy_part("a", "/g", &upload, 1).ok().await;
    let etag = part.xml().value("ETag").unwrap().to_owned();
    let list = part_list(&[(1, &etag)]);
    server
        .post(&format!("/g?uploadId={upload}"), list)
        .ok()
        .await;
    assert_eq!(tags(&server, "/g").await, "up=1");
    // A plain write replaces the object and its tags.
    server.put("/g", "x").ok().await;
    assert_eq!(tags(&server, "/g").await, "");
    server.end().await;
}

#[tokio::test]
async fn each_version_has_tags_of_its_own() {
    let server = Server::versioned().await;
    let put = |tag: &str| {
        server
            .put("/a", tag)
            .header("x-cos-tagging", format!("t={tag}"))
    };
    let first = put("1").ok().await;
    let first = first.header("x-cos-version-id").unwrap();
    put("2").ok().await;
    assert_eq!(tags(&server, "/a").await, "t=2");
    assert_eq!(tags(&server, &format!("/a?versionId={first}")).await, "t=1");
    let of_first = format!("/a?tagging&versionId={first}");
    let reply = server.put(&of_first, document(&many(2))).ok().await;
    assert_eq!(reply.header("x-cos-version-id"), Some(first));
    assert_eq!(
        tags(&server, &format!("/a?versionId={first}")).await,
        "k0=v,k1=v"
    );
    assert_eq!(tags(&server, "/a").await, "t=2");
    server.delete(&of_first).ok().await;
    assert_eq!(tags(&server, &format!("/a?versionId={first}")).await, "");
    // A copy of a version has that version's tags.
    let source = format!("{BUCKET}.{}/a?versionId={first}", crate::harness::SUFFIX);
    server.copy_from(&source, "/b").ok().await;
    assert_eq!(tags(&server, "/b").await, "");
    server.end().await;
}

#[tokio::test]
async fn tags_have_limits() {
    let server = Server::start().await;
    server.put("/a", "abc").ok().await;
    let (most, key, value) = (
        limits::OBJECT_TAGS_MAX,
        limits::TAG_KEY_CHARS_MAX,
        limits::TAG_VALUE_CHARS_MAX,
    );
    server.put("/a?tagging", document(&many(most))).ok().await;
    let longest = document(&[("k".repeat(key), "v".repeat(value))]);
    server.put("/a?tagging", longest).ok().await;
    let pair = |key: usize, value: usize| vec![("k".repeat(key), "v".repeat(value))];
    let twice = vec![("k".into(), "1".into()), ("k".into(), "2".into())];
    for wrong in [
        many(most + 1),
        pair(key + 1, 1),
        pair(1, value + 1),
        pair(0, 1),
        twice,
        vec![("a?b".into(), String::new())],
    ] {
        let put = server.put("/a?tagging", document(&wrong));
        put.refused(400, "InvalidTag").await;
        let pairs: Vec<_> = wrong.iter().map(|(k, v)| format!("{k}={v}")).collect();
        let put = server
            .put("/b", "x")
            .header("x-cos-tagging", pairs.join("&"));
        put.refused(400, "InvalidTag").await;
    }
    server
        .put("/a?tagging", "<Tagging/>")
        .refused(400, "MalformedXML")
        .await;
    server
        .put("/a?tagging", "")
        .refused(400, "MissingRequestBodyError")
        .await;
    let most = limits::BUCKET_TAGS_MAX;
    server.put("/?tagging", document(&many(most))).ok().await;
    let put = server.put("/?tagging", document(&many(most + 1)));
    put.refused(400, "InvalidTag").await;
    server.end().await;
}

#[tokio::test]
async fn a_buckets_tags() {
    let server = Server::start().await;
    server.get("/?tagging").refused(404, "NoSuchTagSet").await;
    assert_eq!(
        server
            .put("/?tagging", document(&many(2)))
            .ok()
            .await
            .status,
        204
    );
    assert_eq!(tags(&server, "/").await, "k0=v,k1=v");
    server.put("/?tagging", document(&many(1))).ok().await;
    assert_eq!(tags(&server, "/").await, "k0=v");
    for call in [
        server.get("/?tagging"),
        server.put("/?tagging", document(&many(1))),
        server.delete("/?tagging"),
    ] {
        call.by(second()).refused(403, "AccessDenied").await;
    }
    assert_eq!(server.delete("/?tagging").ok().await.status, 204);
    server.get("/?tagging").refused(404, "NoSuchTagSet").await;
    // They go with their bucket.
    let other = "tagged-1250000000";
    server.put_bucket(other).await;
    let put = server.put("/?tagging", document(&many(9))).bucket(other);
    put.ok().await;
    server.delete("/").bucket(other).ok().await;
    server.put_bucket(other).await;
    let get = server.get("/?tagging").bucket(other);
    get.refused(404, "NoSuchTagSet").await;
    server.end().await;
}

#[tokio::test]
async fn an_objects_tags_are_its_owners_to_set() {
    let server = Server::start().await;
    let put = server.put("/a", "abc").header("x-cos-acl", "public-read");
    put.header("x-cos-tagging", "a=1").ok().await;
    // No ACL grants what is about tags; policies can.
    let get = server.get("/a?tagging").by(second());
    get.refused(403, "AccessDenied").await;
    let put = server.put("/a?tagging", document(&many(1))).by(second());
    put.refused(403, "AccessDenied").await;
    let delete = server.delete("/a?tagging").by(second());
    delete.refused(403, "AccessDenied").await;
    server.end().await;
}

#[tokio::test]
async fn tags_in_headers_take_a_right_of_their_own() {
    let server = Server::start().await;
    let tagged = server.put("/from", "abc").header("x-cos-tagging", "a=1");
    tagged.ok().await;
    let allow = async |actions: &str| {
        let policy = format!(
            r#"{{"version":"2.0","Statement":[{{"Effect":"allow",
            "Principal":{{"qcs":["qcs::cam::uin/100000000002:uin/100000000002"]}},
            "Action":[{actions}],"Resource":["qcs::cos:*:uid/1250000000:{BUCKET}/*"]}}]}}"#
        );
        server.put("/?policy", policy).ok().await;
    };
    let with_tags = [
        server.put("/n", "x"),
        server.post("/n?append&position=0", "x"),
        server.post("/n?uploads", ""),
        server
            .copy("from", "/n")
            .header("x-cos-tagging-directive", "Replaced"),
    ];
    let with_tags = with_tags.map(|call| call.header("x-cos-tagging", "b=2").by(second()));
    // In S3 that is so for what a copy carries along, too; in COS it comes with the copy.
    let by_s3 = server
        .put("/s3", "")
        .header("x-amz-copy-source", format!("/{BUCKET}/from"))
        .v4("UNSIGNED-PAYLOAD")
        .by(second());
    let writes =
        r#""cos:PutObject","cos:AppendObject","cos:InitiateMultipartUpload","cos:GetObject""#;
    allow(writes).await;
    for call in &with_tags {
        call.refused(403, "AccessDenied").await;
    }
    by_s3.refused(403, "AccessDenied").await;
    server.copy("from", "/cos").by(second()).ok().await;
    assert_eq!(tags(&server, "/cos").await, "a=1");
    // Tags that mean nothing take no right.
    let ignored = server.copy("from", "/cos").header("x-cos-tagging", "b=2");
    ignored.by(second()).ok().await;
    allow(&format!(r#"{writes},"cos:GetObjectTagging""#)).await;
    by_s3.refused(403, "AccessDenied").await;
    allow(&format!(r#"{writes},"cos:PutObjectTagging""#)).await;
    by_s3.refused(403, "AccessDenied").await;
    for call in &with_tags {
        call.ok().await;
        server.delete("/n").ok().await;
    }
    allow(&format!(
        r#"{writes},"cos:PutObjectTagging","cos:GetObjectTagging""#
    ))
    .await;
    by_s3.ok().await;
    assert_eq!(tags(&server, "/s3").await, "a=1");
    server.end().await;
}

#[tokio::test]
async fn a_bucket_is_made_with_its_tags() {
    let server = Server::start().await;
    let name = "tagged-1250000000";
    let make = |tags: &str| {
        let call = server.put("/", "").bucket(name);
        call.header("x-cos-tagging", tags)
    };
    let pairs = |count: usize| {
        let pairs: Vec<_> = many(count)
            .iter()
            .map(|(k, v)| format!("{k}={v}"))
            .collect();
        pairs.join("&")
    };
    let most = limits::BUCKET_TAGS_MAX;
    for wrong in [pairs(most + 1), "a=1&a=2".into(), "=1".into()] {
        make(&wrong).refused(400, "InvalidTag").await;
    }
    make("a=1").by(second()).refused(403, "AccessDenied").await;
    make(&pairs(most)).ok().await;
    let told = server.get("/?tagging").bucket(name).ok().await;
    let set = told.xml();
    assert_eq!(set.child("TagSet").unwrap().children("Tag").count(), most);
    // To make it again changes nothing.
    make("other=1")
        .refused(409, "BucketAlreadyOwnedByYou")
        .await;
    server.delete("/").bucket(name).ok().await;
    server.put_bucket(name).await;
    let get = server.get("/?tagging").bucket(name);
    get.refused(404, "NoSuchTagSet").await;
    server.end().await;
}

#[tokio::test]
async fn to_make_a_bucket_gives_no_right_to_its_tags() {
    let server = Server::start().await;
    let create = Request::CreateUser {
        name: "ann".into(),
        account: None,
        app_id: None,
    };
    server.administer(create).await;
    let key = Request::CreateKey {
        name: "ann".into(),
        replace: false,
    };
    let ann = server.credentials(key).await;
    let allow = async |action: &str| {
        let policy = Request::PutPolicy {
            name: "ann".into(),
            policy: "p".into(),
            document: format!(
                r#"{{"version":"2.0","statement":{{"effect":"allow","action":[{action}],"resource":"*"}}}}"#
            ),
        };
        server.administer(policy).await;
    };
    let make = server.put("/", "").bucket("tagged-1250000000").by(ann);
    let make = make.header("x-cos-tagging", "a=1");
    allow(r#""cos:PutBucket""#).await;
    make.refused(403, "AccessDenied").await;
    allow(r#""cos:PutBucket","cos:PutBucketTagging""#).await;
    make.ok().await;
    server.end().await;
}
