//! The rows of prefix jobs: what a job is to do and how far it is, and what it could not do.

use cosette_types::{BucketName, Md5, Owner, Timestamp};

use crate::codec::{Damaged, Decoder, Encoder, Record};
use crate::ops::prefix_job::{PrefixJobKind, PrefixJobState};
use crate::tables::{BucketId, JobId};

/// A prefix job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JobRecord {
    pub(crate) id: JobId,
    /// A digest of what was asked for.
    pub(crate) request: Md5,
    pub(crate) kind: PrefixJobKind,
    pub(crate) owner: Owner,
    pub(crate) source: JobEnd,
    pub(crate) target: JobEnd,
    pub(crate) forbid_overwrite: bool,
    pub(crate) created: Timestamp,
    pub(crate) state: PrefixJobState,
    pub(crate) ended: Option<Timestamp>,
    /// Why it failed; else empty.
    pub(crate) why: String,
    /// The last key that was dealt with.
    pub(crate) cursor: Option<String>,
    pub(crate) done: u64,
    pub(crate) done_bytes: u64,
    pub(crate) failed: u64,
}

/// A bucket and a prefix in it. A bucket made again under the old name is another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JobEnd {
    pub(crate) id: BucketId,
    pub(crate) bucket: BucketName,
    pub(crate) prefix: String,
}

/// An object that a job left where it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JobFailure {
    pub(crate) key: String,
    pub(crate) code: String,
}

impl Encoder {
    fn end(&mut self, end: &JobEnd) {
        self.fixed(&end.id.0);
        self.bytes(end.bucket.as_str().as_bytes());
        self.bytes(end.prefix.as_bytes());
    }
}

impl Decoder<'_> {
    fn end(&mut self) -> Result<JobEnd, Damaged> {
        Ok(JobEnd {
            id: BucketId(self.fixed()?),
            bucket: self.parse()?,
            prefix: self.text()?.to_owned(),
        })
    }
}

impl Record for JobRecord {
    const WHAT: &'static str = "job row";

    fn encode(&self, to: &mut Encoder) {
        to.fixed(&self.id.0);
        to.fixed(&self.request.0);
        to.byte(match self.kind {
            PrefixJobKind::Copy => 0,
            PrefixJobKind::Move => 1,
        });
        to.owner(&self.owner);
        to.end(&self.source);
        to.end(&self.target);
        to.flag(self.forbid_overwrite);
        to.moment(self.created);
        to.byte(match self.state {
            PrefixJobState::Running => 0,
            PrefixJobState::Done => 1,
            PrefixJobState::Cancelled => 2,
            PrefixJobState::Failed => 3,
        });
        to.option(self.ended, Encoder::moment);
        to.bytes(self.why.as_bytes());
        to.option(self.cursor.as_ref(), |to, key| to.bytes(key.as_bytes()));
        to.number(self.done);
        to.number(self.done_bytes);
        to.number(self.failed);
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Damaged> {
        Ok(Self {
            id: JobId(from.fixed()?),
            request: from.md5()?,
            kind: match from.byte()? {
                0 => PrefixJobKind::Copy,
                1 => PrefixJobKind::Move,
                _ => return Err(Damaged("an unknown kind of job")),
            },
            owner: from.owner()?,
            source: from.end()?,
            target: from.end()?,
            forbid_overwrite: from.flag()?,
            created: from.moment()?,
            state: match from.byte()? {
                0 => PrefixJobState::Running,
                1 => PrefixJobState::Done,
                2 => PrefixJobState::Cancelled,
                3 => PrefixJobState::Failed,
                _ => return Err(Damaged("an unknown state of a job")),
            },
            ended: from.option(Decoder::moment)?,
            why: from.text()?.to_owned(),
            cursor: from.option(|from| from.text().map(str::to_owned))?,
            done: from.number()?,
            done_bytes: from.number()?,
            failed: from.number()?,
        })
    }
}

impl Record for JobFailure {
    const WHAT: &'static str = "row of what a job left";

    fn encode(&self, to: &mut Encoder) {
        to.bytes(self.key.as_bytes());
        to.bytes(self.code.as_bytes());
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Damaged> {
        Ok(Self {
            key: from.text()?.to_owned(),
            code: from.text()?.to_owned(),
        })
    }
}
