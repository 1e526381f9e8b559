//! Heads, bodies and clocks of one connection, over a pipe in memory.

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use super::*;

type Io = Guarded<DuplexStream>;

fn pair(pipe_bytes: usize) -> (Io, Between, DuplexStream) {
    let (ours, theirs) = tokio::io::duplex(pipe_bytes);
    let between = Between::new();
    let guarded = Guarded::new(ours, between.clone(), Arc::default());
    (guarded, between, theirs)
}

async fn some(io: &mut Io) -> io::Result<String> {
    let mut bytes = vec![0; 64];
    let count = io.read(&mut bytes).await?;
    Ok(String::from_utf8_lossy(&bytes[..count]).into_owned())
}

const HEAD: &str = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

#[tokio::test(start_paused = true)]
async fn a_head_that_has_begun_must_soon_be_whole() {
    let (mut io, between, mut client) = pair(1024);
    client.write_all(b"GET").await.unwrap();
    let began = Instant::now();
    let error = some(&mut io).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert_eq!(began.elapsed(), limits::HEAD_READ_TIMEOUT);
    assert!(between.is_slow());
}

#[tokio::test(start_paused = true)]
async fn neither_waiting_nor_a_body_counts_as_a_head() {
    let (mut io, between, mut client) = pair(1024);
    let long = limits::HEAD_READ_TIMEOUT * 3;
    // A test waits much longer than the bound, on a clock that jumps.
    assert!(
        tokio::time::timeout(long, some(&mut io)).await.is_err(),
        "idle"
    );
    for _ in 0..2 {
        client
            .write_all(
                HEAD.replace("\r\n\r\n", "\r\nContent-Length: 2\r\n\r\nx")
                    .as_bytes(),
            )
            .await
            .unwrap();
        assert!(some(&mut io).await.unwrap().starts_with("GET /a"));
        let (request, refusal) = between.begin();
        assert_eq!(refusal, None);
        assert_eq!(some(&mut io).await.unwrap(), "x");
        assert!(
            tokio::time::timeout(long, some(&mut io)).await.is_err(),
            "body"
        );
        client.write_all(b"yGET").await.unwrap();
        assert_eq!(some(&mut io).await.unwrap(), "y");
        // The next head has begun, but nobody waits for it yet.
        assert!(
            tokio::time::timeout(long, some(&mut io)).await.is_err(),
            "busy"
        );
        drop(request);
        client.write_all(&HEAD.as_bytes()[3..]).await.unwrap();
        assert_eq!(some(&mut io).await.unwrap(), HEAD);
        drop(between.begin());
        assert!(
            tokio::time::timeout(long, some(&mut io)).await.is_err(),
            "idle again"
        );
    }
}

#[tokio::test]
async fn each_head_is_looked_at_however_the_bytes_come() {
    let chunked = HEAD.replace(
        "\r\n\r\n",
        "\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    );
    let counted = HEAD.replace("\r\n\r\n", "\r\nContent-Length: 5\r\n\r\nGET /");
    let good = format!("{chunked}{counted}\r\n{HEAD}");
    let all = format!("{good}HEAD / HTTP/1.1\nHost: h\r\n\r\n");
    for piece in [1, 2, 3, 7, 50, 1000] {
        let (mut io, between, mut client) = pair(piece);
        let sent = all.clone();
        let sending = tokio::spawn(async move {
            // The rest is not taken once a head is refused.
            let _ = client.write_all(sent.as_bytes()).await;
            client
        });
        let mut got = String::new();
        loop {
            let read = some(&mut io).await.unwrap();
            if read.is_empty() {
                break;
            }
            got.push_str(&read);
        }
        assert_eq!(
            got,
            format!("{good}{}", std::str::from_utf8(NOBODYS.1).unwrap()),
            "{piece}"
        );
        for _ in 0..3 {
            assert_eq!(between.begin().1, None);
        }
        let refusal = between.begin().1.unwrap();
        assert!(
            refusal.is_head && refusal.words.contains("line feed"),
            "{refusal:?}"
        );
        drop(io);
        sending.await.unwrap();
    }
}

#[tokio::test]
async fn a_body_that_is_not_chunks_ends_the_connection() {
    let (mut io, _, mut client) = pair(1024);
    let head = HEAD.replace("\r\n\r\n", "\r\nTransfer-Encoding: chunked\r\n\r\n");
    client
        .write_all(format!("{head}3\nabc").as_bytes())
        .await
        .unwrap();
    let mut got = String::new();
    let error = loop {
        match some(&mut io).await {
            Ok(read) => got.push_str(&read),
            Err(error) => break error,
        }
    };
    assert_eq!((got, error.kind()), (head, io::ErrorKind::InvalidData));
}

/// Nothing taken at all; a thousandth of the slowest speed, one byte a second less than it, and it.
#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_take_its_answer_is_given_up() {
    const SLOWEST: usize = 100;
    let grace = limits::BODY_GRACE;
    for (bytes, every_secs, is_kept) in [
        (0, 1, false),
        (1, 10, false),
        (SLOWEST - 1, 1, false),
        (SLOWEST, 1, true),
    ] {
        let (ours, mut client) = tokio::io::duplex(1024);
        let between = Between::new();
        let limits = Limits {
            body_bytes_per_sec_min: SLOWEST as u64,
            ..Limits::default()
        };
        let mut io = Guarded::new(ours, between.clone(), Arc::new(limits));
        let _request = between.begin();
        let reading = tokio::spawn(async move {
            let mut taken = vec![0; bytes];
            while client.read_exact(&mut taken).await.is_ok() {
                sleep(Duration::from_secs(every_secs)).await;
            }
        });
        let began = Instant::now();
        let sent = io.write_all(&vec![0; SLOWEST * 5000]).await;
        assert_eq!(sent.is_ok(), is_kept, "{bytes} bytes in {every_secs} s");
        assert_eq!(between.is_slow(), !is_kept);
        if !is_kept {
            let after = began.elapsed();
            assert!(after >= grace, "{after:?}");
            // What fills the pipe is taken at once, and earns its time.
            let earned = Duration::from_secs(1024 / SLOWEST as u64 + 2);
            if bytes < SLOWEST - 1 {
                assert!(after <= grace + earned, "{after:?}");
            }
        }
        drop(io);
        reading.abort();
    }
}

/// Only the time that the client makes us wait counts, not the time that we take to answer.
#[tokio::test(start_paused = true)]
async fn our_own_slowness_is_not_the_clients() {
    let (mut io, between, mut client) = pair(1024);
    let _request = between.begin();
    for _ in 0..10 {
        sleep(limits::BODY_GRACE * 2).await;
        io.write_all(b"abc").await.unwrap();
        client.read_exact(&mut [0; 3]).await.unwrap();
    }
    assert!(!between.is_slow());
}

#[tokio::test(start_paused = true)]
async fn we_listen_on_for_a_while_to_whom_we_refused() {
    let (mut io, _, mut client) = pair(1024);
    client.write_all(b"GET / HTTP/1.1\n").await.unwrap();
    assert!(some(&mut io).await.unwrap().contains("refused"));
    let began = Instant::now();
    let sending = tokio::spawn(async move {
        client.write_all(&[b'x'; 100_000]).await.unwrap();
        client
    });
    io.shutdown().await.unwrap();
    assert_eq!(
        began.elapsed(),
        limits::REFUSED_TIMEOUT,
        "it never closed its side"
    );
    sending.await.unwrap();
}
