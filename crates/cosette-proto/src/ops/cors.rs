//! PUT, GET and DELETE Bucket cors, and OPTIONS, with which a browser asks before it lets a page of
//! another origin send a request.

use std::fmt::Display;
use std::str::FromStr;

use cosette_types::{BucketName, CorsMethod, CorsRule, ObjectKey};
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, HeaderName, ORIGIN, VARY,
};
use http::{Method, StatusCode};

use super::OperationName;
use super::document::{malformed, removes_setting};
use crate::dialect::Dialect;
use crate::error::{Error, ErrorCode};
use crate::fields::{HeaderReader, HeaderWriter};
use crate::limits;
use crate::message::{Message, Query, Reply, Request, Target, Unreadable};
use crate::xml::{Element, Writer};

const CORS: &str = "cors";
const ROOT: &str = "CORSConfiguration";

/// The rules of a bucket; the first that matches a request decides.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CorsConfiguration {
    /// The rules in order.
    pub rules: Vec<CorsRule>,
    /// Whether every reply says that it varies with the origin.
    pub vary: bool,
}

/// Replaces a bucket's rules. The reply is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutBucketCors {
    /// The bucket.
    pub bucket: BucketName,
    /// The rules it has from then on.
    pub configuration: CorsConfiguration,
}

/// Asks for a bucket's rules; one without any is `NoSuchCORSConfiguration`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetBucketCors {
    /// The bucket.
    pub bucket: BucketName,
}

/// Removes a bucket's rules. The reply is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteBucketCors {
    /// The bucket.
    pub bucket: BucketName,
}

/// Asks whether a page of an origin may send a request. Needs no signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionsObject {
    /// The bucket.
    pub bucket: BucketName,
    /// The key that the request will be about; none for one about the bucket.
    pub key: Option<ObjectKey>,
    /// Where the page is from.
    pub origin: String,
    /// The method it will use.
    pub method: String,
    /// The headers it will send.
    pub headers: Vec<String>,
}

/// What a page may do; a refusal is an error instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionsObjectReply {
    /// `*`, or the origin that asked.
    pub allow_origin: String,
    /// All methods of the rule.
    pub allow_methods: Vec<CorsMethod>,
    /// The headers that were asked for.
    pub allow_headers: Vec<String>,
    /// Reply headers that the page may read.
    pub expose_headers: Vec<String>,
    /// How long the answer may be remembered.
    pub max_age_secs: Option<u32>,
}

impl Message for PutBucketCors {
    const NAME: OperationName = OperationName::PutBucketCors;
    type Reply = ();

    fn encode(&self, dialect: Dialect) -> Request {
        Request::of_setting(Method::PUT, &self.bucket, CORS, dialect)
            .with_document(self.configuration.document(), dialect)
    }

    fn decode(request: &Request, dialect: Dialect) -> Result<Self, Error> {
        let configuration = CorsConfiguration::read(&request.root(ROOT, dialect)?)?;
        configuration.check()?;
        Ok(Self {
            bucket: request.bucket()?,
            configuration,
        })
    }

    fn encode_reply((): &(), dialect: Dialect) -> Reply {
        Reply::empty(StatusCode::OK, HeaderWriter::new(dialect).done())
    }

    fn decode_reply(_: &Reply, _: Dialect) -> Result<(), Unreadable> {
        Ok(())
    }
}

impl Message for GetBucketCors {
    const NAME: OperationName = OperationName::GetBucketCors;
    type Reply = CorsConfiguration;

    fn encode(&self, dialect: Dialect) -> Request {
        Request::of_setting(Method::GET, &self.bucket, CORS, dialect)
    }

    fn decode(request: &Request, _: Dialect) -> Result<Self, Error> {
        Ok(Self {
            bucket: request.bucket()?,
        })
    }

    fn encode_reply(reply: &CorsConfiguration, dialect: Dialect) -> Reply {
        Reply::document(reply.document(), HeaderWriter::new(dialect))
    }

    fn decode_reply(reply: &Reply, _: Dialect) -> Result<CorsConfiguration, Unreadable> {
        Ok(CorsConfiguration::read(&reply.root(ROOT)?)?)
    }
}

removes_setting!(DeleteBucketCors, CORS);

impl Message for OptionsObject {
    const NAME: OperationName = OperationName::OptionsObject;
    type Reply = OptionsObjectReply;

    fn encode(&self, dialect: Dialect) -> Request {
        let headers = HeaderWriter::new(dialect)
            .with_plain(ORIGIN, &self.origin)
            .with_plain(ACCESS_CONTROL_REQUEST_METHOD, &self.method)
            .with_list(ACCESS_CONTROL_REQUEST_HEADERS, &self.headers);
        let target = match &self.key {
            Some(key) => Target::Object(self.bucket.clone(), key.clone()),
            None => Target::Bucket(self.bucket.clone()),
        };
        Request {
            method: Method::OPTIONS,
            target,
            query: Query::new(),
            headers: headers.done(),
            payload: None,
        }
    }

    fn decode(request: &Request, dialect: Dialect) -> Result<Self, Error> {
        let headers = HeaderReader::new(&request.headers, dialect);
        let needed = |name: HeaderName| -> Result<String, Error> {
            let text = headers.text_of(name.as_str())?;
            let missing = || Error::argument(format!("The header {name} is missing."));
            text.map(str::to_owned).ok_or_else(missing)
        };
        let (bucket, key) = match &request.target {
            Target::Object(bucket, key) => (bucket.clone(), Some(key.clone())),
            _ => (request.bucket()?, None),
        };
        Ok(Self {
            bucket,
            key,
            origin: needed(ORIGIN)?,
            method: needed(ACCESS_CONTROL_REQUEST_METHOD)?,
            headers: headers.list(ACCESS_CONTROL_REQUEST_HEADERS)?,
        })
    }

    fn encode_reply(reply: &OptionsObjectReply, dialect: Dialect) -> Reply {
        let methods: Vec<_> = reply.allow_methods.iter().map(|m| m.as_str()).collect();
        let mut headers = HeaderWriter::new(dialect)
            .with_plain(ACCESS_CONTROL_ALLOW_ORIGIN, &reply.allow_origin)
            .with_list(ACCESS_CONTROL_ALLOW_METHODS, &methods)
            .with_list(ACCESS_CONTROL_ALLOW_HEADERS, &reply.allow_headers)
            .with_list(ACCESS_CONTROL_EXPOSE_HEADERS, &reply.expose_headers);
        if let Some(secs) = reply.max_age_secs {
            headers = headers.with_plain(ACCESS_CONTROL_MAX_AGE, secs);
        }
        if reply.allow_origin != "*" {
            headers = headers
                .with_plain(ACCESS_CONTROL_ALLOW_CREDENTIALS, "true")
                .with_plain(VARY, "Origin");
        }
        Reply::empty(StatusCode::OK, headers.done())
    }

    fn decode_reply(reply: &Reply, dialect: Dialect) -> Result<OptionsObjectReply, Unreadable> {
        let headers = HeaderReader::new(&reply.headers, dialect);
        let origin = headers.text_of(ACCESS_CONTROL_ALLOW_ORIGIN.as_str())?;
        let missing = || {
            Unreadable(format!(
                "the header {ACCESS_CONTROL_ALLOW_ORIGIN} is missing"
            ))
        };
        let methods = headers.list(ACCESS_CONTROL_ALLOW_METHODS)?;
        Ok(OptionsObjectReply {
            allow_origin: origin.map(str::to_owned).ok_or_else(missing)?,
            // What is no method of the rules could not have been asked for.
            allow_methods: methods.iter().filter_map(|m| CorsMethod::of(m)).collect(),
            allow_headers: headers.list(ACCESS_CONTROL_ALLOW_HEADERS)?,
            expose_headers: headers.list(ACCESS_CONTROL_EXPOSE_HEADERS)?,
            max_age_secs: headers.parse_of(ACCESS_CONTROL_MAX_AGE.as_str())?,
        })
    }
}

impl CorsConfiguration {
    /// What a reply to a request of this origin and method has besides its own headers.
    pub fn reply_headers(&self, origin: &str, method: &str) -> http::HeaderMap {
        let mut headers = HeaderWriter::new(Dialect::default());
        let found = self.rules.iter().find(|rule| rule.allows(origin, method));
        if let Some((rule, allowed)) = found.and_then(|rule| Some((rule, rule.origin(origin)?))) {
            headers = headers
                .with_plain(ACCESS_CONTROL_ALLOW_ORIGIN, allowed)
                .with_list(ACCESS_CONTROL_EXPOSE_HEADERS, &rule.expose_headers);
            if allowed != "*" {
                headers = headers.with_plain(ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
            }
        }
        // A cache must not give one origin's reply to another.
        if self.vary
            || self
                .rules
                .iter()
                .any(|rule| rule.origin(origin) != Some("*"))
        {
            headers = headers.with_plain(VARY, "Origin");
        }
        headers.done()
    }

    /// The answer to a preflight, by the first rule that allows it whole.
    pub fn preflight(&self, asked: &OptionsObject) -> Option<OptionsObjectReply> {
        let allows = |rule: &&CorsRule| {
            rule.allows(&asked.origin, &asked.method)
                && asked.headers.iter().all(|name| rule.allows_header(name))
        };
        let rule = self.rules.iter().find(allows)?;
        Some(OptionsObjectReply {
            allow_origin: rule.origin(&asked.origin)?.to_owned(),
            allow_methods: rule.allowed_methods.clone(),
            allow_headers: asked.headers.clone(),
            expose_headers: rule.expose_headers.clone(),
            max_age_secs: rule.max_age_secs,
        })
    }

    /// Reads a document as a bucket gets it.
    ///
    /// # Errors
    /// `MalformedXML` and `InvalidRequest`, saying what is wrong with it.
    pub fn parse(document: &[u8]) -> Result<Self, Error> {
        let root = Element::rooted(document, ROOT)?;
        let read = Self::read(&root)?;
        read.check()?;
        Ok(read)
    }

    fn document(&self) -> bytes::Bytes {
        Writer::document(ROOT, |root| {
            for rule in &self.rules {
                root.element("CORSRule", |element| {
                    element.text_if("ID", rule.id.as_ref());
                    for origin in &rule.allowed_origins {
                        element.text("AllowedOrigin", origin);
                    }
                    for method in &rule.allowed_methods {
                        element.text("AllowedMethod", method.as_str());
                    }
                    for header in &rule.allowed_headers {
                        element.text("AllowedHeader", header);
                    }
                    for header in &rule.expose_headers {
                        element.text("ExposeHeader", header);
                    }
                    element.text_if("MaxAgeSeconds", rule.max_age_secs);
                });
            }
            if self.vary {
                root.text("ResponseVary", true);
            }
        })
    }

    fn read(root: &Element) -> Result<Self, Error> {
        let rules = root.children("CORSRule").map(read_rule);
        Ok(Self {
            rules: rules.collect::<Result<_, _>>()?,
            vary: match root.value("ResponseVary") {
                None => false,
                Some(text) => text.eq_ignore_ascii_case("true"),
            },
        })
    }

    fn check(&self) -> Result<(), Error> {
        let most = limits::CORS_RULES_MAX;
        if self.rules.is_empty() || self.rules.len() > most {
            return Err(malformed(format!("There must be 1 to {most} CORSRule.")));
        }
        for rule in &self.rules {
            if rule.allowed_origins.is_empty() || rule.allowed_methods.is_empty() {
                return Err(malformed(
                    "A CORSRule needs an AllowedOrigin and an AllowedMethod.",
                ));
            }
            let patterns = rule.allowed_origins.iter().chain(&rule.allowed_headers);
            if let Some(text) = patterns
                .into_iter()
                .find(|text| text.matches('*').count() > 1)
            {
                let words = format!("'{text}' holds more than one '*'.");
                return Err(Error::with(ErrorCode::InvalidRequest, words));
            }
        }
        Ok(())
    }
}

fn read_rule(element: &Element) -> Result<CorsRule, Error> {
    // They end up in headers: what no header can carry is refused here.
    let texts = |name: &'static str| -> Result<Vec<String>, Error> {
        let text = |child: &Element| {
            let text = child.text.trim();
            if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) {
                Ok(text.to_owned())
            } else {
                Err(malformed(format!(
                    "{name} is empty or holds what no header can."
                )))
            }
        };
        element.children(name).map(text).collect()
    };
    let method = |text: String| {
        let unknown = || {
            let words = format!("AllowedMethod {text} is none of GET, PUT, HEAD, POST and DELETE.");
            Error::with(ErrorCode::InvalidRequest, words)
        };
        CorsMethod::of(&text).ok_or_else(unknown)
    };
    let age = element.value("MaxAgeSeconds").map(u32::from_str);
    Ok(CorsRule {
        id: element.value("ID").map(str::to_owned),
        allowed_origins: texts("AllowedOrigin")?,
        allowed_methods: texts("AllowedMethod")?
            .into_iter()
            .map(method)
            .collect::<Result<_, _>>()?,
        allowed_headers: texts("AllowedHeader")?,
        expose_headers: texts("ExposeHeader")?,
        max_age_secs: age
            .transpose()
            .map_err(|_| malformed("MaxAgeSeconds is no number."))?,
    })
}

impl HeaderReader<'_> {
    /// The entries of a header that is a list.
    fn list(&self, name: HeaderName) -> Result<Vec<String>, Error> {
        let text = self.text_of(name.as_str())?.unwrap_or_default();
        let entries = text
            .split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty());
        Ok(entries.map(str::to_owned).collect())
    }
}

impl HeaderWriter {
    /// A header that is a list, if it has entries.
    #[must_use]
    fn with_list(self, name: HeaderName, entries: &[impl Display]) -> Self {
        if entries.is_empty() {
            return self;
        }
        let entries: Vec<_> = entries.iter().map(ToString::to_string).collect();
        self.with_plain(name, entries.join(", "))
    }
}
