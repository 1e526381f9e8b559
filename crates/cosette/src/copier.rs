//! The work of a slice copy: the source is looked at and pinned, then copied by either path.

use cosette_proto::fields::EncryptedWith;
use cosette_proto::ops::{
    CopyObject, GetAclReply, GetObjectAcl, GetObjectTagging, NewAcl, ObjectReply, PutObjectAcl,
    UploadPartCopy,
};
use cosette_proto::{ErrorCode, Message};
use cosette_types::{
    BucketName, CopySource, Crc64, CustomerKey, Directive, ETag, Encryption, Facts, Md5, Metadata,
    ObjectKey, Preconditions, Region, StorageClass, Tags, Text, VersionId, limits,
};

use crate::client::Client;
use crate::draft::Draft;
use crate::error::{Error, ErrorKind};
use crate::progress::Meter;
use crate::proof::{self, Proof};
use crate::reconcile;
use crate::reply::Output;
use crate::send::Context;
use crate::slice_copy::{Plan, SliceCopied};
use crate::transfer::Strategy;

mod parts;
mod streamed;

/// A copy whose arguments are known to be legal.
#[derive(Debug)]
pub(crate) struct Copier {
    pub(crate) client: Client,
    /// Who reads and removes the source.
    pub(crate) reader: Client,
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
    pub(crate) fn new(mut draft: Draft, mut plan: Plan) -> Result<Self, Error> {
        if plan.keep_acl && !plan.acl.is_empty() {
            draft.refuse("keep_acl", "an ACL is given as well");
        }
        draft.check()?;
        let bucket = plan.bucket.take().ok_or_else(|| Error::missing("bucket"))?;
        let region = draft.region_in_force()?;
        let key = plan.key.take().ok_or_else(|| Error::missing("key"))?;
        let mut source = plan
            .source
            .take()
            .ok_or_else(|| Error::missing("copy_source"))?;
        let reader = plan.reader.take().unwrap_or_else(|| draft.client.clone());
        if source.region.is_none() {
            source.region = Some(reader.region().unwrap_or(&region).clone());
        }
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
            reader,
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
            && copier.plan.edits.is_empty()
            && copier.plan.storage_class.is_none()
            && copier.plan.encryption.is_none()
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
            &self.reader,
            &self.reading,
            bucket,
            key,
            version_id.as_ref(),
            self.plan.source_key.as_ref(),
        )
        .await
    }

    /// How the target is encrypted, the same on every path.
    pub(crate) fn encryption(&self, source: &ObjectReply) -> Option<Encryption> {
        let kept = match &source.encrypted_with {
            _ if !self.plan.keep_encryption => None,
            Some(EncryptedWith::Managed) => Some(Encryption::Managed),
            Some(EncryptedWith::Customer(_)) => {
                self.plan.source_key.clone().map(Encryption::Customer)
            }
            Some(EncryptedWith::Other(_)) | None => None,
        };
        self.plan.encryption.clone().or(kept)
    }

    /// The customer's key of the target, which each request for it brings along.
    pub(crate) fn target_key(&self, source: &ObjectReply) -> Option<CustomerKey> {
        self.encryption(source)?.customer_key().cloned()
    }

    /// Copies the source as it was seen.
    pub(crate) async fn copy(
        &self,
        source: &Output<ObjectReply>,
    ) -> Result<Output<SliceCopied>, Error> {
        self.hold_of(source)?;
        if self.must_stream() {
            return self.streamed(source).await;
        }
        match self.by_the_service(source).await {
            // The target's account may not read the source, or the service says so of another.
            Err(error) if self.reads_for_itself() && error.kind() == ErrorKind::Denied => {
                tracing::info!(%error, "the service may not read the source: it is streamed");
                self.streamed(source).await
            }
            copied => copied,
        }
    }

    /// # Errors
    /// When a condition of the call does not hold of the source.
    pub(crate) fn hold_of(&self, source: &Output<ObjectReply>) -> Result<(), Error> {
        let facts = Facts {
            etag: source.etag.clone(),
            last_modified: source.last_modified,
        };
        if self.plan.conditions.hold(&facts) {
            return Ok(());
        }
        let words = "a condition on the source does not hold";
        let headers = source.headers.clone();
        Err(
            Error::decided(ErrorCode::PreconditionFailed, headers, words)
                .with_operation(CopyObject::NAME, &self.target()),
        )
    }

    /// Whether the call has headers that no setter knows.
    pub(crate) fn has_headers(&self) -> bool {
        !self.making.headers.is_empty()
    }

    /// The largest size that is copied in one request.
    pub(crate) fn slice_size(&self) -> u64 {
        let asked = self.plan.slice_size;
        asked.unwrap_or(limits::SLICE_BYTES_DEFAULT)
    }

    /// Whether no request to the target can name the source: it is on another service, or has a name
    /// of S3 where the target's dialect knows only those of COS.
    pub(crate) fn must_stream(&self) -> bool {
        let unnamed =
            self.source.bucket.app_id().is_none() && self.reader.dialect() != self.client.dialect();
        unnamed || self.reader.endpoint() != self.client.endpoint()
    }

    /// Whether source and target are reached with different keys.
    pub(crate) fn reads_for_itself(&self) -> bool {
        !self.reader.has_keys_of(&self.client)
    }

    /// The tags of a target that the service does not make in one request: unlike metadata they are
    /// not among what a HEAD tells, so they are asked for where there are any. A copy that may not
    /// read them fails rather than lose them, unless the plan says otherwise.
    async fn tags(&self, source: &ObjectReply) -> Result<Tags, Error> {
        match self.plan.tagging_directive.unwrap_or_default() {
            Directive::Replaced => return Ok(self.plan.tags.clone()),
            Directive::Copy if source.tagging_count == 0 => return Ok(Tags::new()),
            Directive::Copy => {}
        }
        let version_id = self.source.version_id.as_ref();
        let message = GetObjectTagging {
            bucket: self.source.bucket.clone(),
            key: self.source.key.clone(),
            version_id: version_id.or(source.version_id.as_ref()).cloned(),
        };
        match self.reader.perform(&self.reading, &message, None).await {
            Ok(output) => Ok(output.value.tags),
            Err(failed)
                if self.plan.tags_if_readable && failed.error.kind() == ErrorKind::Denied =>
            {
                Ok(Tags::new())
            }
            Err(failed) => Err(failed.error),
        }
    }

    async fn by_the_service(
        &self,
        source: &Output<ObjectReply>,
    ) -> Result<Output<SliceCopied>, Error> {
        let size = source.size();
        let mut meter = Meter::begin(&self.client, &self.plan.report, size);
        let mut copied = if size <= self.slice_size() {
            self.in_one_request(source).await?
        } else {
            self.in_parts(source, &mut meter).await?
        };
        self.compare(source.crc64, copied.crc64)?;
        copied.value.proof = match (source.crc64, copied.crc64) {
            (Some(_), Some(_)) => Proof::Crc64,
            _ if proof::tag_is_md5(source, self.reader.dialect()) && copied.etag == source.etag => {
                Proof::ETag
            }
            _ => Proof::None,
        };
        meter.finish();
        Ok(copied)
    }

    /// What the target's metadata is made of, and whether it replaces the source's.
    fn metadata(&self, source: &ObjectReply) -> Result<(Option<Directive>, Metadata), Error> {
        let given = (self.plan.directive, self.plan.metadata.clone());
        if self.plan.edits.is_empty() {
            return Ok(given);
        }
        let mut edited = match given {
            (Some(Directive::Replaced), given) => given,
            _ => source.metadata.clone(),
        };
        for edit in &self.plan.edits {
            let made = edit.apply(&mut edited);
            made.map_err(|why| Error::invalid("edit", why).about(&self.target()))?;
        }
        Ok((Some(Directive::Replaced), edited))
    }

    /// A class that only the source's service knows cannot be asked for in the other dialect: there the
    /// target gets STANDARD.
    fn class(&self, source: &ObjectReply) -> Option<StorageClass> {
        let one_dialect = self.reader.dialect() == self.client.dialect();
        let kept = Some(source.storage_class)
            .filter(|class| self.plan.keep_class && (one_dialect || class.known_name().is_some()));
        self.plan.storage_class.or(kept)
    }

    /// The source's own ACL, if it is wanted and there is one.
    pub(crate) async fn acl_to_keep(&self) -> Result<Option<GetAclReply>, Error> {
        if !self.plan.keep_acl {
            return Ok(None);
        }
        let message = GetObjectAcl {
            bucket: self.source.bucket.clone(),
            key: self.source.key.clone(),
            version_id: self.source.version_id.clone(),
        };
        let acl = self.reader.perform(&self.reading, &message, None).await?;
        Ok(Some(acl.value).filter(|acl| !acl.inherits))
    }

    pub(crate) async fn give_acl(
        &self,
        acl: GetAclReply,
        version_id: Option<&VersionId>,
    ) -> Result<(), Error> {
        let message = PutObjectAcl {
            bucket: self.bucket.clone(),
            key: self.key.clone(),
            version_id: version_id.cloned(),
            acl: NewAcl::Document(acl.acl),
        };
        self.client.perform(&self.plain, &message, None).await?;
        Ok(())
    }

    /// # Errors
    /// When the source must be restored before its bytes can be read.
    fn refuse_archived(&self, source: &Output<ObjectReply>) -> Result<(), Error> {
        let restored = |state: &Text| state.to_text().contains("ongoing-request=\"false\"");
        if !source.storage_class.is_archived() || source.restore.as_ref().is_some_and(restored) {
            return Ok(());
        }
        let words = "the source is archived and not restored";
        let headers = source.headers.clone();
        Err(
            Error::decided(ErrorCode::InvalidObjectState, headers, words)
                .with_operation(UploadPartCopy::NAME, &self.target()),
        )
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
    pub(crate) fn pin(&self, source: &ObjectReply) -> Preconditions {
        Preconditions {
            if_match: Some(source.etag.clone().into()),
            if_unmodified_since: self.plan.conditions.if_unmodified_since,
            ..Preconditions::default()
        }
    }

    async fn in_one_request(&self, source: &ObjectReply) -> Result<Output<SliceCopied>, Error> {
        let (directive, metadata) = self.metadata(source)?;
        let message = CopyObject {
            bucket: self.bucket.clone(),
            key: self.key.clone(),
            source: self.source.clone(),
            source_preconditions: self.pin(source),
            directive,
            metadata,
            storage_class: self.class(source),
            acl: self.plan.acl.clone(),
            tagging_directive: self.plan.tagging_directive,
            tags: self.plan.tags.clone(),
            forbid_overwrite: self.plan.forbid_overwrite.unwrap_or_default(),
            target_preconditions: Preconditions::default(),
            encryption: self.encryption(source),
            keep_encryption: self.plan.keeps_unseen,
            source_key: self.plan.source_key.clone(),
        };
        let output = reconcile::copy_object(&self.client, &self.making, &message).await?;
        Ok(output.map(|reply| SliceCopied {
            etag: reply.etag,
            version_id: reply.version_id,
            source_version_id: reply.source_version_id,
            crc64: reply.crc64,
            parts: 0,
            ..self.described(source.size())
        }))
    }

    /// The fields of a result that are known before; the others are placeholders.
    pub(crate) fn described(&self, size: u64) -> SliceCopied {
        SliceCopied {
            location: self
                .client
                .endpoint()
                .location(&self.bucket, &self.region, &self.key),
            bucket: self.bucket.clone(),
            key: self.key.clone(),
            etag: ETag::of_md5(Md5([0; 16])),
            version_id: None,
            source_version_id: None,
            crc64: None,
            size,
            parts: 0,
            strategy: Strategy::OneRequest,
            proof: Proof::None,
        }
    }
}
