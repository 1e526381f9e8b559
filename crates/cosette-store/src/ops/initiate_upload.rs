//! Begins a multipart upload. What is given here is what the object will have.

use cosette_types::{
    BucketName, DeclaredChecksum, Grant, Metadata, ObjectKey, Owner, StorageClass, Tags, UploadId,
};

use crate::encryption::Protection;
use crate::error::Error;
use crate::records::{Extras, UploadRecord, UploadState};
use crate::store::{Core, Store};
use crate::tables::{self, UploadRef};
use crate::txn::{Plan, Turns, Txn};

/// An upload to begin.
#[derive(Debug, Clone)]
pub struct InitiateUpload {
    /// The bucket.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// Who begins it, and whose the object will be.
    pub owner: Owner,
    /// The object's metadata.
    pub metadata: Metadata,
    /// The object's class.
    pub storage_class: StorageClass,
    /// The object's own grants; `None` inherits the bucket's.
    pub acl: Option<Vec<Grant>>,
    /// The object's tags.
    pub tags: Tags,
    /// How the object is to be encrypted, if it is: from [`Store::protection`].
    pub protection: Protection,
    /// The checksum that the object is to have, made of those of its parts, if any.
    pub checksum: Option<DeclaredChecksum>,
}

impl Store {
    /// Begins an upload.
    ///
    /// # Errors
    /// [`Error::NoSuchBucket`].
    pub async fn initiate_upload(&self, request: InitiateUpload) -> Result<UploadId, Error> {
        self.detached(|core| async move { core.run(&request).await })
            .await
    }
}

impl Plan for InitiateUpload {
    type Made = UploadId;

    async fn plan(&self, core: &Core, txn: &mut Txn) -> Result<UploadId, Error> {
        let bucket = txn.live_bucket(&self.bucket).await?;
        let now = core.now();
        let id = UploadId::new(now, core.random()?);
        let upload = UploadRecord {
            id: UploadRef(core.new_id()?),
            owner: self.owner.clone(),
            initiated: now,
            class: self.storage_class,
            metadata: self.metadata.clone(),
            acl: self.acl.clone(),
            extras: Extras {
                encryption: self.protection.record(),
                declared: self.checksum,
                ..Extras::of_tags(self.tags.clone())
            },
            state: UploadState::Open,
        };
        txn.put(tables::upload(bucket.id, &self.key, &id), &upload);
        Ok(id)
    }

    fn turns(&self) -> Turns<'_> {
        Turns::default()
    }
}
