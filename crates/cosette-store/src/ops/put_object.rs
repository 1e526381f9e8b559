//! Puts an object: its bytes, metadata, class and ACL become the key's current version at one
//! instant. What the key held before is kept or given back, as the bucket's versioning says.

use cosette_types::{
    BucketName, Crc64, ETag, Grant, Metadata, ObjectKey, Owner, Preconditions, StorageClass, Tags,
    Timestamp, VersionId,
};

use super::stage::Staged;
use crate::error::Error;
use crate::records::{Extras, ObjectRecord};
use crate::store::{Core, Store};
use crate::tables::LinkId;
use crate::txn::{Plan, Turns, Txn};
use crate::versions::{NewVersion, Versions};

/// An object to be put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutObject {
    /// The bucket.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// Whose it will be.
    pub owner: Owner,
    /// Its metadata.
    pub metadata: Metadata,
    /// Its class.
    pub storage_class: StorageClass,
    /// Its own grants; `None` inherits the bucket's.
    pub acl: Option<Vec<Grant>>,
    /// Its tags.
    pub tags: Tags,
    /// Refuses to replace an existing object. Without effect once the bucket was ever versioned.
    pub forbid_overwrite: bool,
    /// What must hold of the object that it replaces.
    pub target_preconditions: Preconditions,
}

/// An object that was put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Put {
    /// The new version's id, if versioning is enabled (not if suspended).
    pub version_id: Option<VersionId>,
    /// Its tag: the MD5 of its bytes.
    pub etag: ETag,
    /// The CRC-64 of its bytes.
    pub crc64: Crc64,
    /// When it was put.
    pub last_modified: Timestamp,
}

impl Store {
    /// Puts staged bytes as an object.
    ///
    /// # Errors
    /// [`Error::NoSuchBucket`], [`Error::ObjectExists`], [`Error::TargetPreconditionFailed`]. The staged bytes are given back.
    pub async fn put_object(&self, request: PutObject, staged: Staged) -> Result<Put, Error> {
        let publish = Publish { request, staged };
        self.detached(|core| async move { core.run(&publish).await })
            .await
    }
}

#[derive(Debug)]
struct Publish {
    request: PutObject,
    staged: Staged,
}

impl Plan for Publish {
    type Made = Put;

    async fn plan(&self, core: &Core, txn: &mut Txn) -> Result<Put, Error> {
        let request = &self.request;
        let bucket = txn.live_bucket(&request.bucket).await?;
        let versions = Versions::load(txn, &bucket, &request.key).await?;
        versions.forbid_overwrite(request.forbid_overwrite)?;
        versions.check_target(&request.target_preconditions)?;
        let digests = self.staged.digests();
        let etag = ETag::of_md5(digests.md5);
        let object = ObjectRecord {
            body: self.staged.publish(core, txn)?,
            link: LinkId(core.new_id()?),
            size: digests.size,
            etag: etag.clone(),
            crc64: digests.crc64,
            class: request.storage_class,
            metadata: request.metadata.clone(),
            acl: request.acl.clone(),
            extras: Extras {
                encryption: self.staged.protection().record(),
                checksum: self.staged.checksum().cloned(),
                ..Extras::of_tags(request.tags.clone())
            },
        };
        let new = NewVersion {
            now: core.now(),
            owner: request.owner.clone(),
            object: Some(object),
        };
        let version = versions.add(core, txn, new).await?;
        Ok(Put {
            version_id: version.new_id(),
            etag,
            crc64: digests.crc64,
            last_modified: version.last_modified,
        })
    }

    fn turns(&self) -> Turns<'_> {
        Turns::at(&self.request.bucket, &self.request.key)
    }

    fn committing(&self) {
        self.staged.committing();
    }

    fn refused(&self) {
        self.staged.refused();
    }
}
