//! Calls about one object.

use std::ops::Deref;

use cosette_proto::Message;
use cosette_proto::ops::{ObjectReply, ResponseOverrides, RestoreTier};
use cosette_types::{
    AclHeaders, BucketName, CopySource, CustomerKey, Directive, Encryption, Md5, Metadata,
    ObjectKey, Preconditions, ReadRange, StorageClass, Tags, Text, VersionId,
};

use super::acl::AclParts;
use super::setters::{
    acl_setters, call, common_setters, condition_setter, metadata_setters, override_setters,
    read_condition_setters, sends, source_condition_setters, tag_setters, target_condition_setters,
};
use crate::body::Body;
use crate::error::Error;
use crate::reconcile;
use crate::reply::Output;

call! {
    /// Stores an object (PUT Object): `body` is its bytes. For files and large streams
    /// [`Client::upload`](crate::Client::upload) is the better call.
    #[doc(alias = "putObject")]
    PutObject(put_object) => PutObject {
        /// The bucket, `BucketName-APPID`.
        bucket (bucket): required BucketName,
        /// The key.
        key (key): required ObjectKey,
        metadata (metadata): metadata Metadata,
        /// The object's class; STANDARD when not given.
        storage_class (storage_class): optional StorageClass,
        acl (acl): acl AclHeaders,
        /// The MD5 that the bytes must have.
        content_md5 (content_md5): optional Md5,
        tags (tags): tags Tags,
        /// Whether an object that exists already is an error (409 `FileAlreadyExists`).
        forbid_overwrite (forbid_overwrite): plain bool,
        preconditions (target_conditions): target_conditions Preconditions,
        /// How it is to be encrypted: with the service's key, or with one of your own.
        encryption (server_side_encryption): optional Encryption,
    }
}

call! {
    /// Copies an object, or changes its attributes in place (PUT Object - Copy).
    ///
    /// `bucket`, `key` and `copy_source` are required, and the region here or in the client. The
    /// source's region is part of the copy source and need not be the target's. Storage class and
    /// ACL do not travel: without setters the copy is STANDARD and inherits its bucket's ACL.
    ///
    /// Source and target may be one object: then `metadata_directive` must be `Replaced`, or a
    /// storage class given.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/example.rs"));
    /// # fn main() { example(|client| async move {
    /// // seed: S61
    /// // Set the storage class of 1.jpg in the root directory to ARCHIVE.
    /// client
    ///     .put_object_copy()
    ///     .bucket("examplebucket-1250000000")
    ///     .key("1.jpg")
    ///     .copy_source("examplebucket-1250000000.cos.ap-guangzhou.myqcloud.com/1.jpg")
    ///     .storage_class("ARCHIVE")
    ///     .send()
    ///     .await?;
    /// # Ok(()) }) }
    /// ```
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/example.rs"));
    /// # fn main() { example(|client| async move {
    /// // seed: S08, S13, S40
    /// // Copy a/1.jpg to b/1.jpg.
    /// let copied = client
    ///     .put_object_copy()
    ///     .bucket("examplebucket-1250000000")
    ///     .region("ap-guangzhou")
    ///     .key("b/1.jpg")
    ///     .copy_source("examplebucket-1250000000.cos.ap-guangzhou.myqcloud.com/a/1.jpg")
    ///     .send()
    ///     .await?;
    /// println!("{} {} {:?}", copied.status, copied.etag, copied.last_modified);
    /// # Ok(()) }) }
    /// ```
    #[doc(alias = "putObjectCopy")]
    #[doc(alias = "copy_object")]
    PutObjectCopy(put_object_copy) => CopyObject {
        /// The target's bucket, `BucketName-APPID`.
        bucket (bucket): required BucketName,
        /// The target's key.
        key (key): required ObjectKey,
        /// What is copied: a [`CopySource`], or its text with the key percent-encoded,
        /// `<bucket>.cos.<region>.myqcloud.com/<key>[?versionId=<id>]`.
        source (copy_source): required CopySource,
        source_preconditions (conditions): source_conditions Preconditions,
        /// Whether the source's metadata is copied (the default), or replaced by the call's.
        directive (metadata_directive): optional Directive,
        metadata (metadata): metadata Metadata,
        /// The copy's class; STANDARD when not given, whatever the source's.
        storage_class (storage_class): optional StorageClass,
        acl (acl): acl AclHeaders,
        /// Whether the source's tags are copied (the default), or replaced by the call's.
        tagging_directive (tagging_directive): optional Directive,
        tags (tags): tags Tags,
        /// Whether a target that exists already is an error (409 `FileAlreadyExists`).
        forbid_overwrite (forbid_overwrite): plain bool,
        target_preconditions (target_conditions): target_conditions Preconditions,
        /// How the target is to be encrypted: with the service's key, or with one of your own.
        encryption (server_side_encryption): optional Encryption,
        /// Where neither `server_side_encryption` nor its bucket says how: the target is encrypted
        /// with the service's key if the source is, and not if the source is not. Only where the
        /// service can ([`Capability::CopyEncryption`](crate::Capability)).
        keep_encryption (keep_encryption): plain bool,
        /// The customer's key that the source is encrypted with, if it is.
        source_key (source_customer_key): optional CustomerKey,
    }
}

call! {
    /// Reads an object (GET Object): the output's `body` is a stream of its bytes.
    #[doc(alias = "getObject")]
    GetObject(get_object) => GetObject {
        /// The bucket.
        bucket (bucket): required BucketName,
        /// The key.
        key (key): required ObjectKey,
        /// The version; the current one when not given.
        version_id (version_id): optional VersionId,
        /// Which bytes: `bytes=0-9`, `bytes=10-`, `bytes=-10`.
        range (range): optional ReadRange,
        preconditions (conditions): read_conditions Preconditions,
        overrides (overrides): overrides ResponseOverrides,
        /// The customer's key that the object is encrypted with, if it is.
        customer_key (customer_key): optional CustomerKey,
    }
}

call! {
    /// Reads an object's properties (HEAD Object).
    #[doc(alias = "headObject")]
    HeadObject(head_object) => HeadObject {
        /// The bucket.
        bucket (bucket): required BucketName,
        /// The key.
        key (key): required ObjectKey,
        /// The version; the current one when not given.
        version_id (version_id): optional VersionId,
        /// Which bytes.
        range (range): optional ReadRange,
        preconditions (conditions): read_conditions Preconditions,
        /// The customer's key that the object is encrypted with, if it is.
        customer_key (customer_key): optional CustomerKey,
    }
}

call! {
    /// Removes an object, or one version of it for good (DELETE Object). A key that is not there is
    /// no error.
    #[doc(alias = "deleteObject")]
    DeleteObject(delete_object) => DeleteObject {
        /// The bucket.
        bucket (bucket): required BucketName,
        /// The key.
        key (key): required ObjectKey,
        /// The version to remove for good.
        version_id (version_id): optional VersionId,
        preconditions (conditions): target_conditions Preconditions,
    }
}

call! {
    /// Gives an object another key of its bucket in one request, where the service can (PUT ?rename:
    /// our own server, and buckets with metadata acceleration). Elsewhere use
    /// [`Client::move_object`](crate::Client::move_object).
    RenameObject(rename_object) => MoveObject {
        /// The bucket of both keys.
        bucket (bucket): required BucketName,
        /// The key that the object gets.
        key (key): required ObjectKey,
        /// The key that it has.
        source_key (source_key): required ObjectKey,
        source_preconditions (conditions): source_conditions Preconditions,
        /// Whether a target that exists already is an error (409 `FileAlreadyExists`).
        forbid_overwrite (forbid_overwrite): plain bool,
        target_preconditions (target_conditions): target_conditions Preconditions,
        acl (acl): acl AclHeaders,
        /// The same token again gives the first answer again.
        client_token (client_token): optional Text,
    }
}

call! {
    /// Replaces the ACL of an object, or of one version of it (PUT Object acl).
    #[doc(alias = "putObjectAcl")]
    PutObjectAcl(put_object_acl) => PutObjectAcl {
        /// The bucket.
        bucket (bucket): required BucketName,
        /// The key.
        key (key): required ObjectKey,
        /// The version; the current one when not given.
        version_id (version_id): optional VersionId,
        acl (acl): new_acl AclParts,
    }
}

call! {
    /// Asks for the ACL of an object, or of one version of it (GET Object acl).
    #[doc(alias = "getObjectAcl")]
    GetObjectAcl(get_object_acl) => GetObjectAcl {
        /// The bucket.
        bucket (bucket): required BucketName,
        /// The key.
        key (key): required ObjectKey,
        /// The version; the current one when not given.
        version_id (version_id): optional VersionId,
    }
}

call! {
    /// Adds `body` to the end of an object, or begins one (APPEND Object). The position is the
    /// object's length now: the last answer's `next_position`, or 0.
    #[doc(alias = "appendObject")]
    AppendObject(append_object) => AppendObject {
        /// The bucket.
        bucket (bucket): required BucketName,
        /// The key.
        key (key): required ObjectKey,
        /// How long the object is now.
        position (position): plain u64,
        metadata (metadata): metadata Metadata,
        /// The class of an object that is begun; STANDARD when not given.
        storage_class (storage_class): optional StorageClass,
        acl (acl): acl AclHeaders,
        tags (tags): tags Tags,
        /// The MD5 that the bytes of this call must have.
        content_md5 (content_md5): optional Md5,
        /// How it is to be encrypted: with the service's key, or with one of your own.
        encryption (server_side_encryption): optional Encryption,
    }
}

call! {
    /// Makes an archived object readable for some days (POST Object restore).
    #[doc(alias = "restoreObject")]
    RestoreObject(restore_object) => RestoreObject {
        /// The bucket.
        bucket (bucket): required BucketName,
        /// The key.
        key (key): required ObjectKey,
        /// The version; the current one when not given.
        version_id (version_id): optional VersionId,
        /// For how many days, 1 to 365.
        days (days): required u16,
        /// How soon: `Expedited`, `Standard` (the default) or `Bulk`.
        tier (tier): optional RestoreTier,
    }
}

impl AppendObject {
    /// The bytes to append; none when not given.
    pub fn body(mut self, body: impl Into<Body>) -> Self {
        self.draft.body = Some(body.into());
        self
    }
}

call! {
    /// Replaces all tags of an object, or of one version of it (PUT Object tagging).
    #[doc(alias = "putObjectTagging")]
    PutObjectTagging(put_object_tagging) => PutObjectTagging {
        /// The bucket.
        bucket (bucket): required BucketName,
        /// The key.
        key (key): required ObjectKey,
        /// The version; the current one when not given.
        version_id (version_id): optional VersionId,
        tags (tags): tags Tags,
    }
}

call! {
    /// Asks for the tags of an object, or of one version of it (GET Object tagging).
    #[doc(alias = "getObjectTagging")]
    GetObjectTagging(get_object_tagging) => GetObjectTagging {
        /// The bucket.
        bucket (bucket): required BucketName,
        /// The key.
        key (key): required ObjectKey,
        /// The version; the current one when not given.
        version_id (version_id): optional VersionId,
    }
}

call! {
    /// Removes all tags of an object, or of one version of it (DELETE Object tagging).
    #[doc(alias = "deleteObjectTagging")]
    DeleteObjectTagging(delete_object_tagging) => DeleteObjectTagging {
        /// The bucket.
        bucket (bucket): required BucketName,
        /// The key.
        key (key): required ObjectKey,
        /// The version; the current one when not given.
        version_id (version_id): optional VersionId,
    }
}

sends! {
    AppendObject => AppendObject,
    RestoreObject => RestoreObject,
    PutObjectTagging => PutObjectTagging,
    GetObjectTagging => GetObjectTagging,
    DeleteObjectTagging => DeleteObjectTagging,
    PutObject => PutObject,
    HeadObject => HeadObject,
    DeleteObject => DeleteObject,
    RenameObject => MoveObject,
    PutObjectAcl => PutObjectAcl,
    GetObjectAcl => GetObjectAcl,
}

impl PutObject {
    /// The object's bytes; none when not given.
    pub fn body(mut self, body: impl Into<Body>) -> Self {
        self.draft.body = Some(body.into());
        self
    }
}

impl PutObjectCopy {
    /// Sends the request. A 200 whose body is an `<Error>` is an error.
    ///
    /// # Errors
    /// What the service or the network said; nothing was sent when the kind is
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid).
    pub async fn send(
        self,
    ) -> Result<Output<<cosette_proto::ops::CopyObject as Message>::Reply>, Error> {
        let (draft, mut message) = self.into_message()?;
        let region = draft.region_in_force()?;
        // A source without a host is in the target's region: COS reads the region from the host.
        message.source.region.get_or_insert(region);
        reconcile::copy_object(&draft.client, &draft.context, &message).await
    }
}

/// An object's properties and the stream of its bytes.
#[derive(Debug)]
#[non_exhaustive]
pub struct ObjectWithBody {
    /// The properties; they can be reached through this value itself.
    pub object: ObjectReply,
    /// The bytes.
    pub body: Body,
}

impl Deref for ObjectWithBody {
    type Target = ObjectReply;

    fn deref(&self) -> &ObjectReply {
        &self.object
    }
}

impl GetObject {
    /// Sends the request; resolves when the properties are there, before the bytes.
    ///
    /// # Errors
    /// What the service or the network said; nothing was sent when the kind is
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid).
    pub async fn send(self) -> Result<Output<ObjectWithBody>, Error> {
        let (draft, message) = self.into_message()?;
        let (output, body) = draft.client.fetch(&draft.context, &message).await?;
        Ok(output.map(|object| ObjectWithBody { object, body }))
    }
}
