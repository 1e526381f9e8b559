//! Why a request is refused: a code and words for the caller, the cause for the log.
//!
//! Facts of the store become codes here, in one `match` without a wildcard: a new fact does not
//! compile until someone chooses its answer.
#![deny(
    clippy::wildcard_enum_match_arm,
    clippy::match_wildcard_for_single_variants
)]

use std::fmt;

use cosette_proto::{Dialect, ErrorCode, Field};
use cosette_store::StageError;
use cosette_types::{Owner, StorageClass, VersionId};
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, StatusCode};

/// A refusal.
#[derive(Debug)]
pub(crate) struct Error {
    code: ErrorCode,
    message: String,
    /// What a reader of the log needs beyond the code; never sent.
    cause: Option<String>,
    /// The code that S3 has for it, where the dialects differ in what they say of a fact.
    in_s3: Option<ErrorCode>,
    /// Headers that tell more than the code, spelled as the answer's dialect will have it.
    headers: Vec<(Told, HeaderValue)>,
}

/// The name of a header.
#[derive(Debug, Clone)]
enum Told {
    Plain(HeaderName),
    Semantic(Field),
}

/// What a fact is about, where the same fact has two answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    /// The object of the request's path.
    Target,
    /// The object that a copy reads.
    Source,
}

impl Error {
    pub(crate) fn new(code: ErrorCode) -> Self {
        Self::with(code, code.message())
    }

    pub(crate) fn with(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            cause: None,
            in_s3: None,
            headers: Vec::new(),
        }
    }

    /// Something that is not the caller's doing: fixed words for him, the cause for the log.
    pub(crate) fn internal(cause: impl fmt::Display) -> Self {
        Self::new(ErrorCode::InternalError).because(cause)
    }

    fn because(mut self, cause: impl fmt::Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }

    fn header(mut self, field: Field, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((Told::Semantic(field), value));
        }
        self
    }

    fn marker(self, version_id: &VersionId) -> Self {
        self.header(Field::DeleteMarker, "true")
            .header(Field::VersionId, version_id.as_str())
    }

    /// The range of a read lies outside an object of `size` bytes.
    pub(crate) fn range(size: u64) -> Self {
        let mut error = Self::new(ErrorCode::InvalidRange);
        if let Ok(value) = HeaderValue::from_str(&format!("bytes */{size}")) {
            error
                .headers
                .push((Told::Plain(header::CONTENT_RANGE), value));
        }
        error
    }

    /// The object must be restored before it is read or copied.
    pub(crate) fn archived(class: StorageClass) -> Self {
        Self::new(ErrorCode::InvalidObjectState).header(Field::StorageClass, class.as_str())
    }

    pub(crate) const fn code(&self) -> ErrorCode {
        self.code
    }

    /// The code's text and status as a dialect has them.
    pub(crate) fn spelled(&self, dialect: Dialect) -> (&'static str, StatusCode) {
        let code = self.in_s3.filter(|_| dialect == Dialect::S3);
        code.unwrap_or(self.code).spelled(dialect)
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    pub(crate) fn headers(&self, dialect: Dialect) -> HeaderMap {
        let named = self.headers.iter().map(|(name, value)| {
            let name = match name {
                Told::Plain(name) => name.clone(),
                Told::Semantic(field) => HeaderName::from_static(dialect.name(*field)),
            };
            (name, value.clone())
        });
        named.collect()
    }

    /// The answer to a fact of the store.
    #[expect(
        clippy::too_many_lines,
        reason = "a table: a line or two for each fact"
    )]
    pub(crate) fn of_store(fact: cosette_store::Error, about: About) -> Self {
        use ErrorCode as Code;
        use cosette_store::Error as Fact;
        let words = fact.to_string();
        match fact {
            Fact::NoSuchBucket { .. } => Self::new(Code::NoSuchBucket),
            Fact::BucketExists { .. } => Self::new(Code::BucketAlreadyExists),
            Fact::BucketNotEmpty => Self::new(Code::BucketNotEmpty),
            Fact::Expired => Self::new(Code::ExpiredToken),
            Fact::NoSuchKey => Self::new(Code::NoSuchKey),
            Fact::KeyIsDeleted { version_id } => match about {
                About::Target => Self::new(Code::NoSuchKey).marker(&version_id),
                About::Source => Self::new(Code::NoSuchKey),
            },
            Fact::NoSuchVersion => Self::new(Code::NoSuchVersion),
            Fact::VersionIsDeleteMarker { version_id } => match about {
                About::Target => Self {
                    in_s3: Some(Code::MethodNotAllowed),
                    ..Self::new(Code::NoSuchVersion).marker(&version_id)
                },
                About::Source => Self::with(
                    Code::InvalidRequest,
                    "The version to copy is a delete marker.",
                ),
            },
            Fact::MalformedVersionId => Self::with(
                Code::InvalidArgument,
                "The version id is not one of this service.",
            ),
            Fact::NoSuchUpload => Self::new(Code::NoSuchUpload),
            Fact::InvalidPart { .. } | Fact::PartChecksumDiffers { .. } => {
                Self::with(Code::InvalidPart, sentence(&words))
            }
            Fact::ChecksumDiffers { .. } => Self::with(Code::BadDigest, sentence(&words)),
            Fact::ChecksumNotKnown { .. }
            | Fact::ChecksumTypeDiffers { .. }
            | Fact::ObjectSizeDiffers { .. } => Self::with(Code::InvalidRequest, sentence(&words)),
            Fact::InvalidPartOrder => Self::new(Code::InvalidPartOrder),
            Fact::NoPartsListed => Self::with(Code::MalformedXML, "The list of parts is empty."),
            Fact::PartTooSmall { .. } => Self::with(Code::EntityTooSmall, sentence(&words)),
            Fact::ObjectTooLarge { .. } | Fact::TooFragmented => {
                Self::with(Code::EntityTooLarge, sentence(&words))
            }
            Fact::PreconditionFailed | Fact::TargetPreconditionFailed => {
                Self::new(Code::PreconditionFailed)
            }
            Fact::AppendPosition { .. } => Self::with(Code::AppendPositionErr, sentence(&words)),
            Fact::NotAppendable => Self::new(Code::ObjectNotAppendable),
            Fact::Appendable => Self::with(Code::MethodNotAllowed, sentence(&words)),
            Fact::NotArchived { .. } => Self {
                in_s3: Some(Code::InvalidObjectState),
                ..Self::new(Code::RestoreNonArchiveObject)
            },
            Fact::RestoreUnderWay => Self::new(Code::RestoreAlreadyInProgress),
            Fact::NoSuchJob => Self::new(Code::NoSuchJob),
            Fact::PrefixesOverlap => Self::with(Code::InvalidRequest, sentence(&words)),
            Fact::TooManyJobs => Self::with(Code::SlowDown, sentence(&words)),
            Fact::SettingTooLarge { .. } => Self::with(Code::XMLSizeLimit, sentence(&words)),
            Fact::SelfCopyWithoutChange => Self::with(
                Code::InvalidRequest,
                "A copy of an object onto itself must change something: use the metadata directive \
                 Replaced, or give a storage class.",
            ),
            Fact::SelfMove => Self::with(
                Code::InvalidRequest,
                "An object cannot be moved onto itself.",
            ),
            Fact::Archived { class } => Self::archived(class),
            Fact::RangeBeyondEnd { .. } => Self::with(Code::InvalidArgument, sentence(&words)),
            Fact::ObjectExists => Self::new(Code::FileAlreadyExists),
            Fact::TokenReused => Self::with(
                Code::InvalidRequest,
                "The client token was used for another move, or is empty or too long.",
            ),
            Fact::CustomerKeyNeeded => Self {
                in_s3: Some(Code::InvalidRequest),
                ..Self::with(Code::SsecDecryptHeaderInvalid, sentence(&words))
            },
            Fact::CustomerKeyWrong => Self {
                in_s3: Some(Code::AccessDenied),
                ..Self::with(Code::SsecDecryptHeaderInvalid, sentence(&words))
            },
            Fact::CustomerKeyNotApplicable | Fact::TargetEncryptionNeeded => {
                Self::with(Code::InvalidRequest, sentence(&words))
            }
            // Which key is missing is no secret, and tells the operator what to bring back.
            Fact::NoEncryptionKey
            | Fact::EncryptionKeyMissing { .. }
            | Fact::EncryptionKeyDiffers { .. } => {
                Self::with(Code::InternalError, sentence(&words)).because(words)
            }
            Fact::Conflict => Self::new(Code::PathConflict),
            Fact::Full => Self::new(Code::InsufficientStorage),
            Fact::Poisoned | Fact::Corrupt { .. } | Fact::Io { .. } => Self::internal(words),
        }
    }

    /// The answer to a name of a bucket that is taken.
    pub(crate) fn of_new_bucket(fact: cosette_store::Error, maker: &Owner) -> Self {
        if matches!(&fact, cosette_store::Error::BucketExists { owner } if owner == maker) {
            return Self::new(ErrorCode::BucketAlreadyOwnedByYou);
        }
        fact.into()
    }

    /// The answer to bytes that were not taken in.
    pub(crate) fn of_stage(error: StageError<Self>) -> Self {
        match error {
            StageError::Stream(error) => error,
            StageError::Length { expected, received } => Self::with(
                ErrorCode::IncompleteBody,
                format!("{expected} bytes were announced, {received} came."),
            ),
            StageError::TooLarge { .. } => Self::new(ErrorCode::EntityTooLarge),
            StageError::Store(fact) => fact.into(),
        }
    }
}

/// The words of a fact as a sentence.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters
        .next()
        .map(|letter| letter.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}

impl From<cosette_store::Error> for Error {
    fn from(fact: cosette_store::Error) -> Self {
        Self::of_store(fact, About::Target)
    }
}

impl From<cosette_proto::Error> for Error {
    fn from(error: cosette_proto::Error) -> Self {
        Self::with(error.code, error.message)
    }
}

impl From<cosette_types::Error> for Error {
    fn from(error: cosette_types::Error) -> Self {
        cosette_proto::Error::from(error).into()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Error {}
