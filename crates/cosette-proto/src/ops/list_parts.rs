//! List Parts: a page of the parts that an open upload has.

use cosette_types::{
    BucketName, Checksum, DeclaredChecksum, ETag, ObjectKey, Owner, PartNumber, StorageClass,
    Timestamp, UploadId, limits,
};
use http::Method;

use super::document::KeyCoding;
use super::parameters::{ENCODING_TYPE, UPLOAD_ID};
use super::{ListOwner, OperationName};
use crate::date;
use crate::dialect::Dialect;
use crate::error::{Error, ErrorCode};
use crate::fields::HeaderWriter;
use crate::message::{Message, Query, Reply, Request, Unreadable};
use crate::xml::{Element, Writer};

const ROOT: &str = "ListPartsResult";
const PART_NUMBER_MARKER: &str = "part-number-marker";
const MAX_PARTS: &str = "max-parts";

/// Lists the parts of an upload in the order of their numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListParts {
    /// The bucket.
    pub bucket: BucketName,
    /// The upload's key.
    pub key: ObjectKey,
    /// The upload.
    pub upload_id: UploadId,
    /// Only parts after this number; 0 for all.
    pub part_number_marker: u16,
    /// Most parts; 1,000 when absent.
    pub max_parts: Option<u16>,
    /// Whether the key in the reply's document is percent-encoded (`encoding-type=url`).
    pub encoded: bool,
}

/// One part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartEntry {
    /// Its number.
    pub part_number: PartNumber,
    /// To the second.
    pub last_modified: Timestamp,
    /// The MD5 of its bytes.
    pub etag: ETag,
    /// Its size in bytes.
    pub size: u64,
    /// Its checksum by the upload's algorithm (S3), if it has one.
    pub checksum: Option<Checksum>,
}

/// A page of parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListPartsReply {
    /// The bucket.
    pub bucket: BucketName,
    /// The upload's key.
    pub key: ObjectKey,
    /// The upload.
    pub upload_id: UploadId,
    /// Who began the upload.
    pub initiator: Option<Owner>,
    /// Whose the object will be.
    pub owner: Option<ListOwner>,
    /// The class the object will have.
    pub storage_class: StorageClass,
    /// The checksum the object will have (S3), if the upload was begun with one.
    pub checksum: Option<DeclaredChecksum>,
    /// As asked for.
    pub part_number_marker: u16,
    /// The page size in force.
    pub max_parts: u16,
    /// Whether the key in the document is percent-encoded; the value here never is.
    pub encoded: bool,
    /// Where the next page begins; set exactly when there is more.
    pub next_part_number_marker: Option<u16>,
    /// The parts, in order.
    pub parts: Vec<PartEntry>,
}

impl Message for ListParts {
    const NAME: OperationName = OperationName::ListParts;
    type Reply = ListPartsReply;

    fn encode(&self, dialect: Dialect) -> Request {
        let marker = Some(self.part_number_marker).filter(|marker| *marker != 0);
        let query = Query::new()
            .with(UPLOAD_ID, &self.upload_id)
            .with_some(PART_NUMBER_MARKER, marker)
            .with_some(MAX_PARTS, self.max_parts)
            .with_some(ENCODING_TYPE, self.encoded.then_some("url"));
        let headers = HeaderWriter::new(dialect).done();
        Request::of_object(Method::GET, (&self.bucket, &self.key), query, headers)
    }

    fn decode(request: &Request, dialect: Dialect) -> Result<Self, Error> {
        let (bucket, key) = request.object()?;
        let query = &request.query;
        if query.get(UPLOAD_ID) == Some("") {
            return Err(Error::new(ErrorCode::ListPartUploadIdIsEmpty));
        }
        Ok(Self {
            bucket,
            key,
            upload_id: query.upload_id()?,
            part_number_marker: query.number(PART_NUMBER_MARKER, 0..=u16::MAX)?.unwrap_or(0),
            max_parts: match dialect {
                Dialect::Cos => query.number(MAX_PARTS, 1..=limits::LIST_ENTRIES_MAX)?,
                Dialect::S3 => match query.page_size(MAX_PARTS, dialect)? {
                    Some(0) => return Err(Error::argument("max-parts is not a positive number.")),
                    asked => asked,
                },
            },
            encoded: query.encoded()?,
        })
    }

    fn encode_reply(reply: &ListPartsReply, dialect: Dialect) -> Reply {
        let coding = KeyCoding {
            encoded: reply.encoded,
        };
        let document = Writer::document_in(dialect, ROOT, |root| {
            root.text("Bucket", &reply.bucket);
            if reply.encoded || dialect == Dialect::Cos {
                root.text("EncodingType", if reply.encoded { "url" } else { "" });
            }
            root.text("Key", coding.write(reply.key.as_str()));
            root.text("UploadId", &reply.upload_id);
            root.list_owner(reply.owner.as_ref());
            root.text("PartNumberMarker", reply.part_number_marker);
            root.initiator(reply.initiator.as_ref());
            for part in &reply.parts {
                root.element("Part", |element| {
                    element.text("PartNumber", part.part_number);
                    element.text("LastModified", date::iso(part.last_modified));
                    element.text("ETag", &part.etag);
                    element.text("Size", part.size);
                    element.part_checksum(part.checksum.as_ref());
                });
            }
            root.text_if("NextPartNumberMarker", reply.next_part_number_marker);
            root.class(reply.storage_class);
            root.declared_checksum(reply.checksum);
            root.text("MaxParts", reply.max_parts);
            root.text("IsTruncated", reply.next_part_number_marker.is_some());
        });
        Reply::document(document, HeaderWriter::new(dialect))
    }

    fn decode_reply(reply: &Reply, _: Dialect) -> Result<ListPartsReply, Unreadable> {
        let root = reply.root(ROOT)?;
        let coding = KeyCoding::of(&root);
        let next_part_number_marker = if root.truth("IsTruncated")? {
            Some(root.parse_child("NextPartNumberMarker")?)
        } else {
            None
        };
        Ok(ListPartsReply {
            bucket: root.bucket("Bucket")?,
            key: coding.key(&root, "Key")?,
            upload_id: root.parse_child("UploadId")?,
            // Older samples swap the two: a user in Owner, a number in Initiator.
            initiator: root.user("Initiator"),
            owner: root.list_owner("Owner"),
            storage_class: root.class()?,
            checksum: root.declared_checksum(),
            part_number_marker: root.parse_some("PartNumberMarker")?.unwrap_or(0),
            max_parts: root.parse_child("MaxParts")?,
            encoded: coding.encoded,
            next_part_number_marker,
            parts: root
                .children("Part")
                .map(read_part)
                .collect::<Result<_, _>>()?,
        })
    }
}

fn read_part(element: &Element) -> Result<PartEntry, Unreadable> {
    Ok(PartEntry {
        part_number: element.parse_child("PartNumber")?,
        last_modified: element.date("LastModified")?,
        etag: element.parse_child("ETag")?,
        size: element.parse_child("Size")?,
        checksum: element.checksum(),
    })
}
