//! Initiate Multipart Upload: begins an object that is put together from parts.

use cosette_types::{
    AclHeaders, BucketName, DeclaredChecksum, Encryption, Metadata, ObjectKey, StorageClass, Tags,
    UploadId,
};
use http::Method;

use super::OperationName;
use crate::aside;
use crate::dialect::{Dialect, Field};
use crate::error::Error;
use crate::fields::{EncryptedWith, EncryptionHeaders, HeaderReader, HeaderWriter};
use crate::message::{Message, Query, Reply, Request, Unreadable};
use crate::xml::Writer;

const UPLOADS: &str = "uploads";
const ROOT: &str = "InitiateMultipartUploadResult";

/// Begins an upload; all that the object will have beside its bytes is said here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InitiateUpload {
    /// The bucket.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// What will be stored with the bytes.
    pub metadata: Metadata,
    /// The object's class; STANDARD when absent.
    pub storage_class: Option<StorageClass>,
    /// The object's ACL; inherited when empty.
    pub acl: AclHeaders,
    /// The object's tags.
    pub tags: Tags,
    /// How it is to be encrypted; when absent as its bucket says, or not at all.
    pub encryption: Option<Encryption>,
}

/// The upload is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InitiateUploadReply {
    /// The target's bucket.
    pub bucket: BucketName,
    /// The target's key.
    pub key: ObjectKey,
    /// Names the upload in every later request.
    pub upload_id: UploadId,
    /// The checksum that the object is to have (S3), if one was asked for.
    pub checksum: Option<DeclaredChecksum>,
    /// How it is encrypted, if it is.
    pub encrypted_with: Option<EncryptedWith>,
}

impl Message for InitiateUpload {
    const NAME: OperationName = OperationName::InitiateUpload;
    type Reply = InitiateUploadReply;

    fn encode(&self, dialect: Dialect) -> Request {
        let headers = HeaderWriter::new(dialect)
            .with_metadata(&self.metadata)
            .with_some(Field::StorageClass, self.storage_class)
            .with_acl(&self.acl)
            .with_tags(&self.tags)
            .with_encryption(self.encryption.as_ref());
        let query = Query::new().with(UPLOADS, "");
        Request::of_object(
            Method::POST,
            (&self.bucket, &self.key),
            query,
            headers.done(),
        )
    }

    fn decode(request: &Request, dialect: Dialect) -> Result<Self, Error> {
        let headers = HeaderReader::new(&request.headers, dialect);
        headers.refuse_on_encrypted_write(EncryptionHeaders::Target)?;
        headers.refuse_target_conditions()?;
        let (bucket, key) = request.object()?;
        Ok(Self {
            bucket,
            key,
            metadata: headers.metadata()?,
            storage_class: headers.parse(Field::StorageClass)?,
            acl: headers.acl_of_object()?,
            tags: headers.tags()?,
            encryption: headers.encryption()?,
        })
    }

    fn encode_reply(reply: &InitiateUploadReply, dialect: Dialect) -> Reply {
        let document = Writer::document_in(dialect, ROOT, |root| {
            root.text("Bucket", &reply.bucket);
            root.text("Key", &reply.key);
            root.text("UploadId", &reply.upload_id);
        });
        let told = reply.encrypted_with.as_ref();
        let headers = HeaderWriter::new(dialect).with_encrypted_with(told);
        let mut answer = Reply::document(document, headers);
        if let (Some(declared), Dialect::S3) = (reply.checksum, dialect) {
            aside::tell_declared(&mut answer.headers, declared);
        }
        answer
    }

    fn decode_reply(reply: &Reply, dialect: Dialect) -> Result<InitiateUploadReply, Unreadable> {
        let headers = HeaderReader::new(&reply.headers, dialect);
        let root = reply.root(ROOT)?;
        Ok(InitiateUploadReply {
            bucket: root.bucket("Bucket")?,
            key: root.key("Key")?,
            upload_id: root.parse_child("UploadId")?,
            checksum: aside::declared_in(&reply.headers),
            encrypted_with: headers.encrypted_with()?,
        })
    }
}
