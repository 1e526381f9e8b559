//! Puts an object: its bytes, metadata, class and ACL become the key's current version at one
//! instant. What the key held before is kept or given back, as the bucket's versioning says.

use cosette_types::{
    BucketName, Crc64, ETag, Grant, Metadata, ObjectKey, Owner, StorageClass, Timestamp, VersionId,
};

use super::stage::Staged;
use crate::error::Error;
use crate::store::Store;

/// An object to be put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutObject {
    /// The bucket.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// Whose it will be.
    pub owner: Owner,
    /// Its metadata.
    pub metadata: Metadata,
    /// Its class.
    pub storage_class: StorageClass,
    /// Its own grants; `None` inherits the bucket's.
    pub acl: Option<Vec<Grant>>,
    /// Refuses to replace an existing object. Without effect once the bucket was ever versioned.
    pub forbid_overwrite: bool,
}

/// An object that was put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Put {
    /// The new version's id, if versioning is enabled (not if suspended).
    pub version_id: Option<VersionId>,
    /// Its tag: the MD5 of its bytes.
    pub etag: ETag,
    /// The CRC-64 of its bytes.
    pub crc64: Crc64,
    /// When it was put.
    pub last_modified: Timestamp,
}

impl Store {
    /// Puts staged bytes as an object.
    ///
    /// # Errors
    /// [`Error::NoSuchBucket`], [`Error::ObjectExists`]. The staged bytes are given back.
    pub async fn put_object(&self, request: PutObject, staged: Staged) -> Result<Put, Error> {
        Err(Error::io("under construction"))
    }
}
