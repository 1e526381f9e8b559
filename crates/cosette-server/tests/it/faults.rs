//! A network that fails at any byte: no short body is ever stored, a request that is repeated because
//! its answer was lost gets the first answer, and the store adds up.

use std::time::Duration;

use cosette_server::limits::SHARES_OF_THIS_MACHINE;
use cosette_server::{Config, Limits};
use cosette_testkit::{Cut, Direction, FaultProxy};
use futures_util::StreamExt;
use tokio::net::{TcpSocket, TcpStream};

use crate::harness::{Answer, Call, Connection, Server, bytes, md5};

/// All cuts of this file together are at least so many.
const CUTS_MIN: u64 = 2_000;
/// Longest wait for something that must come; only a failing test waits so long.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sends a call through the proxy; `None` when no whole answer came.
async fn through(proxy: &FaultProxy, call: &Call<'_>) -> Option<Answer> {
    let stream = TcpStream::connect(proxy.address()).await.ok()?;
    let mut connection = Connection::of(stream);
    connection.write(&call.written()).await;
    let answer = tokio::time::timeout(PATIENCE, connection.whole_answer(call.method())).await;
    answer.expect("an end in time")
}

/// How many bytes a call and its answer are on the wire.
async fn measured(proxy: &FaultProxy, call: &Call<'_>) -> (u64, u64) {
    let before = proxy.passed();
    through(proxy, call)
        .await
        .expect("an answer without a fault");
    let after = proxy.passed();
    (
        after.to_server - before.to_server,
        after.to_client - before.to_client,
    )
}

/// Where to cut: every byte near a border, and others in between.
fn places(all: u64, borders: &[u64], count: u64, seed: u64) -> Vec<u64> {
    let mut places: Vec<u64> = borders
        .iter()
        .flat_map(|at| at.saturating_sub(3)..=at + 3)
        .collect();
    let random = bytes(usize::try_from(count * 8).unwrap(), seed);
    for eight in random.chunks_exact(8) {
        places.push(u64::from_le_bytes(eight.try_into().unwrap()) % all);
    }
    places.retain(|at| *at < all);
    places.sort_unstable();
    places.dedup();
    places
}

/// What a cut PUT may have left of a key: the bytes before, or all of the new ones.
async fn is_whole(server: &Server, path: &str, new: &[u8]) {
    let got = server.get(path).send().await;
    match got.status {
        404 => {}
        200 => assert_eq!(got.body, new, "{path} is short or mixed"),
        other => panic!("{path}: {other}"),
    }
}

#[tokio::test]
async fn no_cut_leaves_half_of_anything() {
    let server = Server::start().await;
    let proxy = FaultProxy::start(server.address).await.unwrap();
    let mut cuts = 0;
    server.put("/source", bytes(200_000, 9)).ok().await;
    // Small ones lie in rows, large ones in extents; a body may come in chunks.
    for (size, count) in [(10_usize, 60), (40_000, 120), (300_000, 40)] {
        let body = bytes(size, size as u64);
        let put = |n: u64| server.put(&format!("/put-{size}-{n:07}"), &body);
        let (sent, answered) = measured(&proxy, &put(9_999_999)).await;
        let head = sent - size as u64;
        for at in places(sent, &[0, head, head + 64, sent], count, 1) {
            for cut in [
                Cut::Break(Direction::ToServer, at),
                Cut::HalfClose(Direction::ToServer, at),
            ] {
                proxy.next(cut);
                let answer = through(&proxy, &put(at)).await;
                assert!(
                    answer.is_none_or(|answer| answer.status >= 400),
                    "{cut:?} was taken for a whole request"
                );
                assert!(
                    !server.exists(&format!("/put-{size}-{at:07}")).await,
                    "{cut:?} stored something"
                );
                cuts += 1;
            }
        }
        for at in places(answered, &[0, answered], count, 2) {
            proxy.next(Cut::Break(Direction::ToClient, at));
            let call = put(1_000_000 + at);
            assert!(through(&proxy, &call).await.is_none());
            // The answer was lost; the same request again gets it.
            let again = call.ok().await;
            assert_eq!(again.etag(), md5(&body));
            is_whole(
                &server,
                &format!("/put-{size}-{:07}", 1_000_000 + at),
                &body,
            )
            .await;
            cuts += 1;
        }
    }
    cuts += chunked(&server, &proxy).await;
    cuts += reads(&server, &proxy).await;
    cuts += changes(&server, &proxy).await;
    cuts += uploads(&server, &proxy).await;
    println!("{cuts} cuts");
    assert!(cuts >= CUTS_MIN, "only {cuts} cuts");
    drop(proxy);
    server.end().await;
}

/// Cut at every byte around each border of its chunks.
async fn chunked(server: &Server, proxy: &FaultProxy) -> u64 {
    let mut cuts = 0;
    let pieces = [bytes(10, 1), bytes(1000, 2), bytes(20_000, 3)];
    let mut framed = Vec::new();
    let mut borders = Vec::new();
    for piece in &pieces {
        framed.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        borders.push(framed.len() as u64);
        framed.extend_from_slice(piece);
        borders.push(framed.len() as u64);
        framed.extend_from_slice(b"\r\n");
    }
    framed.extend_from_slice(b"0\r\n\r\n");
    borders.push(framed.len() as u64 - 5);
    let head = server
        .put("/chunked", "")
        .header("Transfer-Encoding", "chunked")
        .written_head("close");
    let all = (head.len() + framed.len()) as u64;
    let borders: Vec<u64> = borders.iter().map(|at| at + head.len() as u64).collect();
    for at in places(all, &borders, 40, 3) {
        for cut in [
            Cut::Break(Direction::ToServer, at),
            Cut::HalfClose(Direction::ToServer, at),
        ] {
            proxy.next(cut);
            let mut connection = Connection::of(TcpStream::connect(proxy.address()).await.unwrap());
            connection.write(&head).await;
            connection.write(&framed).await;
            let answer = tokio::time::timeout(PATIENCE, connection.whole_answer("PUT"))
                .await
                .expect("an end in time");
            assert!(answer.is_none_or(|answer| answer.status >= 400), "{cut:?}");
            cuts += 1;
        }
    }
    assert!(!server.exists("/chunked").await);
    cuts
}

/// A reader whose connection breaks knows that it has not got all.
async fn reads(server: &Server, proxy: &FaultProxy) -> u64 {
    let mut cuts = 0;
    for path in ["/source", "/?prefix=put-"] {
        let call = server.get(path);
        let (sent, answered) = measured(proxy, &call).await;
        for at in places(answered, &[0, 200, 400, answered], 160, 4) {
            for cut in [
                Cut::Break(Direction::ToClient, at),
                Cut::HalfClose(Direction::ToClient, at),
            ] {
                proxy.next(cut);
                assert!(
                    through(proxy, &call).await.is_none(),
                    "{cut:?} looked whole"
                );
                cuts += 1;
            }
        }
        for at in places(sent, &[0, sent], 20, 5) {
            proxy.next(Cut::Break(Direction::ToServer, at));
            assert!(through(proxy, &call).await.is_none());
            cuts += 1;
        }
    }
    cuts
}

/// Copies, moves and deletes whose answer is lost at any byte: said again, they get an answer that is
/// as good, and what was to be is.
async fn changes(server: &Server, proxy: &FaultProxy) -> u64 {
    let mut cuts = 0;
    let (_, answered) = measured(proxy, &server.copy("source", "/copied")).await;
    for at in places(answered, &[0, answered], 150, 6) {
        proxy.next(Cut::Break(Direction::ToClient, at));
        let call = server.copy("source", &format!("/copied-{at}"));
        assert!(through(proxy, &call).await.is_none());
        call.ok().await;
        assert_eq!(
            server.get(&format!("/copied-{at}")).ok().await.body.len(),
            200_000
        );
        cuts += 1;
    }
    for n in 0..150 {
        server.copy("source", &format!("/from-{n}")).ok().await;
        let call = server
            .put(&format!("/to-{n}?rename"), "")
            .header("x-cos-rename-source", format!("/from-{n}"))
            .header("x-cos-client-token", format!("token-{n}"));
        // Lost on the way there or on the way back, at this byte or that.
        let cut = match n % 3 {
            0 => Cut::Break(Direction::ToServer, 40 + n * 3),
            1 => Cut::HalfClose(Direction::ToServer, 40 + n * 3),
            _ => Cut::Break(Direction::ToClient, n * 2),
        };
        proxy.next(cut);
        through(proxy, &call).await;
        let first = call.ok().await;
        let second = call.ok().await;
        assert_eq!(
            (first.etag(), first.status),
            (second.etag(), second.status),
            "{cut:?}"
        );
        assert!(
            server.exists(&format!("/to-{n}")).await && !server.exists(&format!("/from-{n}")).await,
            "{cut:?}"
        );
        cuts += 1;
    }
    for n in 0..100 {
        let call = server.delete(&format!("/to-{n}"));
        proxy.next(Cut::Break(
            if n % 2 == 0 {
                Direction::ToServer
            } else {
                Direction::ToClient
            },
            n * 2,
        ));
        through(proxy, &call).await;
        assert_eq!(call.send().await.status, 204);
        assert!(!server.exists(&format!("/to-{n}")).await);
        cuts += 1;
    }
    cuts
}

/// Parts and the completion of an upload: the answer of a completion that was lost is the first one,
/// however often it is asked for.
async fn uploads(server: &Server, proxy: &FaultProxy) -> u64 {
    let mut cuts = 0;
    let body = bytes(50_000, 5);
    for n in 0..120_u64 {
        let path = format!("/upload-{n}");
        let upload = server.upload(&path).await;
        let part = server.put(&format!("{path}?partNumber=1&uploadId={upload}"), &body);
        let direction = if n % 2 == 0 {
            Direction::ToServer
        } else {
            Direction::ToClient
        };
        proxy.next(Cut::Break(direction, n * if n % 2 == 0 { 400 } else { 2 }));
        through(proxy, &part).await;
        let tag = part.ok().await.etag();
        let complete = server.complete(&path, &upload, std::slice::from_ref(&tag));
        let direction = if n % 4 < 2 {
            Direction::ToServer
        } else {
            Direction::ToClient
        };
        proxy.next(Cut::Break(direction, n * 4));
        through(proxy, &complete).await;
        let first = server.settled(&complete).await.value("ETag");
        let second = server.settled(&complete).await.value("ETag");
        assert_eq!(first, second);
        assert_eq!(server.bytes(&path).await, body);
        cuts += 2;
    }
    proxy.clear();
    cuts
}

/// A thousand clients that send one byte and no more: those beyond an address's share are turned away,
/// and who has a place is given up in time; meanwhile others are served.
#[tokio::test]
async fn slow_clients_do_not_keep_others_out() {
    let limits = Limits {
        connections_per_address_max: 150 / SHARES_OF_THIS_MACHINE,
        // The bound's own time is tested on a clock that jumps; here it only has to come.
        head_read_timeout: Duration::from_millis(400),
        ..Limits::default()
    };
    let server = Server::configured(Config {
        limits,
        ..Config::default()
    })
    .await;
    let slow = futures_util::stream::iter(0..1_000).map(|n| {
        let address = server.address;
        async move {
            let mut connection = Connection::of(TcpStream::connect(address).await.unwrap());
            connection
                .write(if n % 2 == 0 {
                    b"G"
                } else {
                    b"PUT / HTTP/1.1\r\nx: y"
                })
                .await;
            tokio::time::timeout(PATIENCE, connection.is_closed())
                .await
                .expect("given up in time")
        }
    });
    let slow = slow
        .buffer_unordered(200)
        .fold(0, |count, closed| async move { count + u32::from(closed) });
    let busy = async {
        let mut served = 0;
        for n in 0..50 {
            // From another address, which has places of its own.
            let socket = TcpSocket::new_v4().unwrap();
            socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
            let mut connection = Connection::of(socket.connect(server.address).await.unwrap());
            connection
                .write(&server.put(&format!("/{n}"), "x").written())
                .await;
            served += u32::from(connection.answer("PUT").await.unwrap().status == 200);
        }
        served
    };
    let (slow, served) = tokio::join!(slow, busy);
    assert_eq!((slow, served), (1_000, 50));
    server.end().await;
}

/// A client that announces a body and never sends it, or stops in the middle, or waits for the word to
/// go on and then says nothing: each is given up, and nothing is stored.
#[tokio::test]
async fn bodies_that_never_come_are_given_up() {
    let limits = Limits {
        body_grace: Duration::from_millis(300),
        body_bytes_per_sec_min: 1 << 20,
        ..Limits::default()
    };
    let server = Server::configured(Config {
        limits,
        ..Config::default()
    })
    .await;
    let proxy = FaultProxy::start(server.address).await.unwrap();
    let before = server.dump().await;
    let put = server.put("/k", bytes(100_000, 1));
    let head = put.written_head("close").len() as u64;
    for at in [head, head + 1, head + 50_000, head + 99_999] {
        proxy.next(Cut::Stall(Direction::ToServer, at));
        let answer = through(&proxy, &put).await.expect("a refusal");
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "RequestTimeout"),
            "{at}"
        );
        proxy.release();
    }
    let mut waiting = server.connect().await;
    waiting
        .write(
            &put.clone()
                .header("Expect", "100-continue")
                .written_head("close"),
        )
        .await;
    assert_eq!(waiting.answer("PUT").await.unwrap().status, 100);
    let refused = waiting.answer("PUT").await.unwrap();
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (400, "RequestTimeout")
    );
    assert_eq!(server.dump().await, before);
    server.end().await;
}
