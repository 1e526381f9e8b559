//! Lists a bucket's unfinished uploads: keys in byte order, then upload ids.

use cosette_types::{BucketName, Owner, StorageClass, Timestamp, UploadId};

use crate::error::Error;
use crate::store::Store;

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
        Err(Error::io("under construction"))
    }
}
