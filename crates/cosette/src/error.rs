//! What went wrong, and what the caller can do next.

use std::error::Error as StdError;
use std::fmt;

use cosette_proto::{ErrorCode, ErrorDocument, OperationName};
use cosette_types::UploadId;
use http::{HeaderMap, StatusCode};

use crate::reply;

/// What a caller can do about an error. Network errors and errors of the service are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An argument is missing or cannot be right. Nothing was sent.
    Invalid,
    /// The service was not reached, or the connection was lost.
    Network,
    /// Nothing was heard for longer than the client waits.
    Timeout,
    /// The service does not allow it: wrong keys, or a right that is missing.
    Denied,
    /// Something that the request names is not there.
    NotFound(Missing),
    /// A condition of the request did not hold; nothing was changed.
    PreconditionFailed,
    /// The object is archived; restore it, then read or copy it.
    Archived,
    /// The request contradicts what is there: it exists already, or is not empty.
    Conflict,
    /// The service asks for fewer requests.
    Throttled,
    /// The service failed (5xx), also after every retry.
    Unavailable,
    /// The service refuses the request as it is (other 4xx).
    Rejected,
    /// The reply is not what the operation answers with.
    Unreadable,
    /// The bytes that arrived are not those that were meant to: sizes or CRC-64s differ.
    Corrupt,
    /// A local file or stream could not be read or written.
    Local,
    /// A plan or journal is not as it was written.
    Damaged,
    /// Another process works on it.
    Busy,
}

/// What was not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Missing {
    /// `NoSuchBucket`
    Bucket,
    /// `NoSuchKey`, or a copy's source
    Key,
    /// `NoSuchVersion`
    Version,
    /// `NoSuchUpload`
    Upload,
    /// Something else, such as a setting that was never made.
    Other,
}

impl ErrorKind {
    /// The kind of an error reply.
    pub(crate) fn of(status: StatusCode, code: Option<&str>) -> Self {
        match (status.as_u16(), code) {
            (_, Some("InvalidObjectState")) => Self::Archived,
            (_, Some("SlowDown")) | (429, _) => Self::Throttled,
            (404, Some("NoSuchBucket")) => Self::NotFound(Missing::Bucket),
            (404, Some("NoSuchKey" | "NoSuchCopySource" | "NoSuchResource")) => {
                Self::NotFound(Missing::Key)
            }
            (404, Some("NoSuchVersion")) => Self::NotFound(Missing::Version),
            (404, Some("NoSuchUpload")) => Self::NotFound(Missing::Upload),
            (404, _) => Self::NotFound(Missing::Other),
            (401 | 403, _) => Self::Denied,
            (412 | 304, _) => Self::PreconditionFailed,
            (409, _) => Self::Conflict,
            (500..=599, _) => Self::Unavailable,
            // A 200 that carries an error document: the code alone tells.
            (200..=299, Some(code)) => match ErrorCode::of(code) {
                Some(known) if !known.status().is_success() => Self::of(known.status(), Some(code)),
                _ => Self::Unavailable,
            },
            _ => Self::Rejected,
        }
    }

    /// Its name, as journals and reports write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Network => "network",
            Self::Timeout => "timeout",
            Self::Denied => "denied",
            Self::NotFound(Missing::Bucket) => "no_such_bucket",
            Self::NotFound(Missing::Key) => "no_such_key",
            Self::NotFound(Missing::Version) => "no_such_version",
            Self::NotFound(Missing::Upload) => "no_such_upload",
            Self::NotFound(Missing::Other) => "not_found",
            Self::PreconditionFailed => "precondition_failed",
            Self::Archived => "archived",
            Self::Conflict => "conflict",
            Self::Throttled => "throttled",
            Self::Unavailable => "unavailable",
            Self::Rejected => "rejected",
            Self::Unreadable => "unreadable",
            Self::Corrupt => "corrupt",
            Self::Local => "local",
            Self::Damaged => "damaged",
            Self::Busy => "busy",
        }
    }

    /// What can be done about it, as a sentence.
    const fn advice(self) -> &'static str {
        match self {
            Self::Invalid => "correct the argument; nothing was sent",
            Self::Network => "check the endpoint and the network, then try again",
            Self::Timeout => "try again, or allow more time",
            Self::Denied => "check the credentials, the clock and the rights on both ends",
            Self::NotFound(Missing::Bucket) => "check the bucket's name and region",
            Self::NotFound(Missing::Upload) => {
                "the upload was completed, aborted or never begun; begin a new one"
            }
            Self::NotFound(_) => "check the name; names are case-sensitive",
            Self::PreconditionFailed => "nothing was changed; look at the object as it is now",
            Self::Archived => "restore the object, then read or copy it",
            Self::Conflict => "look at what is there now, then decide",
            Self::Throttled => "send fewer requests at a time",
            Self::Unavailable => "try again later; tell the request id to the service's people",
            Self::Rejected => "correct the request",
            Self::Unreadable => "check that the endpoint is a COS service",
            Self::Corrupt => "do not trust the copy; the source is untouched",
            Self::Local => "check the file or stream",
            Self::Damaged => "nothing was done; restore the file, or make a new plan",
            Self::Busy => "wait for the other process, or stop it",
        }
    }
}

/// An error of any call: what happened, to what, and what the service said.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    operation: Option<&'static str>,
    subject: String,
    status: Option<StatusCode>,
    headers: HeaderMap,
    code: Option<String>,
    message: String,
    attempts: u32,
    upload_id: Option<UploadId>,
    cause: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// What the caller can do about it.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The HTTP status of the deciding reply; `None` when there was no reply.
    pub fn status(&self) -> Option<u16> {
        self.0.status.map(|status| status.as_u16())
    }

    /// The headers of the deciding reply; empty when there was no reply.
    pub fn headers(&self) -> &HeaderMap {
        &self.0.headers
    }

    /// The service's code, such as `NoSuchKey`. A HEAD has no document: its code follows the status.
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// What happened, in words: the service's own if it answered.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The request's id, for the service's people.
    pub fn request_id(&self) -> Option<&str> {
        reply::request_id(&self.0.headers)
    }

    /// How often the request was sent.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// The operation, as the documents call it: `PutObjectCopy`.
    pub fn operation(&self) -> Option<&str> {
        self.0.operation
    }

    /// The bucket and key that the operation was about: `bucket/key`.
    pub fn subject(&self) -> &str {
        &self.0.subject
    }

    /// The upload that was kept for a later resume.
    pub fn upload_id(&self) -> Option<&UploadId> {
        self.0.upload_id.as_ref()
    }

    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            operation: None,
            subject: String::new(),
            status: None,
            headers: HeaderMap::new(),
            code: None,
            message: message.into(),
            attempts: 0,
            upload_id: None,
            cause: None,
        }))
    }

    /// A required argument that was left out.
    pub(crate) fn missing(argument: &str) -> Self {
        Self::new(
            ErrorKind::Invalid,
            format!("`{argument}` is required and was not given"),
        )
    }

    /// An argument that cannot be right.
    pub(crate) fn invalid(argument: &str, why: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Invalid, format!("`{argument}`: {why}"))
    }

    pub(crate) fn local(what: &str, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let cause = cause.into();
        Self::new(ErrorKind::Local, format!("{what}: {cause}")).with_cause(cause)
    }

    /// What an error reply says. `document` is `None` for HEAD and for replies without one.
    pub(crate) fn of_reply(
        status: StatusCode,
        headers: HeaderMap,
        document: Option<ErrorDocument>,
    ) -> Self {
        let (code, message) = match document {
            Some(document) => (Some(document.code), document.message),
            None => (
                None,
                format!("the service answered {status} without an error document"),
            ),
        };
        let mut error = Self::new(ErrorKind::of(status, code.as_deref()), message);
        error.0.status = Some(status);
        error.0.headers = headers;
        error.0.code = code;
        error
    }

    /// An error that the client knows the service would answer with, decided from a reply it has.
    pub(crate) fn decided(code: ErrorCode, headers: HeaderMap, message: impl Into<String>) -> Self {
        let mut error = Self::new(ErrorKind::of(code.status(), Some(code.as_str())), message);
        error.0.status = Some(code.status());
        error.0.headers = headers;
        error.0.code = Some(code.as_str().to_owned());
        error
    }

    pub(crate) fn with_cause(mut self, cause: Box<dyn StdError + Send + Sync>) -> Self {
        self.0.cause = Some(cause);
        self
    }

    pub(crate) fn with_reply(mut self, status: StatusCode, headers: HeaderMap) -> Self {
        self.0.status = Some(status);
        self.0.headers = headers;
        self
    }

    pub(crate) fn with_operation(mut self, operation: OperationName, subject: &str) -> Self {
        self.0.operation = Some(operation.as_str());
        subject.clone_into(&mut self.0.subject);
        self
    }

    /// About what it is, unless that is known already.
    pub(crate) fn about(mut self, subject: &str) -> Self {
        if self.0.subject.is_empty() {
            subject.clone_into(&mut self.0.subject);
        }
        self
    }

    pub(crate) fn with_attempts(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self
    }

    pub(crate) fn with_upload(mut self, upload_id: Option<UploadId>) -> Self {
        self.0.upload_id = upload_id;
        self
    }

    pub(crate) fn with_kind(mut self, kind: ErrorKind) -> Self {
        self.0.kind = kind;
        self
    }

    pub(crate) fn with_code(mut self, kind: ErrorKind, code: ErrorCode, message: &str) -> Self {
        self.0.kind = kind;
        self.0.code = Some(code.as_str().to_owned());
        message.clone_into(&mut self.0.message);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        match (inner.operation, inner.subject.as_str()) {
            (Some(operation), "") => write!(f, "{operation}: ")?,
            (Some(operation), subject) => write!(f, "{operation} of {subject}: ")?,
            (None, "") => {}
            (None, subject) => write!(f, "{subject}: ")?,
        }
        match (inner.status, &inner.code) {
            (Some(status), Some(code)) => write!(f, "{} {code}: ", status.as_u16())?,
            (Some(status), None) => write!(f, "{}: ", status.as_u16())?,
            (None, _) => {}
        }
        f.write_str(inner.message.trim_end_matches('.'))?;
        match (self.request_id(), inner.attempts) {
            (Some(id), 0 | 1) => write!(f, " (request id {id})")?,
            (Some(id), n) => write!(f, " (request id {id}, after {n} attempts)")?,
            (None, 0 | 1) => {}
            (None, n) => write!(f, " (after {n} attempts)")?,
        }
        if let Some(upload) = &inner.upload_id {
            write!(f, "; upload {upload} is kept")?;
        }
        write!(f, "; {}", inner.kind.advice())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0
            .cause
            .as_deref()
            .map(|cause| cause as &(dyn StdError + 'static))
    }
}
