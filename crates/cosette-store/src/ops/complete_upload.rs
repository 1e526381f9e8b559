//! Completes a multipart upload: the parts listed become one object at one instant. Only one
//! complete of an upload ever succeeds; an identical repeat gets the first one's answer for a day.

use super::list_parts::part_number;
use crate::body::{BodyBuilder, ReadyBody, Walk};
use crate::codec::Record;
use crate::encryption::EncryptedWith;
use crate::error::Error;
use crate::joined::joined;
use crate::limits;
use crate::planted::Bug;
use crate::records::{
    AnswerRecord, BodyRecord, Digests, Extras, Item, ObjectRecord, PartRecord, PartSum, Pending,
    UploadRecord, UploadState,
};
use crate::store::{Core, Store};
use crate::tables::{self, BodyId, LinkId};
use crate::txn::{self, Plan, Turns, Txn};
use crate::uploads::Step;
use crate::versions::{NewVersion, Versions};
use cosette_md5::Md5 as Hasher;
use cosette_types::{
    BucketName, Checksum, ChecksumAlgorithm, ChecksumType, Crc64, ETag, Md5, ObjectKey, PartNumber,
    Preconditions, Timestamp, UploadId, VersionId, limits as protocol,
};

/// An upload to complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompleteUpload {
    /// The bucket.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// The upload.
    pub upload_id: UploadId,
    /// The parts to assemble, in ascending order; parts not listed are discarded.
    pub parts: Vec<ChosenPart>,
    /// What the object was said to be.
    pub expected: ExpectedObject,
    /// Refuses to replace an existing object. Without effect once the bucket was ever versioned.
    pub forbid_overwrite: bool,
    /// What must hold of the object that it replaces.
    pub target_preconditions: Preconditions,
}

/// A part to assemble, as the caller knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChosenPart {
    /// Its number.
    pub number: PartNumber,
    /// Its tag.
    pub etag: ETag,
    /// The checksum that it must have.
    pub checksum: Option<Checksum>,
}

/// What a caller knows of the object that it completes. What is not said is not compared.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExpectedObject {
    /// Its checksum: the algorithm, and its base64; behind one of parts may stand their number.
    pub checksum: Option<(ChecksumAlgorithm, String)>,
    /// What the checksum is computed of.
    pub checksum_type: Option<ChecksumType>,
    /// How many bytes it has.
    pub size: Option<u64>,
}

/// An upload that was completed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completed {
    /// The object's tag: a digest over its parts' digests, and their number.
    pub etag: ETag,
    /// The CRC-64 of its bytes.
    pub crc64: Crc64,
    /// The new version's id: `null` if versioning is suspended, `None` if it never was enabled.
    pub version_id: Option<VersionId>,
    /// When it was completed.
    pub last_modified: Timestamp,
    /// How the object is encrypted, if it is.
    pub encrypted_with: Option<EncryptedWith>,
    /// Its checksum by another algorithm, if its parts have one that can be joined.
    pub checksum: Option<Checksum>,
}

impl Store {
    /// Completes an upload. On any error it is open again, with all its parts.
    ///
    /// # Errors
    /// [`Error::NoSuchBucket`], [`Error::NoSuchUpload`], [`Error::InvalidPart`],
    /// [`Error::InvalidPartOrder`], [`Error::NoPartsListed`], [`Error::PartTooSmall`],
    /// [`Error::ObjectTooLarge`], [`Error::ObjectExists`],
    /// [`Error::TargetPreconditionFailed`]; [`Error::PartChecksumDiffers`], [`Error::ChecksumDiffers`],
    /// [`Error::ChecksumNotKnown`], [`Error::ChecksumTypeDiffers`], [`Error::ObjectSizeDiffers`].
    pub async fn complete_upload(&self, request: CompleteUpload) -> Result<Completed, Error> {
        self.detached(|core| async move { complete(&core, &request).await })
            .await
    }
}

async fn complete(core: &Core, request: &CompleteUpload) -> Result<Completed, Error> {
    check_order(&request.parts)?;
    let body = BodyId(core.new_id()?);
    // Known to those who will wait before the row says that there is something to wait for.
    let completing = core.completions.begin(body);
    let freeze = Freeze { request, body };
    let (row, upload) = match core.run_on_upload(&freeze).await? {
        Frozen::Answered(completed) => {
            request.expected.check(completed.checksum.as_ref())?;
            return Ok(completed);
        }
        Frozen::Begun(row, upload) => (row, upload),
    };
    let completed = assemble(core, request, &upload, body).await;
    if completed.is_err() {
        // Safe even if the last commit's outcome is unknown: the upload opens again only if its
        // row still says that it is being completed, and then that commit cannot happen any more.
        // What this cannot do, the next open does.
        let _ = core.reopen_upload(&row, core.epoch, body).await;
    }
    drop(completing);
    completed
}

fn check_order(parts: &[ChosenPart]) -> Result<(), Error> {
    if parts.is_empty() {
        return Err(Error::NoPartsListed);
    }
    let ascending = parts.is_sorted_by(|one, next| one.number < next.number);
    if ascending {
        Ok(())
    } else {
        Err(Error::InvalidPartOrder)
    }
}

impl ExpectedObject {
    /// Holds the checksum that was said against the one that the parts make.
    fn check(&self, made: Option<&Checksum>) -> Result<(), Error> {
        if let (Some(wanted), Some(made)) = (self.checksum_type, made)
            && wanted != made.kind
        {
            return Err(Error::ChecksumTypeDiffers { kind: made.kind });
        }
        let Some((algorithm, wanted)) = &self.checksum else {
            return Ok(());
        };
        let algorithm = *algorithm;
        match made.filter(|made| made.algorithm == algorithm) {
            None => Err(Error::ChecksumNotKnown { algorithm }),
            // The number of parts may be left out.
            Some(made) if *wanted == made.value || wanted == made.base64() => Ok(()),
            Some(_) => Err(Error::ChecksumDiffers { algorithm }),
        }
    }
}

impl CompleteUpload {
    /// Tells an identical repeat from another list.
    fn list_digest(&self) -> Md5 {
        let mut digest = Hasher::new();
        for part in &self.parts {
            digest.update(&part.number.get().to_be_bytes());
            digest.update(part.etag.value().as_bytes());
            digest.update(&[0]);
        }
        Md5(digest.finish())
    }
}

/// Says that the upload is being completed: from then on its parts stay as they are.
struct Freeze<'a> {
    request: &'a CompleteUpload,
    body: BodyId,
}

enum Frozen {
    /// It was completed before, with the same list.
    Answered(Completed),
    /// The upload's row, and what it now holds.
    Begun(bytes::Bytes, Box<UploadRecord>),
}

impl Plan for Freeze<'_> {
    type Made = Step<Frozen>;

    async fn plan(&self, core: &Core, txn: &mut Txn) -> Result<Step<Frozen>, Error> {
        let (key, id) = (&self.request.key, &self.request.upload_id);
        let bucket = txn.bucket(&self.request.bucket).await?;
        let row = tables::upload(bucket.id, key, id);
        let Some(mut upload) = txn.get::<UploadRecord>(row.clone()).await? else {
            let answer: Option<AnswerRecord> = txn.get(tables::answer(bucket.id, key, id)).await?;
            return match answer {
                Some(answer)
                    if answer.list == self.request.list_digest()
                        && !Bug::NoAnswerKept.is_planted() =>
                {
                    Ok(Step::Done(Frozen::Answered(answer.into())))
                }
                _ => Err(Error::NoSuchUpload),
            };
        };
        if let Some(busy) = upload.busy(&row)
            && !Bug::SecondCompleteEnters.is_planted()
        {
            return Ok(Step::Busy(busy));
        }
        upload.state = UploadState::Completing(core.epoch, self.body);
        txn.put(row.clone(), &upload);
        let pending = Pending::Completing(bucket.id, key.clone(), id.clone());
        if !Bug::NoPendingRow.is_planted() {
            txn.put(tables::pending(core.epoch, self.body), &pending);
        }
        Ok(Step::Done(Frozen::Begun(row, Box::new(upload))))
    }

    fn turns(&self) -> Turns<'_> {
        Turns::default()
    }
}

impl From<AnswerRecord> for Completed {
    fn from(answer: AnswerRecord) -> Self {
        Self {
            etag: answer.etag,
            crc64: answer.crc64,
            version_id: answer.version_id,
            last_modified: answer.last_modified,
            encrypted_with: answer.encrypted_with,
            checksum: answer.checksum,
        }
    }
}

/// Makes one body of the parts listed and publishes it.
async fn assemble(
    core: &Core,
    request: &CompleteUpload,
    upload: &UploadRecord,
    body: BodyId,
) -> Result<Completed, Error> {
    let parts = listed_parts(core, upload, &request.parts).await?;
    let size = check_sizes(core, &parts)?;
    if request.expected.size.is_some_and(|wanted| wanted != size) {
        return Err(Error::ObjectSizeDiffers { size });
    }
    let checksum = joined(&parts, upload.extras.declared);
    request.expected.check(checksum.as_ref())?;
    let mut tags = Hasher::new();
    for (_, part) in &parts {
        tags.update(&part.md5.0);
    }
    let etag = ETag::of_parts(Md5(tags.finish()), parts.len());
    let mut builder = BodyBuilder::new(core, body, None);
    // Of one of all bytes the parts' own tell nothing more.
    let keep_sums = checksum
        .as_ref()
        .is_some_and(|made| made.kind == ChecksumType::Composite);
    for parts in parts.chunks(PARTS_AT_ONCE) {
        add_parts(core, &mut builder, parts, keep_sums).await?;
    }
    let publish = Publish {
        request,
        upload,
        body: builder.finish(None).await?,
        etag,
        checksum,
    };
    core.run(&publish).await
}

/// Parts whose bodies are looked up at once.
const PARTS_AT_ONCE: usize = 100;

/// The parts listed, as they are stored. Nothing changes them while the upload is being completed.
async fn listed_parts(
    core: &Core,
    upload: &UploadRecord,
    listed: &[ChosenPart],
) -> Result<Vec<(PartNumber, PartRecord)>, Error> {
    let snapshot = core.meta.snapshot().await?;
    let prefix = tables::parts(upload.id);
    let mut start = prefix.clone();
    let mut parts = Vec::with_capacity(listed.len());
    let mut listed = listed.iter().peekable();
    'all: loop {
        let rows = txn::scan(snapshot.as_ref(), &prefix, start, limits::SCAN_ROWS).await?;
        for (row, value) in &rows {
            let stored = part_number(row)?;
            let Some(&chosen) = listed.peek() else {
                break 'all;
            };
            let number = chosen.number;
            if number > stored {
                // Not listed: it will be discarded.
                continue;
            }
            let part = PartRecord::from_value(value)?;
            if number < stored || ETag::of_md5(part.md5) != chosen.etag {
                return Err(Error::InvalidPart { number });
            }
            if chosen.checksum.is_some() && chosen.checksum != part.checksum {
                return Err(Error::PartChecksumDiffers { number });
            }
            parts.push((number, part));
            listed.next();
        }
        start = match rows.last() {
            Some((row, _)) if rows.len() == limits::SCAN_ROWS => tables::after(row),
            _ => break,
        };
    }
    match listed.next() {
        Some(missing) => Err(Error::InvalidPart {
            number: missing.number,
        }),
        None => Ok(parts),
    }
}

/// How many bytes they have together.
fn check_sizes(core: &Core, parts: &[(PartNumber, PartRecord)]) -> Result<u64, Error> {
    let but_last = parts.split_last().map_or(&[][..], |(_, others)| others);
    for (number, part) in but_last {
        if part.size < core.options.part_bytes_min {
            return Err(Error::PartTooSmall {
                number: *number,
                size: part.size,
            });
        }
    }
    let limit = protocol::OBJECT_BYTES_MAX;
    let size = parts
        .iter()
        .try_fold(0u64, |size, (_, part)| size.checked_add(part.size));
    size.filter(|size| *size <= limit)
        .ok_or(Error::ObjectTooLarge { limit })
}

/// Adds the slices of some parts to the body, and the checksums of the parts if they are to be kept.
async fn add_parts(
    core: &Core,
    builder: &mut BodyBuilder<'_>,
    parts: &[(PartNumber, PartRecord)],
    keep_sums: bool,
) -> Result<(), Error> {
    let snapshot = core.meta.snapshot().await?;
    let rows: Vec<_> = parts
        .iter()
        .map(|(_, part)| tables::body(part.body))
        .collect();
    let values = snapshot.multi_get(&rows).await?;
    for ((_, part), value) in parts.iter().zip(values) {
        let value = value.ok_or_else(|| Error::corrupt("a part's body is missing"))?;
        let record = BodyRecord::from_value(&value)?;
        let digests = Digests {
            size: part.size,
            md5: part.md5,
            crc64: part.crc64,
        };
        let sum = part.checksum.as_ref().filter(|_| keep_sums);
        builder
            .part_with(digests, sum.and_then(PartSum::of))
            .await?;
        let mut size = 0;
        let mut walk = Walk::new(&core.meta, part.body, &record, 0);
        while let Some((_, item)) = walk.next().await? {
            if let Item::Slice(slice) = item {
                size += slice.length;
                builder.slice(slice).await?;
            }
        }
        if size != part.size {
            return Err(Error::corrupt(
                "a part's slices are not as long as the part",
            ));
        }
    }
    Ok(())
}

/// The last step: head, version, reference and answer appear, the upload goes.
struct Publish<'a> {
    request: &'a CompleteUpload,
    upload: &'a UploadRecord,
    body: ReadyBody,
    etag: ETag,
    checksum: Option<Checksum>,
}

impl Plan for Publish<'_> {
    type Made = Completed;

    async fn plan(&self, core: &Core, txn: &mut Txn) -> Result<Completed, Error> {
        let (key, id) = (&self.request.key, &self.request.upload_id);
        let bucket = txn.live_bucket(&self.request.bucket).await?;
        let row = tables::upload(bucket.id, key, id);
        let unchanged = txn.get::<UploadRecord>(row.clone()).await?.as_ref() == Some(self.upload);
        let careless = Bug::SecondCompleteEnters.is_planted() || Bug::AbortDoesNotWait.is_planted();
        if !unchanged && !careless {
            return Err(Error::corrupt("an upload changed while it was completed"));
        }
        let versions = Versions::load(txn, &bucket, key).await?;
        versions.forbid_overwrite(self.request.forbid_overwrite)?;
        versions.check_target(&self.request.target_preconditions)?;
        self.body.publish(txn);
        txn.end_pending(core.epoch, self.body.id).await?;
        let now = core.now();
        let new = NewVersion {
            now,
            owner: self.upload.owner.clone(),
            object: Some(ObjectRecord {
                body: self.body.id,
                link: LinkId(core.new_id()?),
                size: self.body.record.size,
                etag: self.etag.clone(),
                crc64: self.body.record.crc64,
                class: self.upload.class,
                metadata: self.upload.metadata.clone(),
                acl: self.upload.acl.clone(),
                extras: Extras {
                    declared: None,
                    checksum: self.checksum.clone(),
                    ..self.upload.extras.clone()
                },
            }),
        };
        let version = versions.add(core, txn, new).await?;
        let answer = AnswerRecord {
            list: self.request.list_digest(),
            etag: self.etag.clone(),
            crc64: self.body.record.crc64,
            version_id: version.shown_id(bucket.versioning),
            last_modified: version.last_modified,
            encrypted_with: self
                .upload
                .extras
                .encryption
                .as_ref()
                .map(|kept| kept.told()),
            checksum: self.checksum.clone(),
        };
        txn.delete(row);
        let kept = tables::answer(bucket.id, key, id);
        txn.put(kept.clone(), &answer);
        let gone = now.secs() + limits::ANSWER_KEPT_SECS;
        txn.put_value(tables::expiry(gone, core.random()?), kept);
        txn.mark(tables::leftover(self.upload.id));
        Ok(answer.into())
    }

    fn turns(&self) -> Turns<'_> {
        Turns::at(&self.request.bucket, &self.request.key)
    }
}
