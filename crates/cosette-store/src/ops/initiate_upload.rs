//! Begins a multipart upload. What is given here is what the object will have.

use cosette_types::{BucketName, Grant, Metadata, ObjectKey, Owner, StorageClass, UploadId};

use crate::error::Error;
use crate::store::Store;

/// An upload to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InitiateUpload {
    /// The bucket.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// Who begins it, and whose the object will be.
    pub owner: Owner,
    /// The object's metadata.
    pub metadata: Metadata,
    /// The object's class.
    pub storage_class: StorageClass,
    /// The object's own grants; `None` inherits the bucket's.
    pub acl: Option<Vec<Grant>>,
}

impl Store {
    /// Begins an upload.
    ///
    /// # Errors
    /// [`Error::NoSuchBucket`].
    pub async fn initiate_upload(&self, request: InitiateUpload) -> Result<UploadId, Error> {
        Err(Error::io("under construction"))
    }
}
