//! The store of a folder, in process and on the folder's socket.

use std::path::Path;

use bytes::Bytes;
use cosette_proto::sign::{self, Credentials, Signable, Validity};
use cosette_proto::{Head, Hosts};
use cosette_server::embedded::SOCKET;
use cosette_server::keys::{KeyPair, Origin};
use cosette_server::{Clock, Config, Embedded, Opened, SystemClock};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use crate::harness::{BUCKET, SUFFIX};

fn signed(root: &KeyPair, method: &str, path: &str, body: &'static str) -> Request<Full<Bytes>> {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("Host", format!("{BUCKET}.{SUFFIX}"))
        .header("Content-Length", body.len());
    let mut request = request
        .body(Full::new(Bytes::from_static(body.as_bytes())))
        .unwrap();
    let credentials = Credentials {
        secret_id: root.secret_id.clone(),
        secret_key: root.secret_key.clone(),
        token: None,
    };
    let (parts, body) = request.into_parts();
    let head = Head::decode(&parts, &Hosts::default()).unwrap();
    let signable = Signable {
        method: &head.method,
        path: &head.path,
        query: &head.query,
        headers: &head.headers,
    };
    let validity = Validity::lasting(SystemClock.now(), 60);
    let value = sign::authorization(&credentials, &signable, validity);
    request = Request::from_parts(parts, body);
    request
        .headers_mut()
        .insert("Authorization", value.parse().unwrap());
    request
}

async fn bytes_of(response: Response<cosette_server::Body>) -> Bytes {
    response.into_body().collect().await.unwrap().to_bytes()
}

async fn here(folder: &Path) -> Box<Embedded> {
    match Embedded::open(folder, Config::default(), None)
        .await
        .unwrap()
    {
        Opened::Here(embedded) => embedded,
        Opened::Elsewhere { .. } => panic!("somebody has {}", folder.display()),
    }
}

#[tokio::test]
async fn a_folder_is_opened_once_and_joined_by_its_socket() {
    let folder = tempfile::tempdir().unwrap();
    let embedded = here(folder.path()).await;
    assert!(matches!(embedded.origin(), Origin::Made(_)));
    for (method, path, body) in [("PUT", "/", ""), ("PUT", "/k", "abc")] {
        let response = embedded
            .call(signed(embedded.root(), method, path, body))
            .await;
        assert_eq!(response.status(), 200, "{method} {path}");
        assert!(response.headers().contains_key("x-cos-request-id"));
    }
    // A second one, in this process or another, is told where to go.
    let socket = match Embedded::open(folder.path(), Config::default(), None)
        .await
        .unwrap()
    {
        Opened::Elsewhere { socket } => socket,
        Opened::Here(_) => panic!("opened twice"),
    };
    assert_eq!(socket, folder.path().join(SOCKET));
    let mut stream = UnixStream::connect(&socket).await.unwrap();
    let request = signed(embedded.root(), "GET", "/k", "");
    let mut text = String::from("GET /k HTTP/1.1\r\nConnection: close\r\n");
    for (name, value) in request.headers() {
        text.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
    }
    stream
        .write_all(format!("{text}\r\n").as_bytes())
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\nabc"), "{answer}");
    embedded.close().await.unwrap();
    // Closed, the folder is free, and everything is still in it.
    let again = here(folder.path()).await;
    assert!(matches!(again.origin(), Origin::File(_)));
    let response = again.call(signed(again.root(), "GET", "/k", "")).await;
    assert_eq!(bytes_of(response).await, "abc");
    let report = cosette_server::admin::fsck(&again, true).await.unwrap();
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.bodies_read, 1);
    again.close().await.unwrap();
}
