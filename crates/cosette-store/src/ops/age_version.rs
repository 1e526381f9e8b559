//! What time does to a version by its bucket's rules: it goes, or gets another class. It is done only
//! if the version is still what the rule saw: whoever judged it did so some time before.

use cosette_types::{BucketName, ETag, ObjectKey, StorageClass, Tags, Timestamp, VersionId};

use crate::error::Error;
use crate::planted::Bug;
use crate::records::{Extras, ObjectRecord, VersionRecord};
use crate::store::{Core, Store};
use crate::tables;
use crate::txn::{Plan, Turns, Txn};
use crate::versions::Versions;

/// A version as it was when it was judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenVersion {
    /// Its id; `None` if the bucket was never versioned.
    pub version_id: Option<VersionId>,
    /// When it was made.
    pub last_modified: Timestamp,
    /// Its tag and its class; `None` for a delete marker.
    pub object: Option<(ETag, StorageClass)>,
    /// Its tags, if they were asked for.
    pub tags: Option<Tags>,
    /// Whether it was the key's current version.
    pub is_latest: bool,
}

/// What is to become of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aging {
    /// It goes: a current object as the bucket's versioning says, an earlier version for good.
    Expire,
    /// A delete marker: removed, if nothing is left behind it.
    RemoveLoneMarker,
    /// It gets this class. Nothing else of it changes.
    Move(StorageClass),
}

/// A version, and what is to become of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgeVersion {
    /// The bucket.
    pub bucket: BucketName,
    /// When it was made: a later one of the name is another.
    pub bucket_made: Timestamp,
    /// The key.
    pub key: ObjectKey,
    /// What was judged.
    pub seen: SeenVersion,
    /// What comes of it.
    pub aging: Aging,
}

impl Store {
    /// Does to a version what its bucket's rules say, if it is still what they were asked about.
    /// Whether it was.
    ///
    /// # Errors
    /// [`Error::NoSuchBucket`].
    pub async fn age_version(&self, request: AgeVersion) -> Result<bool, Error> {
        self.detached(|core| async move { core.run(&request).await })
            .await
    }
}

impl AgeVersion {
    /// Whether it is still what was judged.
    fn is_same(&self, versions: &Versions<'_>, version: &VersionRecord) -> bool {
        if Bug::AgesWhatItNeverSaw.is_planted() {
            return true;
        }
        let seen = &self.seen;
        let object = version.object.as_ref();
        let tags = |tags: &Tags| object.is_some_and(|object| object.extras.tags == *tags);
        version.last_modified == seen.last_modified
            && object.map(|object| (&object.etag, object.class))
                == seen.object.as_ref().map(|(etag, class)| (etag, *class))
            && seen.tags.as_ref().is_none_or(tags)
            && versions.is_current(version) == seen.is_latest
    }
}

impl Plan for AgeVersion {
    type Made = bool;

    async fn plan(&self, core: &Core, txn: &mut Txn) -> Result<bool, Error> {
        let bucket = txn.live_bucket(&self.bucket).await?;
        if bucket.created != self.bucket_made {
            return Ok(false);
        }
        let versions = Versions::load(txn, &bucket, &self.key).await?;
        // A version that the rule could not name, in a bucket that was never versioned, is the one.
        let id = self.seen.version_id.as_ref();
        let version = match versions.find_any(txn, id).await {
            Ok(version) if self.is_same(&versions, &version) => version,
            Ok(_) | Err(Error::NoSuchKey | Error::NoSuchVersion) => return Ok(false),
            Err(error) => return Err(error),
        };
        let is_current = versions.is_current(&version);
        match self.aging {
            // A current marker would only get another one on top of it.
            Aging::Expire if is_current && version.object.is_none() => return Ok(false),
            Aging::Expire if is_current => {
                versions.delete(core, txn, None).await?;
            }
            Aging::Expire => versions.remove(core, txn, version.time).await?,
            Aging::RemoveLoneMarker => {
                let lone = version.object.is_none()
                    && versions.newest_but(txn, version.time).await?.is_none();
                if !lone {
                    return Ok(false);
                }
                versions.remove(core, txn, version.time).await?;
            }
            Aging::Move(class) => {
                let Some(object) = version.object.clone() else {
                    return Ok(false);
                };
                let moved = VersionRecord {
                    object: Some(ObjectRecord {
                        class,
                        // What was readable for a while as one class is not so as another.
                        extras: Extras {
                            restore: None,
                            ..object.extras.clone()
                        },
                        ..object
                    }),
                    ..version
                };
                if is_current {
                    versions.change(core, txn, &moved);
                } else {
                    let row = tables::version(bucket.id, &self.key, moved.time);
                    txn.put(row, &moved);
                }
            }
        }
        Ok(true)
    }

    fn turns(&self) -> Turns<'_> {
        Turns::at(&self.bucket, &self.key)
    }
}
