//! Replaces the tags of an object, or of one version of it. Nothing else of it changes.

use cosette_types::{BucketName, ObjectKey, Tags, VersionId};

use crate::error::Error;
use crate::planted::Bug;
use crate::records::{Extras, ObjectRecord};
use crate::store::{Core, Store};
use crate::tables;
use crate::txn::{Plan, Turns, Txn};
use crate::versions::Versions;

impl Store {
    /// Replaces the tags of the current version or of the version named; none removes them. Answers
    /// with the version's id, if the bucket was ever versioned.
    ///
    /// # Errors
    /// As [`Store::object`].
    pub async fn set_object_tags(
        &self,
        bucket: &BucketName,
        key: &ObjectKey,
        version_id: Option<&VersionId>,
        tags: Tags,
    ) -> Result<Option<VersionId>, Error> {
        let change = Change {
            bucket: bucket.clone(),
            key: key.clone(),
            version_id: version_id.cloned(),
            tags,
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
    tags: Tags,
}

impl Plan for Change {
    type Made = Option<VersionId>;

    async fn plan(&self, _: &Core, txn: &mut Txn) -> Result<Option<VersionId>, Error> {
        let bucket = txn.live_bucket(&self.bucket).await?;
        let versions = Versions::load(txn, &bucket, &self.key).await?;
        let (mut version, object) = versions.find(txn, self.version_id.as_ref()).await?;
        version.object = Some(ObjectRecord {
            extras: Extras {
                tags: self.tags.clone(),
                ..object.extras.clone()
            },
            acl: object
                .acl
                .clone()
                .filter(|_| !Bug::TagsLoseAcl.is_planted()),
            ..object
        });
        // As for an ACL: the head stays, and copies of this version check its row.
        let row = tables::version(bucket.id, &self.key, version.time);
        txn.put(row, &version);
        Ok(version.shown_id(bucket.versioning))
    }

    fn turns(&self) -> Turns<'_> {
        Turns::at(&self.bucket, &self.key)
    }
}
