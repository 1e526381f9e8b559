//! Many at once: one winner, no lost write, no freed byte under a reader's eyes.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test stops where it fails"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::common::{
    self, Lab, TestRandom, bucket, complete_request, content, copy, copy_part_request,
    copy_request, get, initiate, key, number, put, put_part, put_request, stage,
};
use bytes::Bytes;
use cosette_store::{AbortUpload, Error, Random, Store, Versioning};
use cosette_types::{ByteRange, ETag, StorageClass};

/// Bytes that say themselves which generation they are: the seed comes first.
fn generation(seed: u64, size: usize) -> Bytes {
    let mut bytes = content(seed, size).to_vec();
    bytes[..8].copy_from_slice(&seed.to_be_bytes());
    bytes.into()
}

/// Checks that bytes are all of one generation.
fn check_generation(bytes: &Bytes) {
    let seed = u64::from_be_bytes(*bytes.first_chunk().unwrap());
    assert_eq!(
        *bytes,
        generation(seed, bytes.len()),
        "a mix of generations"
    );
}

// incident: R24, R25, R27, R29, R31, R38
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn complete_against_abort_against_a_late_part() {
    let lab = Lab::new().await;
    let random = TestRandom(AtomicU64::new(7));
    let mut won = [0; 2];
    for round in 0..60 {
        let upload = initiate(&lab.store, "k").await;
        let mut parts = Vec::new();
        for part in 1..=3 {
            let stored = put_part(&lab.store, "k", &upload, part, &content(part, 100)).await;
            parts.push((part, stored.unwrap().etag));
        }
        let parts: Vec<_> = parts.iter().map(|(part, etag)| (*part, etag)).collect();
        let request = complete_request("k", &upload, &parts);
        let [one, two, three] = [0; 3].map(|_| random.below(4));
        let store = lab.store.clone();
        let complete = tokio::spawn(async move {
            yield_times(one).await;
            store.complete_upload(request).await
        });
        let (store, id) = (lab.store.clone(), upload.clone());
        let late = tokio::spawn(async move {
            yield_times(two).await;
            put_part(&store, "k", &id, 2, &content(77, 100)).await
        });
        let (store, id) = (lab.store.clone(), upload.clone());
        let abort = tokio::spawn(async move {
            yield_times(three).await;
            let request = AbortUpload {
                bucket: bucket("b"),
                key: key("k"),
                upload_id: id,
            };
            store.abort_upload(request).await
        });
        let (complete, late, abort) = (
            complete.await.unwrap(),
            late.await.unwrap(),
            abort.await.unwrap(),
        );
        match (&complete, &abort) {
            (Ok(_), Err(Error::NoSuchUpload)) => {
                won[0] += 1;
                let wanted: Vec<u8> = (1..=3).flat_map(|part| content(part, 100)).collect();
                assert_eq!(
                    get(&lab.store, "k", None).await.unwrap(),
                    wanted,
                    "round {round}"
                );
            }
            (Err(Error::NoSuchUpload), Ok(())) => won[1] += 1,
            (Err(Error::InvalidPart { number: part }), Ok(())) if *part == number(2) => {
                assert!(late.is_ok());
                won[1] += 1;
            }
            (complete, abort) => panic!("round {round}: {complete:?} {abort:?} {late:?}"),
        }
        lab.sound().await;
    }
    println!("completed {}, aborted {}", won[0], won[1]);
    lab.empties(&["b"]).await;
}

async fn yield_times(times: usize) {
    for _ in 0..times {
        tokio::task::yield_now().await;
    }
}

// incident: R22, R23, R28, R30
// catches: NoAnswerKept
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_completes_get_one_answer() {
    let lab = Lab::new().await;
    for _ in 0..20 {
        let upload = initiate(&lab.store, "k").await;
        let etag = put_part(&lab.store, "k", &upload, 1, &content(1, 100))
            .await
            .unwrap()
            .etag;
        let request = complete_request("k", &upload, &[(1, &etag)]);
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let (store, request) = (lab.store.clone(), request.clone());
                tokio::spawn(async move { store.complete_upload(request).await })
            })
            .collect();
        let mut answers = Vec::new();
        for task in tasks {
            answers.push(task.await.unwrap().unwrap());
        }
        assert!(answers.windows(2).all(|two| two[0] == two[1]));
    }
    lab.sound().await;
    lab.empties(&["b"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_copies_of_one_object_at_once() {
    let lab = Lab::new().await;
    put(&lab.store, "k", &content(1, 100_000)).await;
    let tasks: Vec<_> = (0..1000)
        .map(|nth| {
            let store = lab.store.clone();
            tokio::spawn(async move { copy(&store, "k", &format!("copy/{nth}")).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    lab.store
        .delete_object(&bucket("b"), &key("k"), None)
        .await
        .unwrap();
    assert_eq!(
        get(&lab.store, "copy/999", None).await.unwrap(),
        content(1, 100_000)
    );
    let report = lab.store.fsck(false).await.unwrap();
    assert!(report.is_clean(), "{report}");
    lab.empties(&["b"]).await;
}

// incident: R82
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_versions_are_all_kept() {
    let lab = Lab::new().await;
    lab.versioning(Versioning::Enabled).await;
    let tasks: Vec<_> = (0..50u64)
        .map(|nth| {
            let store = lab.store.clone();
            tokio::spawn(async move { put(&store, "k", &content(nth, 20)).await })
        })
        .collect();
    for (nth, task) in tasks.into_iter().enumerate() {
        let id = task.await.unwrap().version_id.unwrap();
        let bytes = get(&lab.store, "k", Some(&id)).await.unwrap();
        assert_eq!(bytes, content(nth as u64, 20));
    }
    lab.sound().await;
    lab.empties(&["b"]).await;
}

/// Everything at once on three keys: overwrites, deletes, copies, moves onto and over each other,
/// part copies, readers, and the sweep, which never rests.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_storm_on_few_keys() {
    let seed = match std::env::var("COSETTE_SEED") {
        Ok(seed) => seed.parse().unwrap(),
        Err(_) => {
            let mut seed = [0; 8];
            cosette_store::SystemRandom.fill(&mut seed).unwrap();
            u64::from_be_bytes(seed)
        }
    };
    println!("COSETTE_SEED={seed}");
    let lab = Lab::new().await;
    let over = Arc::new(AtomicBool::new(false));
    let sweeper = {
        let (store, over) = (lab.store.clone(), Arc::clone(&over));
        tokio::spawn(async move {
            let mut freed = 0;
            while !over.load(Ordering::SeqCst) {
                freed += store.sweep_now().await.unwrap().bodies;
                tokio::task::yield_now().await;
            }
            freed
        })
    };
    let tasks: Vec<_> = (0..8)
        .map(|nth| {
            let store = lab.store.clone();
            tokio::spawn(async move { storm(&store, seed.wrapping_add(nth), 150).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    over.store(true, Ordering::SeqCst);
    assert!(sweeper.await.unwrap() > 0, "the sweep had nothing to do");
    lab.sound().await;
    lab.empties(&["b"]).await;
}

/// Bytes that a folder's files take up on the disk.
fn allocated_bytes(folder: &std::path::Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let files = std::fs::read_dir(folder).unwrap().map(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            allocated_bytes(&path)
        } else {
            path.metadata().unwrap().blocks() * 512
        }
    });
    files.sum()
}

/// What the engine keeps for itself, compacted or not yet.
const ENGINE_BYTES_MAX: u64 = 16 << 20;
/// The header pages of segments that are kept to go on in.
const HEADERS_MAX: u64 = 5 * 4096;

/// In a folder on a real disk: after a storm everything is deleted, and then nothing is left of it,
/// neither rows nor blocks.
// incident: R21, R38
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_storm_the_disk_is_as_before() {
    let folder = tempfile::tempdir().unwrap();
    let (options, clock) = common::options();
    let open = async || Store::open(folder.path(), options.clone()).await.unwrap();
    let sizes = || {
        let of = |name| allocated_bytes(&folder.path().join(name));
        (of("meta"), of("extents"))
    };
    let store = open().await;
    common::make_bucket(&store, "b").await;
    let rows = store.fsck(false).await.unwrap().rows;
    store.close().await.unwrap();
    drop(store);
    let before = sizes();
    let store = open().await;
    let clients = (0..8).map(|seed| storm(&store, seed, 60));
    futures_util::future::join_all(clients).await;
    common::sound(&store).await;
    let rows_of = |rows: &std::collections::BTreeMap<_, _>| rows.values().sum::<usize>();
    assert!(rows_of(&store.fsck(false).await.unwrap().rows) > rows_of(&rows));
    // The time of all answers is over.
    clock.advance_secs(25 * 60 * 60);
    common::empty_bucket(&store, &bucket("b")).await;
    common::sound(&store).await;
    assert_eq!(store.fsck(true).await.unwrap().rows, rows);
    store.close().await.unwrap();
    drop(store);
    let after = sizes();
    assert!(after.1 <= before.1 + HEADERS_MAX, "{after:?}, {before:?}");
    assert!(
        after.0 <= before.0 + ENGINE_BYTES_MAX,
        "{after:?}, {before:?}"
    );
}

async fn storm(store: &Store, seed: u64, steps: usize) {
    let random = TestRandom(AtomicU64::new(seed));
    let keys = ["a", "b", "c"];
    for _ in 0..steps {
        let (from, to) = (keys[random.below(3)], keys[random.below(3)]);
        match random.below(10) {
            0..3 => {
                let size = [40, 64, 65, 100_000][random.below(4)];
                let staged = stage(store, &generation(random.next(), size)).await;
                store
                    .put_object(put_request("b", to), staged)
                    .await
                    .unwrap();
            }
            3 => {
                store
                    .delete_object(&bucket("b"), &key(to), None)
                    .await
                    .unwrap();
            }
            4..6 => {
                let mut request = copy_request(from, to);
                request.storage_class = Some(StorageClass::Standard);
                tolerate(store.copy_object(request).await);
            }
            6 => {
                let request = cosette_store::MoveObject {
                    source: common::source(from),
                    bucket: bucket("b"),
                    key: key(to),
                    preconditions: Default::default(),
                    forbid_overwrite: false,
                    target_preconditions: Default::default(),
                    acl: Default::default(),
                    client_token: None,
                };
                tolerate(store.move_object(request).await);
            }
            7 => assemble(store, from, to).await,
            _ => match get(store, to, None).await {
                Ok(bytes) => check_generation(&bytes),
                Err(Error::NoSuchKey) => {}
                Err(error) => panic!("{error}"),
            },
        }
    }
}

fn tolerate<T>(done: Result<T, Error>) {
    match done {
        Ok(_) | Err(Error::NoSuchKey | Error::SelfMove) => {}
        Err(error) => panic!("{error}"),
    }
}

/// Copies an object in two ranges: only one that stays the same while that goes on may come out.
async fn assemble(store: &Store, from: &str, to: &str) {
    let Ok(source) = store.object(&bucket("b"), &key(from), None).await else {
        return;
    };
    let upload = initiate(store, to).await;
    let mut parts = Vec::new();
    for (part, range) in [(1, (0, 19)), (2, (20, source.size - 1))] {
        let mut request = copy_part_request(from, to, &upload, part);
        request.range = Some(ByteRange::new(range.0, range.1).unwrap());
        request.preconditions.if_match = Some(source.etag.clone().into());
        match store.copy_part(request).await {
            Ok(copied) => parts.push((part, copied.etag)),
            Err(Error::PreconditionFailed | Error::NoSuchKey) => break,
            Err(error) => panic!("{error}"),
        }
    }
    drop(source);
    if let [(1, one), (2, two)] = &parts[..] {
        let request = complete_request(to, &upload, &[(1, one), (2, two)]);
        store.complete_upload(request).await.unwrap();
    } else {
        let request = AbortUpload {
            bucket: bucket("b"),
            key: key(to),
            upload_id: upload,
        };
        store.abort_upload(request).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_part_copy_outlives_its_source() {
    let lab = Lab::new().await;
    let over = Arc::new(AtomicBool::new(false));
    put(&lab.store, "k", &generation(0, 300_000)).await;
    let writer = {
        let (store, over) = (lab.store.clone(), Arc::clone(&over));
        tokio::spawn(async move {
            let mut seed = 1;
            while !over.load(Ordering::SeqCst) {
                put(&store, "k", &generation(seed, 300_000)).await;
                store.sweep_now().await.unwrap();
                seed += 1;
            }
        })
    };
    for round in 0..30 {
        let name = format!("t{round}");
        let upload = initiate(&lab.store, &name).await;
        let mut request = copy_part_request("k", &name, &upload, 1);
        request.range = Some(ByteRange::new(0, 299_998).unwrap());
        let etag = lab.store.copy_part(request).await.unwrap().etag;
        let request = complete_request(&name, &upload, &[(1, &etag)]);
        lab.store.complete_upload(request).await.unwrap();
        let bytes = get(&lab.store, &name, None).await.unwrap();
        let seed = u64::from_be_bytes(*bytes.first_chunk().unwrap());
        assert_eq!(bytes, generation(seed, 300_000)[..299_999]);
    }
    over.store(true, Ordering::SeqCst);
    writer.await.unwrap();
    lab.sound().await;
    lab.empties(&["b"]).await;
}

// incident: R77
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_bucket_is_not_deleted_under_a_put() {
    let lab = Lab::new().await;
    for round in 0..40 {
        lab.bucket("race").await;
        let store = lab.store.clone();
        let putting = tokio::spawn(async move {
            let staged = stage(&store, &content(round, 100)).await;
            store.put_object(put_request("race", "k"), staged).await
        });
        let deleted = lab.store.delete_bucket(&bucket("race")).await;
        let put = putting.await.unwrap();
        match (&put, &deleted) {
            (Ok(_), Err(Error::BucketNotEmpty)) => {
                common::empty_bucket(&lab.store, &bucket("race")).await;
                lab.store.delete_bucket(&bucket("race")).await.unwrap();
            }
            (Err(Error::NoSuchBucket { .. }), Ok(())) => {}
            (put, deleted) => panic!("round {round}: {put:?} {deleted:?}"),
        }
        lab.sound().await;
    }
    lab.empties(&["b"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_caller_that_leaves_does_not_break_anything() {
    let lab = Lab::new().await;
    let random = TestRandom(AtomicU64::new(3));
    // A put whose caller has left may still happen, also while a later round looks.
    let mut begun = Vec::new();
    for round in 0..150 {
        let bytes = generation(round, 100_000);
        let staged = stage(&lab.store, &bytes).await;
        let before = get(&lab.store, "k", None).await;
        begun.push(Ok(bytes));
        let mut putting = Box::pin(lab.store.put_object(put_request("b", "k"), staged));
        for _ in 0..random.below(4) {
            tokio::select! {
                biased;
                done = &mut putting => { done.unwrap(); break }
                () = tokio::task::yield_now() => {}
            }
        }
        drop(putting);
        let after = get(&lab.store, "k", None).await;
        assert!(
            after == before || begun.contains(&after),
            "neither old nor new"
        );
    }
    // Closing waits for what nobody else waits for.
    lab.store.close().await.unwrap();
    lab.crash().await.empties(&["b"]).await;
}

// incident: R35, R36
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parts_sent_at_once_are_all_there() {
    let lab = Lab::new().await;
    let upload = initiate(&lab.store, "k").await;
    let tasks: Vec<_> = (1..=100u64)
        .map(|part| {
            let (store, upload) = (lab.store.clone(), upload.clone());
            tokio::spawn(async move {
                let stored = put_part(&store, "k", &upload, part, &content(part, 100)).await;
                (part, stored.unwrap().etag)
            })
        })
        .collect();
    let mut parts: Vec<(u64, ETag)> = Vec::new();
    for task in tasks {
        parts.push(task.await.unwrap());
    }
    let parts: Vec<_> = parts.iter().map(|(part, etag)| (*part, etag)).collect();
    let request = complete_request("k", &upload, &parts);
    lab.store.complete_upload(request).await.unwrap();
    let wanted: Vec<u8> = (1..=100).flat_map(|part| content(part, 100)).collect();
    assert_eq!(get(&lab.store, "k", None).await.unwrap(), wanted);
    lab.sound().await;
    lab.empties(&["b"]).await;
}
