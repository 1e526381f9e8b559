//! Makes, finds and removes buckets.

use cosette_proto::ErrorCode;
use cosette_proto::ops::{DeleteBucket, GetBucketLocation, HeadBucket, HeadBucketReply, PutBucket};
use cosette_store::{NewBucket, Store};
use cosette_types::Region;

use super::{Context, tagging};
use crate::error::Error;
use crate::policy::Permit;

pub(super) async fn put(
    cx: &Context<'_>,
    permit: &Permit,
    region: &Region,
    op: PutBucket,
) -> Result<(), Error> {
    let owner = permit
        .caller()
        .account()
        .ok_or_else(|| Error::new(ErrorCode::AccessDenied))?;
    let bucket = NewBucket {
        acl: op.acl.for_bucket(&owner)?,
        name: op.bucket,
        region: region.clone(),
        owner: owner.clone(),
        documents: tagging::document(&op.tags).into_iter().collect(),
    };
    let turn = match cx.quotas.bucket(cx.store, &owner).await {
        Ok(turn) => Some(turn),
        // A bucket that is there already is not one more: its maker is told that it is there.
        Err(error) if cx.store.bucket(&bucket.name).await.is_err() => return Err(error),
        Err(_) => None,
    };
    cx.store
        .create_bucket(bucket)
        .await
        .map_err(|fact| Error::of_new_bucket(fact, &owner))?;
    drop(turn);
    Ok(())
}

pub(super) fn head(permit: &Permit, _: &HeadBucket) -> Result<HeadBucketReply, Error> {
    Ok(HeadBucketReply {
        region: Some(permit.bucket()?.region.clone()),
    })
}

pub(super) async fn delete(store: &Store, _: &Permit, op: &DeleteBucket) -> Result<(), Error> {
    Ok(store.delete_bucket(&op.bucket).await?)
}

pub(super) fn location(permit: &Permit, _: &GetBucketLocation) -> Result<Region, Error> {
    Ok(permit.bucket()?.region.clone())
}
