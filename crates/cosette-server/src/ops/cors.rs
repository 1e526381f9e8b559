//! Sets, tells and removes a bucket's rules for pages of other origins, and answers browsers that ask.

use cosette_proto::ops::{
    CorsConfiguration, DeleteBucketCors, GetBucketCors, OptionsObject, OptionsObjectReply,
    PutBucketCors,
};
use cosette_proto::{Dialect, ErrorCode, Message};
use cosette_store::{BucketDocument, Store};
use cosette_types::BucketName;
use http::HeaderMap;

use crate::error::Error;
use crate::policy::Permit;

const CORS: BucketDocument = BucketDocument::Cors;

pub(super) async fn put(store: &Store, _: &Permit, op: &PutBucketCors) -> Result<(), Error> {
    // Kept as the document that a GET answers with.
    let document = GetBucketCors::encode_reply(&op.configuration, Dialect::Cos).payload;
    Ok(store
        .set_bucket_document(&op.bucket, CORS, document)
        .await?)
}

pub(super) async fn get(
    store: &Store,
    _: &Permit,
    op: &GetBucketCors,
) -> Result<CorsConfiguration, Error> {
    let none = || Error::new(ErrorCode::NoSuchCORSConfiguration);
    configuration(store, &op.bucket).await?.ok_or_else(none)
}

pub(super) async fn delete(store: &Store, _: &Permit, op: &DeleteBucketCors) -> Result<(), Error> {
    Ok(store.set_bucket_document(&op.bucket, CORS, None).await?)
}

pub(super) async fn options(
    store: &Store,
    _: &Permit,
    op: &OptionsObject,
) -> Result<OptionsObjectReply, Error> {
    let configuration = configuration(store, &op.bucket).await?.unwrap_or_default();
    let refused = || Error::new(ErrorCode::AccessForbidden);
    configuration.preflight(op).ok_or_else(refused)
}

/// What a reply to a page of this origin has, whatever the request came to. A bucket that cannot be
/// asked has no rules to tell.
pub(crate) async fn reply_headers(
    store: &Store,
    bucket: &BucketName,
    origin: &str,
    method: &str,
) -> HeaderMap {
    match configuration(store, bucket).await {
        Ok(Some(configuration)) => configuration.reply_headers(origin, method),
        Ok(None) | Err(_) => HeaderMap::new(),
    }
}

async fn configuration(
    store: &Store,
    bucket: &BucketName,
) -> Result<Option<CorsConfiguration>, Error> {
    let Some(document) = store.bucket_document(bucket, CORS).await? else {
        return Ok(None);
    };
    let read = CorsConfiguration::parse(&document);
    read.map(Some).map_err(Error::internal)
}
