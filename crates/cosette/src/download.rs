//! Downloading an object of any size: ranges of it in parallel, pinned to what was seen first, each
//! taken up again where a connection was lost. What arrived is compared with what the service tells
//! of the object's bytes.

use std::fmt;
use std::ops::Deref;
use std::path::Path;

use cosette_proto::ops::ObjectReply;
use cosette_types::{BucketName, CustomerKey, ETag, ObjectKey, Preconditions, VersionId};
use futures_util::StreamExt;
use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::calls::common_setters;
use crate::client::Client;
use crate::draft::Draft;
use crate::error::Error;
use crate::progress::{Meter, Report};
use crate::proof::Proof;
use crate::reply::Output;
use crate::slice_copy::plan_setter;

mod file;
mod reader;
mod verify;

pub(crate) use reader::Reader;
use verify::Verifier;

/// Bytes of a range when nothing else is said.
const PART_BYTES_DEFAULT: u64 = 8 << 20;
/// Ranges that are fetched at the same time when nothing else is said.
const PARALLEL_DEFAULT: usize = 4;

/// A download, being put together. See [`Client::download`].
#[derive(Debug)]
#[must_use = "a call does nothing until it is sent"]
pub struct Download {
    draft: Draft,
    plan: Plan,
}

#[derive(Debug, Default)]
struct Plan {
    bucket: Option<BucketName>,
    key: Option<ObjectKey>,
    version_id: Option<VersionId>,
    customer_key: Option<CustomerKey>,
    part_size: Option<u64>,
    parallel: Option<usize>,
    resumable: bool,
    report: Report,
    known: Option<Known>,
}

/// Refuses an object that is not the one that was meant.
type Check = Box<dyn Fn(&ObjectReply) -> Result<(), Error> + Send + Sync>;

/// What a caller of this crate knows of the object.
pub(crate) enum Known {
    /// It was looked at.
    Found(Box<Output<ObjectReply>>),
    /// It was listed.
    Seen {
        etag: ETag,
        size: u64,
        /// Whether what is there is what was listed; asked before a byte is kept.
        check: Check,
    },
}

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Found(_) => "Found",
            Self::Seen { .. } => "Seen",
        })
    }
}

/// An object that arrived; its properties can be reached through this.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Downloaded {
    /// The object, as the service described it.
    pub object: ObjectReply,
    /// By what it is known that the bytes are the object's. [`Proof::None`]: the service told no
    /// checksum, and only their number was compared.
    pub proof: Proof,
    /// Bytes that an earlier download left, and that were not fetched again.
    pub resumed_bytes: u64,
    /// Whether an earlier download had left bytes of another object, which were thrown away: the
    /// source was written since.
    pub started_over: bool,
}

impl Deref for Downloaded {
    type Target = ObjectReply;

    fn deref(&self) -> &ObjectReply {
        &self.object
    }
}

impl Client {
    /// Reads an object of any size into a file or a writer, and compares what arrived with the
    /// CRC-64 of COS, or with what a service of the S3 dialect tells: a checksum of the whole object,
    /// or an ETag that is an MD5.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/example.rs"));
    /// # fn main() { example(|client| async move {
    /// let mut bytes = Vec::new();
    /// let object = client
    ///     .download()
    ///     .bucket("sourcebucket-1250000000")
    ///     .key("a/1.jpg")
    ///     .to_writer(&mut bytes)
    ///     .await?;
    /// assert_eq!(object.size(), bytes.len() as u64);
    /// # Ok(()) }) }
    /// ```
    pub fn download(&self) -> Download {
        Download {
            draft: Draft::new(self),
            plan: Plan::default(),
        }
    }
}

impl Download {
    common_setters!();
    plan_setter!(
        /// The bucket.
        bucket bucket BucketName);
    plan_setter!(
        /// The key.
        key key ObjectKey);
    plan_setter!(
        /// The version; the current one when not given.
        version_id version_id VersionId);
    plan_setter!(
        /// The customer's key that the object is encrypted with, if it is.
        customer_key customer_key CustomerKey);
    /// Whether [`Download::to_file`] keeps what arrived of an object of more than one range when
    /// it fails or its process ends, in hidden files beside the place, and goes on from there the
    /// next time. What is on the disk is read and compared first; if the object is another one by
    /// then, the download starts over.
    pub fn resumable(mut self, resumable: bool) -> Self {
        self.plan.resumable = resumable;
        self
    }

    plan_setter!(
        /// Bytes of each range, 8 MiB when not given.
        number part_size part_size u64);
    plan_setter!(
        /// Ranges fetched at the same time, 4 when not given.
        number parallel parallel usize);

    /// Is told how far the download is.
    pub fn on_progress(
        mut self,
        listener: impl Fn(crate::Progress) + Send + Sync + 'static,
    ) -> Self {
        self.plan.report = Report::to(listener);
        self
    }

    pub(crate) fn reporting(mut self, report: Report) -> Self {
        self.plan.report = report;
        self
    }

    pub(crate) fn knowing(mut self, known: Known) -> Self {
        self.plan.known = Some(known);
        self
    }

    /// Reads the object into a file, which appears (or is replaced) only when all of it is there and
    /// right.
    ///
    /// # Errors
    /// As [`Download::to_writer`]; [`ErrorKind::Busy`](crate::ErrorKind::Busy) when another process
    /// is making the same file in ranges; [`ErrorKind::Local`](crate::ErrorKind::Local) where a folder, a
    /// device or a pipe is. A symbolic link is replaced, and not what it leads to.
    pub async fn to_file(self, path: impl AsRef<Path>) -> Result<Output<Downloaded>, Error> {
        let place = path.as_ref();
        // What stands there is replaced as a whole, so it must be a file, or nothing.
        let words = match tokio::fs::metadata(place).await {
            Ok(there) if there.is_dir() => Some("a folder of this name is there"),
            Ok(there) if !there.is_file() => Some(
                "it is no file but a device, a pipe or a socket; write the object to standard output instead",
            ),
            _ => None,
        };
        if let Some(words) = words {
            return Err(Error::local(&place.display().to_string(), words));
        }
        let (mut reader, mut plan) = self.prepare()?;
        let part = plan.part_bytes();
        let (object, resumable) = match plan.known.take() {
            Some(Known::Seen { etag, size, check }) if size <= part => {
                reader.pin(&etag);
                return file::whole(&reader, &plan.report, &*check, place).await;
            }
            Some(Known::Found(object)) => (*object, plan.resumable),
            _ => (reader.head().await?, plan.resumable),
        };
        reader.pin(&object.etag);
        if object.size() <= part {
            return file::whole(&reader, &plan.report, &|_| Ok(()), place).await;
        }
        let ranges = file::Ranges {
            bytes: part,
            parallel: plan.parallel(),
            resumable,
        };
        file::in_ranges(&reader, &plan.report, object, ranges, place).await
    }

    /// Reads the object into a writer, in order. After an error the writer has a part of it.
    ///
    /// # Errors
    /// What the service or the network said of the request that failed for good;
    /// [`ErrorKind::PreconditionFailed`](crate::ErrorKind::PreconditionFailed) when the object changed
    /// meanwhile; [`ErrorKind::Local`](crate::ErrorKind::Local) when the writer fails;
    /// [`ErrorKind::Corrupt`](crate::ErrorKind::Corrupt) when what arrived is not what the service has.
    pub async fn to_writer(
        self,
        writer: &mut (dyn AsyncWrite + Unpin + Send),
    ) -> Result<Output<Downloaded>, Error> {
        let (mut reader, plan) = self.prepare()?;
        let object = reader.head().await?;
        reader.pin(&object.etag);
        let mut meter = Meter::begin(&reader.client, &plan.report, object.size());
        let (part, size) = (plan.part_bytes(), object.size());
        let mut parts = futures_util::stream::iter(cut((0, size), part))
            .map(|(first, last)| reader.range(first, last))
            .buffered(plan.parallel());
        let mut verifier = Verifier::of(&object, reader.client.dialect());
        while let Some(bytes) = parts.next().await {
            let bytes = bytes?;
            verifier.update(&bytes);
            let written = writer.write_all(&bytes).await;
            written.map_err(|why| Error::local("the bytes cannot be written", why))?;
            meter.add(bytes.len() as u64);
        }
        writer
            .flush()
            .await
            .map_err(|why| Error::local("the bytes cannot be written", why))?;
        let proof = verifier.end(&reader.subject())?;
        meter.finish();
        Ok(object.map(|object| Downloaded {
            object,
            proof,
            resumed_bytes: 0,
            started_over: false,
        }))
    }

    fn prepare(self) -> Result<(Reader, Plan), Error> {
        self.draft.check()?;
        let mut plan = self.plan;
        let bucket = plan.bucket.take().ok_or_else(|| Error::missing("bucket"))?;
        self.draft.region_in_force()?;
        let key = plan.key.take().ok_or_else(|| Error::missing("key"))?;
        let Draft {
            client, context, ..
        } = self.draft;
        let reader = Reader {
            client,
            context,
            bucket,
            key,
            version_id: plan.version_id.take(),
            customer_key: plan.customer_key.take(),
            pinned: Preconditions::default(),
        };
        Ok((reader, plan))
    }
}

impl Plan {
    fn part_bytes(&self) -> u64 {
        self.part_size.unwrap_or(PART_BYTES_DEFAULT).max(1)
    }

    fn parallel(&self) -> usize {
        self.parallel.unwrap_or(PARALLEL_DEFAULT).max(1)
    }
}

/// First and last byte of each piece of `from..to`.
fn cut((from, to): (u64, u64), bytes: u64) -> impl Iterator<Item = (u64, u64)> {
    let firsts = std::iter::successors(Some(from), move |first| first.checked_add(bytes));
    firsts
        .take_while(move |first| *first < to)
        .map(move |first| (first, first.saturating_add(bytes).min(to) - 1))
}
