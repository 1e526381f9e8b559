//! Users that are kept: their keys, their policies, and temporary credentials.

use cosette_proto::sign::Credentials;
use cosette_server::users::{Reply, Request, Why};

use crate::harness::{BUCKET, SECOND_UIN, SUFFIX, Server, root, second};

const ALL: &str = r#"{"version":"2.0","statement":{"effect":"allow","action":"*","resource":"*"}}"#;

fn create(name: &str) -> Request {
    Request::CreateUser {
        name: name.into(),
        account: None,
        app_id: None,
    }
}

fn key(name: &str, replace: bool) -> Request {
    Request::CreateKey {
        name: name.into(),
        replace,
    }
}

fn policy(name: &str, document: &str) -> Request {
    Request::PutPolicy {
        name: name.into(),
        policy: "p".into(),
        document: document.into(),
    }
}

fn token(name: &str, secs: u64, policy: Option<&str>) -> Request {
    Request::CreateToken {
        name: name.into(),
        secs,
        policy: policy.map(str::to_owned),
    }
}

async fn ann(server: &Server) -> Credentials {
    server.administer(create("ann")).await;
    server.administer(policy("ann", ALL)).await;
    server.credentials(key("ann", false)).await
}

#[tokio::test]
async fn a_user_may_do_what_its_policies_allow_and_no_more() {
    let server = Server::start().await;
    server.put("/a/k", "abc").ok().await;
    server.administer(create("ann")).await;
    let ann = server.credentials(key("ann", false)).await;
    let get = server.get("/a/k").by(ann.clone());
    get.refused(403, "AccessDenied").await;
    let reads = format!(
        r#"{{"version":"2.0","statement":[{{"effect":"allow","action":["name/cos:GetObject"],
        "resource":["qcs::cos:ap-guangzhou:uid/1250000000:{BUCKET}/a/*"]}}]}}"#
    );
    server.administer(policy("ann", &reads)).await;
    assert_eq!(get.ok().await.body, b"abc");
    for (method, path) in [
        ("GET", "/b"),
        ("HEAD", "/a/k"),
        ("PUT", "/a/k"),
        ("DELETE", "/a/k"),
        ("GET", "/"),
        ("GET", "/?policy"),
        ("DELETE", "/"),
        ("GET", "/a/k?acl"),
    ] {
        let call = server.call(method, path).body("").by(ann.clone());
        let code = if method == "HEAD" { "" } else { "AccessDenied" };
        call.refused(403, code).await;
    }
    let gone = Request::DeletePolicy {
        name: "ann".into(),
        policy: "p".into(),
    };
    server.administer(gone).await;
    get.refused(403, "AccessDenied").await;
    server.end().await;
}

#[tokio::test]
async fn a_key_is_good_from_the_moment_it_is_made_until_it_is_revoked() {
    let server = Server::start().await;
    let first = ann(&server).await;
    let second_key = server.credentials(key("ann", false)).await;
    for one in [&first, &second_key] {
        server.get("/").by(one.clone()).ok().await;
    }
    let revoke = Request::RevokeKey {
        name: "ann".into(),
        secret_id: first.secret_id.clone(),
    };
    server.administer(revoke.clone()).await;
    let refused = server.get("/").by(first.clone());
    refused.refused(403, "InvalidAccessKeyId").await;
    server.get("/").by(second_key.clone()).ok().await;
    assert_eq!(server.refusal(revoke).await.why, Why::NotFound);
    let third = server.credentials(key("ann", true)).await;
    server
        .get("/")
        .by(second_key)
        .refused(403, "InvalidAccessKeyId")
        .await;
    server.get("/").by(third.clone()).ok().await;
    let set = |enabled| Request::SetEnabled {
        name: "ann".into(),
        enabled,
    };
    server.administer(set(false)).await;
    server
        .get("/")
        .by(third.clone())
        .refused(403, "InvalidAccessKeyId")
        .await;
    server.administer(set(true)).await;
    server.get("/").by(third.clone()).ok().await;
    server
        .administer(Request::DeleteUser { name: "ann".into() })
        .await;
    server
        .get("/")
        .by(third)
        .refused(403, "InvalidAccessKeyId")
        .await;
    server.end().await;
}

#[tokio::test]
async fn accounts_have_buckets_and_users_of_their_own() {
    let server = Server::start().await;
    let made = Request::CreateUser {
        name: "team".into(),
        account: None,
        app_id: Some("1250000007".into()),
    };
    let Reply::User(team) = server.administer(made).await else {
        panic!()
    };
    assert_eq!(team.uin, team.account);
    let keys = server.credentials(key("team", false)).await;
    let bucket = "theirs-1250000007";
    let call = |method: &str, path: &str, bucket: &str, who: &Credentials| {
        let call = server.call(method, path).bucket(bucket).by(who.clone());
        if method == "PUT" {
            call.body("abc")
        } else {
            call
        }
    };
    let empty =
        |path: &str, bucket: &str, who: &Credentials| call("PUT", path, bucket, who).body("");
    empty("/", bucket, &keys).ok().await;
    call("PUT", "/k", bucket, &keys).ok().await;
    for denied in [
        call("GET", "/k", bucket, &second()),
        call("GET", "/k", BUCKET, &keys),
        empty("/", "x-1250000008", &keys),
    ] {
        denied.refused(403, "AccessDenied").await;
    }
    let bob = Request::CreateUser {
        name: "bob".into(),
        account: Some(team.uin.clone()),
        app_id: None,
    };
    server.administer(bob).await;
    let bobs = server.credentials(key("bob", false)).await;
    server.administer(policy("bob", ALL)).await;
    // All of his account's, and nothing of others.
    assert_eq!(call("GET", "/k", bucket, &bobs).ok().await.body, b"abc");
    call("PUT", "/by-bob", bucket, &bobs).ok().await;
    empty("/", "more-1250000007", &bobs).ok().await;
    for denied in [
        call("GET", "/", BUCKET, &bobs),
        empty("/", "more-1250000008", &bobs),
    ] {
        denied.refused(403, "AccessDenied").await;
    }
    let acl = server.get("/by-bob?acl").bucket(bucket).ok().await.text();
    let owner = format!("qcs::cam::uin/{0}:uin/{0}", team.uin);
    assert!(acl.contains(&owner), "{acl}");
    let held = server
        .refusal(Request::DeleteUser {
            name: "team".into(),
        })
        .await;
    assert_eq!(held.why, Why::Exists);
    server.end().await;
}

/// What an operator may ask for in vain, and why.
fn requests_in_vain() -> Vec<(Request, Why)> {
    let long = "a".repeat(65);
    let user = |name: &str, account: Option<&str>, app_id: Option<&str>| Request::CreateUser {
        name: name.into(),
        account: account.map(str::to_owned),
        app_id: app_id.map(str::to_owned),
    };
    vec![
        (user("ann", None, None), Why::Exists),
        (user("", None, None), Why::Wrong),
        (user("-x", None, None), Why::Wrong),
        (user("a/b", None, None), Why::Wrong),
        (user(&long, None, None), Why::Wrong),
        (user("bob", Some("100000000099"), None), Why::NotFound),
        (user("bob", None, Some("x")), Why::Wrong),
        (user("bob", Some(SECOND_UIN), Some("1")), Why::Wrong),
        (key("bob", false), Why::NotFound),
        (policy("bob", ALL), Why::NotFound),
        (policy("ann", "{}"), Why::Wrong),
        (token("bob", 600, None), Why::NotFound),
        (token("ann", 59, None), Why::Wrong),
        (token("ann", 129_601, None), Why::Wrong),
        (token("ann", 600, Some("{}")), Why::Wrong),
    ]
}

#[tokio::test]
async fn what_cannot_be_is_refused_and_changes_nothing() {
    let server = Server::start().await;
    ann(&server).await;
    let before = server.administer(Request::ListUsers).await;
    for (request, why) in requests_in_vain() {
        assert_eq!(
            server.refusal(request.clone()).await.why,
            why,
            "{request:?}"
        );
    }
    for _ in 1..cosette_server::limits::USER_KEYS_MAX {
        server.credentials(key("ann", false)).await;
    }
    assert_eq!(server.refusal(key("ann", false)).await.why, Why::Wrong);
    let Reply::Users(users) = server.administer(Request::ListUsers).await else {
        panic!()
    };
    let Reply::Users(mut before) = before else {
        panic!()
    };
    assert_eq!(users[0].keys.len(), cosette_server::limits::USER_KEYS_MAX);
    before[0].keys.clone_from(&users[0].keys);
    assert_eq!(users, before);
    server.end().await;
}

// security: S16
#[tokio::test]
async fn temporary_credentials_are_narrowed_bound_and_end() {
    let server = Server::start().await;
    ann(&server).await;
    server.put("/in/k", "abc").ok().await;
    server.put("/out/k", "abc").ok().await;
    let narrow = format!(
        r#"{{"version":"2.0","statement":[{{"effect":"allow","action":["cos:GetObject","cos:PutObject"],
        "resource":["qcs::cos:*:uid/1250000000:{BUCKET}/in/*"]}}]}}"#
    );
    let session = server.credentials(token("ann", 600, Some(&narrow))).await;
    let text = session.token.clone().unwrap();
    let by = |path: &str, method: &str| {
        let call = server.call(method, path).by(session.clone());
        call.header("x-cos-security-token", text.as_str())
    };
    assert_eq!(by("/in/k", "GET").ok().await.body, b"abc");
    by("/out/k", "GET").refused(403, "AccessDenied").await;
    by("/in/k", "DELETE").refused(403, "AccessDenied").await;
    // Both ends of a copy.
    let copy = |source: &str, target: &str| {
        let source = format!("{BUCKET}.{SUFFIX}/{source}");
        by(target, "PUT")
            .body("")
            .header("x-cos-copy-source", source)
    };
    copy("in/k", "/in/c").ok().await;
    copy("out/k", "/in/c").refused(403, "AccessDenied").await;
    copy("in/k", "/out/c").refused(403, "AccessDenied").await;
    // A presigned URL carries the token beside the signature.
    let presigned = server.get("/in/k").by(session.clone()).presigned();
    assert!(presigned.contains("security-token"));
    assert_eq!(server.get(&presigned).anonymous().ok().await.body, b"abc");
    // Not with another key, not without the token, not with another's token, not changed.
    let other = server.credentials(token("ann", 600, None)).await;
    let with = |token: &str, who: &Credentials| {
        let call = server.get("/in/k").by(who.clone());
        call.header("x-cos-security-token", token)
    };
    with(&text, &root()).refused(400, "ExpiredToken").await;
    with(&text, &other).refused(400, "ExpiredToken").await;
    with(&format!("{text}A"), &session)
        .refused(400, "ExpiredToken")
        .await;
    with("v1..", &session).refused(400, "ExpiredToken").await;
    with(&"v1.".repeat(5000), &session)
        .refused(400, "ExpiredToken")
        .await;
    let bare = server.get("/in/k").by(session.clone());
    bare.refused(403, "InvalidAccessKeyId").await;
    server.advance(600);
    by("/in/k", "GET").ok().await;
    server.advance(1);
    by("/in/k", "GET").refused(400, "ExpiredToken").await;
    server.end().await;
}

// security: S16
#[tokio::test]
async fn what_takes_longer_than_its_credentials_does_not_happen() {
    let server = Server::start().await;
    ann(&server).await;
    let session = server.credentials(token("ann", 600, None)).await;
    let text = session.token.clone().unwrap();
    let before = server.dump().await;
    let put = server.put("/late", "abc").by(session.clone());
    let put = put.header("x-cos-security-token", text.as_str());
    let put = put.header("Expect", "100-continue");
    let mut connection = server.connect().await;
    connection.write(&put.written_head("x")).await;
    // The server asks for the body when it has judged the request.
    connection.until(b"\r\n\r\n").await.unwrap();
    server.advance(601);
    connection.write(b"abc").await;
    let answer = connection.answer("PUT").await.unwrap();
    assert_eq!((answer.status, answer.code()), (400, "ExpiredToken".into()));
    assert_eq!(server.dump().await, before);
    server.end().await;
}

#[tokio::test]
async fn temporary_credentials_end_with_what_they_stand_for() {
    let server = Server::start().await;
    ann(&server).await;
    let session = server.credentials(token("ann", 6000, None)).await;
    let text = session.token.clone().unwrap();
    let list = server
        .get("/")
        .by(session)
        .header("x-cos-security-token", text);
    list.ok().await;
    // A new key to seal with: what was given out stays good, unless it is revoked.
    server
        .administer(Request::RotateTokens { revoke: false })
        .await;
    list.ok().await;
    let set = |enabled| Request::SetEnabled {
        name: "ann".into(),
        enabled,
    };
    server.administer(set(false)).await;
    list.refused(400, "ExpiredToken").await;
    server.administer(set(true)).await;
    list.ok().await;
    server
        .administer(Request::RotateTokens { revoke: true })
        .await;
    list.refused(400, "ExpiredToken").await;
    server.end().await;
}
