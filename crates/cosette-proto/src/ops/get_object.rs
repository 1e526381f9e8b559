//! GET and HEAD Object: an object's properties, and for GET its bytes (the body of the reply).

use std::fmt;
use std::str::FromStr;

use cosette_types::{
    BucketName, Crc64, CustomerKey, ETag, Metadata, ObjectKey, Preconditions, ReadRange,
    StorageClass, Text, Timestamp, VersionId,
};
use http::header::{ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, ETAG, LAST_MODIFIED, RANGE};
use http::{HeaderMap, HeaderName, Method, StatusCode};

use super::OperationName;
use super::parameters::VERSION_ID;
use crate::date;
use crate::dialect::{Dialect, Field};
use crate::error::Error;
use crate::fields::{ConditionsOn, EncryptedWith, HeaderReader, HeaderWriter};
use crate::message::{Message, Query, Reply, Request, Unreadable};

/// Values that replace stored headers in one reply; signed requests only.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResponseOverrides {
    /// `response-content-type`
    pub content_type: Option<Text>,
    /// `response-content-language`
    pub content_language: Option<Text>,
    /// `response-expires`
    pub expires: Option<Text>,
    /// `response-cache-control`
    pub cache_control: Option<Text>,
    /// `response-content-disposition`
    pub content_disposition: Option<Text>,
    /// `response-content-encoding`
    pub content_encoding: Option<Text>,
}

/// Reads an object, a version of it, or a range of its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetObject {
    /// The bucket.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// The version; the current one when absent.
    pub version_id: Option<VersionId>,
    /// Which bytes; all when absent. A range that cannot be read as one is ignored, as HTTP has it.
    pub range: Option<ReadRange>,
    /// What must hold of the object.
    pub preconditions: Preconditions,
    /// Headers of the reply that differ from the stored ones.
    pub overrides: ResponseOverrides,
    /// The customer's key that it is encrypted with, if it is.
    pub customer_key: Option<CustomerKey>,
}

/// Reads an object's properties.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadObject {
    /// The bucket.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// The version; the current one when absent.
    pub version_id: Option<VersionId>,
    /// Which bytes; all when absent.
    pub range: Option<ReadRange>,
    /// What must hold of the object.
    pub preconditions: Preconditions,
    /// The customer's key that it is encrypted with, if it is.
    pub customer_key: Option<CustomerKey>,
}

/// The bytes that a reply holds of a larger object: `bytes first-last/size`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentRange {
    /// Offset of the first byte.
    pub first: u64,
    /// Offset of the last byte.
    pub last: u64,
    /// Size of the whole object.
    pub size: u64,
}

/// How an object was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ObjectType {
    /// As a whole.
    #[default]
    Normal,
    /// By appending.
    Appendable,
}

/// An object's properties as they travel. A 304 has the same headers and no body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectReply {
    /// Whether the reader has it already (304).
    pub not_modified: bool,
    /// Bytes in the reply: of the range if there is one, else of the object; 0 on a 304, which has no
    /// header `Content-Length`.
    pub content_length: u64,
    /// The range, on 206.
    pub content_range: Option<ContentRange>,
    /// Its tag.
    pub etag: ETag,
    /// To the second.
    pub last_modified: Timestamp,
    /// Content headers (with overrides applied) and user metadata.
    pub metadata: Metadata,
    /// Its class; the header is left out for STANDARD.
    pub storage_class: StorageClass,
    /// CRC-64 of the whole object, also on 206.
    pub crc64: Option<Crc64>,
    /// Its version, if the bucket has or had versioning.
    pub version_id: Option<VersionId>,
    /// How many tags it has; the header is left out for none.
    pub tagging_count: u16,
    /// How it was written.
    pub object_type: ObjectType,
    /// State of a restore, as sent.
    pub restore: Option<Text>,
    /// How it is encrypted, if it is.
    pub encrypted_with: Option<EncryptedWith>,
}

impl ObjectReply {
    /// The size of the whole object.
    pub fn size(&self) -> u64 {
        self.content_range
            .map_or(self.content_length, |range| range.size)
    }
}

impl Message for GetObject {
    const NAME: OperationName = OperationName::GetObject;
    type Reply = ObjectReply;

    fn encode(&self, dialect: Dialect) -> Request {
        let query = self
            .overrides
            .write(version_query(self.version_id.as_ref()));
        let key = self.customer_key.as_ref();
        let headers = read_headers(dialect, self.range, &self.preconditions, key);
        Request::of_object(Method::GET, (&self.bucket, &self.key), query, headers)
    }

    fn decode(request: &Request, dialect: Dialect) -> Result<Self, Error> {
        let headers = HeaderReader::new(&request.headers, dialect);
        headers.refuse_on_read(request.query.text(dialect.name(Field::TrafficLimit)))?;
        let (bucket, key) = request.object()?;
        Ok(Self {
            bucket,
            key,
            version_id: request.query.version_id()?,
            range: read_range(&headers)?,
            preconditions: headers.preconditions(ConditionsOn::Object)?,
            overrides: ResponseOverrides::read(&request.query)?,
            customer_key: headers.customer_key()?,
        })
    }

    fn encode_reply(reply: &ObjectReply, dialect: Dialect) -> Reply {
        reply.write(dialect)
    }

    fn decode_reply(reply: &Reply, dialect: Dialect) -> Result<ObjectReply, Unreadable> {
        ObjectReply::read(reply, dialect)
    }
}

impl Message for HeadObject {
    const NAME: OperationName = OperationName::HeadObject;
    type Reply = ObjectReply;

    fn encode(&self, dialect: Dialect) -> Request {
        let query = version_query(self.version_id.as_ref());
        let key = self.customer_key.as_ref();
        let headers = read_headers(dialect, self.range, &self.preconditions, key);
        Request::of_object(Method::HEAD, (&self.bucket, &self.key), query, headers)
    }

    fn decode(request: &Request, dialect: Dialect) -> Result<Self, Error> {
        let headers = HeaderReader::new(&request.headers, dialect);
        headers.refuse_on_read(request.query.text(dialect.name(Field::TrafficLimit)))?;
        let (bucket, key) = request.object()?;
        Ok(Self {
            bucket,
            key,
            version_id: request.query.version_id()?,
            range: read_range(&headers)?,
            preconditions: headers.preconditions(ConditionsOn::Object)?,
            customer_key: headers.customer_key()?,
        })
    }

    fn encode_reply(reply: &ObjectReply, dialect: Dialect) -> Reply {
        reply.write(dialect)
    }

    fn decode_reply(reply: &Reply, dialect: Dialect) -> Result<ObjectReply, Unreadable> {
        ObjectReply::read(reply, dialect)
    }
}

fn version_query(version_id: Option<&VersionId>) -> Query {
    Query::new().with_some(VERSION_ID, version_id)
}

fn read_headers(
    dialect: Dialect,
    range: Option<ReadRange>,
    preconditions: &Preconditions,
    customer_key: Option<&CustomerKey>,
) -> HeaderMap {
    let mut headers = HeaderWriter::new(dialect)
        .with_preconditions(preconditions, ConditionsOn::Object)
        .with_customer_key(customer_key);
    if let Some(range) = range {
        headers = headers.with_plain(RANGE, range);
    }
    headers.done()
}

/// The range that is asked for, whatever an If-Range says of it ([`crate::aside::ReadAside`]).
fn read_range(headers: &HeaderReader<'_>) -> Result<Option<ReadRange>, Error> {
    let text = headers
        .bytes(RANGE.as_str())?
        .and_then(|bytes| std::str::from_utf8(bytes).ok());
    Ok(text.and_then(|text| text.parse().ok()))
}

impl ResponseOverrides {
    fn write(&self, query: Query) -> Query {
        query
            .with_some("response-content-type", self.content_type.as_ref())
            .with_some("response-content-language", self.content_language.as_ref())
            .with_some("response-expires", self.expires.as_ref())
            .with_some("response-cache-control", self.cache_control.as_ref())
            .with_some(
                "response-content-disposition",
                self.content_disposition.as_ref(),
            )
            .with_some("response-content-encoding", self.content_encoding.as_ref())
    }

    fn read(query: &Query) -> Result<Self, Error> {
        Ok(Self {
            content_type: query.parse("response-content-type")?,
            content_language: query.parse("response-content-language")?,
            expires: query.parse("response-expires")?,
            cache_control: query.parse("response-cache-control")?,
            content_disposition: query.parse("response-content-disposition")?,
            content_encoding: query.parse("response-content-encoding")?,
        })
    }

    /// Whether none is asked for.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl ObjectReply {
    fn write(&self, dialect: Dialect) -> Reply {
        let status = match (self.not_modified, self.content_range) {
            (true, _) => StatusCode::NOT_MODIFIED,
            (false, Some(_)) => StatusCode::PARTIAL_CONTENT,
            (false, None) => StatusCode::OK,
        };
        let class = Some(self.storage_class).filter(|class| *class != StorageClass::Standard);
        let count = Some(self.tagging_count).filter(|count| *count > 0);
        // S3 knows no types, so only what is out of the ordinary is told.
        let plain = dialect == Dialect::S3 && self.object_type == ObjectType::Normal;
        let object_type = (!plain).then(|| self.object_type.as_str());
        let mut headers = HeaderWriter::new(dialect)
            .with_plain(ACCEPT_RANGES, "bytes")
            .with_plain(ETAG, &self.etag)
            .with_plain(LAST_MODIFIED, date::rfc1123(self.last_modified))
            .with_metadata(&self.metadata)
            .with_some(Field::StorageClass, class)
            .with_some(Field::HashCrc64, self.crc64)
            .with_some(Field::VersionId, self.version_id.as_ref())
            .with_some(Field::TaggingCount, count)
            .with_some(Field::ObjectType, object_type)
            .with_encrypted_with(self.encrypted_with.as_ref())
            .with_text(
                HeaderName::from_static(dialect.name(Field::Restore)),
                self.restore.as_ref(),
            );
        if !self.not_modified {
            headers = headers.with_plain(CONTENT_LENGTH, self.content_length);
        }
        if let Some(range) = self.content_range {
            headers = headers.with_plain(CONTENT_RANGE, range);
        }
        Reply::empty(status, headers.done())
    }

    fn read(reply: &Reply, dialect: Dialect) -> Result<Self, Unreadable> {
        let headers = HeaderReader::new(&reply.headers, dialect);
        let missing = |name: &str| Unreadable(format!("the header {name} is missing"));
        let not_modified = reply.status == StatusCode::NOT_MODIFIED;
        let content_length = headers.parse_of(CONTENT_LENGTH.as_str())?;
        let modified = headers.text_of(LAST_MODIFIED.as_str())?;
        let restore = headers.bytes(dialect.name(Field::Restore))?;
        let content_range = match reply.status {
            StatusCode::PARTIAL_CONTENT => headers.parse_of(CONTENT_RANGE.as_str())?,
            _ => None,
        };
        Ok(Self {
            not_modified,
            content_length: match content_length {
                Some(bytes) if !not_modified => bytes,
                None if !not_modified => return Err(missing("Content-Length")),
                _ => 0,
            },
            content_range,
            etag: headers.etag()?,
            last_modified: modified
                .and_then(date::parse)
                .ok_or_else(|| missing("Last-Modified"))?,
            metadata: headers.metadata_of_reply()?,
            storage_class: headers.class_told()?,
            crc64: headers.parse(Field::HashCrc64)?,
            version_id: headers.version_id()?,
            tagging_count: headers.parse(Field::TaggingCount)?.unwrap_or_default(),
            object_type: ObjectType::read(headers.text(Field::ObjectType)?)?,
            restore: restore.map(Text::from_bytes).transpose()?,
            encrypted_with: headers.encrypted_with()?,
        })
    }
}

impl ObjectType {
    /// The type as headers write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Appendable => "appendable",
        }
    }

    fn read(text: Option<&str>) -> Result<Self, Unreadable> {
        match text {
            None | Some("normal") => Ok(Self::Normal),
            Some("appendable") => Ok(Self::Appendable),
            Some(other) => Err(Unreadable(format!("the object's type is {other}"))),
        }
    }
}

impl fmt::Display for ContentRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bytes {}-{}/{}", self.first, self.last, self.size)
    }
}

impl FromStr for ContentRange {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Self, Unreadable> {
        let malformed = || Unreadable(format!("{text} is not a content range"));
        let number = |digits: &str| digits.parse::<u64>().map_err(|_| malformed());
        let (range, size) = text
            .strip_prefix("bytes ")
            .and_then(|rest| rest.split_once('/'))
            .ok_or_else(malformed)?;
        let (first, last) = range.split_once('-').ok_or_else(malformed)?;
        let range = Self {
            first: number(first)?,
            last: number(last)?,
            size: number(size)?,
        };
        if range.first <= range.last && range.last < range.size {
            Ok(range)
        } else {
            Err(malformed())
        }
    }
}
