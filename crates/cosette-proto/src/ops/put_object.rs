//! PUT Object: stores the body of the request under a key.

use cosette_types::{
    AclHeaders, BucketName, Crc64, ETag, Encryption, Md5, Metadata, ObjectKey, Preconditions,
    StorageClass, Tags, VersionId,
};
use http::header::ETAG;
use http::{Method, StatusCode};

use super::OperationName;
use crate::dialect::{Dialect, Field};
use crate::error::Error;
use crate::fields::{EncryptedWith, EncryptionHeaders, HeaderReader, HeaderWriter};
use crate::message::{Message, Query, Reply, Request, Unreadable};

/// Stores an object; its bytes are the body of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutObject {
    /// The bucket.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// What is stored with the bytes.
    pub metadata: Metadata,
    /// Its class; STANDARD when absent.
    pub storage_class: Option<StorageClass>,
    /// Its ACL; inherited when empty.
    pub acl: AclHeaders,
    /// The MD5 that the bytes must have.
    pub content_md5: Option<Md5>,
    /// Its tags.
    pub tags: Tags,
    /// Whether an object that exists already is an error.
    pub forbid_overwrite: bool,
    /// What must hold of the object that it replaces.
    pub preconditions: Preconditions,
    /// How it is to be encrypted; when absent as its bucket says, or not at all.
    pub encryption: Option<Encryption>,
}

/// The object is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutObjectReply {
    /// The MD5 of its bytes.
    pub etag: ETag,
    /// The CRC-64 of its bytes.
    pub crc64: Option<Crc64>,
    /// Its version, if versioning is enabled.
    pub version_id: Option<VersionId>,
    /// How it is encrypted, if it is.
    pub encrypted_with: Option<EncryptedWith>,
}

impl Message for PutObject {
    const NAME: OperationName = OperationName::PutObject;
    type Reply = PutObjectReply;

    fn encode(&self, dialect: Dialect) -> Request {
        let headers = HeaderWriter::new(dialect)
            .with_metadata(&self.metadata)
            .with_some(Field::StorageClass, self.storage_class)
            .with_acl(&self.acl)
            .with_md5(self.content_md5)
            .with_tags(&self.tags)
            .with_flag(Field::ForbidOverwrite, self.forbid_overwrite)
            .with_target_conditions(&self.preconditions)
            .with_encryption(self.encryption.as_ref());
        Request::of_object(
            Method::PUT,
            (&self.bucket, &self.key),
            Query::new(),
            headers.done(),
        )
    }

    fn decode(request: &Request, dialect: Dialect) -> Result<Self, Error> {
        let headers = HeaderReader::new(&request.headers, dialect);
        headers.refuse_on_encrypted_write(EncryptionHeaders::Target)?;
        let (bucket, key) = request.object()?;
        Ok(Self {
            bucket,
            key,
            metadata: headers.metadata()?,
            storage_class: headers.parse(Field::StorageClass)?,
            acl: headers.acl_of_object()?,
            content_md5: headers.content_md5()?,
            tags: headers.tags()?,
            forbid_overwrite: headers.flag(Field::ForbidOverwrite)?,
            preconditions: headers.target_conditions()?,
            encryption: headers.encryption()?,
        })
    }

    fn encode_reply(reply: &PutObjectReply, dialect: Dialect) -> Reply {
        let headers = HeaderWriter::new(dialect)
            .with_plain(ETAG, &reply.etag)
            .with_some(Field::HashCrc64, reply.crc64)
            .with_some(Field::VersionId, reply.version_id.as_ref())
            .with_encrypted_with(reply.encrypted_with.as_ref());
        Reply::empty(StatusCode::OK, headers.done())
    }

    fn decode_reply(reply: &Reply, dialect: Dialect) -> Result<PutObjectReply, Unreadable> {
        let headers = HeaderReader::new(&reply.headers, dialect);
        Ok(PutObjectReply {
            etag: headers.etag()?,
            crc64: headers.parse(Field::HashCrc64)?,
            version_id: headers.version_id()?.filter(|id| !id.is_null()),
            encrypted_with: headers.encrypted_with()?,
        })
    }
}
