//! The work of a slice copy: the source is looked at and pinned, then copied by either path.

use cosette_proto::ops::{CopyObject, ObjectReply};
use cosette_proto::{ErrorCode, Message};
use cosette_types::{
    BucketName, CopySource, Crc64, Directive, ETag, Facts, Md5, ObjectKey, Preconditions, Region,
    limits,
};

use crate::client::Client;
use crate::draft::Draft;
use crate::error::{Error, ErrorKind};
use crate::progress::Meter;
use crate::reconcile;
use crate::reply::Output;
use crate::send::Context;
use crate::slice_copy::{Plan, SliceCopied};

mod parts;

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
            tagging_directive: self.plan.tagging_directive,
            tags: self.plan.tags.clone(),
            forbid_overwrite: self.plan.forbid_overwrite.unwrap_or_default(),
            target_preconditions: Preconditions::default(),
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
            etag: ETag::of_md5(Md5([0; 16])),
            version_id: None,
            crc64: None,
            size,
            parts: 0,
        }
    }
}
