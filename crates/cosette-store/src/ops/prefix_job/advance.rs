//! One step of a prefix job: some objects and the job's row, by one commit.

use super::{Candidate, PrefixJob, PrefixJobKind, PrefixJobState, read_id};
use crate::error::Error;
use crate::limits;
use crate::ops::copy_object::Source;
use crate::planted::Bug;
use crate::records::{BucketRecord, Extras, JobFailure, JobRecord, ObjectRecord};
use crate::store::{Core, Store};
use crate::tables::{self, JobId, LinkId};
use crate::txn::{Plan, Turns, Txn};
use crate::versions::{NewVersion, Versions};

/// What the caller says of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It may go.
    Go,
    /// It stays, and is reported with this code.
    Stay(String),
}

/// What became of an object.
enum Became {
    /// It is at its target: so many bytes.
    Done(u64),
    /// It stays where it is, for this reason.
    Left(String),
    /// There is nothing any more.
    Gone,
    /// It is not what was looked at: it will be looked at again.
    Changed,
}

impl Store {
    /// Deals with the objects of a batch as far as one transaction can, in their order; with none,
    /// the job is done. Gives back the job as it is then.
    ///
    /// # Errors
    /// [`Error::NoSuchJob`]; [`Error::NoSuchBucket`] when one of its buckets is gone.
    pub async fn advance_prefix_job(
        &self,
        id: &str,
        batch: Vec<(Candidate, Verdict)>,
    ) -> Result<PrefixJob, Error> {
        let advance = Advance {
            id: read_id(id)?,
            batch,
        };
        self.detached(|core| async move { core.run(&advance).await })
            .await
            .map(Into::into)
    }
}

#[derive(Debug)]
struct Advance {
    id: JobId,
    batch: Vec<(Candidate, Verdict)>,
}

impl Plan for Advance {
    type Made = JobRecord;

    async fn plan(&self, core: &Core, txn: &mut Txn) -> Result<JobRecord, Error> {
        let row = tables::job(self.id);
        let job: Option<JobRecord> = txn.get(row.clone()).await?;
        let mut job = job.ok_or(Error::NoSuchJob)?;
        if job.state != PrefixJobState::Running {
            return Ok(job);
        }
        let before = job.clone();
        let ends = Ends {
            source: txn.live_bucket(&job.source.bucket).await?,
            target: txn.live_bucket(&job.target.bucket).await?,
        };
        if ends.source.id != job.source.id || ends.target.id != job.target.id {
            let bucket = job.source.bucket.clone();
            return Err(Error::NoSuchBucket { bucket });
        }
        for (candidate, verdict) in &self.batch {
            let key = candidate.key.as_str();
            // A step that was answered by nobody may have dealt with it.
            if job.cursor.as_deref().is_some_and(|cursor| cursor >= key) {
                continue;
            }
            if txn.is_nearly_full() {
                break;
            }
            match ends.deal(core, txn, &job, candidate, verdict).await? {
                Became::Changed => break,
                Became::Gone => {}
                Became::Done(bytes) => {
                    job.done += 1;
                    job.done_bytes += bytes;
                }
                Became::Left(code) => core.leave(txn, &mut job, key, code)?,
            }
            job.cursor = Some(key.to_owned());
        }
        if self.batch.is_empty() {
            core.end_job(txn, &mut job, PrefixJobState::Done)?;
        } else if job.failed >= limits::JOB_LEFT_MAX {
            "too many objects could not be dealt with".clone_into(&mut job.why);
            core.end_job(txn, &mut job, PrefixJobState::Failed)?;
        }
        if job != before {
            txn.put(row, &job);
        }
        Ok(job)
    }

    fn turns(&self) -> Turns<'_> {
        Turns::default()
    }
}

impl Core {
    /// Writes down that an object stays where it is.
    fn leave(
        &self,
        txn: &mut Txn,
        job: &mut JobRecord,
        key: &str,
        code: String,
    ) -> Result<(), Error> {
        let row = tables::job_failure(job.id, job.failed);
        let key = key.to_owned();
        txn.put(row.clone(), &JobFailure { key, code });
        let gone = self.now().secs() + limits::JOB_LEFT_KEPT_SECS;
        txn.put_value(tables::expiry(gone, self.random()?), row);
        job.failed += 1;
        Ok(())
    }
}

struct Ends {
    source: BucketRecord,
    target: BucketRecord,
}

impl Ends {
    async fn deal(
        &self,
        core: &Core,
        txn: &mut Txn,
        job: &JobRecord,
        candidate: &Candidate,
        verdict: &Verdict,
    ) -> Result<Became, Error> {
        let left = |code: &str| Ok(Became::Left(code.to_owned()));
        let from = Versions::load(txn, &self.source, &candidate.key).await?;
        match from.current_time() {
            None => return Ok(Became::Gone),
            Some(time) if time != candidate.time => return Ok(Became::Changed),
            Some(_) => {}
        }
        if let Verdict::Stay(code) = verdict {
            return left(code);
        }
        let Some(target) = &candidate.target else {
            return left("InvalidObjectName");
        };
        let (version, object) = from.find(txn, None).await?;
        let moves = job.kind == PrefixJobKind::Move;
        let takes = moves && from.is_single();
        // Bytes that are appended to have one reference only.
        if object.extras.appendable && !takes {
            return left("MethodNotAllowed");
        }
        let source = Source {
            bucket: self.source.clone(),
            version,
            object,
            current: true,
        };
        if !moves && source.check_copyable(core.now()).is_err() {
            return left("InvalidObjectState");
        }
        let to = Versions::load(txn, &self.target, target).await?;
        if to.forbid_overwrite(job.forbid_overwrite).is_err() {
            return left("FileAlreadyExists");
        }
        let Source {
            version, object, ..
        } = source;
        let size = object.size;
        let (owner, object) = if moves {
            (version.owner.clone(), object)
        } else {
            // The bytes are shared, so they stay encrypted as they are.
            let encryption = object.extras.encryption.clone();
            let extras = Extras {
                encryption: encryption.filter(|_| !Bug::JobForgetsEncryption.is_planted()),
                checksum: object.extras.checksum.clone(),
                ..Extras::of_tags(object.extras.tags.clone())
            };
            let copy = ObjectRecord {
                acl: None,
                extras,
                ..object
            };
            (job.owner.clone(), copy)
        };
        // What is taken away keeps its reference: it only says from then on who refers.
        let link = if takes {
            object.link
        } else {
            LinkId(core.new_id()?)
        };
        let new = NewVersion {
            now: core.now(),
            owner,
            object: Some(ObjectRecord { link, ..object }),
        };
        to.add(core, txn, new).await?;
        if takes {
            from.take(txn);
        } else if moves {
            from.delete(core, txn, None).await?;
        }
        Ok(Became::Done(size))
    }
}
