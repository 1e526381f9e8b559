//! List Parts: a page of the parts that an open upload has.

use cosette_types::{
    BucketName, ETag, ObjectKey, Owner, PartNumber, StorageClass, Timestamp, UploadId,
};

use super::ListOwner;

/// Lists the parts of an upload in the order of their numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListParts {
    /// The bucket.
    pub bucket: BucketName,
    /// The upload's key.
    pub key: ObjectKey,
    /// The upload.
    pub upload_id: UploadId,
    /// Only parts after this number; 0 for all.
    pub part_number_marker: u16,
    /// Most parts; 1,000 when absent.
    pub max_parts: Option<u16>,
    /// Whether the key in the reply's document is percent-encoded (`encoding-type=url`).
    pub encoded: bool,
}

/// One part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartEntry {
    /// Its number.
    pub part_number: PartNumber,
    /// To the second.
    pub last_modified: Timestamp,
    /// The MD5 of its bytes.
    pub etag: ETag,
    /// Its size in bytes.
    pub size: u64,
}

/// A page of parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListPartsReply {
    /// The bucket.
    pub bucket: BucketName,
    /// The upload's key.
    pub key: ObjectKey,
    /// The upload.
    pub upload_id: UploadId,
    /// Who began the upload.
    pub initiator: Option<Owner>,
    /// Whose the object will be.
    pub owner: Option<ListOwner>,
    /// The class the object will have.
    pub storage_class: StorageClass,
    /// As asked for.
    pub part_number_marker: u16,
    /// The page size in force.
    pub max_parts: u16,
    /// Whether the key in the document is percent-encoded; the value here never is.
    pub encoded: bool,
    /// Where the next page begins; set exactly when there is more.
    pub next_part_number_marker: Option<u16>,
    /// The parts, in order.
    pub parts: Vec<PartEntry>,
}
