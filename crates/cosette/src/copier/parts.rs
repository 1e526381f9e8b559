//! The path in parts: begin, copy what is not there, several parts at a time, complete; or abort.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use cosette_proto::ops::{
    AbortUpload, CompleteUpload, CompletedPart, InitiateUpload, ObjectReply, UploadPartCopy,
};
use cosette_types::{
    ByteRange, Crc64, Directive, ETag, Encryption, PartNumber, Preconditions, UploadId, limits,
};
use futures_util::StreamExt;

use super::Copier;
use crate::error::Error;
use crate::leftovers::{self, Tracked};
use crate::progress::Meter;
use crate::reconcile;
use crate::reply::Output;
use crate::slice_copy::SliceCopied;
use crate::transfer::Strategy;

/// Parts that are copied at the same time when nothing else is said.
const PARALLEL_DEFAULT: usize = 8;

/// One part of the plan.
#[derive(Debug, Clone, Copy)]
struct Slice {
    number: PartNumber,
    range: ByteRange,
}

impl Slice {
    const fn len(self) -> u64 {
        self.range.last() - self.range.first() + 1
    }
}

/// A part that is there.
#[derive(Debug)]
struct Copied {
    number: PartNumber,
    etag: ETag,
    crc64: Option<Crc64>,
    len: u64,
}

impl Copier {
    /// Copies the source as it was seen, in parts.
    pub(super) async fn in_parts(
        &self,
        source: &Output<ObjectReply>,
        meter: &mut Meter<'_>,
    ) -> Result<Output<SliceCopied>, Error> {
        self.refuse_archived(source)?;
        let slices = self.slices(source.size())?;
        let upload_id = match &self.plan.resume {
            Some(upload_id) => upload_id.clone(),
            None => self.begin(source).await?,
        };
        match self.fill(source, &upload_id, slices, meter).await {
            Ok(copied) => Ok(copied),
            Err(error) if self.plan.keep_parts.unwrap_or_default() => {
                Err(error.with_upload(Some(upload_id)))
            }
            Err(error) => {
                // What could not be aborted is still there, and the journal goes on saying so.
                let gone = self.abort(upload_id).await;
                if let Some(tracker) = self.plan.tracker.as_ref().filter(|_| gone) {
                    tracker.gone().await?;
                }
                Err(error)
            }
        }
    }

    /// The parts of a source of `size` bytes.
    fn slices(&self, size: u64) -> Result<Vec<Slice>, Error> {
        if size > limits::OBJECT_BYTES_MAX {
            let words = format!(
                "no object may have more than {} bytes",
                limits::OBJECT_BYTES_MAX
            );
            return Err(Error::invalid("copy_source", words));
        }
        let chunk = chunk_bytes(size, self.plan.chunk_size);
        let firsts = std::iter::successors(Some(0_u64), |first| {
            first.checked_add(chunk).filter(|next| *next < size)
        });
        firsts
            .zip(1_u64..)
            .map(|(first, number)| {
                let last = first.saturating_add(chunk).min(size) - 1;
                Ok(Slice {
                    number: number.try_into()?,
                    range: ByteRange::new(first, last)?,
                })
            })
            .collect::<Result<_, cosette_types::Error>>()
            .map_err(|why| Error::invalid("chunk_size", why))
    }

    async fn begin(&self, source: &ObjectReply) -> Result<UploadId, Error> {
        let (directive, metadata) = self.metadata(source)?;
        let metadata = match directive.unwrap_or_default() {
            Directive::Copy => source.metadata.clone(),
            Directive::Replaced => metadata,
        };
        let message = InitiateUpload {
            bucket: self.bucket.clone(),
            key: self.key.clone(),
            metadata,
            storage_class: self.class(source),
            acl: self.plan.acl.clone(),
            tags: self.tags(source).await?,
            encryption: self.encryption(source),
        };
        let tracked = self.plan.tracker.as_ref().map(|tracker| Tracked {
            tracker,
            part_bytes: chunk_bytes(source.size(), self.plan.chunk_size),
            source_etag: Some(&source.etag),
        });
        let Self {
            client,
            making,
            plain,
            ..
        } = self;
        leftovers::begin(client, making, plain, &message, tracked).await
    }

    /// Copies all parts that are not there, and completes the upload.
    async fn fill(
        &self,
        source: &Output<ObjectReply>,
        upload_id: &UploadId,
        slices: Vec<Slice>,
        meter: &mut Meter<'_>,
    ) -> Result<Output<SliceCopied>, Error> {
        let there = match &self.plan.resume {
            Some(_) => {
                let object = (&self.bucket, &self.key);
                leftovers::parts_there(&self.client, &self.plain, object, upload_id).await?
            }
            None => BTreeMap::new(),
        };
        let (mut parts, mut missing) = (Vec::new(), Vec::new());
        for slice in slices {
            match there
                .get(&slice.number)
                .filter(|(_, len)| *len == slice.len())
            {
                Some((etag, len)) => {
                    meter.found(*len);
                    let (etag, len) = (etag.clone(), *len);
                    parts.push(Copied {
                        number: slice.number,
                        etag,
                        crc64: None,
                        len,
                    });
                }
                None => missing.push(slice),
            }
        }
        self.copy_parts(source, upload_id, missing, &mut parts, meter)
            .await?;
        parts.sort_by_key(|part| part.number);
        let joined = joined(&parts);
        // Found before the target exists: nothing of it becomes visible.
        self.compare(source.crc64, joined)?;
        let completed = parts
            .into_iter()
            .map(|Copied { number, etag, .. }| CompletedPart {
                part_number: number,
                etag,
                checksum: None,
            });
        let message = CompleteUpload {
            bucket: self.bucket.clone(),
            key: self.key.clone(),
            upload_id: upload_id.clone(),
            parts: completed.collect(),
            forbid_overwrite: self.plan.forbid_overwrite.unwrap_or_default(),
            preconditions: Preconditions::default(),
        };
        let output = reconcile::complete_upload(
            &self.client,
            &self.plain,
            &message,
            self.target_key(source).as_ref(),
        )
        .await?;
        Ok(output.map(|reply| SliceCopied {
            etag: reply.etag,
            // A bucket whose versioning is suspended answers `null`, which names no version.
            version_id: reply.version_id.filter(|id| !id.is_null()),
            crc64: reply.crc64.or(joined),
            parts: message.parts.len(),
            strategy: Strategy::Parts,
            ..self.described(source.size())
        }))
    }

    /// Copies parts, several at a time. After the first that fails for good no more are begun, and
    /// those under way are waited for: none can arrive after the upload was aborted.
    async fn copy_parts(
        &self,
        source: &ObjectReply,
        upload_id: &UploadId,
        slices: Vec<Slice>,
        parts: &mut Vec<Copied>,
        meter: &mut Meter<'_>,
    ) -> Result<(), Error> {
        let (pin, stopped) = (&self.pin(source), &AtomicBool::new(false));
        let key = &self.target_key(source).map(Encryption::Customer);
        let parallel = self.plan.parallel.unwrap_or(PARALLEL_DEFAULT).max(1);
        let mut copies = futures_util::stream::iter(slices)
            .map(|slice| async move {
                if stopped.load(Ordering::Relaxed) {
                    return Ok(None);
                }
                self.copy_part(upload_id, slice, (pin, key)).await.map(Some)
            })
            .buffer_unordered(parallel);
        let mut outcome = Ok(());
        while let Some(copy) = copies.next().await {
            match copy {
                Ok(Some(part)) => {
                    if outcome.is_ok() {
                        meter.add(part.len);
                    }
                    parts.push(part);
                }
                Ok(None) => {}
                Err(error) => {
                    stopped.store(true, Ordering::Relaxed);
                    outcome = outcome.and(Err(error));
                }
            }
        }
        outcome
    }

    async fn copy_part(
        &self,
        upload_id: &UploadId,
        slice: Slice,
        (pin, key): (&Preconditions, &Option<Encryption>),
    ) -> Result<Copied, Error> {
        let message = UploadPartCopy {
            bucket: self.bucket.clone(),
            key: self.key.clone(),
            upload_id: upload_id.clone(),
            part_number: slice.number,
            source: self.source.clone(),
            source_range: Some(slice.range),
            source_preconditions: pin.clone(),
            encryption: key.clone(),
            source_key: self.plan.source_key.clone(),
        };
        let part = self
            .client
            .perform(&self.plain, &message, None)
            .await?
            .value;
        Ok(Copied {
            number: slice.number,
            etag: part.etag,
            crc64: part.crc64,
            len: slice.len(),
        })
    }

    /// Best effort: the copy failed already, and its own error is the one to report.
    /// True if the upload is gone.
    async fn abort(&self, upload_id: UploadId) -> bool {
        let (bucket, key) = (self.bucket.clone(), self.key.clone());
        let message = AbortUpload {
            bucket,
            key,
            upload_id,
        };
        let aborted = self.client.perform(&self.plain, &message, None).await;
        if let Err(failed) = &aborted {
            tracing::warn!(error = %failed.error, "an upload could not be aborted");
        }
        aborted.is_ok()
    }
}

/// How large parts are: as wished, but at least 1 MiB, and large enough that 10,000 suffice.
fn chunk_bytes(size: u64, wish: Option<u64>) -> u64 {
    let least = size.div_ceil(u64::from(limits::PART_NUMBER_MAX));
    wish.unwrap_or(limits::CHUNK_BYTES_DEFAULT)
        .max(limits::CHUNK_BYTES_MIN)
        .max(least.next_multiple_of(limits::CHUNK_BYTES_MIN))
        .min(limits::PUT_BYTES_MAX)
}

/// The CRC-64 of all parts together, if each one's is known.
fn joined(parts: &[Copied]) -> Option<Crc64> {
    parts.iter().try_fold(Crc64::EMPTY, |whole, part| {
        Some(whole.then(part.crc64?, part.len))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_at_least_a_mebibyte_and_at_most_10000() {
        const MIB: u64 = 1 << 20;
        for (size, wish, wanted) in [
            (3 * MIB, None, MIB),
            (3 * MIB, Some(1), MIB),
            (3 * MIB, Some(0), MIB),
            (3 * MIB, Some(2 * MIB), 2 * MIB),
            (10_000 * MIB, None, MIB),
            (10_000 * MIB + 1, None, 2 * MIB),
            (limits::OBJECT_BYTES_MAX, None, limits::PUT_BYTES_MAX),
            (3 * MIB, Some(u64::MAX), limits::PUT_BYTES_MAX),
        ] {
            let chunk = chunk_bytes(size, wish);
            assert_eq!(chunk, wanted, "{size} {wish:?}");
            assert!(size.div_ceil(chunk) <= 10_000);
        }
    }
}
