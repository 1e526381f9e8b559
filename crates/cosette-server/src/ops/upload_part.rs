//! Stores the body of a request as a part of an upload.

use cosette_proto::ops::{UploadPart, UploadPartReply};
use cosette_store::{PutPart, Store};

use super::put_object::stage;
use crate::error::Error;
use crate::payload::ObjectBytes;
use crate::policy::Permit;

pub(super) async fn run(
    store: &Store,
    _: &Permit,
    op: UploadPart,
    bytes: ObjectBytes,
) -> Result<UploadPartReply, Error> {
    let staged = stage(store, bytes, op.content_md5).await?;
    let request = PutPart {
        bucket: op.bucket,
        key: op.key,
        upload_id: op.upload_id,
        number: op.part_number,
    };
    let made = store.put_part(request, staged).await?;
    Ok(UploadPartReply {
        etag: made.etag,
        crc64: Some(made.crc64),
    })
}
