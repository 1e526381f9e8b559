//! Stores the body of a request as an object: nothing of it is there before all of it is.

use cosette_proto::ErrorCode;
use cosette_proto::fields::EncryptedWith;
use cosette_proto::ops::{PutObject, PutObjectReply};
use cosette_store::{Protection, StageLimits, Staged, Store};
use cosette_types::{Md5, limits::PUT_BYTES_MAX};

use super::{encryption, with_content_type};
use crate::error::Error;
use crate::payload::ObjectBytes;
use crate::policy::Permit;

pub(super) async fn run(
    store: &Store,
    permit: &Permit,
    op: PutObject,
    bytes: ObjectBytes,
) -> Result<PutObjectReply, Error> {
    let encryption = encryption::of_new(store, &op.bucket, op.encryption).await?;
    let protection = store.protection(encryption.as_ref()).await?;
    let request = cosette_store::PutObject {
        owner: permit.writer()?,
        acl: op.acl.for_object(&permit.bucket()?.owner)?,
        bucket: op.bucket,
        key: op.key,
        metadata: with_content_type(op.metadata),
        storage_class: op.storage_class.unwrap_or_default(),
        tags: op.tags,
        forbid_overwrite: op.forbid_overwrite,
        target_preconditions: op.preconditions,
    };
    let staged = stage(store, bytes, op.content_md5, protection).await?;
    let made = store.put_object(request, staged).await?;
    Ok(PutObjectReply {
        etag: made.etag,
        crc64: Some(made.crc64),
        version_id: made.version_id,
        encrypted_with: encryption.as_ref().map(EncryptedWith::of),
    })
}

/// Takes in a body and holds it against the MD5 that the client sent, if any.
pub(super) async fn stage(
    store: &Store,
    bytes: ObjectBytes,
    content_md5: Option<Md5>,
    protection: Protection,
) -> Result<Staged, Error> {
    let sizes = bytes.sizes;
    let limits = StageLimits {
        expected_bytes: bytes.expected,
        bytes_max: PUT_BYTES_MAX.min(sizes.max),
    };
    let staged = store
        .stage_as(bytes.stream(), limits, protection)
        .await
        .map_err(Error::of_stage)?;
    if staged.size() < sizes.min {
        let words = format!(
            "The file is smaller than the {} bytes of its policy.",
            sizes.min
        );
        store.discard(staged).await?;
        return Err(Error::with(ErrorCode::EntityTooSmall, words));
    }
    if content_md5.is_some_and(|wanted| wanted != staged.md5()) {
        store.discard(staged).await?;
        return Err(Error::new(ErrorCode::BadDigest));
    }
    Ok(staged)
}
