//! POST Object restore: makes an archived object readable for some days.

use cosette_types::{BucketName, ObjectKey, VersionId};
use http::{Method, StatusCode};

use super::OperationName;
use super::document::malformed;
use super::parameters::VERSION_ID;
use crate::dialect::Dialect;
use crate::error::Error;
use crate::fields::HeaderWriter;
use crate::limits;
use crate::message::{Message, Query, Reply, Request, Unreadable};
use crate::xml::Writer;

const RESTORE: &str = "restore";
const ROOT: &str = "RestoreRequest";

/// What the tier is within.
const fn tier_parent(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Cos => "CASJobParameters",
        Dialect::S3 => "GlacierJobParameters",
    }
}

/// How soon a restored object is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RestoreTier {
    /// As soon as can be; not for DEEP_ARCHIVE.
    Expedited,
    /// In hours.
    #[default]
    Standard,
    /// When it suits.
    Bulk,
}

/// Asks for an archived object, or a version of one, to be made readable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoreObject {
    /// The bucket.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// The version; the current one when absent.
    pub version_id: Option<VersionId>,
    /// For how many days.
    pub days: u16,
    /// How soon; Standard when absent.
    pub tier: Option<RestoreTier>,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestoreObjectReply {
    /// It has begun (202).
    Begun,
    /// The object is readable already, and stays so for the days asked for (200).
    Extended,
}

impl RestoreTier {
    const ALL: [Self; 3] = [Self::Expedited, Self::Standard, Self::Bulk];

    /// As the document writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Expedited => "Expedited",
            Self::Standard => "Standard",
            Self::Bulk => "Bulk",
        }
    }

    /// The tier of that text.
    pub fn of(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tier| tier.as_str() == text)
    }
}

impl Message for RestoreObject {
    const NAME: OperationName = OperationName::RestoreObject;
    type Reply = RestoreObjectReply;

    fn encode(&self, dialect: Dialect) -> Request {
        let document = Writer::document(ROOT, |root| {
            root.text("Days", self.days);
            if let Some(tier) = self.tier {
                root.element(tier_parent(dialect), |parent| {
                    parent.text("Tier", tier.as_str())
                });
            }
        });
        let query = Query::new()
            .with(RESTORE, "")
            .with_some(VERSION_ID, self.version_id.as_ref());
        let headers = HeaderWriter::new(dialect).done();
        Request::of_object(Method::POST, (&self.bucket, &self.key), query, headers)
            .with_document(document, dialect)
    }

    fn decode(request: &Request, dialect: Dialect) -> Result<Self, Error> {
        let (bucket, key) = request.object()?;
        let root = request.root(ROOT, dialect)?;
        let days = root
            .value("Days")
            .ok_or_else(|| malformed("There is no Days."))?;
        let most = limits::RESTORE_DAYS_MAX;
        let days = days.parse().ok().filter(|days| (1..=most).contains(days));
        let tier = root
            .child(tier_parent(dialect))
            .and_then(|parent| parent.value("Tier"));
        let tier = tier.map(|text| {
            let unknown = || Error::argument(format!("There is no tier {text}."));
            RestoreTier::of(text).ok_or_else(unknown)
        });
        Ok(Self {
            bucket,
            key,
            version_id: request.query.version_id()?,
            days: days
                .ok_or_else(|| Error::argument(format!("Days is no number from 1 to {most}.")))?,
            tier: tier.transpose()?,
        })
    }

    fn encode_reply(reply: &RestoreObjectReply, dialect: Dialect) -> Reply {
        let status = match reply {
            RestoreObjectReply::Begun => StatusCode::ACCEPTED,
            RestoreObjectReply::Extended => StatusCode::OK,
        };
        Reply::empty(status, HeaderWriter::new(dialect).done())
    }

    fn decode_reply(reply: &Reply, _: Dialect) -> Result<RestoreObjectReply, Unreadable> {
        Ok(match reply.status {
            StatusCode::ACCEPTED => RestoreObjectReply::Begun,
            _ => RestoreObjectReply::Extended,
        })
    }
}
