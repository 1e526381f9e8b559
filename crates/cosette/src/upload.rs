//! Uploading bytes of any size: in one request while they are few, else in parts.
//!
//! Files are read as they are sent, once before to know their sums: memory is a small buffer for each
//! part under way. A stream is read once, in order, into buffers of one part each: memory is bounded
//! by `parallel + 1` parts. Every CRC-64 that the service answers is compared with the one of the
//! bytes that were read.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use cosette_proto::Dialect;
use cosette_proto::ops::{
    AbortUpload, CompleteUpload, CompletedPart, InitiateUpload, PutObject, UploadPart,
};
use cosette_types::{
    AclHeaders, BucketName, Crc64, CustomerKey, ETag, Encryption, Md5, Metadata, ObjectKey,
    PartNumber, Preconditions, Region, StorageClass, Tags, UploadId, VersionId,
};
use futures_util::StreamExt;

use crate::body::Body;
use crate::calls::{acl_setters, common_setters, metadata_setters, tag_setters};
use crate::checksum::Sums;
use crate::client::Client;
use crate::draft::Draft;
use crate::error::{Error, ErrorKind};
use crate::leftovers::{self, Tracked};
use crate::progress::{Meter, Report};
use crate::proof::Proof;
use crate::reconcile;
use crate::reply::Output;
use crate::send::Context;
use crate::slice_copy::plan_setter;
use crate::transfer::Tracker;

mod parts;

use parts::{Part, Parts, part_bytes};

/// Parts that are sent at the same time when nothing else is said.
const PARALLEL_DEFAULT: usize = 4;
/// An upload, being put together. See [`Client::upload`].
#[derive(Debug)]
#[must_use = "a call does nothing until it is sent"]
pub struct Upload {
    pub(crate) draft: Draft,
    pub(crate) plan: Plan,
    file: Option<PathBuf>,
}

#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) bucket: Option<BucketName>,
    pub(crate) key: Option<ObjectKey>,
    pub(crate) metadata: Metadata,
    pub(crate) storage_class: Option<StorageClass>,
    pub(crate) acl: AclHeaders,
    pub(crate) tags: Tags,
    pub(crate) forbid_overwrite: Option<bool>,
    pub(crate) encryption: Option<Encryption>,
    pub(crate) part_size: Option<u64>,
    pub(crate) parallel: Option<usize>,
    pub(crate) report: Report,
    pub(crate) tracker: Option<Tracker>,
    /// An upload that an earlier attempt left.
    pub(crate) resume: Option<UploadId>,
    pub(crate) keep_parts: Option<bool>,
    /// The CRC-64 that the bytes must have: other ones are never stored.
    pub(crate) expected: Option<Crc64>,
}

/// The object is stored; the same fields whichever way it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Uploaded {
    /// Where the object is: `<scheme>://<host as addressed>/<encoded key>`.
    pub location: String,
    /// Its bucket.
    pub bucket: BucketName,
    /// Its key.
    pub key: ObjectKey,
    /// Its ETag.
    pub etag: ETag,
    /// Its version, if its bucket has versioning enabled.
    pub version_id: Option<VersionId>,
    /// The CRC-64 of the bytes that were read.
    pub crc64: Crc64,
    /// Its size in bytes.
    pub size: u64,
    /// How many parts it was sent in; 0 when it was one request.
    pub parts: usize,
    /// By what it is known that the service has the bytes that were read.
    pub proof: Proof,
    /// Bytes of parts that an earlier attempt had sent, and that were not sent again.
    pub resumed_bytes: u64,
}

impl Client {
    /// Stores bytes, a file or a stream of any size, and compares CRC-64s.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/example.rs"));
    /// # fn main() { example(|client| async move {
    /// let stored = client
    ///     .upload()
    ///     .bucket("examplebucket-1250000000")
    ///     .key("notes/today.txt")
    ///     .content_type("text/plain")
    ///     .body("remember the milk")
    ///     .send()
    ///     .await?;
    /// assert_eq!(stored.size, 17);
    /// # Ok(()) }) }
    /// ```
    pub fn upload(&self) -> Upload {
        Upload {
            draft: Draft::new(self),
            plan: Plan::default(),
            file: None,
        }
    }
}

impl Upload {
    common_setters!();
    plan_setter!(
        /// The bucket, `BucketName-APPID`.
        bucket bucket BucketName);
    plan_setter!(
        /// The key.
        key key ObjectKey);
    plan_setter!(
        /// The object's class; STANDARD when not given.
        storage_class storage_class StorageClass);
    plan_setter!(
        /// Whether an object that exists already is an error (409 `FileAlreadyExists`).
        forbid_overwrite forbid_overwrite bool);
    plan_setter!(
        /// How the bytes are encrypted where they are kept; as the bucket says when not given. A
        /// customer's key goes along with each part.
        server_side_encryption encryption Encryption);
    plan_setter!(
        /// Bytes of each part, 16 MiB when not given, at least 1 MiB. What is not larger is sent in
        /// one request. Parts grow as needed so that there are at most 10,000.
        number part_size part_size u64);
    plan_setter!(
        /// Parts sent at the same time, 4 when not given.
        number parallel parallel usize);
    plan_setter!(
        /// Leaves the parts there when the upload fails; the error's
        /// [`upload_id`](Error::upload_id) is what [`resume`](Upload::resume) takes. Otherwise the
        /// upload is aborted.
        keep_parts_on_failure keep_parts bool);
    plan_setter!(
        /// Goes on with an upload that an earlier attempt left: parts that are there with the right
        /// size and the MD5 of the bytes that are read are not sent again. Parts are as large as the
        /// first one there when no `part_size` is given. What the object will be (metadata, class,
        /// ACL, tags) was said when the upload was begun.
        resume resume UploadId);
    metadata_setters!(plan.metadata);
    acl_setters!(plan.acl);
    tag_setters!(plan.tags);

    /// The bytes: some, or a stream.
    pub fn body(mut self, body: impl Into<Body>) -> Self {
        self.draft.body = Some(body.into());
        self
    }

    /// The bytes of a file.
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.file = Some(path.into());
        self
    }

    /// Is told how far the upload is.
    pub fn on_progress(
        mut self,
        listener: impl Fn(crate::Progress) + Send + Sync + 'static,
    ) -> Self {
        self.plan.report = Report::to(listener);
        self
    }

    /// Stores the object.
    ///
    /// # Errors
    /// What the service or the network said of the request that failed for good;
    /// [`ErrorKind::Local`] when the bytes cannot be read; [`ErrorKind::Corrupt`] when the service
    /// has other bytes than were read.
    pub async fn send(mut self) -> Result<Output<Uploaded>, Error> {
        self.draft.check()?;
        let body = match (self.file.take(), self.draft.body.take()) {
            (Some(file), _) => Body::file(file).await?,
            (None, body) => body.unwrap_or_default(),
        };
        let uploader = Uploader::new(self.draft, self.plan)?;
        uploader.run(body).await
    }
}

/// An upload whose arguments are known to be legal.
#[derive(Debug)]
struct Uploader {
    client: Client,
    region: Region,
    bucket: BucketName,
    key: ObjectKey,
    making: Context,
    plain: Context,
    plan: Plan,
}

/// Parts that an earlier attempt left.
type There = BTreeMap<PartNumber, (ETag, u64)>;

/// An upload that parts are sent to.
struct Open {
    upload_id: UploadId,
    there: There,
}

/// One part, stored.
struct Stored {
    part: CompletedPart,
    crc64: Crc64,
    len: u64,
    proof: Proof,
    /// Whether it was there before.
    found: bool,
}

/// By what it is known that the service has what was sent.
fn proof_of(sent: Option<Md5>, etag: &ETag, crc64: Option<Crc64>) -> Proof {
    match (crc64, sent) {
        (Some(_), _) => Proof::Crc64,
        (None, Some(md5)) if ETag::of_md5(md5) == *etag => Proof::ETag,
        _ => Proof::None,
    }
}

impl Uploader {
    fn new(draft: Draft, mut plan: Plan) -> Result<Self, Error> {
        let bucket = plan.bucket.take().ok_or_else(|| Error::missing("bucket"))?;
        let region = draft.region_in_force()?;
        let key = plan.key.take().ok_or_else(|| Error::missing("key"))?;
        Ok(Self {
            client: draft.client,
            plain: Context {
                region: Some(region.clone()),
                ..Context::default()
            },
            making: Context {
                region: Some(region.clone()),
                headers: draft.context.headers,
            },
            region,
            bucket,
            key,
            plan,
        })
    }

    async fn run(&self, body: Body) -> Result<Output<Uploaded>, Error> {
        let known = body.len();
        let mut meter = Meter::begin(&self.client, &self.plan.report, known);
        let earlier = match &self.plan.resume {
            Some(upload_id) => Some(self.earlier(upload_id).await?),
            None => None,
        };
        let of_first = || Some(earlier.as_ref()?.there.get(&PartNumber::MIN)?.1);
        let part_bytes = part_bytes(known, self.plan.part_size.or_else(of_first))?;
        let mut parts = Parts::new(body, part_bytes);
        let first = parts.read().await?;
        let second = match first.is_full(part_bytes) {
            true => parts.next().await?,
            false => None,
        };
        let stored = match (earlier, second) {
            (None, None) => self.in_one_request(first, &mut meter).await?,
            (None, Some(second)) => {
                let begun = self.begin(parts.part_bytes()).await?;
                let first = vec![first, second];
                self.in_parts(begun, first, parts, &mut meter).await?
            }
            (Some(earlier), second) => {
                let first = std::iter::once(first).chain(second).collect();
                self.in_parts(earlier, first, parts, &mut meter).await?
            }
        };
        meter.finish();
        Ok(stored)
    }

    /// What an earlier attempt left.
    async fn earlier(&self, upload_id: &UploadId) -> Result<Open, Error> {
        let object = (&self.bucket, &self.key);
        let there = leftovers::parts_there(&self.client, &self.plain, object, upload_id).await?;
        Ok(Open {
            upload_id: upload_id.clone(),
            there,
        })
    }

    async fn in_one_request(
        &self,
        whole: Part,
        meter: &mut Meter<'_>,
    ) -> Result<Output<Uploaded>, Error> {
        let size = whole.len;
        let Sums { crc64: crc, md5 } = whole.body.sums(self.wants_md5()).await?;
        self.expect(crc)?;
        let message = PutObject {
            bucket: self.bucket.clone(),
            key: self.key.clone(),
            metadata: self.plan.metadata.clone(),
            storage_class: self.plan.storage_class,
            acl: self.plan.acl.clone(),
            content_md5: md5,
            tags: self.plan.tags.clone(),
            forbid_overwrite: self.plan.forbid_overwrite.unwrap_or_default(),
            preconditions: Preconditions::default(),
            encryption: self.plan.encryption.clone(),
        };
        let output = self
            .client
            .perform(&self.making, &message, Some(whole.body))
            .await?;
        self.compare(crc, output.crc64)?;
        meter.add(size);
        let proof = proof_of(md5, &output.etag, output.crc64);
        Ok(output.map(|reply| Uploaded {
            proof,
            ..self.uploaded(reply.etag, reply.version_id, crc, size, 0)
        }))
    }

    async fn in_parts(
        &self,
        open: Open,
        first: Vec<Part>,
        rest: Parts,
        meter: &mut Meter<'_>,
    ) -> Result<Output<Uploaded>, Error> {
        match self.fill(&open, first, rest, meter).await {
            Ok(uploaded) => Ok(uploaded),
            Err(error) if self.plan.keep_parts.unwrap_or_default() => {
                Err(error.with_upload(Some(open.upload_id)))
            }
            Err(error) => {
                let (bucket, key) = (self.bucket.clone(), self.key.clone());
                let message = AbortUpload {
                    bucket,
                    key,
                    upload_id: open.upload_id,
                };
                if let Err(failed) = self.client.perform(&self.plain, &message, None).await {
                    tracing::warn!(error = %failed.error, "an upload could not be aborted");
                } else if let Some(tracker) = &self.plan.tracker {
                    tracker.gone().await?;
                }
                Err(error)
            }
        }
    }

    async fn begin(&self, part_bytes: u64) -> Result<Open, Error> {
        let message = InitiateUpload {
            bucket: self.bucket.clone(),
            key: self.key.clone(),
            metadata: self.plan.metadata.clone(),
            storage_class: self.plan.storage_class,
            acl: self.plan.acl.clone(),
            tags: self.plan.tags.clone(),
            encryption: self.plan.encryption.clone(),
        };
        let tracked = self.plan.tracker.as_ref().map(|tracker| Tracked {
            tracker,
            part_bytes,
            source_etag: None,
        });
        let Self {
            client,
            making,
            plain,
            ..
        } = self;
        let upload_id = leftovers::begin(client, making, plain, &message, tracked).await?;
        Ok(Open {
            upload_id,
            there: There::new(),
        })
    }

    async fn fill(
        &self,
        open: &Open,
        first: Vec<Part>,
        rest: Parts,
        meter: &mut Meter<'_>,
    ) -> Result<Output<Uploaded>, Error> {
        let mut stored = self.send_parts(open, first, rest, meter).await?;
        stored.sort_by_key(|stored| stored.part.part_number);
        let size = stored.iter().map(|stored| stored.len).sum();
        let crc = stored.iter().fold(Crc64::EMPTY, |whole, stored| {
            whole.then(stored.crc64, stored.len)
        });
        self.expect(crc)?;
        let found = stored.iter().filter(|stored| stored.found);
        let resumed_bytes = found.map(|stored| stored.len).sum();
        let sent = stored.iter().map(|stored| stored.proof).min();
        let message = CompleteUpload {
            bucket: self.bucket.clone(),
            key: self.key.clone(),
            upload_id: open.upload_id.clone(),
            parts: stored.into_iter().map(|stored| stored.part).collect(),
            forbid_overwrite: self.plan.forbid_overwrite.unwrap_or_default(),
            preconditions: Preconditions::default(),
        };
        let output =
            reconcile::complete_upload(&self.client, &self.plain, &message, self.key()).await?;
        self.compare(crc, output.crc64)?;
        let parts = message.parts.len();
        let proof = match output.crc64 {
            Some(_) => Proof::Crc64,
            // The service joins the parts that it was told, by their tags.
            None => sent.unwrap_or_default(),
        };
        Ok(output.map(|reply| {
            let version_id = reply.version_id.filter(|id| !id.is_null());
            Uploaded {
                proof,
                resumed_bytes,
                ..self.uploaded(reply.etag, version_id, crc, size, parts)
            }
        }))
    }

    /// Sends parts as they are read, several at a time. After the first that fails for good no more
    /// are begun, and those under way are waited for.
    async fn send_parts(
        &self,
        open: &Open,
        first: Vec<Part>,
        rest: Parts,
        meter: &mut Meter<'_>,
    ) -> Result<Vec<Stored>, Error> {
        let stopped = &AtomicBool::new(false);
        let read =
            futures_util::stream::iter(first.into_iter().map(Ok)).chain(Box::pin(rest.stream()));
        let parallel = self.plan.parallel.unwrap_or(PARALLEL_DEFAULT).max(1);
        let mut sends = read
            .take_while(|_| std::future::ready(!stopped.load(Ordering::Relaxed)))
            .map(|part| async move { self.send_part(open, part?).await })
            .buffer_unordered(parallel);
        let mut all = Ok(Vec::new());
        while let Some(sent) = sends.next().await {
            match (sent, &mut all) {
                (Ok(stored), Ok(all)) => {
                    match stored.found {
                        true => meter.found(stored.len),
                        false => meter.add(stored.len),
                    }
                    all.push(stored);
                }
                (Err(error), Ok(_)) => {
                    stopped.store(true, Ordering::Relaxed);
                    all = Err(error);
                }
                (_, Err(_)) => {}
            }
        }
        all
    }

    async fn send_part(&self, open: &Open, part: Part) -> Result<Stored, Error> {
        let Part { number, len, .. } = part;
        let there = open.there.get(&number).filter(|(_, there)| *there == len);
        let wanted = self.wants_md5() || there.is_some();
        let Sums { crc64: crc, md5 } = part.body.sums(wanted).await?;
        let kept = there.filter(|(etag, _)| md5.map(ETag::of_md5).as_ref() == Some(etag));
        if let Some((etag, _)) = kept {
            return Ok(Stored {
                part: CompletedPart {
                    part_number: number,
                    etag: etag.clone(),
                    checksum: None,
                },
                crc64: crc,
                len,
                proof: Proof::ETag,
                found: true,
            });
        }
        let message = UploadPart {
            bucket: self.bucket.clone(),
            key: self.key.clone(),
            upload_id: open.upload_id.clone(),
            part_number: number,
            content_md5: md5.filter(|_| self.wants_md5()),
            encryption: self.key().cloned().map(Encryption::Customer),
        };
        let reply = self
            .client
            .perform(&self.plain, &message, Some(part.body))
            .await?
            .value;
        self.compare(crc, reply.crc64)?;
        let proof = proof_of(md5, &reply.etag, reply.crc64);
        Ok(Stored {
            part: CompletedPart {
                part_number: number,
                etag: reply.etag,
                checksum: None,
            },
            crc64: crc,
            len,
            proof,
            found: false,
        })
    }

    /// The customer's key, which each request for the object brings along.
    fn key(&self) -> Option<&CustomerKey> {
        self.plan.encryption.as_ref()?.customer_key()
    }

    /// What a service of the S3 dialect, which tells no CRC-64, compares with what arrives.
    fn wants_md5(&self) -> bool {
        self.client.dialect() == Dialect::S3
    }

    /// # Errors
    /// When the bytes that were read are not those that should have been.
    fn expect(&self, read: Crc64) -> Result<(), Error> {
        match self.plan.expected {
            Some(wanted) if wanted != read => {
                let words = format!("the CRC-64 of what was read is {read}, the source's {wanted}");
                let subject = format!("{}/{}", self.bucket, self.key);
                Err(Error::new(ErrorKind::Corrupt, words).about(&subject))
            }
            _ => Ok(()),
        }
    }

    fn compare(&self, read: Crc64, stored: Option<Crc64>) -> Result<(), Error> {
        match stored {
            Some(stored) if stored != read => {
                let words = format!("the CRC-64 sent is {read}, the one stored {stored}");
                let subject = format!("{}/{}", self.bucket, self.key);
                Err(Error::new(ErrorKind::Corrupt, words).about(&subject))
            }
            _ => Ok(()),
        }
    }

    fn uploaded(
        &self,
        etag: ETag,
        version_id: Option<VersionId>,
        crc64: Crc64,
        size: u64,
        parts: usize,
    ) -> Uploaded {
        Uploaded {
            location: self
                .client
                .endpoint()
                .location(&self.bucket, &self.region, &self.key),
            bucket: self.bucket.clone(),
            key: self.key.clone(),
            etag,
            version_id,
            crc64,
            size,
            parts,
            proof: Proof::None,
            resumed_bytes: 0,
        }
    }
}
