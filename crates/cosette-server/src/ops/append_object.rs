//! Appends the body of a request to an object: all of it is there, or nothing.

use cosette_proto::ErrorCode;
use cosette_proto::ops::{AppendObject, AppendObjectReply};
use cosette_store::Store;

use super::put_object::stage;
use super::{encryption, with_content_type};
use crate::error::Error;
use crate::payload::ObjectBytes;
use crate::policy::Permit;

pub(super) async fn run(
    store: &Store,
    permit: &Permit,
    op: AppendObject,
    bytes: ObjectBytes,
) -> Result<AppendObjectReply, Error> {
    if op
        .encryption
        .as_ref()
        .is_some_and(|asked| asked.customer_key().is_some())
    {
        let words = "Objects that are appended to cannot be encrypted with a customer's key.";
        return Err(Error::with(ErrorCode::NotImplemented, words));
    }
    let asked = encryption::of_new(store, &op.bucket, op.encryption).await?;
    let place = (&op.bucket, &op.key);
    let protection = store.protection_of_append(place, asked.as_ref()).await?;
    let told = encryption::told(protection.encrypted_with(), None);
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
    let staged = stage(store, bytes, op.content_md5, protection).await?;
    let made = store.append_object(request, staged).await?;
    Ok(AppendObjectReply {
        etag: made.etag,
        crc64: Some(made.crc64),
        next_position: made.size,
        encrypted_with: told,
    })
}
