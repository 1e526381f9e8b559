//! DELETE Multiple Objects: up to 1,000 keys, each removed or refused by itself.

use cosette_types::{BucketName, ETagMatch, VersionId, limits};
use http::Method;

use super::OperationName;
use super::document::malformed;
use crate::dialect::Dialect;
use crate::error::{Error, ErrorCode};
use crate::fields::{CONTENT_MD5, HeaderReader, HeaderWriter, not_implemented};
use crate::message::{Message, Query, Reply, Request, Unreadable};
use crate::xml::{Element, Writer};

const DELETE: &str = "delete";
const ROOT: &str = "Delete";
const RESULT: &str = "DeleteResult";

/// One key, or one version, to remove.
///
/// The key is plain text: one that can name no object is answered in its own entry of the reply.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ObjectToDelete {
    /// The key.
    pub key: String,
    /// The version; without it, as DELETE Object does.
    pub version_id: Option<VersionId>,
    /// Only if it has this tag. S3 has it; in COS it is an extension, and a service without the capability
    /// `conditional-delete` removes the key whatever its tag.
    pub if_match: Option<ETagMatch>,
}

/// Removes several keys in one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteObjects {
    /// The bucket.
    pub bucket: BucketName,
    /// What to remove; 1 to 1,000 entries.
    pub objects: Vec<ObjectToDelete>,
    /// Whether only failures are reported.
    pub quiet: bool,
}

/// A key that was removed, or was not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletedEntry {
    /// The key.
    pub key: String,
    /// The version that was named.
    pub version_id: Option<VersionId>,
    /// Whether a delete marker was made (no version named) or removed (version named).
    pub delete_marker: bool,
    /// That marker's version.
    pub delete_marker_version_id: Option<VersionId>,
}

/// A key that was not removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteFailure {
    /// The key.
    pub key: String,
    /// The version that was named.
    pub version_id: Option<VersionId>,
    /// The error's code, as in the table of codes.
    pub code: String,
    /// The error's words.
    pub message: String,
}

/// What became of each key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeleteObjectsReply {
    /// Removed; empty when the request was quiet.
    pub deleted: Vec<DeletedEntry>,
    /// Not removed.
    pub failed: Vec<DeleteFailure>,
}

impl Message for DeleteObjects {
    const NAME: OperationName = OperationName::DeleteObjects;
    type Reply = DeleteObjectsReply;

    fn encode(&self, dialect: Dialect) -> Request {
        let document = Writer::document(ROOT, |root| {
            root.text("Quiet", self.quiet);
            for object in &self.objects {
                root.element("Object", |element| {
                    element.text("Key", &object.key);
                    element.text_if("VersionId", object.version_id.as_ref());
                    element.text_if("ETag", object.if_match.as_ref());
                });
            }
        });
        let headers = HeaderWriter::new(dialect).done();
        Request::of_bucket(
            Method::POST,
            &self.bucket,
            Query::new().with(DELETE, ""),
            headers,
        )
        .with_document(document, dialect)
    }

    fn decode(request: &Request, dialect: Dialect) -> Result<Self, Error> {
        let headers = HeaderReader::new(&request.headers, dialect);
        headers.refuse_on_write()?;
        headers.refuse_target_conditions()?;
        headers.refuse_tags()?;
        // S3 takes any checksum; those are verified with the body.
        if headers.bytes(CONTENT_MD5)?.is_none() && dialect == Dialect::Cos {
            let words = "Missing required header for this request: Content-MD5";
            return Err(Error::with(ErrorCode::InvalidRequest, words));
        }
        let root = request.root(ROOT, dialect)?;
        let objects = root
            .children("Object")
            .map(|element| read_object(element, dialect))
            .collect::<Result<Vec<_>, _>>()?;
        if objects.is_empty() {
            return Err(malformed("The list of objects is empty."));
        }
        if objects.len() > limits::DELETE_KEYS_MAX {
            let most = limits::DELETE_KEYS_MAX;
            return Err(malformed(format!("delete key size is greater than {most}")));
        }
        let quiet = match root.value("Quiet") {
            None => false,
            Some(text) if text.eq_ignore_ascii_case("false") => false,
            Some(text) if text.eq_ignore_ascii_case("true") => true,
            Some(_) => return Err(malformed("Quiet is neither true nor false.")),
        };
        Ok(Self {
            bucket: request.bucket()?,
            objects,
            quiet,
        })
    }

    fn encode_reply(reply: &DeleteObjectsReply, dialect: Dialect) -> Reply {
        let document = Writer::document_in(dialect, RESULT, |root| {
            for entry in &reply.deleted {
                root.element("Deleted", |element| write_deleted(element, entry));
            }
            for failure in &reply.failed {
                root.element("Error", |element| {
                    element.text("Key", &failure.key);
                    element.text_if("VersionId", failure.version_id.as_ref());
                    element.text("Code", &failure.code);
                    element.text("Message", &failure.message);
                });
            }
        });
        Reply::document(document, HeaderWriter::new(dialect))
    }

    fn decode_reply(reply: &Reply, _: Dialect) -> Result<DeleteObjectsReply, Unreadable> {
        let root = reply.root(RESULT)?;
        Ok(DeleteObjectsReply {
            deleted: root
                .children("Deleted")
                .map(read_deleted)
                .collect::<Result<_, _>>()?,
            failed: root
                .children("Error")
                .map(read_failure)
                .collect::<Result<_, _>>()?,
        })
    }
}

/// Conditions of S3 that only some of its buckets have; in COS they are elements like any other that
/// nobody knows.
const OTHER_CONDITIONS: [&str; 2] = ["LastModifiedTime", "Size"];

fn read_object(element: &Element, dialect: Dialect) -> Result<ObjectToDelete, Error> {
    let other = OTHER_CONDITIONS.into_iter().find(|name| {
        let given = element.child_text(name);
        dialect == Dialect::S3 && given.is_some()
    });
    if let Some(name) = other {
        return Err(not_implemented(&format!("The condition {name}")));
    }
    let key = element
        .child_text("Key")
        .ok_or_else(|| malformed("An Object has no Key."))?;
    let version_id = element.value("VersionId").map(str::parse).transpose()?;
    let if_match = match element.value("ETag") {
        None => None,
        Some(text) => Some(text.parse().map_err(|_| malformed("An ETag is none."))?),
    };
    Ok(ObjectToDelete {
        key: key.to_owned(),
        version_id,
        if_match,
    })
}

fn write_deleted(element: &mut Writer, entry: &DeletedEntry) {
    element.text("Key", &entry.key);
    element.text_if("DeleteMarker", entry.delete_marker.then_some("true"));
    element.text_if(
        "DeleteMarkerVersionId",
        entry.delete_marker_version_id.as_ref(),
    );
    element.text_if("VersionId", entry.version_id.as_ref());
}

fn read_deleted(element: &Element) -> Result<DeletedEntry, Unreadable> {
    Ok(DeletedEntry {
        key: element.child_text("Key").unwrap_or_default().to_owned(),
        version_id: element.parse_some("VersionId")?,
        delete_marker: element.truth("DeleteMarker")?,
        delete_marker_version_id: element.parse_some("DeleteMarkerVersionId")?,
    })
}

fn read_failure(element: &Element) -> Result<DeleteFailure, Unreadable> {
    let text = |name| element.child_text(name).unwrap_or_default().to_owned();
    Ok(DeleteFailure {
        key: text("Key"),
        version_id: element.parse_some("VersionId")?,
        code: text("Code"),
        message: text("Message"),
    })
}
