//! Begins an upload: all that its object will have beside the bytes.

use cosette_proto::aside::declared_checksum;
use cosette_proto::fields::EncryptedWith;
use cosette_proto::ops::{InitiateUpload, InitiateUploadReply};

use super::{Context, encryption, with_content_type};
use crate::error::Error;
use crate::policy::Permit;

pub(super) async fn run(
    cx: &Context<'_>,
    permit: &Permit,
    op: InitiateUpload,
) -> Result<InitiateUploadReply, Error> {
    let checksum = declared_checksum(cx.head)?;
    let encryption = encryption::of_new(cx.store, &op.bucket, op.encryption).await?;
    let request = cosette_store::InitiateUpload {
        owner: permit.writer()?,
        acl: op.acl.for_object(&permit.bucket()?.owner)?,
        bucket: op.bucket.clone(),
        key: op.key.clone(),
        metadata: with_content_type(op.metadata),
        storage_class: op.storage_class.unwrap_or_default(),
        tags: op.tags,
        protection: cx.store.protection(encryption.as_ref()).await?,
        checksum,
    };
    let beginning = cx.quotas.upload(cx.store, &op.bucket).await?;
    let upload_id = cx.store.initiate_upload(request).await?;
    drop(beginning);
    Ok(InitiateUploadReply {
        bucket: op.bucket,
        key: op.key,
        upload_id,
        checksum,
        encrypted_with: encryption.as_ref().map(EncryptedWith::of),
    })
}
