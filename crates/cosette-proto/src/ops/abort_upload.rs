//! Abort Multipart Upload: gives up an upload and all its parts.

use cosette_types::{BucketName, ObjectKey, UploadId};
use http::{Method, StatusCode};

use super::OperationName;
use super::parameters::UPLOAD_ID;
use crate::dialect::Dialect;
use crate::error::Error;
use crate::fields::{HeaderReader, HeaderWriter};
use crate::message::{Message, Query, Reply, Request, Unreadable};

/// Gives up an upload. The reply is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AbortUpload {
    /// The bucket.
    pub bucket: BucketName,
    /// The upload's key.
    pub key: ObjectKey,
    /// The upload.
    pub upload_id: UploadId,
}

impl Message for AbortUpload {
    const NAME: OperationName = OperationName::AbortUpload;
    type Reply = ();

    fn encode(&self, dialect: Dialect) -> Request {
        let query = Query::new().with(UPLOAD_ID, &self.upload_id);
        let headers = HeaderWriter::new(dialect).done();
        Request::of_object(Method::DELETE, (&self.bucket, &self.key), query, headers)
    }

    fn decode(request: &Request, dialect: Dialect) -> Result<Self, Error> {
        HeaderReader::new(&request.headers, dialect).refuse_on_write()?;
        let (bucket, key) = request.object()?;
        Ok(Self {
            bucket,
            key,
            upload_id: request.query.upload_id()?,
        })
    }

    fn encode_reply((): &(), dialect: Dialect) -> Reply {
        Reply::empty(StatusCode::NO_CONTENT, HeaderWriter::new(dialect).done())
    }

    fn decode_reply(_: &Reply, _: Dialect) -> Result<(), Unreadable> {
        Ok(())
    }
}
