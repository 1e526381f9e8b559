//! Lists a page of a bucket's objects by token, as they are at one instant.

use cosette_proto::ops::{ListObjects, ListObjectsV2, ListObjectsV2Reply};
use cosette_store::Store;

use super::list_objects;
use crate::error::Error;
use crate::policy::Permit;

pub(super) async fn run(
    store: &Store,
    permit: &Permit,
    op: ListObjectsV2,
) -> Result<ListObjectsV2Reply, Error> {
    let first_version = ListObjects {
        bucket: op.bucket,
        prefix: op.prefix,
        delimiter: op.delimiter,
        marker: op.continue_after.clone().or_else(|| op.start_after.clone()),
        max_keys: op.max_keys,
        encoded: op.encoded,
    };
    let mut page = list_objects::run(store, permit, first_version).await?;
    if !op.fetch_owner {
        for entry in &mut page.contents {
            entry.owner = None;
        }
    }
    Ok(ListObjectsV2Reply {
        bucket: page.bucket,
        prefix: page.prefix,
        delimiter: page.delimiter,
        start_after: op.start_after,
        continue_after: op.continue_after,
        max_keys: page.max_keys,
        encoded: page.encoded,
        next: page.next_marker,
        common_prefixes: page.common_prefixes,
        contents: page.contents,
        region: page.region,
    })
}
