//! Finds an object, or a version of it, and keeps its bytes readable for as long as the answer lives.

use std::sync::Arc;

use cosette_types::{
    BucketName, Crc64, CustomerKey, ETag, Facts, Grant, Metadata, ObjectKey, Owner, StorageClass,
    Tags, Timestamp, VersionId,
};

use super::restore_object::RestoreState;
use crate::encryption::{EncryptedWith, check_key};
use crate::error::Error;
use crate::lease::Lease;
use crate::records::EncryptionRecord;
use crate::store::Store;
use crate::tables::BodyId;
use crate::versions::Versions;

/// A version of an object, as it was when asked for. While this value or a stream made from it
/// lives, its bytes stay readable, whatever happens to the object.
#[derive(Debug, Clone)]
pub struct ObjectVersion {
    /// How many bytes it has.
    pub size: u64,
    /// Its tag.
    pub etag: ETag,
    /// The CRC-64 of its bytes.
    pub crc64: Crc64,
    /// When it was made.
    pub last_modified: Timestamp,
    /// Its metadata.
    pub metadata: Metadata,
    /// Its class.
    pub storage_class: StorageClass,
    /// Its own grants; `None` inherits the bucket's.
    pub acl: Option<Vec<Grant>>,
    /// Whether it may be appended to.
    pub appendable: bool,
    /// Whether an archived one can be read; `None` if it was not restored, or not archived.
    pub restore: Option<RestoreState>,
    /// Its tags.
    pub tags: Tags,
    /// Whose it is.
    pub owner: Owner,
    /// Its id (`null` for one of before versioning or of suspended versioning); `None` if the bucket
    /// was never versioned.
    pub version_id: Option<VersionId>,
    /// Whether it is the key's current version.
    pub is_latest: bool,
    /// How it is encrypted, if it is.
    pub encrypted_with: Option<EncryptedWith>,
    pub(crate) encryption: Option<EncryptionRecord>,
    pub(crate) body: BodyId,
    pub(crate) lease: Arc<Lease>,
}

impl ObjectVersion {
    /// Whether its bytes can be read: those of an archived object after a restore only.
    pub fn is_readable(&self) -> bool {
        let restored = matches!(self.restore, Some(RestoreState::Readable { .. }));
        restored || !self.storage_class.is_archived()
    }

    /// Whether this customer's key, or none, is what it takes to read its bytes.
    ///
    /// # Errors
    /// [`Error::CustomerKeyNeeded`], [`Error::CustomerKeyWrong`], [`Error::CustomerKeyNotApplicable`].
    pub fn check_key(&self, customer_key: Option<&CustomerKey>) -> Result<(), Error> {
        check_key(self.encryption.as_ref(), customer_key)
    }

    /// What preconditions are about.
    pub fn facts(&self) -> Facts {
        Facts {
            etag: self.etag.clone(),
            last_modified: self.last_modified,
        }
    }
}

impl Store {
    /// The key's current version, or the version named.
    ///
    /// # Errors
    /// [`Error::NoSuchBucket`], [`Error::NoSuchKey`], [`Error::KeyIsDeleted`],
    /// [`Error::NoSuchVersion`], [`Error::VersionIsDeleteMarker`], [`Error::MalformedVersionId`].
    pub async fn object(
        &self,
        bucket: &BucketName,
        key: &ObjectKey,
        version_id: Option<&VersionId>,
    ) -> Result<ObjectVersion, Error> {
        // Entered before the snapshot is taken, so that the body cannot go before it is leased.
        let entry = self.core.leases.enter();
        let mut txn = self.core.begin().await?;
        let bucket = txn.bucket(bucket).await?;
        let versions = Versions::load(&mut txn, &bucket, key).await?;
        let (version, object) = versions.find(&mut txn, version_id).await?;
        let lease = entry.lease(object.body);
        let now = self.core.now();
        Ok(ObjectVersion {
            size: object.size,
            etag: object.etag,
            crc64: object.crc64,
            last_modified: version.last_modified,
            metadata: object.metadata,
            storage_class: object.class,
            acl: object.acl,
            appendable: object.extras.appendable,
            restore: object.extras.restore.and_then(|record| record.state(now)),
            tags: object.extras.tags,
            is_latest: versions.is_current(&version),
            version_id: version.shown_id(bucket.versioning),
            owner: version.owner,
            encrypted_with: object.extras.encryption.as_ref().map(|kept| kept.told()),
            encryption: object.extras.encryption,
            body: object.body,
            lease: Arc::new(lease),
        })
    }
}
