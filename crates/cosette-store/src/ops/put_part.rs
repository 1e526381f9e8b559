//! Stores a part of an upload. The same number again replaces the part; the last writer wins.

use cosette_types::{BucketName, Crc64, ETag, ObjectKey, PartNumber, Timestamp, UploadId};

use super::stage::Staged;
use crate::error::Error;
use crate::planted::Bug;
use crate::store::{Core, Store};
use crate::tables;
use crate::txn::{Plan, Turns, Txn};
use crate::uploads::{PartContent, Step, find_upload, put_part, turn_of};

/// Where a part goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutPart {
    /// The bucket.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// The upload.
    pub upload_id: UploadId,
    /// The part's number.
    pub number: PartNumber,
}

/// A part that was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPart {
    /// Its tag: the MD5 of its bytes.
    pub etag: ETag,
    /// The CRC-64 of its bytes.
    pub crc64: Crc64,
    /// When it was stored.
    pub last_modified: Timestamp,
}

impl Store {
    /// Stores staged bytes as a part.
    ///
    /// # Errors
    /// [`Error::NoSuchBucket`], [`Error::NoSuchUpload`]. The staged bytes are given back.
    pub async fn put_part(&self, request: PutPart, staged: Staged) -> Result<StoredPart, Error> {
        let publish = Publish {
            turn: turn_of(&request.upload_id, request.number),
            request,
            staged,
        };
        self.detached(|core| async move { core.run_on_upload(&publish).await })
            .await
    }
}

#[derive(Debug)]
struct Publish {
    request: PutPart,
    staged: Staged,
    turn: String,
}

impl Plan for Publish {
    type Made = Step<StoredPart>;

    async fn plan(&self, core: &Core, txn: &mut Txn) -> Result<Step<StoredPart>, Error> {
        let (name, key, id) = (
            &self.request.bucket,
            &self.request.key,
            &self.request.upload_id,
        );
        let (bucket, upload) = find_upload(txn, name, key, id).await?;
        if let Some(busy) = upload.busy(&tables::upload(bucket.id, key, id))
            && !Bug::LatePartReplaces.is_planted()
        {
            return Ok(Step::Busy(busy));
        }
        if self.staged.protection().record() != upload.extras.encryption {
            return Err(Error::corrupt("a part is not encrypted as its upload is"));
        }
        let content = PartContent {
            body: self.staged.publish(core, txn)?,
            digests: self.staged.digests(),
            checksum: self.staged.checksum().cloned(),
        };
        let part = put_part(core, txn, &upload, self.request.number, content).await?;
        Ok(Step::Done(StoredPart {
            etag: ETag::of_md5(part.md5),
            crc64: part.crc64,
            last_modified: part.last_modified,
        }))
    }

    fn turns(&self) -> Turns<'_> {
        Turns {
            changes: Some((&self.request.bucket, &self.turn)),
            ..Turns::default()
        }
    }

    fn committing(&self) {
        self.staged.committing();
    }

    fn refused(&self) {
        self.staged.refused();
    }
}
