//! PUT Object - Copy: makes an object that has another one's bytes, or changes an object in place.

use cosette_types::{
    AclHeaders, BucketName, CopySource, Crc64, Directive, ETag, Metadata, ObjectKey, Preconditions,
    StorageClass, Timestamp, VersionId,
};

/// Copies an object, or a version of one, to a key: the same key too, to change its attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyObject {
    /// The target's bucket.
    pub bucket: BucketName,
    /// The target's key.
    pub key: ObjectKey,
    /// What is copied.
    pub source: CopySource,
    /// What must hold of the source.
    pub source_preconditions: Preconditions,
    /// Whether the source's metadata goes over, or `metadata` takes its place. `None` leaves the
    /// header out, which means [`Directive::Copy`].
    pub directive: Option<Directive>,
    /// The new metadata; ignored unless the directive is [`Directive::Replaced`].
    pub metadata: Metadata,
    /// The target's class; STANDARD when absent, whatever the source's.
    pub storage_class: Option<StorageClass>,
    /// The target's ACL; inherited when empty, whatever the source's.
    pub acl: AclHeaders,
    /// Whether a target that exists already is an error.
    pub forbid_overwrite: bool,
}

/// The copy is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyObjectReply {
    /// The target's tag: the source's.
    pub etag: ETag,
    /// The CRC-64 of the bytes, if the source had one.
    pub crc64: Option<Crc64>,
    /// The target's own time of modification.
    pub last_modified: Timestamp,
    /// The target's version, if its bucket has versioning enabled.
    pub version_id: Option<VersionId>,
    /// The source's version, if the request named one.
    pub source_version_id: Option<VersionId>,
}
