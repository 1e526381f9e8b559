//! Sets, tells and removes the policy of a bucket.

use cosette_proto::ErrorCode;
use cosette_proto::ops::{
    DeleteBucketPolicy, GetBucketPolicy, GetBucketPolicyReply, PutBucketPolicy,
};

use super::Context;
use crate::error::Error;
use crate::policy::Permit;

pub(super) async fn put(
    cx: &Context<'_>,
    permit: &Permit,
    op: PutBucketPolicy,
) -> Result<(), Error> {
    let bucket = permit.bucket()?;
    cx.access
        .set_bucket_policy(bucket, Some(op.policy), cx.store)
        .await
}

pub(super) async fn get(
    cx: &Context<'_>,
    permit: &Permit,
    _: &GetBucketPolicy,
) -> Result<GetBucketPolicyReply, Error> {
    let policy = cx.access.bucket_policy_text(permit.bucket()?).await?;
    let policy = policy.ok_or_else(|| Error::new(ErrorCode::NoSuchBucketPolicy))?;
    Ok(GetBucketPolicyReply { policy })
}

pub(super) async fn delete(
    cx: &Context<'_>,
    permit: &Permit,
    _: &DeleteBucketPolicy,
) -> Result<(), Error> {
    let bucket = permit.bucket()?;
    cx.access.set_bucket_policy(bucket, None, cx.store).await
}
