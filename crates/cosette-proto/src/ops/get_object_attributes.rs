//! Get Object Attributes (the S3 dialect's): what is known of an object, without its bytes and its
//! metadata.

use cosette_types::{
    BucketName, Checksum, ETag, ObjectKey, PartNumber, StorageClass, Timestamp, VersionId, limits,
};
use http::Method;
use http::header::LAST_MODIFIED;

use super::OperationName;
use super::parameters::VERSION_ID;
use crate::date;
use crate::dialect::{Dialect, Field};
use crate::error::Error;
use crate::fields::{HeaderReader, HeaderWriter};
use crate::message::{Message, Query, Reply, Request, Unreadable};
use crate::xml::{Element, Writer};

const ATTRIBUTES: &str = "attributes";
const ROOT: &str = "GetObjectAttributesResponse";

/// What may be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ObjectAttribute {
    /// Its tag.
    ETag,
    /// Its checksum, if one was kept.
    Checksum,
    /// How many parts it was made of, and which if their checksums were kept.
    ObjectParts,
    /// Its class.
    StorageClass,
    /// Its size.
    ObjectSize,
}

impl ObjectAttribute {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::ETag,
        Self::Checksum,
        Self::ObjectParts,
        Self::StorageClass,
        Self::ObjectSize,
    ];

    /// The name in the header.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ETag => "ETag",
            Self::Checksum => "Checksum",
            Self::ObjectParts => "ObjectParts",
            Self::StorageClass => "StorageClass",
            Self::ObjectSize => "ObjectSize",
        }
    }
}

/// Asks for attributes of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetObjectAttributes {
    /// The bucket.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// The version; the current one when absent.
    pub version_id: Option<VersionId>,
    /// Which; at least one.
    pub attributes: Vec<ObjectAttribute>,
    /// Only parts after this number; 0 for all.
    pub part_number_marker: u16,
    /// Most parts; 1,000 when absent.
    pub max_parts: Option<u16>,
}

/// The parts that an object was made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartsAttribute {
    /// How many there are.
    pub count: u32,
    /// Some of them; only of an object whose checksum is one of its parts' checksums.
    pub page: Option<PartsPage>,
}

/// A page of an object's parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartsPage {
    /// As asked for.
    pub part_number_marker: u16,
    /// The page size in force.
    pub max_parts: u16,
    /// Where the next page begins; set exactly when there is more.
    pub next_part_number_marker: Option<u16>,
    /// The parts, in order.
    pub parts: Vec<PartAttributes>,
}

/// What is told of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartAttributes {
    /// Its place among the parts, from 1.
    pub part_number: PartNumber,
    /// Its size in bytes.
    pub size: u64,
    /// Its checksum.
    pub checksum: Option<Checksum>,
}

/// The attributes that were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetObjectAttributesReply {
    /// When it was last modified (a header).
    pub last_modified: Timestamp,
    /// Its version (a header), if the bucket has or had versioning.
    pub version_id: Option<VersionId>,
    /// Its tag.
    pub etag: Option<ETag>,
    /// The checksum of all its bytes that was kept.
    pub checksum: Option<Checksum>,
    /// The parts that it was made of, if it was.
    pub parts: Option<PartsAttribute>,
    /// Its class.
    pub storage_class: Option<StorageClass>,
    /// Its size in bytes.
    pub size: Option<u64>,
}

impl Message for GetObjectAttributes {
    const NAME: OperationName = OperationName::GetObjectAttributes;
    type Reply = GetObjectAttributesReply;

    fn encode(&self, dialect: Dialect) -> Request {
        let query = Query::new()
            .with(ATTRIBUTES, "")
            .with_some(VERSION_ID, self.version_id.as_ref());
        let names: Vec<_> = self.attributes.iter().map(|one| one.as_str()).collect();
        let marker = Some(self.part_number_marker).filter(|marker| *marker != 0);
        let headers = HeaderWriter::new(dialect)
            .with(Field::ObjectAttributes, names.join(","))
            .with_some(Field::PartNumberMarker, marker)
            .with_some(Field::MaxParts, self.max_parts);
        let object = (&self.bucket, &self.key);
        Request::of_object(Method::GET, object, query, headers.done())
    }

    fn decode(request: &Request, dialect: Dialect) -> Result<Self, Error> {
        let (bucket, key) = request.object()?;
        let name = dialect.name(Field::ObjectAttributes);
        let mut attributes = Vec::new();
        // Some clients repeat the header instead of writing a list.
        for value in request.headers.get_all(name) {
            for text in value.to_str().unwrap_or("?").split(',').map(str::trim) {
                let mut all = ObjectAttribute::ALL.into_iter();
                let one = all.find(|one| one.as_str() == text);
                attributes.push(one.ok_or_else(|| {
                    Error::argument(format!("The header {name}: {text} is no attribute."))
                })?);
            }
        }
        if attributes.is_empty() {
            return Err(Error::argument(format!("The header {name} is missing.")));
        }
        let headers = HeaderReader::new(&request.headers, dialect);
        let max_parts = number(headers, Field::MaxParts, limits::LIST_ENTRIES_MAX)?;
        if max_parts == Some(0) {
            let name = dialect.name(Field::MaxParts);
            return Err(Error::argument(format!(
                "The header {name} is not a positive number."
            )));
        }
        Ok(Self {
            bucket,
            key,
            version_id: request.query.version_id()?,
            attributes,
            part_number_marker: number(headers, Field::PartNumberMarker, u16::MAX)?.unwrap_or(0),
            max_parts,
        })
    }

    fn encode_reply(reply: &GetObjectAttributesReply, dialect: Dialect) -> Reply {
        let document = Writer::document_in(dialect, ROOT, |root| {
            // Without quotes, here alone.
            root.text_if("ETag", reply.etag.as_ref().map(ETag::value));
            if let Some(checksum) = &reply.checksum {
                // Without the number of parts, here alone.
                let value = checksum.base64().to_owned();
                let told = Checksum {
                    value,
                    ..checksum.clone()
                };
                root.element("Checksum", |element| {
                    element.checksum_value(Some(&told));
                    element.text(super::checksum::TYPE, told.kind);
                });
            }
            if let Some(parts) = &reply.parts {
                root.element("ObjectParts", |element| write_parts(element, parts));
            }
            if let Some(class) = reply.storage_class {
                root.class(class);
            }
            root.text_if("ObjectSize", reply.size);
        });
        let headers = HeaderWriter::new(dialect)
            .with_plain(LAST_MODIFIED, date::rfc1123(reply.last_modified))
            .with_some(Field::VersionId, reply.version_id.as_ref());
        Reply::document(document, headers)
    }

    fn decode_reply(
        reply: &Reply,
        dialect: Dialect,
    ) -> Result<GetObjectAttributesReply, Unreadable> {
        let headers = HeaderReader::new(&reply.headers, dialect);
        let root = reply.root(ROOT)?;
        let modified = headers.text_of(LAST_MODIFIED.as_str())?;
        let missing = || Unreadable("the header Last-Modified is missing".into());
        Ok(GetObjectAttributesReply {
            last_modified: modified.and_then(date::parse).ok_or_else(missing)?,
            version_id: headers.version_id()?,
            etag: root.parse_some("ETag")?,
            checksum: root.child("Checksum").and_then(Element::checksum),
            parts: root.child("ObjectParts").map(read_parts).transpose()?,
            storage_class: match root.value("StorageClass") {
                Some(_) => Some(root.class()?),
                None => None,
            },
            size: root.parse_some("ObjectSize")?,
        })
    }
}

/// A number in a header; a larger one is the largest.
fn number(headers: HeaderReader<'_>, field: Field, most: u16) -> Result<Option<u16>, Error> {
    let Some(number) = headers.parse::<u32>(field)? else {
        return Ok(None);
    };
    Ok(Some(u16::try_from(number).unwrap_or(most).min(most)))
}

fn write_parts(element: &mut Writer, parts: &PartsAttribute) {
    element.text("PartsCount", parts.count);
    let Some(page) = &parts.page else { return };
    element.text("PartNumberMarker", page.part_number_marker);
    element.text_if("NextPartNumberMarker", page.next_part_number_marker);
    element.text("MaxParts", page.max_parts);
    element.text("IsTruncated", page.next_part_number_marker.is_some());
    for part in &page.parts {
        element.element("Part", |element| {
            element.text("PartNumber", part.part_number);
            element.text("Size", part.size);
            element.checksum_value(part.checksum.as_ref());
        });
    }
}

fn read_parts(element: &Element) -> Result<PartsAttribute, Unreadable> {
    let page = match element.parse_some("MaxParts")? {
        None => None,
        Some(max_parts) => Some(PartsPage {
            part_number_marker: element.parse_some("PartNumberMarker")?.unwrap_or(0),
            max_parts,
            next_part_number_marker: match element.truth("IsTruncated")? {
                true => Some(element.parse_child("NextPartNumberMarker")?),
                false => None,
            },
            parts: element
                .children("Part")
                .map(read_part)
                .collect::<Result<_, _>>()?,
        }),
    };
    Ok(PartsAttribute {
        count: element.parse_child("PartsCount")?,
        page,
    })
}

fn read_part(element: &Element) -> Result<PartAttributes, Unreadable> {
    Ok(PartAttributes {
        part_number: element.parse_child("PartNumber")?,
        size: element.parse_child("Size")?,
        checksum: element.checksum(),
    })
}
