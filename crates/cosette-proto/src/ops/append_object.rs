//! APPEND Object: adds the body of the request to the end of an object, or begins one.

use cosette_types::{
    AclHeaders, BucketName, Crc64, ETag, Encryption, Md5, Metadata, ObjectKey, StorageClass, Tags,
};
use http::header::ETAG;
use http::{Method, StatusCode};

use super::OperationName;
use crate::dialect::{Dialect, Field};
use crate::error::Error;
use crate::fields::{EncryptedWith, EncryptionHeaders, HeaderReader, HeaderWriter};
use crate::message::{Message, Query, Reply, Request, Unreadable};

const APPEND: &str = "append";
const POSITION: &str = "position";

/// Appends to an object; the bytes are the body of the request. The first append, at position 0,
/// makes the object, with everything that is said here; later ones only add bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppendObject {
    /// The bucket.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// How long the object is now; another length is an error.
    pub position: u64,
    /// What is stored with the object when it is made.
    pub metadata: Metadata,
    /// Its class; STANDARD when absent.
    pub storage_class: Option<StorageClass>,
    /// Its ACL; inherited when empty.
    pub acl: AclHeaders,
    /// Its tags.
    pub tags: Tags,
    /// The MD5 that the bytes of this request must have.
    pub content_md5: Option<Md5>,
    /// How it is to be encrypted; when absent as its bucket says, or not at all.
    pub encryption: Option<Encryption>,
}

/// The bytes are appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppendObjectReply {
    /// The object's tag from now on.
    pub etag: ETag,
    /// The CRC-64 of the whole object.
    pub crc64: Option<Crc64>,
    /// How long the object is now.
    pub next_position: u64,
    /// How it is encrypted, if it is.
    pub encrypted_with: Option<EncryptedWith>,
}

impl Message for AppendObject {
    const NAME: OperationName = OperationName::AppendObject;
    type Reply = AppendObjectReply;

    fn encode(&self, dialect: Dialect) -> Request {
        let headers = HeaderWriter::new(dialect)
            .with_metadata(&self.metadata)
            .with_some(Field::StorageClass, self.storage_class)
            .with_acl(&self.acl)
            .with_tags(&self.tags)
            .with_md5(self.content_md5)
            .with_encryption(self.encryption.as_ref());
        let query = Query::new().with(APPEND, "").with(POSITION, self.position);
        let object = (&self.bucket, &self.key);
        Request::of_object(Method::POST, object, query, headers.done())
    }

    fn decode(request: &Request, dialect: Dialect) -> Result<Self, Error> {
        let headers = HeaderReader::new(&request.headers, dialect);
        headers.refuse_on_encrypted_write(EncryptionHeaders::Target)?;
        headers.refuse_target_conditions()?;
        let (bucket, key) = request.object()?;
        let missing = || Error::argument(format!("The parameter {POSITION} is missing."));
        Ok(Self {
            bucket,
            key,
            position: request.query.parse(POSITION)?.ok_or_else(missing)?,
            metadata: headers.metadata()?,
            storage_class: headers.parse(Field::StorageClass)?,
            acl: headers.acl_of_object()?,
            tags: headers.tags()?,
            content_md5: headers.content_md5()?,
            encryption: headers.encryption()?,
        })
    }

    fn encode_reply(reply: &AppendObjectReply, dialect: Dialect) -> Reply {
        let headers = HeaderWriter::new(dialect)
            .with_plain(ETAG, &reply.etag)
            .with_some(Field::HashCrc64, reply.crc64)
            .with(Field::NextAppendPosition, reply.next_position)
            .with_encrypted_with(reply.encrypted_with.as_ref());
        Reply::empty(StatusCode::OK, headers.done())
    }

    fn decode_reply(reply: &Reply, dialect: Dialect) -> Result<AppendObjectReply, Unreadable> {
        let headers = HeaderReader::new(&reply.headers, dialect);
        let next = headers.parse(Field::NextAppendPosition)?;
        let name = dialect.name(Field::NextAppendPosition);
        Ok(AppendObjectReply {
            etag: headers.etag()?,
            crc64: headers.parse(Field::HashCrc64)?,
            next_position: next
                .ok_or_else(|| Unreadable(format!("the header {name} is missing")))?,
            encrypted_with: headers.encrypted_with()?,
        })
    }
}
