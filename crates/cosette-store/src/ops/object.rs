//! Finds an object, or a version of it, and keeps its bytes readable for as long as the answer lives.

use cosette_types::{
    BucketName, Crc64, ETag, Facts, Grant, Metadata, ObjectKey, Owner, StorageClass, Timestamp,
    VersionId,
};

use crate::error::Error;
use crate::store::Store;

/// A version of an object, as it was when asked for. While this value or a stream made from it
/// lives, its bytes stay readable, whatever happens to the object.
#[derive(Debug, Clone)]
pub struct ObjectVersion {
    /// How many bytes it has.
    pub size: u64,
    /// Its tag.
    pub etag: ETag,
    /// The CRC-64 of its bytes.
    pub crc64: Crc64,
    /// When it was made.
    pub last_modified: Timestamp,
    /// Its metadata.
    pub metadata: Metadata,
    /// Its class.
    pub storage_class: StorageClass,
    /// Its own grants; `None` inherits the bucket's.
    pub acl: Option<Vec<Grant>>,
    /// Whose it is.
    pub owner: Owner,
    /// Its id (`null` for one of before versioning or of suspended versioning); `None` if the bucket
    /// was never versioned.
    pub version_id: Option<VersionId>,
    /// Whether it is the key's current version.
    pub is_latest: bool,
}

impl ObjectVersion {
    /// What preconditions are about.
    pub fn facts(&self) -> Facts {
        Facts {
            etag: self.etag.clone(),
            last_modified: self.last_modified,
        }
    }
}

impl Store {
    /// The key's current version, or the version named.
    ///
    /// # Errors
    /// [`Error::NoSuchBucket`], [`Error::NoSuchKey`], [`Error::KeyIsDeleted`],
    /// [`Error::NoSuchVersion`], [`Error::VersionIsDeleteMarker`], [`Error::MalformedVersionId`].
    pub async fn object(
        &self,
        bucket: &BucketName,
        key: &ObjectKey,
        version_id: Option<&VersionId>,
    ) -> Result<ObjectVersion, Error> {
        Err(Error::io("under construction"))
    }
}
