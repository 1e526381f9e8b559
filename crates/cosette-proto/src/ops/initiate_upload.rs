//! Initiate Multipart Upload: begins an object that is put together from parts.

use cosette_types::{AclHeaders, BucketName, Metadata, ObjectKey, StorageClass, UploadId};

/// Begins an upload; all that the object will have beside its bytes is said here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InitiateUpload {
    /// The bucket.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// What will be stored with the bytes.
    pub metadata: Metadata,
    /// The object's class; STANDARD when absent.
    pub storage_class: Option<StorageClass>,
    /// The object's ACL; inherited when empty.
    pub acl: AclHeaders,
}

/// The upload is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InitiateUploadReply {
    /// The target's bucket.
    pub bucket: BucketName,
    /// The target's key.
    pub key: ObjectKey,
    /// Names the upload in every later request.
    pub upload_id: UploadId,
}
