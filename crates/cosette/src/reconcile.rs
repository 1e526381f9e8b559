//! After a lost answer: what is there decides, not a guess.
//!
//! A copy or a complete whose answer was lost is sent again. If the repeat is refused in a way that
//! its own first success explains, the target is looked at: when it is what the request would have
//! made, the request succeeded.

use cosette_proto::date;
use cosette_proto::ops::{
    CompleteUpload, CompleteUploadReply, CopyObject, CopyObjectReply, HeadObject, ObjectReply,
};
use cosette_types::{BucketName, CustomerKey, Encryption, ObjectKey, Preconditions, VersionId};
use http::header::DATE;

use crate::client::Client;
use crate::error::Error;
use crate::reply::Output;
use crate::send::{Context, Failed};

/// Clocks tick in seconds on the wire, and a request may be served within the tick it was sent in.
const TICK_SECS: u64 = 2;

pub(crate) async fn copy_object(
    client: &Client,
    context: &Context,
    message: &CopyObject,
) -> Result<Output<CopyObjectReply>, Error> {
    let failed = match client.perform(context, message, None).await {
        Ok(output) => return Ok(output),
        Err(failed) => failed,
    };
    // A first success explains these only: the target exists now, or (in place) the source changed.
    let explained = matches!(
        failed.error.code(),
        Some("FileAlreadyExists" | "PreconditionFailed")
    );
    if !failed.ambiguous || !explained {
        return Err(failed.error);
    }
    let source = &message.source;
    let from = Context {
        region: source.region.clone(),
        ..Context::default()
    };
    let version = source.version_id.as_ref();
    let key = message
        .encryption
        .as_ref()
        .and_then(Encryption::customer_key);
    let target = (&message.bucket, &message.key, key);
    let found = match found(client, context, target, &failed).await {
        Some(found) => found,
        None => return Err(failed.error),
    };
    let from_key = message.source_key.as_ref();
    let source = match head(
        client,
        &from,
        &source.bucket,
        &source.key,
        version,
        from_key,
    )
    .await
    {
        Ok(source) => source,
        Err(_) => return Err(failed.error),
    };
    let same = found.size() == source.size()
        && found.crc64.is_some()
        && found.crc64 == source.crc64
        && found.storage_class == message.storage_class.unwrap_or_default();
    if !same {
        return Err(failed.error);
    }
    Ok(found.map(|object| CopyObjectReply {
        etag: object.etag,
        crc64: object.crc64,
        checksum: None,
        last_modified: object.last_modified,
        version_id: object.version_id.filter(|id| !id.is_null()),
        source_version_id: message.source.version_id.clone(),
        encrypted_with: None,
    }))
}

pub(crate) async fn complete_upload(
    client: &Client,
    context: &Context,
    message: &CompleteUpload,
    key: Option<&CustomerKey>,
) -> Result<Output<CompleteUploadReply>, Error> {
    let failed = match client.perform(context, message, None).await {
        Ok(output) => return Ok(output),
        Err(failed) => failed,
    };
    let explained = matches!(
        failed.error.code(),
        Some("NoSuchUpload" | "FileAlreadyExists")
    );
    if !failed.ambiguous || !explained {
        return Err(failed.error);
    }
    let target = (&message.bucket, &message.key, key);
    let found = match found(client, context, target, &failed).await {
        Some(found) => found,
        None => return Err(failed.error),
    };
    let parts = u32::try_from(message.parts.len()).ok();
    let region = context.region.as_ref().or(client.region());
    match region.filter(|_| found.etag.part_count() == parts) {
        Some(region) => {
            let location = client
                .endpoint()
                .location(&message.bucket, region, &message.key);
            Ok(found.map(|object| CompleteUploadReply {
                location,
                bucket: message.bucket.clone(),
                key: message.key.clone(),
                etag: object.etag,
                crc64: object.crc64,
                checksum: None,
                version_id: object.version_id,
                encrypted_with: None,
            }))
        }
        None => Err(failed.error),
    }
}

/// The target, if it was written after the first attempt began. Compared by the service's own clock:
/// its time now, less what has passed on ours.
async fn found(
    client: &Client,
    context: &Context,
    (bucket, key, customer_key): (&BucketName, &ObjectKey, Option<&CustomerKey>),
    failed: &Failed,
) -> Option<Output<ObjectReply>> {
    let target = head(client, context, bucket, key, None, customer_key)
        .await
        .ok()?;
    let date = date::parse_http(target.headers.get(DATE)?.to_str().ok()?)?;
    let passed = client
        .clock()
        .now()
        .secs()
        .saturating_sub(failed.since.secs());
    let began = date.secs().saturating_sub(passed).saturating_sub(TICK_SECS);
    (target.last_modified.secs() >= began).then_some(target)
}

/// The properties of an object as it is now.
pub(crate) async fn head(
    client: &Client,
    context: &Context,
    bucket: &BucketName,
    key: &ObjectKey,
    version_id: Option<&VersionId>,
    customer_key: Option<&CustomerKey>,
) -> Result<Output<ObjectReply>, Error> {
    let message = HeadObject {
        bucket: bucket.clone(),
        key: key.clone(),
        version_id: version_id.cloned(),
        range: None,
        preconditions: Preconditions::default(),
        customer_key: customer_key.cloned(),
    };
    Ok(client.perform(context, &message, None).await?)
}
