//! The versions of one key: which one is current, what a write replaces, what a delete leaves.
//!
//! The newest version is the current one, always: every change takes a later time. All changes of a
//! key go through its head row, so two of them never miss each other.

use cosette_types::{Facts, ObjectKey, Owner, Preconditions, Timestamp, VersionId, VersionTime};

use crate::codec::Record;
use crate::error::Error;
use crate::ops::bucket_settings::Versioning;
use crate::ops::delete_object::Deleted;
use crate::planted::Bug;
use crate::records::{BucketRecord, Head, ObjectRecord, Referrer, VersionRecord};
use crate::store::Core;
use crate::tables;
use crate::txn::Txn;

/// A key with its head, inside one transaction.
#[derive(Debug)]
pub(crate) struct Versions<'a> {
    bucket: &'a BucketRecord,
    key: &'a ObjectKey,
    head: Option<Head>,
}

impl<'a> Versions<'a> {
    /// Reads the head; from now on the transaction commits only if it stays so.
    pub(crate) async fn load(
        txn: &mut Txn,
        bucket: &'a BucketRecord,
        key: &'a ObjectKey,
    ) -> Result<Self, Error> {
        let row = tables::head(bucket.id, key);
        let head = if Bug::NoHeadCheck.is_planted() {
            txn.peek(&row).await?
        } else {
            txn.get(row).await?
        };
        Ok(Self { bucket, key, head })
    }

    /// Refuses to replace an object, if that is forbidden. Versioning never replaces, so it has no
    /// effect once it was enabled.
    pub(crate) fn forbid_overwrite(&self, forbidden: bool) -> Result<(), Error> {
        let versioned = self.bucket.versioning != Versioning::Unversioned;
        if forbidden && !versioned && self.head.is_some() {
            Err(Error::ObjectExists)
        } else {
            Ok(())
        }
    }

    /// Judges the conditions on what a write to the key would replace: the current object.
    pub(crate) fn check_target(&self, conditions: &Preconditions) -> Result<(), Error> {
        let current = self.head.as_ref().map(|head| &head.current);
        let facts = current.and_then(|current| {
            current.object.as_ref().map(|object| Facts {
                etag: object.etag.clone(),
                last_modified: current.last_modified,
            })
        });
        holds(conditions, facts.as_ref())
    }

    /// Judges the conditions on what a delete would remove: the version named, or the current one.
    pub(crate) async fn check_removed(
        &self,
        txn: &mut Txn,
        id: Option<&VersionId>,
        conditions: &Preconditions,
    ) -> Result<(), Error> {
        if id.is_none() || conditions.is_empty() {
            return self.check_target(conditions);
        }
        let facts = match self.find_any(txn, id).await {
            Ok(version) => version.object.map(|object| Facts {
                etag: object.etag,
                last_modified: version.last_modified,
            }),
            Err(Error::NoSuchVersion) => None,
            Err(error) => return Err(error),
        };
        holds(conditions, facts.as_ref())
    }

    /// Whether this version is the current one.
    pub(crate) fn is_current(&self, version: &VersionRecord) -> bool {
        self.head
            .as_ref()
            .is_some_and(|head| head.current.time == version.time)
    }

    /// The current version, or the one named; never a delete marker.
    pub(crate) async fn find(
        &self,
        txn: &mut Txn,
        id: Option<&VersionId>,
    ) -> Result<(VersionRecord, ObjectRecord), Error> {
        let mut version = self.find_any(txn, id).await?;
        if version.object.is_none()
            && Bug::MarkerReadsAsData.is_planted()
            && let Some(before) = self.newest_but(txn, version.time).await?
        {
            version = self.version(txn, before.time).await?;
        }
        match (&version.object, id) {
            (Some(object), _) => {
                let object = object.clone();
                Ok((version, object))
            }
            (None, None) => Err(Error::KeyIsDeleted {
                version_id: version.id(),
            }),
            (None, Some(_)) => Err(Error::VersionIsDeleteMarker {
                version_id: version.id(),
            }),
        }
    }

    /// The current version, or the one named; it may be a delete marker.
    pub(crate) async fn find_any(
        &self,
        txn: &mut Txn,
        id: Option<&VersionId>,
    ) -> Result<VersionRecord, Error> {
        let time = self.time_of(id)?;
        let head = self.head.as_ref();
        let Some(time) = time else {
            let current = head.ok_or(Error::NoSuchKey)?.current.time;
            return self.version(txn, current).await;
        };
        let named = match time {
            Named::Null => head.and_then(|head| head.null),
            Named::Time(time) => Some(time),
        };
        let row = tables::version(self.bucket.id, self.key, named.ok_or(Error::NoSuchVersion)?);
        let version: VersionRecord = txn.get(row).await?.ok_or(Error::NoSuchVersion)?;
        // The `null` version has a time, too, but nobody may name it by that.
        if version.null == matches!(time, Named::Null) {
            Ok(version)
        } else {
            Err(Error::NoSuchVersion)
        }
    }

    fn time_of(&self, id: Option<&VersionId>) -> Result<Option<Named>, Error> {
        match id {
            None => Ok(None),
            Some(id) if id.is_null() => Ok(Some(Named::Null)),
            Some(id) => match id.time() {
                Some(time) => Ok(Some(Named::Time(time))),
                None => Err(Error::MalformedVersionId),
            },
        }
    }

    /// A version that the head says exists.
    async fn version(&self, txn: &mut Txn, time: VersionTime) -> Result<VersionRecord, Error> {
        let row = tables::version(self.bucket.id, self.key, time);
        let found = txn.get(row).await?;
        found.ok_or_else(|| {
            let (bucket, key) = (&self.bucket.name, self.key);
            Error::corrupt(format!("{bucket}/{key}: the head names a missing version"))
        })
    }

    /// Adds a version as the bucket's versioning says. What it replaces is unlinked by the same
    /// commit that links the new one, so a body may be on both sides.
    pub(crate) async fn add(
        &self,
        core: &Core,
        txn: &mut Txn,
        new: NewVersion,
    ) -> Result<VersionRecord, Error> {
        let null = self.bucket.versioning != Versioning::Enabled;
        let replaced = self.head.as_ref().and_then(|head| head.null);
        if let (true, Some(replaced)) = (null, replaced) {
            self.unlink(txn, replaced).await?;
        }
        let time = self.next_time(core);
        let version = VersionRecord {
            time,
            null,
            last_modified: new.now,
            owner: new.owner,
            object: new.object,
        };
        if let Some(object) = &version.object {
            let referrer = Referrer::Version(self.bucket.id, self.key.clone(), time);
            txn.put(tables::reference(object.body, object.link), &referrer);
        }
        txn.put(tables::version(self.bucket.id, self.key, time), &version);
        let head = Head {
            last: time,
            null: if null { Some(time) } else { replaced },
            current: version.summary(),
        };
        txn.put(tables::head(self.bucket.id, self.key), &head);
        Ok(version)
    }

    /// The time of the current version, a delete marker's too.
    pub(crate) fn current_time(&self) -> Option<VersionTime> {
        self.head.as_ref().map(|head| head.current.time)
    }

    /// Whether the key can have one version only.
    pub(crate) fn is_single(&self) -> bool {
        self.bucket.versioning == Versioning::Unversioned
    }

    /// Takes the one version away and leaves its reference, which is another version's from then on.
    pub(crate) fn take(&self, txn: &mut Txn) {
        if let Some(head) = &self.head {
            txn.delete(tables::version(self.bucket.id, self.key, head.current.time));
            txn.delete(tables::head(self.bucket.id, self.key));
        }
    }

    /// Rewrites the current version in place: its rows, and what the head says of it.
    pub(crate) fn change(&self, core: &Core, txn: &mut Txn, version: &VersionRecord) {
        txn.put(
            tables::version(self.bucket.id, self.key, version.time),
            version,
        );
        let head = Head {
            last: self.next_time(core),
            null: self.head.as_ref().and_then(|head| head.null),
            current: version.summary(),
        };
        txn.put(tables::head(self.bucket.id, self.key), &head);
    }

    /// Deletes the key as the bucket's versioning says, or removes the version named.
    pub(crate) async fn delete(
        &self,
        core: &Core,
        txn: &mut Txn,
        id: Option<&VersionId>,
    ) -> Result<Deleted, Error> {
        if let Some(id) = id {
            return match self.find_any(txn, Some(id)).await {
                Ok(version) => {
                    self.remove(core, txn, version.time).await?;
                    Ok(Deleted {
                        version_id: Some(id.clone()),
                        delete_marker: version.object.is_none(),
                    })
                }
                // What does not exist is deleted.
                Err(Error::NoSuchVersion) => Ok(Deleted {
                    version_id: Some(id.clone()),
                    delete_marker: false,
                }),
                Err(error) => Err(error),
            };
        }
        if self.bucket.versioning == Versioning::Unversioned {
            if let Some(head) = &self.head {
                self.remove(core, txn, head.current.time).await?;
            }
            return Ok(Deleted::default());
        }
        let marker = NewVersion {
            now: core.now(),
            owner: self.bucket.owner.clone(),
            object: None,
        };
        let marker = self.add(core, txn, marker).await?;
        Ok(Deleted {
            version_id: Some(marker.id()),
            delete_marker: true,
        })
    }

    /// Removes one version; the newest that is left becomes the current one.
    pub(crate) async fn remove(
        &self,
        core: &Core,
        txn: &mut Txn,
        time: VersionTime,
    ) -> Result<(), Error> {
        let Some(head) = &self.head else {
            return Err(Error::corrupt("a version without a head"));
        };
        self.unlink(txn, time).await?;
        let row = tables::head(self.bucket.id, self.key);
        let current = if head.current.time != time {
            Some(head.current.clone())
        } else if self.is_single() {
            None
        } else {
            self.newest_but(txn, time).await?
        };
        match current {
            None => txn.delete(row),
            Some(current) => txn.put(
                row,
                &Head {
                    last: self.next_time(core),
                    null: head.null.filter(|null| *null != time),
                    current,
                },
            ),
        }
        Ok(())
    }

    /// The newest version other than this one. The scan needs no check: whoever changes what it
    /// finds changes the head, too.
    pub(crate) async fn newest_but(
        &self,
        txn: &Txn,
        time: VersionTime,
    ) -> Result<Option<crate::records::Summary>, Error> {
        let prefix = tables::versions(self.bucket.id, self.key);
        for (_, value) in txn.scan(&prefix, prefix.clone(), 2).await? {
            let version = VersionRecord::from_value(&value)?;
            if version.time != time {
                return Ok(Some(version.summary()));
            }
        }
        Ok(None)
    }

    /// Takes a version's rows away and says that its body may be free.
    async fn unlink(&self, txn: &mut Txn, time: VersionTime) -> Result<(), Error> {
        let version = self.version(txn, time).await?;
        if let Some(object) = version.object {
            txn.delete(tables::reference(object.body, object.link));
            if !Bug::NoMark.is_planted() {
                txn.mark(tables::free_body(object.body, object.link));
            }
        }
        txn.delete(tables::version(self.bucket.id, self.key, time));
        Ok(())
    }

    fn next_time(&self, core: &Core) -> VersionTime {
        let floor = self.head.as_ref().map_or(VersionTime(0), |head| head.last);
        core.versions.next(core.now(), floor)
    }
}

fn holds(conditions: &Preconditions, facts: Option<&Facts>) -> Result<(), Error> {
    if conditions.hold_of_target(facts) {
        Ok(())
    } else {
        Err(Error::TargetPreconditionFailed)
    }
}

/// A version, as clients name it.
#[derive(Debug, Clone, Copy)]
enum Named {
    Null,
    Time(VersionTime),
}

/// A version to be added.
#[derive(Debug)]
pub(crate) struct NewVersion {
    pub(crate) now: Timestamp,
    pub(crate) owner: Owner,
    /// `None` makes a delete marker.
    pub(crate) object: Option<ObjectRecord>,
}
