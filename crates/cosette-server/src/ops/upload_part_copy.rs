//! Copies an object, or a range of it, as a part of an upload.

use cosette_proto::Message;
use cosette_proto::ops::{UploadPartCopy, UploadPartCopyReply};
use cosette_store::CopyPart;
use cosette_types::Encryption;

use super::copy_object::{Guard, tells_version};
use super::upload_part::agrees;
use super::{Answer, Context, encryption};
use crate::policy::Permit;

pub(super) fn answer(cx: &Context<'_>, permit: &Permit, op: UploadPartCopy) -> Answer {
    let (store, dialect) = (cx.store.clone(), cx.head.dialect);
    let tells_version = tells_version(&op.source, dialect);
    let guard = Guard::new(permit, &op.source_preconditions);
    let request = CopyPart {
        preconditions: guard.apply(op.source_preconditions),
        source: op.source,
        range: op.source_range,
        bucket: op.bucket,
        key: op.key,
        upload_id: op.upload_id,
        number: op.part_number,
        customer_key: op
            .encryption
            .as_ref()
            .and_then(Encryption::customer_key)
            .cloned(),
        source_key: op.source_key,
    };
    let asked = op.encryption;
    Answer::Long(Box::pin(async move {
        let key = request.customer_key.clone();
        if asked == Some(Encryption::Managed) {
            let place = (&request.bucket, &request.key, &request.upload_id);
            let terms = store.terms_of_part(place, None).await?;
            agrees(asked.as_ref(), terms.protection.encrypted_with())?;
        }
        let made = store
            .copy_part(request)
            .await
            .map_err(|fact| guard.explain(fact))?;
        let reply = UploadPartCopyReply {
            etag: made.etag,
            last_modified: made.last_modified,
            crc64: Some(made.crc64),
            checksum: made.checksum,
            source_version_id: made.source_version_id.filter(|_| tells_version),
            encrypted_with: encryption::told(made.encrypted_with, key.as_ref()),
        };
        Ok(UploadPartCopy::encode_reply(&reply, dialect))
    }))
}
