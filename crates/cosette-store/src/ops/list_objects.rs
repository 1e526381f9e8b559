//! Lists the current versions of a bucket's keys, in byte order.

use std::sync::Arc;

use cosette_types::{BucketName, ChecksumKind, ETag, Owner, StorageClass, Timestamp};

use crate::codec::Record;
use crate::error::Error;
use crate::listing::{self, Found, Listing, Rows, Start};
use crate::records::{Head, Summary};
use crate::store::Store;
use crate::tables::Table;

/// Which objects to list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListObjects {
    /// Only keys that begin so.
    pub prefix: String,
    /// Keys that have this text after the prefix are rolled up into one common prefix.
    pub delimiter: Option<String>,
    /// Only what comes after this key or common prefix; one equal to a common prefix skips all under
    /// it.
    pub marker: String,
    /// Most objects and common prefixes together.
    pub limit: usize,
}

/// An object in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedObject {
    /// The key.
    pub key: String,
    /// How many bytes it has.
    pub size: u64,
    /// Its tag.
    pub etag: ETag,
    /// When it was made.
    pub last_modified: Timestamp,
    /// Its class.
    pub storage_class: StorageClass,
    /// Which checksum it has, by an algorithm that its client chose.
    pub checksum: Option<ChecksumKind>,
    /// Whose it is.
    pub owner: Owner,
}

/// Some of a bucket's objects: the bucket as it was at one instant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ObjectPage {
    /// The objects, in byte order of their keys.
    pub objects: Vec<ListedObject>,
    /// The common prefixes, in byte order.
    pub common_prefixes: Vec<String>,
    /// The marker of the next page, if there is more: the last key or common prefix returned.
    pub next_marker: Option<String>,
}

impl Store {
    /// Lists objects.
    ///
    /// # Errors
    /// [`Error::NoSuchBucket`].
    pub async fn list_objects(
        &self,
        bucket: &BucketName,
        request: &ListObjects,
    ) -> Result<ObjectPage, Error> {
        let mut txn = self.core.begin().await?;
        let bucket = txn.bucket(bucket).await?;
        let rows = Rows {
            table: Table::Head,
            bucket: bucket.id,
            prefix: &request.prefix,
            delimiter: request.delimiter.as_deref(),
            start: Start::After(&request.marker),
            limit: request.limit,
            key_of: listing::whole,
            read: |value| {
                Ok(Some(Head::from_value(value)?.current).filter(|now| now.object.is_some()))
            },
        };
        let mut listing = Listing::new(Arc::clone(txn.snapshot()), rows);
        let mut page = ObjectPage::default();
        let mut last = String::new();
        for count in 0.. {
            if count == request.limit {
                if count > 0 && listing.next().await?.is_some() {
                    page.next_marker = Some(last);
                }
                break;
            }
            match listing.next().await? {
                None => break,
                Some(Found::Prefix(common)) => {
                    last.clone_from(&common);
                    page.common_prefixes.push(common);
                }
                Some(Found::Row(key, _, current)) => {
                    last.clone_from(&key);
                    page.objects.extend(listed(key, current));
                }
            }
        }
        Ok(page)
    }
}

fn listed(key: String, current: Summary) -> Option<ListedObject> {
    current.object.map(|object| ListedObject {
        key,
        size: object.size,
        etag: object.etag,
        last_modified: current.last_modified,
        storage_class: object.class,
        checksum: object.checksum,
        owner: current.owner,
    })
}
