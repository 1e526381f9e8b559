//! Copies an object, or a range of it, as a part of an upload: no byte of it is written.
//!
//! The part shares the source's extents. Its MD5 is known without reading when the range is exactly
//! one stored part or a body that was put in one request; otherwise the range is read once and the
//! digests are remembered. So it is with the checksum that the upload was begun with.
//!
//! Only where the upload is encrypted otherwise than the source, the range is written again.

use std::sync::{Arc, PoisonError};

use cosette_types::{
    BucketName, ByteRange, Checksum, ChecksumAlgorithm, ChecksumType, CopySource, Crc64,
    CustomerKey, ETag, ObjectKey, PartNumber, Preconditions, Span, Timestamp, UploadId, VersionId,
    limits as protocol,
};

use super::copy_object::Source;
use super::read::hash_body;
use super::rewrite::{Old, stage_again};
use super::stage::{Intake, Staged};
use crate::body::{BodyBuilder, ReadyBody, Walk, cut, exact_part};
use crate::encryption::{EncryptedWith, Protection};
use crate::error::Error;
use crate::lease::Lease;
use crate::limits;
use crate::planted::Bug;
use crate::records::{BodyRecord, Digests, Item, Pending, RangeDigests};
use crate::store::{Core, Store};
use crate::tables::{self, BodyId};
use crate::txn::{self, Plan, Turns, Txn};
use crate::uploads::{PartContent, Step, find_upload, put_part, turn_of};

/// A part to be copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyPart {
    /// What is copied; its region is not looked at.
    pub source: CopySource,
    /// The range of it; all of it when `None`.
    pub range: Option<ByteRange>,
    /// What must hold of the source.
    pub preconditions: Preconditions,
    /// The upload's bucket.
    pub bucket: BucketName,
    /// The upload's key.
    pub key: ObjectKey,
    /// The upload.
    pub upload_id: UploadId,
    /// The part's number.
    pub number: PartNumber,
    /// The customer's key that the upload is encrypted with, if it is.
    pub customer_key: Option<CustomerKey>,
    /// The customer's key that the source is encrypted with, if it is.
    pub source_key: Option<CustomerKey>,
}

/// A part that was copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopiedPart {
    /// Its tag: the MD5 of its bytes.
    pub etag: ETag,
    /// The CRC-64 of its bytes.
    pub crc64: Crc64,
    /// When it was copied.
    pub last_modified: Timestamp,
    /// The id of the version that was copied from, if the source's bucket was ever versioned.
    pub source_version_id: Option<VersionId>,
    /// How the part is encrypted, if it is.
    pub encrypted_with: Option<EncryptedWith>,
    /// The checksum of its bytes, by the algorithm that the upload was begun with; if it was begun with
    /// none, that of a whole source that has one of all its bytes.
    pub checksum: Option<Checksum>,
}

impl Store {
    /// Copies a range of a version as a part. The source may be overwritten meanwhile: the part is
    /// of the version that was found.
    ///
    /// # Errors
    /// [`Error::NoSuchUpload`], [`Error::RangeBeyondEnd`]; else as [`Store::copy_object`].
    pub async fn copy_part(&self, request: CopyPart) -> Result<CopiedPart, Error> {
        self.detached(|core| async move { copy_part(core, request).await })
            .await
    }
}

async fn copy_part(core: Arc<Core>, request: CopyPart) -> Result<CopiedPart, Error> {
    // Asked first, so that nothing is read for an upload that does not exist.
    let mut txn = core.begin().await?;
    let (_, upload) =
        find_upload(&mut txn, &request.bucket, &request.key, &request.upload_id).await?;
    drop(txn);
    let kept = upload.extras.encryption.as_ref();
    let protection = core.protection_like(kept, request.customer_key.as_ref());
    let protection = protection.await?;
    let found = find_source(&core, &request, &protection).await?;
    let wanted = upload.extras.declared.map(|one| one.algorithm());
    let (content, known) = found.content(&core, &request, &protection, wanted).await?;
    let publish = Publish {
        turn: turn_of(&request.upload_id, request.number),
        request: &request,
        remember: match known.how {
            How::Read => core.may_remember(found.body).await?,
            // In place of the row that is there.
            How::ReadAgain => true,
            How::Told => false,
        },
        known: &known.what,
        found: &found,
        content: &content,
        encrypted_with: protection.encrypted_with(),
    };
    let copied = core.run_on_upload(&publish).await;
    match (&copied, &content) {
        (Err(error), Content::Slices(body)) if body.is_begun() && error.is_refusal() => {
            core.discard_begun(core.epoch, body.id).await?;
        }
        (Ok(_), _) if publish.remember && known.how == How::Read => core.remembered(found.body),
        _ => {}
    }
    copied
}

/// The bytes to be copied. They stay readable, and the body whole, while this lives.
struct Found {
    body: BodyId,
    record: BodyRecord,
    span: Span,
    lease: Arc<Lease>,
    version_id: Option<VersionId>,
    /// Whether its bytes are encrypted as the part's are to be.
    shared: bool,
    /// The source's checksum.
    checksum: Option<Checksum>,
}

/// What the part is made of.
enum Content {
    /// The source's body itself.
    Whole,
    /// A body of slices.
    Slices(ReadyBody),
    /// Bytes that had to be written again.
    Staged(Staged),
}

/// What is known of the bytes.
struct Known {
    what: RangeDigests,
    how: How,
}

/// How it came to be known.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    /// Rows told it.
    Told,
    /// The bytes were read for it.
    Read,
    /// They were read before, but not for this checksum.
    ReadAgain,
}

async fn find_source(
    core: &Arc<Core>,
    request: &CopyPart,
    protection: &Protection,
) -> Result<Found, Error> {
    // Entered before the snapshot is taken, so that the body cannot go before it is leased.
    let entry = core.leases.enter();
    let mut txn = core.begin().await?;
    let source = Source::find(&mut txn, &request.source).await?;
    source.check(&request.preconditions)?;
    source.check_copyable(core.now())?;
    source.check_key(request.source_key.as_ref())?;
    let size = source.object.size;
    let mut span = match request.range {
        None => Span::whole(size),
        Some(range) => match range.within(size) {
            None if Bug::RangeSilentlyCut.is_planted() => Span::whole(size),
            within => within.ok_or(Error::RangeBeyondEnd { size })?,
        },
    };
    if request.range.is_some() && Bug::RangeEndExclusive.is_planted() {
        span.end -= 1;
    }
    let body = source.object.body;
    let record = txn.peek(&tables::body(body)).await?;
    Ok(Found {
        body,
        record: record.ok_or_else(|| Error::corrupt("a version's body is missing"))?,
        span,
        lease: Arc::new(entry.lease(body)),
        version_id: source.shown_id(),
        checksum: source.object.extras.checksum.clone(),
        shared: source.is_kept_as(protection) || Bug::SharedAcrossKeys.is_planted(),
    })
}

impl Found {
    fn is_whole(&self) -> bool {
        self.span == Span::whole(self.record.size)
    }

    /// The source's checksum, if it is that of the part: of all the bytes, and by the algorithm that is
    /// wanted, if one is.
    fn checksum_of_whole(&self, wanted: Option<ChecksumAlgorithm>) -> Option<Checksum> {
        let known = self.checksum.as_ref().filter(|_| self.is_whole())?;
        let fits = wanted.is_none_or(|wanted| wanted == known.algorithm);
        (fits && known.kind == ChecksumType::FullObject).then(|| known.clone())
    }

    /// What the part is made of, and what is known of its bytes.
    async fn content(
        &self,
        core: &Arc<Core>,
        request: &CopyPart,
        protection: &Protection,
        wanted: Option<ChecksumAlgorithm>,
    ) -> Result<(Content, Known), Error> {
        let source_key = request.source_key.as_ref();
        if !self.shared {
            let limit = protocol::PUT_BYTES_MAX;
            if self.span.len() > limit {
                return Err(Error::ObjectTooLarge { limit });
            }
            let old = Old {
                body: self.body,
                span: self.span,
                lease: &self.lease,
                customer_key: source_key,
            };
            let intake = Intake::new(core, Some(self.span.len()), protection.clone());
            let intake = intake.computing(wanted);
            let staged = stage_again(core, &old, self.span, intake).await?;
            let checksum = staged.checksum().cloned();
            let what = RangeDigests {
                digests: staged.digests(),
                checksum: checksum.or_else(|| self.checksum_of_whole(wanted)),
            };
            // What was read for it is not the part's body: there is nothing to remember.
            let how = How::Told;
            return Ok((Content::Staged(staged), Known { what, how }));
        }
        let known = self.known(core, source_key, wanted).await?;
        let content = if self.is_whole() {
            Content::Whole
        } else {
            Content::Slices(self.cut_out(core, known.what.digests).await?)
        };
        Ok((content, known))
    }

    /// The digests of the span and its checksum: told by rows if they can, else by its bytes.
    async fn known(
        &self,
        core: &Arc<Core>,
        source_key: Option<&CustomerKey>,
        wanted: Option<ChecksumAlgorithm>,
    ) -> Result<Known, Error> {
        let (told, how) = self.told(core, wanted).await?;
        let told = match (told, how) {
            (Some(what), How::Told) => return Ok(Known { what, how }),
            (told, _) => told,
        };
        let of = (self.body, self.span);
        let (digests, checksum) = hash_body(core, of, &self.lease, source_key, wanted).await?;
        if told.is_some_and(|told| told.digests != digests)
            || digests.size != self.span.len()
            || (self.is_whole() && digests.crc64 != self.record.crc64)
        {
            return Err(Error::corrupt(
                "a body's bytes are not those its row tells of",
            ));
        }
        let checksum = checksum.or_else(|| self.checksum_of_whole(wanted));
        let what = RangeDigests { digests, checksum };
        Ok(Known { what, how })
    }

    /// What rows tell of the span; and if that is not all that is wanted, how the bytes are to be read.
    async fn told(
        &self,
        core: &Core,
        wanted: Option<ChecksumAlgorithm>,
    ) -> Result<(Option<RangeDigests>, How), Error> {
        let with = |digests: Digests, sum: Option<Checksum>| {
            let sum = sum.filter(|sum| wanted == Some(sum.algorithm));
            RangeDigests {
                digests,
                checksum: sum.or_else(|| self.checksum_of_whole(wanted)),
            }
        };
        let is_all = |told: &RangeDigests| wanted.is_none() || told.checksum.is_some();
        let told = match (self.is_whole(), self.record.md5) {
            (true, Some(md5)) => {
                let digests = Digests {
                    size: self.record.size,
                    md5,
                    crc64: self.record.crc64,
                };
                Some(with(digests, None))
            }
            _ => {
                let part = exact_part(&core.meta, self.body, &self.record, self.span).await?;
                part.map(|(part, sum)| with(part, sum.map(|sum| sum.checksum())))
            }
        };
        if told.as_ref().is_some_and(is_all) {
            return Ok((told, How::Told));
        }
        let row = tables::digest(self.body, self.span.start, self.span.end);
        let snapshot = core.meta.snapshot().await?;
        let remembered: Option<RangeDigests> = txn::row(snapshot.as_ref(), &row).await?;
        Ok(
            match remembered.map(|row| with(row.digests, row.checksum)) {
                None => (told, How::Read),
                Some(told) if is_all(&told) => (Some(told), How::Told),
                Some(told) => (Some(told), How::ReadAgain),
            },
        )
    }

    /// A body of the slices in the span: no byte of it is written.
    async fn cut_out(&self, core: &Core, digests: Digests) -> Result<ReadyBody, Error> {
        let id = BodyId(core.new_id()?);
        let mut builder = BodyBuilder::new(core, id, Some(Pending::Body));
        let built = match self.add_slices(core, &mut builder, digests).await {
            Ok(()) => builder.finish(Some(digests.md5)).await,
            Err(error) => Err(error),
        };
        if built.is_err() {
            // What this cannot give back, the next open does.
            let _ = builder.give_up().await;
        }
        built
    }

    async fn add_slices(
        &self,
        core: &Core,
        builder: &mut BodyBuilder<'_>,
        digests: Digests,
    ) -> Result<(), Error> {
        builder.part(digests).await?;
        let mut walk = Walk::new(&core.meta, self.body, &self.record, self.span.start);
        let mut copied = 0;
        while let Some((at, item)) = walk.next().await? {
            if at >= self.span.end {
                break;
            }
            if let Item::Slice(slice) = item
                && let Some(slice) = cut(slice, at, self.span)
            {
                copied += slice.length;
                builder.slice(slice).await?;
            }
        }
        if copied == self.span.len() {
            Ok(())
        } else {
            Err(Error::corrupt("a body's list ends before its bytes do"))
        }
    }
}

struct Publish<'a> {
    request: &'a CopyPart,
    found: &'a Found,
    content: &'a Content,
    known: &'a RangeDigests,
    /// Whether that is worth a row: it cost reading all the bytes.
    remember: bool,
    turn: String,
    encrypted_with: Option<EncryptedWith>,
}

impl Plan for Publish<'_> {
    type Made = Step<CopiedPart>;

    async fn plan(&self, core: &Core, txn: &mut Txn) -> Result<Step<CopiedPart>, Error> {
        let request = self.request;
        let (name, key, id) = (&request.bucket, &request.key, &request.upload_id);
        let (bucket, upload) = find_upload(txn, name, key, id).await?;
        if let Some(busy) = upload.busy(&tables::upload(bucket.id, key, id))
            && !Bug::LatePartReplaces.is_planted()
        {
            return Ok(Step::Busy(busy));
        }
        // The source may be overwritten by now, but its body is leased. That it is still there is
        // checked by this commit all the same: a reference to a body that is gone would lose data.
        let source: Option<BodyRecord> = txn.get(tables::body(self.found.body)).await?;
        if source.as_ref() != Some(&self.found.record) {
            return Err(Error::corrupt("a leased body has changed"));
        }
        let body = match self.content {
            Content::Whole => self.found.body,
            Content::Slices(body) => {
                body.publish(txn);
                if body.is_begun() {
                    txn.end_pending(core.epoch, body.id).await?;
                }
                body.id
            }
            Content::Staged(staged) => staged.publish(core, txn)?,
        };
        if self.remember {
            let span = self.found.span;
            let row = tables::digest(self.found.body, span.start, span.end);
            txn.put(row, self.known);
        }
        let content = PartContent {
            body,
            digests: self.known.digests,
            checksum: self.known.checksum.clone(),
        };
        let part = put_part(core, txn, &upload, request.number, content).await?;
        Ok(Step::Done(CopiedPart {
            etag: ETag::of_md5(part.md5),
            crc64: part.crc64,
            last_modified: part.last_modified,
            source_version_id: self.found.version_id.clone(),
            encrypted_with: self.encrypted_with,
            checksum: part.checksum,
        }))
    }

    fn committing(&self) {
        if let Content::Staged(staged) = self.content {
            staged.committing();
        }
    }

    fn refused(&self) {
        if let Content::Staged(staged) = self.content {
            staged.refused();
        }
    }

    fn turns(&self) -> Turns<'_> {
        Turns {
            changes: Some((&self.request.bucket, &self.turn)),
            ..Turns::default()
        }
    }
}

impl Core {
    /// Whether one more digest of this body may be remembered.
    async fn may_remember(&self, body: BodyId) -> Result<bool, Error> {
        let known = self.lock_counts().get(&body).copied();
        let count = match known {
            Some(count) => count,
            None => {
                let prefix = tables::digests(body);
                let snapshot = self.meta.snapshot().await?;
                let most = limits::DIGESTS_PER_BODY_MAX;
                let rows = txn::scan(snapshot.as_ref(), &prefix, prefix.clone(), most).await?;
                let mut counts = self.lock_counts();
                if counts.len() >= limits::DIGEST_COUNTS_MAX {
                    counts.clear();
                }
                *counts.entry(body).or_insert(rows.len())
            }
        };
        Ok(count < limits::DIGESTS_PER_BODY_MAX)
    }

    fn remembered(&self, body: BodyId) {
        if let Some(count) = self.lock_counts().get_mut(&body) {
            *count += 1;
        }
    }

    fn lock_counts(&self) -> std::sync::MutexGuard<'_, std::collections::HashMap<BodyId, usize>> {
        self.digest_counts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
