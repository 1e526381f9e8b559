//! Lists the parts of an unfinished upload, in the order of their numbers.

use cosette_types::{
    BucketName, Checksum, Crc64, DeclaredChecksum, ETag, ObjectKey, Owner, PartNumber,
    StorageClass, Timestamp, UploadId,
};

use crate::codec::Record;
use crate::error::Error;
use crate::records::PartRecord;
use crate::store::Store;
use crate::tables::{self, Table};
use crate::uploads::find_upload;

/// Which parts to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListParts {
    /// The bucket.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// The upload.
    pub upload_id: UploadId,
    /// Only numbers above this one.
    pub marker: u16,
    /// Most parts to return.
    pub limit: usize,
}

/// A part in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedPart {
    /// Its number.
    pub number: PartNumber,
    /// When it was stored.
    pub last_modified: Timestamp,
    /// Its tag: the MD5 of its bytes.
    pub etag: ETag,
    /// The CRC-64 of its bytes.
    pub crc64: Crc64,
    /// How many bytes it has.
    pub size: u64,
    /// A checksum of them by another algorithm, if the client that put them sent one.
    pub checksum: Option<Checksum>,
}

/// Some of an upload's parts, and what is known of the upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartPage {
    /// Who began the upload.
    pub owner: Owner,
    /// The class that its object will have.
    pub storage_class: StorageClass,
    /// The checksum that its object will have, if it was begun with one.
    pub checksum: Option<DeclaredChecksum>,
    /// The parts.
    pub parts: Vec<ListedPart>,
    /// The marker of the next page, if there is more.
    pub next_marker: Option<u16>,
}

impl Store {
    /// Lists parts.
    ///
    /// # Errors
    /// [`Error::NoSuchBucket`], [`Error::NoSuchUpload`].
    pub async fn list_parts(&self, request: &ListParts) -> Result<PartPage, Error> {
        let mut txn = self.core.begin().await?;
        let (_, upload) =
            find_upload(&mut txn, &request.bucket, &request.key, &request.upload_id).await?;
        let prefix = tables::parts(upload.id);
        let start = Table::Part.key(&[&upload.id.0, &request.marker.to_be_bytes()]);
        let limit = request.limit.saturating_add(1);
        let mut rows = txn.scan(&prefix, tables::after(&start), limit).await?;
        let more = rows.len() > request.limit;
        rows.truncate(request.limit);
        let parts = rows
            .iter()
            .map(|(row, value)| listed(row, value))
            .collect::<Result<Vec<_>, _>>()?;
        let last = parts.last().map(|part: &ListedPart| part.number.get());
        Ok(PartPage {
            owner: upload.owner,
            storage_class: upload.class,
            checksum: upload.extras.declared,
            next_marker: last.filter(|_| more),
            parts,
        })
    }
}

fn listed(row: &[u8], value: &[u8]) -> Result<ListedPart, Error> {
    let part = PartRecord::from_value(value)?;
    Ok(ListedPart {
        number: part_number(row)?,
        last_modified: part.last_modified,
        etag: ETag::of_md5(part.md5),
        crc64: part.crc64,
        size: part.size,
        checksum: part.checksum,
    })
}

/// The number in the key of a part row.
pub(crate) fn part_number(row: &[u8]) -> Result<PartNumber, Error> {
    let number = row
        .last_chunk::<2>()
        .map(|bytes| u16::from_be_bytes(*bytes));
    number
        .and_then(|number| PartNumber::try_from(u64::from(number)).ok())
        .ok_or_else(|| Error::corrupt("a part row's key is damaged"))
}
