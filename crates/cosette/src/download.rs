//! Downloading an object of any size: ranges of it in parallel, pinned to what was seen first, each
//! taken up again where a connection was lost. The CRC-64 of what arrived is compared.

use std::ffi::OsString;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::{Path, PathBuf};

use bytes::{Bytes, BytesMut};
use cosette_proto::ops::{GetObject, ObjectReply, ResponseOverrides};
use cosette_types::{BucketName, Crc64, ObjectKey, Preconditions, ReadRange, VersionId};
use futures_util::StreamExt;
use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::calls::common_setters;
use crate::checksum::crc64;
use crate::client::Client;
use crate::draft::Draft;
use crate::error::{Error, ErrorKind};
use crate::progress::{Meter, Report};
use crate::reconcile;
use crate::reply::Output;
use crate::send::Context;
use crate::slice_copy::plan_setter;

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
    part_size: Option<u64>,
    parallel: Option<usize>,
    report: Report,
}

impl Client {
    /// Reads an object of any size into a file or a writer, and compares CRC-64s.
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

    /// Reads the object into a file, which appears (or is replaced) only when all of it is there and
    /// right.
    ///
    /// # Errors
    /// As [`Download::to_writer`].
    pub async fn to_file(self, path: impl AsRef<Path>) -> Result<Output<ObjectReply>, Error> {
        let path = path.as_ref();
        let local = |why| Error::local(&path.display().to_string(), why);
        let beside = beside(path);
        let mut file = tokio::fs::File::create_new(&beside).await.map_err(local)?;
        let read = self.to_writer(&mut file).await;
        let kept = match read {
            Ok(object) => match file.sync_all().await {
                Ok(()) => tokio::fs::rename(&beside, path)
                    .await
                    .map(|()| object)
                    .map_err(local),
                Err(why) => Err(local(why)),
            },
            Err(error) => Err(error),
        };
        if kept.is_err() {
            // Best effort: the error that led here is the one to report.
            let _ = tokio::fs::remove_file(&beside).await;
        }
        kept
    }

    /// Reads the object into a writer, in order. After an error the writer has a part of it.
    ///
    /// # Errors
    /// What the service or the network said of the request that failed for good;
    /// [`ErrorKind::PreconditionFailed`] when the object changed meanwhile; [`ErrorKind::Local`] when
    /// the writer fails; [`ErrorKind::Corrupt`] when what arrived is not what the service has.
    pub async fn to_writer(
        self,
        writer: &mut (dyn AsyncWrite + Unpin + Send),
    ) -> Result<Output<ObjectReply>, Error> {
        self.draft.check()?;
        let Plan {
            bucket,
            key,
            version_id,
            ..
        } = self.plan;
        let bucket = bucket.ok_or_else(|| Error::missing("bucket"))?;
        self.draft.region_in_force()?;
        let key = key.ok_or_else(|| Error::missing("key"))?;
        let Draft {
            client, context, ..
        } = self.draft;
        let object = reconcile::head(&client, &context, &bucket, &key, version_id.as_ref()).await?;
        let mut meter = Meter::begin(&client, &self.plan.report, object.size());
        let pinned = Preconditions {
            if_match: Some(object.etag.clone().into()),
            ..Preconditions::default()
        };
        let reader = Reader {
            client: client.clone(),
            context: context.clone(),
            bucket,
            key,
            version_id,
            pinned,
        };
        let part = self.plan.part_size.unwrap_or(PART_BYTES_DEFAULT).max(1);
        let size = object.size();
        let firsts = std::iter::successors(Some(0_u64), |first| first.checked_add(part));
        let ranges = firsts
            .take_while(|first| *first < size)
            .map(|first| (first, first.saturating_add(part).min(size) - 1));
        let parallel = self.plan.parallel.unwrap_or(PARALLEL_DEFAULT).max(1);
        let mut parts = futures_util::stream::iter(ranges)
            .map(|(first, last)| reader.range(first, last))
            .buffered(parallel);
        let mut crc = Crc64::EMPTY;
        while let Some(bytes) = parts.next().await {
            let bytes = bytes?;
            crc = crc.then(crc64(&bytes), bytes.len() as u64);
            let written = writer.write_all(&bytes).await;
            written.map_err(|why| Error::local("the bytes cannot be written", why))?;
            meter.add(bytes.len() as u64);
        }
        writer
            .flush()
            .await
            .map_err(|why| Error::local("the bytes cannot be written", why))?;
        match object.crc64 {
            Some(wanted) if wanted != crc => {
                let words = format!("the CRC-64 of what arrived is {crc}, the object's {wanted}");
                Err(Error::new(ErrorKind::Corrupt, words).about(&reader.subject()))
            }
            _ => {
                meter.finish();
                Ok(object)
            }
        }
    }
}

/// Reads ranges of one object.
pub(crate) struct Reader {
    pub(crate) client: Client,
    pub(crate) context: Context,
    pub(crate) bucket: BucketName,
    pub(crate) key: ObjectKey,
    pub(crate) version_id: Option<VersionId>,
    pub(crate) pinned: Preconditions,
}

impl Reader {
    fn subject(&self) -> String {
        format!("{}/{}", self.bucket, self.key)
    }

    /// The bytes of a range, asked for again from where they ended if the connection was lost.
    pub(crate) async fn range(&self, first: u64, last: u64) -> Result<Bytes, Error> {
        let wanted = last - first + 1;
        let mut bytes = BytesMut::new();
        let mut attempt = 1;
        loop {
            let lost = match self
                .read(first + bytes.len() as u64, last, &mut bytes)
                .await
            {
                Ok(()) if bytes.len() as u64 == wanted => return Ok(bytes.freeze()),
                Ok(()) => Error::new(ErrorKind::Network, "the body ended early"),
                Err(error) => error,
            };
            let again = matches!(lost.kind(), ErrorKind::Network | ErrorKind::Timeout);
            // What failed before the first byte was retried as every request is.
            if !again || lost.attempts() > 0 || attempt >= self.client.retry().attempts_max {
                return Err(lost.about(&self.subject()));
            }
            self.client
                .clock()
                .sleep(self.client.retry().delay(attempt, None))
                .await;
            attempt += 1;
        }
    }

    async fn read(&self, first: u64, last: u64, bytes: &mut BytesMut) -> Result<(), Error> {
        let message = GetObject {
            bucket: self.bucket.clone(),
            key: self.key.clone(),
            version_id: self.version_id.clone(),
            range: Some(ReadRange::FromTo(first, last)),
            preconditions: self.pinned.clone(),
            overrides: ResponseOverrides::default(),
            customer_key: None,
        };
        let (reply, mut body) = self.client.fetch(&self.context, &message).await?;
        // A store that knows no ranges sends the whole object, which is right only if it was asked for.
        let sent = match reply.content_range {
            Some(range) => (range.first, range.last),
            None => (0, reply.content_length.saturating_sub(1)),
        };
        if sent != (first, last) {
            let words = "the service sent another range than was asked for";
            return Err(Error::new(ErrorKind::Unreadable, words));
        }
        let mut left = last - first + 1;
        while let Some(chunk) = body.chunk().await? {
            left = left.checked_sub(chunk.len() as u64).ok_or_else(|| {
                Error::new(
                    ErrorKind::Unreadable,
                    "the service sent more bytes than asked for",
                )
            })?;
            bytes.extend_from_slice(&chunk);
        }
        Ok(())
    }
}

/// A name for the unfinished file, in the same folder so that it can be renamed.
fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(
        ".{:016x}.part",
        RandomState::new().build_hasher().finish()
    ));
    path.with_file_name(name)
}
