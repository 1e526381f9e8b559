//! Upload Part - Copy: makes a part of an upload from an object's bytes.

use cosette_types::{
    BucketName, ByteRange, Checksum, CopySource, Crc64, CustomerKey, ETag, Encryption, ObjectKey,
    PartNumber, Preconditions, Timestamp, UploadId, VersionId,
};
use http::Method;

use super::OperationName;
use super::parameters::{PART_NUMBER, UPLOAD_ID};
use crate::date;
use crate::dialect::{Dialect, Field};
use crate::error::Error;
use crate::fields::{ConditionsOn, EncryptedWith, EncryptionHeaders, HeaderReader, HeaderWriter};
use crate::message::{Message, Query, Reply, Request, Unreadable};
use crate::xml::Writer;

const ROOT: &str = "CopyPartResult";

/// Copies an object, a version of one, or a range of its bytes into a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadPartCopy {
    /// The target's bucket.
    pub bucket: BucketName,
    /// The upload's key.
    pub key: ObjectKey,
    /// The upload.
    pub upload_id: UploadId,
    /// The part's place.
    pub part_number: PartNumber,
    /// What is copied.
    pub source: CopySource,
    /// Which bytes of it; all when absent.
    pub source_range: Option<ByteRange>,
    /// What must hold of the source.
    pub source_preconditions: Preconditions,
    /// How the upload is encrypted: a customer's key has to come with each part.
    pub encryption: Option<Encryption>,
    /// The customer's key that the source is encrypted with, if it is.
    pub source_key: Option<CustomerKey>,
}

/// The part is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadPartCopyReply {
    /// The MD5 of the copied bytes.
    pub etag: ETag,
    /// When the part was made.
    pub last_modified: Timestamp,
    /// The CRC-64 of the copied bytes.
    pub crc64: Option<Crc64>,
    /// Their checksum by another algorithm (S3), if they are a whole source that had one.
    pub checksum: Option<Checksum>,
    /// The source's version, if the request named one.
    pub source_version_id: Option<VersionId>,
    /// How it is encrypted, if it is.
    pub encrypted_with: Option<EncryptedWith>,
}

impl Message for UploadPartCopy {
    const NAME: OperationName = OperationName::UploadPartCopy;
    type Reply = UploadPartCopyReply;

    fn encode(&self, dialect: Dialect) -> Request {
        let query = Query::new()
            .with(PART_NUMBER, self.part_number)
            .with(UPLOAD_ID, &self.upload_id);
        let headers = HeaderWriter::new(dialect)
            .with_copy_source(&self.source)
            .with_some(Field::CopySourceRange, self.source_range)
            .with_preconditions(&self.source_preconditions, ConditionsOn::CopySource)
            .with_encryption(self.encryption.as_ref())
            .with_source_customer_key(self.source_key.as_ref());
        Request::of_object(
            Method::PUT,
            (&self.bucket, &self.key),
            query,
            headers.done(),
        )
    }

    fn decode(request: &Request, dialect: Dialect) -> Result<Self, Error> {
        let headers = HeaderReader::new(&request.headers, dialect);
        headers.refuse_on_encrypted_write(EncryptionHeaders::TargetAndSource)?;
        headers.refuse_target_conditions()?;
        headers.refuse_tags()?;
        let (bucket, key) = request.object()?;
        Ok(Self {
            bucket,
            key,
            part_number: request.query.part_number()?,
            upload_id: request.query.upload_id()?,
            source: headers.copy_source()?,
            source_range: headers.parse(Field::CopySourceRange)?,
            source_preconditions: headers.preconditions(ConditionsOn::CopySource)?,
            encryption: headers.encryption()?,
            source_key: headers.source_customer_key()?,
        })
    }

    fn encode_reply(reply: &UploadPartCopyReply, dialect: Dialect) -> Reply {
        let document = Writer::document_in(dialect, ROOT, |root| {
            root.etag(&reply.etag);
            let date = match dialect {
                Dialect::Cos => date::iso_seconds(reply.last_modified),
                Dialect::S3 => date::iso(reply.last_modified),
            };
            root.text("LastModified", date);
            root.text_if("CRC64", reply.crc64);
            root.part_checksum(reply.checksum.as_ref());
        });
        let headers = HeaderWriter::new(dialect)
            .with_some(Field::HashCrc64, reply.crc64)
            .with_some(Field::CopySourceVersionId, reply.source_version_id.as_ref())
            .with_encrypted_with(reply.encrypted_with.as_ref());
        Reply::document(document, headers)
    }

    fn decode_reply(reply: &Reply, dialect: Dialect) -> Result<UploadPartCopyReply, Unreadable> {
        let headers = HeaderReader::new(&reply.headers, dialect);
        let root = reply.root(ROOT)?;
        let said = root.parse_some("CRC64")?;
        Ok(UploadPartCopyReply {
            etag: root.parse_child("ETag")?,
            checksum: root.checksum(),
            last_modified: root.date("LastModified")?,
            crc64: said.or(headers.parse(Field::HashCrc64)?),
            source_version_id: headers.parse(Field::CopySourceVersionId)?,
            encrypted_with: headers.encrypted_with()?,
        })
    }
}
