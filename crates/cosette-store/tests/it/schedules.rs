//! Small races, each in thousands of orders: every access to the drivers lets the others go on as
//! chance says, in one thread, so one seed is one schedule and can be run again.
//!
//! Why not loom: no primitive of the store is built of atomics alone. What tasks share is behind a
//! mutex that is never held across an await, and they wait by tokio's own primitives; so the points
//! at which a schedule can matter are the awaits, and those are what is explored here.
//!
//! `COSETTE_SEED` runs one schedule again; `COSETTE_TIMES` runs so many times
//! more than the suite does.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test stops where it fails, and says what it was at"
)]

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crate::common::jittery::Jittery;
use crate::common::{
    self, TestRandom, bucket, complete_request, content, copy, copy_part_request, copy_request,
    get, initiate, key, make_bucket, part_request, put, put_part, put_request, source, stage,
};
use bytes::Bytes;
use cosette_store::extents::memory::MemoryExtents;
use cosette_store::meta::memory::MemoryMeta;
use cosette_store::{AbortUpload, BucketDocument, Error, ListObjects, MoveObject, Store};
use cosette_types::{ByteRange, Preconditions, UploadId};
use tokio::join;

/// Schedules of each test: the programme's floor.
const SCHEDULES: u64 = 5_000;

/// Runs a race in many orders; the whole store is checked after each.
fn explore<F: Future<Output = ()>>(race: impl Fn(Store) -> F + Sync) {
    let seeds: Vec<u64> = match common::number_in("COSETTE_SEED") {
        Some(seed) => vec![seed],
        None => (1..=common::times(SCHEDULES)).collect(),
    };
    common::on_all_cores(&seeds, |seed| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let run = runtime.block_on(async {
            let store = jittery(*seed).await;
            make_bucket(&store, "b").await;
            let race = race(store.clone());
            let end = AssertUnwindSafe(async {
                race.await;
                common::sound(&store).await;
            });
            futures_util::FutureExt::catch_unwind(end).await
        });
        if let Err(failure) = run {
            println!("COSETTE_SEED={seed}");
            resume_unwind(failure);
        }
    });
    common::tell_count("T8 schedules", seeds.len() as u64);
}

async fn jittery(seed: u64) -> Store {
    let (mut options, _) = common::options();
    options.random = Arc::new(TestRandom(AtomicU64::new(!seed)));
    let meta = Jittery {
        meta: MemoryMeta::new(),
        random: Arc::new(TestRandom(AtomicU64::new(seed))),
    };
    let extents = Arc::new(MemoryExtents::new());
    Store::with_drivers(Arc::new(meta), extents, options)
        .await
        .unwrap()
}

/// Bytes in an extent, and bytes in a row.
fn bytes(seed: u64) -> Bytes {
    content(seed, if seed.is_multiple_of(2) { 200 } else { 40 })
}

/// What was done, or the fact that forbade it.
fn unless<T>(done: Result<T, Error>, facts: &[Error]) -> Option<T> {
    match done {
        Ok(done) => Some(done),
        Err(error) => {
            assert!(facts.contains(&error), "{error:?}");
            None
        }
    }
}

async fn delete(store: &Store, name: &str) {
    let (bucket, name) = (bucket("b"), key(name));
    store.delete_object(&bucket, &name, None).await.unwrap();
}

async fn rename(store: &Store, from: &str, to: &str) -> Result<(), Error> {
    let request = MoveObject {
        source: source(from),
        bucket: bucket("b"),
        key: key(to),
        preconditions: Preconditions::default(),
        forbid_overwrite: false,
        acl: Default::default(),
        client_token: None,
        target_preconditions: Preconditions::default(),
    };
    store.move_object(request).await.map(drop)
}

fn abort_of(name: &str, upload: &UploadId) -> AbortUpload {
    AbortUpload {
        bucket: bucket("b"),
        key: key(name),
        upload_id: upload.clone(),
    }
}

// incident: R16
// catches: FreeUnderLease
#[test]
fn a_read_meets_a_delete_and_the_sweep() {
    explore(async |store| {
        put(&store, "a", &bytes(2)).await;
        let read = async {
            let found = store.object(&bucket("b"), &key("a"), None).await;
            if let Some(object) = unless(found, &[Error::NoSuchKey]) {
                // Long enough for the others to come to their end.
                for _ in 0..300 {
                    tokio::task::yield_now().await;
                }
                let read = common::read(&store, &object).await;
                assert_eq!(read.unwrap(), bytes(2));
            }
        };
        let free = async {
            delete(&store, "a").await;
            store.sweep_now().await.unwrap();
        };
        join!(read, free);
    });
}

#[test]
fn a_copy_meets_the_end_of_its_source() {
    explore(async |store| {
        put(&store, "a", &bytes(2)).await;
        let free = async {
            delete(&store, "a").await;
            store.sweep_now().await.unwrap();
        };
        let (copied, (), swept) = join!(copy(&store, "a", "b"), free, store.sweep_now());
        swept.unwrap();
        let read = get(&store, "b", None).await;
        match unless(copied, &[Error::NoSuchKey]) {
            Some(_) => assert_eq!(read.unwrap(), bytes(2)),
            None => assert_eq!(read, Err(Error::NoSuchKey)),
        }
    });
}

// incident: R22, R23
// catches: SecondCompleteEnters
#[test]
fn two_completes_get_one_answer() {
    explore(async |store| {
        let upload = initiate(&store, "a").await;
        let part = put_part(&store, "a", &upload, 1, &bytes(2)).await.unwrap();
        let request = complete_request("a", &upload, &[(1, &part.etag)]);
        let (one, other, swept) = join!(
            store.complete_upload(request.clone()),
            store.complete_upload(request.clone()),
            store.sweep_now()
        );
        swept.unwrap();
        assert_eq!(one.unwrap(), other.unwrap());
        assert_eq!(get(&store, "a", None).await.unwrap(), bytes(2));
    });
}

// incident: R24, R31
// catches: AbortDoesNotWait
#[test]
fn a_complete_meets_an_abort() {
    explore(async |store| {
        let upload = initiate(&store, "a").await;
        let part = put_part(&store, "a", &upload, 1, &bytes(2)).await.unwrap();
        let request = complete_request("a", &upload, &[(1, &part.etag)]);
        let (completed, aborted, swept) = join!(
            store.complete_upload(request),
            store.abort_upload(abort_of("a", &upload)),
            store.sweep_now()
        );
        swept.unwrap();
        let completed = unless(completed, &[Error::NoSuchUpload]).is_some();
        let aborted = unless(aborted, &[Error::NoSuchUpload]).is_some();
        assert!(completed != aborted, "exactly one of them succeeds");
        let read = get(&store, "a", None).await;
        assert_eq!(read.is_ok(), completed);
    });
}

// incident: R25, R27
// catches: LatePartReplaces
#[test]
fn a_complete_meets_a_late_part() {
    explore(async |store| {
        let upload = initiate(&store, "a").await;
        let part = put_part(&store, "a", &upload, 1, &bytes(2)).await.unwrap();
        let request = complete_request("a", &upload, &[(1, &part.etag)]);
        let late = async {
            let staged = stage(&store, &bytes(4)).await;
            let late = store.put_part(part_request("a", &upload, 1), staged).await;
            store.sweep_now().await.unwrap();
            late
        };
        let (completed, late) = join!(store.complete_upload(request), late);
        let replaced = unless(late, &[Error::NoSuchUpload]).is_some();
        let number = common::number(1);
        let completed = unless(completed, &[Error::InvalidPart { number }]).is_some();
        assert!(
            replaced != completed,
            "the part came first, or the complete"
        );
        if completed {
            assert_eq!(get(&store, "a", None).await.unwrap(), bytes(2));
        } else {
            store.abort_upload(abort_of("a", &upload)).await.unwrap();
        }
    });
}

// incident: R44
#[test]
fn a_part_copy_meets_an_overwrite() {
    explore(async |store| {
        put(&store, "a", &bytes(2)).await;
        let upload = initiate(&store, "b").await;
        let mut request = copy_part_request("a", "b", &upload, 1);
        request.range = Some(ByteRange::new(10, 99).unwrap());
        let overwrite = async {
            put(&store, "a", &bytes(4)).await;
            store.sweep_now().await.unwrap();
        };
        let (copied, ()) = join!(store.copy_part(request), overwrite);
        let etag = copied.unwrap().etag;
        let request = complete_request("b", &upload, &[(1, &etag)]);
        store.complete_upload(request).await.unwrap();
        let read = get(&store, "b", None).await.unwrap();
        let of = |seed| bytes(seed).slice(10..100);
        assert!(
            read == of(2) || read == of(4),
            "of one version or the other"
        );
    });
}

// incident: R79
// catches: NoHeadCheck
#[test]
fn one_of_two_conditional_puts_wins() {
    explore(async |store| {
        let new = async |seed| {
            let staged = stage(&store, &bytes(seed)).await;
            let mut request = put_request("b", "a");
            request.forbid_overwrite = true;
            let done = store.put_object(request, staged).await;
            unless(done, &[Error::ObjectExists]).is_some()
        };
        let (one, other, swept) = join!(new(2), new(3), store.sweep_now());
        swept.unwrap();
        assert!(one != other, "exactly one of them wins");
        let held = get(&store, "a", None).await.unwrap();
        assert_eq!(held, bytes(if one { 2 } else { 3 }));
    });
}

#[test]
fn moves_in_a_circle_lose_nothing() {
    explore(async |store| {
        put(&store, "a", &bytes(2)).await;
        put(&store, "b", &bytes(3)).await;
        let watch = async {
            let request = ListObjects {
                limit: 10,
                ..ListObjects::default()
            };
            let page = store.list_objects(&bucket("b"), &request).await.unwrap();
            assert!(matches!(page.objects.len(), 1..=2), "{page:?}");
        };
        let gone = [Error::NoSuchKey];
        let (there, back, copied, ()) = join!(
            rename(&store, "a", "b"),
            rename(&store, "b", "c"),
            store.copy_object(copy_request("c", "a")),
            watch
        );
        unless(there, &gone).unwrap();
        unless(back, &gone).unwrap();
        unless(copied, &gone);
        // First a to b and then on to c, or b to c and then a to b.
        let b = get(&store, "b", None).await;
        let c = get(&store, "c", None).await.unwrap();
        match unless(b, &gone) {
            Some(b) => assert_eq!((b, c), (bytes(2), bytes(3))),
            None => assert_eq!(c, bytes(2)),
        }
    });
}

#[test]
fn a_document_is_one_or_the_other() {
    explore(async |store| {
        // Of two pieces and of one.
        let documents = [content(1, 70_000), content(2, 100)];
        let name = bucket("b");
        let about = BucketDocument::Cors;
        let [long, short] = documents
            .clone()
            .map(|document| store.set_bucket_document(&name, about, Some(document)));
        let read = async {
            for _ in 0..3 {
                let found = store.bucket_document(&name, about).await.unwrap();
                assert!(found.is_none_or(|found| documents.contains(&found)));
            }
        };
        let (long, short, ()) = join!(long, short, read);
        long.unwrap();
        short.unwrap();
        let left = store.bucket_document(&name, about).await.unwrap();
        assert!(documents.contains(&left.unwrap()));
    });
}
