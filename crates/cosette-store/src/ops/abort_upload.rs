//! Ends an upload without an object. Its parts' space is given back, those of late parts included.

use cosette_types::{BucketName, ObjectKey, UploadId};

use crate::error::Error;
use crate::store::Store;

/// An upload to abort.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AbortUpload {
    /// The bucket.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// The upload.
    pub upload_id: UploadId,
}

impl Store {
    /// Aborts an upload. While it is being completed, waits for the end of that.
    ///
    /// # Errors
    /// [`Error::NoSuchBucket`], [`Error::NoSuchUpload`].
    pub async fn abort_upload(&self, request: AbortUpload) -> Result<(), Error> {
        Err(Error::io("under construction"))
    }
}
