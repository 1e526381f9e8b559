//! Lists the parts of an unfinished upload, in the order of their numbers.

use cosette_types::{
    BucketName, Crc64, ETag, ObjectKey, Owner, PartNumber, StorageClass, Timestamp, UploadId,
};

use crate::error::Error;
use crate::store::Store;

/// Which parts to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListParts {
    /// The bucket.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// The upload.
    pub upload_id: UploadId,
    /// Only numbers above this one.
    pub marker: u16,
    /// Most parts to return.
    pub limit: usize,
}

/// A part in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedPart {
    /// Its number.
    pub number: PartNumber,
    /// When it was stored.
    pub last_modified: Timestamp,
    /// Its tag: the MD5 of its bytes.
    pub etag: ETag,
    /// The CRC-64 of its bytes.
    pub crc64: Crc64,
    /// How many bytes it has.
    pub size: u64,
}

/// Some of an upload's parts, and what is known of the upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartPage {
    /// Who began the upload.
    pub owner: Owner,
    /// The class that its object will have.
    pub storage_class: StorageClass,
    /// The parts.
    pub parts: Vec<ListedPart>,
    /// The marker of the next page, if there is more.
    pub next_marker: Option<u16>,
}

impl Store {
    /// Lists parts.
    ///
    /// # Errors
    /// [`Error::NoSuchBucket`], [`Error::NoSuchUpload`].
    pub async fn list_parts(&self, request: &ListParts) -> Result<PartPage, Error> {
        Err(Error::io("under construction"))
    }
}
