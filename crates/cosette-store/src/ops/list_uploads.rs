//! Lists a bucket's unfinished uploads: keys in byte order, then upload ids.

use std::sync::Arc;

use cosette_types::{BucketName, DeclaredChecksum, Owner, StorageClass, Timestamp, UploadId};

use crate::codec::Record;
use crate::error::Error;
use crate::listing::{Found, Listing, Rows, Start};
use crate::records::UploadRecord;
use crate::store::Store;
use crate::tables::{self, Table};

/// Which uploads to list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListUploads {
    /// Only keys that begin so.
    pub prefix: String,
    /// Keys that have this text after the prefix are rolled up into one common prefix.
    pub delimiter: Option<String>,
    /// Only what comes after this key (all its uploads) or common prefix.
    pub key_marker: String,
    /// With a key marker: that key's uploads after this one, too.
    pub upload_id_marker: Option<String>,
    /// Most uploads and common prefixes together.
    pub limit: usize,
}

/// An upload in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedUpload {
    /// The key.
    pub key: String,
    /// Its id.
    pub upload_id: UploadId,
    /// Who began it.
    pub owner: Owner,
    /// The class that its object will have.
    pub storage_class: StorageClass,
    /// The checksum that its object will have, if it was begun with one.
    pub checksum: Option<DeclaredChecksum>,
    /// When it was begun.
    pub initiated: Timestamp,
}

/// Some of a bucket's uploads: the bucket as it was at one instant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UploadPage {
    /// The uploads, in order.
    pub uploads: Vec<ListedUpload>,
    /// The common prefixes, in byte order.
    pub common_prefixes: Vec<String>,
    /// The key marker of the next page, if there is more.
    pub next_key_marker: Option<String>,
    /// The upload id marker of the next page; `None` after a common prefix.
    pub next_upload_id_marker: Option<String>,
}

impl Store {
    /// Lists unfinished uploads.
    ///
    /// # Errors
    /// [`Error::NoSuchBucket`].
    pub async fn list_uploads(
        &self,
        bucket: &BucketName,
        request: &ListUploads,
    ) -> Result<UploadPage, Error> {
        let mut txn = self.core.begin().await?;
        let bucket = txn.bucket(bucket).await?;
        let marker = request.key_marker.as_str();
        let start = match &request.upload_id_marker {
            Some(id) if !marker.is_empty() && !id.is_empty() => {
                let base = [marker.as_bytes(), &[0], id.as_bytes()].concat();
                let row = Table::Upload.key(&[&bucket.id.0, &base]);
                Start::At(tables::after(&row))
            }
            _ => Start::After(marker),
        };
        let rows = Rows {
            table: Table::Upload,
            bucket: bucket.id,
            prefix: &request.prefix,
            delimiter: request.delimiter.as_deref(),
            start,
            limit: request.limit,
            key_of: |rest| Some(tables::parse_upload(rest)?.0),
            read: |value| UploadRecord::from_value(value).map(Some),
        };
        let mut listing = Listing::new(Arc::clone(txn.snapshot()), rows);
        let mut page = UploadPage::default();
        let mut last = (String::new(), None);
        for count in 0.. {
            if count == request.limit {
                if count > 0 && listing.next().await?.is_some() {
                    (page.next_key_marker, page.next_upload_id_marker) = (Some(last.0), last.1);
                }
                break;
            }
            match listing.next().await? {
                None => break,
                Some(Found::Prefix(common)) => {
                    last = (common.clone(), None);
                    page.common_prefixes.push(common);
                }
                Some(Found::Row(key, rest, upload)) => {
                    let upload = listed(key.clone(), &rest, upload)?;
                    last = (key, Some(upload.upload_id.as_str().to_owned()));
                    page.uploads.push(upload);
                }
            }
        }
        Ok(page)
    }
}

fn listed(key: String, rest: &[u8], upload: UploadRecord) -> Result<ListedUpload, Error> {
    let id = tables::parse_upload(rest).and_then(|(_, id)| id.parse().ok());
    Ok(ListedUpload {
        key,
        upload_id: id.ok_or_else(|| Error::corrupt("an upload row's key is damaged"))?,
        owner: upload.owner,
        storage_class: upload.class,
        checksum: upload.extras.declared,
        initiated: upload.initiated,
    })
}
