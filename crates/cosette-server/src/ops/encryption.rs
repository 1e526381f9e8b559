//! Sets, tells and removes a bucket's default encryption; and says what a new object is encrypted
//! with, in every operation that makes one.

use cosette_proto::fields::EncryptedWith as Told;
use cosette_proto::ops::{
    DeleteBucketEncryption, EncryptionConfiguration, GetBucketEncryption, PutBucketEncryption,
};
use cosette_proto::{Dialect, ErrorCode, Message};
use cosette_store::{BucketDocument, EncryptedWith, ObjectVersion, Store};
use cosette_types::{BucketName, CustomerKey, Encryption};

use crate::error::Error;
use crate::policy::Permit;

const ENCRYPTION: BucketDocument = BucketDocument::Encryption;

pub(super) async fn put(store: &Store, _: &Permit, op: &PutBucketEncryption) -> Result<(), Error> {
    // Kept as the document that a GET answers with.
    let document = GetBucketEncryption::encode_reply(&op.configuration, Dialect::Cos).payload;
    Ok(store
        .set_bucket_document(&op.bucket, ENCRYPTION, document)
        .await?)
}

pub(super) async fn get(
    store: &Store,
    _: &Permit,
    op: &GetBucketEncryption,
) -> Result<EncryptionConfiguration, Error> {
    let none = || Error::new(ErrorCode::NoSuchEncryptionConfiguration);
    configuration(store, &op.bucket).await?.ok_or_else(none)
}

pub(super) async fn delete(
    store: &Store,
    _: &Permit,
    op: &DeleteBucketEncryption,
) -> Result<(), Error> {
    Ok(store
        .set_bucket_document(&op.bucket, ENCRYPTION, None)
        .await?)
}

async fn configuration(
    store: &Store,
    bucket: &BucketName,
) -> Result<Option<EncryptionConfiguration>, Error> {
    let Some(document) = store.bucket_document(bucket, ENCRYPTION).await? else {
        return Ok(None);
    };
    let read = EncryptionConfiguration::parse(&document);
    read.map(Some).map_err(Error::internal)
}

/// How a new object is to be encrypted: as asked for, else as its bucket says.
pub(super) async fn of_new(
    store: &Store,
    bucket: &BucketName,
    asked: Option<Encryption>,
) -> Result<Option<Encryption>, Error> {
    match asked {
        Some(asked) => Ok(Some(asked)),
        None => {
            let configuration = configuration(store, bucket).await?;
            Ok(configuration.map(|EncryptionConfiguration::Managed| Encryption::Managed))
        }
    }
}

/// What a reply tells of something that was written.
pub(super) fn told(with: Option<EncryptedWith>, key: Option<&CustomerKey>) -> Option<Told> {
    match (with?, key) {
        (EncryptedWith::StoreKey, _) => Some(Told::Managed),
        (EncryptedWith::CustomerKey, None) => Some(Told::Customer(None)),
        (EncryptedWith::CustomerKey, Some(key)) => {
            Some(Told::of(&Encryption::Customer(key.clone())))
        }
    }
}

/// What a reply tells of an object, if the key is the right one.
pub(super) fn of_object(
    version: &ObjectVersion,
    key: Option<&CustomerKey>,
) -> Result<Option<Told>, Error> {
    version.check_key(key)?;
    Ok(told(version.encrypted_with, key))
}
