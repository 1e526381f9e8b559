//! PUT, GET and DELETE Bucket policy. The document is JSON, of either dialect, and comes back byte
//! for byte as it was set.

use bytes::Bytes;
use cosette_types::BucketName;
use http::{HeaderValue, Method, StatusCode, header};

use super::OperationName;
use super::document::removes_setting;
use crate::dialect::Dialect;
use crate::error::{Error, ErrorCode};
use crate::fields::HeaderWriter;
use crate::message::{Message, Reply, Request, Unreadable};
use crate::policy::{self, Attached};

const POLICY: &str = "policy";
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Sets the policy of a bucket in place of the one it had. The reply is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutBucketPolicy {
    /// The bucket.
    pub bucket: BucketName,
    /// The policy, as it was written. What is decoded was read as a policy of this bucket.
    pub policy: Bytes,
}

/// Asks for the policy of a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetBucketPolicy {
    /// The bucket.
    pub bucket: BucketName,
}

/// Removes the policy of a bucket. The reply is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteBucketPolicy {
    /// The bucket.
    pub bucket: BucketName,
}

/// A bucket's policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetBucketPolicyReply {
    /// The policy, as it was written.
    pub policy: Bytes,
}

impl Message for PutBucketPolicy {
    const NAME: OperationName = OperationName::PutBucketPolicy;
    type Reply = ();

    fn encode(&self, dialect: Dialect) -> Request {
        let mut request = Request::of_setting(Method::PUT, &self.bucket, POLICY, dialect)
            .with_document(self.policy.clone(), dialect);
        request.headers.insert(header::CONTENT_TYPE, JSON);
        request
    }

    fn decode(request: &Request, dialect: Dialect) -> Result<Self, Error> {
        let bucket = request.bucket()?;
        let missing = || Error::new(ErrorCode::MissingRequestBodyError);
        let policy = request.checked_document(dialect)?.ok_or_else(missing)?;
        policy::read(policy, Attached::Bucket(&bucket))?;
        Ok(Self {
            policy: policy.clone(),
            bucket,
        })
    }

    fn encode_reply((): &(), dialect: Dialect) -> Reply {
        Reply::empty(StatusCode::OK, HeaderWriter::new(dialect).done())
    }

    fn decode_reply(_: &Reply, _: Dialect) -> Result<(), Unreadable> {
        Ok(())
    }
}

impl Message for GetBucketPolicy {
    const NAME: OperationName = OperationName::GetBucketPolicy;
    type Reply = GetBucketPolicyReply;

    fn encode(&self, dialect: Dialect) -> Request {
        Request::of_setting(Method::GET, &self.bucket, POLICY, dialect)
    }

    fn decode(request: &Request, _: Dialect) -> Result<Self, Error> {
        Ok(Self {
            bucket: request.bucket()?,
        })
    }

    fn encode_reply(reply: &GetBucketPolicyReply, dialect: Dialect) -> Reply {
        let mut headers = HeaderWriter::new(dialect).done();
        headers.insert(header::CONTENT_TYPE, JSON);
        Reply {
            status: StatusCode::OK,
            headers,
            payload: Some(reply.policy.clone()),
        }
    }

    fn decode_reply(reply: &Reply, _: Dialect) -> Result<GetBucketPolicyReply, Unreadable> {
        let policy = reply.payload.clone().filter(|policy| !policy.is_empty());
        let policy = policy.ok_or_else(|| Unreadable("there is no policy".to_owned()))?;
        Ok(GetBucketPolicyReply { policy })
    }
}

removes_setting!(DeleteBucketPolicy, POLICY);
