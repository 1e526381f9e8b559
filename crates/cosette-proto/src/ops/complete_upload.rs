//! Complete Multipart Upload: makes the object from the parts that the request lists.

use cosette_types::{
    BucketName, Checksum, Crc64, ETag, ObjectKey, PartNumber, Preconditions, UploadId, VersionId,
    limits,
};
use http::Method;

use super::OperationName;
use super::document::malformed;
use super::parameters::UPLOAD_ID;
use crate::dialect::{Dialect, Field};
use crate::error::{Error, ErrorCode};
use crate::fields::{EncryptedWith, EncryptionHeaders, HeaderReader, HeaderWriter};
use crate::message::{Message, Query, Reply, Request, Unreadable};
use crate::xml::{Element, Writer};

const ROOT: &str = "CompleteMultipartUpload";
const RESULT: &str = "CompleteMultipartUploadResult";
/// The one reply of the protocol whose document has a namespace.
const NAMESPACE: &str = "xmlns=\"http://www.qcloud.com/document/product/436/7751\"";

/// A part as the caller knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompletedPart {
    /// Its place.
    pub part_number: PartNumber,
    /// The tag that it was answered with.
    pub etag: ETag,
    /// The checksum that it was answered with (S3), if it is to be compared.
    pub checksum: Option<Checksum>,
}

/// Completes an upload. Parts that are not listed are discarded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompleteUpload {
    /// The bucket.
    pub bucket: BucketName,
    /// The upload's key.
    pub key: ObjectKey,
    /// The upload.
    pub upload_id: UploadId,
    /// The parts, in the order of their numbers.
    pub parts: Vec<CompletedPart>,
    /// Whether an object that exists already is an error.
    pub forbid_overwrite: bool,
    /// What must hold of the object that it replaces.
    pub preconditions: Preconditions,
}

/// The object is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompleteUploadReply {
    /// Where the object can be fetched: `http://<host as addressed>/<encoded key>`.
    pub location: String,
    /// The target's bucket.
    pub bucket: BucketName,
    /// The target's key.
    pub key: ObjectKey,
    /// Its tag, which ends in the number of parts.
    pub etag: ETag,
    /// CRC-64 of the whole object (a header).
    pub crc64: Option<Crc64>,
    /// Its checksum by another algorithm (S3), if its parts had one.
    pub checksum: Option<Checksum>,
    /// Its version (a header): an id where versioning is enabled, `null` where suspended.
    pub version_id: Option<VersionId>,
    /// How it is encrypted, if it is.
    pub encrypted_with: Option<EncryptedWith>,
}

impl Message for CompleteUpload {
    const NAME: OperationName = OperationName::CompleteUpload;
    type Reply = CompleteUploadReply;

    fn encode(&self, dialect: Dialect) -> Request {
        let document = Writer::document(ROOT, |root| {
            for part in &self.parts {
                root.element("Part", |element| {
                    element.text("PartNumber", part.part_number);
                    element.etag(&part.etag);
                    let told = part.checksum.as_ref();
                    element.checksum_value(told.filter(|_| dialect == Dialect::S3));
                });
            }
        });
        let query = Query::new().with(UPLOAD_ID, &self.upload_id);
        let headers = HeaderWriter::new(dialect)
            .with_flag(Field::ForbidOverwrite, self.forbid_overwrite)
            .with_target_conditions(&self.preconditions);
        Request::of_object(
            Method::POST,
            (&self.bucket, &self.key),
            query,
            headers.done(),
        )
        .with_document(document, dialect)
    }

    fn decode(request: &Request, dialect: Dialect) -> Result<Self, Error> {
        let headers = HeaderReader::new(&request.headers, dialect);
        // Some clients repeat here what they said of the upload. It is encrypted as it was begun.
        headers.refuse_on_encrypted_write(EncryptionHeaders::Target)?;
        headers.encryption()?;
        headers.refuse_tags()?;
        let (bucket, key) = request.object()?;
        let upload_id = request.query.upload_id()?;
        let root = request.root(ROOT, dialect)?;
        let parts = root
            .children("Part")
            .map(|part| read_part(part, dialect))
            .collect::<Result<Vec<_>, _>>()?;
        if parts.is_empty() {
            return Err(malformed("The list of parts is empty."));
        }
        if parts.len() > usize::from(limits::PART_NUMBER_MAX) {
            return Err(malformed(
                "The list has more parts than an upload may have.",
            ));
        }
        let forbid_overwrite = headers.flag(Field::ForbidOverwrite)?;
        Ok(Self {
            bucket,
            key,
            upload_id,
            parts,
            forbid_overwrite,
            preconditions: headers.target_conditions()?,
        })
    }

    fn encode_reply(reply: &CompleteUploadReply, dialect: Dialect) -> Reply {
        let document = Writer::document_with(dialect, RESULT, NAMESPACE, |root| {
            root.text("Location", &reply.location);
            root.text("Bucket", &reply.bucket);
            root.text("Key", &reply.key);
            root.text("ETag", &reply.etag);
            root.checksum(reply.checksum.as_ref());
        });
        let headers = HeaderWriter::new(dialect)
            .with_some(Field::HashCrc64, reply.crc64)
            .with_some(Field::VersionId, reply.version_id.as_ref())
            .with_encrypted_with(reply.encrypted_with.as_ref());
        Reply::document(document, headers)
    }

    fn decode_reply(reply: &Reply, dialect: Dialect) -> Result<CompleteUploadReply, Unreadable> {
        let headers = HeaderReader::new(&reply.headers, dialect);
        let root = reply.root(RESULT)?;
        Ok(CompleteUploadReply {
            location: root.child_text("Location").unwrap_or_default().to_owned(),
            bucket: root.bucket("Bucket")?,
            key: root.key("Key")?,
            etag: root.parse_child("ETag")?,
            crc64: headers.parse(Field::HashCrc64)?,
            checksum: root.checksum(),
            version_id: headers.version_id()?,
            encrypted_with: headers.encrypted_with()?,
        })
    }
}

/// Reads one part; the order of its elements is free.
fn read_part(element: &Element, dialect: Dialect) -> Result<CompletedPart, Error> {
    let number = element
        .value("PartNumber")
        .ok_or_else(|| Error::argument("A part has no PartNumber."))?
        .parse()
        .map_err(|why| Error::argument(format!("A PartNumber is not right: {why}.")))?;
    let unfit = |why: &str| {
        Error::with(
            ErrorCode::InvalidPart,
            format!("The ETag of part {number} {why}."),
        )
    };
    let etag = element.value("ETag").ok_or_else(|| unfit("is missing"))?;
    let etag = etag
        .parse()
        .map_err(|_| unfit("is none that a part can have"))?;
    Ok(CompletedPart {
        part_number: number,
        etag,
        checksum: match dialect {
            Dialect::Cos => None,
            Dialect::S3 => element.only_checksum()?,
        },
    })
}
