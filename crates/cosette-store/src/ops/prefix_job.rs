//! Moves or copies all objects below a prefix, as a job that outlives its caller and a crash.
//!
//! A job is a row. Each step takes some objects in the order of their keys, moves or copies them, and
//! writes how far the job is, all by one commit: an object is dealt with once, whatever happens in
//! between. Who may do what is not decided here: the caller looks at a batch first and says of each
//! object whether it may go; what was changed since is looked at again.

mod advance;

use cosette_md5::Md5 as Hasher;
use cosette_types::checksum::hex;
use cosette_types::{BucketName, Md5, ObjectKey, Owner, Timestamp, VersionTime};

use crate::codec::Record;
use crate::error::Error;
use crate::limits;
use crate::planted::Bug;
use crate::records::{Head, JobEnd, JobFailure, JobRecord};
use crate::store::{Core, Store};
use crate::tables::{self, JobId, Table};
use crate::txn::{self, Plan, Turns, Txn};

pub use advance::Verdict;

/// What a job does with each object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PrefixJobKind {
    /// Copies it: metadata, class and tags go along, the ACL is inherited.
    Copy,
    /// Moves it, with all that belongs to it.
    Move,
}

/// Where a job is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PrefixJobState {
    /// Under way.
    Running,
    /// Every object below the prefix was dealt with.
    Done,
    /// Stopped on request; what was done stays done.
    Cancelled,
    /// Stopped by something that no further try would change.
    Failed,
}

/// A job to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPrefixJob {
    /// What to do.
    pub kind: PrefixJobKind,
    /// In whose name.
    pub owner: Owner,
    /// Where the objects are.
    pub source_bucket: BucketName,
    /// What their keys begin with.
    pub source_prefix: String,
    /// Where they go.
    pub target_bucket: BucketName,
    /// What takes that beginning's place.
    pub target_prefix: String,
    /// Leaves objects where they are whose target exists.
    pub forbid_overwrite: bool,
    /// Names this job: a repeat with the same token finds it again.
    pub client_token: Option<String>,
}

/// A job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrefixJob {
    /// Its id: 32 hexadecimal digits.
    pub id: String,
    /// What it does.
    pub kind: PrefixJobKind,
    /// In whose name.
    pub owner: Owner,
    /// Where the objects are.
    pub source_bucket: BucketName,
    /// What their keys begin with.
    pub source_prefix: String,
    /// Where they go.
    pub target_bucket: BucketName,
    /// What takes that beginning's place.
    pub target_prefix: String,
    /// Whether objects stay where they are whose target exists.
    pub forbid_overwrite: bool,
    /// When it began.
    pub created: Timestamp,
    /// Where it is on its way.
    pub state: PrefixJobState,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Why it failed; else empty.
    pub why: String,
    /// Objects moved or copied.
    pub done: u64,
    /// Their bytes.
    pub done_bytes: u64,
    /// Objects left where they were.
    pub failed: u64,
}

/// An object that a job left where it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftObject {
    /// Counts them, from 0.
    pub number: u64,
    /// Its key.
    pub key: String,
    /// Why, as a code of the protocol.
    pub code: String,
}

/// An object that a job comes to next, as it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Its key.
    pub key: ObjectKey,
    /// The key that it gets; `None` if that is no legal key.
    pub target: Option<ObjectKey>,
    pub(crate) time: VersionTime,
}

impl Store {
    /// Begins a job, or finds the one that was begun with the same token.
    ///
    /// # Errors
    /// [`Error::NoSuchBucket`]; [`Error::PrefixesOverlap`] when a target could be a source again;
    /// [`Error::TokenReused`] when the token named another job, or is empty or too long;
    /// [`Error::TooManyJobs`].
    pub async fn start_prefix_job(&self, request: NewPrefixJob) -> Result<PrefixJob, Error> {
        let legal = 1..=limits::TOKEN_BYTES_MAX;
        let token = request.client_token.as_ref();
        if token.is_some_and(|token| !legal.contains(&token.len())) {
            return Err(Error::TokenReused);
        }
        let (from, to) = (&request.source_prefix, &request.target_prefix);
        let nested = from.starts_with(to.as_str()) || to.starts_with(from.as_str());
        if request.source_bucket == request.target_bucket && nested {
            return Err(Error::PrefixesOverlap);
        }
        self.detached(|core| async move { core.run(&request).await })
            .await
            .map(Into::into)
    }

    /// The job of this id.
    ///
    /// # Errors
    /// [`Error::NoSuchJob`].
    pub async fn prefix_job(&self, id: &str) -> Result<PrefixJob, Error> {
        let row = tables::job(read_id(id)?);
        let job: Option<JobRecord> = self.core.begin().await?.peek(&row).await?;
        job.map(Into::into).ok_or(Error::NoSuchJob)
    }

    /// All jobs that are not forgotten yet, the oldest first.
    ///
    /// # Errors
    /// Only those of the drivers.
    pub async fn prefix_jobs(&self) -> Result<Vec<PrefixJob>, Error> {
        let mut jobs: Vec<PrefixJob> = self
            .core
            .jobs()
            .await?
            .into_iter()
            .map(Into::into)
            .collect();
        jobs.sort_by_key(|job| job.created);
        Ok(jobs)
    }

    /// What a job left where it was, from one number on.
    ///
    /// # Errors
    /// [`Error::NoSuchJob`].
    pub async fn prefix_job_left(
        &self,
        id: &str,
        from: u64,
        limit: usize,
    ) -> Result<Vec<LeftObject>, Error> {
        let id = read_id(id)?;
        let txn = self.core.begin().await?;
        let (prefix, start) = (tables::job_failures(id), tables::job_failure(id, from));
        let mut left = Vec::new();
        for (row, value) in txn.scan(&prefix, start, limit).await? {
            let number = row
                .last_chunk::<8>()
                .map(|number| u64::from_be_bytes(*number));
            let JobFailure { key, code } = JobFailure::from_value(&value)?;
            left.push(LeftObject {
                number: number.unwrap_or_default(),
                key,
                code,
            });
        }
        Ok(left)
    }

    /// Stops a job. One that has ended stays as it is.
    ///
    /// # Errors
    /// [`Error::NoSuchJob`].
    pub async fn cancel_prefix_job(&self, id: &str) -> Result<PrefixJob, Error> {
        self.end_prefix_job(id, PrefixJobState::Cancelled, "").await
    }

    /// Stops a job that cannot go on.
    ///
    /// # Errors
    /// [`Error::NoSuchJob`].
    pub async fn fail_prefix_job(&self, id: &str, why: &str) -> Result<PrefixJob, Error> {
        self.end_prefix_job(id, PrefixJobState::Failed, why).await
    }

    async fn end_prefix_job(
        &self,
        id: &str,
        state: PrefixJobState,
        why: &str,
    ) -> Result<PrefixJob, Error> {
        let end = End {
            id: read_id(id)?,
            state,
            why: why.to_owned(),
        };
        self.detached(|core| async move { core.run(&end).await })
            .await
            .map(Into::into)
    }

    /// The objects that a job comes to next: none at its end.
    ///
    /// # Errors
    /// [`Error::NoSuchJob`], [`Error::NoSuchBucket`].
    pub async fn prefix_batch(&self, id: &str) -> Result<Vec<Candidate>, Error> {
        let mut txn = self.core.begin().await?;
        let job: Option<JobRecord> = txn.peek(&tables::job(read_id(id)?)).await?;
        let job = job.ok_or(Error::NoSuchJob)?;
        let bucket = txn.bucket(&job.source.bucket).await?;
        let heads = Table::Head.key(&[&bucket.id.0]);
        let prefix = Table::Head.key(&[&bucket.id.0, job.source.prefix.as_bytes()]);
        let mut start = match &job.cursor {
            Some(key) => tables::after(&Table::Head.key(&[&bucket.id.0, key.as_bytes()])),
            None => prefix.clone(),
        };
        let mut batch = Vec::new();
        // Pages of delete markers are passed over.
        while batch.is_empty() {
            let rows = txn.scan(&prefix, start, limits::JOB_BATCH_OBJECTS).await?;
            for (row, value) in &rows {
                let head = Head::from_value(value)?;
                if head.current.object.is_none() {
                    continue;
                }
                let damaged = || Error::corrupt("a damaged key");
                let key = row.get(heads.len()..).ok_or_else(damaged)?;
                let key = std::str::from_utf8(key).map_err(|_| damaged())?;
                let rest = key.strip_prefix(job.source.prefix.as_str());
                let rest = rest.ok_or_else(damaged)?;
                batch.push(Candidate {
                    key: ObjectKey::parse_s3(key).map_err(|_| damaged())?,
                    target: format!("{}{rest}", job.target.prefix).parse().ok(),
                    time: head.current.time,
                });
            }
            start = match rows.last() {
                Some((row, _)) if rows.len() == limits::JOB_BATCH_OBJECTS => tables::after(row),
                _ => break,
            };
        }
        Ok(batch)
    }
}

impl From<JobRecord> for PrefixJob {
    fn from(job: JobRecord) -> Self {
        Self {
            id: hex(&job.id.0),
            kind: job.kind,
            owner: job.owner,
            source_bucket: job.source.bucket,
            source_prefix: job.source.prefix,
            target_bucket: job.target.bucket,
            target_prefix: job.target.prefix,
            forbid_overwrite: job.forbid_overwrite,
            created: job.created,
            state: job.state,
            ended: job.ended,
            why: job.why,
            done: job.done,
            done_bytes: job.done_bytes,
            failed: job.failed,
        }
    }
}

fn read_id(text: &str) -> Result<JobId, Error> {
    let digits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = u128::from_str_radix(text, 16).ok().filter(|_| digits);
    let number = number.ok_or(Error::NoSuchJob)?;
    Ok(JobId(number.to_be_bytes()))
}

impl NewPrefixJob {
    /// Tells this job from another one with the same token.
    fn digest(&self) -> Md5 {
        let mut digest = Hasher::new();
        for text in [
            match self.kind {
                PrefixJobKind::Copy => "copy",
                PrefixJobKind::Move => "move",
            },
            self.source_bucket.as_str(),
            &self.source_prefix,
            self.target_bucket.as_str(),
            &self.target_prefix,
            if self.forbid_overwrite { "once" } else { "" },
            &self.owner.to_string(),
        ] {
            digest.update(text.as_bytes());
            digest.update(&[0]);
        }
        Md5(digest.finish())
    }

    /// The id that a token stands for: of one target bucket, so that strangers' tokens never meet.
    fn id(&self, core: &Core, target: tables::BucketId) -> Result<JobId, Error> {
        let Some(token) = &self.client_token else {
            return core.random().map(JobId);
        };
        let mut digest = Hasher::new();
        digest.update(&target.0);
        digest.update(token.as_bytes());
        Ok(JobId(digest.finish()))
    }
}

impl Plan for NewPrefixJob {
    type Made = JobRecord;

    async fn plan(&self, core: &Core, txn: &mut Txn) -> Result<JobRecord, Error> {
        let target = txn.live_bucket(&self.target_bucket).await?;
        let source = txn.live_bucket(&self.source_bucket).await?;
        let id = self.id(core, target.id)?;
        let row = tables::job(id);
        if let Some(job) = txn.get::<JobRecord>(row.clone()).await? {
            let same = job.request == self.digest();
            return if same {
                Ok(job)
            } else {
                Err(Error::TokenReused)
            };
        }
        let jobs = core.jobs().await?;
        let running = |job: &&JobRecord| job.state == PrefixJobState::Running;
        if jobs.iter().filter(running).count() >= limits::JOBS_RUNNING_MAX {
            return Err(Error::TooManyJobs);
        }
        let job = JobRecord {
            id,
            request: self.digest(),
            kind: self.kind,
            owner: self.owner.clone(),
            source: JobEnd {
                id: source.id,
                bucket: source.name,
                prefix: self.source_prefix.clone(),
            },
            target: JobEnd {
                id: target.id,
                bucket: target.name,
                prefix: self.target_prefix.clone(),
            },
            forbid_overwrite: self.forbid_overwrite,
            created: core.now(),
            state: PrefixJobState::Running,
            ended: None,
            why: String::new(),
            cursor: None,
            done: 0,
            done_bytes: 0,
            failed: 0,
        };
        txn.put(row, &job);
        Ok(job)
    }

    fn turns(&self) -> Turns<'_> {
        Turns::default()
    }
}

/// A job ends: its row goes after some days.
#[derive(Debug)]
struct End {
    id: JobId,
    state: PrefixJobState,
    why: String,
}

impl Plan for End {
    type Made = JobRecord;

    async fn plan(&self, core: &Core, txn: &mut Txn) -> Result<JobRecord, Error> {
        let row = tables::job(self.id);
        let job: Option<JobRecord> = txn.get(row.clone()).await?;
        let mut job = job.ok_or(Error::NoSuchJob)?;
        if job.state == PrefixJobState::Running || Bug::EndedJobEndsAgain.is_planted() {
            job.why.clone_from(&self.why);
            core.end_job(txn, &mut job, self.state)?;
            txn.put(row, &job);
        }
        Ok(job)
    }

    fn turns(&self) -> Turns<'_> {
        Turns::default()
    }
}

impl Core {
    /// Says that a job has ended, and when its row may go.
    fn end_job(
        &self,
        txn: &mut Txn,
        job: &mut JobRecord,
        state: PrefixJobState,
    ) -> Result<(), Error> {
        let now = self.now();
        job.state = state;
        job.ended = Some(now);
        let gone = now.secs() + limits::JOB_KEPT_SECS;
        txn.put_value(tables::expiry(gone, self.random()?), tables::job(job.id));
        Ok(())
    }

    async fn jobs(&self) -> Result<Vec<JobRecord>, Error> {
        let snapshot = self.meta.snapshot().await?;
        let prefix = Table::Job.key(&[]);
        let mut start = prefix.clone();
        let mut jobs = Vec::new();
        loop {
            let rows = txn::scan(snapshot.as_ref(), &prefix, start, limits::SCAN_ROWS).await?;
            for (_, value) in &rows {
                jobs.push(JobRecord::from_value(value)?);
            }
            start = match rows.last() {
                Some((row, _)) if rows.len() == limits::SCAN_ROWS => tables::after(row),
                _ => return Ok(jobs),
            };
        }
    }
}
