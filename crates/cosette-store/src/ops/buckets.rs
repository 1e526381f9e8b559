//! Buckets: making, finding, listing and removing them.

use cosette_types::{BucketName, Grant, Owner, Region, Timestamp};

use super::bucket_settings::Versioning;
use crate::error::Error;
use crate::store::Store;

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
    /// [`Error::BucketExists`].
    pub async fn create_bucket(&self, bucket: NewBucket) -> Result<Bucket, Error> {
        Err(Error::io("under construction"))
    }

    /// The bucket of this name.
    ///
    /// # Errors
    /// [`Error::NoSuchBucket`].
    pub async fn bucket(&self, name: &BucketName) -> Result<Bucket, Error> {
        Err(Error::io("under construction"))
    }

    /// Buckets in the order of their names.
    ///
    /// # Errors
    /// Only those of the drivers.
    pub async fn buckets(&self, filter: &BucketFilter) -> Result<BucketPage, Error> {
        Err(Error::io("under construction"))
    }

    /// Removes an empty bucket.
    ///
    /// # Errors
    /// [`Error::BucketNotEmpty`] when it holds an object, a version, a delete marker or an unfinished
    /// upload; [`Error::NoSuchBucket`].
    pub async fn delete_bucket(&self, name: &BucketName) -> Result<(), Error> {
        Err(Error::io("under construction"))
    }
}
