//! Removing what was seen, and nothing else.
//!
//! Where the service judges conditions of a delete, what is seen and what is removed are one thing:
//! somebody who writes in between wins, and is told. Elsewhere the object is looked at right before,
//! which leaves the time of one request.

use cosette_proto::ops::{Capability, DeleteObject, DeleteObjectReply};
use cosette_types::{
    BucketName, CustomerKey, ETag, ObjectKey, Preconditions, Region, Timestamp, VersionId,
};
use http::{HeaderMap, StatusCode};

use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::reconcile;
use crate::reply::Output;
use crate::send::Context;

/// An object as it was seen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sight<'a> {
    pub(crate) bucket: &'a BucketName,
    pub(crate) key: &'a ObjectKey,
    /// One version of it, which then is removed for good.
    pub(crate) version_id: Option<&'a VersionId>,
    pub(crate) etag: &'a ETag,
    /// Tells two writes of the same bytes apart.
    pub(crate) modified: Option<Timestamp>,
    /// The customer's key that it is encrypted with.
    pub(crate) customer_key: Option<&'a CustomerKey>,
}

/// How a removal ended.
#[derive(Debug)]
pub(crate) enum Removal {
    /// It is gone, by this.
    Done(Output<DeleteObjectReply>),
    /// Something else is there now, and was left alone.
    Changed,
    /// It was gone already, and not by this.
    Missing,
}

/// Whether the service judges conditions of a delete.
pub(crate) async fn is_conditional(client: &Client, region: Option<&Region>) -> bool {
    client.can(Capability::ConditionalDelete, region).await
}

/// Removes an object if it is still the one that was seen, as the service judges it.
pub(crate) async fn remove_seen(
    client: &Client,
    context: &Context,
    seen: Sight<'_>,
) -> Result<Removal, Error> {
    let message = DeleteObject {
        bucket: seen.bucket.clone(),
        key: seen.key.clone(),
        version_id: seen.version_id.cloned(),
        preconditions: Preconditions {
            if_match: Some(seen.etag.clone().into()),
            if_unmodified_since: seen.modified,
            ..Preconditions::default()
        },
    };
    let failed = match client.perform(context, &message, None).await {
        Ok(deleted) => return Ok(Removal::Done(deleted)),
        Err(failed) if failed.error.kind() == ErrorKind::PreconditionFailed => failed,
        Err(failed) => return Err(failed.error),
    };
    let Sight {
        bucket,
        key,
        version_id,
        customer_key,
        ..
    } = seen;
    match reconcile::head(client, context, bucket, key, version_id, customer_key).await {
        Ok(_) => Ok(Removal::Changed),
        // An earlier attempt whose answer was lost removed it; at the latest somebody else did. What
        // was seen is gone either way.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound(_)) && failed.ambiguous => {
            let done = DeleteObjectReply {
                version_id: None,
                delete_marker: false,
            };
            let status = StatusCode::NO_CONTENT.as_u16();
            Ok(Removal::Done(Output::new(status, HeaderMap::new(), done)))
        }
        Err(error) if matches!(error.kind(), ErrorKind::NotFound(_)) => Ok(Removal::Missing),
        Err(error) => Err(error),
    }
}
