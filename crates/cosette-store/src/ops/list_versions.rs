//! Lists all versions and delete markers of a bucket: keys in byte order, newest first per key.

use cosette_types::{BucketName, ETag, Owner, StorageClass, Timestamp, VersionId};

use crate::error::Error;
use crate::store::Store;

/// Which versions to list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListVersions {
    /// Only keys that begin so.
    pub prefix: String,
    /// Keys that have this text after the prefix are rolled up into one common prefix.
    pub delimiter: Option<String>,
    /// Only what comes after this key (all its versions) or common prefix.
    pub key_marker: String,
    /// With a key marker: that key's versions after this one, too.
    pub version_id_marker: Option<VersionId>,
    /// Most versions, markers and common prefixes together.
    pub limit: usize,
}

/// A version or a delete marker in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedVersion {
    /// The key.
    pub key: String,
    /// Its id; `None` if the bucket was never versioned.
    pub version_id: Option<VersionId>,
    /// Whether it is the key's current version.
    pub is_latest: bool,
    /// When it was made.
    pub last_modified: Timestamp,
    /// Whose it is.
    pub owner: Owner,
    /// Size, tag and class; `None` for a delete marker.
    pub object: Option<(u64, ETag, StorageClass)>,
}

/// Some of a bucket's versions: the bucket as it was at one instant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VersionPage {
    /// The versions and delete markers, in order.
    pub versions: Vec<ListedVersion>,
    /// The common prefixes, in byte order.
    pub common_prefixes: Vec<String>,
    /// The key marker of the next page, if there is more.
    pub next_key_marker: Option<String>,
    /// The version id marker of the next page; `None` after a common prefix, and where versions have
    /// no ids.
    pub next_version_id_marker: Option<VersionId>,
}

impl Store {
    /// Lists versions.
    ///
    /// # Errors
    /// [`Error::NoSuchBucket`]; [`Error::MalformedVersionId`] for the marker.
    pub async fn list_versions(
        &self,
        bucket: &BucketName,
        request: &ListVersions,
    ) -> Result<VersionPage, Error> {
        Err(Error::io("under construction"))
    }
}
