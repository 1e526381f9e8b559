//! Stores the body of a request as a part of an upload.

use cosette_proto::ErrorCode;
use cosette_proto::ops::{UploadPart, UploadPartReply};
use cosette_store::{EncryptedWith, PutPart, Store};
use cosette_types::Encryption;

use super::encryption;
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
    let place = (&op.bucket, &op.key, &op.upload_id);
    let key = op.encryption.as_ref().and_then(Encryption::customer_key);
    let terms = store.terms_of_part(place, key).await?;
    let protection = terms.protection;
    let encrypted_with = protection.encrypted_with();
    agrees(op.encryption.as_ref(), encrypted_with)?;
    let reply_tells = encryption::told(encrypted_with, key);
    let bytes = match terms.checksum {
        Some(declared) => bytes.with_checksum(declared.algorithm())?,
        None => bytes,
    };
    let verified = bytes.verified();
    let staged = stage(store, bytes, op.content_md5, protection).await?;
    let staged = staged.with_checksum(verified.checksum().cloned());
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
        encrypted_with: reply_tells,
    })
}

/// A part that is said to be encrypted must not end up in an upload that is not.
pub(super) fn agrees(asked: Option<&Encryption>, kept: Option<EncryptedWith>) -> Result<(), Error> {
    if asked == Some(&Encryption::Managed) && kept != Some(EncryptedWith::StoreKey) {
        let words = "The upload was not begun with this encryption.";
        return Err(Error::with(ErrorCode::InvalidArgument, words));
    }
    Ok(())
}
