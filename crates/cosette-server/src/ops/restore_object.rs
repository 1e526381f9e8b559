//! Makes an archived object readable for some days.

use std::time::Duration;

use cosette_proto::ErrorCode;
use cosette_proto::ops::{RestoreObject, RestoreObjectReply, RestoreTier};
use cosette_store::{Restoring, Store};
use cosette_types::StorageClass;

use crate::error::Error;
use crate::policy::Permit;

const DAY_SECS: u64 = 24 * 60 * 60;

pub(super) async fn run(
    store: &Store,
    permit: &Permit,
    op: RestoreObject,
    delay: Duration,
) -> Result<RestoreObjectReply, Error> {
    let deep = permit.object()?.storage_class == StorageClass::DeepArchive;
    if deep && op.tier == Some(RestoreTier::Expedited) {
        let words = "DEEP_ARCHIVE has no tier Expedited.";
        return Err(Error::with(ErrorCode::InvalidArgument, words));
    }
    let request = cosette_store::RestoreObject {
        bucket: op.bucket,
        key: op.key,
        version_id: op.version_id,
        delay_secs: delay.as_secs(),
        kept_secs: u64::from(op.days) * DAY_SECS,
    };
    Ok(match store.restore_object(request).await? {
        Restoring::Begun => RestoreObjectReply::Begun,
        Restoring::Extended => RestoreObjectReply::Extended,
    })
}
