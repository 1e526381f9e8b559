//! Completes an upload: the listed parts become the object at one instant.

use cosette_proto::Message;
use cosette_proto::aside::CompleteAside;
use cosette_proto::ops::{CompleteUpload, CompleteUploadReply};
use cosette_store::{ChosenPart, ExpectedObject};

use super::{Answer, Context, encryption, location};
use crate::policy::Permit;

pub(super) fn answer(cx: &Context<'_>, _: &Permit, op: CompleteUpload) -> Answer {
    let (store, dialect) = (cx.store.clone(), cx.head.dialect);
    let location = location(cx.head, &op.bucket, &op.key);
    let said = CompleteAside::of(cx.head);
    Answer::Long(Box::pin(async move {
        let parts = op
            .parts
            .into_iter()
            .map(|part| ChosenPart {
                number: part.part_number,
                etag: part.etag,
                checksum: part.checksum,
            })
            .collect();
        let said = said?;
        let made = store
            .complete_upload(cosette_store::CompleteUpload {
                bucket: op.bucket.clone(),
                key: op.key.clone(),
                upload_id: op.upload_id,
                parts,
                expected: ExpectedObject {
                    checksum: said.checksum,
                    checksum_type: said.kind,
                    size: said.size,
                },
                forbid_overwrite: op.forbid_overwrite,
                target_preconditions: op.preconditions,
            })
            .await?;
        let reply = CompleteUploadReply {
            location,
            bucket: op.bucket,
            key: op.key,
            etag: made.etag,
            crc64: Some(made.crc64),
            checksum: made.checksum,
            version_id: made.version_id,
            encrypted_with: encryption::told(made.encrypted_with, None),
        };
        Ok(CompleteUpload::encode_reply(&reply, dialect))
    }))
}
