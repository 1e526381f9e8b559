//! List Multipart Uploads: a page of uploads that are neither completed nor aborted.

use cosette_types::{
    BucketName, DeclaredChecksum, ObjectKey, Owner, StorageClass, Timestamp, UploadId,
};
use http::Method;

use super::document::KeyCoding;
use super::{ListOwner, OperationName};
use crate::date;
use crate::dialect::Dialect;
use crate::error::Error;
use crate::fields::HeaderWriter;
use crate::message::{Message, Query, Reply, Request, Unreadable};
use crate::xml::{Element, Writer};

const ROOT: &str = "ListMultipartUploadsResult";
const UPLOADS: &str = "uploads";
const KEY_MARKER: &str = "key-marker";
const UPLOAD_ID_MARKER: &str = "upload-id-marker";
const MAX_UPLOADS: &str = "max-uploads";

/// Lists open uploads in the byte order of their keys, then of their ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListUploads {
    /// The bucket.
    pub bucket: BucketName,
    /// Only keys that begin so; empty for all.
    pub prefix: String,
    /// Keys that hold it after the prefix are folded into one common prefix. One character.
    pub delimiter: Option<char>,
    /// Only keys after this one; with an id marker, also its uploads after that id.
    pub key_marker: Option<String>,
    /// See `key_marker`, without which it means nothing.
    pub upload_id_marker: Option<UploadId>,
    /// Most entries; 1,000 when absent.
    pub max_uploads: Option<u16>,
    /// Whether keys in the reply's document are percent-encoded (`encoding-type=url`).
    pub encoded: bool,
}

/// One open upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadEntry {
    /// The key it will make.
    pub key: ObjectKey,
    /// Its id.
    pub upload_id: UploadId,
    /// Who began it.
    pub initiator: Option<Owner>,
    /// Whose the object will be.
    pub owner: Option<ListOwner>,
    /// The class the object will have.
    pub storage_class: StorageClass,
    /// When it was begun, to the second.
    pub initiated: Timestamp,
    /// The checksum the object will have (S3), if the upload was begun with one.
    pub checksum: Option<DeclaredChecksum>,
}

/// A page of open uploads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListUploadsReply {
    /// The bucket.
    pub bucket: BucketName,
    /// As asked for.
    pub prefix: String,
    /// As asked for.
    pub delimiter: Option<char>,
    /// As asked for; empty when none was.
    pub key_marker: String,
    /// As asked for.
    pub upload_id_marker: Option<UploadId>,
    /// The page size in force.
    pub max_uploads: u16,
    /// Whether keys in the document are percent-encoded; the values here never are.
    pub encoded: bool,
    /// Whether there is more.
    pub is_truncated: bool,
    /// Where the next page begins: the last key or common prefix of this one.
    pub next_key_marker: Option<String>,
    /// The last upload of this page; absent after a common prefix.
    pub next_upload_id_marker: Option<UploadId>,
    /// What was folded, in order.
    pub common_prefixes: Vec<String>,
    /// The uploads, in order.
    pub uploads: Vec<UploadEntry>,
}

impl Message for ListUploads {
    const NAME: OperationName = OperationName::ListUploads;
    type Reply = ListUploadsReply;

    fn encode(&self, dialect: Dialect) -> Request {
        let query = Query::new()
            .with(UPLOADS, "")
            .with_listing(&self.prefix, self.delimiter, self.encoded)
            .with_some(KEY_MARKER, self.key_marker.as_ref())
            .with_some(UPLOAD_ID_MARKER, self.upload_id_marker.as_ref())
            .with_some(MAX_UPLOADS, self.max_uploads);
        let headers = HeaderWriter::new(dialect).done();
        Request::of_bucket(Method::GET, &self.bucket, query, headers)
    }

    fn decode(request: &Request, dialect: Dialect) -> Result<Self, Error> {
        let query = &request.query;
        Ok(Self {
            bucket: request.bucket()?,
            prefix: query.prefix()?,
            delimiter: query.delimiter()?,
            key_marker: query.key_text(KEY_MARKER)?,
            upload_id_marker: query.parse(UPLOAD_ID_MARKER)?,
            max_uploads: query.page_size(MAX_UPLOADS, dialect)?,
            encoded: query.encoded()?,
        })
    }

    fn encode_reply(reply: &ListUploadsReply, dialect: Dialect) -> Reply {
        let coding = KeyCoding {
            encoded: reply.encoded,
        };
        let delimiter = reply.delimiter.map(String::from);
        let document = Writer::document_in(dialect, ROOT, |root| {
            root.text("Bucket", &reply.bucket);
            match dialect {
                Dialect::Cos => {
                    root.text("Encoding-Type", if reply.encoded { "url" } else { "" });
                }
                Dialect::S3 => root.text_if("EncodingType", reply.encoded.then_some("url")),
            }
            root.text("KeyMarker", coding.write(&reply.key_marker));
            root.text("UploadIdMarker", id_text(reply.upload_id_marker.as_ref()));
            root.text("MaxUploads", reply.max_uploads);
            root.text("Prefix", coding.write(&reply.prefix));
            root.text_if(
                "Delimiter",
                delimiter.as_ref().map(|text| coding.write(text)),
            );
            root.text("IsTruncated", reply.is_truncated);
            if let Some(next) = &reply.next_key_marker {
                root.text("NextKeyMarker", coding.write(next));
                root.text(
                    "NextUploadIdMarker",
                    id_text(reply.next_upload_id_marker.as_ref()),
                );
            }
            for upload in &reply.uploads {
                root.element("Upload", |element| write_upload(element, upload, coding));
            }
            root.common_prefixes(&reply.common_prefixes, coding);
        });
        Reply::document(document, HeaderWriter::new(dialect))
    }

    fn decode_reply(reply: &Reply, _: Dialect) -> Result<ListUploadsReply, Unreadable> {
        let root = reply.root(ROOT)?;
        let coding = KeyCoding::of(&root);
        let uploads = root
            .children("Upload")
            .map(|element| read_upload(element, coding));
        Ok(ListUploadsReply {
            bucket: root.bucket("Bucket")?,
            prefix: coding.text(&root, "Prefix")?,
            delimiter: coding.delimiter(&root)?,
            key_marker: coding.text(&root, "KeyMarker")?,
            upload_id_marker: root.parse_some("UploadIdMarker")?,
            max_uploads: root.parse_child("MaxUploads")?,
            encoded: coding.encoded,
            is_truncated: root.truth("IsTruncated")?,
            next_key_marker: coding.some(&root, "NextKeyMarker")?,
            next_upload_id_marker: root.parse_some("NextUploadIdMarker")?,
            common_prefixes: coding.common_prefixes(&root)?,
            uploads: uploads.collect::<Result<_, _>>()?,
        })
    }
}

/// An upload id as listings write it: empty when there is none.
fn id_text(id: Option<&UploadId>) -> &str {
    id.map_or("", UploadId::as_str)
}

fn write_upload(element: &mut Writer, upload: &UploadEntry, coding: KeyCoding) {
    element.text("Key", coding.write(upload.key.as_str()));
    element.text("UploadId", &upload.upload_id);
    element.initiator(upload.initiator.as_ref());
    element.list_owner(upload.owner.as_ref());
    element.class(upload.storage_class);
    element.text("Initiated", date::iso(upload.initiated));
    element.declared_checksum(upload.checksum);
}

fn read_upload(element: &Element, coding: KeyCoding) -> Result<UploadEntry, Unreadable> {
    Ok(UploadEntry {
        key: coding.key(element, "Key")?,
        upload_id: element.parse_child("UploadId")?,
        initiator: element.user("Initiator"),
        owner: element.list_owner("Owner"),
        storage_class: element.class()?,
        initiated: element.date("Initiated")?,
        checksum: element.declared_checksum(),
    })
}
