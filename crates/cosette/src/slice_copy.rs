//! Copying an object of any size: in one request while it is small enough, else in parts.
//!
//! The source is looked at once and pinned: every request that copies bytes carries its ETag. What is
//! asked for (class, metadata, ACL, conditions, version) has the same outcome on both paths, and the
//! CRC-64 of the result is compared with the source's.

use cosette_types::{
    AclHeaders, BucketName, CopySource, Crc64, CustomerKey, Directive, ETag, Encryption, Metadata,
    ObjectKey, Preconditions, StorageClass, Tags, UploadId, VersionId,
};

use crate::calls::{
    acl_setters, common_setters, condition_setter, metadata_setters, source_condition_setters,
    tag_setters,
};
use crate::client::Client;
use crate::copier::Copier;
use crate::draft::Draft;
use crate::error::Error;
use crate::progress::Report;
use crate::proof::Proof;
use crate::reply::Output;
use crate::transfer::{Edit, Strategy, Tracker};

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
    pub(crate) tagging_directive: Option<Directive>,
    /// Whether tags that may not be read are left behind, instead of the copy failing.
    pub(crate) tags_if_readable: bool,
    pub(crate) tags: Tags,
    pub(crate) forbid_overwrite: Option<bool>,
    pub(crate) encryption: Option<Encryption>,
    /// The customer's key that the source is encrypted with.
    pub(crate) source_key: Option<CustomerKey>,
    /// Whether the target is encrypted as the source is, when nothing else is said.
    pub(crate) keep_encryption: bool,
    /// Whether the service is to see to that in a copy by one request: nobody looked at the source.
    pub(crate) keeps_unseen: bool,
    pub(crate) slice_size: Option<u64>,
    pub(crate) chunk_size: Option<u64>,
    pub(crate) parallel: Option<usize>,
    pub(crate) keep_parts: Option<bool>,
    pub(crate) resume: Option<UploadId>,
    pub(crate) edits: Vec<Edit>,
    pub(crate) keep_class: bool,
    pub(crate) keep_acl: bool,
    /// Who reads the source, when it is not the client of the target.
    pub(crate) reader: Option<Client>,
    pub(crate) tracker: Option<Tracker>,
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
    /// The source's version that was copied, if the service told it.
    pub source_version_id: Option<VersionId>,
    /// The CRC-64 of its bytes, if the service told it.
    pub crc64: Option<Crc64>,
    /// Its size in bytes.
    pub size: u64,
    /// How many parts it was copied in; 0 when it was one request.
    pub parts: usize,
    /// How its bytes travelled.
    pub strategy: Strategy,
    /// By what it is known that they are the source's.
    pub proof: Proof,
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
            /// Whether the source's tags are copied (the default), or replaced by the call's.
            tagging_directive tagging_directive $crate::Directive);
        plan_setter!(
            /// Whether a target that exists already is an error (409 `FileAlreadyExists`).
            forbid_overwrite forbid_overwrite bool);
        plan_setter!(
            /// How the target is encrypted. When not given it is as the source: with a key of the
            /// service, with the customer's key that was given for the source, or as its bucket says.
            server_side_encryption encryption $crate::Encryption);
        plan_setter!(
            /// The customer's key that the source is encrypted with, if it is.
            source_customer_key source_key $crate::CustomerKey);
        plan_setter!(
            /// Largest size that is copied in one request, 5,368,709,120 when not given. A larger
            /// source is copied in parts. Where the service can (`Capability::CopyOfAnySize`),
            /// `u64::MAX` asks for one request whatever the size.
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
        tag_setters!(plan.tags);
        source_condition_setters!(plan.conditions);

        /// Changes one field of the source's metadata and keeps all others. Several are made in turn.
        ///
        /// ```
        /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/example.rs"));
        /// # fn main() { example(|client| async move {
        /// use cosette::transfer::Edit;
        /// client
        ///     .slice_copy()
        ///     .bucket("examplebucket-1250000000")
        ///     .key("b/1.jpg")
        ///     .copy_source("sourcebucket-1250000000.cos.ap-guangzhou.myqcloud.com/a/1.jpg")
        ///     .edit(Edit::SetMeta("reviewed".to_owned(), "yes".parse().unwrap()))
        ///     .send()
        ///     .await?;
        /// # Ok(()) }) }
        /// ```
        pub fn edit(mut self, edit: $crate::transfer::Edit) -> Self {
            self.plan.edits.push(edit);
            self
        }

        /// Encrypts the target as its bucket says, however the source is encrypted.
        pub fn encrypt_as_bucket(mut self) -> Self {
            self.plan.keep_encryption = false;
            self
        }

        /// Gives the target the source's own ACL, if it has one. Needs the right to read it there
        /// and to write it here.
        pub fn keep_acl(mut self) -> Self {
            self.plan.keep_acl = true;
            self
        }

        /// The source is read by another client: of another account, or of another service. When
        /// that is another service, or the target's service may not read the source, the bytes
        /// travel through this process.
        pub fn source_client(mut self, client: &$crate::Client) -> Self {
            self.plan.reader = Some(client.clone());
            self
        }

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

    /// Gives the target the source's class, if none is given.
    pub fn keep_storage_class(mut self) -> Self {
        self.plan.keep_class = true;
        self
    }

    /// Makes the copy.
    ///
    /// # Errors
    /// What the service or the network said of the request that failed for good;
    /// [`ErrorKind::PreconditionFailed`](crate::ErrorKind::PreconditionFailed) when a condition does not hold or the source changed
    /// meanwhile; [`ErrorKind::Corrupt`](crate::ErrorKind::Corrupt) when the CRC-64 of the result is not the source's.
    pub async fn send(self) -> Result<Output<SliceCopied>, Error> {
        let copier = Copier::new(self.draft, self.plan)?;
        let source = copier.look_at_source().await?;
        let acl = copier.acl_to_keep().await?;
        let copied = copier.copy(&source).await?;
        if let Some(acl) = acl {
            copier.give_acl(acl, copied.version_id.as_ref()).await?;
        }
        Ok(copied)
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
            tagging_directive: None,
            tags_if_readable: false,
            tags: Tags::new(),
            forbid_overwrite: None,
            encryption: None,
            source_key: None,
            keep_encryption: true,
            keeps_unseen: false,
            slice_size: None,
            chunk_size: None,
            parallel: None,
            keep_parts: None,
            resume: None,
            edits: Vec::new(),
            keep_class: false,
            keep_acl: false,
            reader: None,
            tracker: None,
            report: Report::default(),
        }
    }
}
