//! PUT, HEAD and DELETE Bucket, and GET Bucket location: short requests without documents.

use cosette_types::{AclHeaders, BucketName, Region, Tags};
use http::{Method, StatusCode};

use super::OperationName;
use super::document::malformed;
use crate::dialect::{Dialect, Field};
use crate::error::Error;
use crate::fields::{HeaderReader, HeaderWriter, not_implemented};
use crate::message::{Message, Query, Reply, Request, Unreadable};
use crate::xml::{Element, Writer};

/// Makes a bucket in the region of the host that the request is sent to. The reply is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutBucket {
    /// Its name.
    pub bucket: BucketName,
    /// Who else may use it.
    pub acl: AclHeaders,
    /// Its tags from the beginning.
    pub tags: Tags,
}

/// Asks whether a bucket exists and may be listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadBucket {
    /// The bucket.
    pub bucket: BucketName,
}

/// The bucket exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadBucketReply {
    /// The region it was made in.
    pub region: Option<Region>,
}

/// Removes a bucket that holds nothing: no object, version, delete marker or open upload.
/// The reply is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteBucket {
    /// The bucket.
    pub bucket: BucketName,
}

/// Asks for the region a bucket was made in; the reply is a [`Region`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetBucketLocation {
    /// The bucket.
    pub bucket: BucketName,
}

const LOCATION: &str = "location";

impl Message for PutBucket {
    const NAME: OperationName = OperationName::PutBucket;
    type Reply = ();

    fn encode(&self, dialect: Dialect) -> Request {
        let headers = HeaderWriter::new(dialect)
            .with_acl(&self.acl)
            .with_tags(&self.tags)
            .done();
        Request::of_bucket(Method::PUT, &self.bucket, Query::new(), headers)
    }

    fn decode(request: &Request, dialect: Dialect) -> Result<Self, Error> {
        let headers = HeaderReader::new(&request.headers, dialect);
        headers.refuse_on_write()?;
        headers.refuse_target_conditions()?;
        if let Some(document) = request.document() {
            refuse_several_zones(&Element::parse(document)?)?;
        }
        Ok(Self {
            bucket: request.bucket()?,
            acl: headers.acl_of_bucket()?,
            tags: headers.tags_of_bucket()?,
        })
    }

    fn encode_reply((): &(), dialect: Dialect) -> Reply {
        Reply::empty(StatusCode::OK, HeaderWriter::new(dialect).done())
    }

    fn decode_reply(_: &Reply, _: Dialect) -> Result<(), Unreadable> {
        Ok(())
    }
}

/// A bucket that lies in several zones promises more than we can keep.
fn refuse_several_zones(root: &Element) -> Result<(), Error> {
    const ROOT: &str = "CreateBucketConfiguration";
    if root.name != ROOT {
        return Err(malformed(format!("The root element is not {ROOT}.")));
    }
    match root.value("BucketAZConfig") {
        Some("MAZ") => Err(not_implemented("BucketAZConfig MAZ")),
        _ => Ok(()),
    }
}

impl Message for HeadBucket {
    const NAME: OperationName = OperationName::HeadBucket;
    type Reply = HeadBucketReply;

    fn encode(&self, dialect: Dialect) -> Request {
        let headers = HeaderWriter::new(dialect).done();
        Request::of_bucket(Method::HEAD, &self.bucket, Query::new(), headers)
    }

    fn decode(request: &Request, _: Dialect) -> Result<Self, Error> {
        Ok(Self {
            bucket: request.bucket()?,
        })
    }

    fn encode_reply(reply: &HeadBucketReply, dialect: Dialect) -> Reply {
        let headers =
            HeaderWriter::new(dialect).with_some(Field::BucketRegion, reply.region.as_ref());
        Reply::empty(StatusCode::OK, headers.done())
    }

    fn decode_reply(reply: &Reply, dialect: Dialect) -> Result<HeadBucketReply, Unreadable> {
        let headers = HeaderReader::new(&reply.headers, dialect);
        Ok(HeadBucketReply {
            region: headers.parse(Field::BucketRegion)?,
        })
    }
}

impl Message for DeleteBucket {
    const NAME: OperationName = OperationName::DeleteBucket;
    type Reply = ();

    fn encode(&self, dialect: Dialect) -> Request {
        let headers = HeaderWriter::new(dialect).done();
        Request::of_bucket(Method::DELETE, &self.bucket, Query::new(), headers)
    }

    fn decode(request: &Request, _: Dialect) -> Result<Self, Error> {
        Ok(Self {
            bucket: request.bucket()?,
        })
    }

    fn encode_reply((): &(), dialect: Dialect) -> Reply {
        Reply::empty(StatusCode::NO_CONTENT, HeaderWriter::new(dialect).done())
    }

    fn decode_reply(_: &Reply, _: Dialect) -> Result<(), Unreadable> {
        Ok(())
    }
}

impl Message for GetBucketLocation {
    const NAME: OperationName = OperationName::GetBucketLocation;
    type Reply = Region;

    fn encode(&self, dialect: Dialect) -> Request {
        let headers = HeaderWriter::new(dialect).done();
        Request::of_bucket(
            Method::GET,
            &self.bucket,
            Query::new().with(LOCATION, ""),
            headers,
        )
    }

    fn decode(request: &Request, _: Dialect) -> Result<Self, Error> {
        Ok(Self {
            bucket: request.bucket()?,
        })
    }

    fn encode_reply(region: &Region, dialect: Dialect) -> Reply {
        let document =
            Writer::document_in(dialect, "LocationConstraint", |root| root.content(region));
        Reply::document(document, HeaderWriter::new(dialect))
    }

    fn decode_reply(reply: &Reply, _: Dialect) -> Result<Region, Unreadable> {
        let root = reply.root("LocationConstraint")?;
        // An old sample writes `cos.ap-beijing`.
        let region = root.text.trim();
        Ok(region.strip_prefix("cos.").unwrap_or(region).parse()?)
    }
}
