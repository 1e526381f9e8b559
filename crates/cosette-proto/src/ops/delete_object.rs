//! DELETE Object: removes a key, or one version of it. A key that is not there is no error.

use cosette_types::{BucketName, ObjectKey, VersionId};

/// Removes an object. Where versioning is on, a delete marker takes its place, unless a version is
/// named, which then is removed for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteObject {
    /// The bucket.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// The version to remove for good.
    pub version_id: Option<VersionId>,
}

/// It is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteObjectReply {
    /// The version removed, or the delete marker made.
    pub version_id: Option<VersionId>,
    /// Without a version named: a marker was made. With one: what was removed was a marker.
    pub delete_marker: bool,
}
