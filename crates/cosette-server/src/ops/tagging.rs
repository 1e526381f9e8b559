//! Sets, tells and removes the tags of buckets and objects.

use bytes::Bytes;
use cosette_proto::ops::{
    DeleteBucketTagging, DeleteObjectTagging, GetBucketTagging, GetObjectTagging,
    GetObjectTaggingReply, ObjectTaggingReply, PutBucketTagging, PutObjectTagging,
};
use cosette_proto::{Dialect, ErrorCode, Message, Reply};
use cosette_store::{BucketDocument, Store};
use cosette_types::{BucketName, ObjectKey, Tags, VersionId};
use http::{HeaderMap, StatusCode};

use crate::error::Error;
use crate::policy::Permit;

const TAGGING: BucketDocument = BucketDocument::Tagging;

pub(super) async fn put_bucket(
    store: &Store,
    _: &Permit,
    op: &PutBucketTagging,
) -> Result<(), Error> {
    let document = document(&op.tags).map(|(_, document)| document);
    Ok(store
        .set_bucket_document(&op.bucket, TAGGING, document)
        .await?)
}

/// The tags of a bucket as the document that a GET answers with; no tags are no document.
pub(super) fn document(tags: &Tags) -> Option<(BucketDocument, Bytes)> {
    let document = GetBucketTagging::encode_reply(tags, Dialect::Cos).payload;
    document
        .filter(|_| !tags.is_empty())
        .map(|document| (TAGGING, document))
}

pub(super) async fn get_bucket(
    store: &Store,
    _: &Permit,
    op: &GetBucketTagging,
) -> Result<Tags, Error> {
    let document = store.bucket_document(&op.bucket, TAGGING).await?;
    let reply = Reply {
        status: StatusCode::OK,
        headers: HeaderMap::new(),
        payload: Some(document.ok_or_else(|| Error::new(ErrorCode::NoSuchTagSet))?),
    };
    GetBucketTagging::decode_reply(&reply, Dialect::Cos).map_err(Error::internal)
}

pub(super) async fn delete_bucket(
    store: &Store,
    _: &Permit,
    op: &DeleteBucketTagging,
) -> Result<(), Error> {
    Ok(store.set_bucket_document(&op.bucket, TAGGING, None).await?)
}

pub(super) async fn put_object(
    store: &Store,
    _: &Permit,
    op: PutObjectTagging,
) -> Result<ObjectTaggingReply, Error> {
    set(store, &op.bucket, &op.key, op.version_id.as_ref(), op.tags).await
}

pub(super) async fn delete_object(
    store: &Store,
    _: &Permit,
    op: DeleteObjectTagging,
) -> Result<ObjectTaggingReply, Error> {
    let none = Tags::new();
    set(store, &op.bucket, &op.key, op.version_id.as_ref(), none).await
}

async fn set(
    store: &Store,
    bucket: &BucketName,
    key: &ObjectKey,
    version_id: Option<&VersionId>,
    tags: Tags,
) -> Result<ObjectTaggingReply, Error> {
    let version_id = store.set_object_tags(bucket, key, version_id, tags).await?;
    Ok(ObjectTaggingReply { version_id })
}

pub(super) fn get_object(
    permit: &Permit,
    _: &GetObjectTagging,
) -> Result<GetObjectTaggingReply, Error> {
    let object = permit.object()?;
    Ok(GetObjectTaggingReply {
        tags: object.tags.clone(),
        version_id: object.version_id.clone(),
    })
}
