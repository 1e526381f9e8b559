//! What operations read from the target and the parameters of a request.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use cosette_types::{BucketName, ObjectKey, PartNumber, UploadId, VersionId, limits};
use http::{HeaderMap, Method};

use crate::dialect::Dialect;
use crate::error::{Error, ErrorCode};
use crate::message::{Query, Request, Target};

/// Names of parameters, as official clients spell them.
pub(super) const VERSION_ID: &str = "versionId";
pub(super) const UPLOAD_ID: &str = "uploadId";
pub(super) const PART_NUMBER: &str = "partNumber";
pub(super) const PREFIX: &str = "prefix";
pub(super) const DELIMITER: &str = "delimiter";
pub(super) const ENCODING_TYPE: &str = "encoding-type";

/// Longest prefix or marker that can be looked for: a page may end in the longest key.
const MARKER_BYTES_MAX: usize = limits::KEY_BYTES_MAX_S3;

impl Request {
    /// A request about a bucket.
    pub(super) fn of_bucket(
        method: Method,
        bucket: &BucketName,
        query: Query,
        headers: HeaderMap,
    ) -> Self {
        Self {
            method,
            target: Target::Bucket(bucket.clone()),
            query,
            headers,
            payload: None,
        }
    }

    /// A request about an object.
    pub(super) fn of_object(
        method: Method,
        (bucket, key): (&BucketName, &ObjectKey),
        query: Query,
        headers: HeaderMap,
    ) -> Self {
        let target = Target::Object(bucket.clone(), key.clone());
        Self {
            method,
            target,
            query,
            headers,
            payload: None,
        }
    }

    /// The bucket that it is about.
    pub(super) fn bucket(&self) -> Result<BucketName, Error> {
        match &self.target {
            Target::Bucket(bucket) => Ok(bucket.clone()),
            _ => Err(Error::with(
                ErrorCode::InvalidURI,
                "The request is not about a bucket.",
            )),
        }
    }

    /// The object that it is about.
    pub(super) fn object(&self) -> Result<(BucketName, ObjectKey), Error> {
        match &self.target {
            Target::Object(bucket, key) => Ok((bucket.clone(), key.clone())),
            _ => Err(Error::with(
                ErrorCode::InvalidURI,
                "The request names no object key.",
            )),
        }
    }
}

impl Query {
    /// The value of a parameter; one without a value is absent.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// A parameter as the thing that it names.
    pub(super) fn parse<T>(&self, name: &str) -> Result<Option<T>, Error>
    where
        T: FromStr,
        T::Err: Display,
    {
        let parse = |text: &str| {
            text.parse()
                .map_err(|why: T::Err| Error::argument(format!("The parameter {name}: {why}.")))
        };
        self.text(name).map(parse).transpose()
    }

    pub(super) fn version_id(&self) -> Result<Option<VersionId>, Error> {
        self.parse(VERSION_ID)
    }

    /// The upload that a request is about. An id that none can have is one that does not exist.
    pub(super) fn upload_id(&self) -> Result<UploadId, Error> {
        let missing = || Error::argument(format!("The parameter {UPLOAD_ID} is missing."));
        let text = self.get(UPLOAD_ID).ok_or_else(missing)?;
        text.parse()
            .map_err(|_| Error::new(ErrorCode::NoSuchUpload))
    }

    pub(super) fn part_number(&self) -> Result<PartNumber, Error> {
        let missing = || Error::argument(format!("The parameter {PART_NUMBER} is missing."));
        self.parse(PART_NUMBER)?.ok_or_else(missing)
    }

    /// A number within bounds.
    pub(super) fn number(
        &self,
        name: &str,
        bounds: RangeInclusive<u16>,
    ) -> Result<Option<u16>, Error> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        let number = text
            .parse()
            .ok()
            .filter(|number| digits && bounds.contains(number));
        number.map(Some).ok_or_else(|| {
            let (least, most) = bounds.into_inner();
            Error::argument(format!(
                "The parameter {name} is not a number from {least} to {most}."
            ))
        })
    }

    /// Most entries of a page of keys. S3 takes a larger number for the largest.
    pub(super) fn page_size(&self, name: &str, dialect: Dialect) -> Result<Option<u16>, Error> {
        let digits = |text: &str| text.len() < 10 && text.bytes().all(|b| b.is_ascii_digit());
        match self.text(name).filter(|_| dialect == Dialect::S3) {
            Some(text) if digits(text) => {
                let asked = text.parse().unwrap_or(limits::LIST_ENTRIES_MAX);
                Ok(Some(asked.min(limits::LIST_ENTRIES_MAX)))
            }
            _ => self.number(name, 0..=limits::LIST_ENTRIES_MAX),
        }
    }

    /// A prefix or marker of keys.
    pub(super) fn key_text(&self, name: &str) -> Result<Option<String>, Error> {
        match self.text(name) {
            Some(text) if text.len() > MARKER_BYTES_MAX => {
                let words =
                    format!("The parameter {name} is longer than {MARKER_BYTES_MAX} bytes.");
                Err(Error::with(ErrorCode::InvalidURI, words))
            }
            // No key holds it, and no document can repeat it to the caller.
            Some(text) if text.contains('\0') => {
                let words = format!("The parameter {name} holds a NUL character.");
                Err(Error::with(ErrorCode::InvalidURI, words))
            }
            text => Ok(text.map(str::to_owned)),
        }
    }

    pub(super) fn prefix(&self) -> Result<String, Error> {
        Ok(self.key_text(PREFIX)?.unwrap_or_default())
    }

    pub(super) fn delimiter(&self) -> Result<Option<char>, Error> {
        let Some(text) = self.text(DELIMITER) else {
            return Ok(None);
        };
        let mut characters = text.chars();
        match (characters.next(), characters.next()) {
            (Some(one), None) if one != '\0' => Ok(Some(one)),
            _ => Err(Error::new(ErrorCode::InvalidDelimiter)),
        }
    }

    /// Whether keys in the reply are to be percent-encoded.
    pub(super) fn encoded(&self) -> Result<bool, Error> {
        match self.text(ENCODING_TYPE) {
            None => Ok(false),
            Some("url") => Ok(true),
            Some(_) => Err(Error::argument(format!(
                "The parameter {ENCODING_TYPE} is not 'url'."
            ))),
        }
    }

    /// The parameters that all listings of keys share.
    #[must_use]
    pub(super) fn with_listing(self, prefix: &str, delimiter: Option<char>, encoded: bool) -> Self {
        self.with_some(PREFIX, Some(prefix).filter(|prefix| !prefix.is_empty()))
            .with_some(DELIMITER, delimiter)
            .with_some(ENCODING_TYPE, encoded.then_some("url"))
    }
}
