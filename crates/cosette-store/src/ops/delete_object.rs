//! Deletes an object, or one version of it. Deleting what does not exist succeeds.

use cosette_types::{BucketName, ObjectKey, VersionId};

use crate::error::Error;
use crate::store::{Core, Store};
use crate::txn::{Plan, Turns, Txn};
use crate::versions::Versions;

/// What a delete did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Deleted {
    /// The id of the version removed, if one was named, or of the delete marker made.
    pub version_id: Option<VersionId>,
    /// Without a version named: a delete marker was made. With one: it was a delete marker.
    pub delete_marker: bool,
}

impl Store {
    /// Deletes a key as the bucket's versioning says (removes it, or makes a delete marker), or
    /// removes the version named.
    ///
    /// # Errors
    /// [`Error::NoSuchBucket`], [`Error::MalformedVersionId`].
    pub async fn delete_object(
        &self,
        bucket: &BucketName,
        key: &ObjectKey,
        version_id: Option<&VersionId>,
    ) -> Result<Deleted, Error> {
        let delete = Delete {
            bucket: bucket.clone(),
            key: key.clone(),
            version_id: version_id.cloned(),
        };
        self.detached(|core| async move { core.run(&delete).await })
            .await
    }
}

#[derive(Debug)]
struct Delete {
    bucket: BucketName,
    key: ObjectKey,
    version_id: Option<VersionId>,
}

impl Plan for Delete {
    type Made = Deleted;

    async fn plan(&self, core: &Core, txn: &mut Txn) -> Result<Deleted, Error> {
        let bucket = txn.live_bucket(&self.bucket).await?;
        let versions = Versions::load(txn, &bucket, &self.key).await?;
        versions.delete(core, txn, self.version_id.as_ref()).await
    }

    fn turns(&self) -> Turns<'_> {
        Turns::at(&self.bucket, &self.key)
    }
}
