//! GET Bucket (List Objects), first version: a page of keys, with what lies below a delimiter folded.

use cosette_types::{
    AppId, BucketName, ChecksumKind, ETag, ObjectKey, Region, StorageClass, Timestamp,
};
use http::Method;

use super::OperationName;
use super::document::KeyCoding;
use crate::date;
use crate::dialect::{Dialect, Field};
use crate::error::Error;
use crate::fields::{HeaderReader, HeaderWriter};
use crate::message::{Message, Query, Reply, Request, Unreadable};
use crate::xml::{Element, Writer};

const ROOT: &str = "ListBucketResult";
const MARKER: &str = "marker";
const MAX_KEYS: &str = "max-keys";

/// Lists keys in the byte order of UTF-8.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListObjects {
    /// The bucket.
    pub bucket: BucketName,
    /// Only keys that begin so; empty for all.
    pub prefix: String,
    /// Keys that hold it after the prefix are folded into one common prefix. One character.
    pub delimiter: Option<char>,
    /// Only what comes after this key or common prefix.
    pub marker: Option<String>,
    /// Most keys and common prefixes together; 1,000 when absent.
    pub max_keys: Option<u16>,
    /// Whether keys in the reply's document are percent-encoded (`encoding-type=url`).
    pub encoded: bool,
}

/// Whose an object is, as listings write it: the account number.
pub type ListOwner = AppId;

/// One object in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectEntry {
    /// Its key.
    pub key: ObjectKey,
    /// To the second.
    pub last_modified: Timestamp,
    /// Its tag.
    pub etag: ETag,
    /// Its size in bytes.
    pub size: u64,
    /// Whose it is.
    pub owner: Option<ListOwner>,
    /// Its class.
    pub storage_class: StorageClass,
    /// Which checksum it has (S3), if any.
    pub checksum: Option<ChecksumKind>,
}

/// A page of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListObjectsReply {
    /// The bucket.
    pub bucket: BucketName,
    /// As asked for.
    pub prefix: String,
    /// As asked for.
    pub delimiter: Option<char>,
    /// As asked for; empty when none was.
    pub marker: String,
    /// The page size in force.
    pub max_keys: u16,
    /// Whether keys in the document are percent-encoded; the values here never are.
    pub encoded: bool,
    /// Where the next page begins; set exactly when there is more.
    pub next_marker: Option<String>,
    /// What was folded, in order.
    pub common_prefixes: Vec<String>,
    /// The objects, in order.
    pub contents: Vec<ObjectEntry>,
    /// The bucket's region (a header).
    pub region: Option<Region>,
}

impl Message for ListObjects {
    const NAME: OperationName = OperationName::ListObjects;
    type Reply = ListObjectsReply;

    fn encode(&self, dialect: Dialect) -> Request {
        let query = Query::new()
            .with_listing(&self.prefix, self.delimiter, self.encoded)
            .with_some(MARKER, self.marker.as_ref())
            .with_some(MAX_KEYS, self.max_keys);
        let headers = HeaderWriter::new(dialect).done();
        Request::of_bucket(Method::GET, &self.bucket, query, headers)
    }

    fn decode(request: &Request, dialect: Dialect) -> Result<Self, Error> {
        let query = &request.query;
        Ok(Self {
            bucket: request.bucket()?,
            prefix: query.prefix()?,
            delimiter: query.delimiter()?,
            marker: query.key_text(MARKER)?,
            max_keys: query.page_size(MAX_KEYS, dialect)?,
            encoded: query.encoded()?,
        })
    }

    fn encode_reply(reply: &ListObjectsReply, dialect: Dialect) -> Reply {
        let coding = KeyCoding {
            encoded: reply.encoded,
        };
        let delimiter = reply.delimiter.map(String::from);
        let document = Writer::document_in(dialect, ROOT, |root| {
            root.text("Name", &reply.bucket);
            root.text_if("EncodingType", reply.encoded.then_some("url"));
            root.text("Prefix", coding.write(&reply.prefix));
            root.text("Marker", coding.write(&reply.marker));
            root.text("MaxKeys", reply.max_keys);
            root.text_if(
                "Delimiter",
                delimiter.as_ref().map(|text| coding.write(text)),
            );
            root.text("IsTruncated", reply.next_marker.is_some());
            root.text_if(
                "NextMarker",
                reply.next_marker.as_ref().map(|next| coding.write(next)),
            );
            root.common_prefixes(&reply.common_prefixes, coding);
            for entry in &reply.contents {
                root.element("Contents", |element| write_entry(element, entry, coding));
            }
        });
        let headers =
            HeaderWriter::new(dialect).with_some(Field::BucketRegion, reply.region.as_ref());
        Reply::document(document, headers)
    }

    fn decode_reply(reply: &Reply, dialect: Dialect) -> Result<ListObjectsReply, Unreadable> {
        let headers = HeaderReader::new(&reply.headers, dialect);
        let root = reply.root(ROOT)?;
        let coding = KeyCoding::of(&root);
        let contents = root
            .children("Contents")
            .map(|element| read_entry(element, coding));
        let contents: Vec<ObjectEntry> = contents.collect::<Result<_, _>>()?;
        let common_prefixes = coding.common_prefixes(&root)?;
        let next_marker = if root.truth("IsTruncated")? {
            // Without a delimiter, other stores leave it to the reader to take the last key.
            let last_key = contents.last().map(|entry| entry.key.to_string());
            let last = last_key.max(common_prefixes.last().cloned());
            let next = coding.some(&root, "NextMarker")?.or(last);
            Some(
                next.ok_or_else(|| Unreadable("a page without entries says there is more".into()))?,
            )
        } else {
            None
        };
        Ok(ListObjectsReply {
            bucket: root.bucket("Name")?,
            prefix: coding.text(&root, "Prefix")?,
            delimiter: coding.delimiter(&root)?,
            marker: coding.text(&root, "Marker")?,
            max_keys: root.parse_child("MaxKeys")?,
            encoded: coding.encoded,
            next_marker,
            common_prefixes,
            contents,
            region: headers.parse(Field::BucketRegion)?,
        })
    }
}

pub(super) fn write_entry(element: &mut Writer, entry: &ObjectEntry, coding: KeyCoding) {
    element.text("Key", coding.write(entry.key.as_str()));
    element.text("LastModified", date::iso(entry.last_modified));
    element.text("ETag", &entry.etag);
    element.checksum_kind(entry.checksum);
    element.text("Size", entry.size);
    element.list_owner(entry.owner.as_ref());
    element.class(entry.storage_class);
}

pub(super) fn read_entry(element: &Element, coding: KeyCoding) -> Result<ObjectEntry, Unreadable> {
    Ok(ObjectEntry {
        key: coding.key(element, "Key")?,
        last_modified: element.date("LastModified")?,
        etag: element.parse_child("ETag")?,
        size: element.parse_child("Size")?,
        owner: element.list_owner("Owner"),
        storage_class: element.class()?,
        checksum: element.checksum_kind(),
    })
}
