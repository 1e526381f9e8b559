//! Makes, finds and removes buckets.

use cosette_proto::ops::{DeleteBucket, GetBucketLocation, HeadBucket, HeadBucketReply, PutBucket};
use cosette_proto::{Dialect, ErrorCode};
use cosette_store::Error as Fact;
use cosette_store::{AbortUpload, ListUploads, ListVersions, NewBucket, Store};
use cosette_types::{BucketName, Region};

use super::{Context, kept_key, page, tagging};
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

/// In S3 unfinished uploads keep no bucket: its clients look for objects and versions only.
pub(super) async fn delete(
    store: &Store,
    _: &Permit,
    op: &DeleteBucket,
    dialect: Dialect,
) -> Result<(), Error> {
    match store.delete_bucket(&op.bucket).await {
        Err(Fact::BucketNotEmpty) if dialect == Dialect::S3 => {
            abort_uploads(store, &op.bucket).await?;
            Ok(store.delete_bucket(&op.bucket).await?)
        }
        deleted => Ok(deleted?),
    }
}

/// Aborts the uploads of a bucket that holds nothing else; of any other bucket none.
async fn abort_uploads(store: &Store, bucket: &BucketName) -> Result<(), Error> {
    let any = ListVersions {
        limit: 1,
        ..ListVersions::default()
    };
    if !store.list_versions(bucket, &any).await?.versions.is_empty() {
        return Err(Fact::BucketNotEmpty.into());
    }
    loop {
        let some = ListUploads {
            limit: usize::from(page(None)),
            ..ListUploads::default()
        };
        let found = store.list_uploads(bucket, &some).await?;
        for upload in found.uploads {
            let abort = AbortUpload {
                bucket: bucket.clone(),
                key: kept_key(&upload.key)?,
                upload_id: upload.upload_id,
            };
            match store.abort_upload(abort).await {
                // Somebody else was quicker.
                Ok(_) | Err(Fact::NoSuchUpload) => {}
                Err(error) => return Err(error.into()),
            }
        }
        if found.next_key_marker.is_none() {
            return Ok(());
        }
    }
}

pub(super) fn location(permit: &Permit, _: &GetBucketLocation) -> Result<Region, Error> {
    Ok(permit.bucket()?.region.clone())
}
