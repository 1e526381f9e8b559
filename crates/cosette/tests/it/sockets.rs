//! The transport over sockets: TCP, Unix sockets, one address for every host.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cosette::{Client, Credentials, Endpoint, ErrorKind, HttpTransport, RetryPolicy, Transport};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UnixListener};

use crate::clock::TestClock;

const BUCKET: &str = "examplebucket-1250000000";

/// Answers every request on every connection with 200 and the request's head as the reply's body.
async fn echo(connections: Arc<AtomicUsize>, mut accept: impl AsyncFnMut() -> Box<dyn Socket>) {
    loop {
        let mut socket = accept().await;
        connections.fetch_add(1, Ordering::SeqCst);
        tokio::spawn(async move {
            let mut seen = Vec::new();
            loop {
                let mut some = [0; 4096];
                match socket.read(&mut some).await {
                    Ok(0) | Err(_) => return,
                    Ok(n) => seen.extend_from_slice(&some[..n]),
                }
                // A TLS handshake is no request.
                if seen.first() == Some(&0x16) {
                    return;
                }
                if seen.ends_with(b"\r\n\r\n") {
                    let head = std::mem::take(&mut seen);
                    let len = head.len();
                    let reply = format!(
                        "HTTP/1.1 200 OK\r\nContent-Length: {len}\r\nETag: \"a\"\r\n\
                         Last-Modified: Fri, 10 Apr 2020 18:17:25 GMT\r\n\r\n"
                    );
                    socket.write_all(reply.as_bytes()).await.unwrap();
                    socket.write_all(&head).await.unwrap();
                }
            }
        });
    }
}

trait Socket: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin {}
impl<T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin> Socket for T {}

async fn tcp() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, connections) = (
        listener.local_addr().unwrap(),
        Arc::new(AtomicUsize::new(0)),
    );
    let accept = async move || Box::new(listener.accept().await.unwrap().0) as Box<dyn Socket>;
    tokio::spawn(echo(connections.clone(), accept));
    (address, connections)
}

fn client(endpoint: Endpoint, transport: impl Transport) -> Client {
    Client::builder()
        .credentials(Credentials::new("AKID", "secret"))
        .region("ap-guangzhou")
        .endpoint(endpoint)
        .transport(transport)
        .retry(RetryPolicy::never())
        .build()
        .unwrap()
}

/// The head of a GET of a key, as it was on the wire.
async fn head(client: &Client, key: &str) -> String {
    let object = client
        .get_object()
        .bucket(BUCKET)
        .key(key)
        .send()
        .await
        .unwrap();
    let head = object.value.body.bytes(9999).await.unwrap();
    String::from_utf8(head.to_vec()).unwrap()
}

fn has_line(head: &str, wanted: &str) -> bool {
    head.lines().any(|line| line.eq_ignore_ascii_case(wanted))
}

#[tokio::test]
async fn an_address_is_spoken_to_in_path_style_on_one_connection() {
    let (address, connections) = tcp().await;
    let endpoint = format!("http://{address}").parse().unwrap();
    let client = client(endpoint, HttpTransport::new());
    for key in ["a/../b", "a//b", "中 +%", "."] {
        let head = head(&client, key).await;
        let line = head.lines().next().unwrap();
        let path = line.split(' ').nth(1).unwrap();
        // Nothing is cleaned up on the way.
        let encoded = path.strip_prefix(&format!("/{BUCKET}/")).unwrap();
        assert_eq!(
            cosette_proto::percent::decode(encoded).as_deref(),
            Some(key)
        );
        assert!(has_line(&head, &format!("host: {address}")), "{head}");
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn one_address_serves_every_host() {
    let (address, _) = tcp().await;
    let transport = HttpTransport::builder()
        .connect_to(&address.to_string())
        .unwrap()
        .build();
    let client = client(Endpoint::cos().over_http(), transport);
    let head = head(&client, "k").await;
    assert!(head.starts_with("GET /k HTTP/1.1\r\n"), "{head}");
    let host = format!("host: {BUCKET}.cos.ap-guangzhou.myqcloud.com");
    assert!(has_line(&head, &host), "{head}");
    assert!(HttpTransport::builder().connect_to("nowhere").is_err());
}

#[tokio::test]
async fn a_unix_socket_serves_every_host() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    let accept = async move || Box::new(listener.accept().await.unwrap().0) as Box<dyn Socket>;
    tokio::spawn(echo(Arc::default(), accept));
    let transport = HttpTransport::unix_socket(&path);
    let client = client(Endpoint::cos().over_http(), transport);
    assert!(head(&client, "k").await.starts_with("GET /k HTTP/1.1\r\n"));
}

// seed: S42
#[tokio::test]
async fn a_refused_connection_is_a_network_error() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    drop(listener);
    let clock = TestClock::new();
    let client = Client::builder()
        .anonymous()
        .region("ap-guangzhou")
        .endpoint(endpoint)
        .clock(clock.clone())
        .build()
        .unwrap();
    let error = client
        .get_object()
        .bucket(BUCKET)
        .key("k")
        .send()
        .await
        .unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Network, 5));
    assert_eq!(clock.waits().len(), 4);
    assert!(error.message().contains("cannot connect"), "{error}");
}

#[tokio::test]
async fn a_connection_that_says_nothing_times_out() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint: Endpoint = format!("http://{}", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    let client = Client::builder()
        .anonymous()
        .region("ap-guangzhou")
        .endpoint(endpoint)
        .retry(RetryPolicy::never())
        .idle_timeout(Duration::from_millis(50))
        .build()
        .unwrap();
    let error = client
        .get_object()
        .bucket(BUCKET)
        .key("k")
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
}

#[tokio::test]
async fn https_is_refused_by_a_plain_socket() {
    let (address, _) = tcp().await;
    let transport = HttpTransport::builder()
        .connect_to(&address.to_string())
        .unwrap()
        .build();
    let client = client(Endpoint::cos(), transport);
    let error = client
        .get_object()
        .bucket(BUCKET)
        .key("k")
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Network);
}
