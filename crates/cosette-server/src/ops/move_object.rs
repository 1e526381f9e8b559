//! Moves an object to another key of its bucket, in one transaction.

use cosette_proto::ops::{MoveObject, MoveObjectReply};
use cosette_store::{MovedAcl, Store};
use cosette_types::CopySource;

use super::copy_object::Guard;
use crate::error::Error;
use crate::policy::Permit;

pub(super) async fn run(
    store: &Store,
    permit: &Permit,
    op: MoveObject,
) -> Result<MoveObjectReply, Error> {
    let guard = Guard::new(permit, &op.source_preconditions);
    let acl = match op.acl.is_empty() {
        true => MovedAcl::Kept,
        false => MovedAcl::Given(op.acl.for_object(&permit.bucket()?.owner)?),
    };
    let request = cosette_store::MoveObject {
        preconditions: guard.apply(op.source_preconditions),
        source: CopySource {
            bucket: op.bucket.clone(),
            region: None,
            key: op.source_key,
            version_id: None,
        },
        bucket: op.bucket,
        key: op.key,
        forbid_overwrite: op.forbid_overwrite,
        target_preconditions: op.target_preconditions,
        acl,
        client_token: op.client_token.map(|token| token.to_text()),
    };
    let made = store
        .move_object(request)
        .await
        .map_err(|fact| guard.explain(fact))?;
    Ok(MoveObjectReply {
        etag: Some(made.etag),
        version_id: made.version_id,
    })
}
