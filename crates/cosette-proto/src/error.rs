//! Errors as they travel: the table of codes, and the document that carries one.

use std::fmt;

use bytes::Bytes;
use http::StatusCode;

use crate::dialect::Dialect;
use crate::xml::{Element, Writer};

/// Declares the table of codes once: name, status, words, and whether the same request may succeed
/// when sent again.
macro_rules! codes {
    ($($code:ident $status:literal $retry:ident $message:literal,)*) => {
        /// A code of the protocol, as in `<Code>`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ErrorCode {
            $(#[doc = concat!("HTTP ", stringify!($status), ": `", $message, "`")] $code,)*
        }

        impl ErrorCode {
            /// All codes.
            pub const ALL: &'static [Self] = &[$(Self::$code,)*];

            /// The code's text.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$code => stringify!($code),)* }
            }

            /// The status it travels with.
            pub fn status(self) -> StatusCode {
                let number: u16 = match self { $(Self::$code => $status,)* };
                StatusCode::from_u16(number).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            }

            /// The words when nothing more precise is known.
            pub const fn message(self) -> &'static str {
                match self { $(Self::$code => $message,)* }
            }

            /// Whether the same request may succeed when it is sent again.
            pub const fn is_transient(self) -> bool {
                match self { $(Self::$code => codes!(@$retry),)* }
            }

            /// The code of that text.
            pub fn of(text: &str) -> Option<Self> {
                match text { $(stringify!($code) => Some(Self::$code),)* _ => None }
            }
        }
    };
    (@final) => { false };
    (@again) => { true };
}

codes! {
    AccessDenied 403 final "Access Denied.",
    AccessForbidden 403 final "The request is not allowed by the bucket's CORS rules.",
    AppendPositionErr 409 final "The position is not the length of the object.",
    AuthorizationHeaderMalformed 400 final "The authorization header you provided is invalid.",
    AuthorizationQueryParametersError 400 final "The signature parameters of the query are invalid.",
    BadDigest 400 final "The Content-MD5 you specified does not match what was received.",
    BucketAlreadyExists 409 final "The requested bucket name is already taken.",
    BucketAlreadyOwnedByYou 409 final "Your previous request to create the named bucket succeeded and you already own it.",
    BucketNotEmpty 409 final "The bucket you tried to delete is not empty: it holds objects, versions or unfinished uploads.",
    EntityTooLarge 400 final "Your proposed upload exceeds the maximum allowed object size",
    EntityTooSmall 400 final "A part other than the last one is smaller than the minimum part size.",
    ExpiredToken 400 final "The provided security token has expired.",
    FileAlreadyExists 409 final "The object exists already and the request forbids to overwrite it.",
    IncompleteBody 400 final "You did not provide the number of bytes specified by the Content-Length HTTP header.",
    IncorrectNumberOfFilesInPostRequest 400 final "POST requires exactly one file upload per request.",
    InsufficientStorage 503 again "There is no room left on the server's disk for this write; reads and deletes go on.",
    InternalError 500 again "We encountered an internal error. Please try again.",
    InvalidAccessKeyId 403 final "The Access Key Id you provided does not exist in our records.",
    InvalidArgument 400 final "Invalid argument.",
    InvalidBucketName 400 final "The specified bucket is not valid: it must be BucketName-APPID.",
    InvalidCopySource 400 final "The copy source is not legal.",
    InvalidDelimiter 400 final "The delimiter must be one character.",
    InvalidDigest 400 final "The Content-MD5 you specified is not valid.",
    InvalidObjectName 400 final "The specified object key is not legal.",
    InvalidObjectState 403 final "The operation is not valid for the object storage class.",
    InvalidPart 400 final "One or more of the specified parts could not be found, or its ETag does not match.",
    InvalidPartOrder 400 final "The list of parts was not in ascending order of part numbers.",
    InvalidPolicyDocument 400 final "The policy of the form is not one.",
    InvalidPartNumber 416 final "The requested part number is not satisfiable.",
    InvalidRange 416 final "The requested range is not satisfiable.",
    InvalidRegionName 400 final "The region is not a region's name.",
    InvalidRequest 400 final "Invalid request.",
    InvalidTag 400 final "The tags are not legal.",
    InvalidURI 400 final "The URI could not be parsed.",
    KeyTooLong 400 final "The object key, or the user metadata, is too long.",
    ListPartUploadIdIsEmpty 400 final "The upload ID is empty.",
    MalformedPOSTRequest 400 final "The body of your request is not well-formed multipart/form-data",
    MalformedPolicy 400 final "The policy is not one.",
    MalformedXML 400 final "The XML you provided was not well-formed or did not have the documented form.",
    MaxPostPreDataLengthExceededError 400 final "The fields of the form before its file are too large.",
    MetadataTooLarge 400 final "Your metadata headers exceed the maximum allowed metadata size.",
    MethodNotAllowed 405 final "The specified method is not allowed against this resource.",
    MissingContentLength 411 final "You must provide the Content-Length HTTP header.",
    MissingRequestBodyError 400 final "The request body is empty.",
    NoSuchBucket 404 final "The specified bucket does not exist.",
    NoSuchBucketPolicy 404 final "The bucket has no policy.",
    NoSuchCORSConfiguration 404 final "The bucket has no CORS rules.",
    NoSuchEncryptionConfiguration 404 final "The bucket has no default encryption.",
    NoSuchCopySource 404 final "The source of the copy does not exist.",
    NoSuchJob 404 final "There is no prefix job of this id into this bucket, or it ended long ago.",
    NoSuchKey 404 final "The specified key does not exist.",
    NoSuchLifecycleConfiguration 404 final "The bucket has no lifecycle rules.",
    NoSuchTagSet 404 final "The bucket has no tags.",
    NoSuchUpload 404 final "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
    NoSuchVersion 404 final "The specified version does not exist.",
    NotImplemented 501 final "A feature you requested is not implemented.",
    ObjectNotAppendable 409 final "The operation is not valid for the current state of the object.",
    OperationAborted 409 again "A conflicting operation is in progress against this resource. Please try again.",
    PathConflict 409 again "Another write of the same key is in progress. Please try again.",
    PathStyleDomainForbidden 403 final "Path-style access is not allowed; use <bucket>.<domain>.",
    PreconditionFailed 412 final "At least one of the preconditions you specified did not hold.",
    RequestHeaderTooLarge 431 final "The request's header section is too large.",
    RequestTimeout 400 again "Your socket connection to the server was not read from or written to within the timeout period.",
    RequestTimeTooSkewed 403 final "The difference between the request time and the server's time is too large.",
    RestoreAlreadyInProgress 409 final "The object is being restored already.",
    RestoreNonArchiveObject 405 final "The object is not archived: there is nothing to restore.",
    ServiceUnavailable 503 again "Please reduce your request rate.",
    SignatureDoesNotMatch 403 final "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
    SlowDown 503 again "Please reduce your request rate.",
    SSEHeaderNotAllowed 400 final "Server-side encryption headers are not allowed on this request.",
    SsecDecryptHeaderInvalid 400 final "The object is encrypted with a customer's key, and the request does not bring that key.",
    TooManyBuckets 400 final "You have attempted to create more buckets than allowed.",
    XAmzContentSHA256Mismatch 400 final "The provided SHA-256 of the body does not match what was computed.",
    XMLSizeLimit 400 final "The XML document is larger than allowed.",
}

impl ErrorCode {
    /// The text and status that a dialect has for it. Where the S3 dialect has no word of its own it
    /// takes that of COS.
    pub fn spelled(self, dialect: Dialect) -> (&'static str, StatusCode) {
        if dialect == Dialect::Cos {
            return (self.as_str(), self.status());
        }
        let text = match self {
            Self::FileAlreadyExists => return Self::PreconditionFailed.spelled(dialect),
            Self::PathConflict => Self::OperationAborted.as_str(),
            Self::NoSuchEncryptionConfiguration => "ServerSideEncryptionConfigurationNotFoundError",
            Self::KeyTooLong => "KeyTooLongError",
            Self::InvalidObjectName | Self::InvalidDelimiter | Self::InvalidCopySource => {
                Self::InvalidArgument.as_str()
            }
            Self::InvalidRegionName => "InvalidLocationConstraint",
            Self::ListPartUploadIdIsEmpty => Self::NoSuchUpload.as_str(),
            Self::NoSuchCopySource => Self::NoSuchKey.as_str(),
            Self::XMLSizeLimit => Self::MalformedXML.as_str(),
            other => other.as_str(),
        };
        (text, self.status())
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a request is refused: a code, and words for the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// The code.
    pub code: ErrorCode,
    /// The words; never empty.
    pub message: String,
}

impl Error {
    /// With the code's own words.
    pub fn new(code: ErrorCode) -> Self {
        Self::with(code, code.message())
    }

    /// With more precise words.
    pub fn with(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// An argument that is not what it should be.
    pub fn argument(message: impl Into<String>) -> Self {
        Self::with(ErrorCode::InvalidArgument, message)
    }
}

impl From<cosette_types::Error> for Error {
    fn from(error: cosette_types::Error) -> Self {
        Self::argument(error.to_string())
    }
}

impl From<crate::xml::Malformed> for Error {
    fn from(malformed: crate::xml::Malformed) -> Self {
        Self::with(
            ErrorCode::MalformedXML,
            format!("The XML is not readable: {}.", malformed.0),
        )
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Error {}

/// The document of an error, as it stands in a reply: also in one with status 200.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ErrorDocument {
    /// The code; a text, since other stores have codes of their own.
    pub code: String,
    /// Words.
    pub message: String,
    /// Host and path of the request, without scheme and query.
    pub resource: String,
    /// Names the request.
    pub request_id: String,
    /// For support.
    pub trace_id: String,
    /// The server's time, which some stores add when clocks differ.
    pub server_time: Option<String>,
}

impl ErrorDocument {
    /// The document as sent.
    pub fn encode(&self, dialect: Dialect) -> Bytes {
        let trace = match dialect {
            Dialect::Cos => "TraceId",
            Dialect::S3 => "HostId",
        };
        Writer::document("Error", |error| {
            error.text("Code", &self.code);
            error.text("Message", &self.message);
            error.text("Resource", &self.resource);
            error.text("RequestId", &self.request_id);
            error.text(trace, &self.trace_id);
            error.text_if("ServerTime", self.server_time.as_ref());
        })
    }

    /// The error in a reply's body: `Some` exactly when the root element is `Error`.
    pub fn read(payload: &[u8]) -> Option<Self> {
        // Nearly every reply is none, and would be read twice.
        memchr::memmem::find(payload, b"Error")?;
        let root = Element::parse(payload)
            .ok()
            .filter(|root| root.name == "Error")?;
        let text = |name| root.value(name).unwrap_or_default().to_owned();
        Some(Self {
            code: text("Code"),
            message: text("Message"),
            resource: text("Resource"),
            request_id: text("RequestId"),
            trace_id: match root.value("HostId") {
                Some(id) => id.to_owned(),
                None => text("TraceId"),
            },
            server_time: root.value("ServerTime").map(str::to_owned),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_status_and_words() {
        for code in ErrorCode::ALL {
            assert_eq!(ErrorCode::of(code.as_str()), Some(*code));
            assert!(code.status().is_client_error() || code.status().is_server_error());
            assert!(!code.message().is_empty());
        }
        assert_eq!(ErrorCode::InvalidRange.status().as_u16(), 416);
        assert_eq!(ErrorCode::of("NoSuchThing"), None);
    }

    #[test]
    fn the_document_is_told_by_its_root() {
        let document = ErrorDocument {
            code: "NoSuchKey".into(),
            message: "The <key> & more".into(),
            resource: "b-1.cos.ap-x.myqcloud.com/k".into(),
            request_id: "NWU3".into(),
            trace_id: "OGVm".into(),
            server_time: None,
        };
        for dialect in Dialect::ALL {
            assert_eq!(
                ErrorDocument::read(&document.encode(dialect)),
                Some(document.clone())
            );
        }
        let padded = [b"   \n".as_slice(), &document.encode(Dialect::Cos)].concat();
        assert_eq!(ErrorDocument::read(&padded), Some(document));
        assert_eq!(
            ErrorDocument::read(b"<CopyObjectResult><Error/></CopyObjectResult>"),
            None
        );
        assert_eq!(ErrorDocument::read(b"<html>502</html"), None);
    }
}
