//! GET Bucket (List Objects), first version: a page of keys, with what lies below a delimiter folded.

use cosette_types::{AppId, BucketName, ETag, ObjectKey, Region, StorageClass, Timestamp};

/// Lists keys in the byte order of UTF-8.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListObjects {
    /// The bucket.
    pub bucket: BucketName,
    /// Only keys that begin so; empty for all.
    pub prefix: String,
    /// Keys that hold it after the prefix are folded into one common prefix. One character.
    pub delimiter: Option<char>,
    /// Only what comes after this key or common prefix.
    pub marker: Option<String>,
    /// Most keys and common prefixes together; 1,000 when absent.
    pub max_keys: Option<u16>,
    /// Whether keys in the reply's document are percent-encoded (`encoding-type=url`).
    pub encoded: bool,
}

/// Whose an object is, as listings write it: the account number.
pub type ListOwner = AppId;

/// One object in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectEntry {
    /// Its key.
    pub key: ObjectKey,
    /// To the second.
    pub last_modified: Timestamp,
    /// Its tag.
    pub etag: ETag,
    /// Its size in bytes.
    pub size: u64,
    /// Whose it is.
    pub owner: Option<ListOwner>,
    /// Its class.
    pub storage_class: StorageClass,
}

/// A page of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListObjectsReply {
    /// The bucket.
    pub bucket: BucketName,
    /// As asked for.
    pub prefix: String,
    /// As asked for.
    pub delimiter: Option<char>,
    /// As asked for; empty when none was.
    pub marker: String,
    /// The page size in force.
    pub max_keys: u16,
    /// Whether keys in the document are percent-encoded; the values here never are.
    pub encoded: bool,
    /// Where the next page begins; set exactly when there is more.
    pub next_marker: Option<String>,
    /// What was folded, in order.
    pub common_prefixes: Vec<String>,
    /// The objects, in order.
    pub contents: Vec<ObjectEntry>,
    /// The bucket's region (a header).
    pub region: Option<Region>,
}
