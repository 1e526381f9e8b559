//! A job that is killed at every request it makes, before and after the service acts, and resumed:
//! it ends as if nothing had happened.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use cosette::transfer::{Engine, Entry, Job, PlanHead, PlanWriter, Work};
use cosette::{Body, BoxFuture, Transport, TransportError};
use http::{Request, Response};
use tokio::sync::Notify;

use crate::house::{EXAMPLE, House, SOURCE};
use crate::jobs::{place, seen};

const MIB: usize = 1 << 20;

/// The way to a house on which the process dies at one request.
#[derive(Debug, Clone)]
pub(crate) struct Killing {
    pub(crate) house: House,
    pub(crate) left: Arc<AtomicUsize>,
    pub(crate) acts: bool,
    pub(crate) dead: Arc<Notify>,
}

impl Transport for Killing {
    fn call(
        &self,
        request: Request<Body>,
    ) -> BoxFuture<'static, Result<Response<Body>, TransportError>> {
        let here = self.clone();
        Box::pin(async move {
            let left = here
                .left
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                    left.checked_sub(1)
                });
            match left {
                Ok(left) if left > 1 => here.house.call(request).await,
                _ => {
                    if here.acts && left.is_ok() {
                        let _ = here.house.call(request).await;
                    }
                    here.dead.notify_one();
                    std::future::pending().await
                }
            }
        })
    }
}

/// Objects of one run, and the job that moves them.
async fn prepare(house: &House, run: &str) -> (std::path::PathBuf, Vec<(String, Bytes)>) {
    let plan = house.folder().join(format!("{run}.plan"));
    let mut writer = PlanWriter::create(&plan, &PlanHead::new("mv")).unwrap();
    let mut objects = Vec::new();
    for (nth, size) in [10, MIB + MIB / 2].into_iter().enumerate() {
        let key = format!("{run}/{nth}");
        let bytes = Bytes::from(vec![u8::try_from(nth).unwrap(); size]);
        house.put(SOURCE, &key, bytes.clone()).await;
        let object = house.head(SOURCE, &key).await;
        let (source, target) = (place(SOURCE, &key), place(EXAMPLE, &key));
        let entry = Entry::new(Work::Move { source, target }, seen(&object));
        writer.add(&entry).unwrap();
        objects.push((key, bytes));
    }
    writer.finish().unwrap();
    let folder = house.folder().join(format!("{run}.job"));
    Job::create(&folder, &plan).unwrap();
    (folder, objects)
}

/// Opens a job as soon as the dead process's journal is let go of.
pub(crate) async fn reopen(folder: &std::path::Path) -> Job {
    loop {
        match Job::open(folder) {
            Ok(job) => return job,
            Err(error) if error.kind() == cosette::ErrorKind::Busy => {
                tokio::task::yield_now().await;
            }
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn a_move_killed_at_every_request_is_resumed_to_its_end() {
    let house = House::new().await;
    for acts in [false, true] {
        for at in 1.. {
            let run = format!("{acts}{at}");
            let (folder, objects) = prepare(&house, &run).await;
            let killing = Killing {
                house: house.clone(),
                left: Arc::new(AtomicUsize::new(at)),
                acts,
                dead: Arc::new(Notify::new()),
            };
            let client = house.client_over(killing.clone());
            let engine = Engine::new(client).slice_size(MIB as u64).concurrency(1);
            let job = Job::open(&folder).unwrap();
            let ended = tokio::select! {
                ended = engine.run(job) => Some(ended.unwrap()),
                () = killing.dead.notified() => None,
            };
            for (key, bytes) in &objects {
                let target = house.exists(EXAMPLE, key).await;
                let source = house.exists(SOURCE, key).await;
                assert!(target || source, "{key} is lost");
                if target {
                    assert!(house.bytes(EXAMPLE, key).await == *bytes, "{key}");
                }
            }
            let engine = Engine::new(house.client()).slice_size(MIB as u64);
            let summary = engine.run(reopen(&folder).await).await.unwrap();
            assert_eq!((summary.done, summary.failed), (2, 0), "{run}");
            for (key, bytes) in &objects {
                assert!(house.bytes(EXAMPLE, key).await == *bytes, "{key}");
                assert!(!house.exists(SOURCE, key).await, "{key}");
            }
            assert_eq!(house.uploads(EXAMPLE).await, 0, "{run}");
            if ended.is_some() {
                assert!(at > 10, "only {at} requests");
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_target_written_by_others_after_the_copy_keeps_its_source() {
    let house = House::new().await;
    let (folder, objects) = prepare(&house, "w").await;
    let (key, bytes) = objects[0].clone();
    // Who looks at the target after the copy finds that it was overwritten.
    let looks = Arc::new(AtomicUsize::new(0));
    let (counted, wanted) = (looks.clone(), key.clone());
    house.faults(move |asked| {
        let here = asked.operation == "HeadObject" && asked.path.ends_with(&wanted);
        let bucket = asked.host.starts_with(EXAMPLE);
        match here && bucket && counted.fetch_add(1, Ordering::SeqCst) == 0 {
            true => crate::house::Fault::Meanwhile(EXAMPLE, "w/0", "theirs"),
            false => crate::house::Fault::None,
        }
    });
    let engine = Engine::new(house.client()).slice_size(MIB as u64);
    let summary = engine.run(Job::open(&folder).unwrap()).await.unwrap();
    house.no_faults();
    assert_eq!((summary.done, summary.failed), (1, 1));
    assert_eq!(house.bytes(SOURCE, &key).await, bytes);
    assert_eq!(house.bytes(EXAMPLE, &key).await, "theirs");
    // A resumed run does not overwrite them either: the proof is of another object.
    let summary = engine.run(reopen(&folder).await).await.unwrap();
    assert_eq!(summary.failed, 1);
    assert_eq!(house.bytes(SOURCE, &key).await, bytes);
    assert_eq!(house.bytes(EXAMPLE, &key).await, "theirs");
}
