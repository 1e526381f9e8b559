//! Ends an upload without an object. Its parts' space is given back, those of late parts included.

use cosette_types::{BucketName, ObjectKey, UploadId};

use crate::error::Error;
use crate::planted::Bug;
use crate::store::{Core, Store};
use crate::tables;
use crate::txn::{Plan, Turns, Txn};
use crate::uploads::{Step, find_upload};
use crate::versions::Versions;

/// An upload to abort.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AbortUpload {
    /// The bucket.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// The upload.
    pub upload_id: UploadId,
}

impl Store {
    /// Aborts an upload. While it is being completed, waits for the end of that.
    ///
    /// # Errors
    /// [`Error::NoSuchBucket`], [`Error::NoSuchUpload`].
    pub async fn abort_upload(&self, request: AbortUpload) -> Result<(), Error> {
        self.detached(|core| async move { core.run_on_upload(&request).await })
            .await
    }
}

impl Plan for AbortUpload {
    type Made = Step<()>;

    async fn plan(&self, _: &Core, txn: &mut Txn) -> Result<Step<()>, Error> {
        if Bug::AbortFreesCompleted.is_planted() {
            let bucket = txn.bucket(&self.bucket).await?;
            let versions = Versions::load(txn, &bucket, &self.key).await?;
            if let Ok((_, object)) = versions.find(txn, None).await {
                txn.delete(tables::reference(object.body, object.link));
                txn.mark(tables::free_body(object.body, object.link));
                return Ok(Step::Done(()));
            }
        }
        let (bucket, upload) = find_upload(txn, &self.bucket, &self.key, &self.upload_id).await?;
        let row = tables::upload(bucket.id, &self.key, &self.upload_id);
        if let Some(busy) = upload.busy(&row)
            && !Bug::AbortDoesNotWait.is_planted()
        {
            return Ok(Step::Busy(busy));
        }
        // Without the row no part commits any more; those that did are given back by the sweep.
        txn.delete(row);
        txn.mark(tables::leftover(upload.id));
        Ok(Step::Done(()))
    }

    fn turns(&self) -> Turns<'_> {
        Turns::default()
    }
}
