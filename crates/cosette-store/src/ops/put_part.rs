//! Stores a part of an upload. The same number again replaces the part; the last writer wins.

use cosette_types::{BucketName, Crc64, ETag, ObjectKey, PartNumber, Timestamp, UploadId};

use super::stage::Staged;
use crate::error::Error;
use crate::store::Store;

/// Where a part goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutPart {
    /// The bucket.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// The upload.
    pub upload_id: UploadId,
    /// The part's number.
    pub number: PartNumber,
}

/// A part that was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPart {
    /// Its tag: the MD5 of its bytes.
    pub etag: ETag,
    /// The CRC-64 of its bytes.
    pub crc64: Crc64,
    /// When it was stored.
    pub last_modified: Timestamp,
}

impl Store {
    /// Stores staged bytes as a part.
    ///
    /// # Errors
    /// [`Error::NoSuchBucket`], [`Error::NoSuchUpload`]. The staged bytes are given back.
    pub async fn put_part(&self, request: PutPart, staged: Staged) -> Result<StoredPart, Error> {
        Err(Error::io("under construction"))
    }
}
