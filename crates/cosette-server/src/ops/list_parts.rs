//! Lists a page of an unfinished upload's parts.

use cosette_proto::ops::{ListParts, ListPartsReply, PartEntry};
use cosette_store::Store;

use super::{listed_owner, page};
use crate::error::Error;
use crate::policy::Permit;

pub(super) async fn run(
    store: &Store,
    permit: &Permit,
    op: ListParts,
) -> Result<ListPartsReply, Error> {
    let max_parts = page(op.max_parts);
    let request = cosette_store::ListParts {
        bucket: op.bucket.clone(),
        key: op.key.clone(),
        upload_id: op.upload_id.clone(),
        marker: op.part_number_marker,
        limit: usize::from(max_parts),
    };
    let found = store.list_parts(&request).await?;
    let entry = |part: cosette_store::ListedPart| PartEntry {
        part_number: part.number,
        last_modified: part.last_modified,
        etag: part.etag,
        size: part.size,
        checksum: part.checksum,
    };
    Ok(ListPartsReply {
        initiator: Some(found.owner),
        owner: listed_owner(permit)?,
        storage_class: found.storage_class,
        checksum: found.checksum,
        parts: found.parts.into_iter().map(entry).collect(),
        next_part_number_marker: found.next_marker,
        bucket: op.bucket,
        key: op.key,
        upload_id: op.upload_id,
        part_number_marker: op.part_number_marker,
        max_parts,
        encoded: op.encoded,
    })
}
