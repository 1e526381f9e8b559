//! Upper bounds, each at the limit, one beyond it, and far beyond; and what operators see of them.

use std::time::Duration;

use cosette_server::limits::SHARES_OF_THIS_MACHINE;
use cosette_server::{Config, Limits};
use tokio::net::{TcpListener, TcpSocket};

use crate::harness::{Answer, BUCKET, MIB, SUFFIX, Server, bytes};

async fn limited(limits: Limits) -> Server {
    let config = Config {
        limits,
        ..Config::default()
    };
    Server::configured(config).await
}

fn code(answer: &Answer) -> (u16, String) {
    (answer.status, answer.code())
}

/// What nobody may read is answered as everything else is: with an id and a document.
#[tokio::test]
async fn a_refused_head_has_an_id_and_a_document_too() {
    let server = Server::start().await;
    let before = server.dump().await;
    for (head, status, name) in [
        (
            format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "v".repeat(40_000)),
            431,
            "RequestHeaderTooLarge",
        ),
        (
            format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(101)),
            431,
            "RequestHeaderTooLarge",
        ),
        (
            "GET / HTTP/1.1\nHost: h\n\n".to_owned(),
            400,
            "InvalidRequest",
        ),
        (
            "PUT /k HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n".to_owned(),
            400,
            "InvalidArgument",
        ),
        (
            "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}".to_owned(),
            400,
            "InvalidRequest",
        ),
        (
            "CONNECT a:1 HTTP/1.1\r\n\r\n".to_owned(),
            405,
            "MethodNotAllowed",
        ),
    ] {
        let mut connection = server.connect().await;
        connection.write(head.as_bytes()).await;
        let answer = connection.answer("GET").await.unwrap();
        assert_eq!(code(&answer), (status, name.to_owned()), "{head:.50}");
        let id = answer.header("x-cos-request-id").unwrap();
        assert_eq!(answer.value("RequestId"), id);
        assert_eq!(answer.header("Connection"), Some("close"));
        connection.finish_writing().await;
        assert!(connection.is_closed().await);
    }
    assert_eq!(server.dump().await, before);
    server.end().await;
}

#[tokio::test]
async fn a_refused_head_behind_a_good_request_does_not_take_its_answer() {
    let server = Server::start().await;
    let mut connection = server.connect().await;
    let mut sent = server.put("/k", "abc").written_head("keep-alive");
    sent.extend_from_slice(b"abc");
    sent.extend_from_slice(&server.get("/k").written_head("keep-alive"));
    sent.extend_from_slice(
        b"DELETE /k HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    );
    sent.extend_from_slice(&server.delete("/k").written_head("keep-alive"));
    connection.write(&sent).await;
    assert_eq!(connection.answer("PUT").await.unwrap().status, 200);
    assert_eq!(connection.answer("GET").await.unwrap().body, b"abc");
    let refused = connection.answer("DELETE").await.unwrap();
    assert_eq!(code(&refused), (400, "InvalidRequest".to_owned()));
    connection.finish_writing().await;
    assert!(connection.is_closed().await);
    assert!(server.exists("/k").await, "nothing behind it is believed");
    server.end().await;
}

#[tokio::test]
async fn unfinished_uploads_of_a_bucket_are_bounded() {
    let limits = Limits {
        uploads_per_bucket_max: 3,
        ..Limits::default()
    };
    let server = limited(limits).await;
    let mut uploads = Vec::new();
    for n in 0..3 {
        uploads.push(server.upload(&format!("/u{n}")).await);
    }
    let begin = || server.post("/more?uploads", "");
    let refused = begin().refused(503, "SlowDown").await;
    assert_eq!(refused.header("Retry-After"), Some("1"));
    assert!(
        refused.value("Message").contains(BUCKET),
        "{}",
        refused.text()
    );
    for _ in 0..3_000 {
        assert_eq!(begin().send().await.status, 503);
    }
    // Another bucket has its own.
    server.put_bucket("other-1250000000").await;
    server
        .post("/u?uploads", "")
        .bucket("other-1250000000")
        .ok()
        .await;
    // Ended ones make room, once for each.
    server
        .delete(&format!("/u0?uploadId={}", uploads[0]))
        .ok()
        .await;
    server
        .delete(&format!("/u0?uploadId={}", uploads[0]))
        .send()
        .await;
    begin().ok().await;
    begin().refused(503, "SlowDown").await;
    server.end().await;
}

#[tokio::test]
async fn buckets_of_an_account_are_bounded() {
    let limits = Limits {
        buckets_per_account_max: 2,
        ..Limits::default()
    };
    let server = limited(limits).await;
    let make = |name: &str| server.call("PUT", "/").bucket(name).body("");
    make("second-1250000000").ok().await;
    for n in 0..2_000 {
        let answer = make(&format!("more{n}-1250000000")).send().await;
        assert_eq!(code(&answer), (400, "TooManyBuckets".to_owned()));
    }
    make("third-1250000000")
        .refused(400, "TooManyBuckets")
        .await;
    make("second-1250000000")
        .refused(409, "BucketAlreadyOwnedByYou")
        .await;
    // Another account has its own number of them.
    let other = make("theirs-1250000001").by(crate::harness::second());
    other.ok().await;
    server.delete("/").bucket("second-1250000000").ok().await;
    make("third-1250000000").ok().await;
    server.end().await;
}

#[tokio::test]
async fn connections_are_bounded_of_one_address_and_in_all() {
    let of_one_address = Limits {
        connections_per_address_max: 1,
        ..Limits::default()
    };
    let in_all = Limits {
        connections_max: SHARES_OF_THIS_MACHINE,
        ..Limits::default()
    };
    for (limits, reason) in [(of_one_address, "address"), (in_all, "all")] {
        let server = limited(limits).await;
        let mut held = Vec::new();
        // Each in the middle of a request: whoever was answered may have to go.
        for n in 0..SHARES_OF_THIS_MACHINE {
            let mut connection = server.connect().await;
            let put = server.put(&format!("/{n}"), "abc");
            let put = put.header("Expect", "100-continue");
            connection.write(&put.written_head("keep-alive")).await;
            assert_eq!(connection.answer("PUT").await.unwrap().status, 100);
            held.push(connection);
        }
        let head = server.head("/").written_head("keep-alive");
        // A thousand times as many, so many at once as there are descriptors for.
        for _ in 0..SHARES_OF_THIS_MACHINE * 10 {
            let mut wave = Vec::new();
            for _ in 0..100 {
                let mut connection = server.connect().await;
                connection.write(&head).await;
                wave.push(connection);
            }
            for connection in &mut wave {
                assert!(connection.answer("HEAD").await.is_none());
            }
        }
        let page = server.service.metrics_text().await;
        let (there, count) = (SHARES_OF_THIS_MACHINE, SHARES_OF_THIS_MACHINE * 1000);
        for line in [
            format!("cosette_connections_refused_total{{reason=\"{reason}\"}} {count}"),
            format!("cosette_connections {there}"),
        ] {
            assert!(page.lines().any(|told| told == line), "{line}: {page}");
        }
        // Another address has places of its own, if there are any.
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
        let other = socket.connect(server.address).await.unwrap();
        let mut other = crate::harness::Connection::of(other);
        other.write(&head).await;
        assert_eq!(other.answer("HEAD").await.is_some(), reason == "address");
        // Those that hold on are served all the same.
        for connection in &mut held {
            connection.write(b"abc").await;
            assert_eq!(connection.answer("PUT").await.unwrap().status, 200);
        }
        drop(held);
        server.end().await;
    }
}

/// Connections that idle would shut others out: where more than half of the places are taken, whoever was
/// answered goes.
#[tokio::test]
async fn a_crowd_does_not_stay_after_its_answers() {
    let limits = Limits {
        connections_max: 20,
        ..Limits::default()
    };
    let server = limited(limits).await;
    let head = server.head("/").written_head("keep-alive");
    let mut held = Vec::new();
    for number in 1..=60 {
        let mut connection = server.connect().await;
        connection.write(&head).await;
        let answer = connection.answer("HEAD").await.unwrap();
        assert_eq!(answer.status, 200);
        let stays = number <= 10;
        assert_eq!(
            answer.header("Connection") != Some("close"),
            stays,
            "{number}"
        );
        if stays {
            held.push(connection);
        } else {
            assert!(connection.is_closed().await);
        }
    }
    drop(held);
    server.end().await;
}

#[tokio::test]
async fn requests_under_way_are_bounded() {
    let limits = Limits {
        requests_max: 2,
        ..Limits::default()
    };
    let server = limited(limits).await;
    let mut busy = Vec::new();
    for n in 0..2 {
        let mut connection = server.connect().await;
        let put = server
            .put(&format!("/{n}"), "abc")
            .header("Expect", "100-continue");
        connection.write(&put.written_head("keep-alive")).await;
        assert_eq!(connection.answer("PUT").await.unwrap().status, 100);
        busy.push(connection);
    }
    for _ in 0..2_000 {
        let answer = server.get("/").send().await;
        assert_eq!(code(&answer), (503, "SlowDown".to_owned()));
        assert_eq!(answer.header("Retry-After"), Some("1"));
    }
    // Who would keep his connection is told to come back by another.
    let mut kept = server.connect().await;
    kept.write(&server.get("/").written_head("keep-alive"))
        .await;
    let answer = kept.answer("GET").await.unwrap();
    assert_eq!(
        (answer.status, answer.header("Connection")),
        (503, Some("close"))
    );
    assert!(kept.is_closed().await);
    for connection in &mut busy {
        connection.write(b"abc").await;
        assert_eq!(connection.answer("PUT").await.unwrap().status, 200);
    }
    server.get("/").ok().await;
    server.end().await;
}

#[tokio::test]
async fn bodies_under_way_share_a_bounded_memory() {
    let limits = Limits {
        body_memory_bytes_max: MIB,
        body_memory_wait: Duration::ZERO,
        ..Limits::default()
    };
    let server = limited(limits).await;
    let mut busy = Vec::new();
    for n in 0..2 {
        let mut connection = server.connect().await;
        let put = server
            .call("PUT", &format!("/{n}"))
            .header("Content-Length", MIB.to_string());
        connection
            .write(
                &put.header("Expect", "100-continue")
                    .written_head("keep-alive"),
            )
            .await;
        assert_eq!(connection.answer("PUT").await.unwrap().status, 100);
        busy.push(connection);
    }
    let before = server.dump().await;
    for call in [
        server.put("/more", "x"),
        server.put("/?acl", "<x/>"),
        server.post("/?delete", "<x/>"),
    ] {
        let answer = call.send().await;
        assert_eq!(code(&answer), (503, "SlowDown".to_owned()));
        assert_eq!(answer.header("Retry-After"), Some("1"));
    }
    assert_eq!(server.dump().await, before);
    // What has no body needs no share.
    server.get("/").ok().await;
    server.put("/empty", "").ok().await;
    for connection in &mut busy {
        connection.write(&bytes(MIB, 1)).await;
        assert_eq!(connection.answer("PUT").await.unwrap().status, 200);
    }
    server.put("/more", "x").ok().await;
    server.end().await;
}

/// A thousand times as many bytes as there is memory for: what is taken of it never grows.
#[tokio::test]
async fn bodies_far_beyond_the_memory_are_refused() {
    let limits = Limits {
        body_memory_bytes_max: 1 << 10,
        body_memory_wait: Duration::ZERO,
        ..Limits::default()
    };
    let server = limited(limits).await;
    let body = bytes(1 << 10, 1);
    let mut busy = server.connect().await;
    let put = server.put("/held", &body).header("Expect", "100-continue");
    busy.write(&put.written_head("keep-alive")).await;
    assert_eq!(busy.answer("PUT").await.unwrap().status, 100);
    let before = server.dump().await;
    let taken = "cosette_body_memory_bytes 1024";
    for n in 0..1_000 {
        let answer = server.put(&format!("/{n}"), &body).send().await;
        assert_eq!(code(&answer), (503, "SlowDown".to_owned()));
        if n % 100 == 0 {
            let page = server.service.metrics_text().await;
            assert!(page.lines().any(|told| told == taken), "{page}");
        }
    }
    assert_eq!(server.dump().await, before);
    busy.write(&body).await;
    assert_eq!(busy.answer("PUT").await.unwrap().status, 200);
    server.put("/0", &body).ok().await;
    server.end().await;
}

/// Who is stopped waits for requests under way, but not for ever.
#[tokio::test]
async fn a_stopping_server_breaks_off_what_does_not_end() {
    let limits = Limits {
        drain_timeout: Duration::from_millis(100),
        ..Limits::default()
    };
    let server = limited(limits).await;
    let mut stuck = server.connect().await;
    let put = server.put("/k", "abc").header("Expect", "100-continue");
    stuck.write(&put.written_head("keep-alive")).await;
    assert_eq!(stuck.answer("PUT").await.unwrap().status, 100);
    let store = server.store.clone();
    server.abandon().await;
    assert!(stuck.is_closed().await);
    let key = "k".parse().unwrap();
    let gone = store.object(&BUCKET.parse().unwrap(), &key, None).await;
    assert!(matches!(gone, Err(cosette_store::Error::NoSuchKey)));
}

#[tokio::test]
async fn documents_are_bounded_by_choice_too() {
    let limits = Limits {
        document_bytes_max: 100,
        ..Limits::default()
    };
    let server = limited(limits).await;
    let document = |bytes: usize| {
        let plain = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
        format!("{plain}{}", " ".repeat(bytes - plain.len()))
    };
    server.put("/?versioning", document(100)).ok().await;
    for bytes in [101, 100_000] {
        let answer = server
            .put("/?versioning", document(bytes))
            .refused(400, "MalformedXML")
            .await;
        assert!(
            answer.value("Message").contains("100 bytes"),
            "{}",
            answer.text()
        );
    }
    server.end().await;
}

/// What the admin port tells; over a plain connection, as a prober asks.
async fn asked(address: std::net::SocketAddr, path: &str) -> Answer {
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let mut connection = crate::harness::Connection::of(stream);
    let head = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    connection.write(head.as_bytes()).await;
    connection.answer("GET").await.unwrap()
}

#[tokio::test]
async fn operators_are_told_how_the_server_is() {
    let server = Server::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stopper, stop) = cosette_server::listen::stopper();
    let admin = tokio::spawn(cosette_server::serve_admin(
        listener,
        server.service.clone(),
        stop,
    ));
    server.put("/k", "abc").ok().await;
    server.get("/k").ok().await;
    server.get("/none").send().await;
    let mut refused = server.connect().await;
    refused.write(b"GET / HTTP/1.1\n\n").await;
    refused.answer("GET").await.unwrap();
    assert_eq!(asked(address, "/health/live").await.text(), "alive\n");
    let ready = asked(address, "/health/ready").await;
    assert_eq!((ready.status, ready.text().as_str()), (200, "ready\n"));
    assert_eq!(asked(address, "/").await.status, 404);
    let page = asked(address, "/metrics").await;
    assert!(
        page.headers
            .iter()
            .any(|(_, value)| value.starts_with("text/plain; version=0.0.4"))
    );
    let page = page.text();
    for line in [
        "cosette_requests_total{operation=\"PutObject\",status=\"2xx\"} 1",
        "cosette_requests_total{operation=\"GetObject\",status=\"4xx\"} 1",
        "cosette_requests_total{operation=\"none\",status=\"4xx\"} 1",
        "cosette_received_bytes_total 3",
        "cosette_requests_in_flight 0",
        "cosette_store_poisoned 0",
        "cosette_ready 1",
    ] {
        assert!(
            page.lines().any(|told| told == line),
            "{line}\nnot in\n{page}"
        );
    }
    // Nothing but known families, and no name of a bucket or a key.
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let name = line.split(['{', ' ']).next().unwrap();
        let known = cosette_server::metrics::FAMILIES.iter();
        let mut stems = known.map(|family| family.name);
        assert!(stems.any(|stem| name.starts_with(stem)), "{line}");
    }
    assert!(!page.contains(BUCKET) && !page.contains(SUFFIX));
    stopper.stop();
    admin.await.unwrap();
    server.end().await;
}
