//! Complete Multipart Upload: makes the object from the parts that the request lists.

use cosette_types::{BucketName, Crc64, ETag, ObjectKey, PartNumber, UploadId, VersionId};

/// A part as the caller knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompletedPart {
    /// Its place.
    pub part_number: PartNumber,
    /// The tag that it was answered with.
    pub etag: ETag,
}

/// Completes an upload. Parts that are not listed are discarded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompleteUpload {
    /// The bucket.
    pub bucket: BucketName,
    /// The upload's key.
    pub key: ObjectKey,
    /// The upload.
    pub upload_id: UploadId,
    /// The parts, in the order of their numbers.
    pub parts: Vec<CompletedPart>,
    /// Whether an object that exists already is an error.
    pub forbid_overwrite: bool,
}

/// The object is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompleteUploadReply {
    /// Where the object can be fetched: `http://<host as addressed>/<encoded key>`.
    pub location: String,
    /// The target's bucket.
    pub bucket: BucketName,
    /// The target's key.
    pub key: ObjectKey,
    /// Its tag, which ends in the number of parts.
    pub etag: ETag,
    /// CRC-64 of the whole object (a header).
    pub crc64: Option<Crc64>,
    /// Its version (a header): an id where versioning is enabled, `null` where suspended.
    pub version_id: Option<VersionId>,
}
