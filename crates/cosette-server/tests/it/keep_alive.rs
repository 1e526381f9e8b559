//! Answers that take long: the status ahead of the result, blanks in between, the result at the end.

use std::time::Duration;

use cosette_proto::ErrorDocument;
use cosette_proto::xml::DECLARATION;
use cosette_server::Config;

use crate::harness::{Answer, Connection, Server};

/// The status is sent ahead at once, a blank follows every few milliseconds.
fn hasty() -> Config {
    Config {
        keep_alive_after: Duration::from_millis(1),
        keep_alive_every: Duration::from_millis(1),
        ..Config::default()
    }
}

/// A store whose next commit waits until it is let go.
async fn held(server: &Server, request: &[u8]) -> (Connection, Answer) {
    server.meta.hold_after(0);
    let mut connection = server.connect().await;
    connection.write(request).await;
    server.meta.until_held(1).await;
    let head = connection.answer_head().await.unwrap();
    (connection, head)
}

/// The rest of a body in chunks, of which the first are the declaration and some blanks.
async fn padded(connection: &mut Connection, blanks: usize, release: impl FnOnce()) -> String {
    let declaration = connection.chunk().await.unwrap().unwrap();
    assert_eq!(String::from_utf8(declaration).unwrap(), DECLARATION);
    for _ in 0..blanks {
        assert_eq!(connection.chunk().await.unwrap().unwrap(), b" ");
    }
    release();
    let mut rest = String::new();
    while let Some(chunk) = connection.chunk().await.unwrap() {
        rest.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    rest
}

// seed: S105, S106, S107
#[tokio::test]
async fn a_slow_complete_says_200_at_once_and_keeps_the_connection_alive() {
    let server = Server::configured(hasty()).await;
    server.put("/a", "abc").ok().await;
    let upload = server.upload("/k").await;
    let part = server
        .settled(&server.copy_part("a", "/k", &upload, 1))
        .await
        .value("ETag");
    let complete = server.complete("/k", &upload, &[part]);
    let (mut connection, head) = held(&server, &complete.written()).await;
    assert_eq!(head.status, 200);
    assert_eq!(head.header("Transfer-Encoding"), Some("chunked"));
    assert_eq!(head.header("Content-Type"), Some("application/xml"));
    assert!(head.header("x-cos-request-id").is_some());
    let rest = padded(&mut connection, 5, || server.meta.release()).await;
    let root = cosette_proto::xml::Element::parse(rest.as_bytes()).unwrap();
    assert_eq!(root.name, "CompleteMultipartUploadResult");
    assert_eq!(root.value("Key"), Some("k"));
    assert!(!rest.contains("<?xml"), "the declaration is not sent twice");
    assert!(connection.is_closed().await);
    assert_eq!(server.bytes("/k").await, b"abc");
    // What can be refused at once has its own status.
    let unknown = server.complete("/k", "exampleUploadId", &["\"x\"".to_owned()]);
    let refused = unknown.send().await;
    assert!(refused.status == 404 || refused.code() == "NoSuchUpload");
    server.end().await;
}

// seed: S107
#[tokio::test]
async fn a_failure_after_the_200_is_an_error_document() {
    let server = Server::configured(hasty()).await;
    server.put("/a", "abc").ok().await;
    let (mut connection, head) = held(&server, &server.copy("a", "/k").written()).await;
    assert_eq!(head.status, 200);
    let rest = padded(&mut connection, 2, || server.meta.fail_sync()).await;
    let error = ErrorDocument::read(rest.as_bytes()).unwrap();
    assert_eq!(error.code, "InternalError");
    assert_eq!(
        Some(error.request_id.as_str()),
        head.header("x-cos-request-id")
    );
    assert!(!error.trace_id.is_empty() && !error.resource.is_empty());
    server.abandon().await;
}

#[tokio::test]
async fn a_copy_goes_on_when_nobody_waits_for_it() {
    let server = Server::configured(hasty()).await;
    server.put("/a", "abc").ok().await;
    let (connection, _) = held(&server, &server.copy("a", "/k").written()).await;
    drop(connection);
    server.meta.release();
    while !server.exists("/k").await {
        tokio::task::yield_now().await;
    }
    assert_eq!(server.bytes("/k").await, b"abc");
    server.end().await;
}

/// With the usual patience a quick answer has all its headers.
#[tokio::test]
async fn a_quick_answer_is_not_padded() {
    let server = Server::versioned().await;
    server.put("/a", "abc").ok().await;
    let copied = server.copy("a", "/k").ok().await;
    assert!(copied.header("Content-Length").is_some());
    assert!(copied.header("x-cos-version-id").is_some());
    assert!(copied.text().starts_with(DECLARATION));
    server.end().await;
}

/// A client that has said all it has to say may close its side and wait.
#[tokio::test]
async fn who_waits_on_a_half_closed_connection_gets_the_answer() {
    let server = Server::start().await;
    server.put("/a", "abc").ok().await;
    server.meta.hold_after(0);
    let mut connection = server.connect().await;
    connection.write(&server.copy("a", "/k").written()).await;
    connection.finish_writing().await;
    server.meta.until_held(1).await;
    server.meta.release();
    let answer = connection.answer("PUT").await.unwrap();
    assert_eq!(
        (answer.status, answer.xml().name.as_str()),
        (200, "CopyObjectResult")
    );
    server.end().await;
}
