//! PUT and GET Bucket versioning.

use cosette_types::BucketName;
use http::{Method, StatusCode};

use super::OperationName;
use crate::dialect::Dialect;
use crate::error::Error;
use crate::fields::HeaderWriter;
use crate::message::{Message, Reply, Request, Unreadable};
use crate::xml::Writer;

const VERSIONING: &str = "versioning";
const ROOT: &str = "VersioningConfiguration";

/// Whether new versions are kept; a bucket that never had versioning has no status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersioningStatus {
    /// Every write keeps what was there before.
    Enabled,
    /// Writes replace the `null` version; older versions stay.
    Suspended,
}

/// Switches versioning on, or suspends it. It can never be removed again. The reply is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutBucketVersioning {
    /// The bucket.
    pub bucket: BucketName,
    /// The status it gets.
    pub status: VersioningStatus,
}

/// Asks for the status; the reply is `None` for a bucket that never had versioning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetBucketVersioning {
    /// The bucket.
    pub bucket: BucketName,
}

impl VersioningStatus {
    /// The status as documents write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "Enabled",
            Self::Suspended => "Suspended",
        }
    }

    fn read(text: &str) -> Option<Self> {
        [Self::Enabled, Self::Suspended]
            .into_iter()
            .find(|status| status.as_str() == text)
    }
}

impl Message for PutBucketVersioning {
    const NAME: OperationName = OperationName::PutBucketVersioning;
    type Reply = ();

    fn encode(&self, dialect: Dialect) -> Request {
        let document = Writer::document(ROOT, |root| root.text("Status", self.status.as_str()));
        Request::of_setting(Method::PUT, &self.bucket, VERSIONING, dialect)
            .with_document(document, dialect)
    }

    fn decode(request: &Request, dialect: Dialect) -> Result<Self, Error> {
        let root = request.root(ROOT, dialect)?;
        let status = root.value("Status").and_then(VersioningStatus::read);
        let status =
            status.ok_or_else(|| Error::argument("The Status is not Enabled or Suspended."))?;
        Ok(Self {
            bucket: request.bucket()?,
            status,
        })
    }

    fn encode_reply((): &(), dialect: Dialect) -> Reply {
        Reply::empty(StatusCode::OK, HeaderWriter::new(dialect).done())
    }

    fn decode_reply(_: &Reply, _: Dialect) -> Result<(), Unreadable> {
        Ok(())
    }
}

impl Message for GetBucketVersioning {
    const NAME: OperationName = OperationName::GetBucketVersioning;
    type Reply = Option<VersioningStatus>;

    fn encode(&self, dialect: Dialect) -> Request {
        Request::of_setting(Method::GET, &self.bucket, VERSIONING, dialect)
    }

    fn decode(request: &Request, _: Dialect) -> Result<Self, Error> {
        Ok(Self {
            bucket: request.bucket()?,
        })
    }

    fn encode_reply(status: &Option<VersioningStatus>, dialect: Dialect) -> Reply {
        let document = Writer::document_in(dialect, ROOT, |root| {
            root.text_if("Status", status.map(VersioningStatus::as_str));
        });
        Reply::document(document, HeaderWriter::new(dialect))
    }

    fn decode_reply(reply: &Reply, _: Dialect) -> Result<Option<VersioningStatus>, Unreadable> {
        let root = reply.root(ROOT)?;
        let Some(text) = root.value("Status") else {
            return Ok(None);
        };
        let unknown = || Unreadable(format!("the Status is {text}"));
        VersioningStatus::read(text).map(Some).ok_or_else(unknown)
    }
}
