//! PUT and GET Bucket versioning.

use cosette_types::BucketName;

/// Whether new versions are kept; a bucket that never had versioning has no status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersioningStatus {
    /// Every write keeps what was there before.
    Enabled,
    /// Writes replace the `null` version; older versions stay.
    Suspended,
}

/// Switches versioning on, or suspends it. It can never be removed again. The reply is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutBucketVersioning {
    /// The bucket.
    pub bucket: BucketName,
    /// The status it gets.
    pub status: VersioningStatus,
}

/// Asks for the status; the reply is `None` for a bucket that never had versioning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetBucketVersioning {
    /// The bucket.
    pub bucket: BucketName,
}
