//! Upload Part: stores the body of the request as one part of an upload.

use cosette_types::{BucketName, Crc64, ETag, Encryption, Md5, ObjectKey, PartNumber, UploadId};
use http::header::ETAG;
use http::{Method, StatusCode};

use super::OperationName;
use super::parameters::{PART_NUMBER, UPLOAD_ID};
use crate::dialect::{Dialect, Field};
use crate::error::Error;
use crate::fields::{EncryptedWith, EncryptionHeaders, HeaderReader, HeaderWriter};
use crate::message::{Message, Query, Reply, Request, Unreadable};

/// Stores a part; its bytes are the body of the request. A part of that number is replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadPart {
    /// The bucket.
    pub bucket: BucketName,
    /// The upload's key.
    pub key: ObjectKey,
    /// The upload.
    pub upload_id: UploadId,
    /// The part's place.
    pub part_number: PartNumber,
    /// The MD5 that the bytes must have.
    pub content_md5: Option<Md5>,
    /// How the upload is encrypted: a customer's key has to come with each part.
    pub encryption: Option<Encryption>,
}

/// The part is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadPartReply {
    /// The MD5 of its bytes.
    pub etag: ETag,
    /// The CRC-64 of its bytes.
    pub crc64: Option<Crc64>,
    /// How it is encrypted, if it is.
    pub encrypted_with: Option<EncryptedWith>,
}

impl Message for UploadPart {
    const NAME: OperationName = OperationName::UploadPart;
    type Reply = UploadPartReply;

    fn encode(&self, dialect: Dialect) -> Request {
        let query = Query::new()
            .with(PART_NUMBER, self.part_number)
            .with(UPLOAD_ID, &self.upload_id);
        let headers = HeaderWriter::new(dialect)
            .with_md5(self.content_md5)
            .with_encryption(self.encryption.as_ref());
        Request::of_object(
            Method::PUT,
            (&self.bucket, &self.key),
            query,
            headers.done(),
        )
    }

    fn decode(request: &Request, dialect: Dialect) -> Result<Self, Error> {
        let headers = HeaderReader::new(&request.headers, dialect);
        headers.refuse_on_encrypted_write(EncryptionHeaders::Target)?;
        headers.refuse_target_conditions()?;
        headers.refuse_tags()?;
        let (bucket, key) = request.object()?;
        Ok(Self {
            bucket,
            key,
            part_number: request.query.part_number()?,
            upload_id: request.query.upload_id()?,
            content_md5: headers.content_md5()?,
            encryption: headers.encryption()?,
        })
    }

    fn encode_reply(reply: &UploadPartReply, dialect: Dialect) -> Reply {
        let headers = HeaderWriter::new(dialect)
            .with_plain(ETAG, &reply.etag)
            .with_some(Field::HashCrc64, reply.crc64)
            .with_encrypted_with(reply.encrypted_with.as_ref());
        Reply::empty(StatusCode::OK, headers.done())
    }

    fn decode_reply(reply: &Reply, dialect: Dialect) -> Result<UploadPartReply, Unreadable> {
        let headers = HeaderReader::new(&reply.headers, dialect);
        Ok(UploadPartReply {
            etag: headers.etag()?,
            crc64: headers.parse(Field::HashCrc64)?,
            encrypted_with: headers.encrypted_with()?,
        })
    }
}
