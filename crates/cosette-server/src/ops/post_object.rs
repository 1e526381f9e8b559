//! Stores the file of a form, as PUT Object stores a body.

use cosette_proto::ops::{OnSuccess, PostObject, PostObjectReply, PutObject, Told, redirect};
use cosette_types::Preconditions;

use super::{Context, location, put_object};
use crate::error::Error;
use crate::payload::ObjectBytes;
use crate::policy::Permit;

pub(super) async fn run(
    cx: &Context<'_>,
    permit: &Permit,
    op: PostObject,
    bytes: ObjectBytes,
) -> Result<PostObjectReply, Error> {
    let (bucket, key, on_success) = (op.bucket.clone(), op.key.clone(), op.on_success);
    let put = PutObject {
        bucket: op.bucket,
        key: op.key,
        metadata: op.metadata,
        storage_class: op.storage_class,
        acl: op.acl,
        content_md5: op.content_md5,
        tags: op.tags,
        forbid_overwrite: op.forbid_overwrite,
        encryption: op.encryption,
        preconditions: Preconditions::default(),
    };
    let made = put_object::run(cx.store, permit, put, bytes).await?;
    let place = location(cx.head, &bucket, &key);
    let (location, told) = match on_success {
        OnSuccess::NoContent => (place, Told::NoContent),
        OnSuccess::Ok => (place, Told::Ok),
        OnSuccess::Redirect(page) => (redirect(&page, &bucket, &key, &made.etag), Told::SeeOther),
        OnSuccess::Created => (place, Told::Created { bucket, key }),
    };
    Ok(PostObjectReply {
        etag: made.etag,
        crc64: made.crc64,
        version_id: made.version_id,
        encrypted_with: made.encrypted_with,
        location,
        told,
    })
}
