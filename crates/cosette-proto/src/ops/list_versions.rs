//! GET Bucket Object versions: a page of versions and delete markers, newest first within a key.

use cosette_types::{BucketName, ETag, ObjectKey, StorageClass, Timestamp, VersionId};

use super::ListOwner;

/// Lists versions in the byte order of their keys, newest first within a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListVersions {
    /// The bucket.
    pub bucket: BucketName,
    /// Only keys that begin so; empty for all.
    pub prefix: String,
    /// Keys that hold it after the prefix are folded into one common prefix. One character.
    pub delimiter: Option<char>,
    /// Only what comes after this key; with a version marker, after that version of it.
    pub key_marker: Option<String>,
    /// See `key_marker`, without which it means nothing.
    pub version_id_marker: Option<VersionId>,
    /// Most entries; 1,000 when absent.
    pub max_keys: Option<u16>,
    /// Whether keys in the reply's document are percent-encoded (`encoding-type=url`).
    pub encoded: bool,
}

/// A version that has bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionEntry {
    /// Its key.
    pub key: ObjectKey,
    /// Its id; `None` while the bucket never had versioning.
    pub version_id: Option<VersionId>,
    /// Whether it is the current one.
    pub is_latest: bool,
    /// To the second.
    pub last_modified: Timestamp,
    /// Its tag.
    pub etag: ETag,
    /// Its size in bytes.
    pub size: u64,
    /// Its class.
    pub storage_class: StorageClass,
    /// Whose it is.
    pub owner: Option<ListOwner>,
}

/// A version that says: deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteMarkerEntry {
    /// Its key.
    pub key: ObjectKey,
    /// Its id.
    pub version_id: Option<VersionId>,
    /// Whether it is the current one.
    pub is_latest: bool,
    /// To the second.
    pub last_modified: Timestamp,
    /// Whose it is.
    pub owner: Option<ListOwner>,
}

/// An entry of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VersionItem {
    /// With bytes.
    Version(VersionEntry),
    /// Deleted.
    DeleteMarker(DeleteMarkerEntry),
}

/// A page of versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListVersionsReply {
    /// The bucket.
    pub bucket: BucketName,
    /// As asked for.
    pub prefix: String,
    /// As asked for.
    pub delimiter: Option<char>,
    /// As asked for; empty when none was.
    pub key_marker: String,
    /// As asked for.
    pub version_id_marker: Option<VersionId>,
    /// The page size in force.
    pub max_keys: u16,
    /// Whether keys in the document are percent-encoded; the values here never are.
    pub encoded: bool,
    /// Whether there is more.
    pub is_truncated: bool,
    /// Where the next page begins: the last key or common prefix of this one.
    pub next_key_marker: Option<String>,
    /// The last version of this page; absent after a common prefix.
    pub next_version_id_marker: Option<VersionId>,
    /// What was folded, in order.
    pub common_prefixes: Vec<String>,
    /// Versions and delete markers, in order.
    pub items: Vec<VersionItem>,
}
