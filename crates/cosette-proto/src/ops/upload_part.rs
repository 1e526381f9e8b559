//! Upload Part: stores the body of the request as one part of an upload.

use cosette_types::{BucketName, Crc64, ETag, Md5, ObjectKey, PartNumber, UploadId};

/// Stores a part; its bytes are the body of the request. A part of that number is replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadPart {
    /// The bucket.
    pub bucket: BucketName,
    /// The upload's key.
    pub key: ObjectKey,
    /// The upload.
    pub upload_id: UploadId,
    /// The part's place.
    pub part_number: PartNumber,
    /// The MD5 that the bytes must have.
    pub content_md5: Option<Md5>,
}

/// The part is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadPartReply {
    /// The MD5 of its bytes.
    pub etag: ETag,
    /// The CRC-64 of its bytes.
    pub crc64: Option<Crc64>,
}
