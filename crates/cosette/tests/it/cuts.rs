//! Thousands of network cuts between the SDK and the service: before a request, within its body,
//! after it was served, within its answer. Nothing that is reported is untrue, nothing is lost, and
//! no upload is left that the journal does not know.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use cosette::transfer::{Engine, Entry, Job, PlanHead, PlanWriter, Work};
use cosette::{Body, BoxFuture, Client, Clock, SystemClock, Timestamp, Transport, TransportError};
use futures_util::{StreamExt, stream};
use http::{Request, Response, StatusCode};

use crate::house::{EXAMPLE, House, SOURCE, source};
use crate::jobs::{place, seen};
use crate::script::error;

const CUTS_WANTED: usize = 2_000;
const MIB: usize = 1 << 20;

/// The time is the service's own, and waits take none.
#[derive(Debug)]
struct Hasty;

impl Clock for Hasty {
    fn now(&self) -> Timestamp {
        SystemClock.now()
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::task::yield_now())
    }
}

/// The way to a house, which is cut as a seed says.
#[derive(Debug, Clone)]
struct Cutting(Arc<State>);

#[derive(Debug)]
struct State {
    house: House,
    random: Mutex<u64>,
    cuts: AtomicUsize,
    on: AtomicBool,
}

#[derive(Debug, Clone, Copy)]
enum Cut {
    None,
    /// There is no connection.
    Connecting,
    /// The service sees this many per mille of the body.
    Request(u64),
    /// It was served, and nobody hears of it.
    Answer,
    /// The head of the answer arrives, and this many per mille of its body.
    AnswerBody(u64),
    /// No cut, but a service that asks for less.
    Throttled,
}

impl Cutting {
    fn new(house: &House, seed: u64) -> Self {
        Self(Arc::new(State {
            house: house.clone(),
            random: Mutex::new(seed),
            cuts: AtomicUsize::new(0),
            on: AtomicBool::new(true),
        }))
    }

    fn next(&self) -> u64 {
        let mut state = self.0.random.lock().unwrap();
        *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = *state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn roll(&self) -> Cut {
        if !self.0.on.load(Ordering::SeqCst) {
            return Cut::None;
        }
        let part = self.next() % 1001;
        let cut = match self.next() % 20 {
            0 | 1 => Cut::Connecting,
            2 | 3 => Cut::Request(part),
            4..=6 => Cut::Answer,
            7 | 8 => Cut::AnswerBody(part),
            9 => Cut::Throttled,
            _ => return Cut::None,
        };
        if !matches!(cut, Cut::Throttled) {
            self.0.cuts.fetch_add(1, Ordering::SeqCst);
        }
        cut
    }

    fn client(&self) -> Client {
        let house = &self.0.house;
        let builder = house.builder().credentials(house.root());
        let builder = builder.transport(self.clone()).clock(Hasty);
        builder.build().unwrap()
    }
}

/// So much of a body, and then an error.
async fn cut_body(body: Body, mille: u64) -> Body {
    let bytes = body.bytes(64 * MIB).await.unwrap_or_default();
    let keep = usize::try_from(bytes.len() as u64 * mille / 1000).unwrap();
    let lost: Result<Bytes, std::io::Error> = Err(std::io::ErrorKind::ConnectionReset.into());
    Body::stream(stream::iter([Ok(bytes.slice(..keep))]).chain(stream::iter([lost])))
}

impl Transport for Cutting {
    fn call(
        &self,
        request: Request<Body>,
    ) -> BoxFuture<'static, Result<Response<Body>, TransportError>> {
        let (house, cut) = (self.0.house.clone(), self.roll());
        Box::pin(async move {
            match cut {
                Cut::None => house.call(request).await,
                Cut::Connecting => Err(TransportError::not_sent("there is no connection")),
                Cut::Request(mille) => {
                    let (parts, body) = request.into_parts();
                    if !body.is_empty() {
                        let body = cut_body(body, mille).await;
                        let _ = house.call(Request::from_parts(parts, body)).await;
                    }
                    Err(TransportError::lost("cut within the request"))
                }
                Cut::Answer => {
                    if let Ok(reply) = house.call(request).await {
                        let _ = reply.into_body().bytes(64 * MIB).await;
                    }
                    Err(TransportError::lost("cut before the answer"))
                }
                Cut::AnswerBody(mille) => {
                    let (parts, body) = house.call(request).await?.into_parts();
                    if body.is_empty() {
                        return Err(TransportError::lost("cut within the answer's head"));
                    }
                    Ok(Response::from_parts(parts, cut_body(body, mille).await))
                }
                Cut::Throttled => {
                    let mut reply = Response::new(Body::from(error("SlowDown", "Less.")));
                    *reply.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
                    Ok(reply)
                }
            }
        })
    }
}

fn content(key: &str, size: usize) -> Bytes {
    let seed = key
        .bytes()
        .fold(7_usize, |sum, byte| sum * 31 % 9973 + usize::from(byte));
    (0..size)
        .map(|at| u8::try_from((at * 31 + seed) % 251).unwrap())
        .collect()
}

/// An object's size, which no two objects of a round share, or none if there is none.
async fn there(house: &House, bucket: &str, key: &str) -> Option<u64> {
    match house.exists(bucket, key).await {
        true => Some(house.head(bucket, key).await.size()),
        false => None,
    }
}

/// Nothing is lost, nothing has foreign bytes, and every open upload stands in the journal.
async fn check(house: &House, folder: &std::path::Path, objects: &[(String, Bytes)]) {
    for (key, bytes) in objects {
        let target = there(house, EXAMPLE, key).await;
        let source = there(house, SOURCE, key).await;
        assert!(target.is_some() || source.is_some(), "{key} is lost");
        for found in [target, source].into_iter().flatten() {
            assert_eq!(found, bytes.len() as u64, "{key} has foreign bytes");
        }
    }
    let journal = std::fs::read_to_string(folder.join("journal")).unwrap();
    let open = house.client().multipart_list().bucket(EXAMPLE).uploads();
    for upload in open.all().await.unwrap() {
        let nth = objects
            .iter()
            .position(|(key, _)| *key == upload.key.as_str());
        let known = journal.contains(&format!("\"upload\":\"{}\"", upload.upload_id));
        let begun = format!("\"entry\":{},\"step\":\"beginning\"", nth.unwrap());
        assert!(known || journal.contains(&begun), "nobody knows {upload:?}");
    }
}

#[tokio::test]
async fn moves_through_thousands_of_cuts_lose_nothing_and_leave_no_unknown_upload() {
    let house = House::new().await;
    let way = Cutting::new(&house, 0xC05E77E);
    let mut resumed = 0;
    for round in 0.. {
        if way.0.cuts.load(Ordering::SeqCst) >= CUTS_WANTED {
            break;
        }
        let mut objects = Vec::new();
        for nth in 0..10 {
            let size = if nth % 2 == 0 {
                100 + nth
            } else {
                MIB + MIB / 2 + nth
            };
            let key = format!("{round}/{nth}");
            let bytes = content(&key, size);
            house.put(SOURCE, &key, bytes.clone()).await;
            objects.push((key, bytes));
        }
        let plan = house.folder().join(format!("{round}.plan"));
        let mut writer = PlanWriter::create(&plan, &PlanHead::new("mv")).unwrap();
        for (key, _) in &objects {
            let (source, target) = (place(SOURCE, key), place(EXAMPLE, key));
            let object = house.head(SOURCE, key).await;
            let entry = Entry::new(Work::Move { source, target }, seen(&object));
            writer.add(&entry).unwrap();
        }
        writer.finish().unwrap();
        let folder = house.folder().join(format!("job{round}"));
        Job::create(&folder, &plan).unwrap();
        let engine = Engine::new(way.client()).slice_size(MIB as u64);
        for run in 0.. {
            // Somebody who is cut off for ever gets nowhere: the last runs are left alone.
            way.0.on.store(run < 6, Ordering::SeqCst);
            let summary = engine.run(Job::open(&folder).unwrap()).await.unwrap();
            check(&house, &folder, &objects).await;
            assert_eq!(summary.done + summary.failed, 10);
            if summary.is_complete() {
                break;
            }
            assert!(run < 8, "it does not end: {summary:?}");
            resumed += 1;
        }
        way.0.on.store(true, Ordering::SeqCst);
        for (key, bytes) in &objects {
            assert!(house.bytes(EXAMPLE, key).await == *bytes, "{key}");
            assert!(!house.exists(SOURCE, key).await, "{key}");
        }
        assert_eq!(house.uploads(EXAMPLE).await, 0, "round {round}");
    }
    assert!(
        resumed > 0,
        "no run had to be resumed: the cuts do not bite"
    );
}

#[tokio::test]
async fn what_a_call_says_through_cuts_is_true() {
    let house = House::new().await;
    let way = Cutting::new(&house, 0x1517);
    let client = way.client();
    let failures = AtomicU64::new(0);
    let fails = |_| failures.fetch_add(1, Ordering::SeqCst);
    for nth in 0..120 {
        let key = format!("k{nth:03}");
        let small = content(&key, 300);
        let large = content(&key, 2 * MIB + 1);
        let put = client
            .put_object()
            .bucket(SOURCE)
            .key(&key)
            .body(small.clone());
        match put.send().await {
            Ok(_) => assert_eq!(house.bytes(SOURCE, &key).await, small),
            Err(error) => {
                fails(error);
                house.put(SOURCE, &key, small.clone()).await;
            }
        }
        let copy = client.slice_copy().bucket(EXAMPLE).key(&key);
        match copy.copy_source(source(SOURCE, &key)).send().await {
            Ok(copied) => {
                let object = house.head(EXAMPLE, &key).await;
                assert_eq!((&copied.etag, copied.crc64), (&object.etag, object.crc64));
                assert_eq!(house.bytes(EXAMPLE, &key).await, small);
            }
            Err(error) => drop(fails(error)),
        }
        if nth % 6 == 0 {
            let up = client
                .upload()
                .bucket(SOURCE)
                .key(&key)
                .part_size(MIB as u64);
            match up.body(large.clone()).send().await {
                Ok(_) => assert!(house.bytes(SOURCE, &key).await == large),
                Err(error) => drop(fails(error)),
            }
            let mut read = Vec::new();
            let down = client
                .download()
                .bucket(SOURCE)
                .key(&key)
                .part_size(MIB as u64);
            match down.to_writer(&mut read).await {
                Ok(_) => assert!(house.bytes(SOURCE, &key).await == read),
                Err(error) => drop(fails(error)),
            }
        }
        let list = client.get_bucket().bucket(SOURCE).max_keys(7_u16).objects();
        match list.all().await {
            Ok(listed) => assert_eq!(
                listed.len(),
                nth + 1,
                "a listing that was cut is no listing"
            ),
            Err(error) => drop(fails(error)),
        }
    }
    let cuts = way.0.cuts.load(Ordering::SeqCst);
    assert!(cuts > 200 && failures.load(Ordering::SeqCst) > 0, "{cuts}");
}
