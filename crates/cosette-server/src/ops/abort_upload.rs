//! Gives up an upload and its parts.

use cosette_proto::ops::AbortUpload;
use cosette_store::Store;

use crate::error::Error;
use crate::policy::Permit;

pub(super) async fn run(store: &Store, _: &Permit, op: AbortUpload) -> Result<(), Error> {
    let request = cosette_store::AbortUpload {
        bucket: op.bucket,
        key: op.key,
        upload_id: op.upload_id,
    };
    Ok(store.abort_upload(request).await?)
}
