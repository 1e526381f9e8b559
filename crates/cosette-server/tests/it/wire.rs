//! HTTP as it stands on the wire: spelling, framing, ids, error documents.

use base64::Engine;
use cosette_proto::ErrorDocument;

use crate::harness::{BUCKET, MIB, SUFFIX, Server, bytes, md5};

// seed: S46
#[tokio::test]
async fn header_names_are_spelled_as_cos_spells_them() {
    let server = Server::start().await;
    let put = server
        .put("/k", "abc")
        .header("Content-Type", "text/plain")
        .header("Cache-Control", "no-cache")
        .header("Content-Disposition", "inline")
        .header("Content-Encoding", "gzip")
        .header("Expires", "soon")
        .header("x-cos-meta-Author", "me");
    let put = put.ok().await;
    for name in ["ETag", "Content-Length", "Date", "Server", "Connection"] {
        assert!(put.header(name).is_some(), "{name} in {:?}", put.headers);
    }
    assert!(put.header("x-cos-hash-crc64ecma").is_some());
    let got = server.get("/k").header("Range", "bytes=0-1").ok().await;
    assert_eq!(got.status, 206);
    for (name, value) in [
        ("ETag", md5(b"abc").as_str()),
        ("Content-Length", "2"),
        ("Content-Type", "text/plain"),
        ("Content-Range", "bytes 0-1/3"),
        ("Accept-Ranges", "bytes"),
        ("Last-Modified", "Mon, 06 May 2024 07:08:09 GMT"),
        ("Cache-Control", "no-cache"),
        ("Content-Disposition", "inline"),
        ("Content-Encoding", "gzip"),
        ("Expires", "soon"),
        ("Date", "Mon, 06 May 2024 07:08:09 GMT"),
        ("Server", "tencent-cos"),
        ("Connection", "close"),
        ("x-cos-meta-author", "me"),
        ("x-cos-object-type", "normal"),
    ] {
        assert_eq!(got.header(name), Some(value), "{name} in {:?}", got.headers);
    }
    assert!(got.header("x-cos-request-id").is_some());
    server.end().await;
}

#[tokio::test]
async fn every_answer_has_an_id_of_its_own() {
    let server = Server::start().await;
    let mut ids = Vec::new();
    for call in [
        server.get("/"),
        server.get("/none"),
        server.head("/none"),
        server.head("/").anonymous(),
        server.call("OPTIONS", "/k").anonymous(),
        server.call("BREW", "/k"),
        server.put("/k?retention", "x"),
        server.get("/k").host("not-a-bucket"),
        server.get("/%zz").anonymous(),
        server.delete("/none"),
    ] {
        let answer = call.send().await;
        let id = answer.header("x-cos-request-id").unwrap().to_owned();
        let plain = base64::engine::general_purpose::STANDARD
            .decode(&id)
            .unwrap();
        let time = format!("{:08x}_", server.now());
        assert!(
            plain.starts_with(time.as_bytes()),
            "{}",
            String::from_utf8_lossy(&plain)
        );
        assert!(answer.header("Date").is_some());
        if answer.status >= 400 {
            assert!(answer.header("x-cos-trace-id").is_some(), "{call:?}");
        }
        ids.push(id);
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 10);
    server.end().await;
}

// seed: S41, S42, S43, S44, S80, S99, S115
#[tokio::test]
async fn an_error_is_a_document_with_five_fields() {
    let server = Server::start().await;
    let answer = server
        .get("/a%20b/none?versionId=x")
        .anonymous()
        .send()
        .await;
    assert_eq!(answer.status, 403);
    assert_eq!(answer.header("Content-Type"), Some("application/xml"));
    let error = ErrorDocument::read(&answer.body).unwrap();
    assert_eq!(error.code, "AccessDenied");
    assert_eq!(error.message, "Access Denied.");
    assert_eq!(error.resource, format!("{BUCKET}.{SUFFIX}/a b/none"));
    assert_eq!(
        Some(error.request_id.as_str()),
        answer.header("x-cos-request-id")
    );
    assert_eq!(
        Some(error.trace_id.as_str()),
        answer.header("x-cos-trace-id")
    );
    let answer = server.get("/none").send().await;
    assert_eq!((answer.status, answer.code().as_str()), (404, "NoSuchKey"));
    let copy = server.copy("none", "/k").send().await;
    assert_eq!((copy.status, copy.code().as_str()), (404, "NoSuchKey"));
    let head = server.head("/none").send().await;
    assert_eq!((head.status, head.body.len()), (404, 0));
    server.end().await;
}

#[tokio::test]
async fn a_connection_serves_many_requests() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    for round in 0..3 {
        connection
            .write(&server.put("/k", "abc").written_head("keep-alive"))
            .await;
        connection.write(b"abc").await;
        let put = connection.answer("PUT").await.unwrap();
        assert_eq!(put.status, 200, "round {round}");
        assert_eq!(put.header("Connection"), None);
        connection
            .write(&server.head("/k").written_head("keep-alive"))
            .await;
        let head = connection.answer("HEAD").await.unwrap();
        assert_eq!(head.header("Content-Length"), Some("3"));
        // A refusal keeps the connection, too, when nothing is left unread.
        connection
            .write(&server.get("/none").written_head("keep-alive"))
            .await;
        assert_eq!(connection.answer("GET").await.unwrap().status, 404);
    }
    server.end().await;
}

#[tokio::test]
async fn a_client_that_asks_to_continue_is_told_to() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    let put = server.put("/k", "abc").header("Expect", "100-continue");
    connection.write(&put.written_head("keep-alive")).await;
    assert_eq!(connection.answer("PUT").await.unwrap().status, 100);
    connection.write(b"abc").await;
    assert_eq!(connection.answer("PUT").await.unwrap().status, 200);
    // Refused before the body: the client never sends it.
    connection
        .write(&put.anonymous().written_head("keep-alive"))
        .await;
    let refused = connection.answer("PUT").await.unwrap();
    assert_eq!(
        (refused.status, refused.header("Connection")),
        (403, Some("close"))
    );
    assert!(connection.is_closed().await);
    assert_eq!(server.bytes("/k").await, b"abc");
    server.end().await;
}

#[tokio::test]
async fn who_is_refused_while_sending_still_reads_why() {
    let server = Server::start().await;
    let body = bytes(8 * MIB, 1);
    let answer = server.put("/k", &body).anonymous().send().await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (403, "AccessDenied")
    );
    assert_eq!(answer.header("Connection"), Some("close"));
    assert!(!server.exists("/k").await);
    server.end().await;
}

#[tokio::test]
async fn bodies_may_come_in_chunks() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    let put = server.put("/k", "").header("Transfer-Encoding", "chunked");
    connection.write(&put.written_head("close")).await;
    connection
        .write(b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n")
        .await;
    assert_eq!(connection.answer("PUT").await.unwrap().status, 200);
    assert_eq!(server.bytes("/k").await, b"abcde");
    // Cut short: nothing is stored.
    let mut connection = server.connect().await;
    connection.write(&put.written_head("close")).await;
    connection.write(b"9\r\nabc").await;
    connection.finish_writing().await;
    let refused = connection.answer("PUT").await.unwrap();
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (400, "IncompleteBody")
    );
    assert_eq!(server.bytes("/k").await, b"abcde");
    server.end().await;
}

/// With both framings one of them is a lie: nothing behind such a request is taken for a request.
#[tokio::test]
async fn two_framings_leave_nothing_behind_to_smuggle() {
    let server = Server::start().await;
    for names in [
        ["Content-Length: 4", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: chunked", "Content-Length: 4"],
    ] {
        let mut connection = server.connect().await;
        let head = String::from_utf8(server.put("/k", "").anonymous().written_head("x")).unwrap();
        let head = head.replace("Content-Length: 0", &names.join("\r\n"));
        connection
            .write(head.replace("Connection: x\r\n", "").as_bytes())
            .await;
        let smuggled = server.delete("/k").written_head("keep-alive");
        connection.write(b"0\r\n\r\n").await;
        connection.write(&smuggled).await;
        let answer = connection.answer("PUT").await.unwrap();
        assert!(answer.status >= 400, "{answer:?}");
        assert!(connection.is_closed().await);
    }
    server.end().await;
}

#[tokio::test]
async fn one_host_and_no_more() {
    let server = Server::start().await;
    let two = server
        .get("/")
        .unsigned("Host", "other-1250000000.cos.ap-x.myqcloud.com");
    two.refused(400, "InvalidRequest").await;
    let mut connection = server.connect().await;
    connection.write(b"GET / HTTP/1.1\r\n\r\n").await;
    let none = connection.answer("GET").await.unwrap();
    assert_eq!((none.status, none.code().as_str()), (400, "InvalidRequest"));
    server.end().await;
}

#[tokio::test]
async fn heads_are_bounded() {
    let server = Server::start().await;
    let long = "v".repeat(40 << 10);
    let answer = server
        .get("/")
        .anonymous()
        .header("x-long", long)
        .send()
        .await;
    assert_eq!(answer.status, 431);
    let mut many = server.get("/").anonymous();
    for n in 0..120 {
        many = many.header(&format!("x-h{n}"), "v");
    }
    assert_eq!(many.send().await.status, 431);
    server.end().await;
}

#[tokio::test]
async fn a_stopping_server_ends_what_is_under_way() {
    let server = Server::start().await;
    let mut busy = server.connect().await;
    busy.write(
        &server
            .put("/k", "abc")
            .header("Expect", "100-continue")
            .written_head("x"),
    )
    .await;
    // The request is under way once the server asks for its body.
    assert_eq!(busy.answer("PUT").await.unwrap().status, 100);
    let stopping = server.stop();
    busy.write(b"abc").await;
    assert_eq!(busy.answer("PUT").await.unwrap().status, 200);
    assert!(busy.is_closed().await);
    stopping.await;
}
