//! Tells what is known of an object, without its bytes and its metadata.

use cosette_proto::ops::{
    GetObjectAttributes, GetObjectAttributesReply, ObjectAttribute, PartAttributes, PartsAttribute,
    PartsPage,
};
use cosette_store::{ObjectVersion, Store};
use cosette_types::ChecksumType;

use super::page;
use crate::error::Error;
use crate::policy::Permit;

pub(super) async fn run(
    store: &Store,
    permit: &Permit,
    op: GetObjectAttributes,
) -> Result<GetObjectAttributesReply, Error> {
    let version = permit.object()?;
    let asked = |attribute| op.attributes.contains(&attribute);
    let parts = version.etag.part_count();
    let parts = match parts.filter(|_| asked(ObjectAttribute::ObjectParts)) {
        None => None,
        Some(count) => Some(PartsAttribute {
            count,
            page: page_of_parts(store, version, &op).await?,
        }),
    };
    Ok(GetObjectAttributesReply {
        last_modified: version.last_modified,
        version_id: version.version_id.clone(),
        etag: asked(ObjectAttribute::ETag).then(|| version.etag.clone()),
        checksum: version
            .checksum
            .clone()
            .filter(|_| asked(ObjectAttribute::Checksum)),
        parts,
        storage_class: asked(ObjectAttribute::StorageClass).then_some(version.storage_class),
        size: asked(ObjectAttribute::ObjectSize).then_some(version.size),
    })
}

/// Some of the parts, where the checksum of each was kept.
async fn page_of_parts(
    store: &Store,
    version: &ObjectVersion,
    op: &GetObjectAttributes,
) -> Result<Option<PartsPage>, Error> {
    let kind = version.checksum.as_ref().map(|checksum| checksum.kind);
    if kind != Some(ChecksumType::Composite) {
        return Ok(None);
    }
    let (after, max_parts) = (op.part_number_marker, page(op.max_parts));
    let (first, last) = (
        u32::from(after) + 1,
        u32::from(after) + u32::from(max_parts),
    );
    let Some(found) = store.parts_of(version, first..=last).await? else {
        return Ok(None);
    };
    let numbered = (u64::from(first)..).zip(found.parts);
    let parts = numbered.map(|(number, part)| {
        Some(PartAttributes {
            part_number: number.try_into().ok()?,
            size: part.span.len(),
            checksum: Some(part.checksum?),
        })
    });
    let Some(parts) = parts.collect::<Option<Vec<_>>>() else {
        return Ok(None);
    };
    let next = parts.last().map(|part| part.part_number.get());
    Ok(Some(PartsPage {
        part_number_marker: after,
        max_parts,
        next_part_number_marker: next.filter(|next| u32::from(*next) < found.count),
        parts,
    }))
}
