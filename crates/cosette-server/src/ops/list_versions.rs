//! Lists a page of a bucket's versions and delete markers, as they are at one instant.

use cosette_proto::ops::{
    DeleteMarkerEntry, ListVersions, ListVersionsReply, VersionEntry, VersionItem,
};
use cosette_store::{Store, VersionPage};
use cosette_types::AppId;

use super::{kept_key, listed_owner, page};
use crate::error::Error;
use crate::policy::Permit;

pub(super) async fn run(
    store: &Store,
    permit: &Permit,
    op: ListVersions,
) -> Result<ListVersionsReply, Error> {
    let max_keys = page(op.max_keys);
    let request = cosette_store::ListVersions {
        prefix: op.prefix.clone(),
        delimiter: op.delimiter.map(String::from),
        key_marker: op.key_marker.clone().unwrap_or_default(),
        version_id_marker: op.version_id_marker.clone(),
        limit: usize::from(max_keys),
    };
    let found = match max_keys {
        0 => VersionPage::default(),
        _ => store.list_versions(&op.bucket, &request).await?,
    };
    let owner = listed_owner(permit)?;
    let items = found
        .versions
        .into_iter()
        .map(|version| item(version, &owner));
    Ok(ListVersionsReply {
        items: items.collect::<Result<_, Error>>()?,
        common_prefixes: found.common_prefixes,
        is_truncated: found.next_key_marker.is_some(),
        next_key_marker: found.next_key_marker,
        next_version_id_marker: found.next_version_id_marker,
        bucket: op.bucket,
        prefix: op.prefix,
        delimiter: op.delimiter,
        key_marker: op.key_marker.unwrap_or_default(),
        version_id_marker: op.version_id_marker,
        max_keys,
        encoded: op.encoded,
    })
}

fn item(
    version: cosette_store::ListedVersion,
    owner: &Option<AppId>,
) -> Result<VersionItem, Error> {
    let key = kept_key(&version.key)?;
    let owner = owner.clone();
    let (version_id, is_latest) = (version.version_id, version.is_latest);
    let last_modified = version.last_modified;
    Ok(match version.object {
        Some((size, etag, storage_class)) => VersionItem::Version(VersionEntry {
            key,
            version_id,
            is_latest,
            last_modified,
            etag,
            size,
            storage_class,
            owner,
            checksum: version.checksum,
        }),
        None => VersionItem::DeleteMarker(DeleteMarkerEntry {
            key,
            version_id,
            is_latest,
            last_modified,
            owner,
        }),
    })
}
