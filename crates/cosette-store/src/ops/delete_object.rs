//! Deletes an object, or one version of it. Deleting what does not exist succeeds.

use cosette_types::{BucketName, ObjectKey, Preconditions, VersionId};

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
        self.delete_object_if(bucket, key, version_id, Preconditions::default())
            .await
    }

    /// As [`Store::delete_object`], if what would be removed is still what the caller knows: the
    /// version named, or the current one.
    ///
    /// # Errors
    /// [`Error::NoSuchBucket`], [`Error::MalformedVersionId`], [`Error::TargetPreconditionFailed`].
    pub async fn delete_object_if(
        &self,
        bucket: &BucketName,
        key: &ObjectKey,
        version_id: Option<&VersionId>,
        preconditions: Preconditions,
    ) -> Result<Deleted, Error> {
        let delete = Delete {
            bucket: bucket.clone(),
            key: key.clone(),
            version_id: version_id.cloned(),
            preconditions,
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
    preconditions: Preconditions,
}

impl Plan for Delete {
    type Made = Deleted;

    async fn plan(&self, core: &Core, txn: &mut Txn) -> Result<Deleted, Error> {
        let bucket = txn.live_bucket(&self.bucket).await?;
        let versions = Versions::load(txn, &bucket, &self.key).await?;
        let id = self.version_id.as_ref();
        versions.check_removed(txn, id, &self.preconditions).await?;
        versions.delete(core, txn, id).await
    }

    fn turns(&self) -> Turns<'_> {
        Turns::at(&self.bucket, &self.key)
    }
}
