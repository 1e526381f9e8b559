//! PUT Object - Copy: makes an object that has another one's bytes, or changes an object in place.

use cosette_types::{
    AclHeaders, BucketName, Checksum, CopySource, Crc64, CustomerKey, Directive, ETag, Encryption,
    Metadata, ObjectKey, Preconditions, StorageClass, Tags, Timestamp, VersionId,
};
use http::Method;

use super::OperationName;
use crate::date;
use crate::dialect::{Dialect, Field};
use crate::error::Error;
use crate::fields::{ConditionsOn, EncryptedWith, EncryptionHeaders, HeaderReader, HeaderWriter};
use crate::message::{Message, Query, Reply, Request, Unreadable};
use crate::xml::Writer;

const ROOT: &str = "CopyObjectResult";

/// Copies an object, or a version of one, to a key: the same key too, to change its attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyObject {
    /// The target's bucket.
    pub bucket: BucketName,
    /// The target's key.
    pub key: ObjectKey,
    /// What is copied.
    pub source: CopySource,
    /// What must hold of the source.
    pub source_preconditions: Preconditions,
    /// Whether the source's metadata goes over, or `metadata` takes its place. `None` leaves the
    /// header out, which means [`Directive::Copy`].
    pub directive: Option<Directive>,
    /// The new metadata; ignored unless the directive is [`Directive::Replaced`].
    pub metadata: Metadata,
    /// The target's class; STANDARD when absent, whatever the source's.
    pub storage_class: Option<StorageClass>,
    /// The target's ACL; inherited when empty, whatever the source's.
    pub acl: AclHeaders,
    /// Whether the source's tags go over, or `tags` take their place. `None` leaves the header out,
    /// which means [`Directive::Copy`].
    pub tagging_directive: Option<Directive>,
    /// The new tags; ignored unless the tagging directive is [`Directive::Replaced`].
    pub tags: Tags,
    /// Whether a target that exists already is an error.
    pub forbid_overwrite: bool,
    /// What must hold of the target that it replaces.
    pub target_preconditions: Preconditions,
    /// How it is to be encrypted; when absent as its bucket says, or not at all.
    pub encryption: Option<Encryption>,
    /// Where neither `encryption` nor its bucket says how: it is encrypted with the service's key if
    /// the source is, and not if the source is not (an extension). Not beside `encryption`.
    pub keep_encryption: bool,
    /// The customer's key that the source is encrypted with, if it is.
    pub source_key: Option<CustomerKey>,
}

/// The copy is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyObjectReply {
    /// The target's tag: the source's.
    pub etag: ETag,
    /// The CRC-64 of the bytes, if the source had one.
    pub crc64: Option<Crc64>,
    /// Their checksum by another algorithm (S3), if the source had one.
    pub checksum: Option<Checksum>,
    /// The target's own time of modification.
    pub last_modified: Timestamp,
    /// The target's version, if its bucket has versioning enabled.
    pub version_id: Option<VersionId>,
    /// The source's version, if the request named one.
    pub source_version_id: Option<VersionId>,
    /// How it is encrypted, if it is.
    pub encrypted_with: Option<EncryptedWith>,
}

impl Message for CopyObject {
    const NAME: OperationName = OperationName::CopyObject;
    type Reply = CopyObjectReply;

    fn encode(&self, dialect: Dialect) -> Request {
        let headers = HeaderWriter::new(dialect)
            .with_copy_source(&self.source)
            .with_preconditions(&self.source_preconditions, ConditionsOn::CopySource)
            .with_some(Field::MetadataDirective, self.directive)
            .with_metadata(&self.metadata)
            .with_some(Field::StorageClass, self.storage_class)
            .with_acl(&self.acl)
            .with_some(Field::TaggingDirective, self.tagging_directive)
            .with_tags(&self.tags)
            .with_flag(Field::ForbidOverwrite, self.forbid_overwrite)
            .with_target_conditions(&self.target_preconditions)
            .with_encryption(self.encryption.as_ref())
            .with_some(
                Field::EncryptionDirective,
                self.keep_encryption.then_some(Directive::Copy),
            )
            .with_source_customer_key(self.source_key.as_ref());
        Request::of_object(
            Method::PUT,
            (&self.bucket, &self.key),
            Query::new(),
            headers.done(),
        )
    }

    fn decode(request: &Request, dialect: Dialect) -> Result<Self, Error> {
        let headers = HeaderReader::new(&request.headers, dialect);
        headers.refuse_on_encrypted_write(EncryptionHeaders::Copy)?;
        let (bucket, key) = request.object()?;
        let directive = headers.parse(Field::MetadataDirective)?;
        let metadata = match directive {
            Some(Directive::Replaced) => headers.metadata()?,
            // Ignored, so nothing in it can be wrong or too long.
            Some(Directive::Copy) | None => Metadata::default(),
        };
        let tagging_directive = headers.parse(Field::TaggingDirective)?;
        let tags = match tagging_directive {
            Some(Directive::Replaced) => headers.tags()?,
            Some(Directive::Copy) | None => Tags::default(),
        };
        let (encryption, keep_encryption) = headers.encryption_of_copy()?;
        Ok(Self {
            bucket,
            key,
            source: headers.copy_source()?,
            source_preconditions: headers.preconditions(ConditionsOn::CopySource)?,
            directive,
            metadata,
            storage_class: headers.parse(Field::StorageClass)?,
            acl: headers.acl_of_object()?,
            tagging_directive,
            tags,
            forbid_overwrite: headers.flag(Field::ForbidOverwrite)?,
            target_preconditions: headers.target_conditions()?,
            encryption,
            keep_encryption,
            source_key: headers.source_customer_key()?,
        })
    }

    fn encode_reply(reply: &CopyObjectReply, dialect: Dialect) -> Reply {
        let document = Writer::document_in(dialect, ROOT, |root| {
            root.etag(&reply.etag);
            root.text_if("CRC64", reply.crc64);
            root.text("LastModified", date::iso(reply.last_modified));
            root.text_if("VersionId", reply.version_id.as_ref());
            root.checksum(reply.checksum.as_ref());
        });
        let headers = HeaderWriter::new(dialect)
            .with_some(Field::VersionId, reply.version_id.as_ref())
            .with_some(Field::CopySourceVersionId, reply.source_version_id.as_ref())
            .with_encrypted_with(reply.encrypted_with.as_ref());
        Reply::document(document, headers)
    }

    fn decode_reply(reply: &Reply, dialect: Dialect) -> Result<CopyObjectReply, Unreadable> {
        let headers = HeaderReader::new(&reply.headers, dialect);
        let root = reply.root(ROOT)?;
        let crc64 = root.parse_some("CRC64")?;
        let version_id: Option<VersionId> = root.parse_some("VersionId")?;
        Ok(CopyObjectReply {
            etag: root.parse_child("ETag")?,
            crc64: crc64.or(headers.parse(Field::HashCrc64)?),
            checksum: root.checksum(),
            last_modified: root.date("LastModified")?,
            // Where versioning is suspended some editions say `null`: not a version of its own.
            version_id: version_id
                .or(headers.version_id()?)
                .filter(|id| !id.is_null()),
            source_version_id: headers.parse(Field::CopySourceVersionId)?,
            encrypted_with: headers.encrypted_with()?,
        })
    }
}
