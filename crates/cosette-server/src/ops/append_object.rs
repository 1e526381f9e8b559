//! Appends the body of a request to an object: all of it is there, or nothing.

use cosette_proto::ops::{AppendObject, AppendObjectReply};
use cosette_store::Store;

use super::put_object::stage;
use super::with_content_type;
use crate::error::Error;
use crate::payload::ObjectBytes;
use crate::policy::Permit;

pub(super) async fn run(
    store: &Store,
    permit: &Permit,
    op: AppendObject,
    bytes: ObjectBytes,
) -> Result<AppendObjectReply, Error> {
    let request = cosette_store::AppendObject {
        owner: permit.writer()?,
        acl: op.acl.for_object(&permit.bucket()?.owner)?,
        bucket: op.bucket,
        key: op.key,
        position: op.position,
        metadata: with_content_type(op.metadata),
        storage_class: op.storage_class.unwrap_or_default(),
        tags: op.tags,
    };
    let staged = stage(store, bytes, op.content_md5).await?;
    let made = store.append_object(request, staged).await?;
    Ok(AppendObjectReply {
        etag: made.etag,
        crc64: Some(made.crc64),
        next_position: made.size,
    })
}
