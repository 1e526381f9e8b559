//! PUT, GET and DELETE Bucket encryption: how objects are encrypted that are put without a word
//! about it.

use bytes::Bytes;
use cosette_types::BucketName;
use cosette_types::encryption::ENCRYPTION_ALGORITHM;
use http::{Method, StatusCode};

use super::OperationName;
use super::document::{malformed, removes_setting};
use crate::dialect::Dialect;
use crate::error::Error;
use crate::fields::{HeaderWriter, not_implemented};
use crate::message::{Message, Reply, Request, Unreadable};
use crate::xml::{Element, Writer};

const ENCRYPTION: &str = "encryption";
const ROOT: &str = "ServerSideEncryptionConfiguration";
/// What COS calls the default of a rule, and what S3 does; either is understood.
const DEFAULTS: [&str; 2] = [
    "ApplySideEncryptionConfiguration",
    "ApplyServerSideEncryptionByDefault",
];

/// How objects of a bucket are encrypted unless they are put otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EncryptionConfiguration {
    /// With a key that the service keeps.
    Managed,
}

/// Sets a bucket's default encryption. The reply is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutBucketEncryption {
    /// The bucket.
    pub bucket: BucketName,
    /// How objects are encrypted from then on.
    pub configuration: EncryptionConfiguration,
}

/// Asks for a bucket's default encryption; one without any is `NoSuchEncryptionConfiguration`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetBucketEncryption {
    /// The bucket.
    pub bucket: BucketName,
}

/// Removes a bucket's default encryption. Objects stay as they are. The reply is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteBucketEncryption {
    /// The bucket.
    pub bucket: BucketName,
}

impl Message for PutBucketEncryption {
    const NAME: OperationName = OperationName::PutBucketEncryption;
    type Reply = ();

    fn encode(&self, dialect: Dialect) -> Request {
        Request::of_setting(Method::PUT, &self.bucket, ENCRYPTION, dialect)
            .with_document(self.configuration.document(dialect), dialect)
    }

    fn decode(request: &Request, dialect: Dialect) -> Result<Self, Error> {
        Ok(Self {
            bucket: request.bucket()?,
            configuration: EncryptionConfiguration::read(&request.root(ROOT, dialect)?)?,
        })
    }

    fn encode_reply((): &(), dialect: Dialect) -> Reply {
        Reply::empty(StatusCode::OK, HeaderWriter::new(dialect).done())
    }

    fn decode_reply(_: &Reply, _: Dialect) -> Result<(), Unreadable> {
        Ok(())
    }
}

impl Message for GetBucketEncryption {
    const NAME: OperationName = OperationName::GetBucketEncryption;
    type Reply = EncryptionConfiguration;

    fn encode(&self, dialect: Dialect) -> Request {
        Request::of_setting(Method::GET, &self.bucket, ENCRYPTION, dialect)
    }

    fn decode(request: &Request, _: Dialect) -> Result<Self, Error> {
        Ok(Self {
            bucket: request.bucket()?,
        })
    }

    fn encode_reply(reply: &EncryptionConfiguration, dialect: Dialect) -> Reply {
        Reply::document(reply.document(dialect), HeaderWriter::new(dialect))
    }

    fn decode_reply(reply: &Reply, _: Dialect) -> Result<EncryptionConfiguration, Unreadable> {
        Ok(EncryptionConfiguration::read(&reply.root(ROOT)?)?)
    }
}

removes_setting!(DeleteBucketEncryption, ENCRYPTION);

impl EncryptionConfiguration {
    fn document(self, dialect: Dialect) -> Bytes {
        let Self::Managed = self;
        let default = match dialect {
            Dialect::Cos => "ApplySideEncryptionConfiguration",
            Dialect::S3 => "ApplyServerSideEncryptionByDefault",
        };
        Writer::document_in(dialect, ROOT, |root| {
            root.element("Rule", |rule| {
                rule.element(default, |default| {
                    default.text("SSEAlgorithm", ENCRYPTION_ALGORITHM);
                });
            });
        })
    }

    fn read(root: &Element) -> Result<Self, Error> {
        let mut rules = root.children("Rule");
        let (Some(rule), None) = (rules.next(), rules.next()) else {
            return Err(malformed("The configuration has not exactly one Rule."));
        };
        let mut defaults = DEFAULTS.iter().flat_map(|name| rule.children(name));
        let (Some(default), None) = (defaults.next(), defaults.next()) else {
            return Err(malformed("The Rule has not exactly one default."));
        };
        match default.value("SSEAlgorithm") {
            Some(ENCRYPTION_ALGORITHM) => Ok(Self::Managed),
            Some("KMS" | "cos/kms" | "aws:kms" | "aws:kms:dsse") => Err(not_implemented(
                "Encryption with keys of a key management service",
            )),
            _ => Err(malformed("The SSEAlgorithm is not AES256.")),
        }
    }

    /// Reads a document that was kept.
    ///
    /// # Errors
    /// When it is not one.
    pub fn parse(document: &[u8]) -> Result<Self, Error> {
        let root = Element::rooted(document, ROOT)?;
        Self::read(&root)
    }
}
