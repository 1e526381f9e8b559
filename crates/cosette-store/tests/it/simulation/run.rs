//! One run: a store on a simulated disk, its model, and what happens to both.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use cosette_store::disk::simulated::{Fault, FaultKind, SimulatedDisk};
use cosette_store::extents::Extents;
use cosette_store::extents::segments::SegmentExtents;
use cosette_store::meta::Meta;
use cosette_store::meta::redb::RedbMeta;
use cosette_store::{
    Aging, BucketDocument, Clock, Error, ListParts, ListUploads, ListVersions, Options, Store,
    Versioning,
};
use cosette_types::{StorageClass, Timestamp, VersionId};
use futures_util::future::join_all;

use super::model::{BUCKETS, Bucket, Content, Model, Version, content_of};
use super::operation::{Done, Operation, Place, Upload, is_of_the_disk, read};
use super::slow::{SlowExtents, SlowMeta, Slowness};
use crate::common::{self, TestClock, TestRandom, bucket, content, empty_bucket, key};

pub(crate) const KEYS: [&str; 5] = ["a", "a/1", "a/2", "b", "b/1"];
/// Most operations under way at the same time.
const TOGETHER_MAX: usize = 3;
/// What the log of a run keeps, to be printed when it fails.
const LOG_LINES: usize = 40;

/// How often the power goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weather {
    /// Never, but for restarts.
    Fair,
    /// Every thirty operations or so.
    Rough,
    /// Every nine operations or so, and often while the store is opened again.
    Storm,
}

impl Weather {
    /// One of so many steps has a power cut in the middle of it, and one of so many after it.
    fn odds(self) -> Option<(usize, usize)> {
        match self {
            Self::Fair => None,
            Self::Rough => Some((40, 200)),
            Self::Storm => Some((3, 24)),
        }
    }
}

/// How often something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counts {
    pub(crate) operations: u64,
    pub(crate) crashes: u64,
    /// Of these, within the opening after another.
    pub(crate) nested: u64,
    /// Operations without an answer, of which some had happened.
    pub(crate) unanswered: u64,
    pub(crate) happened: u64,
}

impl Counts {
    pub(crate) fn add(&mut self, other: Self) {
        self.operations += other.operations;
        self.crashes += other.crashes;
        self.nested += other.nested;
        self.unanswered += other.unanswered;
        self.happened += other.happened;
    }
}

/// Jumps to ten years before or after, and back, at any look.
#[derive(Debug)]
struct JumpingClock {
    clock: Arc<TestClock>,
    random: TestRandom,
}

impl Clock for JumpingClock {
    fn now(&self) -> Timestamp {
        let now = self.clock.now().micros();
        let far = 10 * YEAR_SECS * 1_000_000;
        Timestamp::from_micros(match self.random.below(6) {
            0 => now.saturating_add(far),
            1 => now.saturating_sub(far),
            _ => now,
        })
    }
}

/// A store from its opening to its end.
pub(crate) struct Life {
    /// Dropped first: nothing runs any more when the drivers go.
    runtime: tokio::runtime::Runtime,
    pub(crate) store: Store,
    extents: Arc<SegmentExtents>,
}

impl Life {
    pub(crate) fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }
}

pub(crate) struct Run {
    pub(crate) disk: SimulatedDisk,
    pub(crate) model: Model,
    pub(crate) counts: Counts,
    pub(crate) random: TestRandom,
    clock: Arc<TestClock>,
    options: Options,
    /// One operation after the other.
    calm: bool,
    pub(crate) weather: Weather,
    /// Latencies of the drivers, if they have any.
    pub(crate) slow: Option<Arc<Slowness>>,
    /// Whether a fault happened before the last crash.
    pub(crate) faulted: bool,
    life: Option<Life>,
    log: Vec<String>,
}

impl Run {
    /// A store with two empty buckets. Everything that is left to chance comes from the seed.
    pub(crate) fn new(seed: u64) -> Self {
        let (options, clock) = common::options();
        Self::with(seed, options, clock)
    }

    /// Where the clock jumps by ten years in the middle of operations. They come one after the
    /// other: beside a sweep that sees another year, what is kept for a day may be gone at once.
    pub(crate) fn with_jumping_clock(seed: u64) -> Self {
        let (mut options, clock) = common::options();
        options.clock = Arc::new(JumpingClock {
            clock: Arc::clone(&clock),
            random: TestRandom(AtomicU64::new(!seed)),
        });
        Self {
            calm: true,
            ..Self::with(seed, options, clock)
        }
    }

    /// Where the power goes so often.
    pub(crate) fn in_weather(seed: u64, weather: Weather) -> Self {
        Self {
            weather,
            ..Self::new(seed)
        }
    }

    /// On drivers that take up to five seconds for whatever they are asked.
    pub(crate) fn with_slow_drivers(seed: u64) -> Self {
        let mut run = Self::in_weather(seed, Weather::Rough);
        run.slow = Some(Arc::new(Slowness::new(seed, Arc::clone(&run.clock))));
        run.close();
        run.reopen();
        run
    }

    fn with(seed: u64, mut options: Options, clock: Arc<TestClock>) -> Self {
        let random = TestRandom(AtomicU64::new(seed));
        options.random = Arc::new(TestRandom(AtomicU64::new(random.next())));
        let mut run = Self {
            disk: SimulatedDisk::new(random.next()),
            model: Model::new(),
            counts: Counts::default(),
            random,
            clock,
            options,
            calm: false,
            weather: Weather::Storm,
            slow: None,
            faulted: false,
            life: None,
            log: Vec::new(),
        };
        run.reopen();
        run.life().wait(async {
            for name in BUCKETS {
                common::make_bucket(&run.life().store, name).await;
            }
        });
        run
    }

    /// The same store in a world of its own, where crashes are decided by `seed`. This one must be
    /// at rest.
    pub(crate) fn copy(&self, seed: u64) -> Self {
        let mut run = self.copy_of_disk(seed);
        run.reopen();
        run
    }

    /// The same store, whose power is gone, in a world of its own, after it came back and left those
    /// of the unsynced changes that the bits of `kept` say.
    pub(crate) fn copy_after_cut(&self, seed: u64, kept: u64) -> Self {
        let mut run = self.copy_of_disk(seed);
        run.disk.crash_keeping(kept);
        run.reopen();
        run
    }

    fn copy_of_disk(&self, seed: u64) -> Self {
        // Never a seed that this one had: the same ids would be given out again.
        let random = TestRandom(AtomicU64::new(!seed));
        let now = self.clock.0.load(Ordering::SeqCst);
        let clock = Arc::new(TestClock(AtomicU64::new(now)));
        let mut options = self.options.clone();
        options.clock = Arc::clone(&clock) as Arc<dyn Clock>;
        options.random = Arc::new(TestRandom(AtomicU64::new(random.next())));
        Self {
            disk: self.disk.copy(random.next()),
            model: self.model.clone(),
            counts: Counts::default(),
            random,
            clock,
            options,
            calm: false,
            weather: self.weather,
            slow: None,
            faulted: false,
            life: None,
            log: Vec::new(),
        }
    }

    pub(crate) fn life(&self) -> &Life {
        self.life.as_ref().unwrap()
    }

    fn tell(&mut self, line: String) {
        if std::env::var_os("COSETTE_TRACE").is_some() {
            println!("{} {line}", self.disk.accesses());
        }
        if self.log.len() == LOG_LINES {
            self.log.remove(0);
        }
        self.log.push(line);
    }

    /// What happened last, for whoever has to find out why a run failed.
    pub(crate) fn story(&self) -> String {
        self.log.join("\n")
    }

    fn open(&self) -> Result<Life, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let opened: Result<_, Error> = runtime.block_on(async {
            // The prefix of tiny bodies' rows.
            let meta = RedbMeta::open_in(self.disk.directory("meta"), b'x').await?;
            let extents = SegmentExtents::open_in(self.disk.directory("extents")).await?;
            let (meta, extents) = (Arc::new(meta), Arc::new(extents));
            let held = Arc::clone(&extents);
            let (meta, held): (Arc<dyn Meta>, Arc<dyn Extents>) = match &self.slow {
                Some(slow) => (
                    Arc::new(SlowMeta::new(meta, slow)),
                    Arc::new(SlowExtents::new(held, slow)),
                ),
                None => (meta, held),
            };
            let store = Store::with_drivers(meta, held, self.options.clone()).await?;
            Ok((store, extents))
        });
        let (store, extents) = opened?;
        Ok(Life {
            runtime,
            store,
            extents,
        })
    }

    /// Opens the store, again and again if the power goes meanwhile.
    fn reopen(&mut self) {
        loop {
            match self.open() {
                Ok(life) => {
                    self.life = Some(life);
                    return;
                }
                Err(error) => {
                    let excused = !self.disk.is_powered() && is_of_the_disk(&error);
                    assert!(excused, "the store does not open: {error:?}");
                    self.tell("crash while opening".to_owned());
                    self.counts.crashes += 1;
                    self.counts.nested += 1;
                    self.disk.crash();
                }
            }
        }
    }

    /// The power goes; the store is opened again and must hold the model, or one of the models that
    /// differ from it by operations nobody was told of.
    pub(crate) fn crash(&mut self, unanswered: &[Operation]) {
        self.tell(format!("crash, {} unanswered", unanswered.len()));
        self.counts.crashes += 1;
        self.faulted |= self.disk.has_failed();
        self.disk.crash();
        self.life = None;
        if self.random.below(4) == 0 {
            let after = self.random.below(80) as u64;
            self.cut_after(after);
        }
        self.reopen();
        self.disk.heal();
        self.settle(unanswered);
    }

    /// Compares the store with the model; of operations without an answer, each has happened or has
    /// not.
    pub(crate) fn settle(&mut self, unanswered: &[Operation]) {
        let seen = self.see();
        let mut possible = vec![(self.model.clone(), 0)];
        for operation in unanswered {
            self.counts.unanswered += 1;
            for (model, happened) in possible.clone() {
                let mut changed = model;
                if changed.apply(operation, None).is_ok() {
                    possible.push((changed, happened + 1));
                }
            }
        }
        let found = possible
            .iter()
            .position(|(model, _)| model.is_seen_in(&seen));
        let Some(found) = found else {
            panic!(
                "after {unanswered:?} the store holds\n{seen:#?}\nwhich is none of\n{:#?}",
                possible.iter().map(|(model, _)| model).collect::<Vec<_>>()
            );
        };
        let (model, happened) = possible.swap_remove(found);
        self.counts.happened += happened;
        self.model = model;
        self.model.learn(&seen);
        self.check();
    }

    /// The power went: the store is opened again, and nothing is compared with the model.
    pub(crate) fn restart_after_cut(&mut self) {
        self.counts.crashes += 1;
        self.disk.crash();
        self.life = None;
        self.reopen();
        self.disk.heal();
        self.check();
    }

    fn check(&self) {
        let report = self.life().wait(self.life().store.fsck(true)).unwrap();
        assert!(report.is_clean(), "{report}");
    }

    /// Lets the power go after so many accesses.
    pub(crate) fn cut_after(&self, after: u64) {
        self.disk.prepare(Fault {
            kind: FaultKind::PowerCut,
            after,
            sticky: false,
        });
    }

    /// One step of a random run: some operations at the same time, or a crash.
    pub(crate) fn step(&mut self) {
        let odds = self.weather.odds();
        if odds.is_some_and(|(during, _)| self.random.below(during) == 0) {
            let after = self.random.below(100) as u64;
            self.cut_after(after);
        }
        let mut together = vec![self.operation()];
        while !self.calm && together.len() < TOGETHER_MAX && self.random.below(3) == 0 {
            let next = self.operation();
            let touched: Vec<String> = together.iter().flat_map(Operation::touches).collect();
            let free = |place: &String| !touched.contains(place);
            let alone = next.is_alone() || together.iter().any(Operation::is_alone);
            if !alone && next.touches().iter().all(free) {
                together.push(next);
            }
        }
        let unanswered = self.run(&together);
        let after = odds.is_some_and(|(_, after)| self.random.below(after) == 0);
        if !self.disk.is_powered() || after {
            self.crash(&unanswered);
        } else {
            assert!(unanswered.is_empty(), "no answer though nothing failed");
        }
    }

    /// Runs operations at the same time; gives back those that failed with the disk. All others
    /// must have answered as the model does.
    pub(crate) fn run(&mut self, together: &[Operation]) -> Vec<Operation> {
        for operation in together {
            self.tell(operation.told());
            self.counts.operations += 1;
        }
        match together {
            [Operation::Jump { secs }] => {
                let secs = secs.wrapping_mul(1_000_000).cast_unsigned();
                self.clock.0.fetch_add(secs, Ordering::SeqCst);
                return Vec::new();
            }
            [Operation::Restart] => {
                self.restart();
                return Vec::new();
            }
            _ => {}
        }
        let store = &self.life().store;
        let all = together.iter().map(|one| one.run(store, &self.model));
        let ends = self.life().wait(join_all(all));
        let mut unanswered = Vec::new();
        for (operation, end) in together.iter().zip(ends) {
            match end {
                Err(error) if is_of_the_disk(&error) => {
                    assert!(self.disk.has_failed(), "{operation:?}: {error:?}");
                    unanswered.push(operation.clone());
                }
                Ok(done) => {
                    let wanted = self.model.apply(operation, Some(&done));
                    assert_eq!(Ok(()), wanted, "{operation:?} succeeded");
                }
                Err(error) => {
                    let wanted = self.model.apply(operation, Some(&Done::default()));
                    assert_eq!(Err(error), wanted, "{operation:?}");
                }
            }
        }
        unanswered
    }

    /// Closes the store for good.
    pub(crate) fn close(&mut self) {
        let life = self.life.take().unwrap();
        life.wait(life.store.close()).unwrap();
    }

    /// Opens it again after [`Self::close`]; bytes that its extents take up on the disk.
    pub(crate) fn open_again(&mut self) -> u64 {
        self.reopen();
        let life = self.life();
        life.wait(life.extents.allocated_bytes()).unwrap()
    }

    /// Closes the store, perhaps opens it again, and takes the power: a clean close leaves nothing
    /// to lose.
    fn restart(&mut self) {
        let closed = self.life().wait(self.life().store.close());
        if let Err(error) = closed {
            assert!(self.disk.has_failed(), "close: {error:?}");
        }
        self.life = None;
        if self.random.below(3) > 0 {
            match self.open() {
                Ok(life) => self.life = Some(life),
                Err(error) => {
                    let excused = self.disk.has_failed() && is_of_the_disk(&error);
                    assert!(excused, "the store does not open: {error:?}");
                }
            }
        }
        self.crash(&[]);
    }

    /// All that clients can see, bytes included.
    pub(crate) fn see(&self) -> Model {
        let life = self.life();
        let mut seen = BTreeMap::new();
        for name in BUCKETS {
            seen.insert(name.to_owned(), life.wait(see_bucket(&life.store, name)));
        }
        Model(seen)
    }

    /// Deletes everything. Then nothing may be left, neither rows nor bytes on the disk.
    pub(crate) fn end(&mut self) {
        self.disk.heal();
        self.settle(&[]);
        // The time of all answers and tokens is over, wherever the clock has been.
        self.clock
            .0
            .fetch_add(300 * YEAR_SECS * 1_000_000, Ordering::SeqCst);
        let store = self.life().store.clone();
        self.life().wait(async {
            for name in BUCKETS {
                empty_bucket(&store, &bucket(name)).await;
            }
            common::sound(&store).await;
            let report = store.fsck(false).await.unwrap();
            assert_eq!(report.rows_beside_buckets(), 0, "{:?}", report.rows);
        });
        drop(store);
        for bucket in self.model.0.values_mut() {
            (bucket.keys, bucket.uploads) = Default::default();
        }
        self.restart();
        // Nobody writes to a segment now, so an empty one is not kept.
        let life = self.life();
        let left = life.wait(life.extents.allocated_bytes()).unwrap();
        assert!(left <= HEADERS_MAX, "{left} bytes left on the disk");
    }

    fn pick<T: Copy>(&self, from: &[T]) -> T {
        from[self.random.below(from.len())]
    }

    fn place(&self) -> Place {
        Place {
            bucket: self.pick(&BUCKETS),
            key: self.pick(&KEYS),
        }
    }

    /// Nothing, tiny, at the border, or in one extent or another.
    fn bytes(&self) -> Bytes {
        let size = match self.random.below(16) {
            0 => 0,
            1..=4 => 1 + self.random.below(63),
            5 => 64,
            6 => 65,
            7..=13 => 66 + self.random.below(5000),
            14 => 65_000 + self.random.below(2000),
            _ => 100_000 + self.random.below(60_000),
        };
        content(self.random.next(), size)
    }

    fn version_of(&self, place: Place) -> Option<VersionId> {
        let versions = self.model.bucket(place.bucket).keys.get(place.key);
        match (self.random.below(5), versions) {
            (0, Some(versions)) => versions[self.random.below(versions.len())].id.clone(),
            (1, _) => Some(VersionId::null()),
            _ => None,
        }
    }

    fn upload(&self) -> Option<(&'static str, Upload)> {
        let name = self.pick(&BUCKETS);
        let uploads = &self.model.bucket(name).uploads;
        let at = self.random.below(uploads.len().max(1));
        Some((name, uploads.keys().nth(at)?.clone()))
    }

    /// The next operation.
    fn operation(&self) -> Operation {
        let (to, from) = (self.place(), self.place());
        let dice = self.random.below(109);
        let upload = self.upload();
        match (dice, upload) {
            (0..5, _) => Operation::Append {
                to,
                bytes: self.bytes(),
            },
            (5..18, _) => Operation::Put {
                to,
                bytes: self.bytes(),
            },
            (18..36, _) => Operation::Copy {
                version: self.version_of(from),
                from: if dice < 22 { to } else { from },
                to,
                replaced: self.random.below(3) == 0,
            },
            (36..46, _) => Operation::Move {
                version: self.version_of(from),
                from,
                to,
            },
            (46..49, _) => Operation::Tag {
                version: self.version_of(to),
                at: to,
                tag: format!("{}", self.random.below(1000)),
            },
            (100.., _) => self.seldom(dice, to),
            (49..58, _) => Operation::Delete {
                version: self.version_of(to),
                at: to,
            },
            (58..61, _) => Operation::Versioning {
                bucket: to.bucket,
                to: self.pick(&[
                    Versioning::Enabled,
                    Versioning::Enabled,
                    Versioning::Suspended,
                ]),
            },
            (61..67, _) => Operation::Initiate { at: to },
            (67..75, Some((bucket, upload))) => Operation::PutPart {
                bucket,
                upload,
                part: 1 + self.random.below(4) as u64,
                bytes: self.bytes(),
            },
            (75..83, Some((bucket, upload))) => self.copy_part(bucket, upload, from),
            (83..89, Some((bucket, upload))) => {
                let parts = &self.model.bucket(bucket).uploads[&upload];
                let listed = parts.keys().copied().filter(|_| self.random.below(5) > 0);
                Operation::Complete {
                    bucket,
                    parts: listed.collect(),
                    upload,
                }
            }
            (89..91, Some((bucket, upload))) => Operation::Abort { bucket, upload },
            (91..92, _) => self.jump(),
            (92..93, _) => Operation::Restart,
            _ => Operation::Sweep,
        }
    }

    /// Ten years or an hour, back or forth, and never to before 1990.
    fn jump(&self) -> Operation {
        let far = 10 * YEAR_SECS.cast_signed();
        let secs = self.pick(&[-far, far, -3600, 3600]);
        let is_early = self.clock.0.load(Ordering::SeqCst) < 30 * YEAR_SECS * 1_000_000;
        let secs = if is_early { secs.abs() } else { secs };
        Operation::Jump { secs }
    }

    /// What is asked for less often.
    fn seldom(&self, dice: usize, to: Place) -> Operation {
        match dice {
            100 => self.delete_if(self.cold()),
            101 => self.delete_if(to),
            102 => Operation::Archive {
                to: self.cold(),
                bytes: self.bytes(),
            },
            103 => Operation::Restore {
                at: if self.random.below(4) == 0 {
                    to
                } else {
                    self.cold()
                },
                version: None,
            },
            104 => self.age(to),
            105 => self.age(self.cold()),
            106 => Operation::Document {
                bucket: to.bucket,
                // Of one piece or two, or none.
                bytes: content(self.random.next(), self.pick(&[0, 100, 70_000])),
            },
            107 => Operation::Acl {
                version: self.version_of(to),
                at: to,
                open: self.random.below(3) > 0,
            },
            _ => Operation::BucketAcl {
                bucket: to.bucket,
                open: self.random.below(2) == 0,
            },
        }
    }

    /// Where archived objects are, and no others.
    fn cold(&self) -> Place {
        Place {
            bucket: self.pick(&BUCKETS),
            key: "ice",
        }
    }

    /// Nothing but what must be restored gets a class like it.
    fn age(&self, at: Place) -> Operation {
        let class = if at.key == self.cold().key {
            self.pick(&[StorageClass::Archive, StorageClass::DeepArchive])
        } else {
            StorageClass::StandardIa
        };
        Operation::Age {
            version: self.version_of(at),
            at,
            aging: self.pick(&[Aging::Expire, Aging::RemoveLoneMarker, Aging::Move(class)]),
            stale: self.random.below(4) == 0,
        }
    }

    /// Of what is there, more often than not.
    fn delete_if(&self, at: Place) -> Operation {
        let version = self.version_of(at);
        let known = self.model.etag(&at, version.as_ref());
        let known = known.filter(|_| self.random.below(4) > 0);
        let etag = known.unwrap_or_else(|| content_of(&self.bytes()).etag);
        Operation::DeleteIf { at, version, etag }
    }

    fn copy_part(&self, bucket: &'static str, upload: Upload, from: Place) -> Operation {
        let versions = self.model.bucket(from.bucket).keys.get(from.key);
        let current = versions.and_then(|versions| versions.last()?.content.as_ref());
        let size = current.map_or(10, |content| content.bytes.len());
        let (one, two) = (self.random.below(size + 1), self.random.below(size + 1));
        let range = (self.random.below(3) > 0).then_some((one.min(two), one.max(two)));
        let part = 1 + self.random.below(4) as u64;
        Operation::CopyPart {
            bucket,
            upload,
            part,
            from,
            range,
        }
    }
}

const YEAR_SECS: u64 = 365 * 24 * 60 * 60;
/// The header pages of segments that may be kept to go on in.
const HEADERS_MAX: u64 = 5 * 4096;

async fn see_bucket(store: &Store, name: &str) -> Bucket {
    let name = bucket(name);
    let document = store.bucket_document(&name, BucketDocument::Cors).await;
    let settings = store.bucket(&name).await.unwrap();
    let mut seen = Bucket {
        versioning: settings.versioning,
        open: !settings.acl.is_empty(),
        document: document.unwrap().unwrap_or_default(),
        ..Bucket::default()
    };
    let all = ListVersions {
        limit: 1000,
        ..ListVersions::default()
    };
    for listed in store.list_versions(&name, &all).await.unwrap().versions {
        let id = listed.version_id.unwrap_or_else(VersionId::null);
        let mut content = None;
        if let Some((size, etag, _)) = listed.object {
            let object = store.object(&name, &key(&listed.key), Some(&id)).await;
            let object = object.unwrap();
            let bytes = read(store, &object).await.unwrap();
            let tag = object.tags.value("tag").unwrap_or_default().to_owned();
            assert_eq!(bytes.len() as u64, size);
            content = Some(Content {
                bytes,
                etag,
                tag,
                open: object.acl.is_some(),
                appendable: object.appendable,
                class: object.storage_class,
                restored: object.restore.is_some(),
                encrypted: object.encrypted_with,
                checksum: object.checksum.clone(),
            });
        }
        let id = Some(id);
        let versions = seen.keys.entry(listed.key).or_default();
        assert_eq!(listed.is_latest, versions.is_empty());
        // Listed newest first.
        versions.insert(0, Version { id, content });
    }
    let all = ListUploads {
        limit: 1000,
        ..ListUploads::default()
    };
    for listed in store.list_uploads(&name, &all).await.unwrap().uploads {
        let request = ListParts {
            bucket: name.clone(),
            key: key(&listed.key),
            upload_id: listed.upload_id.clone(),
            marker: 0,
            limit: 1000,
        };
        let parts = store.list_parts(&request).await.unwrap().parts;
        let parts = parts.into_iter().map(|part| {
            let content = Content {
                etag: part.etag,
                checksum: part.checksum,
                ..content_of(&Bytes::new())
            };
            (u64::from(part.number.get()), content)
        });
        let upload = Upload {
            key: listed.key,
            id: listed.upload_id,
        };
        seen.uploads.insert(upload, parts.collect());
    }
    seen
}
