//! Listings of any length in bounded memory: a service that makes its pages up has as many keys as it is
//! told to, and the program's peak is read while it lists them.
//!
//! `COSETTE_LISTING_KEYS` is how many; the command in `docs/performance.md` asks for ten million, of the
//! optimised program that `COSETTE_LISTING_PROGRAM` names.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::world::{World, cos};

/// Keys of a usual run.
const KEYS: u64 = 30_000;
const PAGE: u64 = 1000;
/// What ten million keys may take.
const PEAK_KIB_MAX: u64 = 200 << 10;

fn keys() -> u64 {
    let asked = std::env::var("COSETTE_LISTING_KEYS").ok();
    asked.map_or(KEYS, |asked| asked.parse().unwrap())
}

/// The page after a marker.
fn page(after: Option<u64>, keys: u64) -> String {
    let first = after.map_or(0, |last| last + 1);
    let end = (first + PAGE).min(keys);
    let mut text = String::from("<ListBucketResult><Name>examplebucket-1250000000</Name>");
    let more = end < keys;
    write!(
        text,
        "<Prefix>p/</Prefix><Marker/><MaxKeys>{PAGE}</MaxKeys>"
    )
    .unwrap();
    write!(text, "<IsTruncated>{more}</IsTruncated>").unwrap();
    if more {
        write!(text, "<NextMarker>p/{:012}</NextMarker>", end - 1).unwrap();
    }
    for number in first..end {
        write!(
            text,
            "<Contents><Key>p/{number:012}</Key><LastModified>2024-05-01T00:00:00.000Z</LastModified>\
             <ETag>\"{number:032x}\"</ETag><Size>{number}</Size><StorageClass>STANDARD</StorageClass></Contents>"
        )
        .unwrap();
    }
    text.push_str("</ListBucketResult>");
    text
}

/// Answers the requests of one connection until its end.
fn answer(stream: TcpStream, keys: u64) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream;
    loop {
        let (mut line, mut head) = (String::new(), String::new());
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        while head != "\r\n" {
            head.clear();
            if reader.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        let body = match line.split_once("marker=p") {
            _ if !line.starts_with("GET") => String::new(),
            None => page(None, keys),
            Some((_, rest)) => {
                // The slash may be escaped.
                let digits = rest.trim_start_matches("%2F").trim_start_matches('/');
                let digits = digits.get(..12).unwrap();
                page(Some(digits.parse().unwrap()), keys)
            }
        };
        let head =
            "HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nx-cos-request-id: made-up\r\n";
        let sent = write!(writer, "{head}Content-Length: {}\r\n\r\n{body}", body.len());
        if sent.is_err() {
            return;
        }
    }
}

/// The most memory that a process has had until now, in KiB.
fn peak(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix("kB"));
    kib.map_or(0, |kib| kib.trim().parse().unwrap())
}

/// Runs a command to its end: how many lines it wrote, and its peak.
fn run(world: &World, url: &str, words: &[&str]) -> (u64, u64) {
    let words = [words, &["--endpoint", url]].concat();
    let mut command = world.command(&words);
    if let Some(program) = std::env::var_os("COSETTE_LISTING_PROGRAM") {
        let mut other = Command::new(program);
        other.args(command.get_args()).env_clear();
        let known = command.get_envs();
        other.envs(known.filter_map(|(name, value)| Some((name, value?))));
        if let Some(folder) = command.get_current_dir() {
            other.current_dir(folder);
        }
        command = other;
    }
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut output = child.stdout.take().unwrap();
    let (mut lines, most) = (0_u64, AtomicU64::new(0));
    let mut chunk = vec![0; 1 << 16];
    loop {
        let read = output.read(&mut chunk).unwrap();
        most.fetch_max(peak(child.id()), Ordering::Relaxed);
        if read == 0 {
            break;
        }
        let ends = chunk[..read].iter().filter(|byte| **byte == b'\n');
        lines += ends.count() as u64;
    }
    assert!(child.wait().unwrap().success(), "{words:?}");
    (lines, most.into_inner())
}

#[test]
fn a_listing_takes_no_more_memory_the_longer_it_is() {
    let keys = keys();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = Arc::new(format!("http://{}", listener.local_addr().unwrap()));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            std::thread::spawn(move || answer(stream, keys));
        }
    });
    let world = World::new()
        .set("COSETTE_SECRET_ID", "AKIDx")
        .set("COSETTE_SECRET_KEY", "secret");
    let (source, target) = (cos("p/"), cos("q/"));
    let list = run(&world, &url, &["ls", "-r", &source]);
    let plan = ["cp", "-r", &source, &target, "--dry-run", "--no-preflight"];
    let plan = run(&world, &url, &plan);
    assert_eq!((list.0, plan.0), (keys, keys + 1));
    println!(
        "listing result: {keys} keys: ls {} KiB, cp --dry-run {} KiB",
        list.1, plan.1
    );
    for (_, peak) in [list, plan] {
        assert!(peak > 0 && peak < PEAK_KIB_MAX, "{peak} KiB");
    }
}
