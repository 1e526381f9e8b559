//! The path through this process: when one service cannot read what the other has.
//!
//! Ranges of the source are read a few ahead and sent as they come. The CRC-64 of what was read is
//! compared with the source's before the target becomes visible.

use std::sync::Arc;

use cosette_proto::ops::ObjectReply;
use cosette_types::Directive;
use futures_util::StreamExt;

use super::Copier;
use crate::body::Body;
use crate::download::Reader;
use crate::error::Error;
use crate::reply::Output;
use crate::slice_copy::SliceCopied;
use crate::transfer::Strategy;

/// Bytes that are asked for at a time.
const RANGE_BYTES: u64 = 4 << 20;
/// Ranges that are read ahead.
const RANGES: usize = 3;
/// Parts that are sent at a time.
const PARTS: usize = 3;
/// Bytes of a part when nothing else is said.
const PART_BYTES: u64 = 8 << 20;

impl Copier {
    /// Copies the source as it was seen, through this process.
    pub(super) async fn streamed(
        &self,
        source: &Output<ObjectReply>,
    ) -> Result<Output<SliceCopied>, Error> {
        self.refuse_archived(source)?;
        let (directive, metadata) = self.metadata(source)?;
        let metadata = match directive.unwrap_or_default() {
            Directive::Copy => source.metadata.clone(),
            Directive::Replaced => metadata,
        };
        let mut call = self.client.upload();
        call.draft.context.region.clone_from(&self.making.region);
        call.draft.context.headers.clone_from(&self.making.headers);
        call.draft.body = Some(self.bytes_of(source));
        let plan = &mut call.plan;
        plan.bucket = Some(self.bucket.clone());
        plan.key = Some(self.key.clone());
        plan.metadata = metadata;
        plan.tags = self.tags(source).await?;
        plan.storage_class = self.class(source);
        plan.acl = self.plan.acl.clone();
        plan.encryption = self.encryption(source);
        plan.forbid_overwrite = self.plan.forbid_overwrite;
        plan.part_size = Some(self.plan.chunk_size.unwrap_or(PART_BYTES));
        plan.parallel = Some(self.plan.parallel.unwrap_or(PARTS).min(PARTS));
        plan.report = self.plan.report.clone();
        plan.tracker = self.plan.tracker.clone();
        plan.expected = source.crc64;
        let stored = call.send().await?;
        Ok(stored.map(|stored| SliceCopied {
            etag: stored.etag,
            version_id: stored.version_id,
            crc64: Some(stored.crc64),
            parts: stored.parts,
            strategy: Strategy::Streamed,
            proof: stored.proof,
            ..self.described(source.size())
        }))
    }

    fn bytes_of(&self, source: &ObjectReply) -> Body {
        let size = source.size();
        let reader = Arc::new(Reader {
            client: self.reader.clone(),
            context: self.reading.clone(),
            bucket: self.source.bucket.clone(),
            key: self.source.key.clone(),
            version_id: self.source.version_id.clone(),
            customer_key: self.plan.source_key.clone(),
            pinned: self.pin(source),
        });
        let firsts = std::iter::successors(Some(0_u64), |first| first.checked_add(RANGE_BYTES));
        let ranges = firsts
            .take_while(move |first| *first < size)
            .map(move |first| (first, first.saturating_add(RANGE_BYTES).min(size) - 1));
        let bytes = futures_util::stream::iter(ranges)
            .map(move |(first, last)| {
                let reader = reader.clone();
                async move { reader.range(first, last).await }
            })
            .buffered(RANGES);
        Body::sized(size, bytes)
    }
}
