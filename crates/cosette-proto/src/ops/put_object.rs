//! PUT Object: stores the body of the request under a key.

use cosette_types::{
    AclHeaders, BucketName, Crc64, ETag, Md5, Metadata, ObjectKey, StorageClass, VersionId,
};

/// Stores an object; its bytes are the body of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutObject {
    /// The bucket.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// What is stored with the bytes.
    pub metadata: Metadata,
    /// Its class; STANDARD when absent.
    pub storage_class: Option<StorageClass>,
    /// Its ACL; inherited when empty.
    pub acl: AclHeaders,
    /// The MD5 that the bytes must have.
    pub content_md5: Option<Md5>,
    /// Whether an object that exists already is an error.
    pub forbid_overwrite: bool,
}

/// The object is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutObjectReply {
    /// The MD5 of its bytes.
    pub etag: ETag,
    /// The CRC-64 of its bytes.
    pub crc64: Option<Crc64>,
    /// Its version, if versioning is enabled.
    pub version_id: Option<VersionId>,
}
