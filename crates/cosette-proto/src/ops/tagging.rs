//! Tags of objects, versions and buckets: set whole, read, removed.

use cosette_types::{BucketName, ObjectKey, Tags, VersionId};
use http::{Method, StatusCode};

use super::OperationName;
use super::document::{malformed, removes_setting};
use super::parameters::VERSION_ID;
use crate::dialect::{Dialect, Field};
use crate::error::Error;
use crate::fields::{HeaderReader, HeaderWriter, invalid_tag};
use crate::message::{Message, Query, Reply, Request, Unreadable};
use crate::xml::{Element, Writer};

const TAGGING: &str = "tagging";
const ROOT: &str = "Tagging";

/// Replaces all tags of an object, or of a version of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutObjectTagging {
    /// The bucket.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// The version; the current one when absent.
    pub version_id: Option<VersionId>,
    /// The tags it has from then on.
    pub tags: Tags,
}

/// Asks for the tags of an object, or of a version of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetObjectTagging {
    /// The bucket.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// The version; the current one when absent.
    pub version_id: Option<VersionId>,
}

/// Removes all tags of an object, or of a version of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteObjectTagging {
    /// The bucket.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// The version; the current one when absent.
    pub version_id: Option<VersionId>,
}

/// Whose tags were read or changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectTaggingReply {
    /// The version, if the bucket has or had versioning.
    pub version_id: Option<VersionId>,
}

/// The tags of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetObjectTaggingReply {
    /// The tags; none for an object that was never given any.
    pub tags: Tags,
    /// The version, if the bucket has or had versioning.
    pub version_id: Option<VersionId>,
}

/// Replaces all tags of a bucket. The reply is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutBucketTagging {
    /// The bucket.
    pub bucket: BucketName,
    /// The tags it has from then on.
    pub tags: Tags,
}

/// Asks for the tags of a bucket; one without any has none to tell (`NoSuchTagSet`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetBucketTagging {
    /// The bucket.
    pub bucket: BucketName,
}

/// Removes all tags of a bucket. The reply is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteBucketTagging {
    /// The bucket.
    pub bucket: BucketName,
}

impl Message for PutObjectTagging {
    const NAME: OperationName = OperationName::PutObjectTagging;
    type Reply = ObjectTaggingReply;

    fn encode(&self, dialect: Dialect) -> Request {
        let object = (&self.bucket, &self.key);
        about(Method::PUT, object, self.version_id.as_ref(), dialect)
            .with_document(document(&self.tags), dialect)
    }

    fn decode(request: &Request, dialect: Dialect) -> Result<Self, Error> {
        let (bucket, key) = request.object()?;
        let tags = read(&request.root(ROOT, dialect)?)?;
        Ok(Self {
            bucket,
            key,
            version_id: request.query.version_id()?,
            tags: tags.for_object().map_err(invalid_tag)?,
        })
    }

    fn encode_reply(reply: &ObjectTaggingReply, dialect: Dialect) -> Reply {
        reply.write(dialect)
    }

    fn decode_reply(reply: &Reply, dialect: Dialect) -> Result<ObjectTaggingReply, Unreadable> {
        ObjectTaggingReply::read(reply, dialect)
    }
}

impl Message for GetObjectTagging {
    const NAME: OperationName = OperationName::GetObjectTagging;
    type Reply = GetObjectTaggingReply;

    fn encode(&self, dialect: Dialect) -> Request {
        let object = (&self.bucket, &self.key);
        about(Method::GET, object, self.version_id.as_ref(), dialect)
    }

    fn decode(request: &Request, _: Dialect) -> Result<Self, Error> {
        let (bucket, key) = request.object()?;
        Ok(Self {
            bucket,
            key,
            version_id: request.query.version_id()?,
        })
    }

    fn encode_reply(reply: &GetObjectTaggingReply, dialect: Dialect) -> Reply {
        let headers =
            HeaderWriter::new(dialect).with_some(Field::VersionId, reply.version_id.as_ref());
        Reply::document(document(&reply.tags), headers)
    }

    fn decode_reply(reply: &Reply, dialect: Dialect) -> Result<GetObjectTaggingReply, Unreadable> {
        let headers = HeaderReader::new(&reply.headers, dialect);
        Ok(GetObjectTaggingReply {
            tags: read(&reply.root(ROOT)?)?,
            version_id: headers.version_id()?,
        })
    }
}

impl Message for DeleteObjectTagging {
    const NAME: OperationName = OperationName::DeleteObjectTagging;
    type Reply = ObjectTaggingReply;

    fn encode(&self, dialect: Dialect) -> Request {
        let object = (&self.bucket, &self.key);
        about(Method::DELETE, object, self.version_id.as_ref(), dialect)
    }

    fn decode(request: &Request, _: Dialect) -> Result<Self, Error> {
        let (bucket, key) = request.object()?;
        Ok(Self {
            bucket,
            key,
            version_id: request.query.version_id()?,
        })
    }

    fn encode_reply(reply: &ObjectTaggingReply, dialect: Dialect) -> Reply {
        reply.write(dialect)
    }

    fn decode_reply(reply: &Reply, dialect: Dialect) -> Result<ObjectTaggingReply, Unreadable> {
        ObjectTaggingReply::read(reply, dialect)
    }
}

impl Message for PutBucketTagging {
    const NAME: OperationName = OperationName::PutBucketTagging;
    type Reply = ();

    fn encode(&self, dialect: Dialect) -> Request {
        Request::of_setting(Method::PUT, &self.bucket, TAGGING, dialect)
            .with_document(document(&self.tags), dialect)
    }

    fn decode(request: &Request, dialect: Dialect) -> Result<Self, Error> {
        let tags = read(&request.root(ROOT, dialect)?)?;
        Ok(Self {
            bucket: request.bucket()?,
            tags: tags.for_bucket().map_err(invalid_tag)?,
        })
    }

    fn encode_reply((): &(), dialect: Dialect) -> Reply {
        Reply::empty(StatusCode::NO_CONTENT, HeaderWriter::new(dialect).done())
    }

    fn decode_reply(_: &Reply, _: Dialect) -> Result<(), Unreadable> {
        Ok(())
    }
}

impl Message for GetBucketTagging {
    const NAME: OperationName = OperationName::GetBucketTagging;
    type Reply = Tags;

    fn encode(&self, dialect: Dialect) -> Request {
        Request::of_setting(Method::GET, &self.bucket, TAGGING, dialect)
    }

    fn decode(request: &Request, _: Dialect) -> Result<Self, Error> {
        Ok(Self {
            bucket: request.bucket()?,
        })
    }

    fn encode_reply(tags: &Tags, dialect: Dialect) -> Reply {
        Reply::document(document(tags), HeaderWriter::new(dialect))
    }

    fn decode_reply(reply: &Reply, _: Dialect) -> Result<Tags, Unreadable> {
        Ok(read(&reply.root(ROOT)?)?)
    }
}

removes_setting!(DeleteBucketTagging, TAGGING);

impl ObjectTaggingReply {
    fn write(&self, dialect: Dialect) -> Reply {
        let headers =
            HeaderWriter::new(dialect).with_some(Field::VersionId, self.version_id.as_ref());
        Reply::empty(StatusCode::NO_CONTENT, headers.done())
    }

    fn read(reply: &Reply, dialect: Dialect) -> Result<Self, Unreadable> {
        let headers = HeaderReader::new(&reply.headers, dialect);
        Ok(Self {
            version_id: headers.version_id()?,
        })
    }
}

fn about(
    method: Method,
    object: (&BucketName, &ObjectKey),
    version_id: Option<&VersionId>,
    dialect: Dialect,
) -> Request {
    let query = Query::new()
        .with(TAGGING, "")
        .with_some(VERSION_ID, version_id);
    Request::of_object(method, object, query, HeaderWriter::new(dialect).done())
}

fn document(tags: &Tags) -> bytes::Bytes {
    Writer::document(ROOT, |root| {
        root.element("TagSet", |set| {
            for (key, value) in tags.iter() {
                set.element("Tag", |tag| {
                    tag.text("Key", key);
                    tag.text("Value", value);
                });
            }
        });
    })
}

/// The tags in a document that stands in the field of a form.
pub(super) fn of_document(document: &[u8]) -> Result<Tags, Error> {
    let root = Element::rooted(document, ROOT)?;
    read(&root)?.for_object().map_err(invalid_tag)
}

fn read(root: &Element) -> Result<Tags, Error> {
    let set = root
        .child("TagSet")
        .ok_or_else(|| malformed("There is no TagSet."))?;
    let mut tags = Tags::new();
    for tag in set.children("Tag") {
        let key = tag.child_text("Key");
        let key = key.ok_or_else(|| malformed("A Tag has no Key."))?;
        tags.insert(key, tag.child_text("Value").unwrap_or_default())
            .map_err(invalid_tag)?;
    }
    Ok(tags)
}
