//! Headers, read and written through a dialect: one by one here, in groups below.
//!
//! An absent header and an empty one are the same, because official clients send empty ones; the one
//! exception is the copy source. A semantic header that is there twice is refused: two readers might
//! take different ones.

mod encryption;
mod groups;

use std::fmt::Display;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cosette_types::{CopySource, ETag, Md5, StorageClass, Text, VersionId};
use http::header::{
    CONTENT_TYPE, ETAG, HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE,
};
use http::{HeaderMap, HeaderValue};

use crate::copy_source;
use crate::dialect::{Dialect, Field};
use crate::error::{Error, ErrorCode};
use crate::host;
use crate::message::Unreadable;

pub use encryption::{EncryptedWith, EncryptionHeaders, brings_customer_key};
pub use groups::ConditionsOn;
pub(crate) use groups::invalid_tag;

/// As many headers as a reply usually has, those included that every reply gets later.
const REPLY_HEADERS: usize = 24;
/// Least and most bits per second of a bandwidth limit.
const TRAFFIC_LIMIT: std::ops::RangeInclusive<u64> = 819_200..=838_860_800;

impl From<Error> for Unreadable {
    fn from(error: Error) -> Self {
        Self(error.message)
    }
}

impl From<cosette_types::Error> for Unreadable {
    fn from(error: cosette_types::Error) -> Self {
        Self(error.to_string())
    }
}

/// The headers of a request or a reply, to read.
#[derive(Debug, Clone, Copy)]
pub struct HeaderReader<'a> {
    headers: &'a HeaderMap,
    dialect: Dialect,
}

impl<'a> HeaderReader<'a> {
    /// Reads these headers as that dialect.
    pub const fn new(headers: &'a HeaderMap, dialect: Dialect) -> Self {
        Self { headers, dialect }
    }

    /// The bytes of a header by its lower-case name, outer blanks removed; `None` when it is absent
    /// or empty.
    ///
    /// # Errors
    /// `InvalidArgument` when it is there more than once.
    pub fn bytes(&self, name: &str) -> Result<Option<&'a [u8]>, Error> {
        Ok(self.present(name)?.filter(|bytes| !bytes.is_empty()))
    }

    /// As [`HeaderReader::bytes`], but an empty header is there.
    fn present(&self, name: &str) -> Result<Option<&'a [u8]>, Error> {
        let mut values = self.headers.get_all(name).iter();
        let first = values.next();
        if values.next().is_some() {
            return Err(Error::argument(format!(
                "The header {name} is there more than once."
            )));
        }
        Ok(first.map(|value| value.as_bytes().trim_ascii()))
    }

    /// The text of a header by its lower-case name.
    ///
    /// # Errors
    /// `InvalidArgument` when it is there more than once or is not UTF-8.
    pub fn text_of(&self, name: &str) -> Result<Option<&'a str>, Error> {
        let Some(bytes) = self.bytes(name)? else {
            return Ok(None);
        };
        let text = std::str::from_utf8(bytes);
        text.map(Some)
            .map_err(|_| Error::argument(format!("The header {name} is not UTF-8.")))
    }

    /// The text of a semantic header.
    ///
    /// # Errors
    /// As [`HeaderReader::text_of`].
    pub fn text(&self, field: Field) -> Result<Option<&'a str>, Error> {
        self.text_of(self.dialect.name(field))
    }

    /// A semantic header as the thing that it names.
    ///
    /// # Errors
    /// `InvalidArgument` when it cannot be read as one.
    pub fn parse<T>(&self, field: Field) -> Result<Option<T>, Error>
    where
        T: FromStr,
        T::Err: Display,
    {
        let name = self.dialect.name(field);
        let parse = |text: &str| {
            let text = self.dialect.cos_word(field, text);
            text.parse()
                .map_err(|why: T::Err| Error::argument(format!("The header {name}: {why}.")))
        };
        self.text_of(name)?.map(parse).transpose()
    }

    /// The storage class that a reply tells, also one of the service's own; STANDARD when it is not said.
    ///
    /// # Errors
    /// `InvalidArgument` when it is no name of a class.
    pub fn class_told(&self) -> Result<StorageClass, Error> {
        let name = self.dialect.name(Field::StorageClass);
        let told = |text: &str| {
            let word = self.dialect.cos_word(Field::StorageClass, text);
            StorageClass::told(word)
                .map_err(|why| Error::argument(format!("The header {name}: {why}.")))
        };
        Ok(self
            .text_of(name)?
            .map(told)
            .transpose()?
            .unwrap_or_default())
    }

    /// A header, by its lower-case name, as the thing that it names.
    ///
    /// # Errors
    /// `InvalidArgument` when it cannot be read as one.
    pub fn parse_of<T>(&self, name: &str) -> Result<Option<T>, Error>
    where
        T: FromStr,
        T::Err: Display,
    {
        let parse = |text: &str| {
            text.parse()
                .map_err(|why: T::Err| Error::argument(format!("The header {name}: {why}.")))
        };
        self.text_of(name)?.map(parse).transpose()
    }

    /// A header that is `true` or `false`; absent means `false`.
    ///
    /// # Errors
    /// `InvalidArgument` for any other value.
    pub fn flag(&self, field: Field) -> Result<bool, Error> {
        match self.text(field)? {
            None => Ok(false),
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(true),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(false),
            Some(_) => {
                let name = self.dialect.name(field);
                Err(Error::argument(format!(
                    "The header {name} is neither true nor false."
                )))
            }
        }
    }

    /// The copy source. Present but empty is an error: taken as absent, the request would store an
    /// empty object.
    ///
    /// # Errors
    /// `InvalidArgument` when it is absent, empty or not one.
    pub fn copy_source(&self) -> Result<CopySource, Error> {
        let name = self.dialect.name(Field::CopySource);
        let bytes = self.present(name)?.unwrap_or_default();
        if bytes.is_empty() {
            return Err(Error::argument(format!("The header {name} is empty.")));
        }
        let text = std::str::from_utf8(bytes);
        copy_source::parse_in(
            text.map_err(|_| Error::argument(format!("The header {name} is not UTF-8.")))?,
            self.dialect,
        )
    }

    /// The tag that a reply must name.
    ///
    /// # Errors
    /// When it is missing or not a tag.
    pub fn etag(&self) -> Result<ETag, Unreadable> {
        self.parse_of(ETAG.as_str())?
            .ok_or_else(|| Unreadable("the header ETag is missing".into()))
    }

    /// The version that a reply names.
    ///
    /// # Errors
    /// `InvalidArgument` when it is not a version id.
    pub fn version_id(&self) -> Result<Option<VersionId>, Error> {
        self.parse(Field::VersionId)
    }

    /// `Content-MD5`.
    ///
    /// # Errors
    /// `InvalidDigest` when it is not the base64 of 16 bytes.
    pub fn content_md5(&self) -> Result<Option<Md5>, Error> {
        let Some(bytes) = self.bytes(CONTENT_MD5)? else {
            return Ok(None);
        };
        let digest = STANDARD
            .decode(bytes)
            .ok()
            .and_then(|digest| digest.try_into().ok());
        digest
            .map(|digest| Some(Md5(digest)))
            .ok_or_else(|| Error::new(ErrorCode::InvalidDigest))
    }

    /// Refuses what would change the outcome of a write if it were not known: encryption, and a
    /// condition that is about reading.
    ///
    /// # Errors
    /// `NotImplemented`, naming the header; `InvalidArgument` for an impossible bandwidth limit.
    pub fn refuse_on_write(&self) -> Result<(), Error> {
        self.refuse_on_encrypted_write(EncryptionHeaders::None)
    }

    fn refuse_but_encryption(&self) -> Result<(), Error> {
        self.refuse([IF_MODIFIED_SINCE.as_str()])?;
        if let Some(name) = self.unknown() {
            return Err(not_implemented(name));
        }
        self.check_traffic_limit(None)
    }

    /// Refuses conditions on the target, where there is none yet.
    ///
    /// # Errors
    /// `NotImplemented`, naming the header.
    pub fn refuse_target_conditions(&self) -> Result<(), Error> {
        self.refuse([IF_MATCH, IF_NONE_MATCH, IF_UNMODIFIED_SINCE].map(|name| name.to_string()))
    }

    /// Refuses tags, where they could not be kept.
    ///
    /// # Errors
    /// `NotImplemented`, naming the header.
    pub fn refuse_tags(&self) -> Result<(), Error> {
        self.refuse([self.dialect.name(Field::Tagging)])
    }

    fn refuse(&self, names: impl IntoIterator<Item = impl AsRef<str>>) -> Result<(), Error> {
        for name in names {
            if self.bytes(name.as_ref())?.is_some() {
                return Err(not_implemented(name.as_ref()));
            }
        }
        Ok(())
    }

    /// As [`HeaderReader::refuse_on_write`], for reads: of the encryption headers they take a
    /// customer's key only.
    ///
    /// # Errors
    /// `SSEHeaderNotAllowed`; `InvalidArgument` for an impossible bandwidth limit.
    pub fn refuse_on_read(&self, limit_parameter: Option<&str>) -> Result<(), Error> {
        if let Some(name) = self.needless_encryption(EncryptionHeaders::Key) {
            let message = format!("The header {name} is not allowed on this request.");
            return Err(Error::with(ErrorCode::SSEHeaderNotAllowed, message));
        }
        if let Some(name) = self.unknown() {
            return Err(not_implemented(name));
        }
        self.check_traffic_limit(limit_parameter)
    }

    fn unknown(&self) -> Option<&'a str> {
        self.beginning_with(self.dialect.unknown_headers())
    }

    /// A header that is there and whose name begins so.
    fn beginning_with(&self, prefixes: &[&str]) -> Option<&'a str> {
        self.all_beginning_with(prefixes).next()
    }

    fn all_beginning_with(&self, prefixes: &[&str]) -> impl Iterator<Item = &'a str> {
        self.headers
            .iter()
            .filter(|(_, value)| !value.as_bytes().trim_ascii().is_empty())
            .map(|(name, _)| name.as_str())
            .filter(|name| prefixes.iter().any(|prefix| name.starts_with(prefix)))
    }

    /// A bandwidth limit is accepted when it is a possible one; a presigned address has it as a
    /// parameter.
    fn check_traffic_limit(&self, parameter: Option<&str>) -> Result<(), Error> {
        let name = self.dialect.name(Field::TrafficLimit);
        for text in self.text_of(name)?.into_iter().chain(parameter) {
            let limit = text
                .parse()
                .ok()
                .filter(|bits| TRAFFIC_LIMIT.contains(bits));
            limit.ok_or_else(|| {
                let (least, most) = (TRAFFIC_LIMIT.start(), TRAFFIC_LIMIT.end());
                Error::argument(format!("{name} is not a number from {least} to {most}."))
            })?;
        }
        Ok(())
    }
}

pub(crate) const CONTENT_MD5: &str = "content-md5";

pub(crate) fn not_implemented(what: &str) -> Error {
    Error::with(
        ErrorCode::NotImplemented,
        format!("{what} is not implemented."),
    )
}

/// The headers of a request or a reply, to write.
#[derive(Debug)]
pub struct HeaderWriter {
    headers: HeaderMap,
    dialect: Dialect,
}

impl HeaderWriter {
    /// No headers yet, in that dialect.
    pub fn new(dialect: Dialect) -> Self {
        Self {
            headers: HeaderMap::with_capacity(REPLY_HEADERS),
            dialect,
        }
    }

    /// A semantic header.
    #[must_use]
    pub fn with(mut self, field: Field, value: impl Display) -> Self {
        self.put(
            HeaderName::from_static(self.dialect.name(field)),
            self.dialect.word(field, value.to_string()).as_bytes(),
        );
        self
    }

    /// A semantic header, if there is a value.
    #[must_use]
    pub fn with_some(self, field: Field, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.with(field, value),
            None => self,
        }
    }

    /// A semantic header that is `true`, or absent.
    #[must_use]
    pub fn with_flag(self, field: Field, set: bool) -> Self {
        self.with_some(field, set.then_some("true"))
    }

    /// A header of HTTP.
    #[must_use]
    pub fn with_plain(mut self, name: HeaderName, value: impl Display) -> Self {
        self.put(name, value.to_string().as_bytes());
        self
    }

    /// A header whose value is kept byte for byte, if there is one.
    #[must_use]
    pub fn with_text(mut self, name: HeaderName, value: Option<&Text>) -> Self {
        if let Some(value) = value {
            self.put(name, value.as_bytes());
        }
        self
    }

    /// `Content-MD5`, if there is one.
    #[must_use]
    pub fn with_md5(self, md5: Option<Md5>) -> Self {
        match md5 {
            Some(md5) => {
                self.with_plain(HeaderName::from_static(CONTENT_MD5), STANDARD.encode(md5.0))
            }
            None => self,
        }
    }

    /// The type of a document.
    #[must_use]
    pub fn with_xml(self) -> Self {
        self.with_plain(CONTENT_TYPE, "application/xml")
    }

    /// The copy source, with every byte of the key escaped that a header or a query could change.
    #[must_use]
    pub fn with_copy_source(self, source: &CopySource) -> Self {
        let text = match self.dialect {
            Dialect::Cos => copy_source::print(source, host::VENDOR_SUFFIXES[0]),
            Dialect::S3 => copy_source::print_s3(source),
        };
        self.with(Field::CopySource, text)
    }

    /// The headers.
    pub fn done(self) -> HeaderMap {
        self.headers
    }

    fn put(&mut self, name: HeaderName, value: &[u8]) {
        let value = HeaderValue::from_bytes(value)
            .expect("every value comes from a type that holds no control character");
        self.headers.insert(name, value);
    }
}
