//! Deletes an object, or one version of it for good.

use cosette_proto::ops::{DeleteObject, DeleteObjectReply};
use cosette_store::Store;

use crate::error::Error;
use crate::policy::Permit;

pub(super) async fn run(
    store: &Store,
    _: &Permit,
    op: DeleteObject,
) -> Result<DeleteObjectReply, Error> {
    let done = store
        .delete_object_if(
            &op.bucket,
            &op.key,
            op.version_id.as_ref(),
            op.preconditions,
        )
        .await?;
    Ok(DeleteObjectReply {
        version_id: done.version_id,
        delete_marker: done.delete_marker,
    })
}
