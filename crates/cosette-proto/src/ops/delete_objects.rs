//! DELETE Multiple Objects: up to 1,000 keys, each removed or refused by itself.

use cosette_types::{BucketName, VersionId};

/// One key, or one version, to remove.
///
/// The key is plain text: one that can name no object is answered in its own entry of the reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectToDelete {
    /// The key.
    pub key: String,
    /// The version; without it, as DELETE Object does.
    pub version_id: Option<VersionId>,
}

/// Removes several keys in one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteObjects {
    /// The bucket.
    pub bucket: BucketName,
    /// What to remove; 1 to 1,000 entries.
    pub objects: Vec<ObjectToDelete>,
    /// Whether only failures are reported.
    pub quiet: bool,
}

/// A key that was removed, or was not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletedEntry {
    /// The key.
    pub key: String,
    /// The version that was named.
    pub version_id: Option<VersionId>,
    /// Whether a delete marker was made (no version named) or removed (version named).
    pub delete_marker: bool,
    /// That marker's version.
    pub delete_marker_version_id: Option<VersionId>,
}

/// A key that was not removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteFailure {
    /// The key.
    pub key: String,
    /// The version that was named.
    pub version_id: Option<VersionId>,
    /// The error's code, as in the table of codes.
    pub code: String,
    /// The error's words.
    pub message: String,
}

/// What became of each key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeleteObjectsReply {
    /// Removed; empty when the request was quiet.
    pub deleted: Vec<DeletedEntry>,
    /// Not removed.
    pub failed: Vec<DeleteFailure>,
}
