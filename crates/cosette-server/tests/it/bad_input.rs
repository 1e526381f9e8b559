//! Input that is refused: each with its code, and the store as it was. (Signatures, copy sources,
//! conditions, ranges and part lists have their own modules.)

use crate::harness::{BUCKET, MIB, Server, bytes, content_md5};

#[tokio::test]
async fn a_body_without_a_length_is_refused() {
    let server = Server::start().await;
    let before = server.dump().await;
    for call in [
        server.call("PUT", "/k"),
        server.call("POST", "/k?uploadId=x"),
    ] {
        let answer = call.send().await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (411, "MissingContentLength")
        );
        assert_eq!(
            answer.value("Message"),
            "You must provide the Content-Length HTTP header."
        );
    }
    assert_eq!(server.dump().await, before);
    server.end().await;
}

/// A client that sends all before it reads would else see its connection reset, and not why.
#[tokio::test]
async fn who_still_sends_what_is_not_wanted_can_send_it_and_reads_why() {
    let server = Server::start().await;
    let body = bytes(32 * MIB, 1);
    let put = || server.put("/k", &body);
    for (put, refusal) in [
        (put().anonymous(), (403, "AccessDenied")),
        (
            put().header("x-cos-acl", "nonsense"),
            (400, "InvalidArgument"),
        ),
    ] {
        let mut connection = server.connect().await;
        connection.write(&put.written_head("close")).await;
        // What the system holds for both sides is far less than that.
        assert!(connection.delivers(&body).await, "{refusal:?}");
        let answer = connection.answer("PUT").await.unwrap();
        assert_eq!((answer.status, answer.code().as_str()), refusal);
    }
    server.end().await;
}

// incident: R69
#[tokio::test]
async fn a_short_body_stores_nothing() {
    let server = Server::start().await;
    server.put("/k", "old").ok().await;
    let upload = server.upload("/p").await;
    let before = server.dump().await;
    for path in [
        "/k".to_owned(),
        "/new".to_owned(),
        format!("/p?partNumber=1&uploadId={upload}"),
    ] {
        for sent in [0, 3, 100_000] {
            let mut connection = server.connect().await;
            let put = server.put(&path, bytes(200_000, 1));
            connection.write(&put.written_head("close")).await;
            connection.write(&bytes(sent, 1)).await;
            connection.finish_writing().await;
            let answer = connection.answer("PUT").await.unwrap();
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (400, "IncompleteBody")
            );
        }
    }
    assert_eq!(server.dump().await, before);
    server.check().await;
    assert_eq!(server.store_bytes().await, 0);
    server.end().await;
}

#[tokio::test]
async fn extra_bytes_after_the_body_are_not_part_of_the_object() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    connection
        .write(&server.put("/k", "abc").written_head("keep-alive"))
        .await;
    connection.write(b"abcEXTRA\0\x01 bytes\r\n\r\n").await;
    assert_eq!(connection.answer("PUT").await.unwrap().status, 200);
    // Taken for a request they are none, and nothing after them would be believed.
    if let Some(answer) = connection.answer("PUT").await {
        assert_eq!(answer.status, 400);
    }
    assert!(connection.is_closed().await);
    assert_eq!(server.bytes("/k").await, b"abc");
    server.end().await;
}

// incident: R66
#[tokio::test]
async fn a_digest_is_held_against_the_bytes() {
    let server = Server::start().await;
    server.put("/k", "old").ok().await;
    let upload = server.upload("/p").await;
    let part = format!("/p?partNumber=1&uploadId={upload}");
    for path in ["/k", "/new", part.as_str()] {
        for size in [3, MIB] {
            let put = server.put(path, bytes(size, 2));
            let other = put.clone().header("Content-MD5", content_md5(b"other"));
            other.refused(400, "BadDigest").await;
            for malformed in ["x", "AAAA", "1B2M2Y8AsgTpgAmY7PhCfg"] {
                let put = put.clone().header("Content-MD5", malformed);
                put.refused(400, "InvalidDigest").await;
            }
        }
    }
    server.check().await;
    assert_eq!(server.store_bytes().await, 0);
    server.end().await;
}

// security: S7
#[tokio::test]
async fn keys_that_cannot_be() {
    let server = Server::start().await;
    let long = format!("/{}", "k".repeat(851));
    let longest = format!("/{}", "k".repeat(850));
    server.put(&longest, "x").ok().await;
    assert_eq!(server.bytes(&longest).await, b"x");
    let chinese = format!("/{}", "%E4%B8%AD".repeat(284));
    for (path, code) in [
        (long.as_str(), "KeyTooLong"),
        (chinese.as_str(), "KeyTooLong"),
        ("/%18", "InvalidObjectName"),
        ("/a%19", "InvalidObjectName"),
        ("/a%1Ab", "InvalidObjectName"),
        ("/%1B", "InvalidObjectName"),
        ("/a%00", "InvalidObjectName"),
        ("//a", "InvalidObjectName"),
        ("/%5Ca", "InvalidObjectName"),
    ] {
        server.put(path, "x").refused(400, code).await;
        server
            .copy_from("/examplebucket-1250000000/k", path)
            .refused(400, code)
            .await;
        server
            .post(&format!("{path}?uploads"), "")
            .refused(400, code)
            .await;
    }
    for path in ["/%", "/%zz", "/%ff", "/k?prefix=%zz"] {
        server
            .put(path, "x")
            .anonymous()
            .refused(400, "InvalidURI")
            .await;
    }
    server.end().await;
}

/// Every operation that the tables of `docs/compatibility.md` call 501, asked for with every method and in
/// both dialects.
#[tokio::test]
async fn what_is_not_here_is_501_by_its_row() {
    let server = Server::start().await;
    server.put("/key", "old").ok().await;
    let docs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let before = server.dump().await;
    let mut asked = 0;
    for rows in ["cos-operations.tsv", "s3-operations.tsv"] {
        let rows = std::fs::read_to_string(docs.join(rows)).unwrap();
        let rows = rows.lines().map(|row| row.split('\t').collect::<Vec<_>>());
        for row in rows.filter(|row| row[2].starts_with("501")) {
            for path in row[1].split(", ").map(|path| path.trim_matches('`')) {
                assert!(path.starts_with('/'), "{row:?}");
                for method in ["GET", "HEAD", "PUT", "POST", "DELETE"] {
                    let body = matches!(method, "PUT" | "POST").then_some("new");
                    let call = server.call(method, path);
                    let s3 = server.call(method, &format!("/{BUCKET}{path}"));
                    let s3 = s3.host("127.0.0.1").v4("UNSIGNED-PAYLOAD");
                    for call in [call, s3] {
                        let call = match body {
                            Some(body) => call.body(body),
                            None => call,
                        };
                        let answer = call.send().await;
                        assert_eq!(answer.status, 501, "{method} {path}: {}", answer.text());
                        asked += 1;
                    }
                }
            }
        }
    }
    assert!(asked >= 300, "{asked}");
    assert_eq!(server.dump().await, before);
    server.end().await;
}

#[tokio::test]
async fn what_nobody_knows_is_not_ignored() {
    let server = Server::start().await;
    server.put("/k", "old").ok().await;
    for path in [
        "/k?retention",
        "/k?unheard-of",
        "/k?unheard-of=",
        "/?website",
        "/k?select&select-type=2",
    ] {
        server.put(path, "new").refused(501, "NotImplemented").await;
        server.delete(path).refused(501, "NotImplemented").await;
        server
            .post(path, "new")
            .refused(501, "NotImplemented")
            .await;
    }
    server
        .call("PATCH", "/k")
        .refused(405, "MethodNotAllowed")
        .await;
    server
        .put("/k", "x")
        .header("x-cos-server-side-encryption", "cos/kms")
        .refused(501, "NotImplemented")
        .await;
    assert_eq!(server.bytes("/k?whatever").await, b"old");
    server.put("/k?whatever=1", "new").ok().await;
    server.end().await;
}

#[tokio::test]
async fn documents_that_are_none() {
    let server = Server::start().await;
    let upload = server.upload("/k").await;
    let complete = format!("/k?uploadId={upload}");
    let bomb =
        "<!DOCTYPE a [<!ENTITY b \"bbb\">]><CompleteMultipartUpload>&b;</CompleteMultipartUpload>";
    let deep = "<a>".repeat(20);
    for document in [
        "<",
        "text",
        bomb,
        deep.as_str(),
        "\u{1}",
        "<CompleteMultipartUpload>",
    ] {
        server
            .post(&complete, document)
            .refused(400, "MalformedXML")
            .await;
        server
            .put("/?acl", document)
            .refused(400, "MalformedXML")
            .await;
        server
            .put("/?versioning", document)
            .refused(400, "MalformedXML")
            .await;
    }
    server.end().await;
}

#[tokio::test]
async fn an_object_larger_than_a_put_may_be_is_refused_unread() {
    let server = Server::start().await;
    let before = server.dump().await;
    let mut connection = server.connect().await;
    let put = server
        .call("PUT", "/k")
        .header("Content-Length", "5368709121");
    connection
        .write(&put.header("Expect", "100-continue").written_head("x"))
        .await;
    let answer = connection.answer("PUT").await.unwrap();
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (400, "EntityTooLarge")
    );
    assert!(connection.is_closed().await);
    assert_eq!(server.dump().await, before);
    server.end().await;
}

/// A semantic header that is there twice might be read in two ways.
// security: S3
#[tokio::test]
async fn nothing_with_a_meaning_is_said_twice() {
    let server = Server::start().await;
    server.put("/a", "abc").ok().await;
    let twice = server
        .put("/k", "x")
        .header("x-cos-acl", "private")
        .header("x-cos-acl", "private");
    let answer = twice.send().await;
    assert!(
        answer.status == 400 || answer.status == 403,
        "{}",
        answer.text()
    );
    let twice = server.get("/k?versionId=null&versionid=null");
    twice.refused(400, "InvalidArgument").await;
    assert!(!server.exists("/k").await);
    server.end().await;
}
