//! Policies of buckets: setting them, what they give, and what they can never take.

use crate::harness::{BUCKET, OTHER, SUFFIX, Server, second, sub};

fn policy(effect: &str, action: &str, resource: &str, more: &str) -> String {
    format!(
        r#"{{"version":"2.0","Statement":[{{"Effect":"{effect}",
        "Principal":{{"qcs":["qcs::cam::uin/100000000002:uin/100000000002"]}},
        "Action":["{action}"],"Resource":["qcs::cos:*:uid/1250000000:{resource}"]{more}}}]}}"#
    )
}

#[tokio::test]
async fn a_policy_comes_back_as_it_was_written() {
    let server = Server::start().await;
    server
        .get("/?policy")
        .refused(404, "NoSuchBucketPolicy")
        .await;
    let document = policy("allow", "name/cos:GetObject", &format!("{BUCKET}/*"), "");
    server.put("/?policy", &document).ok().await;
    assert_eq!(server.get("/?policy").ok().await.text(), document);
    for wrong in ["", "{}", "<Policy/>", &document.replace(BUCKET, OTHER)] {
        let answer = server.put("/?policy", wrong).send().await;
        assert_eq!(answer.status, 400, "{wrong}");
    }
    let large = format!("{document}{}", " ".repeat(20 << 10));
    server
        .put("/?policy", large)
        .refused(400, "MalformedPolicy")
        .await;
    for call in [
        server.get("/?policy"),
        server.put("/?policy", &document),
        server.delete("/?policy"),
    ] {
        call.clone().by(second()).refused(403, "AccessDenied").await;
        call.anonymous().refused(403, "AccessDenied").await;
    }
    assert_eq!(server.get("/?policy").ok().await.text(), document);
    assert_eq!(server.delete("/?policy").ok().await.status, 204);
    server.delete("/?policy").ok().await;
    server
        .get("/?policy")
        .refused(404, "NoSuchBucketPolicy")
        .await;
    server.end().await;
}

#[tokio::test]
async fn a_policy_gives_what_it_says_to_whom_it_says() {
    let server = Server::start().await;
    server.put("/a/k", "abc").ok().await;
    server.put("/b/k", "abc").ok().await;
    let document = policy("allow", "name/cos:GetObject", &format!("{BUCKET}/a/*"), "");
    server.put("/?policy", document).ok().await;
    assert_eq!(server.get("/a/k").by(second()).ok().await.body, b"abc");
    server
        .get("/b/k")
        .by(second())
        .refused(403, "AccessDenied")
        .await;
    server
        .get("/a/k")
        .by(sub())
        .refused(403, "AccessDenied")
        .await;
    server
        .get("/a/k")
        .anonymous()
        .refused(403, "AccessDenied")
        .await;
    server
        .put("/a/k", "x")
        .by(second())
        .refused(403, "AccessDenied")
        .await;
    // Without the right to list, nothing is told of what is not there.
    server
        .get("/a/none")
        .by(second())
        .refused(403, "AccessDenied")
        .await;
    server.end().await;
}

// security: S11
#[tokio::test]
async fn conditions_are_asked_of_the_request() {
    let server = Server::start().await;
    server.put("/a/k", "abc").ok().await;
    let with = async |action: &str, condition: &str| {
        let more = format!(",\"Condition\":{{{condition}}}");
        let document = policy("allow", action, &format!("{BUCKET}/*"), &more);
        server.put("/?policy", document).ok().await;
    };
    with("cos:GetBucket", r#""string_like":{"cos:prefix":"a/*"}"#).await;
    server.get("/?prefix=a/b").by(second()).ok().await;
    for path in ["/", "/?prefix=", "/?prefix=b"] {
        server
            .get(path)
            .by(second())
            .refused(403, "AccessDenied")
            .await;
    }
    with(
        "cos:PutObject*",
        r#""string_equal":{"cos:x-cos-acl":"private"}"#,
    )
    .await;
    let put = server.put("/n", "x").by(second());
    put.refused(403, "AccessDenied").await;
    put.clone()
        .header("x-cos-acl", "public-read")
        .refused(403, "AccessDenied")
        .await;
    put.header("x-cos-acl", "private").ok().await;
    with("cos:GetObject", r#""ip_not_equal":{"qcs:ip":"127.0.0.1"}"#).await;
    server
        .get("/a/k")
        .by(second())
        .refused(403, "AccessDenied")
        .await;
    // What a client says of itself is no fact: where it comes from is what its connection says.
    with("cos:GetObject", r#""ip_equal":{"qcs:ip":"10.0.0.0/8"}"#).await;
    for name in ["X-Forwarded-For", "X-Real-IP", "Forwarded"] {
        let call = server.get("/a/k").by(second()).unsigned(name, "10.0.0.1");
        call.refused(403, "AccessDenied").await;
    }
    with(
        "cos:GetObject",
        r#""bool_equal":{"cos:secure-transport":true}"#,
    )
    .await;
    server
        .get("/a/k")
        .by(second())
        .refused(403, "AccessDenied")
        .await;
    with(
        "cos:GetObject",
        r#""date_less_than":{"qcs:current_time":"2024-05-06T07:08:10Z"}"#,
    )
    .await;
    server.get("/a/k").by(second()).ok().await;
    server.advance(2);
    server
        .get("/a/k")
        .by(second())
        .refused(403, "AccessDenied")
        .await;
    server.end().await;
}

/// A denial binds the owner, too, but he can always take it back.
#[tokio::test]
async fn nobody_is_locked_out_of_a_policy() {
    let server = Server::start().await;
    server.put("/k", "abc").ok().await;
    let document = r#"{"version":"2.0","Statement":{"Effect":"deny","Principal":"*","Action":"*","Resource":"*"}}"#;
    server.put("/?policy", document).ok().await;
    server.get("/k").refused(403, "AccessDenied").await;
    server.put("/k", "x").refused(403, "AccessDenied").await;
    assert_eq!(server.get("/?policy").ok().await.text(), document);
    server.delete("/?policy").ok().await;
    server.get("/k").ok().await;
    server.end().await;
}

/// A bucket made anew under an old name begins without a policy.
#[tokio::test]
async fn a_policy_goes_with_its_bucket() {
    let server = Server::with_two_buckets().await;
    let document = policy("allow", "*", &format!("{OTHER}/*"), "");
    server.put("/?policy", document).bucket(OTHER).ok().await;
    server.get("/").bucket(OTHER).by(second()).ok().await;
    server.delete("/").bucket(OTHER).ok().await;
    server.advance(1);
    server.put_bucket(OTHER).await;
    server
        .get("/")
        .bucket(OTHER)
        .by(second())
        .refused(403, "AccessDenied")
        .await;
    server
        .get("/?policy")
        .bucket(OTHER)
        .refused(404, "NoSuchBucketPolicy")
        .await;
    server.end().await;
}

// security: S4
#[tokio::test]
async fn a_copy_asks_of_its_source_what_a_get_of_that_version_asks() {
    let server = Server::with_two_buckets().await;
    let mine = "mine-1250000001";
    server.put("/", "").bucket(mine).by(second()).ok().await;
    server.versioning(OTHER, "Enabled").await;
    let old = server.put("/k", "old").bucket(OTHER).ok().await.version();
    server.put("/k", "new").bucket(OTHER).ok().await;
    let source = format!("{OTHER}.{SUFFIX}/k");
    let named = format!("{source}?versionId={old}");
    let only = |condition: &str| {
        let more = format!(",\"Condition\":{{{condition}}}");
        policy("allow", "cos:GetObject", &format!("{OTHER}/*"), &more)
    };
    let copy = |source: &str| server.copy_from(source, "/c").bucket(mine).by(second());
    let begun = server
        .post("/p?uploads", "")
        .bucket(mine)
        .by(second())
        .ok()
        .await;
    let path = format!("/p?partNumber=1&uploadId={}", begun.value("UploadId"));
    let part = |source: &str| server.copy_from(source, &path).bucket(mine).by(second());
    let document = only(&format!(r#""string_equal":{{"cos:versionid":"{old}"}}"#));
    server.put("/?policy", document).bucket(OTHER).ok().await;
    for call in [copy(&source), part(&source)] {
        call.refused(403, "AccessDenied").await;
    }
    copy(&named).ok().await;
    part(&named).ok().await;
    // A condition on how one asks holds for copies, too.
    let document = only(r#""ip_equal":{"qcs:ip":"10.0.0.0/8"}"#);
    server.put("/?policy", document).bucket(OTHER).ok().await;
    for source in [&source, &named] {
        copy(source).refused(403, "AccessDenied").await;
        part(source).refused(403, "AccessDenied").await;
    }
    server.end().await;
}

// security: S14
#[tokio::test]
async fn to_say_who_may_read_takes_a_right_of_its_own() {
    let server = Server::start().await;
    server.put("/k", "abc").ok().await;
    let document = policy("allow", "cos:PutObject", &format!("{BUCKET}/*"), "");
    server.put("/?policy", document).ok().await;
    server.put("/n", "x").by(second()).ok().await;
    for (name, value) in [
        ("x-cos-acl", "public-read"),
        ("x-cos-grant-read", "id=\"100000000002\""),
    ] {
        let put = server.put("/m", "x").by(second()).header(name, value);
        put.refused(403, "AccessDenied").await;
    }
    // A copy of something public is not public by itself.
    server
        .put("/open", "abc")
        .header("x-cos-acl", "public-read")
        .ok()
        .await;
    server.copy("open", "/closed").ok().await;
    server.get("/open").anonymous().ok().await;
    server
        .get("/closed")
        .anonymous()
        .refused(403, "AccessDenied")
        .await;
    server.end().await;
}

#[tokio::test]
async fn a_rename_that_gives_an_acl_needs_the_right_to_and_one_that_drops_it_does_not() {
    let server = Server::start().await;
    let all = ["GetObject", "PutObject", "DeleteObject"].map(|name| format!("name/cos:{name}"));
    let document = policy("allow", &all.join("\",\""), &format!("{BUCKET}/*"), "");
    server.put("/?policy", document).ok().await;
    let moved = |acl: &str| {
        server
            .put("/to?rename", "")
            .header("x-cos-rename-source", "/from")
            .header("x-cos-acl", acl)
            .by(second())
    };
    server.put("/from", "abc").ok().await;
    for given in ["public-read", "private"] {
        moved(given).refused(403, "AccessDenied").await;
    }
    assert_eq!(server.bytes("/from").await, b"abc");
    moved("default").ok().await;
    server.get("/from").refused(404, "NoSuchKey").await;
    server.end().await;
}
