//! Appends bytes to an object: they are there at one instant, behind those that were there before.
//!
//! An appendable object's body is its own: it is never copied, and only ever grows. So it grows in
//! place, by a row or two, however long it is; who reads it meanwhile reads what was there before.

use cosette_md5::Md5 as Hasher;
use cosette_types::{
    BucketName, Crc64, ETag, Grant, Md5, Metadata, ObjectKey, Owner, StorageClass, Tags,
    limits as protocol,
};

use super::bucket_settings::Versioning;
use super::stage::Staged;
use crate::body::{Growing, list_with};
use crate::error::Error;
use crate::planted::Bug;
use crate::records::{BodyRecord, Extras, ObjectRecord, VersionRecord};
use crate::store::{Core, Store};
use crate::tables::{self, LinkId};
use crate::txn::{Plan, Turns, Txn};
use crate::versions::{NewVersion, Versions};

/// Bytes to be appended to an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppendObject {
    /// The bucket.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// How long the object must be now.
    pub position: u64,
    /// Whose it will be, if this makes it.
    pub owner: Owner,
    /// Its metadata, if this makes it.
    pub metadata: Metadata,
    /// Its class, if this makes it.
    pub storage_class: StorageClass,
    /// Its own grants, if this makes it; `None` inherits the bucket's.
    pub acl: Option<Vec<Grant>>,
    /// Its tags, if this makes it.
    pub tags: Tags,
}

/// An object that was appended to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// Its tag: the MD5 of its bytes after the first append, then a digest of that and of what came,
    /// and how often.
    pub etag: ETag,
    /// The CRC-64 of all its bytes.
    pub crc64: Crc64,
    /// How long it is.
    pub size: u64,
}

impl Store {
    /// Appends staged bytes to an object, or makes one of them.
    ///
    /// # Errors
    /// [`Error::NoSuchBucket`]; [`Error::AppendPosition`] when the object is not that long;
    /// [`Error::NotAppendable`] for an object that was put otherwise, and in a bucket that was ever
    /// versioned; [`Error::ObjectTooLarge`]. The staged bytes are given back.
    pub async fn append_object(
        &self,
        request: AppendObject,
        staged: Staged,
    ) -> Result<Appended, Error> {
        let publish = Publish { request, staged };
        self.detached(|core| async move { core.run(&publish).await })
            .await
    }
}

#[derive(Debug)]
struct Publish {
    request: AppendObject,
    staged: Staged,
}

impl Plan for Publish {
    type Made = Appended;

    async fn plan(&self, core: &Core, txn: &mut Txn) -> Result<Appended, Error> {
        let request = &self.request;
        let bucket = txn.live_bucket(&request.bucket).await?;
        if bucket.versioning != Versioning::Unversioned {
            return Err(Error::NotAppendable);
        }
        let versions = Versions::load(txn, &bucket, &request.key).await?;
        match versions.find(txn, None).await {
            Ok((version, object)) => self.extend(core, txn, &versions, version, object).await,
            Err(Error::NoSuchKey) => self.begin(core, txn, &versions).await,
            Err(error) => Err(error),
        }
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

impl Publish {
    async fn begin(
        &self,
        core: &Core,
        txn: &mut Txn,
        versions: &Versions<'_>,
    ) -> Result<Appended, Error> {
        let request = &self.request;
        self.check_position(0)?;
        let digests = self.staged.digests();
        let object = ObjectRecord {
            body: self.staged.publish(core, txn)?,
            link: LinkId(core.new_id()?),
            size: digests.size,
            etag: ETag::of_md5(digests.md5),
            crc64: digests.crc64,
            class: request.storage_class,
            metadata: request.metadata.clone(),
            acl: request.acl.clone(),
            extras: Extras {
                appendable: true,
                encryption: self.staged.protection().record(),
                ..Extras::of_tags(request.tags.clone())
            },
        };
        let appended = Appended::of(&object);
        let new = NewVersion {
            now: core.now(),
            owner: request.owner.clone(),
            object: Some(object),
        };
        versions.add(core, txn, new).await?;
        Ok(appended)
    }

    async fn extend(
        &self,
        core: &Core,
        txn: &mut Txn,
        versions: &Versions<'_>,
        mut version: VersionRecord,
        mut object: ObjectRecord,
    ) -> Result<Appended, Error> {
        if !object.extras.appendable {
            return Err(Error::NotAppendable);
        }
        self.check_position(object.size)?;
        if self.staged.protection().record() != object.extras.encryption {
            // It was replaced since the bytes began to come.
            return Err(Error::NotAppendable);
        }
        let digests = self.staged.digests();
        if digests.size == 0 {
            return Ok(Appended::of(&object));
        }
        let row = tables::body(object.body);
        let body: Option<BodyRecord> = txn.get(row.clone()).await?;
        let mut body = body.ok_or_else(|| Error::corrupt("a version's body is missing"))?;
        let items = self.staged.items(core, txn, object.body)?;
        let grown = Growing {
            id: object.body,
            size: body.size,
        };
        body.list = list_with(txn, grown, body.list, items).await?;
        body.size += digests.size;
        body.crc64 = body.crc64.then(digests.crc64, digests.size);
        body.md5 = None;
        txn.put(row, &body);
        if Bug::AppendFreesEarlier.is_planted() {
            #[cfg(feature = "planted")]
            crate::planted::lose_references(core, object.body).await?;
        }
        object.size = body.size;
        object.crc64 = body.crc64;
        object.etag = next_etag(&object.etag, digests.md5);
        let appended = Appended::of(&object);
        version.last_modified = core.now();
        version.object = Some(object);
        versions.change(core, txn, &version);
        Ok(appended)
    }

    fn check_position(&self, size: u64) -> Result<(), Error> {
        let limit = protocol::PUT_BYTES_MAX;
        if self.request.position != size {
            return Err(Error::AppendPosition { next: size });
        }
        if size.saturating_add(self.staged.size()) > limit {
            return Err(Error::ObjectTooLarge { limit });
        }
        Ok(())
    }
}

impl Appended {
    fn of(object: &ObjectRecord) -> Self {
        Self {
            etag: object.etag.clone(),
            crc64: object.crc64,
            size: object.size,
        }
    }
}

/// Another tag after every append, made of the one before and of what came.
fn next_etag(before: &ETag, came: Md5) -> ETag {
    let mut digest = Hasher::new();
    digest.update(before.value().as_bytes());
    digest.update(&came.0);
    let appends = before.part_count().unwrap_or(1).saturating_add(1);
    let appends = usize::try_from(appends).unwrap_or(usize::MAX);
    ETag::of_parts(Md5(digest.finish()), appends)
}
