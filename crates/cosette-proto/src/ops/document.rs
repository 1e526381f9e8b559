//! What operations share in reading and writing their documents and their empty replies.

use std::borrow::Cow;
use std::fmt::Display;
use std::str::FromStr;

use bytes::Bytes;
use cosette_types::{
    AppId, BucketName, ETag, Md5, ObjectKey, Owner, StorageClass, Timestamp, VersionId,
};
use http::{HeaderMap, Method, StatusCode};
use md5::Digest;

use crate::date;
use crate::dialect::{Dialect, Field};
use crate::error::{Error, ErrorCode};
use crate::fields::{HeaderReader, HeaderWriter};
use crate::message::{Query, Reply, Request, Unreadable};
use crate::percent;
use crate::xml::{Element, Writer};

/// The digest of a document.
fn md5_of(document: &[u8]) -> Md5 {
    Md5(md5::Md5::digest(document).into())
}

impl Request {
    /// About one of a bucket's settings, which its query names: `?cors`, `?policy`.
    pub(super) fn of_setting(
        method: Method,
        bucket: &BucketName,
        name: &'static str,
        dialect: Dialect,
    ) -> Self {
        let headers = HeaderWriter::new(dialect).done();
        Self::of_bucket(method, bucket, Query::new().with(name, ""), headers)
    }

    /// With a document, and the headers that say which bytes it has.
    #[must_use]
    pub(super) fn with_document(mut self, document: Bytes, dialect: Dialect) -> Self {
        let headers = HeaderWriter::new(dialect)
            .with_xml()
            .with_md5(Some(md5_of(&document)));
        self.headers.extend(headers.done());
        self.payload = Some(document);
        self
    }

    /// The document; no bytes are none.
    pub(super) fn document(&self) -> Option<&Bytes> {
        self.payload.as_ref().filter(|payload| !payload.is_empty())
    }

    /// The document, if it is the one that its digest is of.
    pub(super) fn checked_document(&self, dialect: Dialect) -> Result<Option<&Bytes>, Error> {
        let Some(document) = self.document() else {
            return Ok(None);
        };
        let wanted = HeaderReader::new(&self.headers, dialect).content_md5()?;
        if wanted.is_some_and(|wanted| wanted != md5_of(document)) {
            return Err(Error::new(ErrorCode::BadDigest));
        }
        Ok(Some(document))
    }

    /// The root of the request's document, which must be there and have that name.
    pub(super) fn root(&self, name: &str, dialect: Dialect) -> Result<Element, Error> {
        let missing = || Error::new(ErrorCode::MissingRequestBodyError);
        let document = self.checked_document(dialect)?.ok_or_else(missing)?;
        let root = Element::rooted(document, name)?;
        if let Some(twice) = root.repeated(REPEATABLE) {
            return Err(malformed(format!("{twice} is given more than once.")));
        }
        Ok(root)
    }
}

impl Element {
    /// A document whose root element has that name.
    pub(super) fn rooted(document: &[u8], name: &str) -> Result<Self, Error> {
        let root = Self::parse(document)?;
        if root.name == name {
            Ok(root)
        } else {
            Err(malformed(format!("The root element is not {name}.")))
        }
    }
}

/// Elements that hold a text and may stand several times beside each other in a request.
const REPEATABLE: &[&str] = &[
    "AllowedHeader",
    "AllowedMethod",
    "AllowedOrigin",
    "ExposeHeader",
];

pub(super) fn malformed(words: impl Into<String>) -> Error {
    Error::with(ErrorCode::MalformedXML, words)
}

/// The message that takes one of a bucket's settings away: it has the bucket alone, and its reply
/// is empty.
macro_rules! removes_setting {
    ($message:ident, $setting:expr) => {
        impl Message for $message {
            const NAME: OperationName = OperationName::$message;
            type Reply = ();

            fn encode(&self, dialect: Dialect) -> Request {
                Request::of_setting(Method::DELETE, &self.bucket, $setting, dialect)
            }

            fn decode(request: &Request, _: Dialect) -> Result<Self, Error> {
                Ok(Self {
                    bucket: request.bucket()?,
                })
            }

            fn encode_reply((): &(), dialect: Dialect) -> Reply {
                Reply::empty(StatusCode::NO_CONTENT, HeaderWriter::new(dialect).done())
            }

            fn decode_reply(_: &Reply, _: Dialect) -> Result<(), Unreadable> {
                Ok(())
            }
        }
    };
}
pub(super) use removes_setting;

impl Reply {
    /// A reply without a document.
    pub(super) const fn empty(status: StatusCode, headers: HeaderMap) -> Self {
        Self {
            status,
            headers,
            payload: None,
        }
    }

    /// A reply whose document says it all.
    pub(super) fn document(document: Bytes, headers: HeaderWriter) -> Self {
        Self {
            status: StatusCode::OK,
            headers: headers.with_xml().done(),
            payload: Some(document),
        }
    }

    /// The root of the reply's document, which must have that name.
    pub(super) fn root(&self, name: &str) -> Result<Element, Unreadable> {
        let payload = self.payload.as_deref().unwrap_or_default();
        let root = Element::parse(payload).map_err(|malformed| Unreadable(malformed.0))?;
        if root.name == name {
            Ok(root)
        } else {
            Err(Unreadable(format!(
                "the root element is {}, not {name}",
                root.name
            )))
        }
    }
}

/// Reading a reply's elements.
impl Element {
    /// The thing that a child element names; `None` when it is absent or empty.
    pub(super) fn parse_some<T>(&self, name: &str) -> Result<Option<T>, Unreadable>
    where
        T: FromStr,
        T::Err: Display,
    {
        let parse = |text: &str| {
            text.parse()
                .map_err(|why: T::Err| Unreadable(format!("{name}: {why}")))
        };
        self.value(name).map(parse).transpose()
    }

    /// The thing that a child element names, which must be there.
    pub(super) fn parse_child<T>(&self, name: &str) -> Result<T, Unreadable>
    where
        T: FromStr,
        T::Err: Display,
    {
        self.parse_some(name)?
            .ok_or_else(|| Unreadable(format!("{name} is missing")))
    }

    /// A key of either dialect, with the blanks at its ends.
    pub(super) fn key(&self, name: &str) -> Result<ObjectKey, Unreadable> {
        KeyCoding { encoded: false }.key(self, name)
    }

    /// A storage class, as either dialect calls it, also one of the service's own; STANDARD when it is not
    /// said.
    pub(super) fn class(&self) -> Result<StorageClass, Unreadable> {
        let text = self.value("StorageClass").unwrap_or_default();
        if text.is_empty() {
            return Ok(StorageClass::Standard);
        }
        let word = Dialect::S3.cos_word(Field::StorageClass, text);
        StorageClass::told(word).map_err(|why| Unreadable(format!("StorageClass: {why}")))
    }

    /// A bucket's name in either dialect.
    pub(super) fn bucket(&self, name: &str) -> Result<BucketName, Unreadable> {
        let text = self.value(name).unwrap_or_default();
        Ok(BucketName::parse_s3(text)?)
    }

    /// A date in any shape that is known.
    pub(super) fn date(&self, name: &str) -> Result<Timestamp, Unreadable> {
        let text = self.value(name).unwrap_or_default();
        date::parse(text).ok_or_else(|| Unreadable(format!("{name} is not a date: {text}")))
    }

    /// `true` or `false`; absent means `false`.
    pub(super) fn truth(&self, name: &str) -> Result<bool, Unreadable> {
        match self.value(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(Unreadable(format!("{name} is neither true nor false"))),
        }
    }

    /// The account number of a listing's owner; one of another form is not told.
    pub(super) fn list_owner(&self, name: &str) -> Option<AppId> {
        self.child(name)?.value("ID")?.parse().ok()
    }

    /// A user; one of another form is not told.
    pub(super) fn user(&self, name: &str) -> Option<Owner> {
        self.child(name)?.value("ID")?.parse().ok()
    }
}

/// Writing a document's elements.
impl Writer {
    /// An owner as listings write it: the account number, twice.
    pub(super) fn list_owner(&mut self, owner: Option<&AppId>) {
        if let Some(owner) = owner {
            self.element("Owner", |element| {
                element.text("ID", owner);
                element.text("DisplayName", owner);
            });
        }
    }

    /// A user, whose display name is the id.
    pub(super) fn user(&mut self, name: &str, user: &Owner) {
        self.element(name, |element| {
            element.text("ID", user);
            element.text("DisplayName", user);
        });
    }

    /// A storage class, as the dialect calls it.
    pub(super) fn class(&mut self, class: StorageClass) {
        self.text("StorageClass", self.dialect().class_name(&class));
    }

    /// A version's id in a listing. Where there never was versioning COS leaves it empty, and S3 has a
    /// word.
    pub(super) fn listed_version(&mut self, id: Option<&VersionId>) {
        let none = match self.dialect() {
            Dialect::Cos => "",
            Dialect::S3 => VersionId::NULL,
        };
        self.text("VersionId", id.map_or(none, VersionId::as_str));
    }

    /// Who began an upload: the display name is the user's own number.
    pub(super) fn initiator(&mut self, user: Option<&Owner>) {
        if let Some(user) = user {
            self.element("Initiator", |element| {
                element.text("ID", user);
                element.text("DisplayName", user.sub_uin());
            });
        }
    }

    /// Folded prefixes.
    pub(super) fn common_prefixes(&mut self, prefixes: &[String], coding: KeyCoding) {
        for prefix in prefixes {
            self.element("CommonPrefixes", |element| {
                element.text("Prefix", coding.write(prefix))
            });
        }
    }

    /// An ETag, with its quotes written literally as the results of copies have them.
    pub(super) fn etag(&mut self, etag: &ETag) {
        self.text_with_quotes("ETag", etag);
    }
}

/// How keys stand in a listing: plainly, or percent-encoded with `/` kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeyCoding {
    pub(super) encoded: bool,
}

impl KeyCoding {
    /// The coding that a listing says it has. The name of that element is spelled in three ways.
    pub(super) fn of(root: &Element) -> Self {
        let named = ["EncodingType", "Encoding-Type", "Encoding-type"];
        let said = named.iter().find_map(|name| root.value(name));
        Self {
            encoded: said.is_some_and(|coding| coding.eq_ignore_ascii_case("url")),
        }
    }

    /// The text as it stands in the document.
    pub(super) fn write(self, text: &str) -> Cow<'_, str> {
        if self.encoded {
            Cow::Owned(percent::encode_path(text))
        } else {
            Cow::Borrowed(text)
        }
    }

    fn read(self, name: &str, text: &str) -> Result<String, Unreadable> {
        if !self.encoded {
            return Ok(text.to_owned());
        }
        let bad = || Unreadable(format!("{name} is not percent-encoded text"));
        percent::decode(text).ok_or_else(bad)
    }

    /// The text of a child element; empty when it is absent.
    pub(super) fn text(self, element: &Element, name: &str) -> Result<String, Unreadable> {
        self.read(name, element.child_text(name).unwrap_or_default())
    }

    /// The text of a child element; `None` when it is absent or empty.
    pub(super) fn some(self, element: &Element, name: &str) -> Result<Option<String>, Unreadable> {
        Ok(Some(self.text(element, name)?).filter(|text| !text.is_empty()))
    }

    /// A child element as a key of either dialect.
    pub(super) fn key(self, element: &Element, name: &str) -> Result<ObjectKey, Unreadable> {
        let text = self.text(element, name)?;
        ObjectKey::parse_s3(&text).map_err(|why| Unreadable(format!("{name}: {why}")))
    }

    /// The delimiter; more than one character cannot be.
    pub(super) fn delimiter(self, root: &Element) -> Result<Option<char>, Unreadable> {
        let text = self.text(root, "Delimiter")?;
        let mut characters = text.chars();
        match (characters.next(), characters.next()) {
            (one, None) => Ok(one),
            _ => Err(Unreadable("Delimiter is not one character".into())),
        }
    }

    /// The folded prefixes.
    pub(super) fn common_prefixes(self, root: &Element) -> Result<Vec<String>, Unreadable> {
        root.children("CommonPrefixes")
            .map(|element| self.text(element, "Prefix"))
            .collect()
    }
}
