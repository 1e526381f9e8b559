//! GET and HEAD Object: an object's properties, and for GET its bytes (the body of the reply).

use cosette_types::{
    BucketName, Crc64, ETag, Metadata, ObjectKey, Preconditions, ReadRange, StorageClass, Text,
    Timestamp, VersionId,
};

/// Values that replace stored headers in one reply; signed requests only.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResponseOverrides {
    /// `response-content-type`
    pub content_type: Option<Text>,
    /// `response-content-language`
    pub content_language: Option<Text>,
    /// `response-expires`
    pub expires: Option<Text>,
    /// `response-cache-control`
    pub cache_control: Option<Text>,
    /// `response-content-disposition`
    pub content_disposition: Option<Text>,
    /// `response-content-encoding`
    pub content_encoding: Option<Text>,
}

/// Reads an object, a version of it, or a range of its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetObject {
    /// The bucket.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// The version; the current one when absent.
    pub version_id: Option<VersionId>,
    /// Which bytes; all when absent. A range that cannot be read as one is ignored, as HTTP has it.
    pub range: Option<ReadRange>,
    /// What must hold of the object.
    pub preconditions: Preconditions,
    /// Headers of the reply that differ from the stored ones.
    pub overrides: ResponseOverrides,
}

/// Reads an object's properties.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadObject {
    /// The bucket.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// The version; the current one when absent.
    pub version_id: Option<VersionId>,
    /// Which bytes; all when absent.
    pub range: Option<ReadRange>,
    /// What must hold of the object.
    pub preconditions: Preconditions,
}

/// The bytes that a reply holds of a larger object: `bytes first-last/size`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentRange {
    /// Offset of the first byte.
    pub first: u64,
    /// Offset of the last byte.
    pub last: u64,
    /// Size of the whole object.
    pub size: u64,
}

/// How an object was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ObjectType {
    /// As a whole.
    #[default]
    Normal,
    /// By appending.
    Appendable,
}

/// An object's properties as they travel. A 304 has the same headers and no body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectReply {
    /// Whether the reader has it already (304).
    pub not_modified: bool,
    /// Bytes in the reply: of the range if there is one, else of the object. Header `Content-Length`.
    pub content_length: u64,
    /// The range, on 206.
    pub content_range: Option<ContentRange>,
    /// Its tag.
    pub etag: ETag,
    /// To the second.
    pub last_modified: Timestamp,
    /// Content headers (with overrides applied) and user metadata.
    pub metadata: Metadata,
    /// Its class; the header is left out for STANDARD.
    pub storage_class: StorageClass,
    /// CRC-64 of the whole object, also on 206.
    pub crc64: Option<Crc64>,
    /// Its version, if the bucket has or had versioning.
    pub version_id: Option<VersionId>,
    /// How it was written.
    pub object_type: ObjectType,
    /// State of a restore, as sent.
    pub restore: Option<Text>,
}

impl ObjectReply {
    /// The size of the whole object.
    pub fn size(&self) -> u64 {
        self.content_range.map_or(self.content_length, |range| range.size)
    }
}
