//! Settings of a bucket: versioning and ACL. A write sees the settings as they are at the instant at
//! which it happens.

use cosette_types::{BucketName, Grant};

use crate::error::Error;
use crate::store::Store;

/// Whether overwritten and deleted objects are kept as versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Versioning {
    /// Never was enabled: one version of each key.
    #[default]
    Unversioned,
    /// Each write makes a version; a delete makes a delete marker.
    Enabled,
    /// Versions made before are kept; writes replace the `null` version.
    Suspended,
}

impl Store {
    /// Enables or suspends versioning.
    ///
    /// # Errors
    /// [`Error::NoSuchBucket`]. Setting [`Versioning::Unversioned`] on a bucket that was ever
    /// versioned suspends: versioning is never removed.
    pub async fn set_versioning(
        &self,
        bucket: &BucketName,
        versioning: Versioning,
    ) -> Result<(), Error> {
        Err(Error::io("under construction"))
    }

    /// Replaces the bucket's grants.
    ///
    /// # Errors
    /// [`Error::NoSuchBucket`].
    pub async fn set_bucket_acl(&self, bucket: &BucketName, acl: Vec<Grant>) -> Result<(), Error> {
        Err(Error::io("under construction"))
    }
}
