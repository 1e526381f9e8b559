//! What the operations on uploads share: finding one, and putting a part into it.

use bytes::Bytes;
use cosette_types::{BucketName, Checksum, ObjectKey, PartNumber, UploadId};

use crate::error::Error;
use crate::planted::Bug;
use crate::records::{BucketRecord, Digests, PartRecord, Referrer, UploadRecord, UploadState};
use crate::store::Core;
use crate::tables::{self, BodyId, LinkId};
use crate::txn::{Plan, Txn};

/// An unfinished upload of this key.
pub(crate) async fn find_upload(
    txn: &mut Txn,
    bucket: &BucketName,
    key: &ObjectKey,
    upload: &UploadId,
) -> Result<(BucketRecord, UploadRecord), Error> {
    let bucket = txn.bucket(bucket).await?;
    let found = txn.get(tables::upload(bucket.id, key, upload)).await?;
    Ok((bucket, found.ok_or(Error::NoSuchUpload)?))
}

/// What a plan on an upload came to.
#[derive(Debug)]
pub(crate) enum Step<T> {
    /// It is done.
    Done(T),
    /// The upload is being completed: nothing was done.
    Busy(Busy),
}

/// An upload that is being completed.
#[derive(Debug)]
pub(crate) struct Busy {
    /// Its row.
    pub(crate) row: Bytes,
    /// The epoch and the body of the completing.
    pub(crate) completing: (u64, BodyId),
}

impl UploadRecord {
    /// Whether nothing can be done because the upload is being completed.
    pub(crate) fn busy(&self, row: &Bytes) -> Option<Busy> {
        match self.state {
            UploadState::Open => None,
            UploadState::Completing(epoch, body) => Some(Busy {
                row: row.clone(),
                completing: (epoch, body),
            }),
        }
    }
}

impl Core {
    /// Runs a plan on an upload; waits for the end of a completing that is in its way.
    pub(crate) async fn run_on_upload<P, T>(&self, plan: &P) -> Result<T, Error>
    where
        P: Plan<Made = Step<T>>,
        T: Send,
    {
        loop {
            match self.run(plan).await? {
                Step::Done(made) => return Ok(made),
                Step::Busy(busy) => self.until_completed(&busy).await?,
            }
        }
    }
}

/// What is put as a part: its body, what is known of its bytes, and the checksum that came with them.
#[derive(Debug)]
pub(crate) struct PartContent {
    pub(crate) body: BodyId,
    pub(crate) digests: Digests,
    pub(crate) checksum: Option<Checksum>,
}

/// Puts a part into an open upload, in place of the one that had its number. The body's own rows
/// are the caller's to write.
pub(crate) async fn put_part(
    core: &Core,
    txn: &mut Txn,
    upload: &UploadRecord,
    number: PartNumber,
    mut content: PartContent,
) -> Result<PartRecord, Error> {
    let row = tables::part(upload.id, number);
    if let Some(old) = txn.get::<PartRecord>(row.clone()).await? {
        if Bug::FirstTryKept.is_planted() {
            return Ok(old);
        }
        unlink_part(txn, &old);
        if Bug::ChecksumOfOldPart.is_planted() {
            content.checksum = old.checksum;
        }
    }
    let PartContent {
        body,
        digests,
        checksum,
    } = content;
    let part = PartRecord {
        body,
        link: LinkId(core.new_id()?),
        size: digests.size,
        md5: digests.md5,
        crc64: digests.crc64,
        last_modified: core.now(),
        checksum,
    };
    let referrer = Referrer::Part(upload.id, number);
    txn.put(tables::reference(part.body, part.link), &referrer);
    txn.put(row, &part);
    Ok(part)
}

/// Takes a part's reference away and says that its body may be free.
pub(crate) fn unlink_part(txn: &mut Txn, part: &PartRecord) {
    txn.delete(tables::reference(part.body, part.link));
    txn.mark(tables::free_body(part.body, part.link));
}

/// A text for taking turns at one part: parts of one upload do not wait for each other.
pub(crate) fn turn_of(upload: &UploadId, number: PartNumber) -> String {
    format!("{upload}\0{number}")
}
