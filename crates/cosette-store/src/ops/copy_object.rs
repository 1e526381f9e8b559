//! Copies an object of any size: a few rows, no byte of it.
//!
//! The source is read, its conditions judged and the target written at one instant. The new
//! reference is written by the commit that may remove the old one, so that an object can be copied
//! onto itself.

use cosette_types::{
    BucketName, CopySource, Crc64, Directive, ETag, Grant, Metadata, ObjectKey, Owner,
    Preconditions, StorageClass, Timestamp, VersionId,
};

use crate::error::Error;
use crate::store::Store;

/// An object to be copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyObject {
    /// What is copied; its region is not looked at.
    pub source: CopySource,
    /// The target's bucket.
    pub bucket: BucketName,
    /// The target's key.
    pub key: ObjectKey,
    /// Whose the target will be.
    pub owner: Owner,
    /// What must hold of the source.
    pub preconditions: Preconditions,
    /// Whether the target has the source's metadata, or `metadata`.
    pub directive: Directive,
    /// The target's metadata under [`Directive::Replaced`]; else not looked at.
    pub metadata: Metadata,
    /// The target's class, if asked for; else [`StorageClass::Standard`], whatever the source's is.
    pub storage_class: Option<StorageClass>,
    /// The target's own grants; `None` inherits its bucket's.
    pub acl: Option<Vec<Grant>>,
    /// Refuses to replace an existing object. Without effect once the bucket was ever versioned.
    pub forbid_overwrite: bool,
}

/// An object that was copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// The target's tag: the source's.
    pub etag: ETag,
    /// The CRC-64 of its bytes.
    pub crc64: Crc64,
    /// When the copy was made.
    pub last_modified: Timestamp,
    /// The target's version id, if versioning is enabled there (not if suspended).
    pub version_id: Option<VersionId>,
    /// The id of the version that was copied, if the source's bucket was ever versioned.
    pub source_version_id: Option<VersionId>,
}

impl Store {
    /// Copies a version of an object.
    ///
    /// # Errors
    /// [`Error::NoSuchBucket`] (of either end), [`Error::NoSuchKey`], [`Error::KeyIsDeleted`],
    /// [`Error::NoSuchVersion`], [`Error::VersionIsDeleteMarker`], [`Error::MalformedVersionId`],
    /// [`Error::PreconditionFailed`], [`Error::Archived`], [`Error::ObjectExists`].
    /// [`Error::SelfCopyWithoutChange`]: onto itself without [`Directive::Replaced`], a class asked
    /// for, or an older version named.
    pub async fn copy_object(&self, request: CopyObject) -> Result<Copied, Error> {
        Err(Error::io("under construction"))
    }
}
