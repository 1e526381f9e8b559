//! Signatures: what is refused, with the codes that official clients act upon.

use cosette_proto::sign::{Credentials, SecretKey};

use crate::harness::{Server, root, second};

fn with_key(secret: &str) -> Credentials {
    Credentials {
        secret_key: SecretKey::new(secret),
        ..root()
    }
}

// security: S9, S10
#[tokio::test]
async fn a_wrong_signature_is_refused() {
    let server = Server::start().await;
    let wrong = server.put("/k", "abc").by(with_key("guessed"));
    wrong.refused(403, "SignatureDoesNotMatch").await;
    let unknown = Credentials {
        secret_id: "AKIDnobody".into(),
        ..root()
    };
    server
        .put("/k", "abc")
        .by(unknown)
        .refused(403, "InvalidAccessKeyId")
        .await;
    for malformed in [
        "Basic abc",
        "q-sign-algorithm=sha1&q-ak=AKIDroot",
        "q-sign-algorithm=md5",
    ] {
        let call = server
            .put("/k", "abc")
            .anonymous()
            .header("Authorization", malformed);
        call.refused(403, "AccessDenied").await;
    }
    // An empty header is none: the request is anonymous, and the bucket is private.
    let empty = server.get("/").anonymous().header("Authorization", "");
    empty.refused(403, "AccessDenied").await;
    server.end().await;
}

// security: S10
#[tokio::test]
async fn a_signature_is_good_for_its_time_only() {
    let server = Server::start().await;
    let now = server.now();
    let expired = server.put("/k", "abc").valid(now - 100, now - 1);
    let answer = expired.refused(403, "AccessDenied").await;
    assert_eq!(answer.value("Message"), "Request has expired");
    assert!(answer.header("Date").is_some());
    let skewed = server.put("/k", "abc").valid(now + 1000, now + 2000);
    skewed.refused(403, "RequestTimeTooSkewed").await;
    server.put("/k", "abc").valid(now - 10, now).ok().await;
    server.advance(1);
    server
        .put("/k", "abc")
        .valid(now - 10, now)
        .refused(403, "AccessDenied")
        .await;
    server.end().await;
}

/// A presigned PUT with a copy source added to it would copy whatever its signer may read.
// security: S1, S2
#[tokio::test]
async fn nothing_with_a_meaning_is_added_to_a_signed_request() {
    let server = Server::start().await;
    server.put("/secret", "s").ok().await;
    let put = server.put("/k", "");
    let source = format!(
        "{}.{}/secret",
        crate::harness::BUCKET,
        crate::harness::SUFFIX
    );
    for (name, value) in [
        ("x-cos-copy-source", source.as_str()),
        ("x-cos-acl", "public-read"),
        ("x-cos-meta-a", "b"),
        ("x-amz-copy-source", "/b/k"),
        ("Content-MD5", "1B2M2Y8AsgTpgAmY7PhCfg=="),
        ("If-Match", "*"),
    ] {
        let answer = put
            .clone()
            .unsigned(name, value)
            .refused(403, "AccessDenied")
            .await;
        assert!(
            answer.value("Message").contains(&name.to_lowercase()),
            "{}",
            answer.text()
        );
    }
    let presigned = put.presigned();
    let call = server.call("PUT", &presigned).body("").anonymous();
    call.clone()
        .unsigned("x-cos-copy-source", &source)
        .refused(403, "AccessDenied")
        .await;
    call.ok().await;
    // Nor is a parameter.
    let got = server.get("/secret").presigned();
    assert_eq!(server.get(&got).anonymous().ok().await.body, b"s");
    for added in [
        "acl",
        "versionId=null",
        "uploadId=x",
        "response-content-type=a",
    ] {
        let more = server.get(&format!("{got}&{added}")).anonymous();
        more.refused(403, "AccessDenied").await;
    }
    let deleted = server.delete("/secret").presigned();
    let more = server
        .call("DELETE", &format!("{deleted}&versionId=null"))
        .anonymous();
    more.refused(403, "AccessDenied").await;
    server.end().await;
}

#[tokio::test]
async fn the_host_is_signed_with_or_without_its_port() {
    let server = Server::start().await;
    server.put("/k", "abc").ok().await;
    let bare = format!("{}.{}", crate::harness::BUCKET, crate::harness::SUFFIX);
    // One official client signs the host without the port that it sends.
    let signed = String::from_utf8(server.get("/k").host(&bare).written()).unwrap();
    let sent = signed.replacen(&format!("Host: {bare}"), &format!("Host: {bare}:9000"), 1);
    let mut connection = server.connect().await;
    connection.write(sent.as_bytes()).await;
    assert_eq!(connection.answer("GET").await.unwrap().status, 200);
    assert_eq!(
        server
            .get("/k")
            .host(&format!("{bare}:9000"))
            .send()
            .await
            .status,
        200
    );
    server.end().await;
}

#[tokio::test]
async fn a_security_token_is_of_nobody_here() {
    let server = Server::start().await;
    let call = server.get("/").header("x-cos-security-token", "t");
    call.refused(400, "ExpiredToken").await;
    server.end().await;
}

#[tokio::test]
async fn an_account_is_known_by_its_key() {
    let server = Server::start().await;
    let host = "mine-1250000001.cos.ap-guangzhou.myqcloud.com";
    server.put("/", "").host(host).by(second()).ok().await;
    let listed = server
        .get("/")
        .host("service.cos.myqcloud.com")
        .by(second())
        .ok()
        .await;
    assert!(listed.text().contains("mine-1250000001"));
    assert!(!listed.text().contains("examplebucket"));
    assert!(
        listed
            .text()
            .contains("qcs::cam::uin/100000000002:uin/100000000002")
    );
    server
        .get("/")
        .host("service.cos.myqcloud.com")
        .anonymous()
        .refused(403, "AccessDenied")
        .await;
    server.end().await;
}
