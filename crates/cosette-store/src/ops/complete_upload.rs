//! Completes a multipart upload: the parts listed become one object at one instant. Only one
//! complete of an upload ever succeeds; an identical repeat gets the first one's answer for a day.

use cosette_types::{
    BucketName, Crc64, ETag, ObjectKey, PartNumber, Timestamp, UploadId, VersionId,
};

use crate::error::Error;
use crate::store::Store;

/// An upload to complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompleteUpload {
    /// The bucket.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// The upload.
    pub upload_id: UploadId,
    /// The parts to assemble, in ascending order; parts not listed are discarded.
    pub parts: Vec<(PartNumber, ETag)>,
    /// Refuses to replace an existing object. Without effect once the bucket was ever versioned.
    pub forbid_overwrite: bool,
}

/// An upload that was completed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completed {
    /// The object's tag: a digest over its parts' digests, and their number.
    pub etag: ETag,
    /// The CRC-64 of its bytes.
    pub crc64: Crc64,
    /// The new version's id: `null` if versioning is suspended, `None` if it never was enabled.
    pub version_id: Option<VersionId>,
    /// When it was completed.
    pub last_modified: Timestamp,
}

impl Store {
    /// Completes an upload. On any error it is open again, with all its parts.
    ///
    /// # Errors
    /// [`Error::NoSuchBucket`], [`Error::NoSuchUpload`], [`Error::InvalidPart`],
    /// [`Error::InvalidPartOrder`], [`Error::NoPartsListed`], [`Error::PartTooSmall`],
    /// [`Error::ObjectTooLarge`], [`Error::ObjectExists`].
    pub async fn complete_upload(&self, request: CompleteUpload) -> Result<Completed, Error> {
        Err(Error::io("under construction"))
    }
}
