//! Switches a bucket's versioning, and tells it.

use cosette_proto::ops::{GetBucketVersioning, PutBucketVersioning, VersioningStatus};
use cosette_store::{Store, Versioning};

use crate::error::Error;
use crate::policy::Permit;

pub(super) async fn put(store: &Store, _: &Permit, op: &PutBucketVersioning) -> Result<(), Error> {
    let versioning = match op.status {
        VersioningStatus::Enabled => Versioning::Enabled,
        VersioningStatus::Suspended => Versioning::Suspended,
    };
    Ok(store.set_versioning(&op.bucket, versioning).await?)
}

pub(super) fn get(
    permit: &Permit,
    _: &GetBucketVersioning,
) -> Result<Option<VersioningStatus>, Error> {
    Ok(match permit.bucket()?.versioning {
        Versioning::Unversioned => None,
        Versioning::Enabled => Some(VersioningStatus::Enabled),
        Versioning::Suspended => Some(VersioningStatus::Suspended),
    })
}
