//! List Multipart Uploads: a page of uploads that are neither completed nor aborted.

use cosette_types::{BucketName, ObjectKey, Owner, StorageClass, Timestamp, UploadId};

use super::ListOwner;

/// Lists open uploads in the byte order of their keys, then of their ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListUploads {
    /// The bucket.
    pub bucket: BucketName,
    /// Only keys that begin so; empty for all.
    pub prefix: String,
    /// Keys that hold it after the prefix are folded into one common prefix. One character.
    pub delimiter: Option<char>,
    /// Only keys after this one; with an id marker, also its uploads after that id.
    pub key_marker: Option<String>,
    /// See `key_marker`, without which it means nothing.
    pub upload_id_marker: Option<UploadId>,
    /// Most entries; 1,000 when absent.
    pub max_uploads: Option<u16>,
    /// Whether keys in the reply's document are percent-encoded (`encoding-type=url`).
    pub encoded: bool,
}

/// One open upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadEntry {
    /// The key it will make.
    pub key: ObjectKey,
    /// Its id.
    pub upload_id: UploadId,
    /// Who began it.
    pub initiator: Option<Owner>,
    /// Whose the object will be.
    pub owner: Option<ListOwner>,
    /// The class the object will have.
    pub storage_class: StorageClass,
    /// When it was begun, to the second.
    pub initiated: Timestamp,
}

/// A page of open uploads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListUploadsReply {
    /// The bucket.
    pub bucket: BucketName,
    /// As asked for.
    pub prefix: String,
    /// As asked for.
    pub delimiter: Option<char>,
    /// As asked for; empty when none was.
    pub key_marker: String,
    /// As asked for.
    pub upload_id_marker: Option<UploadId>,
    /// The page size in force.
    pub max_uploads: u16,
    /// Whether keys in the document are percent-encoded; the values here never are.
    pub encoded: bool,
    /// Whether there is more.
    pub is_truncated: bool,
    /// Where the next page begins: the last key or common prefix of this one.
    pub next_key_marker: Option<String>,
    /// The last upload of this page; absent after a common prefix.
    pub next_upload_id_marker: Option<UploadId>,
    /// What was folded, in order.
    pub common_prefixes: Vec<String>,
    /// The uploads, in order.
    pub uploads: Vec<UploadEntry>,
}
