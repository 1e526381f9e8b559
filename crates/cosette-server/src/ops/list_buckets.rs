//! Lists the caller's buckets.

use cosette_proto::ErrorCode;
use cosette_proto::ops::{BucketEntry, ListBuckets, ListBucketsReply};
use cosette_store::BucketFilter;
use cosette_types::limits;

use super::Context;
use crate::error::Error;
use crate::policy::Permit;

pub(super) async fn run(
    cx: &Context<'_>,
    permit: &Permit,
    op: ListBuckets,
) -> Result<ListBucketsReply, Error> {
    let user = permit
        .caller()
        .user()
        .ok_or_else(|| Error::new(ErrorCode::AccessDenied))?;
    let filter = BucketFilter {
        owner_uin: Some(user.owner_uin().to_owned()),
        // The host of a region has the buckets of that region.
        region: op.region.or_else(|| cx.head.region.clone()),
        marker: op.marker,
        limit: usize::from(op.max_keys.unwrap_or(limits::LIST_BUCKETS_MAX)),
    };
    let page = cx.store.buckets(&filter).await?;
    let entry = |bucket: cosette_store::Bucket| BucketEntry {
        name: bucket.name,
        location: bucket.region,
        creation_date: bucket.created,
    };
    Ok(ListBucketsReply {
        owner: user.clone(),
        buckets: page.buckets.into_iter().map(entry).collect(),
        next_marker: page.next_marker,
    })
}
