//! Upload Part - Copy: makes a part of an upload from an object's bytes.

use cosette_types::{
    BucketName, ByteRange, CopySource, Crc64, ETag, ObjectKey, PartNumber, Preconditions,
    Timestamp, UploadId, VersionId,
};

/// Copies an object, a version of one, or a range of its bytes into a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadPartCopy {
    /// The target's bucket.
    pub bucket: BucketName,
    /// The upload's key.
    pub key: ObjectKey,
    /// The upload.
    pub upload_id: UploadId,
    /// The part's place.
    pub part_number: PartNumber,
    /// What is copied.
    pub source: CopySource,
    /// Which bytes of it; all when absent.
    pub source_range: Option<ByteRange>,
    /// What must hold of the source.
    pub source_preconditions: Preconditions,
}

/// The part is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadPartCopyReply {
    /// The MD5 of the copied bytes.
    pub etag: ETag,
    /// When the part was made.
    pub last_modified: Timestamp,
    /// The CRC-64 of the copied bytes.
    pub crc64: Option<Crc64>,
    /// The source's version, if the request named one.
    pub source_version_id: Option<VersionId>,
}
