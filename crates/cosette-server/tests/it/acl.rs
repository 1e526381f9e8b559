//! ACLs: what each grant gives, to whom, and nothing more.

use crate::harness::{Answer, BUCKET, OTHER, SUFFIX, Server, second, sub};

/// Permission and grantee of each grant but the owner's own.
fn grants(answer: &Answer) -> Vec<(String, String)> {
    let root = answer.xml();
    let own = root.child("Owner").unwrap().value("ID").unwrap().to_owned();
    let list = root.child("AccessControlList").unwrap();
    list.children("Grant")
        .map(|grant| {
            let grantee = grant.child("Grantee").unwrap();
            let who = grantee.value("URI").or(grantee.value("ID")).unwrap();
            (
                grant.value("Permission").unwrap().to_owned(),
                who.to_owned(),
            )
        })
        .filter(|(permission, who)| !(permission == "FULL_CONTROL" && *who == own))
        .collect()
}

fn pairs(wanted: &[(&str, &str)]) -> Vec<(String, String)> {
    wanted
        .iter()
        .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
        .collect()
}

const ALL_USERS: &str = "http://cam.qcloud.com/groups/global/AllUsers";
const SECOND: &str = "qcs::cam::uin/100000000002:uin/100000000002";
const SUB: &str = "qcs::cam::uin/100000000002:uin/100000000022";

// seed: S17, S72
#[tokio::test]
async fn preset_acls_of_copies_and_uploads() {
    let server = Server::start().await;
    server.put("/a", "abc").ok().await;
    for (acl, wanted, anonymous) in [
        ("default", pairs(&[]), 403),
        ("private", pairs(&[]), 403),
        ("public-read", pairs(&[("READ", ALL_USERS)]), 200),
        (
            "authenticated-read",
            pairs(&[(
                "READ",
                "http://cam.qcloud.com/groups/global/AuthenticatedUsers",
            )]),
            403,
        ),
        (
            "bucket-owner-read",
            pairs(&[("READ", "qcs::cam::uin/100000000001:uin/100000000001")]),
            403,
        ),
        ("bucket-owner-full-control", pairs(&[]), 403),
    ] {
        server
            .copy("a", "/copied")
            .header("x-cos-acl", acl)
            .ok()
            .await;
        let begun = server
            .post("/uploaded?uploads", "")
            .header("x-cos-acl", acl)
            .ok()
            .await;
        let upload = begun.value("UploadId");
        let part = server
            .copy_part("a", "/uploaded", &upload, 1)
            .ok()
            .await
            .value("ETag");
        server.complete("/uploaded", &upload, &[part]).ok().await;
        for key in ["/copied", "/uploaded"] {
            let told = server.get(&format!("{key}?acl")).ok().await;
            assert_eq!(grants(&told), wanted, "{acl} {key}");
            let inherits = (acl == "default").then_some("default");
            assert_eq!(told.header("x-cos-acl"), inherits, "{acl}");
            assert_eq!(
                server.get(key).anonymous().send().await.status,
                anonymous,
                "{acl} {key}"
            );
        }
        let signed = if acl.starts_with("auth") || acl.starts_with("public") {
            200
        } else {
            403
        };
        assert_eq!(
            server.get("/copied").by(second()).send().await.status,
            signed,
            "{acl}"
        );
    }
    server
        .copy("a", "/new")
        .header("x-cos-acl", "nonsense")
        .refused(400, "InvalidArgument")
        .await;
    let bucket_only = server
        .copy("a", "/new")
        .header("x-cos-acl", "public-read-write");
    bucket_only.refused(400, "InvalidArgument").await;
    let upload = server
        .post("/new?uploads", "")
        .header("x-cos-acl", "nonsense");
    upload.refused(400, "InvalidArgument").await;
    server.end().await;
}

// seed: S18, S73
#[tokio::test]
async fn without_an_acl_the_buckets_applies_as_it_is_now() {
    let server = Server::start().await;
    server.put("/a", "abc").ok().await;
    server.copy("a", "/none").ok().await;
    server
        .copy("a", "/default")
        .header("x-cos-acl", "default")
        .ok()
        .await;
    let upload = server.upload("/uploaded").await;
    let part = server
        .copy_part("a", "/uploaded", &upload, 1)
        .ok()
        .await
        .value("ETag");
    server.complete("/uploaded", &upload, &[part]).ok().await;
    server
        .copy("a", "/private")
        .header("x-cos-acl", "private")
        .ok()
        .await;
    for (acl, status) in [("private", 403), ("public-read", 200), ("private", 403)] {
        server.put("/?acl", "").header("x-cos-acl", acl).ok().await;
        for key in ["/none", "/default", "/uploaded"] {
            assert_eq!(
                server.get(key).anonymous().send().await.status,
                status,
                "{acl} {key}"
            );
        }
        assert_eq!(server.get("/private").anonymous().send().await.status, 403);
    }
    server.end().await;
}

// seed: S19, S20, S74
#[tokio::test]
async fn a_grant_to_read_is_no_more_than_that() {
    let server = Server::start().await;
    server.put("/a", "abc").ok().await;
    server
        .get("/a")
        .by(second())
        .refused(403, "AccessDenied")
        .await;
    let grant = "id=\"100000000002\"";
    server
        .copy("a", "/copied")
        .header("x-cos-grant-read", grant)
        .ok()
        .await;
    let begun = server
        .post("/uploaded?uploads", "")
        .header("x-cos-grant-read", grant)
        .ok()
        .await;
    let upload = begun.value("UploadId");
    let part = server
        .copy_part("a", "/uploaded", &upload, 1)
        .ok()
        .await
        .value("ETag");
    server.complete("/uploaded", &upload, &[part]).ok().await;
    for key in ["/copied", "/uploaded"] {
        let told = server.get(&format!("{key}?acl")).ok().await;
        assert_eq!(grants(&told), pairs(&[("READ", SECOND)]));
        assert_eq!(server.get(key).by(second()).ok().await.body, b"abc");
        server.head(key).by(second()).ok().await;
        server.get(key).by(sub()).refused(403, "AccessDenied").await;
        server
            .get(key)
            .anonymous()
            .refused(403, "AccessDenied")
            .await;
        server
            .put(key, "x")
            .by(second())
            .refused(403, "AccessDenied")
            .await;
        server
            .delete(key)
            .by(second())
            .refused(403, "AccessDenied")
            .await;
        server
            .get(&format!("{key}?acl"))
            .by(second())
            .refused(403, "AccessDenied")
            .await;
        let acl = server
            .put(&format!("{key}?acl"), "")
            .header("x-cos-acl", "public-read");
        acl.by(second()).refused(403, "AccessDenied").await;
    }
    server.end().await;
}

// seed: S21, S22, S23
#[tokio::test]
async fn grantees_in_all_the_forms_of_the_seed() {
    let server = Server::start().await;
    server.put("/a", "abc").ok().await;
    let two = "id=\"qcs::cam::uin/100000000001:uin/100000000001\", \
               id=\"qcs::cam::uin/100000000001:uin/100000000011\"";
    server
        .copy("a", "/two")
        .header("x-cos-grant-read", two)
        .ok()
        .await;
    assert_eq!(
        grants(&server.get("/two?acl").ok().await),
        pairs(&[
            ("READ", "qcs::cam::uin/100000000001:uin/100000000001"),
            ("READ", "qcs::cam::uin/100000000001:uin/100000000011"),
        ])
    );
    server
        .copy("a", "/sub")
        .header("x-cos-grant-read", format!("id=\"{SUB}\""))
        .ok()
        .await;
    assert_eq!(server.get("/sub").by(sub()).ok().await.body, b"abc");
    server
        .get("/sub")
        .by(second())
        .refused(403, "AccessDenied")
        .await;
    for same in ["id=\"100000000002\"".to_owned(), format!("id=\"{SECOND}\"")] {
        server
            .copy("a", "/root")
            .header("x-cos-grant-read", same)
            .ok()
            .await;
        assert_eq!(
            grants(&server.get("/root?acl").ok().await),
            pairs(&[("READ", SECOND)])
        );
    }
    for none in [
        "100000000002",
        "id=100000000002",
        "id=\"me\"",
        "id=\"qcs::cam::uin/1\"",
        "id=\"1\",",
    ] {
        let call = server.copy("a", "/new").header("x-cos-grant-read", none);
        call.refused(400, "InvalidArgument").await;
    }
    server.end().await;
}

// seed: S24
#[tokio::test]
async fn a_grant_to_write_is_the_right_to_write_the_acl() {
    let server = Server::start().await;
    server.put("/a", "abc").ok().await;
    server
        .copy("a", "/k")
        .header("x-cos-grant-write", "id=\"100000000002\"")
        .ok()
        .await;
    let told = server.get("/k?acl").ok().await;
    assert_eq!(grants(&told), pairs(&[("WRITE_ACP", SECOND)]));
    let set = server.put("/k?acl", "").header("x-cos-acl", "public-read");
    set.clone().by(sub()).refused(403, "AccessDenied").await;
    server
        .get("/k")
        .by(second())
        .refused(403, "AccessDenied")
        .await;
    server
        .get("/k?acl")
        .by(second())
        .refused(403, "AccessDenied")
        .await;
    set.by(second()).ok().await;
    assert_eq!(server.get("/k").anonymous().ok().await.body, b"abc");
    server.end().await;
}

// seed: S25, S75
#[tokio::test]
async fn a_grant_of_full_control_is_all_three() {
    let server = Server::start().await;
    server.put("/a", "abc").ok().await;
    let grant = "id=\"100000000002\"";
    server
        .copy("a", "/copied")
        .header("x-cos-grant-full-control", grant)
        .ok()
        .await;
    let begun = server
        .post("/uploaded?uploads", "")
        .header("x-cos-grant-full-control", grant);
    let upload = begun.ok().await.value("UploadId");
    let part = server
        .copy_part("a", "/uploaded", &upload, 1)
        .ok()
        .await
        .value("ETag");
    server.complete("/uploaded", &upload, &[part]).ok().await;
    for key in ["/copied", "/uploaded"] {
        let acl = format!("{key}?acl");
        assert_eq!(
            grants(&server.get(&acl).ok().await),
            pairs(&[("FULL_CONTROL", SECOND)])
        );
        assert_eq!(server.get(key).by(second()).ok().await.body, b"abc");
        let told = server.get(&acl).by(second()).ok().await;
        assert_eq!(grants(&told), pairs(&[("FULL_CONTROL", SECOND)]));
        server
            .put(key, "x")
            .by(second())
            .refused(403, "AccessDenied")
            .await;
        server
            .put(&acl, "")
            .header("x-cos-acl", "private")
            .by(second())
            .ok()
            .await;
        server
            .get(key)
            .by(second())
            .refused(403, "AccessDenied")
            .await;
    }
    server.end().await;
}

#[tokio::test]
async fn an_acl_as_a_document_comes_back_as_it_was_given() {
    let server = Server::start().await;
    server
        .put("/k", "abc")
        .header("x-cos-grant-read", "id=\"100000000002\"")
        .ok()
        .await;
    let document = server.get("/k?acl").ok().await.text();
    server
        .put("/k?acl", "")
        .header("x-cos-acl", "private")
        .ok()
        .await;
    server.put("/k?acl", &document).ok().await;
    assert_eq!(server.get("/k?acl").ok().await.text(), document);
    assert_eq!(server.get("/k").by(second()).ok().await.body, b"abc");
    let stranger = document.replacen("100000000001", "100000000009", 2);
    server
        .put("/k?acl", stranger)
        .refused(400, "InvalidArgument")
        .await;
    let write = document.replace(">READ<", ">WRITE<");
    server
        .put("/k?acl", write)
        .refused(400, "InvalidArgument")
        .await;
    server
        .put("/k?acl", "<AccessControl")
        .refused(400, "MalformedXML")
        .await;
    // Headers win over a document beside them.
    server
        .put("/k?acl", &document)
        .header("x-cos-acl", "default")
        .ok()
        .await;
    assert_eq!(
        server.get("/k?acl").ok().await.header("x-cos-acl"),
        Some("default")
    );
    server.get("/none?acl").refused(404, "NoSuchKey").await;
    server.end().await;
}

#[tokio::test]
async fn anonymous_callers_get_what_a_public_acl_allows() {
    let server = Server::start().await;
    server.put("/k", "abc").ok().await;
    server
        .put("/?acl", "")
        .header("x-cos-acl", "public-read")
        .ok()
        .await;
    assert_eq!(server.get("/k").anonymous().ok().await.body, b"abc");
    server.get("/").anonymous().ok().await;
    server
        .get("/none")
        .anonymous()
        .refused(404, "NoSuchKey")
        .await;
    for (method, path) in [
        ("PUT", "/k"),
        ("DELETE", "/k"),
        ("POST", "/k?uploads"),
        ("GET", "/?acl"),
        ("GET", "/k?acl"),
        ("GET", "/?versioning"),
        ("DELETE", "/"),
        ("PUT", "/"),
    ] {
        server
            .call(method, path)
            .body("")
            .anonymous()
            .refused(403, "AccessDenied")
            .await;
    }
    server
        .put("/?acl", "")
        .header("x-cos-acl", "public-read-write")
        .ok()
        .await;
    server.put("/mine", "x").anonymous().ok().await;
    assert_eq!(grants(&server.get("/mine?acl").ok().await), pairs(&[]));
    server
        .put("/?acl", "")
        .anonymous()
        .header("x-cos-acl", "private")
        .refused(403, "AccessDenied")
        .await;
    server.end().await;
}

/// Whether an object exists is told only to who could see it in a listing.
// security: S15
#[tokio::test]
async fn a_refusal_does_not_tell_what_exists() {
    let server = Server::versioned().await;
    let id = server.put("/k", "abc").ok().await.version();
    server.delete("/gone").ok().await;
    for path in [
        "/k",
        "/none",
        "/gone",
        "/k?versionId=null",
        &format!("/k?versionId={id}"),
    ] {
        for call in [server.get(path).by(second()), server.get(path).anonymous()] {
            call.clone().refused(403, "AccessDenied").await;
            call.header("If-None-Match", "*")
                .refused(403, "AccessDenied")
                .await;
        }
        server.head(path).by(second()).refused(403, "").await;
        server
            .get(&path.replace("?", "?acl&"))
            .by(second())
            .send()
            .await;
    }
    server.end().await;
}

// seed: S16
#[tokio::test]
async fn a_copy_needs_to_read_there_and_to_write_here() {
    let server = Server::with_two_buckets().await;
    let mine = "mine-1250000001";
    server.put("/", "").bucket(mine).by(second()).ok().await;
    server.put("/a", "abc").bucket(OTHER).ok().await;
    let source = format!("{OTHER}.{SUFFIX}/a");
    let copy = server.copy_from(&source, "/a").bucket(mine).by(second());
    copy.refused(403, "AccessDenied").await;
    let missing = server
        .copy_from(&format!("{OTHER}.{SUFFIX}/none"), "/a")
        .bucket(mine);
    missing.by(second()).refused(403, "AccessDenied").await;
    let upload = server
        .post("/p?uploads", "")
        .bucket(mine)
        .by(second())
        .ok()
        .await;
    let path = format!("/p?partNumber=1&uploadId={}", upload.value("UploadId"));
    let part = server.copy_from(&source, &path).bucket(mine).by(second());
    part.refused(403, "AccessDenied").await;
    // Readable, but the target is not theirs.
    let read = "id=\"100000000002\"";
    server
        .put("/a?acl", "")
        .bucket(OTHER)
        .header("x-cos-grant-read", read)
        .ok()
        .await;
    let into = server.copy_from(&source, "/a").bucket(BUCKET).by(second());
    into.refused(403, "AccessDenied").await;
    copy.ok().await;
    part.ok().await;
    assert_eq!(
        server.get("/a").bucket(mine).by(second()).ok().await.body,
        b"abc"
    );
    // A copy asks for the version that it reads: an older one may be someone's that the newer is not.
    server.versioning(OTHER, "Enabled").await;
    let newer = server
        .put("/a", "secret")
        .bucket(OTHER)
        .ok()
        .await
        .version();
    copy.refused(403, "AccessDenied").await;
    let named = format!("{source}?versionId={newer}");
    let copy_new = server.copy_from(&named, "/a").bucket(mine).by(second());
    copy_new.refused(403, "AccessDenied").await;
    let old = server
        .copy_from(&format!("{source}?versionId=null"), "/old")
        .bucket(mine);
    old.by(second()).ok().await;
    server.end().await;
}

/// Rights to a bucket's ACL, or to all of the bucket, are none to the ACLs of its objects.
#[tokio::test]
async fn an_object_inherits_the_right_to_read_and_no_other() {
    let server = Server::start().await;
    server.put("/k", "abc").ok().await;
    for (grant, status) in [
        ("x-cos-grant-read-acp", 403),
        ("x-cos-grant-write-acp", 403),
        ("x-cos-grant-read", 200),
        ("x-cos-grant-full-control", 200),
    ] {
        let set = server.put("/?acl", "").header(grant, "id=\"100000000002\"");
        set.ok().await;
        let got = server.get("/k").by(second()).send().await;
        assert_eq!(got.status, status, "{grant}");
        server
            .get("/k?acl")
            .by(second())
            .refused(403, "AccessDenied")
            .await;
        let open = server.put("/k?acl", "").header("x-cos-acl", "public-read");
        open.by(second()).refused(403, "AccessDenied").await;
    }
    server.end().await;
}
