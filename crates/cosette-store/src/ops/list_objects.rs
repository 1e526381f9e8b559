//! Lists the current versions of a bucket's keys, in byte order.

use cosette_types::{BucketName, ETag, Owner, StorageClass, Timestamp};

use crate::error::Error;
use crate::store::Store;

/// Which objects to list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListObjects {
    /// Only keys that begin so.
    pub prefix: String,
    /// Keys that have this text after the prefix are rolled up into one common prefix.
    pub delimiter: Option<String>,
    /// Only what comes after this key or common prefix; one equal to a common prefix skips all under
    /// it.
    pub marker: String,
    /// Most objects and common prefixes together.
    pub limit: usize,
}

/// An object in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedObject {
    /// The key.
    pub key: String,
    /// How many bytes it has.
    pub size: u64,
    /// Its tag.
    pub etag: ETag,
    /// When it was made.
    pub last_modified: Timestamp,
    /// Its class.
    pub storage_class: StorageClass,
    /// Whose it is.
    pub owner: Owner,
}

/// Some of a bucket's objects: the bucket as it was at one instant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ObjectPage {
    /// The objects, in byte order of their keys.
    pub objects: Vec<ListedObject>,
    /// The common prefixes, in byte order.
    pub common_prefixes: Vec<String>,
    /// The marker of the next page, if there is more: the last key or common prefix returned.
    pub next_marker: Option<String>,
}

impl Store {
    /// Lists objects.
    ///
    /// # Errors
    /// [`Error::NoSuchBucket`].
    pub async fn list_objects(
        &self,
        bucket: &BucketName,
        request: &ListObjects,
    ) -> Result<ObjectPage, Error> {
        Err(Error::io("under construction"))
    }
}
