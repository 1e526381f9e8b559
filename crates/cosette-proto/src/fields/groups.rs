//! Headers that belong together: metadata, ACL, preconditions.

use cosette_types::{
    AclHeaders, CannedAcl, ContentHeaders, ETagMatch, Grantee, Metadata, Preconditions, Tags, Text,
    Timestamp, UserMetadata, Why, limits,
};
use http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_TYPE, EXPIRES,
    HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE,
};

use super::{HeaderReader, HeaderWriter};
use crate::date;
use crate::dialect::{Dialect, Field};
use crate::error::{Error, ErrorCode};
use crate::percent;

/// What preconditions are about, which decides how their headers are called and how strictly their
/// dates are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConditionsOn {
    /// The object that is read: `If-Match` and so on. An unreadable date is ignored, as HTTP has it.
    Object,
    /// The source of a copy. An unreadable date is an error: no condition may be skipped.
    CopySource,
    /// The source of a move, read as strictly. COS calls its conditions like those of a copy.
    RenameSource,
}

impl ConditionsOn {
    /// If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since.
    fn names(self, dialect: Dialect) -> [HeaderName; 4] {
        match self {
            Self::Object => [
                IF_MATCH,
                IF_NONE_MATCH,
                IF_MODIFIED_SINCE,
                IF_UNMODIFIED_SINCE,
            ],
            Self::RenameSource if dialect == Dialect::S3 => [
                Field::RenameSourceIfMatch,
                Field::RenameSourceIfNoneMatch,
                Field::RenameSourceIfModifiedSince,
                Field::RenameSourceIfUnmodifiedSince,
            ]
            .map(|field| HeaderName::from_static(dialect.name(field))),
            Self::CopySource | Self::RenameSource => [
                Field::CopySourceIfMatch,
                Field::CopySourceIfNoneMatch,
                Field::CopySourceIfModifiedSince,
                Field::CopySourceIfUnmodifiedSince,
            ]
            .map(|field| HeaderName::from_static(dialect.name(field))),
        }
    }
}

/// The refusal of tags that are none.
pub(crate) fn invalid_tag(error: cosette_types::Error) -> Error {
    Error::with(ErrorCode::InvalidTag, error.to_string())
}

impl HeaderReader<'_> {
    /// The content headers and user metadata of a request that stores them.
    ///
    /// # Errors
    /// `KeyTooLong` when user metadata is larger than its limit, `InvalidArgument` for a value that
    /// no header may have or that is too long.
    pub fn metadata(&self) -> Result<Metadata, Error> {
        let metadata = self.metadata_of_reply()?;
        let ContentHeaders {
            cache_control,
            content_disposition,
            content_encoding,
            content_language,
            content_type,
            expires,
        } = &metadata.content;
        let all = [
            cache_control,
            content_disposition,
            content_encoding,
            content_language,
            content_type,
            expires,
        ];
        let bytes_max = limits::CONTENT_HEADER_BYTES_MAX;
        if all
            .into_iter()
            .flatten()
            .any(|text| text.as_bytes().len() > bytes_max)
        {
            return Err(Error::argument(format!(
                "A content header is longer than {bytes_max} bytes."
            )));
        }
        Ok(metadata)
    }

    /// The content headers and user metadata of a reply.
    ///
    /// # Errors
    /// As [`HeaderReader::metadata`], but content headers may be longer.
    pub fn metadata_of_reply(&self) -> Result<Metadata, Error> {
        let text = |name: HeaderName| -> Result<Option<Text>, Error> {
            let bytes = self.bytes(name.as_str())?;
            Ok(bytes.map(Text::from_bytes).transpose()?)
        };
        let content = ContentHeaders {
            cache_control: text(CACHE_CONTROL)?,
            content_disposition: text(CONTENT_DISPOSITION)?,
            content_encoding: text(CONTENT_ENCODING)?,
            content_language: text(CONTENT_LANGUAGE)?,
            content_type: text(CONTENT_TYPE)?,
            expires: text(EXPIRES)?,
        };
        let mut user = UserMetadata::new();
        for name in self.headers.keys() {
            let Some(suffix) = name.as_str().strip_prefix(self.dialect.metadata_prefix()) else {
                continue;
            };
            let Some(value) = text(name.clone())? else {
                continue;
            };
            user.insert(suffix, value)
                .map_err(|error| match error.why {
                    Why::TooLong { limit } => Error::with(
                        match self.dialect {
                            Dialect::Cos => ErrorCode::KeyTooLong,
                            Dialect::S3 => ErrorCode::MetadataTooLarge,
                        },
                        format!("Your user metadata is larger than {limit} bytes."),
                    ),
                    _ => Error::from(error),
                })?;
        }
        Ok(Metadata { content, user })
    }

    /// The ACL headers of a request about an object.
    ///
    /// # Errors
    /// `InvalidArgument` for an ACL that no object has, or a grantee of no known form.
    pub fn acl_of_object(&self) -> Result<AclHeaders, Error> {
        self.acl(CannedAcl::is_for_objects)
    }

    /// The ACL headers of a request about a bucket.
    ///
    /// # Errors
    /// `InvalidArgument` for an ACL that no bucket has, or a grantee of no known form.
    pub fn acl_of_bucket(&self) -> Result<AclHeaders, Error> {
        self.acl(CannedAcl::is_for_buckets)
    }

    fn acl(&self, is_legal: impl Fn(CannedAcl) -> bool) -> Result<AclHeaders, Error> {
        let canned = self.parse::<CannedAcl>(Field::Acl)?;
        if let Some(acl) = canned.filter(|acl| !is_legal(*acl)) {
            let message = format!("The ACL {acl} does not exist for this kind of resource.");
            return Err(Error::argument(message));
        }
        let grantees = |field| -> Result<Vec<Grantee>, Error> {
            let read = match self.dialect {
                Dialect::Cos => Grantee::parse_list,
                Dialect::S3 => Grantee::parse_list_s3,
            };
            let list = self.text(field)?.map(read).transpose()?;
            Ok(list.unwrap_or_default())
        };
        Ok(AclHeaders {
            canned,
            read: grantees(Field::GrantRead)?,
            write: grantees(Field::GrantWrite)?,
            read_acp: grantees(Field::GrantReadAcp)?,
            write_acp: grantees(Field::GrantWriteAcp)?,
            full_control: grantees(Field::GrantFullControl)?,
        })
    }

    /// Conditions on what a write replaces or removes. No condition may be skipped, so a date that
    /// is none is an error.
    ///
    /// # Errors
    /// `InvalidArgument` for a tag or a date that is none.
    pub fn target_conditions(&self) -> Result<Preconditions, Error> {
        let until = match self.text_of(IF_UNMODIFIED_SINCE.as_str())? {
            Some(text) => Some(date::parse_condition(text).ok_or_else(|| {
                Error::argument(format!(
                    "The header {IF_UNMODIFIED_SINCE} is not an HTTP date."
                ))
            })?),
            None => None,
        };
        Ok(Preconditions {
            if_match: self.parse_of(IF_MATCH.as_str())?,
            if_none_match: self.parse_of(IF_NONE_MATCH.as_str())?,
            if_modified_since: None,
            if_unmodified_since: until,
        })
    }

    /// The tags of an object that is written: `k1=v1&k2=v2`, each side percent-encoded.
    ///
    /// # Errors
    /// `InvalidTag` for tags that no object may have.
    pub fn tags(&self) -> Result<Tags, Error> {
        self.all_tags()?.for_object().map_err(invalid_tag)
    }

    /// The tags of a bucket that is made, written likewise.
    ///
    /// # Errors
    /// `InvalidTag` for tags that no bucket may have.
    pub fn tags_of_bucket(&self) -> Result<Tags, Error> {
        self.all_tags()?.for_bucket().map_err(invalid_tag)
    }

    fn all_tags(&self) -> Result<Tags, Error> {
        let mut tags = Tags::new();
        let pairs = self.text(Field::Tagging)?.unwrap_or_default().split('&');
        for pair in pairs.filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let bad = || {
                Error::with(
                    ErrorCode::InvalidTag,
                    "The tags are not percent-encoded text.",
                )
            };
            let key = percent::decode_query(key).ok_or_else(bad)?;
            let value = percent::decode_query(value).ok_or_else(bad)?;
            tags.insert(&key, &value).map_err(invalid_tag)?;
        }
        Ok(tags)
    }

    /// Preconditions, on what is read or on the source of a copy.
    ///
    /// # Errors
    /// `InvalidArgument` for a tag that is none and, on a copy's source, a date that is none.
    pub fn preconditions(&self, on: ConditionsOn) -> Result<Preconditions, Error> {
        let [if_match, if_none_match, modified, unmodified] = on.names(self.dialect);
        let tags = |name: HeaderName| self.parse_of::<ETagMatch>(name.as_str());
        let date = |name: HeaderName| -> Result<Option<Timestamp>, Error> {
            if on == ConditionsOn::Object {
                let text = self
                    .bytes(name.as_str())?
                    .and_then(|b| std::str::from_utf8(b).ok());
                return Ok(text.and_then(date::parse_http));
            }
            let Some(text) = self.text_of(name.as_str())? else {
                return Ok(None);
            };
            let none = || Error::argument(format!("The header {name} is not an HTTP date."));
            date::parse_condition(text).map(Some).ok_or_else(none)
        };
        Ok(Preconditions {
            if_match: tags(if_match)?,
            if_none_match: tags(if_none_match)?,
            if_modified_since: date(modified)?,
            if_unmodified_since: date(unmodified)?,
        })
    }
}

impl HeaderWriter {
    /// Content headers and user metadata.
    #[must_use]
    pub fn with_metadata(self, metadata: &Metadata) -> Self {
        let Metadata { content, user } = metadata;
        let mut writer = self
            .with_text(CACHE_CONTROL, content.cache_control.as_ref())
            .with_text(CONTENT_DISPOSITION, content.content_disposition.as_ref())
            .with_text(CONTENT_ENCODING, content.content_encoding.as_ref())
            .with_text(CONTENT_LANGUAGE, content.content_language.as_ref())
            .with_text(CONTENT_TYPE, content.content_type.as_ref())
            .with_text(EXPIRES, content.expires.as_ref());
        for (suffix, value) in user.iter() {
            let name = format!("{}{suffix}", writer.dialect.metadata_prefix());
            let name = HeaderName::try_from(name)
                .expect("names of user metadata hold letters, digits, '-', '_' and '.' only");
            writer = writer.with_text(name, Some(value));
        }
        writer
    }

    /// An ACL.
    #[must_use]
    pub fn with_acl(self, acl: &AclHeaders) -> Self {
        let grants = [
            (Field::GrantRead, &acl.read),
            (Field::GrantWrite, &acl.write),
            (Field::GrantReadAcp, &acl.read_acp),
            (Field::GrantWriteAcp, &acl.write_acp),
            (Field::GrantFullControl, &acl.full_control),
        ];
        grants
            .into_iter()
            .filter(|(_, grantees)| !grantees.is_empty())
            .fold(
                self.with_some(Field::Acl, acl.canned),
                |writer, (field, grantees)| writer.with(field, Grantee::print_list(grantees)),
            )
    }

    /// Conditions on what a write replaces or removes.
    #[must_use]
    pub fn with_target_conditions(self, conditions: &Preconditions) -> Self {
        let conditions = Preconditions {
            if_modified_since: None,
            ..conditions.clone()
        };
        self.with_preconditions(&conditions, ConditionsOn::Object)
    }

    /// Tags, if there are any.
    #[must_use]
    pub fn with_tags(self, tags: &Tags) -> Self {
        let pair = |(key, value)| format!("{}={}", percent::encode(key), percent::encode(value));
        let pairs: Vec<_> = tags.iter().map(pair).collect();
        self.with_some(Field::Tagging, (!tags.is_empty()).then(|| pairs.join("&")))
    }

    /// Preconditions, on what is read or on the source of a copy.
    #[must_use]
    pub fn with_preconditions(self, conditions: &Preconditions, on: ConditionsOn) -> Self {
        let [if_match, if_none_match, modified, unmodified] = on.names(self.dialect);
        let values = [
            (
                if_match,
                conditions.if_match.as_ref().map(ETagMatch::to_string),
            ),
            (
                if_none_match,
                conditions.if_none_match.as_ref().map(ETagMatch::to_string),
            ),
            (modified, conditions.if_modified_since.map(date::rfc1123)),
            (
                unmodified,
                conditions.if_unmodified_since.map(date::rfc1123),
            ),
        ];
        values
            .into_iter()
            .fold(self, |writer, (name, value)| match value {
                Some(value) => writer.with_plain(name, value),
                None => writer,
            })
    }
}
