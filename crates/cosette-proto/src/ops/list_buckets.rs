//! GET Service: the buckets of an account, over all regions or in one.

use cosette_types::{BucketName, Owner, Region, Timestamp};

/// Lists the caller's buckets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListBuckets {
    /// Only buckets of this region.
    pub region: Option<Region>,
    /// Only buckets after this name.
    pub marker: Option<String>,
    /// Most buckets to return; 1,000 when absent.
    pub max_keys: Option<u16>,
}

/// One bucket in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketEntry {
    /// Its name.
    pub name: BucketName,
    /// Its region.
    pub location: Region,
    /// When it was made, to the second.
    pub creation_date: Timestamp,
}

/// The buckets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListBucketsReply {
    /// Whose buckets.
    pub owner: Owner,
    /// In the order of their names.
    pub buckets: Vec<BucketEntry>,
    /// Where the next page begins, when there is one.
    pub next_marker: Option<String>,
}
