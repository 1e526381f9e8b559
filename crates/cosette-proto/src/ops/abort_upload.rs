//! Abort Multipart Upload: gives up an upload and all its parts.

use cosette_types::{BucketName, ObjectKey, UploadId};

/// Gives up an upload. The reply is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AbortUpload {
    /// The bucket.
    pub bucket: BucketName,
    /// The upload's key.
    pub key: ObjectKey,
    /// The upload.
    pub upload_id: UploadId,
}
