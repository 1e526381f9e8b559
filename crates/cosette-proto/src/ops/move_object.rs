//! Move Object: gives an object another key in its bucket, in one request and at one instant.
//!
//! COS has it on buckets with metadata acceleration, as `PUT <target>?rename`; here it is there for
//! every bucket. What the target held is replaced as by a PUT, the source removed as by a DELETE. The
//! object's own ACL goes along, unless the request has ACL headers: then the target's is the one that
//! they describe, and with `default` it has none of its own, as a copy has.

use cosette_types::{AclHeaders, BucketName, ETag, ObjectKey, Preconditions, Text, VersionId};
use http::header::ETAG;
use http::{Method, StatusCode};

use super::OperationName;
use crate::dialect::{Dialect, Field};
use crate::error::Error;
use crate::fields::{ConditionsOn, HeaderReader, HeaderWriter};
use crate::head::read_key;
use crate::message::{Message, Query, Reply, Request, Unreadable};
use crate::percent;

/// The sub-resource that a move is asked for by.
const fn rename(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Cos => "rename",
        Dialect::S3 => "renameObject",
    }
}

/// Longest token that makes a repeated request give the first answer.
const CLIENT_TOKEN_BYTES_MAX: usize = 128;

/// Moves an object to another key of its bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveObject {
    /// The bucket of both keys.
    pub bucket: BucketName,
    /// The key that the object gets.
    pub key: ObjectKey,
    /// The key that it has.
    pub source_key: ObjectKey,
    /// What must hold of the source.
    pub source_preconditions: Preconditions,
    /// Whether a target that exists already is an error.
    pub forbid_overwrite: bool,
    /// What must hold of the target that it replaces.
    pub target_preconditions: Preconditions,
    /// The target's ACL; the source's own when nothing is given.
    pub acl: AclHeaders,
    /// The same token again gives the first answer again; printable ASCII.
    pub client_token: Option<Text>,
}

/// The object is moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveObjectReply {
    /// Its tag, which it keeps.
    pub etag: Option<ETag>,
    /// The target's version, if its bucket has versioning enabled.
    pub version_id: Option<VersionId>,
}

impl Message for MoveObject {
    const NAME: OperationName = OperationName::MoveObject;
    type Reply = MoveObjectReply;

    fn encode(&self, dialect: Dialect) -> Request {
        let source = format!("/{}", percent::encode_path(self.source_key.as_str()));
        let headers = HeaderWriter::new(dialect)
            .with(Field::RenameSource, source)
            .with_preconditions(&self.source_preconditions, ConditionsOn::RenameSource)
            .with_flag(Field::ForbidOverwrite, self.forbid_overwrite)
            .with_target_conditions(&self.target_preconditions)
            .with_acl(&self.acl)
            .with_some(Field::ClientToken, self.client_token.as_ref());
        let query = Query::new().with(rename(dialect), "");
        Request::of_object(
            Method::PUT,
            (&self.bucket, &self.key),
            query,
            headers.done(),
        )
    }

    fn decode(request: &Request, dialect: Dialect) -> Result<Self, Error> {
        let headers = HeaderReader::new(&request.headers, dialect);
        headers.refuse_on_write()?;
        headers.refuse_tags()?;
        let (bucket, key) = request.object()?;
        Ok(Self {
            bucket,
            key,
            source_key: read_source(&headers, dialect)?,
            source_preconditions: headers.preconditions(ConditionsOn::RenameSource)?,
            forbid_overwrite: headers.flag(Field::ForbidOverwrite)?,
            target_preconditions: headers.target_conditions()?,
            acl: headers.acl_of_object()?,
            client_token: headers
                .text(Field::ClientToken)?
                .map(read_token)
                .transpose()?,
        })
    }

    fn encode_reply(reply: &MoveObjectReply, dialect: Dialect) -> Reply {
        let mut headers =
            HeaderWriter::new(dialect).with_some(Field::VersionId, reply.version_id.as_ref());
        if let Some(etag) = &reply.etag {
            headers = headers.with_plain(ETAG, etag);
        }
        Reply::empty(StatusCode::OK, headers.done())
    }

    fn decode_reply(reply: &Reply, dialect: Dialect) -> Result<MoveObjectReply, Unreadable> {
        let headers = HeaderReader::new(&reply.headers, dialect);
        Ok(MoveObjectReply {
            etag: headers.parse_of(ETAG.as_str())?,
            version_id: headers.version_id()?.filter(|id| !id.is_null()),
        })
    }
}

fn read_source(headers: &HeaderReader<'_>, dialect: Dialect) -> Result<ObjectKey, Error> {
    let name = dialect.name(Field::RenameSource);
    let wrong = |why: &str| Error::argument(format!("The header {name} {why}."));
    let text = headers
        .text(Field::RenameSource)?
        .ok_or_else(|| wrong("is missing"))?;
    let text = match (text.strip_prefix('/'), dialect) {
        (Some(key), _) => key,
        (None, Dialect::S3) => text,
        (None, Dialect::Cos) => return Err(wrong("does not begin with '/'")),
    };
    if text.contains('?') {
        return Err(wrong("holds a '?' that is not escaped"));
    }
    let key = percent::decode(text).ok_or_else(|| wrong("has a bad escape, or is not UTF-8"))?;
    if key.is_empty() {
        return Err(wrong("names no key"));
    }
    read_key(&key, dialect)
}

pub(super) fn read_token(text: &str) -> Result<Text, Error> {
    let legal = text.len() <= CLIENT_TOKEN_BYTES_MAX && text.bytes().all(|b| b.is_ascii_graphic());
    if legal {
        Ok(text.parse()?)
    } else {
        let form = format!("at most {CLIENT_TOKEN_BYTES_MAX} printable ASCII characters");
        Err(Error::argument(format!("The client token must be {form}.")))
    }
}
