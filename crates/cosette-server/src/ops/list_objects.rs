//! Lists a page of a bucket's objects, as they are at one instant.

use cosette_proto::ops::{ListObjects, ListObjectsReply, ObjectEntry};
use cosette_store::{ObjectPage, Store};

use super::{kept_key, listed_owner, page};
use crate::error::Error;
use crate::policy::Permit;

pub(super) async fn run(
    store: &Store,
    permit: &Permit,
    op: ListObjects,
) -> Result<ListObjectsReply, Error> {
    let bucket = permit.bucket()?;
    let max_keys = page(op.max_keys);
    let request = cosette_store::ListObjects {
        prefix: op.prefix.clone(),
        delimiter: op.delimiter.map(String::from),
        marker: op.marker.clone().unwrap_or_default(),
        limit: usize::from(max_keys),
    };
    let found = match max_keys {
        0 => ObjectPage::default(),
        _ => store.list_objects(&op.bucket, &request).await?,
    };
    let owner = listed_owner(permit)?;
    let entry = |object: cosette_store::ListedObject| {
        Ok(ObjectEntry {
            key: kept_key(&object.key)?,
            last_modified: object.last_modified,
            etag: object.etag,
            size: object.size,
            owner: owner.clone(),
            storage_class: object.storage_class,
            checksum: object.checksum,
        })
    };
    Ok(ListObjectsReply {
        contents: found
            .objects
            .into_iter()
            .map(entry)
            .collect::<Result<_, Error>>()?,
        common_prefixes: found.common_prefixes,
        next_marker: found.next_marker,
        bucket: op.bucket,
        prefix: op.prefix,
        delimiter: op.delimiter,
        marker: op.marker.unwrap_or_default(),
        max_keys,
        encoded: op.encoded,
        region: Some(bucket.region.clone()),
    })
}
