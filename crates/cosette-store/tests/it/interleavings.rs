//! Interleavings that chance rarely brings about, brought about on purpose: by drivers that yield
//! wherever they may, and by gates that hold a step until others are done.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test stops where it fails"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::common::jittery::Jittery;
use crate::common::{
    self, Lab, TestRandom, bucket, complete_request, content, copy_part_request, copy_request, get,
    initiate, key, make_bucket, options, put, put_part, put_request, sound, stage,
};
use bytes::Bytes;
use cosette_store::extents::memory::MemoryExtents;
use cosette_store::extents::{Address, ExtentError, ExtentId, ExtentWriter, Extents};
use cosette_store::meta::memory::MemoryMeta;
use cosette_store::meta::{Boxed, Meta, MetaError, MiniTxn, Outcome, Scan, Snapshot, Write};
use cosette_store::{AbortUpload, Error, Options, Store, Versioning};
use cosette_types::{ByteRange, Encryption, StorageClass};
use tokio::sync::Semaphore;

/// Holds the commit of a part, and the look-up of one head, until told.
#[derive(Debug)]
struct Held {
    meta: MemoryMeta,
    shared: Arc<Holding>,
}

#[derive(Debug, Default)]
struct Holding {
    on: AtomicBool,
    commit: Door,
    look_up: Door,
    /// Scans of references: the sweep looks.
    looked: tokio::sync::Notify,
}

/// Tells that somebody is there, and lets them through once.
#[derive(Debug, Default)]
struct Door {
    arrived: tokio::sync::Notify,
    open: tokio::sync::Notify,
}

impl Door {
    async fn pass(&self) {
        self.arrived.notify_one();
        self.open.notified().await;
    }
}

#[derive(Debug)]
struct HeldSnapshot {
    snapshot: Arc<dyn Snapshot>,
    shared: Arc<Holding>,
}

impl Meta for Held {
    fn snapshot(&self) -> Boxed<'_, Result<Arc<dyn Snapshot>, MetaError>> {
        Box::pin(async {
            let snapshot = self.meta.snapshot().await?;
            let shared = Arc::clone(&self.shared);
            Ok(Arc::new(HeldSnapshot { snapshot, shared }) as Arc<dyn Snapshot>)
        })
    }

    fn commit(&self, txn: MiniTxn) -> Boxed<'_, Result<Outcome, MetaError>> {
        Box::pin(async {
            let part =
                |write: &Write| matches!(write, Write::Put(key, _) if key.first() == Some(&b'p'));
            if self.shared.on.load(Ordering::SeqCst) && txn.writes.iter().any(part) {
                self.shared.commit.pass().await;
            }
            self.meta.commit(txn).await
        })
    }

    fn close(&self) -> Boxed<'_, Result<(), MetaError>> {
        self.meta.close()
    }
}

impl Snapshot for HeldSnapshot {
    fn get<'a>(&'a self, key: &'a [u8]) -> Boxed<'a, Result<Option<Bytes>, MetaError>> {
        Box::pin(async {
            if key.first() == Some(&b'h') && key.ends_with(b"slow") {
                self.shared.look_up.pass().await;
            }
            self.snapshot.get(key).await
        })
    }

    fn multi_get<'a>(
        &'a self,
        keys: &'a [Bytes],
    ) -> Boxed<'a, Result<Vec<Option<Bytes>>, MetaError>> {
        self.snapshot.multi_get(keys)
    }

    fn scan(&self, scan: Scan) -> Boxed<'_, Result<Vec<(Bytes, Bytes)>, MetaError>> {
        Box::pin(async {
            if scan.start.first() == Some(&b'r') {
                self.shared.looked.notify_one();
            }
            self.snapshot.scan(scan).await
        })
    }
}

/// The sweep sees a body without references. While it waits for a slow reader, somebody who had
/// leased the body makes a reference of the lease, and is gone when the sweep asks for leases.
// catches: NoSecondLook
#[tokio::test]
async fn a_reference_made_while_the_sweep_waits_is_seen() {
    let shared = Arc::new(Holding::default());
    let meta = Held {
        meta: MemoryMeta::new(),
        shared: Arc::clone(&shared),
    };
    let extents = Arc::new(MemoryExtents::new());
    let store = Store::with_drivers(Arc::new(meta), extents, options().0)
        .await
        .unwrap();
    make_bucket(&store, "b").await;
    let bytes = content(1, 50);
    put(&store, "k", &bytes).await;
    let upload = initiate(&store, "t").await;
    shared.on.store(true, Ordering::SeqCst);
    let request = copy_part_request("k", "t", &upload, 1);
    let copier = store.clone();
    let copying = tokio::spawn(async move { copier.copy_part(request).await });
    shared.commit.arrived.notified().await;
    store
        .delete_object(&bucket("b"), &key("k"), None)
        .await
        .unwrap();
    let reader = store.clone();
    let reading = tokio::spawn(async move { get(&reader, "slow", None).await });
    shared.look_up.arrived.notified().await;
    let sweeper = store.clone();
    let sweeping = tokio::spawn(async move { sweeper.sweep_now().await });
    shared.looked.notified().await;
    shared.commit.open.notify_one();
    let etag = copying.await.unwrap().unwrap().etag;
    shared.look_up.open.notify_one();
    assert_eq!(reading.await.unwrap().unwrap_err(), Error::NoSuchKey);
    assert_eq!(sweeping.await.unwrap().unwrap().bodies, 0);
    sound(&store).await;
    let request = complete_request("t", &upload, &[(1, &etag)]);
    store.complete_upload(request).await.unwrap();
    assert_eq!(get(&store, "t", None).await.unwrap(), bytes);
    sound(&store).await;
}

/// A reader has its snapshot and has found nothing in it yet, while the object is deleted and the
/// sweep comes: it must wait, for the reader will find the object.
// incident: R16
// catches: NoBarrier
#[tokio::test]
async fn the_sweep_waits_for_a_reader_that_has_not_found_its_body_yet() {
    let shared = Arc::new(Holding::default());
    let meta = Held {
        meta: MemoryMeta::new(),
        shared: Arc::clone(&shared),
    };
    let extents = Arc::new(MemoryExtents::new());
    let store = Store::with_drivers(Arc::new(meta), extents, options().0)
        .await
        .unwrap();
    make_bucket(&store, "b").await;
    let bytes = content(1, 5000);
    let door = &shared.look_up;
    let held = async || {
        door.arrived.notified().await;
        // The one that came last.
        door.open.notify_last();
    };
    tokio::join!(put(&store, "slow", &bytes), held());
    let reader = store.clone();
    let reading = tokio::spawn(async move { get(&reader, "slow", None).await });
    door.arrived.notified().await;
    let (name, slow) = (bucket("b"), key("slow"));
    let (deleted, ()) = tokio::join!(store.delete_object(&name, &slow, None), held());
    deleted.unwrap();
    let sweeper = store.clone();
    let sweeping = tokio::spawn(async move { sweeper.sweep_now().await });
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    assert!(!sweeping.is_finished(), "the sweep did not wait");
    door.open.notify_one();
    assert_eq!(reading.await.unwrap().unwrap(), bytes);
    sweeping.await.unwrap().unwrap();
    sound(&store).await;
}

/// Lets a read of extents pass only with a permit, as long as it is shut.
#[derive(Debug)]
struct Gate {
    extents: MemoryExtents,
    shut: AtomicBool,
    permits: Semaphore,
    /// Reads that wait, or waited.
    arrived: Semaphore,
}

impl Gate {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            extents: MemoryExtents::new(),
            shut: AtomicBool::new(false),
            permits: Semaphore::new(0),
            arrived: Semaphore::new(0),
        })
    }
}

impl Extents for Gate {
    fn begin(
        &self,
        id: ExtentId,
        expected_bytes: Option<u64>,
    ) -> Boxed<'_, Result<Box<dyn ExtentWriter>, ExtentError>> {
        self.extents.begin(id, expected_bytes)
    }

    fn sync<'a>(&'a self, addresses: &'a [Address]) -> Boxed<'a, Result<(), ExtentError>> {
        self.extents.sync(addresses)
    }

    fn read<'a>(
        &'a self,
        address: &'a Address,
        offset: u64,
        length: u64,
    ) -> Boxed<'a, Result<Bytes, ExtentError>> {
        Box::pin(async move {
            if self.shut.load(Ordering::SeqCst) {
                self.arrived.add_permits(1);
                self.permits.acquire().await.unwrap().forget();
            }
            self.extents.read(address, offset, length).await
        })
    }

    fn free<'a>(&'a self, addresses: &'a [Address]) -> Boxed<'a, Result<(), ExtentError>> {
        self.extents.free(addresses)
    }

    fn recover<'a>(
        &'a self,
        live: &'a (dyn Fn(ExtentId) -> Boxed<'a, Result<bool, ExtentError>> + Send + Sync),
    ) -> Boxed<'a, Result<(), ExtentError>> {
        self.extents.recover(live)
    }

    fn allocated_bytes(&self) -> Boxed<'_, Result<u64, ExtentError>> {
        self.extents.allocated_bytes()
    }

    fn written_bytes(&self) -> u64 {
        self.extents.written_bytes()
    }

    fn close(&self) -> Boxed<'_, Result<(), ExtentError>> {
        self.extents.close()
    }
}

/// A store whose bytes are read when the gate lets it.
async fn gated_store() -> (Store, Arc<Gate>) {
    let gate = Gate::new();
    let driver = Arc::clone(&gate) as Arc<dyn Extents>;
    let store = Store::with_drivers(Arc::new(MemoryMeta::new()), driver, options().0)
        .await
        .unwrap();
    make_bucket(&store, "b").await;
    (store, gate)
}

#[tokio::test]
async fn a_part_copy_that_reads_keeps_an_overwritten_source() {
    let (store, gate) = gated_store().await;
    let bytes = content(1, 100_000);
    put(&store, "k", &bytes).await;
    let upload = initiate(&store, "t").await;
    let mut request = copy_part_request("k", "t", &upload, 1);
    request.range = Some(ByteRange::new(1, 99_998).unwrap());
    gate.shut.store(true, Ordering::SeqCst);
    let copier = store.clone();
    let copying = tokio::spawn(async move { copier.copy_part(request).await });
    // It reads now. Meanwhile its source goes, as far as anybody can.
    gate.arrived.acquire().await.unwrap().forget();
    store
        .delete_object(&bucket("b"), &key("k"), None)
        .await
        .unwrap();
    let report = store.sweep_now().await.unwrap();
    assert_eq!((report.bodies, report.waiting), (0, 1));
    gate.shut.store(false, Ordering::SeqCst);
    gate.permits.add_permits(1);
    let etag = copying.await.unwrap().unwrap().etag;
    let request = complete_request("t", &upload, &[(1, &etag)]);
    store.complete_upload(request).await.unwrap();
    sound(&store).await;
    assert_eq!(get(&store, "t", None).await.unwrap(), bytes[1..99_999]);
}

/// What must be written again, because the copy is encrypted otherwise, is read from the source; that
/// is overwritten meanwhile.
// catches: RewriteOfAnother
#[tokio::test]
async fn a_copy_that_reads_takes_the_source_that_is_there_in_the_end() {
    let (store, gate) = gated_store().await;
    let (old, new) = (content(1, 100_000), content(2, 100_000));
    put(&store, "k", &old).await;
    let mut request = copy_request("k", "t");
    request.encryption = Some(Encryption::Managed);
    gate.shut.store(true, Ordering::SeqCst);
    let copier = store.clone();
    let copying = tokio::spawn(async move { copier.copy_object(request).await });
    gate.arrived.acquire().await.unwrap().forget();
    let etag = put(&store, "k", &new).await.etag;
    gate.shut.store(false, Ordering::SeqCst);
    gate.permits.add_permits(1000);
    assert_eq!(copying.await.unwrap().unwrap().etag, etag);
    sound(&store).await;
    assert_eq!(get(&store, "t", None).await.unwrap(), new);
    // What was written for the source that is gone is gone, too.
    let report = store.fsck(false).await.unwrap();
    assert_eq!(
        (report.rows_of('d'), report.rows_of('e')),
        (2, 2),
        "{report:?}"
    );
}

#[tokio::test]
async fn a_remembered_range_is_not_read_again() {
    let (store, gate) = gated_store().await;
    put(&store, "k", &content(1, 100_000)).await;
    let upload = initiate(&store, "t").await;
    let mut request = copy_part_request("k", "t", &upload, 1);
    request.range = Some(ByteRange::new(7, 70_000).unwrap());
    let first = store.copy_part(request.clone()).await.unwrap();
    // A read would wait for ever now.
    gate.shut.store(true, Ordering::SeqCst);
    let again = store.copy_part(request).await.unwrap();
    assert_eq!((again.etag, again.crc64), (first.etag, first.crc64));
    gate.shut.store(false, Ordering::SeqCst);
    sound(&store).await;
}

// incident: R77
// catches: BucketGoesUnseen
#[tokio::test]
async fn a_put_that_comes_before_the_guard_keeps_its_bucket() {
    let lab = Lab::new().await;
    // Both are on their way when neither has happened; the put happens first.
    lab.meta.hold_after(0);
    let staged = stage(&lab.store, &content(1, 50)).await;
    let store = lab.store.clone();
    let putting =
        tokio::spawn(async move { store.put_object(put_request("b", "k"), staged).await });
    lab.meta.until_held(1).await;
    let store = lab.store.clone();
    let deleting = tokio::spawn(async move { store.delete_bucket(&bucket("b")).await });
    lab.meta.until_held(2).await;
    lab.meta.release();
    putting.await.unwrap().unwrap();
    assert_eq!(deleting.await.unwrap().unwrap_err(), Error::BucketNotEmpty);
    assert_eq!(get(&lab.store, "k", None).await.unwrap(), content(1, 50));
    // And the bucket takes writes again.
    put(&lab.store, "k2", &content(2, 50)).await;
    lab.sound().await;
}

#[tokio::test]
async fn a_put_that_comes_after_the_guard_is_tried_again() {
    let lab = Lab::new().await;
    lab.meta.hold_after(0);
    let store = lab.store.clone();
    let deleting = tokio::spawn(async move { store.delete_bucket(&bucket("b")).await });
    lab.meta.until_held(1).await;
    let staged = stage(&lab.store, &content(1, 50)).await;
    let store = lab.store.clone();
    let putting =
        tokio::spawn(async move { store.put_object(put_request("b", "k"), staged).await });
    lab.meta.until_held(2).await;
    lab.meta.release();
    deleting.await.unwrap().unwrap();
    assert!(matches!(
        putting.await.unwrap(),
        Err(Error::NoSuchBucket { .. })
    ));
    lab.sound().await;
}

/// A copy whose source goes while its commit is on its way copies nothing that is gone.
#[tokio::test]
async fn a_copy_meets_the_end_of_its_source() {
    let lab = Lab::new().await;
    put(&lab.store, "k", &content(1, 50)).await;
    lab.meta.hold_after(0);
    let store = lab.store.clone();
    let deleting =
        tokio::spawn(async move { store.delete_object(&bucket("b"), &key("k"), None).await });
    lab.meta.until_held(1).await;
    let store = lab.store.clone();
    let copying = tokio::spawn(async move { store.copy_object(copy_request("k", "t")).await });
    lab.meta.until_held(2).await;
    lab.meta.release();
    deleting.await.unwrap().unwrap();
    assert_eq!(copying.await.unwrap().unwrap_err(), Error::NoSuchKey);
    lab.empties(&["b"]).await;
}

/// The program ends while a commit is on its way, and the commit happens all the same.
#[test]
fn a_commit_that_outlives_its_task_loses_nothing() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let lab = runtime.block_on(Lab::new());
    let bytes = content(1, 100_000);
    runtime.block_on(async {
        let staged = stage(&lab.store, &bytes).await;
        lab.meta.hold_after(0);
        let store = lab.store.clone();
        tokio::spawn(async move { store.put_object(put_request("b", "k"), staged).await });
        lab.meta.until_held(1).await;
    });
    // All tasks are dropped where they are.
    drop(runtime);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        // Whoever is still there in this process may try to free what was being published.
        lab.store.sweep_now().await.unwrap();
        lab.meta.release();
        lab.store.sweep_now().await.unwrap();
        assert_eq!(get(&lab.store, "k", None).await.unwrap(), bytes);
        lab.sound().await;
    });
}

/// Random operations of several clients at once, in an order that the seed decides.
// incident: R80
// catches: NoHeadCheck
#[tokio::test(start_paused = true)]
async fn a_storm_in_every_order() {
    let seeds = match std::env::var("COSETTE_SEED") {
        Ok(seed) => vec![seed.parse().unwrap()],
        Err(_) => (1..=40).collect::<Vec<u64>>(),
    };
    for seed in seeds {
        println!("COSETTE_SEED={seed}");
        storms(seed).await;
    }
}

async fn storms(seed: u64) {
    let random = Arc::new(TestRandom(AtomicU64::new(seed)));
    let meta = Jittery {
        meta: MemoryMeta::new(),
        random: Arc::clone(&random),
    };
    let options = Options {
        random: Arc::new(TestRandom(AtomicU64::new(random.next()))),
        ..options().0
    };
    let extents = Arc::new(MemoryExtents::new());
    let store = Store::with_drivers(Arc::new(meta), extents, options)
        .await
        .unwrap();
    make_bucket(&store, "b").await;
    if seed.is_multiple_of(2) {
        store
            .set_versioning(&bucket("b"), Versioning::Enabled)
            .await
            .unwrap();
    }
    let over = Arc::new(AtomicBool::new(false));
    let sweeper = {
        let (store, over) = (store.clone(), Arc::clone(&over));
        tokio::spawn(async move {
            while !over.load(Ordering::SeqCst) {
                store.sweep_now().await.unwrap();
                // Simulated: it passes when nobody else can go on, retries included.
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            }
        })
    };
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let store = store.clone();
            let random = TestRandom(AtomicU64::new(random.next()));
            tokio::spawn(async move { client(&store, &random).await })
        })
        .collect();
    for client in clients {
        client.await.unwrap();
    }
    over.store(true, Ordering::SeqCst);
    sweeper.await.unwrap();
    sound(&store).await;
    common::empty_bucket(&store, &bucket("b")).await;
    sound(&store).await;
    let report = store.fsck(true).await.unwrap();
    for table in [
        'v', 'h', 'd', 'c', 'r', 'e', 'x', 'l', 'u', 'p', 'n', 'z', 'w',
    ] {
        assert_eq!(report.rows_of(table), 0, "seed {seed}: table {table}");
    }
}

/// Bytes that say themselves which they are.
fn marked(random: &TestRandom) -> Bytes {
    let (seed, size) = (random.next(), [30, 64, 65, 300][random.below(4)]);
    let mut bytes = content(seed, size).to_vec();
    bytes[..8].copy_from_slice(&seed.to_be_bytes());
    bytes.into()
}

fn check(bytes: &Bytes) {
    let seed = u64::from_be_bytes(*bytes.first_chunk().unwrap());
    let wanted = content(seed, bytes.len());
    assert_eq!(bytes[8..], wanted[8..], "bytes that nobody wrote");
}

fn fact<T>(done: Result<T, Error>) -> Option<T> {
    match done {
        Ok(made) => Some(made),
        Err(
            Error::NoSuchKey
            | Error::KeyIsDeleted { .. }
            | Error::NoSuchUpload
            | Error::SelfMove
            | Error::PreconditionFailed
            | Error::InvalidPart { .. },
        ) => None,
        Err(error) => panic!("{error}"),
    }
}

async fn client(store: &Store, random: &TestRandom) {
    let keys = ["a", "b"];
    for _ in 0..12 {
        let (from, to) = (keys[random.below(2)], keys[random.below(2)]);
        match random.below(9) {
            0..2 => {
                let staged = stage(store, &marked(random)).await;
                store
                    .put_object(put_request("b", to), staged)
                    .await
                    .unwrap();
            }
            2 => {
                store
                    .delete_object(&bucket("b"), &key(to), None)
                    .await
                    .unwrap();
            }
            3..5 => {
                let mut request = copy_request(from, to);
                request.storage_class = Some(StorageClass::Standard);
                fact(store.copy_object(request).await);
            }
            5 => {
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
                fact(store.move_object(request).await);
            }
            6 => upload(store, from, to, random).await,
            _ => {
                if let Some(bytes) = fact(get(store, to, None).await) {
                    check(&bytes);
                }
            }
        }
    }
}

/// One part copied whole or in a range from its beginning, raced by an abort now and then.
async fn upload(store: &Store, from: &str, to: &str, random: &TestRandom) {
    let id = initiate(store, to).await;
    let mut request = copy_part_request(from, to, &id, 1);
    if random.below(2) == 0 {
        request.range = Some(ByteRange::new(0, 19).unwrap());
    }
    let copied = fact(store.copy_part(request).await);
    let etag = match copied {
        Some(copied) => copied.etag,
        None => {
            put_part(store, to, &id, 1, &marked(random))
                .await
                .unwrap()
                .etag
        }
    };
    let abort = AbortUpload {
        bucket: bucket("b"),
        key: key(to),
        upload_id: id.clone(),
    };
    let racer = store.clone();
    let aborts = random.below(3) == 0;
    let racing = tokio::spawn(async move {
        if aborts {
            fact(racer.abort_upload(abort).await).is_some()
        } else {
            false
        }
    });
    let completed = fact(
        store
            .complete_upload(complete_request(to, &id, &[(1, &etag)]))
            .await,
    );
    let aborted = racing.await.unwrap();
    assert!(completed.is_some() != aborted, "one of them wins");
}
