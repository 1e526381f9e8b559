//! Settings of a bucket: versioning and ACL. A write sees the settings as they are at the instant at
//! which it happens.

use cosette_types::{BucketName, Grant};

use crate::error::Error;
use crate::store::{Core, Store};
use crate::tables;
use crate::txn::{Plan, Turns, Txn};

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
        let change = Change {
            bucket: bucket.clone(),
            setting: Setting::Versioning(versioning),
        };
        self.detached(|core| async move { core.run(&change).await })
            .await
    }

    /// Replaces the bucket's grants.
    ///
    /// # Errors
    /// [`Error::NoSuchBucket`].
    pub async fn set_bucket_acl(&self, bucket: &BucketName, acl: Vec<Grant>) -> Result<(), Error> {
        let change = Change {
            bucket: bucket.clone(),
            setting: Setting::Acl(acl),
        };
        self.detached(|core| async move { core.run(&change).await })
            .await
    }
}

#[derive(Debug)]
struct Change {
    bucket: BucketName,
    setting: Setting,
}

#[derive(Debug)]
enum Setting {
    Versioning(Versioning),
    Acl(Vec<Grant>),
}

impl Plan for Change {
    type Made = ();

    async fn plan(&self, _: &Core, txn: &mut Txn) -> Result<(), Error> {
        let mut bucket = txn.live_bucket(&self.bucket).await?;
        match &self.setting {
            Setting::Acl(acl) => bucket.acl.clone_from(acl),
            Setting::Versioning(versioning) => {
                bucket.versioning = match (bucket.versioning, versioning) {
                    (Versioning::Unversioned, Versioning::Unversioned) => Versioning::Unversioned,
                    (_, Versioning::Enabled) => Versioning::Enabled,
                    (_, Versioning::Suspended | Versioning::Unversioned) => Versioning::Suspended,
                };
            }
        }
        txn.put(tables::bucket(&self.bucket), &bucket);
        Ok(())
    }

    fn turns(&self) -> Turns<'_> {
        Turns::default()
    }
}
