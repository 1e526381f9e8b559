//! One worker: a connection, and one operation after the other on it until the slice is over.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cosette_proto::ops;
use cosette_types::{CopySource, Metadata, ObjectKey, PartNumber, Preconditions, UploadId};
use http::request::Parts;

use crate::clock::Moment;
use crate::connection::{Connection, Keep};
use crate::error::Refused;
use crate::objects::{self, Objects};
use crate::payload::{Noise, Payload};
use crate::plan::{Op, Plan};
use crate::random::Random;
use crate::site::Site;
use crate::stop::Stop;
use crate::tally::Tally;

/// After a connection that could not be had.
const PAUSE: Duration = Duration::from_millis(50);
/// Connections in a row that cannot be had: nobody is there any more.
const LOST_MAX: u32 = 40;
/// Keys that a worker remembers to delete in a mixed run.
const OWN_MAX: usize = 1024;
/// Sources whose requests are signed once, before the measurement.
const READY_MAX: u64 = 4096;
/// What a part's tag is where nobody answers.
const NO_ETAG: &str = "\"d41d8cd98f00b204e9800998ecf8427e\"";

/// What bounds a slice.
#[derive(Debug)]
pub(crate) struct Gate {
    pub(crate) time: Duration,
    /// Operations that may still begin.
    pub(crate) left: AtomicU64,
    pub(crate) stop: Stop,
}

impl Gate {
    fn pass(&self, begun: Moment) -> bool {
        if self.stop.is_stopped() || begun.elapsed() >= self.time {
            return false;
        }
        let taken = |left: u64| left.checked_sub(1);
        self.left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, taken)
            .is_ok()
    }
}

/// What the workers of one slice share.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    pub(crate) plan: Arc<Plan>,
    pub(crate) site: Arc<Site>,
    pub(crate) objects: Arc<Objects>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) noise: Noise,
}

/// Requests that read, signed before: those of one thread, of each prepared object one.
#[derive(Debug, Default)]
pub(crate) struct Ready {
    get: Vec<Parts>,
    head: Vec<Parts>,
}

impl Ready {
    /// Of all sources, if they are few enough: else what is read would not be random.
    pub(crate) fn of(shared: &Shared) -> Self {
        let mut ready = Self::default();
        let count = if shared.plan.hot {
            1
        } else {
            shared.objects.count
        };
        if count > READY_MAX {
            return ready;
        }
        let sign = |op: Op| {
            let wanted = shared.plan.workload.weights().iter().any(|(o, _)| *o == op);
            let numbers = 0..if wanted { count } else { 0 };
            let parts = numbers.map(|number| {
                let (site, key) = (&shared.site, shared.objects.source(number));
                let request = match op {
                    Op::Get => site.request(&get(site, key), Payload::empty()),
                    _ => site.request(&head(site, key), Payload::empty()),
                };
                request.map(|request| request.into_parts().0)
            });
            parts.collect::<Result<Vec<_>, _>>().unwrap_or_default()
        };
        ready.get = sign(Op::Get);
        ready.head = sign(Op::Head);
        ready
    }

    fn pick(&self, op: Op, number: u64) -> Option<Parts> {
        let parts = match op {
            Op::Get => &self.get,
            _ => &self.head,
        };
        parts.get(usize::try_from(number).ok()?).cloned()
    }
}

/// A worker under way.
#[derive(Debug)]
pub(crate) struct Worker {
    shared: Shared,
    connection: Connection,
    ready: Rc<Ready>,
    tally: Rc<RefCell<Tally>>,
    random: Random,
    /// Which of the workers it is.
    number: u64,
    /// Keys written by this worker that a mixed run may delete.
    own: Vec<ObjectKey>,
    upload: Option<(ObjectKey, UploadId)>,
    parts: u16,
}

/// What became of one step.
enum Step {
    Done {
        bytes: u64,
    },
    /// There is nothing left that could be done.
    Exhausted,
}

impl Worker {
    pub(crate) fn new(
        shared: Shared,
        ready: Rc<Ready>,
        tally: Rc<RefCell<Tally>>,
        number: u64,
    ) -> Self {
        let connection = Connection::new(Arc::clone(&shared.site), shared.plan.timeout);
        Self {
            shared,
            connection,
            ready,
            tally,
            random: Random::seeded(),
            number,
            own: Vec::new(),
            upload: None,
            parts: 0,
        }
    }

    /// What is done before the measurement begins.
    pub(crate) async fn prepare(&mut self) -> Result<(), Refused> {
        self.connection.open().await?;
        if self.shared.plan.workload.alone() == Some(Op::PartCopy) {
            let key = self.shared.objects.fresh();
            let id = self.initiate(&key).await?;
            self.upload = Some((key, id));
        }
        Ok(())
    }

    /// Works until the slice is over.
    pub(crate) async fn work(&mut self, begun: Moment) {
        let mut lost = 0;
        let weight = self.shared.plan.workload.weight();
        while self.shared.gate.pass(begun) {
            let number = self.random.below(weight);
            let op = self.shared.plan.workload.pick(number);
            let started = Moment::now();
            let (op, outcome) = self.step(op).await;
            let ended = Moment::now();
            let at = ended.since(begun);
            match outcome {
                Ok(Step::Done { bytes }) => {
                    lost = 0;
                    let took = ended.since(started);
                    self.tally.borrow_mut().done(op, at, took, bytes);
                }
                Ok(Step::Exhausted) => return,
                Err(refused) => {
                    lost = if refused.unreachable { lost + 1 } else { 0 };
                    self.tally.borrow_mut().failed(op, at, refused);
                    if lost >= LOST_MAX {
                        return;
                    }
                    if lost > 0 {
                        tokio::time::sleep(PAUSE).await;
                    }
                }
            }
        }
    }

    /// What is done after the measurement. What fails here is found when all is cleaned up.
    pub(crate) async fn finish(&mut self) {
        if let Some((key, upload_id)) = self.upload.take()
            && !self.shared.site.hollow
        {
            let bucket = self.shared.site.bucket.clone();
            let abort = ops::AbortUpload {
                bucket,
                key,
                upload_id,
            };
            let _ = self.connection.ask(&abort, Payload::empty()).await;
        }
    }

    async fn step(&mut self, op: Op) -> (Op, Result<Step, Refused>) {
        let done = |answer: Result<u64, Refused>| answer.map(|bytes| Step::Done { bytes });
        let outcome = match op {
            Op::Get | Op::Head => done(self.read(op).await),
            Op::Put => done(self.put().await),
            Op::List => done(self.list().await),
            Op::Copy => done(self.copy().await),
            Op::PartCopy => done(self.copy_part().await),
            Op::SliceCopy => done(self.copy_slices().await),
            Op::Move | Op::Rename => self.relocate(op).await,
            Op::Delete if self.shared.plan.workload.alone().is_some() => {
                self.delete_prepared().await
            }
            Op::Delete => match self.own.pop() {
                Some(key) => self.delete(key).await,
                // Nothing of our own is left: what will be deleted next is put first.
                None => return (Op::Put, done(self.put().await)),
            },
        };
        (op, outcome)
    }

    fn source(&mut self) -> u64 {
        if self.shared.plan.hot {
            return 0;
        }
        self.random.below(self.shared.objects.count)
    }

    fn copy_source(&self, key: ObjectKey) -> CopySource {
        CopySource {
            bucket: self.shared.site.bucket.clone(),
            region: self.shared.site.region.clone(),
            key,
            version_id: None,
        }
    }

    async fn read(&mut self, op: Op) -> Result<u64, Refused> {
        let number = self.source();
        if let Some(parts) = self.ready.pick(op, number) {
            let request = http::Request::from_parts(parts, Payload::empty());
            let answer = self.connection.exchange(request, Keep::Count).await?;
            return Ok(answer.bytes);
        }
        let (site, key) = (&self.shared.site, self.shared.objects.source(number));
        let (none, keep) = (Payload::empty(), Keep::Count);
        let answer = match op {
            Op::Get => self.connection.send(&get(site, key), none, keep).await?,
            _ => self.connection.send(&head(site, key), none, keep).await?,
        };
        Ok(answer.bytes)
    }

    async fn put(&mut self) -> Result<u64, Refused> {
        let key = self.shared.objects.fresh();
        let size = self.shared.plan.size;
        let stamp = u128::from(self.random.next()) << 64 | u128::from(self.random.next());
        let body = self.shared.noise.body(size, stamp);
        let put = put(&self.shared.site, key.clone());
        self.connection.send(&put, body, Keep::Document).await?;
        self.remember(key);
        Ok(size)
    }

    async fn copy(&mut self) -> Result<u64, Refused> {
        let number = self.source();
        let source = self.shared.objects.source(number);
        let key = self.shared.objects.fresh();
        self.send_copy(source, key.clone()).await?;
        self.remember(key);
        Ok(self.shared.plan.size)
    }

    fn remember(&mut self, key: ObjectKey) {
        if self.shared.plan.workload.alone().is_none() && self.own.len() < OWN_MAX {
            self.own.push(key);
        }
    }

    async fn send_copy(&mut self, source: ObjectKey, key: ObjectKey) -> Result<(), Refused> {
        let copy = ops::CopyObject {
            bucket: self.shared.site.bucket.clone(),
            key,
            source: self.copy_source(source),
            source_preconditions: Preconditions::default(),
            directive: None,
            metadata: Metadata::default(),
            storage_class: None,
            acl: Default::default(),
            tagging_directive: None,
            tags: Default::default(),
            forbid_overwrite: false,
            target_preconditions: Default::default(),
            encryption: None,
            keep_encryption: false,
            source_key: None,
        };
        self.connection
            .send(&copy, Payload::empty(), Keep::Document)
            .await?;
        Ok(())
    }

    async fn list(&mut self) -> Result<u64, Refused> {
        let number = self.source();
        let objects = &self.shared.objects;
        let folded = self.shared.plan.folded;
        let list = ops::ListObjects {
            bucket: self.shared.site.bucket.clone(),
            prefix: objects.source_prefix().to_owned(),
            delimiter: folded.then_some('/'),
            marker: (!folded).then(|| objects.source(number).as_str().to_owned()),
            max_keys: None,
            encoded: false,
        };
        let none = Payload::empty();
        let answer = self.connection.send(&list, none, Keep::Count).await?;
        Ok(answer.bytes)
    }

    async fn delete_prepared(&mut self) -> Result<Step, Refused> {
        match self.shared.objects.take() {
            Some(key) => self.delete(key).await,
            None => Ok(Step::Exhausted),
        }
    }

    async fn delete(&mut self, key: ObjectKey) -> Result<Step, Refused> {
        let delete = ops::DeleteObject {
            bucket: self.shared.site.bucket.clone(),
            key,
            version_id: None,
            preconditions: Default::default(),
        };
        let none = Payload::empty();
        self.connection.send(&delete, none, Keep::Document).await?;
        Ok(Step::Done { bytes: 0 })
    }

    /// Moves one of this worker's own objects to where it is not.
    async fn relocate(&mut self, op: Op) -> Result<Step, Refused> {
        let plan = &self.shared.plan;
        let workers = u64::try_from(plan.concurrency).unwrap_or(1).max(1);
        let own = self
            .shared
            .objects
            .count
            .saturating_sub(self.number)
            .div_ceil(workers);
        if own == 0 {
            return Ok(Step::Exhausted);
        }
        let number = self.random.below(own) * workers + self.number;
        let (source, target) = self.shared.objects.journey(number);
        if op == Op::Rename {
            let rename = ops::MoveObject {
                bucket: self.shared.site.bucket.clone(),
                key: target,
                source_key: source,
                source_preconditions: Preconditions::default(),
                forbid_overwrite: false,
                target_preconditions: Default::default(),
                acl: Default::default(),
                client_token: None,
            };
            let none = Payload::empty();
            self.connection.send(&rename, none, Keep::Document).await?;
        } else {
            self.send_copy(source.clone(), target).await?;
            self.delete(source).await?;
        }
        self.shared.objects.arrived(number);
        let bytes = self.shared.plan.size;
        Ok(Step::Done { bytes })
    }

    async fn initiate(&mut self, key: &ObjectKey) -> Result<UploadId, Refused> {
        let initiate = ops::InitiateUpload {
            bucket: self.shared.site.bucket.clone(),
            key: key.clone(),
            metadata: Metadata::default(),
            storage_class: None,
            acl: Default::default(),
            tags: Default::default(),
            encryption: None,
        };
        if self.shared.site.hollow {
            let none = Payload::empty();
            self.connection
                .send(&initiate, none, Keep::Document)
                .await?;
            return Ok("none".parse().expect("a word is an upload id"));
        }
        let reply = self.connection.ask(&initiate, Payload::empty()).await?;
        Ok(reply.upload_id)
    }

    /// One part, again and again into the same upload.
    async fn copy_part(&mut self) -> Result<u64, Refused> {
        let Some((key, upload_id)) = self.upload.clone() else {
            return Err(Refused::unreadable("no upload".to_owned()));
        };
        self.parts = self.parts % 10_000 + 1;
        let number = self.source();
        let range = objects::range(&self.shared.plan, &mut self.random);
        let part = ops::UploadPartCopy {
            bucket: self.shared.site.bucket.clone(),
            key,
            upload_id,
            part_number: part_number(self.parts),
            source: self.copy_source(self.shared.objects.source(number)),
            source_range: Some(range),
            source_preconditions: Preconditions::default(),
            encryption: None,
            source_key: None,
        };
        let none = Payload::empty();
        self.connection.send(&part, none, Keep::Document).await?;
        Ok(range.last() - range.first() + 1)
    }

    /// A whole object, part by part, as a client copies it.
    async fn copy_slices(&mut self) -> Result<u64, Refused> {
        let number = self.source();
        let source = self.shared.objects.source(number);
        let site = Arc::clone(&self.shared.site);
        let keep = Keep::Document;
        let head = head(&site, source.clone());
        self.connection.send(&head, Payload::empty(), keep).await?;
        let key = self.shared.objects.fresh();
        let upload_id = self.initiate(&key).await?;
        let plan = Arc::clone(&self.shared.plan);
        let mut parts = Vec::new();
        for (at, range) in (1_u16..).zip(objects::parts(&plan)) {
            let part = ops::UploadPartCopy {
                bucket: site.bucket.clone(),
                key: key.clone(),
                upload_id: upload_id.clone(),
                part_number: part_number(at),
                source: self.copy_source(source.clone()),
                source_range: Some(range),
                source_preconditions: Preconditions::default(),
                encryption: None,
                source_key: None,
            };
            let etag = if site.hollow {
                self.connection.send(&part, Payload::empty(), keep).await?;
                NO_ETAG.parse().expect("a tag as any other")
            } else {
                self.connection.ask(&part, Payload::empty()).await?.etag
            };
            let part_number = part_number(at);
            parts.push(ops::CompletedPart {
                part_number,
                etag,
                checksum: None,
            });
        }
        let complete = ops::CompleteUpload {
            bucket: site.bucket.clone(),
            key,
            upload_id,
            parts,
            forbid_overwrite: false,
            preconditions: Default::default(),
        };
        self.connection
            .send(&complete, Payload::empty(), keep)
            .await?;
        Ok(plan.size)
    }
}

fn part_number(number: u16) -> PartNumber {
    let number = PartNumber::try_from(u64::from(number));
    number.expect("the plan makes no more parts than an upload may have")
}

fn get(site: &Site, key: ObjectKey) -> ops::GetObject {
    ops::GetObject {
        bucket: site.bucket.clone(),
        key,
        version_id: None,
        range: None,
        preconditions: Preconditions::default(),
        overrides: Default::default(),
        customer_key: None,
    }
}

fn head(site: &Site, key: ObjectKey) -> ops::HeadObject {
    ops::HeadObject {
        bucket: site.bucket.clone(),
        key,
        version_id: None,
        range: None,
        preconditions: Preconditions::default(),
        customer_key: None,
    }
}

pub(crate) fn put(site: &Site, key: ObjectKey) -> ops::PutObject {
    ops::PutObject {
        bucket: site.bucket.clone(),
        key,
        metadata: Metadata::default(),
        storage_class: None,
        acl: Default::default(),
        content_md5: None,
        tags: Default::default(),
        forbid_overwrite: false,
        preconditions: Default::default(),
        encryption: None,
    }
}
