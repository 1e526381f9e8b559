//! Buckets: making, finding, listing and removing them.

use bytes::Bytes;
use cosette_types::{BucketName, Grant, Owner, Region, Timestamp};

use super::bucket_documents::BucketDocument;
use super::bucket_settings::Versioning;
use crate::codec::Record;
use crate::error::Error;
use crate::limits;
use crate::planted::Bug;
use crate::records::{BucketRecord, BucketState, Pending};
use crate::store::{Core, Store};
use crate::tables::{self, BodyId, BucketId, Table};
use crate::txn::{self, Plan, Turns, Txn};

/// A bucket to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewBucket {
    /// Its name.
    pub name: BucketName,
    /// Where it is said to be.
    pub region: Region,
    /// Whose it is.
    pub owner: Owner,
    /// Grants beside the owner's own rights.
    pub acl: Vec<Grant>,
    /// What it has from the beginning.
    pub documents: Vec<(BucketDocument, Bytes)>,
}

/// A bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// Its name.
    pub name: BucketName,
    /// Where it is said to be.
    pub region: Region,
    /// Whose it is.
    pub owner: Owner,
    /// Grants beside the owner's own rights.
    pub acl: Vec<Grant>,
    /// Whether overwritten and deleted objects are kept as versions.
    pub versioning: Versioning,
    /// When it was made.
    pub created: Timestamp,
}

/// Which buckets to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketFilter {
    /// Only those whose owner belongs to this root account (`owner_uin`).
    pub owner_uin: Option<String>,
    /// Only those of this region.
    pub region: Option<Region>,
    /// Only names after this one.
    pub marker: Option<String>,
    /// Most buckets to return.
    pub limit: usize,
}

/// Some buckets, in the order of their names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BucketPage {
    /// The buckets.
    pub buckets: Vec<Bucket>,
    /// The marker of the next page, if there is more.
    pub next_marker: Option<String>,
}

impl Store {
    /// Makes a bucket.
    ///
    /// # Errors
    /// [`Error::BucketExists`]; [`Error::SettingTooLarge`] as of [`Store::set_bucket_document`].
    pub async fn create_bucket(&self, bucket: NewBucket) -> Result<Bucket, Error> {
        self.detached(|core| async move { core.run(&bucket).await })
            .await
    }

    /// The bucket of this name.
    ///
    /// # Errors
    /// [`Error::NoSuchBucket`].
    pub async fn bucket(&self, name: &BucketName) -> Result<Bucket, Error> {
        let mut txn = self.core.begin().await?;
        Ok(txn.bucket(name).await?.into())
    }

    /// Buckets in the order of their names.
    ///
    /// # Errors
    /// Only those of the drivers.
    pub async fn buckets(&self, filter: &BucketFilter) -> Result<BucketPage, Error> {
        let prefix = Table::Bucket.key(&[]);
        let mut start = Table::Bucket.key(&[filter.marker.as_deref().unwrap_or("").as_bytes()]);
        if filter.marker.is_some() {
            start = tables::after(&start);
        }
        let snapshot = self.core.meta.snapshot().await?;
        let mut page = BucketPage::default();
        loop {
            let rows = txn::scan(snapshot.as_ref(), &prefix, start, limits::SCAN_ROWS).await?;
            for (_, value) in &rows {
                let bucket = BucketRecord::from_value(value)?;
                if !filter.wants(&bucket) {
                    continue;
                }
                if page.buckets.len() == filter.limit {
                    let last = page.buckets.last();
                    page.next_marker = last.map(|bucket| bucket.name.to_string());
                    return Ok(page);
                }
                page.buckets.push(bucket.into());
            }
            start = match rows.last() {
                Some((key, _)) if rows.len() == limits::SCAN_ROWS => tables::after(key),
                _ => return Ok(page),
            };
        }
    }

    /// Removes an empty bucket.
    ///
    /// # Errors
    /// [`Error::BucketNotEmpty`] when it holds an object, a version, a delete marker or an unfinished
    /// upload; [`Error::NoSuchBucket`].
    pub async fn delete_bucket(&self, name: &BucketName) -> Result<(), Error> {
        let name = name.clone();
        self.detached(|core| async move { core.delete_bucket(&name).await })
            .await
    }
}

impl BucketFilter {
    fn wants(&self, bucket: &BucketRecord) -> bool {
        let owner = self.owner_uin.as_ref();
        let region = self.region.as_ref();
        owner.is_none_or(|uin| uin == bucket.owner.owner_uin())
            && region.is_none_or(|region| *region == bucket.region)
    }
}

impl From<BucketRecord> for Bucket {
    fn from(record: BucketRecord) -> Self {
        Self {
            name: record.name,
            region: record.region,
            owner: record.owner,
            acl: record.acl,
            versioning: record.versioning,
            created: record.created,
        }
    }
}

impl Plan for NewBucket {
    type Made = Bucket;

    async fn plan(&self, core: &Core, txn: &mut Txn) -> Result<Bucket, Error> {
        let row = tables::bucket(&self.name);
        if let Some(bucket) = txn.get::<BucketRecord>(row.clone()).await? {
            return Err(Error::BucketExists {
                owner: bucket.owner,
            });
        }
        let bucket = BucketRecord {
            id: BucketId(core.random()?),
            name: self.name.clone(),
            region: self.region.clone(),
            owner: self.owner.clone(),
            acl: self.acl.clone(),
            versioning: Versioning::Unversioned,
            created: core.now(),
            state: BucketState::Live,
        };
        txn.put(row, &bucket);
        for (about, document) in &self.documents {
            about.write(txn, bucket.id, document)?;
        }
        Ok(bucket.into())
    }

    fn turns(&self) -> Turns<'_> {
        Turns::default()
    }
}

/// Says that a bucket is about to be deleted. From then on no write into it commits.
#[derive(Debug)]
struct Guard<'a> {
    name: &'a BucketName,
    pending: BodyId,
}

impl Plan for Guard<'_> {
    type Made = BucketRecord;

    async fn plan(&self, core: &Core, txn: &mut Txn) -> Result<BucketRecord, Error> {
        let mut bucket = txn.live_bucket(self.name).await?;
        bucket.state = BucketState::Deleting(core.epoch, self.pending);
        txn.put(tables::bucket(self.name), &bucket);
        let pending = Pending::Deleting(self.name.clone());
        txn.put(tables::pending(core.epoch, self.pending), &pending);
        Ok(bucket)
    }

    fn turns(&self) -> Turns<'_> {
        Turns::default()
    }
}

impl Core {
    async fn delete_bucket(&self, name: &BucketName) -> Result<(), Error> {
        // A look before the guard, so that asking in vain disturbs no writer.
        let bucket = self.begin().await?.bucket(name).await?;
        if !self.holds_nothing(bucket.id).await? {
            return Err(Error::BucketNotEmpty);
        }
        let pending = BodyId(self.new_id()?);
        let guarded = self.run(&Guard { name, pending }).await?;
        // Scans are not validated by a commit, but nothing can be added any more.
        let empty = if Bug::BucketGoesUnseen.is_planted() {
            Ok(true)
        } else {
            self.holds_nothing(guarded.id).await
        };
        let left = match empty {
            Ok(true) => None,
            Ok(false) | Err(_) => Some(BucketRecord {
                state: BucketState::Live,
                ..guarded.clone()
            }),
        };
        self.end_deleting(&guarded, pending, left.as_ref()).await?;
        if empty? {
            Ok(())
        } else {
            Err(Error::BucketNotEmpty)
        }
    }

    /// Ends what [`Guard`] began: the bucket is as `left` says, if it is still as `guarded`.
    async fn end_deleting(
        &self,
        guarded: &BucketRecord,
        pending: BodyId,
        left: Option<&BucketRecord>,
    ) -> Result<(), Error> {
        let row = tables::bucket(&guarded.name);
        let mut txn = self.begin().await?;
        if txn.get(row.clone()).await?.as_ref() == Some(guarded) {
            match left {
                Some(bucket) => txn.put(row, bucket),
                None => {
                    txn.delete(row);
                    Self::remove_documents(&mut txn, guarded.id).await?;
                }
            }
        }
        txn.delete(tables::pending(self.epoch, pending));
        if self.commit(txn).await? {
            Ok(())
        } else {
            Err(Error::Conflict)
        }
    }

    /// A bucket whose deletion ended with an earlier epoch is as it was before.
    pub(crate) async fn restore_bucket(
        &self,
        name: &BucketName,
        epoch: u64,
        pending: BodyId,
    ) -> Result<(), Error> {
        let row = tables::bucket(name);
        let mut txn = self.begin().await?;
        if let Some(mut bucket) = txn.get::<BucketRecord>(row.clone()).await?
            && bucket.state == BucketState::Deleting(epoch, pending)
        {
            bucket.state = BucketState::Live;
            txn.put(row, &bucket);
        }
        txn.delete(tables::pending(epoch, pending));
        self.commit(txn).await.map(|_| ())
    }

    async fn holds_nothing(&self, bucket: BucketId) -> Result<bool, Error> {
        let snapshot = self.meta.snapshot().await?;
        for table in [Table::Head, Table::Version, Table::Upload] {
            let prefix: Bytes = table.key(&[&bucket.0]);
            if !txn::is_empty(snapshot.as_ref(), &prefix).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
