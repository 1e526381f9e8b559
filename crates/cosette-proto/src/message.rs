//! Requests and replies as they travel, without the bytes of objects, and what an operation is.

use std::fmt;

use bytes::Bytes;
use cosette_types::{BucketName, ObjectKey};
use http::{HeaderMap, Method, StatusCode};

use crate::dialect::Dialect;
use crate::error::Error;
use crate::ops::OperationName;

/// What a request is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The service: all buckets.
    Service,
    /// One bucket.
    Bucket(BucketName),
    /// One object.
    Object(BucketName, ObjectKey),
}

/// The parameters of a request, decoded once, in the order sent.
///
/// A name without `=` equals the same name with an empty value. Names are compared without regard
/// to letter case: official clients differ in theirs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// No parameters.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a parameter.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.0.push((name.to_owned(), value.to_string()));
        self
    }

    /// Adds a parameter if there is a value.
    #[must_use]
    pub fn with_some(self, name: &str, value: Option<impl fmt::Display>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// The first value of a name; empty for a name without a value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Whether the name is there.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// All parameters in the order sent.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl FromIterator<(String, String)> for Query {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

/// A request, without the bytes of an object and without a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The HTTP method.
    pub method: Method,
    /// What it is about.
    pub target: Target,
    /// Its parameters.
    pub query: Query,
    /// Its headers; those of transport (Host, Content-Length) excluded unless an operation reads them.
    pub headers: HeaderMap,
    /// Its document (XML), for operations that have one.
    pub payload: Option<Bytes>,
}

/// A reply, without the bytes of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its document (XML), for operations that have one.
    pub payload: Option<Bytes>,
}

/// A reply that is not what its operation answers with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable(pub String);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the reply is not readable: {}", self.0)
    }
}

impl std::error::Error for Unreadable {}

/// An operation's request, and how it and its reply travel.
///
/// `decode(encode(x)) == x` for requests and replies alike.
pub trait Message: Sized {
    /// Which operation it is.
    const NAME: OperationName;
    /// What it answers with on success.
    type Reply;

    /// The request as sent.
    fn encode(&self, dialect: Dialect) -> Request;

    /// Reads a request that routing found to be this operation.
    ///
    /// # Errors
    /// With the code and words that the caller gets.
    fn decode(request: &Request, dialect: Dialect) -> Result<Self, Error>;

    /// A successful reply as sent.
    fn encode_reply(reply: &Self::Reply, dialect: Dialect) -> Reply;

    /// Reads a reply with a 2xx status (304 too, where the operation knows it) that is no error
    /// document.
    ///
    /// # Errors
    /// When it is not what this operation answers with.
    fn decode_reply(reply: &Reply, dialect: Dialect) -> Result<Self::Reply, Unreadable>;
}
