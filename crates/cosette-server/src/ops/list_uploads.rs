//! Lists a page of a bucket's unfinished uploads.

use cosette_proto::ops::{ListUploads, ListUploadsReply, UploadEntry};
use cosette_store::{Store, UploadPage};
use cosette_types::UploadId;

use super::{kept_key, listed_owner, page};
use crate::error::Error;
use crate::policy::Permit;

pub(super) async fn run(
    store: &Store,
    permit: &Permit,
    op: ListUploads,
) -> Result<ListUploadsReply, Error> {
    let max_uploads = page(op.max_uploads);
    let request = cosette_store::ListUploads {
        prefix: op.prefix.clone(),
        delimiter: op.delimiter.map(String::from),
        key_marker: op.key_marker.clone().unwrap_or_default(),
        upload_id_marker: op.upload_id_marker.as_ref().map(UploadId::to_string),
        limit: usize::from(max_uploads),
    };
    let found = match max_uploads {
        0 => UploadPage::default(),
        _ => store.list_uploads(&op.bucket, &request).await?,
    };
    let owner = listed_owner(permit)?;
    let entry = |upload: cosette_store::ListedUpload| {
        Ok(UploadEntry {
            key: kept_key(&upload.key)?,
            upload_id: upload.upload_id,
            initiator: Some(upload.owner),
            owner: owner.clone(),
            storage_class: upload.storage_class,
            initiated: upload.initiated,
            checksum: upload.checksum,
        })
    };
    let next_upload_id_marker = found
        .next_upload_id_marker
        .map(|id| id.parse())
        .transpose()?;
    Ok(ListUploadsReply {
        uploads: found
            .uploads
            .into_iter()
            .map(entry)
            .collect::<Result<_, Error>>()?,
        common_prefixes: found.common_prefixes,
        is_truncated: found.next_key_marker.is_some(),
        next_key_marker: found.next_key_marker,
        next_upload_id_marker,
        bucket: op.bucket,
        prefix: op.prefix,
        delimiter: op.delimiter,
        key_marker: op.key_marker.unwrap_or_default(),
        upload_id_marker: op.upload_id_marker,
        max_uploads,
        encoded: op.encoded,
    })
}
