//! Sets, tells and removes what becomes of a bucket's objects with time.

use cosette_proto::ops::{
    DeleteBucketLifecycle, GetBucketLifecycle, LifecycleConfiguration, PutBucketLifecycle,
};
use cosette_proto::{Dialect, ErrorCode, Message};
use cosette_store::{BucketDocument, Store};
use cosette_types::BucketName;

use crate::error::Error;
use crate::policy::Permit;

const LIFECYCLE: BucketDocument = BucketDocument::Lifecycle;

pub(super) async fn put(store: &Store, _: &Permit, op: &PutBucketLifecycle) -> Result<(), Error> {
    // Kept as the document that a GET answers with.
    let document = GetBucketLifecycle::encode_reply(&op.configuration, Dialect::Cos).payload;
    Ok(store
        .set_bucket_document(&op.bucket, LIFECYCLE, document)
        .await?)
}

pub(super) async fn get(
    store: &Store,
    _: &Permit,
    op: &GetBucketLifecycle,
) -> Result<LifecycleConfiguration, Error> {
    let none = || Error::new(ErrorCode::NoSuchLifecycleConfiguration);
    configuration(store, &op.bucket).await?.ok_or_else(none)
}

pub(super) async fn delete(
    store: &Store,
    _: &Permit,
    op: &DeleteBucketLifecycle,
) -> Result<(), Error> {
    Ok(store
        .set_bucket_document(&op.bucket, LIFECYCLE, None)
        .await?)
}

/// The rules of a bucket, if it has any.
pub(crate) async fn configuration(
    store: &Store,
    bucket: &BucketName,
) -> Result<Option<LifecycleConfiguration>, Error> {
    let Some(document) = store.bucket_document(bucket, LIFECYCLE).await? else {
        return Ok(None);
    };
    let read = LifecycleConfiguration::parse(&document);
    read.map(Some).map_err(Error::internal)
}
