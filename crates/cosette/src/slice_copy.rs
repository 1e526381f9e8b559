//! Copying an object of any size: in one request while it is small enough, else in parts.
//!
//! The source is looked at once and pinned: every request that copies bytes carries its ETag. What is
//! asked for (class, metadata, ACL, conditions, version) has the same outcome on both paths, and the
//! CRC-64 of the result is compared with the source's.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use cosette_proto::ops::{
    AbortUpload, CompleteUpload, CompletedPart, CopyObject, InitiateUpload, ListParts, ObjectReply,
    UploadPartCopy,
};
use cosette_proto::{ErrorCode, Message};
use cosette_types::{
    AclHeaders, BucketName, ByteRange, CopySource, Crc64, Directive, ETag, Facts, Metadata,
    ObjectKey, PartNumber, Preconditions, Region, StorageClass, Text, UploadId, VersionId, limits,
};
use futures_util::StreamExt;

use crate::calls::{
    acl_setters, common_setters, condition_setter, metadata_setters, source_condition_setters,
};
use crate::client::Client;
use crate::draft::Draft;
use crate::error::{Error, ErrorKind};
use crate::progress::{Meter, Report};
use crate::reconcile;
use crate::reply::Output;
use crate::send::Context;

/// Parts that are copied at the same time when nothing else is said.
const PARALLEL_DEFAULT: usize = 8;

/// A copy of any size, being put together. See [`Client::slice_copy`].
#[derive(Debug)]
#[must_use = "a call does nothing until it is sent"]
pub struct SliceCopy {
    pub(crate) draft: Draft,
    pub(crate) plan: Plan,
}

/// What is asked for.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) bucket: Option<BucketName>,
    pub(crate) key: Option<ObjectKey>,
    pub(crate) source: Option<CopySource>,
    pub(crate) directive: Option<Directive>,
    pub(crate) metadata: Metadata,
    pub(crate) storage_class: Option<StorageClass>,
    pub(crate) acl: AclHeaders,
    pub(crate) conditions: Preconditions,
    pub(crate) forbid_overwrite: Option<bool>,
    pub(crate) slice_size: Option<u64>,
    pub(crate) chunk_size: Option<u64>,
    pub(crate) parallel: Option<usize>,
    pub(crate) keep_parts: Option<bool>,
    pub(crate) resume: Option<UploadId>,
    pub(crate) report: Report,
}

/// The copy is made; the same fields whichever way it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SliceCopied {
    /// Where the object is: `<scheme>://<host as addressed>/<encoded key>`.
    pub location: String,
    /// The target's bucket.
    pub bucket: BucketName,
    /// The target's key.
    pub key: ObjectKey,
    /// The target's ETag: the source's when it was copied in one request, else one that ends in the
    /// number of parts.
    pub etag: ETag,
    /// The target's version, if its bucket has versioning enabled.
    pub version_id: Option<VersionId>,
    /// The CRC-64 of its bytes, if the service told it.
    pub crc64: Option<Crc64>,
    /// Its size in bytes.
    pub size: u64,
    /// How many parts it was copied in; 0 when it was one request.
    pub parts: usize,
}

/// One setter of a value.
macro_rules! plan_setter {
    ($(#[$doc:meta])* $name:ident $field:ident $ty:ty) => {
        $(#[$doc])*
        pub fn $name(mut self, value: impl $crate::Argument<$ty>) -> Self {
            if let Some(value) = self.draft.take(stringify!($name), value) {
                self.plan.$field = Some(value);
            }
            self
        }
    };
    ($(#[$doc:meta])* number $name:ident $field:ident $ty:ty) => {
        $(#[$doc])*
        pub fn $name(mut self, value: $ty) -> Self {
            self.plan.$field = Some(value);
            self
        }
    };
}

/// The setters of whatever copies in slices.
macro_rules! plan_setters {
    () => {
        common_setters!();
        plan_setter!(
            /// The target's bucket, `BucketName-APPID`.
            bucket bucket $crate::BucketName);
        plan_setter!(
            /// The target's key.
            key key $crate::ObjectKey);
        plan_setter!(
            /// What is copied: a [`CopySource`](crate::CopySource), or its text with the key
            /// percent-encoded, `<bucket>.cos.<region>.myqcloud.com/<key>[?versionId=<id>]`.
            copy_source source $crate::CopySource);
        plan_setter!(
            /// Whether the source's metadata is copied (the default), or replaced by the call's.
            metadata_directive directive $crate::Directive);
        plan_setter!(
            /// The target's class.
            storage_class storage_class $crate::StorageClass);
        plan_setter!(
            /// Whether a target that exists already is an error (409 `FileAlreadyExists`).
            forbid_overwrite forbid_overwrite bool);
        plan_setter!(
            /// Largest size that is copied in one request, 5,368,709,120 when not given. A larger
            /// source is copied in parts.
            #[doc(alias = "SliceSize")]
            #[doc(alias = "CopySliceSize")]
            number slice_size slice_size u64);
        plan_setter!(
            /// Bytes of each part, 1,048,576 when not given; less is raised to that, and parts grow
            /// as needed so that there are at most 10,000.
            #[doc(alias = "ChunkSize")]
            #[doc(alias = "CopyChunkSize")]
            number chunk_size chunk_size u64);
        plan_setter!(
            /// Parts copied at the same time, 8 when not given.
            number parallel parallel usize);
        metadata_setters!(plan.metadata);
        acl_setters!(plan.acl);
        source_condition_setters!(plan.conditions);

        /// Is told how far the copy is.
        #[doc(alias = "onProgress")]
        pub fn on_progress(
            mut self,
            listener: impl Fn($crate::Progress) + Send + Sync + 'static,
        ) -> Self {
            self.plan.report = $crate::progress::Report::to(listener);
            self
        }
    };
}
pub(crate) use {plan_setter, plan_setters};

impl Client {
    /// Copies an object of any size (the seed's `sliceCopyFile`): a source of up to `slice_size`
    /// bytes in one request, a larger one in parts of `chunk_size`. As for a raw copy, the class is
    /// STANDARD and the ACL inherited unless given; metadata is copied unless replaced.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/example.rs"));
    /// # fn main() { example(|client| async move {
    /// // seed: S121, S131
    /// // Copy a/1.jpg to b/1.jpg.
    /// let copied = client
    ///     .slice_copy()
    ///     .bucket("examplebucket-1250000000")
    ///     .region("ap-guangzhou")
    ///     .key("b/1.jpg")
    ///     .copy_source("sourcebucket-1250000000.cos.ap-guangzhou.myqcloud.com/a/1.jpg")
    ///     .on_progress(|progress| println!("{:.0} %", progress.percent * 100.0))
    ///     .send()
    ///     .await?;
    /// println!("{} {}", copied.location, copied.etag);
    /// # Ok(()) }) }
    /// ```
    #[doc(alias = "sliceCopyFile")]
    pub fn slice_copy(&self) -> SliceCopy {
        SliceCopy {
            draft: Draft::new(self),
            plan: Plan::new(),
        }
    }
}

impl SliceCopy {
    plan_setters!();
    plan_setter!(
        /// Leaves the parts there when the copy fails; the error's
        /// [`upload_id`](Error::upload_id) is what [`resume`](SliceCopy::resume) takes. Otherwise
        /// the upload is aborted.
        keep_parts_on_failure keep_parts bool);
    plan_setter!(
        /// Goes on with an upload that an earlier copy of the same source left: parts that are there
        /// with the right size are not copied again.
        resume resume UploadId);

    /// Makes the copy.
    ///
    /// # Errors
    /// What the service or the network said of the request that failed for good;
    /// [`ErrorKind::PreconditionFailed`] when a condition does not hold or the source changed
    /// meanwhile; [`ErrorKind::Corrupt`] when the CRC-64 of the result is not the source's.
    pub async fn send(self) -> Result<Output<SliceCopied>, Error> {
        let copier = Copier::new(self.draft, self.plan)?;
        let source = copier.look_at_source().await?;
        copier.copy(&source).await
    }
}

impl Plan {
    pub(crate) fn new() -> Self {
        Self {
            bucket: None,
            key: None,
            source: None,
            directive: None,
            metadata: Metadata::default(),
            storage_class: None,
            acl: AclHeaders::default(),
            conditions: Preconditions::default(),
            forbid_overwrite: None,
            slice_size: None,
            chunk_size: None,
            parallel: None,
            keep_parts: None,
            resume: None,
            report: Report::default(),
        }
    }
}

/// A copy whose arguments are known to be legal.
#[derive(Debug)]
pub(crate) struct Copier {
    pub(crate) client: Client,
    pub(crate) bucket: BucketName,
    pub(crate) key: ObjectKey,
    pub(crate) source: CopySource,
    pub(crate) plan: Plan,
    region: Region,
    /// For the request that says what the target will be: it takes the call's own headers.
    making: Context,
    /// For the other requests to the target.
    pub(crate) plain: Context,
    /// For requests to the source.
    pub(crate) reading: Context,
}

/// One part of the plan.
#[derive(Debug, Clone, Copy)]
struct Slice {
    number: PartNumber,
    range: ByteRange,
}

impl Slice {
    const fn len(self) -> u64 {
        self.range.last() - self.range.first() + 1
    }
}

/// A part that is there.
#[derive(Debug)]
struct Copied {
    number: PartNumber,
    etag: ETag,
    crc64: Option<Crc64>,
    len: u64,
}

impl Copier {
    /// # Errors
    /// [`ErrorKind::Invalid`], naming what is missing or wrong, before anything is sent.
    pub(crate) fn new(draft: Draft, mut plan: Plan) -> Result<Self, Error> {
        draft.check()?;
        let bucket = plan.bucket.take().ok_or_else(|| Error::missing("bucket"))?;
        let region = draft.region_in_force()?;
        let key = plan.key.take().ok_or_else(|| Error::missing("key"))?;
        let mut source = plan
            .source
            .take()
            .ok_or_else(|| Error::missing("copy_source"))?;
        source.region.get_or_insert_with(|| region.clone());
        let plain = Context {
            region: Some(region.clone()),
            ..Context::default()
        };
        let reading = Context {
            region: source.region.clone(),
            ..Context::default()
        };
        let copier = Self {
            client: draft.client,
            bucket,
            key,
            source,
            plan,
            making: Context {
                region: Some(region.clone()),
                headers: draft.context.headers,
            },
            plain,
            reading,
            region,
        };
        let kept = copier.plan.directive != Some(Directive::Replaced);
        if copier.is_in_place()
            && copier.source.version_id.is_none()
            && kept
            && copier.plan.storage_class.is_none()
        {
            return Err(Error::invalid(
                "metadata_directive",
                "source and target are one object: it must be Replaced, or a storage class given",
            ));
        }
        Ok(copier)
    }

    /// Whether source and target are one object. Bucket names are unique over all regions.
    pub(crate) fn is_in_place(&self) -> bool {
        self.source.bucket == self.bucket && self.source.key == self.key
    }

    pub(crate) async fn look_at_source(&self) -> Result<Output<ObjectReply>, Error> {
        let CopySource {
            bucket,
            key,
            version_id,
            ..
        } = &self.source;
        reconcile::head(
            &self.client,
            &self.reading,
            bucket,
            key,
            version_id.as_ref(),
        )
        .await
    }

    /// Copies the source as it was seen.
    pub(crate) async fn copy(
        &self,
        source: &Output<ObjectReply>,
    ) -> Result<Output<SliceCopied>, Error> {
        let facts = Facts {
            etag: source.etag.clone(),
            last_modified: source.last_modified,
        };
        if !self.plan.conditions.hold(&facts) {
            let words = "a condition on the source does not hold";
            let headers = source.headers.clone();
            return Err(
                Error::decided(ErrorCode::PreconditionFailed, headers, words)
                    .with_operation(CopyObject::NAME, &self.target()),
            );
        }
        let size = source.size();
        let mut meter = Meter::begin(&self.client, &self.plan.report, size);
        let copied = if size <= self.plan.slice_size.unwrap_or(limits::SLICE_BYTES_DEFAULT) {
            self.in_one_request(source).await?
        } else {
            self.in_parts(source, &mut meter).await?
        };
        self.compare(source.crc64, copied.crc64)?;
        meter.finish();
        Ok(copied)
    }

    fn target(&self) -> String {
        format!("{}/{}", self.bucket, self.key)
    }

    fn compare(&self, source: Option<Crc64>, copy: Option<Crc64>) -> Result<(), Error> {
        match (source, copy) {
            (Some(wanted), Some(is)) if wanted != is => {
                let words = format!("the source's CRC-64 is {wanted}, the copy's {is}");
                Err(Error::new(ErrorKind::Corrupt, words).about(&self.target()))
            }
            _ => Ok(()),
        }
    }

    /// The conditions on every request that copies bytes: the source is still the one that was seen.
    /// Its tag stands for the conditions that held of it; a time since which it must not have been
    /// modified is the only other one that is legal beside a tag.
    fn pin(&self, source: &ObjectReply) -> Preconditions {
        Preconditions {
            if_match: Some(source.etag.clone().into()),
            if_unmodified_since: self.plan.conditions.if_unmodified_since,
            ..Preconditions::default()
        }
    }

    async fn in_one_request(&self, source: &ObjectReply) -> Result<Output<SliceCopied>, Error> {
        let message = CopyObject {
            bucket: self.bucket.clone(),
            key: self.key.clone(),
            source: self.source.clone(),
            source_preconditions: self.pin(source),
            directive: self.plan.directive,
            metadata: self.plan.metadata.clone(),
            storage_class: self.plan.storage_class,
            acl: self.plan.acl.clone(),
            forbid_overwrite: self.plan.forbid_overwrite.unwrap_or_default(),
        };
        let output = reconcile::copy_object(&self.client, &self.making, &message).await?;
        Ok(output.map(|reply| SliceCopied {
            etag: reply.etag,
            version_id: reply.version_id,
            crc64: reply.crc64,
            parts: 0,
            ..self.described(source.size())
        }))
    }

    /// The fields of a result that are known before; the others are placeholders.
    fn described(&self, size: u64) -> SliceCopied {
        SliceCopied {
            location: self
                .client
                .endpoint()
                .location(&self.bucket, &self.region, &self.key),
            bucket: self.bucket.clone(),
            key: self.key.clone(),
            etag: ETag::of_md5(cosette_types::Md5([0; 16])),
            version_id: None,
            crc64: None,
            size,
            parts: 0,
        }
    }

    async fn in_parts(
        &self,
        source: &Output<ObjectReply>,
        meter: &mut Meter<'_>,
    ) -> Result<Output<SliceCopied>, Error> {
        if is_archived(source) {
            let words = "the source is archived and not restored";
            let headers = source.headers.clone();
            return Err(
                Error::decided(ErrorCode::InvalidObjectState, headers, words)
                    .with_operation(UploadPartCopy::NAME, &self.target()),
            );
        }
        let slices = self.slices(source.size())?;
        let upload_id = match &self.plan.resume {
            Some(upload_id) => upload_id.clone(),
            None => self.begin(source).await?,
        };
        match self.fill(source, &upload_id, slices, meter).await {
            Ok(copied) => Ok(copied),
            Err(error) if self.plan.keep_parts.unwrap_or_default() => {
                Err(error.with_upload(Some(upload_id)))
            }
            Err(error) => {
                self.abort(upload_id).await;
                Err(error)
            }
        }
    }

    /// The parts of a source of `size` bytes.
    fn slices(&self, size: u64) -> Result<Vec<Slice>, Error> {
        if size > limits::OBJECT_BYTES_MAX {
            let words = format!(
                "no object may have more than {} bytes",
                limits::OBJECT_BYTES_MAX
            );
            return Err(Error::invalid("copy_source", words));
        }
        let chunk = chunk_bytes(size, self.plan.chunk_size);
        let firsts = std::iter::successors(Some(0_u64), |first| {
            first.checked_add(chunk).filter(|next| *next < size)
        });
        firsts
            .zip(1_u64..)
            .map(|(first, number)| {
                let last = first.saturating_add(chunk).min(size) - 1;
                Ok(Slice {
                    number: number.try_into()?,
                    range: ByteRange::new(first, last)?,
                })
            })
            .collect::<Result<_, cosette_types::Error>>()
            .map_err(|why| Error::invalid("chunk_size", why))
    }

    async fn begin(&self, source: &ObjectReply) -> Result<UploadId, Error> {
        let metadata = match self.plan.directive.unwrap_or_default() {
            Directive::Copy => source.metadata.clone(),
            Directive::Replaced => self.plan.metadata.clone(),
        };
        let message = InitiateUpload {
            bucket: self.bucket.clone(),
            key: self.key.clone(),
            metadata,
            storage_class: self.plan.storage_class,
            acl: self.plan.acl.clone(),
        };
        let output = self.client.perform(&self.making, &message, None).await?;
        Ok(output.value.upload_id)
    }

    /// Copies all parts that are not there, and completes the upload.
    async fn fill(
        &self,
        source: &Output<ObjectReply>,
        upload_id: &UploadId,
        slices: Vec<Slice>,
        meter: &mut Meter<'_>,
    ) -> Result<Output<SliceCopied>, Error> {
        let there = match &self.plan.resume {
            Some(_) => self.parts_there(upload_id).await?,
            None => BTreeMap::new(),
        };
        let (mut parts, mut missing) = (Vec::new(), Vec::new());
        for slice in slices {
            match there
                .get(&slice.number)
                .filter(|(_, len)| *len == slice.len())
            {
                Some((etag, len)) => {
                    meter.found(*len);
                    let (etag, len) = (etag.clone(), *len);
                    parts.push(Copied {
                        number: slice.number,
                        etag,
                        crc64: None,
                        len,
                    });
                }
                None => missing.push(slice),
            }
        }
        self.copy_parts(source, upload_id, missing, &mut parts, meter)
            .await?;
        parts.sort_by_key(|part| part.number);
        let joined = joined(&parts);
        // Found before the target exists: nothing of it becomes visible.
        self.compare(source.crc64, joined)?;
        let completed = parts
            .into_iter()
            .map(|Copied { number, etag, .. }| CompletedPart {
                part_number: number,
                etag,
            });
        let message = CompleteUpload {
            bucket: self.bucket.clone(),
            key: self.key.clone(),
            upload_id: upload_id.clone(),
            parts: completed.collect(),
            forbid_overwrite: self.plan.forbid_overwrite.unwrap_or_default(),
        };
        let output = reconcile::complete_upload(&self.client, &self.plain, &message).await?;
        Ok(output.map(|reply| SliceCopied {
            etag: reply.etag,
            // A bucket whose versioning is suspended answers `null`, which names no version.
            version_id: reply.version_id.filter(|id| !id.is_null()),
            crc64: reply.crc64.or(joined),
            parts: message.parts.len(),
            ..self.described(source.size())
        }))
    }

    /// Copies parts, several at a time. After the first that fails for good no more are begun, and
    /// those under way are waited for: none can arrive after the upload was aborted.
    async fn copy_parts(
        &self,
        source: &ObjectReply,
        upload_id: &UploadId,
        slices: Vec<Slice>,
        parts: &mut Vec<Copied>,
        meter: &mut Meter<'_>,
    ) -> Result<(), Error> {
        let (pin, stopped) = (&self.pin(source), &AtomicBool::new(false));
        let parallel = self.plan.parallel.unwrap_or(PARALLEL_DEFAULT).max(1);
        let mut copies = futures_util::stream::iter(slices)
            .map(|slice| async move {
                if stopped.load(Ordering::Relaxed) {
                    return Ok(None);
                }
                self.copy_part(upload_id, slice, pin).await.map(Some)
            })
            .buffer_unordered(parallel);
        let mut outcome = Ok(());
        while let Some(copy) = copies.next().await {
            match copy {
                Ok(Some(part)) => {
                    if outcome.is_ok() {
                        meter.add(part.len);
                    }
                    parts.push(part);
                }
                Ok(None) => {}
                Err(error) => {
                    stopped.store(true, Ordering::Relaxed);
                    outcome = outcome.and(Err(error));
                }
            }
        }
        outcome
    }

    async fn copy_part(
        &self,
        upload_id: &UploadId,
        slice: Slice,
        pin: &Preconditions,
    ) -> Result<Copied, Error> {
        let message = UploadPartCopy {
            bucket: self.bucket.clone(),
            key: self.key.clone(),
            upload_id: upload_id.clone(),
            part_number: slice.number,
            source: self.source.clone(),
            source_range: Some(slice.range),
            source_preconditions: pin.clone(),
        };
        let part = self
            .client
            .perform(&self.plain, &message, None)
            .await?
            .value;
        Ok(Copied {
            number: slice.number,
            etag: part.etag,
            crc64: part.crc64,
            len: slice.len(),
        })
    }

    /// Tag and size of each part that an earlier copy left.
    async fn parts_there(
        &self,
        upload_id: &UploadId,
    ) -> Result<BTreeMap<PartNumber, (ETag, u64)>, Error> {
        let mut there = BTreeMap::new();
        let mut marker = Some(0);
        while let Some(part_number_marker) = marker {
            let message = ListParts {
                bucket: self.bucket.clone(),
                key: self.key.clone(),
                upload_id: upload_id.clone(),
                part_number_marker,
                max_parts: None,
                encoded: true,
            };
            let page = self
                .client
                .perform(&self.plain, &message, None)
                .await?
                .value;
            there.extend(
                page.parts
                    .into_iter()
                    .map(|part| (part.part_number, (part.etag, part.size))),
            );
            // A marker that does not grow would go round for ever.
            marker = page
                .next_part_number_marker
                .filter(|next| *next > part_number_marker);
        }
        Ok(there)
    }

    /// Best effort: the copy failed already, and its own error is the one to report.
    async fn abort(&self, upload_id: UploadId) {
        let (bucket, key) = (self.bucket.clone(), self.key.clone());
        let message = AbortUpload {
            bucket,
            key,
            upload_id,
        };
        if let Err(failed) = self.client.perform(&self.plain, &message, None).await {
            tracing::warn!(error = %failed.error, "an upload could not be aborted");
        }
    }
}

/// How large parts are: as wished, but at least 1 MiB, and large enough that 10,000 suffice.
fn chunk_bytes(size: u64, wish: Option<u64>) -> u64 {
    let least = size.div_ceil(u64::from(limits::PART_NUMBER_MAX));
    wish.unwrap_or(limits::CHUNK_BYTES_DEFAULT)
        .max(limits::CHUNK_BYTES_MIN)
        .max(least.next_multiple_of(limits::CHUNK_BYTES_MIN))
        .min(limits::PUT_BYTES_MAX)
}

/// The CRC-64 of all parts together, if each one's is known.
fn joined(parts: &[Copied]) -> Option<Crc64> {
    parts.iter().try_fold(Crc64::EMPTY, |whole, part| {
        Some(whole.then(part.crc64?, part.len))
    })
}

/// Whether an object must be restored before its bytes can be read.
fn is_archived(object: &ObjectReply) -> bool {
    let restored = |state: &Text| state.to_text().contains("ongoing-request=\"false\"");
    object.storage_class.is_archived() && !object.restore.as_ref().is_some_and(restored)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_at_least_a_mebibyte_and_at_most_10000() {
        const MIB: u64 = 1 << 20;
        for (size, wish, wanted) in [
            (3 * MIB, None, MIB),
            (3 * MIB, Some(1), MIB),
            (3 * MIB, Some(0), MIB),
            (3 * MIB, Some(2 * MIB), 2 * MIB),
            (10_000 * MIB, None, MIB),
            (10_000 * MIB + 1, None, 2 * MIB),
            (limits::OBJECT_BYTES_MAX, None, limits::PUT_BYTES_MAX),
            (3 * MIB, Some(u64::MAX), limits::PUT_BYTES_MAX),
        ] {
            let chunk = chunk_bytes(size, wish);
            assert_eq!(chunk, wanted, "{size} {wish:?}");
            assert!(size.div_ceil(chunk) <= 10_000);
        }
    }
}
