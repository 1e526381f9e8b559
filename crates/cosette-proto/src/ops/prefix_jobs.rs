//! Prefix jobs, an extension: the server moves or copies every object below a prefix by itself, as a
//! job that survives a restart and can be watched and stopped.

use cosette_types::{BucketName, Text, Timestamp};
use http::{Method, StatusCode};

use super::OperationName;
use super::document::malformed;
use super::move_object::read_token;
use crate::date;
use crate::dialect::{Dialect, Field};
use crate::error::Error;
use crate::fields::{HeaderReader, HeaderWriter};
use crate::limits;
use crate::message::{Message, Query, Reply, Request, Unreadable};
use crate::xml::{Element, Writer};

const PREFIX_JOB: &str = "prefix-job";
const PREFIX_JOBS: &str = "prefix-jobs";
const LEFT_MARKER: &str = "left-marker";
const ROOT: &str = "PrefixJob";
const LIST: &str = "PrefixJobs";

/// What a job does with each object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrefixJobKind {
    /// Copies it: metadata, class and tags go along, the ACL is inherited.
    Copy,
    /// Moves it, with all that belongs to it.
    Move,
}

/// Where a job is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrefixJobWish {
    /// What to do with each object.
    pub kind: PrefixJobKind,
    /// Where the objects are.
    pub source_bucket: BucketName,
    /// What their keys begin with; may be empty.
    pub source_prefix: String,
    /// What takes that beginning's place.
    pub target_prefix: String,
    /// Leaves objects where they are whose target exists.
    pub forbid_overwrite: bool,
}

/// Begins a job. The request is about the target's bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartPrefixJob {
    /// The bucket that the objects go to.
    pub bucket: BucketName,
    /// What is to be done.
    pub wish: PrefixJobWish,
    /// The same token again finds the same job again; printable ASCII.
    pub client_token: Option<Text>,
}

/// Asks how far a job is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetPrefixJob {
    /// The bucket that the objects go to.
    pub bucket: BucketName,
    /// The job.
    pub id: String,
    /// Tells what was left from this number on; from the first when absent.
    pub left_marker: Option<u64>,
}

/// Asks for all jobs into a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListPrefixJobs {
    /// The bucket.
    pub bucket: BucketName,
}

/// Stops a job. What was done stays done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelPrefixJob {
    /// The bucket that the objects go to.
    pub bucket: BucketName,
    /// The job.
    pub id: String,
}

/// A job, as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrefixJob {
    /// Its id.
    pub id: String,
    /// What it does.
    pub wish: PrefixJobWish,
    /// Where it is on its way.
    pub state: PrefixJobState,
    /// Why it failed; else empty.
    pub why: String,
    /// When it began.
    pub created: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Objects moved or copied.
    pub done: u64,
    /// Their bytes.
    pub done_bytes: u64,
    /// Objects that were left where they were.
    pub failed: u64,
    /// Up to 1,000 of these, from the marker on; only when one job was asked for.
    pub left: Vec<PrefixJobLeft>,
}

/// An object that a job left where it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrefixJobLeft {
    /// Counts them, from 0.
    pub number: u64,
    /// Its key.
    pub key: String,
    /// Why, as an error's code.
    pub code: String,
}

impl PrefixJobKind {
    /// As documents write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Copy => "Copy",
            Self::Move => "Move",
        }
    }

    /// The kind of that text.
    pub fn of(text: &str) -> Option<Self> {
        [Self::Copy, Self::Move]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

impl PrefixJobState {
    const ALL: [Self; 4] = [Self::Running, Self::Done, Self::Cancelled, Self::Failed];

    /// As documents write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "Running",
            Self::Done => "Done",
            Self::Cancelled => "Cancelled",
            Self::Failed => "Failed",
        }
    }
}

impl Message for StartPrefixJob {
    const NAME: OperationName = OperationName::StartPrefixJob;
    type Reply = PrefixJob;

    fn encode(&self, dialect: Dialect) -> Request {
        let headers =
            HeaderWriter::new(dialect).with_some(Field::ClientToken, self.client_token.as_ref());
        let document = Writer::document(ROOT, |root| self.wish.write(root));
        let query = Query::new().with(PREFIX_JOB, "");
        Request::of_bucket(Method::POST, &self.bucket, query, headers.done())
            .with_document(document, dialect)
    }

    fn decode(request: &Request, dialect: Dialect) -> Result<Self, Error> {
        let headers = HeaderReader::new(&request.headers, dialect);
        let token = headers.text(Field::ClientToken)?;
        Ok(Self {
            bucket: request.bucket()?,
            wish: PrefixJobWish::read(&request.root(ROOT, dialect)?)?,
            client_token: token.map(read_token).transpose()?,
        })
    }

    fn encode_reply(reply: &PrefixJob, dialect: Dialect) -> Reply {
        reply.reply(dialect)
    }

    fn decode_reply(reply: &Reply, _: Dialect) -> Result<PrefixJob, Unreadable> {
        PrefixJob::read(&reply.root(ROOT)?)
    }
}

impl Message for GetPrefixJob {
    const NAME: OperationName = OperationName::GetPrefixJob;
    type Reply = PrefixJob;

    fn encode(&self, dialect: Dialect) -> Request {
        let query = Query::new()
            .with(PREFIX_JOB, &self.id)
            .with_some(LEFT_MARKER, self.left_marker);
        let headers = HeaderWriter::new(dialect).done();
        Request::of_bucket(Method::GET, &self.bucket, query, headers)
    }

    fn decode(request: &Request, _: Dialect) -> Result<Self, Error> {
        Ok(Self {
            bucket: request.bucket()?,
            id: read_id(&request.query)?,
            left_marker: request.query.parse(LEFT_MARKER)?,
        })
    }

    fn encode_reply(reply: &PrefixJob, dialect: Dialect) -> Reply {
        reply.reply(dialect)
    }

    fn decode_reply(reply: &Reply, _: Dialect) -> Result<PrefixJob, Unreadable> {
        PrefixJob::read(&reply.root(ROOT)?)
    }
}

impl Message for ListPrefixJobs {
    const NAME: OperationName = OperationName::ListPrefixJobs;
    type Reply = Vec<PrefixJob>;

    fn encode(&self, dialect: Dialect) -> Request {
        let query = Query::new().with(PREFIX_JOBS, "");
        let headers = HeaderWriter::new(dialect).done();
        Request::of_bucket(Method::GET, &self.bucket, query, headers)
    }

    fn decode(request: &Request, _: Dialect) -> Result<Self, Error> {
        Ok(Self {
            bucket: request.bucket()?,
        })
    }

    fn encode_reply(reply: &Vec<PrefixJob>, dialect: Dialect) -> Reply {
        let document = Writer::document(LIST, |root| {
            for job in reply {
                root.element(ROOT, |element| job.write(element));
            }
        });
        Reply::document(document, HeaderWriter::new(dialect))
    }

    fn decode_reply(reply: &Reply, _: Dialect) -> Result<Vec<PrefixJob>, Unreadable> {
        let root = reply.root(LIST)?;
        root.children(ROOT).map(PrefixJob::read).collect()
    }
}

impl Message for CancelPrefixJob {
    const NAME: OperationName = OperationName::CancelPrefixJob;
    type Reply = PrefixJob;

    fn encode(&self, dialect: Dialect) -> Request {
        let query = Query::new().with(PREFIX_JOB, &self.id);
        let headers = HeaderWriter::new(dialect).done();
        Request::of_bucket(Method::DELETE, &self.bucket, query, headers)
    }

    fn decode(request: &Request, _: Dialect) -> Result<Self, Error> {
        Ok(Self {
            bucket: request.bucket()?,
            id: read_id(&request.query)?,
        })
    }

    fn encode_reply(reply: &PrefixJob, dialect: Dialect) -> Reply {
        reply.reply(dialect)
    }

    fn decode_reply(reply: &Reply, _: Dialect) -> Result<PrefixJob, Unreadable> {
        PrefixJob::read(&reply.root(ROOT)?)
    }
}

fn read_id(query: &Query) -> Result<String, Error> {
    let id = query.text(PREFIX_JOB).unwrap_or_default();
    if id.is_empty() || id.len() > cosette_types::limits::ID_BYTES_MAX {
        return Err(Error::argument(format!(
            "The parameter {PREFIX_JOB} names no job."
        )));
    }
    Ok(id.to_owned())
}

impl PrefixJobWish {
    fn write(&self, element: &mut Writer) {
        element.text("Kind", self.kind.as_str());
        element.text("SourceBucket", &self.source_bucket);
        element.text("SourcePrefix", &self.source_prefix);
        element.text("TargetPrefix", &self.target_prefix);
        element.text("ForbidOverwrite", self.forbid_overwrite);
    }

    fn read(element: &Element) -> Result<Self, Error> {
        let missing = |name: &str| malformed(format!("There is no {name}, or it is none."));
        let kind = element.value("Kind").and_then(PrefixJobKind::of);
        let prefix = |name: &str| {
            let text = element.child_text(name).unwrap_or_default();
            if text.len() > limits::JOB_PREFIX_BYTES_MAX {
                let most = limits::JOB_PREFIX_BYTES_MAX;
                return Err(Error::argument(format!(
                    "{name} is longer than {most} bytes."
                )));
            }
            Ok(text.to_owned())
        };
        let bucket = element.value("SourceBucket").unwrap_or_default();
        Ok(Self {
            kind: kind.ok_or_else(|| missing("Kind"))?,
            source_bucket: bucket.parse()?,
            source_prefix: prefix("SourcePrefix")?,
            target_prefix: prefix("TargetPrefix")?,
            forbid_overwrite: match element.value("ForbidOverwrite") {
                None | Some("false") => false,
                Some("true") => true,
                Some(_) => return Err(malformed("ForbidOverwrite is neither true nor false.")),
            },
        })
    }
}

impl PrefixJob {
    fn reply(&self, dialect: Dialect) -> Reply {
        let document = Writer::document(ROOT, |root| self.write(root));
        Reply {
            status: StatusCode::OK,
            ..Reply::document(document, HeaderWriter::new(dialect))
        }
    }

    fn write(&self, element: &mut Writer) {
        element.text("Id", &self.id);
        self.wish.write(element);
        element.text("State", self.state.as_str());
        element.text_if("Why", Some(&self.why).filter(|why| !why.is_empty()));
        element.text("Created", date::iso_seconds(self.created));
        element.text_if("Ended", self.ended.map(date::iso_seconds));
        element.text("Done", self.done);
        element.text("DoneBytes", self.done_bytes);
        element.text("Failed", self.failed);
        for left in &self.left {
            element.element("Left", |entry| {
                entry.text("Number", left.number);
                entry.text("Key", &left.key);
                entry.text("Code", &left.code);
            });
        }
    }

    fn read(element: &Element) -> Result<Self, Unreadable> {
        let state = element.value("State").unwrap_or_default();
        let found = PrefixJobState::ALL
            .into_iter()
            .find(|one| one.as_str() == state);
        let ended = element.value("Ended").map(|_| element.date("Ended"));
        let left = element.children("Left").map(|entry| {
            Ok(PrefixJobLeft {
                number: entry.parse_child("Number")?,
                key: entry.child_text("Key").unwrap_or_default().to_owned(),
                code: entry.value("Code").unwrap_or_default().to_owned(),
            })
        });
        Ok(Self {
            id: element.parse_child("Id")?,
            wish: PrefixJobWish::read(element)?,
            state: found.ok_or_else(|| Unreadable(format!("the State is {state}")))?,
            why: element.value("Why").unwrap_or_default().to_owned(),
            created: element.date("Created")?,
            ended: ended.transpose()?,
            done: element.parse_child("Done")?,
            done_bytes: element.parse_child("DoneBytes")?,
            failed: element.parse_child("Failed")?,
            left: left.collect::<Result<_, Unreadable>>()?,
        })
    }
}
