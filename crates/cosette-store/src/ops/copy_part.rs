//! Copies an object, or a range of it, as a part of an upload: no byte of it is written.
//!
//! The part shares the source's extents. Its MD5 is known without reading when the range is exactly
//! one stored part or a body that was put in one request; otherwise the range is read once and the
//! digests are remembered.

use cosette_types::{
    BucketName, ByteRange, CopySource, Crc64, ETag, ObjectKey, PartNumber, Preconditions,
    Timestamp, UploadId, VersionId,
};

use crate::error::Error;
use crate::store::Store;

/// A part to be copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyPart {
    /// What is copied; its region is not looked at.
    pub source: CopySource,
    /// The range of it; all of it when `None`.
    pub range: Option<ByteRange>,
    /// What must hold of the source.
    pub preconditions: Preconditions,
    /// The upload's bucket.
    pub bucket: BucketName,
    /// The upload's key.
    pub key: ObjectKey,
    /// The upload.
    pub upload_id: UploadId,
    /// The part's number.
    pub number: PartNumber,
}

/// A part that was copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopiedPart {
    /// Its tag: the MD5 of its bytes.
    pub etag: ETag,
    /// The CRC-64 of its bytes.
    pub crc64: Crc64,
    /// When it was copied.
    pub last_modified: Timestamp,
    /// The id of the version that was copied from, if the source's bucket was ever versioned.
    pub source_version_id: Option<VersionId>,
}

impl Store {
    /// Copies a range of a version as a part. The source may be overwritten meanwhile: the part is
    /// of the version that was found.
    ///
    /// # Errors
    /// [`Error::NoSuchUpload`], [`Error::RangeBeyondEnd`]; else as [`Store::copy_object`].
    pub async fn copy_part(&self, request: CopyPart) -> Result<CopiedPart, Error> {
        Err(Error::io("under construction"))
    }
}
