//! Uploads that must not be left behind without anybody knowing.
//!
//! When the answer to Initiate Multipart Upload is lost, there may be an upload whose id nobody has.
//! It is found by its key, by who began it, and by when: not before the request was first sent.

use std::collections::BTreeMap;

use cosette_proto::ops::{AbortUpload, InitiateUpload, ListParts, ListUploads, UploadEntry};
use cosette_types::{BucketName, ETag, ObjectKey, PartNumber, Timestamp, UploadId};

use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::send::Context;
use crate::transfer::Tracker;

/// Uploads are dated in seconds, and may be begun within the second they were asked for in.
const TICK_SECS: u64 = 2;

/// Who writes an upload down before it is used.
#[derive(Debug)]
pub(crate) struct Tracked<'a> {
    pub(crate) tracker: &'a Tracker,
    pub(crate) part_bytes: u64,
    pub(crate) source_etag: Option<&'a ETag>,
}

/// Begins an upload that is known before its first part. When an earlier attempt may have begun
/// another one, that one is aborted.
pub(crate) async fn begin(
    client: &Client,
    making: &Context,
    plain: &Context,
    message: &InitiateUpload,
    tracked: Option<Tracked<'_>>,
) -> Result<UploadId, Error> {
    let mut since = client.clock().now();
    let mut doubtful = false;
    if let Some(tracked) = &tracked {
        if let Some(earlier) = tracked.tracker.earlier() {
            (since, doubtful) = (earlier.min(since), true);
        }
        tracked.tracker.beginning(since).await?;
    }
    let (begun, ambiguous) = client.perform_told(making, message, None).await?;
    let upload_id = begun.value.upload_id;
    if doubtful || ambiguous {
        match sweep(client, plain, message, since, &upload_id).await {
            Ok(()) => {}
            // The journal says that there may be some; it must not forget before they are found.
            Err(error) if tracked.is_some() => {
                // Best effort: what led here is what is reported.
                let _ = abort(client, plain, message, upload_id).await;
                return Err(error);
            }
            Err(error) => {
                tracing::warn!(%error, "uploads whose answer was lost cannot be looked for");
            }
        }
    }
    if let Some(tracked) = &tracked {
        let noted = tracked
            .tracker
            .copying(&upload_id, tracked.part_bytes, tracked.source_etag)
            .await;
        if let Err(error) = noted {
            let _ = abort(client, plain, message, upload_id).await;
            return Err(error);
        }
    }
    Ok(upload_id)
}

/// Aborts what earlier attempts at the same upload may have begun.
async fn sweep(
    client: &Client,
    plain: &Context,
    message: &InitiateUpload,
    since: Timestamp,
    ours: &UploadId,
) -> Result<(), Error> {
    let passed = client.clock().now().secs().saturating_sub(since.secs());
    let uploads = uploads_of(client, plain, message).await?;
    let Some(own) = uploads.iter().find(|upload| upload.upload_id == *ours) else {
        return Ok(());
    };
    let first = own
        .initiated
        .secs()
        .saturating_sub(passed)
        .saturating_sub(TICK_SECS);
    let ended = uploads.iter().filter(|upload| {
        upload.upload_id != *ours
            && upload.initiator == own.initiator
            && upload.initiated.secs() >= first
    });
    for upload in ended {
        tracing::info!(upload = %upload.upload_id, "an upload whose answer was lost is aborted");
        abort(client, plain, message, upload.upload_id.clone()).await?;
    }
    Ok(())
}

/// All open uploads of the key.
async fn uploads_of(
    client: &Client,
    plain: &Context,
    message: &InitiateUpload,
) -> Result<Vec<UploadEntry>, Error> {
    let mut found = Vec::new();
    let mut ask = ListUploads {
        bucket: message.bucket.clone(),
        prefix: message.key.as_str().to_owned(),
        delimiter: None,
        key_marker: None,
        upload_id_marker: None,
        max_uploads: None,
        encoded: true,
    };
    loop {
        let page = client.perform(plain, &ask, None).await?.value;
        let others = page.uploads.iter().any(|upload| upload.key != message.key);
        let here = page.uploads.into_iter();
        found.extend(here.filter(|upload| upload.key == message.key));
        let next = (page.next_key_marker, page.next_upload_id_marker);
        // Keys come in order, the exact one first: after another key there are no more of it.
        let asked = (ask.key_marker, ask.upload_id_marker);
        if others || !page.is_truncated || next == asked {
            return Ok(found);
        }
        (ask.key_marker, ask.upload_id_marker) = next;
    }
}

/// Aborts an upload; one that is not there any more is aborted.
async fn abort(
    client: &Client,
    plain: &Context,
    message: &InitiateUpload,
    upload_id: UploadId,
) -> Result<(), Error> {
    let message = AbortUpload {
        bucket: message.bucket.clone(),
        key: message.key.clone(),
        upload_id,
    };
    match client.perform(plain, &message, None).await {
        Ok(_) => Ok(()),
        Err(failed) if matches!(failed.error.kind(), ErrorKind::NotFound(_)) => Ok(()),
        Err(failed) => {
            tracing::warn!(error = %failed.error, "an upload could not be aborted");
            Err(failed.error)
        }
    }
}

/// Tag and size of each part that an earlier attempt left.
pub(crate) async fn parts_there(
    client: &Client,
    plain: &Context,
    (bucket, key): (&BucketName, &ObjectKey),
    upload_id: &UploadId,
) -> Result<BTreeMap<PartNumber, (ETag, u64)>, Error> {
    let mut there = BTreeMap::new();
    let mut marker = Some(0);
    while let Some(part_number_marker) = marker {
        let message = ListParts {
            bucket: bucket.clone(),
            key: key.clone(),
            upload_id: upload_id.clone(),
            part_number_marker,
            max_parts: None,
            encoded: true,
        };
        let page = client.perform(plain, &message, None).await?.value;
        there.extend(
            page.parts
                .into_iter()
                .map(|part| (part.part_number, (part.etag, part.size))),
        );
        // A marker that does not grow would go round for ever.
        marker = page
            .next_part_number_marker
            .filter(|next| *next > part_number_marker);
    }
    Ok(there)
}
