//! Servers that are not there, and answers that take long.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use crate::world::{BUCKET, World, cos, text};

/// The body of a GET of a plain http address.
pub(crate) fn get(url: &str) -> String {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    write!(
        stream,
        "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}

fn with_keys() -> World {
    World::new()
        .set("COSETTE_SECRET_ID", "AKIDx")
        .set("COSETTE_SECRET_KEY", "secret-of-the-test")
}

// seed: S42
#[test]
fn a_refused_connection_is_another_kind_than_a_refusal_of_the_service() {
    let world = with_keys();
    // A port that was just free: nobody listens there.
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let url = format!("http://127.0.0.1:{port}");
    let told = world.refused(
        6,
        &[
            "api",
            "head-object",
            "--bucket",
            BUCKET,
            "--key",
            "a",
            "--endpoint",
            &url,
        ],
    );
    assert_eq!(
        (&told["kind"], told.get("statusCode")),
        (&"network".into(), None)
    );
    assert!(
        text(&told, "error").contains(&url["http://".len()..]),
        "{told}"
    );
    assert!(!told.to_string().contains("secret-of-the-test"));
}

/// Answers one request: the head at once, white space, and then the end.
fn slow_answer(end: &'static str) -> (String, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answering = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            head.push_str(&line);
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let mut stream = stream;
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nx-cos-request-id: id-of-this\r\n\r\n"
        )
        .unwrap();
        let declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
        for chunk in [declaration, "   ", " ", end] {
            write!(stream, "{:x}\r\n{chunk}\r\n", chunk.len()).unwrap();
            stream.flush().unwrap();
        }
        write!(stream, "0\r\n\r\n").unwrap();
        head
    });
    (url, answering)
}

const RESULT: &str = "<CompleteMultipartUploadResult><Location>http://h/k</Location><Bucket>b-1250000000</Bucket>\
    <Key>k</Key><ETag>\"aa-1\"</ETag></CompleteMultipartUploadResult>";
const ERROR: &str = "<Error><Code>InternalError</Code><Message>disk on fire</Message><Resource>/k</Resource>\
    <RequestId>id-of-this</RequestId><TraceId>t</TraceId></Error>";

fn complete(url: &str) -> Vec<String> {
    [
        "api",
        "multipart-complete",
        "--bucket",
        "b-1250000000",
        "--key",
        "k",
        "--upload-id",
        "u",
        "--part",
        "1:aa",
        "--endpoint",
        url,
    ]
    .map(str::to_owned)
    .to_vec()
}

// seed: S105, S106, S107
#[test]
fn a_complete_says_that_it_waits_and_white_space_before_the_result_is_no_matter() {
    let (url, answering) = slow_answer(RESULT);
    let args = complete(&url);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let ran = with_keys().ok(&args);
    assert!(ran.stderr.contains("waiting"), "{}", ran.stderr);
    assert!(ran.stdout.contains("ETag: \"aa-1\""), "{}", ran.stdout);
    let head = answering.join().unwrap();
    assert!(head.starts_with("POST /"), "{head}");
}

// seed: S107, S41
#[test]
fn an_error_after_the_200_is_an_error() {
    let (url, answering) = slow_answer(ERROR);
    let args = complete(&url);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let told = with_keys().refused(1, &args);
    assert_eq!(
        (&told["statusCode"], &told["code"]),
        (&200.into(), &"InternalError".into())
    );
    assert_eq!(told["message"], "disk on fire");
    assert_eq!(told["requestId"], "id-of-this");
    answering.join().unwrap();
}

#[test]
fn a_raw_request_is_sent_once_even_if_it_fails() {
    let (url, answering) = slow_answer(ERROR);
    // The listener is gone after one request: a second one could not be answered.
    let told = with_keys().refused(
        1,
        &[
            "api",
            "put-object-copy",
            "--bucket",
            "b-1250000000",
            "--key",
            "k",
            "--copy-source",
            "cos://b-1250000000/s",
            "--endpoint",
            &url,
        ],
    );
    assert_eq!(told["code"], "InternalError");
    let head = answering.join().unwrap();
    assert!(
        head.contains("x-cos-copy-source: ") && !head.contains("secret-of-the-test"),
        "{head}"
    );
}

#[test]
fn official_hosts_reach_a_server_by_its_address() {
    let world = World::with_bucket();
    let server = world.serve();
    let key: serde_json::Value =
        serde_json::from_slice(&std::fs::read(world.data().join("root-key.json")).unwrap())
            .unwrap();
    let world = world
        .set("COSETTE_SECRET_ID", text(&key, "secret_id"))
        .set("COSETTE_SECRET_KEY", text(&key, "secret_key"));
    for region in [&[][..], &["--region", "ap-guangzhou"]] {
        let file = world.file("a", "over the network");
        let target = cos("a");
        world.ok(&[&["cp", &file, &target, "--endpoint", &server.url], region].concat());
        let read = world.ok(&[&["cat", &target, "--endpoint", &server.url], region].concat());
        assert_eq!(read.stdout, "over the network");
    }
    assert_eq!(server.stop(), Some(0));
}
