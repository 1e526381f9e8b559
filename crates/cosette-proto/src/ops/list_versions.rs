//! GET Bucket Object versions: a page of versions and delete markers, newest first within a key.

use cosette_types::{
    BucketName, ChecksumKind, ETag, ObjectKey, StorageClass, Timestamp, VersionId,
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

const ROOT: &str = "ListVersionsResult";
const VERSIONS: &str = "versions";
const KEY_MARKER: &str = "key-marker";
const VERSION_ID_MARKER: &str = "version-id-marker";
const MAX_KEYS: &str = "max-keys";

/// Lists versions in the byte order of their keys, newest first within a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListVersions {
    /// The bucket.
    pub bucket: BucketName,
    /// Only keys that begin so; empty for all.
    pub prefix: String,
    /// Keys that hold it after the prefix are folded into one common prefix. One character.
    pub delimiter: Option<char>,
    /// Only what comes after this key; with a version marker, after that version of it.
    pub key_marker: Option<String>,
    /// See `key_marker`, without which it means nothing.
    pub version_id_marker: Option<VersionId>,
    /// Most entries; 1,000 when absent.
    pub max_keys: Option<u16>,
    /// Whether keys in the reply's document are percent-encoded (`encoding-type=url`).
    pub encoded: bool,
}

/// A version that has bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionEntry {
    /// Its key.
    pub key: ObjectKey,
    /// Its id; `None` while the bucket never had versioning.
    pub version_id: Option<VersionId>,
    /// Whether it is the current one.
    pub is_latest: bool,
    /// To the second.
    pub last_modified: Timestamp,
    /// Its tag.
    pub etag: ETag,
    /// Its size in bytes.
    pub size: u64,
    /// Its class.
    pub storage_class: StorageClass,
    /// Whose it is.
    pub owner: Option<ListOwner>,
    /// Which checksum it has (S3), if any.
    pub checksum: Option<ChecksumKind>,
}

/// A version that says: deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteMarkerEntry {
    /// Its key.
    pub key: ObjectKey,
    /// Its id.
    pub version_id: Option<VersionId>,
    /// Whether it is the current one.
    pub is_latest: bool,
    /// To the second.
    pub last_modified: Timestamp,
    /// Whose it is.
    pub owner: Option<ListOwner>,
}

/// An entry of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VersionItem {
    /// With bytes.
    Version(VersionEntry),
    /// Deleted.
    DeleteMarker(DeleteMarkerEntry),
}

/// A page of versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListVersionsReply {
    /// The bucket.
    pub bucket: BucketName,
    /// As asked for.
    pub prefix: String,
    /// As asked for.
    pub delimiter: Option<char>,
    /// As asked for; empty when none was.
    pub key_marker: String,
    /// As asked for.
    pub version_id_marker: Option<VersionId>,
    /// The page size in force.
    pub max_keys: u16,
    /// Whether keys in the document are percent-encoded; the values here never are.
    pub encoded: bool,
    /// Whether there is more.
    pub is_truncated: bool,
    /// Where the next page begins: the last key or common prefix of this one.
    pub next_key_marker: Option<String>,
    /// The last version of this page; absent after a common prefix.
    pub next_version_id_marker: Option<VersionId>,
    /// What was folded, in order.
    pub common_prefixes: Vec<String>,
    /// Versions and delete markers, in order.
    pub items: Vec<VersionItem>,
}

impl Message for ListVersions {
    const NAME: OperationName = OperationName::ListVersions;
    type Reply = ListVersionsReply;

    fn encode(&self, dialect: Dialect) -> Request {
        let query = Query::new()
            .with(VERSIONS, "")
            .with_listing(&self.prefix, self.delimiter, self.encoded)
            .with_some(KEY_MARKER, self.key_marker.as_ref())
            .with_some(VERSION_ID_MARKER, self.version_id_marker.as_ref())
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
            key_marker: query.key_text(KEY_MARKER)?,
            version_id_marker: query.parse(VERSION_ID_MARKER)?,
            max_keys: query.page_size(MAX_KEYS, dialect)?,
            encoded: query.encoded()?,
        })
    }

    fn encode_reply(reply: &ListVersionsReply, dialect: Dialect) -> Reply {
        let coding = KeyCoding {
            encoded: reply.encoded,
        };
        let delimiter = reply.delimiter.map(String::from);
        let document = Writer::document_in(dialect, ROOT, |root| {
            root.text("Name", &reply.bucket);
            root.text_if("EncodingType", reply.encoded.then_some("url"));
            root.text("Prefix", coding.write(&reply.prefix));
            root.text("KeyMarker", coding.write(&reply.key_marker));
            root.text("VersionIdMarker", id_text(reply.version_id_marker.as_ref()));
            root.text("MaxKeys", reply.max_keys);
            root.text("IsTruncated", reply.is_truncated);
            if let Some(next) = &reply.next_key_marker {
                root.text("NextKeyMarker", coding.write(next));
                root.text(
                    "NextVersionIdMarker",
                    id_text(reply.next_version_id_marker.as_ref()),
                );
            }
            root.text_if(
                "Delimiter",
                delimiter.as_ref().map(|text| coding.write(text)),
            );
            root.common_prefixes(&reply.common_prefixes, coding);
            for item in &reply.items {
                write_item(root, item, coding);
            }
        });
        Reply::document(document, HeaderWriter::new(dialect))
    }

    fn decode_reply(reply: &Reply, _: Dialect) -> Result<ListVersionsReply, Unreadable> {
        let root = reply.root(ROOT)?;
        let coding = KeyCoding::of(&root);
        let items = root
            .children
            .iter()
            .filter_map(|element| match element.name.as_str() {
                "Version" => Some(read_version(element, coding).map(VersionItem::Version)),
                "DeleteMarker" => Some(read_marker(element, coding).map(VersionItem::DeleteMarker)),
                _ => None,
            });
        Ok(ListVersionsReply {
            bucket: root.bucket("Name")?,
            prefix: coding.text(&root, "Prefix")?,
            delimiter: coding.delimiter(&root)?,
            key_marker: coding.text(&root, "KeyMarker")?,
            version_id_marker: root.parse_some("VersionIdMarker")?,
            max_keys: root.parse_child("MaxKeys")?,
            encoded: coding.encoded,
            is_truncated: root.truth("IsTruncated")?,
            next_key_marker: coding.some(&root, "NextKeyMarker")?,
            next_version_id_marker: root.parse_some("NextVersionIdMarker")?,
            common_prefixes: coding.common_prefixes(&root)?,
            items: items.collect::<Result<_, _>>()?,
        })
    }
}

/// A version id as listings write it: empty when there is none.
fn id_text(id: Option<&VersionId>) -> &str {
    id.map_or("", VersionId::as_str)
}

fn write_item(root: &mut Writer, item: &VersionItem, coding: KeyCoding) {
    match item {
        VersionItem::Version(version) => root.element("Version", |element| {
            element.text("Key", coding.write(version.key.as_str()));
            element.listed_version(version.version_id.as_ref());
            element.text("IsLatest", version.is_latest);
            element.text("LastModified", date::iso(version.last_modified));
            element.text("ETag", &version.etag);
            element.checksum_kind(version.checksum);
            element.text("Size", version.size);
            element.class(version.storage_class);
            element.list_owner(version.owner.as_ref());
        }),
        VersionItem::DeleteMarker(marker) => root.element("DeleteMarker", |element| {
            element.text("Key", coding.write(marker.key.as_str()));
            element.listed_version(marker.version_id.as_ref());
            element.text("IsLatest", marker.is_latest);
            element.text("LastModified", date::iso(marker.last_modified));
            element.list_owner(marker.owner.as_ref());
        }),
    }
}

fn read_version(element: &Element, coding: KeyCoding) -> Result<VersionEntry, Unreadable> {
    Ok(VersionEntry {
        key: coding.key(element, "Key")?,
        version_id: element.parse_some("VersionId")?,
        is_latest: element.truth("IsLatest")?,
        last_modified: element.date("LastModified")?,
        etag: element.parse_child("ETag")?,
        size: element.parse_child("Size")?,
        storage_class: element.class()?,
        owner: element.list_owner("Owner"),
        checksum: element.checksum_kind(),
    })
}

fn read_marker(element: &Element, coding: KeyCoding) -> Result<DeleteMarkerEntry, Unreadable> {
    Ok(DeleteMarkerEntry {
        key: coding.key(element, "Key")?,
        version_id: element.parse_some("VersionId")?,
        is_latest: element.truth("IsLatest")?,
        last_modified: element.date("LastModified")?,
        owner: element.list_owner("Owner"),
    })
}
