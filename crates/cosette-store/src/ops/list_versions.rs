//! Lists all versions and delete markers of a bucket: keys in byte order, newest first per key.

use std::sync::Arc;

use cosette_types::{
    BucketName, Checksum, ChecksumKind, ETag, ObjectKey, Owner, StorageClass, Timestamp, VersionId,
};

use super::bucket_settings::Versioning;
use crate::codec::Record;
use crate::error::Error;
use crate::listing::{Found, Listing, Rows, Start};
use crate::records::{BucketRecord, Head, ObjectRecord, VersionRecord};
use crate::store::Store;
use crate::tables::{self, Table};
use crate::txn::Txn;

/// Which versions to list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListVersions {
    /// Only keys that begin so.
    pub prefix: String,
    /// Keys that have this text after the prefix are rolled up into one common prefix.
    pub delimiter: Option<String>,
    /// Only what comes after this key (all its versions) or common prefix.
    pub key_marker: String,
    /// With a key marker: that key's versions after this one, too.
    pub version_id_marker: Option<VersionId>,
    /// Most versions, markers and common prefixes together.
    pub limit: usize,
}

/// A version or a delete marker in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedVersion {
    /// The key.
    pub key: String,
    /// Its id; `None` if the bucket was never versioned.
    pub version_id: Option<VersionId>,
    /// Whether it is the key's current version.
    pub is_latest: bool,
    /// When it was made.
    pub last_modified: Timestamp,
    /// Whose it is.
    pub owner: Owner,
    /// Size, tag and class; `None` for a delete marker.
    pub object: Option<(u64, ETag, StorageClass)>,
    /// Which checksum it has, by an algorithm that its client chose.
    pub checksum: Option<ChecksumKind>,
}

/// Some of a bucket's versions: the bucket as it was at one instant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VersionPage {
    /// The versions and delete markers, in order.
    pub versions: Vec<ListedVersion>,
    /// The common prefixes, in byte order.
    pub common_prefixes: Vec<String>,
    /// The key marker of the next page, if there is more.
    pub next_key_marker: Option<String>,
    /// The version id marker of the next page; `None` after a common prefix, and where versions have
    /// no ids.
    pub next_version_id_marker: Option<VersionId>,
}

impl Store {
    /// Lists versions.
    ///
    /// # Errors
    /// [`Error::NoSuchBucket`]; [`Error::MalformedVersionId`] for the marker.
    pub async fn list_versions(
        &self,
        bucket: &BucketName,
        request: &ListVersions,
    ) -> Result<VersionPage, Error> {
        let mut txn = self.core.begin().await?;
        let bucket = txn.bucket(bucket).await?;
        let (start, mut newest_seen) = start(&mut txn, &bucket, request).await?;
        let rows = Rows {
            table: Table::Version,
            bucket: bucket.id,
            prefix: &request.prefix,
            delimiter: request.delimiter.as_deref(),
            start,
            limit: request.limit,
            key_of: |rest| Some(tables::parse_version(rest)?.0),
            read: |value| VersionRecord::from_value(value).map(Some),
        };
        let mut listing = Listing::new(Arc::clone(txn.snapshot()), rows);
        let mut page = VersionPage::default();
        let mut last = (String::new(), None);
        for count in 0.. {
            if count == request.limit {
                if count > 0 && listing.next().await?.is_some() {
                    (page.next_key_marker, page.next_version_id_marker) = (Some(last.0), last.1);
                }
                break;
            }
            match listing.next().await? {
                None => break,
                Some(Found::Prefix(common)) => {
                    last = (common.clone(), None);
                    page.common_prefixes.push(common);
                }
                Some(Found::Row(key, _, version)) => {
                    let is_latest = newest_seen.as_ref() != Some(&key);
                    newest_seen = Some(key.clone());
                    let version = listed(key.clone(), version, is_latest, bucket.versioning);
                    last = (key, version.version_id.clone());
                    page.versions.push(version);
                }
            }
        }
        Ok(page)
    }
}

/// Where the page begins, and the key inside whose versions that is: none that follow is its newest.
async fn start<'a>(
    txn: &mut Txn,
    bucket: &BucketRecord,
    request: &'a ListVersions,
) -> Result<(Start<'a>, Option<String>), Error> {
    let after = (Start::After(&request.key_marker), None);
    let Some(id) = &request.version_id_marker else {
        return Ok(after);
    };
    // A marker that is no key is a common prefix, which has no versions.
    let Ok(key) = ObjectKey::parse_s3(&request.key_marker) else {
        return Ok(after);
    };
    let time = if id.is_null() {
        let head: Option<Head> = txn.get(tables::head(bucket.id, &key)).await?;
        let null = head.and_then(|head| head.null);
        let Some(time) = null else {
            // It is gone, and nothing says any more where it was: rather some versions twice than
            // one never.
            let row = tables::versions(bucket.id, &key);
            return Ok((Start::At(row), None));
        };
        time
    } else {
        id.time().ok_or(Error::MalformedVersionId)?
    };
    let row = tables::version(bucket.id, &key, time);
    let inside = Some(request.key_marker.clone());
    Ok((Start::At(tables::after(&row)), inside))
}

fn listed(
    key: String,
    version: VersionRecord,
    is_latest: bool,
    versioning: Versioning,
) -> ListedVersion {
    let checksum = |object: &ObjectRecord| object.extras.checksum.as_ref().map(Checksum::which);
    ListedVersion {
        key,
        version_id: version.shown_id(versioning),
        is_latest,
        last_modified: version.last_modified,
        owner: version.owner,
        checksum: version.object.as_ref().and_then(checksum),
        object: version
            .object
            .map(|object| (object.size, object.etag, object.class)),
    }
}
