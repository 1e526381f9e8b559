//! DELETE Object: removes a key, or one version of it. A key that is not there is no error.

use cosette_types::{BucketName, ObjectKey, Preconditions, VersionId};
use http::{Method, StatusCode};

use super::OperationName;
use super::parameters::VERSION_ID;
use crate::dialect::{Dialect, Field};
use crate::error::Error;
use crate::fields::{HeaderReader, HeaderWriter};
use crate::message::{Message, Query, Reply, Request, Unreadable};

/// Removes an object. Where versioning is on, a delete marker takes its place, unless a version is
/// named, which then is removed for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteObject {
    /// The bucket.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// The version to remove for good.
    pub version_id: Option<VersionId>,
    /// What must hold of what is removed: of the version named, or of the current one.
    pub preconditions: Preconditions,
}

/// It is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteObjectReply {
    /// The version removed, or the delete marker made.
    pub version_id: Option<VersionId>,
    /// Without a version named: a marker was made. With one: what was removed was a marker.
    pub delete_marker: bool,
}

impl Message for DeleteObject {
    const NAME: OperationName = OperationName::DeleteObject;
    type Reply = DeleteObjectReply;

    fn encode(&self, dialect: Dialect) -> Request {
        let query = Query::new().with_some(VERSION_ID, self.version_id.as_ref());
        let headers = HeaderWriter::new(dialect).with_target_conditions(&self.preconditions);
        let object = (&self.bucket, &self.key);
        Request::of_object(Method::DELETE, object, query, headers.done())
    }

    fn decode(request: &Request, dialect: Dialect) -> Result<Self, Error> {
        let headers = HeaderReader::new(&request.headers, dialect);
        headers.refuse_on_write()?;
        let (bucket, key) = request.object()?;
        Ok(Self {
            bucket,
            key,
            version_id: request.query.version_id()?,
            preconditions: headers.target_conditions()?,
        })
    }

    fn encode_reply(reply: &DeleteObjectReply, dialect: Dialect) -> Reply {
        let headers = HeaderWriter::new(dialect)
            .with_some(Field::VersionId, reply.version_id.as_ref())
            .with_flag(Field::DeleteMarker, reply.delete_marker);
        Reply::empty(StatusCode::NO_CONTENT, headers.done())
    }

    fn decode_reply(reply: &Reply, dialect: Dialect) -> Result<DeleteObjectReply, Unreadable> {
        let headers = HeaderReader::new(&reply.headers, dialect);
        Ok(DeleteObjectReply {
            version_id: headers.version_id()?,
            delete_marker: headers.flag(Field::DeleteMarker)?,
        })
    }
}
