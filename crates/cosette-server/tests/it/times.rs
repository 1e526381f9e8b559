//! How long a client may take, on a clock that jumps: just in time it is answered, a little later it is
//! given up, and a client that is a thousand times slower is given up no later than that.

use std::time::Duration;

use cosette_server::limits;
use cosette_server::listen::{Stopper, serve_stream, stopper};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::{Instant, timeout};

use crate::harness::Server;

/// A connection without a socket: the clock must not jump while a socket's bytes are on their way.
fn open(server: &Server) -> (DuplexStream, Stopper) {
    let (client, ours) = tokio::io::duplex(64 << 10);
    let (stopper, stop) = stopper();
    tokio::spawn(serve_stream(ours, server.service.clone(), stop));
    (client, stopper)
}

/// What comes next, up to the end of a head; nothing at the end of the connection.
async fn head(client: &mut DuplexStream) -> String {
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n\r\n") {
        match client.read_u8().await {
            Ok(byte) => read.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(read).unwrap()
}

/// A request with a pause in it.
struct Paused {
    name: &'static str,
    limit: Duration,
    /// Answered before anything is measured.
    opening: Vec<u8>,
    first: Vec<u8>,
    rest: Vec<u8>,
    /// What begins the answer to whom is late; empty if there is none.
    late: &'static str,
}

impl Paused {
    async fn answered(&self, server: &Server, pause: Duration) -> (String, Duration) {
        let (mut client, _stopper) = open(server);
        if !self.opening.is_empty() {
            client.write_all(&self.opening).await.unwrap();
            assert!(head(&mut client).await.starts_with("HTTP/1.1 200"));
        }
        client.write_all(&self.first).await.unwrap();
        let began = Instant::now();
        if let Ok(early) = timeout(pause, head(&mut client)).await {
            return (early, began.elapsed());
        }
        // It may be closed by now.
        let _ = client.write_all(&self.rest).await;
        (head(&mut client).await, began.elapsed())
    }
}

#[tokio::test]
async fn who_is_late_is_given_up_at_the_limit_however_late() {
    let server = Server::start().await;
    let asked = server.head("/").written_head("keep-alive");
    let put = server.put("/k", "xy").written();
    let cases = [
        Paused {
            name: "a head that has begun",
            limit: limits::HEAD_READ_TIMEOUT,
            opening: Vec::new(),
            first: asked[..20].to_vec(),
            rest: asked[20..].to_vec(),
            late: "",
        },
        Paused {
            name: "the first request",
            limit: limits::IDLE_TIMEOUT,
            opening: Vec::new(),
            first: Vec::new(),
            rest: asked.clone(),
            late: "",
        },
        Paused {
            name: "the next request",
            limit: limits::IDLE_TIMEOUT,
            opening: asked.clone(),
            first: Vec::new(),
            rest: asked.clone(),
            late: "",
        },
        Paused {
            name: "a body",
            limit: limits::BODY_GRACE,
            opening: Vec::new(),
            first: put[..put.len() - 1].to_vec(),
            rest: put[put.len() - 1..].to_vec(),
            late: "HTTP/1.1 400",
        },
    ];
    // From here on nothing touches a socket.
    tokio::time::pause();
    let before = server.dump().await;
    for case in &cases {
        let (name, limit) = (case.name, case.limit);
        for late in [limit + LITTLE, limit * 1000] {
            let (answer, after) = case.answered(&server, late).await;
            let wanted = case.late;
            let is_it = match wanted {
                "" => answer.is_empty(),
                _ => answer.starts_with(wanted),
            };
            assert!(is_it, "{name}, {late:?}: {answer}");
            assert!(
                after >= limit && after < limit + LITTLE,
                "{name}, {late:?}: given up after {after:?}"
            );
        }
        assert_eq!(server.dump().await, before, "{name}");
    }
    for case in &cases {
        let (answer, _) = case.answered(&server, case.limit - LITTLE).await;
        assert!(
            answer.starts_with("HTTP/1.1 200"),
            "{}: {answer}",
            case.name
        );
    }
    tokio::time::resume();
    server.end().await;
}

/// More than the clock's own steps.
const LITTLE: Duration = Duration::from_millis(5);
