//! Replaces the ACL of an object, or of one version of it. Nothing else of it changes.

use cosette_types::{BucketName, Grant, ObjectKey, VersionId};

use crate::error::Error;
use crate::records::ObjectRecord;
use crate::store::{Core, Store};
use crate::tables;
use crate::txn::{Plan, Turns, Txn};
use crate::versions::Versions;

impl Store {
    /// Replaces the grants of the current version or of the version named; `None` inherits the
    /// bucket's.
    ///
    /// # Errors
    /// As [`Store::object`].
    pub async fn set_object_acl(
        &self,
        bucket: &BucketName,
        key: &ObjectKey,
        version_id: Option<&VersionId>,
        acl: Option<Vec<Grant>>,
    ) -> Result<(), Error> {
        let change = Change {
            bucket: bucket.clone(),
            key: key.clone(),
            version_id: version_id.cloned(),
            acl,
        };
        self.detached(|core| async move { core.run(&change).await })
            .await
    }
}

#[derive(Debug)]
struct Change {
    bucket: BucketName,
    key: ObjectKey,
    version_id: Option<VersionId>,
    acl: Option<Vec<Grant>>,
}

impl Plan for Change {
    type Made = ();

    async fn plan(&self, _: &Core, txn: &mut Txn) -> Result<(), Error> {
        let bucket = txn.live_bucket(&self.bucket).await?;
        let versions = Versions::load(txn, &bucket, &self.key).await?;
        let (mut version, object) = versions.find(txn, self.version_id.as_ref()).await?;
        version.object = Some(ObjectRecord {
            acl: self.acl.clone(),
            ..object
        });
        // No version appears or goes, so the head stays; copies of this version check its row.
        txn.put(
            tables::version(bucket.id, &self.key, version.time),
            &version,
        );
        Ok(())
    }

    fn turns(&self) -> Turns<'_> {
        Turns::at(&self.bucket, &self.key)
    }
}
