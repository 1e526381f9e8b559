//! What the tests of the store share: a store in memory with a clock and randomness of its own, and
//! short words for requests.

pub(crate) mod jittery;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use cosette_store::extents::memory::MemoryExtents;
use cosette_store::meta::memory::MemoryMeta;
use cosette_store::{
    ChosenPart, Clock, CompleteUpload, Copied, CopyObject, CopyPart, EncryptionKeys, Error,
    ExpectedObject, InitiateUpload, NewBucket, Options, Protection, Put, PutObject, PutPart,
    Random, StageLimits, Staged, Store, StoredPart, Versioning,
};
use cosette_types::{
    BucketName, CopySource, Directive, ETag, Metadata, ObjectKey, Owner, PartNumber, Preconditions,
    Span, StorageClass, Timestamp, UploadId, VersionId,
};
use futures_util::{TryStreamExt, stream};

/// A number from the environment.
pub(crate) fn number_in(variable: &str) -> Option<u64> {
    Some(std::env::var(variable).ok()?.parse().unwrap())
}

/// How often something is tried: as usual, or `COSETTE_TIMES` as often.
pub(crate) fn times(usual: u64) -> u64 {
    usual * number_in("COSETTE_TIMES").unwrap_or(1)
}

/// Tells `cargo xtask test` how much was tried: it compares with `xtask/floors.json`. Not by a macro,
/// because what a test that passes prints with one is lost. A run of one seed tells nothing.
pub(crate) fn tell_count(what: &str, count: u64) {
    use std::io::Write as _;
    if number_in("COSETTE_SEED").is_none() {
        let _ = writeln!(std::io::stderr(), "proof: {what}: {count}");
    }
}

/// Does something for each of these, on all cores, and gives what came of it in their order. After
/// a failure nothing new is begun.
pub(crate) fn on_all_cores<T: Sync, M: Send>(all: &[T], one: impl Fn(&T) -> M + Sync) -> Vec<M> {
    use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
    use std::sync::Mutex;
    use std::sync::atomic::AtomicUsize;
    let next = AtomicUsize::new(0);
    let made: Mutex<Vec<(usize, M)>> = Mutex::default();
    let failure = Mutex::new(None);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::SeqCst);
                    let Some(this) = all.get(at) else { return };
                    match catch_unwind(AssertUnwindSafe(|| one(this))) {
                        Ok(done) => made.lock().unwrap().push((at, done)),
                        Err(why) => {
                            next.store(all.len(), Ordering::SeqCst);
                            failure.lock().unwrap().get_or_insert(why);
                        }
                    }
                }
            });
        }
    });
    if let Some(why) = failure.into_inner().unwrap() {
        resume_unwind(why);
    }
    let mut made = made.into_inner().unwrap();
    made.sort_by_key(|(at, _)| *at);
    made.into_iter().map(|(_, done)| done).collect()
}

/// A clock that a test sets; each look is a millisecond later.
#[derive(Debug)]
pub(crate) struct TestClock(pub(crate) AtomicU64);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.fetch_add(1000, Ordering::SeqCst))
    }
}

impl TestClock {
    pub(crate) fn advance_secs(&self, secs: u64) {
        self.0.fetch_add(secs * 1_000_000, Ordering::SeqCst);
    }
}

/// Random numbers that are the same in every run: SplitMix64.
#[derive(Debug)]
pub(crate) struct TestRandom(pub(crate) AtomicU64);

impl TestRandom {
    pub(crate) fn next(&self) -> u64 {
        let mut z = self
            .0
            .fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::SeqCst)
            .wrapping_add(0x9E37_79B9_7F4A_7C15);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }
}

impl Random for TestRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Error> {
        for chunk in bytes.chunks_mut(8) {
            let word = self.next().to_be_bytes();
            for (to, from) in chunk.iter_mut().zip(word) {
                *to = from;
            }
        }
        Ok(())
    }
}

/// A store in memory and what it stands on.
pub(crate) struct Lab {
    pub(crate) store: Store,
    pub(crate) meta: MemoryMeta,
    pub(crate) extents: MemoryExtents,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) options: Options,
    pub(crate) checked: Checked,
}

/// Notices a test that ends without having checked its store.
#[derive(Debug, Default)]
pub(crate) struct Checked(AtomicBool);

impl Checked {
    fn tell(&self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Drop for Checked {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let checked = *self.0.get_mut();
            assert!(checked, "a test ends with `Lab::sound` or `Lab::empties`");
        }
    }
}

pub(crate) fn options() -> (Options, Arc<TestClock>) {
    // 2023, in microseconds.
    let clock = Arc::new(TestClock(AtomicU64::new(1_700_000_000_000_000)));
    let options = Options {
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        random: Arc::new(TestRandom(AtomicU64::new(42))),
        tiny_body_bytes_max: 64,
        part_bytes_min: 8,
        background_sweep: false,
        resolve_unknown_outcomes: false,
        encryption_keys: Arc::new(encryption_keys(1)),
    };
    (options, clock)
}

/// The store's keys: the first so many.
pub(crate) fn encryption_keys(count: u8) -> EncryptionKeys {
    let line = |n| format!("{n:016x} {}\n", format!("{:02x}", n + 6).repeat(32));
    EncryptionKeys::parse(&(1..=count).map(line).collect::<String>()).unwrap()
}

impl Lab {
    /// A new store with the bucket `b-1250000000`.
    pub(crate) async fn new() -> Self {
        let lab = Self::over(MemoryMeta::new(), MemoryExtents::new()).await;
        lab.bucket("b").await;
        lab
    }

    pub(crate) async fn over(meta: MemoryMeta, extents: MemoryExtents) -> Self {
        let (options, clock) = options();
        let store = open(&meta, &extents, &options).await;
        Self {
            store,
            meta,
            extents,
            clock,
            options,
            checked: Checked::default(),
        }
    }

    /// The same store as the next process finds it after a crash now.
    pub(crate) async fn crash(&self) -> Self {
        // There is nothing left in this one to check.
        self.checked.tell();
        let meta = self.meta.crash(0);
        let extents = self.extents.crash(false);
        let store = open(&meta, &extents, &self.options).await;
        Self {
            store,
            meta,
            extents,
            clock: Arc::clone(&self.clock),
            options: self.options.clone(),
            checked: Checked::default(),
        }
    }

    pub(crate) async fn bucket(&self, name: &str) {
        make_bucket(&self.store, name).await;
    }

    pub(crate) async fn versioning(&self, versioning: Versioning) {
        let name = bucket("b");
        self.store.set_versioning(&name, versioning).await.unwrap();
    }

    /// Sweeps, and checks the whole store, bytes included. Every test ends so.
    pub(crate) async fn sound(&self) {
        self.checked.tell();
        sound(&self.store).await;
    }

    /// For a store that the test checks through another handle, or that must not open any more.
    pub(crate) fn checked_by_hand(&self) {
        self.checked.tell();
    }

    /// Deletes everything there is; then nothing may be left but the buckets.
    pub(crate) async fn empties(&self, buckets: &[&str]) {
        self.clock.advance_secs(25 * 60 * 60);
        for name in buckets {
            empty_bucket(&self.store, &bucket(name)).await;
        }
        self.sound().await;
        let report = self.store.fsck(false).await.unwrap();
        assert_eq!(report.rows_beside_buckets(), 0, "{:?}", report.rows);
        use cosette_store::extents::Extents;
        assert_eq!(self.extents.allocated_bytes().await.unwrap(), 0);
    }
}

pub(crate) async fn open(meta: &MemoryMeta, extents: &MemoryExtents, options: &Options) -> Store {
    let (meta, extents) = (Arc::new(meta.clone()), Arc::new(extents.clone()));
    Store::with_drivers(meta, extents, options.clone())
        .await
        .unwrap()
}

pub(crate) async fn sound(store: &Store) {
    let report = store.fsck(true).await.unwrap();
    assert!(report.is_clean(), "before the sweep:\n{report}");
    store.sweep_now().await.unwrap();
    let report = store.fsck(true).await.unwrap();
    assert!(report.is_clean(), "after the sweep:\n{report}");
    for (table, name) in [('g', "marks"), ('f', "free extents"), ('j', "punches")] {
        assert_eq!(report.rows_of(table), 0, "{name} left by the sweep");
    }
}

pub(crate) async fn empty_bucket(store: &Store, bucket: &BucketName) {
    use cosette_store::{AbortUpload, ListUploads, ListVersions};
    let all = ListVersions {
        limit: 1000,
        ..ListVersions::default()
    };
    loop {
        let page = store.list_versions(bucket, &all).await.unwrap();
        for version in &page.versions {
            let key = version.key.parse().unwrap();
            let id = version.version_id.as_ref();
            store.delete_object(bucket, &key, id).await.unwrap();
        }
        if page.versions.is_empty() {
            break;
        }
    }
    let all = ListUploads {
        limit: 1000,
        ..ListUploads::default()
    };
    loop {
        let page = store.list_uploads(bucket, &all).await.unwrap();
        for upload in &page.uploads {
            let abort = AbortUpload {
                bucket: bucket.clone(),
                key: upload.key.parse().unwrap(),
                upload_id: upload.upload_id.clone(),
            };
            store.abort_upload(abort).await.unwrap();
        }
        if page.uploads.is_empty() {
            break;
        }
    }
}

pub(crate) async fn make_bucket(store: &Store, name: &str) {
    let new = NewBucket {
        name: bucket(name),
        region: "ap-guangzhou".parse().unwrap(),
        owner: owner(),
        acl: Vec::new(),
        documents: Vec::new(),
    };
    store.create_bucket(new).await.unwrap();
}

pub(crate) fn bucket(name: &str) -> BucketName {
    format!("{name}-1250000000").parse().unwrap()
}

pub(crate) fn key(name: &str) -> ObjectKey {
    name.parse().unwrap()
}

pub(crate) fn owner() -> Owner {
    Owner::root("100000000001").unwrap()
}

/// Bytes that differ everywhere: where each is from can be told by looking.
pub(crate) fn content(seed: u64, size: usize) -> Bytes {
    let random = TestRandom(AtomicU64::new(seed));
    let mut bytes = vec![0; size];
    random.fill(&mut bytes).unwrap();
    bytes.into()
}

pub(crate) async fn stage(store: &Store, bytes: &Bytes) -> Staged {
    stage_as(store, bytes, Protection::default()).await
}

pub(crate) async fn stage_as(store: &Store, bytes: &Bytes, protection: Protection) -> Staged {
    // In pieces of an odd size, as a network brings them.
    let pieces: Vec<_> = bytes
        .chunks(70_001)
        .map(|piece| Ok::<_, Infallible>(Bytes::copy_from_slice(piece)))
        .collect();
    let limits = StageLimits {
        expected_bytes: Some(bytes.len() as u64),
        bytes_max: u64::MAX,
    };
    let staged = store.stage_as(stream::iter(pieces), limits, protection);
    staged.await.unwrap()
}

pub(crate) fn put_request(name: &str, key_name: &str) -> PutObject {
    PutObject {
        bucket: bucket(name),
        key: key(key_name),
        owner: owner(),
        metadata: Metadata::default(),
        storage_class: StorageClass::Standard,
        acl: None,
        tags: Default::default(),
        forbid_overwrite: false,
        target_preconditions: Default::default(),
    }
}

pub(crate) async fn put(store: &Store, key_name: &str, bytes: &Bytes) -> Put {
    let staged = stage(store, bytes).await;
    let request = put_request("b", key_name);
    store.put_object(request, staged).await.unwrap()
}

pub(crate) async fn get(
    store: &Store,
    key_name: &str,
    id: Option<&VersionId>,
) -> Result<Bytes, Error> {
    let version = store.object(&bucket("b"), &key(key_name), id).await?;
    read(store, &version).await
}

pub(crate) async fn read(
    store: &Store,
    version: &cosette_store::ObjectVersion,
) -> Result<Bytes, Error> {
    let pieces: Vec<Bytes> = store
        .read(version, Span::whole(version.size))
        .try_collect()
        .await?;
    let bytes: Bytes = pieces.concat().into();
    assert_eq!(bytes.len() as u64, version.size);
    Ok(bytes)
}

pub(crate) fn source(key_name: &str) -> CopySource {
    CopySource {
        bucket: bucket("b"),
        region: None,
        key: key(key_name),
        version_id: None,
    }
}

pub(crate) fn copy_request(from: &str, to: &str) -> CopyObject {
    CopyObject {
        source: source(from),
        bucket: bucket("b"),
        key: key(to),
        owner: owner(),
        preconditions: Preconditions::default(),
        directive: Directive::Copy,
        metadata: Metadata::default(),
        storage_class: None,
        acl: None,
        tagging_directive: Directive::Copy,
        tags: Default::default(),
        forbid_overwrite: false,
        target_preconditions: Default::default(),
        encryption: None,
        keep_encryption: false,
        source_key: None,
    }
}

pub(crate) async fn copy(store: &Store, from: &str, to: &str) -> Result<Copied, Error> {
    store.copy_object(copy_request(from, to)).await
}

pub(crate) fn number(number: u64) -> PartNumber {
    PartNumber::try_from(number).unwrap()
}

pub(crate) fn initiate_request(key_name: &str) -> InitiateUpload {
    InitiateUpload {
        bucket: bucket("b"),
        key: key(key_name),
        owner: owner(),
        metadata: Metadata::default(),
        storage_class: StorageClass::Standard,
        acl: None,
        tags: Default::default(),
        protection: Default::default(),
        checksum: None,
    }
}

pub(crate) async fn initiate(store: &Store, key_name: &str) -> UploadId {
    let request = initiate_request(key_name);
    store.initiate_upload(request).await.unwrap()
}

pub(crate) fn part_request(key_name: &str, upload: &UploadId, part: u64) -> PutPart {
    PutPart {
        bucket: bucket("b"),
        key: key(key_name),
        upload_id: upload.clone(),
        number: number(part),
    }
}

pub(crate) async fn put_part(
    store: &Store,
    key_name: &str,
    upload: &UploadId,
    part: u64,
    bytes: &Bytes,
) -> Result<StoredPart, Error> {
    let staged = stage(store, bytes).await;
    let request = part_request(key_name, upload, part);
    store.put_part(request, staged).await
}

pub(crate) fn copy_part_request(from: &str, to: &str, upload: &UploadId, part: u64) -> CopyPart {
    CopyPart {
        source: source(from),
        range: None,
        preconditions: Preconditions::default(),
        bucket: bucket("b"),
        key: key(to),
        upload_id: upload.clone(),
        number: number(part),
        customer_key: None,
        source_key: None,
    }
}

pub(crate) fn complete_request(
    key_name: &str,
    upload: &UploadId,
    parts: &[(u64, &ETag)],
) -> CompleteUpload {
    CompleteUpload {
        bucket: bucket("b"),
        key: key(key_name),
        upload_id: upload.clone(),
        parts: parts
            .iter()
            .map(|(part, etag)| ChosenPart {
                number: number(*part),
                etag: (*etag).clone(),
                checksum: None,
            })
            .collect(),
        expected: ExpectedObject::default(),
        forbid_overwrite: false,
        target_preconditions: Default::default(),
    }
}
